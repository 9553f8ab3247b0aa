//! Every bound is reached: a full disk, a full queue, a full tail, a failing index, a failing sync.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use stonechat_log::contract::compare::{ALL, events};
use stonechat_log::contract::workload::{Builder, conversation};
use stonechat_log::contract::{commit, wait};
use stonechat_log::personal::{change_prefix, value_key};
use stonechat_log::record::{PersonalWrite, Record};
use stonechat_log::row::RowWrite;
use stonechat_log::store::{Log, LogError};
use stonechat_log_segment::batches::Batches;
use stonechat_log_segment::config::{BATCH_BYTES_MAX, BATCH_RECORDS_MAX, Config, REOPEN_ROOM_BYTES};
use stonechat_log_segment::engine::SegmentLog;
use stonechat_log_segment::index::{Index, Indexes};
use stonechat_log_segment::memory_index::MemoryIndexes;
use stonechat_log_segment::refusal::Refusals;
use stonechat_log_segment::sim_disk::{Crash, SimDisk, Syncs};
use stonechat_log_segment::step::{SpareStep, WriterStep};
use stonechat_types::number::{AppId, LanePosition, PersonalSeq, Seq, UserNo};
use support::{drain, options, small, stepped};

type Answers = Arc<Mutex<Vec<Result<(), LogError>>>>;

fn offer(log: &SegmentLog, answers: &Answers, records: Vec<Record>) {
    let answers = answers.clone();
    log.offer(records, Box::new(move |result| answers.lock().unwrap().push(result.map(drop))));
}

fn last(answers: &Answers) -> Result<(), LogError> {
    answers.lock().unwrap().last().cloned().expect("an answer")
}

