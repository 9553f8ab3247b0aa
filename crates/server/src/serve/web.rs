//! Where the files of the messenger come from: what was built into the binary, or a folder.

use bytes::Bytes;
use ring::digest::{SHA256, digest};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stonechat_http::backend::BoxFuture;
use stonechat_http::web::files::{WebFile, WebFiles};

/// Bytes of a hash that name what a file holds.
const TAG_BYTES: usize = 16;

/// One file of `web/dist`, as `build.rs` lists it.
struct Embedded {
    path: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

// `static EMBEDDED: &[Embedded]`; empty when nothing was built.
include!(concat!(env!("OUT_DIR"), "/web.rs"));

/// Where the messenger comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Web {
    /// There is none.
    Off,
    /// Out of the binary.
    Embedded,
    /// Out of a folder that may change at any time.
    Folder(PathBuf),
}

impl Web {
    /// The files; `None` when there are to be none.
    pub(super) fn files(&self) -> Option<Arc<dyn WebFiles>> {
        match self {
            Self::Off => None,
            Self::Embedded => Some(Arc::new(Binary::new())),
            Self::Folder(folder) => Some(Arc::new(Folder(folder.clone()))),
        }
    }

    /// Whether a page of the messenger is there.
    #[must_use]
    pub fn is_built(&self) -> bool {
        match self {
            Self::Off => false,
            Self::Embedded => EMBEDDED.iter().any(|file| file.path == "index.html"),
            Self::Folder(folder) => folder.join("index.html").is_file(),
        }
    }
}

/// The files of the binary.
struct Binary(BTreeMap<&'static str, WebFile>);

impl Binary {
    fn new() -> Self {
        let file = |file: &Embedded| {
            let (plain, brotli, gzip) = (Bytes::from_static(file.plain), file.brotli, file.gzip);
            let (brotli, gzip) = (brotli.map(Bytes::from_static), gzip.map(Bytes::from_static));
            (file.path, WebFile { tag: tag(&plain), plain, brotli, gzip })
        };
        Self(EMBEDDED.iter().map(file).collect())
    }
}

impl WebFiles for Binary {
    fn find<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Option<WebFile>> {
        Box::pin(std::future::ready(self.0.get(path).cloned()))
    }
}

/// A folder, read each time.
struct Folder(PathBuf);

impl WebFiles for Folder {
    fn find<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Option<WebFile>> {
        Box::pin(async move {
            let path = self.0.join(path);
            let plain = read(&path).await?;
            let beside = async |extension: &str| {
                let mut name = path.clone().into_os_string();
                name.push(extension);
                read(Path::new(&name)).await
            };
            Some(WebFile { tag: tag(&plain), plain, brotli: beside(".br").await, gzip: beside(".gz").await })
        })
    }
}

/// What cannot be read, a folder for one, is not there.
async fn read(path: &Path) -> Option<Bytes> {
    tokio::fs::read(path).await.ok().map(Bytes::from)
}

fn tag(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().take(TAG_BYTES).fold(String::new(), |mut tag, byte| {
        // Writing to a text never fails.
        let _ = write!(tag, "{byte:02x}");
        tag
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_folder_gives_what_is_in_it_now() {
        let folder = tempfile::tempdir().unwrap();
        let web = Web::Folder(folder.path().to_owned());
        let files = web.files().unwrap();
        assert!(!web.is_built() && files.find("index.html").await.is_none());
        std::fs::create_dir(folder.path().join("assets")).unwrap();
        for (name, text) in
            [("index.html", "one"), ("assets/a.js", "js"), ("assets/a.js.br", "br"), ("assets/a.js.gz", "gz")]
        {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let index = files.find("index.html").await.unwrap();
        assert!(web.is_built() && index.plain == "one" && index.brotli.is_none() && index.gzip.is_none());
        let script = files.find("assets/a.js").await.unwrap();
        assert_eq!((script.brotli, script.gzip), (Some("br".into()), Some("gz".into())));
        assert!(files.find("assets").await.is_none(), "a folder is no file");
        std::fs::write(folder.path().join("index.html"), "two").unwrap();
        assert_ne!(files.find("index.html").await.unwrap().tag, index.tag);
    }

    #[tokio::test]
    async fn the_binary_gives_what_was_built_into_it() {
        let files = Web::Embedded.files().unwrap();
        for file in EMBEDDED {
            assert!(stonechat_http::web::files::is_path(file.path), "{}", file.path);
            assert_eq!(files.find(file.path).await.unwrap().plain, file.plain);
        }
        assert_eq!(files.find("index.html").await.is_some(), Web::Embedded.is_built());
        assert!(Web::Off.files().is_none());
    }
}
