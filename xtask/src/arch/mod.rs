//! `cargo xtask arch`: what the design says never happens, read from manifests and sources.
//!
//! A rule that cannot fail is a defect: `tests.rs` plants one violation for each.

mod arrows;
mod manifest;
mod rules;
mod source;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// One sentence of the design that a tree can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// An arrow between our crates that the table does not have.
    Arrow,
    /// A pure crate, or `client/src/core`, that names the world.
    Pure,
    /// `app` names a wire format, a protocol or an engine.
    App,
    /// A gateway names another gateway, a store, push, or a socket.
    Gateway,
    /// `client` names another crate of ours, or is named by one.
    Client,
    /// Somebody but the roots names a concrete edge.
    Edge,
    /// The operating system outside the edges.
    System,
    /// A task that no tracker knows.
    Tasks,
    /// A queue without a bound.
    Unbounded,
    /// A `select!` that is not biased.
    Select,
    /// A crate or module whose name says nothing, or a package not named after its folder.
    Name,
    /// A crate that ARCHITECTURE.md does not name.
    Map,
    /// A file too long to hold one idea.
    Length,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Arrow => "arrow",
            Self::Pure => "pure",
            Self::App => "app",
            Self::Gateway => "gateway",
            Self::Client => "client",
            Self::Edge => "edge",
            Self::System => "system",
            Self::Tasks => "tasks",
            Self::Unbounded => "unbounded",
            Self::Select => "select",
            Self::Name => "name",
            Self::Map => "map",
            Self::Length => "length",
        })
    }
}

/// One place that breaks a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    pub path: String,
    pub line: Option<usize>,
    pub rule: Rule,
    pub text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: [{}] {}", self.path, self.rule, self.text),
            None => write!(f, "{}: [{}] {}", self.path, self.rule, self.text),
        }
    }
}

/// The manifests, sources and the map of a workspace, by their paths from its root.
pub struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Reads what the rules look at.
    pub fn read(root: &Path) -> Result<Self> {
        let mut tree = Self { files: BTreeMap::new() };
        for file in ["Cargo.toml", "ARCHITECTURE.md"] {
            if root.join(file).is_file() {
                tree.read_file(root, file)?;
            }
        }
        for folder in ["crates", "xtask"] {
            tree.read_folder(root, folder)?;
        }
        Ok(tree)
    }

    fn read_folder(&mut self, root: &Path, folder: &str) -> Result<()> {
        let entries = fs::read_dir(root.join(folder)).with_context(|| format!("could not list {folder}"))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("could not list {folder}"))?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { bail!("{folder} holds a name that is not UTF-8") };
            let path = format!("{folder}/{name}");
            let kind = entry.file_type().with_context(|| format!("could not look at {path}"))?;
            if kind.is_dir() && name != "target" && !name.starts_with('.') {
                self.read_folder(root, &path)?;
            } else if kind.is_file() && (name == "Cargo.toml" || name.ends_with(".rs")) {
                self.read_file(root, &path)?;
            }
        }
        Ok(())
    }

    fn read_file(&mut self, root: &Path, path: &str) -> Result<()> {
        let text = fs::read_to_string(root.join(path)).with_context(|| format!("could not read {path}"))?;
        self.files.insert(path.to_owned(), text);
        Ok(())
    }

    fn sources(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter(|(path, _)| path.ends_with(".rs")).map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Every crate: its folder's name, the path of its manifest, and the manifest.
    fn manifests(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.files.iter().filter_map(|(path, text)| {
            let folder = path.strip_suffix("/Cargo.toml")?;
            // A fuzz target is a workspace of its own, beside the product.
            if folder.ends_with("/fuzz") {
                return None;
            }
            Some((folder.strip_prefix("crates/").unwrap_or(folder), path.as_str(), text.as_str()))
        })
    }
}

/// Checks the tree at `root` and prints what it finds.
pub fn run(root: &Path) -> Result<()> {
    let tree = Tree::read(root)?;
    for (path, lines) in long_files(&tree) {
        println!("warning: {path} has {lines} lines; past {} ask which two ideas it holds", rules::LINES_WARN);
    }
    let violations = check(&tree)?;
    for violation in &violations {
        println!("{violation}");
    }
    if violations.is_empty() {
        return Ok(());
    }
    bail!("{} violations of the architecture", violations.len())
}

/// Every violation of the tree, in the order of its files.
fn check(tree: &Tree) -> Result<Vec<Violation>> {
    let mut violations = Vec::new();
    let root = tree.files.get("Cargo.toml").map_or("", String::as_str);
    let inherited = manifest::Inherited::parse(root)?;
    let map = tree.files.get("ARCHITECTURE.md").map_or("", String::as_str);
    for (folder, path, text) in tree.manifests() {
        let manifest = manifest::parse(text, &inherited).with_context(|| format!("could not read {path}"))?;
        arrows::check(path, folder, &manifest, &mut violations);
        check_crate_names(path, folder, &manifest.package, map, &mut violations);
    }
    let test_modules = test_modules(tree);
    for (path, text) in tree.sources() {
        rules::check_file_name(path, &mut violations);
        rules::check(path, text, belongs_to(path, &test_modules), &mut violations);
    }
    violations.sort();
    Ok(violations)
}

fn check_crate_names(path: &str, folder: &str, package: &str, map: &str, violations: &mut Vec<Violation>) {
    let mut report = |rule, text| violations.push(Violation { rule, path: path.to_owned(), line: None, text });
    let expected = if folder == "xtask" { "xtask".to_owned() } else { format!("stonechat-{folder}") };
    if package != expected {
        report(Rule::Name, format!("the package of the folder `{folder}` is called `{package}`, not `{expected}`"));
    }
    if rules::says_nothing(folder) {
        report(Rule::Name, format!("`{folder}` says nothing: name the idea"));
    }
    let named =
        [format!("`{folder}`"), format!("`{expected}`"), format!("`crates/{folder}`"), format!("`crates/{folder}/")];
    if !named.iter().any(|name| map.contains(name)) {
        report(Rule::Map, format!("ARCHITECTURE.md does not name `{folder}`"));
    }
}

/// The files of modules that another file declares under `#[cfg(test)]`, without their `.rs`.
fn test_modules(tree: &Tree) -> BTreeSet<String> {
    let mut modules = BTreeSet::new();
    for (path, text) in tree.sources() {
        let stem = path.strip_suffix(".rs").unwrap_or(path);
        let (folder, file) = stem.rsplit_once('/').unwrap_or(("", stem));
        let home = if matches!(file, "lib" | "main" | "mod") { folder } else { stem };
        for module in source::product(&source::lex(text)).test_modules {
            modules.insert(format!("{home}/{module}"));
        }
    }
    modules
}

fn belongs_to(path: &str, modules: &BTreeSet<String>) -> bool {
    modules
        .iter()
        .any(|module| path.strip_prefix(module.as_str()).is_some_and(|rest| rest == ".rs" || rest.starts_with('/')))
}

fn long_files(tree: &Tree) -> Vec<(&str, usize)> {
    tree.sources()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > rules::LINES_WARN)
        .collect()
}
