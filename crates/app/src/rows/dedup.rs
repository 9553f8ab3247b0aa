//! Remembered acknowledgements: entries of packed rows, by `client_msg_id` or `command_id`.

use super::codec::{Reader, Writer, damaged};
use bytes::Bytes;
use stonechat_log::store::LogError;
use stonechat_types::number::{Ordinal, Seq, Timestamp};

const VERSION: u8 = 1;

/// What the first commit of an id led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// The event.
    pub seq: Seq,
    /// Its ordinal.
    pub ordinal: Ordinal,
    /// Its time.
    pub sent_at: Timestamp,
    /// HMAC of the body as received.
    pub body_hmac: [u8; 16],
}

/// The bytes of an entry.
#[must_use]
pub fn encode(remembered: &Remembered) -> Bytes {
    let mut row = Writer::new(VERSION);
    row.u64(remembered.seq.0).u64(remembered.ordinal.0).u64(remembered.sent_at.0 as u64).raw(&remembered.body_hmac);
    row.finish()
}

/// Reads an entry.
///
/// # Errors
/// [`LogError::Corrupt`] when it is not in its form.
pub fn decode(row: &[u8]) -> Result<Remembered, LogError> {
    let mut row = Reader::new(row, VERSION, "an acknowledgement")?;
    let mut read = || {
        let (seq, ordinal, sent_at) = (row.seq()?, row.ordinal()?, Timestamp(row.u64()? as i64));
        let body_hmac = row.key()?;
        row.end()?;
        Some(Remembered { seq, ordinal, sent_at, body_hmac })
    };
    read().ok_or_else(|| damaged("an acknowledgement"))
}
