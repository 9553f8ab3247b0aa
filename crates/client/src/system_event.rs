//! What happened to a conversation, as a line between its messages.

use stonechat_domain::group::Settings;
use stonechat_types::id::UserId;
use stonechat_types::number::{Seq, Timestamp};

use crate::state::Role;

/// Something that happened to a conversation. It is nobody's unread, and nothing can be said to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemEvent {
    /// The event.
    pub seq: Seq,
    /// Who did it.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: SystemEventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SystemEventKind {
    /// The group began, with these members beside whom it is by.
    Created(Vec<UserId>),
    /// These came in, added by whom it is by.
    MembersAdded(Vec<UserId>),
    /// Whom it is by came in.
    Joined,
    /// Taken out.
    MemberRemoved(UserId),
    /// Taken out, and kept out.
    MemberBanned(UserId),
    /// Whom it is by went.
    MemberLeft,
    /// He went, and this one is an owner.
    OwnerLeft(UserId),
    /// This one is an owner, and whom it is by an admin.
    OwnerChanged(UserId),
    /// What somebody is now.
    RoleChanged(UserId, Role),
    /// May not write until then; the largest number is for good.
    MemberMuted(UserId, Timestamp),
    /// May write again.
    MemberUnmuted(UserId),
    /// What it is called now.
    Renamed(String),
    /// What it says of itself is different.
    InfoChanged,
    /// All settings, as they are now.
    SettingsChanged(Settings),
    /// What everybody is to know; empty when there is nothing any more.
    Announced(String),
    /// This message is pinned for everybody.
    Pinned(Seq),
    /// It ended.
    Dissolved,
}

impl SystemEventKind {
    /// Its name, as the log has it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        use stonechat_domain::kind::EventKind;
        let kind = match self {
            Self::Created(_) => EventKind::ConversationCreated,
            Self::MembersAdded(_) => EventKind::MembersAdded,
            Self::Joined => EventKind::Joined,
            Self::MemberRemoved(_) => EventKind::MemberRemoved,
            Self::MemberBanned(_) => EventKind::MemberBanned,
            Self::MemberLeft => EventKind::MemberLeft,
            Self::OwnerLeft(_) => EventKind::OwnerLeft,
            Self::OwnerChanged(_) => EventKind::OwnerChanged,
            Self::RoleChanged(..) => EventKind::RoleChanged,
            Self::MemberMuted(..) => EventKind::MemberMuted,
            Self::MemberUnmuted(_) => EventKind::MemberUnmuted,
            Self::Renamed(_) => EventKind::Renamed,
            Self::InfoChanged => EventKind::InfoChanged,
            Self::SettingsChanged(_) => EventKind::SettingsChanged,
            Self::Announced(_) => EventKind::Announced,
            Self::Pinned(_) => EventKind::Pinned,
            Self::Dissolved => EventKind::Dissolved,
        };
        kind.name()
    }

    /// Whom it concerns, besides whom it is by.
    #[must_use]
    pub fn users(&self) -> &[UserId] {
        match self {
            Self::Created(users) | Self::MembersAdded(users) => users,
            Self::MemberRemoved(user)
            | Self::MemberBanned(user)
            | Self::OwnerLeft(user)
            | Self::OwnerChanged(user)
            | Self::RoleChanged(user, _)
            | Self::MemberMuted(user, _)
            | Self::MemberUnmuted(user) => std::slice::from_ref(user),
            Self::Joined
            | Self::MemberLeft
            | Self::Renamed(_)
            | Self::InfoChanged
            | Self::SettingsChanged(_)
            | Self::Announced(_)
            | Self::Pinned(_)
            | Self::Dissolved => &[],
        }
    }
}
