//! Lists to choose from: who is in a group and what can be done with him, contacts, requests. What one may not do is not
//! listed; the server has the last word.

use stonechat_domain::group::LinkId;
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::number::Seq;

use crate::tui::dialog::Purpose;
use crate::tui::message::Effect;
use crate::tui::state::App;
use crate::tui::{menu_chat, menu_group, menu_message, menu_people};

/// A list to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Menu {
    /// The open group.
    Group,
    /// Who is in it.
    Members,
    /// One of them.
    Member(UserId),
    /// Who has not read what was announced.
    Unread,
    /// Who asks to be let in.
    Applications,
    /// One of them.
    Application(UserId),
    /// By which one joins.
    Links,
    /// One of them.
    Link(LinkId),
    /// Who is kept out.
    Bans,
    /// Contacts, requests, invitations and blocks.
    People,
    /// Somebody, and what he and the user are to each other.
    Person(UserId),
    /// Where to forward a message of the open conversation to.
    Forward(Seq),
    /// Who has read one.
    Readers(Seq),
    /// A group that the user is not in.
    Foreign(ConversationId),
    /// That the user is asked to come into a group.
    Invitation(ConversationId),
    /// A conversation of the list, as far as it is the user's own.
    Chat(ConversationId),
}

impl Menu {
    /// Whether it is of the conversation that is open.
    #[must_use]
    pub const fn is_about_open(&self) -> bool {
        match self {
            Self::Group
            | Self::Members
            | Self::Member(_)
            | Self::Unread
            | Self::Applications
            | Self::Application(_)
            | Self::Links
            | Self::Link(_)
            | Self::Bans
            | Self::Forward(_)
            | Self::Readers(_) => true,
            Self::People | Self::Person(_) | Self::Foreign(_) | Self::Invitation(_) | Self::Chat(_) => false,
        }
    }
}

/// One row of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is; safe to draw.
    pub text: String,
    /// What stands behind it; safe to draw.
    pub note: String,
    /// What stands at the right; safe to draw.
    pub aside: String,
    /// Whose name it is.
    pub person: Option<UserId>,
    /// What follows when it is chosen.
    pub then: Then,
}

/// What follows when a row is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nothing.
    Nothing,
    /// Another list.
    Menu(Menu),
    /// A form.
    Fill(Purpose),
    /// It is done.
    Do(Effect),
    /// It is done, once the user says yes to the question.
    Sure(String, Effect),
}

impl Entry {
    /// A thing to do.
    #[must_use]
    pub fn new(text: impl Into<String>, then: Then) -> Self {
        Self { text: text.into(), note: String::new(), aside: String::new(), person: None, then }
    }

    /// With something at the right.
    #[must_use]
    pub fn aside(self, aside: impl Into<String>) -> Self {
        Self { aside: aside.into(), ..self }
    }

    /// With something behind it.
    #[must_use]
    pub fn note(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }

    /// Somebody, by a name that holds here unless the user calls him something else.
    #[must_use]
    pub fn person(app: &App, user: &UserId, name: &str, then: Then) -> Self {
        let is_called = !name.trim().is_empty() && app.alias(user).is_none();
        let name = if is_called { crate::tui::sanitise::one_line(name) } else { app.name(user) };
        let note = if name == user.as_str() { String::new() } else { user.to_string() };
        Self { text: name, note, aside: String::new(), person: Some(user.clone()), then }
    }
}

impl Menu {
    /// What stands above it.
    #[must_use]
    pub fn title(&self, app: &App) -> String {
        match self {
            Self::Group | Self::Members => app.open_title(),
            Self::Unread => "Has not read the announcement".into(),
            Self::Applications => "Asks to be let in".into(),
            Self::Links | Self::Link(_) => "Links by which one joins".into(),
            Self::Bans => "Is kept out".into(),
            Self::People => "Contacts and requests".into(),
            Self::Invitation(_) => "Invitation".into(),
            Self::Chat(id) => app.summary(id).map(|summary| app.title(summary)).unwrap_or_default(),
            Self::Forward(_) => "Forward to".into(),
            Self::Readers(_) => "Who has read it".into(),
            Self::Foreign(_) => "A group that you are not in".into(),
            Self::Member(user) | Self::Application(user) | Self::Person(user) => app.name(user),
        }
    }

    /// What is to be read before one chooses; safe to draw, not wrapped.
    #[must_use]
    pub fn about(&self, app: &App) -> Vec<String> {
        match self {
            Self::People | Self::Person(_) | Self::Invitation(_) | Self::Foreign(_) => menu_people::about(app, self),
            Self::Forward(_) | Self::Readers(_) => menu_message::about(app, self),
            Self::Chat(_) => Vec::new(),
            _ => menu_group::about(app, self),
        }
    }

    /// Its rows.
    #[must_use]
    pub fn entries(&self, app: &App) -> Vec<Entry> {
        match self {
            Self::People | Self::Person(_) | Self::Invitation(_) | Self::Foreign(_) => menu_people::entries(app, self),
            Self::Forward(_) | Self::Readers(_) => menu_message::entries(app, self),
            Self::Chat(_) => menu_chat::entries(app, self),
            _ => menu_group::entries(app, self),
        }
    }

    /// The list that it was chosen from.
    #[must_use]
    pub const fn parent(&self) -> Option<Self> {
        match self {
            Self::Group | Self::People | Self::Forward(_) | Self::Readers(_) | Self::Foreign(_) | Self::Chat(_) => None,
            // Whoever asks for the members gets them at once; Esc closes them.
            Self::Members => None,
            Self::Member(_) => Some(Self::Members),
            Self::Unread | Self::Applications | Self::Links | Self::Bans => Some(Self::Group),
            Self::Application(_) => Some(Self::Applications),
            Self::Link(_) => Some(Self::Links),
            Self::Person(_) | Self::Invitation(_) => Some(Self::People),
        }
    }

    /// The row of the parent from which it was chosen.
    #[must_use]
    pub fn row_in(&self, app: &App, parent: &Self) -> usize {
        let is_it = |entry: &Entry| entry.then == Then::Menu(self.clone());
        parent.entries(app).iter().position(is_it).unwrap_or_default()
    }
}
