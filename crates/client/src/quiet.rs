//! When the user is not to be disturbed, on all of his devices. Apps ask [`Account::is_quiet`] before they ring.

use std::sync::Arc;

use eyeball::Subscriber;
use stonechat_types::id::ConversationId;
use stonechat_types::number::Timestamp;
use stonechat_wire::v1;
use stonechat_wire::v1::frame::Body;

use crate::account::Account;
use crate::conversation::Conversation;
use crate::core::quiet;
use crate::error::Result;
use crate::send::CommandHandle;

pub use stonechat_domain::quiet::{Days, FOR_GOOD, OffsetChange, Quiet, QuietHours, Window, Zone};

impl Account {
    /// When the user is not to be disturbed: a value now, and a stream of changes.
    pub fn quiet(&self) -> Subscriber<Arc<Quiet>> {
        self.inner.runtime.views().quiet()
    }

    /// Whether he is not to be disturbed now: nobody is notified, whatever comes.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.quiet().get().is_quiet(self.inner.runtime.now())
    }

    /// Sets the windows of his week. It works without a connection. Say in the zone how its offset changes next, as far as
    /// this device knows, and set the windows again when it knows more: the server has no table of zones.
    ///
    /// # Errors
    /// [`crate::error::Error::Store`].
    pub async fn set_quiet_hours(&self, hours: &QuietHours) -> Result<CommandHandle> {
        let set = v1::SetQuiet { hours: Some(quiet::hours_to_wire(hours)), ..v1::SetQuiet::default() };
        self.set_quiet(set).await
    }

    /// Disturbs him no more until a time ([`FOR_GOOD`] has no end), or again.
    ///
    /// # Errors
    /// [`crate::error::Error::Store`].
    pub async fn pause_until(&self, until: Option<Timestamp>) -> Result<CommandHandle> {
        let paused_until = Some(match until {
            None => 0,
            Some(FOR_GOOD) => -1,
            Some(until) => until.as_millis().max(1),
        });
        self.set_quiet(v1::SetQuiet { paused_until, ..v1::SetQuiet::default() }).await
    }

    async fn set_quiet(&self, set: v1::SetQuiet) -> Result<CommandHandle> {
        // What is of no conversation waits in the lane of the one with himself.
        let id = ConversationId::direct(self.inner.config.app_id, &self.inner.user, &self.inner.user);
        let lane = Conversation { inner: self.inner.clone(), id, peer: None };
        lane.queue(Body::SetQuiet(set), None).await
    }
}
