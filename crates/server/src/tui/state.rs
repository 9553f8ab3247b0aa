//! Everything that the screen is made from. Plain values: no terminal, no network, no clock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ratatui::layout::Size;
use stonechat_client::content_types::ContentTypes;
use stonechat_client::group::AllAsking;
use stonechat_client::people::Relations;
use stonechat_client::presence::Presences;
use stonechat_client::quiet::Quiet;
use stonechat_client::state::{
    ConnectionState, ConversationSummary, ItemKey, Member, MessageWindows, Role, Target, TimelineItem, TimelineItemKind,
};
use stonechat_domain::group::Who;
use stonechat_types::id::{ConversationId, ConversationKind, UserId};
use stonechat_types::number::{Ordinal, Seq, Timestamp};

use crate::cli::civil::{Civil, UtcOffset};
use crate::tui::composer::Composer;
use crate::tui::dialog::Dialog;
use crate::tui::found::Sought;
use crate::tui::menu_message::Readers;
use crate::tui::palette::Palette;
use crate::tui::scroll::Anchor;
use crate::tui::wish::Facts;

/// Below this width the list and the conversation take turns.
pub const NARROW: u16 = 60;

/// The terminal client.
#[derive(Debug)]
pub struct App {
    /// Who chats here.
    pub me: UserId,
    /// The time, as of the last tick.
    pub now: Timestamp,
    /// Whose clock.
    pub offset: UtcOffset,
    /// The colours.
    pub palette: Palette,
    /// The terminal.
    pub size: Size,
    /// Whether somebody looks.
    pub window: Window,
    /// The connection.
    pub connection: ConnectionState,
    /// When the next try begins, while offline.
    pub retry_at: Option<Timestamp>,
    /// Whether the first catching up is over: from then on, news ring.
    pub live: bool,
    /// When the user is not to be disturbed: the bell does not ring.
    pub quiet: Arc<Quiet>,
    /// When the bell last rang.
    pub rang_at: Option<Timestamp>,
    /// Unread messages over all conversations.
    pub total_unread: u64,
    /// The conversations, most recent first.
    pub list: Vec<Arc<ConversationSummary>>,
    /// Where the cursor of the list stands.
    pub cursor: Option<ConversationId>,
    /// The conversation that is open.
    pub open: Option<Open>,
    /// Where keys go.
    pub pane: Pane,
    /// What is being written.
    pub composer: Composer,
    /// The message that is being written anew, of the open conversation.
    pub editing: Option<Target>,
    /// How long messages may be changed, once it is known.
    pub windows: Option<MessageWindows>,
    /// The types of content that the app declares.
    pub content_types: Arc<ContentTypes>,
    /// The message that is being answered, of the open conversation, and who wrote it.
    pub answering: Option<(Seq, UserId)>,
    /// The message that is recalled when the same key is pressed again.
    pub recalling: Option<Target>,
    /// Keys that were pressed so far.
    pub keys: u64,
    /// How many they were when a conversation was asked for last.
    pub asked_to_open: Option<u64>,
    /// The message that is removed for this user when the same key is pressed again.
    pub deleting: Option<Seq>,
    /// What was begun in other conversations.
    pub drafts: BTreeMap<ConversationId, String>,
    /// Those of them that were begun before this device knew whether another one had begun something there.
    pub early_drafts: BTreeSet<ConversationId>,
    /// When the composer was changed last, as long as that was not kept.
    pub changed_at: Option<Timestamp>,
    /// What people are called.
    pub names: BTreeMap<UserId, String>,
    /// What they were called before this start, for as long as the server was not asked.
    pub old_names: BTreeMap<UserId, String>,
    /// Whose names were asked for.
    pub asked: BTreeSet<UserId>,
    /// Whom the account watches.
    pub watched: Vec<UserId>,
    /// What is known of them.
    pub presences: Presences,
    /// What the user and others are to each other.
    pub relations: Relations,
    /// Groups that the user is asked to come into, or asks to be let into.
    pub asking: AllAsking,
    /// What lies over everything else.
    pub dialog: Option<Dialog>,
    /// A sentence that goes away by itself.
    pub notice: Option<Notice>,
}

/// Whether somebody looks at the terminal. Some terminals do not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// It has the focus, as far as we know.
    #[default]
    Focused,
    /// Another window has it.
    Away,
}

/// Where keys go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    /// To the list of conversations.
    #[default]
    List,
    /// To the messages, of which one is selected.
    Messages,
    /// To the composer.
    Composer,
}

