//! Files as answers: from a path and what the browser has already to what it gets.

use super::encoding::{Encoded, choose, has};
use super::files::{WebFiles, content_type, is_path};
use super::policy;
use crate::error::{no_such_method, no_such_path};
use crate::guard::Counted;
use crate::state::HttpState;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, LOCATION, VARY};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};

/// The page of the messenger.
const INDEX: &str = "index.html";
/// What begins like this and is no file is a place in the messenger, which finds it by itself.
const PLACES: [&str; 4] = ["c", "contacts", "settings", "starred"];
/// Below this the name of a file changes with what it holds.
const IMMUTABLE: &str = "assets/";

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// A browser may keep it, and asks each time whether it is still so.
const ASK: HeaderValue = HeaderValue::from_static("no-cache");

/// What no route of the API answers: a file, or nothing.
pub(crate) async fn fallback(State(state): State<HttpState>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let Some(files) = &state.web else { return no_such_path().await.into_response() };
    let (files, path) = (files.as_ref(), uri.path().strip_prefix('/').unwrap_or_default());
    let page = path.strip_suffix('/').map(|folder| format!("{folder}/{INDEX}"));
    if let Some(file) = found(files, page.as_deref().unwrap_or(path), &method, &headers).await {
        return file;
    }
    let place = path.split('/').next().unwrap_or_default();
    if PLACES.contains(&place)
        && let Some(messenger) = index(files, &method, &headers).await
    {
        return messenger;
    }
    if is_path(path) && files.find(&format!("{path}/{INDEX}")).await.is_some() {
        return moved(path);
    }
    no_such_path().await.into_response()
}

/// The page of the messenger; `None` when it was not built.
pub(crate) async fn index(files: &dyn WebFiles, method: &Method, headers: &HeaderMap) -> Option<Response> {
    found(files, INDEX, method, headers).await
}

async fn found(files: &dyn WebFiles, path: &str, method: &Method, headers: &HeaderMap) -> Option<Response> {
    if !is_path(path) {
        return None;
    }
    let file = files.find(path).await?;
    if !matches!(*method, Method::GET | Method::HEAD) {
        let mut response = no_such_method().await.into_response();
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET,HEAD"));
        return Some(response);
    }
    let Encoded { bytes, encoding, tag } = choose(file, headers);
    let known = has(headers, &tag);
    let mut response = Response::new(Body::empty());
    let answered = response.headers_mut();
    for (name, value) in policy::headers(headers) {
        answered.insert(name, value);
    }
    answered.insert(CACHE_CONTROL, if path.starts_with(IMMUTABLE) { FOR_EVER } else { ASK });
    answered.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        answered.insert(ETAG, tag);
    }
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        answered.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
        if let Some(name) = encoding {
            answered.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        answered.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        if *method == Method::GET {
            *response.body_mut() = Body::from(bytes);
        }
    }
    response.extensions_mut().insert(Counted("web"));
    Some(response)
}

/// A folder without its slash: links in its page would lead beside it.
fn moved(folder: &str) -> Response {
    let mut response = StatusCode::PERMANENT_REDIRECT.into_response();
    if let Ok(to) = HeaderValue::from_str(&format!("/{folder}/")) {
        response.headers_mut().insert(LOCATION, to);
    }
    response.extensions_mut().insert(Counted("web"));
    response
}

#[cfg(test)]
mod tests {
    use crate::stub::{Stub, add, request, send_to};
    use axum::body::{Body, to_bytes};
    use axum::http::{HeaderMap, Request};
    use serde_json::json;
    use tower::ServiceExt as _;

    /// Status, headers and body of an answer of a stub that has files.
    async fn answer(request: Request<Body>) -> (u16, HeaderMap, String) {
        let response = Stub::with_web().router().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
        (parts.status.as_u16(), parts.headers, body)
    }

