//! What a group or a channel is besides its members: what it says of itself, its settings, and what changes them.

use crate::kind::EventKind;
use crate::member::UserRef;
use bytes::Bytes;
use stonechat_types::id::ConversationKind;
use stonechat_types::number::Timestamp;
use stonechat_types::text::{Announcement, AvatarRef, Description, Nickname, Reason};

/// A time that never comes: for good.
pub const FOR_GOOD: Timestamp = Timestamp(i64::MAX);

/// Which members may do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// All of them.
    Everybody,
    /// Admins and owners.
    Admins,
}

/// How somebody becomes a member by himself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinMode {
    /// Not at all: members add others.
    Invitation,
    /// An admin has to agree.
    Approval,
    /// At once.
    Open,
}

/// What members may do, and what they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Who may write.
    pub speak: Who,
    /// Who may add others.
    pub invite: Who,
    /// Who may change the title, the description, the avatar and the extension.
    pub edit_info: Who,
    /// Who may mention everybody at once.
    pub mention_all: Who,
    /// Who may pin messages.
    pub pin: Who,
    /// How one joins.
    pub join: JoinMode,
    /// Whether a newcomer sees what was said before he came.
    pub history: bool,
    /// Whether members see how far others have read.
    pub receipts: bool,
    /// Whether only admins see who the members are.
    pub members_hidden: bool,
}

impl Settings {
    /// Whether members are told how far others have read. Who is hidden is not named by it.
    #[must_use]
    pub const fn tells_receipts(&self) -> bool {
        self.receipts && !self.members_hidden
    }

    /// Those that a conversation begins with.
    #[must_use]
    pub const fn of(kind: ConversationKind) -> Self {
        let group = Self {
            speak: Who::Everybody,
            invite: Who::Admins,
            edit_info: Who::Admins,
            mention_all: Who::Admins,
            pin: Who::Admins,
            join: JoinMode::Invitation,
            history: false,
            receipts: true,
            members_hidden: false,
        };
        match kind {
            ConversationKind::Channel => Self {
                speak: Who::Admins,
                join: JoinMode::Open,
                history: true,
                receipts: false,
                members_hidden: true,
                ..group
            },
            ConversationKind::Direct => Self { mention_all: Who::Everybody, pin: Who::Everybody, ..group },
            ConversationKind::Group | ConversationKind::Room | ConversationKind::Support => group,
        }
    }
}

/// Settings to change; the others stay, so that two admins who change different ones do not undo each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SettingsPatch {
    /// Of [`Settings`].
    pub speak: Option<Who>,
    /// Of [`Settings`].
    pub invite: Option<Who>,
    /// Of [`Settings`].
    pub edit_info: Option<Who>,
    /// Of [`Settings`].
    pub mention_all: Option<Who>,
    /// Of [`Settings`].
    pub pin: Option<Who>,
    /// Of [`Settings`].
    pub join: Option<JoinMode>,
    /// Of [`Settings`].
    pub history: Option<bool>,
    /// Of [`Settings`].
    pub receipts: Option<bool>,
    /// Of [`Settings`].
    pub members_hidden: Option<bool>,
}

impl SettingsPatch {
    /// The settings with the changes.
    #[must_use]
    pub fn applied(&self, to: Settings) -> Settings {
        Settings {
            speak: self.speak.unwrap_or(to.speak),
            invite: self.invite.unwrap_or(to.invite),
            edit_info: self.edit_info.unwrap_or(to.edit_info),
            mention_all: self.mention_all.unwrap_or(to.mention_all),
            pin: self.pin.unwrap_or(to.pin),
            join: self.join.unwrap_or(to.join),
            history: self.history.unwrap_or(to.history),
            receipts: self.receipts.unwrap_or(to.receipts),
            members_hidden: self.members_hidden.unwrap_or(to.members_hidden),
        }
    }
}

/// What a group says of itself besides its title.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Info {
    /// What it is about.
    pub description: Option<Description>,
    /// Its picture.
    pub avatar: Option<AvatarRef>,
    /// The app's own data; opaque to the rules.
    pub extension: Bytes,
}

impl Info {
    /// About how many bytes it takes beside itself.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let description = self.description.as_ref().map_or(0, |text| text.as_str().len());
        description + self.avatar.as_ref().map_or(0, |text| text.as_str().len()) + self.extension.len()
    }
}

/// Parts of the info to change; the others stay. The inner `None` takes a part away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InfoPatch {
    /// Of [`Info`].
    pub description: Option<Option<Description>>,
    /// Of [`Info`].
    pub avatar: Option<Option<AvatarRef>>,
    /// Of [`Info`].
    pub extension: Option<Bytes>,
}

impl InfoPatch {
    /// The info with the changes.
    #[must_use]
    pub fn applied(&self, to: &Info) -> Info {
        Info {
            description: self.description.clone().unwrap_or_else(|| to.description.clone()),
            avatar: self.avatar.clone().unwrap_or_else(|| to.avatar.clone()),
            extension: self.extension.clone().unwrap_or_else(|| to.extension.clone()),
        }
    }
}

