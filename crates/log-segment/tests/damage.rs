//! Damage on the disk: what is hurt is told, and nothing else is.

mod support;

use std::sync::Arc;
use stonechat_domain::kind::EventKind;
use stonechat_log::contract::compare::{ALL, events, feed};
use stonechat_log::contract::wait;
use stonechat_log::contract::workload::{Builder, CountingDerive, FAMILY_COUNTS, conversation, row_key};
use stonechat_log::memory::MemoryLog;
use stonechat_log::record::{Record, StoredBody};
use stonechat_log::row::RowWrite;
use stonechat_log::store::{Derive, Log, LogError};
use stonechat_log_segment::codec::{self, Stamp};
use stonechat_log_segment::dump::Dump;
use stonechat_log_segment::engine::SegmentLog;
use stonechat_log_segment::memory_index::MemoryIndexes;
use stonechat_log_segment::segment;
use stonechat_log_segment::sim_disk::{Crash, SimDisk};
use stonechat_log_segment::verify::{verify, verify_dump};
use stonechat_types::number::{AppId, LanePosition, Seq};
use support::{drain, small, stepped};

/// A store with messages in batches of one, each with a row.
fn store(messages: u64) -> SimDisk {
    let disk = SimDisk::new();
    let (log, mut stepper) = stepped(&disk, &MemoryIndexes::new(), small()).unwrap();
    let model = MemoryLog::new([0; 16]);
    let mut builder = Builder::default();
    for n in 1..=messages {
        let mut record = builder.event(AppId::DEFAULT, 1, EventKind::Message, format!("the body of {n:03}"));
        record.rows =
            vec![RowWrite::Put { key: row_key(0x20, &format!("{n:03}")), value: format!("row {n:03}").into() }];
        record.derived = CountingDerive.derive(&record.event.as_ref().unwrap().header, &model).unwrap();
        stonechat_log::contract::commit(&model, vec![record.clone()]).unwrap();
        log.offer(vec![record], Box::new(|result| assert!(result.is_ok())));
        drain(&mut stepper);
    }
    disk
}

fn open(disk: &SimDisk) -> Result<SegmentLog, LogError> {
    stepped(&disk.crashed(Crash::Kept, 0), &MemoryIndexes::new(), small()).map(|(log, _)| log)
}

/// Changes a byte of the first place with this text.
fn rot(disk: &SimDisk, text: &str) {
    let content = disk.content(&segment::path(1));
    let at = content.windows(text.len()).position(|window| window == text.as_bytes()).expect("the text is there");
    disk.rot(&segment::path(1), at, 4);
}

fn row(log: &SegmentLog, key: &str) -> Option<bytes::Bytes> {
    wait(log.load(vec![row_key(0x20, key)])).unwrap().pop().flatten()
}

#[test]
fn a_rotten_body_hurts_its_event_only() {
    let disk = store(10);
    rot(&disk, "the body of 004");
    let log = open(&disk).unwrap();
    assert_eq!((log.head(), log.recovered().damaged), (LanePosition(10), 1));
    let events = events(&log, AppId::DEFAULT, conversation(1), Seq(0), ALL).unwrap();
    for event in events {
        let is_corrupt = event.body == StoredBody::Corrupt;
        assert_eq!(is_corrupt, event.header.seq == Seq(4));
    }
    assert_eq!(row(&log, "004"), Some("row 004".into()));
    assert_eq!(feed(&log, 3).unwrap().len(), 10);
    let report = verify_dump(&Dump::open_on(Arc::new(disk)).unwrap()).unwrap();
    assert_eq!((report.corrupt_bodies, report.corrupt_rows, report.problems, report.records), (1, 0, 1, 10));
}

#[test]
fn rotten_rows_leave_the_event_and_what_follows_from_its_header() {
    let disk = store(10);
    rot(&disk, "row 004");
    let log = open(&disk).unwrap();
    let events = events(&log, AppId::DEFAULT, conversation(1), Seq(0), ALL).unwrap();
    assert!(events.iter().all(|event| matches!(event.body, StoredBody::Sealed(_))));
    assert_eq!((row(&log, "003"), row(&log, "004")), (Some("row 003".into()), None));
    let count = row_key(FAMILY_COUNTS, &format!("1/{}", conversation(1)));
    assert_eq!(wait(log.load(vec![count])).unwrap(), [Some(bytes::Bytes::copy_from_slice(&10u64.to_be_bytes()))]);
    assert_eq!(log.activity().get(AppId::DEFAULT, stonechat_types::number::ConversationNo(1)).ordinal.0, 10);
    let report = verify_dump(&Dump::open_on(Arc::new(disk)).unwrap()).unwrap();
    assert_eq!((report.corrupt_bodies, report.corrupt_rows, report.problems), (0, 1, 1));
}

#[test]
fn a_rotten_header_is_never_taken_for_a_torn_end() {
    for n in [1, 5, 9] {
        let disk = store(10);
        // The sender's name lies in the header: `user` and a number below seven.
        let content = disk.content(&segment::path(1));
        let name = format!("user{}", n % 7);
        let mut places = content.windows(name.len()).enumerate().filter(|(_, window)| *window == name.as_bytes());
        let (at, _) = places.nth(n / 7).unwrap();
        disk.rot(&segment::path(1), at, 1);
        match open(&disk) {
            Err(LogError::Corrupt(text)) => assert!(text.contains("restore a backup"), "{text}"),
            Err(error) => panic!("{error}"),
            Ok(log) => panic!("opened with {}", log.head()),
        }
    }
}

