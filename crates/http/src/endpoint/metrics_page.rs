//! `GET /metrics`: for Prometheus, from loopback and from where the configuration says.

use crate::error::ApiError;
use crate::peer::{PeerAddr, passed_on};
use crate::state::HttpState;
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use stonechat_types::error_code::ErrorCode;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(crate) async fn handle(
    State(state): State<HttpState>,
    peer: Option<Extension<PeerAddr>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if !may_read(&state, peer.map(|Extension(peer)| peer), &headers) {
        let message = "metrics are for this machine; name other addresses in metrics.allow_from";
        return Err(ApiError::new(ErrorCode::Forbidden, message));
    }
    let mut text = String::new();
    encode(&mut text, &state.registry)
        .map_err(|_| ApiError::new(ErrorCode::Internal, "the metrics could not be written"))?;
    Ok(([(CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}

fn may_read(state: &HttpState, peer: Option<PeerAddr>, headers: &HeaderMap) -> bool {
    let Some(peer) = peer else { return false };
    // What a proxy on this machine passes on comes from loopback and is not from here.
    let from_here = peer.ip().is_loopback() && !passed_on(headers);
    from_here || (!peer.ip().is_loopback() && (state.metrics_allowed)(peer.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::{Stub, request};
    use axum::http::Request;
    use tower::ServiceExt as _;

    async fn status_from(peer: Option<&str>, header: Option<&str>) -> u16 {
        let mut request: Request<_> = request("GET", "/metrics", None);
        if let Some(peer) = peer {
            request.extensions_mut().insert(PeerAddr(peer.parse().unwrap()));
        }
        if let Some(header) = header {
            request.headers_mut().insert("x-forwarded-for", header.parse().unwrap());
        }
        Stub::default().router().oneshot(request).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn only_loopback_and_named_addresses_may_read() {
        // The stub allows 10.0.0.1.
        assert_eq!(status_from(Some("127.0.0.1:1"), None).await, 200);
        assert_eq!(status_from(Some("[::1]:1"), None).await, 200);
        assert_eq!(status_from(Some("[::ffff:127.0.0.1]:1"), None).await, 200);
        assert_eq!(status_from(Some("10.0.0.1:1"), None).await, 200);
        assert_eq!(status_from(Some("[::ffff:10.0.0.1]:1"), None).await, 200);
        assert_eq!(status_from(Some("10.0.0.2:1"), None).await, 403);
        assert_eq!(status_from(Some("192.0.2.1:1"), None).await, 403);
        assert_eq!(status_from(None, None).await, 403);
        assert_eq!(status_from(Some("127.0.0.1:1"), Some("192.0.2.1")).await, 403);
    }

    #[tokio::test]
    async fn the_page_counts_requests() {
        let stub = Stub::default();
        let router = stub.router();
        for path in ["/healthz", "/nothing"] {
            router.clone().oneshot(request("GET", path, None)).await.unwrap();
        }
        let mut request = request("GET", "/metrics", None);
        request.extensions_mut().insert(PeerAddr("127.0.0.1:1".parse().unwrap()));
        let body = router.oneshot(request).await.unwrap().into_body();
        let text = String::from_utf8(axum::body::to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
        for line in [
            "http_requests_total{endpoint=\"/healthz\",status=\"2xx\"} 1",
            "http_requests_total{endpoint=\"none\",status=\"4xx\"} 1",
            "http_requests_in_flight 0",
            "http_requests_overloaded_total 0",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
