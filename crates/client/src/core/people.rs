//! What belongs to the user beside his conversations: his profile, and what he and others are to each other. The newest
//! version of each entry is kept as the server said it.

use std::collections::BTreeMap;
use std::sync::Arc;

use stonechat_domain::deletions::Deletions;
use stonechat_types::id::{ConversationId, UserId};
use stonechat_wire::v1::{self, personal_change};

use crate::core::change::Change;
use crate::core::machine::Core;
use crate::core::rows::StoreOp;
use crate::core::{deletions, played, preferences, quiet, stars};
use crate::group::Asking;
use crate::people::{Profile, Relation};
use crate::presence::PresenceSettings;
use crate::state::Device;

/// Names an entry of personal state among those that are kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKey {
    /// What the user and another are to each other.
    Relation(UserId),
    /// The user's own profile.
    Profile,
    /// What the user prefers in a conversation.
    Preferences(ConversationId),
    /// What the user says of himself for the time being, and who is shown what.
    Presence,
    /// What the user removed from a conversation for himself.
    Deletions(ConversationId),
    /// When the user is not to be disturbed.
    Quiet,
    /// What the user starred in a conversation.
    Stars(ConversationId),
    /// Which voice messages of a conversation were played.
    Plays(ConversationId),
    /// What the user asks of a group, or is asked.
    Asking(ConversationId),
    /// A device of the user.
    Device(String),
}

impl EntryKey {
    /// The key of a change; `None` for one that is not kept here.
    #[must_use]
    pub fn of(change: &v1::PersonalChange) -> Option<Self> {
        match &change.change {
            Some(personal_change::Change::Relation(relation)) => {
                UserId::new(&relation.user_id).ok().map(Self::Relation)
            }
            Some(personal_change::Change::Profile(_)) => Some(Self::Profile),
            Some(personal_change::Change::Presence(_)) => Some(Self::Presence),
            Some(personal_change::Change::Preferences(it)) => it.conversation_id.parse().ok().map(Self::Preferences),
            Some(personal_change::Change::Deletions(it)) => it.conversation_id.parse().ok().map(Self::Deletions),
            Some(personal_change::Change::Quiet(_)) => Some(Self::Quiet),
            Some(personal_change::Change::Stars(it)) => it.conversation_id.parse().ok().map(Self::Stars),
            Some(personal_change::Change::Plays(it)) => it.conversation_id.parse().ok().map(Self::Plays),
            Some(personal_change::Change::Asking(asking)) => asking.conversation_id.parse().ok().map(Self::Asking),
            Some(personal_change::Change::Device(device)) => Some(Self::Device(device.device_id.clone())),
            Some(_) | None => None,
        }
    }

    /// The text of the store.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Relation(user) => format!("relation.{user}"),
            Self::Profile => "profile".to_owned(),
            Self::Presence => "presence".to_owned(),
            Self::Preferences(id) => format!("preferences.{id}"),
            Self::Deletions(id) => format!("deletions.{id}"),
            Self::Quiet => "quiet".to_owned(),
            Self::Stars(id) => format!("stars.{id}"),
            Self::Plays(id) => format!("plays.{id}"),
            Self::Asking(conversation) => format!("asking.{conversation}"),
            Self::Device(device) => format!("device.{device}"),
        }
    }
}

/// Raised with every kind of personal state, and every field of one, that this client learns to know: a store of an older
/// client passed over it, and is told all of it once more.
pub const PERSONAL_KINDS: u8 = 1;

/// The newest version of each entry, by its key, with the number of its change.
#[derive(Debug, Default)]
pub struct Entries(BTreeMap<EntryKey, u64>);

impl Core {
    /// Tells what the store holds.
    pub(super) fn tell_people(&mut self, entries: Vec<v1::PersonalChange>) {
        for change in entries {
            self.keep_entry(&change);
            if let Some((id, deletions)) = deletions_in(&change) {
                self.know_deletions(id, change.personal_seq, deletions);
            }
        }
    }

