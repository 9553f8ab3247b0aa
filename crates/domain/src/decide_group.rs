//! What a command on a group leads to. Whether the actor may is [`crate::permission`]'s; here is what is left of it.

use crate::conversation::Conversation;
use crate::decide::{Facts, Rejection, sent_at};
use crate::group::{Asking, For, GroupChange, GroupCommand, Link, LinkId, end};
use crate::member::{Member, Role, UserRef};
use crate::permission::{Action, check};
use stonechat_types::id::ConversationKind;
use stonechat_types::limits::{ASKING_MAX, BANS_MAX, CHANNEL_MEMBERS_MAX, GROUP_MEMBERS_MAX, LINKS_MAX};
use stonechat_types::number::Timestamp;

/// Who asks, of what, and when.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The conversation.
    pub state: &'a Conversation,
    /// The memberships that the command names.
    pub facts: &'a Facts,
    /// The actor.
    pub actor: &'a UserRef,
    /// The time.
    pub now: Timestamp,
}

impl Asked<'_> {
    /// Whether the actor may.
    ///
    /// # Errors
    /// [`Rejection`], by the table of permissions.
    pub fn may(&self, action: Action) -> Result<(), Rejection> {
        check(self.state, self.facts.get(&self.actor.no), action, self.now)
    }

    fn member(&self, user: &UserRef) -> Option<&Member> {
        self.facts.get(&user.no).filter(|member| member.is_active())
    }

    fn target(&self, user: &UserRef) -> Result<&Member, Rejection> {
        self.member(user).ok_or(Rejection::TargetNotAMember)
    }

    fn asking(&self, user: &UserRef) -> Asking {
        self.facts.get(&user.no).map_or(Asking::Nothing, |member| member.asking)
    }

    /// Whether the actor is an owner, and the only one.
    #[must_use]
    pub fn is_last_owner(&self) -> bool {
        self.state.owners == 1 && self.member(self.actor).is_some_and(|me| me.role == Role::Owner)
    }
}

/// The members that a conversation may have.
#[must_use]
pub fn members_max(kind: ConversationKind) -> u32 {
    if kind == ConversationKind::Channel { CHANNEL_MEMBERS_MAX } else { GROUP_MEMBERS_MAX }
}

/// What a command leads to; `None` when nothing has to change.
///
/// # Errors
/// [`Rejection`], by rule.
pub fn decide_group(asked: Asked<'_>, command: &GroupCommand) -> Result<Option<GroupChange>, Rejection> {
    let state = asked.state;
    Ok(match command {
        GroupCommand::SetInfo(patch) => {
            asked.may(Action::EditInfo)?;
            let info = patch.applied(&state.info);
            (info != state.info).then_some(GroupChange::InfoChanged(info))
        }
        GroupCommand::ChangeSettings(patch) => {
            asked.may(Action::ChangeSettings)?;
            // Who may write is what makes a channel one.
            if state.kind() == ConversationKind::Channel && patch.speak.is_some_and(|who| who != state.settings.speak) {
                return Err(Rejection::WrongKind);
            }
            let settings = patch.applied(state.settings);
            (settings != state.settings).then_some(GroupChange::SettingsChanged(settings))
        }
        GroupCommand::TransferOwner(user) => {
            asked.may(Action::TransferOwner)?;
            let target = asked.target(user)?;
            (user.no != asked.actor.no).then(|| GroupChange::OwnerChanged(target.user.clone()))
        }
        GroupCommand::LeaveTo(user) => return leave_to(asked, user),
        GroupCommand::Dissolve => {
            asked.may(Action::Dissolve)?;
            Some(GroupChange::Dissolved)
        }
        GroupCommand::Mute(measure) => return mute(asked, measure),
        GroupCommand::Unmute(user) => {
            asked.may(Action::MuteMember)?;
            let target = asked.target(user)?;
            asked.may(if target.role >= Role::Admin { Action::MuteAdmin } else { Action::MuteMember })?;
            (target.muted_until > Timestamp::default()).then(|| GroupChange::Unmuted(target.user.clone()))
        }
        GroupCommand::Ban(measure) => return ban(asked, measure),
        GroupCommand::LiftBan(user) => {
            asked.may(Action::LiftBan)?;
            let banned = asked.facts.get(&user.no).filter(|target| target.banned_until > Timestamp::default());
            banned.map(|target| GroupChange::BanLifted(target.user.clone()))
        }
        GroupCommand::SetNickname(nickname) => {
            asked.may(Action::SetNickname)?;
            let same = asked.member(asked.actor).is_some_and(|me| me.nickname == *nickname);
            (!same).then(|| GroupChange::NicknameChanged(nickname.clone()))
        }
        GroupCommand::Announce(text) => {
            asked.may(Action::Announce)?;
            let nothing = text.is_none() && state.announcement.0 == 0;
            (!nothing).then(|| GroupChange::Announced(text.clone()))
        }
        GroupCommand::Join(link) => {
            match link {
                Some(id) => by_link(asked, *id)?,
                None => asked.may(Action::Join)?,
            }
            if asked.member(asked.actor).is_some() {
                return Ok(None);
            }
            if state.members >= members_max(state.kind()) {
                return Err(Rejection::TooManyMembers);
            }
            Some(GroupChange::Joined(*link))
        }
        GroupCommand::Apply(_) => {
            asked.may(Action::Apply)?;
            // Who is in has what he wants.
            if asked.member(asked.actor).is_some() || asked.asking(asked.actor) == Asking::Applied {
                return Ok(None);
            }
            if state.applications >= ASKING_MAX {
                return Err(Rejection::TooMany);
            }
            Some(GroupChange::Applied)
        }
        // See `decide`: it is a change of members.
        GroupCommand::AcceptApplication(_) => return Err(Rejection::WrongKind),
        GroupCommand::DeclineApplication(user) => {
            asked.may(Action::DecideApplication)?;
            let applied = asked.asking(user) == Asking::Applied;
            applied.then(|| GroupChange::ApplicationDeclined(user.clone()))
        }
        GroupCommand::Invite(user) => return invite(asked, user),
        GroupCommand::DeclineInvitation => {
            asked.may(Action::DeclineInvitation)?;
            (asked.asking(asked.actor) == Asking::Invited).then_some(GroupChange::InvitationDeclined)
        }
        GroupCommand::MakeLink { id, lasts_ms, uses } => {
            asked.may(Action::MakeLink)?;
            let now = sent_at(state, asked.now);
            if state.links.iter().any(|link| link.id == *id) {
                return Err(Rejection::AlreadyExists);
            }
            if state.links.iter().filter(|link| link.is_good(now)).count() >= LINKS_MAX {
                return Err(Rejection::TooMany);
            }
            Some(GroupChange::LinkMade(Link { id: *id, until: end(now, *lasts_ms), left: *uses }))
        }
        GroupCommand::RevokeLink(id) => {
            asked.may(Action::RevokeLink)?;
            state.links.iter().any(|link| link.id == *id).then_some(GroupChange::LinkRevoked(*id))
        }
    })
}

