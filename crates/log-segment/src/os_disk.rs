//! The disk of the operating system.

use crate::disk::{Disk, DiskFile, DiskLock};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Only the server's own user reads what it stores.
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;
/// Whether a sync does what it promises. Not in a build with the feature `without-sync`, which proves that tests of power
/// cuts find such a build, and is good for nothing else.
pub const SYNCS: bool = !cfg!(feature = "without-sync");
const ZEROS: &[u8] = &[0; 256 * 1024];

/// A data folder.
pub struct OsDisk {
    root: PathBuf,
    access: Access,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    ReadWrite,
    ReadOnly,
}

impl OsDisk {
    /// The folder, which is made when it is not there.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(root: &Path) -> io::Result<Self> {
        private_folder(root)?;
        Ok(Self { root: root.to_path_buf(), access: Access::ReadWrite })
    }

    /// A folder that is only read, as beside a running server.
    #[must_use]
    pub fn read_only(root: &Path) -> Self {
        Self { root: root.to_path_buf(), access: Access::ReadOnly }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }
}

fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path)
}

impl Disk for OsDisk {
    fn create_dir(&self, path: &str) -> io::Result<()> {
        private_folder(&self.path(path))
    }

    fn create(&self, path: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(FILE_MODE).open(self.path(path))?;
        Ok(Arc::new(OsFile(file)))
    }

    fn open(&self, path: &str) -> io::Result<Arc<dyn DiskFile>> {
        let write = self.access == Access::ReadWrite;
        Ok(Arc::new(OsFile(OpenOptions::new().read(true).write(write).open(self.path(path))?)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.path(from), self.path(to))
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        std::fs::remove_file(self.path(path))
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.path(path))? {
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    fn sync_dir(&self, path: &str) -> io::Result<()> {
        let folder = File::open(self.path(path))?;
        if SYNCS { folder.sync_all() } else { Ok(()) }
    }

    fn lock(&self, path: &str) -> io::Result<Box<dyn DiskLock>> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(FILE_MODE).open(self.path(path))?;
        match file.try_lock() {
            Ok(()) => Ok(Box::new(OsLock(file))),
            Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

struct OsLock(#[expect(dead_code, reason = "the lock ends when the file is closed")] File);

impl DiskLock for OsLock {}

struct OsFile(File);

impl DiskFile for OsFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn preallocate(&self, offset: u64, bytes: u64) -> io::Result<()> {
        let end = offset + bytes;
        let mut at = offset;
        while at < end {
            let length = (end - at).min(ZEROS.len() as u64);
            self.0.write_all_at(&ZEROS[..length as usize], at)?;
            at += length;
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        if SYNCS { self.0.sync_data() } else { Ok(()) }
    }
}
