//! `cargo xtask power-cut`: records the real server under load, cuts its power many times, and asks an oracle.
//!
//! With `--without-sync` it builds a server that never syncs its log and must find that out: the proof that the test can
//! fail. That build has a target folder of its own, so that nothing else is ever linked with it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The exit code of the program when something was not as promised.
const VIOLATED: i32 = 3;
/// Cuts within which a server without sync has to be found.
const WITHOUT_SYNC_CUTS: &str = "20";
const WITHOUT_SYNC: &str = "--without-sync";

/// What is done when nobody says otherwise, and where it is written down.
const SAFE: &[&str] = &["--cuts", "100", "--json", "docs/reliability/power-cuts.json"];
const UNSAFE: &[&str] = &[
    "--cuts",
    WITHOUT_SYNC_CUTS,
    "--until-violation",
    "--bytes",
    "3000000",
    "--json",
    "docs/reliability/power-cuts-without-sync.json",
];

/// Builds the server, and runs the cuts with it. Later words win over the defaults.
pub fn run(root: &Path, words: &[&str]) -> Result<()> {
    let without_sync = words.contains(&WITHOUT_SYNC);
    let words: Vec<&str> = words.iter().copied().filter(|word| *word != WITHOUT_SYNC).collect();
    let mut build = cargo(root);
    build.args(["build", "--locked", "--package", "stonechat-server", "--bin", "stonechat"]);
    let mut target = root.join("target");
    if without_sync {
        target.push("without-sync");
        build.args(["--features", "without-sync", "--target-dir"]).arg(&target);
    }
    if !build.status().context("could not start cargo")?.success() {
        bail!("the server does not build");
    }
    let mut cut = cargo(root);
    cut.args(["run", "--quiet", "--locked", "--package", "stonechat-testkit", "--bin", "power-cut", "--"]);
    cut.args(if without_sync { UNSAFE } else { SAFE }).args(words);
    let status = cut.env("TESTKIT_BIN", target.join("debug/stonechat")).status().context("could not start cargo")?;
    match (status.code(), without_sync) {
        (Some(0), false) => Ok(()),
        (Some(VIOLATED), true) => {
            println!("a server without sync was found, as it must be");
            Ok(())
        }
        (Some(0), true) => bail!("a server without sync was not found: this test proves nothing"),
        (Some(VIOLATED), false) => bail!("a promise was broken"),
        _ => bail!("the cuts ended with {status}"),
    }
}

fn cargo(root: &Path) -> Command {
    // Under `cargo xtask` this is the cargo that runs us.
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_crate_is_built_without_sync_by_itself() {
        let root = crate::workspace_root();
        let mut found = Vec::new();
        for entry in std::fs::read_dir(root.join("crates")).unwrap() {
            let path = entry.unwrap().path().join("Cargo.toml");
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let manifest: toml::Table = text.parse().unwrap();
            let features = manifest.get("features").and_then(toml::Value::as_table).cloned().unwrap_or_default();
            found.extend(features.keys().filter(|name| *name == "without-sync").map(|_| path.clone()));
            let others = features.iter().filter(|(name, _)| *name != "without-sync");
            assert!(!others.map(|(_, value)| value.to_string()).any(|it| it.contains("without-sync")), "{path:?}");
            for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
                let named = manifest.get(table).map(ToString::to_string).unwrap_or_default();
                assert!(!named.contains("without-sync"), "{path:?} enables it");
            }
        }
        assert_eq!(found.len(), 2, "{found:?}");
    }
}
