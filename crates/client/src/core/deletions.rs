//! What the user removed from conversations for himself: as the server said it last, with what waits in the outbox on top.
//! Of what the server has taken nothing is held any more, and nothing that says it again is kept.

use std::collections::BTreeSet;
use std::sync::Arc;

use stonechat_domain::deletions::{Deletions, Place, Run};
use stonechat_types::id::ConversationId;
use stonechat_types::number::{Ordinal, Seq};
use stonechat_wire::v1::{self, frame::Body};

use crate::core::machine::Core;
use crate::core::rows::{MessageRow, QueuedCommand, StoreOp};
use crate::deletions::Removed;

/// Deletions of the wire, and of which conversation; `None` when they are not in their form.
pub fn from_wire(wire: &v1::Deletions) -> Option<(ConversationId, Deletions)> {
    let place = |seq, ordinal| Place { seq: Seq(seq), ordinal: Ordinal(ordinal) };
    let run = |run: &v1::DeletedRun| Run {
        first: place(run.from_seq, run.from_ordinal),
        last: place(run.upto_seq, run.upto_ordinal),
    };
    Some((wire.conversation_id.parse().ok()?, Deletions::from_runs(wire.runs.iter().map(run).collect())?))
}

/// The messages that a command in the outbox removes.
pub fn asked_by(command: &QueuedCommand) -> Option<&[u64]> {
    match &command.call {
        Body::DeleteMessages(delete) => Some(&delete.seqs),
        _ => None,
    }
}

impl Core {
    /// What the user removed from a conversation, what waits in the outbox included.
    pub(super) fn removed_of(&self, id: &ConversationId) -> Arc<Removed> {
        let (_, deletions) = self.deletions.get(id).cloned().unwrap_or_default();
        let waiting: BTreeSet<u64> = self.outbox.deletions_of(id);
        Arc::new(Removed { deletions, waiting })
    }

    /// Takes what the store had.
    pub(super) fn know_deletions(&mut self, id: ConversationId, version: u64, deletions: Deletions) {
        let deletions = Arc::new(deletions);
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.removed = deletions.clone();
            conversation.removed_version = version;
        }
        self.deletions.insert(id, (version, deletions));
    }

    /// Takes what the server says, and lets go of what is held of it.
    pub(super) fn take_deletions(&mut self, id: ConversationId, version: u64, deletions: Deletions) {
        let deletions = Arc::new(deletions);
        let (_, before) = self.deletions.insert(id, (version, deletions.clone())).unwrap_or_default();
        let is_new = |run: &&Run| !before.holds_run(run);
        let gone = deletions.runs().iter().filter(is_new).map(|run| (run.first.ordinal.get(), run.last.ordinal.get()));
        let gone: Vec<_> = gone.collect();
        if !gone.is_empty() {
            self.journal.write(StoreOp::DropMessages(id, gone));
        }
        if let Some(conversation) = self.conversations.get_mut(&id)
            && conversation.remove(version, deletions)
        {
            // What the list shows instead, the server says.
            self.gets.insert(id);
        }
        self.touched.insert(id);
    }

    /// Messages without those that the user removed.
    pub(super) fn without_removed(&self, id: &ConversationId, mut rows: Vec<MessageRow>) -> Vec<MessageRow> {
        if let Some((_, deletions)) = self.deletions.get(id) {
            rows.retain(|row| !deletions.holds_ordinal(Ordinal(row.ordinal)));
        }
        rows
    }

    /// The server has another history: it tells once more what is removed.
    pub(super) fn forget_deletions(&mut self) {
        for id in std::mem::take(&mut self.deletions).into_keys() {
            if let Some(conversation) = self.conversations.get_mut(&id) {
                conversation.removed = Arc::default();
                (conversation.removed_version, conversation.counted_version) = (0, 0);
            }
            self.touched.insert(id);
        }
    }
}
