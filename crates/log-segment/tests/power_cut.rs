//! Power cuts, not only kills: after every operation of a run the power goes, what was not synced is kept, dropped, torn
//! or reordered, and the store that is found must have every answered record once, in order, and nothing refused.

mod support;

use std::sync::{Arc, Mutex};
use stonechat_log::contract::commit;
use stonechat_log::contract::compare::difference;
use stonechat_log::contract::workload::{Builder, CountingDerive, Random};
use stonechat_log::memory::MemoryLog;
use stonechat_log::record::Record;
use stonechat_log::row::RowWrite;
use stonechat_log::store::{Derive, Log, LogError};
use stonechat_log_segment::config::Config;
use stonechat_log_segment::engine::{SegmentLog, Stepper};
use stonechat_log_segment::memory_index::MemoryIndexes;
use stonechat_log_segment::sim_disk::{Crash, SimDisk, Syncs};
use support::{drain, small, stepped};

#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    None,
    Committed,
    Refused(LogError),
}

/// What a run offered, in order, and what it was answered.
struct History {
    /// What a store would be that answered all of them.
    model: MemoryLog,
    offers: Vec<(Vec<Record>, Arc<Mutex<Answer>>)>,
}

impl History {
    fn new() -> Self {
        Self { model: MemoryLog::new([0; 16]), offers: Vec::new() }
    }

    fn answer(&self, n: usize) -> Answer {
        self.offers[n].1.lock().unwrap().clone()
    }

    fn committed(&self) -> usize {
        (0..self.offers.len()).filter(|n| self.answer(*n) == Answer::Committed).count()
    }
}

/// Rounds of one run.
const STEPS: u64 = 20;

fn config() -> Config {
    Config { segment_bytes: 8 * 1024, checkpoint_bytes: 5 * 1024, ..small() }
}

/// Random work until its end, or until the power goes.
fn run(disk: &SimDisk, indexes: &MemoryIndexes, seed: u64) -> History {
    let mut history = History::new();
    let (mut random, mut builder) = (Random(seed), Builder::default());
    let Ok(mut store) = stepped(disk, indexes, config()) else { return history };
    for _ in 0..STEPS {
        for _ in 0..1 + random.below(3) {
            offer(&store.0, &mut history, (0..1 + random.below(4)).map(|_| builder.any(&mut random)).collect());
        }
        drain(&mut store.1);
        match random.below(10) {
            0 => {
                drop(store);
                match stepped(disk, indexes, config()) {
                    Ok(opened) => store = opened,
                    Err(_) => return history,
                }
            }
            1 | 2 => drop(store.1.checkpoint()),
            3 | 4 => drop(store.1.prepare()),
            _ => {}
        }
        if matches!(history.answer(history.offers.len() - 1), Answer::Refused(LogError::Closed)) {
            return history;
        }
    }
    history
}

fn offer(log: &SegmentLog, history: &mut History, mut records: Vec<Record>) {
    for record in &mut records {
        record.derived = derive_and_commit(&history.model, record);
    }
    let answer = Arc::new(Mutex::new(Answer::None));
    history.offers.push((records.clone(), answer.clone()));
    let done = move |result: Result<Vec<_>, LogError>| {
        *answer.lock().unwrap() = result.map_or_else(Answer::Refused, |_| Answer::Committed);
    };
    log.offer(records, Box::new(done));
}

fn derive_and_commit(model: &MemoryLog, record: &Record) -> Vec<RowWrite> {
    let mut record = record.clone();
    record.derived = match &record.event {
        Some(event) => CountingDerive.derive(&event.header, model).unwrap(),
        None => Vec::new(),
    };
    let derived = record.derived.clone();
    commit(model, vec![record]).unwrap();
    derived
}

/// What is wrong with the store that was found; `None` when nothing is.
fn violation(history: &History, disk: &SimDisk, indexes: &MemoryIndexes, dice: u64) -> Option<String> {
    let (log, stepper): (SegmentLog, Stepper) = match stepped(disk, indexes, config()) {
        Ok(opened) => opened,
        Err(error) => return Some(format!("does not open: {error}")),
    };
    let model = MemoryLog::new([0; 16]);
    for (n, (records, _)) in history.offers.iter().enumerate() {
        let is_there = match history.answer(n) {
            Answer::Committed => true,
            Answer::None | Answer::Refused(LogError::Closed) => model.head() < log.head(),
            Answer::Refused(_) => false,
        };
        for record in records.iter().filter(|_| is_there) {
            derive_and_commit(&model, record);
        }
    }
    match difference(&model, &log) {
        Ok(None) => {}
        Ok(difference) => return difference,
        Err(error) => return Some(format!("cannot be read: {error}")),
    }
    drop((log, stepper));
    // What was served once stays, whatever was known of it before.
    let crash = Crash::ALL[dice as usize / 5 % 4];
    match stepped(&disk.crashed(crash, dice), &indexes.crashed(0), config()) {
        Ok((log, _)) if log.head() == model.head() => None,
        Ok((log, _)) => Some(format!("{} were served, {} are left", model.head(), log.head())),
        Err(error) => Some(format!("does not open again: {error}")),
    }
}

