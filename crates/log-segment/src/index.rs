//! The port of the index: a sorted map on disk, written in bulk by checkpoints and never on the way to an
//! acknowledgement. Everything in it can be made again from the segments.

use bytes::Bytes;
use std::sync::Arc;
use stonechat_log::store::LogError;

/// One write of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexWrite {
    /// The key.
    pub key: Bytes,
    /// Its new value; `None` removes it.
    pub value: Option<Bytes>,
}

/// The writes of one checkpoint, in ascending order of their keys, each key once.
pub type IndexWrites<'a> = dyn Iterator<Item = Result<IndexWrite, LogError>> + 'a;

/// An open index. Reads may run beside a checkpoint.
pub trait Index: Send + Sync {
    /// Adds the writes of one checkpoint. Readers see all of them or none. A crash should keep all of them or none as
    /// well, and keeps those of the checkpoints before it; when it keeps a first part of them, that is noticed, and the
    /// index is made again.
    ///
    /// # Errors
    /// The first error among the writes, or what the index says: [`LogError::StorageFull`] when there is no room. What
    /// was in it can still be read then, but it must be opened again before the next checkpoint.
    fn ingest(&self, writes: &mut IndexWrites<'_>) -> Result<(), LogError>;

    /// Makes durable what was ingested.
    ///
    /// # Errors
    /// As [`Index::ingest`].
    fn sync(&self) -> Result<(), LogError>;

    /// Whether it works but should be opened again, since what it does in the background has ended.
    fn is_worn(&self) -> bool {
        false
    }

    /// The value of a key.
    ///
    /// # Errors
    /// What the index says.
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, LogError>;

    /// Pairs whose keys start with `prefix` and are not less than `from`, ascending, at most `limit`.
    ///
    /// # Errors
    /// What the index says.
    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<(Bytes, Bytes)>, LogError>;

    /// The last pair whose key starts with `prefix` and is not greater than `upto`.
    ///
    /// # Errors
    /// What the index says.
    fn last_upto(&self, prefix: &[u8], upto: &[u8]) -> Result<Option<(Bytes, Bytes)>, LogError>;
}

/// Where an index is kept.
pub trait Indexes: Send + Sync {
    /// Opens it, or makes an empty one.
    ///
    /// # Errors
    /// What the index says; it can be wiped then.
    fn open(&self) -> Result<Arc<dyn Index>, LogError>;

    /// Removes all of it. None is open.
    ///
    /// # Errors
    /// What the system says.
    fn wipe(&self) -> Result<(), LogError>;
}

/// The first key after all that start with `prefix`; `None` when there is none.
#[must_use]
pub fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != 0xFF)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}
