//! The row of a conversation.

use super::codec::{Reader, Writer, damaged};
use super::group;
use bytes::Bytes;
use stonechat_domain::conversation::Conversation;
use stonechat_log::store::LogError;
use stonechat_types::id::ConversationId;
use stonechat_types::number::{AppId, ConversationNo, Timestamp};
use stonechat_types::text::Title;

/// The first version did not say when somebody was let in last.
const WITHOUT_JOIN: u8 = 1;
/// The second had no settings.
const WITHOUT_SETTINGS: u8 = 2;
/// The third did not say who asks to be let in.
const WITHOUT_DOOR: u8 = 3;
const VERSION: u8 = 4;

/// Its bytes.
#[must_use]
pub fn encode(state: &Conversation) -> Bytes {
    let mut row = Writer::new(VERSION);
    row.u32(state.no.0).u64(state.head.0).u64(state.ordinal.0).u64(state.last_sent_at.0 as u64);
    row.u32(state.members).u32(state.owners).user(&state.creator);
    match &state.peer {
        Some(peer) => row.u8(1).user(peer),
        None => row.u8(0),
    };
    row.bytes(state.title.as_ref().map_or(&[], |title| title.as_str().as_bytes()));
    row.u64(state.last_join.0);
    group::settings(&mut row, &state.settings);
    group::info(&mut row, &state.info);
    row.u64(state.announcement.0).u32(state.bans).u8(u8::from(state.dissolved));
    row.u32(state.applications).u32(state.invitations);
    group::links(&mut row, &state.links);
    row.finish()
}

/// Reads it.
///
/// # Errors
/// [`LogError::Corrupt`] when it is not in its form.
pub fn decode(app: AppId, id: ConversationId, row: &[u8]) -> Result<Conversation, LogError> {
    let version = match row.first() {
        Some(older @ (&WITHOUT_JOIN | &WITHOUT_SETTINGS | &WITHOUT_DOOR)) => *older,
        _ => VERSION,
    };
    let mut row = Reader::new(row, version, "a conversation")?;
    let mut read = || {
        let no = ConversationNo(row.u32()?);
        let (head, ordinal, last_sent_at) = (row.seq()?, row.ordinal()?, Timestamp(row.u64()? as i64));
        let (members, owners, creator) = (row.u32()?, row.u32()?, row.user()?);
        let peer = if row.flag()? { Some(row.user()?) } else { None };
        let title = row.text()?;
        let title = if title.is_empty() { None } else { Some(Title::new(title).ok()?) };
        // Not known: it may have been the last event.
        let last_join = if version == WITHOUT_JOIN { head } else { row.seq()? };
        let empty = Conversation::empty(app, id, no, creator.clone());
        let (settings, info, announcement, bans, dissolved) = if version >= WITHOUT_DOOR {
            let (settings, info) = (group::read_settings(&mut row)?, group::read_info(&mut row)?);
            (settings, info, row.seq()?, row.u32()?, row.flag()?)
        } else {
            (empty.settings, empty.info, empty.announcement, empty.bans, empty.dissolved)
        };
        let (mut applications, mut invitations, mut links) = Default::default();
        if version == VERSION {
            (applications, invitations) = (row.u32()?, row.u32()?);
            links = group::read_links(&mut row)?;
        }
        row.end()?;
        Some(Conversation {
            app,
            id,
            no,
            creator,
            peer,
            title,
            head,
            ordinal,
            last_sent_at,
            members,
            owners,
            last_join,
            settings,
            info,
            announcement,
            bans,
            dissolved,
            applications,
            invitations,
            links,
        })
    };
    read().ok_or_else(|| damaged("a conversation"))
}
