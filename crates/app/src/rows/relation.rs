//! The row of what two users are to each other, and the bytes of commands about it.

use super::codec::{Reader, Writer, damaged};
use bytes::Bytes;
use std::collections::BTreeSet;
use stonechat_domain::relation::{Declined, Party, Relation, RelationCommand, Remarks, Request};
use stonechat_log::store::LogError;
use stonechat_types::text::{DisplayName, Note, Tag};

const VERSION: u8 = 1;
/// Bytes of commands are hashed only; the version keeps them apart from rows.
const COMMAND: u8 = 129;

/// Its bytes.
#[must_use]
pub fn encode(relation: &Relation) -> Bytes {
    let mut row = Writer::new(VERSION);
    row.maybe_time(relation.contacts_since);
    for party in [&relation.low, &relation.high] {
        row.maybe_time(party.blocks_since);
        request(&mut row, party.request.as_ref());
        declined(&mut row, party.declined.as_ref());
        remarks(&mut row, &party.remarks);
    }
    row.finish()
}

/// Reads it.
///
/// # Errors
/// [`LogError::Corrupt`] when it is not in its form.
pub fn decode(row: &[u8]) -> Result<Relation, LogError> {
    let mut row = Reader::new(row, VERSION, "a relation")?;
    let mut read = || {
        let contacts_since = row.maybe_time()?;
        let relation = Relation { contacts_since, low: read_party(&mut row)?, high: read_party(&mut row)? };
        row.end()?;
        Some(relation)
    };
    read().ok_or_else(|| damaged("a relation"))
}

fn read_party(row: &mut Reader<'_>) -> Option<Party> {
    Some(Party {
        blocks_since: row.maybe_time()?,
        request: read_request(row)?,
        declined: read_declined(row)?,
        remarks: read_remarks(row)?,
    })
}

pub(super) fn request(row: &mut Writer, request: Option<&Request>) {
    row.maybe_time(request.map(|request| request.at));
    if let Some(request) = request {
        row.maybe(request.message.as_ref().map(Note::as_str)).maybe(request.answer.as_ref().map(Note::as_str));
    }
}

#[expect(clippy::option_option, reason = "the outer says whether the row is in its form")]
pub(super) fn read_request(row: &mut Reader<'_>) -> Option<Option<Request>> {
    let Some(at) = row.maybe_time()? else { return Some(None) };
    Some(Some(Request { message: row.maybe(Note::new)?, answer: row.maybe(Note::new)?, at }))
}

pub(super) fn declined(row: &mut Writer, declined: Option<&Declined>) {
    row.maybe_time(declined.map(|declined| declined.at));
    if let Some(declined) = declined {
        row.maybe(declined.reason.as_ref().map(Note::as_str));
    }
}

#[expect(clippy::option_option, reason = "the outer says whether the row is in its form")]
pub(super) fn read_declined(row: &mut Reader<'_>) -> Option<Option<Declined>> {
    let Some(at) = row.maybe_time()? else { return Some(None) };
    Some(Some(Declined { reason: row.maybe(Note::new)?, at }))
}

pub(super) fn remarks(row: &mut Writer, remarks: &Remarks) {
    row.maybe(remarks.alias.as_ref().map(DisplayName::as_str)).u8(remarks.tags.len() as u8);
    for tag in &remarks.tags {
        row.bytes(tag.as_str().as_bytes());
    }
    row.fields(&remarks.extension);
}

pub(super) fn read_remarks(row: &mut Reader<'_>) -> Option<Remarks> {
    let alias = row.maybe(DisplayName::new)?;
    let mut tags = BTreeSet::new();
    for _ in 0..row.u8()? {
        let tag = Tag::new(row.text()?).ok()?;
        // In another order, or twice, they are not what was written.
        if tags.last().is_some_and(|last| *last >= tag) {
            return None;
        }
        tags.insert(tag);
    }
    Some(Remarks { alias, tags, extension: row.fields()? })
}

/// The bytes of a command, by which one that is repeated is known.
#[must_use]
pub fn encode_command(command: &RelationCommand) -> Bytes {
    let mut row = Writer::new(COMMAND);
    let note = |note: &Option<Note>| note.as_ref().map(|note| note.as_str().to_owned());
    match command {
        RelationCommand::Block => row.u8(1),
        RelationCommand::Unblock => row.u8(2),
        RelationCommand::Request { message, answer } => {
            row.u8(3).maybe(note(message).as_deref()).maybe(note(answer).as_deref())
        }
        RelationCommand::Accept => row.u8(4),
        RelationCommand::Decline { reason } => row.u8(5).maybe(note(reason).as_deref()),
        RelationCommand::Withdraw => row.u8(6),
        RelationCommand::Remove => row.u8(7),
        RelationCommand::Annotate(noted) => {
            row.u8(8);
            remarks(&mut row, noted);
            &mut row
        }
    };
    row.finish()
}
