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

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::driver::endpoint::Endpoint;
use crate::driver::ports::{Clock, Duplex, Entropy, Transport, TransportError};
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

/// Carries frames over a stream that is connected already, in the form that the endpoint names. For a [`Transport`] that
/// has sockets of its own, as behind a proxy or in a simulated network; its `connect` hands on what it was given.
///
/// # Errors
/// [`TransportError`] when the endpoint is none, or when the handshake of a WebSocket fails. TLS is the caller's.
pub async fn carry<S>(
    endpoint: &str,
    stream: S,
    tasks: &TaskTracker,
    stop: CancellationToken,
) -> std::result::Result<Duplex, TransportError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    socket::carry(&Endpoint::parse(endpoint)?, stream, tasks, stop).await
}
