//! The committer: a state machine without a disk, a clock or a thread. Offers go in, batches come out one at a time;
//! when a batch is durable, its answers come out.

use crate::codec::{self, Span, Stamp};
use crate::config::{BATCH_BYTES_MAX, BATCH_RECORDS_MAX};
use std::collections::VecDeque;
use stonechat_log::record::{Committed, EventHeader, PersonalWrite, Record};
use stonechat_log::row::RowWrite;
use stonechat_log::store::{Done, LogError};
use stonechat_types::number::{AppId, LanePosition, PersonalSeq, UserNo};

/// What is needed of a record after it was encoded.
pub struct Prepared {
    /// Its lengths in the offer's buffer.
    pub span: Span,
    /// The clear part of its event.
    pub event: Option<EventHeader>,
    /// Its rows.
    pub rows: Vec<RowWrite>,
    /// Its personal changes.
    pub personal: Vec<PersonalWrite>,
    /// The rows that follow from it.
    pub derived: Vec<RowWrite>,
}

/// An encoded offer.
pub struct Offer {
    /// All its records.
    pub bytes: Vec<u8>,
    /// What they were.
    pub records: Vec<Prepared>,
    /// Who is to be told.
    pub done: Done,
}

impl Offer {
    /// Encodes records, on the thread of who offers them.
    #[must_use]
    pub fn encode(records: Vec<Record>, done: Done) -> Self {
        let sealed: usize = records.iter().filter_map(|record| record.event.as_ref()).map(|e| e.sealed.len()).sum();
        let mut bytes = Vec::with_capacity(sealed + records.len() * 256);
        let prepare = |record: Record| {
            let span = codec::encode(&record, &mut bytes);
            let Record { event, rows, personal, derived } = record;
            Prepared { span, event: event.map(|event| event.header), rows, personal, derived }
        };
        let records = records.into_iter().map(prepare).collect();
        Self { bytes, records, done }
    }
}

/// An offer in a batch.
pub struct Formed {
    /// What its records were; their spans are in the batch's bytes.
    pub records: Vec<Prepared>,
    /// What they were given.
    pub committed: Vec<Committed>,
    /// Who is to be told.
    pub done: Done,
}

/// A batch to be written and synced.
pub struct Batch {
    /// Its number.
    pub number: u64,
    /// Its records, complete.
    pub bytes: Vec<u8>,
    /// Its offers, in order.
    pub offers: Vec<Formed>,
    /// Position of its last record; unchanged when it has none.
    pub last: LanePosition,
    /// Checksum of its last header.
    pub chain: u32,
    /// Records that waited for it, refused ones included.
    pub taken_records: usize,
    /// Bytes that waited for it, refused ones included.
    pub taken_bytes: usize,
}

/// Gives personal numbers.
pub trait NumberSource {
    /// Makes sure that the next number of this user can be given.
    ///
    /// # Errors
    /// When the last one cannot be read.
    fn bring(&mut self, app: AppId, user_no: UserNo) -> Result<(), LogError>;

    /// The next number of a user that was brought.
    fn next(&mut self, app: AppId, user_no: UserNo) -> PersonalSeq;
}

/// The state machine.
pub struct Committer {
    queue: VecDeque<Offer>,
    position: LanePosition,
    synced: LanePosition,
    batch: u64,
    chain: u32,
    state: CommitterState,
    records_max: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CommitterState {
    Idle,
    InFlight,
    Failed,
}

impl Committer {
    /// Goes on after the last record of a store, all of which is durable.
    #[must_use]
    pub fn new(position: LanePosition, batch: u64, chain: u32) -> Self {
        let queue = VecDeque::new();
        let state = CommitterState::Idle;
        Self { queue, position, synced: position, batch, chain, state, records_max: BATCH_RECORDS_MAX }
    }

    /// The same with smaller batches.
    #[must_use]
    pub fn with_records_max(mut self, records: usize) -> Self {
        self.records_max = records.clamp(1, BATCH_RECORDS_MAX);
        self
    }

    /// Takes an offer.
    pub fn offer(&mut self, offer: Offer) {
        self.queue.push_back(offer);
    }

