//! What happened, and what is asked for.

use crate::group::{GroupChange, GroupCommand};
use crate::kind::EventKind;
use crate::member::{Role, UserRef};
use bytes::Bytes;
use stonechat_types::emoji::Emoji;
use stonechat_types::number::{Ordinal, Seq};
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
    /// A message says something else.
    Edited {
        /// The message.
        target: Seq,
        /// What it says now; `None` where that is not told, since not everybody who hears of it may see the message.
        content: Option<Content>,
    },
    /// An emoji is added to a message, or taken back.
    Reacted {
        /// The message.
        target: Seq,
        /// Which.
        emoji: Emoji,
        /// Whether it is added.
        added: bool,
    },
    /// Something for the app on the devices of the members. People do not see it.
    Commanded(Content),
    /// A message is pinned for everybody, or no longer.
    Pinned {
        /// The message.
        target: Seq,
        /// Its ordinal.
        ordinal: Ordinal,
        /// Whether it is pinned.
        pinned: bool,
    },
    /// A message is taken back. Those who do not hold it are told what their unread needs.
    Recalled {
        /// The message.
        target: Seq,
        /// Its ordinal.
        ordinal: Ordinal,
        /// Who wrote it.
        author: UserRef,
        /// Whether it was sent silently, and so was nobody's unread before.
        silent: bool,
    },
    /// Something of the group besides its members.
    Group(GroupChange),
}

/// What a message says; opaque to the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// What the body is.
    pub body_type: Bytes,
    /// As received.
    pub body: Bytes,
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
            Self::Edited { .. } => EventKind::Edited,
            Self::Reacted { .. } => EventKind::Reacted,
            Self::Recalled { .. } => EventKind::Recalled,
            Self::Pinned { .. } => EventKind::Pinned,
            Self::Group(change) => change.kind(),
            Self::Commanded(_) => EventKind::Command,
        }
    }

    /// The message that it changes, if it changes one.
    #[must_use]
    pub const fn target(&self) -> Option<Seq> {
        match self {
            Self::Edited { target, .. }
            | Self::Reacted { target, .. }
            | Self::Recalled { target, .. }
            | Self::Pinned { target, .. } => Some(*target),
            Self::Created { .. }
            | Self::MembersAdded(_)
            | Self::MemberRemoved(_)
            | Self::MemberLeft
            | Self::Renamed(_)
            | Self::RoleChanged(..)
            | Self::Commanded(_)
            | Self::Group(_) => None,
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
    /// Something of the group besides its members.
    Group(GroupCommand),
    /// Tell the app on the members' devices something.
    Command(Content),
}

/// What a member asks for of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageCommand {
    /// Say something else.
    Edit(Content),
    /// Add an emoji, or take it back.
    React {
        /// Which.
        emoji: Emoji,
        /// Whether to add it.
        add: bool,
    },
    /// Take it back.
    Recall,
    /// Pin it for everybody, or no longer.
    Pin(bool),
}
