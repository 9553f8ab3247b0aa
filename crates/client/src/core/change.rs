//! What became different for whoever looks. A change is emitted once the store holds what it stands for.

use std::sync::Arc;

use stonechat_types::id::{ClientMsgId, ConversationId, UserId};

use crate::content_types::ContentTypes;
use crate::core::rows::{EventRow, MessageChange, MessageRow};
use crate::group::Asking;
use crate::people::{Profile, Relation};
use crate::presence::{PresenceSettings, Presences};
use crate::quiet::Quiet;
use crate::state::{
    ConnectionState, ConversationSummary, Device, MessageWindows, Pending, ReadMark, SendState, Unsent,
};

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The connection.
    Connection(ConnectionState),
    /// A conversation of the list is new or different.
    Conversation(Arc<ConversationSummary>),
    /// A conversation is not on this device any more.
    ConversationGone(ConversationId),
    /// How long messages may be changed.
    Windows(MessageWindows),
    /// The types of content that the app declares.
    ContentTypes(Arc<ContentTypes>),
    /// Unread messages over all conversations.
    TotalUnread(u64),
    /// How far a message or a command of this device has come.
    Send {
        /// Where to.
        conversation: ConversationId,
        /// Which.
        client_msg_id: ClientMsgId,
        /// How far.
        state: SendState,
    },
    /// An own message waits at the end of a timeline, at this place among those that wait.
    Echo(u64, Box<Unsent>),
    /// An own message does not wait any more.
    EchoGone(ConversationId, ClientMsgId),
    /// A command waits, at this place among all that wait.
    Pending(u64, Box<Pending>),
    /// What a command asked for is in the log, or will not be.
    PendingGone(ConversationId, ClientMsgId),
    /// Messages of the log are here.
    Messages(ConversationId, Vec<MessageRow>),
    /// Events that timelines show are here.
    Events(ConversationId, Vec<EventRow>),
    /// A message is different, if it is here.
    MessageChanged(ConversationId, Box<MessageChange>),
    /// What no interval holds below an ordinal went: it lies in a gap.
    Unheld(ConversationId, u64),
    /// Which intervals of ordinals are here.
    Intervals(ConversationId, Vec<(u64, u64)>),
    /// All messages of all conversations went: the server has another history.
    Cleared,
    /// How far the others have read.
    Marks(ConversationId, Vec<ReadMark>),
    /// Who is writing.
    Typing(ConversationId, Vec<UserId>),
    /// The number of the last recorded event.
    Recorded(u64),
    /// When the user is not to be disturbed.
    Quiet(Arc<Quiet>),
    /// The user's own profile.
    Profile(Arc<Profile>),
    /// What the user and another are to each other.
    Relation(Arc<Relation>),
    /// What the user asks of a group, or is asked, is different.
    Asking(Arc<Asking>),
    /// What the user says of himself for the time being, and who is shown what.
    PresenceSettings(Arc<PresenceSettings>),
    /// What is known of the users who are watched.
    Presences(Presences),
    /// A device of the user.
    Device(Arc<Device>),
    /// Neither the profile nor the relations nor the devices are known any more: the server tells them again.
    PeopleGone,
}
