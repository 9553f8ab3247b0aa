//! What a store keeps, and the one way to change it.

use std::sync::Arc;

use bytes::Bytes;
use stonechat_types::id::{ClientMsgId, ConversationId, ConversationKind, UserId};
use stonechat_types::number::Timestamp;
use stonechat_wire::v1::frame::Body;
use stonechat_wire::v1::{Event, PersonalChange};

use crate::content::Attributes;
use crate::group::Group;
use crate::state::{Preview, Reaction, ReadMark, Role, SendFailure};

/// A conversation as this device knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationRow {
    /// Its id.
    pub id: ConversationId,
    /// Direct, group, …
    pub kind: ConversationKind,
    /// Title of a group.
    pub title: String,
    /// The other user of a direct conversation.
    pub peer: Option<UserId>,
    /// What people call him.
    pub peer_name: String,
    /// The own role.
    pub role: Role,
    /// Whether the user is a member.
    pub member: bool,
    /// How many members it has.
    pub member_count: u32,
    /// The last event that this device knows to exist, and its ordinal; unread is counted up to here.
    pub head_seq: u64,
    /// Its ordinal.
    pub head_ordinal: u64,
    /// The read cursor, moved here or by another device.
    pub read_seq: u64,
    /// Its ordinal.
    pub read_ordinal: u64,
    /// A cursor that the server may not have stored; 0 when it has.
    pub read_unconfirmed: u64,
    /// Up to where messages of the other user of a direct conversation are here, until the server surely knows; 0 then.
    pub delivered_unconfirmed: u64,
    /// Voice messages that the user has played, until the server has stored it.
    pub plays_unconfirmed: Vec<u64>,
    /// Messages up to this ordinal were before the latest join.
    pub floor_ordinal: u64,
    /// The first seq of the latest interval that the user may see.
    pub visible_from_seq: u64,
    /// Unread messages.
    pub unread: u64,
    /// Those of them that call the user.
    pub unread_mentions: u64,
    /// Whether these numbers are to be asked for.
    pub unread_stale: bool,
    /// When it last moved up, in the server's milliseconds.
    pub active_at: i64,
    /// The start of the last message.
    pub preview: Option<Preview>,
    /// The last contiguous seq of the live end: everything up to here is held, hidden, or a recorded gap.
    pub last_seq: u64,
    /// The ordinal there.
    pub last_ordinal: u64,
    /// How far the others have read.
    pub marks: Vec<ReadMark>,
    /// Messages held here that are before this event may lack what it and later ones made of them; 0 when none may.
    pub stale_from: u64,
    /// What a group or a channel is besides its members.
    pub group: Arc<Group>,
}

/// A message of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRow {
    /// Where.
    pub conversation: ConversationId,
    /// The event.
    pub seq: u64,
    /// The number among the messages.
    pub ordinal: u64,
    /// The sender's own id of it.
    pub client_msg_id: Option<ClientMsgId>,
    /// Who wrote it.
    pub sender: UserId,
    /// When the server took it.
    pub sent_at: Timestamp,
    /// The type of the body.
    pub body_type: String,
    /// The body as received.
    pub body: Bytes,
    /// What it carries beside the body; `None` for nothing.
    pub attributes: Option<Box<Attributes>>,
    /// Whether the stored body is damaged.
    pub corrupt: bool,
    /// The last event that changed it; its own at first.
    pub changed: u64,
    /// How often it was edited.
    pub edits: u32,
    /// When last; zero for never.
    pub edited_at: Timestamp,
    /// What people add to it, in the order in which each was first added.
    pub reactions: Vec<Reaction>,
    /// Whether it is pinned for everybody.
    pub pinned: bool,
    /// That it was taken back. Then it says nothing and has neither edits nor reactions.
    pub recalled: Option<Recall>,
}

/// An event of the log that timelines show between the messages.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRow {
    /// Where.
    pub conversation: ConversationId,
    /// The event.
    pub seq: u64,
    /// The message with which it is held: the one before it, or the first.
    pub ordinal: u64,
    /// As the wire has it.
    pub event: Event,
}

/// A piece of the history of a conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistoryRows {
    /// Ascending.
    pub messages: Vec<MessageRow>,
    /// Ascending.
    pub events: Vec<EventRow>,
}

/// That a message was taken back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recall {
    /// By whom; not known of one that was replayed, until the event that took it back comes.
    pub by: Option<UserId>,
    /// When.
    pub at: Timestamp,
}

/// What an event makes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageChange {
    /// Where.
    pub conversation: ConversationId,
    /// The message.
    pub target: u64,
    /// The event.
    pub by: u64,
    /// What.
    pub what: Changed,
}

/// What is different of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// What it says; `None` where that is not told.
    Said(Option<Said>),
    /// An emoji.
    Reacted {
        /// Which.
        emoji: String,
        /// Whether it was added, or taken back.
        added: bool,
        /// Whether by the user of this device.
        own: bool,
    },
    /// It was taken back.
    Recalled(Recall),
    /// It was pinned, or no longer.
    Pinned(bool),
}

/// What a message says after an edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The type of the body.
    pub body_type: String,
    /// The body as received.
    pub body: Bytes,
    /// When.
    pub at: Timestamp,
}

impl MessageChange {
    /// Whether it does not say what it makes of the message.
    #[must_use]
    pub fn is_unsaid(&self) -> bool {
        self.what == Changed::Said(None)
    }

