//! The activity table: what a window needs to know of every conversation, in dense memory, 24 bytes each. Engines keep
//! it: they load it when they open, move it with each commit before the acknowledgement, and write it at checkpoints.

use crate::record::EventHeader;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use stonechat_types::number::{AppId, ConversationNo, LanePosition, Ordinal, Timestamp};

/// Conversations of one chunk, which is also one stored row.
pub const CHUNK: usize = 1024;

/// What the table says of a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// When it was last moved up in lists.
    pub recency: Timestamp,
    /// Lane position of its last event of any kind; 0 when it has none.
    pub position: LanePosition,
    /// Ordinal of its last countable event.
    pub ordinal: Ordinal,
}

#[derive(Default)]
struct Slot {
    recency: AtomicU64,
    position: AtomicU64,
    ordinal: AtomicU64,
}

impl Slot {
    fn apply(&self, header: &EventHeader, position: LanePosition) {
        if header.kind.bumps() {
            self.recency.store(header.sent_at.0 as u64, Ordering::Relaxed);
        }
        self.ordinal.store(header.ordinal.0, Ordering::Relaxed);
        self.position.store(position.0, Ordering::Release);
    }
}

type Chunk = Arc<[Slot]>;

/// The chunks of an app. Those between that nobody used are not made: a damaged number must not cost their memory.
type Chunks = Vec<Option<Chunk>>;

/// The table of one store. One thread writes (the committer); any number read without a lock on the slots.
#[derive(Default)]
pub struct ActivityTable {
    apps: RwLock<BTreeMap<AppId, Chunks>>,
}

impl ActivityTable {
    /// Moves a conversation by one committed event.
    pub fn apply(&self, header: &EventHeader, position: LanePosition) {
        let (chunk, slot) = place(header.conversation_no);
        self.chunk(header.app, chunk)[slot].apply(header, position);
    }

    /// Moves conversations by committed events, in their order.
    pub fn apply_all<'a>(&self, events: impl Iterator<Item = (&'a EventHeader, LanePosition)>) {
        let mut last: Option<((AppId, usize), Chunk)> = None;
        for (header, position) in events {
            let (chunk, slot) = place(header.conversation_no);
            let key = (header.app, chunk);
            let slots = match last.take() {
                Some((of, slots)) if of == key => slots,
                _ => self.chunk(header.app, chunk),
            };
            slots[slot].apply(header, position);
            last = Some((key, slots));
        }
    }

    /// Sets a conversation's entry, as when a checkpoint is loaded.
    pub fn set(&self, app: AppId, no: ConversationNo, activity: Activity) {
        let (chunk, slot) = place(no);
        let slot = &self.chunk(app, chunk)[slot];
        slot.recency.store(activity.recency.0 as u64, Ordering::Relaxed);
        slot.ordinal.store(activity.ordinal.0, Ordering::Relaxed);
        slot.position.store(activity.position.0, Ordering::Release);
    }

    fn chunk(&self, app: AppId, chunk: usize) -> Chunk {
        let existing = {
            let apps = self.apps.read().unwrap_or_else(std::sync::PoisonError::into_inner);
            apps.get(&app).and_then(|chunks| chunks.get(chunk)).cloned().flatten()
        };
        existing.unwrap_or_else(|| self.grow(app, chunk))
    }

    /// A conversation's entry; all zero when there is none.
    #[must_use]
    pub fn get(&self, app: AppId, no: ConversationNo) -> Activity {
        self.reader(app).get(no)
    }

    /// A view for a pass over many conversations; cheap to make, and takes no lock while it is read.
    #[must_use]
    pub fn reader(&self, app: AppId) -> ActivityReader {
        let apps = self.apps.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        ActivityReader { chunks: apps.get(&app).cloned().unwrap_or_default() }
    }

    /// Every app that has an entry.
    #[must_use]
    pub fn apps(&self) -> Vec<AppId> {
        self.apps.read().unwrap_or_else(std::sync::PoisonError::into_inner).keys().copied().collect()
    }

    fn grow(&self, app: AppId, chunk: usize) -> Chunk {
        let mut apps = self.apps.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let chunks = apps.entry(app).or_default();
        if chunks.len() <= chunk {
            chunks.resize(chunk + 1, None);
        }
        chunks[chunk].get_or_insert_with(|| (0..CHUNK).map(|_| Slot::default()).collect()).clone()
    }
}

/// A view of the table for one pass.
pub struct ActivityReader {
    chunks: Chunks,
}

impl ActivityReader {
    /// A conversation's entry; all zero when there is none.
    #[must_use]
    pub fn get(&self, no: ConversationNo) -> Activity {
        let (chunk, slot) = place(no);
        let Some(slot) = self.chunks.get(chunk).and_then(Option::as_ref).map(|chunk| &chunk[slot]) else {
            return Activity::default();
        };
        Activity {
            position: LanePosition(slot.position.load(Ordering::Acquire)),
            recency: Timestamp(slot.recency.load(Ordering::Relaxed) as i64),
            ordinal: Ordinal(slot.ordinal.load(Ordering::Relaxed)),
        }
    }

    /// One past the largest number that the table has room for.
    #[must_use]
    pub fn end(&self) -> ConversationNo {
        ConversationNo(u32::try_from(self.chunks.len() * CHUNK).unwrap_or(u32::MAX))
    }
}

fn place(no: ConversationNo) -> (usize, usize) {
    (no.0 as usize / CHUNK, no.0 as usize % CHUNK)
}
