//! Whether users are there, and what they say of themselves for the time being.

use stonechat_domain::presence::{PresencePatch, Shown};
use stonechat_types::id::{CommandId, UserId};

/// A change of what the caller says of himself, and of who is shown what.
#[derive(Clone, Debug)]
pub struct SetPresence {
    /// The client's id of the command.
    pub command_id: CommandId,
    /// What.
    pub patch: PresencePatch,
}

/// A user as somebody is shown whether he is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresenceView {
    /// Who.
    pub user: UserId,
    /// What is shown.
    pub shown: Shown,
}

impl PresenceView {
    /// About how many bytes it takes.
    #[must_use]
    pub fn weight(&self) -> usize {
        let status = self.shown.status.as_ref();
        let text = status.and_then(|status| status.text.as_ref());
        32 + self.user.as_str().len() + status.map_or(0, |_| 64) + text.map_or(0, |text| text.as_str().len())
    }
}
