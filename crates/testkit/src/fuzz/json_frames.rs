//! The JSON mirror of frames.
//!
//! What is read is the same frame by way of protobuf and by way of its own text, and its text is written the same
//! again. The gateway's reader agrees, but for large frames that are no send.

use super::frames::{is_told, mirrors};
use stonechat_gateway_native::decode::{self, OTHER_FRAME_BYTES_MAX};
use stonechat_net::machine::MessageKind;
use stonechat_types::error_code::ErrorCode;
use stonechat_wire::{frame, json};

/// Reads the bytes as one frame in JSON.
pub fn run(bytes: &[u8]) {
    let gateway = decode::frame(MessageKind::Text, bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return is_told(&gateway.expect_err("text that is not UTF-8 is no frame"));
    };
    let ours = json::decode(text);
    match (&ours, gateway) {
        (Ok(frame), Ok(same)) => assert_eq!(*frame, same, "the gateway reads another frame"),
        (Err(_), Err(unreadable)) => is_told(&unreadable),
        (Ok(_), Err(unreadable)) => {
            assert!(bytes.len() > OTHER_FRAME_BYTES_MAX, "only the size of a frame that is right is against it");
            assert_eq!(unreadable.failure.code, ErrorCode::TooLarge);
        }
        (Err(error), Ok(_)) => panic!("the gateway takes what is none: {error}"),
    }
    let Ok(read) = ours else { return };
    assert_eq!(frame::decode(frame::encode(&read)).as_ref(), Ok(&read), "protobuf says something else");
    mirrors(&read);
    let written = json::encode(&read);
    if let Ok(again) = json::decode(&written) {
        assert_eq!(json::encode(&again), written, "its text is not written the same again");
    }
}
