//! What this crate counts. The names are public: dashboards of operators use them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::machine::Transport;

type Label = [(&'static str, &'static str); 1];

/// Counters and gauges of all listeners of a server.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Connections with the length-prefixed framing.
    pub open_tcp: Gauge,
    /// Connections with the WebSocket framing.
    pub open_websocket: Gauge,
    /// Connections that speak HTTP, before or without an upgrade.
    pub open_http: Gauge,
    /// Sockets that listeners accepted and kept.
    pub accepted: Counter,
    /// Sockets that were closed again because the server has its maximum.
    pub refused_total: Counter,
    /// Sockets that were closed again because their address has its maximum.
    pub refused_per_ip: Counter,
    /// Sockets that were closed again because they do not come from a named proxy.
    pub refused_not_a_proxy: Counter,
    /// Sockets whose TLS handshake failed or took too long.
    pub refused_tls: Counter,
    /// Errors of accepting itself, such as no file descriptor left.
    pub accept_errors: Counter,
    /// Peers that waited in the kernel because so many came at once.
    pub accepts_delayed: Counter,
    /// Milliseconds for which doors stayed shut before them.
    pub accept_delay_ms: Counter,
    /// Calls whose answers have not come yet.
    pub calls_in_flight: Gauge,
    /// Connections that are not read because they have their maximum of calls in flight.
    pub paused: Gauge,
    /// Times that a connection was not read any more for that reason.
    pub read_pauses: Counter,
    /// Bytes read by the connection loop, without TLS.
    pub bytes_in: Counter,
    /// Bytes written by the connection loop, without TLS.
    pub bytes_out: Counter,
    /// Messages that machines were given.
    pub frames_in: Counter,
    /// Frames written, control frames too.
    pub frames_out: Counter,
    /// How many frames left in one socket write.
    pub frames_per_write: FramesPerWrite,
    /// Live events that wait, in all queues.
    pub queued: QueueDepth,
    /// Live events that did not fit the queue of their connection.
    pub event_overflows: Counter,
    /// Connections closed because their peer did not read.
    pub write_deadline_closes: Counter,
    /// Connections closed because their peer broke the framing.
    pub protocol_errors: Counter,
    /// Those of them whose peer announced a message over the limit.
    pub oversized: Counter,
    refusals: Family<Label, Counter>,
}

impl Metrics {
    /// Registers everything below `net_` in `registry`.
    pub fn register(registry: &mut Registry) -> Arc<Self> {
        let open = Family::<Label, Gauge>::default();
        let open_by = |transport| open.get_or_create(&[("transport", transport)]).clone();
        let refused = Family::<Label, Counter>::default();
        let refused_for = |reason| refused.get_or_create(&[("reason", reason)]).clone();
        let metrics = Arc::new(Self {
            open_tcp: open_by("tcp"),
            open_websocket: open_by("websocket"),
            open_http: open_by("http"),
            refused_total: refused_for("total"),
            refused_per_ip: refused_for("per_ip"),
            refused_not_a_proxy: refused_for("not_a_proxy"),
            refused_tls: refused_for("tls"),
            ..Self::default()
        });
        let registry = registry.sub_registry_with_prefix("net");
        registry.register("connections_open", "Connections by transport", open);
        registry.register("connections_refused", "Sockets closed before their first message, by reason", refused);
        registry.register("refusals", "What gateways refused by themselves, by code", metrics.refusals.clone());
        for (name, help, gauge) in [
            ("calls_in_flight", "Calls whose answers have not come yet", &metrics.calls_in_flight),
            ("connections_paused", "Connections not read for their calls in flight", &metrics.paused),
            ("live_events_queued", "Live events that wait, a connection's in steps of 16", &metrics.queued.events),
            ("live_bytes_queued", "Bytes of them, a connection's in steps of 4096", &metrics.queued.bytes),
        ] {
            registry.register(name, help, gauge.clone());
        }
        registry.register("frames_per_write", "Frames in one socket write", metrics.frames_per_write.clone());
        for (name, help, counter) in [
            ("connections_accepted", "Sockets accepted and kept", &metrics.accepted),
            ("accept_errors", "Errors of accepting", &metrics.accept_errors),
            ("accepts_delayed", "Peers that waited for the rate of accepting", &metrics.accepts_delayed),
            ("accept_delay_ms", "Milliseconds for which accepting paused before them", &metrics.accept_delay_ms),
            ("read_pauses", "Times that a connection with all its calls in flight was not read", &metrics.read_pauses),
            ("received_bytes", "Bytes read by connection loops", &metrics.bytes_in),
            ("sent_bytes", "Bytes written by connection loops", &metrics.bytes_out),
            ("received_frames", "Messages received", &metrics.frames_in),
            ("sent_frames", "Frames sent", &metrics.frames_out),
            ("event_overflows", "Live events that did not fit their connection's queue", &metrics.event_overflows),
            ("write_deadline_closes", "Connections closed for not reading", &metrics.write_deadline_closes),
            ("protocol_errors", "Connections closed for breaking the framing", &metrics.protocol_errors),
            ("oversized_messages", "Those of them for a message over the limit", &metrics.oversized),
        ] {
            registry.register(name, help, counter.clone());
        }
        metrics
    }

