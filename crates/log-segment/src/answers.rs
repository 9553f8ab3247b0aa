//! What follows a sync: a durable batch is shown to readers, then answered. For large batches this takes about as long
//! as a third of a flush, so while more waits it is done on a thread of its own, beside the next flush. Small batches
//! are answered by the committer itself, which spares them the change of threads.

use crate::blocks::Anchor;
use crate::committer::Batch;
use crate::segment::Location;
use crate::state::Store;
use crate::tail::Applied;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Records from which on a batch is worth a change of threads.
pub const BESIDE_RECORDS_MIN: usize = 128;
/// Batches that may wait for their answers.
pub const WAITING_BATCHES_MAX: usize = 4;

/// A batch that is durable.
pub struct Durable {
    /// The batch.
    pub batch: Batch,
    /// Where it begins.
    pub start: Location,
}

impl Durable {
    /// Shows the batch to readers, then answers it.
    pub fn finish(self, store: &Store) {
        if !self.batch.bytes.is_empty() {
            self.show(store);
        }
        for offer in self.batch.offers {
            (offer.done)(offer.answer);
        }
    }

    fn show(&self, store: &Store) {
        let Self { batch, start } = self;
        let next = Location { segment: start.segment, offset: start.offset + batch.bytes.len() as u32 };
        let records = || batch.offers.iter().flat_map(|offer| offer.records.iter().zip(offer.answer.iter().flatten()));
        let due = store.change_tail(|tail| {
            for (record, committed) in records() {
                tail.apply(&Applied {
                    position: committed.position,
                    location: Location { segment: start.segment, offset: start.offset + record.span.start as u32 },
                    length: record.span.length as u32,
                    event: record.event.as_ref(),
                    rows: &record.rows,
                    personal: &record.personal,
                    numbers: &committed.personal,
                    derived: &record.derived,
                });
            }
            let events = records().filter_map(|(record, c)| record.event.as_ref().map(|header| (header, c.position)));
            store.activity.apply_all(events);
            tail.active.end = Anchor { position: batch.last, next, chain: batch.chain, batch: batch.number };
            tail.active.bytes >= store.config.checkpoint_bytes
        });
        store.set_head(batch.last);
        if due {
            store.checkpoint.raise();
        }
    }
}

#[derive(Default)]
struct Waiting {
    batches: VecDeque<Durable>,
    working: bool,
    stopped: bool,
}

impl Waiting {
    fn is_idle(&self) -> bool {
        self.batches.is_empty() && !self.working
    }
}

/// The queue between the committer and the thread that answers.
#[derive(Default)]
pub struct Answers {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

impl Answers {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while(&self, mut condition: impl FnMut(&mut Waiting) -> bool) -> MutexGuard<'_, Waiting> {
        self.changed.wait_while(self.waiting(), |waiting| condition(waiting)).unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether every batch that was given is answered.
    pub fn is_idle(&self) -> bool {
        self.waiting().is_idle()
    }

    /// Waits until every batch that was given is answered.
    pub fn settle(&self) {
        drop(self.wait_while(|waiting| !waiting.is_idle()));
    }

    /// Gives a batch; waits while too many do.
    pub fn give(&self, durable: Durable) {
        let mut waiting = self.wait_while(|waiting| waiting.batches.len() >= WAITING_BATCHES_MAX);
        waiting.batches.push_back(durable);
        self.changed.notify_all();
    }

    /// Answers batches until it is stopped and none is left.
    pub fn run(&self, store: &Store) {
        loop {
            let mut waiting = self.wait_while(|waiting| waiting.batches.is_empty() && !waiting.stopped);
            let Some(durable) = waiting.batches.pop_front() else { return };
            waiting.working = true;
            self.changed.notify_all();
            drop(waiting);
            durable.finish(store);
            self.waiting().working = false;
            self.changed.notify_all();
        }
    }

    /// Ends the thread once it has answered all.
    pub fn stop(&self) {
        self.waiting().stopped = true;
        self.changed.notify_all();
    }
}
