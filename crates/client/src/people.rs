//! Users, what they tell of themselves, and what the user and others are to each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use eyeball::Subscriber;
use imbl::OrdMap;
use stonechat_types::id::{UserId, Username};
use stonechat_types::number::Timestamp;
use stonechat_wire::v1::frame::Body;
use stonechat_wire::v1::relate::Change;
use stonechat_wire::v1::{self};

use crate::account::Account;
use crate::error::{Error, Result};
use crate::state::Device;

pub use stonechat_wire::v1::{WhoMayAdd, WhoMayMessage};

/// What the user and others are to each other, by the others.
pub type Relations = OrdMap<UserId, Arc<Relation>>;

/// The devices of the user, by their ids.
pub type Devices = OrdMap<String, Arc<Device>>;

/// A user as others see him.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserProfile {
    /// The app's own name of him.
    pub id: UserId,
    /// What people call him; empty when nobody said.
    pub display_name: String,
    /// The name that he chose.
    pub username: Option<Username>,
    /// Where his picture is, as the app wrote it; empty when he has none.
    pub avatar: String,
    /// Fields of the app that everybody sees.
    pub public_fields: BTreeMap<String, String>,
    /// When last something of it changed. Of two versions of a user the larger is newer.
    pub changed_at: Timestamp,
    /// What he asks of those who want to be his contacts; empty when he asks nothing.
    pub question: String,
}

/// The user as he sees himself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// What others see.
    pub user: UserProfile,
    /// Fields of the app that only he sees.
    pub private_fields: BTreeMap<String, String>,
    /// Who may write to him.
    pub who_may_message: WhoMayMessage,
    /// Who may become his contact.
    pub who_may_add: WhoMayAdd,
}

/// A change of the own profile. What it does not name stays; an empty text removes a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// What people call him.
    pub display_name: Option<String>,
    /// The name that he chose: unique in the app.
    pub username: Option<String>,
    /// Where his picture is.
    pub avatar: Option<String>,
    /// Fields that everybody sees; `None` removes one.
    pub public_fields: BTreeMap<String, Option<String>>,
    /// Fields that only he sees; `None` removes one.
    pub private_fields: BTreeMap<String, Option<String>>,
    /// Who may write to him.
    pub who_may_message: Option<WhoMayMessage>,
    /// Who may become his contact.
    pub who_may_add: Option<WhoMayAdd>,
    /// What he asks of those who want to be his contacts.
    pub question: Option<String>,
}

/// What the user and another are to each other. Whether the other blocks the user is not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// The other.
    pub user: UserId,
    /// Since when they are contacts.
    pub contacts_since: Option<Timestamp>,
    /// Since when the user blocks the other.
    pub blocks_since: Option<Timestamp>,
    /// What the other asked, while it is not answered.
    pub incoming: Option<ContactRequest>,
    /// What the user asked, while it is not answered.
    pub outgoing: Option<ContactRequest>,
    /// How what the user asked last was declined: why, which may be empty, and when.
    pub declined: Option<(String, Timestamp)>,
    /// What the user notes of the other.
    pub remarks: Remarks,
}

/// A request to become contacts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactRequest {
    /// What it says.
    pub message: String,
    /// The answer to the question of who is asked.
    pub answer: String,
    /// When it was made.
    pub at: Timestamp,
}

/// What the user notes of another, for himself, on all of his devices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remarks {
    /// What he calls him; empty for nothing of his own.
    pub alias: String,
    /// How he sorts him.
    pub tags: BTreeSet<String>,
    /// What the app keeps.
    pub extension: BTreeMap<String, String>,
}

impl Relation {
    /// Whether they are contacts.
    #[must_use]
    pub const fn is_contact(&self) -> bool {
        self.contacts_since.is_some()
    }

    /// Whether the user blocks the other.
    #[must_use]
    pub const fn is_blocked(&self) -> bool {
        self.blocks_since.is_some()
    }

