//! How many batches there were, and how many of them left something out because they were full.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a batch was full of when it left out an offer that waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// Records.
    Records,
    /// Bytes.
    Bytes,
}

/// Batches since the store was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Batches {
    /// All of them.
    pub batches: u64,
    /// Their records.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Those that left out an offer because of its records.
    pub full_of_records: u64,
    /// Those that left out an offer because of its bytes.
    pub full_of_bytes: u64,
}

/// Counts them.
#[derive(Default)]
pub struct BatchCounters {
    batches: AtomicU64,
    records: AtomicU64,
    bytes: AtomicU64,
    full_of_records: AtomicU64,
    full_of_bytes: AtomicU64,
}

impl BatchCounters {
    /// Counts a batch.
    pub fn count(&self, records: usize, bytes: usize, full: Option<Full>) {
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.records.fetch_add(records as u64, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        match full {
            None => {}
            Some(Full::Records) => _ = self.full_of_records.fetch_add(1, Ordering::Relaxed),
            Some(Full::Bytes) => _ = self.full_of_bytes.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// How many there were.
    pub fn read(&self) -> Batches {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Batches {
            batches: read(&self.batches),
            records: read(&self.records),
            bytes: read(&self.bytes),
            full_of_records: read(&self.full_of_records),
            full_of_bytes: read(&self.full_of_bytes),
        }
    }
}
