//! The messages of a load: each says which one it is and when it was begun, so that whoever gets it can check it
//! without a look at the sender.

use bytes::BufMut;

/// Shortest text: its number and its time.
pub const TEXT_BYTES_MIN: usize = 2 * HEX_DIGITS;
/// Longest text, so that the body is within its limit.
pub const TEXT_BYTES_MAX: usize = 65_000;

const HEX_DIGITS: usize = 16;
/// Bits of a lane in the id of a message.
const LANE_BITS: u32 = 22;
/// Bits of its number.
const NUMBER_BITS: u32 = 40;

/// The most lanes of one load: what fits the id of a message.
pub const LANES_MAX: usize = 1 << LANE_BITS;

/// Which message of a load: the `number`th, from 0, of one conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Which {
    /// The conversation, by its number in this load.
    pub lane: u32,
    /// How many were sent there before.
    pub number: u64,
}

impl Which {
    /// A UUIDv7 that says which message it is. It grows with the number while the clock does not step back. `run` are
    /// 12 bits that keep two loads apart.
    #[must_use]
    pub fn message_id(self, unix_ms: u64, run: u16) -> [u8; 16] {
        let high = (unix_ms << 16) | 0x7000 | u64::from(run & 0xfff);
        let low = (0b10 << 62) | ((self.number & ((1 << NUMBER_BITS) - 1)) << LANE_BITS) | u64::from(self.lane);
        ((u128::from(high) << 64) | u128::from(low)).to_be_bytes()
    }

    /// Reads what [`Self::message_id`] wrote.
    #[must_use]
    pub fn of_message_id(id: &[u8]) -> Option<Self> {
        let id = u128::from_be_bytes(id.try_into().ok()?);
        let low = id as u64 & !(0b11 << 62);
        Some(Self { lane: (low & ((1 << LANE_BITS) - 1)) as u32, number: low >> LANE_BITS })
    }
}

/// The body of every message of a load but for its number and time.
#[derive(Clone, Debug)]
pub struct Body {
    bytes: Vec<u8>,
    text_at: usize,
}

impl Body {
    /// A `TextBody` with a text of so many bytes.
    #[must_use]
    pub fn new(text_bytes: usize) -> Self {
        let text_bytes = text_bytes.clamp(TEXT_BYTES_MIN, TEXT_BYTES_MAX);
        let mut bytes = vec![0x0a];
        prost::encoding::encode_varint(text_bytes as u64, &mut bytes);
        let text_at = bytes.len();
        bytes.resize(text_at + TEXT_BYTES_MIN, b'0');
        let filler = b"the quick brown fox jumps over the lazy dog and is back in time for tea; ";
        bytes.extend(filler.iter().cycle().take(text_bytes - TEXT_BYTES_MIN));
        Self { bytes, text_at }
    }

    /// Bytes of the body on the wire.
    #[must_use]
    pub fn wire_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The body of one message, until the next is asked for.
    pub fn with(&mut self, number: u64, begun_ns: u64) -> &[u8] {
        put_hex(&mut self.bytes[self.text_at..self.text_at + HEX_DIGITS], number);
        put_hex(&mut self.bytes[self.text_at + HEX_DIGITS..self.text_at + TEXT_BYTES_MIN], begun_ns);
        &self.bytes
    }

    /// Number and time of a body, when it is one of this load from its first byte to its last.
    #[must_use]
    pub fn read(&self, body: &[u8]) -> Option<(u64, u64)> {
        let (digits, filler) = (self.text_at..self.text_at + TEXT_BYTES_MIN, self.text_at + TEXT_BYTES_MIN);
        if body.len() != self.bytes.len() || body[filler..] != self.bytes[filler..] {
            return None;
        }
        if body[..self.text_at] != self.bytes[..self.text_at] {
            return None;
        }
        let (number, begun) = body[digits].split_at(HEX_DIGITS);
        Some((hex(number)?, hex(begun)?))
    }
}

fn put_hex(out: &mut [u8], value: u64) {
    for (at, digit) in out.iter_mut().enumerate() {
        let four = (value >> (60 - 4 * at)) & 15;
        *digit = b"0123456789abcdef"[four as usize];
    }
}

