//! The committer: a state machine without a disk, a clock or a thread. Offers go in, batches come out one at a time;
//! when a batch is durable, its answers come out.

use crate::batches::Full;
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
            let Record { event, rows, personal, derived, takes_away: _ } = record;
            Prepared { span, event: event.map(|event| event.header), rows, personal, derived }
        };
        let records = records.into_iter().map(prepare).collect();
        Self { bytes, records, done }
    }
}

/// An offer in a batch.
pub struct Formed {
    /// What its records were; their spans are in the batch's bytes. None when it was refused.
    pub records: Vec<Prepared>,
    /// What they were given, or why the offer was refused.
    pub answer: Result<Vec<Committed>, LogError>,
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
    /// What it was full of, when it left out an offer that waits.
    pub full: Option<Full>,
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

    /// Forms the next batch, if something waits and none is in flight. Offers whose numbers cannot be given are in it
    /// without records, with the reason.
    pub fn poll_batch(&mut self, numbers: &mut dyn NumberSource) -> Option<Batch> {
        if self.state != CommitterState::Idle {
            return None;
        }
        let (count, _) = self.next_size()?;
        self.state = CommitterState::InFlight;
        let mut taken: Vec<(Offer, Result<(), LogError>)> = Vec::with_capacity(count);
        for offer in self.queue.drain(..count) {
            let mut users = offer.records.iter().flat_map(|record| &record.personal);
            let brought = users.try_for_each(|write| numbers.bring(write.app, write.user_no));
            taken.push((offer, brought));
        }
        let written = || taken.iter().filter(|(_, brought)| brought.is_ok()).map(|(offer, _)| offer);
        let mut left: usize = written().map(|offer| offer.records.len()).sum();
        let total: usize = written().map(|offer| offer.bytes.len()).sum();
        self.batch += 1;
        let mut batch = Batch {
            number: self.batch,
            bytes: Vec::new(),
            offers: Vec::with_capacity(count),
            last: self.position,
            chain: self.chain,
            taken_records: taken.iter().map(|(offer, _)| offer.records.len()).sum(),
            taken_bytes: taken.iter().map(|(offer, _)| offer.bytes.len()).sum(),
            full: None,
        };
        batch.full = self.queue.front().map(|next| {
            let records = batch.taken_records + next.records.len();
            if records > self.records_max { Full::Records } else { Full::Bytes }
        });
        for (mut offer, brought) in taken {
            if let Err(error) = brought {
                batch.offers.push(Formed { records: Vec::new(), answer: Err(error), done: offer.done });
                continue;
            }
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
            batch.offers.push(Formed { records: offer.records, answer: Ok(committed), done: offer.done });
        }
        if batch.bytes.is_empty() {
            // Nothing is written, so no number of a batch is used up.
            self.batch -= 1;
        }
        (self.position, self.chain) = (batch.last, batch.chain);
        Some(batch)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::read_header;
    use bytes::Bytes;
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};

    /// Refuses user 13.
    #[derive(Default)]
    struct Counting(BTreeMap<(AppId, UserNo), u64>);

    impl NumberSource for Counting {
        fn bring(&mut self, _: AppId, user_no: UserNo) -> Result<(), LogError> {
            if user_no == UserNo(13) { Err(LogError::Io("no number".to_owned())) } else { Ok(()) }
        }

        fn next(&mut self, app: AppId, user_no: UserNo) -> PersonalSeq {
            let last = self.0.entry((app, user_no)).or_default();
            *last += 1;
            PersonalSeq(*last)
        }
    }

    fn change(user: u32) -> Record {
        let personal = PersonalWrite { app: AppId(1), user_no: UserNo(user), key: "k".into(), value: None };
        Record { personal: vec![personal], ..Record::default() }
    }

    fn row(bytes: usize) -> Record {
        let put = RowWrite::Put { key: "k".into(), value: Bytes::from(vec![0; bytes]) };
        Record { rows: vec![put], ..Record::default() }
    }