/// All that is wrong after cuts at this operation, in every way.
fn cut_at(operation: u64, seed: u64, syncs: Syncs) -> Vec<String> {
    let (disk, indexes) = (SimDisk::new(), MemoryIndexes::new());
    disk.set_syncs(syncs);
    disk.cut_power_after(operation);
    let history = run(&disk, &indexes, seed);
    let mut violations = Vec::new();
    for (i, crash) in Crash::ALL.into_iter().enumerate() {
        let dice = operation * 4 + i as u64;
        let (found, index) = (disk.crashed(crash, dice), indexes.crashed(dice as usize % 3));
        // The power goes once more while the store is recovered.
        found.cut_power_after(dice % 23);
        drop(stepped(&found, &index, config()));
        let (found, index) = (found.crashed(Crash::ALL[dice as usize / 7 % 4], dice), index.crashed(dice as usize % 2));
        if let Some(violation) = violation(&history, &found, &index, dice) {
            violations.push(format!("seed {seed}, cut after {operation}, {crash:?}: {violation}"));
        }
    }
    violations
}

fn operations(seed: u64) -> u64 {
    let disk = SimDisk::new();
    let history = run(&disk, &MemoryIndexes::new(), seed);
    assert_eq!(history.committed(), history.offers.len());
    disk.operations()
}

#[test]
fn every_cut_leaves_what_was_answered() {
    for seed in 1..=2 {
        for operation in 0..=operations(seed) {
            assert_eq!(cut_at(operation, seed, Syncs::Real), Vec::<String>::new());
        }
    }
}

#[test]
fn what_a_killed_start_left_is_durable_with_the_first_answer_of_the_next() {
    for operation in 0..12 {
        let (disk, indexes) = (SimDisk::new(), MemoryIndexes::new());
        disk.cut_power_after(operation);
        drop(stepped(&disk, &indexes, config()));
        // Only the process was killed: nothing is lost, and nothing more is durable.
        let (disk, indexes) = (disk.crashed(Crash::Kept, operation), indexes.crashed(0));
        let (log, mut stepper) = stepped(&disk, &indexes, config()).unwrap();
        let mut history = History::new();
        offer(&log, &mut history, vec![Builder::default().message(1)]);
        drain(&mut stepper);
        assert_eq!(history.committed(), 1, "killed after {operation}");
        drop((log, stepper));
        let (left, indexes) = (disk.crashed(Crash::Dropped, operation), indexes.crashed(0));
        assert_eq!(violation(&history, &left, &indexes, operation), None, "killed after {operation}");
    }
}

#[test]
fn a_build_that_never_syncs_is_found() {
    let operations = operations(1);
    let found = (0..=operations).filter(|operation| !cut_at(*operation, 1, Syncs::Ignored).is_empty()).count();
    assert!(found as u64 > operations / 2, "found at {found} of {operations} cuts");
}

#[test]
fn a_failed_sync_is_never_an_answer() {
    let syncs = operations(1) / 2;
    for fail_after in 4..syncs {
        let (disk, indexes) = (SimDisk::new(), MemoryIndexes::new());
        disk.set_syncs(Syncs::FailAfter(fail_after));
        let history = run(&disk, &indexes, 1);
        for crash in Crash::ALL {
            assert_eq!(violation(&history, &disk.crashed(crash, fail_after), &indexes.crashed(0), fail_after), None);
        }
    }
}

#[test]
fn a_part_of_a_checkpoint_is_noticed_and_the_index_made_again() {
    for checkpoint in 0..3 {
        let (disk, indexes) = (SimDisk::new(), MemoryIndexes::new());
        // It is ingested, and the sync after it fails.
        indexes.fail_after(Some(2 * checkpoint + 1));
        let history = run(&disk, &indexes, 2);
        let unsynced = indexes.unsynced();
        assert!(unsynced > 10, "checkpoint {checkpoint} wrote {unsynced}");
        for keep in 0..=unsynced {
            let (found, index) = (disk.crashed(Crash::Kept, 0), indexes.crashed(keep));
            assert_eq!(violation(&history, &found, &index, 0), None, "{keep} of {unsynced} writes");
        }
    }
}
