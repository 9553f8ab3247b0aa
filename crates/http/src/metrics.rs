//! What this crate counts. The names are public: dashboards of operators use them.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::sync::Arc;

type Labels = [(&'static str, &'static str); 2];

/// Counters of all requests of a server.
#[derive(Debug)]
pub struct Metrics {
    answered: Family<Labels, Counter>,
    seconds: Histogram,
    /// Requests of backends that are being answered.
    pub in_flight: Gauge,
    /// Requests of backends that were refused because too many are being answered.
    pub overloaded: Counter,
    /// Requests of backends that took too long.
    pub timed_out: Counter,
    /// Requests of backends without the right key.
    pub unauthenticated: Counter,
}

impl Metrics {
    /// Registers everything below `http_` in `registry`.
    pub fn register(registry: &mut Registry) -> Arc<Self> {
        let metrics = Arc::new(Self {
            answered: Family::default(),
            seconds: Histogram::new(exponential_buckets(0.001, 2.0, 15)),
            in_flight: Gauge::default(),
            overloaded: Counter::default(),
            timed_out: Counter::default(),
            unauthenticated: Counter::default(),
        });
        let registry = registry.sub_registry_with_prefix("http");
        registry.register("requests", "Requests answered, by endpoint and status", metrics.answered.clone());
        registry.register("request_seconds", "Time to answer requests of backends", metrics.seconds.clone());
        registry.register("requests_in_flight", "Requests of backends being answered", metrics.in_flight.clone());
        for (name, help, counter) in [
            ("requests_overloaded", "Requests refused because too many were in flight", &metrics.overloaded),
            ("requests_timed_out", "Requests that took too long", &metrics.timed_out),
            ("requests_unauthenticated", "Requests without the right key", &metrics.unauthenticated),
        ] {
            registry.register(name, help, counter.clone());
        }
        metrics
    }

    /// Counts an answer. The endpoint is a path of the router's table, so the labels are bounded.
    pub(crate) fn answered(&self, endpoint: &'static str, status: u16, ms: u64) {
        let class = match status {
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            _ => "5xx",
        };
        self.answered.get_or_create(&[("endpoint", endpoint), ("status", class)]).inc();
        self.seconds.observe(ms as f64 / 1000.0);
    }
}
