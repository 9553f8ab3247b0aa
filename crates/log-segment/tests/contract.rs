//! The contract suite: on the real disk with fjall, and on a simulated disk that loses what was not synced.

mod support;

use std::path::Path;
use std::sync::Arc;
use stonechat_log::contract::Harness;
use stonechat_log::contract_tests;
use stonechat_log::store::{Derive, Log};
use stonechat_log_segment::config::{Config, OnClose};
use stonechat_log_segment::engine::{Options, SegmentLog};
use stonechat_log_segment::memory_index::MemoryIndexes;
use stonechat_log_segment::sim_disk::{Crash, SimDisk};
use support::{options, small};
use tempfile::TempDir;

fn open(folder: &Path, derive: Arc<dyn Derive>, config: Config) -> SegmentLog {
    SegmentLog::open(folder, Options { derive, ..options(config) }).expect("the store opens")
}

struct OnDisk {
    log: Option<SegmentLog>,
    derive: Arc<dyn Derive>,
    config: Config,
    folder: TempDir,
}

impl OnDisk {
    fn make(derive: Arc<dyn Derive>, config: Config) -> Box<dyn Harness> {
        let folder = tempfile::tempdir().expect("a folder");
        let log = Some(open(folder.path(), derive.clone(), config.clone()));
        Box::new(Self { log, derive, config, folder })
    }
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

struct Simulated {
    log: Option<SegmentLog>,
    derive: Arc<dyn Derive>,
    disk: SimDisk,
    indexes: MemoryIndexes,
    crashes: u64,
}

impl Simulated {
    fn open(&mut self) {
        let options = Options { derive: self.derive.clone(), ..options(small()) };
        let log = SegmentLog::open_on(Arc::new(self.disk.clone()), Arc::new(self.indexes.clone()), options);
        self.log = Some(log.expect("the store opens"));
    }

    fn make(derive: Arc<dyn Derive>) -> Box<dyn Harness> {
        let (disk, indexes) = (SimDisk::new(), MemoryIndexes::new());
        let mut made = Self { log: None, derive, disk, indexes, crashes: 0 };
        made.open();
        Box::new(made)
    }
}

impl Harness for Simulated {
    fn log(&self) -> &dyn Log {
        self.log.as_ref().expect("open")
    }

    fn reopen(&mut self) {
        // Everything was answered, so everything has to be there whatever the cut leaves of the rest.
        let crash = Crash::ALL[self.crashes as usize % 4];
        self.crashes += 1;
        let (disk, indexes) = (self.disk.crashed(crash, self.crashes), self.indexes.crashed(self.crashes as usize % 3));
        self.log = None;
        (self.disk, self.indexes) = (disk, indexes);
        self.open();
    }

    fn settle(&mut self) {
        self.log.as_ref().expect("open").checkpoint().expect("a checkpoint");
    }
}

contract_tests!(on_disk, |derive| OnDisk::make(derive, small()));
contract_tests!(on_disk_closed_in_order, |derive| {
    OnDisk::make(derive, Config { on_close: OnClose::Checkpoint, ..small() })
});
contract_tests!(on_simulated_disk, |derive| Simulated::make(derive));
