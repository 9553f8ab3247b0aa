//! Why offers are refused, and how often that happened.

use std::sync::atomic::{AtomicU64, Ordering};
use stonechat_log::store::LogError;

/// Why an offer is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing is taken any more.
    Closed,
    /// Too much waits for the committer.
    Queue,
    /// The tail is full until a checkpoint has been written.
    Tail,
    /// No segment can be prepared.
    Full(LogError),
}

impl From<Refusal> for LogError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Closed => Self::Closed,
            Refusal::Queue | Refusal::Tail => Self::Overloaded,
            Refusal::Full(error) => error,
        }
    }
}

/// Offers that were refused since the store was opened, by the bound that they met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refusals {
    /// Too many records or bytes waited for the committer.
    pub queue: u64,
    /// The tail was full.
    pub tail: u64,
    /// The store was read-only: the disk was full, or segments could not be made.
    pub full: u64,
}

/// Counts them.
#[derive(Default)]
pub struct RefusalCounters {
    queue: AtomicU64,
    tail: AtomicU64,
    full: AtomicU64,
}

impl RefusalCounters {
    /// Counts a refused offer, and says what its owner is told.
    pub fn count(&self, refusal: Refusal) -> LogError {
        let counter = match &refusal {
            Refusal::Closed => None,
            Refusal::Queue => Some(&self.queue),
            Refusal::Tail => Some(&self.tail),
            Refusal::Full(_) => Some(&self.full),
        };
        if let Some(counter) = counter {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        refusal.into()
    }

    /// How many there were.
    pub fn read(&self) -> Refusals {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Refusals { queue: read(&self.queue), tail: read(&self.tail), full: read(&self.full) }
    }
}
