//! What the user asks of the core, and how it answers.

use std::sync::Arc;

use bytes::Bytes;
use stonechat_types::id::{ClientMsgId, ConversationId, UserId};
use stonechat_types::number::{Ordinal, Seq};
use stonechat_wire::v1::frame::Body;

use crate::content::Attributes;
use crate::deletions::Removed;
use crate::played::Played;
use crate::stars::Starred;
use crate::state::{Pending, SendState, Target, Unsent};

/// Marks a command whose answer somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// A message to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Where to.
    pub conversation: ConversationId,
    /// The other user, of a direct conversation; it may not exist yet.
    pub peer: Option<UserId>,
    /// The same through all retries.
    pub client_msg_id: ClientMsgId,
    /// The type of the body.
    pub body_type: String,
    /// The body, never changed once it is here.
    pub body: Bytes,
    /// What it carries beside the body; `None` for nothing.
    pub attributes: Option<Box<Attributes>>,
    /// The last event that the composer had shown.
    pub read_upto: Seq,
}

/// A command for the lane of a conversation: it is kept like a message, and carried out in the order of the lane.
#[derive(Clone, Debug, PartialEq)]
pub struct LaneCommand {
    /// The lane.
    pub conversation: ConversationId,
    /// Its `command_id`, the same through all retries.
    pub command_id: ClientMsgId,
    /// The call as the wire has it. Its `command_id`, and the seq of the message that it is about, are filled in here.
    pub call: Body,
    /// The message that it is about.
    pub about: Option<Target>,
}

/// What the user asks.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Connect, and stay connected.
    Start,
    /// Disconnect, and stay so.
    Stop,
    /// The network came back, or the user looks: try at once.
    TryNow,
    /// Keep a message and send it. Answered by [`Reply::Queued`] once it is durable.
    Send(Draft),
    /// Keep a command and carry it out. Answered by [`Reply::Kept`] once it is durable.
    Queue(Box<LaneCommand>),
    /// Send a failed message, or a failed command, again.
    Retry(ClientMsgId),
    /// Take a message, or a command, back that is not on its way.
    Cancel(ClientMsgId),
    /// Move the read cursor; it never moves back.
    MarkRead {
        /// Where.
        conversation: ConversationId,
        /// Up to which event.
        upto: Seq,
    },
    /// The user has played a voice message of another.
    MarkPlayed {
        /// Where.
        conversation: ConversationId,
        /// Which.
        message: Seq,
    },
    /// The user is writing, or stopped.
    Typing {
        /// Where.
        conversation: ConversationId,
        /// Whether he is.
        active: bool,
    },
    /// What the device shows now.
    Focus(Vec<ConversationId>),
    /// Watch whether these users are there, and no others.
    Watch(Vec<UserId>),
    /// The user is away from this device, or back.
    Away(bool),
    /// A call as the wire has it, which may be repeated: reads, and commands that bear an id.
    Call(Box<Body>),
    /// What a timeline needs to begin.
    Open(ConversationId),
    /// Fetch and keep a page of messages before an ordinal.
    LoadBefore {
        /// Where.
        conversation: ConversationId,
        /// Before which; the newest page when `None`.
        before: Option<Ordinal>,
        /// At most so many.
        limit: u32,
    },
    /// The messages that wait in the outbox.
    Outbox,
    /// The commands that wait in the outbox.
    Pending,
    /// Sign this device out, and forget what it holds. Answered once nothing of it is stored any more.
    SignOut,
}

/// How the core answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// It is done.
    Done,
    /// The message is durable on this device, in this state.
    Queued(SendState),
    /// The command is durable on this device; what has this id and this state bears it.
    Kept(ClientMsgId, SendState),
    /// The server's answer.
    Answer(Box<Body>),
    /// What a timeline needs to begin.
    Opened(Opened),
    /// A page was kept: how many messages, and whether there are more before them.
    Loaded {
        /// Messages in the page.
        messages: u32,
        /// Whether there are more before.
        more_before: bool,
    },
    /// The messages that wait in the outbox.
    Outbox(Vec<Unsent>),
    /// The commands that wait in the outbox.
    Pending(Vec<Pending>),
}

/// What a timeline needs to begin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Opened {
    /// Own messages that the log does not have yet, each with its place among them.
    pub unsent: Vec<(u64, Unsent)>,
    /// Commands that wait or whose events are on their way, each with its place.
    pub pending: Vec<(u64, Pending)>,
    /// Intervals of ordinals that this device holds, ascending.
    pub intervals: Vec<(u64, u64)>,
    /// The own read cursor.
    pub read: (Seq, Ordinal),
    /// Messages above it can be unread: the cursor, or the latest join.
    pub floor: Ordinal,
    /// Unread messages.
    pub unread: u64,
    /// What was said up to here is not shown.
    pub cleared: Seq,
    /// What the user removed for himself.
    pub removed: Arc<Removed>,
    /// What the user starred.
    pub starred: Arc<Starred>,
    /// Which voice messages were played.
    pub played: Arc<Played>,
    /// How far the others have read.
    pub marks: Vec<crate::state::ReadMark>,
    /// The last message.
    pub head: Ordinal,
}
