//! The edge of the SDK: sockets, threads, clocks, and the one loop that drives the core.

mod endpoint;
mod event_loop;
mod ids;
pub mod limits;
pub mod ports;
pub(crate) mod runtime;
mod socket;
mod system;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::driver::ports::{Clock, Entropy, Transport};
use crate::error::Result;

pub(crate) fn system_clock() -> Arc<dyn Clock> {
    Arc::new(system::SystemClock::default())
}

pub(crate) fn system_entropy() -> Arc<dyn Entropy> {
    Arc::new(system::SystemEntropy::default())
}

pub(crate) fn transport(endpoint: &str, roots: Option<&[u8]>) -> Result<Arc<dyn Transport>> {
    Ok(Arc::new(socket::SocketTransport::new(endpoint, roots)?))
}
