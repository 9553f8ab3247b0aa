//! What callers see: values without behaviour, cheap to clone and to compare.

use std::sync::Arc;

use stonechat_types::id::{ClientMsgId, ConversationId, ConversationKind, MessageId, UserId};
use stonechat_types::number::{Ordinal, Seq, Timestamp};

use stonechat_wire::v1::{self, Platform};

use crate::content::Attributes;
pub use crate::content::Content;
pub use stonechat_wire::v1::SignOutReason;

use crate::deletions::Removed;
use crate::error::AuthError;
use crate::group::Group;
use crate::played::Played;
use crate::preferences::Preferences;
use crate::stars::Starred;
use crate::system_event::SystemEvent;

/// Where the connection stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ConnectionState {
    /// Not started.
    #[default]
    Idle,
    /// A connection is being made, for the nth time since the last success.
    Connecting {
        /// From 0.
        attempt: u32,
    },
    /// Connected; what happened meanwhile is being fetched. The list is already worth drawing.
    Syncing {
        /// Conversations that are in step.
        done: u32,
        /// Conversations that were behind.
        total: u32,
    },
    /// Connected and in step.
    Online,
    /// Not connected.
    Offline {
        /// What broke it.
        reason: String,
        /// When the next try begins, in milliseconds from now.
        retry_in_ms: u64,
    },
    /// It will not connect again by itself.
    Ended(EndReason),
}

/// Why the connection will not come back by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// `stop` was called.
    Stopped,
    /// The server does not want this session.
    Auth(AuthError),
    /// The store of the device failed.
    Store(crate::error::StoreError),
}

/// One conversation, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationSummary {
    /// Its id.
    pub id: ConversationId,
    /// Direct, group, …
    pub kind: ConversationKind,
    /// What to show as its name: the title of a group, the name of the other user.
    pub title: String,
    /// The other user of a direct conversation.
    pub peer: Option<UserId>,
    /// The own role in it.
    pub role: Role,
    /// False once the user was removed or left; what he could see stays readable.
    pub member: bool,
    /// How many members it has.
    pub member_count: u32,
    /// Unread messages.
    pub unread: u64,
    /// Those of them that call the user, counted up to 1,000.
    pub unread_mentions: u64,
    /// The start of the last message.
    pub preview: Option<Preview>,
    /// What the user prefers in it.
    pub preferences: Arc<Preferences>,
    /// What the user removed from it for himself.
    pub removed: Arc<Removed>,
    /// What the user starred in it.
    pub starred: Arc<Starred>,
    /// Which of its voice messages were played.
    pub played: Arc<Played>,
    /// Whether it was deleted, and nothing happened in it since: it is not in the list.
    pub hidden: bool,
    /// When it last moved up.
    pub active_at: Timestamp,
    /// The last event.
    pub head_seq: Seq,
    /// The last message.
    pub head_ordinal: Ordinal,
    /// Up to where the user has read.
    pub read_seq: Seq,
    /// The same, as a count of messages.
    pub read_ordinal: Ordinal,
    /// What a group or a channel is besides its members.
    pub group: Arc<Group>,
}

/// The start of a message, cut at a grapheme border.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Who wrote it.
    pub sender: UserId,
    /// One line of text; empty when the body is not a text.
    pub text: String,
    /// The type of the body.
    pub body_type: String,
    /// When the server took it.
    pub sent_at: Timestamp,
    /// The event.
    pub seq: Seq,
    /// Whether it was taken back.
    pub recalled: bool,
}

/// What a member may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Not a member.
    #[default]
    None,
    /// Reads and writes.
    Member,
    /// Also adds, removes and renames.
    Admin,
    /// Also sets roles.
    Owner,
}

/// A member of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// What people call him.
    pub display_name: String,
    /// What he may do.
    pub role: Role,
    /// What he is called in this group; empty as everywhere.
    pub nickname: String,
    /// Until when he may not write; zero when he may.
    pub muted_until: Timestamp,
}

/// A device of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its id.
    pub id: String,
    /// For people.
    pub name: String,
    /// Name and version of its client.
    pub client: String,
    /// When it last signed in.
    pub seen_at: Timestamp,
    /// Whether it was signed out.
    pub revoked: bool,
    /// Its class.
    pub platform: Platform,
    /// Why and when it was last signed out, also after it came back.
    pub signed_out: Option<(SignOutReason, Timestamp)>,
}

