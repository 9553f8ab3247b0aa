//! Texts that people see: checked once, at the edge.

use std::fmt;
use std::sync::Arc;

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("is empty")]
    Empty,
    /// It is over its limit.
    #[error("is longer than {0} bytes")]
    TooLong(usize),
    /// A control character other than tab and line feed.
    #[error("has a control character")]
    Control,
}

fn check(text: &str, max: usize) -> Result<(), TextError> {
    if text.trim().is_empty() {
        return Err(TextError::Empty);
    }
    if text.len() > max {
        return Err(TextError::TooLong(max));
    }
    if text.chars().any(|c| c.is_control()) {
        return Err(TextError::Control);
    }
    Ok(())
}

/// Checks the text of a message: not empty, no control characters but tab, line feed and carriage return. The limit of
/// its length is the body's.
///
/// # Errors
/// [`TextError`], by rule.
pub fn check_message_text(text: &str) -> Result<(), TextError> {
    if text.trim().is_empty() {
        return Err(TextError::Empty);
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
        return Err(TextError::Control);
    }
    Ok(())
}

/// As [`check`], but with lines.
fn check_lines(text: &str, max: usize) -> Result<(), TextError> {
    if text.len() > max {
        return Err(TextError::TooLong(max));
    }
    check_message_text(text)
}

macro_rules! line_of_text {
    ($(#[$doc:meta])* $name:ident, $max:expr) => {
        checked_text!($(#[$doc])* $name, $max, check);
    };
}

macro_rules! lines_of_text {
    ($(#[$doc:meta])* $name:ident, $max:expr) => {
        checked_text!($(#[$doc])* $name, $max, check_lines);
    };
}

macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $max:expr, $check:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks a text and keeps it.
            ///
            /// # Errors
            /// [`TextError`] when it is empty, too long, or has control characters.
            pub fn new(text: &str) -> Result<Self, TextError> {
                $check(text, $max)?;
                Ok(Self(text.into()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), &*self.0)
            }
        }
    };
}

line_of_text!(
    /// What people call a user.
    DisplayName,
    crate::limits::DISPLAY_NAME_BYTES_MAX
);
line_of_text!(
    /// The name of a group.
    Title,
    crate::limits::TITLE_BYTES_MAX
);
line_of_text!(
    /// A word by which a user sorts others.
    Tag,
    crate::limits::TAG_BYTES_MAX
);

/// A few words to somebody else: they may have several lines.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Note(Arc<str>);

impl Note {
    /// Checks a text and keeps it.
    ///
    /// # Errors
    /// [`TextError`] when it is empty, too long, or has control characters other than those of lines.
    pub fn new(text: &str) -> Result<Self, TextError> {
        if text.len() > crate::limits::NOTE_BYTES_MAX {
            return Err(TextError::TooLong(crate::limits::NOTE_BYTES_MAX));
        }
        check_message_text(text)?;
        Ok(Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Note {
    /// What people say to each other is not for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Note({} bytes)", self.0.len())
    }
}

line_of_text!(
    /// What a member is called in one group.
    Nickname,
    crate::limits::NICKNAME_BYTES_MAX
);
line_of_text!(
    /// Why an admin did something.
    Reason,
    crate::limits::REASON_BYTES_MAX
);
line_of_text!(
    /// Where the picture of a group is: the app's own reference.
    AvatarRef,
    crate::limits::GROUP_AVATAR_BYTES_MAX
);
lines_of_text!(
    /// What a group is about.
    Description,
    crate::limits::DESCRIPTION_BYTES_MAX
);
lines_of_text!(
    /// What all members of a group are to know.
    Announcement,
    crate::limits::ANNOUNCEMENT_BYTES_MAX
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_refused_and_line_breaks_are_not() {
        assert_eq!(check_message_text("a\0b"), Err(TextError::Control));
        assert_eq!(check_message_text("a\u{7f}"), Err(TextError::Control));
        assert_eq!(check_message_text(" \n "), Err(TextError::Empty));
        assert_eq!(check_message_text("one\n\ttwo\r\n"), Ok(()));
        assert_eq!(check_message_text("👩‍👩‍👧 مرحبا 你好"), Ok(()));
        assert_eq!(Title::new("a\nb"), Err(TextError::Control));
    }
}
