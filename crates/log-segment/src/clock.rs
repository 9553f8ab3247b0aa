//! Monotonic time of an open store: real once its threads run, and moved by hand while it is stepped.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// The clock.
#[derive(Default)]
pub struct Clock {
    moved: AtomicU64,
    started: OnceLock<Instant>,
}

impl Clock {
    /// From now on it goes by itself.
    #[expect(clippy::disallowed_methods, reason = "an engine is an edge; nothing that is stored depends on this time")]
    pub fn start(&self) {
        self.started.get_or_init(Instant::now);
    }

    /// Moves it by hand.
    pub fn advance(&self, ms: u64) {
        self.moved.fetch_add(ms, Ordering::Relaxed);
    }

    /// Milliseconds since some moment.
    pub fn now_ms(&self) -> u64 {
        let real = self.started.get().map_or(0, |started| started.elapsed().as_millis() as u64);
        real + self.moved.load(Ordering::Relaxed)
    }
}
