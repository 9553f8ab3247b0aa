//! The contract suite on the real disk with fjall. Everything is small, so that segments roll and checkpoints run.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use stonechat_log::contract::Harness;
use stonechat_log::contract_tests;
use stonechat_log::store::{Derive, Log};
use stonechat_log_segment::config::{Config, OnClose, OnFatal};
use stonechat_log_segment::engine::{Options, SegmentLog};
use tempfile::TempDir;

fn small() -> Config {
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

fn open(folder: &Path, derive: Arc<dyn Derive>, config: Config) -> SegmentLog {
    let options = Options { config, derive, entropy: &|buffer| buffer.fill(0x42) };
    SegmentLog::open(folder, options).expect("the store opens")
}

struct OnDisk {
    log: Option<SegmentLog>,
    derive: Arc<dyn Derive>,
    config: Config,
    folder: TempDir,
}

impl Harness for OnDisk {
    fn log(&self) -> &dyn Log {
        self.log.as_ref().expect("open")
    }

    fn reopen(&mut self) {
        self.log = None;
        self.log = Some(open(self.folder.path(), self.derive.clone(), self.config.clone()));
    }

    fn settle(&mut self) {
        self.log.as_ref().expect("open").checkpoint().expect("a checkpoint");
    }
}

fn make(derive: Arc<dyn Derive>, config: Config) -> Box<dyn Harness> {
    let folder = tempfile::tempdir().expect("a folder");
    let log = Some(open(folder.path(), derive.clone(), config.clone()));
    Box::new(OnDisk { log, derive, config, folder })
}

contract_tests!(segment_log_on_disk, |derive| make(derive, small()));
contract_tests!(segment_log_closed_in_order, |derive| {
    make(derive, Config { on_close: OnClose::Checkpoint, ..small() })
});
