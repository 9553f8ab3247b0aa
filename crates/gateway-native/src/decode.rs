//! Messages of the peer as frames. The size is checked before anything is decoded.

use bytes::{Buf, Bytes};
use serde::Deserialize;
use serde::de::IgnoredAny;
use stonechat_app::api::Failure;
use stonechat_net::machine::MessageKind;
use stonechat_types::error_code::ErrorCode;
use stonechat_wire::frame::FrameError;
use stonechat_wire::json::JsonError;
use stonechat_wire::v1::Frame;

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
    // One copy: the body of a message stays a part of it.
    stonechat_wire::frame::decode(Bytes::copy_from_slice(bytes)).map_err(|error| match error {
        FrameError::TooLarge => too_large(),
        FrameError::Malformed => malformed(binary_id(bytes), error.to_string()),
    })
}

fn text(bytes: &[u8]) -> Result<Frame, Unreadable> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(malformed(0, "the text is not UTF-8".into()));
    };
    stonechat_wire::json::decode(text).map_err(|error| match error {
        JsonError::TooLarge => too_large(),
        JsonError::Malformed(_) => malformed(text_id(text), error.to_string()),
    })
}

fn too_large() -> Unreadable {
    Unreadable { id: 0, failure: Failure::new(ErrorCode::TooLarge, FrameError::TooLarge.to_string()) }
}

fn malformed(id: u64, message: String) -> Unreadable {
    Unreadable { id, failure: Failure::new(ErrorCode::Malformed, message) }
}

/// The id of a frame whose rest is broken, when it stands first, where every encoder puts it.
fn binary_id(mut bytes: &[u8]) -> u64 {
    const ID_TAG: u8 = 0x08;
    if bytes.first() != Some(&ID_TAG) {
        return 0;
    }
    bytes.advance(1);
    prost::encoding::decode_varint(&mut bytes).unwrap_or(0)
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
        assert_eq!(told(Text, br#"{"id":"7","hullo":{}}"#), (7, Malformed));
        assert_eq!(told(Text, br#"{"send":{"body":"%"},"id":8}"#), (8, Malformed));
        assert_eq!(told(Text, br#"{"id":"9","hello":{"token":"\ud800"}}"#), (9, Malformed));
        assert_eq!(told(Text, br#"{"id":[1],"x":{}}"#), (0, Malformed));
        assert_eq!(told(Text, br#"{"id":"7""#), (0, Malformed));
        assert_eq!(told(Text, b"\xff"), (0, Malformed));
    }

    #[test]
    fn the_size_is_checked_before_the_content() {
        for kind in [MessageKind::Binary, MessageKind::Text] {
            assert_eq!(told(kind, &vec![b'{'; FRAME_BYTES_MAX + 1]), (0, ErrorCode::TooLarge));
            assert_eq!(told(kind, &vec![b'{'; FRAME_BYTES_MAX]), (0, ErrorCode::Malformed));
        }
    }
}
