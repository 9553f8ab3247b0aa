//! What a `Cargo.toml` names: every dependency by the name of its package, whatever the manifest calls it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use toml::{Table, Value};

/// In which part of a build a dependency takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Normal,
    Build,
    Dev,
}

/// One arrow of a manifest.
#[derive(Debug, PartialEq, Eq)]
pub struct Dependency {
    pub package: String,
    pub kind: Kind,
    pub features: BTreeSet<String>,
    /// Where the manifest names it, as far as that can be told.
    pub line: Option<usize>,
}

/// A package and its arrows.
#[derive(Debug)]
pub struct Manifest {
    pub package: String,
    pub dependencies: Vec<Dependency>,
}

/// What `[workspace.dependencies]` of the root says, for members that inherit from it.
#[derive(Default)]
pub struct Inherited(BTreeMap<String, Value>);

impl Inherited {
    /// Reads the manifest of the workspace's root.
    pub fn parse(text: &str) -> Result<Self> {
        let table: Table = text.parse().context("the root manifest is not TOML")?;
        let dependencies = table.get("workspace").and_then(|w| w.get("dependencies")).and_then(Value::as_table);
        Ok(Self(dependencies.map(|d| d.clone().into_iter().collect()).unwrap_or_default()))
    }
}

/// Reads the manifest of one member.
pub fn parse(text: &str, inherited: &Inherited) -> Result<Manifest> {
    let table: Table = text.parse().context("the manifest is not TOML")?;
    let package = table
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(Value::as_str)
        .context("the manifest has no package name")?
        .to_owned();
    let mut dependencies = Vec::new();
    read_sections(&table, text, inherited, &mut dependencies);
    if let Some(targets) = table.get("target").and_then(Value::as_table) {
        for target in targets.values().filter_map(Value::as_table) {
            read_sections(target, text, inherited, &mut dependencies);
        }
    }
    Ok(Manifest { package, dependencies })
}

fn read_sections(table: &Table, text: &str, inherited: &Inherited, into: &mut Vec<Dependency>) {
    let sections =
        [("dependencies", Kind::Normal), ("build-dependencies", Kind::Build), ("dev-dependencies", Kind::Dev)];
    for (section, kind) in sections {
        let Some(entries) = table.get(section).and_then(Value::as_table) else { continue };
        for (key, value) in entries {
            let base = value.get("workspace").and_then(|_| inherited.0.get(key));
            let package = [Some(value), base].into_iter().flatten().find_map(|v| v.get("package")?.as_str());
            let features = [Some(value), base]
                .into_iter()
                .flatten()
                .filter_map(|v| v.get("features")?.as_array())
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect();
            let package = package.unwrap_or(key).to_owned();
            into.push(Dependency { package, kind, features, line: line_of(text, section, key) });
        }
    }
}

/// The line that names `key` in a section whose header ends with `section`, or the header of a table of its own.
fn line_of(text: &str, section: &str, key: &str) -> Option<usize> {
    let mut inside = false;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_end_matches(']');
            inside = is_section(header, section);
            let table_of_key = header.strip_suffix(key).and_then(|before| before.strip_suffix('.'));
            if table_of_key.is_some_and(|before| is_section(before, section)) {
                return Some(at + 1);
            }
        } else if inside && line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(['=', '.'])) {
            return Some(at + 1);
        }
    }
    None
}

fn is_section(header: &str, section: &str) -> bool {
    header.strip_suffix(section).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = r#"
        [workspace.dependencies]
        stonechat-log = { path = "crates/log" }
        clock = { package = "hidden", version = "1", features = ["a"] }
    "#;

    #[test]
    fn renames_targets_and_kinds_are_seen() {
        let text = r#"
[package]
name = "stonechat-x"

[dependencies]
stonechat-log.workspace = true
alias = { package = "rand", version = "1" }

[build-dependencies]
clock = { workspace = true, features = ["b"] }

[target.'cfg(unix)'.dev-dependencies.libc]
version = "1"
"#;
        let manifest = parse(text, &Inherited::parse(ROOT).unwrap()).unwrap();
        let seen: Vec<_> = manifest
            .dependencies
            .iter()
            .map(|d| (d.package.as_str(), d.kind, d.features.iter().map(String::as_str).collect::<Vec<_>>(), d.line))
            .collect();
        assert_eq!(
            seen,
            [
                ("rand", Kind::Normal, vec![], Some(7)),
                ("stonechat-log", Kind::Normal, vec![], Some(6)),
                ("hidden", Kind::Build, vec!["a", "b"], Some(10)),
                ("libc", Kind::Dev, vec![], Some(12)),
            ]
        );
    }

    #[test]
    fn a_manifest_without_a_name_is_refused() {
        assert!(parse("[dependencies]", &Inherited::default()).is_err());
    }
}