/// Whoever has the token of a link may join, whatever the group's mode is, unless he is kept out.
fn by_link(asked: Asked<'_>, id: LinkId) -> Result<(), Rejection> {
    let Asked { state, facts, actor, now } = asked;
    let link = state.links.iter().find(|link| link.id == id && link.is_good(now));
    if !state.exists() || state.has_ended() || link.is_none() {
        return Err(Rejection::NoSuchLink);
    }
    if facts.get(&actor.no).is_some_and(|me| me.is_banned(now)) {
        return Err(Rejection::Banned);
    }
    Ok(())
}

fn invite(asked: Asked<'_>, user: &UserRef) -> Result<Option<GroupChange>, Rejection> {
    asked.may(Action::AddMember)?;
    if asked.facts.get(&user.no).is_some_and(|it| it.is_banned(asked.now)) {
        return Err(Rejection::Banned);
    }
    if asked.member(user).is_some() || asked.asking(user) == Asking::Invited {
        return Ok(None);
    }
    if asked.state.invitations >= ASKING_MAX {
        return Err(Rejection::TooMany);
    }
    Ok(Some(GroupChange::Invited(user.clone())))
}

/// Named by the last owner, another is owner in his place; otherwise it is a leave like any other.
fn leave_to(asked: Asked<'_>, user: &UserRef) -> Result<Option<GroupChange>, Rejection> {
    asked.may(Action::Leave)?;
    let target = asked.target(user)?;
    if user.no == asked.actor.no {
        return Err(Rejection::LastOwner);
    }
    if !asked.is_last_owner() {
        return Err(Rejection::Forbidden);
    }
    Ok(Some(GroupChange::OwnerLeft(target.user.clone())))
}

fn mute(asked: Asked<'_>, measure: &For) -> Result<Option<GroupChange>, Rejection> {
    asked.may(Action::MuteMember)?;
    let target = asked.target(&measure.user)?;
    asked.may(if target.role >= Role::Admin { Action::MuteAdmin } else { Action::MuteMember })?;
    if measure.user.no == asked.actor.no {
        return Err(Rejection::Forbidden);
    }
    Ok(Some(GroupChange::Muted(measure.from(sent_at(asked.state, asked.now)))))
}

fn ban(asked: Asked<'_>, measure: &For) -> Result<Option<GroupChange>, Rejection> {
    asked.may(Action::BanMember)?;
    if let Some(target) = asked.member(&measure.user) {
        asked.may(if target.role >= Role::Admin { Action::BanAdmin } else { Action::BanMember })?;
    }
    if measure.user.no == asked.actor.no {
        return Err(Rejection::Forbidden);
    }
    let is_new = asked.facts.get(&measure.user.no).is_none_or(|it| it.banned_until == Timestamp::default());
    if is_new && asked.state.bans >= BANS_MAX {
        return Err(Rejection::TooMany);
    }
    let removed = asked.member(&measure.user).is_some();
    Ok(Some(GroupChange::Banned { measure: measure.from(sent_at(asked.state, asked.now)), removed }))
}
