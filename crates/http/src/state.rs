//! What every endpoint can reach.

use crate::backend::Backend;
use crate::metrics::Metrics;
use crate::web::demo::DemoPerson;
use crate::web::files::WebFiles;
use core::net::IpAddr;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;
use stonechat_app::ports::{Clock, Entropy};

/// Says of an address outside loopback whether it may read the metrics.
pub type MetricsAllowed = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// The ports of the router.
#[derive(Clone)]
pub struct HttpState {
    /// The application and the keys.
    pub backend: Arc<dyn Backend>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for ids that a caller leaves to us.
    pub entropy: Arc<dyn Entropy>,
    /// Where requests are counted.
    pub metrics: Arc<Metrics>,
    /// What `/metrics` shows: everything that the server counts.
    pub registry: Arc<Registry>,
    /// Who may read the metrics besides loopback.
    pub metrics_allowed: MetricsAllowed,
    /// The messenger and the pages beside it; `None` where they are switched off.
    pub web: Option<Arc<dyn WebFiles>>,
    /// Whom a page of this machine may sign in as; only where the demo is on and the listener is on loopback.
    pub demo: Option<Arc<[DemoPerson]>>,
}

impl HttpState {
    /// Ten random bytes and the time, for a UUIDv7.
    pub(crate) fn uuid_parts(&self) -> (u64, [u8; 10]) {
        let mut random = [0; 10];
        self.entropy.fill(&mut random);
        (u64::try_from(self.clock.now().as_millis()).unwrap_or(0), random)
    }
}

impl fmt::Debug for HttpState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpState").finish_non_exhaustive()
    }
}
