//! How messages are cut out of a stream of bytes: the one thing in which WebSocket and raw TCP differ.

use std::borrow::Cow;

use bytes::Bytes;

use crate::machine::{CloseCode, MessageKind};
use crate::outbound::Outbound;

/// The largest message that any peer may send. Checked on the length that it announces, before anything is kept.
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

/// A framing, without a socket: bytes in, messages out, and the other way round.
pub trait Framing: Send + 'static {
    /// Takes bytes from the front of `input`, up to the end of the first message or to its end, and says how many.
    /// What it must answer by itself, such as a pong, goes to `outbound`. The input may be changed. A message of more
    /// than `message_bytes_max` is refused as soon as it says so.
    fn decode<'a>(
        &mut self,
        input: &'a mut [u8],
        message_bytes_max: usize,
        outbound: &mut Outbound,
    ) -> Result<Decoded<'a>, Violation>;

    /// Adds one message.
    fn encode(&self, kind: MessageKind, message: Bytes, outbound: &mut Outbound);

    /// Adds the goodbye of this framing, if it has one.
    fn encode_close(&self, code: CloseCode, reason: &str, outbound: &mut Outbound);
}

/// What came out of a piece of input.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// Bytes of the input that are done with.
    pub consumed: usize,
    /// `None`: the input is used up and more is needed.
    pub item: Option<Item<'a>>,
}

/// What a peer said.
#[derive(Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// One whole message.
    Message {
        /// Binary, or text that is valid UTF-8.
        kind: MessageKind,
        /// Borrowed from the input when it lay there whole.
        bytes: Cow<'a, [u8]>,
    },
    /// The peer said goodbye; the answer is in the outbound buffer. Nothing is decoded after it.
    Closed,
}

/// The peer broke the framing: the connection ends, with this reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Violation {
    /// The reason as a number.
    pub code: CloseCode,
    /// The reason for people.
    pub reason: &'static str,
}

impl Violation {
    pub(crate) const fn protocol(reason: &'static str) -> Self {
        Self { code: CloseCode::Protocol, reason }
    }

    pub(crate) const fn too_big() -> Self {
        Self { code: CloseCode::TooBig, reason: "message too big" }
    }
}
