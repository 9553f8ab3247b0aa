//! Messages out of a client's frames, and answers to its control frames.

use std::borrow::Cow;

use bytes::Bytes;

use crate::framing::{Decoded, Framing, Item, MESSAGE_BYTES_MAX, Violation};
use crate::machine::{CloseCode, MessageKind};
use crate::outbound::Outbound;
use crate::websocket::header::{self, CONTROL_BYTES_MAX, HEADER_BYTES_MAX, Header, Opcode};

/// The framing of a WebSocket after its handshake.
#[derive(Debug, Default)]
pub struct WebSocket {
    /// A header that did not come whole.
    header: [u8; HEADER_BYTES_MAX],
    header_len: u8,
    /// The frame whose payload is on its way, and how much of that came.
    frame: Option<(Header, usize)>,
    /// The kind of the message whose parts are on their way.
    message: Option<MessageKind>,
    /// What came of the message, when it did not come whole in one frame and one read.
    partial: Vec<u8>,
    /// What came of a control frame, when it did not come whole.
    control: Vec<u8>,
    closed: bool,
}

impl Framing for WebSocket {
    fn decode<'a>(
        &mut self,
        input: &'a mut [u8],
        message_bytes_max: usize,
        outbound: &mut Outbound,
    ) -> Result<Decoded<'a>, Violation> {
        let mut rest = input;
        let mut consumed = 0;
        loop {
            if self.closed {
                return Ok(Decoded { consumed: consumed + rest.len(), item: None });
            }
            let (header, done) = match self.frame {
                Some(frame) => frame,
                None => {
                    let (header, size) = self.take_header(rest)?;
                    consumed += size;
                    rest = &mut rest[size..];
                    let Some(header) = header else { return Ok(Decoded { consumed, item: None }) };
                    self.check(&header, message_bytes_max.min(MESSAGE_BYTES_MAX))?;
                    (header, 0)
                }
            };
            let length = header.length as usize; // Checked to be at most 1 MiB.
            let take = (length - done).min(rest.len());
            let (piece, behind) = rest.split_at_mut(take);
            rest = behind;
            consumed += take;
            header::unmask(piece, header.mask, done);
            let whole = done + take == length;
            self.frame = (!whole).then_some((header, done + take));
            let item = match (header.opcode.is_control(), whole) {
                (true, true) => {
                    let payload = joined(&mut self.control, piece);
                    self.answer(header.opcode, &payload, outbound)?
                }
                (true, false) => {
                    self.control.extend_from_slice(piece);
                    None
                }
                (false, true) if header.fin => {
                    let kind = self.message.take().unwrap_or(MessageKind::Binary);
                    Some(message(kind, joined(&mut self.partial, piece))?)
                }
                (false, _) => {
                    self.partial.extend_from_slice(piece);
                    None
                }
            };
            if item.is_some() || rest.is_empty() {
                return Ok(Decoded { consumed, item });
            }
        }
    }

    fn encode(&self, kind: MessageKind, message: Bytes, outbound: &mut Outbound) {
        let opcode = match kind {
            MessageKind::Binary => Opcode::Binary,
            MessageKind::Text => Opcode::Text,
        };
        let mut header = [0; HEADER_BYTES_MAX];
        let size = header::write(opcode, message.len(), &mut header);
        outbound.frame(&header[..size], message);
    }

    fn encode_close(&self, code: CloseCode, reason: &str, outbound: &mut Outbound) {
        if self.closed {
            return; // The peer's goodbye is answered already.
        }
        let reason = &reason[..reason.floor_char_boundary(CONTROL_BYTES_MAX - 2)];
        let payload = [&code.number().to_be_bytes()[..], reason.as_bytes()].concat();
        control_frame(Opcode::Close, &payload, outbound);
    }
}

