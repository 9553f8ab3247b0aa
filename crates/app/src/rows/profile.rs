//! The row of what a user tells of himself, beside his names.

use super::codec::{Reader, Writer, damaged};
use bytes::Bytes;
use stonechat_log::store::LogError;
use stonechat_types::fields::Fields;
use stonechat_types::text::Note;

const VERSION: u8 = 1;

/// What a user tells of himself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// For everybody.
    pub public: Fields,
    /// For himself.
    pub private: Fields,
    /// What he asks of those who want to be his contacts.
    pub question: Option<Note>,
}

/// Its bytes.
#[must_use]
pub fn encode(profile: &Profile) -> Bytes {
    let mut row = Writer::new(VERSION);
    row.fields(&profile.public).fields(&profile.private);
    row.maybe(profile.question.as_ref().map(Note::as_str));
    row.finish()
}

/// Reads it.
///
/// # Errors
/// [`LogError::Corrupt`] when it is not in its form.
pub fn decode(row: &[u8]) -> Result<Profile, LogError> {
    let mut row = Reader::new(row, VERSION, "a profile")?;
    let mut read = || {
        let profile = Profile { public: row.fields()?, private: row.fields()?, question: row.maybe(Note::new)? };
        row.end()?;
        Some(profile)
    };
    read().ok_or_else(|| damaged("a profile"))
}
