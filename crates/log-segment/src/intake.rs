//! What was offered and waits for the committer. Never waits itself: past its bound the answer is no.

use crate::committer::Offer;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use stonechat_log::store::LogError;

#[derive(Default)]
struct Waiting {
    offers: VecDeque<Offer>,
    records: usize,
    bytes: usize,
    closed: bool,
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
    /// [`LogError::Closed`] or [`LogError::Overloaded`].
    pub fn admits(&self, records: usize) -> Result<(), LogError> {
        self.check(&self.waiting(), records, 0)
    }

    fn check(&self, waiting: &Waiting, records: usize, bytes: usize) -> Result<(), LogError> {
        if waiting.closed {
            return Err(LogError::Closed);
        }
        // One offer is always taken when nothing waits, whatever its size.
        let over = waiting.records + records > self.records_max || waiting.bytes + bytes > self.bytes_max;
        if over && waiting.records > 0 { Err(LogError::Overloaded) } else { Ok(()) }
    }

    /// Takes an offer, or gives it back with the reason.
    ///
    /// # Errors
    /// [`LogError::Closed`] or [`LogError::Overloaded`].
    pub fn push(&self, offer: Offer) -> Result<(), Box<(Offer, LogError)>> {
        let mut waiting = self.waiting();
        if let Err(error) = self.check(&waiting, offer.records.len(), offer.bytes.len()) {
            return Err(Box::new((offer, error)));
        }
        waiting.records += offer.records.len();
        waiting.bytes += offer.bytes.len();
        waiting.offers.push_back(offer);
        Ok(())
    }

    /// All that waits. It counts as waiting until [`Intake::release`].
    pub fn drain(&self) -> VecDeque<Offer> {
        std::mem::take(&mut self.waiting().offers)
    }

    /// So much of what was drained waits no more.
    pub fn release(&self, records: usize, bytes: usize) {
        let mut waiting = self.waiting();
        waiting.records -= records;
        waiting.bytes -= bytes;
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
