//! Where values come from: each source gives values that know their origin.

use crate::config::problem::{ConfigError, Problem};
use crate::config::table::{Kind, SETTINGS, Setting, find, nearest};
use config::{Map, Source, Value, ValueKind};
use std::fs;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// What every variable of the server's configuration begins with.
pub const PREFIX: &str = "STONECHAT_";
/// Between section and key in the name of a variable.
const SEPARATOR: &str = "__";
/// Variables of the command line, of clients and of our own tests, which may stand beside a server.
pub const NOT_SETTINGS: [&str; 7] = [
    "STONECHAT_BIN",
    "STONECHAT_CONFIG",
    "STONECHAT_HOME",
    "STONECHAT_KILLS",
    "STONECHAT_TOKEN",
    "STONECHAT_URL",
    "STONECHAT_USER",
];

/// The origin of what nobody set.
pub const DEFAULT: &str = "default";

/// One value and the setting that it is for.
#[derive(Clone, Debug)]
pub struct Leaf {
    path: Vec<String>,
    value: Value,
}

/// Values of one kind of origin. The later source wins.
#[derive(Clone, Debug, Default)]
pub struct Leaves(Vec<Leaf>);

impl Source for Leaves {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        let mut root = Map::default();
        for leaf in &self.0 {
            insert(&mut root, &leaf.path, &leaf.value);
        }
        Ok(root)
    }
}

fn insert(table: &mut Map<String, Value>, path: &[String], value: &Value) {
    match path {
        [] => {}
        [key] => {
            table.insert(key.clone(), value.clone());
        }
        [section, rest @ ..] => {
            let section =
                table.entry(section.clone()).or_insert_with(|| Value::new(None, ValueKind::Table(Map::default())));
            if let ValueKind::Table(section) = &mut section.kind {
                insert(section, rest, value);
            }
        }
    }
}

/// What the table of settings says.
pub fn defaults() -> Leaves {
    let set = |setting: &&Setting| {
        let text = setting.default?;
        let path = setting.path.split('.').map(str::to_owned).collect();
        Some(Leaf { path, value: typed(setting.kind, text, DEFAULT) })
    };
    Leaves(SETTINGS.iter().filter_map(set).collect())
}

/// A file.
pub fn file(path: &Path, problems: &mut Vec<Problem>) -> Result<Leaves, ConfigError> {
    let bytes = fs::read(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    content(path, &bytes, problems)
}

/// What stands in a file. Empty sections are kept, for `[apps.shop]` may have nothing to say.
pub fn content(path: &Path, bytes: &[u8], problems: &mut Vec<Problem>) -> Result<Leaves, ConfigError> {
    let name = path.display().to_string();
    let not_toml = |at: usize, message: &str| {
        let text = format!("{message} (column {})", column(bytes, at));
        ConfigError::NotToml(Problem { origin: Some(format!("{name}:{}", line(bytes, at))), text })
    };
    let text = std::str::from_utf8(bytes).map_err(|error| not_toml(error.valid_up_to(), "is not UTF-8"))?;
    let table = DeTable::parse(text)
        .map_err(|error| not_toml(error.span().map_or(0, |span| span.start), &one_line(error.message())))?;
    let mut reader = FileReader { name, text: bytes, folder: path.parent(), leaves: Vec::new(), problems };
    reader.table(&mut Vec::new(), table.into_inner());
    Ok(Leaves(reader.leaves))
}

struct FileReader<'a> {
    name: String,
    text: &'a [u8],
    /// What paths in the file are relative to.
    folder: Option<&'a Path>,
    leaves: Vec<Leaf>,
    problems: &'a mut Vec<Problem>,
}

impl FileReader<'_> {
    fn table(&mut self, path: &mut Vec<String>, table: DeTable<'_>) {
        for (key, value) in table {
            let origin = format!("{}:{}", self.name, line(self.text, key.span().start));
            path.push(key.into_inner().into_owned());
            match value.into_inner() {
                DeValue::Table(inner) if inner.is_empty() && find(path).is_none() => self.empty_section(path, origin),
                DeValue::Table(inner) if find(path).is_none() => self.table(path, inner),
                value => self.leaf(path, value, origin),
            }
            path.pop();
        }
    }

    fn empty_section(&mut self, path: &[String], origin: String) {
        let known = SETTINGS.iter().any(|setting| {
            let mut parts = setting.path.split('.');
            path.iter().all(|part| parts.next().is_some_and(|own| own == "*" || own == part))
        });
        if known {
            let value = Value::new(Some(&origin), ValueKind::Table(Map::default()));
            self.leaves.push(Leaf { path: path.to_vec(), value });
        } else {
            self.problems.push(unknown(path, origin));
        }
    }

    fn leaf(&mut self, path: &[String], value: DeValue<'_>, origin: String) {
        let Some(setting) = find(path) else {
            return self.problems.push(unknown(path, origin));
        };
        if value.is_table() {
            let text = format!("{} is not a section: it must be {}", path.join("."), setting.kind.expected());
            return self.problems.push(Problem { origin: Some(origin), text });
        }
        let mut value = plain(value, &origin);
        if let (Kind::Path, ValueKind::String(text), Some(folder)) = (setting.kind, &mut value.kind, self.folder)
            && !text.is_empty()
        {
            *text = folder.join(&*text).display().to_string();
        }
        self.leaves.push(Leaf { path: path.to_vec(), value });
    }
}

