//! The clock of the operating system.

use std::time::{Instant, SystemTime, UNIX_EPOCH};
use stonechat_app::ports::Clock;
use stonechat_types::number::Timestamp;

/// Wall clock and monotonic clock, from the start of the server.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// Monotonic time starts now.
    #[must_use]
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // Before 1970 there are no messages: a clock that says so is wrong, and time stands still until it is right.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
