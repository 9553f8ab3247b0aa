//! The contract that every gateway implements: a pure session machine, and the service that takes its calls.
//!
//! A machine has no socket and no clock. Bytes, events and time come in by [`SessionMachine::handle`]; what it wants
//! done comes out of [`SessionMachine::poll_action`]. The loop of this crate is the only thing between the two.

use std::net::SocketAddr;

use bytes::Bytes;

use crate::events::EventSink;
use crate::framing::MESSAGE_BYTES_MAX;

/// Milliseconds since the server started. Never goes back, says nothing about the time of day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Monotonic(pub u64);

impl Monotonic {
    /// The moment `ms` milliseconds later.
    pub fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment; 0 if it is not earlier.
    pub fn ms_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// What a message is made of. On raw TCP every message is binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// Any bytes.
    Binary,
    /// UTF-8, already checked.
    Text,
}

/// What a machine is given.
#[derive(Debug, PartialEq, Eq)]
pub enum Input<'a, E> {
    /// One whole message of the peer.
    Message {
        /// Binary or text.
        kind: MessageKind,
        /// The message, without its framing. Copy what is kept.
        bytes: &'a [u8],
    },
    /// The answer to a call, or something live, from the connection's own queue.
    Event(E),
    /// The deadline that the machine asked for is reached.
    Tick,
    /// The server drains: say goaway, then finish what is in flight.
    Shutdown {
        /// Clients should leave after this time...
        after_ms: u64,
        /// ...plus a random part of this one, so that they do not all come back at once.
        spread_ms: u64,
    },
    /// The connection ends, for any reason but the machine's own [`Action::Close`]. Nothing sent from here on arrives;
    /// calls are still carried out.
    PeerClosed,
}

/// What a machine wants done.
#[derive(Debug, PartialEq, Eq)]
pub enum Action<C> {
    /// Send one message to the peer.
    Transmit {
        /// Binary or text. Ignored on raw TCP.
        kind: MessageKind,
        /// The message, without framing; shared, never copied a recipient when it is large.
        bytes: Bytes,
    },
    /// Hand a call to the [`Service`].
    Call(C),
    /// Send what was queued before, say why, and close. Actions after it are dropped.
    Close {
        /// The reason as a number. Only WebSocket shows it to the peer.
        code: CloseCode,
        /// The reason for people, at most 123 bytes of UTF-8; more is cut.
        reason: String,
    },
}

/// Why a connection is closed, as RFC 6455 section 7.4.1 numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CloseCode {
    /// 1000: the work is done.
    Normal,
    /// 1001: the server goes away.
    GoingAway,
    /// 1002: the peer broke the framing protocol.
    Protocol,
    /// 1003: a kind of message that is not spoken here.
    Unsupported,
    /// 1007: a message is not what its kind promises, such as text that is not UTF-8.
    InvalidPayload,
    /// 1008: not allowed, not authenticated, revoked, or too slow.
    Policy,
    /// 1009: a message is larger than the limit.
    TooBig,
    /// 1011: the server failed.
    Internal,
}

impl CloseCode {
    /// The number on the wire.
    pub fn number(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::GoingAway => 1001,
            Self::Protocol => 1002,
            Self::Unsupported => 1003,
            Self::InvalidPayload => 1007,
            Self::Policy => 1008,
            Self::TooBig => 1009,
            Self::Internal => 1011,
        }
    }
}

/// What a machine did that nobody has to act on, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// It refused the peer something by itself, with this public code.
    Refused(&'static str),
    /// It dropped live events: the peer cannot be told yet, and too much waited for that.
    Dropped,
}

/// One protocol on one connection, without a socket and without a clock.
pub trait SessionMachine: Send + 'static {
    /// What it asks the [`Service`] to do.
    type Call: Send;
    /// What comes back: answers to calls, and live events.
    type Event: Send;

    /// Takes one input. Never waits; what follows from it is read by [`Self::poll_action`].
    fn handle(&mut self, now: Monotonic, input: Input<'_, Self::Event>);

    /// The next thing to do, in order; `None` when there is nothing until the next input. The loop asks until `None`
    /// after every input.
    fn poll_action(&mut self) -> Option<Action<Self::Call>>;

    /// When it wants the next [`Input::Tick`]; `None` is never. A deadline that has passed ticks at once, so a machine
    /// moves or clears it when it is ticked.
    fn deadline(&self) -> Option<Monotonic>;

    /// `false` while the machine has its maximum of calls in flight: the loop then reads neither the socket nor what
    /// it has read already.
    fn wants_input(&self) -> bool;

    /// Calls whose answers have not come yet.
    fn calls_in_flight(&self) -> usize {
        0
    }

    /// What is to be counted of the last input.
    fn take_note(&mut self) -> Option<Note> {
        None
    }

    /// The largest message that the peer may begin now, at most [`MESSAGE_BYTES_MAX`]. A machine whose peer has not
    /// signed in lowers it, since a message on its way is memory that the peer controls.
    fn message_bytes_max(&self) -> usize {
        MESSAGE_BYTES_MAX
    }
}

/// What the loop hands calls to. One value serves every connection of a listener.
pub trait Service<M: SessionMachine>: Send + Sync + 'static {
    /// What is kept a connection beside the machine.
    type Connection: Send;

    /// A connection is up: makes its machine. Answers and live events come back by `events`, which may be cloned and
    /// kept after the connection is closed.
    fn open(&self, peer: PeerInfo, events: EventSink<M::Event>) -> (M, Self::Connection);

    /// Carries out a call. Runs on the connection's own task, so it never waits and never blocks; the answer comes
    /// back as an event.
    fn call(&self, connection: &mut Self::Connection, call: M::Call);

    /// The connection is gone. Called exactly once for each [`Self::open`], also when the task panics.
    fn closed(&self, connection: Self::Connection);
}

/// Who is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerInfo {
    /// Where the socket comes from. Never logged above debug.
    pub addr: SocketAddr,
    /// The bytes are protected on their way, by our own TLS or by that of a named proxy.
    pub tls: bool,
    /// The framing.
    pub transport: Transport,
    /// The kind of messages that were agreed on: text for the WebSocket subprotocol of JSON, else binary.
    pub kind: MessageKind,
}

/// The framings of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Messages behind a varint of their length, on TCP or TLS.
    Tcp,
    /// WebSocket.
    WebSocket,
}
