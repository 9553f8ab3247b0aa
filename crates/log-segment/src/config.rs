//! What can be set of an engine. The defaults are for a server; tests make everything small.

use std::time::Duration;

/// Records of one batch at most.
pub const BATCH_RECORDS_MAX: usize = 1024;
/// Bytes of one batch at most, unless one offer alone is larger.
pub const BATCH_BYTES_MAX: usize = 1024 * 1024;
/// The smallest segment.
pub const SEGMENT_BYTES_MIN: u64 = 4 * 1024;
/// The largest segment: places in it have 32 bits.
pub const SEGMENT_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Bytes of a preallocation that are written and synced at once.
pub const SPARE_SLICE_BYTES: u64 = 256 * 1024;
/// Bytes of a preallocation that are synced at once while the segment in use fills faster than the next one grows.
pub const SPARE_HURRIED_BYTES: u64 = 4 * 1024 * 1024;
/// Bytes of a checkpoint after which its thread pauses, unless a [`Config`] says less.
pub const CHECKPOINT_SLICE_BYTES: usize = 1024 * 1024;

/// The longest pause between two attempts at a checkpoint.
pub const CHECKPOINT_RETRY_MAX: Duration = Duration::from_secs(30);
/// The same for what somebody waits for: a segment, or an index that could not be opened.
pub const WANTED_RETRY_MAX: Duration = Duration::from_secs(5);
/// Bytes of room that there must be before an index that can still be read is closed, to be opened again.
pub const REOPEN_ROOM_BYTES: u64 = 4 * 1024 * 1024;

/// What happens when a write or a sync of the log fails. The page cache can no longer be trusted then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFatal {
    /// The process ends; recovery finds out what is durable.
    Abort,
    /// The store closes: everything pending and everything later is answered `Closed`. For tests and tools.
    Close,
}

/// What happens to the tail when a store is closed in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnClose {
    /// It is written to the index, so that the next start replays nothing.
    Checkpoint,
    /// It is left to be replayed, as after a crash.
    Leave,
}

/// Sizes and bounds of one engine.
#[derive(Clone, Debug)]
pub struct Config {
    /// Size of a segment; also the largest batch, less its header.
    pub segment_bytes: u64,
    /// Bytes of tail at which a checkpoint starts.
    pub checkpoint_bytes: u64,
    /// Bytes of tail at which offers are answered `Overloaded`.
    pub tail_bytes_max: u64,
    /// Records of one batch at most; no more than [`BATCH_RECORDS_MAX`].
    pub batch_records_max: usize,
    /// Records that may wait for the committer.
    pub queue_records_max: usize,
    /// Bytes that may wait for the committer.
    pub queue_bytes_max: usize,
    /// Users whose last personal number is kept in memory.
    pub numbers_max: usize,
    /// The first pause between two attempts at what failed: a full disk, a broken index. Later ones are longer.
    pub retry_period: Duration,
    /// Pause between two slices of a preallocation that nobody waits for.
    pub spare_pause: Duration,
    /// Bytes of a checkpoint after which it pauses.
    pub checkpoint_slice_bytes: usize,
    /// Pause between two slices of a checkpoint.
    pub checkpoint_pause: Duration,
    /// When a write or sync of the log fails.
    pub on_fatal: OnFatal,
    /// When the store is closed in order.
    pub on_close: OnClose,
    /// Planted by the simulation, to see that it is found: after a start the last position is given again.
    #[cfg(feature = "mutants")]
    pub reuses_position: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            segment_bytes: 64 * 1024 * 1024,
            checkpoint_bytes: 32 * 1024 * 1024,
            tail_bytes_max: 64 * 1024 * 1024,
            batch_records_max: BATCH_RECORDS_MAX,
            queue_records_max: 16 * 1024,
            queue_bytes_max: 16 * 1024 * 1024,
            numbers_max: 1024 * 1024,
            retry_period: Duration::from_millis(500),
            spare_pause: Duration::from_millis(2),
            checkpoint_slice_bytes: CHECKPOINT_SLICE_BYTES,
            checkpoint_pause: Duration::from_millis(1),
            on_fatal: OnFatal::Abort,
            on_close: OnClose::Checkpoint,
            #[cfg(feature = "mutants")]
            reuses_position: false,
        }
    }
}
