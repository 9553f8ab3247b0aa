//! Whether other users are there, and what the user says of himself for the time being.

use std::sync::Arc;

use eyeball::Subscriber;
use imbl::OrdMap;
use stonechat_types::id::UserId;
use stonechat_types::limits::PRESENCE_SUBSCRIPTIONS_MAX;
use stonechat_types::number::Timestamp;
use stonechat_wire::v1::frame::Body;
use stonechat_wire::v1::{self, Platform};

use crate::account::Account;
use crate::core::command::Command;
use crate::error::{Error, Result};

pub use stonechat_domain::presence::Availability;
pub use stonechat_wire::v1::WhoMaySee;

/// Users who are watched, as far as the server has said something of them.
pub type Presences = OrdMap<UserId, Arc<Presence>>;

/// A user, as the server lets this one see whether he is there. Whoever may not be seen looks like somebody who was never
/// there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Who.
    pub user: UserId,
    /// Whether he is there.
    pub availability: Availability,
    /// The classes of the devices that are connected.
    pub platforms: Vec<Platform>,
    /// When he was there last, to the minute, where he is not and that is shown.
    pub last_seen: Option<Timestamp>,
    /// What he says of himself for the time being.
    pub status: Option<CustomStatus>,
}

/// What a user says of himself for the time being.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomStatus {
    /// One character; empty for none.
    pub emoji: String,
    /// A line; empty for none.
    pub text: String,
    /// Until when it holds; `None` has no end.
    pub until: Option<Timestamp>,
}

/// What the user says of himself for the time being, and who is shown what: the same on all of his devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresenceSettings {
    /// His custom status; look at its end before showing it.
    pub status: Option<CustomStatus>,
    /// Who is shown whether he is there, and his status.
    pub who_may_see: WhoMaySee,
    /// Who, of those, is shown when he was there last.
    pub who_may_see_last_seen: WhoMaySee,
    /// Whether he looks as if he were not there.
    pub invisible: bool,
}

/// A change of them; what it does not name stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PresenceChange {
    /// His custom status; one that says nothing is none.
    pub status: Option<CustomStatus>,
    /// Who is shown whether he is there, and his status. Nobody is shown more of others than he shows them.
    pub who_may_see: Option<WhoMaySee>,
    /// Who, of those, is shown when he was there last.
    pub who_may_see_last_seen: Option<WhoMaySee>,
    /// Whether he looks as if he were not there.
    pub invisible: Option<bool>,
}

impl Default for PresenceSettings {
    /// Those of a user who has never changed them.
    fn default() -> Self {
        let everybody = WhoMaySee::Everybody;
        Self { status: None, who_may_see: everybody, who_may_see_last_seen: everybody, invisible: false }
    }
}

impl Presence {
    pub(crate) fn of(wire: &v1::UserPresence) -> Option<Self> {
        Some(Self {
            user: UserId::new(&wire.user_id).ok()?,
            availability: match wire.availability() {
                v1::Availability::Unspecified | v1::Availability::Offline => Availability::Offline,
                v1::Availability::Away => Availability::Away,
                v1::Availability::Online => Availability::Online,
            },
            platforms: wire.platforms().collect(),
            last_seen: (wire.last_seen > 0).then_some(Timestamp(wire.last_seen)),
            status: wire.status.as_ref().map(CustomStatus::of),
        })
    }
}

impl CustomStatus {
    fn of(wire: &v1::CustomStatus) -> Self {
        let until = (wire.until > 0).then_some(Timestamp(wire.until));
        Self { emoji: wire.emoji.clone(), text: wire.text.clone(), until }
    }

    fn to_wire(&self) -> v1::CustomStatus {
        let until = self.until.map_or(0, |until| until.as_millis().max(1));
        v1::CustomStatus { emoji: self.emoji.clone(), text: self.text.clone(), until }
    }
}

impl PresenceSettings {
    pub(crate) fn of(wire: &v1::PresenceSettings) -> Self {
        Self {
            status: wire.status.as_ref().map(CustomStatus::of),
            who_may_see: wire.who_may_see(),
            who_may_see_last_seen: wire.who_may_see_last_seen(),
            invisible: wire.invisible,
        }
    }
}

impl Account {
    /// Watches whether these users are there, and no others any more: [`Account::presences`] says how it is. The SDK asks
    /// anew with each connection; without one nobody is known to be there. Returns when the server has answered, or at
    /// once without a connection.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for more than [`PRESENCE_SUBSCRIPTIONS_MAX`]; whatever the server answers.
    pub async fn watch_presence(&self, users: &[UserId]) -> Result<()> {
        check(users)?;
        self.inner.ask_done(Command::Watch(users.to_vec())).await
    }

    /// Those who are watched: a value now, and a stream of changes.
    pub fn presences(&self) -> Subscriber<Presences> {
        self.inner.runtime.views().presences()
    }

    /// One of those who are watched; `None` while nothing is known of him.
    #[must_use]
    pub fn presence_of(&self, user: &UserId) -> Option<Arc<Presence>> {
        self.presences().get().get(user).cloned()
    }

    /// Whether these users are there now. Who does not exist is left out.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for more than [`PRESENCE_SUBSCRIPTIONS_MAX`]; whatever the server answers.
    pub async fn fetch_presence(&self, users: &[UserId]) -> Result<Vec<Presence>> {
        check(users)?;
        let user_ids = users.iter().map(ToString::to_string).collect();
        match self.inner.call(Body::GetPresence(v1::GetPresence { user_ids })).await? {
            Body::Presences(found) => Ok(found.presences.iter().filter_map(Presence::of).collect()),
            _ => Err(Error::Protocol("get_presence was answered by another frame".into())),
        }
    }

    /// Says that the user is away from this device, or back; also with each later connection.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn set_away(&self, away: bool) -> Result<()> {
        self.inner.ask_done(Command::Away(away)).await
    }

    /// What the user says of himself for the time being, and who is shown what, as this device knows it: a value now, and a
    /// stream of changes; `None` before it was first set.
    pub fn presence_settings(&self) -> Subscriber<Option<Arc<PresenceSettings>>> {
        self.inner.runtime.views().presence_settings()
    }

    /// Changes them. Every device of the user hears of it.
    ///
    /// # Errors
    /// Whatever the server answers: `invalid_argument` for values outside their rules.
    pub async fn set_presence(&self, change: PresenceChange) -> Result<PresenceSettings> {
        let body = Body::SetPresence(v1::SetPresence {
            command_id: self.inner.runtime.command_id(),
            status: change.status.as_ref().map(CustomStatus::to_wire),
            who_may_see: change.who_may_see.unwrap_or_default().into(),
            who_may_see_last_seen: change.who_may_see_last_seen.unwrap_or_default().into(),
            invisible: change.invisible,
        });
        match self.inner.call(body).await? {
            Body::PresenceSettings(settings) => Ok(PresenceSettings::of(&settings)),
            _ => Err(Error::Protocol("set_presence was answered by another frame".into())),
        }
    }
}

fn check(users: &[UserId]) -> Result<()> {
    if users.len() > PRESENCE_SUBSCRIPTIONS_MAX {
        return Err(Error::argument("users", format!("are at most {PRESENCE_SUBSCRIPTIONS_MAX}")));
    }
    Ok(())
}
