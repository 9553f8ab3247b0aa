//! What is to be scrubbed of a message that was taken back.

use super::codec::{Reader, Writer, damaged};
use bytes::Bytes;
use stonechat_log::store::{Bodies, LogError};
use stonechat_types::id::ConversationId;
use stonechat_types::number::{AppId, Seq, Timestamp};

const VERSION: u8 = 1;

/// The bytes of it: when it was taken back, and the events whose bodies are to go.
#[must_use]
pub fn encode(at: Timestamp, conversation: ConversationId, seqs: &[Seq]) -> Bytes {
    let mut row = Writer::new(VERSION);
    row.u64(at.0 as u64).bytes(conversation.as_bytes()).u32(seqs.len() as u32);
    for seq in seqs {
        row.u64(seq.0);
    }
    row.finish()
}

/// Reads it.
///
/// # Errors
/// [`LogError::Corrupt`] when it is not in its form.
pub fn decode(app: AppId, row: &[u8]) -> Result<(Timestamp, Bodies), LogError> {
    let mut row = Reader::new(row, VERSION, "a scrub")?;
    let mut read = || {
        let at = Timestamp(row.u64()? as i64);
        let conversation = ConversationId::from_slice(row.bytes()?).ok()?;
        let seqs = (0..row.u32()?).map(|_| row.seq()).collect::<Option<Vec<_>>>()?;
        row.end()?;
        Some((at, Bodies { app, conversation, seqs }))
    };
    read().ok_or_else(|| damaged("a scrub"))
}
