//! `cargo xtask black-box` and `cargo xtask check-history`: the real binary under faults, and the judge of what
//! everybody saw. Both are programs of `testkit`; here they get their folders.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Where histories are kept, one folder a seed.
const HISTORIES: &str = "target/black-box";
/// Where the report goes.
const REPORT: &str = "docs/reliability/black-box.json";

/// Runs plans and writes the report. The words are `--kills N`, `--minutes M`, `--seed S` and `--disk tmpfs|shim`.
pub fn run(root: &Path, words: &[&str]) -> Result<()> {
    std::fs::create_dir_all(root.join("docs/reliability")).context("could not make the folder of the report")?;
    cargo(root, &["build", "--quiet", "--locked", "--package", "stonechat-server", "--bin", "stonechat"])?;
    let places = ["--histories", HISTORIES, "--report", REPORT];
    program(root, "black-box", &[words, &places].concat())
}

/// Judges one history.
pub fn check(root: &Path, history: &str) -> Result<()> {
    program(root, "check-history", &[history])
}

fn program(root: &Path, name: &str, words: &[&str]) -> Result<()> {
    let program = ["run", "--quiet", "--locked", "--package", "stonechat-testkit", "--bin", name, "--"];
    cargo(root, &[&program, words].concat())
}

fn cargo(root: &Path, words: &[&str]) -> Result<()> {
    // Under `cargo xtask` this is the cargo that runs us.
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(program).args(words).current_dir(root).status().context("could not start cargo")?;
    if !status.success() {
        bail!("`cargo {}` ended with {status}", words.join(" "));
    }
    Ok(())
}
