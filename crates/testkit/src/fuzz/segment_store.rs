//! A store on a simulated disk that a script fills, damages and opens again.

use super::tape::Tape;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use stonechat_log::contract::wait;
use stonechat_log::contract::workload::{Builder, CountingDerive, Random};
use stonechat_log::record::{Event, EventHeader, Record, StoredBody};
use stonechat_log::store::{Log as _, LogError, PageLimit};
use stonechat_log_segment::config::{Config, OnClose, OnFatal};
use stonechat_log_segment::disk::Disk as _;
use stonechat_log_segment::dump::Dump;
use stonechat_log_segment::engine::{Options, SegmentLog, Stepper};
use stonechat_log_segment::memory_index::MemoryIndexes;
use stonechat_log_segment::segment;
use stonechat_log_segment::sim_disk::{SECTOR, SimDisk};
use stonechat_log_segment::step::{SpareStep, WriterStep};
use stonechat_log_segment::verify::verify_dump;
use stonechat_types::id::ConversationId;
use stonechat_types::number::{AppId, LanePosition, Seq};

/// The history of every store here.
pub(super) const HISTORY: [u8; 16] = [0x42; 16];

/// Steps of a step machine at most: past them it does not move on.
const STEPS_MAX: usize = 10_000;

fn config() -> Config {
    Config {
        segment_bytes: 8 * 1024,
        checkpoint_bytes: 6 * 1024,
        tail_bytes_max: 1024 * 1024,
        spare_pause: Duration::ZERO,
        checkpoint_pause: Duration::ZERO,
        retry_period: Duration::from_millis(20),
        on_fatal: OnFatal::Close,
        on_close: OnClose::Leave,
        ..Config::default()
    }
}

fn open(disk: &SimDisk, indexes: &MemoryIndexes) -> Result<(SegmentLog, Stepper), LogError> {
    let options = Options { config: config(), derive: Arc::new(CountingDerive), entropy: &|buffer| buffer.fill(0x42) };
    SegmentLog::open_stepped(Arc::new(disk.clone()), Arc::new(indexes.clone()), options)
}

/// Makes a disk a store of [`HISTORY`].
pub(super) fn make_format(disk: &SimDisk) {
    let history: String = HISTORY.iter().map(|byte| format!("{byte:02x}")).collect();
    put(disk, "format", format!("stonechat-store 1\nhistory {history}\n").as_bytes());
}

/// Makes a file, durably.
pub(super) fn put(disk: &SimDisk, path: &str, bytes: &[u8]) {
    let made = disk.create(path).and_then(|file| {
        file.write_at(0, bytes)?;
        file.sync()
    });
    made.and_then(|()| disk.sync_dir("")).expect("a simulated disk without faults takes all");
}

/// Reads a store in every way. Nothing is known of what it holds.
pub(super) fn look_at(disk: &SimDisk) {
    match Dump::open_on(Arc::new(disk.clone())) {
        Ok(dump) => {
            let records = dump.records(LanePosition(0)).take(STEPS_MAX).count() as u64;
            let report = verify_dump(&dump);
            assert!(records <= dump.end().upto.0 + 1, "{records} records up to {}", dump.end().upto);
            if let Ok(report) = report {
                assert!(report.is_clean() == report.described.is_empty());
            }
        }
        Err(error) => is_told(&error),
    }
    match open(disk, &MemoryIndexes::new()) {
        Ok((log, mut stepper)) => {
            let head = log.head();
            log.offer(vec![Record::default()], Box::new(|_| {}));
            drain(&mut stepper);
            assert!(log.head() >= head, "the head went back");
        }
        Err(error) => is_told(&error),
    }
}

fn is_told(error: &LogError) {
    assert!(matches!(error, LogError::Corrupt(text) | LogError::Io(text) if !text.is_empty()), "{error:?}");
}

