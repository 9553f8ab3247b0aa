//! Monotonic time for machines, and a timer that costs nothing while a deadline only moves away.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use crate::machine::Monotonic;

/// The moment that all [`Monotonic`] times of a server count from.
#[derive(Clone, Copy, Debug)]
pub struct Origin(Instant);

impl Origin {
    /// Now is 0.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The time now.
    pub fn now(self) -> Monotonic {
        Monotonic(self.0.elapsed().as_millis() as u64)
    }

    /// The moment of a monotonic time; at most some 30 years ahead.
    pub(crate) fn instant(self, at: Monotonic) -> Instant {
        const FAR_MS: u64 = 1_000_000_000_000;
        self.0 + Duration::from_millis(at.0.min(FAR_MS))
    }
}

/// A timer whose deadline is said anew at every poll. A machine moves its deadline with every message; the timer of
/// the runtime is set again only when that comes closer, or has run out.
#[derive(Debug, Default)]
pub(crate) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    /// Ready once `deadline` has passed; `None` never is.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, deadline: Option<Instant>) -> Poll<()> {
        let Some(deadline) = deadline else { return Poll::Pending };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if deadline < sleep.deadline() {
            sleep.as_mut().reset(deadline);
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if sleep.deadline() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_timer_follows_a_deadline_that_moves_either_way() {
        let origin = Origin::start();
        let at = |ms| Some(origin.instant(Monotonic(ms)));
        let mut timer = Timer::default();
        assert!(poll_fn(|cx| Poll::Ready(timer.poll(cx, at(1_000)))).await.is_pending());
        poll_fn(|cx| timer.poll(cx, at(2_000))).await;
        assert_eq!(origin.now(), Monotonic(2_000));
        assert!(poll_fn(|cx| Poll::Ready(timer.poll(cx, at(9_000)))).await.is_pending());
        poll_fn(|cx| timer.poll(cx, at(3_000))).await;
        assert_eq!(origin.now(), Monotonic(3_000));
        assert!(poll_fn(|cx| Poll::Ready(timer.poll(cx, None))).await.is_pending());
        poll_fn(|cx| timer.poll(cx, at(2_500))).await;
        assert_eq!(origin.now(), Monotonic(3_000));
    }
}
