//! Depths of the store, read when somebody asks.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::sync::{Arc, Weak};
use stonechat_log::store::Log as _;
use stonechat_log_segment::engine::SegmentLog;

#[derive(Debug)]
struct StoreGauges(Weak<SegmentLog>);

impl Collector for StoreGauges {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let Some(store) = self.0.upgrade() else { return Ok(()) };
        let mut gauge = |name: &str, help: &str, value: u64| {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            let encoder = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(encoder)
        };
        gauge("store_queue_records", "Records that wait for the committer", store.queue_depth() as u64)?;
        gauge("store_queue_bytes", "Bytes that wait for the committer", store.queue_bytes() as u64)?;
        gauge("store_lag_ms", "Milliseconds that offers wait since a batch was formed without them", store.lag_ms())?;
        gauge("store_tail_bytes", "Bytes of the log that are not in the index yet", store.tail_bytes())?;
        gauge("store_head", "Position of the last committed record", store.head().0)?;
        gauge("store_read_only", "1 while the disk is full", u64::from(store.read_only().is_some()))?;
        let refusals = store.refusals();
        let counts = [("queue", refusals.queue), ("tail", refusals.tail), ("full", refusals.full)];
        let help = "Offers refused by the store, by reason";
        let mut family = encoder.encode_descriptor("store_refusals", help, None, MetricType::Counter)?;
        for (reason, count) in counts {
            ConstCounter::new(count).encode(family.encode_family(&[("reason", reason)])?)?;
        }
        let batches = store.batches();
        for (name, help, count) in [
            ("store_batches", "Batches that were committed", batches.batches),
            ("store_batch_records", "Records of all batches", batches.records),
            ("store_batch_bytes", "Bytes of all batches", batches.bytes),
        ] {
            let counter = ConstCounter::new(count);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        let counts = [("records", batches.full_of_records), ("bytes", batches.full_of_bytes)];
        let help = "Batches that left out an offer, by what they were full of";
        let mut family = encoder.encode_descriptor("store_batches_full", help, None, MetricType::Counter)?;
        for (bound, count) in counts {
            ConstCounter::new(count).encode(family.encode_family(&[("bound", bound)])?)?;
        }
        Ok(())
    }
}

/// Shows the depths of a store in a registry.
pub fn register(registry: &mut Registry, store: &Arc<SegmentLog>) {
    registry.register_collector(Box::new(StoreGauges(Arc::downgrade(store))));
}
