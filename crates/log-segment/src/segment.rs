//! Segments: their names, their headers, and the open files of a store.

use crate::codec::{self, ALIGN};
use crate::disk::{Disk, DiskFile};
use crate::state::disk_error;
use crc32c::crc32c;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use stonechat_log::store::LogError;
use stonechat_types::number::LanePosition;

/// The folder of the segments.
pub const FOLDER: &str = "segments";
/// Bytes of a segment before its first record.
pub const HEADER_BYTES: usize = 64;
/// Bytes of a segment without a header in which records are looked for: no first batch of usual size is larger.
const START_BYTES: usize = 4 * 1024 * 1024;
/// Segments that are kept open.
pub const OPEN_FILES_MAX: usize = 256;

const MARK: &[u8; 8] = b"STNCSEG1";
const _: () = assert!(HEADER_BYTES.is_multiple_of(ALIGN));

/// A place in the segments. Later records have larger ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// Number of the segment.
    pub segment: u32,
    /// Byte in it.
    pub offset: u32,
}

impl Location {
    /// As one number, in the same order.
    #[must_use]
    pub fn packed(self) -> u64 {
        u64::from(self.segment) << 32 | u64::from(self.offset)
    }

    /// From one number.
    #[must_use]
    pub fn unpack(packed: u64) -> Self {
        Self { segment: (packed >> 32) as u32, offset: packed as u32 }
    }
}

/// The path of a segment.
#[must_use]
pub fn path(number: u32) -> String {
    format!("{FOLDER}/{number:010}.seg")
}

/// The number in the name of a segment.
#[must_use]
pub fn number_of(name: &str) -> Option<u32> {
    name.strip_suffix(".seg")?.parse().ok()
}

/// What a segment says of itself. It is written with the first batch; until then the segment is a spare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Its number.
    pub number: u32,
    /// Position of its first record. Records of earlier segments from there on are superseded.
    pub first: LanePosition,
    /// The history it belongs to.
    pub history_id: [u8; 16],
}

impl SegmentHeader {
    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut out = [0; HEADER_BYTES];
        out[..8].copy_from_slice(MARK);
        out[8..12].copy_from_slice(&self.number.to_le_bytes());
        out[12..20].copy_from_slice(&self.first.0.to_le_bytes());
        out[20..36].copy_from_slice(&self.history_id);
        let checksum = crc32c(&out[..HEADER_BYTES - 4]);
        out[HEADER_BYTES - 4..].copy_from_slice(&checksum.to_le_bytes());
        out
    }

    /// From its bytes; `None` when they are not such a header.
    #[must_use]
    pub fn decode(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let checksum = crc32c(&bytes[..HEADER_BYTES - 4]);
        if &bytes[..8] != MARK || bytes[HEADER_BYTES - 4..] != checksum.to_le_bytes() {
            return None;
        }
        Some(Self {
            number: u32::from_le_bytes(bytes[8..12].try_into().ok()?),
            first: LanePosition(u64::from_le_bytes(bytes[12..20].try_into().ok()?)),
            history_id: bytes[20..36].try_into().ok()?,
        })
    }

    /// Reads the start of segment `number`. A header lies in one sector, which is written whole: what is neither a header
    /// nor zeros was one. Zeros with records behind them are a first batch that was torn, unless these say that it was
    /// durable.
    ///
    /// # Errors
    /// [`LogError::Corrupt`] when it has lost its header, or [`LogError::Io`].
    pub fn read(number: u32, file: &dyn DiskFile) -> Result<Start, LogError> {
        let start = read_start(file).map_err(|error| disk_error("read a segment", &error))?;
        let damaged = || LogError::Corrupt(format!("the header of segment {number} is damaged; restore a backup"));
        let Some((header, records)) = start.split_first_chunk() else {
            // Cut while it was made, unless there is something in it.
            return if start.iter().all(|byte| *byte == 0) { Ok(Start::Spare) } else { Err(damaged()) };
        };
        if let Some(header) = Self::decode(header) {
            return Ok(Start::Header(header));
        }
        if *header != [0; HEADER_BYTES] || say_they_are_durable(records) {
            return Err(damaged());
        }
        Ok(if records.iter().all(|byte| *byte == 0) { Start::Spare } else { Start::Torn })
    }
}

/// What stands at the start of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Its header.
    Header(SegmentHeader),
    /// Nothing: it was made and not used.
    Spare,
    /// No header, but pieces of a first batch that was never answered.
    Torn,
}

fn read_start(file: &dyn DiskFile) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; HEADER_BYTES.min(file.size()? as usize)];
    file.read_at(0, &mut bytes)?;
    if bytes.iter().all(|byte| *byte == 0) {
        bytes.resize(START_BYTES.min(file.size()? as usize), 0);
        file.read_at(0, &mut bytes)?;
    }
    Ok(bytes)
}

/// Whether a record says that one before it in the same segment was durable.
fn say_they_are_durable(records: &[u8]) -> bool {
    let places = (0..records.len()).step_by(ALIGN).filter(|at| records[*at] != 0);
    let mut first = None;
    places
        .filter_map(|at| codec::read_header(&records[at..]).ok())
        .any(|header| header.synced >= *first.get_or_insert(header.position))
}

/// The segments of a store that have a header, and their open files.
pub struct Segments {
    disk: Arc<dyn Disk>,
    known: RwLock<BTreeMap<u32, LanePosition>>,
    files: Mutex<BTreeMap<u32, Arc<dyn DiskFile>>>,
}

impl Segments {
    /// None known yet.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk, known: RwLock::default(), files: Mutex::default() }
    }

    /// The disk they lie on.
    #[must_use]
    pub fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// Adds a segment.
    pub fn add(&self, number: u32, first: LanePosition) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(number, first);
    }

    /// The segment that holds a position, the last of those that begin at or before it, and the position at which the
    /// next one takes over. `None` before the first.
    #[must_use]
    pub fn holding(&self, position: LanePosition) -> Option<(u32, Option<LanePosition>)> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut until = None;
        for (number, first) in known.iter().rev() {
            if *first <= position {
                return Some((*number, until));
            }
            until = Some(until.map_or(*first, |until: LanePosition| until.min(*first)));
        }
        None
    }

    /// Number and first position of each segment, in order.
    #[must_use]
    pub fn all(&self) -> Vec<(u32, LanePosition)> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().map(|(number, first)| (*number, *first)).collect()
    }

    /// The open file of a segment.
    ///
    /// # Errors
    /// What the disk says.
    pub fn file(&self, number: u32) -> io::Result<Arc<dyn DiskFile>> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = files.get(&number) {
            return Ok(file.clone());
        }
        let file = self.disk.open(&path(number))?;
        if files.len() >= OPEN_FILES_MAX {
            // The oldest is the least likely to be read.
            files.pop_first();
        }
        files.insert(number, file.clone());
        Ok(file)
    }
}
