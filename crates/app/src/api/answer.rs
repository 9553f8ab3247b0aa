//! What is answered.

use super::members::{AskersPage, BansPage, MembersPage};
use super::people::{OwnProfile, RelationsPage, UsersPage};
use super::personal::{DeviceView, PersonalItem, PersonalPage};
use super::presence::PresenceView;
use bytes::Bytes;
use std::borrow::Cow;
use std::sync::Arc;
use stonechat_domain::attributes::Attributes;
use stonechat_domain::event::Change;
use stonechat_domain::group::{Info, Link, Settings};
use stonechat_domain::kind::EventKind;
use stonechat_domain::member::Role;
use stonechat_domain::message::MessagePolicy;
use stonechat_domain::presence::PresenceSettings;
use stonechat_types::emoji::Emoji;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{ConversationId, MessageId, UserId};
use stonechat_types::number::{Ordinal, PersonalSeq, Seq, Timestamp};
use stonechat_types::text::{DisplayName, Nickname, Title};

/// What a call led to.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It is done.
    Done,
    /// The message is durable.
    Sent(Sent),
    /// The command is durable.
    CommandDone(CommandDone),
    /// What happened since a position.
    Welcome(Box<Welcome>),
    /// A page of the window.
    Conversations(ConversationPage),
    /// One conversation.
    Conversation(Box<ConversationView>),
    /// Events.
    Events(Box<EventsPage>),
    /// Messages.
    Messages(Box<MessagesPage>),
    /// Changed messages.
    Changes(Box<ChangesPage>),
    /// Who added what.
    Reactions(ReactionsPage),
    /// Messages that call the caller.
    Mentions(MentionsPage),
    /// What the caller starred.
    Starred(StarredPage),
    /// Versions of a message.
    Edits(EditsPage),
    /// Personal changes.
    Personal(PersonalPage),
    /// An entry of the caller's personal state as it is now, with the number of the change that made it so.
    Own(PersonalSeq, Box<PersonalItem>),
    /// Members.
    Members(MembersPage),
    /// Who is kept out.
    Bans(BansPage),
    /// Who asks to be let in, or is asked to come in.
    Askers(AskersPage),
    /// The types of content that the app declares.
    ContentTypes(Arc<ContentTypes>),
    /// Devices.
    Devices(Vec<DeviceView>),
    /// Users that exist.
    Users(UsersPage),
    /// The caller's own profile.
    Profile(Box<OwnProfile>),
    /// What the caller and others are to each other.
    Relations(RelationsPage),
    /// Whether users are there.
    Presences(Vec<PresenceView>),
    /// What the caller says of himself for the time being, and who is shown what.
    PresenceSettings(Box<PresenceSettings>),
}

/// The acknowledgement of a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The event.
    pub id: MessageId,
    /// Its ordinal.
    pub ordinal: Ordinal,
    /// Its time.
    pub sent_at: Timestamp,
    /// Whether an earlier send stored it.
    pub deduplicated: bool,
}

/// The acknowledgement of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandDone {
    /// Where.
    pub conversation: ConversationId,
    /// The event that it led to; `ZERO` when nothing had to change.
    pub seq: Seq,
    /// Whether an earlier command stored it.
    pub deduplicated: bool,
}

/// Why a call was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The stable code.
    pub code: ErrorCode,
    /// For developers.
    pub message: Cow<'static, str>,
    /// When to try again, where that helps.
    pub retry_after_ms: Option<u32>,
    /// Of a conflict: the first acknowledgement.
    pub first: Option<Sent>,
}

impl Failure {
    /// A refusal with a sentence for developers.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), retry_after_ms: None, first: None }
    }
}

/// The state of a device's world since its position.
#[derive(Clone, Debug)]
pub struct Welcome {
    /// The user.
    pub user: UserView,
    /// The server's clock.
    pub server_time: Timestamp,
    /// Whether the position could not be used.
    pub reset: bool,
    /// The first page.
    pub conversations: ConversationPage,
    /// Personal changes since the position.
    pub personal: PersonalPage,
    /// To be stored once all of it is.
    pub position: Bytes,
    /// Over all conversations.
    pub unread_total: u64,
    /// Names the history of the store.
    pub history_id: [u8; 16],
    /// What the app allows to be done to messages.
    pub messages: MessagePolicy,
    /// Of the types of content that the app declares.
    pub content_types_version: u64,
}