fn drain(stepper: &mut Stepper) {
    for _ in 0..STEPS_MAX {
        match stepper.commit() {
            WriterStep::Answered => {}
            WriterStep::AwaitsSegment => {
                for _ in 0..STEPS_MAX {
                    match stepper.prepare() {
                        SpareStep::Slice => {}
                        SpareStep::Ready | SpareStep::Nothing => break,
                        SpareStep::Trouble => return,
                    }
                }
            }
            WriterStep::Idle | WriterStep::Closed => return,
        }
    }
    panic!("the committer does not come to an end");
}

/// What was committed.
#[derive(Default)]
struct Written {
    /// Events by the position of their records.
    events: BTreeMap<u64, (EventHeader, Bytes)>,
    head: u64,
    /// The last position of the batch before the last, which the last says to be durable.
    known_durable: u64,
}

impl Written {
    fn of(&self, app: AppId, conversation: ConversationId, upto: u64) -> Vec<&(EventHeader, Bytes)> {
        let events = self.events.range(..=upto).map(|(_, event)| event);
        events.filter(|(header, _)| header.app == app && header.conversation == conversation).collect()
    }
}

/// How the disk was hurt.
#[derive(Clone, Copy, PartialEq)]
enum Damage {
    None,
    /// Bits of one byte.
    OneByte,
    More,
}

/// Fills a store by a script, hurts it, and opens it again.
pub(super) fn damaged(tape: &mut Tape<'_>) {
    let disk = SimDisk::new();
    let indexes = MemoryIndexes::new();
    let written = fill(tape, &disk, &indexes);
    let indexes = if tape.below(2) == 0 { indexes } else { MemoryIndexes::new() };
    let damage = hurt(tape, &disk);
    dump_is_what_was_written(&disk, &written);
    let before = segments_with_content(&disk);
    match open(&disk, &indexes) {
        Ok((log, mut stepper)) => {
            let head = log.head().0;
            assert!(head <= written.head, "records that nobody wrote");
            match damage {
                Damage::None => assert_eq!(head, written.head, "nothing was damaged"),
                Damage::OneByte => assert!(head >= written.known_durable, "a rotten byte loses what was durable"),
                Damage::More => {}
            }
            events_are_what_was_written(&log, &written, head, damage);
            log.offer(vec![Record::default()], Box::new(|result| assert!(result.is_ok(), "it goes on")));
            drain(&mut stepper);
            assert_eq!(log.head().0, head + 1);
        }
        Err(error) => {
            is_told(&error);
            assert!(damage != Damage::None, "nothing was damaged: {error}");
            assert_eq!(segments_with_content(&disk), before, "it refuses to open, and has removed something");
        }
    }
}

/// Segments that hold anything but zeros.
fn segments_with_content(disk: &SimDisk) -> Vec<String> {
    let mut names = disk.list(segment::FOLDER).unwrap_or_default();
    names.retain(|name| disk.content(&format!("{}/{name}", segment::FOLDER)).iter().any(|byte| *byte != 0));
    names
}

fn fill(tape: &mut Tape<'_>, disk: &SimDisk, indexes: &MemoryIndexes) -> Written {
    let (log, mut stepper) = open(disk, indexes).expect("an empty disk becomes a store");
    let mut written = Written::default();
    let mut random = Random(u64::from(tape.u16()));
    let mut builder = Builder::default();
    for _ in 0..1 + tape.below(12) {
        let batch: Vec<Record> = (0..1 + tape.below(4)).map(|_| builder.any(&mut random)).collect();
        written.known_durable = written.head;
        for record in &batch {
            written.head += 1;
            if let Some(Event { header, sealed }) = &record.event {
                written.events.insert(written.head, (header.clone(), sealed.clone()));
            }
        }
        log.offer(batch, Box::new(|result| assert!(result.is_ok(), "{result:?}")));
        drain(&mut stepper);
        if tape.below(6) == 5 {
            stepper.checkpoint().expect("an index in memory takes all");
        }
    }
    assert_eq!(log.head().0, written.head);
    written
}

