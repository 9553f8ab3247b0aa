//! `GET /`: what a person sees who opens the address in a browser: the messenger, or where it was not built or is switched
//! off, one page without scripts and without anything from elsewhere.

use crate::state::HttpState;
use crate::web;
use axum::extract::State;
use axum::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use axum::http::{HeaderMap, Method};
use axum::response::{Html, IntoResponse, Response};

const PAGE: &str = include_str!("home.html");

/// What the page says where the messenger could be.
const NOT_BUILT: &str = "
<h2>The messenger</h2>
<p>It was not built, for that needs Node. In the sources of Stonechat, with Node 20.19 or newer and npm installed,
<code>make web</code> builds it, and the next <code>cargo build</code> puts it into the binary; <code>make run</code> does
both.</p>
";

/// The style of the page is named by its hash, so that nothing else can be one.
const POLICY: &str = "default-src 'none'; style-src 'sha256-pcIunQINWBxhwL7ev2ndqXLeQVYSGrUxOjXVmUraZaM='; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

pub(crate) async fn handle(State(state): State<HttpState>, method: Method, headers: HeaderMap) -> Response {
    let Some(files) = &state.web else { return page("") };
    match web::index(files.as_ref(), &method, &headers).await {
        Some(messenger) => messenger,
        None => page(NOT_BUILT),
    }
}

fn page(messenger: &str) -> Response {
    let headers = [(CONTENT_SECURITY_POLICY, POLICY), (REFERRER_POLICY, "no-referrer")];
    (headers, Html(PAGE.replace("{messenger}", messenger))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::{Stub, request};
    use crate::web::files::{WebFile, WebFiles};
    use axum::body::to_bytes;
    use base64::Engine as _;
    use sha2::Digest as _;
    use std::sync::Arc;
    use tower::ServiceExt as _;

    /// What a build without Node has.
    struct Nothing;

    impl WebFiles for Nothing {
        fn find<'a>(&'a self, _path: &'a str) -> crate::backend::BoxFuture<'a, Option<WebFile>> {
            Box::pin(std::future::ready(None))
        }
    }

    async fn shown(web: Option<Arc<dyn WebFiles>>) -> (HeaderMap, String) {
        let state = HttpState { web, ..Stub::default().state() };
        let response = crate::router::router(state).oneshot(request("GET", "/", None)).await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        let (parts, body) = response.into_parts();
        (parts.headers, String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap())
    }

    #[tokio::test]
    async fn the_page_loads_nothing_and_runs_nothing() {
        let (headers, page) = shown(None).await;
        assert!(headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
        for part in ["<script", "src=", "http-equiv", "@import", "url(", "style=", "{messenger}", "make web"] {
            assert!(!page.contains(part), "{part}");
        }
        for part in ["stonechat chat --as alice", "/v1/apps/default/messages", "/v1/openapi.json"] {
            assert!(page.contains(part), "{part}");
        }
    }

    #[tokio::test]
    async fn the_policy_names_the_style_of_the_page() {
        let (headers, page) = shown(None).await;
        let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
        let digest = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style));
        assert!(
            headers["content-security-policy"].to_str().unwrap().contains(&format!("'sha256-{digest}'")),
            "{digest}"
        );
    }

    #[tokio::test]
    async fn a_build_without_node_says_how_to_build_the_messenger() {
        let (_, page) = shown(Some(Arc::new(Nothing))).await;
        assert!(page.contains("<code>make web</code>") && page.contains("stonechat chat --as alice"), "{page}");
    }
}
