//! The rows of a message that something has changed.

use super::codec::{Reader, Writer, damaged};
use bytes::Bytes;
use stonechat_domain::message::{Edit, Message, Reaction, Recall};
use stonechat_domain::unread::Recalled;
use stonechat_log::packed;
use stonechat_log::store::LogError;
use stonechat_types::emoji::Emoji;
use stonechat_types::number::{Ordinal, Seq, Timestamp, UserNo};

const VERSION: u8 = 1;
/// The form of a message that was taken back.
const RECALLED: u8 = 2;
/// The form of a message that is pinned.
const PINNED: u8 = 3;
/// Stands behind one that was taken back and had been sent silently.
const SILENT: u8 = 1;

/// The bytes of a message.
#[must_use]
pub fn encode(message: &Message) -> Bytes {
    let mut row = Writer::new(match (&message.recalled, message.pinned) {
        (Some(_), _) => RECALLED,
        (None, true) => PINNED,
        (None, false) => VERSION,
    });
    row.u64(message.seq.0).u64(message.ordinal.0).u64(message.sent_at.0 as u64).u64(message.changed.0);
    row.user(&message.author);
    if let Some(recall) = &message.recalled {
        row.user(&recall.by).u64(recall.at.0 as u64);
        if message.silent {
            row.u8(SILENT);
        }
        return row.finish();
    }
    row.u32(message.edits.len() as u32);
    for edit in &message.edits {
        row.u64(edit.seq.0).u64(edit.at.0 as u64);
    }
    row.u32(message.reactions.len() as u32);
    for reaction in &message.reactions {
        row.bytes(reaction.emoji.as_str().as_bytes()).u32(reaction.count);
    }
    row.finish()
}

/// Reads a message.
///
/// # Errors
/// [`LogError::Corrupt`] when it is not in its form.
pub fn decode(row: &[u8]) -> Result<Message, LogError> {
    let version = row.first().copied().filter(|form| [RECALLED, PINNED].contains(form)).unwrap_or(VERSION);
    let mut row = Reader::new(row, version, "a message")?;
    let mut read = || {
        let (seq, ordinal, sent_at, changed) = (row.seq()?, row.ordinal()?, Timestamp(row.u64()? as i64), row.seq()?);
        let author = row.user()?;
        if version == RECALLED {
            let recalled = Some(Recall { by: row.user()?, at: Timestamp(row.u64()? as i64) });
            let silent = !row.is_empty();
            if silent && row.u8()? != SILENT {
                return None;
            }
            row.end()?;
            return Some(Message { changed, recalled, silent, ..Message::new(seq, ordinal, author, sent_at) });
        }
        let mut edits = Vec::new();
        for _ in 0..row.u32()? {
            edits.push(Edit { seq: row.seq()?, at: Timestamp(row.u64()? as i64) });
        }
        let mut reactions = Vec::new();
        for _ in 0..row.u32()? {
            reactions.push(Reaction { emoji: emoji(row.text()?)?, count: row.u32()? });
        }
        row.end()?;
        let (recalled, pinned) = (None, version == PINNED);
        Some(Message { seq, ordinal, author, sent_at, changed, edits, reactions, recalled, silent: false, pinned })
    };
    read().ok_or_else(|| damaged("a message"))
}

/// An emoji that was stored in its one form.
fn emoji(text: &str) -> Option<Emoji> {
    Emoji::new(text).ok().filter(|emoji| emoji.as_str() == text)
}

/// The entry of a user in the reactions of a message.
#[must_use]
pub fn encode_own(own: &[Emoji]) -> Bytes {
    let mut row = Writer::new(VERSION);
    row.u8(own.len() as u8);
    for emoji in own {
        row.bytes(emoji.as_str().as_bytes());
    }
    row.finish()
}