impl WebSocket {
    /// Reads a header, over several calls when it comes in pieces; also how many bytes of `input` it took.
    fn take_header(&mut self, input: &[u8]) -> Result<(Option<Header>, usize), Violation> {
        let before = usize::from(self.header_len);
        if before == 0
            && let Some((header, size)) = Header::parse(input)?
        {
            return Ok((Some(header), size));
        }
        let take = input.len().min(HEADER_BYTES_MAX - before);
        self.header[before..before + take].copy_from_slice(&input[..take]);
        match Header::parse(&self.header[..before + take])? {
            Some((header, size)) => {
                self.header_len = 0;
                Ok((Some(header), size - before))
            }
            None => {
                self.header_len += take as u8;
                Ok((None, take))
            }
        }
    }

    /// Checks a frame against what went before it, before any of its payload is kept.
    fn check(&mut self, header: &Header, message_bytes_max: usize) -> Result<(), Violation> {
        let kind = match header.opcode {
            Opcode::Close | Opcode::Ping | Opcode::Pong => return Ok(()),
            Opcode::Continuation if self.message.is_none() => {
                return Err(Violation::protocol("continuation of nothing"));
            }
            Opcode::Text | Opcode::Binary if self.message.is_some() => {
                return Err(Violation::protocol("new message inside another"));
            }
            Opcode::Continuation => self.message,
            Opcode::Text => Some(MessageKind::Text),
            Opcode::Binary => Some(MessageKind::Binary),
        };
        if header.length > message_bytes_max.saturating_sub(self.partial.len()) as u64 {
            return Err(Violation::too_big());
        }
        self.message = kind;
        Ok(())
    }

    fn answer<'a>(
        &mut self,
        opcode: Opcode,
        payload: &[u8],
        outbound: &mut Outbound,
    ) -> Result<Option<Item<'a>>, Violation> {
        match opcode {
            Opcode::Ping => control_frame(Opcode::Pong, payload, outbound),
            Opcode::Close => {
                check_close(payload)?;
                let code = payload.get(..2).unwrap_or_default();
                control_frame(Opcode::Close, code, outbound);
                self.closed = true;
                return Ok(Some(Item::Closed));
            }
            Opcode::Pong | Opcode::Continuation | Opcode::Text | Opcode::Binary => {}
        }
        Ok(None)
    }
}

/// The last piece behind those that came before, if any did.
fn joined<'a>(before: &mut Vec<u8>, piece: &'a [u8]) -> Cow<'a, [u8]> {
    if before.is_empty() {
        return Cow::Borrowed(piece);
    }
    let mut whole = std::mem::take(before);
    whole.extend_from_slice(piece);
    Cow::Owned(whole)
}

fn message(kind: MessageKind, bytes: Cow<'_, [u8]>) -> Result<Item<'_>, Violation> {
    match kind {
        MessageKind::Text if std::str::from_utf8(&bytes).is_err() => {
            Err(Violation { code: CloseCode::InvalidPayload, reason: "text is not UTF-8" })
        }
        MessageKind::Binary | MessageKind::Text => Ok(Item::Message { kind, bytes }),
    }
}

/// RFC 6455 sections 5.5.1 and 7.4: nothing, or a code that may be on a wire and a reason in UTF-8.
fn check_close(payload: &[u8]) -> Result<(), Violation> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(()) } else { Err(Violation::protocol("close with half a code")) };
    };
    match u16::from_be_bytes(*code) {
        1000..=1003 | 1007..=1014 | 3000..=4999 => {}
        _ => return Err(Violation::protocol("close with a code that is not allowed")),
    }
    if std::str::from_utf8(reason).is_err() {
        return Err(Violation { code: CloseCode::InvalidPayload, reason: "reason of close is not UTF-8" });
    }
    Ok(())
}

