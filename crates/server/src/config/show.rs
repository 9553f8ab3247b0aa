//! `config check` and `config show`: what is said, without the printing.

use crate::config::loading::Loaded;
use crate::config::problem::ConfigError;
use crate::config::sources::{DEFAULT, PREFIX};
use crate::config::table::SETTINGS;
use crate::content::AppContent;

/// Every value and where it came from, as TOML with dotted keys. There are no secrets in a configuration: keys are in
/// files, of which it has the names.
#[must_use]
pub fn show(loaded: &Loaded) -> String {
    let unset = SETTINGS
        .iter()
        .filter(|setting| !setting.path.contains('*'))
        .filter(|setting| loaded.entries.iter().all(|entry| entry.key != setting.path))
        .map(|setting| (setting.path, None));
    let set = loaded.entries.iter().map(|entry| (entry.key.as_str(), Some(entry)));
    let mut lines: Vec<_> = set.chain(unset).collect();
    lines.sort_by_key(|(key, _)| *key);
    let assignments: Vec<String> = lines
        .iter()
        .map(|(key, entry)| match entry {
            Some(entry) => format!("{key} = {}", entry.value),
            None => format!("# {key}"),
        })
        .collect();
    let width = assignments.iter().map(|text| text.chars().count()).filter(|width| *width <= 60).max().unwrap_or(0);
    let mut text = String::new();
    for (assignment, (_, entry)) in assignments.iter().zip(&lines) {
        let origin = entry.map_or("not set", |entry| entry.origin.as_str());
        text += &format!("{assignment:width$}  # {origin}\n");
    }
    text
}

/// A sentence for a configuration that can be used, its certificate and schemas included.
///
/// # Errors
/// [`ConfigError`], when the files that it names cannot be used.
pub fn check(loaded: &Loaded) -> Result<String, ConfigError> {
    loaded.settings.listen.protection.tls()?;
    for app in &loaded.settings.apps {
        AppContent::read(app)?;
    }
    let from = |wanted: fn(&str) -> bool| loaded.entries.iter().filter(|entry| wanted(&entry.origin)).count();
    let variables = from(|origin| origin.starts_with(PREFIX));
    let defaults = from(|origin| origin == DEFAULT);
    let file = match &loaded.file {
        Some(path) => path.display().to_string(),
        None => "no file".to_owned(),
    };
    Ok(format!("The configuration is good: {file}, {variables} from variables, {defaults} by default."))
}
