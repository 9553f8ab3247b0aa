//! Reads records of a segment one after another, through a window.

use crate::codec::{self, FIXED_BYTES, Fault, Header};
use crate::disk::DiskFile;
use crate::segment::{Location, Segments};
use crate::state::disk_error;
use bytes::Bytes;
use std::sync::Arc;
use stonechat_log::record::{Event, FeedRecord, StoredBody, StoredEvent};
use stonechat_log::store::LogError;

/// Bytes that are read at once.
pub const WINDOW_BYTES: usize = 256 * 1024;

/// A record as it was read.
#[derive(Clone, Debug)]
pub struct Raw {
    /// Where it stands.
    pub location: Location,
    /// Its bytes in the segment.
    pub length: u32,
    /// Its header.
    pub header: Header,
    /// Its rows section.
    pub rows: Bytes,
    /// Whether that is as it was written.
    pub rows_intact: bool,
    /// Its sealed body.
    pub sealed: Bytes,
    /// Whether that is as it was written.
    pub sealed_intact: bool,
}

impl Raw {
    /// What is written over the scrub word, directly before the rows.
    pub const SCRUBBED: [u8; 4] = codec::SCRUBBED.to_le_bytes();

    /// A record from all its bytes.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn parse(location: Location, record: &Bytes) -> Result<Self, Fault> {
        let header = codec::read_header(record)?;
        let length = header.length();
        if record.len() < length {
            return Err(Fault::Short(length));
        }
        Ok(Self {
            location,
            length: length as u32,
            rows_intact: header.rows_intact(record),
            sealed_intact: header.sealed_intact(record),
            rows: record.slice(header.rows_start..header.sealed_start),
            sealed: record.slice(header.sealed_start..header.sealed_end),
            header,
        })
    }

    /// Its event, as a reader gets it.
    pub fn stored_event(&self) -> Option<StoredEvent> {
        let header = self.header.event.clone()?;
        Some(StoredEvent { position: self.header.position, header, body: self.body() })
    }

    /// Its body, or why there is none.
    pub fn body(&self) -> StoredBody {
        if self.header.scrubbed {
            StoredBody::Scrubbed
        } else if self.sealed_intact {
            StoredBody::Sealed(self.sealed.clone())
        } else {
            StoredBody::Corrupt
        }
    }

    /// The record, as a follower gets it. What is damaged is left out.
    pub fn feed_record(&self) -> FeedRecord {
        let event = self.header.event.clone().map(|header| {
            let sealed = match self.body() {
                StoredBody::Sealed(sealed) => sealed,
                StoredBody::Scrubbed | StoredBody::Corrupt => Bytes::new(),
            };
            Event { header, sealed }
        });
        let numbers = &self.header.personal;
        let rows = if self.rows_intact { codec::decode_rows(&self.rows, numbers.len()) } else { None };
        let writes = rows.map(|(_, personal)| personal).unwrap_or_default();
        let personal = writes.into_iter().zip(numbers.iter().copied()).collect();
        FeedRecord { position: self.header.position, event, personal }
    }
}

/// What comes next in a segment.
pub enum Next {
    /// A record.
    Record(Box<Raw>),
    /// No whole record stands here.
    End(Fault),
}

/// A place in a segment from which records are read.
pub struct Reader {
    file: Arc<dyn DiskFile>,
    size: u64,
    at: Location,
    window: Bytes,
    window_start: u64,
}

impl Reader {
    /// Reads from a place.
    ///
    /// # Errors
    /// [`LogError::Io`].
    pub fn new(segments: &Segments, at: Location) -> Result<Self, LogError> {
        let opened = segments.file(at.segment).and_then(|file| Ok((file.size()?, file)));
        let (size, file) = opened.map_err(|error| disk_error("open a segment", &error))?;
        Ok(Self { file, size, at, window: Bytes::new(), window_start: 0 })
    }

    /// Where the next record is looked for.
    pub fn at(&self) -> Location {
        self.at
    }

    /// Whether only zeros stand here, as far as the next window.
    ///
    /// # Errors
    /// [`LogError::Io`] when the disk cannot be read.
    pub fn is_blank(&mut self) -> Result<bool, LogError> {
        Ok(self.bytes(WINDOW_BYTES)?.iter().all(|byte| *byte == 0))
    }

    /// At least so many bytes from here, or as many as there are.
    fn bytes(&mut self, length: usize) -> Result<Bytes, LogError> {
        let offset = u64::from(self.at.offset);
        let length = (length as u64).min(self.size.saturating_sub(offset)) as usize;
        let skipped = offset.wrapping_sub(self.window_start) as usize;
        if offset < self.window_start || skipped + length > self.window.len() {
            let length = (length.max(WINDOW_BYTES) as u64).min(self.size.saturating_sub(offset)) as usize;
            let mut window = vec![0; length];
            self.file.read_at(offset, &mut window).map_err(|error| disk_error("read a segment", &error))?;
            self.window = window.into();
            self.window_start = offset;
            return Ok(self.window.clone());
        }
        Ok(self.window.slice(skipped..))
    }

    /// The next record.
    ///
    /// # Errors
    /// [`LogError::Io`] when the disk cannot be read.
    pub fn next(&mut self) -> Result<Next, LogError> {
        let mut needed = FIXED_BYTES;
        loop {
            let bytes = self.bytes(needed)?;
            match Raw::parse(self.at, &bytes) {
                Ok(raw) => {
                    self.at.offset += raw.length;
                    return Ok(Next::Record(Box::new(raw)));
                }
                Err(Fault::Short(more)) if bytes.len() < more && more > needed => needed = more,
                Err(fault) => return Ok(Next::End(fault)),
            }
        }
    }
}
