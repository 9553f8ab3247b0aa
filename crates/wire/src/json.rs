//! The JSON mirror: a frame in protobuf JSON, with the schema's own field names. 64-bit numbers are strings, bytes are
//! base64.

use crate::v1::Frame;
use stonechat_types::limits::FRAME_BYTES_MAX;

/// Why a text is not a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// It is over [`FRAME_BYTES_MAX`].
    #[error("the frame is larger than {FRAME_BYTES_MAX} bytes")]
    TooLarge,
    /// It is not JSON, or not that of a frame. The text says where.
    #[error("the frame could not be decoded: {0}")]
    Malformed(String),
}

/// Reads one frame.
///
/// # Errors
/// [`JsonError`]; the limit is checked first. Half surrogates are malformed; fields of a later version are ignored.
pub fn decode(text: &str) -> Result<Frame, JsonError> {
    if text.len() > FRAME_BYTES_MAX {
        return Err(JsonError::TooLarge);
    }
    serde_json::from_str(text).map_err(|error| JsonError::Malformed(error.to_string()))
}

/// Writes one frame.
#[must_use]
pub fn encode(frame: &Frame) -> String {
    serde_json::to_string(frame).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::{SendMessage, frame::Body, send_message::To};

    #[test]
    fn a_send_reads_as_a_person_would_write_it() {
        let text = r#"{"id": "7", "send": {"user_id": "bob", "client_msg_id": "BwcHBwcHBwcHBwcHBwcHBw==", "body_type": "text", "body": "CgJoaQ=="}}"#;
        let frame = decode(text).unwrap();
        let Some(Body::Send(SendMessage { to: Some(To::UserId(to)), body, .. })) = &frame.body else {
            panic!("{frame:?}")
        };
        assert_eq!((to.as_str(), &body[..]), ("bob", &b"\x0a\x02hi"[..]));
        assert_eq!(decode(&encode(&frame)), Ok(frame));
    }

    #[test]
    fn fields_of_a_later_version_are_ignored() {
        let frame = decode(r#"{"id": "1", "ping": {"new": [1, {"x": null}]}, "hullo": {}}"#).unwrap();
        assert!(matches!(frame.body, Some(Body::Ping(_))));
    }

    #[test]
    fn half_surrogates_and_broken_json_are_malformed() {
        for text in [r#"{"hello": {"token": "\ud800"}}"#, "{", "", "[]", r#"{"id": -1}"#] {
            assert!(matches!(decode(text), Err(JsonError::Malformed(_))), "{text}");
        }
    }
}
