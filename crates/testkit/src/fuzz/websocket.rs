//! Frames of a WebSocket client.
//!
//! However a stream is cut, the messages, our answers and the verdict are the same. A message is within its limit,
//! text is UTF-8, nothing is decoded behind a goodbye, and each ping is answered once.

use super::tape::{Tape, cut};
use stonechat_net::framing::{Decoded, Framing as _, Item, MESSAGE_BYTES_MAX};
use stonechat_net::fuzzing::waiting;
use stonechat_net::machine::{CloseCode, MessageKind};
use stonechat_net::outbound::Outbound;
use stonechat_net::websocket::decoder::WebSocket;
use stonechat_net::websocket::header::{self, HEADER_BYTES_MAX, Header};

#[derive(Debug, PartialEq)]
struct Outcome {
    messages: Vec<(MessageKind, Vec<u8>)>,
    answers: Vec<u8>,
    closed: bool,
    violation: Option<CloseCode>,
}

/// Up to four lengths of parts, the limit of a message, how the stream is made, then the stream: raw, or frames whose
/// headers are right, so that a fuzzer need not find the mask.
pub fn run(bytes: &[u8]) {
    let mut tape = Tape::new(bytes);
    let count = tape.below(5);
    let cuts = tape.take(count);
    let limit = match tape.u8() {
        0 => MESSAGE_BYTES_MAX,
        small => usize::from(small),
    };
    let stream = match tape.below(2) {
        0 => tape.all().to_vec(),
        _ => frames(&mut tape),
    };
    let outcome = outcome(&cut(&stream, &[]), limit);
    assert_eq!(self::outcome(&cut(&stream, cuts), limit), outcome, "it depends on how the stream was cut");
    header_is_read_once_whole(&stream);
}

/// Frames of a first byte, a mask and a payload each.
fn frames(tape: &mut Tape<'_>) -> Vec<u8> {
    let mut stream = Vec::new();
    while !tape.is_empty() {
        let first = tape.u8();
        let mask = [tape.u8(), 0x37, 0xfa, 0x21];
        let length = match tape.u8() {
            255 => usize::from(tape.u16()),
            short => usize::from(short),
        };
        let mut payload = tape.take(length).to_vec();
        let mut out = [0; HEADER_BYTES_MAX];
        let size = header::write(header::Opcode::Binary, payload.len(), &mut out);
        out[0] = first;
        out[1] |= 0x80;
        header::unmask(&mut payload, mask, 0);
        stream.extend_from_slice(&out[..size]);
        stream.extend_from_slice(&mask);
        stream.extend_from_slice(&payload);
    }
    stream
}

fn outcome(parts: &[&[u8]], limit: usize) -> Outcome {
    let mut framing = WebSocket::default();
    let mut outbound = Outbound::default();
    let mut outcome = Outcome { messages: Vec::new(), answers: Vec::new(), closed: false, violation: None };
    'parts: for part in parts {
        let mut part = part.to_vec();
        let mut rest = &mut part[..];
        while !rest.is_empty() {
            let there = rest.len();
            match framing.decode(rest, limit, &mut outbound) {
                Ok(Decoded { consumed, item }) => {
                    assert!(consumed <= there && (consumed > 0 || item.is_some()), "it takes {consumed}");
                    assert!(item.is_some() || consumed == there, "it stops in the middle");
                    match item {
                        Some(Item::Message { kind, bytes }) => {
                            assert!(!outcome.closed, "a message behind the goodbye");
                            assert!(bytes.len() <= limit, "{} bytes of {limit}", bytes.len());
                            assert!(kind == MessageKind::Binary || std::str::from_utf8(&bytes).is_ok());
                            outcome.messages.push((kind, bytes.into_owned()));
                        }
                        Some(Item::Closed) => {
                            assert!(!outcome.closed, "a second goodbye");
                            outcome.closed = true;
                        }
                        None => {}
                    }
                    rest = &mut rest[consumed..];
                }
                Err(violation) => {
                    assert!(!outcome.closed, "{violation} behind the goodbye");
                    outcome.violation = Some(violation.code);
                    break 'parts;
                }
            }
        }
    }
    outcome.answers = waiting(&outbound);
    assert_eq!(outbound.len(), outcome.answers.len());
    are_control_frames(&outcome.answers, outcome.closed);
    outcome
}

/// What we say by ourselves is pongs and, as the last, the answer to a goodbye.
fn are_control_frames(mut answers: &[u8], closed: bool) {
    let mut said_goodbye = false;
    while let [first, length, rest @ ..] = answers {
        assert!(!said_goodbye, "something follows the goodbye");
        said_goodbye = *first == 0x88;
        assert!(said_goodbye || *first == 0x8a, "neither pong nor close: {first:#x}");
        assert!(usize::from(*length) <= header::CONTROL_BYTES_MAX);
        answers = rest.get(usize::from(*length)..).expect("a whole frame");
    }
    assert!(answers.is_empty());
    assert_eq!(said_goodbye, closed);
}

/// A header is not read from less than its bytes, and gets no other verdict from more.
fn header_is_read_once_whole(stream: &[u8]) {
    let whole = Header::parse(stream);
    for end in 0..stream.len().min(HEADER_BYTES_MAX) {
        match (Header::parse(&stream[..end]), &whole) {
            (Ok(None), _) => {}
            (verdict, whole) => assert_eq!(verdict, *whole, "of {end} bytes"),
        }
    }
    if let Ok(Some((_, size))) = whole {
        assert!(size <= HEADER_BYTES_MAX && size <= stream.len());
    }
}
