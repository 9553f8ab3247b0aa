//! Texts that people see: checked once, at the edge.

use std::fmt;
use std::sync::Arc;
use unicode_segmentation::UnicodeSegmentation as _;

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing that can be seen: see [`shows_nothing`].
    #[error("is empty")]
    Empty,
    /// It is over its limit.
    #[error("is longer than {0} bytes")]
    TooLong(usize),
    /// A control character other than tab and line feed.
    #[error("has a control character")]
    Control,
    /// A name that turns the writing direction of what stands around it, or breaks its line.
    #[error("turns the writing direction or breaks the line")]
    Direction,
    /// A name that piles up marks: one character as people see it has more than [`MARKS_MAX`] code points.
    #[error("piles up marks")]
    Marks,
}

/// Code points of one grapheme of a name at most: enough for every emoji and every script, and not for towers.
pub const MARKS_MAX: usize = 16;

/// Whether a character is there without being seen: joiners, marks and changes of direction, variation selectors, tags,
/// soft hyphens, fillers.
#[must_use]
pub const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// Whether a text is white space and what cannot be seen, and nothing else.
#[must_use]
pub fn shows_nothing(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_invisible(c))
}

/// Embeddings, overrides and isolates, which go on past the end of a name, and separators of lines and paragraphs. The
/// marks of direction do not: names in Arabic and Hebrew need them.
const fn turns_or_breaks(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

fn check(text: &str, max: usize) -> Result<(), TextError> {
    if shows_nothing(text) {
        return Err(TextError::Empty);
    }
    if text.len() > max {
        return Err(TextError::TooLong(max));
    }
    if text.chars().any(|c| c.is_control()) {
        return Err(TextError::Control);
    }
    if text.chars().any(turns_or_breaks) {
        return Err(TextError::Direction);
    }
    // A grapheme is not longer than its bytes, so most names are done here.
    if text.len() > MARKS_MAX && text.graphemes(true).any(|grapheme| grapheme.chars().count() > MARKS_MAX) {
        return Err(TextError::Marks);
    }
    Ok(())
}

/// Checks the text of a message: something to be seen, no control characters but tab, line feed and carriage return. The limit of
/// its length is the body's.
///
/// # Errors
/// [`TextError`], by rule.
pub fn check_message_text(text: &str) -> Result<(), TextError> {
    if shows_nothing(text) {
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
    /// What a user says of himself for the time being.
    StatusText,
    crate::limits::STATUS_TEXT_BYTES_MAX
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

    type Verdict = Result<(), TextError>;

    /// Texts, whether a message may say them, and whether a name may be so.
    const TABLE: &[(&str, Verdict, Verdict)] = &[
        ("👩\u{200D}👩\u{200D}👧", Ok(()), Ok(())),
        ("👩🏽\u{200D}🤝\u{200D}👨🏻", Ok(()), Ok(())),
        ("🇳🇱 🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}", Ok(()), Ok(())),
        ("你好", Ok(()), Ok(())),
        ("م\u{200F}رحبا", Ok(()), Ok(())),
        ("क्\u{200D}ष नमस्ते", Ok(()), Ok(())),
        ("می\u{200C}خواهم", Ok(()), Ok(())),
        ("e\u{301}\u{323}", Ok(()), Ok(())),
        ("abc\u{202E}fed", Ok(()), Err(TextError::Direction)),
        ("\u{2066}abc\u{2069}", Ok(()), Err(TextError::Direction)),
        ("one\u{2028}two", Ok(()), Err(TextError::Direction)),
        ("", Err(TextError::Empty), Err(TextError::Empty)),
        (" \u{A0}\u{3000}", Err(TextError::Empty), Err(TextError::Empty)),
        ("\u{200B}\u{200D}\u{FEFF}", Err(TextError::Empty), Err(TextError::Empty)),
        ("\u{3164} \u{2800}\u{115F}", Err(TextError::Empty), Err(TextError::Empty)),
        ("\u{202E}\u{FE0F}\u{E007F}", Err(TextError::Empty), Err(TextError::Empty)),
        ("a\u{1B}[31m", Err(TextError::Control), Err(TextError::Control)),
        ("a\u{9B}b", Err(TextError::Control), Err(TextError::Control)),
    ];

    #[test]
    fn texts_that_hurt_are_accepted_or_refused_by_rule() {
        for (text, message, name) in TABLE {
            assert_eq!(check_message_text(text), *message, "{text:?}");
            assert_eq!(DisplayName::new(text).map(drop), *name, "{text:?}");
            assert_eq!(Title::new(text).map(drop), *name, "{text:?}");
        }
        let tower = |marks: usize| format!("Zalgo e{}", "\u{301}".repeat(marks));
        assert_eq!(check_message_text(&tower(500)), Ok(()), "what is said is the sender's");
        assert_eq!(DisplayName::new(&tower(MARKS_MAX - 1)).map(drop), Ok(()));
        assert_eq!(DisplayName::new(&tower(MARKS_MAX)).map(drop), Err(TextError::Marks));
        let long = "字".repeat(crate::limits::DISPLAY_NAME_BYTES_MAX / 3);
        assert_eq!(DisplayName::new(&long).map(drop), Ok(()));
        let longer = DisplayName::new(&format!("{long}字"));
        assert_eq!(longer.map(drop), Err(TextError::TooLong(crate::limits::DISPLAY_NAME_BYTES_MAX)));
    }
}
