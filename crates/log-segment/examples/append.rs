//! Durable appends of the engine against a bare file of the same bodies, batches and preallocation, in the same run,
//! alternating. `cargo run --release -p stonechat-log-segment --example append [FOLDER [BATCH]]`
#![allow(clippy::disallowed_methods, reason = "a measurement takes the time and owns its threads")]

use bytes::Bytes;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};
use stonechat_domain::kind::EventKind;
use stonechat_log::contract::workload::{Builder, Random};
use stonechat_log::record::{EventHeader, Record};
use stonechat_log::row::RowWrite;
use stonechat_log::store::{Derive, Log, LogError, RowReader};
use stonechat_log_segment::config::Config;
use stonechat_log_segment::engine::{Options, SegmentLog};
use stonechat_types::number::AppId;

/// A body of 250 bytes, its nonce and its tag.
const SEALED_BYTES: usize = 250 + 28;
/// The same with the engine's header.
const RECORD_BYTES: usize = 416;
const CONVERSATIONS: u32 = 1000;
/// Offers in flight: one is written while two are prepared.
const IN_FLIGHT: usize = 3;
const ROUNDS: usize = 7;
const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

struct Nothing;

impl Derive for Nothing {
    fn derive(&self, _: &EventHeader, _: &dyn RowReader) -> Result<Vec<RowWrite>, LogError> {
        Ok(Vec::new())
    }
}

fn open(folder: &Path, batch: usize) -> SegmentLog {
    let config = Config { batch_records_max: batch, ..Config::default() };
    let entropy = |buffer: &mut [u8]| buffer.fill(7);
    SegmentLog::open(folder, Options { config, derive: Arc::new(Nothing), entropy: &entropy }).expect("open")
}

/// Waits until the two segments that a store begins with are prepared.
fn await_segments(folder: &Path, count: usize) {
    let whole = || {
        let entries = std::fs::read_dir(folder.join("segments")).expect("segments");
        let sizes = entries.filter_map(|entry| entry.ok()?.metadata().ok()).map(|metadata| metadata.len());
        sizes.filter(|size| *size == SEGMENT_BYTES).count()
    };
    while whole() < count {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(100));
}

fn batches(builder: &mut Builder, random: &mut Random, batch: usize, count: usize) -> Vec<Vec<Record>> {
    let body: Vec<u8> = (0..SEALED_BYTES).map(|_| random.any() as u8).collect();
    let body = Bytes::from(body);
    let mut record = || {
        let n = random.below(u64::from(CONVERSATIONS)) as u32;
        builder.event(AppId::DEFAULT, n, EventKind::Message, body.clone())
    };
    (0..count).map(|_| (0..batch).map(|_| record()).collect()).collect()
}

/// Messages a second of the engine.
fn engine(log: &SegmentLog, batches: Vec<Vec<Record>>) -> f64 {
    let messages: usize = batches.iter().map(Vec::len).sum();
    let (answered, answers) = sync_channel::<Result<(), LogError>>(IN_FLIGHT);
    let start = Instant::now();
    let mut flying = 0;
    for batch in batches {
        if flying == IN_FLIGHT {
            answers.recv().expect("an answer").expect("a commit");
            flying -= 1;
        }
        while log.tail_bytes() >= Config::default().tail_bytes_max {
            std::thread::sleep(Duration::from_micros(200));
        }
        let answered = answered.clone();
        log.offer(batch, Box::new(move |result| answered.send(result.map(drop)).expect("somebody waits")));
        flying += 1;
    }
    for _ in 0..flying {
        answers.recv().expect("an answer").expect("a commit");
    }
    messages as f64 / start.elapsed().as_secs_f64()
}

fn preallocated(path: &Path, bytes: u64) -> File {
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(path).expect("create");
    let zeros = vec![0; 256 * 1024];
    for at in (0..bytes).step_by(zeros.len()) {
        file.write_all_at(&zeros, at).expect("write");
    }
    file.sync_all().expect("sync");
    file
}

/// Messages a second of a bare file.
fn bare(file: &File, record_bytes: usize, batch: usize, count: usize) -> f64 {
    let bytes = vec![0x5A; record_bytes * batch];
    let start = Instant::now();
    for n in 0..count {
        file.write_all_at(&bytes, (n * bytes.len()) as u64).expect("write");
        file.sync_data().expect("sync");
    }
    (batch * count) as f64 / start.elapsed().as_secs_f64()
}

