//! Ids. Each is checked when it is made, and has one text form.

use crate::limits::{APP_NAME_BYTES_MAX, DEVICE_ID_BYTES_MAX, USER_ID_BYTES_MAX, USERNAME_BYTES_MAX};
use crate::number::{AppId, Seq};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Why a text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// It has no characters.
    #[error("is empty")]
    Empty,
    /// It is over its limit.
    #[error("is longer than {0} bytes")]
    TooLong(usize),
    /// A character is outside the allowed set.
    #[error("has the character {0:?}, which is not allowed")]
    Character(char),
    /// It does not have the form of such an id.
    #[error("does not have the form of such an id")]
    Form,
}

fn check(text: &str, max: usize, allowed: impl Fn(char) -> bool) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > max {
        return Err(IdError::TooLong(max));
    }
    match text.chars().find(|c| !allowed(*c)) {
        Some(c) => Err(IdError::Character(c)),
        None => Ok(()),
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $max:expr, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks a text and keeps it.
            ///
            /// # Errors
            /// [`IdError`] when it is empty, too long, or has a character that is not allowed.
            pub fn new(text: &str) -> Result<Self, IdError> {
                check(text, $max, $allowed)?;
                Ok(Self(text.into()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), &*self.0)
            }
        }
    };
}

text_id!(
    /// The app's own name of a user: 1 to 64 bytes of `[A-Za-z0-9._@:+-]`, case-sensitive.
    UserId,
    USER_ID_BYTES_MAX,
    |c| c.is_ascii_alphanumeric() || "._@:+-".contains(c)
);
text_id!(
    /// The name that a client gave itself when it was installed: 1 to 64 bytes of `[A-Za-z0-9._-]`.
    DeviceId,
    DEVICE_ID_BYTES_MAX,
    |c| c.is_ascii_alphanumeric() || "._-".contains(c)
);
text_id!(
    /// The name of an app in tokens and addresses: 1 to 32 bytes of `[a-z0-9-]`.
    AppName,
    APP_NAME_BYTES_MAX,
    |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
);
text_id!(
    /// A name that a user chose, unique in the app and free again when he chooses another: 1 to 32 bytes of
    /// `[a-z0-9._-]`.
    Username,
    USERNAME_BYTES_MAX,
    |c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c)
);

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 16]);

        impl $name {
            /// A UUIDv7 of a time and ten random bytes (RFC 9562, section 5.7).
            #[must_use]
            pub fn from_parts(unix_ms: u64, random: [u8; 10]) -> Self {
                Self(uuid::Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid().into_bytes())
            }

            /// Takes the 16 bytes of the wire.
            ///
            /// # Errors
            /// [`IdError::Form`] when there are not 16 or all are zero.
            pub fn from_slice(bytes: &[u8]) -> Result<Self, IdError> {
                let bytes: [u8; 16] = bytes.try_into().map_err(|_| IdError::Form)?;
                if bytes == [0; 16] { Err(IdError::Form) } else { Ok(Self(bytes)) }
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let id = uuid::Uuid::parse_str(text).map_err(|_| IdError::Form)?;
                Self::from_slice(id.as_bytes())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&uuid::Uuid::from_bytes(self.0), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

uuid_id!(
    /// The client's own id of a message, the same through all retries: a UUIDv7.
    ClientMsgId
);
uuid_id!(
    /// The client's own id of a command, the same through all retries: a UUIDv7.
    CommandId
);

/// What sort of conversation an id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConversationKind {
    /// Two people; exists for each pair once.
    Direct,
    /// Many people who see each other.
    Group,
    /// Read by any number, written by some.
    Channel,
    /// Live, with a volatile stream.
    Room,
    /// A customer and a service desk.
    Support,
}

impl ConversationKind {
    const ALL: [(Self, u8, char); 5] = [
        (Self::Direct, 1, 'd'),
        (Self::Group, 2, 'g'),
        (Self::Channel, 3, 'c'),
        (Self::Room, 4, 'r'),
        (Self::Support, 5, 's'),
    ];

    /// The name in documents and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Group => "group",
            Self::Channel => "channel",
            Self::Room => "room",
            Self::Support => "support",
        }
    }

    fn byte(self) -> u8 {
        match self {
            Self::Direct => 1,
            Self::Group => 2,
            Self::Channel => 3,
            Self::Room => 4,
            Self::Support => 5,
        }
    }

    fn letter(self) -> char {
        match self {
            Self::Direct => 'd',
            Self::Group => 'g',
            Self::Channel => 'c',
            Self::Room => 'r',
            Self::Support => 's',
        }
    }
}

/// A conversation: 128 bits, of which the first byte is its kind. As text a letter, `_` and 26 letters of base32
/// (RFC 4648, section 6, lower case, no padding).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConversationId([u8; 16]);

impl ConversationId {
    /// The conversation of two people, the same whoever asks.
    #[must_use]
    pub fn direct(app: AppId, a: &UserId, b: &UserId) -> Self {
        let (low, high) = if a <= b { (a, b) } else { (b, a) };
        Self::derive(ConversationKind::Direct, app, &[low.as_str().as_bytes(), high.as_str().as_bytes()])
    }

    /// Any other conversation, from who made it and the id of the command, so that retries and races meet.
    #[must_use]
    pub fn created(kind: ConversationKind, app: AppId, creator: &UserId, command: CommandId) -> Self {
        Self::derive(kind, app, &[creator.as_str().as_bytes(), &command.0])
    }