    /// Counts something that a gateway refused by itself.
    pub(crate) fn refused(&self, code: &'static str) {
        self.refusals.get_or_create(&[("code", code)]).inc();
    }

    /// How often gateways refused something with this code.
    #[must_use]
    pub fn refusals(&self, code: &'static str) -> u64 {
        self.refusals.get_or_create(&[("code", code)]).get()
    }

    /// The gauge of connections with this framing.
    pub(crate) fn open(&self, transport: Transport) -> &Gauge {
        match transport {
            Transport::Tcp => &self.open_tcp,
            Transport::WebSocket => &self.open_websocket,
        }
    }
}

/// How much waits in the queues of all connections. Each queue moves it in steps, so that the usual event, which leaves
/// at once, costs nothing here.
#[derive(Clone, Debug, Default)]
pub struct QueueDepth {
    /// Live events.
    pub events: Gauge,
    /// Their bytes, by the weights that their senders gave.
    pub bytes: Gauge,
}

/// Counts one connection in a gauge until it is dropped, also by a panic.
#[derive(Debug)]
pub(crate) struct OpenConnection(Gauge);

impl OpenConnection {
    pub(crate) fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Upper bounds of the buckets; the last is without bound.
const BUCKETS: [u32; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/// A histogram without a lock: one socket write must not wait for another.
#[derive(Clone, Debug, Default)]
pub struct FramesPerWrite(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    buckets: [AtomicU64; BUCKETS.len() + 1],
    sum: AtomicU64,
}

impl FramesPerWrite {
    /// Counts one write.
    pub fn observe(&self, frames: u32) {
        let at = BUCKETS.iter().position(|bound| frames <= *bound).unwrap_or(BUCKETS.len());
        self.0.buckets[at].fetch_add(1, Ordering::Relaxed);
        self.0.sum.fetch_add(u64::from(frames), Ordering::Relaxed);
    }

    /// Writes counted.
    pub fn count(&self) -> u64 {
        self.0.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).sum()
    }

    /// Frames in all of them.
    pub fn sum(&self) -> u64 {
        self.0.sum.load(Ordering::Relaxed)
    }
}

impl EncodeMetric for FramesPerWrite {
    fn encode(&self, mut encoder: MetricEncoder) -> std::fmt::Result {
        let bounds = BUCKETS.iter().map(|bound| f64::from(*bound)).chain([f64::INFINITY]);
        let counts = self.0.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed));
        let buckets: Vec<(f64, u64)> = bounds.zip(counts).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        encoder.encode_histogram::<NoLabelSet>(self.sum() as f64, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_for_scrapers_holds_the_counts() {
        let mut registry = Registry::with_prefix("stonechat");
        let metrics = Metrics::register(&mut registry);
        metrics.open(Transport::WebSocket).inc();
        metrics.refused_per_ip.inc();
        metrics.frames_per_write.observe(3);
        metrics.frames_per_write.observe(1000);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for line in [
            "stonechat_net_connections_open{transport=\"websocket\"} 1",
            "stonechat_net_connections_open{transport=\"tcp\"} 0",
            "stonechat_net_connections_refused_total{reason=\"per_ip\"} 1",
            "stonechat_net_frames_per_write_sum 1003.0",
            "stonechat_net_frames_per_write_count 2",
            "stonechat_net_frames_per_write_bucket{le=\"4.0\"} 1",
            "stonechat_net_frames_per_write_bucket{le=\"+Inf\"} 2",
            "stonechat_net_event_overflows_total 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in:\n{text}");
        }
    }
}
