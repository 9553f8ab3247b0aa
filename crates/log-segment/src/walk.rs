//! Reads records of the lane one after another, across segments.

use crate::codec::Fault;
use crate::reader::{Next, Raw, Reader};
use crate::segment::{HEADER_BYTES, Location, Segments};
use stonechat_log::store::LogError;
use stonechat_types::number::LanePosition;

/// A place in the lane from which records are read.
pub struct Walk<'a> {
    segments: &'a Segments,
    next: LanePosition,
    at: Location,
    until: Option<LanePosition>,
    reader: Option<Reader>,
}

/// What comes next in the lane.
pub enum Step {
    /// The next record.
    Record(Box<Raw>),
    /// It is not here.
    End(End),
}

/// Where the lane could not be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Where a record was looked for.
    pub at: Location,
    /// What stands there instead; `None` when it is a record of another position.
    pub fault: Option<Fault>,
}

impl<'a> Walk<'a> {
    /// Reads from position `next`, looking for it from `at` on when its segment is that of `at`, else from the start of
    /// its segment.
    #[must_use]
    pub fn new(segments: &'a Segments, next: LanePosition, at: Location) -> Self {
        Self { segments, next, at, until: None, reader: None }
    }

    /// The place where the next record is looked for.
    #[must_use]
    pub fn at(&self) -> Location {
        self.at
    }

    /// Finds the segment of the next record; whether it is another than before.
    fn find(&mut self) -> Result<bool, LogError> {
        let Some((segment, until)) = self.segments.holding(self.next) else { return Ok(false) };
        self.until = until;
        let moved = segment != self.at.segment;
        if moved {
            self.at = Location { segment, offset: HEADER_BYTES as u32 };
        }
        if moved || self.reader.is_none() {
            self.reader = Some(Reader::new(self.segments, self.at)?);
        }
        Ok(moved)
    }

    /// The next record.
    ///
    /// # Errors
    /// [`LogError::Io`] when the disk cannot be read.
    pub fn next(&mut self) -> Result<Step, LogError> {
        if self.reader.is_none() || self.until.is_some_and(|until| self.next >= until) {
            self.find()?;
        }
        loop {
            let Some(reader) = &mut self.reader else { return Ok(Step::End(End { at: self.at, fault: None })) };
            let fault = match reader.next()? {
                Next::Record(raw) if raw.header.position == self.next => {
                    self.at = reader.at();
                    self.next = self.next.next();
                    return Ok(Step::Record(raw));
                }
                Next::Record(raw) if raw.header.position < self.next => {
                    self.at = reader.at();
                    continue;
                }
                Next::Record(_) => None,
                Next::End(fault) => Some(fault),
            };
            let at = self.at;
            // A segment may have been added since the last look.
            if !self.find()? {
                return Ok(Step::End(End { at, fault }));
            }
        }
    }
}
