//! How fast peers are let in: a bucket of tokens that fills evenly.

use std::time::Duration;

use tokio::time::Instant;

/// Lets `burst` through at once and then `per_second`, without a task of its own.
#[derive(Debug)]
pub(crate) struct Rate {
    interval: Duration,
    /// How far `next` may run ahead of now.
    ahead_max: Duration,
    /// When the next one would come if all came evenly.
    next: Instant,
}

impl Rate {
    pub(crate) fn new(per_second: u32, burst: u32) -> Self {
        let interval = Duration::from_secs(1) / per_second.max(1);
        Self { interval, ahead_max: interval * burst.saturating_sub(1), next: Instant::now() }
    }

    /// Waits for the turn of the next one; answers for how long.
    pub(crate) async fn turn(&mut self) -> Duration {
        let now = Instant::now();
        self.next = self.next.max(now);
        let wait = (self.next - now).saturating_sub(self.ahead_max);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        self.next += self.interval;
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_at_once_and_the_rest_evenly() {
        let mut rate = Rate::new(10, 5);
        let started = Instant::now();
        for _ in 0..5 {
            assert_eq!(rate.turn().await, Duration::ZERO);
        }
        assert_eq!(started.elapsed(), Duration::ZERO);
        for n in 1..=20 {
            assert_eq!(rate.turn().await, Duration::from_millis(100));
            assert_eq!(started.elapsed(), n * Duration::from_millis(100));
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
        let later = Instant::now();
        for _ in 0..5 {
            rate.turn().await;
        }
        assert_eq!(later.elapsed(), Duration::ZERO);
    }
}