fn control_frame(opcode: Opcode, payload: &[u8], outbound: &mut Outbound) {
    let mut header = [0; HEADER_BYTES_MAX];
    let size = header::write(opcode, payload.len(), &mut header);
    outbound.small_frame(&header[..size], payload);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

    /// A client's frame, given its first byte.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut header = [0; HEADER_BYTES_MAX];
        let size = header::write(Opcode::Binary, payload.len(), &mut header);
        header[0] = first;
        header[1] |= 0x80;
        let mut payload = payload.to_vec();
        header::unmask(&mut payload, MASK, 0);
        [&header[..size], &MASK, &payload].concat()
    }

    #[derive(Debug, PartialEq)]
    struct Outcome {
        messages: Vec<(MessageKind, Vec<u8>)>,
        closed: bool,
        violation: Option<CloseCode>,
        answers: Vec<u8>,
    }

    fn outcome(bytes: &[u8], cuts: &[usize]) -> Outcome {
        let mut framing = WebSocket::default();
        let mut outbound = Outbound::default();
        let mut outcome = Outcome { messages: Vec::new(), closed: false, violation: None, answers: Vec::new() };
        let mut from = 0;
        'pieces: for to in cuts.iter().copied().chain([bytes.len()]) {
            let mut piece = bytes[from..to].to_vec();
            from = to;
            let mut rest = &mut piece[..];
            while !rest.is_empty() {
                match framing.decode(rest, MESSAGE_BYTES_MAX, &mut outbound) {
                    Ok(Decoded { consumed, item }) => {
                        match item {
                            Some(Item::Message { kind, bytes }) => outcome.messages.push((kind, bytes.into_owned())),
                            Some(Item::Closed) => outcome.closed = true,
                            None => {}
                        }
                        rest = &mut rest[consumed..];
                    }
                    Err(violation) => {
                        outcome.violation = Some(violation.code);
                        break 'pieces;
                    }
                }
            }
        }
        outcome.answers = outbound.single().unwrap_or_default().to_vec();
        outcome
    }

    fn violation(bytes: &[u8]) -> Option<CloseCode> {
        outcome(bytes, &[]).violation
    }

    #[test]
    fn every_single_cut_gives_the_same_messages_and_answers() {
        let bytes = [
            frame(0x81, "Hällo".as_bytes()),
            frame(0x02, b"first "),
            frame(0x89, b"ping between"),
            frame(0x00, &[b'x'; 200]),
            frame(0x80, b""),
            frame(0x82, &[7; 70_000]),
            frame(0x8a, b"pong"),
            frame(0x88, &[0x03, 0xe8, b'o', b'k']),
        ]
        .concat();
        let whole = outcome(&bytes, &[]);
        assert_eq!(whole.messages.len(), 3);
        assert_eq!(whole.messages[0], (MessageKind::Text, "Hällo".into()));
        assert_eq!(whole.messages[1], (MessageKind::Binary, [&b"first "[..], &[b'x'; 200]].concat()));
        assert!(whole.closed);
        assert_eq!(whole.answers, b"\x8a\x0cping between\x88\x02\x03\xe8");
        for cut in (0..400).chain(bytes.len() - 40..bytes.len()) {
            assert_eq!(outcome(&bytes, &[cut]), whole, "cut at {cut}");
        }
        let each: Vec<usize> = (0..bytes.len()).collect();
        assert_eq!(outcome(&bytes, &each), whole);
    }

    proptest! {
        #[test]
        fn any_frames_and_cuts_have_one_outcome(
            frames in prop::collection::vec(
                (prop::sample::select(vec![0x00, 0x01, 0x02, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8a]),
                 prop::collection::vec(any::<u8>(), 0..140)), 0..8),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let bytes: Vec<u8> = frames.iter().flat_map(|(first, payload)| frame(*first, payload)).collect();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.sort_unstable();
            prop_assert_eq!(outcome(&bytes, &cuts), outcome(&bytes, &[]));
        }

        #[test]
        fn any_bytes_have_one_outcome(
            bytes in prop::collection::vec(any::<u8>(), 0..80),
            cut in any::<prop::sample::Index>(),
        ) {
            prop_assert_eq!(outcome(&bytes, &[cut.index(bytes.len() + 1)]), outcome(&bytes, &[]));
        }
    }

    #[test]
    fn broken_frames_close_with_the_right_code() {
        let cases: &[(&str, Vec<u8>, CloseCode)] = &[
            ("reserved bits", frame(0xc1, b"x"), CloseCode::Protocol),
            ("unknown data opcode", frame(0x83, b"x"), CloseCode::Protocol),
            ("unknown control opcode", frame(0x8b, b"x"), CloseCode::Protocol),
            ("no mask", vec![0x81, 0x01, b'x'], CloseCode::Protocol),
            ("ping in parts", frame(0x09, b"x"), CloseCode::Protocol),
            ("long ping", frame(0x89, &[0; 126]), CloseCode::Protocol),
            ("continuation of nothing", frame(0x80, b"x"), CloseCode::Protocol),
            ("text inside a message", [frame(0x01, b"x"), frame(0x81, b"y")].concat(), CloseCode::Protocol),
            ("text not UTF-8", frame(0x81, &[0xc3, 0x28]), CloseCode::InvalidPayload),
            ("text cut in a letter", frame(0x81, &[0xc3]), CloseCode::InvalidPayload),
            ("half a close code", frame(0x88, &[3]), CloseCode::Protocol),
            ("close 1005", frame(0x88, &1005_u16.to_be_bytes()), CloseCode::Protocol),
            ("close 999", frame(0x88, &999_u16.to_be_bytes()), CloseCode::Protocol),
            ("close reason not UTF-8", frame(0x88, &[3, 0xe8, 0xff]), CloseCode::InvalidPayload),
        ];
        for (name, bytes, code) in cases {
            assert_eq!(violation(bytes), Some(*code), "{name}");
        }
    }

    #[test]
    fn a_letter_cut_between_two_parts_is_whole() {
        let bytes = [frame(0x01, &[0xc3]), frame(0x80, &[0xa4])].concat();
        assert_eq!(outcome(&bytes, &[]).messages, [(MessageKind::Text, "ä".into())]);
    }

    #[test]
    fn the_largest_message_passes_and_one_more_byte_is_refused_at_its_header() {
        let largest = frame(0x82, &vec![1; MESSAGE_BYTES_MAX]);
        assert_eq!(outcome(&largest, &[]).messages[0].1.len(), MESSAGE_BYTES_MAX);
        let header_only = &frame(0x82, &vec![1; MESSAGE_BYTES_MAX + 1])[..HEADER_BYTES_MAX];
        assert_eq!(violation(header_only), Some(CloseCode::TooBig));
        let parts = [frame(0x02, &vec![1; MESSAGE_BYTES_MAX]), frame(0x80, b"x")[..6].to_vec()].concat();
        assert_eq!(violation(&parts), Some(CloseCode::TooBig));
        let absurd = [0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4];
        assert_eq!(violation(&absurd), Some(CloseCode::TooBig));
    }

    #[test]
    fn nothing_behind_a_close_is_decoded_and_it_is_answered_once() {
        let bytes = [frame(0x88, b""), frame(0x81, b"late")].concat();
        let outcome = outcome(&bytes, &[]);
        assert_eq!((outcome.messages.len(), outcome.answers), (0, vec![0x88, 0]));
    }

    #[test]
    fn our_close_cuts_its_reason_at_a_letter() {
        let mut outbound = Outbound::default();
        WebSocket::default().encode_close(CloseCode::Policy, &"ä".repeat(80), &mut outbound);
        let frame = outbound.single().unwrap();
        assert_eq!(&frame[..4], [0x88, 124, 0x03, 0xf0]);
        assert_eq!(std::str::from_utf8(&frame[4..]).unwrap(), "ä".repeat(61));
    }

    #[test]
    fn nothing_is_kept_between_messages() {
        let mut framing = WebSocket::default();
        for mut piece in [frame(0x02, &[1; 500]), frame(0x80, &[2; 500])] {
            framing.decode(&mut piece, MESSAGE_BYTES_MAX, &mut Outbound::default()).unwrap();
        }
        assert_eq!((framing.partial.capacity(), framing.control.capacity()), (0, 0));
    }
}
