//! What is committed: records, and what comes back.

use crate::row::RowWrite;
use bytes::Bytes;
use stonechat_domain::kind::EventKind;
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::number::{AppId, ConversationNo, LanePosition, Ordinal, PersonalSeq, Seq, Timestamp, UserNo};

/// The clear part of an event. It never changes after the commit, and enough stands in it for `Derive` to compute the
/// rows that follow from a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventHeader {
    /// The tenant.
    pub app: AppId,
    /// The conversation.
    pub conversation: ConversationId,
    /// Its dense number in the app.
    pub conversation_no: ConversationNo,
    /// Dense number of this event in the conversation.
    pub seq: Seq,
    /// Number of countable messages up to and including this event.
    pub ordinal: Ordinal,
    /// The kind, by the table of `domain`.
    pub kind: EventKind,
    /// Who did it.
    pub sender: UserId,
    /// The sender's dense number in the app.
    pub sender_no: UserNo,
    /// The server's time; never before that of the event before it.
    pub sent_at: Timestamp,
    /// `client_msg_id` of a message, `command_id` of anything else.
    pub key: [u8; 16],
    /// HMAC-SHA256 of the body as received, cut to 16 bytes.
    pub body_hmac: [u8; 16],
    /// Last seq that the composer of the sender had shown; 0 when it said nothing.
    pub read_upto: Seq,
    /// Ordinal at `read_upto`, so that the cursor follows from the header alone.
    pub read_upto_ordinal: Ordinal,
}

/// An event with its sealed body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The clear part.
    pub header: EventHeader,
    /// Nonce, ciphertext and tag; the engine does not look into it. Empty when it was scrubbed.
    pub sealed: Bytes,
}

/// A change of one user's personal state; the commit gives it its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalWrite {
    /// The tenant.
    pub app: AppId,
    /// Whose state.
    pub user_no: UserNo,
    /// Kind and key; at most [`PERSONAL_KEY_BYTES_MAX`] bytes.
    pub key: Bytes,
    /// The new value; `None` deletes and leaves a tombstone.
    pub value: Option<Bytes>,
}

/// Longest key of a personal change, in bytes.
pub const PERSONAL_KEY_BYTES_MAX: usize = 256;

/// The unit of commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// At most one event.
    pub event: Option<Event>,
    /// Rows that are durable with the record.
    pub rows: Vec<RowWrite>,
    /// Changes of personal state, durable with the record.
    pub personal: Vec<PersonalWrite>,
    /// Rows that follow from the event's header. Not stored in the record: `Derive` must compute the same.
    pub derived: Vec<RowWrite>,
    /// Whether it takes something away: a store without room takes such records as long as what it has prepared lasts.
    /// Not stored.
    pub takes_away: bool,
}

/// Where a record stands, once it is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Its position in the lane.
    pub position: LanePosition,
    /// The numbers that its personal changes were given, in their order.
    pub personal: Vec<PersonalSeq>,
}

/// A record as the feed hands it to a follower.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedRecord {
    /// Its position in the lane.
    pub position: LanePosition,
    /// The event, when it has one.
    pub event: Option<Event>,
    /// The personal changes with their numbers.
    pub personal: Vec<(PersonalWrite, PersonalSeq)>,
}

/// An event as a reader gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its record's position in the lane.
    pub position: LanePosition,
    /// The clear part.
    pub header: EventHeader,
    /// The sealed body, or why there is none.
    pub body: StoredBody,
}

/// The body of a stored event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredBody {
    /// As it was appended.
    Sealed(Bytes),
    /// It was scrubbed by a recall or an expiry.
    Scrubbed,
    /// The stored bytes do not match their checksum. Only this event is affected.
    Corrupt,
}