/// An open conversation.
#[derive(Clone, Debug)]
pub struct Open {
    /// Which.
    pub id: ConversationId,
    /// The other user of a direct conversation.
    pub peer: Option<UserId>,
    /// Its lines, oldest first; `None` until they were read.
    pub items: Option<Vec<Arc<TimelineItem>>>,
    /// Who is writing.
    pub typing: Vec<UserId>,
    /// Which line is at the bottom.
    pub anchor: Anchor,
    /// The selected message.
    pub selected: Option<ItemKey>,
    /// Whether older messages are on their way.
    pub history: History,
    /// The message that is to be shown once it is loaded.
    pub sought: Option<Sought>,
    /// The gap that is being filled.
    pub filling: Option<Ordinal>,
    /// Who is in it, as the server said last.
    pub members: Option<Vec<Member>>,
    /// What those of them are called here who have a name of their own in it.
    pub nicknames: BTreeMap<UserId, String>,
    /// What only the server knows of it, as it said last.
    pub facts: Option<Facts>,
    /// Who has read a message, as the server said last.
    pub readers: Option<Readers>,
    /// The message that called the user and was gone to last; at first, up to where he had read.
    pub mentioned: Ordinal,
    /// The announcement of which the server was asked.
    pub announcement: Seq,
    /// Up to where we said that it is read.
    pub marked: Seq,
    /// What is known of a text that was begun in it before, here or on another device.
    pub draft: DraftKept,
}

/// What is known of the draft of a conversation. It must not be overwritten unseen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DraftKept {
    /// This device is not in step yet.
    #[default]
    Unknown,
    /// It was taken into the composer, or there was none.
    Known,
}

/// Whether older messages are on their way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum History {
    /// They can be asked for.
    #[default]
    Idle,
    /// They were asked for.
    Loading,
    /// They could not be had; the next scroll asks again.
    Failed,
    /// There are none.
    Complete,
}

/// A sentence that goes away by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What it says.
    pub text: String,
    /// Until when.
    pub until: Timestamp,
}

/// What a new client begins with.
#[derive(Clone, Debug)]
pub struct Begin {
    /// Who chats here.
    pub me: UserId,
    /// The time.
    pub now: Timestamp,
    /// Whose clock.
    pub offset: UtcOffset,
    /// The colours.
    pub palette: Palette,
    /// The terminal.
    pub size: Size,
}

impl App {
    /// A client that knows nothing yet.
    #[must_use]
    pub fn new(begin: Begin) -> Self {
        Self {
            me: begin.me,
            now: begin.now,
            offset: begin.offset,
            palette: begin.palette,
            size: begin.size,
            window: Window::default(),
            connection: ConnectionState::Idle,
            retry_at: None,
            live: false,
            rang_at: None,
            total_unread: 0,
            list: Vec::new(),
            cursor: None,
            open: None,
            pane: Pane::default(),
            composer: Composer::default(),
            editing: None,
            windows: None,
            content_types: Arc::default(),
            answering: None,
            recalling: None,
            keys: 0,
            asked_to_open: None,
            deleting: None,
            quiet: Arc::default(),
            drafts: BTreeMap::new(),
            early_drafts: BTreeSet::new(),
            changed_at: None,
            names: BTreeMap::new(),
            old_names: BTreeMap::new(),
            asked: BTreeSet::new(),
            watched: Vec::new(),
            presences: Presences::default(),
            relations: Relations::default(),
            asking: AllAsking::default(),
            dialog: None,
            notice: None,
        }
    }

    /// Whether list and conversation take turns.
    #[must_use]
    pub fn is_narrow(&self) -> bool {
        self.size.width < NARROW
    }

    /// Whether the open conversation can be seen.
    #[must_use]
    pub fn shows_conversation(&self) -> bool {
        self.open.is_some() && (!self.is_narrow() || self.pane != Pane::List)
    }

    /// The conversation of the list with this id.
    #[must_use]
    pub fn summary(&self, id: &ConversationId) -> Option<&Arc<ConversationSummary>> {
        self.list.iter().find(|summary| summary.id == *id)
    }

    /// What the list knows of the open conversation.
    #[must_use]
    pub fn open_summary(&self) -> Option<&Arc<ConversationSummary>> {
        self.open.as_ref().and_then(|open| self.summary(&open.id))
    }

    /// What to call somebody.
    #[must_use]
    pub fn name(&self, user: &UserId) -> String {
        if let Some(alias) = self.alias(user) {
            return alias;
        }
        let name = self.names.get(user).or_else(|| self.old_names.get(user));
        if let Some(name) = name.filter(|name| !name.trim().is_empty()) {
            return crate::tui::sanitise::one_line(name);
        }
        let direct = self.list.iter().find(|summary| summary.peer.as_ref() == Some(user));
        direct.map_or_else(|| user.to_string(), |summary| crate::tui::words::title(summary))
    }

