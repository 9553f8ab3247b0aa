//! What a message carries beside its body, in the clear for the server: what it answers, whom it calls, how it is told.

use bytes::Bytes;
use stonechat_types::id::UserId;
use stonechat_types::number::{Ordinal, Seq, Timestamp};

/// The attributes of a message. Most messages have none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// The message of the same conversation that it answers.
    pub reply_to: Option<ReplyTo>,
    /// Users who are called, at most [`MENTIONS_MAX`](stonechat_types::limits::MENTIONS_MAX), each once. Who is no member
    /// hears nothing of it.
    pub mentions: Vec<UserId>,
    /// Whether everybody in the conversation is called.
    pub mention_all: bool,
    /// It is nobody's unread and nobody is notified of it.
    pub silent: bool,
    /// From 0, the least, to [`PRIORITY_MAX`](stonechat_types::limits::PRIORITY_MAX).
    pub priority: u8,
    /// Data of the app; opaque, at most
    /// [`MESSAGE_EXTENSION_BYTES_MAX`](stonechat_types::limits::MESSAGE_EXTENSION_BYTES_MAX) bytes.
    pub extension: Bytes,
    /// Where it was said first, as whoever forwards it says.
    pub forwarded: Option<Forwarded>,
}

/// The message that another answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyTo {
    /// Its event.
    pub seq: Seq,
    /// Its ordinal; `ZERO` while only the author of the answer has spoken.
    pub ordinal: Ordinal,
}

/// The origin of a forwarded message. A claim of whoever forwards it: the first conversation is not looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// Who said it.
    pub author: UserId,
    /// When.
    pub sent_at: Timestamp,
}

impl Attributes {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is left of them once their message was taken back: what unread needs.
    #[must_use]
    pub fn recalled(&self) -> Option<Box<Self>> {
        self.silent.then(|| Box::new(Self { silent: true, ..Self::default() }))
    }

    /// About how many bytes they take.
    #[must_use]
    pub fn weight(&self) -> usize {
        let mentions: usize = self.mentions.iter().map(|user| user.as_str().len() + 2).sum();
        64 + mentions + self.extension.len()
    }

    /// Whether a user is called, as a member who is not the author.
    #[must_use]
    pub fn calls(&self, user: &UserId) -> bool {
        self.mention_all || self.mentions.contains(user)
    }
}
