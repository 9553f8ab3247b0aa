//! Users whom a group keeps out, a page at a time.

use crate::api::{BanView, BansPage, Failure};
use crate::directory::failure;
use crate::node::Node;
use crate::position;
use crate::reading::Reader;
use crate::rows::{group, key};
use bytes::Bytes;
use stonechat_domain::decide::Rejection;
use stonechat_domain::permission::{Action, check};
use stonechat_types::id::ConversationId;
use stonechat_types::limits::GROUP_PAGE_MAX;

const DEFAULT: u32 = 100;

/// A rejection of a read by the rules.
pub(crate) fn rejected(rejection: Rejection) -> Failure {
    Failure::new(rejection.code(), rejection.message())
}

/// The users, in the order in which they became users of the app. Those whose time is over are kept out no more, and stand
/// here until they are lifted, since they count.
pub(crate) async fn list(
    node: &Node,
    reader: &Reader,
    conversation: ConversationId,
    (token, limit): (Bytes, u32),
) -> Result<BansPage, Failure> {
    let (state, me) = node.membership(reader, conversation).await?;
    check(&state, Some(&me), Action::ListBans, node.clock.now()).map_err(rejected)?;
    let after = position::members_after(&token)?.map(|last| key::ban(reader.app, state.no, last));
    let limit = if limit == 0 { DEFAULT } else { limit.min(GROUP_PAGE_MAX) } as usize;
    let rows = node.log.scan(key::bans(reader.app, state.no), after, limit + 1).await.map_err(failure)?;
    let mut page = BansPage { bans: Vec::new(), next: Bytes::new() };
    let mut last = None;
    for (at, (_, row)) in rows.iter().enumerate() {
        if at == limit {
            page.next = last.map(position::encode_members_page).unwrap_or_default();
            break;
        }
        let group::Ban { measure, by, at } = group::decode_ban(row).map_err(failure)?;
        last = Some(measure.user.no);
        let user = node.user_view(reader.app, measure.user.no, &measure.user.id).await?;
        page.bans.push(BanView { user, until: measure.until, reason: measure.reason, by: by.id, at });
    }
    Ok(page)
}
