//! What lies over everything else until it is answered.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use stonechat_types::id::UserId;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::tui::found::Hit;
use crate::tui::sanitise;

/// Longest line that is taken, in bytes.
const LINE_BYTES_MAX: usize = 1_024;

/// What lies over everything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialog {
    /// All keys.
    Help {
        /// Rows scrolled.
        scroll: usize,
    },
    /// Something to fill in, and what for.
    Fill(Purpose, Form),
    /// What a search found.
    Found {
        /// Newest first.
        hits: Vec<Hit>,
        /// Which one is chosen.
        at: usize,
    },
    /// Who is in the open conversation.
    Members {
        /// Rows scrolled.
        scroll: usize,
    },
    /// Whether to leave the open conversation.
    Leave,
}

/// What a form is filled in for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Whom to write to.
    NewChat,
    /// A title and members.
    NewGroup,
    /// Whom to add to the open conversation.
    AddMembers,
    /// What to look for on this device.
    Search,
}

impl Purpose {
    /// What stands above the form.
    #[must_use]
    pub const fn title(&self) -> &'static str {
        match self {
            Self::NewChat => "Write to somebody",
            Self::NewGroup => "Make a group",
            Self::AddMembers => "Add members",
            Self::Search => "Find what was said",
        }
    }

    /// What stands above each of its lines.
    #[must_use]
    pub const fn labels(&self) -> &'static [&'static str] {
        match self {
            Self::NewChat => &["User id"],
            Self::NewGroup => &["Title", "Members, like bob carol"],
            Self::AddMembers => &["User ids, like bob carol"],
            Self::Search => &["Words, on this device"],
        }
    }

    /// The form, empty.
    #[must_use]
    pub fn form(self) -> Dialog {
        let fields = vec![String::new(); self.labels().len()];
        Dialog::Fill(self, Form { fields, at: 0, wrong: None })
    }
}

/// Lines to fill in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// What was typed; at least one.
    pub fields: Vec<String>,
    /// Which one gets the keys.
    pub at: usize,
    /// What is wrong with it.
    pub wrong: Option<String>,
}

/// What a key did to a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// It changed something in it.
    Going,
    /// It is to be taken.
    Done,
}

impl Form {
    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent) -> Filled {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let count = self.fields.len().max(1);
        let Some(field) = self.fields.get_mut(self.at) else { return Filled::Going };
        match key.code {
            KeyCode::Enter if self.at + 1 < count => self.at += 1,
            KeyCode::Enter => return Filled::Done,
            KeyCode::Tab | KeyCode::Down => self.at = (self.at + 1) % count,
            KeyCode::BackTab | KeyCode::Up => self.at = (self.at + count - 1) % count,
            KeyCode::Char('u') if control => field.clear(),
            KeyCode::Char('w') if control => {
                let kept = field.trim_end().rfind(char::is_whitespace).map_or(0, |space| space + 1);
                field.truncate(kept);
            }
            KeyCode::Backspace => {
                let last = field.graphemes(true).next_back().map_or(0, str::len);
                field.truncate(field.len() - last);
            }
            KeyCode::Char(c) if !control => self.insert(c.encode_utf8(&mut [0; 4])),
            _ => return Filled::Going,
        }
        self.wrong = None;
        Filled::Going
    }

    /// Takes a typed or pasted text; line breaks become spaces.
    pub fn insert(&mut self, text: &str) {
        let line = sanitise::for_composer(text).replace(['\n', '\t'], " ");
        let Some(field) = self.fields.get_mut(self.at) else { return };
        if field.len() + line.len() <= LINE_BYTES_MAX {
            field.push_str(&line);
        }
    }
}

/// Reads user ids that are divided by spaces or commas.
///
/// # Errors
/// A sentence for who typed them.
pub fn parse_users(text: &str) -> Result<Vec<UserId>, String> {
    let words = text.split([' ', ',', ';']).map(|word| word.trim_start_matches('@')).filter(|word| !word.is_empty());
    let mut users: Vec<UserId> = Vec::new();
    for word in words {
        let user = UserId::new(word).map_err(|error| format!("{} {error}", sanitise::one_line(word)))?;
        if !users.contains(&user) {
            users.push(user);
        }
    }
    Ok(users)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(form: &mut Form, code: KeyCode) -> Filled {
        form.key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn a_form_is_filled_field_by_field() {
        let Dialog::Fill(_, mut form) = Purpose::NewGroup.form() else { panic!() };
        form.insert("Friday\nlunch 👩\u{200d}👩\u{200d}👧");
        press(&mut form, KeyCode::Backspace);
        assert_eq!(press(&mut form, KeyCode::Enter), Filled::Going);
        form.insert("bob");
        assert_eq!(press(&mut form, KeyCode::Enter), Filled::Done);
        assert_eq!(form.fields, ["Friday lunch ".to_owned(), "bob".to_owned()]);
    }

    #[test]
    fn users_are_read_as_people_type_them() {
        let users = parse_users("bob, carol  @dave bob").unwrap();
        assert_eq!(users.iter().map(UserId::as_str).collect::<Vec<_>>(), ["bob", "carol", "dave"]);
        assert!(parse_users("bob ca/rol").unwrap_err().contains("ca/rol"));
        assert_eq!(parse_users("  "), Ok(Vec::new()));
    }
}
