//! Power cuts while bodies are scrubbed: after every operation the power goes, and what is found is whole or says that it
//! was scrubbed; what was answered is in no file any more.

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use stonechat_log::contract::wait;
use stonechat_log::contract::workload::{Builder, conversation};
use stonechat_log::record::{Record, StoredBody};
use stonechat_log::store::{Bodies, Log as _, LogError, PageLimit};
use stonechat_log_segment::config::Config;
use stonechat_log_segment::disk::Disk as _;
use stonechat_log_segment::dump::Dump;
use stonechat_log_segment::engine::{SegmentLog, Stepper};
use stonechat_log_segment::memory_index::MemoryIndexes;
use stonechat_log_segment::sim_disk::{Crash, SimDisk, Syncs};
use stonechat_log_segment::verify::verify_dump;
use stonechat_types::number::{AppId, Seq};
use support::{drain, small, stepped};

/// The seqs that are scrubbed.
const GONE: [u64; 3] = [2, 4, 5];
const MESSAGES: u64 = 6;

fn config() -> Config {
    Config { segment_bytes: 8 * 1024, ..small() }
}

/// Writes records; whether that was answered as durable.
fn offer(log: &SegmentLog, stepper: &mut Stepper, records: Vec<Record>) -> bool {
    let durable = Arc::new(AtomicBool::new(false));
    let told = durable.clone();
    log.offer(records, Box::new(move |result| told.store(result.is_ok(), Ordering::Relaxed)));
    drain(stepper);
    durable.load(Ordering::Relaxed)
}

/// The sealed bodies of what is written, all with a text of their own.
fn records() -> Vec<(Record, Vec<u8>)> {
    let mut builder = Builder::default();
    (1..=MESSAGES)
        .map(|n| {
            let mut record = builder.message(1);
            let sealed: Vec<u8> = format!("the sealed body {n} ").repeat(20).into_bytes();
            if let Some(event) = &mut record.event {
                event.sealed = sealed.clone().into();
            }
            (record, sealed)
        })
        .collect()
}

fn scrub(log: &SegmentLog, seqs: &[u64]) -> Option<Result<(), LogError>> {
    let answer = Arc::new(Mutex::new(None));
    let told = answer.clone();
    let seqs = seqs.iter().copied().map(Seq).collect();
    let bodies = Bodies { app: AppId::DEFAULT, conversation: conversation(1), seqs };
    log.scrub(bodies, Box::new(move |result| *told.lock().unwrap() = Some(result)));
    answer.lock().unwrap().clone()
}

/// Writes, scrubs and writes again; the messages that were answered as scrubbed.
fn run(disk: &SimDisk, indexes: &MemoryIndexes) -> Vec<u64> {
    let Ok((log, mut stepper)) = stepped(disk, indexes, config()) else { return Vec::new() };
    let durable = records().into_iter().filter(|(record, _)| offer(&log, &mut stepper, vec![record.clone()])).count();
    let answer = scrub(&log, &GONE);
    let mut builder = Builder::default();
    offer(&log, &mut stepper, vec![builder.message(2)]);
    let scrubbed = GONE.into_iter().filter(|n| answer == Some(Ok(())) && *n <= durable as u64);
    scrubbed.collect()
}

fn bodies(log: &SegmentLog) -> Vec<StoredBody> {
    let limit = PageLimit { items: 99, bytes: 1 << 20 };
    let page = wait(log.events(AppId::DEFAULT, conversation(1), Seq::ZERO, Seq(99), limit)).unwrap();
    page.events.into_iter().map(|event| event.body).collect()
}

/// Whether some bytes are anywhere among the segments.
fn holds(disk: &SimDisk, bytes: &[u8]) -> bool {
    disk.list("segments").unwrap().iter().any(|name| {
        let file = disk.open(&format!("segments/{name}")).unwrap();
        let mut all = vec![0; file.size().unwrap() as usize];
        file.read_at(0, &mut all).unwrap();
        all.windows(bytes.len()).any(|window| window == bytes)
    })
}

