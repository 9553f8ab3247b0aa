//! What a browser may do with our pages.

use axum::http::header::{CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// Longest name of a host that is repeated in a header, in bytes.
const HOST_BYTES_MAX: usize = 255;

/// What pages of ours never need. Clipboard and notifications are not here: they do.
const FEATURES: &str = "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
                        magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=()";

/// The headers of every file. The policy knows no exception: neither `unsafe-inline` nor another origin.
pub(crate) fn headers(request: &HeaderMap) -> [(HeaderName, HeaderValue); 5] {
    let policy = HeaderValue::from_str(&content_security(host(request)));
    [
        // A host of visible letters makes a header of visible letters.
        (CONTENT_SECURITY_POLICY, policy.unwrap_or(HeaderValue::from_static("default-src 'none'"))),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (HeaderName::from_static("permissions-policy"), HeaderValue::from_static(FEATURES)),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    ]
}

fn content_security(host: Option<&str>) -> String {
    // Not every browser takes 'self' for WebSockets too, so they are named.
    let sockets = host.map(|host| format!(" ws://{host} wss://{host}")).unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'{sockets}; \
         font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html stonechat"
    )
}

/// The host that was asked, when it is one: what stands in a policy may not end it.
fn host(request: &HeaderMap) -> Option<&str> {
    let host = request.get(HOST)?.to_str().ok()?;
    let good = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
    (!host.is_empty() && host.len() <= HOST_BYTES_MAX && host.chars().all(good)).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(host: &str) -> String {
        let request = [(HOST, host.parse().unwrap())].into_iter().collect();
        headers(&request)[0].1.to_str().unwrap().to_owned()
    }

    #[test]
    fn nothing_inline_and_nothing_from_elsewhere() {
        let policy = policy("chat.example:8443");
        assert!(policy.contains("connect-src 'self' ws://chat.example:8443 wss://chat.example:8443;"), "{policy}");
        for word in ["unsafe", "*", "http:", "https:"] {
            assert!(!policy.contains(word), "{policy}");
        }
        for directive in ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(directive), "{directive}");
        }
    }

    #[test]
    fn a_host_cannot_add_to_the_policy() {
        for host in ["a; script-src *", "a *", "a'", "", "a,b"] {
            assert!(policy(host).contains("connect-src 'self';"), "{host}: {}", policy(host));
        }
        assert!(policy("[::1]:8080").contains("ws://[::1]:8080"));
    }
}
