//! What the tests of the engine share.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::sync::Arc;
use std::time::Duration;
use stonechat_log::contract::workload::CountingDerive;
use stonechat_log::store::LogError;
use stonechat_log_segment::config::{Config, OnClose, OnFatal};
use stonechat_log_segment::engine::{Options, SegmentLog, Stepper};
use stonechat_log_segment::memory_index::MemoryIndexes;
use stonechat_log_segment::sim_disk::SimDisk;
use stonechat_log_segment::step::{SpareStep, WriterStep};

/// Everything is small, so that segments roll and checkpoints run.
pub fn small() -> Config {
    Config {
        segment_bytes: 32 * 1024,
        checkpoint_bytes: 24 * 1024,
        tail_bytes_max: 4 * 1024 * 1024,
        spare_pause: Duration::ZERO,
        checkpoint_pause: Duration::ZERO,
        retry_period: Duration::from_millis(20),
        on_fatal: OnFatal::Close,
        on_close: OnClose::Leave,
        ..Config::default()
    }
}

/// Options with these sizes, and a history that is always the same.
pub fn options(config: Config) -> Options<'static> {
    Options { config, derive: Arc::new(CountingDerive), entropy: &|buffer| buffer.fill(0x42) }
}

/// Opens a simulated store without threads.
pub fn stepped(disk: &SimDisk, indexes: &MemoryIndexes, config: Config) -> Result<(SegmentLog, Stepper), LogError> {
    SegmentLog::open_stepped(Arc::new(disk.clone()), Arc::new(indexes.clone()), options(config))
}

/// Commits all that waits, preparing segments when one is needed.
pub fn drain(stepper: &mut Stepper) {
    loop {
        match stepper.commit() {
            WriterStep::Answered => {}
            WriterStep::AwaitsSegment => while stepper.prepare() == SpareStep::Slice {},
            WriterStep::Idle | WriterStep::Closed => return,
        }
    }
}