    /// Takes a change of the user's own that is kept as it is; one that is older than what is here changes nothing.
    pub(super) fn on_entry(&mut self, change: &v1::PersonalChange) {
        if self.keep_entry(change)
            && let Some(key) = EntryKey::of(change)
        {
            self.journal.write(StoreOp::PutEntry(key.text(), Box::new(change.clone())));
            if let Some((id, deletions)) = deletions_in(change) {
                self.take_deletions(id, change.personal_seq, deletions);
            }
        }
    }

    fn keep_entry(&mut self, change: &v1::PersonalChange) -> bool {
        let Some(key) = EntryKey::of(change) else { return false };
        let newest = self.entries.0.entry(key).or_insert(0);
        if *newest >= change.personal_seq {
            return false;
        }
        *newest = change.personal_seq;
        match &change.change {
            Some(personal_change::Change::Relation(relation)) => {
                if let Some(relation) = Relation::of(relation) {
                    self.journal.tell(Change::Relation(Arc::new(relation)));
                }
            }
            Some(personal_change::Change::Profile(profile)) => {
                if let Some(profile) = Profile::of(profile) {
                    self.journal.tell(Change::Profile(Arc::new(profile)));
                }
            }
            Some(personal_change::Change::Preferences(it)) => {
                if let Some((id, preferences)) = preferences::from_wire(it) {
                    self.preferences.insert(id, preferences);
                    self.touched.insert(id);
                }
            }
            Some(personal_change::Change::Presence(settings)) => {
                self.journal.tell(Change::PresenceSettings(Arc::new(PresenceSettings::of(settings))));
            }
            Some(personal_change::Change::Quiet(it)) => {
                self.quiet = quiet::from_wire(it);
                self.tell_quiet();
            }
            Some(personal_change::Change::Stars(it)) => {
                if let Some((id, stars)) = stars::from_wire(it) {
                    self.stars.insert(id, Arc::new(stars));
                    self.touched.insert(id);
                }
            }
            Some(personal_change::Change::Plays(it)) => {
                if let Some((id, plays)) = played::from_wire(it) {
                    self.plays.insert(id, Arc::new(plays));
                    self.touched.insert(id);
                }
            }
            Some(personal_change::Change::Asking(asking)) => {
                if let Some(asking) = Asking::of(asking) {
                    self.journal.tell(Change::Asking(Arc::new(asking)));
                }
            }
            Some(personal_change::Change::Device(device)) => {
                self.journal.tell(Change::Device(Arc::new(Device::of(device))));
            }
            Some(_) | None => {}
        }
        true
    }

    /// An older client was at work here: what it did not know it passed over, and all is to be told once more.
    pub(super) fn take_entries_again(&mut self) {
        if self.device.kinds < PERSONAL_KINDS
            && !self.device.position.is_empty()
            && let Some(session) = &mut self.session
        {
            session.personal_after = Some(0);
            // Also what has changed since then is not newer than what is here.
            self.entries = Entries::default();
        }
    }

    /// The server has another history: it tells all that there is once more.
    pub(super) fn forget_entries(&mut self) {
        self.entries = Entries::default();
        for id in std::mem::take(&mut self.preferences).into_keys() {
            self.touched.insert(id);
        }
        self.forget_deletions();
        self.touched.extend(std::mem::take(&mut self.stars).into_keys());
        self.touched.extend(std::mem::take(&mut self.plays).into_keys());
        self.quiet = Default::default();
        self.tell_quiet();
        self.journal.tell(Change::PeopleGone);
    }
}

fn deletions_in(change: &v1::PersonalChange) -> Option<(ConversationId, Deletions)> {
    match &change.change {
        Some(personal_change::Change::Deletions(it)) => deletions::from_wire(it),
        Some(_) | None => None,
    }
}
