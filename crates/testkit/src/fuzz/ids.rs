//! Ids and lines of text, as they stand in frames, addresses and tokens.
//!
//! What is read is within its limit and is written as the same text again.

use std::fmt::Display;
use std::str::FromStr;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{AppName, ClientMsgId, CommandId, ConversationId, DeviceId, MessageId, UserId};
use stonechat_types::limits::{
    APP_NAME_BYTES_MAX, DEVICE_ID_BYTES_MAX, DISPLAY_NAME_BYTES_MAX, TITLE_BYTES_MAX, USER_ID_BYTES_MAX,
};
use stonechat_types::text::{DisplayName, Title, check_message_text};

/// Reads the bytes as each of them.
pub(super) fn read(bytes: &[u8]) {
    if let Ok(id) = ConversationId::from_slice(bytes) {
        assert_eq!(id.as_bytes(), bytes);
        assert_eq!(id.to_string().parse(), Ok(id), "its text is another conversation");
    }
    if let Ok(id) = ClientMsgId::from_slice(bytes) {
        assert_eq!(id.to_string().parse(), Ok(id), "its text is another message");
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    same::<UserId>(text, USER_ID_BYTES_MAX);
    same::<DeviceId>(text, DEVICE_ID_BYTES_MAX);
    same::<AppName>(text, APP_NAME_BYTES_MAX);
    same::<ConversationId>(text, 28);
    same::<MessageId>(text, 28 + 1 + 20);
    if let Ok(id) = text.parse::<CommandId>() {
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    if let Ok(code) = text.parse::<ErrorCode>() {
        assert_eq!(code.as_str(), text);
        assert_eq!(ErrorCode::from_number(code.number()), Some(code));
    }
    if let Ok(title) = Title::new(text) {
        is_a_line(title.as_str(), text, TITLE_BYTES_MAX);
    }
    if let Ok(name) = DisplayName::new(text) {
        is_a_line(name.as_str(), text, DISPLAY_NAME_BYTES_MAX);
    }
    if check_message_text(text).is_ok() {
        assert!(!text.trim().is_empty() && !text.contains('\0'));
    }
}

fn same<T: FromStr + Display>(text: &str, bytes_max: usize) {
    if let Ok(id) = text.parse::<T>() {
        assert_eq!(id.to_string(), text, "it is written in another way than it was read");
        assert!(!text.is_empty() && text.len() <= bytes_max);
    }
}

fn is_a_line(kept: &str, text: &str, bytes_max: usize) {
    assert_eq!(kept, text);
    assert!(!text.trim().is_empty() && text.len() <= bytes_max && !text.contains(char::is_control));
}
