//! One stretch of a load: what every connection of one thread does at the same time, and what it shares meanwhile.

use crate::clock::Clock;
use crate::record::Recorder;
use crate::schedule::Schedule;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// When sends begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// When one before is acknowledged, so that as many are always in flight.
    Closed {
        /// How many.
        in_flight: usize,
    },
    /// By the clock.
    Open(Schedule),
}

/// A stretch of a load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Phase {
    /// When sends begin.
    pub pace: Pace,
    /// From when on is counted.
    pub record_from_ns: u64,
    /// The last send begins before.
    pub end_ns: u64,
}

/// What all threads have reached so far, for those who look on.
#[derive(Debug, Default)]
pub struct Progress {
    acked: AtomicU64,
    delivered: AtomicU64,
}

impl Progress {
    /// Acknowledged and delivered, ever.
    #[must_use]
    pub fn look(&self) -> (u64, u64) {
        (self.acked.load(Ordering::Relaxed), self.delivered.load(Ordering::Relaxed))
    }
}

/// What the connections of one thread share while a phase lasts.
#[derive(Debug)]
pub struct Stage {
    /// What they do.
    pub phase: Phase,
    /// The time.
    pub clock: Clock,
    /// What is counted.
    pub recorder: RefCell<Recorder>,
    /// Twelve bits that keep this load apart from others.
    pub run: u16,
    /// How many messages each conversation of this thread was sent, by its place in the thread.
    pub sent: Vec<Cell<u64>>,
    /// Set when the last send of the phase is acknowledged.
    pub all_acked: CancellationToken,
    /// Wakes the senders of an open loop.
    pub due: Vec<Notify>,
    /// For those who look on.
    pub progress: Arc<Progress>,
}

impl Stage {
    /// Counts what one connection saw in one go.
    pub fn reached(&self, acked: u64, delivered: u64) {
        if acked > 0 {
            self.progress.acked.fetch_add(acked, Ordering::Relaxed);
        }
        if delivered > 0 {
            self.progress.delivered.fetch_add(delivered, Ordering::Relaxed);
        }
    }
}