    fn offer(records: Vec<Record>) -> Offer {
        Offer::encode(records, Box::new(|_| {}))
    }

    fn positions(batch: &Batch) -> Vec<u64> {
        batch.offers.iter().flat_map(|offer| offer.answer.iter().flatten()).map(|c| c.position.0).collect()
    }

    #[test]
    fn a_batch_ends_at_its_bounds_and_never_inside_an_offer() {
        let mut committer = Committer::new(LanePosition(0), 0, 0);
        for _ in 0..5 {
            committer.offer(offer((0..400).map(|_| change(1)).collect()));
        }
        committer.offer(offer(vec![row(900_000)]));
        committer.offer(offer(vec![row(900_000)]));
        committer.offer(offer(vec![row(3_000_000)]));
        let mut sizes = Vec::new();
        while let Some(batch) = committer.poll_batch(&mut Counting::default()) {
            assert!(committer.poll_batch(&mut Counting::default()).is_none(), "one is in flight");
            sizes.push((positions(&batch).len(), batch.full));
            committer.synced();
        }
        let (records, bytes) = (Some(Full::Records), Some(Full::Bytes));
        assert_eq!(sizes, [(800, records), (800, records), (401, bytes), (1, bytes), (1, None)]);
    }

    #[test]
    fn an_offer_without_numbers_is_refused_in_its_place_and_leaves_no_hole() {
        let mut committer = Committer::new(LanePosition(7), 3, 0);
        committer.offer(offer(vec![change(1), change(2)]));
        committer.offer(offer(vec![change(1), change(13)]));
        committer.offer(offer(vec![change(1)]));
        let batch = committer.poll_batch(&mut Counting::default()).unwrap();
        assert_eq!(batch.offers.iter().map(|offer| offer.answer.is_ok()).collect::<Vec<_>>(), [true, false, true]);
        assert_eq!(positions(&batch), [8, 9, 10]);
        let last = batch.offers[2].answer.as_ref().unwrap();
        assert_eq!(last[0].personal, [PersonalSeq(2)]);
    }

    #[test]
    fn headers_say_what_was_synced_and_hold_a_chain() {
        let mut committer = Committer::new(LanePosition(0), 0, 0);
        let (mut chain, mut position) = (0, 0);
        for batch_number in 1..=3 {
            committer.offer(offer(vec![change(1), row(10)]));
            committer.offer(offer(vec![change(2)]));
            let batch = committer.poll_batch(&mut Counting::default()).unwrap();
            let synced = LanePosition(position);
            let mut at = 0;
            while at < batch.bytes.len() {
                let header = read_header(&batch.bytes[at..]).unwrap();
                at += header.length();
                position += 1;
                assert_eq!((header.chain, header.synced, header.batch), (chain, synced, batch_number));
                assert_eq!((header.position.0, header.last), (position, at == batch.bytes.len()));
                chain = header.checksum;
            }
            committer.synced();
        }
    }

    #[test]
    fn whoever_waits_is_given_back_when_a_sync_fails() {
        let told = Arc::new(Mutex::new(0));
        let mut committer = Committer::new(LanePosition(0), 0, 0);
        for _ in 0..3 {
            let told = told.clone();
            let done: Done =
                Box::new(move |result| *told.lock().unwrap() += i32::from(result == Err(LogError::Closed)));
            committer.offer(Offer::encode((0..600).map(|_| change(1)).collect(), done));
        }
        let batch = committer.poll_batch(&mut Counting::default()).unwrap();
        let waiting = committer.failed();
        assert_eq!((batch.offers.len(), waiting.len()), (1, 2));
        for done in waiting {
            done(Err(LogError::Closed));
        }
        assert_eq!(*told.lock().unwrap(), 2);
        assert!(committer.poll_batch(&mut Counting::default()).is_none());
    }
}