impl Device {
    pub(crate) fn of(wire: &v1::DeviceState) -> Self {
        let signed_out_at = Some(Timestamp(wire.signed_out_at)).filter(|at| at.as_millis() != 0);
        Self {
            id: wire.device_id.clone(),
            name: wire.device_name.clone(),
            client: wire.client.clone(),
            seen_at: Timestamp(wire.seen_at),
            revoked: wire.revoked,
            platform: wire.platform(),
            signed_out: signed_out_at.map(|at| (wire.signed_out_by(), at)),
        }
    }
}

/// How far a member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadMark {
    /// Who.
    pub user: UserId,
    /// Up to which event he has read.
    pub upto: Seq,
    /// Up to which event a device of his has it, in a direct conversation; else as `upto`.
    pub delivered: Seq,
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Where it stands; `None` until the server has taken it.
    pub id: Option<MessageId>,
    /// Its number among the messages; `None` until the server has taken it.
    pub ordinal: Option<Ordinal>,
    /// Who wrote it.
    pub sender: UserId,
    /// Whether this user did.
    pub own: bool,
    /// When the server took it; until then, when this device wrote it.
    pub sent_at: Timestamp,
    /// The sender's own id of it.
    pub client_msg_id: Option<ClientMsgId>,
    /// What it says now.
    pub content: Content,
    /// What it carries beside that; `None` for nothing.
    pub attributes: Option<Box<Attributes>>,
    /// Whether it is pinned for everybody.
    pub pinned: bool,
    /// When it was edited last; `None` for never.
    pub edited_at: Option<Timestamp>,
    /// What people add to it, in the order in which each was first added.
    pub reactions: Vec<Reaction>,
}

/// How often an emoji was added to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// Which, in its one form.
    pub emoji: String,
    /// By how many users.
    pub count: u32,
    /// Whether this user is one of them.
    pub own: bool,
}

/// What one user added to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserReaction {
    /// Who.
    pub user: UserId,
    /// What people call him.
    pub display_name: String,
    /// What he added, in the order in which he did.
    pub emojis: Vec<String>,
}

/// One version of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// Its event: that of the message at first, of its edits then.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// What the message said from then on.
    pub content: Content,
}

/// How far a message, or a command, of this device has come. `Sent` means stored by the server, durably; it says nothing of delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendState {
    /// In the outbox, on disk.
    Queued,
    /// Written to the connection, not yet acknowledged.
    Sending,
    /// Stored by the server.
    Sent(SentMark),
    /// Refused, or given up; it stays in the outbox and can be retried or cancelled.
    Failed(SendFailure),
    /// A command was carried out, by this event; 0 where nothing changed by it.
    Done(Seq),
    /// Taken back before it was written to a connection.
    Cancelled,
}

/// Which message a command is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// One of the log.
    Log(Seq),
    /// An own one, by its id: it may still wait in the outbox.
    Own(ClientMsgId),
}

impl From<Seq> for Target {
    fn from(seq: Seq) -> Self {
        Self::Log(seq)
    }
}

impl From<ClientMsgId> for Target {
    fn from(id: ClientMsgId) -> Self {
        Self::Own(id)
    }
}

/// What a command asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// A message is to say something else.
    Edit(Target, Content),
    /// An emoji is to be on a message.
    React(Target, String),
    /// An own emoji is to be taken back.
    TakeBack(Target, String),
    /// A message is to be taken back.
    Recall(Target),
    /// A message is to be pinned, or no longer.
    Pin(Target, bool),
    /// Something that no message shows.
    Other,
}

impl Wish {
    /// The message that would be different.
    #[must_use]
    pub fn target(&self) -> Option<Target> {
        match self {
            Self::Edit(target, _)
            | Self::React(target, _)
            | Self::TakeBack(target, _)
            | Self::Recall(target)
            | Self::Pin(target, _) => Some(*target),
            Self::Other => None,
        }
    }
}

/// A command that waits in the outbox, or whose event is on its way. What it asks for is shown already, unless it
/// failed; then it stays until it is retried or cancelled.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// Where.
    pub conversation: ConversationId,
    /// Its id.
    pub command_id: ClientMsgId,
    /// What it asks for.
    pub wish: Wish,
    /// When, by this device's clock.
    pub created_at: Timestamp,
    /// How far it has come.
    pub state: SendState,
}

/// Where an acknowledged message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentMark {
    /// The conversation, which may have begun with this message.
    pub conversation: ConversationId,
    /// The event.
    pub seq: Seq,
    /// The number among the messages.
    pub ordinal: Ordinal,
    /// When the server took it.
    pub sent_at: Timestamp,
    /// It was stored by an earlier send of the same `client_msg_id`.
    pub deduplicated: bool,
    /// The same `client_msg_id` was used with another body before; that one stands.
    pub conflict: bool,
}

