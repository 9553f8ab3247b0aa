//! What a user removed for himself: runs of messages in his personal state, and where the last of them is, by conversation.

use super::codec::{Reader, Writer, damaged};
use crate::map::Map;
use bytes::Bytes;
use stonechat_domain::deletions::{Deletions, Place, Run};
use stonechat_log::packed;
use stonechat_log::store::LogError;
use stonechat_types::number::{ConversationNo, Ordinal};

/// Writes runs into a row.
pub(super) fn write(row: &mut Writer, deletions: &Deletions) {
    row.u32(deletions.runs().len() as u32);
    for run in deletions.runs() {
        row.u64(run.first.seq.0).u64(run.first.ordinal.0).u64(run.last.seq.0).u64(run.last.ordinal.0);
    }
}

/// Reads them.
pub(super) fn read(row: &mut Reader<'_>) -> Option<Deletions> {
    let mut runs = Vec::new();
    for _ in 0..row.u32()? {
        let first = Place { seq: row.seq()?, ordinal: row.ordinal()? };
        runs.push(Run { first, last: Place { seq: row.seq()?, ordinal: row.ordinal()? } });
    }
    Deletions::from_runs(runs)
}

/// The value of the entry of a conversation: the last message that is removed there.
#[must_use]
pub fn encode_newest(newest: Ordinal) -> Bytes {
    Bytes::copy_from_slice(&newest.0.to_be_bytes())
}

/// The conversations of a chunk, whose key ends in its number.
///
/// # Errors
/// [`LogError::Corrupt`] when it is not in its form.
pub fn decode_newest(
    key: &[u8],
    row: &[u8],
    chunk_bits: u32,
    out: &mut Map<ConversationNo, Ordinal>,
) -> Result<(), LogError> {
    let damaged = || damaged("what a user removed");
    let chunk = key.last_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes)).ok_or_else(damaged)?;
    for entry in packed::entries(row) {
        let (slot, newest) = entry.map_err(|_| damaged())?;
        let slot = u16::from_be_bytes(slot.try_into().map_err(|_| damaged())?);
        let newest = Ordinal(u64::from_be_bytes(newest.try_into().map_err(|_| damaged())?));
        out.insert(ConversationNo(chunk << chunk_bits | u32::from(slot)), newest);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use stonechat_types::number::Seq;

    #[test]
    fn runs_are_read_as_they_were_written_and_others_are_damage() {
        let place = |seq, ordinal| Place { seq: Seq(seq), ordinal: Ordinal(ordinal) };
        let mut deletions = Deletions::default();
        for (seq, ordinal) in [(3, 2), (4, 3), (9, 6)] {
            deletions.delete(place(seq, ordinal)).unwrap();
        }
        let mut row = Writer::new(1);
        write(&mut row, &deletions);
        let row = row.finish();
        assert_eq!(read(&mut Reader::new(&row, 1, "").unwrap()), Some(deletions));
        let mut touching = Writer::new(1);
        touching.u32(2);
        for number in [1, 1, 1, 1, 2, 2, 2, 2] {
            touching.u64(number);
        }
        assert_eq!(read(&mut Reader::new(&touching.finish(), 1, "").unwrap()), None);
    }
}
