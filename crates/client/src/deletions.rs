//! Messages that the user removes for himself, on all of his devices. Others see them still.

use std::collections::BTreeSet;
use std::sync::Arc;

use stonechat_domain::deletions::Deletions;
use stonechat_types::limits::DELETED_AT_ONCE_MAX;
use stonechat_types::number::Seq;
use stonechat_wire::v1;
use stonechat_wire::v1::frame::Body;

use crate::conversation::Conversation;
use crate::error::{Error, Result};
use crate::send::CommandHandle;

/// What the user removed from a conversation for himself, also while the server does not know it yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    pub(crate) deletions: Arc<Deletions>,
    pub(crate) waiting: BTreeSet<u64>,
}

impl Removed {
    /// Whether a message is removed, or cleared.
    #[must_use]
    pub fn holds(&self, message: Seq) -> bool {
        self.deletions.holds(message) || self.waiting.contains(&message.get())
    }
}

impl Conversation {
    /// Removes messages for this user alone, on all of his devices: from timelines, previews, search and badges. It works
    /// without a connection, and nothing brings them back.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for none, or for more than a hundred at once; [`Error::Store`]. The handle tells what the
    /// server answers: `not_found` for what is no message, `too_many` when too many stretches of the conversation are
    /// removed. Clearing makes room.
    pub async fn delete_for_me(&self, messages: &[Seq]) -> Result<CommandHandle> {
        if messages.is_empty() || messages.len() > DELETED_AT_ONCE_MAX {
            return Err(Error::argument("messages", format!("are one to {DELETED_AT_ONCE_MAX} at once")));
        }
        let seqs = messages.iter().map(|seq| seq.get()).collect();
        let delete = v1::DeleteMessages { conversation_id: self.id.to_string(), seqs, ..v1::DeleteMessages::default() };
        self.queue(Body::DeleteMessages(delete), None).await
    }
}
