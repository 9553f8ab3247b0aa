//! What only fuzz targets look at.

use std::io::IoSlice;
use std::net::SocketAddr;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request};

use crate::admission::AddressRange;
use crate::http::HEADERS_MAX;
use crate::outbound::{Outbound, SLICES_MAX};

/// The bytes that wait for the socket, as far as one write would take them.
#[must_use]
pub fn waiting(outbound: &Outbound) -> Vec<u8> {
    let mut slices = [IoSlice::new(&[]); SLICES_MAX];
    let count = outbound.slices(&mut slices);
    slices[..count].iter().flat_map(|slice| slice.iter().copied()).collect()
}

/// A request of a method, a line, and headers, a line each; `None` when hyper would not have let it come so far.
#[must_use]
pub fn request(head: &[u8]) -> Option<Request<()>> {
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut request = Request::new(());
    *request.method_mut() = Method::from_bytes(lines.next()?).ok()?;
    for line in lines.take(HEADERS_MAX) {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        request.headers_mut().append(name, value);
    }
    Some(request)
}

/// The address for which proxies speak.
#[must_use]
pub fn forwarded(headers: &HeaderMap, proxies: &[AddressRange]) -> Option<SocketAddr> {
    crate::http::forwarded(headers, proxies)
}
