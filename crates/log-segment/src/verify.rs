//! Checks all that is stored in the segments of a data folder.

use crate::dump::Dump;
use std::collections::BTreeMap;
use std::path::Path;
use stonechat_log::record::StoredBody;
use stonechat_log::store::LogError;
use stonechat_types::id::ConversationId;
use stonechat_types::number::{AppId, LanePosition, Ordinal, Seq};

/// Problems that are described at most; all are counted.
pub const PROBLEMS_MAX: usize = 100;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Segments with a header.
    pub segments: usize,
    /// Records.
    pub records: u64,
    /// Batches.
    pub batches: u64,
    /// Events.
    pub events: u64,
    /// Bodies that were scrubbed.
    pub scrubbed: u64,
    /// Bodies that are damaged.
    pub corrupt_bodies: u64,
    /// Records whose rows are damaged.
    pub corrupt_rows: u64,
    /// Conversations.
    pub conversations: usize,
    /// Up to where was read.
    pub upto: LanePosition,
    /// Whether a torn batch follows, which a start will cut.
    pub torn_tail: bool,
    /// Number of problems.
    pub problems: u64,
    /// The first of them, in words.
    pub described: Vec<String>,
}

impl Report {
    /// Whether nothing is wrong. A torn tail is not: it was never answered.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.problems == 0
    }

    fn problem(&mut self, text: String) {
        self.problems += 1;
        if self.described.len() < PROBLEMS_MAX {
            self.described.push(text);
        }
    }
}

/// Checks a data folder, also beside a running server.
///
/// # Errors
/// When it is no store of ours, of a later version, or cannot be read.
pub fn verify(data_folder: &Path) -> Result<Report, LogError> {
    verify_dump(&Dump::open(data_folder)?)
}

/// Checks an open dump.
///
/// # Errors
/// When the disk cannot be read.
pub fn verify_dump(dump: &Dump) -> Result<Report, LogError> {
    let end = dump.end();
    let mut report = Report { segments: dump.segments(), upto: end.upto, torn_tail: end.torn, ..Report::default() };
    let mut heads: BTreeMap<(AppId, ConversationId), (Seq, Ordinal)> = BTreeMap::new();
    let (mut chain, mut batch, mut is_open) = (0, 0_u64, false);
    for record in dump.records(LanePosition(1)) {
        let record = match record {
            Ok(record) => record,
            Err(LogError::Corrupt(text)) => {
                report.problem(text);
                break;
            }
            Err(error) => return Err(error),
        };
        let place = format!("segment {}, byte {}", record.segment, record.offset);
        if record.chain != chain {
            report.problem(format!("{place}: the chain of headers does not hold"));
        }
        let expected_batch = if is_open { batch } else { batch.wrapping_add(1) };
        if record.batch != expected_batch {
            report.problem(format!("{place}: batch {} instead of {expected_batch}", record.batch));
        }
        (chain, batch, is_open) = (record.checksum, record.batch, !record.last);
        report.records += 1;
        report.batches += u64::from(record.last);
        if record.rows.is_none() {
            report.corrupt_rows += 1;
            report.problem(format!("{place}: the rows are damaged"));
        }
        match record.body {
            Some(StoredBody::Corrupt) => {
                report.corrupt_bodies += 1;
                report.problem(format!("{place}: the body is damaged"));
            }
            Some(StoredBody::Scrubbed) => report.scrubbed += 1,
            Some(StoredBody::Sealed(_)) | None => {}
        }
        let Some(event) = record.event else { continue };
        report.events += 1;
        let (seq, ordinal) = heads.entry((event.app, event.conversation)).or_default();
        // A damaged number may be the last there is.
        let expected = Ordinal(ordinal.0.wrapping_add(u64::from(event.kind.countable())));
        if event.seq.0 != seq.0.wrapping_add(1) {
            report.problem(format!("{place}: {} has seq {} after {seq}", event.conversation, event.seq));
        }
        if event.ordinal != expected {
            report.problem(format!("{place}: {} has ordinal {} after {ordinal}", event.conversation, event.ordinal));
        }
        (*seq, *ordinal) = (event.seq, event.ordinal);
    }
    report.conversations = heads.len();
    Ok(report)
}