    /// How many of the waiting offers the next batch takes, and their bytes.
    #[must_use]
    pub fn next_size(&self) -> Option<(usize, usize)> {
        self.queue.front()?;
        let (mut offers, mut records, mut bytes) = (0, 0, 0);
        for offer in &self.queue {
            let over = records + offer.records.len() > self.records_max || bytes + offer.bytes.len() > BATCH_BYTES_MAX;
            if offers > 0 && over {
                break;
            }
            offers += 1;
            records += offer.records.len();
            bytes += offer.bytes.len();
        }
        Some((offers, bytes))
    }

    /// Forms the next batch, if something waits and none is in flight. Offers whose numbers cannot be given come back
    /// with the reason.
    pub fn poll_batch(&mut self, numbers: &mut dyn NumberSource) -> Option<(Batch, Vec<(Done, LogError)>)> {
        if self.state != CommitterState::Idle {
            return None;
        }
        let (count, _) = self.next_size()?;
        self.state = CommitterState::InFlight;
        let mut refused = Vec::new();
        let mut taken = Vec::with_capacity(count);
        let (mut taken_records, mut taken_bytes) = (0, 0);
        for offer in self.queue.drain(..count) {
            taken_records += offer.records.len();
            taken_bytes += offer.bytes.len();
            let mut users = offer.records.iter().flat_map(|record| &record.personal);
            match users.try_for_each(|write| numbers.bring(write.app, write.user_no)) {
                Ok(()) => taken.push(offer),
                Err(error) => refused.push((offer.done, error)),
            }
        }
        self.batch += 1;
        let mut batch = Batch {
            number: self.batch,
            bytes: Vec::new(),
            offers: Vec::with_capacity(taken.len()),
            last: self.position,
            chain: self.chain,
            taken_records,
            taken_bytes,
        };
        let mut left: usize = taken.iter().map(|offer| offer.records.len()).sum();
        let total: usize = taken.iter().map(|offer| offer.bytes.len()).sum();
        for mut offer in taken {
            let base = batch.bytes.len();
            if base == 0 {
                // The first buffer becomes the batch's: with one offer a batch nothing is copied.
                batch.bytes = offer.bytes;
                batch.bytes.reserve_exact(total - batch.bytes.len());
            } else {
                batch.bytes.extend_from_slice(&offer.bytes);
            }
            let mut committed = Vec::with_capacity(offer.records.len());
            for record in &mut offer.records {
                record.span.start += base;
                left -= 1;
                batch.last = batch.last.next();
                let personal: Vec<_> = record.personal.iter().map(|w| numbers.next(w.app, w.user_no)).collect();
                let stamp = Stamp {
                    position: batch.last,
                    batch: batch.number,
                    last: left == 0,
                    synced: self.synced,
                    chain: batch.chain,
                    personal: &personal,
                };
                let bytes = &mut batch.bytes[record.span.start..record.span.start + record.span.length];
                batch.chain = codec::stamp(bytes, record.span.header, &stamp);
                committed.push(Committed { position: batch.last, personal });
            }
            batch.offers.push(Formed { records: offer.records, committed, done: offer.done });
        }
        if batch.bytes.is_empty() {
            // Nothing is written, so no number of a batch is used up.
            self.batch -= 1;
        }
        (self.position, self.chain) = (batch.last, batch.chain);
        Some((batch, refused))
    }

    /// The batch in flight is durable.
    pub fn synced(&mut self) {
        debug_assert_eq!(self.state, CommitterState::InFlight);
        self.synced = self.position;
        self.state = CommitterState::Idle;
    }

    /// The write or sync of the batch in flight failed: no more batches. Whoever waits comes out, to be told `Closed`.
    pub fn failed(&mut self) -> Vec<Done> {
        self.state = CommitterState::Failed;
        self.queue.drain(..).map(|offer| offer.done).collect()
    }

    /// Gives back all that waits, with its records and bytes, to be refused.
    pub fn refuse(&mut self) -> (Vec<Done>, usize, usize) {
        let records = self.queue.iter().map(|offer| offer.records.len()).sum();
        let bytes = self.queue.iter().map(|offer| offer.bytes.len()).sum();
        (self.queue.drain(..).map(|offer| offer.done).collect(), records, bytes)
    }
}
