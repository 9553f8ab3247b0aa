//! What a user prefers in one conversation, for himself and on all of his devices.

use std::sync::Arc;
use stonechat_types::fields::{Fields, FieldsError};
use stonechat_types::number::{Seq, Timestamp};
use stonechat_types::text::Tag;

pub use crate::group::FOR_GOOD;

/// The preferences of a user in one conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// Since when it stands above the others.
    pub pinned_at: Option<Timestamp>,
    /// Until when nobody is notified of it and it does not count in the total; [`FOR_GOOD`] has no end.
    pub muted_until: Option<Timestamp>,
    /// Whether it is shown as unread although nothing is.
    pub marked_unread: bool,
    /// Whether it is kept apart from the others.
    pub archived: bool,
    /// The folders that it lies in, at most [`FOLDERS_MAX`](stonechat_types::limits::FOLDERS_MAX).
    pub folders: Vec<Tag>,
    /// What is being written.
    pub draft: Option<Draft>,
    /// What was said up to here is not shown to the user any more.
    pub cleared_upto: Seq,
    /// It is not listed until something happens after this event.
    pub hidden_upto: Seq,
    /// The app's own, of this user in this conversation.
    pub fields: Fields,
}

/// A message that is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its text, at most [`DRAFT_BYTES_MAX`](stonechat_types::limits::DRAFT_BYTES_MAX) bytes.
    pub text: Arc<str>,
    /// The message that it is to answer.
    pub reply_to: Option<Seq>,
    /// When it was last changed.
    pub at: Timestamp,
}

/// A change of preferences; `None` leaves things as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreferencesPatch {
    /// Whether to pin it.
    pub pinned: Option<bool>,
    /// Until when to mute it; `None` inside ends that.
    pub muted_until: Option<Option<Timestamp>>,
    /// Whether to show it as unread.
    pub marked_unread: Option<bool>,
    /// Whether to keep it apart.
    pub archived: Option<bool>,
    /// Its folders.
    pub folders: Option<Vec<Tag>>,
    /// What is being written, and what that is to answer; `None` inside is nothing.
    pub draft: Option<Option<(Arc<str>, Option<Seq>)>>,
    /// Up to where to clear it; it never goes back.
    pub cleared_upto: Option<Seq>,
    /// Up to where not to list it; it never goes back.
    pub hidden_upto: Option<Seq>,
    /// Fields of the app; `None` inside removes one.
    pub fields: Vec<(String, Option<String>)>,
}

impl Preferences {
    /// Takes a change in, made at a time when the conversation had a head: nothing that is still to come is cleared.
    pub fn apply(&mut self, patch: &PreferencesPatch, now: Timestamp, head: Seq) {
        let PreferencesPatch {
            pinned,
            muted_until,
            marked_unread,
            archived,
            folders,
            draft,
            cleared_upto,
            hidden_upto,
            // By rules of their own: see `apply_fields`.
            fields: _,
        } = patch;
        match pinned {
            Some(true) => _ = self.pinned_at.get_or_insert(now),
            Some(false) => self.pinned_at = None,
            None => {}
        }
        if let Some(until) = muted_until {
            self.muted_until = until.filter(|until| *until > now);
        }
        self.marked_unread = marked_unread.unwrap_or(self.marked_unread);
        self.archived = archived.unwrap_or(self.archived);
        if let Some(folders) = folders {
            self.folders.clone_from(folders);
        }
        if let Some(draft) = draft {
            self.draft =
                draft.as_ref().map(|(text, reply_to)| Draft { text: text.clone(), reply_to: *reply_to, at: now });
        }
        let moved = |here: Seq, upto: Option<Seq>| upto.map_or(here, |upto| here.max(upto.min(head)));
        self.cleared_upto = moved(self.cleared_upto, *cleared_upto);
        self.hidden_upto = moved(self.hidden_upto, *hidden_upto);
    }

    /// Takes the fields of a change in.
    ///
    /// # Errors
    /// [`FieldsError`], by rule; what is there then is not to be kept.
    pub fn apply_fields(&mut self, patch: &PreferencesPatch) -> Result<(), FieldsError> {
        // What goes makes room for what comes.
        let (gone, set): (Vec<_>, Vec<_>) = patch.fields.iter().partition(|(_, value)| value.is_none());
        gone.into_iter().chain(set).try_for_each(|(name, value)| self.fields.set(name, value.as_deref()))
    }

    /// Whether it is muted at a time.
    #[must_use]
    pub fn is_muted(&self, now: Timestamp) -> bool {
        self.muted_until.is_some_and(|until| until > now)
    }

    /// Whether it is not listed, while its head is this.
    #[must_use]
    pub fn is_hidden(&self, head: Seq) -> bool {
        self.hidden_upto > Seq::ZERO && head <= self.hidden_upto
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_leaves_what_it_does_not_name() {
        let mut preferences = Preferences::default();
        let set = |preferences: &mut Preferences, patch: PreferencesPatch, now| {
            preferences.apply(&patch, Timestamp(now), Seq(10));
        };
        set(&mut preferences, PreferencesPatch { pinned: Some(true), ..Default::default() }, 5);
        set(&mut preferences, PreferencesPatch { pinned: Some(true), archived: Some(true), ..Default::default() }, 6);
        assert_eq!(preferences.pinned_at, Some(Timestamp(5)), "it is there since then");
        let draft = Some(Some(("half a".into(), Some(Seq(3)))));
        set(&mut preferences, PreferencesPatch { draft, ..Default::default() }, 7);
        let until = Some(Some(Timestamp(9)));
        set(&mut preferences, PreferencesPatch { muted_until: until, pinned: Some(false), ..Default::default() }, 8);
        assert!(preferences.archived && preferences.pinned_at.is_none());
        assert_eq!(preferences.draft.as_ref().map(|draft| (&*draft.text, draft.at)), Some(("half a", Timestamp(7))));
        assert!(preferences.is_muted(Timestamp(8)) && !preferences.is_muted(Timestamp(9)));
        set(&mut preferences, PreferencesPatch { muted_until: until, ..Default::default() }, 9);
        assert_eq!(preferences.muted_until, None, "that is over");
    }

    #[test]
    fn what_is_still_to_come_is_neither_cleared_nor_hidden() {
        let mut preferences = Preferences::default();
        let upto =
            |seq| PreferencesPatch { cleared_upto: Some(Seq(seq)), hidden_upto: Some(Seq(seq)), ..Default::default() };
        preferences.apply(&upto(99), Timestamp(1), Seq(10));
        assert_eq!((preferences.cleared_upto, preferences.hidden_upto), (Seq(10), Seq(10)));
        preferences.apply(&upto(7), Timestamp(1), Seq(10));
        assert_eq!(preferences.cleared_upto, Seq(10), "it never goes back");
        assert!(preferences.is_hidden(Seq(10)) && !preferences.is_hidden(Seq(11)));
        assert!(!Preferences::default().is_hidden(Seq(0)));
    }
}