#[test]
fn every_cut_leaves_a_body_or_the_word_that_it_was_scrubbed() {
    let disk = SimDisk::new();
    assert_eq!(run(&disk, &MemoryIndexes::new()), GONE);
    let (operations, sealed) = (disk.operations(), records());
    let mut cuts = 0;
    for operation in 0..=operations {
        for (i, crash) in Crash::ALL.into_iter().enumerate() {
            let (disk, indexes) = (SimDisk::new(), MemoryIndexes::new());
            disk.cut_power_after(operation);
            let scrubbed = run(&disk, &indexes);
            let found = disk.crashed(crash, operation * 4 + i as u64);
            let at = format!("cut after {operation} of {operations}, {crash:?}");
            let Ok((log, mut stepper)) = stepped(&found, &indexes.crashed(0), config()) else { panic!("{at}") };
            let here = bodies(&log);
            for (n, body) in (1..).zip(&here) {
                let is_whole = *body == StoredBody::Sealed(sealed[n as usize - 1].1.clone().into());
                let may_be_gone = *body == StoredBody::Scrubbed && GONE.contains(&n);
                assert!(is_whole || may_be_gone, "{at}: {n} is {body:?}");
                if scrubbed.contains(&n) {
                    assert!(!is_whole && !holds(&found, &sealed[n as usize - 1].1), "{at}: {n} is there");
                }
            }
            // Whatever the cut left of it is ended by the next try, and the log goes on.
            let mut builder = Builder::default();
            (0..here.len()).for_each(|_| drop(builder.message(1)));
            assert_eq!(scrub(&log, &GONE), Some(Ok(())), "{at}");
            offer(&log, &mut stepper, vec![builder.message(1)]);
            drop((log, stepper));
            let left = found.crashed(Crash::Dropped, 0);
            for n in GONE.into_iter().filter(|n| *n <= here.len() as u64) {
                assert!(!holds(&left, &sealed[n as usize - 1].1), "{at}: {n} is there after the second try");
            }
            let dump = Dump::open_on(Arc::new(left)).unwrap_or_else(|error| panic!("{at}: {error}"));
            let report = verify_dump(&dump).unwrap();
            assert!(report.is_clean(), "{at}: {:?}", report.described);
            assert_eq!(report.scrubbed, GONE.iter().filter(|n| **n <= here.len() as u64).count() as u64, "{at}");
            cuts += usize::from(!here.is_empty());
        }
    }
    assert!(cuts > 40, "{cuts} cuts were after the first message");
}

#[test]
fn a_sync_that_fails_in_a_scrub_ends_the_store() {
    let disk = SimDisk::new();
    let (log, mut stepper) = stepped(&disk, &MemoryIndexes::new(), config()).unwrap();
    for (record, _) in records() {
        offer(&log, &mut stepper, vec![record]);
    }
    disk.set_syncs(Syncs::FailAfter(0));
    assert_eq!(scrub(&log, &GONE), Some(Err(LogError::Closed)));
    let answer = Arc::new(Mutex::new(None));
    let told = answer.clone();
    log.offer(vec![Record::default()], Box::new(move |result| *told.lock().unwrap() = Some(result)));
    drain(&mut stepper);
    assert_eq!(*answer.lock().unwrap(), Some(Err(LogError::Closed)));
}

#[test]
fn what_a_recovery_wrote_again_leaves_no_copy_behind() {
    let (disk, indexes) = (SimDisk::new(), MemoryIndexes::new());
    let sealed = records();
    let (log, mut stepper) = stepped(&disk, &indexes, config()).unwrap();
    for (record, _) in records() {
        offer(&log, &mut stepper, vec![record]);
    }
    drop((log, stepper));
    // Nothing says that the last batch was durable: it is written again, elsewhere.
    let (log, _stepper) = stepped(&disk, &indexes, config()).unwrap();
    assert_eq!(log.recovered().rewritten, 1);
    assert_eq!(scrub(&log, &[MESSAGES]), Some(Ok(())));
    assert!(!holds(&disk, &sealed[MESSAGES as usize - 1].1), "the first copy is there");
    assert!(holds(&disk, &sealed[0].1));
}

#[test]
fn a_batch_that_was_cut_leaves_none_of_its_records_behind() {
    let mut cut = 0;
    for operation in 0..30 {
        for seed in 0..8 {
            let (disk, indexes) = (SimDisk::new(), MemoryIndexes::new());
            disk.cut_power_after(operation);
            if let Ok((log, mut stepper)) = stepped(&disk, &indexes, config()) {
                offer(&log, &mut stepper, records().into_iter().map(|(record, _)| record).collect());
            }
            let found = disk.crashed(Crash::Torn, seed);
            let before = records().iter().filter(|(_, sealed)| holds(&found, sealed)).count();
            let Ok((log, stepper)) = stepped(&found, &indexes.crashed(0), config()) else {
                panic!("{operation}, {seed}")
            };
            let kept = bodies(&log).len();
            assert!(kept == 0 || kept == MESSAGES as usize, "{operation}, {seed}: {kept} of a batch");
            drop((log, stepper));
            if kept == 0 && before > 0 {
                cut += 1;
                let left = found.crashed(Crash::Dropped, 0);
                let held: Vec<_> = records().into_iter().filter(|(_, sealed)| holds(&left, sealed)).collect();
                assert!(held.is_empty(), "{operation}, {seed}: {} records of what was cut are there", held.len());
            }
        }
    }
    assert!(cut > 0, "no cut left a part of the batch");
}
