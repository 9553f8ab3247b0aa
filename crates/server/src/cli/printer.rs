//! Standard output of the clients: whole lines, colours where they are wanted.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write};

use stonechat_types::id::UserId;

use crate::cli::args::ColorWhen;
use crate::cli::civil::UtcOffset;

/// Whether what is printed has colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// It has.
    Coloured,
    /// It has none.
    Plain,
}

impl Paint {
    /// What `--color` asks for on this standard output. An empty `NO_COLOR` says nothing.
    #[must_use]
    pub fn choose(when: ColorWhen, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let refused = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
        match when {
            ColorWhen::Always => Self::Coloured,
            ColorWhen::Never => Self::Plain,
            ColorWhen::Auto if !refused && io::stdout().is_terminal() => Self::Coloured,
            ColorWhen::Auto => Self::Plain,
        }
    }

    /// Quiet: times, ids.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    /// Loud: titles.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// The colour of a person, always the same.
    #[must_use]
    pub fn person(self, user: &str) -> String {
        self.wrap(&format!("38;5;{}", colour_of(user)), user)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        match self {
            Self::Coloured => format!("\x1b[{code}m{text}\x1b[0m"),
            Self::Plain => text.to_owned(),
        }
    }
}

/// Colours of the 256 that can be read on dark and on light.
const PEOPLE: [u8; 12] = [31, 35, 67, 97, 101, 131, 133, 136, 137, 166, 168, 72];

/// The colour of a person, always the same: FNV-1a, mixed once more, since short names differ in few bits.
#[must_use]
pub fn colour_of(user: &str) -> u8 {
    let begin = 0xcbf2_9ce4_8422_2325_u64 ^ 1;
    let hash = user.bytes().fold(begin, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let index = (mixed ^ (mixed >> 33)) % PEOPLE.len() as u64;
    PEOPLE[index as usize]
}

/// How lines for people look.
#[derive(Clone, Copy, Debug)]
pub struct Looks {
    /// With or without colours.
    pub paint: Paint,
    /// Whose clock.
    pub offset: UtcOffset,
}

impl Looks {
    /// With the clock of UTC.
    #[must_use]
    pub fn new(paint: Paint) -> Self {
        Self { paint, offset: UtcOffset::default() }
    }
}

/// Writes one JSON object as a line.
///
/// # Errors
/// Those of the writer.
pub fn json_line(out: &mut dyn Write, value: &impl serde::Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    out.write_all(&line)
}

/// The name of a person when it says more than his id.
#[must_use]
pub fn named(user: &UserId, display_name: &str) -> String {
    if display_name.is_empty() || display_name == user.as_str() {
        return user.to_string();
    }
    format!("{} ({user})", crate::tui::sanitise::one_line(display_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_only_where_they_are_wanted() {
        let refused = |_: &str| Some("1".into());
        assert_eq!(Paint::choose(ColorWhen::Always, refused), Paint::Coloured);
        assert_eq!(Paint::choose(ColorWhen::Auto, refused), Paint::Plain);
        assert_eq!(Paint::choose(ColorWhen::Never, |_| None), Paint::Plain);
        assert_eq!(Paint::Plain.person("alice"), "alice");
        assert_eq!(Paint::Coloured.dim("x"), "\x1b[2mx\x1b[0m");
    }

    #[test]
    fn a_person_keeps_his_colour_and_differs_from_others() {
        assert_eq!(colour_of("alice"), colour_of("alice"));
        let people = ["alice", "bob", "carol", "dave", "mei", "omar"];
        let colours: std::collections::BTreeSet<u8> = people.iter().map(|user| colour_of(user)).collect();
        assert_eq!(colours.len(), people.len());
    }
}
