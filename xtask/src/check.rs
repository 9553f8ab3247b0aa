//! `cargo xtask check`: every step that a change must pass, in order of how soon it can fail.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::{arch, docs, features};

/// How much of the list to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    Whole,
    /// Without tests and rustdoc.
    Fast,
}

type Step = fn(&Path) -> Result<()>;

const STEPS: &[(&str, Extent, Step)] = &[
    ("format", Extent::Fast, |root| cargo(root, &["fmt", "--all", "--check"], &[])),
    ("arch", Extent::Fast, arch::run),
    ("clippy", Extent::Fast, |root| {
        cargo(root, &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"], &[])
    }),
    ("test", Extent::Whole, |root| {
        features::forget(root)?;
        cargo(root, &["test", "--workspace", "--locked"], &[])
    }),
    ("features", Extent::Whole, features::verify),
    ("rustdoc", Extent::Whole, |root| {
        cargo(root, &["doc", "--workspace", "--no-deps", "--locked"], &[("RUSTDOCFLAGS", "-D warnings")])
    }),
    ("docs", Extent::Fast, docs::check),
];

/// Runs the steps and stops at the first that fails.
pub fn run(root: &Path, extent: Extent) -> Result<()> {
    let begun = Instant::now();
    for (name, step_extent, step) in STEPS {
        if extent == Extent::Fast && *step_extent == Extent::Whole {
            continue;
        }
        eprintln!("==> {name}");
        let step_begun = Instant::now();
        step(root).with_context(|| format!("{name} failed after {}", since(step_begun)))?;
        eprintln!("    {name} passed in {}", since(step_begun));
    }
    eprintln!("==> all passed in {}", since(begun));
    Ok(())
}

/// Runs cargo with its own output, so that a failure reads as it always does.
fn cargo(root: &Path, words: &[&str], variables: &[(&str, &str)]) -> Result<()> {
    // Under `cargo xtask` this is the cargo that runs us.
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(program)
        .args(words)
        .envs(variables.iter().copied())
        .current_dir(root)
        .status()
        .context("could not start cargo")?;
    if !status.success() {
        bail!("`cargo {}` ended with {status}", words.join(" "));
    }
    Ok(())
}

fn since(begun: Instant) -> String {
    format!("{:.1} s", begun.elapsed().as_secs_f64())
}