/// The types of content that an app declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentTypes {
    /// Another number for other types; 0 when there are none.
    pub version: u64,
    /// At most [`stonechat_types::limits::CONTENT_TYPES_MAX`], by their names.
    pub types: Vec<ContentType>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentType {
    /// As messages of it have it.
    pub body_type: String,
    /// What is shown where the content itself cannot be.
    pub fallback: String,
    /// What the JSON of a message must be, as a JSON schema; any JSON without one.
    pub schema: Option<String>,
}

/// A page of the window, newest first.
#[derive(Clone, Debug, Default)]
pub struct ConversationPage {
    /// The conversations.
    pub conversations: Vec<ConversationView>,
    /// Where it goes on; empty at the end.
    pub next: Bytes,
}

/// A conversation as one member sees it.
#[derive(Clone, Debug)]
pub struct ConversationView {
    /// Which.
    pub id: ConversationId,
    /// Of a group.
    pub title: Option<Title>,
    /// Of a direct one.
    pub peer: Option<UserView>,
    /// The caller's role, while he is a member.
    pub role: Option<Role>,
    /// Members now.
    pub member_count: u32,
    /// The last event that the caller may see.
    pub head: Seq,
    /// Its ordinal.
    pub head_ordinal: Ordinal,
    /// The caller's cursor.
    pub read: Seq,
    /// Its ordinal.
    pub read_ordinal: Ordinal,
    /// By the sentence.
    pub unread: u64,
    /// Those of them that call the user, counted up to a limit.
    pub unread_mentions: u32,
    /// The personal change up to which these two leave out what the caller removed for himself; zero for none.
    pub removals_version: PersonalSeq,
    /// When it was last moved up.
    pub active_at: Timestamp,
    /// The last message that the caller may see, as it is now.
    pub last_message: Option<Arc<MessageView>>,
    /// First seq of the latest interval that the caller may see.
    pub visible_from: Seq,
    /// Ordinal just before it.
    pub floor_ordinal: Ordinal,
    /// How far the others are, where that is told.
    pub read_marks: Vec<ReadMark>,
    /// What a group or a channel is besides, for its members.
    pub group: Option<Box<GroupView>>,
}

/// How far another member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadMark {
    /// Who.
    pub user: UserId,
    /// Up to where he has read.
    pub read: Seq,
    /// Of a direct conversation, up to where a device of his has stored it, or he has read.
    pub delivered: Seq,
}

/// What a group or a channel is besides its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupView {
    /// What it says of itself.
    pub info: Info,
    /// What members may do, and what they are shown.
    pub settings: Settings,
    /// The event of the announcement; `ZERO` when there is none.
    pub announcement: Seq,
    /// Whether it has ended.
    pub dissolved: bool,
    /// Until when the caller may not write; zero when he may.
    pub muted_until: Timestamp,
    /// What the caller is called here.
    pub nickname: Option<Nickname>,
    /// The links by which one joins, for admins.
    pub links: Vec<Link>,
    /// What is announced, where one conversation was asked for.
    pub announced: Option<EventView>,
}

/// One event with its body opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventView {
    /// Which.
    pub id: MessageId,
    /// Countable messages up to it.
    pub ordinal: Ordinal,
    /// Its kind.
    pub kind: EventKind,
    /// Who did it.
    pub sender: UserId,
    /// When.
    pub sent_at: Timestamp,
    /// `client_msg_id` or `command_id`.
    pub key: [u8; 16],
    /// What it says.
    pub content: Content,
}

/// The content of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A message.
    Message {
        /// What the body is.
        body_type: Bytes,
        /// As received.
        body: Bytes,
        /// What it carries beside the body; `None` for nothing.
        attributes: Option<Box<Attributes>>,
    },
    /// A change.
    Change(Change),
    /// Damaged or erased: the event keeps its place.
    Lost,
    /// A message that was taken back: it keeps its place.
    Recalled {
        /// Whether it was sent silently, and so is nobody's unread even for whom the recall is not told.
        silent: bool,
    },
}