/// The same with a thread that prepares files of a segment's size one ahead.
fn bare_sustained(folder: &Path, batch: usize, count: usize) -> f64 {
    let (ready, prepared) = sync_channel(0);
    let folder = folder.to_path_buf();
    let per_file = SEGMENT_BYTES as usize / (SEALED_BYTES * batch);
    let files = count.div_ceil(per_file);
    let preparer = std::thread::spawn(move || {
        for n in 0..files {
            let path = folder.join(format!("bare{n}"));
            let file = preallocated(&path, SEGMENT_BYTES);
            std::fs::remove_file(path).expect("remove");
            ready.send(file).expect("somebody waits");
        }
    });
    let bytes = vec![0x5A; SEALED_BYTES * batch];
    let mut file = prepared.recv().expect("a file");
    let start = Instant::now();
    for n in 0..count {
        if n > 0 && n % per_file == 0 {
            file = prepared.recv().expect("a file");
        }
        file.write_all_at(&bytes, (n % per_file * bytes.len()) as u64).expect("write");
        file.sync_data().expect("sync");
    }
    let rate = (batch * count) as f64 / start.elapsed().as_secs_f64();
    drop(prepared);
    preparer.join().expect("the preparer ends");
    rate
}

fn best(rates: &[f64]) -> f64 {
    rates.iter().copied().fold(0.0, f64::max)
}

fn median(rates: &[f64]) -> f64 {
    let mut rates = rates.to_vec();
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn main() {
    let folder = std::env::args().nth(1).map_or_else(std::env::temp_dir, Into::into);
    let folder = folder.join(format!("stonechat-append-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("folder");
    println!("One segment, prepared before, no checkpoint; medians of {ROUNDS} rounds, alternating");
    let only: Option<usize> = std::env::args().nth(2).and_then(|batch| batch.parse().ok());
    let wanted = |batch: usize| only.is_none_or(|only| only == batch);
    for (batch, count) in [(16, 2000), (128, 400), (1024, 60)].into_iter().filter(|(batch, _)| wanted(*batch)) {
        let (mut bare_rates, mut same_rates, mut engine_rates) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            for (record_bytes, rates) in [(SEALED_BYTES, &mut bare_rates), (RECORD_BYTES, &mut same_rates)] {
                let path = folder.join(format!("bare-{batch}-{round}"));
                let file = preallocated(&path, (record_bytes * batch * count) as u64);
                rates.push(bare(&file, record_bytes, batch, count));
                std::fs::remove_file(&path).expect("remove");
            }

            let store = folder.join(format!("store-{batch}-{round}"));
            let log = open(&store, batch);
            let (mut builder, mut random) = (Builder::default(), Random(round as u64));
            engine(&log, batches(&mut builder, &mut random, batch, 1));
            await_segments(&store, 2);
            let work = batches(&mut builder, &mut random, batch, count);
            engine_rates.push(engine(&log, work));
            drop(log);
            std::fs::remove_dir_all(&store).expect("remove");
        }
        report(batch, median(&bare_rates), median(&engine_rates));
        let (bodies, bytes, engine) = (best(&bare_rates), best(&same_rates), best(&engine_rates));
        let ratios = (engine / bodies, engine / bytes);
        println!("    best rounds: bodies {bodies:.0}/s, same bytes {bytes:.0}/s, engine {engine:.0}/s, {ratios:.2?}");
    }
    println!("A million messages, with rolling segments and checkpoints");
    for (batch, count) in [(128, 8_000), (1024, 1_000)].into_iter().filter(|(batch, _)| wanted(*batch)) {
        let bare = bare_sustained(&folder, batch, count);
        let store = folder.join(format!("long-{batch}"));
        let log = open(&store, batch);
        let (mut builder, mut random) = (Builder::default(), Random(1));
        engine(&log, batches(&mut builder, &mut random, batch, 1));
        await_segments(&store, 2);
        let work = batches(&mut builder, &mut random, batch, count);
        report(batch, bare, engine(&log, work));
        drop(log);
        let start = Instant::now();
        let log = open(&store, batch);
        println!("    reopened in {:?}: {:?}", start.elapsed(), log.recovered());
        drop(log);
        std::fs::remove_dir_all(&store).expect("remove");
    }
    std::fs::remove_dir_all(&folder).expect("remove");
}

fn report(batch: usize, bare: f64, engine: f64) {
    println!("  batch {batch:>4}: bare {bare:>9.0}/s, engine {engine:>9.0}/s, ratio {:.2}", engine / bare);
}
