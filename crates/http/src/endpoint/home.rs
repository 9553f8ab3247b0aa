//! `GET /`: what a person sees who opens the address in a browser. One file, no script, nothing from elsewhere.

use axum::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use axum::response::{Html, IntoResponse, Response};

const PAGE: &str = include_str!("home.html");

pub(crate) async fn handle() -> Response {
    let headers = [
        (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    (headers, Html(PAGE)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::{Stub, request};
    use tower::ServiceExt as _;

    #[tokio::test]
    async fn the_page_loads_nothing_and_runs_nothing() {
        let response = Stub::default().router().oneshot(request("GET", "/", None)).await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        assert!(response.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
        for part in ["<script", "src=", "http-equiv", "@import", "url("] {
            assert!(!PAGE.contains(part), "{part}");
        }
        for part in ["stonechat chat --as alice", "/v1/apps/default/messages", "/v1/openapi.json"] {
            assert!(PAGE.contains(part), "{part}");
        }
    }
}
