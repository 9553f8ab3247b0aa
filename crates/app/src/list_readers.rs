//! Who has read a message or played it, and who has not, a page at a time. Who has read it follows from the read cursors.

use crate::api::{Content, EventView, Failure, ListReaders, MemberView, MembersPage, Receipt};
use crate::as_now::Place;
use crate::directory::failure;
use crate::get_conversation::is_blocked;
use crate::list_bans::rejected;
use crate::node::Node;
use crate::position;
use crate::reading::Reader;
use crate::rows::{codec, key, member, plays};
use bytes::Bytes;
use roaring::RoaringBitmap;
use stonechat_domain::permission::{Action, check};
use stonechat_log::packed;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::limits::MEMBERS_PAGE_MAX;
use stonechat_types::number::UserNo;

const DEFAULT: u32 = 100;
/// Memberships read at once.
const ROWS_MAX: usize = 256;
/// Memberships that one page looks at; then it ends, with however many it found.
const LOOKED_AT_MAX: usize = 2_048;

/// The members other than the author who may see the message, in the order in which they became users of the app.
pub(crate) async fn list(node: &Node, reader: &Reader, wanted: ListReaders) -> Result<MembersPage, Failure> {
    let ListReaders { conversation, seq, receipt, read, page: token, limit } = wanted;
    let (state, me) = node.membership(reader, conversation).await?;
    check(&state, Some(&me), Action::ListMembers, node.clock.now()).map_err(rejected)?;
    if !state.settings.receipts || is_blocked(node, &state).await? {
        return Err(Failure::new(ErrorCode::Forbidden, "nobody is told here who has read or played what"));
    }
    let place = Place { node, reader, state: &state, me: &me };
    let event = if me.sees(seq) { place.event(seq).await? } else { None };
    let message = event.filter(|event| event.kind.countable());
    let message = message.ok_or_else(|| Failure::new(ErrorCode::NotFound, "there is no such message"))?;
    let players = match receipt {
        Receipt::Read => None,
        Receipt::Played => Some(players(node, &place, &message).await?),
    };
    let after = position::members_after(&token)?.unwrap_or(UserNo::ZERO);
    let limit = if limit == 0 { DEFAULT } else { limit.min(MEMBERS_PAGE_MAX) } as usize;
    let roster = node.row(key::roster(reader.app, state.no)).await?.unwrap_or_default();
    let mut users = Vec::new();
    for entry in packed::entries(&roster) {
        let damaged = || failure(codec::damaged("a roster"));
        let (user, _) = entry.map_err(|_| damaged())?;
        let no = UserNo(u32::from_be_bytes(user.try_into().map_err(|_| damaged())?));
        if no > after {
            users.push(no);
        }
    }
    let mut page = MembersPage { members: Vec::new(), next: Bytes::new(), as_of: state.head };
    for some in users[..users.len().min(LOOKED_AT_MAX)].chunks(ROWS_MAX) {
        let keys = some.iter().map(|no| key::member(reader.app, state.no, *no)).collect();
        for row in node.log.load(keys).await.map_err(failure)?.into_iter().flatten() {
            let member = member::decode(&row).map_err(failure)?;
            let may_see = member.is_active() && member.sees(seq);
            let has = players.as_ref().map_or(member.read_seq >= seq, |players| players.contains(member.user.no.0));
            if !may_see || member.user.id == message.sender || has != read {
                continue;
            }
            let no = member.user.no;
            let user = node.user_view(reader.app, no, &member.user.id).await?;
            let (role, nickname, muted_until) = (member.role, member.nickname, member.muted_until);
            page.members.push(MemberView { user, role, nickname, muted_until });
            if page.members.len() == limit {
                if users.last().is_some_and(|last| *last > no) {
                    page.next = position::encode_members_page(no);
                }
                return Ok(page);
            }
        }
    }
    if users.len() > LOOKED_AT_MAX {
        page.next = position::encode_members_page(users[LOOKED_AT_MAX - 1]);
    }
    Ok(page)
}

/// Who has played a message, which is a voice message that was not taken back.
async fn players(node: &Node, place: &Place<'_>, message: &EventView) -> Result<RoaringBitmap, Failure> {
    let seq = message.id.seq;
    let is_recalled =
        place.changed(std::iter::once(seq)).await?.pop().flatten().is_some_and(|it| it.recalled.is_some());
    match &message.content {
        Content::Message { body_type, .. } if !is_recalled && node.content.is_voice(body_type) => {}
        _ => return Err(Failure::new(ErrorCode::NotFound, "there is no such voice message")),
    }
    let row = node.row(key::players(place.reader.app, place.state.no, seq)).await?;
    plays::players(row.as_deref().unwrap_or_default()).map_err(failure)
}
