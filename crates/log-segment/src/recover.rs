//! Recovery: finds the end of the lane, makes durable what may only have been in a page cache, and makes the tail again.

use crate::blocks::{self, Anchor};
use crate::checkpoint::Pace;
use crate::codec::{self, ALIGN, Fault};
use crate::config::{Config, SPARE_SLICE_BYTES};
use crate::disk::Disk;
use crate::folder;
use crate::index::{Index, Indexes};
use crate::replay::Replay;
use crate::segment::{self, HEADER_BYTES, Location, SegmentHeader, Segments, Start};
use crate::state::{Parts, disk_error};
use crate::tail::Tail;
use crate::walk::{End, Step, Walk};
use crate::writer::ActiveSegment;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use stonechat_log::activity::{ActivityTable, CHUNK};
use stonechat_log::store::{Derive, LogError};
use stonechat_types::number::{ConversationNo, LanePosition};
use tracing::{debug, warn};

/// Bytes after a break in which a later record is looked for.
const ROT_SEARCH_BYTES: u64 = 4 * 1024 * 1024;
const RECOVERED_TMP: &str = "segments/recovered.tmp";

/// What recovery needs.
pub struct Recover<'a> {
    /// The data folder.
    pub disk: Arc<dyn Disk>,
    /// Where the index is kept.
    pub indexes: Arc<dyn Indexes>,
    /// Computes derived rows again.
    pub derive: Arc<dyn Derive>,
    /// Random bytes, for the id of a new history.
    pub entropy: &'a dyn Fn(&mut [u8]),
    /// Sizes and bounds.
    pub config: Config,
}

/// What recovery found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Records that were read again.
    pub replayed: u64,
    /// Records of batches that were not known as durable, and were written again.
    pub rewritten: u64,
    /// Whether a torn batch was cut.
    pub cut: bool,
    /// Records that are damaged.
    pub damaged: u64,
}

/// A recovered store: its parts, the segment to go on in, and what was found.
pub type Opened = (Parts, Option<ActiveSegment>, Recovered);

/// An open index, and up to where it is complete.
type Based = (Arc<dyn Index>, Anchor);

struct BatchFound {
    first: LanePosition,
    last: LanePosition,
    start: Location,
    end: Anchor,
    intact: bool,
}

struct Survey {
    batches: Vec<BatchFound>,
    durable: LanePosition,
    broken_at: Option<End>,
    /// Where a batch began whose end is not there.
    cut_at: Option<Location>,
}

