//! What the user prefers in each conversation: as the server said it last, with what waits in the outbox on top.

use std::sync::Arc;

use stonechat_domain::preferences::{Draft, FOR_GOOD, Preferences, PreferencesPatch};
use stonechat_types::fields::Fields;
use stonechat_types::id::ConversationId;
use stonechat_types::number::{Seq, Timestamp};
use stonechat_types::text::Tag;
use stonechat_wire::v1::{self, frame::Body};

use crate::core::machine::Core;
use crate::core::rows::QueuedCommand;

/// Preferences of the wire, and of which conversation; what is not in its form is left out.
pub fn from_wire(wire: &v1::Preferences) -> Option<(ConversationId, Preferences)> {
    let preferences = Preferences {
        pinned_at: (wire.pinned_at > 0).then_some(Timestamp(wire.pinned_at)),
        muted_until: time(wire.muted_until),
        marked_unread: wire.marked_unread,
        archived: wire.archived,
        folders: wire.folders.iter().filter_map(|folder| Tag::new(folder).ok()).collect(),
        draft: wire.draft.as_ref().map(|draft| Draft {
            text: draft.text.as_str().into(),
            reply_to: reply_to(draft),
            at: Timestamp(draft.at),
        }),
        cleared_upto: Seq(wire.cleared_upto_seq),
        hidden_upto: Seq(wire.hidden_upto_seq),
        fields: Fields::of(wire.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))).ok()?,
    };
    Some((wire.conversation_id.parse().ok()?, preferences))
}

fn time(wire: i64) -> Option<Timestamp> {
    match wire {
        0 => None,
        -1 => Some(FOR_GOOD),
        time => Some(Timestamp(time)),
    }
}

fn reply_to(draft: &v1::Draft) -> Option<Seq> {
    (draft.reply_to_seq > 0).then_some(Seq(draft.reply_to_seq))
}

fn patch(wire: &v1::SetPreferences) -> PreferencesPatch {
    let folders = |it: &v1::Folders| it.names.iter().filter_map(|folder| Tag::new(folder).ok()).collect();
    let draft = |it: &v1::Draft| (!it.text.is_empty()).then(|| (it.text.as_str().into(), reply_to(it)));
    let removed = wire.remove_fields.iter().map(|name| (name.clone(), None));
    let set = wire.fields.iter().map(|(name, value)| (name.clone(), Some(value.clone())));
    PreferencesPatch {
        pinned: wire.pinned,
        muted_until: wire.muted_until.map(time),
        marked_unread: wire.marked_unread,
        archived: wire.archived,
        folders: wire.folders.as_ref().map(folders),
        draft: wire.draft.as_ref().map(draft),
        cleared_upto: wire.cleared_upto_seq.map(Seq),
        hidden_upto: wire.hidden_upto_seq.map(Seq),
        fields: removed.chain(set).collect(),
    }
}

/// The change that a command in the outbox asks for.
pub fn asked_by(command: &QueuedCommand) -> Option<PreferencesPatch> {
    match &command.call {
        Body::SetPreferences(set) => Some(patch(set)),
        _ => None,
    }
}

impl Core {
    /// When the next mute ends that holds back unread messages.
    pub(super) fn mutes_deadline(&self) -> Option<u64> {
        let until = self.mutes.values().min()?;
        let left = until.as_millis().saturating_sub(self.now.wall_ms);
        Some(self.now.monotonic_ms.saturating_add(u64::try_from(left).unwrap_or(0)))
    }

    /// What was muted counts again.
    pub(super) fn on_mute_time(&mut self) {
        let now = Timestamp(self.now.wall_ms);
        let over: Vec<_> = self.mutes.iter().filter(|(_, until)| **until <= now).map(|(id, _)| *id).collect();
        for id in over {
            self.mutes.remove(&id);
            self.tell_summary(&id);
        }
    }

    /// What the user prefers in a conversation, what waits in the outbox included.
    pub(super) fn preferences_of(&self, id: &ConversationId) -> Arc<Preferences> {
        let head = self.conversations.get(id).map_or(0, |it| it.row.head_seq);
        let mut preferences = self.preferences.get(id).cloned().unwrap_or_default();
        for (patch, at) in self.outbox.preferences_of(id) {
            preferences.apply(&patch, at, Seq(head));
            // What does not fit the server refuses.
            let _ = preferences.apply_fields(&patch);
        }
        Arc::new(preferences)
    }
}
