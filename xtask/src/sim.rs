//! Builds the simulation, optimised and with every check, and hands it what follows.

use anyhow::{Result, ensure};
use std::path::Path;
use std::process::Command;

/// Runs `cargo xtask sim`. Faults can always be planted in what it builds, so that one build serves all of its commands.
pub fn run(root: &Path, words: &[&str]) -> Result<()> {
    let build = ["run", "--locked", "--quiet", "--profile", "sim", "--package", "stonechat-simulation"];
    let status = Command::new("cargo")
        .current_dir(root)
        .args(build)
        .args(["--features", "mutants", "--"])
        .args(words)
        .status()?;
    ensure!(status.success(), "the simulation found something");
    Ok(())
}
