//! The house's own tools: `cargo xtask arch`, `cargo xtask check`, `cargo xtask docs`, `cargo xtask fuzz`.

// A tool for developers may use clocks, threads and the disk as it likes.
#![allow(clippy::disallowed_methods)]

mod arch;
mod black_box;
mod bounds;
mod check;
mod docs;
mod features;
mod fuzz;
mod power_cut;
mod reliability;
mod sim;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <command>

  arch            the arrows between crates, and what sources may not name
  check           format, arrows, clippy, tests, docs; the first failure stops
  check --fast    the same without tests and rustdoc
  docs            writes the pages that are made from tables in the code
  docs --check    fails when a page is not what the code says
  sim             the simulation: seeds, campaigns, planted bugs; --help says more
  fuzz            runs the fuzzers; --minutes M for each (15), --target T for one of them
  power-cut       cuts the power of the real server under load; --cuts N (100), --seed S, --without-sync
  black-box [--kills N] [--minutes M] [--seed S] [--disk tmpfs|shim]
                  the real binary under kills and other faults; histories in target/black-box,
                  the report in docs/reliability/black-box.json
  check-history FILE
                  whether a history may be
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let root = workspace_root();
    let outcome = match words.as_slice() {
        ["arch"] => arch::run(&root),
        ["check"] => check::run(&root, check::Extent::Whole),
        ["check", "--fast"] => check::run(&root, check::Extent::Fast),
        ["docs"] => docs::write(&root),
        ["docs", "--check"] => docs::check(&root),
        ["sim", words @ ..] => sim::run(&root, words),
        ["fuzz", words @ ..] => fuzz::run(&root, words),
        ["power-cut", words @ ..] => power_cut::run(&root, words),
        ["black-box", words @ ..] => black_box::run(&root, words),
        ["check-history", history] => black_box::check(&root, history),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn workspace_root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}
