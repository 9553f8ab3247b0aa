//! The turn of a session's reads: one answer at a time, from its preparation until it is written. So a device that asks
//! for many pages and reads none of them costs one page.

use crate::metrics::Metrics;
use prometheus_client::metrics::gauge::Gauge;
use std::fmt;
use std::sync::Arc;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Whose turn it is, of one session.
#[derive(Clone, Default)]
pub(crate) struct Turns(Arc<Mutex<()>>);

impl Turns {
    /// Waits until no other answer of the session is in preparation or on its way out. First come, first served.
    pub async fn next(&self, metrics: &Metrics) -> Turn {
        let turn = match self.0.clone().try_lock_owned() {
            Ok(turn) => turn,
            Err(_) => {
                metrics.page_waits.inc();
                metrics.reads_waiting.inc();
                let turn = self.0.clone().lock_owned().await;
                metrics.reads_waiting.dec();
                turn
            }
        };
        metrics.pages.inc();
        Turn { _held: Arc::new(Held { _turn: turn, pages: metrics.pages.clone() }) }
    }
}

/// Held by the answer to a read. A gateway keeps it beside the bytes of the answer until they are written or dropped;
/// then the session's next read begins.
#[derive(Clone)]
pub struct Turn {
    _held: Arc<Held>,
}

struct Held {
    _turn: OwnedMutexGuard<()>,
    pages: Gauge,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.pages.dec();
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").finish_non_exhaustive()
    }
}
