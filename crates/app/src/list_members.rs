//! Members of a conversation, a page at a time.

use crate::api::{Failure, ListMembers, MemberFilter, MemberView, MembersPage};
use crate::directory::failure;
use crate::list_bans::rejected;
use crate::node::Node;
use crate::position;
use crate::reading::Reader;
use crate::rows::{codec, key, member};
use bytes::Bytes;
use stonechat_domain::member::Role;
use stonechat_domain::permission::{Action, check};
use stonechat_log::packed;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::limits::MEMBERS_PAGE_MAX;
use stonechat_types::number::{Seq, UserNo};

const DEFAULT: u32 = 100;

/// The members, in the order in which they became users of the app.
pub(crate) async fn list(node: &Node, reader: &Reader, wanted: ListMembers) -> Result<MembersPage, Failure> {
    let ListMembers { conversation, only, page: token, limit } = wanted;
    let (state, me) = node.membership(reader, conversation).await?;
    check(&state, Some(&me), Action::ListMembers, node.clock.now()).map_err(rejected)?;
    let tells = matches!(only, MemberFilter::ReadAnnouncement | MemberFilter::NotReadAnnouncement);
    if tells && !state.settings.tells_receipts() && me.role < Role::Admin {
        return Err(Failure::new(ErrorCode::Forbidden, "the conversation has no read receipts"));
    }
    let after = position::members_after(&token)?.unwrap_or(UserNo::ZERO);
    let limit = if limit == 0 { DEFAULT } else { limit.min(MEMBERS_PAGE_MAX) } as usize;
    let roster = node.row(key::roster(reader.app, state.no)).await?.unwrap_or_default();
    let mut page = MembersPage { members: Vec::new(), next: Bytes::new(), as_of: state.head };
    let mut users: Vec<UserNo> = Vec::new();
    for entry in packed::entries(&roster) {
        let damaged = || failure(codec::damaged("a roster"));
        let (user, entry) = entry.map_err(|_| damaged())?;
        let no = UserNo(u32::from_be_bytes(user.try_into().map_err(|_| damaged())?));
        let role = entry.first().copied().and_then(codec::role_of).ok_or_else(damaged)?;
        let is_wanted = match only {
            // Who has read what is in the membership: looked at below, for as many as a page may have.
            MemberFilter::All | MemberFilter::ReadAnnouncement | MemberFilter::NotReadAnnouncement => true,
            MemberFilter::Admins => role >= Role::Admin,
            MemberFilter::Muted => entry.len() > 1,
        };
        if no <= after || !is_wanted {
            continue;
        }
        if users.len() == limit {
            page.next = users.last().copied().map(position::encode_members_page).unwrap_or_default();
            break;
        }
        users.push(no);
    }
    let keys = users.iter().map(|no| key::member(reader.app, state.no, *no)).collect();
    for row in node.log.load(keys).await.map_err(failure)?.into_iter().flatten() {
        let member = member::decode(&row).map_err(failure)?;
        let has_read = state.announcement > Seq::ZERO && member.read_seq >= state.announcement;
        let is_wanted = match only {
            MemberFilter::All | MemberFilter::Admins | MemberFilter::Muted => true,
            MemberFilter::ReadAnnouncement => has_read,
            MemberFilter::NotReadAnnouncement => !has_read,
        };
        // Who left meanwhile is none any more.
        if member.is_active() && is_wanted {
            let user = node.user_view(reader.app, member.user.no, &member.user.id).await?;
            let (role, nickname, muted_until) = (member.role, member.nickname, member.muted_until);
            page.members.push(MemberView { user, role, nickname, muted_until });
        }
    }
    Ok(page)
}
