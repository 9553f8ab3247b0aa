//! The HTTP request that asks for a WebSocket: RFC 6455 section 4.2.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hyper::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::{Method, Request, Response, StatusCode, Version};

use crate::machine::MessageKind;

/// The subprotocol of binary messages, version 1.
pub const SUBPROTOCOL_BINARY: &str = "stonechat.v1";

/// The subprotocol of JSON messages, version 1.
pub const SUBPROTOCOL_JSON: &str = "stonechat.v1+json";

const KEY_BYTES: usize = 16;
const ACCEPT_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A handshake that holds: the answer that upgrades, and what kind of messages was agreed on.
#[derive(Debug)]
pub struct Accepted {
    /// 101, ready to send.
    pub response: Response<()>,
    /// Text for JSON, else binary.
    pub kind: MessageKind,
}

/// Why a request is not upgraded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What to answer.
    pub status: StatusCode,
    /// The sentence for the body.
    pub text: &'static str,
}

/// Judges a request for the WebSocket path.
pub fn accept<B>(request: &Request<B>) -> Result<Accepted, Refused> {
    let headers = request.headers();
    if request.method() != Method::GET || request.version() != Version::HTTP_11 {
        return Err(Refused {
            status: StatusCode::METHOD_NOT_ALLOWED,
            text: "a WebSocket begins with GET in HTTP/1.1",
        });
    }
    if !lists(headers, CONNECTION, "upgrade") || !lists(headers, UPGRADE, "websocket") {
        return Err(Refused { status: StatusCode::UPGRADE_REQUIRED, text: "this path speaks WebSocket only" });
    }
    if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(Refused { status: StatusCode::UPGRADE_REQUIRED, text: "the WebSocket version must be 13" });
    }
    let Some(key) = headers.get(SEC_WEBSOCKET_KEY).filter(|key| is_key(key)) else {
        return Err(Refused { status: StatusCode::BAD_REQUEST, text: "the WebSocket key is missing or wrong" });
    };
    let Some((subprotocol, kind)) = agreed(headers) else {
        return Err(Refused {
            status: StatusCode::BAD_REQUEST,
            text: "offer the subprotocol stonechat.v1 or stonechat.v1+json",
        });
    };
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let answer = response.headers_mut();
    answer.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    answer.insert(UPGRADE, HeaderValue::from_static("websocket"));
    answer.insert(SEC_WEBSOCKET_ACCEPT, accept_of(key));
    // A client that asked for none must be given none (RFC 6455, section 4.2.2).
    if let Some(subprotocol) = subprotocol {
        answer.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(subprotocol));
    }
    Ok(Accepted { response, kind })
}

/// The first subprotocol of the client's list that we speak; a client without a list speaks the binary one.
fn agreed(headers: &HeaderMap) -> Option<(Option<&'static str>, MessageKind)> {
    if !headers.contains_key(SEC_WEBSOCKET_PROTOCOL) {
        return Some((None, MessageKind::Binary));
    }
    elements(headers, SEC_WEBSOCKET_PROTOCOL).find_map(|offered| match offered {
        SUBPROTOCOL_BINARY => Some((Some(SUBPROTOCOL_BINARY), MessageKind::Binary)),
        SUBPROTOCOL_JSON => Some((Some(SUBPROTOCOL_JSON), MessageKind::Text)),
        _ => None,
    })
}

fn is_key(key: &HeaderValue) -> bool {
    BASE64.decode(key.as_bytes()).is_ok_and(|bytes| bytes.len() == KEY_BYTES)
}

/// SHA-1 proves here that the server read the request, and protects nothing.
fn accept_of(key: &HeaderValue) -> HeaderValue {
    let text = [key.as_bytes(), ACCEPT_SUFFIX].concat();
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &text);
    HeaderValue::from_str(&BASE64.encode(digest)).unwrap_or(HeaderValue::from_static(""))
}

fn lists(headers: &HeaderMap, name: HeaderName, wanted: &str) -> bool {
    elements(headers, name).any(|element| element.eq_ignore_ascii_case(wanted))
}

fn elements(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok()).collect::<Vec<_>>();
    values.into_iter().flat_map(|value| value.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(changes: &[(&'static str, Option<&'static str>)]) -> Request<()> {
        let mut request = Request::new(());
        let headers = request.headers_mut();
        for (name, value) in [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-protocol", "other, stonechat.v1"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        for (name, value) in changes {
            match value {
                Some(value) => headers.insert(*name, HeaderValue::from_static(value)),
                None => headers.remove(*name),
            };
        }
        request
    }

    #[test]
    fn the_example_of_the_rfc_is_accepted() {
        let accepted = accept(&request(&[])).unwrap();
        assert_eq!(accepted.kind, MessageKind::Binary);
        let headers = accepted.response.headers();
        assert_eq!(headers[SEC_WEBSOCKET_ACCEPT], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(headers[SEC_WEBSOCKET_PROTOCOL], SUBPROTOCOL_BINARY);
    }

    #[test]
    fn the_first_known_subprotocol_wins() {
        let offer = [("sec-websocket-protocol", Some("stonechat.v1+json, stonechat.v1"))];
        assert_eq!(accept(&request(&offer)).unwrap().kind, MessageKind::Text);
    }

    #[test]
    fn a_client_that_asks_for_no_subprotocol_speaks_the_binary_one() {
        let accepted = accept(&request(&[("sec-websocket-protocol", None)])).unwrap();
        assert_eq!(accepted.kind, MessageKind::Binary);
        assert!(!accepted.response.headers().contains_key(SEC_WEBSOCKET_PROTOCOL));
    }

    #[test]
    fn a_wrong_handshake_is_refused_with_its_status() {
        for (name, value, status) in [
            ("upgrade", None, StatusCode::UPGRADE_REQUIRED),
            ("connection", Some("keep-alive"), StatusCode::UPGRADE_REQUIRED),
            ("sec-websocket-version", Some("8"), StatusCode::UPGRADE_REQUIRED),
            ("sec-websocket-key", None, StatusCode::BAD_REQUEST),
            ("sec-websocket-key", Some("c2hvcnQ="), StatusCode::BAD_REQUEST),
            ("sec-websocket-protocol", Some("chat"), StatusCode::BAD_REQUEST),
        ] {
            assert_eq!(accept(&request(&[(name, value)])).unwrap_err().status, status, "{name}: {value:?}");
        }
        let mut post = request(&[]);
        *post.method_mut() = Method::POST;
        assert_eq!(accept(&post).unwrap_err().status, StatusCode::METHOD_NOT_ALLOWED);
    }
}