/// A measure against one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    /// Against whom.
    pub user: UserRef,
    /// Until when; [`FOR_GOOD`] is no end.
    pub until: Timestamp,
    /// Why.
    pub reason: Option<Reason>,
}

/// Whether a user who is no member is about to be one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asking {
    /// He is not.
    #[default]
    Nothing,
    /// He has asked to be let in.
    Applied,
    /// He was asked to come in.
    Invited,
}

/// Names a link by which one joins: the first sixteen bytes of the SHA-256 of its token. Who knows the name cannot join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub [u8; 16]);

/// A link by which one joins. A group has few, so they are a part of its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Which.
    pub id: LinkId,
    /// Until when; [`FOR_GOOD`] is no end.
    pub until: Timestamp,
    /// How many may still join by it; `None` is any number.
    pub left: Option<u32>,
}

impl Link {
    /// Whether somebody may join by it now.
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.until > now && self.left != Some(0)
    }
}

/// What happened to a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupChange {
    /// It says something else of itself: all of it, as it is now.
    InfoChanged(Info),
    /// Its settings are others: all of them, as they are now.
    SettingsChanged(Settings),
    /// The sender gives the group to another, and is an admin from now on.
    OwnerChanged(UserRef),
    /// The sender, the last owner, leaves, and another is owner in his place.
    OwnerLeft(UserRef),
    /// It ends.
    Dissolved,
    /// A member may not write.
    Muted(Measure),
    /// A member may write again.
    Unmuted(UserRef),
    /// A user is kept out.
    Banned {
        /// Who, until when, and why.
        measure: Measure,
        /// Whether he was a member, and is removed.
        removed: bool,
    },
    /// A user is not kept out any more.
    BanLifted(UserRef),
    /// The sender is called something else here; `None` as everywhere.
    NicknameChanged(Option<Nickname>),
    /// What all are to know; `None` is nothing any more.
    Announced(Option<Announcement>),
    /// The sender joined by himself, or by a link.
    Joined(Option<LinkId>),
    /// The sender, who is no member, asks to be let in. What he says of it is for the admins, and not here.
    Applied,
    /// A user is not let in.
    ApplicationDeclined(UserRef),
    /// A user is asked to come in.
    Invited(UserRef),
    /// The sender, who is no member, does not come in.
    InvitationDeclined,
    /// There is a link by which one joins.
    LinkMade(Link),
    /// There is none of that name any more.
    LinkRevoked(LinkId),
}

impl GroupChange {
    /// Its kind in the table.
    #[must_use]
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::InfoChanged(_) => EventKind::InfoChanged,
            Self::SettingsChanged(_) => EventKind::SettingsChanged,
            Self::OwnerChanged(_) => EventKind::OwnerChanged,
            Self::OwnerLeft(_) => EventKind::OwnerLeft,
            Self::Dissolved => EventKind::Dissolved,
            Self::Muted(_) => EventKind::MemberMuted,
            Self::Unmuted(_) => EventKind::MemberUnmuted,
            Self::Banned { .. } => EventKind::MemberBanned,
            Self::BanLifted(_) => EventKind::BanLifted,
            Self::NicknameChanged(_) => EventKind::NicknameChanged,
            Self::Announced(_) => EventKind::Announced,
            Self::Joined(_) => EventKind::Joined,
            Self::Applied => EventKind::Applied,
            Self::ApplicationDeclined(_) => EventKind::ApplicationDeclined,
            Self::Invited(_) => EventKind::Invited,
            Self::InvitationDeclined => EventKind::InvitationDeclined,
            Self::LinkMade(_) => EventKind::LinkMade,
            Self::LinkRevoked(_) => EventKind::LinkRevoked,
        }
    }

    /// The user whose membership it touches besides the sender's.
    #[must_use]
    pub const fn named(&self) -> Option<&UserRef> {
        match self {
            Self::OwnerChanged(user)
            | Self::OwnerLeft(user)
            | Self::Unmuted(user)
            | Self::BanLifted(user)
            | Self::ApplicationDeclined(user)
            | Self::Invited(user) => Some(user),
            Self::Muted(measure) | Self::Banned { measure, .. } => Some(&measure.user),
            Self::InfoChanged(_)
            | Self::SettingsChanged(_)
            | Self::Dissolved
            | Self::NicknameChanged(_)
            | Self::Announced(_)
            | Self::Joined(_)
            | Self::Applied
            | Self::InvitationDeclined
            | Self::LinkMade(_)
            | Self::LinkRevoked(_) => None,
        }
    }
}