/// Events after a seq.
#[derive(Clone, Debug)]
pub struct EventsPage {
    /// Where.
    pub conversation: ConversationId,
    /// Ascending.
    pub events: Vec<EventView>,
    /// The first seq that is settled.
    pub from: Seq,
    /// The last seq that is settled.
    pub upto: Seq,
    /// Ranges, ends included, that the caller may never see.
    pub hidden: Vec<(Seq, Seq)>,
    /// Whether more follow.
    pub more: bool,
    /// Whether too much was missed.
    pub jump: bool,
    /// The last event that the caller may see.
    pub head: Seq,
    /// Its ordinal.
    pub head_ordinal: Ordinal,
}

/// Messages as they are now.
#[derive(Clone, Debug)]
pub struct MessagesPage {
    /// Where.
    pub conversation: ConversationId,
    /// Ascending.
    pub messages: Vec<MessageView>,
    /// What happened among them, where it was asked for; ascending.
    pub events: Vec<EventView>,
    /// The state is that after this event.
    pub as_of: Seq,
    /// The first ordinal that is settled.
    pub from: Ordinal,
    /// The last ordinal that is settled.
    pub upto: Ordinal,
    /// Whether there are older ones.
    pub more_before: bool,
    /// Whether there are newer ones.
    pub more_after: bool,
}

/// A message as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageView {
    /// Its event, with what it says now.
    pub event: EventView,
    /// What became of it; `None` when nothing has changed it.
    pub state: Option<Box<StateView>>,
}

impl MessageView {
    /// The last event that changed it; its own at first.
    #[must_use]
    pub fn changed(&self) -> Seq {
        self.state.as_ref().map_or(self.event.id.seq, |state| state.changed)
    }
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateView {
    /// The last event that changed it.
    pub changed: Seq,
    /// How often it was edited.
    pub edits: u32,
    /// When last; zero for never.
    pub edited_at: Timestamp,
    /// In the order in which each was first added.
    pub reactions: Vec<ReactionView>,
    /// That it was taken back: by whom, and when.
    pub recalled: Option<(UserId, Timestamp)>,
    /// Whether it is pinned for everybody.
    pub pinned: bool,
}

/// How often an emoji was added to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReactionView {
    /// Which.
    pub emoji: Emoji,
    /// By how many users.
    pub count: u32,
    /// Whether the reader is one of them.
    pub own: bool,
}

/// Messages that changed.
#[derive(Clone, Debug)]
pub struct ChangesPage {
    /// Where.
    pub conversation: ConversationId,
    /// In the order of their last changes.
    pub messages: Vec<MessageView>,
    /// Complete up to here.
    pub upto: Seq,
    /// Whether more follow.
    pub more: bool,
}

/// Who added what to a message.
#[derive(Clone, Debug)]
pub struct ReactionsPage {
    /// The users, with their emojis.
    pub users: Vec<(UserView, Vec<Emoji>)>,
    /// Where it goes on; empty at the end.
    pub next: Bytes,
}

/// Versions of a message.
#[derive(Clone, Debug, Default)]
pub struct EditsPage {
    /// Ascending.
    pub versions: Vec<EditView>,
    /// Whether more follow.
    pub more: bool,
}

/// One version of a message.
#[derive(Clone, Debug)]
pub struct EditView {
    /// Its event.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// What it says: a message, or lost.
    pub content: Content,
}

/// Messages that call a user, oldest first.
#[derive(Clone, Debug, Default)]
pub struct MentionsPage {
    /// The messages.
    pub mentions: Vec<MentionView>,
    /// Whether more follow.
    pub more: bool,
    /// Up to where these are all; where the list goes on.
    pub upto: Ordinal,
}

/// A message that calls a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MentionView {
    /// Its event.
    pub seq: Seq,
    /// Its ordinal.
    pub ordinal: Ordinal,
}

/// Starred messages, the one that was starred last first.
#[derive(Clone, Debug, Default)]
pub struct StarredPage {
    /// The messages.
    pub messages: Vec<StarredView>,
    /// Where it goes on; empty at the end.
    pub next: Bytes,
}

/// A starred message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StarredView {
    /// When it was starred.
    pub at: Timestamp,
    /// The message as it is now.
    pub message: MessageView,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserView {
    /// The app's own name.
    pub id: UserId,
    /// What people call him.
    pub name: Option<DisplayName>,
}