fn hex(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0u64, |value, digit| {
        let four = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some((value << 4) | u64::from(four))
    })
}

/// What is the same in every send to one conversation, encoded once.
#[derive(Clone, Debug)]
pub struct SendTemplate(Vec<u8>);

/// What is different in each.
#[derive(Clone, Copy, Debug)]
pub struct SendParts<'a> {
    /// Number of the call.
    pub call: u64,
    /// The message's id.
    pub message_id: &'a [u8; 16],
    /// That of the one before it, while it has no answer.
    pub after: Option<&'a [u8; 16]>,
    /// The body.
    pub body: &'a [u8],
}

impl SendTemplate {
    /// Sends to this conversation.
    #[must_use]
    pub fn new(conversation: &str) -> Self {
        let mut fixed = Vec::new();
        put_bytes(&mut fixed, 1, conversation.as_bytes());
        put_bytes(&mut fixed, 4, b"text");
        Self(fixed)
    }

    /// Writes one frame, without a length. Protobuf lets fields come in any order.
    pub fn put(&self, out: &mut Vec<u8>, parts: SendParts<'_>) {
        let body_bytes = 1 + varint_bytes(parts.body.len()) + parts.body.len();
        let after_bytes = if parts.after.is_some() { 18 } else { 0 };
        out.put_u8(0x08);
        prost::encoding::encode_varint(parts.call, out);
        out.put_u8(12 << 3 | 2);
        prost::encoding::encode_varint((self.0.len() + 18 + after_bytes + body_bytes) as u64, out);
        out.extend_from_slice(&self.0);
        put_bytes(out, 3, parts.message_id);
        put_bytes(out, 5, parts.body);
        if let Some(after) = parts.after {
            put_bytes(out, 7, after);
        }
    }
}

fn varint_bytes(value: usize) -> usize {
    prost::encoding::encoded_len_varint(value as u64)
}

/// A field of bytes whose number is below 16.
fn put_bytes(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    out.put_u8(field << 3 | 2);
    prost::encoding::encode_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use stonechat_wire::v1::{Frame, SendMessage, TextBody, frame, send_message::To};

    #[test]
    fn an_id_is_a_uuid_of_version_seven_that_says_which_message_it_is() {
        let which = Which { lane: 4_000_000, number: 123_456_789 };
        let id = which.message_id(1_790_000_000_000, 0xabc);
        assert_eq!((id[6] >> 4, id[8] >> 6), (7, 0b10));
        assert_eq!(Which::of_message_id(&id), Some(which));
        assert_eq!(Which::of_message_id(&id[1..]), None);
        let next = Which { number: which.number + 1, ..which }.message_id(1_790_000_000_000, 0xabc);
        assert!(next > id);
    }

    #[test]
    fn a_body_is_a_text_and_is_known_again() {
        let mut body = Body::new(200);
        let bytes = body.with(7, 99).to_vec();
        let text: TextBody = prost::Message::decode(&bytes[..]).unwrap();
        assert_eq!(text.text.len(), 200);
        assert_eq!(body.read(&bytes), Some((7, 99)));
        for damaged in [0, 1, 5, 40, bytes.len() - 1] {
            let mut other = bytes.clone();
            other[damaged] = b'!';
            assert_eq!(body.read(&other), None, "{damaged}");
        }
        assert_eq!(body.read(&bytes[..bytes.len() - 1]), None);
    }

    #[test]
    fn a_send_is_what_the_schema_says() {
        let mut out = Vec::new();
        let parts = SendParts { call: 300, message_id: &[7; 16], after: Some(&[6; 16]), body: &[1; 500] };
        SendTemplate::new("d_abc").put(&mut out, parts);
        let send = SendMessage {
            attributes: None,
            to: Some(To::ConversationId("d_abc".into())),
            client_msg_id: vec![7; 16].into(),
            body_type: "text".into(),
            body: vec![1; 500].into(),
            after: vec![6; 16].into(),
            read_upto: 0,
        };
        let frame = stonechat_wire::frame::decode(out.into()).unwrap();
        assert_eq!(frame, Frame { id: 300, body: Some(frame::Body::Send(send)) });
    }
}
