//! Builds the simulation, optimised and with every check, and hands it what follows.

use anyhow::{Result, ensure};
use std::path::Path;
use std::process::Command;

/// Runs `cargo xtask sim`.
pub fn run(root: &Path, words: &[&str]) -> Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root).args(["run", "--locked", "--quiet", "--profile", "sim", "--package", "stonechat-simulation"]);
    if words.contains(&"--planted") {
        cargo.args(["--features", "mutants"]);
    }
    let status = cargo.arg("--").args(words).status()?;
    ensure!(status.success(), "the simulation found something");
    Ok(())
}
