//! The tail: what was committed since the last checkpoint, in memory. It has an active part, which the committer moves,
//! and while a checkpoint runs a frozen part, which the checkpoint writes and then drops.

use crate::blocks::{Anchor, Entry};
use crate::hash::Table;
use crate::rows::{Base, RowState};
use crate::segment::Location;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use stonechat_log::activity::CHUNK;
use stonechat_log::personal::{self, FAMILY_VALUE};
use stonechat_log::record::{EventHeader, PersonalWrite};
use stonechat_log::row::{RowKey, RowWrite};
use stonechat_types::id::ConversationId;
use stonechat_types::number::{AppId, LanePosition, Ordinal, PersonalSeq, Seq};

/// Bytes between two remembered positions of one segment.
const MARK_BYTES: u32 = 64 * 1024;
/// What a row of the tail costs beside its key and value, roughly.
const ROW_OVERHEAD_BYTES: usize = 64;

/// One committed record, as the tail takes it.
pub struct Applied<'a> {
    /// Its position.
    pub position: LanePosition,
    /// Where it stands.
    pub location: Location,
    /// Its bytes.
    pub length: u32,
    /// Its event.
    pub event: Option<&'a EventHeader>,
    /// Its rows.
    pub rows: &'a [RowWrite],
    /// Its personal changes.
    pub personal: &'a [PersonalWrite],
    /// Their numbers.
    pub numbers: &'a [PersonalSeq],
    /// The rows that follow from it.
    pub derived: &'a [RowWrite],
}

/// One part of the tail.
#[derive(Default)]
pub struct Generation {
    /// Rows that were written.
    pub rows: BTreeMap<RowKey, RowState>,
    /// Events, by conversation, ascending.
    pub events: Table<(AppId, ConversationId), Vec<Entry>>,
    /// Some positions and their locations, ascending.
    pub marks: Vec<(LanePosition, Location)>,
    /// Chunks of the activity table that moved.
    pub chunks: BTreeSet<(AppId, u32)>,
    /// Roughly what it holds.
    pub bytes: u64,
    /// Up to where it goes.
    pub end: Anchor,
    last_chunk: Option<(AppId, u32)>,
}

impl Generation {
    fn write(&mut self, row: &RowWrite) -> usize {
        match self.rows.get_mut(row.key()) {
            Some(state) => state.apply(row),
            None => {
                let mut state = RowState::default();
                let bytes = state.apply(row);
                self.rows.insert(row.key().clone(), state);
                bytes + row.key().len() + ROW_OVERHEAD_BYTES
            }
        }
    }
}

/// Both parts.
#[derive(Default)]
pub struct Tail {
    /// What the committer moves.
    pub active: Generation,
    /// What a checkpoint is writing.
    pub frozen: Option<Arc<Generation>>,
    /// Up to where the index is complete.
    pub base: Anchor,
    /// Moves whenever a part is frozen or dropped: a reader that saw two values joined parts that do not fit.
    pub epoch: u64,
}

/// Events of one conversation in the tail.
pub struct TailEvents {
    /// Those that were asked for, ascending.
    pub entries: Vec<Entry>,
    /// Seq of the first event of the conversation in the tail: what the index has from there on is to be left out.
    pub first: Option<Seq>,
    /// Ordinal of the first countable one.
    pub first_ordinal: Option<Ordinal>,
}

impl Tail {
    /// Moves the active part by one record.
    pub fn apply(&mut self, record: &Applied<'_>) {
        let mut bytes = record.length as usize;
        for (write, seq) in record.personal.iter().zip(record.numbers) {
            bytes += self.apply_personal(write, *seq);
        }
        for row in record.rows.iter().chain(record.derived) {
            bytes += self.active.write(row);
        }
        let active = &mut self.active;
        if let Some(header) = record.event {
            let entry = Entry {
                seq: header.seq,
                ordinal: header.ordinal,
                countable: header.kind.countable(),
                location: record.location,
                length: record.length,
            };
            active.events.entry((header.app, header.conversation)).or_default().push(entry);
            let chunk = (header.app, header.conversation_no.0 / CHUNK as u32);
            if active.last_chunk != Some(chunk) {
                active.last_chunk = Some(chunk);
                active.chunks.insert(chunk);
            }
            bytes += size_of::<Entry>();
        }
        let far = active.marks.last().is_none_or(|(_, mark)| {
            mark.segment != record.location.segment || record.location.offset - mark.offset >= MARK_BYTES
        });
        if far {
            active.marks.push((record.position, record.location));
        }
        active.bytes += bytes as u64;
    }

    fn apply_personal(&mut self, write: &PersonalWrite, seq: PersonalSeq) -> usize {
        let value_key = personal::value_key(write.app, write.user_no, &write.key);
        let mut bytes = 0;
        // The change row of the number before goes. When that number is older than the tail, readers skip its row, and
        // the checkpoint removes it: the committer never reads the index for it.
        let before = self.row(&value_key).and_then(|state| match state.base {
            Base::Value(value) => Some(value),
            Base::Gone | Base::Below => None,
        });
        for row in personal::rows(write, seq, before.as_ref()) {
            bytes += self.active.write(&row);
        }
        bytes
    }

