//! Who sends a request, as the listener knows it.

use axum::http::HeaderMap;
use core::net::{IpAddr, SocketAddr};

/// The address of the peer: an extension of each request, put there by whoever mounts the router. A request without it
/// comes from nowhere, and gets nothing that depends on an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

impl PeerAddr {
    /// The address, an IPv4 one also when the socket is of IPv6.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.0.ip().to_canonical()
    }
}

/// What proxies add when they pass a request on.
const PASSED_ON: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// Whether a proxy says that it passes the request on for somebody else.
#[must_use]
pub fn passed_on(headers: &HeaderMap) -> bool {
    PASSED_ON.iter().any(|name| headers.contains_key(*name))
}
