//! Positions and page tokens, as a client gives them back, and ids and lines of text, as they stand in frames and
//! addresses.
//!
//! What is read is one kind of token only, and its bytes are those that are written for it: nothing may stand behind.

use super::ids;
use stonechat_app::position::{Position, WindowPage, decode_members_page, encode_members_page};

/// Reads the bytes as each kind of token, of id and of line.
pub fn run(bytes: &[u8]) {
    ids::read(bytes);
    let position = Position::decode(bytes);
    let window = WindowPage::decode(bytes);
    let members = decode_members_page(bytes);
    let kinds = usize::from(position.is_some()) + usize::from(window.is_some()) + usize::from(members.is_some());
    assert!(kinds <= 1, "one token of several kinds");
    if let Some(position) = position {
        assert_eq!(&position.encode()[..], bytes);
        // The server counts on from what a token says.
        assert!(position.lane.0 < u64::MAX && position.personal.0 < u64::MAX);
    }
    if let Some(window) = window {
        assert_eq!(&window.encode()[..], bytes);
    }
    if let Some(after) = members {
        assert_eq!(&encode_members_page(after)[..], bytes);
    }
}
