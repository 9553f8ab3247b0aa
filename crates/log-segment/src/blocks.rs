//! The engine's own rows in the index. Keys are big-endian, so that they sort as what they name.
//!
//! A conversation's events stand in runs: the entries of one block of 64 seqs that were new in one checkpoint, under
//! the seq of the first. Runs of a block are joined on read, so that no checkpoint reads what another wrote.

use crate::index::Index;
use crate::segment::Location;
use crate::varint;
use bytes::{BufMut, Bytes, BytesMut};
use stonechat_log::activity::{Activity, CHUNK};
use stonechat_log::store::LogError;
use stonechat_types::id::ConversationId;
use stonechat_types::number::{AppId, LanePosition, Ordinal, Seq, Timestamp};

/// (app, conversation, first seq of the run) → entries.
const FAMILY_EVENTS: u8 = 0xE4;
/// (app, conversation, first countable ordinal of a run) → first seq of the run.
const FAMILY_ORDINALS: u8 = 0xE5;
/// lane position → location, sparse.
const FAMILY_POSITIONS: u8 = 0xE6;
/// (app, chunk) → activity of its conversations.
const FAMILY_ACTIVITY: u8 = 0xE7;
/// The row that a checkpoint begins with: what it will be complete up to.
pub const BEGUN_KEY: &[u8] = &[0x00];
/// The row that a checkpoint ends with: up to where the index is complete.
pub const CHECKPOINT_KEY: &[u8] = &[0xFF];
/// What all activity rows start with.
pub const ACTIVITY_PREFIX: &[u8] = &[FAMILY_ACTIVITY];
/// What all position rows start with.
pub const POSITIONS_PREFIX: &[u8] = &[FAMILY_POSITIONS];

/// Seqs of one block.
pub const BLOCK: u64 = 64;
const VERSION: u8 = 1;

/// Where one event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its seq.
    pub seq: Seq,
    /// Its ordinal.
    pub ordinal: Ordinal,
    /// Whether it counts.
    pub countable: bool,
    /// Where its record begins.
    pub location: Location,
    /// Bytes of its record.
    pub length: u32,
}

/// What the runs of a conversation start with.
pub fn events_prefix(app: AppId, conversation: ConversationId) -> Vec<u8> {
    conversation_key(FAMILY_EVENTS, app, conversation, None)
}

/// The key of a run. The block of a seq begins at [`block_start`].
pub fn events_key(app: AppId, conversation: ConversationId, first: Seq) -> Vec<u8> {
    conversation_key(FAMILY_EVENTS, app, conversation, Some(first.0))
}

/// The first seq of the block of a seq.
pub fn block_start(seq: Seq) -> Seq {
    Seq(seq.0 / BLOCK * BLOCK)
}

/// What the ordinal rows of a conversation start with.
pub fn ordinals_prefix(app: AppId, conversation: ConversationId) -> Vec<u8> {
    conversation_key(FAMILY_ORDINALS, app, conversation, None)
}

/// The key of an ordinal row.
pub fn ordinals_key(app: AppId, conversation: ConversationId, ordinal: Ordinal) -> Vec<u8> {
    conversation_key(FAMILY_ORDINALS, app, conversation, Some(ordinal.0))
}

fn conversation_key(family: u8, app: AppId, conversation: ConversationId, number: Option<u64>) -> Vec<u8> {
    let mut key = Vec::with_capacity(29);
    key.push(family);
    key.extend_from_slice(&app.0.to_be_bytes());
    key.extend_from_slice(conversation.as_bytes());
    if let Some(number) = number {
        key.extend_from_slice(&number.to_be_bytes());
    }
    key
}

/// The key of a position row.
pub fn position_key(position: LanePosition) -> Vec<u8> {
    let mut key = vec![FAMILY_POSITIONS];
    key.extend_from_slice(&position.0.to_be_bytes());
    key
}

