//! The request that asks for a WebSocket, and what proxies say of whom they speak for.
//!
//! A handshake is accepted only with all that RFC 6455 asks for, the answer follows from the key, and the kind of
//! messages is one that was offered. The address behind proxies is none of theirs.

use stonechat_net::admission::AddressRange;
use stonechat_net::fuzzing::{forwarded, request};
use stonechat_net::machine::MessageKind;
use stonechat_net::websocket::handshake::{self, SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON};

/// Reads the bytes as a request: a method, then a header a line.
pub fn run(bytes: &[u8]) {
    let Some(request) = request(bytes) else { return };
    let headers = request.headers();
    let all = |name: &str| -> String {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.collect::<Vec<_>>().join(",").to_ascii_lowercase()
    };
    match handshake::accept(&request) {
        Ok(accepted) => {
            assert!(request.method() == "GET" && all("sec-websocket-version").starts_with("13"));
            assert!(all("upgrade").contains("websocket") && all("connection").contains("upgrade"));
            let said = accepted.response.headers().get("sec-websocket-protocol").and_then(|value| value.to_str().ok());
            let offered = all("sec-websocket-protocol");
            let kind = match said {
                Some(SUBPROTOCOL_BINARY) => MessageKind::Binary,
                Some(SUBPROTOCOL_JSON) => MessageKind::Text,
                Some(other) => panic!("nobody speaks {other}"),
                None => {
                    assert!(!headers.contains_key("sec-websocket-protocol"), "an offer has an answer");
                    MessageKind::Binary
                }
            };
            assert_eq!(accepted.kind, kind);
            assert!(said.is_none_or(|said| offered.contains(said)), "{said:?} was not offered");
            let answer = accepted.response.headers().get("sec-websocket-accept").map_or(0, |value| value.len());
            assert_eq!(answer, 28, "20 bytes in base64");
            assert_eq!(accepted.response.status().as_u16(), 101);
        }
        Err(refused) => {
            assert!(matches!(refused.status.as_u16(), 400 | 405 | 426) && !refused.text.is_empty());
        }
    }
    let proxies: Vec<AddressRange> =
        ["10.0.0.0/8", "2001:db8::/32"].iter().filter_map(|text| text.parse().ok()).collect();
    assert_eq!(proxies.len(), 2);
    if let Some(address) = forwarded(headers, &proxies) {
        assert!(proxies.iter().all(|proxy| !proxy.contains(address.ip())), "a proxy speaks for itself");
        assert_eq!(address.port(), 0);
    }
    if let Some(Ok(text)) = headers.get("x-range").map(|value| value.to_str())
        && let Ok(range) = text.parse::<AddressRange>()
    {
        let address = text.split('/').next().and_then(|text| text.parse().ok()).expect("a range has an address");
        assert!(range.contains(address), "a range holds the address that it is named by");
    }
}
