//! What is logged. One test: what others log at the same time would be counted with it.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use stonechat_log::contract::workload::Builder;
use stonechat_log::store::{Log, LogError};
use stonechat_log_segment::memory_index::MemoryIndexes;
use stonechat_log_segment::sim_disk::SimDisk;
use support::{drain, small, stepped};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Counts what people who run a server are told.
#[derive(Clone, Default)]
struct Said(Arc<AtomicUsize>);

impl Said {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Subscriber for Said {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn trouble_with_checkpoints_is_said_when_it_begins_and_when_it_ends() {
    let said = Said::default();
    tracing::subscriber::with_default(said.clone(), || {
        let indexes = MemoryIndexes::new();
        let (log, mut stepper) = stepped(&SimDisk::new(), &indexes, small()).unwrap();
        let mut builder = Builder::default();
        let before = said.count();
        for _ in 0..2 {
            for refused in [true, true, true, true, false, false] {
                log.offer(vec![builder.message(1)], Box::new(|result| assert!(result.is_ok())));
                drain(&mut stepper);
                indexes.refuse(refused.then_some(LogError::StorageFull));
                assert_eq!(stepper.checkpoint().is_err(), refused);
            }
        }
        assert_eq!(said.count() - before, 4);
    });
}