    pub(crate) fn of(wire: &v1::Relation) -> Option<Self> {
        let request = |request: &v1::ContactRequest| ContactRequest {
            message: request.message.clone(),
            answer: request.answer.clone(),
            at: Timestamp(request.at),
        };
        let remarks = wire.remarks.clone().unwrap_or_default();
        Some(Self {
            user: UserId::new(&wire.user_id).ok()?,
            contacts_since: since(wire.contacts_since),
            blocks_since: since(wire.blocks_since),
            incoming: wire.incoming.as_ref().map(request),
            outgoing: wire.outgoing.as_ref().map(request),
            declined: wire.declined.as_ref().map(|it| (it.reason.clone(), Timestamp(it.at))),
            remarks: Remarks {
                alias: remarks.alias,
                tags: remarks.tags.into_iter().collect(),
                extension: remarks.extension,
            },
        })
    }
}

fn since(time: i64) -> Option<Timestamp> {
    (time != 0).then_some(Timestamp(time))
}

impl UserProfile {
    pub(crate) fn of(wire: &v1::User) -> Option<Self> {
        Some(Self {
            id: UserId::new(&wire.user_id).ok()?,
            display_name: wire.display_name.clone(),
            username: Username::new(&wire.username).ok(),
            avatar: wire.avatar.clone(),
            public_fields: wire.public_fields.clone(),
            changed_at: Timestamp(wire.changed_at),
            question: wire.question.clone(),
        })
    }
}

impl Profile {
    pub(crate) fn of(wire: &v1::Profile) -> Option<Self> {
        Some(Self {
            user: UserProfile::of(wire.user.as_ref()?)?,
            private_fields: wire.private_fields.clone(),
            who_may_message: wire.who_may_message(),
            who_may_add: wire.who_may_add(),
        })
    }
}

impl Account {
    /// The own profile as this device knows it, a value now and a stream of changes; `None` before it was first set.
    pub fn profile(&self) -> Subscriber<Option<Arc<Profile>>> {
        self.inner.runtime.views().profile()
    }

    /// Changes the own profile. Every device of the user hears of it.
    ///
    /// # Errors
    /// Whatever the server answers: `already_exists` for a username that another user has, `invalid_argument` for
    /// values outside their rules.
    pub async fn set_profile(&self, change: ProfileChange) -> Result<Profile> {
        let (public_fields, remove_public_fields) = split(change.public_fields);
        let (private_fields, remove_private_fields) = split(change.private_fields);
        let body = Body::SetProfile(v1::SetProfile {
            command_id: self.inner.runtime.command_id(),
            display_name: change.display_name,
            username: change.username,
            avatar: change.avatar,
            public_fields,
            remove_public_fields,
            private_fields,
            remove_private_fields,
            who_may_message: change.who_may_message.unwrap_or_default().into(),
            who_may_add: change.who_may_add.unwrap_or_default().into(),
            question: change.question,
        });
        match self.inner.call(body).await? {
            Body::Profile(profile) => Profile::of(&profile).ok_or_else(|| Error::Protocol("a bad profile".into())),
            _ => Err(Error::Protocol("set_profile was answered by another frame".into())),
        }
    }

