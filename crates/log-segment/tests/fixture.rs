//! A store that an earlier version wrote is opened for ever. `cargo run -p stonechat-log-segment --example
//! write_fixture` writes one of this version, when the format changes and gets a folder of its own.

#[path = "support/describe.rs"]
mod describe;
mod support;

use std::path::{Path, PathBuf};
use stonechat_log_segment::engine::SegmentLog;
use stonechat_log_segment::verify::verify;
use support::{options, small};

fn fixture(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/store").join(version)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn a_store_of_version_1_opens_with_all_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    copy(&fixture("v1"), &store);
    let expected = std::fs::read_to_string(fixture("v1").join("content.txt")).unwrap();
    let report = verify(&store).unwrap();
    assert!(report.is_clean() && report.segments > 2 && report.records == 40, "{report:?}");
    for _ in 0..2 {
        let log = SegmentLog::open(&store, options(small())).unwrap();
        assert_eq!(describe::describe(&log).unwrap(), expected);
        log.checkpoint().unwrap();
    }
}
