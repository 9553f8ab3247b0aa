//! Members of a conversation, a page at a time.

use crate::api::{Failure, MembersPage};
use crate::directory::failure;
use crate::node::Node;
use crate::position;
use crate::reading::Reader;
use crate::rows::{codec, key};
use bytes::Bytes;
use stonechat_log::packed;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::ConversationId;
use stonechat_types::limits::MEMBERS_PAGE_MAX;
use stonechat_types::number::UserNo;

const DEFAULT: u32 = 100;

/// The members, in the order in which they became users of the app.
pub(crate) async fn list(
    node: &Node,
    reader: &Reader,
    conversation: ConversationId,
    token: &[u8],
    limit: u32,
) -> Result<MembersPage, Failure> {
    let (state, me) = node.membership(reader, conversation).await?;
    if !me.is_active() {
        return Err(Failure::new(ErrorCode::NotAMember, "the caller is not a member of the conversation"));
    }
    let after = if token.is_empty() {
        UserNo::ZERO
    } else {
        position::decode_members_page(token)
            .ok_or_else(|| Failure::new(ErrorCode::InvalidArgument, "the page token is not one of ours"))?
    };
    let limit = if limit == 0 { DEFAULT } else { limit.min(MEMBERS_PAGE_MAX) } as usize;
    let roster = node.row(key::roster(reader.app, state.no)).await?.unwrap_or_default();
    let mut page = MembersPage { members: Vec::new(), next: Bytes::new(), as_of: state.head };
    let mut last = after;
    for entry in packed::entries(&roster) {
        let damaged = || failure(codec::damaged("a roster"));
        let (user, role) = entry.map_err(|_| damaged())?;
        let no = UserNo(u32::from_be_bytes(user.try_into().map_err(|_| damaged())?));
        if no <= after {
            continue;
        }
        if page.members.len() == limit {
            page.next = position::encode_members_page(last);
            break;
        }
        last = no;
        let role = role.first().copied().and_then(codec::role_of).ok_or_else(damaged)?;
        if let Some(user) = node.directory.find_by_no(reader.app, no).await.map_err(failure)? {
            page.members.push((crate::api::UserView { id: user.user.id, name: user.name }, role));
        }
    }
    Ok(page)
}
