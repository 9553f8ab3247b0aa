//! Every bound is reached: a full disk, a full queue, a full tail, a failing index, a failing sync.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;
use stonechat_log::contract::compare::{ALL, events};
use stonechat_log::contract::workload::{Builder, conversation};
use stonechat_log::contract::{commit, wait};
use stonechat_log::personal::change_prefix;
use stonechat_log::record::{PersonalWrite, Record};
use stonechat_log::store::{Log, LogError};
use stonechat_log_segment::config::Config;
use stonechat_log_segment::engine::SegmentLog;
use stonechat_log_segment::memory_index::MemoryIndexes;
use stonechat_log_segment::sim_disk::{SimDisk, Syncs};
use stonechat_log_segment::step::{SpareStep, WriterStep};
use stonechat_types::number::{AppId, LanePosition, Seq, UserNo};
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
    assert_eq!(events(&log, AppId::DEFAULT, conversation(1), Seq(0), ALL).unwrap().len(), 1);

    disk.set_capacity(u64::MAX);
    while stepper.prepare() != SpareStep::Ready {}
    offer(&log, &answers, vec![builder.message(1)]);
    drain(&mut stepper);
    assert_eq!((last(&answers), log.head()), (Ok(()), LanePosition(2)));
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
    drain(&mut stepper);
    assert_eq!((log.queue_depth(), log.head()), (0, LanePosition(10)));
    offer(&log, &answers, vec![builder.message(1)]);
    drain(&mut stepper);
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
    stepper.checkpoint().unwrap();
    offer(&log, &answers, vec![builder.message(1)]);
    drain(&mut stepper);
    assert_eq!(last(&answers), Ok(()));
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
            stonechat_log_segment::index::Indexes::wipe(&indexes).unwrap();
        }
        assert_eq!(stepper.checkpoint(), Ok(true));
        assert_eq!(all().unwrap().len(), 41);
        send(&log, &mut stepper);
        assert_eq!(stepper.checkpoint(), Ok(true));
        assert_eq!(all().unwrap().len(), 42);
    }
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
