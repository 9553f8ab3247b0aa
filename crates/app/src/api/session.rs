//! How a connection begins, and what it is told.

use super::{Answer, Failure, PersonalItem, PresenceView, Welcome};
use crate::live::LiveEvent;
use crate::presence::PresenceTold;
use crate::session::Session;
use crate::turn::Turn;
use bytes::Bytes;
use std::sync::Arc;
use stonechat_domain::device::Platform;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{ConversationId, DeviceId, UserId};
use stonechat_types::number::{Ordinal, PersonalSeq, Seq, Timestamp};

/// A request for a session.
#[derive(Clone, Debug)]
pub struct Hello {
    /// A JWT of the app's backend.
    pub token: String,
    /// The device.
    pub device: DeviceId,
    /// For people; at most 256 bytes are kept.
    pub device_name: String,
    /// The client's name and version; at most 256 bytes are kept.
    pub client: String,
    /// The class of the device.
    pub platform: Platform,
    /// The device's newest stored position; empty at first.
    pub position: Bytes,
    /// Conversations of the first page; 0 for the default.
    pub window: u32,
}

/// A session that began.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The session; calls are made in its name.
    pub session: Arc<Session>,
    /// What happened since the device's position.
    pub welcome: Box<Welcome>,
    /// When its token expires.
    pub expires_at: Timestamp,
}

/// What a session is told, in order.
#[derive(Clone, Debug)]
pub enum Outbound {
    /// The answer to the hello.
    Begun(Result<Begun, Failure>),
    /// The answer to a new token: when it expires.
    Refreshed {
        /// The gateway's number of the call.
        call: u64,
        /// What came of it.
        result: Result<Timestamp, Failure>,
    },
    /// The answer to a call.
    Answer {
        /// The gateway's number of the call.
        call: u64,
        /// What came of it.
        result: Result<Answer, Failure>,
        /// Of a read: to be kept until the answer is written, for only then the session's next read begins.
        turn: Option<Turn>,
    },
    /// An event of a conversation; encoded once for all.
    Event(Arc<LiveEvent>),
    /// A member has read.
    ReadMoved {
        /// Where.
        conversation: ConversationId,
        /// Who.
        user: UserId,
        /// Up to here.
        upto: Seq,
        /// Its ordinal.
        ordinal: Ordinal,
    },
    /// A device of the other user of a direct conversation has stored it.
    DeliveredMoved {
        /// Where.
        conversation: ConversationId,
        /// Who.
        user: UserId,
        /// Up to here.
        upto: Seq,
    },
    /// A member is writing, or stopped.
    Typing {
        /// Where.
        conversation: ConversationId,
        /// Who.
        user: UserId,
        /// Whether he is.
        active: bool,
    },
    /// Whether users whom the session watches are there.
    Presence(Arc<PresenceTold>),
    /// A change of personal state.
    Personal(PersonalSeq, PersonalItem),
    /// Everything before it was sent.
    Position(Bytes),
    /// The session was too slow: nothing of the log follows until it pulls.
    Poke(Bytes),
    /// The head of a large group moved.
    Head {
        /// Where.
        conversation: ConversationId,
        /// The head.
        seq: Seq,
        /// Its ordinal.
        ordinal: Ordinal,
    },
    /// The session is over.
    Close(ErrorCode),
}

impl Outbound {
    /// About how many bytes it takes in a queue.
    #[must_use]
    pub fn weight(&self) -> usize {
        match self {
            Self::Event(event) => 128 + event.weight(),
            Self::Presence(told) => 128 + told.views.iter().map(PresenceView::weight).sum::<usize>(),
            _ => 128,
        }
    }
}

/// What an offer to a session led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// It will be sent.
    Queued,
    /// The queue is full; it was dropped.
    Overflow,
    /// The session is gone.
    Closed,
}

/// The way out to one session. Never waits.
pub trait SessionSink: Send + Sync {
    /// Told once, before [`Outbound::Begun`], which session it is, so that the gateway can end it. To be kept as a
    /// [`std::sync::Weak`]: the session keeps the sink.
    fn attach(&self, session: &Arc<Session>);
    /// Offers something live, within the bound of the queue.
    fn offer(&self, outbound: Outbound) -> Offer;
    /// Offers an answer or a word of control: bounded by the calls in flight, so it always fits. `Queued` or
    /// `Closed`.
    fn offer_control(&self, outbound: Outbound) -> Offer;
}
