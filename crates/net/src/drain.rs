//! The end of a server: every connection hears of it, then has until a deadline to leave.

use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How a server empties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrainPlan {
    /// What machines tell their clients: leave after this time...
    pub after_ms: u64,
    /// ...plus a random part of this one.
    pub spread_ms: u64,
    /// When whoever has not left is closed with 1001. At least the two together.
    pub deadline_ms: u64,
}

impl Default for DrainPlan {
    fn default() -> Self {
        Self { after_ms: 0, spread_ms: 5_000, deadline_ms: 10_000 }
    }
}

/// Told once; heard by every connection.
#[derive(Debug)]
pub struct Drain {
    plan: DrainPlan,
    /// Read on every wake of every connection, where the token would be a lock that all of them share.
    deadline: OnceLock<Instant>,
    token: CancellationToken,
}

impl Drain {
    /// A server that is not draining.
    pub fn new(plan: DrainPlan) -> Self {
        Self { plan, deadline: OnceLock::new(), token: CancellationToken::new() }
    }

    /// Tells every connection. Telling it again changes nothing.
    pub fn begin(&self) {
        self.deadline.get_or_init(|| Instant::now() + Duration::from_millis(self.plan.deadline_ms));
        self.token.cancel();
    }

    /// How the server empties.
    pub fn plan(&self) -> DrainPlan {
        self.plan
    }

    /// When the last connections are closed; `None` while the server is not draining.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline.get().copied()
    }

    /// Waits until it begins.
    pub async fn begun(&self) {
        self.token.cancelled().await;
    }

    /// Waits until it began and its deadline has passed.
    pub async fn passed(&self) {
        self.begun().await;
        if let Some(deadline) = self.deadline() {
            tokio::time::sleep_until(deadline).await;
        }
    }

    /// Whether it has begun. `ear` is a pinned [`Self::begun`] of the task, and `registered` the waker that it holds:
    /// it is polled once a task, since each poll takes a lock that all connections share.
    pub(crate) fn poll_begun(
        &self,
        cx: &mut Context<'_>,
        ear: Pin<&mut impl Future<Output = ()>>,
        registered: &mut Option<Waker>,
    ) -> Poll<()> {
        if self.deadline().is_some() {
            return Poll::Ready(());
        }
        if registered.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            return Poll::Pending;
        }
        *registered = Some(cx.waker().clone());
        ear.poll(cx)
    }
}
