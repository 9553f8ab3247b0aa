//! Who added what to a message, a page at a time.

use crate::api::{Failure, ListReactions, ReactionsPage};
use crate::directory::failure;
use crate::node::Node;
use crate::position;
use crate::reading::Reader;
use crate::rows::codec::damaged;
use crate::rows::{key, message};
use bytes::Bytes;
use stonechat_log::packed;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::limits::MEMBERS_PAGE_MAX;
use stonechat_types::number::UserNo;

const DEFAULT: u32 = 100;

/// The users, in the order in which they became users of the app.
pub(crate) async fn list(node: &Node, reader: &Reader, wanted: ListReactions) -> Result<ReactionsPage, Failure> {
    let ListReactions { conversation, seq, emoji, page, limit } = wanted;
    let (state, me) = node.membership(reader, conversation).await?;
    if !me.is_active() {
        return Err(Failure::new(ErrorCode::NotAMember, "the caller is not a member of the conversation"));
    }
    if !me.sees(seq) {
        return Err(Failure::new(ErrorCode::NotFound, "there is no such message"));
    }
    let after = position::members_after(&page)?.unwrap_or(UserNo::ZERO);
    let limit = if limit == 0 { DEFAULT } else { limit.min(MEMBERS_PAGE_MAX) } as usize;
    let row = node.row(key::reactions(reader.app, state.no, seq)).await?.unwrap_or_default();
    let mut found = ReactionsPage { users: Vec::new(), next: Bytes::new() };
    let mut last = after;
    for entry in packed::entries(&row) {
        let broken = || failure(damaged("reactions"));
        let (user, own) = entry.map_err(|_| broken())?;
        let no = UserNo(u32::from_be_bytes(user.try_into().map_err(|_| broken())?));
        let mut own = message::decode_own(own).map_err(failure)?;
        own.retain(|one| emoji.as_ref().is_none_or(|wanted| one == wanted));
        if no <= after || own.is_empty() {
            continue;
        }
        if found.users.len() == limit {
            found.next = position::encode_members_page(last);
            break;
        }
        last = no;
        if let Some(user) = node.directory.find_by_no(reader.app, no).await.map_err(failure)? {
            let view = crate::api::UserView { id: user.user.id, name: user.name };
            found.users.push((view, own));
        }
    }
    Ok(found)
}
