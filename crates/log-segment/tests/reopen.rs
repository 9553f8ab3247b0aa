//! The index on a real disk is opened again, after checkpoints that failed, while people read.

mod support;

use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use stonechat_log::contract::compare::{ALL, events};
use stonechat_log::contract::workload::{Builder, conversation};
use stonechat_log::contract::{commit, wait};
use stonechat_log::personal::value_key;
use stonechat_log::store::{Log, LogError};
use stonechat_log_segment::config::Config;
use stonechat_log_segment::engine::SegmentLog;
use stonechat_log_segment::fjall_index::FjallIndexes;
use stonechat_log_segment::index::{Index, IndexWrites, Indexes};
use stonechat_log_segment::os_disk::OsDisk;
use stonechat_types::number::{AppId, Seq, UserNo};
use support::{options, small};

/// The real index, whose checkpoints come to nothing when it is told so, after they were begun.
#[derive(Clone)]
struct Failing {
    inner: Arc<FjallIndexes>,
    failing: Arc<AtomicBool>,
    opened: Arc<AtomicUsize>,
}

struct FailingIndex(Arc<dyn Index>, Arc<AtomicBool>);

impl Indexes for Failing {
    fn open(&self) -> Result<Arc<dyn Index>, LogError> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        Ok(Arc::new(FailingIndex(self.inner.open()?, self.failing.clone())))
    }

    fn wipe(&self) -> Result<(), LogError> {
        assert_eq!(self.opened.swap(0, Ordering::SeqCst), 1, "only a new index is made anew");
        self.inner.wipe()
    }
}

impl Index for FailingIndex {
    fn ingest(&self, writes: &mut IndexWrites<'_>) -> Result<(), LogError> {
        let mut left = if self.1.load(Ordering::SeqCst) { 3 } else { usize::MAX };
        let mut writes = writes.map(|write| {
            left -= 1;
            if left == 0 { Err(LogError::StorageFull) } else { write }
        });
        self.0.ingest(&mut writes)
    }

    fn sync(&self) -> Result<(), LogError> {
        self.0.sync()
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, LogError> {
        self.0.get(key)
    }

    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<(Bytes, Bytes)>, LogError> {
        self.0.scan(prefix, from, limit)
    }

    fn last_upto(&self, prefix: &[u8], upto: &[u8]) -> Result<Option<(Bytes, Bytes)>, LogError> {
        self.0.last_upto(prefix, upto)
    }
}

/// Ends the readers, also when the test fails.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn readers_do_not_notice_that_the_index_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let indexes = Failing {
        inner: Arc::new(FjallIndexes::new(&folder.path().join("index"), 1024 * 1024)),
        failing: Arc::default(),
        opened: Arc::default(),
    };
    let disk = Arc::new(OsDisk::new(folder.path()).unwrap());
    let config = Config { segment_bytes: 1024 * 1024, checkpoint_bytes: 1024 * 1024, ..small() };
    let log = SegmentLog::open_on(disk, Arc::new(indexes.clone()), options(config)).unwrap();
    let (ended, written) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !ended.load(Ordering::SeqCst) {
                    let before = written.load(Ordering::SeqCst);
                    let found = events(&log, AppId::DEFAULT, conversation(1), Seq(0), ALL).unwrap().len();
                    assert!(found >= before, "{found} of {before}");
                    wait(log.scan(value_key(AppId::DEFAULT, UserNo(1), b""), None, 100)).unwrap();
                }
            });
        }
        let _end = End(&ended);
        let mut builder = Builder::default();
        for round in 0..30 {
            let failing = round % 3 > 0;
            indexes.failing.store(failing, Ordering::SeqCst);
            commit(&log, (0..5).map(|_| builder.message(1)).collect()).unwrap();
            written.fetch_add(5, Ordering::SeqCst);
            let expected = if failing { Err(LogError::StorageFull) } else { Ok(true) };
            assert_eq!(log.checkpoint(), expected, "round {round}");
        }
    });
    assert_eq!(indexes.opened.load(Ordering::SeqCst), 20, "once, and after each failure but the last");
    assert_eq!(events(&log, AppId::DEFAULT, conversation(1), Seq(0), ALL).unwrap().len(), 150);
}