    fn derive(kind: ConversationKind, app: AppId, parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"stonechat conversation 1");
        hash.update([kind.byte()]);
        hash.update(app.0.to_be_bytes());
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        bytes[0] = kind.byte();
        Self(bytes)
    }

    /// The bytes of the wire and of keys.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Takes the bytes of the wire or of a key.
    ///
    /// # Errors
    /// [`IdError::Form`] when there are not 16, or the first is not a kind.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, IdError> {
        let bytes: [u8; 16] = bytes.try_into().map_err(|_| IdError::Form)?;
        let known = ConversationKind::ALL.iter().any(|(_, byte, _)| *byte == bytes[0]);
        if known { Ok(Self(bytes)) } else { Err(IdError::Form) }
    }

    /// What sort of conversation it is.
    #[must_use]
    pub fn kind(&self) -> ConversationKind {
        ConversationKind::ALL
            .iter()
            .find(|(_, byte, _)| *byte == self.0[0])
            .map_or(ConversationKind::Group, |(kind, _, _)| *kind)
    }
}

const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(28);
        text.push(self.kind().letter());
        text.push('_');
        let bits = u128::from_be_bytes(self.0);
        for i in 0..26 {
            let shift = 128 - 5 * (i + 1);
            let five = if shift >= 0 { bits >> shift } else { bits << -shift };
            text.push(BASE32[(five & 31) as usize] as char);
        }
        f.write_str(&text)
    }
}

impl FromStr for ConversationId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let bytes = text.as_bytes();
        if bytes.len() != 28 || bytes[1] != b'_' {
            return Err(IdError::Form);
        }
        let mut bits: u128 = 0;
        for (i, letter) in bytes[2..].iter().enumerate() {
            let five = BASE32.iter().position(|l| l == letter).ok_or(IdError::Form)? as u128;
            if i < 25 {
                bits = (bits << 5) | five;
            } else {
                if five & 3 != 0 {
                    return Err(IdError::Form);
                }
                bits = (bits << 3) | (five >> 2);
            }
        }
        let id = Self::from_slice(&bits.to_be_bytes())?;
        if id.kind().letter() as u8 == bytes[0] { Ok(id) } else { Err(IdError::Form) }
    }
}

impl fmt::Debug for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConversationId({self})")
    }
}

/// One event of one conversation, as text `CONVERSATION.SEQ`. It is XMPP's stanza-id and MQTT's `mid` as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId {
    /// The conversation.
    pub conversation: ConversationId,
    /// The event in it.
    pub seq: Seq,
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.conversation, self.seq)
    }
}

impl FromStr for MessageId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let (conversation, seq) = text.split_once('.').ok_or(IdError::Form)?;
        let canonical = !seq.starts_with(['0', '+']);
        match seq.parse() {
            Ok(seq) if canonical => Ok(Self { conversation: conversation.parse()?, seq: Seq(seq) }),
            _ => Err(IdError::Form),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn user(text: &str) -> UserId {
        UserId::new(text).unwrap()
    }

    #[test]
    fn a_direct_conversation_is_the_same_from_both_sides() {
        let (a, b) = (user("alice"), user("bob"));
        assert_eq!(ConversationId::direct(AppId::DEFAULT, &a, &b), ConversationId::direct(AppId::DEFAULT, &b, &a));
        assert_ne!(ConversationId::direct(AppId(2), &a, &b), ConversationId::direct(AppId::DEFAULT, &a, &b));
        assert_ne!(
            ConversationId::direct(AppId::DEFAULT, &user("ab"), &user("c")),
            ConversationId::direct(AppId::DEFAULT, &user("a"), &user("bc"))
        );
    }

    #[test]
    fn user_ids_are_refused_by_rule() {
        assert_eq!(UserId::new(""), Err(IdError::Empty));
        assert_eq!(UserId::new(&"a".repeat(65)), Err(IdError::TooLong(64)));
        assert_eq!(UserId::new("a b"), Err(IdError::Character(' ')));
        assert_eq!(UserId::new("a\0"), Err(IdError::Character('\0')));
        assert_eq!(UserId::new("é"), Err(IdError::Character('é')));
        assert!(UserId::new(&"a".repeat(64)).is_ok());
    }

    #[test]
    fn usernames_have_one_case() {
        assert!(Username::new("a.b-c_1").is_ok() && Username::new(&"a".repeat(32)).is_ok());
        assert_eq!(Username::new("Alice"), Err(IdError::Character('A')));
        assert_eq!(Username::new("a@b"), Err(IdError::Character('@')));
        assert_eq!(Username::new(&"a".repeat(33)), Err(IdError::TooLong(32)));
    }

    proptest! {
        #[test]
        fn conversation_ids_round_trip(kind in 1u8..=5, rest in any::<[u8; 15]>()) {
            let mut bytes = [kind; 16];
            bytes[1..].copy_from_slice(&rest);
            let id = ConversationId::from_slice(&bytes).unwrap();
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            let message = MessageId { conversation: id, seq: Seq(7) };
            prop_assert_eq!(message.to_string().parse(), Ok(message));
        }

        #[test]
        fn no_text_parses_to_an_id_with_another_text(text in "[dg]_[a-z2-7]{26}") {
            if let Ok(id) = text.parse::<ConversationId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
