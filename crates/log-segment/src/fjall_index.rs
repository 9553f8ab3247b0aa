//! The index on fjall: one keyspace, written only by ingestion, so it has no journal to replay and one checkpoint is
//! one step of its version: seen and kept whole or not at all, and durable when it returns.

use crate::index::{Index, IndexWrites, Indexes, after_prefix};
use crate::os_disk::SYNCS;
use crate::state::disk_error;
use bytes::Bytes;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stonechat_log::store::LogError;

const KEYSPACE: &str = "index";
/// The least that fjall takes; nothing is ever written to it.
const JOURNAL_BYTES_MAX: u64 = 64 * 1024 * 1024;
const WORKERS: usize = 1;

/// An index in a folder.
pub struct FjallIndexes {
    folder: PathBuf,
    cache_bytes: u64,
}

impl FjallIndexes {
    /// The folder, and how many bytes of it may be cached.
    #[must_use]
    pub fn new(folder: &Path, cache_bytes: u64) -> Self {
        Self { folder: folder.to_path_buf(), cache_bytes }
    }
}

impl Indexes for FjallIndexes {
    fn open(&self) -> Result<Arc<dyn Index>, LogError> {
        let database = Database::builder(&self.folder)
            .cache_size(self.cache_bytes)
            .max_journaling_size(JOURNAL_BYTES_MAX)
            .manual_journal_persist(true)
            .worker_threads(WORKERS)
            .open()
            .map_err(refused)?;
        let rows = database.keyspace(KEYSPACE, KeyspaceCreateOptions::default).map_err(refused)?;
        sync_folders(&self.folder).map_err(|error| disk_error("sync the folders of the index", &error))?;
        Ok(Arc::new(FjallIndex { rows, database }))
    }

    fn wipe(&self) -> Result<(), LogError> {
        match std::fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(LogError::Io(format!("index: {error}"))),
            _ => Ok(()),
        }
    }
}

/// Makes the names of all folders of an index durable, its own included. fjall syncs what is in a new folder and not the
/// folder above it; an index whose folder is lost has to be made again from all segments.
fn sync_folders(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    folder.parent().filter(|_| SYNCS).map_or(Ok(()), |above| File::open(above)?.sync_all())
}

struct FjallIndex {
    rows: Keyspace,
    database: Database,
}

fn refused(error: fjall::Error) -> LogError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(error) = cause {
        if let Some(system) = error.downcast_ref::<io::Error>() {
            return disk_error("index", system);
        }
        cause = error.source();
    }
    LogError::Io(format!("index: {error}"))
}

fn pair(guard: fjall::Guard) -> Result<(Bytes, Bytes), LogError> {
    let (key, value) = guard.into_inner().map_err(refused)?;
    Ok((Bytes::copy_from_slice(&key), Bytes::copy_from_slice(&value)))
}

impl Index for FjallIndex {
    fn ingest(&self, writes: &mut IndexWrites<'_>) -> Result<(), LogError> {
        let mut ingestion = self.rows.start_ingestion().map_err(refused)?;
        for write in writes {
            let write = write?;
            match write.value {
                Some(value) => ingestion.write(&write.key[..], &value[..]).map_err(refused)?,
                None => ingestion.write_tombstone(&write.key[..]).map_err(refused)?,
            }
        }
        ingestion.finish().map_err(refused)
    }

    fn sync(&self) -> Result<(), LogError> {
        // `finish` has synced the tables, the version that names them, and their folders.
        Ok(())
    }

    fn is_worn(&self) -> bool {
        // Its journal is empty, so this only asks whether its worker has met an error and ended.
        self.database.persist(PersistMode::Buffer).is_err()
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, LogError> {
        Ok(self.rows.get(key).map_err(refused)?.map(|value| Bytes::copy_from_slice(&value)))
    }

    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<(Bytes, Bytes)>, LogError> {
        let from = if from < prefix { prefix } else { from };
        let rows = match after_prefix(prefix) {
            Some(end) if end.as_slice() <= from => return Ok(Vec::new()),
            Some(end) => self.rows.range(from.to_vec()..end),
            None => self.rows.range(from..),
        };
        rows.take(limit).map(pair).collect()
    }

    fn last_upto(&self, prefix: &[u8], upto: &[u8]) -> Result<Option<(Bytes, Bytes)>, LogError> {
        if upto < prefix {
            return Ok(None);
        }
        let last = self.rows.range(prefix..=upto).next_back().map(pair).transpose()?;
        Ok(last.filter(|(key, _)| key.starts_with(prefix)))
    }
}
