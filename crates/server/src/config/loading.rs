//! From the sources to the settings.

use crate::config::problem::{ConfigError, Problem};
use crate::config::reading::{self, shown};
use crate::config::settings::Settings;
use crate::config::sources::{self, Flag, PREFIX};
use crate::config::table::Setting;
use config::{Config, Value, ValueKind};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where values may come from. The later of these wins: default, file, variables, flags.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    file: Option<PathBuf>,
    variables: Vec<(String, String)>,
    not_unicode: Vec<String>,
    flags: Vec<Flag>,
}

impl Sources {
    /// The variables of the environment, as [`std::env::vars_os`] gives them. `STONECHAT_CONFIG` names the file.
    #[must_use]
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut sources = Self::default();
        for (name, value) in variables {
            let Ok(name) = name.into_string() else { continue };
            if !name.starts_with(PREFIX) {
                continue;
            }
            match value.into_string() {
                Ok(value) => sources.variables.push((name, value)),
                Err(_) => sources.not_unicode.push(name),
            }
        }
        // The order of the environment is nobody's choice.
        sources.variables.sort();
        let named = sources.variables.iter().find(|(name, value)| name == "STONECHAT_CONFIG" && !value.is_empty());
        sources.file = named.map(|(_, path)| PathBuf::from(path));
        sources
    }

    /// The file that `--config` names.
    #[must_use]
    pub fn with_file(mut self, path: Option<PathBuf>) -> Self {
        self.file = path.or(self.file);
        self
    }

    /// A value of the command line; `None` changes nothing.
    #[must_use]
    pub fn with_flag(mut self, flag: &'static str, setting: &'static Setting, value: Option<String>) -> Self {
        self.flags.extend(value.map(|value| Flag { flag, setting, value }));
        self
    }
}

/// A configuration that can be used.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What it says.
    pub settings: Settings,
    /// The file, when there is one.
    pub file: Option<PathBuf>,
    /// Every value that is set.
    pub entries: Vec<Entry>,
}

/// One value and where it came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Section and key, as they would be written in TOML.
    pub key: String,
    /// As it would be written in TOML.
    pub value: String,
    /// File and line, variable, flag or `default`.
    pub origin: String,
}

/// Reads the configuration.
///
/// # Errors
/// [`ConfigError`] with everything that is wrong.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let mut problems: Vec<Problem> = sources
        .not_unicode
        .iter()
        .map(|name| Problem { origin: Some(format!("the variable {name}")), text: "is not Unicode".to_owned() })
        .collect();
    let file = match &sources.file {
        Some(path) => sources::file(path, &mut problems)?,
        None => sources::Leaves::default(),
    };
    settle(sources, file, problems)
}

/// Reads a configuration that is nothing but the content of a file of this name. Only fuzz targets have one without
/// its file.
///
/// # Errors
/// As [`load`].
#[doc(hidden)]
pub fn load_content(path: &Path, bytes: &[u8]) -> Result<Loaded, ConfigError> {
    let mut problems = Vec::new();
    let file = sources::content(path, bytes, &mut problems)?;
    settle(&Sources::default(), file, problems)
}

fn settle(sources: &Sources, file: sources::Leaves, mut problems: Vec<Problem>) -> Result<Loaded, ConfigError> {
    let variables = sources::variables(&sources.variables, &mut problems);
    let merged = Config::builder()
        .add_source(sources::defaults())
        .add_source(file)
        .add_source(variables)
        .add_source(sources::flags(&sources.flags))
        .build()
        .map_err(|error| ConfigError::Problems(vec![Problem { origin: None, text: error.to_string() }]))?;
    let settings = reading::read(&merged.cache, &mut problems);
    if !problems.is_empty() {
        problems.sort();
        problems.dedup();
        return Err(ConfigError::Problems(problems));
    }
    let mut entries = Vec::new();
    list(&merged.cache, &mut Vec::new(), &mut entries);
    entries.sort();
    Ok(Loaded { settings, file: sources.file.clone(), entries })
}

fn list<'a>(value: &'a Value, path: &mut Vec<&'a str>, entries: &mut Vec<Entry>) {
    if let ValueKind::Table(table) = &value.kind {
        let table: BTreeMap<&String, &Value> = table.iter().collect();
        for (key, value) in table {
            path.push(key);
            list(value, path, entries);
            path.pop();
        }
        return;
    }
    entries.push(Entry {
        key: path.iter().map(|part| reading::key(part)).collect::<Vec<_>>().join("."),
        value: shown(value),
        origin: value.origin().unwrap_or_default().to_owned(),
    });
}
