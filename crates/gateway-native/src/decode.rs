//! Messages of the peer as frames. The size is checked before anything is decoded.

use bytes::Bytes;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use serde::Deserialize;
use serde::de::IgnoredAny;
use stonechat_app::api::Failure;
use stonechat_net::machine::MessageKind;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::limits::BODY_BYTES_MAX;
use stonechat_wire::frame::FrameError;
use stonechat_wire::json::JsonError;
use stonechat_wire::v1::Frame;

/// Largest frame that is not a send. No other can be larger and right, and a list of empty entries, decoded, takes
/// hundreds of times its size.
pub const OTHER_FRAME_BYTES_MAX: usize = BODY_BYTES_MAX;

/// Longest text about what is wrong: it may quote the peer.
const MESSAGE_BYTES_MAX: usize = 256;

/// Numbers of the fields of a frame.
const ID: u32 = 1;
const SEND: u32 = 12;

/// A message that is not a frame; the connection ends.
#[derive(Debug)]
pub struct Unreadable {
    /// Of the frame, as far as that could be read; else 0.
    pub id: u64,
    /// What to tell the peer.
    pub failure: Failure,
}

/// Reads one message as the agreed kind.
///
/// # Errors
/// [`Unreadable`]: over the limit, or not the encoding of a frame.
pub fn frame(kind: MessageKind, bytes: &[u8]) -> Result<Frame, Unreadable> {
    match kind {
        MessageKind::Binary => binary(bytes),
        MessageKind::Text => text(bytes),
    }
}

fn binary(bytes: &[u8]) -> Result<Frame, Unreadable> {
    if bytes.len() > OTHER_FRAME_BYTES_MAX && !binary_has_only_a_send(bytes) {
        return Err(too_large(binary_id(bytes)));
    }
    // One copy: the body of a message stays a part of it.
    stonechat_wire::frame::decode(Bytes::copy_from_slice(bytes)).map_err(|error| match error {
        FrameError::TooLarge => too_large(0),
        FrameError::Malformed => malformed(binary_id(bytes), error.to_string()),
    })
}

fn text(bytes: &[u8]) -> Result<Frame, Unreadable> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(malformed(0, "the text is not UTF-8".into()));
    };
    if text.len() > OTHER_FRAME_BYTES_MAX && !text_has_only_a_send(text) {
        return Err(too_large(text_id(text)));
    }
    stonechat_wire::json::decode(text).map_err(|error| match error {
        JsonError::TooLarge => too_large(0),
        JsonError::Malformed(_) => malformed(text_id(text), error.to_string()),
    })
}

fn too_large(id: u64) -> Unreadable {
    Unreadable { id, failure: Failure::new(ErrorCode::TooLarge, "the frame is over its limit") }
}

fn malformed(id: u64, mut message: String) -> Unreadable {
    message.truncate(message.floor_char_boundary(MESSAGE_BYTES_MAX));
    Unreadable { id, failure: Failure::new(ErrorCode::Malformed, message) }
}

/// Whether a large frame holds nothing but a send, as far as it can be read: the decoder will not get further.
fn binary_has_only_a_send(mut bytes: &[u8]) -> bool {
    while let Ok((field, wire_type)) = decode_key(&mut bytes) {
        if !matches!(field, ID | SEND) {
            return false;
        }
        if skip_field(wire_type, field, &mut bytes, DecodeContext::default()).is_err() {
            break;
        }
    }
    true
}

/// As [`binary_has_only_a_send`].
fn text_has_only_a_send(text: &str) -> bool {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct OnlySend {
        #[serde(default, rename = "id")]
        _id: IgnoredAny,
        #[serde(default, rename = "send")]
        _send: IgnoredAny,
    }
    match serde_json::from_str::<OnlySend>(text) {
        Ok(_) => true,
        Err(error) => !error.is_data(),
    }
}

/// The id of a frame whose rest is broken, when it stands first, where every encoder puts it.
fn binary_id(mut bytes: &[u8]) -> u64 {
    match decode_key(&mut bytes) {
        Ok((ID, WireType::Varint)) => decode_varint(&mut bytes).unwrap_or(0),
        Ok(_) | Err(_) => 0,
    }
}

