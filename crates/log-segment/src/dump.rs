//! Reads the segments of a data folder, and changes nothing: also beside a running server, up to the last whole batch,
//! which is synced before it is read.

use crate::codec::{self, Fault};
use crate::disk::Disk;
use crate::folder;
use crate::os_disk::OsDisk;
use crate::reader::{Next, Raw, Reader};
use crate::segment::{self, HEADER_BYTES, Location, SegmentHeader, Segments, Start};
use crate::state::disk_error;
use crate::walk::{Step, Walk};
use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;
use stonechat_log::record::{EventHeader, StoredBody};
use stonechat_log::store::LogError;
use stonechat_types::number::LanePosition;

/// The segments of a data folder.
pub struct Dump {
    segments: Segments,
    end: DumpEnd,
}

/// Where a dump ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DumpEnd {
    /// The last record that is read.
    pub upto: LanePosition,
    /// Records after it, of a batch that is not whole.
    pub pending: u64,
    /// Whether a torn batch follows.
    pub torn: bool,
}

/// One record as a dump has it.
#[derive(Clone, Debug)]
pub struct DumpRecord {
    /// Its position.
    pub position: LanePosition,
    /// Number of its batch.
    pub batch: u64,
    /// Number of its segment.
    pub segment: u32,
    /// Where it begins in the segment.
    pub offset: u32,
    /// Its bytes.
    pub length: u32,
    /// The clear part of its event.
    pub event: Option<EventHeader>,
    /// The sealed body of its event, or why there is none.
    pub body: Option<StoredBody>,
    /// How many rows it writes; `None` when they are damaged.
    pub rows: Option<usize>,
    /// How many personal changes it has.
    pub personal: usize,
    pub(crate) chain: u32,
    pub(crate) checksum: u32,
    pub(crate) last: bool,
}

impl DumpRecord {
    fn new(raw: &Raw) -> Self {
        let header = &raw.header;
        let rows = if raw.rows_intact { codec::decode_rows(&raw.rows, header.personal.len()) } else { None };
        Self {
            position: header.position,
            batch: header.batch,
            segment: raw.location.segment,
            offset: raw.location.offset,
            length: raw.length,
            event: header.event.clone(),
            body: header.event.as_ref().map(|_| raw.body()),
            rows: rows.map(|(rows, _)| rows.len()),
            personal: header.personal.len(),
            chain: header.chain,
            checksum: header.checksum,
            last: header.last,
        }
    }
}

impl Dump {
    /// Opens a data folder to read.
    ///
    /// # Errors
    /// When it is no store of ours, of a later version, or cannot be read.
    pub fn open(data_folder: &Path) -> Result<Self, LogError> {
        Self::open_at(Arc::new(OsDisk::read_only(data_folder)), &data_folder.display())
    }

    /// Opens any disk to read.
    ///
    /// # Errors
    /// As [`Dump::open`].
    pub fn open_on(disk: Arc<dyn Disk>) -> Result<Self, LogError> {
        Self::open_at(disk, &"this folder")
    }

    fn open_at(disk: Arc<dyn Disk>, place: &dyn Display) -> Result<Self, LogError> {
        let history_id = folder::history_id(&*disk)?;
        let history_id = history_id.ok_or_else(|| LogError::Io(format!("there is no store in {place}")))?;
        let alone = disk.lock(folder::LOCK_FILE).is_ok();
        let segments = Segments::new(disk.clone());
        let names = disk.list(segment::FOLDER).map_err(|error| disk_error("list the segments", &error))?;
        for number in names.iter().filter_map(|name| segment::number_of(name)) {
            let file = disk.open(&segment::path(number)).map_err(|error| disk_error("open a segment", &error))?;
            match SegmentHeader::read(number, &*file)? {
                Start::Header(header) if header.history_id == history_id => segments.add(number, header.first),
                Start::Header(_) => return Err(LogError::Corrupt(format!("segment {number} is not of this store"))),
                Start::Spare | Start::Torn => {}
            }
        }
        let mut end = find_end(&segments)?;
        if !alone {
            // What a server has written and not yet synced becomes durable now: whoever may read a file may sync it.
            // What is being written at this moment is no torn end.
            sync(&segments).map_err(|error| disk_error("sync the segments", &error))?;
            end.torn = false;
        }
        Ok(Self { segments, end })
    }

    /// Where it ends.
    #[must_use]
    pub fn end(&self) -> DumpEnd {
        self.end
    }

    /// How many segments it has.
    #[must_use]
    pub fn segments(&self) -> usize {
        self.segments.all().len()
    }

    /// Its records from a position on.
    #[must_use]
    pub fn records(&self, from: LanePosition) -> DumpRecords<'_> {
        let from = from.max(LanePosition(1));
        DumpRecords { walk: Walk::new(&self.segments, from, Location::default()), next: from, upto: self.end.upto }
    }
}

/// Records of a dump, in order.
pub struct DumpRecords<'a> {
    walk: Walk<'a>,
    next: LanePosition,
    upto: LanePosition,
}

impl Iterator for DumpRecords<'_> {
    type Item = Result<DumpRecord, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next > self.upto {
            return None;
        }
        match self.walk.next() {
            Ok(Step::Record(raw)) => {
                self.next = raw.header.position.next();
                Some(Ok(DumpRecord::new(&raw)))
            }
            Ok(Step::End(end)) => {
                self.next = self.upto.next();
                let place = format!("segment {}, byte {}", end.at.segment, end.at.offset);
                Some(Err(LogError::Corrupt(format!("{place}: the record that should be here cannot be read"))))
            }
            Err(error) => {
                self.next = self.upto.next();
                Some(Err(error))
            }
        }
    }
}

/// Makes the last segment durable. A segment is begun when all before it is synced.
fn sync(segments: &Segments) -> std::io::Result<()> {
    segments.all().last().map_or(Ok(()), |(number, _)| segments.file(*number)?.sync())
}

/// Finds the end in the last segment.
fn find_end(segments: &Segments) -> Result<DumpEnd, LogError> {
    let Some((number, first)) = segments.all().last().copied() else { return Ok(DumpEnd::default()) };
    let mut reader = Reader::new(segments, Location { segment: number, offset: HEADER_BYTES as u32 })?;
    let before = LanePosition(first.0.saturating_sub(1));
    let (mut synced, mut whole, mut last) = (before, before, before);
    let (mut intact, mut damaged) = (true, None);
    let mut chain = None;
    let torn = loop {
        let raw = match reader.next()? {
            Next::Record(raw) if raw.header.position == last.next() => raw,
            Next::Record(_) => break true,
            Next::End(Fault::Newer(version)) => {
                return Err(LogError::Corrupt(format!("a record of version {version}: run a newer server")));
            }
            Next::End(Fault::Short(_)) => break false,
            Next::End(Fault::NoHeader) => break !reader.is_blank()?,
        };
        if chain.is_some_and(|chain| raw.header.chain != chain) {
            break true;
        }
        chain = Some(raw.header.checksum);
        synced = synced.max(raw.header.synced);
        whole = whole.max(synced);
        last = raw.header.position;
        intact &= raw.rows_intact && raw.sealed_intact;
        // A damaged batch is a torn end, unless a later one says that it was synced.
        damaged = damaged.filter(|damaged| *damaged > synced);
        if raw.header.last {
            match damaged {
                None if intact => whole = last,
                None => damaged = Some(last),
                Some(_) => {}
            }
            intact = true;
        }
    };
    let upto = whole.max(synced);
    Ok(DumpEnd { upto, pending: last.0.saturating_sub(upto.0), torn: torn || last > whole })
}