    /// What to call somebody in the open conversation, where he may have a name of his own.
    #[must_use]
    pub fn name_here(&self, user: &UserId) -> String {
        let nickname = self.open.as_ref().and_then(|open| open.nicknames.get(user));
        match nickname.filter(|_| self.alias(user).is_none()) {
            Some(nickname) => crate::tui::sanitise::one_line(nickname),
            None => self.name(user),
        }
    }

    /// What the user calls somebody, if that is something else than others do.
    #[must_use]
    pub fn alias(&self, user: &UserId) -> Option<String> {
        let alias = crate::tui::sanitise::one_line(&self.relations.get(user)?.remarks.alias);
        Some(alias).filter(|alias| !alias.trim().is_empty())
    }

    /// The name of a conversation.
    #[must_use]
    pub fn title(&self, summary: &ConversationSummary) -> String {
        let alias = summary.peer.as_ref().and_then(|peer| self.alias(peer));
        alias.unwrap_or_else(|| crate::tui::words::title(summary))
    }

    /// The name of the open conversation.
    #[must_use]
    pub fn open_title(&self) -> String {
        match (self.open_summary(), self.open.as_ref().and_then(|open| open.peer.as_ref())) {
            (Some(summary), _) => self.title(summary),
            (None, Some(peer)) => self.name(peer),
            (None, None) => self.open.as_ref().map(|open| open.id.to_string()).unwrap_or_default(),
        }
    }

    /// Whether the user may write in the open conversation.
    #[must_use]
    pub fn may_write(&self) -> bool {
        self.open.is_some() && self.why_not().is_none()
    }

    /// Why the user may not write in the open conversation; `None` when he may.
    #[must_use]
    pub fn why_not(&self) -> Option<&'static str> {
        let Some(summary) = self.open_summary() else {
            // A direct conversation begins with its first message; any other is in the list of those who are in it.
            let is_known = self.open.as_ref().is_none_or(|open| open.peer.is_some());
            let is_in_step = self.connection == ConnectionState::Online;
            return (is_in_step && !is_known).then_some("There is no such conversation, or you are not in it.");
        };
        let group = &summary.group;
        let is_silent = group.settings.speak == Who::Admins && summary.role < Role::Admin;
        if !summary.member {
            Some("You cannot write here: you are not a member any more.")
        } else if group.dissolved {
            Some("You cannot write here: the group was dissolved.")
        } else if group.muted_until > self.now {
            Some("You cannot write here for now: an admin has muted you.")
        } else if is_silent && summary.kind == ConversationKind::Channel {
            Some("Only its admins write in this channel.")
        } else if is_silent {
            Some("You cannot write here for now: only admins may.")
        } else {
            None
        }
    }

    /// Whether the user may recall what others wrote in the open conversation.
    #[must_use]
    pub fn may_recall_all(&self) -> bool {
        let role = self.open_summary().filter(|summary| summary.kind != ConversationKind::Direct);
        role.is_some_and(|summary| summary.role >= Role::Admin)
    }

    /// The moment on the user's calendar.
    #[must_use]
    pub fn civil_now(&self) -> Civil {
        Civil::at(self.now, self.offset)
    }

    /// Says something for a while.
    pub fn say(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), until: self.now.plus_ms(6_000) });
    }
}

impl Open {
    /// A conversation of which nothing was read yet.
    #[must_use]
    pub fn new(id: ConversationId, peer: Option<UserId>) -> Self {
        Self {
            id,
            peer,
            items: None,
            typing: Vec::new(),
            anchor: Anchor::Bottom,
            selected: None,
            history: History::Idle,
            sought: None,
            filling: None,
            members: None,
            nicknames: BTreeMap::new(),
            facts: None,
            readers: None,
            mentioned: Ordinal(0),
            announcement: Seq::ZERO,
            marked: Seq::ZERO,
            draft: DraftKept::Unknown,
        }
    }

    /// The newest event of the log that is shown.
    #[must_use]
    pub fn newest(&self) -> Option<Seq> {
        let newest = self.lines().iter().rev().find_map(|item| match &item.kind {
            TimelineItemKind::Message(message) => message.message.id,
            _ => None,
        });
        newest.map(|id| id.seq)
    }

    /// Its lines, oldest first.
    #[must_use]
    pub fn lines(&self) -> &[Arc<TimelineItem>] {
        self.items.as_deref().unwrap_or_default()
    }
}
