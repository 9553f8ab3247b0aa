//! Frames as bytes: one a WebSocket message; behind a varint length on TCP.

use crate::v1::Frame;
use bytes::{BufMut, Bytes, BytesMut};
use prost::Message as _;
use stonechat_types::limits::FRAME_BYTES_MAX;

/// Why bytes are not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// It is over [`FRAME_BYTES_MAX`].
    #[error("the frame is larger than {FRAME_BYTES_MAX} bytes")]
    TooLarge,
    /// The bytes are not the protobuf encoding of a frame.
    #[error("the frame could not be decoded")]
    Malformed,
}

/// Bytes of the longest length prefix of a frame within the limit.
pub const LENGTH_PREFIX_BYTES_MAX: usize = 3;

/// Reads one frame; the bytes are exactly one.
///
/// # Errors
/// [`FrameError`]; the limit is checked first.
pub fn decode(bytes: Bytes) -> Result<Frame, FrameError> {
    if bytes.len() > FRAME_BYTES_MAX {
        return Err(FrameError::TooLarge);
    }
    Frame::decode(bytes).map_err(|_| FrameError::Malformed)
}

/// Writes one frame without a length.
#[must_use]
pub fn encode(frame: &Frame) -> Bytes {
    frame.encode_to_vec().into()
}

/// Writes one frame behind its length, as TCP carries it.
#[must_use]
pub fn encode_with_length(frame: &Frame) -> Bytes {
    let length = frame.encoded_len();
    let mut out = BytesMut::with_capacity(length + LENGTH_PREFIX_BYTES_MAX);
    put_length(&mut out, length);
    out.put_slice(&frame.encode_to_vec());
    out.freeze()
}

/// Writes a length as a varint (protobuf encoding, base 128, little end first).
pub fn put_length(out: &mut BytesMut, mut length: usize) {
    while length >= 0x80 {
        out.put_u8(length as u8 | 0x80);
        length >>= 7;
    }
    out.put_u8(length as u8);
}

/// Takes one whole frame from the front of a TCP stream; `None` while it has not arrived. Lengths over the limit and
/// varints longer than they need to be are refused at once.
///
/// # Errors
/// [`FrameError`]; the stream cannot go on after it.
pub fn take(stream: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
    let mut length = 0usize;
    for (i, byte) in stream.iter().take(LENGTH_PREFIX_BYTES_MAX).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 != 0 {
            continue;
        }
        if *byte == 0 && i > 0 {
            return Err(FrameError::Malformed);
        }
        if length > FRAME_BYTES_MAX {
            return Err(FrameError::TooLarge);
        }
        if stream.len() < i + 1 + length {
            return Ok(None);
        }
        let mut whole = stream.split_to(i + 1 + length);
        let body = whole.split_off(i + 1).freeze();
        return decode(body).map(Some);
    }
    if stream.len() >= LENGTH_PREFIX_BYTES_MAX { Err(FrameError::TooLarge) } else { Ok(None) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::{Ping, SendMessage, frame::Body, send_message::To};
    use proptest::prelude::*;

    fn send(id: u64, body: Vec<u8>) -> Frame {
        let send = SendMessage {
            to: Some(To::UserId("bob".into())),
            client_msg_id: vec![7; 16].into(),
            body_type: "text".into(),
            body: body.into(),
            ..SendMessage::default()
        };
        Frame { id, body: Some(Body::Send(send)) }
    }

    proptest! {
        #[test]
        fn frames_survive_every_split(sizes in proptest::collection::vec(0usize..300, 1..6), cut in 1usize..40) {
            let frames: Vec<_> = sizes.iter().enumerate().map(|(i, n)| send(i as u64, vec![1; *n])).collect();
            let bytes: Vec<u8> = frames.iter().flat_map(|f| encode_with_length(f).to_vec()).collect();
            let mut stream = BytesMut::new();
            let mut got = Vec::new();
            for piece in bytes.chunks(cut) {
                stream.extend_from_slice(piece);
                while let Some(frame) = take(&mut stream).unwrap() { got.push(frame); }
            }
            prop_assert_eq!(got, frames);
            prop_assert!(stream.is_empty());
        }

        #[test]
        fn any_bytes_end_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut stream = BytesMut::from(&bytes[..]);
            while let Ok(Some(_)) = take(&mut stream) {}
            let _ = decode(bytes.into());
        }
    }

    #[test]
    fn lengths_over_the_limit_are_refused_before_the_body_arrives() {
        let mut stream = BytesMut::new();
        put_length(&mut stream, FRAME_BYTES_MAX + 1);
        assert_eq!(take(&mut stream), Err(FrameError::TooLarge));
        assert_eq!(take(&mut BytesMut::from(&[0xff, 0xff, 0xff][..])), Err(FrameError::TooLarge));
        assert_eq!(take(&mut BytesMut::from(&[0x80, 0x00][..])), Err(FrameError::Malformed));
    }

    #[test]
    fn invalid_utf8_in_a_text_field_is_malformed() {
        let mut bytes = encode(&send(1, vec![])).to_vec();
        let at = bytes.windows(3).position(|w| w == b"bob").unwrap();
        bytes[at] = 0xff;
        assert_eq!(decode(bytes.into()), Err(FrameError::Malformed));
    }

    #[test]
    fn a_ping_is_four_bytes() {
        let ping = Frame { id: 0, body: Some(Body::Ping(Ping {})) };
        assert_eq!(encode_with_length(&ping).as_ref(), [3, 0xca, 1, 0]);
    }
}