/// The id of a JSON frame whose rest is not a frame's.
fn text_id(text: &str) -> u64 {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Id {
        Number(u64),
        Text(String),
        Other(IgnoredAny),
    }
    #[derive(Deserialize)]
    struct OnlyId {
        id: Id,
    }
    match serde_json::from_str(text) {
        Ok(OnlyId { id: Id::Number(id) }) => id,
        Ok(OnlyId { id: Id::Text(id) }) => id.parse().unwrap_or(0),
        Ok(OnlyId { id: Id::Other(_) }) | Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stonechat_types::limits::FRAME_BYTES_MAX;

    fn told(kind: MessageKind, bytes: &[u8]) -> (u64, ErrorCode) {
        let unreadable = frame(kind, bytes).unwrap_err();
        (unreadable.id, unreadable.failure.code)
    }

    #[test]
    fn the_id_is_kept_when_the_rest_is_broken() {
        use ErrorCode::Malformed;
        use MessageKind::{Binary, Text};
        assert_eq!(told(Binary, &[0x08, 0x96, 0x01, 0x62, 0x7f]), (150, Malformed));
        assert_eq!(told(Binary, &[0x62, 0x7f]), (0, Malformed));
        assert_eq!(told(Binary, &[0x08]), (0, Malformed));
        assert_eq!(told(Text, br#"{"id":"7","hello":[7]}"#), (7, Malformed));
        assert_eq!(told(Text, br#"{"send":{"body":"%"},"id":8}"#), (8, Malformed));
        assert_eq!(told(Text, br#"{"id":"9","hello":{"token":"\ud800"}}"#), (9, Malformed));
        assert_eq!(told(Text, br#"{"id":[1],"x":{}}"#), (0, Malformed));
        assert_eq!(told(Text, br#"{"id":"7""#), (0, Malformed));
        assert_eq!(told(Text, b"\xff"), (0, Malformed));
    }

    #[test]
    fn the_size_is_checked_before_the_content() {
        for kind in [MessageKind::Binary, MessageKind::Text] {
            assert_eq!(told(kind, &vec![b'{'; FRAME_BYTES_MAX + 1]).1, ErrorCode::TooLarge);
        }
        assert_eq!(told(MessageKind::Text, &[b'{'; FRAME_BYTES_MAX]), (0, ErrorCode::Malformed));
        let send_of_nothing_but_ones = [&[0x08, 7, 0x62][..], &[0xff; OTHER_FRAME_BYTES_MAX]].concat();
        assert_eq!(told(MessageKind::Binary, &send_of_nothing_but_ones), (7, ErrorCode::Malformed));
    }

    #[test]
    fn a_list_of_nothings_that_would_fill_the_memory_is_not_decoded() {
        const COUNT: usize = 300_000;
        let page = [0x32, 0].repeat(COUNT); // So many conversations, all empty.
        assert!(page.len() > OTHER_FRAME_BYTES_MAX && page.len() < FRAME_BYTES_MAX);
        let mut welcome = vec![0x08, 7, 0xe2, 0x03];
        prost::encoding::encode_varint(page.len() as u64, &mut welcome);
        welcome.extend(page);
        assert_eq!(told(MessageKind::Binary, &welcome), (7, ErrorCode::TooLarge));
        let welcome = format!(r#"{{"id":"7","welcome":{{"conversations":[{}{{}}]}}}}"#, "{},".repeat(COUNT));
        assert_eq!(told(MessageKind::Text, welcome.as_bytes()), (7, ErrorCode::TooLarge));
    }

    #[test]
    fn what_is_quoted_of_the_peer_is_cut() {
        let text = format!(r#"{{"id":"7","send":"{}"}}"#, "ä".repeat(OTHER_FRAME_BYTES_MAX / 4));
        let unreadable = frame(MessageKind::Text, text.as_bytes()).unwrap_err();
        assert!(unreadable.failure.message.len() <= MESSAGE_BYTES_MAX && unreadable.id == 7);
    }
}
