//! Writes and syncs what the committer forms, shows it to readers, and answers. One thread, one batch at a time.

use crate::answers::{Answers, BESIDE_RECORDS_MIN, Durable};
use crate::blocks::Anchor;
use crate::committer::{Batch, Committer, NumberSource};
use crate::config::OnFatal;
use crate::disk::DiskFile;
use crate::refusal::Refusal;
use crate::segment::{HEADER_BYTES, Location, SegmentHeader};
use crate::spare::Take;
use crate::state::Store;
use crate::step::WriterStep;
use std::io;
use std::sync::Arc;
use stonechat_log::store::{Done, LogError};
use stonechat_types::number::{AppId, LanePosition, PersonalSeq, UserNo};
use tracing::error;

/// The segment that is written.
pub struct ActiveSegment {
    /// Its number.
    pub number: u32,
    /// Its file.
    pub file: Arc<dyn DiskFile>,
    /// Where the next batch goes; 0 while it has no header.
    pub offset: u64,
    /// Where it ends.
    pub size: u64,
}

impl ActiveSegment {
    fn has_room(&self, bytes: usize) -> bool {
        self.offset.max(HEADER_BYTES as u64) + bytes as u64 <= self.size
    }
}

/// The committer with its disk.
pub struct Writer {
    store: Arc<Store>,
    committer: Committer,
    segment: Option<ActiveSegment>,
    state: WriterState,
    /// The thread that answers large batches; none when the store is moved step by step.
    answers: Option<Arc<Answers>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum WriterState {
    Working,
    Failed,
}

impl Writer {
    /// Goes on after the end of the lane, in this segment if there is one.
    pub fn new(store: Arc<Store>, end: &Anchor, segment: Option<ActiveSegment>) -> Self {
        #[cfg(not(feature = "mutants"))]
        let last = end.position;
        #[cfg(feature = "mutants")]
        let last = LanePosition(end.position.0.saturating_sub(u64::from(store.config.reuses_position)));
        let committer = Committer::new(last, end.batch, end.chain);
        let committer = committer.with_records_max(store.config.batch_records_max);
        Self { store, committer, segment, state: WriterState::Working, answers: None }
    }

    /// Large batches are answered by another thread from now on.
    pub fn answer_beside(&mut self, answers: Arc<Answers>) {
        self.answers = Some(answers);
    }

    /// Commits one batch, if anything waits.
    pub fn step(&mut self) -> WriterStep {
        let closing = self.store.intake.is_closed();
        for offer in self.store.intake.drain() {
            self.committer.offer(offer);
        }
        if self.store.is_poisoned() {
            self.state = WriterState::Failed;
        }
        if self.state == WriterState::Failed {
            self.refuse(&Refusal::Closed);
            return WriterStep::Closed;
        }
        let Some((_, bytes)) = self.committer.next_size() else {
            return if closing { WriterStep::Closed } else { WriterStep::Idle };
        };
        if !self.segment.as_ref().is_some_and(|segment| segment.has_room(bytes)) {
            match self.store.spares.take() {
                Take::Ready(spare) => {
                    let size = self.store.config.segment_bytes;
                    self.segment = Some(ActiveSegment { number: spare.number, file: spare.file, offset: 0, size });
                }
                Take::NotYet => return WriterStep::AwaitsSegment,
                Take::Refused(error) => {
                    self.refuse(&Refusal::Full(error));
                    return WriterStep::Answered;
                }
            }
        }
        let Some(batch) = self.committer.poll_batch(&mut Source(&self.store)) else {
            return WriterStep::Idle;
        };
        self.store.intake.release(batch.taken_records, batch.taken_bytes, self.store.clock.now_ms());
        self.store.batches.count(batch.taken_records, batch.taken_bytes, batch.full);
        let start = match self.write(&batch) {
            Ok(start) => start,
            Err(error) => {
                self.fail(&error, batch.offers.into_iter().map(|offer| offer.done).collect());
                return WriterStep::Closed;
            }
        };
        self.committer.synced();
        self.answer(Durable { batch, start });
        WriterStep::Answered
    }

    /// Answers here, or beside the next flush.
    fn answer(&mut self, durable: Durable) {
        if let Some(answers) = &self.answers {
            let is_large = durable.batch.taken_records >= BESIDE_RECORDS_MIN;
            let more_waits = self.committer.next_size().is_some() || self.store.intake.depth() > 0;
            if (is_large && more_waits) || !answers.is_idle() {
                return answers.give(durable);
            }
        }
        durable.finish(&self.store);
        // Every number that was given can be read now.
        self.store.numbers.shrink();
    }

    /// One plain write and one sync; the first batch of a segment brings the segment's header with it. Says where the
    /// batch begins.
    fn write(&mut self, batch: &Batch) -> io::Result<Location> {
        let Some(segment) = self.segment.as_mut().filter(|_| !batch.bytes.is_empty()) else {
            return Ok(Location::default());
        };
        let count: usize = batch.offers.iter().map(|offer| offer.records.len()).sum();
        let is_new = segment.offset == 0;
        let first = LanePosition(batch.last.0 + 1 - count as u64);
        if is_new {
            let header = SegmentHeader { number: segment.number, first, history_id: self.store.history_id };
            segment.file.write_at(0, &header.encode())?;
            segment.offset = HEADER_BYTES as u64;
        }
        segment.file.write_at(segment.offset, &batch.bytes)?;
        segment.file.sync()?;
        if is_new {
            self.store.segments.add(segment.number, first);
        }
        let start = Location { segment: segment.number, offset: segment.offset as u32 };
        segment.offset += batch.bytes.len() as u64;
        self.store.spares.set_used(segment.offset);
        Ok(start)
    }

    /// Answers are given in the order of the offers.
    fn settle(&self) {
        if let Some(answers) = &self.answers {
            answers.settle();
        }
    }

    /// Answers all that waits.
    fn refuse(&mut self, refusal: &Refusal) {
        self.settle();
        let (refused, records, bytes) = self.committer.refuse();
        self.store.intake.release(records, bytes, self.store.clock.now_ms());
        for done in refused {
            done(Err(self.store.refused.count(refusal.clone())));
        }
    }

    /// Nothing is known of what was written, so nothing may follow it.
    fn fail(&mut self, error: &io::Error, in_flight: Vec<Done>) {
        error!(%error, "Could not make a batch durable; nothing more is committed");
        match self.store.config.on_fatal {
            OnFatal::Abort => std::process::abort(),
            OnFatal::Close => {}
        }
        self.settle();
        self.state = WriterState::Failed;
        self.store.intake.close();
        let waiting = self.committer.failed();
        for done in in_flight.into_iter().chain(waiting) {
            done(Err(LogError::Closed));
        }
    }
}

struct Source<'a>(&'a Store);

impl NumberSource for Source<'_> {
    fn bring(&mut self, app: AppId, user_no: UserNo) -> Result<(), LogError> {
        self.0.numbers.bring(app, user_no, || self.0.last_number(app, user_no))
    }

    fn next(&mut self, app: AppId, user_no: UserNo) -> PersonalSeq {
        self.0.numbers.next(app, user_no)
    }
}
