//! The row of a user, stored under both of his names. What else he tells of himself has a row of its own.

use super::codec::{Reader, Writer, damaged};
use bytes::Bytes;
use std::sync::Arc;
use stonechat_domain::member::UserRef;
use stonechat_domain::relation::{WhoMayAdd, WhoMayMessage};
use stonechat_log::store::LogError;
use stonechat_types::id::Username;
use stonechat_types::number::Timestamp;
use stonechat_types::text::DisplayName;

/// The first version knew of no profiles.
const WITHOUT_PROFILE: u8 = 1;
const VERSION: u8 = 2;

/// A user of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// His names.
    pub user: UserRef,
    /// What people call him.
    pub name: Option<DisplayName>,
    /// The name that he chose, unique in the app.
    pub username: Option<Username>,
    /// Where his picture is; the app knows how to read it.
    pub avatar: Option<Arc<str>>,
    /// Since when.
    pub created_at: Timestamp,
    /// When last something changed that others see. Never the same twice.
    pub changed_at: Timestamp,
    /// Who may write to him.
    pub who_may_message: WhoMayMessage,
    /// Who may become his contact.
    pub who_may_add: WhoMayAdd,
}

impl User {
    /// A user who has said nothing of himself yet.
    #[must_use]
    pub fn new(user: UserRef, created_at: Timestamp) -> Self {
        Self {
            user,
            name: None,
            username: None,
            avatar: None,
            created_at,
            changed_at: created_at,
            who_may_message: WhoMayMessage::default(),
            who_may_add: WhoMayAdd::default(),
        }
    }
}

/// Its bytes.
#[must_use]
pub fn encode(user: &User) -> Bytes {
    let mut row = Writer::new(VERSION);
    row.user(&user.user).u64(user.created_at.0 as u64);
    row.maybe(user.name.as_ref().map(DisplayName::as_str));
    row.maybe(user.username.as_ref().map(Username::as_str)).maybe(user.avatar.as_deref());
    row.u64(user.changed_at.0 as u64).u8(message_byte(user.who_may_message)).u8(add_byte(user.who_may_add));
    row.finish()
}

/// Reads it.
///
/// # Errors
/// [`LogError::Corrupt`] when it is not in its form.
pub fn decode(row: &[u8]) -> Result<User, LogError> {
    let version = if row.first() == Some(&WITHOUT_PROFILE) { WITHOUT_PROFILE } else { VERSION };
    let mut row = Reader::new(row, version, "a user")?;
    let mut read = || {
        let (user, created_at) = (row.user()?, Timestamp(row.u64()? as i64));
        let mut read = User { name: row.maybe(DisplayName::new)?, ..User::new(user, created_at) };
        if version == VERSION {
            read.username = row.maybe(Username::new)?;
            read.avatar = row.maybe(|text| Ok::<_, ()>(Arc::from(text)))?;
            read.changed_at = Timestamp(row.u64()? as i64);
            read.who_may_message = message_of(row.u8()?)?;
            read.who_may_add = add_of(row.u8()?)?;
        }
        row.end()?;
        Some(read)
    };
    read().ok_or_else(|| damaged("a user"))
}

pub(super) fn message_byte(who: WhoMayMessage) -> u8 {
    match who {
        WhoMayMessage::Anyone => 0,
        WhoMayMessage::Contacts => 1,
        WhoMayMessage::Nobody => 2,
    }
}

pub(super) fn message_of(byte: u8) -> Option<WhoMayMessage> {
    match byte {
        0 => Some(WhoMayMessage::Anyone),
        1 => Some(WhoMayMessage::Contacts),
        2 => Some(WhoMayMessage::Nobody),
        _ => None,
    }
}

pub(super) fn add_byte(who: WhoMayAdd) -> u8 {
    match who {
        WhoMayAdd::Ask => 0,
        WhoMayAdd::Anyone => 1,
        WhoMayAdd::Question => 2,
        WhoMayAdd::Nobody => 3,
    }
}

pub(super) fn add_of(byte: u8) -> Option<WhoMayAdd> {
    match byte {
        0 => Some(WhoMayAdd::Ask),
        1 => Some(WhoMayAdd::Anyone),
        2 => Some(WhoMayAdd::Question),
        3 => Some(WhoMayAdd::Nobody),
        _ => None,
    }
}