impl Recover<'_> {
    /// Opens the store, or makes one.
    ///
    /// # Errors
    /// When it is in use, newer, damaged beyond what can be told apart from a loss, or the disk refuses.
    pub fn run(self) -> Result<Opened, LogError> {
        let lock = folder::lock(&*self.disk)?;
        let history_id = match folder::history_id(&*self.disk)? {
            Some(history_id) => {
                // A start before this one may have been killed before the names that are here were durable.
                let sync = self.disk.sync_dir("").and_then(|()| self.disk.sync_dir(segment::FOLDER));
                sync.map_err(|error| disk_error("make the names of the store durable", &error))?;
                history_id
            }
            None => {
                let mut history_id = [0; 16];
                (self.entropy)(&mut history_id);
                folder::create(&*self.disk, history_id)?;
                history_id
            }
        };
        let (segments, mut next_segment) = self.segments(history_id)?;
        let activity = ActivityTable::default();
        let (index, base) = self.index(&segments, history_id, &activity)?;

        let survey = survey(&segments, &base)?;
        let (kept, cut) = keep(&survey);
        refuse_rot(&segments, &survey, base.position)?;
        let rewritten = self.rewrite(&segments, &survey, kept, history_id, &mut next_segment)?;
        wipe_leftovers(&segments, &survey, kept)?;
        let head = kept.last().map_or(base.position, |batch| batch.last);

        let mut tail = Tail { base, ..Tail::default() };
        tail.active.end = base;
        let mut replay = Replay {
            segments: &segments,
            derive: &*self.derive,
            index: index.clone(),
            activity: &activity,
            history_id,
            checkpoint_bytes: self.config.checkpoint_bytes,
            tail,
            damaged: 0,
        };
        let pace = Pace { slice_bytes: self.config.checkpoint_slice_bytes, pause: &|| {} };
        replay.run(head, pace)?;
        let (tail, damaged) = (replay.tail, replay.damaged);
        let end = tail.active.end;
        let active = active_segment(&segments, &end)?;
        let found = Recovered { replayed: head.0 - base.position.0, rewritten, cut, damaged };
        debug!(head = head.0, ?found, "Recovered the log up to position {head}");
        let parts = Parts {
            config: self.config,
            segments,
            next_segment,
            tail,
            index,
            indexes: self.indexes,
            activity,
            derive: self.derive,
            history_id,
            end,
            lock,
        };
        Ok((parts, active, found))
    }

    /// Finds the segments. Spares are removed, and their numbers not used again.
    fn segments(&self, history_id: [u8; 16]) -> Result<(Segments, u32), LogError> {
        let segments = Segments::new(self.disk.clone());
        let mut next = 1;
        let names = self.disk.list(segment::FOLDER).map_err(|error| disk_error("list the segments", &error))?;
        for name in names {
            let path = format!("{}/{name}", segment::FOLDER);
            let Some(number) = segment::number_of(&name) else {
                if name.ends_with(".tmp") {
                    self.remove(&path)?;
                } else {
                    warn!(name, "There is a file among the segments that is none: {name}");
                }
                continue;
            };
            next = next.max(number + 1);
            let file = self.disk.open(&path).map_err(|error| disk_error("open a segment", &error))?;
            match SegmentHeader::read(number, &*file)? {
                Start::Header(header) if header.number == number && header.history_id == history_id => {
                    segments.add(number, header.first);
                }
                Start::Header(_) => return Err(LogError::Corrupt(format!("segment {number} is not of this store"))),
                Start::Spare => self.remove(&path)?,
                // It is of no use, and stays for whoever wants to look: only what is empty is ever removed.
                Start::Torn => warn!(number, "Segment {number} has no header and is left out"),
            }
        }
        Ok((segments, next))
    }

    fn remove(&self, path: &str) -> Result<(), LogError> {
        self.disk.remove(path).map_err(|error| disk_error("remove an unused segment", &error))
    }

    /// Opens the index and reads what it says of this history; wipes it when it says nothing.
    fn index(&self, segments: &Segments, history_id: [u8; 16], activity: &ActivityTable) -> Result<Based, LogError> {
        let read = || -> Result<Option<Based>, LogError> {
            let index = self.indexes.open()?;
            let Some(anchor) = blocks::complete_upto(&*index, history_id)? else { return Ok(None) };
            load_activity(&*index, activity)?;
            Ok(Some((index, anchor)))
        };
        let found = match read() {
            Ok(found) => found,
            Err(error) => {
                warn!(%error, "The index cannot be read; it is made again from the segments");
                None
            }
        };
        if let Some((index, anchor)) = found {
            if anchor.position > LanePosition::ZERO && !segments.all().iter().any(|(n, _)| *n == anchor.next.segment) {
                return Err(LogError::Corrupt(format!("segment {} is missing", anchor.next.segment)));
            }
            return Ok((index, anchor));
        }
        self.indexes.wipe()?;
        Ok((self.indexes.open()?, Anchor::default()))
    }

    /// Writes batches that are not known as durable to a fresh segment, so that what is served is on the disk and not
    /// only in a page cache. The segment appears whole, by its rename.
    fn rewrite(
        &self,
        segments: &Segments,
        survey: &Survey,
        kept: &[BatchFound],
        history_id: [u8; 16],
        next_segment: &mut u32,
    ) -> Result<u64, LogError> {
        let unknown: Vec<_> = kept.iter().filter(|batch| batch.last > survey.durable).collect();
        let (Some(first), Some(last)) = (unknown.first(), unknown.last()) else { return Ok(0) };
        let number = *next_segment;
        *next_segment += 1;
        let write = || -> io::Result<()> {
            let file = self.disk.create(RECOVERED_TMP)?;
            let mut at = 0;
            while at < self.config.segment_bytes {
                let slice = SPARE_SLICE_BYTES.min(self.config.segment_bytes - at);
                file.preallocate(at, slice)?;
                at += slice;
            }
            let header = SegmentHeader { number, first: first.first, history_id };
            file.write_at(0, &header.encode())?;
            let mut at = HEADER_BYTES as u64;
            for batch in &unknown {
                let mut bytes = vec![0; (batch.end.next.offset - batch.start.offset) as usize];
                segments.file(batch.start.segment)?.read_at(u64::from(batch.start.offset), &mut bytes)?;
                file.write_at(at, &bytes)?;
                at += bytes.len() as u64;
            }
            file.sync()?;
            self.disk.rename(RECOVERED_TMP, &segment::path(number))?;
            self.disk.sync_dir(segment::FOLDER)
        };
        write().map_err(|error| disk_error("make the end of the log durable", &error))?;
        segments.add(number, first.first);
        Ok(last.last.0 - first.first.0 + 1)
    }
}

