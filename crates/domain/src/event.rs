//! What happened, and what is asked for.

use crate::kind::EventKind;
use crate::member::{Role, UserRef};
use stonechat_types::number::Seq;
use stonechat_types::text::Title;

/// The content of an event that is not a message. A message's body is opaque to the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The conversation begins.
    Created {
        /// Of a group.
        title: Option<Title>,
        /// The first members, the creator first.
        members: Vec<UserRef>,
    },
    /// Users join.
    MembersAdded(Vec<UserRef>),
    /// A user is removed.
    MemberRemoved(UserRef),
    /// The sender leaves.
    MemberLeft,
    /// The title changes.
    Renamed(Title),
    /// A role changes.
    RoleChanged(UserRef, Role),
}

impl Change {
    /// Its kind in the table.
    #[must_use]
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::Created { .. } => EventKind::ConversationCreated,
            Self::MembersAdded(_) => EventKind::MembersAdded,
            Self::MemberRemoved(_) => EventKind::MemberRemoved,
            Self::MemberLeft => EventKind::MemberLeft,
            Self::Renamed(_) => EventKind::Renamed,
            Self::RoleChanged(..) => EventKind::RoleChanged,
        }
    }
}

/// What a member asks for, besides sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Begin a conversation.
    Create {
        /// Of a group.
        title: Option<Title>,
        /// The members besides the creator.
        members: Vec<UserRef>,
    },
    /// Let users join.
    AddMembers(Vec<UserRef>),
    /// Remove a user.
    RemoveMember(UserRef),
    /// Leave.
    Leave,
    /// Change the title.
    Rename(Title),
    /// Change a role.
    SetRole(UserRef, Role),
}

/// What a send asks of the rules; the body itself is not theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Send {
    /// The client's own id of it.
    pub key: [u8; 16],
    /// Last seq that the composer had shown.
    pub read_upto: Seq,
}