/// One number as a value.
pub fn encode_number(number: u64) -> Bytes {
    Bytes::copy_from_slice(&number.to_be_bytes())
}

/// One number from a value.
pub fn decode_number(value: &[u8]) -> Option<u64> {
    value.try_into().ok().map(u64::from_be_bytes)
}

/// The key of an activity row.
pub fn activity_key(app: AppId, chunk: u32) -> Vec<u8> {
    let mut key = vec![FAMILY_ACTIVITY];
    key.extend_from_slice(&app.0.to_be_bytes());
    key.extend_from_slice(&chunk.to_be_bytes());
    key
}

/// App and chunk of such a key.
pub fn decode_activity_key(key: &[u8]) -> Option<(AppId, u32)> {
    let app = u32::from_be_bytes(key.get(1..5)?.try_into().ok()?);
    let chunk = u32::from_be_bytes(key.get(5..)?.try_into().ok()?);
    // Every conversation of the chunk has a number.
    (chunk <= u32::MAX / CHUNK as u32).then_some((AppId(app), chunk))
}

/// The row of a chunk; entries after the last that is used are left out.
pub fn encode_activity(entries: impl Iterator<Item = Activity>) -> Bytes {
    let mut out = BytesMut::with_capacity(1 + CHUNK * 24);
    out.put_u8(VERSION);
    let mut used = out.len();
    for entry in entries.take(CHUNK) {
        out.put_i64_le(entry.recency.0);
        out.put_u64_le(entry.position.0);
        out.put_u64_le(entry.ordinal.0);
        if entry != Activity::default() {
            used = out.len();
        }
    }
    out.truncate(used);
    out.freeze()
}

/// The entries of a chunk's row; `None` when it is not in its form.
pub fn decode_activity(row: &[u8]) -> Option<Vec<Activity>> {
    let (version, rest) = row.split_first()?;
    if *version != VERSION || rest.len() % 24 != 0 || rest.len() / 24 > CHUNK {
        return None;
    }
    let word = |entry: &[u8], at: usize| entry[at..at + 8].try_into().ok().map(u64::from_le_bytes);
    rest.chunks_exact(24)
        .map(|entry| {
            Some(Activity {
                recency: Timestamp(word(entry, 0)? as i64),
                position: LanePosition(word(entry, 8)?),
                ordinal: Ordinal(word(entry, 16)?),
            })
        })
        .collect()
}

/// The value of a run. All entries are of one block, ascending.
pub fn encode_run(entries: &[Entry]) -> Bytes {
    let mut out = BytesMut::with_capacity(1 + entries.len() * 10);
    out.put_u8(VERSION);
    let (mut ordinal, mut location) = (0u64, 0u64);
    for entry in entries {
        out.put_u8((entry.seq.0 % BLOCK) as u8 | u8::from(entry.countable) << 7);
        varint::put(&mut out, entry.ordinal.0.wrapping_sub(ordinal));
        varint::put(&mut out, entry.location.packed().wrapping_sub(location));
        varint::put(&mut out, u64::from(entry.length));
        (ordinal, location) = (entry.ordinal.0, entry.location.packed());
    }
    out.freeze()
}

/// The entries of a run; `None` when it is not in its form.
pub fn decode_run(key: &[u8], value: &[u8]) -> Option<Vec<Entry>> {
    let first = Seq(u64::from_be_bytes(key.get(key.len().checked_sub(8)?..)?.try_into().ok()?));
    let (version, mut rest) = value.split_first()?;
    if *version != VERSION {
        return None;
    }
    let mut entries = Vec::with_capacity(BLOCK as usize);
    let (mut ordinal, mut location) = (0u64, 0u64);
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let place = u64::from(byte & 0x7F);
        if place >= BLOCK {
            return None;
        }
        ordinal = ordinal.wrapping_add(varint::take(&mut rest)?);
        location = location.wrapping_add(varint::take(&mut rest)?);
        entries.push(Entry {
            seq: Seq(block_start(first).0 + place),
            ordinal: Ordinal(ordinal),
            countable: byte & 0x80 != 0,
            location: Location::unpack(location),
            length: u32::try_from(varint::take(&mut rest)?).ok()?,
        });
    }
    Some(entries)
}

