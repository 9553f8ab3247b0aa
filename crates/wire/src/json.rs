//! The JSON mirror: a frame in protobuf JSON, with the schema's own field names. 64-bit numbers are strings, bytes are
//! base64.

use crate::v1::Frame;
use serde_json::Value;
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
    serde_json::from_str(text).or_else(|error| {
        let malformed = || JsonError::Malformed(error.to_string());
        // `null` is the default of a field (https://protobuf.dev/programming-guides/json), which the readers made from the
        // schema know of some fields only.
        let mut json: Value = serde_json::from_str(text).map_err(|_| malformed())?;
        if !leave_out_null(&mut json) {
            return Err(malformed());
        }
        serde_json::from_value(json).map_err(|error| JsonError::Malformed(error.to_string()))
    })
}

/// Takes out fields that are `null`; whether there was one. What is read nests no deeper than `serde_json` lets it.
fn leave_out_null(json: &mut Value) -> bool {
    match json {
        Value::Object(fields) => {
            let count = fields.len();
            fields.retain(|_, value| !value.is_null());
            let mut any = fields.len() < count;
            for value in fields.values_mut() {
                any |= leave_out_null(value);
            }
            any
        }
        Value::Array(items) => items.iter_mut().fold(false, |any, item| leave_out_null(item) | any),
        _ => false,
    }
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
    fn null_is_the_default() {
        let frame = decode(r#"{"id": "1", "list_conversations": {"page": null, "limit": null}}"#).unwrap();
        assert_eq!(decode(r#"{"id": "1", "list_conversations": {}}"#), Ok(frame));
        assert!(decode(r#"{"id": "1", "list_conversations": {"page": null, "limit": "x"}}"#).is_err());
    }

    #[test]
    fn half_surrogates_and_broken_json_are_malformed() {
        for text in [r#"{"hello": {"token": "\ud800"}}"#, "{", "", "[]", r#"{"id": -1}"#] {
            assert!(matches!(decode(text), Err(JsonError::Malformed(_))), "{text}");
        }
    }
}
