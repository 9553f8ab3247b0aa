//! Users who ask to be let into a group, or are asked to come in, a page at a time.

use crate::api::{AskerView, AskersPage, Failure};
use crate::directory::failure;
use crate::list_bans::rejected;
use crate::node::Node;
use crate::position;
use crate::reading::Reader;
use crate::rows::{group, key};
use bytes::Bytes;
use stonechat_domain::group::Asking;
use stonechat_domain::permission::{Action, check};
use stonechat_types::id::ConversationId;
use stonechat_types::limits::GROUP_PAGE_MAX;

const DEFAULT: u32 = 100;

/// The users, in the order in which they became users of the app. A page may have fewer than asked for, and go on.
pub(crate) async fn list(
    node: &Node,
    reader: &Reader,
    (conversation, which): (ConversationId, Asking),
    (token, limit): (Bytes, u32),
) -> Result<AskersPage, Failure> {
    let (state, me) = node.membership(reader, conversation).await?;
    check(&state, Some(&me), Action::DecideApplication, node.clock.now()).map_err(rejected)?;
    let after = position::members_after(&token)?.map(|last| key::asker(reader.app, state.no, last));
    let limit = if limit == 0 { DEFAULT } else { limit.min(GROUP_PAGE_MAX) } as usize;
    let rows = node.log.scan(key::askers(reader.app, state.no), after, limit + 1).await.map_err(failure)?;
    let mut page = AskersPage { askers: Vec::new(), next: Bytes::new() };
    let mut last = None;
    for (at, (_, row)) in rows.iter().enumerate() {
        if at == limit {
            page.next = last.map(position::encode_members_page).unwrap_or_default();
            break;
        }
        let group::Asker { user, asking, message, by, at } = group::decode_asker(row).map_err(failure)?;
        last = Some(user.no);
        if asking == which {
            let user = node.user_view(reader.app, user.no, &user.id).await?;
            page.askers.push(AskerView { user, message, by: by.id, at });
        }
    }
    Ok(page)
}
