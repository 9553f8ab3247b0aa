//! What the user starred: as the server said it last, with what waits in the outbox on top.

use std::collections::BTreeMap;
use std::sync::Arc;

use stonechat_domain::deletions::Place;
use stonechat_domain::stars::{Star, Stars};
use stonechat_types::id::ConversationId;
use stonechat_types::number::{Ordinal, Seq, Timestamp};
use stonechat_wire::v1::{self, frame::Body};

use crate::core::machine::Core;
use crate::core::rows::QueuedCommand;
use crate::stars::Starred;

/// Stars of the wire, and of which conversation; `None` when they are not in their form.
pub fn from_wire(wire: &v1::Stars) -> Option<(ConversationId, Stars)> {
    let star = |star: &v1::Star| Star {
        place: Place { seq: Seq(star.seq), ordinal: Ordinal(star.ordinal) },
        at: Timestamp(star.at),
    };
    Some((wire.conversation_id.parse().ok()?, Stars::from_all(wire.stars.iter().map(star).collect())?))
}

/// The messages that a command in the outbox stars, or takes the stars from.
pub fn asked_by(command: &QueuedCommand) -> Option<(&[u64], bool)> {
    match &command.call {
        Body::StarMessages(star) => Some((&star.seqs, !star.remove)),
        _ => None,
    }
}

impl Core {
    /// What the user starred in a conversation, what waits in the outbox included.
    pub(super) fn starred_of(&self, id: &ConversationId) -> Arc<Starred> {
        let stars = self.stars.get(id).cloned().unwrap_or_default();
        let mut waiting = BTreeMap::new();
        for (seqs, starred, at) in self.outbox.stars_of(id) {
            waiting.extend(seqs.iter().map(|seq| (*seq, starred.then_some(at))));
        }
        Arc::new(Starred { stars, waiting })
    }
}
