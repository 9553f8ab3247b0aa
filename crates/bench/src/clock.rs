//! One clock for all threads of a run, so that a time taken in one can be compared in another.

use std::time::{Duration, Instant, SystemTime};

/// A moment from which nanoseconds are counted. It never steps back.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    from: Instant,
    unix_ms: u64,
}

impl Clock {
    /// Counts from now.
    #[must_use]
    pub fn start() -> Self {
        let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { from: Instant::now(), unix_ms: unix.as_millis() as u64 }
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.from.elapsed().as_nanos() as u64
    }

    /// Milliseconds since 1970 at a time of this clock.
    #[must_use]
    pub const fn unix_ms(&self, at_ns: u64) -> u64 {
        self.unix_ms + at_ns / 1_000_000
    }

    /// A time of this clock for those who wait.
    #[must_use]
    pub fn instant(&self, at_ns: u64) -> Instant {
        self.from + Duration::from_nanos(at_ns)
    }
}