    fn get(path: &str, headers: &[(&'static str, &str)]) -> Request<Body> {
        let mut request = request("GET", path, None);
        add(&mut request, headers);
        request
    }

    #[tokio::test]
    async fn the_page_stands_at_the_root_and_at_every_place_of_the_messenger() {
        for path in [
            "/",
            "/index.html",
            "/c/g_abc",
            "/c/g_abc/17",
            "/c/%2e%2e",
            "/c/",
            "/settings",
            "/settings/%ff",
            "/starred/",
        ] {
            let (status, headers, body) = answer(get(path, &[("host", "localhost:8080")])).await;
            assert_eq!((status, body.as_str()), (200, "index"), "{path}");
            assert_eq!(headers["content-type"], "text/html; charset=utf-8");
            assert_eq!(headers["cache-control"], "no-cache");
            assert_eq!(headers["x-content-type-options"], "nosniff");
            assert_eq!(headers["referrer-policy"], "no-referrer");
            assert_eq!(headers["cross-origin-opener-policy"], "same-origin");
            let policy = headers["content-security-policy"].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
            assert!(policy.contains("connect-src 'self' ws://localhost:8080 wss://localhost:8080;"), "{policy}");
        }
    }

    #[tokio::test]
    async fn what_has_its_hash_in_its_name_is_kept_for_ever() {
        let (status, headers, body) = answer(get("/assets/app-1.js", &[("accept-encoding", "gzip, br")])).await;
        assert_eq!((status, body.as_str()), (200, "app by brotli"));
        assert_eq!(headers["content-encoding"], "br");
        assert_eq!(headers["vary"], "accept-encoding");
        assert_eq!(headers["content-length"], "13");
        assert_eq!(headers["cache-control"], "public, max-age=31536000, immutable");
    }

    #[tokio::test]
    async fn what_a_browser_has_is_not_sent_again() {
        let (_, headers, _) = answer(get("/sw.js", &[])).await;
        let tag = headers["etag"].to_str().unwrap();
        let (status, headers, body) = answer(get("/sw.js", &[("if-none-match", tag)])).await;
        assert_eq!((status, body.as_str()), (304, ""));
        assert_eq!((headers["etag"].to_str().unwrap(), headers.get("content-type")), (tag, None));
        assert!(headers.contains_key("content-security-policy") && headers.contains_key("vary"));
        // Another encoding is another entity.
        let known = [("if-none-match", tag), ("accept-encoding", "br")];
        assert_eq!(answer(get("/assets/app-1.js", &known)).await.0, 200);
    }

    #[tokio::test]
    async fn a_head_is_an_answer_without_its_body() {
        for path in ["/", "/sw.js", "/assets/app-1.js"] {
            let (_, headers, body) = answer(get(path, &[])).await;
            let (status, of_head, nothing) = answer(request("HEAD", path, None)).await;
            assert_eq!((status, nothing.as_str()), (200, ""), "{path}");
            assert_eq!(of_head["content-length"], body.len().to_string(), "{path}");
            assert_eq!(of_head["etag"], headers["etag"], "{path}");
        }
    }

    #[tokio::test]
    async fn a_folder_has_a_page_and_a_slash() {
        assert_eq!(answer(get("/gallery/", &[])).await.2, "gallery");
        let (status, headers, _) = answer(get("/gallery", &[])).await;
        assert_eq!((status, headers["location"].to_str().unwrap()), (308, "/gallery/"));
    }

    #[tokio::test]
    async fn what_is_no_file_is_refused_as_everywhere() {
        for path in [
            "/nothing",
            "/assets/",
            "/assets",
            "/contact",
            "/gallery/../sw.js",
            "/%2e%2e/sw.js",
            "/..%2fsw.js",
            "//sw.js/",
            "/.hidden",
            "/assets/app-1.js.br",
            "/v1/sw.js",
            "/SW.JS",
            "/sw.js%00",
            "/%ff",
        ] {
            let (status, body) = send_to(&Stub::with_web().router(), get(path, &[])).await;
            assert_eq!((status.as_u16(), &body["code"]), (404, &json!("not_found")), "{path}");
        }
        let (status, headers, body) = answer(request("POST", "/sw.js", None)).await;
        assert_eq!((status, headers["allow"].to_str().unwrap()), (405, "GET,HEAD"));
        assert!(body.contains("malformed"), "{body}");
        let (status, body) = send_to(&Stub::with_web().router(), request("POST", "/nothing", None)).await;
        assert_eq!((status.as_u16(), &body["code"]), (404, &json!("not_found")));
    }

    #[tokio::test]
    async fn where_it_is_switched_off_there_are_no_files() {
        for path in ["/sw.js", "/index.html", "/c/g_abc", "/gallery/"] {
            assert_eq!(send_to(&Stub::default().router(), get(path, &[])).await.0, 404, "{path}");
        }
    }

    #[tokio::test]
    async fn files_are_counted_under_one_name() {
        let router = Stub::with_web().router();
        for path in ["/sw.js", "/assets/app-1.js", "/gallery", "/nothing"] {
            router.clone().oneshot(get(path, &[])).await.unwrap();
        }
        let mut request = get("/metrics", &[]);
        request.extensions_mut().insert(crate::peer::PeerAddr("127.0.0.1:1".parse().unwrap()));
        let body = router.oneshot(request).await.unwrap().into_body();
        let text = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
        for line in [
            "http_requests_total{endpoint=\"web\",status=\"2xx\"} 2",
            "http_requests_total{endpoint=\"web\",status=\"3xx\"} 1",
            "http_requests_total{endpoint=\"none\",status=\"4xx\"} 1",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