/// Zeros what is left of batches that were cut or written again: nobody reads it, and what was said in them may be
/// scrubbed elsewhere. What a batch left behind the end of the log lies within its first window.
fn wipe_leftovers(segments: &Segments, survey: &Survey, kept: &[BatchFound]) -> Result<(), LogError> {
    let mut from: BTreeMap<u32, u32> = BTreeMap::new();
    let unknown = kept.iter().filter(|batch| batch.last > survey.durable);
    let cut = &survey.batches[kept.len()..];
    let places =
        unknown.chain(cut).map(|batch| batch.start).chain(survey.broken_at.map(|end| end.at)).chain(survey.cut_at);
    for place in places {
        let first = from.entry(place.segment).or_insert(place.offset);
        *first = place.offset.min(*first);
    }
    let wipe = |segment: u32, from: u32| -> io::Result<()> {
        let file = segments.file(segment)?;
        let (size, mut at, mut wiped) = (file.size()?, u64::from(from), false);
        while at < size {
            let mut window = vec![0; ROT_SEARCH_BYTES.min(size - at) as usize];
            file.read_at(at, &mut window)?;
            let Some(last) = window.iter().rposition(|byte| *byte != 0) else { break };
            file.write_at(at, &vec![0; last + 1])?;
            wiped = true;
            at += window.len() as u64;
        }
        if wiped { file.sync() } else { Ok(()) }
    };
    let known: BTreeSet<u32> = segments.all().into_iter().map(|(number, _)| number).collect();
    for (segment, from) in from.into_iter().filter(|(segment, _)| known.contains(segment)) {
        wipe(segment, from).map_err(|error| disk_error("wipe what was cut", &error))?;
    }
    Ok(())
}

fn load_activity(index: &dyn Index, activity: &ActivityTable) -> Result<(), LogError> {
    let mut from = blocks::ACTIVITY_PREFIX.to_vec();
    loop {
        let rows = index.scan(blocks::ACTIVITY_PREFIX, &from, 256)?;
        for (key, row) in &rows {
            let decoded = blocks::decode_activity_key(key).zip(blocks::decode_activity(row));
            let Some(((app, chunk), entries)) = decoded else {
                return Err(LogError::Corrupt("a row of the activity table".to_owned()));
            };
            for (i, entry) in entries.into_iter().enumerate() {
                activity.set(app, ConversationNo(chunk * CHUNK as u32 + i as u32), entry);
            }
        }
        match rows.last() {
            Some((key, _)) => from = [&key[..], &[0]].concat(),
            None => return Ok(()),
        }
    }
}

