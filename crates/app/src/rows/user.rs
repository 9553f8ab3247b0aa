//! The row of a user, stored under both of his names.

use super::codec::{Reader, Writer, damaged};
use bytes::Bytes;
use stonechat_domain::member::UserRef;
use stonechat_log::store::LogError;
use stonechat_types::number::Timestamp;
use stonechat_types::text::DisplayName;

const VERSION: u8 = 1;

/// A user of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// His names.
    pub user: UserRef,
    /// What people call him.
    pub name: Option<DisplayName>,
    /// Since when.
    pub created_at: Timestamp,
}

/// Its bytes.
#[must_use]
pub fn encode(user: &User) -> Bytes {
    let mut row = Writer::new(VERSION);
    row.user(&user.user).u64(user.created_at.0 as u64);
    row.bytes(user.name.as_ref().map_or(&[], |name| name.as_str().as_bytes()));
    row.finish()
}

/// Reads it.
///
/// # Errors
/// [`LogError::Corrupt`] when it is not in its form.
pub fn decode(row: &[u8]) -> Result<User, LogError> {
    let mut row = Reader::new(row, VERSION, "a user")?;
    let mut read = || {
        let (user, created_at, name) = (row.user()?, Timestamp(row.u64()? as i64), row.text()?);
        let name = if name.is_empty() { None } else { Some(DisplayName::new(name).ok()?) };
        row.end()?;
        Some(User { user, name, created_at })
    };
    read().ok_or_else(|| damaged("a user"))
}