/// A value of TOML. What no setting can hold (a date, a fraction) stays a float or a text that no kind accepts.
fn plain(value: DeValue<'_>, origin: &String) -> Value {
    let kind = match value {
        DeValue::String(text) => ValueKind::String(text.into_owned()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => ValueKind::I64(number),
            Err(_) => ValueKind::Float(f64::INFINITY),
        },
        DeValue::Float(number) => ValueKind::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(flag) => ValueKind::Boolean(flag),
        DeValue::Datetime(_) => ValueKind::Nil,
        DeValue::Array(items) => {
            ValueKind::Array(items.into_iter().map(|item| plain(item.into_inner(), origin)).collect())
        }
        // Below a list, where no setting has one.
        DeValue::Table(_) => ValueKind::Nil,
    };
    Value::new(Some(origin), kind)
}

/// Variables of the environment: those that begin with [`PREFIX`], but for [`NOT_SETTINGS`].
pub fn variables(variables: &[(String, String)], problems: &mut Vec<Problem>) -> Leaves {
    let mut leaves = Vec::new();
    for (name, text) in variables {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        if NOT_SETTINGS.contains(&name.as_str()) {
            continue;
        }
        // The name of a public key keeps its letters: `kid` is case-sensitive.
        let mut path: Vec<String> = rest.split(SEPARATOR).map(str::to_owned).collect();
        path.iter_mut().take(3).for_each(|part| *part = part.to_lowercase());
        match find(&path) {
            Some(setting) => leaves.push(Leaf { path, value: typed(setting.kind, text, name) }),
            None => problems.push(unknown_variable(&path, name)),
        }
    }
    Leaves(leaves)
}

/// A value from the command line.
#[derive(Clone, Debug)]
pub struct Flag {
    /// As it was typed, such as `--listen`.
    pub flag: &'static str,
    /// The setting that it stands for.
    pub setting: &'static Setting,
    /// Its value.
    pub value: String,
}

/// Flags of the command line.
pub fn flags(flags: &[Flag]) -> Leaves {
    let leaf = |flag: &Flag| Leaf {
        path: flag.setting.path.split('.').map(str::to_owned).collect(),
        value: typed(flag.setting.kind, &flag.value, flag.flag),
    };
    Leaves(flags.iter().map(leaf).collect())
}

/// A text as a value of a kind; it stays a text when it is none, and is refused when it is read.
fn typed(kind: Kind, text: &str, origin: &str) -> Value {
    let string = || ValueKind::String(text.to_owned());
    let kind = match kind {
        Kind::Flag => text.parse().map_or_else(|_| string(), ValueKind::Boolean),
        Kind::Number { .. } => text.parse().map_or_else(|_| string(), ValueKind::I64),
        Kind::Ranges => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            let origin = origin.to_owned();
            ValueKind::Array(items.map(|item| Value::new(Some(&origin), item)).collect())
        }
        Kind::Text | Kind::Path | Kind::Address | Kind::OneOf(_) | Kind::PublicKey => string(),
    };
    Value::new(Some(&origin.to_owned()), kind)
}

fn unknown(path: &[String], origin: String) -> Problem {
    let text = match nearest(path) {
        Some(known) => format!("{} is not a setting; did you mean {known}?", path.join(".")),
        None => format!("{} is not a setting; `stonechat config show` lists all", path.join(".")),
    };
    Problem { origin: Some(origin), text }
}

fn unknown_variable(path: &[String], name: &str) -> Problem {
    let text = match nearest(path) {
        Some(known) => {
            let known = known.to_uppercase().replace('.', SEPARATOR);
            format!("is not a setting; did you mean {PREFIX}{known}?")
        }
        None => format!("is not a setting ({PREFIX}SECTION{SEPARATOR}KEY); `stonechat config show` lists all"),
    };
    Problem { origin: Some(format!("the variable {name}")), text }
}

fn line(text: &[u8], at: usize) -> usize {
    1 + text[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
}

fn column(text: &[u8], at: usize) -> usize {
    let before = &text[..at.min(text.len())];
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    1 + String::from_utf8_lossy(&before[start..]).chars().count()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