/// What is asked for of a group. Users are named as `U` has it: by the app's own name at first, then by both names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupCommand<U = UserRef> {
    /// Say something else of it.
    SetInfo(InfoPatch),
    /// Change settings.
    ChangeSettings(SettingsPatch),
    /// Give it to another member.
    TransferOwner(U),
    /// Leave it to another member.
    LeaveTo(U),
    /// End it.
    Dissolve,
    /// Let a member not write.
    Mute(For<U>),
    /// Let a member write again.
    Unmute(U),
    /// Keep a user out.
    Ban(For<U>),
    /// Keep a user out no longer.
    LiftBan(U),
    /// Be called something else here.
    SetNickname(Option<Nickname>),
    /// Tell all members something, or nothing any more.
    Announce(Option<Announcement>),
    /// Become a member by oneself, or by a link.
    Join(Option<LinkId>),
    /// Ask to be let in, with a word to the admins.
    Apply(Option<Reason>),
    /// Let in whoever asked for it.
    AcceptApplication(U),
    /// Do not.
    DeclineApplication(U),
    /// Ask a user to come in.
    Invite(U),
    /// Do not come in.
    DeclineInvitation,
    /// Make a link by which one joins. How long it is good is said, not until when.
    MakeLink {
        /// Its name.
        id: LinkId,
        /// Milliseconds; `None` is for good.
        lasts_ms: Option<u64>,
        /// How many may join by it; `None` is any number.
        uses: Option<u32>,
    },
    /// Let nobody join by a link any more.
    RevokeLink(LinkId),
}

/// A measure that is asked for. How long is said, not until when: a client's clock is nobody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct For<U = UserRef> {
    /// Against whom.
    pub user: U,
    /// Milliseconds; `None` is for good.
    pub lasts_ms: Option<u64>,
    /// Why.
    pub reason: Option<Reason>,
}

/// When something that begins now ends.
#[must_use]
pub fn end(now: Timestamp, lasts_ms: Option<u64>) -> Timestamp {
    lasts_ms.map_or(FOR_GOOD, |ms| now.plus_ms(i64::try_from(ms).unwrap_or(i64::MAX)))
}

impl For {
    /// The measure, when it begins now.
    #[must_use]
    pub fn from(&self, now: Timestamp) -> Measure {
        let until = end(now, self.lasts_ms);
        Measure { user: self.user.clone(), until, reason: self.reason.clone() }
    }
}

impl<U> GroupCommand<U> {
    /// The user that it names.
    #[must_use]
    pub const fn named(&self) -> Option<&U> {
        match self {
            Self::TransferOwner(user)
            | Self::LeaveTo(user)
            | Self::Unmute(user)
            | Self::LiftBan(user)
            | Self::AcceptApplication(user)
            | Self::DeclineApplication(user)
            | Self::Invite(user) => Some(user),
            Self::Mute(measure) | Self::Ban(measure) => Some(&measure.user),
            Self::SetInfo(_)
            | Self::ChangeSettings(_)
            | Self::Dissolve
            | Self::SetNickname(_)
            | Self::Announce(_)
            | Self::Join(_)
            | Self::Apply(_)
            | Self::DeclineInvitation
            | Self::MakeLink { .. }
            | Self::RevokeLink(_) => None,
        }
    }

    /// The same with another name of the user; `None` when it names one and none is given.
    #[must_use]
    pub fn naming<V>(self, user: Option<V>) -> Option<GroupCommand<V>> {
        let lasting = |it: For<U>, user| For { user, lasts_ms: it.lasts_ms, reason: it.reason };
        Some(match self {
            Self::SetInfo(patch) => GroupCommand::SetInfo(patch),
            Self::ChangeSettings(patch) => GroupCommand::ChangeSettings(patch),
            Self::TransferOwner(_) => GroupCommand::TransferOwner(user?),
            Self::LeaveTo(_) => GroupCommand::LeaveTo(user?),
            Self::Dissolve => GroupCommand::Dissolve,
            Self::Mute(it) => GroupCommand::Mute(lasting(it, user?)),
            Self::Unmute(_) => GroupCommand::Unmute(user?),
            Self::Ban(it) => GroupCommand::Ban(lasting(it, user?)),
            Self::LiftBan(_) => GroupCommand::LiftBan(user?),
            Self::SetNickname(nickname) => GroupCommand::SetNickname(nickname),
            Self::Announce(text) => GroupCommand::Announce(text),
            Self::Join(link) => GroupCommand::Join(link),
            Self::Apply(message) => GroupCommand::Apply(message),
            Self::AcceptApplication(_) => GroupCommand::AcceptApplication(user?),
            Self::DeclineApplication(_) => GroupCommand::DeclineApplication(user?),
            Self::Invite(_) => GroupCommand::Invite(user?),
            Self::DeclineInvitation => GroupCommand::DeclineInvitation,
            Self::MakeLink { id, lasts_ms, uses } => GroupCommand::MakeLink { id, lasts_ms, uses },
            Self::RevokeLink(id) => GroupCommand::RevokeLink(id),
        })
    }
}