/// Reads headers after an anchor while the chain holds.
fn survey(segments: &Segments, base: &Anchor) -> Result<Survey, LogError> {
    let mut walk = Walk::new(segments, base.position.next(), base.next);
    let mut survey = Survey { batches: Vec::new(), durable: base.position, broken_at: None, cut_at: None };
    let mut end = *base;
    let mut open: Option<BatchFound> = None;
    loop {
        let raw = match walk.next()? {
            Step::Record(raw) => raw,
            Step::End(End { fault: Some(Fault::Newer(version)), at }) => {
                let place = format!("segment {}, byte {}", at.segment, at.offset);
                return Err(LogError::Corrupt(format!("{place}: a record of version {version}: run a newer server")));
            }
            Step::End(broken) => {
                survey.broken_at = Some(broken);
                survey.cut_at = open.map(|batch| batch.start);
                return Ok(survey);
            }
        };
        let header = &raw.header;
        let batch = open.as_ref().map_or(end.batch + 1, |_| end.batch);
        if header.chain != end.chain || header.batch != batch {
            survey.broken_at = Some(End { at: raw.location, fault: None });
            survey.cut_at = open.map(|batch| batch.start);
            return Ok(survey);
        }
        // A header can say so only when it was true, whatever became of the rest of its batch.
        survey.durable = survey.durable.max(header.synced);
        end = Anchor { position: header.position, next: walk.at(), chain: header.checksum, batch: header.batch };
        let found = open.get_or_insert(BatchFound {
            first: header.position,
            last: header.position,
            start: raw.location,
            end,
            intact: true,
        });
        found.intact &= raw.rows_intact && raw.sealed_intact;
        (found.last, found.end) = (header.position, end);
        if header.last {
            survey.batches.extend(open.take());
        }
    }
}

/// The batches that stay, and whether one was cut. A damaged body in a durable batch is bit rot and stays; in another
/// the batch was torn, and was never answered.
fn keep(survey: &Survey) -> (&[BatchFound], bool) {
    let torn = survey.batches.iter().position(|batch| batch.last > survey.durable && !batch.intact);
    match torn {
        Some(torn) => (&survey.batches[..torn], true),
        None => (&survey.batches, false),
    }
}

/// A break inside what is known as durable is not a torn end but damage: cutting there would lose what was answered.
fn refuse_rot(segments: &Segments, survey: &Survey, base: LanePosition) -> Result<(), LogError> {
    let whole = survey.batches.last().map_or(base, |batch| batch.last);
    let Some(End { at, .. }) = survey.broken_at else { return Ok(()) };
    let later_segment = segments.all().iter().any(|(_, first)| first.0 > whole.0 + 1);
    let rot = survey.durable > whole || later_segment || durable_after(segments, at, whole)?;
    if rot {
        let place = format!("segment {}, byte {}", at.segment, at.offset);
        return Err(LogError::Corrupt(format!("{place}: the log breaks off before its end; restore a backup")));
    }
    Ok(())
}

/// Whether a record after a break says that more than `whole` was durable.
fn durable_after(segments: &Segments, at: Location, whole: LanePosition) -> Result<bool, LogError> {
    if segments.holding(whole.next()).is_none_or(|(segment, _)| segment != at.segment) {
        return Ok(false);
    }
    let read = || -> io::Result<Vec<u8>> {
        let file = segments.file(at.segment)?;
        let length = file.size()?.saturating_sub(u64::from(at.offset)).min(ROT_SEARCH_BYTES);
        let mut bytes = vec![0; length as usize];
        file.read_at(u64::from(at.offset), &mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|error| disk_error("read a segment", &error))?;
    for start in (0..bytes.len()).step_by(ALIGN) {
        if bytes[start] != 0
            && let Ok(header) = codec::read_header(&bytes[start..])
            && header.position > whole
            && header.synced > whole
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The segment to go on in: that of the end, if none came after it and it has room.
fn active_segment(segments: &Segments, end: &Anchor) -> Result<Option<ActiveSegment>, LogError> {
    let last = segments.all().last().map(|(number, _)| *number);
    if last != Some(end.next.segment) {
        return Ok(None);
    }
    let opened = segments.file(end.next.segment).and_then(|file| Ok((file.size()?, file)));
    let (size, file) = opened.map_err(|error| disk_error("open a segment", &error))?;
    Ok(Some(ActiveSegment { number: end.next.segment, file, offset: u64::from(end.next.offset), size }))
}