/// A point of the lane: everything up to it, and where and how the next record begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Anchor {
    /// The last position.
    pub position: LanePosition,
    /// Where the next record begins, if its segment has room.
    pub next: Location,
    /// Checksum of the last header.
    pub chain: u32,
    /// Number of the last batch.
    pub batch: u64,
}

/// The checkpoint row.
pub fn encode_checkpoint(anchor: &Anchor, history_id: [u8; 16]) -> Bytes {
    let mut out = BytesMut::with_capacity(45);
    out.put_u8(VERSION);
    out.put_slice(&history_id);
    out.put_u64_le(anchor.position.0);
    out.put_u64_le(anchor.next.packed());
    out.put_u32_le(anchor.chain);
    out.put_u64_le(anchor.batch);
    out.freeze()
}

/// Up to where an index is complete; an empty one is up to nothing. `None` when it is not usable: of another history, not
/// in its form, or with a part of a checkpoint only. Some rows of such a one are ahead of the others, and what is
/// derived from them would be derived twice.
///
/// # Errors
/// What the index says.
pub fn complete_upto(index: &dyn Index, history_id: [u8; 16]) -> Result<Option<Anchor>, LogError> {
    Ok(match (index.get(BEGUN_KEY)?, index.get(CHECKPOINT_KEY)?) {
        (None, None) => Some(Anchor::default()),
        // One of an older version does not say what it began.
        (begun, Some(done)) if begun.as_ref().is_none_or(|begun| *begun == done) => {
            decode_checkpoint(&done, history_id)
        }
        (_, _) => None,
    })
}

/// The anchor in a checkpoint row of this history; `None` when it is of another, or not in its form.
pub fn decode_checkpoint(row: &[u8], history_id: [u8; 16]) -> Option<Anchor> {
    if row.len() != 45 || row[0] != VERSION || row[1..17] != history_id {
        return None;
    }
    let word = |at: usize| row[at..at + 8].try_into().ok().map(u64::from_le_bytes);
    Some(Anchor {
        position: LanePosition(word(17)?),
        next: Location::unpack(word(25)?),
        chain: u32::from_le_bytes(row[33..37].try_into().ok()?),
        batch: word(37)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_round_trip(block in 0u64..1 << 40, picks in proptest::collection::btree_map(0u64..64, (any::<bool>(), any::<u32>(), any::<u64>(), any::<u64>()), 1..64)) {
            let entries: Vec<_> = picks.into_iter().map(|(at, (countable, length, location, ordinal))| Entry {
                seq: Seq(block * BLOCK + at), ordinal: Ordinal(ordinal), countable, location: Location::unpack(location), length,
            }).collect();
            let id = ConversationId::from_slice(&[1; 16]).unwrap();
            let key = events_key(AppId(1), id, entries[0].seq);
            prop_assert_eq!(decode_run(&key, &encode_run(&entries)), Some(entries));
        }

        #[test]
        fn any_bytes_end_without_a_panic(row in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = (decode_run(&row, &row), decode_activity(&row), decode_checkpoint(&row, [0; 16]));
        }
    }

    #[test]
    fn a_checkpoint_of_another_history_is_none() {
        let anchor =
            Anchor { position: LanePosition(5), next: Location { segment: 2, offset: 64 }, chain: 7, batch: 3 };
        let row = encode_checkpoint(&anchor, [1; 16]);
        assert_eq!(decode_checkpoint(&row, [1; 16]), Some(anchor));
        assert_eq!(decode_checkpoint(&row, [2; 16]), None);
    }
}
