//! What lies over everything else until it is answered.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use stonechat_types::id::UserId;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::tui::sanitise;

/// Longest line that is taken, in bytes.
const LINE_BYTES_MAX: usize = 1_024;

/// What lies over everything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialog {
    /// All keys.
    Help,
    /// Whom to write to.
    NewChat(Form<1>),
    /// A title and members.
    NewGroup(Form<2>),
    /// Who is in the open conversation.
    Members {
        /// Rows scrolled.
        scroll: usize,
    },
    /// Whom to add to the open conversation.
    AddMembers(Form<1>),
    /// Whether to leave the open conversation.
    Leave,
}

/// Lines to fill in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form<const N: usize> {
    /// What was typed.
    pub fields: [String; N],
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

impl<const N: usize> Default for Form<N> {
    fn default() -> Self {
        Self { fields: std::array::from_fn(|_| String::new()), at: 0, wrong: None }
    }
}

impl<const N: usize> Form<N> {
    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent) -> Filled {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let field = &mut self.fields[self.at];
        match key.code {
            KeyCode::Enter if self.at + 1 < N => self.at += 1,
            KeyCode::Enter => return Filled::Done,
            KeyCode::Tab | KeyCode::Down => self.at = (self.at + 1) % N,
            KeyCode::BackTab | KeyCode::Up => self.at = (self.at + N - 1) % N,
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
        let field = &mut self.fields[self.at];
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

    fn press(form: &mut Form<2>, code: KeyCode) -> Filled {
        form.key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn a_form_is_filled_field_by_field() {
        let mut form = Form::<2>::default();
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
