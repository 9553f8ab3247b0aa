//! Users, what they tell of themselves, and what they are to each other.

use bytes::Bytes;
use std::sync::Arc;
use stonechat_domain::relation::{Declined, RelationCommand, Remarks, Request, WhoMayAdd, WhoMayMessage};
use stonechat_types::fields::{Fields, FieldsError};
use stonechat_types::id::{CommandId, UserId, Username};
use stonechat_types::number::Timestamp;
use stonechat_types::text::{DisplayName, Note};

/// What is done to a value that may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// It stays.
    #[default]
    Keep,
    /// It goes.
    Clear,
    /// It is this from now on.
    Set(T),
}

impl<T: Clone> Patch<T> {
    /// Does it.
    pub fn apply(&self, value: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *value = None,
            Self::Set(new) => *value = Some(new.clone()),
        }
    }
}

/// A change of what a user tells of himself. What it does not name stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfilePatch {
    /// What people call him.
    pub name: Patch<DisplayName>,
    /// The name that he chose.
    pub username: Patch<Username>,
    /// Where his picture is.
    pub avatar: Patch<Arc<str>>,
    /// Fields for everybody; `None` removes one.
    pub public: Vec<(String, Option<String>)>,
    /// Fields for himself; `None` removes one.
    pub private: Vec<(String, Option<String>)>,
    /// Who may write to him.
    pub who_may_message: Option<WhoMayMessage>,
    /// Who may become his contact.
    pub who_may_add: Option<WhoMayAdd>,
    /// What he asks of those who want to be his contacts.
    pub question: Patch<Note>,
}

impl ProfilePatch {
    /// One that only names the user.
    #[must_use]
    pub fn named(name: Option<DisplayName>) -> Self {
        Self { name: name.map_or(Patch::Keep, Patch::Set), ..Self::default() }
    }

    /// Does what it says to a map.
    ///
    /// # Errors
    /// [`FieldsError`], by rule.
    pub(crate) fn apply(fields: &mut Fields, changes: &[(String, Option<String>)]) -> Result<(), FieldsError> {
        // What goes makes room for what comes.
        let (gone, set): (Vec<_>, Vec<_>) = changes.iter().partition(|(_, value)| value.is_none());
        gone.into_iter().chain(set).try_for_each(|(name, value)| fields.set(name, value.as_deref()))
    }
}

/// A change of the caller's own profile.
#[derive(Clone, Debug)]
pub struct SetProfile {
    /// The client's id of the command.
    pub command_id: CommandId,
    /// What.
    pub patch: ProfilePatch,
}

/// A user as others see him.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileView {
    /// The app's own name.
    pub id: UserId,
    /// What people call him.
    pub name: Option<DisplayName>,
    /// The name that he chose.
    pub username: Option<Username>,
    /// Where his picture is.
    pub avatar: Option<Arc<str>>,
    /// Fields for everybody.
    pub public: Fields,
    /// When last something changed. Of two views of a user, the one with the larger is newer.
    pub changed_at: Timestamp,
    /// What he asks of those who want to be his contacts, when he asks something.
    pub question: Option<Note>,
}

/// Users, in the order in which they were asked for.
#[derive(Clone, Debug, Default)]
pub struct UsersPage {
    /// Those that exist.
    pub users: Vec<ProfileView>,
    /// Whether whoever was asked for behind the last of them is to be asked for again.
    pub more: bool,
}

/// A user as he sees himself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnProfile {
    /// What others see, with his question whether he uses it or not.
    pub profile: ProfileView,
    /// Fields for himself.
    pub private: Fields,
    /// Who may write to him.
    pub who_may_message: WhoMayMessage,
    /// Who may become his contact.
    pub who_may_add: WhoMayAdd,
}

/// A command about another user.
#[derive(Clone, Debug)]
pub struct Relate {
    /// The client's id of the command.
    pub command_id: CommandId,
    /// The other.
    pub peer: UserId,
    /// What.
    pub command: RelationCommand,
}

/// What a user and another are to each other, as the user sees it. Whether the other blocks him he does not see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationView {
    /// The other.
    pub peer: UserId,
    /// Since when they are contacts.
    pub contacts_since: Option<Timestamp>,
    /// Since when the user blocks the other.
    pub blocks_since: Option<Timestamp>,
    /// What the other asked.
    pub incoming: Option<Request>,
    /// What the user asked.
    pub outgoing: Option<Request>,
    /// How what the user asked last was declined.
    pub declined: Option<Declined>,
    /// What the user notes of the other.
    pub remarks: Remarks,
}

impl RelationView {
    /// Whether it says nothing: what was asked, declined, noted or blocked is over.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { peer: _, contacts_since, blocks_since, incoming, outgoing, declined, remarks } = self;
        let asked = incoming.is_some() || outgoing.is_some() || declined.is_some();
        contacts_since.is_none() && blocks_since.is_none() && !asked && *remarks == Remarks::default()
    }
}

/// Which relations are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RelationFilter {
    /// All.
    #[default]
    All,
    /// Contacts.
    Contacts,
    /// Those with a request, whoever made it.
    Requests,
    /// Those whom the user blocks.
    Blocked,
}

impl RelationFilter {
    /// Whether a relation is one of them.
    #[must_use]
    pub const fn takes(self, relation: &RelationView) -> bool {
        match self {
            Self::All => true,
            Self::Contacts => relation.contacts_since.is_some(),
            Self::Requests => relation.incoming.is_some() || relation.outgoing.is_some(),
            Self::Blocked => relation.blocks_since.is_some(),
        }
    }
}

/// Which relations are wanted.
#[derive(Clone, Debug)]
pub struct ListRelations {
    /// Which.
    pub filter: RelationFilter,
    /// Where the list goes on; empty at the start.
    pub page: Bytes,
    /// Relations at most; 0 for the default.
    pub limit: u32,
}

/// Relations of the caller, by the ids of the others.
#[derive(Clone, Debug, Default)]
pub struct RelationsPage {
    /// The relations.
    pub relations: Vec<RelationView>,
    /// Where it goes on; empty at the end.
    pub next: Bytes,
}
