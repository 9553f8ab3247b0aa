//! The limit beside which the server is measured: a file on the same disk, written with zeros before, to which batches
//! of the same bodies are appended with one `fdatasync` each, by one thread that does nothing else.

use crate::clock::Clock;
use crate::record::{Latencies, LongestPerSecond};
use anyhow::Context as _;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Written with zeros before the first batch; at its end writing begins at the front again.
const FILE_BYTES: u64 = 64 * 1024 * 1024;
const ZEROS_BYTES: usize = 256 * 1024;

/// What a bare file reached.
#[derive(Clone, Debug, Default)]
pub struct BareRun {
    /// Messages made durable.
    pub messages: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// From the begin of a write to the end of its flush.
    pub flush: Latencies,
    /// The longest of those, by second.
    pub flush_longest: LongestPerSecond,
}

impl BareRun {
    /// Adds another run of the same batches.
    pub fn merge(&mut self, other: &Self) {
        self.messages += other.messages;
        self.elapsed += other.elapsed;
        self.flush.merge(&other.flush);
        self.flush_longest.merge(&other.flush_longest);
    }

    /// Messages made durable in a second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        self.messages as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }
}

/// The file; it is removed at the end.
#[derive(Debug)]
pub struct BareFile {
    file: File,
    path: PathBuf,
    at: u64,
}

impl BareFile {
    /// Makes the file in a folder, and writes it full of zeros.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn create(folder: &Path) -> anyhow::Result<Self> {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = folder.join(format!("bench-bare-{}-{number}", std::process::id()));
        let file = OpenOptions::new().write(true).create_new(true).open(&path);
        let file = file.with_context(|| format!("could not make {}", path.display()))?;
        let bare = Self { file, path, at: 0 };
        let zeros = vec![0; ZEROS_BYTES];
        for slice in 0..FILE_BYTES / ZEROS_BYTES as u64 {
            bare.file.write_all_at(&zeros, slice * ZEROS_BYTES as u64).context("could not fill the bare file")?;
        }
        bare.file.sync_all().context("could not flush the bare file")?;
        Ok(bare)
    }

    /// Appends batches for a while.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn run(&mut self, batch: Batch, clock: &Clock, lasts: Duration) -> anyhow::Result<BareRun> {
        self.paced(batch, clock, lasts, Duration::ZERO)
    }

    /// Appends a batch now and then, beside a load on the same disk.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn paced(&mut self, batch: Batch, clock: &Clock, lasts: Duration, gap: Duration) -> anyhow::Result<BareRun> {
        let bytes = vec![b'x'; batch.messages * batch.body_bytes];
        let mut run = BareRun::default();
        let (started, lasts_ns) = (clock.now_ns(), lasts.as_nanos() as u64);
        let mut now = started;
        while now - started < lasts_ns {
            if self.at + bytes.len() as u64 > FILE_BYTES {
                self.at = 0;
            }
            self.file.write_all_at(&bytes, self.at).context("could not write the bare file")?;
            self.file.sync_data().context("could not flush the bare file")?;
            self.at += bytes.len() as u64;
            run.messages += batch.messages as u64;
            let done = clock.now_ns();
            run.flush.record(done - now);
            run.flush_longest.record(now - started, done - now);
            if !gap.is_zero() {
                std::thread::sleep(gap);
            }
            now = clock.now_ns();
        }
        run.elapsed = Duration::from_nanos(now - started);
        Ok(run)
    }
}

impl Drop for BareFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// What is flushed at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Messages.
    pub messages: usize,
    /// Bytes of each.
    pub body_bytes: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_flushed_and_the_file_goes_away() {
        let folder = tempfile::tempdir().unwrap();
        let mut bare = BareFile::create(folder.path()).unwrap();
        let batch = Batch { messages: 10, body_bytes: 100 };
        let run = bare.run(batch, &Clock::start(), Duration::from_millis(20)).unwrap();
        assert_eq!(run.messages, 10 * run.flush.count());
        assert!(run.messages > 0 && run.per_second() > 0.0);
        assert_eq!(std::fs::metadata(&bare.path).unwrap().len(), FILE_BYTES);
        drop(bare);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