/// Waits for what a thread of the store has to do.
fn eventually(what: &str, mut check: impl FnMut() -> bool) {
    for _ in 0..2000 {
        if check() {
            return;
        }
        #[expect(clippy::disallowed_methods, reason = "the store's threads are real here")]
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it never came: {what}");
}

#[test]
fn a_full_disk_is_found_one_segment_ahead_and_ends_by_itself() {
    let disk = SimDisk::new();
    let (log, mut stepper) = stepped(&disk, &MemoryIndexes::new(), small()).unwrap();
    let (mut builder, answers) = (Builder::default(), Answers::default());
    offer(&log, &answers, vec![builder.message(1)]);
    drain(&mut stepper);
    disk.set_capacity(disk.used() + 100);
    while stepper.prepare() == SpareStep::Slice {}
    assert_eq!(stepper.prepare(), SpareStep::Slice);
    assert_eq!(stepper.prepare(), SpareStep::Trouble);
    let (head, operations) = (log.head(), disk.operations());
    offer(&log, &answers, vec![builder.clone().message(1)]);
    drain(&mut stepper);
    assert_eq!(last(&answers), Err(LogError::StorageFull));
    assert_eq!((log.head(), disk.operations()), (head, operations), "nothing is written");
    assert_eq!(log.refusals(), Refusals { full: 1, ..Refusals::default() });
    assert_eq!(log.read_only(), Some(LogError::StorageFull));
    assert_eq!(events(&log, AppId::DEFAULT, conversation(1), Seq(0), ALL).unwrap().len(), 1);

    disk.set_capacity(u64::MAX);
    while stepper.prepare() != SpareStep::Ready {}
    offer(&log, &answers, vec![builder.message(1)]);
    drain(&mut stepper);
    assert_eq!((last(&answers), log.head()), (Ok(()), LanePosition(2)));
    assert_eq!((log.read_only(), log.refusals().full), (None, 1));
}

#[test]
fn what_takes_away_is_stored_on_a_full_disk_as_long_as_the_segment_lasts() {
    let (disk, indexes) = (SimDisk::new(), MemoryIndexes::new());
    let (log, mut stepper) = stepped(&disk, &indexes, small()).unwrap();
    let (mut builder, answers) = (Builder::default(), Answers::default());
    offer(&log, &answers, vec![builder.message(1)]);
    drain(&mut stepper);
    disk.set_capacity(disk.used() + 100);
    while stepper.prepare() != SpareStep::Trouble {}
    let taking = |builder: &mut Builder| Record { takes_away: true, ..builder.message(1) };
    offer(&log, &answers, vec![taking(&mut builder.clone()), builder.clone().message(2)]);
    drain(&mut stepper);
    assert_eq!(last(&answers), Err(LogError::StorageFull), "beside something else it is refused");
    let mut taken = 0;
    while {
        offer(&log, &answers, vec![taking(&mut builder.clone())]);
        drain(&mut stepper);
        last(&answers).is_ok()
    } {
        builder.message(1);
        taken += 1;
    }
    assert_eq!(last(&answers), Err(LogError::StorageFull));
    assert!(taken > 100, "the segment in use was as good as empty: {taken}");
    assert_eq!(log.read_only(), Some(LogError::StorageFull));
    drop((log, stepper));

    // A power cut, and room again.
    disk.set_capacity(u64::MAX);
    let (log, _) = stepped(&disk.crashed(Crash::Dropped, 0), &indexes.crashed(0), small()).unwrap();
    assert_eq!(events(&log, AppId::DEFAULT, conversation(1), Seq(0), ALL).unwrap().len(), 1 + taken);
}

#[test]
fn what_waits_for_a_segment_is_refused_when_there_is_no_room_for_one() {
    let disk = SimDisk::new();
    let (log, mut stepper) = stepped(&disk, &MemoryIndexes::new(), small()).unwrap();
    let (mut builder, answers) = (Builder::default(), Answers::default());
    disk.set_capacity(disk.used() + 100);
    offer(&log, &answers, vec![builder.message(1)]);
    assert_eq!(stepper.commit(), WriterStep::AwaitsSegment);
    while stepper.prepare() != SpareStep::Trouble {}
    assert_eq!(stepper.commit(), WriterStep::Answered);
    assert_eq!((last(&answers), log.head()), (Err(LogError::StorageFull), LanePosition(0)));
    assert_eq!(log.refusals(), Refusals { full: 1, ..Refusals::default() });
}

#[test]
fn a_full_disk_ends_by_itself_with_the_real_threads() {
    let disk = SimDisk::new();
    let log = SegmentLog::open_on(Arc::new(disk.clone()), Arc::new(MemoryIndexes::new()), options(small())).unwrap();
    let mut builder = Builder::default();
    commit(&log, vec![builder.message(1)]).unwrap();
    disk.set_capacity(0);
    eventually("the disk is full", || {
        commit(&log, (0..20).map(|_| builder.clone().message(2)).collect()) == Err(LogError::StorageFull)
    });
    disk.set_capacity(u64::MAX);
    eventually("there is room again", || commit(&log, vec![builder.clone().message(3)]).is_ok());
}

#[test]
fn a_full_queue_is_overloaded_at_once() {
    let config = Config { queue_records_max: 10, ..small() };
    let (log, mut stepper) = stepped(&SimDisk::new(), &MemoryIndexes::new(), config).unwrap();
    let (mut builder, answers) = (Builder::default(), Answers::default());
    for _ in 0..10 {
        offer(&log, &answers, vec![builder.message(1)]);
    }
    assert_eq!((log.queue_depth(), answers.lock().unwrap().len()), (10, 0));
    offer(&log, &answers, vec![builder.clone().message(1)]);
    assert_eq!(last(&answers), Err(LogError::Overloaded));
    assert_eq!(log.refusals(), Refusals { queue: 1, ..Refusals::default() });
    assert!(log.queue_bytes() > 0);
    drain(&mut stepper);
    assert_eq!((log.queue_depth(), log.queue_bytes(), log.head()), (0, 0, LanePosition(10)));
    offer(&log, &answers, vec![builder.message(1)]);
    drain(&mut stepper);
    assert_eq!(last(&answers), Ok(()));
}

#[test]
fn a_queue_that_is_full_of_bytes_is_overloaded_but_takes_one_offer_of_any_size() {
    let config = Config { queue_bytes_max: 10, ..small() };
    let (log, mut stepper) = stepped(&SimDisk::new(), &MemoryIndexes::new(), config).unwrap();
    let (mut builder, answers) = (Builder::default(), Answers::default());
    offer(&log, &answers, vec![builder.message(1)]);
    assert!(log.queue_bytes() > 10 && answers.lock().unwrap().is_empty());
    offer(&log, &answers, vec![builder.clone().message(1)]);
    assert_eq!((last(&answers), log.refusals().queue), (Err(LogError::Overloaded), 1));
    drain(&mut stepper);
    assert_eq!((last(&answers), log.queue_bytes()), (Ok(()), 0));
}

#[test]
fn a_batch_takes_so_many_records_and_bytes_and_leaves_the_rest_to_the_next() {
    let config = Config { segment_bytes: 8 * 1024 * 1024, ..small() };
    let (log, mut stepper) = stepped(&SimDisk::new(), &MemoryIndexes::new(), config).unwrap();
    let (mut builder, answers) = (Builder::default(), Answers::default());
    let mut many = |count: usize| (0..count).map(|_| builder.message(1)).collect::<Vec<_>>();
    // Two offers are over the bound of records together, and so the second is the next batch.
    offer(&log, &answers, many(BATCH_RECORDS_MAX - 1));
    offer(&log, &answers, many(2));
    drain(&mut stepper);
    let full = Batches { batches: 2, records: BATCH_RECORDS_MAX as u64 + 1, full_of_records: 1, ..log.batches() };
    assert_eq!(log.batches(), full);
    assert_eq!(full.full_of_bytes, 0);
    for _ in 0..3 {
        let write = RowWrite::Put { key: "k".into(), value: vec![0; BATCH_BYTES_MAX / 2 - 500].into() };
        offer(&log, &answers, vec![Record { rows: vec![write], ..Record::default() }]);
    }
    drain(&mut stepper);
    let Batches { batches, full_of_bytes, bytes, .. } = log.batches();
    assert_eq!((batches, full_of_bytes), (4, 1));
    assert!(bytes - full.bytes > BATCH_BYTES_MAX as u64);
    assert_eq!(last(&answers), Ok(()));
}

#[test]
fn a_full_tail_is_overloaded_until_a_checkpoint() {
    let config = Config { tail_bytes_max: 2000, ..small() };
    let (log, mut stepper) = stepped(&SimDisk::new(), &MemoryIndexes::new(), config).unwrap();
    let (mut builder, answers) = (Builder::default(), Answers::default());
    while log.tail_bytes() < 2000 {
        offer(&log, &answers, vec![builder.message(1)]);
        drain(&mut stepper);
        assert_eq!(last(&answers), Ok(()));
    }
    offer(&log, &answers, vec![builder.clone().message(1)]);
    assert_eq!(last(&answers), Err(LogError::Overloaded));
    assert_eq!(log.refusals(), Refusals { tail: 1, ..Refusals::default() });
    stepper.checkpoint().unwrap();
    assert_eq!(log.tail_bytes(), 0);
    offer(&log, &answers, vec![builder.message(1)]);
    drain(&mut stepper);
    assert_eq!(last(&answers), Ok(()));
}

#[test]
fn a_committer_that_lags_says_so_until_it_has_caught_up_and_takes_what_it_is_offered() {
    let config = Config { batch_records_max: 2, ..small() };
    let (log, mut stepper) = stepped(&SimDisk::new(), &MemoryIndexes::new(), config).unwrap();
    let (mut builder, answers) = (Builder::default(), Answers::default());
    offer(&log, &answers, vec![builder.message(1)]);
    drain(&mut stepper);
    // However long the flush in front of it takes, it is not passed over.
    offer(&log, &answers, vec![builder.message(1)]);
    stepper.advance(1_000);
    for _ in 0..4 {
        offer(&log, &answers, vec![builder.message(1)]);
    }
    assert_eq!((log.queue_depth(), log.lag_ms()), (5, 0));
    // The next two batches are formed without the last offer.
    assert_eq!(stepper.commit(), WriterStep::Answered);
    stepper.advance(250);
    offer(&log, &answers, vec![builder.message(1)]);
    assert_eq!((log.queue_depth(), log.lag_ms()), (4, 250));
    assert_eq!(stepper.commit(), WriterStep::Answered);
    stepper.advance(1);
    assert_eq!(log.lag_ms(), 251, "the fifth has still to be taken");
    assert_eq!(stepper.commit(), WriterStep::Answered);
    assert_eq!((log.queue_depth(), log.lag_ms()), (0, 0));
    offer(&log, &answers, vec![builder.message(1)]);
    drain(&mut stepper);
    assert_eq!((log.head(), log.refusals()), (LanePosition(8), Refusals::default()), "nothing of it was refused");
}

#[test]
fn a_batch_that_fits_no_segment_is_refused() {
    let (log, mut stepper) = stepped(&SimDisk::new(), &MemoryIndexes::new(), small()).unwrap();
    let (mut builder, answers) = (Builder::default(), Answers::default());
    let large = builder.clone().event(AppId(1), 1, stonechat_domain::kind::EventKind::Message, vec![1; 40_000]);
    offer(&log, &answers, vec![large]);
    assert!(matches!(last(&answers), Err(LogError::Io(_))));
    offer(&log, &answers, vec![builder.message(1)]);
    drain(&mut stepper);
    assert_eq!(last(&answers), Ok(()));
}

#[test]
fn a_failed_sync_closes_and_reads_go_on() {
    let disk = SimDisk::new();
    let (log, mut stepper) = stepped(&disk, &MemoryIndexes::new(), small()).unwrap();
    let (mut builder, answers) = (Builder::default(), Answers::default());
    offer(&log, &answers, vec![builder.message(1)]);
    drain(&mut stepper);
    disk.set_syncs(Syncs::FailAfter(0));
    for _ in 0..3 {
        offer(&log, &answers, vec![builder.message(1)]);
    }
    assert_eq!(stepper.commit(), WriterStep::Closed);
    offer(&log, &answers, vec![builder.message(1)]);
    let closed = Err(LogError::Closed);
    assert_eq!(*answers.lock().unwrap(), [Ok(()), closed.clone(), closed.clone(), closed.clone(), closed]);
    assert_eq!(log.head(), LanePosition(1));
    assert_eq!(events(&log, AppId::DEFAULT, conversation(1), Seq(0), ALL).unwrap().len(), 1);
}

#[test]
fn a_closed_store_commits_what_waited_and_refuses_the_rest() {
    let log = SegmentLog::open_on(Arc::new(SimDisk::new()), Arc::new(MemoryIndexes::new()), options(small())).unwrap();
    let (mut builder, answers) = (Builder::default(), Answers::default());
    for _ in 0..50 {
        offer(&log, &answers, vec![builder.message(1)]);
    }
    log.close();
    offer(&log, &answers, vec![builder.message(1)]);
    let answers = answers.lock().unwrap();
    assert!(answers[..50].iter().all(Result::is_ok));
    assert_eq!(answers[50], Err(LogError::Closed));
}

#[test]
fn appends_go_on_while_the_index_fails_and_it_comes_back() {
    for wiped in [false, true] {
        let indexes = MemoryIndexes::new();
        let (log, mut stepper) = stepped(&SimDisk::new(), &indexes, small()).unwrap();
        let (mut builder, answers) = (Builder::default(), Answers::default());
        let mut send = |log: &SegmentLog, stepper: &mut _| {
            offer(log, &answers, vec![builder.message(1)]);
            drain(stepper);
            assert_eq!(last(&answers), Ok(()));
        };
        for _ in 0..20 {
            send(&log, &mut stepper);
        }
        stepper.checkpoint().unwrap();
        send(&log, &mut stepper);
        indexes.fail(true);
        assert!(stepper.checkpoint().is_err());
        for _ in 0..20 {
            send(&log, &mut stepper);
        }
        assert!(stepper.checkpoint().is_err());
        let all = || events(&log, AppId::DEFAULT, conversation(1), Seq(0), ALL);
        assert!(matches!(all(), Err(LogError::Io(_))));
        let tail = wait(log.events(AppId::DEFAULT, conversation(1), Seq(20), Seq(99), ALL)).unwrap();
        assert_eq!(tail.events.len(), 21, "the tail needs no index");
        indexes.fail(false);
        if wiped {
            Indexes::wipe(&indexes).unwrap();
        }
        assert_eq!(stepper.checkpoint(), Ok(true));
        assert_eq!(all().unwrap().len(), 41);
        send(&log, &mut stepper);
        assert_eq!(stepper.checkpoint(), Ok(true));
        assert_eq!(all().unwrap().len(), 42);
    }
}

/// Every read that needs the index: rows, a scan, events, the feed, personal state.
fn read_all(log: &SegmentLog) -> (usize, usize, usize, usize, usize) {
    let user = UserNo(1);
    let rows = wait(log.scan(value_key(AppId::DEFAULT, user, b""), None, 10_000)).unwrap();
    let keys = rows.iter().map(|(key, _)| key.clone()).collect();
    let values = wait(log.load(keys)).unwrap();
    assert!(values.iter().zip(&rows).all(|(value, (_, scanned))| value.as_ref() == Some(scanned)));
    let events = events(log, AppId::DEFAULT, conversation(1), Seq(0), ALL).unwrap().len();
    let feed = wait(log.feed(LanePosition(0), 10_000)).unwrap().len();
    let personal = wait(log.personal(AppId::DEFAULT, user, PersonalSeq(0), 10_000)).unwrap().changes.len();
    (rows.len(), values.len(), events, feed, personal)
}

#[test]
fn reads_go_on_while_checkpoints_are_refused() {
    for refusal in [LogError::StorageFull, LogError::Io("no".to_owned())] {
        let (disk, indexes) = (SimDisk::new(), MemoryIndexes::new());
        let (log, mut stepper) = stepped(&disk, &indexes, small()).unwrap();
        let plain = stepped(&SimDisk::new(), &MemoryIndexes::new(), small()).unwrap();
        let (mut expected, answers) = (plain, Answers::default());
        let (mut builder, mut n) = (Builder::default(), 0);
        let mut send = |log: &SegmentLog, stepper: &mut _| {
            let key = format!("{}", n % 7).into();
            n += 1;
            let write = PersonalWrite { app: AppId::DEFAULT, user_no: UserNo(1), key, value: Some("v".into()) };
            let record = Record { personal: vec![write], ..builder.message(1) };
            for (log, stepper) in [(log, stepper), (&expected.0, &mut expected.1)] {
                offer(log, &answers, vec![record.clone()]);
                drain(stepper);
                assert_eq!(last(&answers), Ok(()));
            }
            assert_eq!(read_all(log), read_all(&expected.0));
        };
        for _ in 0..20 {
            send(&log, &mut stepper);
        }
        assert_eq!(stepper.checkpoint(), Ok(true));
        indexes.refuse(Some(refusal.clone()));
        for round in 0..5 {
            send(&log, &mut stepper);
            // On a full disk the index that works is not given up: it might not open again.
            disk.set_capacity(if round % 2 == 0 { disk.used() } else { u64::MAX });
            let refused = stepper.checkpoint();
            assert!(refused == Err(refusal.clone()) || (round > 0 && refused == Err(LogError::StorageFull)), "{round}");
            disk.set_capacity(u64::MAX);
            send(&log, &mut stepper);
        }
        indexes.refuse(None);
        for _ in 0..3 {
            assert_eq!(stepper.checkpoint(), Ok(true));
            send(&log, &mut stepper);
        }
    }
}

#[test]
fn an_index_that_works_is_not_closed_without_room_to_open_it() {
    let (disk, indexes) = (SimDisk::new(), MemoryIndexes::new());
    let (log, mut stepper) = stepped(&disk, &indexes, small()).unwrap();
    let (mut builder, answers) = (Builder::default(), Answers::default());
    offer(&log, &answers, vec![builder.message(1)]);
    drain(&mut stepper);
    let opened = indexes.opened();
    indexes.refuse(Some(LogError::Io("no".to_owned())));
    assert!(stepper.checkpoint().is_err());
    disk.set_capacity(disk.used() + REOPEN_ROOM_BYTES - 1);
    assert_eq!(stepper.checkpoint(), Err(LogError::StorageFull));
    assert_eq!(indexes.opened(), opened);
    disk.set_capacity(disk.used() + REOPEN_ROOM_BYTES);
    indexes.refuse(None);
    assert_eq!(stepper.checkpoint(), Ok(true));
    assert_eq!(indexes.opened(), opened + 1);
}

/// An index that finds no room when it is opened.
#[derive(Clone, Default)]
struct Roomless {
    inner: MemoryIndexes,
    refusals: Arc<AtomicUsize>,
}

impl Indexes for Roomless {
    fn open(&self) -> Result<Arc<dyn Index>, LogError> {
        let refused = self.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if refused.is_ok() { Err(LogError::StorageFull) } else { Indexes::open(&self.inner) }
    }

    fn wipe(&self) -> Result<(), LogError> {
        panic!("nothing is wrong with the index")
    }
}

#[test]
fn an_index_that_finds_no_room_to_open_is_not_thrown_away() {
    let indexes = Roomless { inner: MemoryIndexes::new(), ..Roomless::default() };
    // A store whose index says nothing yet makes it anew.
    let (mut builder, disk) = (Builder::default(), SimDisk::new());
    {
        let log =
            SegmentLog::open_on(Arc::new(disk.clone()), Arc::new(indexes.inner.clone()), options(small())).unwrap();
        commit(&log, vec![builder.message(1)]).unwrap();
        log.checkpoint().unwrap();
    }
    let log = SegmentLog::open_on(Arc::new(disk), Arc::new(indexes.clone()), options(small())).unwrap();
    commit(&log, vec![builder.message(1)]).unwrap();
    indexes.inner.refuse(Some(LogError::StorageFull));
    assert!(log.checkpoint().is_err());
    indexes.inner.refuse(None);
    indexes.refusals.store(1, Ordering::SeqCst);
    assert_eq!(log.checkpoint(), Err(LogError::StorageFull));
    let all = || events(&log, AppId::DEFAULT, conversation(1), Seq(0), ALL);
    assert!(matches!(all(), Err(LogError::Io(_))));
    assert_eq!(log.checkpoint(), Ok(true));
    assert_eq!(all().unwrap().len(), 2);
}

#[test]
fn reads_go_on_beside_real_threads_that_open_the_index_again() {
    let indexes = MemoryIndexes::new();
    let config = Config { segment_bytes: 256 * 1024, checkpoint_bytes: 2000, ..small() };
    let log = SegmentLog::open_on(Arc::new(SimDisk::new()), Arc::new(indexes.clone()), options(config)).unwrap();
    let mut builder = Builder::default();
    for n in 1..=300 {
        match n % 50 {
            10 => indexes.refuse(Some(LogError::StorageFull)),
            30 => indexes.refuse(Some(LogError::Io("no".to_owned()))),
            49 => indexes.refuse(None),
            _ => {}
        }
        commit(&log, vec![builder.message(1)]).unwrap();
        assert_eq!(events(&log, AppId::DEFAULT, conversation(1), Seq(0), ALL).unwrap().len(), n);
        wait(log.scan(value_key(AppId::DEFAULT, UserNo(1), b""), None, 100)).unwrap();
    }
    indexes.refuse(None);
    eventually("a checkpoint shortens the tail", || log.tail_bytes() < 2000);
}

#[test]
fn large_batches_are_answered_in_order_and_a_failure_comes_last() {
    for fail_after in [None, Some(4)] {
        let disk = SimDisk::new();
        let config = Config { segment_bytes: 1024 * 1024, checkpoint_bytes: 1024 * 1024, ..small() };
        let log = SegmentLog::open_on(Arc::new(disk.clone()), Arc::new(MemoryIndexes::new()), options(config)).unwrap();
        let mut builder = Builder::default();
        commit(&log, vec![builder.message(1)]).unwrap();
        let mut before = 0;
        eventually("the next segment is prepared", || {
            std::mem::replace(&mut before, disk.operations()) == disk.operations()
        });
        if let Some(syncs) = fail_after {
            disk.set_syncs(Syncs::FailAfter(syncs));
        }
        let answers = Arc::new(Mutex::new(Vec::new()));
        for n in 0..60 {
            let count = if n % 3 == 0 { 3 } else { 200 };
            let records = (0..count).map(|_| builder.message(1)).collect();
            let answers = answers.clone();
            let done = move |result: Result<Vec<_>, LogError>| answers.lock().unwrap().push((n, result));
            log.offer(records, Box::new(done));
        }
        log.close();
        let mut answers = answers.lock().unwrap();
        let committed = answers.iter().filter(|(_, result)| result.is_ok()).count();
        assert!(answers.iter().map(|(n, _)| *n).take(committed).eq(0..committed));
        // An offer to a store that is closed already is refused at once, before those that still wait.
        answers.sort_by_key(|(n, _)| *n);
        let stored = answers.iter().take_while(|(_, result)| result.is_ok()).count();
        assert!(answers[stored..].iter().all(|(_, result)| *result == Err(LogError::Closed)));
        assert_eq!(stored == 60, fail_after.is_none());
        let positions = answers.iter().flat_map(|(_, result)| result.iter().flatten()).map(|c| c.position.0);
        assert!(positions.eq(2..=log.head().0));
        let read = events(&log, AppId::DEFAULT, conversation(1), Seq(0), ALL).unwrap();
        assert_eq!(read.len() as u64, log.head().0);
    }
}

#[test]
fn two_checkpoints_at_once_lose_nothing() {
    let config = Config { segment_bytes: 256 * 1024, checkpoint_bytes: 2000, ..small() };
    let log = SegmentLog::open_on(Arc::new(SimDisk::new()), Arc::new(MemoryIndexes::new()), options(config)).unwrap();
    std::thread::scope(|scope| {
        let log = &log;
        for _ in 0..2 {
            scope.spawn(move || (0..100).for_each(|_| assert!(log.checkpoint().is_ok())));
        }
        let mut builder = Builder::default();
        for n in 1..=300 {
            commit(log, vec![builder.message(1)]).unwrap();
            assert_eq!(events(log, AppId::DEFAULT, conversation(1), Seq(0), ALL).unwrap().len(), n);
        }
    });
}

#[test]
fn change_rows_that_were_replaced_go_at_the_next_checkpoint() {
    let (log, mut stepper) = stepped(&SimDisk::new(), &MemoryIndexes::new(), small()).unwrap();
    let (app, user_no) = (AppId::DEFAULT, UserNo(1));
    for _ in 0..5 {
        for key in ["a", "b"] {
            let write = PersonalWrite { app, user_no, key: key.into(), value: Some("v".into()) };
            log.offer(vec![Record { personal: vec![write], ..Record::default() }], Box::new(|_| {}));
            drain(&mut stepper);
        }
        stepper.checkpoint().unwrap();
        let rows = wait(log.scan(change_prefix(app, user_no), None, 100)).unwrap();
        assert_eq!(rows.len(), 2, "one for each key");
    }
}
