//! An index in memory, for simulation: a crash keeps any first part of the writes since its last sync.

use crate::index::{Index, IndexWrite, IndexWrites, Indexes};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stonechat_log::store::LogError;

type Rows = BTreeMap<Bytes, Bytes>;

#[derive(Default)]
struct Kept {
    synced: Rows,
    unsynced: Vec<Vec<IndexWrite>>,
    now: Rows,
    failing: bool,
    refusing: Option<LogError>,
    opened: usize,
    writes_left: Option<u64>,
}

/// Where the index is kept: it outlives its openings, as a folder would.
#[derive(Clone, Default)]
pub struct MemoryIndexes(Arc<Mutex<Kept>>);

impl MemoryIndexes {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes that were not synced.
    #[must_use]
    pub fn unsynced(&self) -> usize {
        self.kept().unsynced.iter().map(Vec::len).sum()
    }

    /// What a crash leaves when it keeps so many of the writes that were not synced.
    #[must_use]
    pub fn crashed(&self, keep: usize) -> Self {
        let kept = self.kept();
        let mut synced = kept.synced.clone();
        for write in kept.unsynced.iter().flatten().take(keep) {
            apply(&mut synced, write);
        }
        let kept = Kept { now: synced.clone(), synced, unsynced: Vec::new(), ..Kept::default() };
        Self(Arc::new(Mutex::new(kept)))
    }

    /// From now on every use fails, or none does any more.
    pub fn fail(&self, failing: bool) {
        self.kept().failing = failing;
    }

    /// From now on checkpoints are refused while reads go on, as on a full disk; or they are taken again.
    pub fn refuse(&self, error: Option<LogError>) {
        self.kept().refusing = error;
    }

    /// After so many ingests and syncs every use fails, as when the power goes; `None` is never.
    pub fn fail_after(&self, writes: Option<u64>) {
        self.kept().writes_left = writes;
    }

    /// Whether it fails or refuses at present.
    #[must_use]
    pub fn is_faulty(&self) -> bool {
        let kept = self.kept();
        kept.failing || kept.refusing.is_some()
    }

    /// Whether it came to the end that [`MemoryIndexes::fail_after`] set.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        let kept = self.kept();
        kept.failing && kept.writes_left == Some(0)
    }

    /// How often it was opened since it was made or wiped.
    #[must_use]
    pub fn opened(&self) -> usize {
        self.kept().opened
    }

    fn writing(&self) -> Result<MutexGuard<'_, Kept>, LogError> {
        let mut kept = self.working()?;
        if let Some(left) = &mut kept.writes_left {
            match left.checked_sub(1) {
                Some(fewer) => *left = fewer,
                None => {
                    kept.failing = true;
                    return Err(LogError::Io("the index was told to fail by now".to_owned()));
                }
            }
        }
        kept.refusing.clone().map_or(Ok(kept), Err)
    }

    fn working(&self) -> Result<MutexGuard<'_, Kept>, LogError> {
        let kept = self.kept();
        if kept.failing { Err(LogError::Io("the index was told to fail".to_owned())) } else { Ok(kept) }
    }
}

fn apply(rows: &mut Rows, write: &IndexWrite) {
    match &write.value {
        Some(value) => rows.insert(write.key.clone(), value.clone()),
        None => rows.remove(&write.key),
    };
}

impl Indexes for MemoryIndexes {
    fn open(&self) -> Result<Arc<dyn Index>, LogError> {
        self.working()?.opened += 1;
        Ok(Arc::new(self.clone()))
    }

    fn wipe(&self) -> Result<(), LogError> {
        *self.working()? = Kept::default();
        Ok(())
    }
}

impl Index for MemoryIndexes {
    fn ingest(&self, writes: &mut IndexWrites<'_>) -> Result<(), LogError> {
        let writes = writes.collect::<Result<Vec<_>, _>>()?;
        assert!(writes.is_sorted_by(|a, b| a.key < b.key), "a checkpoint must write ascending keys");
        let mut kept = self.writing()?;
        writes.iter().for_each(|write| apply(&mut kept.now, write));
        kept.unsynced.push(writes);
        Ok(())
    }

    fn sync(&self) -> Result<(), LogError> {
        let mut kept = self.writing()?;
        kept.synced = kept.now.clone();
        kept.unsynced.clear();
        Ok(())
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, LogError> {
        Ok(self.working()?.now.get(key).cloned())
    }

    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<(Bytes, Bytes)>, LogError> {
        let kept = self.working()?;
        let from = if from < prefix { prefix } else { from };
        let rows = kept.now.range::<[u8], _>((Bound::Included(from), Bound::Unbounded));
        let rows = rows.take_while(|(key, _)| key.starts_with(prefix)).take(limit);
        Ok(rows.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn last_upto(&self, prefix: &[u8], upto: &[u8]) -> Result<Option<(Bytes, Bytes)>, LogError> {
        let kept = self.working()?;
        let last = kept.now.range::<[u8], _>((Bound::Unbounded, Bound::Included(upto))).next_back();
        Ok(last.filter(|(key, _)| key.starts_with(prefix)).map(|(key, value)| (key.clone(), value.clone())))
    }
}