    /// What the tail knows of a row.
    pub fn row(&self, key: &[u8]) -> Option<RowState> {
        let active = self.active.rows.get(key);
        let frozen = self.frozen.as_ref().and_then(|frozen| frozen.rows.get(key));
        match (active, frozen) {
            (Some(active), Some(frozen)) => Some(active.clone().over(frozen)),
            (Some(state), None) | (None, Some(state)) => Some(state.clone()),
            (None, None) => None,
        }
    }

    /// Rows whose keys start with `prefix` and are not less than `from`, ascending: the first `limit` keys, and whether
    /// there may be more.
    pub fn rows_from(&self, prefix: &[u8], from: &[u8], limit: usize) -> (BTreeMap<RowKey, RowState>, bool) {
        let page = |generation: &Generation| -> Vec<RowKey> {
            let start: (std::ops::Bound<&[u8]>, _) = (std::ops::Bound::Included(from), std::ops::Bound::Unbounded);
            let rows = generation.rows.range::<[u8], _>(start);
            rows.take_while(|(key, _)| key.starts_with(prefix)).take(limit + 1).map(|(key, _)| key.clone()).collect()
        };
        let mut keys: BTreeSet<RowKey> = page(&self.active).into_iter().collect();
        if let Some(frozen) = &self.frozen {
            keys.extend(page(frozen));
        }
        let more = keys.len() > limit;
        let rows = keys.into_iter().take(limit).filter_map(|key| self.row(&key).map(|state| (key, state)));
        (rows.collect(), more)
    }

    /// Events of a conversation that are wanted, at most `limit`.
    pub fn events(&self, app: AppId, conversation: ConversationId, wanted: &Wanted, limit: usize) -> TailEvents {
        let parts = self.frozen.as_deref().into_iter().chain([&self.active]);
        let lists: Vec<&Vec<Entry>> = parts.filter_map(|part| part.events.get(&(app, conversation))).collect();
        let first = lists.first().and_then(|list| list.first()).map(|entry| entry.seq);
        let first_ordinal = lists.iter().flat_map(|list| list.iter()).find(|entry| entry.countable);
        let first_ordinal = first_ordinal.map(|entry| entry.ordinal);
        let mut entries = Vec::new();
        for list in lists {
            let start = list.partition_point(|entry| wanted.is_before(entry));
            let found = list[start..].iter().take_while(|entry| !wanted.is_after(entry));
            let room = limit - entries.len();
            entries.extend(found.filter(|entry| wanted.takes(entry)).take(room));
        }
        TailEvents { entries, first, first_ordinal }
    }

    /// Where to begin to read for a position; `None` when that is before the tail.
    pub fn mark(&self, position: LanePosition) -> Option<Location> {
        let parts = [Some(&self.active), self.frozen.as_deref()];
        for part in parts.into_iter().flatten() {
            let after = part.marks.partition_point(|(mark, _)| *mark <= position);
            if after > 0 {
                return Some(part.marks[after - 1].1);
            }
        }
        None
    }

    /// Freezes the active part, unless it is empty or another is frozen.
    pub fn freeze(&mut self) -> Option<Arc<Generation>> {
        if self.frozen.is_none() && self.active.bytes > 0 {
            let end = self.active.end;
            let frozen = std::mem::replace(&mut self.active, Generation { end, ..Generation::default() });
            self.frozen = Some(Arc::new(frozen));
            self.epoch += 1;
        }
        self.frozen.clone()
    }

    /// Drops the frozen part: the index is complete up to its end.
    pub fn thaw(&mut self, base: Anchor) {
        self.frozen = None;
        self.base = base;
        self.epoch += 1;
    }

    /// Roughly what both parts hold.
    pub fn bytes(&self) -> u64 {
        self.active.bytes + self.frozen.as_ref().map_or(0, |frozen| frozen.bytes)
    }
}

/// A range of a conversation's events.
#[derive(Clone, Copy, Debug)]
pub enum Wanted {
    /// All with seq in `after + 1 ..= upto`.
    Seqs {
        /// The one before the first.
        after: Seq,
        /// The last.
        upto: Seq,
    },
    /// The countable ones with ordinal in `from ..= upto`.
    Ordinals {
        /// The first.
        from: Ordinal,
        /// The last.
        upto: Ordinal,
    },
}

impl Wanted {
    /// Whether an event, in order, is before all that are wanted.
    pub fn is_before(&self, entry: &Entry) -> bool {
        match self {
            Self::Seqs { after, .. } => entry.seq <= *after,
            Self::Ordinals { from, .. } => entry.ordinal < *from,
        }
    }

    /// Whether an event, in order, is after all that are wanted.
    pub fn is_after(&self, entry: &Entry) -> bool {
        match self {
            Self::Seqs { upto, .. } => entry.seq > *upto,
            Self::Ordinals { upto, .. } => entry.ordinal > *upto,
        }
    }

    /// Whether an event is wanted.
    pub fn takes(&self, entry: &Entry) -> bool {
        let counts = match self {
            Self::Seqs { .. } => true,
            Self::Ordinals { .. } => entry.countable,
        };
        counts && !self.is_before(entry) && !self.is_after(entry)
    }
}

/// Whether a row is the value of a personal key.
pub fn is_personal_value(key: &Bytes) -> bool {
    key.first() == Some(&FAMILY_VALUE)
}
