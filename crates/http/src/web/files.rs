//! The port behind which the files of the web lie, and which paths are asked for at all.

use crate::backend::BoxFuture;
use bytes::Bytes;

/// Longest path of a file, in bytes.
pub const WEB_PATH_BYTES_MAX: usize = 200;

/// What was built of `web/`, by path.
pub trait WebFiles: Send + Sync {
    /// The file of a path below `/`, such as `assets/app.js`; it is asked only for paths of which [`is_path`] holds.
    fn find<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Option<WebFile>>;
}

/// A file, in the encodings that there are of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebFile {
    /// As it is.
    pub plain: Bytes,
    /// By brotli.
    pub brotli: Option<Bytes>,
    /// By gzip.
    pub gzip: Option<Bytes>,
    /// Another one when it holds something else; letters and digits.
    pub tag: String,
}

/// Whether a path could be that of a file: names of letters, digits, `.`, `_` and `-`, none of them hidden. So none leads
/// upwards, whatever stands behind the port.
#[must_use]
pub fn is_path(path: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    path.len() <= WEB_PATH_BYTES_MAX
        && path.split('/').all(|name| !name.is_empty() && !name.starts_with('.') && name.chars().all(good))
}

/// What browsers are told that a file is. They are told not to guess, so what is unknown here is a download.
pub(crate) fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_paths() {
        for good in ["index.html", "assets/app-1a2B_3.js", "gallery/de/index.html", "a..b"] {
            assert!(is_path(good), "{good}");
        }
        let long = "a".repeat(WEB_PATH_BYTES_MAX + 1);
        for bad in [
            "",
            "/",
            "a/",
            "/a",
            "a//b",
            "..",
            "../a",
            "a/../b",
            ".git/config",
            "a/.b",
            "a\\b",
            "a b",
            "%2e%2e/a",
            "ä",
            "a\0",
            &long,
        ] {
            assert!(!is_path(bad), "{bad:?}");
        }
    }

    #[test]
    fn what_is_unknown_is_a_download() {
        assert_eq!(content_type("sw.js"), "text/javascript; charset=utf-8");
        assert_eq!(content_type("manifest.webmanifest"), "application/manifest+json");
        for unknown in ["a.exe", "js", "a.JS", "a.html.br", "a."] {
            assert_eq!(content_type(unknown), "application/octet-stream", "{unknown}");
        }
    }
}
