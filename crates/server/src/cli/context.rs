//! What a command gets of the world: where to write, and how it shall look.

use std::ffi::OsString;
use std::io::Write;

use crate::cli::printer::Looks;

/// What a command gets of the world.
pub struct Context<'w> {
    /// Standard output: results, and nothing else.
    pub out: &'w mut dyn Write,
    /// Standard error: what people should know besides.
    pub err: &'w mut dyn Write,
    /// How lines for people look.
    pub looks: Looks,
}

impl Context<'_> {
    /// Tells the person at the terminal something that is not a result.
    pub fn notice(&mut self, sentence: &str) {
        // Nobody is told that nobody can be told.
        let _ = writeln!(self.err, "{sentence}");
    }
}

/// A variable of the environment.
#[must_use]
pub fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
