//! What lies over everything else until it is answered.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use stonechat_types::id::{ConversationId, UserId};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::tui::found::Hit;
use crate::tui::menu::Menu;
use crate::tui::message::Effect;
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
    /// Messages of which one is gone to.
    Found {
        /// What they are.
        title: &'static str,
        /// Newest first.
        hits: Vec<Hit>,
        /// Which one is chosen.
        at: usize,
    },
    /// Something to choose from.
    Menu {
        /// What.
        menu: Menu,
        /// Which row is chosen.
        at: usize,
    },
    /// Whether something is to be done.
    Sure {
        /// The question; safe to draw.
        question: String,
        /// What is done on a yes.
        effect: Box<Effect>,
        /// What lies there afterwards.
        back: Option<Menu>,
    },
    /// A link by which one joins. Nobody can show it again.
    Link(String),
}

impl Dialog {
    /// Whether what it leads to is done in the conversation that is open.
    #[must_use]
    pub const fn is_about_open(&self) -> bool {
        match self {
            Self::Fill(purpose, _) => purpose.is_about_open(),
            Self::Menu { menu, .. } | Self::Sure { back: Some(menu), .. } => menu.is_about_open(),
            Self::Help { .. } | Self::Found { .. } | Self::Sure { back: None, .. } | Self::Link(_) => false,
        }
    }
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
    /// What to tell everybody in the open group.
    Announce,
    /// Whom to ask to come into the open group.
    Invite,
    /// What the open group is called.
    Rename,
    /// With which words to ask to be let into a group.
    Apply(ConversationId),
    /// What the user is called in the open group.
    Nickname,
    /// For how long a member is not to write, and why.
    Mute(UserId),
    /// For how long somebody is kept out, and why.
    Ban(UserId),
    /// For how long a link is good, and for how many.
    MakeLink,
    /// Whom to ask to become contacts, and with which words.
    AddContact,
    /// With which words to ask somebody to become contacts.
    Ask(UserId),
    /// Why somebody is no contact.
    Decline(UserId),
    /// What the user calls somebody.
    Alias(UserId),
    /// In which folders a conversation lies.
    Folders(ConversationId),
}

impl Purpose {
    const fn is_about_open(&self) -> bool {
        match self {
            Self::AddMembers
            | Self::Announce
            | Self::Invite
            | Self::Rename
            | Self::Nickname
            | Self::Mute(_)
            | Self::Ban(_)
            | Self::MakeLink => true,
            Self::NewChat
            | Self::NewGroup
            | Self::Search
            | Self::Apply(_)
            | Self::AddContact
            | Self::Ask(_)
            | Self::Decline(_)
            | Self::Alias(_)
            | Self::Folders(_) => false,
        }
    }

    /// What stands above the form.
    #[must_use]
    pub const fn title(&self) -> &'static str {
        match self {
            Self::NewChat => "Write to somebody",
            Self::NewGroup => "Make a group",
            Self::AddMembers => "Add members",
            Self::Search => "Find what was said",
            Self::Announce => "Tell everybody in the group",
            Self::Nickname => "Your name in this group",
            Self::Invite => "Ask people to come in",
            Self::Rename => "Rename the group",
            Self::Apply(_) => "Ask to be let in",
            Self::Mute(_) => "Mute",
            Self::Ban(_) => "Remove and keep out",
            Self::MakeLink => "Make a link by which one joins",
            Self::AddContact | Self::Ask(_) => "Ask to be contacts",
            Self::Decline(_) => "Decline",
            Self::Alias(_) => "Call them something else",
            Self::Folders(_) => "Folders",
        }
    }

    /// What stands above each of its lines.
    #[must_use]
    pub const fn labels(&self) -> &'static [&'static str] {
        match self {
            Self::NewChat => &["User id, or the link or id of a group"],
            Self::NewGroup => &["Title", "Members, like bob carol"],
            Self::AddMembers | Self::Invite => &["User ids, like bob carol"],
            Self::Search => &["Words, on this device"],
            Self::Announce => &["What; nothing takes it away"],
            Self::Nickname => &["Name; nothing is as everywhere"],
            Self::Rename => &["Title"],
            Self::Apply(_) => &["With these words"],
            Self::Mute(_) => &["How long, like 2h; nothing is until unmuted", "Why, if you like"],
            Self::Ban(_) => &["How long, like 7d; nothing is for good", "Why, if you like"],
            Self::MakeLink => &["How long, like 7d; nothing is until revoked", "For how many; nothing is any number"],
            Self::AddContact => &["User id, or @username", "With these words", "Answer, where they ask something"],
            Self::Ask(_) => &["With these words", "Answer, where they ask something"],
            Self::Decline(_) => &["Why, if you like"],
            Self::Alias(_) => &["Name, for you alone; nothing is their own"],
            Self::Folders(_) => &["Names, with commas between; nothing is none"],
        }
    }

    /// The form, empty.
    #[must_use]
    pub fn form(self) -> Dialog {
        let fields = vec![String::new(); self.labels().len()];
        Dialog::Fill(self, Form { fields, at: 0, wrong: None })
    }

    /// The list from which one came to it, and to which one goes back.
    #[must_use]
    pub fn back(&self) -> Option<Menu> {
        match self {
            Self::NewChat | Self::NewGroup | Self::Search => None,
            Self::AddMembers => Some(Menu::Members),
            Self::Announce | Self::Nickname | Self::Rename | Self::Invite => Some(Menu::Group),
            Self::Apply(id) => Some(Menu::Foreign(*id)),
            Self::Mute(user) | Self::Ban(user) => Some(Menu::Member(user.clone())),
            Self::MakeLink => Some(Menu::Links),
            Self::AddContact => Some(Menu::People),
            Self::Ask(user) | Self::Decline(user) | Self::Alias(user) => Some(Menu::Person(user.clone())),
            Self::Folders(id) => Some(Menu::Chat(*id)),
        }
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