/// Why a message was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendFailure {
    /// A stable code of `docs/protocol/errors.md`, or `gave_up` after 24 hours.
    pub code: String,
    /// For developers.
    pub text: String,
    /// Whether a retry without a change can succeed.
    pub recoverable: bool,
}

/// A message that waits in the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Unsent {
    /// Where it goes.
    pub conversation: ConversationId,
    /// Its id.
    pub client_msg_id: ClientMsgId,
    /// What it says.
    pub content: Content,
    /// What it carries beside that; `None` for nothing.
    pub attributes: Option<Box<Attributes>>,
    /// When it was written, by this device's clock.
    pub created_at: Timestamp,
    /// How far it has come.
    pub state: SendState,
}

/// A page of history, ascending.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryPage {
    /// The messages as they are now.
    pub messages: Vec<Message>,
    /// Whether the caller may see messages before these.
    pub more_before: bool,
}

/// Stays the same from local echo to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemKey {
    /// An own message.
    Own(ClientMsgId),
    /// A message of somebody else, or an event.
    Log(Seq),
    /// The line above the messages of a day, counted from 1970-01-01.
    Day(i64),
    /// The line above what was unread when the timeline was opened.
    ReadMarker,
    /// The beginning of the conversation.
    Start,
    /// Messages that are not on this device, above this ordinal.
    Gap(Ordinal),
}

/// One line of a timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct TimelineItem {
    /// For lists that must not flicker.
    pub key: ItemKey,
    /// What to show.
    pub kind: TimelineItemKind,
}

/// What a line of a timeline shows.
#[derive(Clone, Debug, PartialEq)]
pub enum TimelineItemKind {
    /// A message.
    Message(Box<MessageItem>),
    /// Something happened to the conversation.
    Event(Box<SystemEvent>),
    /// A new day begins.
    DateDivider(Date),
    /// What follows was unread when the timeline was opened.
    ReadMarker,
    /// There is nothing before.
    Start,
    /// Messages are missing here; [`crate::timeline::Timeline::fill_gap`] fetches them.
    Gap {
        /// The last ordinal before the gap.
        after: Ordinal,
        /// How many are missing.
        missing: u64,
    },
}

/// A message in a timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageItem {
    /// The message.
    pub message: Message,
    /// `Some` for messages of this user.
    pub state: Option<SendState>,
    /// How many others have read it; 0 where the server does not say.
    pub read_by: u32,
    /// Of a direct conversation, whether a device of the other has it, or he has read it: then 1. In others as `read_by`.
    pub delivered_to: u32,
    /// Commands about it that the server has not carried out, in their order. The message is shown as they want it.
    pub pending: Vec<Pending>,
    /// The message that it answers, as that is now.
    pub quote: Option<Quote>,
    /// Whether the user starred it.
    pub starred: bool,
    /// Of a voice message of another: whether the user has played it, on whatever device.
    pub played_by_me: bool,
    /// Of an own voice message: how many others have played it; 64 stands for so many and more.
    pub played_by_others: u32,
}

/// The message that another answers. It is never kept beside the answer: what it says now is looked up, so that nothing
/// of it stays when it is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Its event.
    pub seq: Seq,
    /// Its number among the messages; zero while the answer is on its way.
    pub ordinal: Ordinal,
    /// What it says; `None` where it is not on this device:
    /// [`fetch_around`](crate::conversation::Conversation::fetch_around) finds it.
    pub says: Option<Quoted>,
}

/// What a quoted message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// Who wrote it.
    pub sender: UserId,
    /// One line of what it says; empty where it has no words.
    pub text: String,
    /// Whether it was taken back.
    pub recalled: bool,
}

/// A message that calls the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MentionMark {
    /// Its event.
    pub seq: Seq,
    /// Its number among the messages.
    pub ordinal: Ordinal,
}

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// The year.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

/// How long after its sending a message may be changed by its author, as the server said last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageWindows {
    /// Milliseconds within which it may be edited.
    pub edit_ms: u64,
    /// Milliseconds within which it may be recalled; admins of a group always may.
    pub recall_ms: u64,
}

/// Why a token is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenReason {
    /// The first connection.
    First,
    /// The one in use will expire soon, or has.
    Expiring,
    /// The server refused the one in use.
    Refused,
}
