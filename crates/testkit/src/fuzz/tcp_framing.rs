//! Messages behind their lengths, as raw TCP carries them.
//!
//! However a stream is cut, the messages and the verdict are the same; each message is what stands there behind a
//! length in its shortest form; and `wire` cuts the same messages out of the stream.

use super::tape::{Tape, cut};
use bytes::BytesMut;
use stonechat_net::framing::{Decoded, Framing as _, Item, MESSAGE_BYTES_MAX};
use stonechat_net::machine::CloseCode;
use stonechat_net::outbound::Outbound;
use stonechat_net::tcp::LengthPrefixed;
use stonechat_wire::frame;

#[derive(Debug, PartialEq)]
struct Outcome {
    messages: Vec<Vec<u8>>,
    violation: Option<CloseCode>,
}

/// Up to four lengths of parts, the limit of a message, then the stream.
pub fn run(bytes: &[u8]) {
    let mut tape = Tape::new(bytes);
    let count = tape.below(5);
    let cuts = tape.take(count);
    let limit = match tape.u8() {
        0 => MESSAGE_BYTES_MAX,
        small => usize::from(small),
    };
    let stream = tape.all();
    let outcome = outcome(&cut(stream, &[]), limit);
    assert_eq!(self::outcome(&cut(stream, cuts), limit), outcome, "it depends on how the stream was cut");
    written_again(stream, &outcome, limit);
    if limit == MESSAGE_BYTES_MAX {
        wire_agrees(stream, &outcome);
    }
}

fn outcome(parts: &[&[u8]], limit: usize) -> Outcome {
    let mut framing = LengthPrefixed::default();
    let mut outbound = Outbound::default();
    let mut messages = Vec::new();
    for part in parts {
        let mut part = part.to_vec();
        let mut rest = &mut part[..];
        while !rest.is_empty() {
            let there = rest.len();
            match framing.decode(rest, limit, &mut outbound) {
                Ok(Decoded { consumed, item }) => {
                    assert!(consumed > 0 && consumed <= there, "it takes {consumed} of {there}");
                    assert!(item.is_some() || consumed == there, "it stops in the middle");
                    match item {
                        Some(Item::Message { bytes, .. }) => {
                            assert!(bytes.len() <= limit);
                            messages.push(bytes.into_owned());
                        }
                        Some(Item::Closed) => panic!("TCP has no goodbye"),
                        None => {}
                    }
                    rest = &mut rest[consumed..];
                }
                Err(violation) => {
                    assert!(matches!(violation.code, CloseCode::Protocol | CloseCode::TooBig), "{violation}");
                    return Outcome { messages, violation: Some(violation.code) };
                }
            }
        }
    }
    assert!(outbound.is_empty(), "it has nothing to say by itself");
    Outcome { messages, violation: None }
}

/// The messages in front of a stream are its bytes again, so no length was written longer than it needs to be.
fn written_again(stream: &[u8], outcome: &Outcome, limit: usize) {
    let mut out = BytesMut::new();
    for message in &outcome.messages {
        frame::put_length(&mut out, message.len());
        out.extend_from_slice(message);
    }
    assert!(stream.starts_with(&out), "the messages are not what stood there");
    let left = stream.len() - out.len();
    if outcome.violation.is_none() {
        assert!(left <= limit + frame::LENGTH_PREFIX_BYTES_MAX, "{left} bytes are kept for one message");
    }
}

/// `wire` finds the same messages until one is not a frame.
fn wire_agrees(stream: &[u8], outcome: &Outcome) {
    let mut theirs = BytesMut::from(stream);
    for message in &outcome.messages {
        match (frame::take(&mut theirs), frame::decode(message.clone().into())) {
            (Ok(Some(frame)), Ok(same)) => assert_eq!(frame, same),
            (Err(_), Err(_)) => return,
            (taken, read) => panic!("one says {taken:?} and the other {read:?}"),
        }
    }
    assert_eq!(frame::take(&mut theirs).is_err(), outcome.violation.is_some(), "they end in another way");
}
