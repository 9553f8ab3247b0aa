//! The port of the disk. All files of a store lie in one data folder; paths are relative to it, with `/`.

use std::io;
use std::sync::Arc;

/// The files of one data folder.
pub trait Disk: Send + Sync {
    /// Makes a folder, if it is not there.
    ///
    /// # Errors
    /// What the system says.
    fn create_dir(&self, path: &str) -> io::Result<()>;

    /// Makes a new, empty file. Its name is durable after [`Disk::sync_dir`].
    ///
    /// # Errors
    /// `AlreadyExists` when there is one, or what the system says.
    fn create(&self, path: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Opens a file that is there.
    ///
    /// # Errors
    /// `NotFound` when there is none, or what the system says.
    fn open(&self, path: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Gives a file another name, in one step, replacing what had it. Durable after [`Disk::sync_dir`].
    ///
    /// # Errors
    /// What the system says.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file. Durable after [`Disk::sync_dir`].
    ///
    /// # Errors
    /// What the system says.
    fn remove(&self, path: &str) -> io::Result<()>;

    /// Names in a folder, sorted.
    ///
    /// # Errors
    /// What the system says.
    fn list(&self, path: &str) -> io::Result<Vec<String>>;

    /// Makes names of a folder durable.
    ///
    /// # Errors
    /// What the system says; nothing can be said about the names then.
    fn sync_dir(&self, path: &str) -> io::Result<()>;

    /// Takes a lock that ends with the process, or when it is dropped.
    ///
    /// # Errors
    /// `WouldBlock` when another holds it, or what the system says.
    fn lock(&self, path: &str) -> io::Result<Box<dyn DiskLock>>;

    /// Reads many places. All are announced at once, so an implementation can overlap them.
    ///
    /// # Errors
    /// As [`DiskFile::read_at`], for the first that fails.
    fn read_many(&self, reads: &mut [ReadAt]) -> io::Result<()> {
        for read in reads {
            read.file.read_at(read.offset, &mut read.buffer)?;
        }
        Ok(())
    }
}

/// A lock, held while it lives.
pub trait DiskLock: Send + Sync {}

/// One read of many.
pub struct ReadAt {
    /// From where.
    pub file: Arc<dyn DiskFile>,
    /// From which byte.
    pub offset: u64,
    /// As many bytes as this has.
    pub buffer: Vec<u8>,
}

/// One open file. Any number of threads may use it.
pub trait DiskFile: Send + Sync {
    /// Bytes in it.
    ///
    /// # Errors
    /// What the system says.
    fn size(&self) -> io::Result<u64>;

    /// Fills the whole buffer.
    ///
    /// # Errors
    /// `UnexpectedEof` when the file ends before, or what the system says.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Writes all bytes; the file grows when it must. Durable after [`DiskFile::sync`].
    ///
    /// # Errors
    /// `StorageFull` when there is no room, or what the system says.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Writes zeros, so that the blocks are there: a later write into them needs no room, and its sync no metadata.
    ///
    /// # Errors
    /// `StorageFull` when there is no room, or what the system says.
    fn preallocate(&self, offset: u64, bytes: u64) -> io::Result<()>;

    /// Makes what was written durable.
    ///
    /// # Errors
    /// What the system says; nothing can be said about the writes then, and it must not be tried again.
    fn sync(&self) -> io::Result<()>;
}