#[test]
fn the_last_batch_is_cut_when_it_is_torn() {
    let disk = store(10);
    rot(&disk, "the body of 010");
    let log = open(&disk).unwrap();
    assert_eq!((log.head(), log.recovered().cut), (LanePosition(9), true));
    drop(log);
    let dump = Dump::open_on(Arc::new(disk)).unwrap();
    assert_eq!((dump.end().upto, dump.end().torn), (LanePosition(9), true));
}

#[test]
fn a_record_that_is_not_of_this_chain_is_not_taken() {
    let disk = store(10);
    let last = Dump::open_on(Arc::new(disk.clone())).unwrap().records(LanePosition(10)).next().unwrap().unwrap();
    let mut bytes = Vec::new();
    let span = codec::encode(&Record::default(), &mut bytes);
    let (position, synced) = (LanePosition(11), LanePosition(9));
    let forged = Stamp { position, batch: last.batch + 1, last: true, synced, chain: 7, personal: &[] };
    codec::stamp(&mut bytes, span.header, &forged);
    use stonechat_log_segment::disk::Disk;
    let file = disk.open(&segment::path(1)).unwrap();
    file.write_at(u64::from(last.offset + last.length), &bytes).unwrap();
    assert_eq!(open(&disk).unwrap().head(), LanePosition(10));
}

#[test]
fn a_store_in_use_is_not_opened_twice_but_can_be_dumped() {
    let disk = SimDisk::new();
    let (log, mut stepper) = stepped(&disk, &MemoryIndexes::new(), small()).unwrap();
    let Err(error) = stepped(&disk, &MemoryIndexes::new(), small()) else { panic!("opened twice") };
    assert!(error.to_string().contains("in use"), "{error}");
    let mut builder = Builder::default();
    for _ in 0..3 {
        log.offer(vec![builder.message(1)], Box::new(|_| {}));
        drain(&mut stepper);
    }
    let dump = Dump::open_on(Arc::new(disk.clone())).unwrap();
    assert_eq!((dump.end().upto, dump.end().pending), (LanePosition(3), 0));
    assert_eq!(dump.records(LanePosition(1)).map(|record| record.unwrap().position.0).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(verify_dump(&dump).unwrap().is_clean());
    drop((log, stepper));
    let dump = Dump::open_on(Arc::new(disk)).unwrap();
    assert_eq!((dump.end().upto, dump.end().pending), (LanePosition(3), 0));
}

#[test]
fn a_segment_whose_header_rots_is_told_and_stays() {
    let disk = store(10);
    disk.rot(&segment::path(1), 20, 4);
    let before = disk.content(&segment::path(1));
    let names = |error: LogError| matches!(&error, LogError::Corrupt(text) if text.contains("segment 1"));
    for _ in 0..2 {
        let opened = stepped(&disk, &MemoryIndexes::new(), small()).map(|_| ());
        assert!(opened.is_err_and(names), "ten messages are gone, and nobody says so");
        assert_eq!(disk.content(&segment::path(1)), before, "a segment that holds messages is no spare");
    }
    assert!(Dump::open_on(Arc::new(disk)).map(|_| ()).is_err_and(names));
}

#[test]
fn a_segment_whose_header_is_lost_is_no_spare() {
    let disk = store(10);
    let path = segment::path(1);
    let header = disk.content(&path)[..segment::HEADER_BYTES].to_vec();
    (0..).zip(header).for_each(|(at, byte)| disk.rot(&path, at, byte));
    let before = disk.content(&path);
    let names = |error: LogError| matches!(&error, LogError::Corrupt(text) if text.contains("segment 1"));
    for _ in 0..2 {
        let opened = stepped(&disk, &MemoryIndexes::new(), small()).map(|_| ());
        assert!(opened.is_err_and(names), "its records say that they are durable");
        assert_eq!(disk.content(&path), before);
    }
    assert!(Dump::open_on(Arc::new(disk)).map(|_| ()).is_err_and(names));
}

#[test]
fn a_lost_index_is_made_again() {
    let disk = SimDisk::new();
    let indexes = MemoryIndexes::new();
    let (log, mut stepper) = stepped(&disk, &indexes, small()).unwrap();
    let mut builder = Builder::default();
    for n in 0..200 {
        log.offer(vec![builder.message(n % 3)], Box::new(|_| {}));
        drain(&mut stepper);
        if n % 50 == 49 {
            stepper.checkpoint().unwrap();
        }
    }
    let before = feed(&log, 100).unwrap();
    drop((log, stepper));
    let log = open(&disk).unwrap();
    assert_eq!(feed(&log, 100).unwrap(), before);
    assert_eq!(log.recovered().replayed, 200);
    assert_eq!(events(&log, AppId::DEFAULT, conversation(1), Seq(0), ALL).unwrap().len(), 67);
}

#[test]
fn a_folder_without_a_store_is_not_called_damaged() {
    let folder = tempfile::tempdir().unwrap();
    for folder in [folder.path().to_path_buf(), folder.path().join("nowhere")] {
        let error = verify(&folder).unwrap_err();
        assert_eq!(error, LogError::Io(format!("there is no store in {}", folder.display())));
    }
    assert!(matches!(Dump::open_on(Arc::new(SimDisk::new())).map(|_| ()), Err(LogError::Io(_))));
}
