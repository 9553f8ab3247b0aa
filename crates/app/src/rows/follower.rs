//! The row of a follower: up to where its effects are durable.

use super::codec::{Reader, Writer, damaged};
use bytes::Bytes;
use stonechat_log::store::LogError;
use stonechat_types::number::LanePosition;

const VERSION: u8 = 1;

/// Its bytes.
#[must_use]
pub fn encode(position: LanePosition) -> Bytes {
    let mut row = Writer::new(VERSION);
    row.u64(position.0);
    row.finish()
}

/// Reads it.
///
/// # Errors
/// [`LogError::Corrupt`] when it is not in its form.
pub fn decode(row: &[u8]) -> Result<LanePosition, LogError> {
    let mut row = Reader::new(row, VERSION, "a follower")?;
    let mut read = || {
        let position = LanePosition(row.u64()?);
        row.end()?;
        Some(position)
    };
    read().ok_or_else(|| damaged("a follower"))
}
