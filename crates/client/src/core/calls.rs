//! Calls in flight on the connection: who asked, and until when the answer has to be here.

use std::collections::BTreeMap;

use stonechat_types::id::{ClientMsgId, ConversationId};
use stonechat_types::limits::CALLS_MAX;

use crate::core::limits::CALL_TIMEOUT_MS;

/// What a call is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Begins the session.
    Hello,
    /// Goes on after a poke.
    Pull,
    /// A further page of the conversations of a welcome.
    List,
    /// A further page of the personal changes of a welcome.
    Personal,
    /// The types of content that the app declares.
    ContentTypes,
    /// One conversation as it is now.
    Get(ConversationId),
    /// Events after the last contiguous one.
    CatchUp(ConversationId),
    /// The newest messages after a jump.
    Newest(ConversationId),
    /// The messages of a gap, from its beginning.
    Replay(ConversationId),
    /// Messages that changed while that could be missed.
    Changes(ConversationId),
    /// A message, or a command, of the outbox.
    Send(ClientMsgId),
    /// A read cursor.
    Read(ConversationId, u64),
    /// What arrived in direct conversations.
    Delivered(Vec<(ConversationId, u64)>),
    /// A voice message that was played.
    Played(ConversationId, u64),
    /// A new token.
    Refresh,
    /// A sign of life.
    Ping,
    /// Whom the app watches.
    Watch,
    /// The end of this device.
    SignOut,
    /// A call of the user.
    Ask(u64),
}

impl Purpose {
    /// Whether it is one of the core's own fetches.
    #[must_use]
    pub fn is_fetch(&self) -> bool {
        match self {
            Self::List
            | Self::Personal
            | Self::ContentTypes
            | Self::Get(_)
            | Self::CatchUp(_)
            | Self::Newest(_)
            | Self::Replay(_)
            | Self::Changes(_) => true,
            Self::Hello
            | Self::Pull
            | Self::Send(_)
            | Self::Read(..)
            | Self::Delivered(_)
            | Self::Played(..)
            | Self::Refresh
            | Self::Ping
            | Self::Watch
            | Self::SignOut
            | Self::Ask(_) => false,
        }
    }
}

/// The calls of one connection.
#[derive(Debug)]
pub struct Calls {
    last: u64,
    max: u32,
    in_flight: BTreeMap<u64, (Purpose, u64)>,
    fetches: usize,
    /// When the newest call was made that was answered.
    answered: u64,
}

impl Default for Calls {
    fn default() -> Self {
        Self { last: 0, max: CALLS_MAX, in_flight: BTreeMap::new(), fetches: 0, answered: 0 }
    }
}

impl Calls {
    /// Takes the limit of the welcome.
    pub fn limit(&mut self, calls_max: u32) {
        self.max = if calls_max == 0 { CALLS_MAX } else { calls_max.max(2) };
    }

    /// Whether a call may be made. One place is kept for control.
    #[must_use]
    pub fn have_room(&self) -> bool {
        self.in_flight.len() + 1 < self.max as usize
    }

    /// Whether a call of control may be made.
    #[must_use]
    pub fn have_room_for_control(&self) -> bool {
        self.in_flight.len() < self.max as usize
    }

    /// The core's own fetches in flight.
    #[must_use]
    pub fn fetches(&self) -> usize {
        self.fetches
    }

    /// Gives a call its number.
    pub fn begin(&mut self, purpose: Purpose, now_ms: u64) -> u64 {
        self.last += 1;
        self.fetches += usize::from(purpose.is_fetch());
        self.in_flight.insert(self.last, (purpose, now_ms + CALL_TIMEOUT_MS));
        self.last
    }

    /// Takes an answer; `None` when nobody asked.
    pub fn end(&mut self, id: u64) -> Option<Purpose> {
        let (purpose, deadline) = self.in_flight.remove(&id)?;
        self.answered = self.answered.max(deadline - CALL_TIMEOUT_MS);
        self.fetches -= usize::from(purpose.is_fetch());
        Some(purpose)
    }

    /// When the newest call was made that was answered on this connection: then, or later, the server lived. What is only
    /// heard may have been on its way for long.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.answered
    }

    /// Whether such a call is in flight.
    #[must_use]
    pub fn is_in_flight(&self, purpose: &Purpose) -> bool {
        self.in_flight.values().any(|(other, _)| other == purpose)
    }

    /// Whether the server is being told what arrived.
    #[must_use]
    pub fn tell_delivered(&self) -> bool {
        self.in_flight.values().any(|(purpose, _)| matches!(purpose, Purpose::Delivered(_)))
    }

    /// Whether the server is being told what was played.
    #[must_use]
    pub fn tell_played(&self) -> bool {
        self.in_flight.values().any(|(purpose, _)| matches!(purpose, Purpose::Played(..)))
    }

    /// What has no answer, and will have none.
    pub fn into_purposes(self) -> impl Iterator<Item = Purpose> {
        self.in_flight.into_values().map(|(purpose, _)| purpose)
    }

    /// Until when the next answer has to be here.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.in_flight.values().map(|(_, deadline)| *deadline).min()
    }
}
