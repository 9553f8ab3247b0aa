//! What was offered and waits for the committer. Never waits itself: past its bound the answer is no.

use crate::committer::Offer;
use crate::refusal::Refusal;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Default)]
struct Waiting {
    offers: VecDeque<Offer>,
    records: usize,
    bytes: usize,
    /// Records that were ever pushed.
    pushed: u64,
    /// A batch was formed without offers that waited: their last record, counted as they were pushed.
    passed_over: Option<u64>,
    closed: bool,
}

/// There is no such time.
const NEVER: u64 = u64::MAX;

/// The queue between those who offer and the committer.
pub struct Intake {
    waiting: Mutex<Waiting>,
    /// When a batch was formed without offers that wait, else [`NEVER`]. Read with every send, so it has no lock.
    passed_over_ms: AtomicU64,
    records_max: usize,
    bytes_max: usize,
}

impl Intake {
    /// An empty queue with these bounds.
    pub fn new(records_max: usize, bytes_max: usize) -> Self {
        Self { waiting: Mutex::default(), passed_over_ms: AtomicU64::new(NEVER), records_max, bytes_max }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds that the committer lags. The flush that was running when an offer came does not count, since any
    /// disk may be slow once: the time begins when that flush has ended and the next batch was formed without the offer.
    /// What is offered is taken all the same; those who take new work see to it that there is less.
    pub fn lag_ms(&self, now_ms: impl FnOnce() -> u64) -> u64 {
        match self.passed_over_ms.load(Ordering::Relaxed) {
            NEVER => 0,
            since_ms => now_ms().saturating_sub(since_ms),
        }
    }

    /// Whether so many records more would be taken now.
    ///
    /// # Errors
    /// Why not.
    pub fn admits(&self, records: usize) -> Result<(), Refusal> {
        self.check(&self.waiting(), records, 0)
    }

    fn check(&self, waiting: &Waiting, records: usize, bytes: usize) -> Result<(), Refusal> {
        if waiting.closed {
            return Err(Refusal::Closed);
        }
        // One offer is always taken when nothing waits, whatever its size.
        let over = waiting.records + records > self.records_max || waiting.bytes + bytes > self.bytes_max;
        if over && waiting.records > 0 { Err(Refusal::Queue) } else { Ok(()) }
    }

    /// Takes an offer, or gives it back with the reason.
    ///
    /// # Errors
    /// The offer, and why not.
    pub fn push(&self, offer: Offer) -> Result<(), Box<(Offer, Refusal)>> {
        let mut waiting = self.waiting();
        if let Err(refusal) = self.check(&waiting, offer.records.len(), offer.bytes.len()) {
            return Err(Box::new((offer, refusal)));
        }
        waiting.pushed += offer.records.len() as u64;
        waiting.records += offer.records.len();
        waiting.bytes += offer.bytes.len();
        waiting.offers.push_back(offer);
        Ok(())
    }

    /// All that waits. It counts as waiting until [`Intake::release`].
    pub fn drain(&self) -> VecDeque<Offer> {
        std::mem::take(&mut self.waiting().offers)
    }

    /// So much of what was drained waits no more: a batch was formed of it, or it was refused.
    pub fn release(&self, records: usize, bytes: usize, now_ms: u64) {
        let mut waiting = self.waiting();
        waiting.records -= records;
        waiting.bytes -= bytes;
        let (pushed, left) = (waiting.pushed, waiting.records as u64);
        if left == 0 {
            waiting.passed_over = None;
            self.passed_over_ms.store(NEVER, Ordering::Relaxed);
        } else if waiting.passed_over.is_none_or(|upto| pushed - left >= upto) {
            // All that were passed over before are taken.
            waiting.passed_over = Some(pushed);
            self.passed_over_ms.store(now_ms, Ordering::Relaxed);
        }
    }

    /// Takes nothing any more.
    pub fn close(&self) {
        self.waiting().closed = true;
    }

    /// Whether it takes nothing any more.
    pub fn is_closed(&self) -> bool {
        self.waiting().closed
    }

    /// Records that wait.
    pub fn depth(&self) -> usize {
        self.waiting().records
    }

    /// Their bytes.
    pub fn bytes(&self) -> usize {
        self.waiting().bytes
    }
}