fn hurt(tape: &mut Tape<'_>, disk: &SimDisk) -> Damage {
    let names = disk.list(segment::FOLDER).unwrap_or_default();
    let paths: Vec<String> = names.iter().map(|name| format!("{}/{name}", segment::FOLDER)).collect();
    let mut damage = Damage::None;
    for _ in 0..tape.below(4) {
        let Some(path) = paths.get(tape.below(paths.len())) else { return damage };
        let content = disk.content(path);
        if content.is_empty() {
            continue;
        }
        let at = usize::from(tape.u16()) % content.len();
        match tape.below(8) {
            0..=3 => {
                let bits = tape.u8().max(1);
                disk.rot(path, at, bits);
                damage = if damage == Damage::None { Damage::OneByte } else { Damage::More };
                continue;
            }
            4 => overwrite(disk, path, at / SECTOR * SECTOR, &[0; SECTOR]),
            5 => {
                let length = tape.below(64);
                overwrite(disk, path, at, tape.take(length));
            }
            6 => {
                let from = usize::from(tape.u16()) % content.len() / SECTOR * SECTOR;
                let sector = content[from..(from + SECTOR).min(content.len())].to_vec();
                overwrite(disk, path, at / SECTOR * SECTOR, &sector);
            }
            _ => {
                let gone = disk.remove(path).and_then(|()| disk.sync_dir(segment::FOLDER));
                gone.expect("a simulated disk without faults");
                if tape.below(2) == 1 {
                    put(disk, path, &content[..at]);
                }
                return Damage::More;
            }
        }
        damage = Damage::More;
    }
    damage
}

fn overwrite(disk: &SimDisk, path: &str, at: usize, bytes: &[u8]) {
    let written = disk.open(path).and_then(|file| {
        file.write_at(at as u64, bytes)?;
        file.sync()
    });
    written.expect("a simulated disk without faults takes all");
}

fn dump_is_what_was_written(disk: &SimDisk, written: &Written) {
    let dump = match Dump::open_on(Arc::new(disk.clone())) {
        Ok(dump) => dump,
        Err(error) => return is_told(&error),
    };
    for record in dump.records(LanePosition(0)) {
        let Ok(record) = record else { break };
        let original = written.events.get(&record.position.0);
        assert_eq!(record.event.as_ref(), original.map(|(header, _)| header), "at {}", record.position);
        if let (Some(StoredBody::Sealed(body)), Some((_, sealed))) = (&record.body, original) {
            assert_eq!(body, sealed, "the body at {}", record.position);
        }
    }
    if let Ok(report) = verify_dump(&dump) {
        assert!(report.records <= written.head && report.events <= written.events.len() as u64);
    }
}

/// Every event up to the head is there, once, with its body or the word that it is damaged.
fn events_are_what_was_written(log: &SegmentLog, written: &Written, head: u64, damage: Damage) {
    let all = PageLimit { items: 10_000, bytes: usize::MAX };
    let names: std::collections::BTreeSet<_> =
        written.events.values().map(|(header, _)| (header.app, header.conversation)).collect();
    let mut corrupt = 0;
    for (app, conversation) in names {
        let expected = written.of(app, conversation, head);
        let page = match wait(log.events(app, conversation, Seq(0), Seq(u64::MAX), all)) {
            Ok(page) => page,
            Err(error) => {
                is_told(&error);
                assert!(damage != Damage::None, "nothing was damaged: {error}");
                continue;
            }
        };
        assert!(page.events.len() <= expected.len(), "more events than were written");
        if damage != Damage::More {
            assert_eq!(page.events.len(), expected.len(), "an event is missing, and nobody says so");
        }
        for event in &page.events {
            let original = expected.iter().find(|(header, _)| header.seq == event.header.seq);
            let Some((header, sealed)) = original else { panic!("an event that nobody wrote") };
            assert_eq!(event.header, *header);
            match &event.body {
                StoredBody::Sealed(body) => assert_eq!(body, sealed),
                StoredBody::Scrubbed => assert!(damage != Damage::None),
                StoredBody::Corrupt => corrupt += 1,
            }
        }
    }
    match damage {
        Damage::None => assert_eq!(corrupt, 0),
        Damage::OneByte => assert!(corrupt <= 1, "one byte damages one event"),
        Damage::More => {}
    }
}
