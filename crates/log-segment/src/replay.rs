//! Reads records again and does what their commits did.

use crate::blocks::Anchor;
use crate::checkpoint::{self, Pace};
use crate::codec;
use crate::index::Index;
use crate::segment::{Location, Segments};
use crate::tail::{Applied, Tail};
use crate::walk::{Step, Walk};
use bytes::Bytes;
use std::sync::Arc;
use stonechat_log::activity::ActivityTable;
use stonechat_log::store::{Derive, LogError, RowReader};
use stonechat_types::number::LanePosition;
use tracing::warn;

/// A tail that is being made again over an index.
pub struct Replay<'a> {
    /// The segments.
    pub segments: &'a Segments,
    /// Computes derived rows.
    pub derive: &'a dyn Derive,
    /// The index below.
    pub index: Arc<dyn Index>,
    /// The activity table.
    pub activity: &'a ActivityTable,
    /// This history.
    pub history_id: [u8; 16],
    /// Bytes of tail at which it is written to the index.
    pub checkpoint_bytes: u64,
    /// The tail.
    pub tail: Tail,
    /// Records that were found damaged.
    pub damaged: u64,
}

impl Replay<'_> {
    /// Applies all records after the end of the tail, up to a position.
    ///
    /// # Errors
    /// When a record cannot be read, or the index fails.
    pub fn run(&mut self, upto: LanePosition, pace: Pace<'_>) -> Result<(), LogError> {
        let start = self.tail.active.end;
        let mut walk = Walk::new(self.segments, start.position.next(), start.next);
        let mut end = start;
        while end.position < upto {
            let raw = match walk.next()? {
                Step::Record(raw) => raw,
                Step::End(end) => {
                    let Location { segment, offset } = end.at;
                    return Err(LogError::Corrupt(format!("segment {segment}, byte {offset}: the lane breaks off")));
                }
            };
            let header = &raw.header;
            if !raw.rows_intact || !raw.sealed_intact {
                self.damaged += 1;
                let Location { segment, offset } = raw.location;
                warn!(segment, offset, position = header.position.0, "A record is damaged on the disk");
            }
            // What follows from the header stands even when the rows are damaged.
            let derived = match &header.event {
                Some(event) => self.derive.derive(event, &*self)?,
                None => Vec::new(),
            };
            let rows = if raw.rows_intact { codec::decode_rows(&raw.rows, header.personal.len()) } else { None };
            let (rows, personal) = rows.unwrap_or_default();
            self.tail.apply(&Applied {
                position: header.position,
                location: raw.location,
                length: raw.length,
                event: header.event.as_ref(),
                rows: &rows,
                personal: &personal,
                numbers: &header.personal,
                derived: &derived,
            });
            if let Some(event) = &header.event {
                self.activity.apply(event, header.position);
            }
            end = Anchor { position: header.position, next: walk.at(), chain: header.checksum, batch: header.batch };
            self.tail.active.end = end;
            if header.last && self.tail.active.bytes >= self.checkpoint_bytes {
                self.checkpoint(pace)?;
            }
        }
        Ok(())
    }

    /// Writes the tail to the index.
    ///
    /// # Errors
    /// When the index fails.
    pub fn checkpoint(&mut self, pace: Pace<'_>) -> Result<(), LogError> {
        let Some(frozen) = self.tail.freeze() else { return Ok(()) };
        checkpoint::write(&frozen, &*self.index, self.activity, self.history_id, pace)?;
        self.tail.thaw(frozen.end);
        Ok(())
    }
}

impl RowReader for Replay<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, LogError> {
        let state = self.tail.row(key).unwrap_or_default();
        let below = if state.is_whole() { None } else { self.index.get(key)? };
        state.resolve(&Bytes::copy_from_slice(key), below)
    }
}
