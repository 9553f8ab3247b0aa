//! Frames of the native protocol as protobuf.
//!
//! What is read is written and read to the same again, and what is written is written the same again. The gateway's
//! reader agrees with that of `wire`, but for large frames that are no send, and tells what it refuses by a code.

use bytes::Bytes;
use std::collections::BTreeSet;
use stonechat_gateway_native::decode::{self, OTHER_FRAME_BYTES_MAX, Unreadable};
use stonechat_net::machine::MessageKind;
use stonechat_types::error_code::ErrorCode;
use stonechat_wire::v1::Frame;
use stonechat_wire::{frame, json};

/// Longest text about what is wrong with a frame.
const MESSAGE_BYTES_MAX: usize = 256;

/// Reads the bytes as one frame.
pub fn run(bytes: &[u8]) {
    let ours = frame::decode(Bytes::copy_from_slice(bytes));
    let gateway = decode::frame(MessageKind::Binary, bytes);
    match (&ours, gateway) {
        (Ok(frame), Ok(same)) => assert_eq!(*frame, same, "the gateway reads another frame"),
        (Err(_), Err(unreadable)) => is_told(&unreadable),
        (Ok(_), Err(unreadable)) => {
            assert!(bytes.len() > OTHER_FRAME_BYTES_MAX, "only the size of a frame that is right is against it");
            assert_eq!(unreadable.failure.code, ErrorCode::TooLarge);
        }
        (Err(error), Ok(_)) => panic!("the gateway takes what is none: {error}"),
    }
    let Ok(frame) = ours else { return };
    let written = frame::encode(&frame);
    // A negative number of five bytes is written in ten.
    assert!(written.len() <= 2 * bytes.len() + 16, "{} bytes became {}", bytes.len(), written.len());
    assert_eq!(frame::decode(written.clone()).as_ref(), Ok(&frame), "it is not read as it was written");
    let framed = frame::encode_with_length(&frame);
    let mut stream = bytes::BytesMut::from(&framed[..]);
    assert_eq!(frame::take(&mut stream).ok().flatten().as_ref(), Some(&frame));
    assert!(stream.is_empty(), "a frame behind its length is all there is");
    mirrors(&frame);
}

/// A frame is the same by way of JSON.
pub(super) fn mirrors(frame: &Frame) {
    let text = json::encode(frame);
    if text.is_empty() {
        // JSON has no name for the number of an enum that it does not know, and nobody makes such a frame.
        return assert!(has_an_unknown_name(frame), "it has no JSON: {frame:?}");
    }
    assert_eq!(json::decode(&text).as_ref(), Ok(frame), "its JSON is another frame");
}

/// Whether the debug form, which names what an enum knows, has a number in the field of one.
fn has_an_unknown_name(frame: &Frame) -> bool {
    let text = format!("{frame:?}");
    let is_number = |rest: &str| {
        let rest = rest.strip_prefix("Some(").unwrap_or(rest);
        rest.starts_with(|c: char| c.is_ascii_digit() || c == '-')
    };
    enum_fields().iter().any(|field| text.split(field).skip(1).any(is_number))
}

/// The fields of the schema whose type is an enum, as the debug form writes them.
fn enum_fields() -> BTreeSet<String> {
    let lines = || include_str!("../../../wire/proto/stonechat/v1/native.proto").lines().map(str::trim);
    let enums: BTreeSet<_> = lines().filter_map(|line| line.strip_prefix("enum ")?.split(' ').next()).collect();
    let field = |line: &str| {
        let line = line.strip_prefix("optional ").unwrap_or(line);
        let (kind, rest) = line.split_once(' ')?;
        enums.contains(kind).then(|| format!(" {}: ", rest.split(' ').next().unwrap_or_default()))
    };
    lines().filter_map(field).collect()
}

/// A refusal bears one of the two codes that frames are refused with, and a text within its limit.
pub(super) fn is_told(unreadable: &Unreadable) {
    let failure = &unreadable.failure;
    assert!(matches!(failure.code, ErrorCode::Malformed | ErrorCode::TooLarge), "{failure:?}");
    assert!(!failure.message.is_empty() && failure.message.len() <= MESSAGE_BYTES_MAX, "{failure:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_an_enum_is_known_by_the_schema() {
        let fields = enum_fields();
        for field in ["role", "kind", "platform", "signed_out_by", "join", "who_may_add"] {
            assert!(fields.contains(&format!(" {field}: ")), "{field} is not in {fields:?}");
        }
        assert!(!fields.contains(" seq: "));
    }
}