/// Reads such an entry.
///
/// # Errors
/// [`LogError::Corrupt`] when it is not in its form.
pub fn decode_own(row: &[u8]) -> Result<Vec<Emoji>, LogError> {
    let mut row = Reader::new(row, VERSION, "reactions")?;
    let mut read = || {
        let own = (0..row.u8()?).map(|_| emoji(row.text()?)).collect::<Option<Vec<_>>>()?;
        row.end()?;
        Some(own)
    };
    read().ok_or_else(|| damaged("reactions"))
}

/// The value of a row that says which message an event changed.
#[must_use]
pub fn encode_changed(seq: Seq, ordinal: Ordinal) -> Bytes {
    let mut row = Writer::new(VERSION);
    row.u64(seq.0).u64(ordinal.0);
    row.finish()
}

/// Reads such a value: the message, and its ordinal.
///
/// # Errors
/// [`LogError::Corrupt`] when it is not in its form.
pub fn decode_changed(row: &[u8]) -> Result<(Seq, Ordinal), LogError> {
    let mut row = Reader::new(row, VERSION, "a change of a message")?;
    let mut read = || {
        let found = (row.seq()?, row.ordinal()?);
        row.end()?;
        Some(found)
    };
    read().ok_or_else(|| damaged("a change of a message"))
}

/// The value of the entry of a message that was taken back, is silent, or calls somebody, by its ordinal: the event that
/// says so, and the author.
#[must_use]
pub fn encode_recalled(by: Seq, author: UserNo) -> Bytes {
    let mut row = Writer::new(VERSION);
    row.u64(by.0).u32(author.0);
    row.finish()
}

/// The messages of a row of such entries.
///
/// # Errors
/// [`LogError::Corrupt`] when it is not in its form.
pub fn decode_recalled(row: &[u8]) -> Result<Vec<Recalled>, LogError> {
    let entry = |entry: Result<(&[u8], &[u8]), packed::PackedError>| {
        let (ordinal, value) = entry.ok()?;
        let ordinal = Ordinal(u64::from_be_bytes(ordinal.try_into().ok()?));
        let mut value = Reader::new(value, VERSION, "a recall").ok()?;
        let found = Recalled { ordinal, by: value.seq()?, author: UserNo(value.u32()?) };
        value.end()?;
        Some(found)
    };
    packed::entries(row).map(entry).collect::<Option<_>>().ok_or_else(|| damaged("recalls"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use stonechat_domain::member::UserRef;
    use stonechat_types::id::UserId;

    fn message() -> Message {
        let author = UserRef { no: UserNo(7), id: UserId::new("ann").unwrap() };
        let mut message = Message::new(Seq(3), Ordinal(2), author, Timestamp(5));
        message.changed = Seq(9);
        message.edits = vec![Edit { seq: Seq(8), at: Timestamp(6) }];
        message.reactions = vec![Reaction { emoji: Emoji::new("👍").unwrap(), count: 2 }];
        message
    }

    #[test]
    fn rows_are_read_as_they_were_written() {
        let behind = |row: &[u8]| [row, &[0]].concat();
        let row = encode(&message());
        assert_eq!(decode(&row), Ok(message()));
        assert!(decode(&behind(&row)).is_err());
        let mut gone = Message { edits: Vec::new(), reactions: Vec::new(), ..message() };
        gone.recalled = Some(Recall { by: gone.author.clone(), at: Timestamp(7) });
        let row = encode(&gone);
        assert_eq!(decode(&row), Ok(gone));
        assert!(decode(&behind(&row)).is_err());
        let own = vec![Emoji::new("👍").unwrap(), Emoji::new("❤").unwrap()];
        let row = encode_own(&own);
        assert_eq!(decode_own(&row), Ok(own));
        assert!(decode_own(&behind(&row)).is_err());
        let row = encode_changed(Seq(1), Ordinal(2));
        assert_eq!(decode_changed(&row), Ok((Seq(1), Ordinal(2))));
        assert!(decode_changed(&behind(&row)).is_err());
    }

    #[test]
    fn an_emoji_in_another_form_is_damage() {
        let mut row = Writer::new(VERSION);
        row.u8(1).bytes("❤\u{FE0F}".as_bytes());
        assert!(decode_own(&row.finish()).is_err());
    }
}
