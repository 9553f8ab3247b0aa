//! The state of an open store that its parts share.

use crate::batches::BatchCounters;
use crate::blocks::Anchor;
use crate::checkpoint::Health;
use crate::clock::Clock;
use crate::config::Config;
use crate::disk::{Disk, DiskLock};
use crate::driver::Signal;
use crate::index::{Index, Indexes};
use crate::intake::Intake;
use crate::numbers::Numbers;
use crate::refusal::RefusalCounters;
use crate::scrub::Scrubs;
use crate::segment::Segments;
use crate::spare::Spares;
use crate::tail::Tail;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;
use stonechat_log::activity::ActivityTable;
use stonechat_log::store::{Derive, LogError};
use stonechat_types::number::LanePosition;

/// How often a reader that still has the index is waited for, and how long each time.
const READERS_WAITS_MAX: usize = 2_000;
const READERS_WAIT: Duration = Duration::from_millis(1);

/// An open store.
pub struct Store {
    /// Sizes and bounds.
    pub config: Config,
    /// The segments.
    pub segments: Segments,
    /// Segments that are prepared ahead.
    pub spares: Spares,
    /// What waits for the committer.
    pub intake: Intake,
    /// Last personal numbers.
    pub numbers: Numbers,
    /// The activity table.
    pub activity: ActivityTable,
    /// Computes derived rows again.
    pub derive: Arc<dyn Derive>,
    /// Where the index is kept.
    pub indexes: Arc<dyn Indexes>,
    /// This history.
    pub history_id: [u8; 16],
    /// Wakes the committer.
    pub work: Signal,
    /// Wakes the checkpoint.
    pub checkpoint: Signal,
    /// Held by who writes a checkpoint: a second one at the same time would drop what it did not write.
    pub checkpointing: Mutex<Health>,
    /// Time, for what waits.
    pub clock: Clock,
    /// Offers that were refused.
    pub refused: RefusalCounters,
    /// Batches that were formed.
    pub batches: BatchCounters,
    /// Bodies that wait to be scrubbed.
    pub scrubs: Scrubs,
    poisoned: AtomicBool,
    tail: RwLock<Tail>,
    index: RwLock<Option<Arc<dyn Index>>>,
    head: AtomicU64,
    tail_bytes: AtomicU64,
    _lock: Box<dyn DiskLock>,
}

/// What a store is made of when it was recovered.
pub struct Parts {
    /// Sizes and bounds.
    pub config: Config,
    /// The segments.
    pub segments: Segments,
    /// Number of the next segment that is made.
    pub next_segment: u32,
    /// The tail.
    pub tail: Tail,
    /// The open index.
    pub index: Arc<dyn Index>,
    /// Where it is kept.
    pub indexes: Arc<dyn Indexes>,
    /// The activity table.
    pub activity: ActivityTable,
    /// Computes derived rows again.
    pub derive: Arc<dyn Derive>,
    /// This history.
    pub history_id: [u8; 16],
    /// The end of the lane.
    pub end: Anchor,
    /// Held while the store is open.
    pub lock: Box<dyn DiskLock>,
}

impl Store {
    /// A store of these parts.
    pub fn new(parts: Parts) -> Self {
        let config = parts.config;
        Self {
            spares: Spares::new(parts.next_segment),
            intake: Intake::new(config.queue_records_max, config.queue_bytes_max),
            numbers: Numbers::new(config.numbers_max),
            work: Signal::default(),
            checkpoint: Signal::default(),
            checkpointing: Mutex::default(),
            clock: Clock::default(),
            refused: RefusalCounters::default(),
            batches: BatchCounters::default(),
            scrubs: Scrubs::default(),
            poisoned: AtomicBool::new(false),
            tail_bytes: AtomicU64::new(parts.tail.bytes()),
            tail: RwLock::new(parts.tail),
            index: RwLock::new(Some(parts.index)),
            head: AtomicU64::new(parts.end.position.0),
            segments: parts.segments,
            activity: parts.activity,
            derive: parts.derive,
            indexes: parts.indexes,
            history_id: parts.history_id,
            config,
            _lock: parts.lock,
        }
    }

    /// The disk.
    pub fn disk(&self) -> &Arc<dyn Disk> {
        self.segments.disk()
    }

    /// The tail, to read.
    pub fn tail(&self) -> RwLockReadGuard<'_, Tail> {
        self.tail.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the tail.
    pub fn change_tail<T>(&self, change: impl FnOnce(&mut Tail) -> T) -> T {
        let mut tail: RwLockWriteGuard<'_, Tail> = self.tail.write().unwrap_or_else(PoisonError::into_inner);
        let answer = change(&mut tail);
        self.tail_bytes.store(tail.bytes(), Ordering::Relaxed);
        answer
    }

    /// Roughly what the tail holds.
    pub fn tail_bytes(&self) -> u64 {
        self.tail_bytes.load(Ordering::Relaxed)
    }

    /// The open index.
    ///
    /// # Errors
    /// [`LogError::Io`] while it is rebuilt because it could not be opened.
    pub fn index(&self) -> Result<Arc<dyn Index>, LogError> {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        index.clone().ok_or_else(|| LogError::Io("the index is being made again".to_owned()))
    }

    /// Puts an index where there was none.
    pub fn set_index(&self, index: Arc<dyn Index>) {
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = Some(index);
    }

    /// Closes the index and opens it again; who reads waits meanwhile. Says whether the opened one is right, by `check`;
    /// when it is not, or cannot be opened, there is none.
    ///
    /// # Errors
    /// When it cannot be opened, or a reader does not let go of the one that is open, which then stays.
    pub fn reopen_index(&self, check: impl FnOnce(&dyn Index) -> Result<bool, LogError>) -> Result<bool, LogError> {
        let mut place = self.index.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = place.take() {
            let rest = Signal::default();
            for _ in 0..READERS_WAITS_MAX {
                if Arc::strong_count(&open) == 1 {
                    break;
                }
                rest.wait(Some(READERS_WAIT));
            }
            if Arc::strong_count(&open) > 1 {
                *place = Some(open);
                return Err(LogError::Io("the index is read for too long to be opened again".to_owned()));
            }
        }
        let index = self.indexes.open()?;
        let right = check(&*index)?;
        if right {
            *place = Some(index);
        }
        Ok(right)
    }

    /// A sync beside the committer failed: nothing may follow.
    pub fn poison(&self) {
        self.poisoned.store(true, Ordering::Release);
        self.intake.close();
        self.work.raise();
    }

    /// Whether a sync beside the committer failed.
    pub fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Acquire)
    }

    /// Position of the last committed record.
    pub fn head(&self) -> LanePosition {
        LanePosition(self.head.load(Ordering::Acquire))
    }

    /// Moves the head, after the tail.
    pub fn set_head(&self, head: LanePosition) {
        self.head.store(head.0, Ordering::Release);
    }
}

/// An error of the disk, as the port has it.
pub fn disk_error(doing: &str, error: &io::Error) -> LogError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => LogError::StorageFull,
        _ => LogError::Io(format!("{doing}: {error}")),
    }
}