    /// Takes it into a message, which may have it already. The rules are those of `domain`.
    pub fn fold(&self, row: &mut MessageRow) {
        if row.conversation != self.conversation || row.seq != self.target || row.changed >= self.by {
            return;
        }
        row.changed = self.by;
        if row.recalled.is_some() && !matches!(self.what, Changed::Recalled(_)) {
            return;
        }
        match &self.what {
            Changed::Said(Some(said)) => {
                (row.body_type, row.body, row.corrupt) = (said.body_type.clone(), said.body.clone(), false);
                row.edits = row.edits.saturating_add(1);
                row.edited_at = said.at;
            }
            Changed::Said(None) => {}
            Changed::Pinned(pinned) => row.pinned = *pinned,
            Changed::Reacted { emoji, added, own } => react(&mut row.reactions, emoji, *added, *own),
            Changed::Recalled(recall) => {
                (row.body_type, row.body, row.corrupt) = (String::new(), Bytes::new(), false);
                (row.edits, row.edited_at) = (0, Timestamp::default());
                row.attributes = row.attributes.as_ref().and_then(|attributes| attributes.recalled());
                row.pinned = false;
                row.reactions.clear();
                row.recalled = Some(recall.clone());
            }
        }
    }
}

fn react(reactions: &mut Vec<Reaction>, emoji: &str, added: bool, own: bool) {
    match reactions.iter_mut().find(|reaction| reaction.emoji == emoji) {
        Some(reaction) => {
            reaction.count = if added { reaction.count.saturating_add(1) } else { reaction.count.saturating_sub(1) };
            reaction.own = if own { added } else { reaction.own };
        }
        None if added => reactions.push(Reaction { emoji: emoji.to_owned(), count: 1, own }),
        None => {}
    }
    reactions.retain(|reaction| reaction.count > 0);
}

/// A message, or a command, that the server has not acknowledged.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxRow {
    /// The order on this device.
    pub order: u64,
    /// Where to.
    pub conversation: ConversationId,
    /// The other user, of a direct conversation.
    pub peer: Option<UserId>,
    /// Its id, the same through all retries; of a command its `command_id`.
    pub client_msg_id: ClientMsgId,
    /// The type of the body; empty for a command.
    pub body_type: String,
    /// The body. It never changes once it was written to a connection.
    pub body: Bytes,
    /// What it carries beside the body, never changed; `None` for nothing.
    pub attributes: Option<Box<Attributes>>,
    /// The last event that the composer had shown.
    pub read_upto: u64,
    /// When it was written, by this device's clock.
    pub created_at: Timestamp,
    /// Whether it was ever written to a connection.
    pub written: bool,
    /// Why it was parked.
    pub failure: Option<SendFailure>,
    /// What it asks for, when it is no message.
    pub command: Option<Box<QueuedCommand>>,
}

/// A command that waits in the lane of its conversation, as a message does.
#[derive(Clone, Debug, PartialEq)]
pub struct QueuedCommand {
    /// The call as the wire has it, with its `command_id`.
    pub call: Body,
    /// The message of the same lane that it is about, while the server has not said where that one stands.
    pub about: Option<ClientMsgId>,
}

/// Values that belong to the device and not to a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceRow {
    /// The newest position whose predecessors are stored.
    pub position: Bytes,
    /// The history of the server's store that everything here belongs to.
    pub history_id: Bytes,
    /// The types of content that the app declares, as the wire has them; empty when none were told.
    pub content_types: Bytes,
    /// Which kinds of personal state the client knew that was last in step, by [`PERSONAL_KINDS`].
    ///
    /// [`PERSONAL_KINDS`]: crate::core::people::PERSONAL_KINDS
    pub kinds: u8,
}

/// Everything that the core needs to begin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// The values of the device.
    pub device: DeviceRow,
    /// All conversations.
    pub conversations: Vec<ConversationRow>,
    /// Intervals of ordinals held, by conversation.
    pub intervals: Vec<(ConversationId, u64, u64)>,
    /// The outbox, in its order.
    pub outbox: Vec<OutboxRow>,
    /// The number of the last recorded event.
    pub recorded: u64,
    /// What belongs to the user beside his conversations.
    pub entries: Vec<PersonalChange>,
}

/// One change of a store.
#[derive(Clone, Debug, PartialEq)]
pub enum StoreOp {
    /// Inserts or replaces a conversation.
    PutConversation(Box<ConversationRow>),
    /// Removes a conversation and everything of it but its outbox.
    DropConversation(ConversationId),
    /// Removes all messages, events, intervals and entries, also of conversations that are not known yet.
    ClearHistory,
    /// Inserts a message, or replaces one that was changed later by no event.
    PutMessage(Box<MessageRow>),
    /// Inserts an event that timelines show.
    PutEvent(Box<EventRow>),
    /// Takes a change into a message, if it is here.
    ChangeMessage(Box<MessageChange>),
    /// Removes the messages of a conversation in these intervals of ordinals, which stay held.
    DropMessages(ConversationId, Vec<(u64, u64)>),
    /// Removes the messages and events of a conversation below an ordinal that no interval holds.
    DropUnheld(ConversationId, u64),
    /// Replaces the intervals of a conversation.
    PutIntervals(ConversationId, Vec<(u64, u64)>),
    /// Inserts or replaces a message of the outbox.
    PutOutbox(Box<OutboxRow>),
    /// Removes a message from the outbox.
    DropOutbox(ClientMsgId),
    /// Keeps an event until it is acknowledged, under the next number.
    Record(u64, Box<Event>),
    /// Replaces the values of the device.
    PutDevice(DeviceRow),
    /// Notes what a user is called.
    PutName(UserId, String),
    /// Inserts or replaces an entry of what belongs to the user, by its key.
    PutEntry(String, Box<PersonalChange>),
    /// Removes everything, so that nothing of it can be read from the store any more.
    Wipe,
}

/// Changes that are true together or not at all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transaction {
    /// Its number; they are applied in this order.
    pub number: u64,
    /// Its changes, in order.
    pub ops: Vec<StoreOp>,
}
