//! The bytes of a change, as the sealed body of its event, and of a command, for its HMAC.

use super::codec::{Reader, Writer, damaged, role_byte, role_of};
use super::group;
use bytes::Bytes;
use stonechat_domain::event::{Change, Command, Content, MessageCommand};
use stonechat_domain::kind::EventKind;
use stonechat_domain::member::UserRef;
use stonechat_log::store::LogError;
use stonechat_types::emoji::Emoji;
use stonechat_types::number::Seq;
use stonechat_types::text::Title;

const VERSION: u8 = 1;
/// Stands behind the recall of a message that was sent silently.
const SILENT: u8 = 1;

fn users(row: &mut Writer, users: &[UserRef]) {
    row.u32(users.len() as u32);
    for user in users {
        row.user(user);
    }
}

fn read_users(row: &mut Reader<'_>) -> Option<Vec<UserRef>> {
    let count = row.u32()?;
    (0..count).map(|_| row.user()).collect()
}

fn title(row: &mut Writer, title: Option<&Title>) {
    row.bytes(title.map_or(&[], |title| title.as_str().as_bytes()));
}

/// The bytes of a change.
#[must_use]
pub fn encode(change: &Change) -> Bytes {
    let mut row = Writer::new(VERSION);
    match change {
        Change::Created { title: text, members } => {
            title(&mut row, text.as_ref());
            users(&mut row, members);
        }
        Change::MembersAdded(added) => users(&mut row, added),
        Change::MemberRemoved(user) => _ = row.user(user),
        Change::MemberLeft => {}
        Change::Renamed(text) => title(&mut row, Some(text)),
        Change::RoleChanged(user, role) => _ = row.user(user).u8(role_byte(*role)),
        Change::Edited { target, content } => {
            row.u64(target.0);
            said(&mut row, content.as_ref());
        }
        Change::Reacted { target, emoji, added } => {
            row.u64(target.0).bytes(emoji.as_str().as_bytes()).u8(u8::from(*added));
        }
        Change::Recalled { target, ordinal, author, silent } => {
            row.u64(target.0).u64(ordinal.0).user(author);
            if *silent {
                row.u8(SILENT);
            }
        }
        Change::Commanded(content) => said(&mut row, Some(content)),
        Change::Pinned { target, ordinal, pinned } => {
            row.u64(target.0).u64(ordinal.0).u8(u8::from(*pinned));
        }
        Change::Group(change) => group::change(&mut row, change),
    }
    row.finish()
}

fn said(row: &mut Writer, content: Option<&Content>) {
    match content {
        Some(content) => row.u8(1).bytes(&content.body_type).u32(content.body.len() as u32).raw(&content.body),
        None => row.u8(0),
    };
}

fn read_said(row: &mut Reader<'_>) -> Option<Option<Content>> {
    if !row.flag()? {
        return Some(None);
    }
    let body_type = Bytes::copy_from_slice(row.bytes()?);
    let length = row.u32()? as usize;
    Some(Some(Content { body_type, body: Bytes::copy_from_slice(row.raw(length)?) }))
}

/// Reads a change of a kind.
///
/// # Errors
/// [`LogError::Corrupt`] when it is not in its form.
pub fn decode(kind: EventKind, body: &[u8]) -> Result<Change, LogError> {
    let mut row = Reader::new(body, VERSION, "a change")?;
    let mut read = || {
        let change = match kind {
            EventKind::Message => return None,
            EventKind::ConversationCreated => {
                let text = row.text()?;
                let title = if text.is_empty() { None } else { Some(Title::new(text).ok()?) };
                Change::Created { title, members: read_users(&mut row)? }
            }
            EventKind::MembersAdded => Change::MembersAdded(read_users(&mut row)?),
            EventKind::MemberRemoved => Change::MemberRemoved(row.user()?),
            EventKind::MemberLeft => Change::MemberLeft,
            EventKind::Renamed => Change::Renamed(Title::new(row.text()?).ok()?),
            EventKind::RoleChanged => Change::RoleChanged(row.user()?, role_of(row.u8()?)?),
            EventKind::Edited => Change::Edited { target: row.seq()?, content: read_said(&mut row)? },
            EventKind::Reacted => {
                Change::Reacted { target: row.seq()?, emoji: Emoji::new(row.text()?).ok()?, added: row.flag()? }
            }
            EventKind::Recalled => {
                let (target, ordinal, author) = (row.seq()?, row.ordinal()?, row.user()?);
                let silent = !row.is_empty();
                if silent && row.u8()? != SILENT {
                    return None;
                }
                Change::Recalled { target, ordinal, author, silent }
            }
            EventKind::Pinned => Change::Pinned { target: row.seq()?, ordinal: row.ordinal()?, pinned: row.flag()? },
            EventKind::Command => Change::Commanded(read_said(&mut row)??),
            kind => Change::Group(group::read_change(kind, &mut row)?),
        };
        row.end()?;
        Some(change)
    };
    read().ok_or_else(|| damaged("a change"))
}

/// The bytes of a command, so that a retry is known from another command under the same id.
#[must_use]
pub fn encode_command(command: &Command) -> Bytes {
    let mut row = Writer::new(VERSION);
    match command {
        Command::Create { title: text, members } => {
            row.u8(1);
            title(&mut row, text.as_ref());
            users(&mut row, members);
        }
        Command::AddMembers(added) => {
            row.u8(2);
            users(&mut row, added);
        }
        Command::RemoveMember(user) => _ = row.u8(3).user(user),
        Command::Leave => _ = row.u8(4),
        Command::Rename(text) => {
            row.u8(5);
            title(&mut row, Some(text));
        }
        Command::SetRole(user, role) => _ = row.u8(6).user(user).u8(role_byte(*role)),
        Command::Group(command) => group::command(row.u8(10), command),
        Command::Command(content) => {
            row.u8(11);
            said(&mut row, Some(content));
        }
    }
    row.finish()
}

/// The bytes of a command on a message, for the same.
#[must_use]
pub fn encode_message_command(seq: Seq, command: &MessageCommand) -> Bytes {
    let mut row = Writer::new(VERSION);
    match command {
        MessageCommand::Edit(content) => {
            row.u8(7).u64(seq.0);
            said(&mut row, Some(content));
        }
        MessageCommand::React { emoji, add } => {
            row.u8(8).u64(seq.0).bytes(emoji.as_str().as_bytes()).u8(u8::from(*add));
        }
        MessageCommand::Recall => _ = row.u8(9).u64(seq.0),
        MessageCommand::Pin(pin) => _ = row.u8(12).u64(seq.0).u8(u8::from(*pin)),
    }
    row.finish()
}
