//! Messages on raw TCP or TLS: the length as a varint, then the message.

use std::borrow::Cow;

use bytes::Bytes;

use crate::framing::{Decoded, Framing, Item, MESSAGE_BYTES_MAX, Violation};
use crate::machine::{CloseCode, MessageKind};
use crate::outbound::Outbound;

/// Bytes of the longest prefix of an allowed length: 1 MiB needs 21 bits.
const PREFIX_BYTES_MAX: usize = 3;

/// The framing of the native protocol on a socket without WebSocket.
#[derive(Debug, Default)]
pub struct LengthPrefixed {
    prefix: [u8; PREFIX_BYTES_MAX],
    prefix_len: u8,
    /// Length of the message whose prefix is read.
    length: Option<u32>,
    /// What came of it, when it did not come whole.
    partial: Vec<u8>,
}

impl Framing for LengthPrefixed {
    fn decode<'a>(
        &mut self,
        input: &'a mut [u8],
        message_bytes_max: usize,
        _outbound: &mut Outbound,
    ) -> Result<Decoded<'a>, Violation> {
        let mut consumed = 0;
        while self.length.is_none() {
            let Some(&byte) = input.get(consumed) else {
                return Ok(Decoded { consumed, item: None });
            };
            consumed += 1;
            self.length = self.take_prefix(byte, message_bytes_max)?;
        }
        let length = self.length.unwrap_or_default() as usize;
        let take = (length - self.partial.len()).min(input.len() - consumed);
        let piece = consumed..consumed + take;
        consumed += take;
        if take == length {
            self.length = None;
            return Ok(message(consumed, Cow::Borrowed(&input[piece])));
        }
        self.partial.extend_from_slice(&input[piece]);
        if self.partial.len() < length {
            return Ok(Decoded { consumed, item: None });
        }
        self.length = None;
        Ok(message(consumed, Cow::Owned(std::mem::take(&mut self.partial))))
    }

    fn encode(&self, _kind: MessageKind, message: Bytes, outbound: &mut Outbound) {
        let mut prefix = [0; 10];
        let len = write_varint(message.len() as u64, &mut prefix);
        outbound.frame(&prefix[..len], message);
    }

    fn encode_close(&self, _code: CloseCode, _reason: &str, _outbound: &mut Outbound) {}
}

impl LengthPrefixed {
    /// Takes one byte of the prefix; the length when it was the last.
    fn take_prefix(&mut self, byte: u8, message_bytes_max: usize) -> Result<Option<u32>, Violation> {
        let at = usize::from(self.prefix_len);
        self.prefix[at] = byte;
        if byte & 0x80 != 0 {
            if at + 1 == PREFIX_BYTES_MAX {
                return Err(Violation::too_big());
            }
            self.prefix_len += 1;
            return Ok(None);
        }
        if byte == 0 && at > 0 {
            return Err(Violation::protocol("length is not in its shortest form"));
        }
        let length = self.prefix[..=at].iter().rev().fold(0, |length, byte| length << 7 | u32::from(byte & 0x7f));
        if length as usize > message_bytes_max.min(MESSAGE_BYTES_MAX) {
            return Err(Violation::too_big());
        }
        self.prefix_len = 0;
        Ok(Some(length))
    }
}

fn message(consumed: usize, bytes: Cow<'_, [u8]>) -> Decoded<'_> {
    Decoded { consumed, item: Some(Item::Message { kind: MessageKind::Binary, bytes }) }
}

fn write_varint(mut value: u64, out: &mut [u8; 10]) -> usize {
    let mut len = 0;
    while value >= 0x80 {
        out[len] = value as u8 | 0x80;
        value >>= 7;
        len += 1;
    }
    out[len] = value as u8;
    len + 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(messages: &[Vec<u8>]) -> Vec<u8> {
        let mut out = Vec::new();
        for message in messages {
            let mut prefix = [0; 10];
            let len = write_varint(message.len() as u64, &mut prefix);
            out.extend_from_slice(&prefix[..len]);
            out.extend_from_slice(message);
        }
        out
    }

    /// Decodes pieces cut at `cuts`; every message, and what ended it.
    fn decoded(bytes: &[u8], cuts: &[usize]) -> (Vec<Vec<u8>>, Option<Violation>) {
        let mut framing = LengthPrefixed::default();
        let mut messages = Vec::new();
        let mut from = 0;
        for to in cuts.iter().copied().chain([bytes.len()]) {
            let mut piece = bytes[from..to].to_vec();
            let mut rest = &mut piece[..];
            while !rest.is_empty() {
                match framing.decode(rest, MESSAGE_BYTES_MAX, &mut Outbound::default()) {
                    Ok(Decoded { consumed, item }) => {
                        if let Some(Item::Message { bytes, .. }) = item {
                            messages.push(bytes.into_owned());
                        }
                        rest = &mut rest[consumed..];
                    }
                    Err(violation) => return (messages, Some(violation)),
                }
            }
            from = to;
        }
        (messages, None)
    }

    proptest! {
        #[test]
        fn any_cuts_give_the_same_messages(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..6),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let bytes = encoded(&messages);
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.sort_unstable();
            prop_assert_eq!(decoded(&bytes, &cuts), (messages, None));
        }

        #[test]
        fn any_bytes_have_one_verdict(
            bytes in prop::collection::vec(any::<u8>(), 0..60),
            cut in any::<prop::sample::Index>(),
        ) {
            let cut = cut.index(bytes.len() + 1);
            prop_assert_eq!(decoded(&bytes, &[cut]), decoded(&bytes, &[]));
        }
    }

    #[test]
    fn every_single_cut_gives_the_same_messages() {
        let messages = vec![vec![], vec![1], vec![2; 127], vec![3; 128], vec![4; 20_000]];
        let bytes = encoded(&messages);
        for cut in 0..=bytes.len() {
            assert_eq!(decoded(&bytes, &[cut]).0, messages, "cut at {cut}");
        }
        let each: Vec<usize> = (0..bytes.len()).collect();
        assert_eq!(decoded(&bytes, &each).0, messages);
    }

    #[test]
    fn the_largest_message_passes_and_one_more_byte_is_refused_at_its_prefix() {
        let largest = vec![vec![5; MESSAGE_BYTES_MAX]];
        assert_eq!(decoded(&encoded(&largest), &[3, 70_000]).0, largest);
        let mut prefix = [0; 10];
        let len = write_varint(MESSAGE_BYTES_MAX as u64 + 1, &mut prefix);
        assert_eq!(decoded(&prefix[..len], &[]).1, Some(Violation::too_big()));
        assert_eq!(decoded(&[0xff, 0xff, 0xff], &[]).1, Some(Violation::too_big()));
    }

    #[test]
    fn an_overlong_length_is_refused() {
        for overlong in [&[0x80, 0x00][..], &[0x81, 0x00], &[0x80, 0x80, 0x00]] {
            assert_eq!(decoded(overlong, &[]).1.map(|violation| violation.code), Some(CloseCode::Protocol));
        }
    }

    #[test]
    fn nothing_is_kept_between_messages() {
        let mut framing = LengthPrefixed::default();
        let mut bytes = encoded(&[vec![9; 1000]]);
        let (first, second) = bytes.split_at_mut(500);
        framing.decode(first, MESSAGE_BYTES_MAX, &mut Outbound::default()).unwrap();
        framing.decode(second, MESSAGE_BYTES_MAX, &mut Outbound::default()).unwrap();
        assert_eq!(framing.partial.capacity(), 0);
    }
}
