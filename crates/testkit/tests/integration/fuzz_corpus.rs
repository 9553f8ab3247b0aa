//! What the fuzzers found worth keeping, and what once broke a parser, replayed on every run of the tests.

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use stonechat_testkit::fuzz::{TARGETS, Target};

/// Bytes of all corpora together: they are read on every run and stay in the repository for ever.
const CORPORA_BYTES_MAX: u64 = 2 * 1024 * 1024;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// The files of a folder, by name; none when there is no folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(folder).map_or_else(|_| Vec::new(), |all| all.map(|entry| entry.unwrap().path()).collect());
    files.sort();
    files
}

fn names(folder: &Path) -> BTreeSet<String> {
    files(folder).iter().map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

/// Replays files; the names of those that break a promise.
fn broken(target: &Target, files: &[PathBuf]) -> Vec<String> {
    let breaks = |path: &&PathBuf| {
        let bytes = fs::read(path).unwrap();
        let run = target.run;
        catch_unwind(move || run(&bytes)).is_err()
    };
    files.iter().filter(breaks).map(|path| path.display().to_string()).collect()
}

#[test]
fn every_corpus_is_survived() {
    let mut bytes = 0;
    for target in TARGETS {
        let corpus = files(&fuzz().join("corpus").join(target.name));
        assert!(!corpus.is_empty(), "{} has no corpus", target.name);
        bytes += corpus.iter().map(|path| fs::metadata(path).unwrap().len()).sum::<u64>();
        assert_eq!(broken(target, &corpus), Vec::<String>::new());
    }
    assert!(bytes <= CORPORA_BYTES_MAX, "the corpora have {bytes} bytes");
}

#[test]
fn what_once_broke_a_target_does_so_no_more() {
    for target in TARGETS {
        let once_broken = files(&fuzz().join("regressions").join(target.name));
        assert_eq!(broken(target, &once_broken), Vec::<String>::new());
    }
}

#[test]
fn every_target_has_its_program_and_every_folder_its_target() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(names(&fuzz().join("fuzz_targets")), targets);
    assert_eq!(names(&fuzz().join("corpus")), targets);
    assert!(names(&fuzz().join("regressions")).is_subset(&targets));
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for target in &targets {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")), "{target} is not built");
    }
}
