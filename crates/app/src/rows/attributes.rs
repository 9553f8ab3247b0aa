//! The bytes of a message's attributes, sealed before its body.

use super::codec::{Reader, Writer, damaged};
use bytes::Bytes;
use stonechat_domain::attributes::{Attributes, Forwarded, ReplyTo};
use stonechat_log::store::LogError;
use stonechat_types::id::UserId;
use stonechat_types::number::Timestamp;

const VERSION: u8 = 1;

const ALL: u8 = 1;
const SILENT: u8 = 1 << 1;
const REPLY: u8 = 1 << 2;
const FORWARDED: u8 = 1 << 3;

/// The bytes of attributes.
#[must_use]
pub fn encode(attributes: &Attributes) -> Bytes {
    let Attributes { reply_to, mentions, mention_all, silent, priority, extension, forwarded } = attributes;
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    let flags = flag(*mention_all, ALL) | flag(*silent, SILENT);
    let flags = flags | flag(reply_to.is_some(), REPLY) | flag(forwarded.is_some(), FORWARDED);
    let mut row = Writer::new(VERSION);
    row.u8(flags).u8(*priority);
    if let Some(reply) = reply_to {
        row.u64(reply.seq.0).u64(reply.ordinal.0);
    }
    if let Some(forwarded) = forwarded {
        row.bytes(forwarded.author.as_str().as_bytes()).u64(forwarded.sent_at.0 as u64);
    }
    row.u8(mentions.len() as u8);
    for user in mentions {
        row.bytes(user.as_str().as_bytes());
    }
    row.bytes(extension);
    row.finish()
}

/// Reads attributes.
///
/// # Errors
/// [`LogError::Corrupt`] when they are not in their form.
pub fn decode(row: &[u8]) -> Result<Attributes, LogError> {
    let mut row = Reader::new(row, VERSION, "attributes")?;
    let mut read = || {
        let (flags, priority) = (row.u8()?, row.u8()?);
        let has = |flag: u8| flags & flag != 0;
        if flags & !(ALL | SILENT | REPLY | FORWARDED) != 0 {
            return None;
        }
        let reply_to = if has(REPLY) { Some(ReplyTo { seq: row.seq()?, ordinal: row.ordinal()? }) } else { None };
        let forwarded = if has(FORWARDED) {
            Some(Forwarded { author: UserId::new(row.text()?).ok()?, sent_at: Timestamp(row.u64()? as i64) })
        } else {
            None
        };
        let mentions = (0..row.u8()?).map(|_| UserId::new(row.text()?).ok()).collect::<Option<Vec<_>>>()?;
        let extension = Bytes::copy_from_slice(row.bytes()?);
        row.end()?;
        let (mention_all, silent) = (has(ALL), has(SILENT));
        Some(Attributes { reply_to, mentions, mention_all, silent, priority, extension, forwarded })
    };
    read().ok_or_else(|| damaged("attributes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use stonechat_types::number::{Ordinal, Seq};

    #[test]
    fn attributes_are_read_as_they_were_written() {
        let user = |name| UserId::new(name).unwrap();
        let full = Attributes {
            reply_to: Some(ReplyTo { seq: Seq(7), ordinal: Ordinal(5) }),
            mentions: vec![user("ann"), user("bob")],
            mention_all: true,
            silent: true,
            priority: 3,
            extension: Bytes::from_static(b"{}"),
            forwarded: Some(Forwarded { author: user("cy"), sent_at: Timestamp(9) }),
        };
        for attributes in [full, Attributes::default(), Attributes { silent: true, ..Attributes::default() }] {
            let row = encode(&attributes);
            assert_eq!(decode(&row), Ok(attributes));
            assert!(decode(&[&row[..], &[0]].concat()).is_err() && decode(&row[..row.len() - 1]).is_err());
        }
        assert!(decode(&[VERSION, 1 << 7, 0, 0, 0, 0]).is_err(), "a flag of a later version");
    }
}
