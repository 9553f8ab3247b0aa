//! Which encoding of a file a browser gets.

use super::files::WebFile;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_ENCODING, IF_NONE_MATCH};
use bytes::Bytes;

/// A file in one encoding.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Encoded {
    pub bytes: Bytes,
    /// As `Content-Encoding` names it; `None` when the file is as it is.
    pub encoding: Option<&'static str>,
    /// The entity tag, in its quotes: each encoding has its own.
    pub tag: String,
}

/// The smallest encoding that is accepted. A browser that accepts none at all gets the file as it is.
pub(crate) fn choose(file: WebFile, headers: &HeaderMap) -> Encoded {
    let WebFile { plain, brotli, gzip, tag } = file;
    let encodings = [("br", brotli), ("gzip", gzip)];
    let found = encodings.into_iter().find_map(|(name, bytes)| Some((name, bytes.filter(|_| accepts(headers, name))?)));
    match found {
        Some((name, bytes)) => Encoded { bytes, encoding: Some(name), tag: format!("\"{tag}-{name}\"") },
        None => Encoded { bytes: plain, encoding: None, tag: format!("\"{tag}\"") },
    }
}

/// Whether the browser has this already. Tags are compared weakly, as RFC 9110 wants it of a `GET`.
pub(crate) fn has(headers: &HeaderMap, tag: &str) -> bool {
    let mut tags = lists(headers, IF_NONE_MATCH);
    tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let mut accepted = lists(headers, ACCEPT_ENCODING).map(|item| {
        let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
        let weight = parameters.trim().strip_prefix("q=").and_then(|q| q.trim().parse::<f32>().ok()).unwrap_or(1.0);
        (name.trim(), weight > 0.0)
    });
    // `*` would do, but what says it is seldom a browser and often cannot read brotli.
    accepted.any(|(name, wanted)| name.eq_ignore_ascii_case(encoding) && wanted)
}

/// The elements of all lines of a header.
fn lists(headers: &HeaderMap, name: axum::http::HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(accept: Option<&'static str>) -> Option<&'static str> {
        let file = WebFile {
            plain: Bytes::from_static(b"plain"),
            brotli: Some(Bytes::from_static(b"br")),
            gzip: Some(Bytes::from_static(b"gz")),
            tag: "t".into(),
        };
        let headers = accept.map(|accept| (ACCEPT_ENCODING, accept.parse().unwrap()));
        choose(file, &headers.into_iter().collect()).encoding
    }

    #[test]
    fn the_smallest_that_is_accepted_is_sent() {
        for (accept, encoding) in [
            (Some("gzip, deflate, br, zstd"), Some("br")),
            (Some("gzip, deflate"), Some("gzip")),
            (Some("GZIP;q=0.5, br;q=0"), Some("gzip")),
            (Some("br; q=0.1"), Some("br")),
            (Some("br;q=0.0, gzip;q=0"), None),
            (Some("identity;q=0, *;q=0"), None),
            (Some("*"), None),
            (Some("brotli"), None),
            (Some(""), None),
            (None, None),
        ] {
            assert_eq!(chosen(accept), encoding, "{accept:?}");
        }
    }

    #[test]
    fn a_file_without_an_encoding_is_sent_as_it_is() {
        let file = WebFile { plain: Bytes::from_static(b"png"), brotli: None, gzip: None, tag: "t".into() };
        let headers = [(ACCEPT_ENCODING, "br, gzip".parse().unwrap())].into_iter().collect();
        let plain = Encoded { bytes: Bytes::from_static(b"png"), encoding: None, tag: "\"t\"".into() };
        assert_eq!(choose(file, &headers), plain);
    }

    #[test]
    fn tags_are_found_in_lists_and_when_they_are_weak() {
        let known = |value: &str| has(&[(IF_NONE_MATCH, value.parse().unwrap())].into_iter().collect(), "\"t-br\"");
        assert!(known("\"t-br\"") && known("W/\"t-br\"") && known("\"a\", \"t-br\"") && known("*"));
        assert!(!known("\"t\"") && !known("t-br") && !known(""));
    }
}
