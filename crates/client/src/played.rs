//! Voice messages that were played: by the user on any of his devices, and by others.

use std::sync::Arc;

use stonechat_domain::plays::Plays;
use stonechat_types::number::Seq;
use stonechat_wire::body;

use crate::conversation::Conversation;
use crate::core::command::Command;
use crate::error::{Error, Result};
use crate::state::Member;

/// What is known of the voice messages of a conversation, also while the server does not know it yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Played {
    pub(crate) plays: Arc<Plays>,
    /// What the user has played and the server was not told.
    pub(crate) waiting: Vec<u64>,
}

impl Played {
    /// Whether the user has played a message of another.
    #[must_use]
    pub fn holds(&self, message: Seq) -> bool {
        self.waiting.contains(&message.get()) || self.plays.holds(message)
    }

    /// How many others have played a message of the user; 64 stands for so many and more.
    #[must_use]
    pub fn by_others(&self, message: Seq) -> u32 {
        self.plays.by_others(message)
    }
}

impl Conversation {
    /// Says that the user has played a voice message of another: his other devices hear of it, and, where members see how
    /// far others have read, its author. It works without a connection, and said twice it changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a conversation that this device does not know; [`Error::InvalidArgument`] for what is no
    /// voice message of another, or past 256 that wait to be told; [`Error::Store`].
    pub async fn mark_played(&self, message: Seq) -> Result<()> {
        if let Some(row) = self.inner.runtime.read_message(self.id, message).await?
            && (row.body_type != body::VOICE || row.sender == self.inner.user)
        {
            return Err(Error::argument("message", "is no voice message of another"));
        }
        self.inner.ask_done(Command::MarkPlayed { conversation: self.id, message }).await
    }

    /// Who of the others has played a voice message, or who has not, page by page from the server.
    ///
    /// # Errors
    /// Whatever the server answers; `forbidden` where the group has no receipts, `not_found` for what is no voice message.
    pub async fn players(&self, message: Seq, played: bool) -> Result<Vec<Member>> {
        self.list_readers(message, !played, true).await
    }
}