    /// Users as the server knows them now. Who does not exist is left out.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn users(&self, users: &[UserId]) -> Result<Vec<UserProfile>> {
        let mut left: Vec<String> = users.iter().map(ToString::to_string).collect();
        let mut found = Vec::new();
        loop {
            let page = self.get_users(v1::GetUsers { user_ids: left.clone(), usernames: Vec::new() }).await?;
            let last = page.users.last().map(|user| user.user_id.clone());
            found.extend(page.users.iter().filter_map(UserProfile::of));
            let at = last.and_then(|last| left.iter().position(|user| *user == last));
            let Some(at) = at.filter(|_| page.more) else { return Ok(found) };
            left.drain(..=at);
        }
    }

    /// The user who chose a name.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn user_named(&self, name: &Username) -> Result<Option<UserProfile>> {
        let get = v1::GetUsers { user_ids: Vec::new(), usernames: vec![name.to_string()] };
        Ok(self.get_users(get).await?.users.first().and_then(UserProfile::of))
    }

    async fn get_users(&self, get: v1::GetUsers) -> Result<v1::Users> {
        match self.inner.call(Body::GetUsers(get)).await? {
            Body::Users(page) => Ok(page),
            _ => Err(Error::Protocol("get_users was answered by another frame".into())),
        }
    }

    /// What the user and others are to each other, as this device knows it: a value now, and a stream of changes.
    pub fn relations(&self) -> Subscriber<Relations> {
        self.inner.runtime.views().relations()
    }

    /// What the user and another are to each other, as this device knows it.
    #[must_use]
    pub fn relation_with(&self, user: &UserId) -> Option<Arc<Relation>> {
        self.relations().get().get(user).cloned()
    }

    /// Blocks a user: his messages and requests are refused, and he is not told why.
    ///
    /// # Errors
    /// Whatever the server answers: `not_found` when there is no such user.
    pub async fn block(&self, user: &UserId) -> Result<()> {
        self.relate(user, Change::Block(v1::Block {})).await
    }

    /// Lets a user through again.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn unblock(&self, user: &UserId) -> Result<()> {
        self.relate(user, Change::Unblock(v1::Unblock {})).await
    }

    /// Asks a user to become contacts. Where he asked as well, or lets everybody, they are at once.
    ///
    /// # Errors
    /// Whatever the server answers: `recipient_unavailable` when he lets nobody or blocks the user, `invalid_argument`
    /// when his question is not answered.
    pub async fn request_contact(&self, user: &UserId, message: &str, answer: &str) -> Result<()> {
        let request = v1::RequestContact { message: message.into(), answer: answer.into() };
        self.relate(user, Change::Request(request)).await
    }

    /// Becomes contacts, as the other asked.
    ///
    /// # Errors
    /// Whatever the server answers: `not_found` when he took it back.
    pub async fn accept_contact(&self, user: &UserId) -> Result<()> {
        self.relate(user, Change::Accept(v1::AcceptContact {})).await
    }

    /// Declines what another asked. He reads why, where something is said.
    ///
    /// # Errors
    /// Whatever the server answers: `not_found` when there is nothing to decline.
    pub async fn decline_contact(&self, user: &UserId, reason: &str) -> Result<()> {
        self.relate(user, Change::Decline(v1::DeclineContact { reason: reason.into() })).await
    }

    /// Takes back what the user asked.
    ///
    /// # Errors
    /// Whatever the server answers: `not_found` when it was answered before.
    pub async fn withdraw_request(&self, user: &UserId) -> Result<()> {
        self.relate(user, Change::Withdraw(v1::WithdrawRequest {})).await
    }

    /// Is a contact of another no more, on both sides.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn remove_contact(&self, user: &UserId) -> Result<()> {
        self.relate(user, Change::Remove(v1::RemoveContact {})).await
    }

    /// Replaces what the user notes of another.
    ///
    /// # Errors
    /// Whatever the server answers: `invalid_argument` for values outside their rules.
    pub async fn annotate(&self, user: &UserId, remarks: Remarks) -> Result<()> {
        let Remarks { alias, tags, extension } = remarks;
        let remarks = v1::Remarks { alias, tags: tags.into_iter().collect(), extension };
        self.relate(user, Change::Annotate(remarks)).await
    }

    async fn relate(&self, user: &UserId, change: Change) -> Result<()> {
        let command_id = self.inner.runtime.command_id();
        let body = Body::Relate(v1::Relate { command_id, user_id: user.to_string(), change: Some(change) });
        self.inner.call(body).await.map(drop)
    }
}

pub(crate) fn split(changes: BTreeMap<String, Option<String>>) -> (BTreeMap<String, String>, Vec<String>) {
    let (mut set, mut removed) = (BTreeMap::new(), Vec::new());
    for (name, value) in changes {
        match value {
            Some(value) => drop(set.insert(name, value)),
            None => removed.push(name),
        }
    }
    (set, removed)
}
