//! What was offered and waits for the committer. Never waits itself: past its bound the answer is no.

use crate::committer::Offer;
use crate::config::LAG_MS_MAX;
use crate::refusal::Refusal;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Default)]
struct Waiting {
    offers: VecDeque<Offer>,
    records: usize,
    bytes: usize,
    /// Records that were ever pushed.
    pushed: u64,
    passed_over: Option<PassedOver>,
    closed: bool,
}

/// A batch was formed without offers that waited.
struct PassedOver {
    /// The last record of theirs, counted as they were pushed.
    upto: u64,
    since_ms: u64,
}

impl Waiting {
    /// Whether the committer lags. The flush that was running when an offer came does not count, since any disk may be
    /// slow once: the time begins when that flush has ended and the next batch was formed without the offer.
    fn lags(&self, now_ms: u64) -> bool {
        self.passed_over.as_ref().is_some_and(|passed| now_ms.saturating_sub(passed.since_ms) > LAG_MS_MAX)
    }
}

/// The queue between those who offer and the committer.
pub struct Intake {
    waiting: Mutex<Waiting>,
    records_max: usize,
    bytes_max: usize,
}

impl Intake {
    /// An empty queue with these bounds.
    pub fn new(records_max: usize, bytes_max: usize) -> Self {
        Self { waiting: Mutex::default(), records_max, bytes_max }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether so many records more would be taken now.
    ///
    /// # Errors
    /// Why not.
    pub fn admits(&self, records: usize, now_ms: u64) -> Result<(), Refusal> {
        self.check(&self.waiting(), records, 0, now_ms)
    }

    fn check(&self, waiting: &Waiting, records: usize, bytes: usize, now_ms: u64) -> Result<(), Refusal> {
        if waiting.closed {
            return Err(Refusal::Closed);
        }
        if waiting.lags(now_ms) {
            return Err(Refusal::Lag);
        }
        // One offer is always taken when nothing waits, whatever its size.
        let over = waiting.records + records > self.records_max || waiting.bytes + bytes > self.bytes_max;
        if over && waiting.records > 0 { Err(Refusal::Queue) } else { Ok(()) }
    }

    /// Takes an offer, or gives it back with the reason.
    ///
    /// # Errors
    /// The offer, and why not.
    pub fn push(&self, offer: Offer, now_ms: u64) -> Result<(), Box<(Offer, Refusal)>> {
        let mut waiting = self.waiting();
        if let Err(refusal) = self.check(&waiting, offer.records.len(), offer.bytes.len(), now_ms) {
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
        } else if waiting.passed_over.as_ref().is_none_or(|passed| pushed - left >= passed.upto) {
            // All that were passed over before are taken.
            waiting.passed_over = Some(PassedOver { upto: pushed, since_ms: now_ms });
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
}
