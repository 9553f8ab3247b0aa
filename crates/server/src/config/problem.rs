//! What is wrong with a configuration, for people.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// One thing to mend.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// File and line, variable or flag; `None` when nobody said anything.
    pub origin: Option<String>,
    /// A whole sentence without its full stop; begins with the setting.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Some(origin) => write!(f, "{origin}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// The stable code of every [`ConfigError`]. It is of the command line, and not of the wire.
pub const INVALID_CONFIG: &str = "invalid_config";

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there or may not be read.
    #[error("could not read the configuration {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("the configuration is not TOML\n  {0}")]
    NotToml(Problem),
    /// Settings are unknown, wrong, or do not fit each other.
    #[error("the configuration cannot be used{}", lines(.0))]
    Problems(Vec<Problem>),
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("\n  {problem}")).collect()
}
