//! Reactions: one character as people see it, in one form whatever keyboard it came from.

use crate::text::is_invisible;
use std::fmt;
use std::sync::Arc;
use unicode_segmentation::UnicodeSegmentation;

/// Longest emoji, in bytes. The longest that keyboards offer, a family of four with skin tones, has 41.
pub const EMOJI_BYTES_MAX: usize = 64;

/// Why a text is not one emoji.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmojiError {
    /// It is none or more than one character.
    #[error("is not exactly one character")]
    NotOne,
    /// It is over [`EMOJI_BYTES_MAX`].
    #[error("is longer than {EMOJI_BYTES_MAX} bytes")]
    TooLong,
    /// It is white space, a control character, or nothing that is shown.
    #[error("shows nothing")]
    Invisible,
}

/// What a reaction says: one extended grapheme cluster (UAX #29). Variation selectors 15 and 16 are left out, since the
/// same key of two keyboards differs in nothing else.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Emoji(Arc<str>);

impl Emoji {
    /// Checks a text and brings it to its one form.
    ///
    /// # Errors
    /// [`EmojiError`], by rule.
    pub fn new(text: &str) -> Result<Self, EmojiError> {
        if text.len() > EMOJI_BYTES_MAX {
            return Err(EmojiError::TooLong);
        }
        let one: String = text.chars().filter(|c| !is_selector(*c)).collect();
        if one.chars().all(|c| c.is_whitespace() || is_invisible(c)) || one.chars().any(char::is_control) {
            return Err(EmojiError::Invisible);
        }
        if one.graphemes(true).nth(1).is_some() {
            return Err(EmojiError::NotOne);
        }
        Ok(Self(one.into()))
    }

    /// Its one form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_selector(c: char) -> bool {
    matches!(c, '\u{FE0E}' | '\u{FE0F}')
}

impl fmt::Debug for Emoji {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Emoji({})", &*self.0)
    }
}

impl fmt::Display for Emoji {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_whatever_the_selector() {
        assert_eq!(Emoji::new("❤\u{FE0F}"), Emoji::new("❤"));
        assert_eq!(Emoji::new("❤\u{FE0E}"), Emoji::new("❤"));
        assert_ne!(Emoji::new("👍🏽"), Emoji::new("👍"), "a skin tone is another reaction");
        assert_eq!(Emoji::new("❤\u{FE0F}\u{200D}🔥").unwrap().as_str(), "❤\u{200D}🔥");
    }

    #[test]
    fn flags_families_keys_and_tags_are_one() {
        for one in ["🇳🇱", "👩‍👩‍👧‍👦", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👩🏽‍🤝‍👨🏻", "好", "é", "e\u{301}"]
        {
            assert!(Emoji::new(one).is_ok(), "{one}");
        }
    }

    #[test]
    fn what_is_not_one_visible_character_is_refused() {
        for (text, why) in [
            ("", EmojiError::Invisible),
            (" ", EmojiError::Invisible),
            ("\u{200D}", EmojiError::Invisible),
            ("\u{FE0F}", EmojiError::Invisible),
            ("\u{202E}", EmojiError::Invisible),
            ("\n", EmojiError::Invisible),
            ("a\0", EmojiError::Invisible),
            ("👍👍", EmojiError::NotOne),
            ("🇳🇱🇩🇪", EmojiError::NotOne),
            ("ok", EmojiError::NotOne),
        ] {
            assert_eq!(Emoji::new(text), Err(why), "{text:?}");
        }
        assert_eq!(Emoji::new(&format!("e{}", "\u{301}".repeat(40))), Err(EmojiError::TooLong));
    }
}
