//! What a command leads to. Nothing is changed here; time and ids are given.

use crate::attributes::ReplyTo;
use crate::conversation::Conversation;
use crate::decide_group::{Asked, decide_group, members_max};
use crate::event::{Change, Command};
use crate::group::{Asking, GroupCommand};
use crate::member::{Member, Role, UserRef};
use crate::message::Message;
use crate::permission::{Action, check};
use std::collections::BTreeMap;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::limits::MEMBERS_PER_EVENT_MAX;
use stonechat_types::number::{Timestamp, UserNo};
use stonechat_types::text::Title;

/// The memberships that a command names: the actor's and the targets', present or past. Nobody else is looked at.
pub type Facts = BTreeMap<UserNo, Member>;

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// There is no such conversation.
    NotFound,
    /// The actor is not a member.
    NotAMember,
    /// The actor's role does not allow it.
    Forbidden,
    /// The conversation exists already, otherwise made.
    AlreadyExists,
    /// The group would be too large, or the command names too many.
    TooManyMembers,
    /// The last owner may not go or step down while others are there.
    LastOwner,
    /// The user named is not a member.
    TargetNotAMember,
    /// The kind of conversation has no such command.
    WrongKind,
    /// There is no such message, or the actor may not see it.
    NoSuchMessage,
    /// The time within which it may be done is over.
    TooLate,
    /// There are as many as there may be.
    TooMany,
    /// The other user does not let the actor reach him. Why is not said.
    RecipientUnavailable,
    /// The actor has blocked the other user himself.
    Blocked,
    /// There is no such contact request, or none any more.
    NoSuchRequest,
    /// The other user wants his question answered.
    AnswerMissing,
    /// A user is not his own contact.
    Oneself,
    /// The actor may not write for the time being.
    Muted,
    /// A user is kept out.
    Banned,
    /// The group has ended.
    Dissolved,
    /// There is no such link, or it is not good any more.
    NoSuchLink,
    /// The user named has not asked to be let in.
    NoSuchApplication,
    /// The user may have no more devices, or none more of this class.
    TooManyDevices,
    /// The message is none that the actor could play.
    NothingToPlay,
}

impl Rejection {
    /// The public code.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::NotFound
            | Self::NoSuchLink
            | Self::NoSuchApplication
            | Self::TargetNotAMember
            | Self::NoSuchMessage => ErrorCode::NotFound,
            Self::NotAMember => ErrorCode::NotAMember,
            Self::Forbidden | Self::Banned => ErrorCode::Forbidden,
            Self::Muted => ErrorCode::Muted,
            Self::Dissolved => ErrorCode::Dissolved,
            Self::AlreadyExists => ErrorCode::AlreadyExists,
            Self::TooManyMembers => ErrorCode::TooManyMembers,
            Self::LastOwner => ErrorCode::LastOwner,
            Self::WrongKind | Self::NothingToPlay => ErrorCode::InvalidArgument,
            Self::TooLate => ErrorCode::TooLate,
            Self::TooMany => ErrorCode::TooMany,
            Self::RecipientUnavailable => ErrorCode::RecipientUnavailable,
            Self::Blocked => ErrorCode::Forbidden,
            Self::NoSuchRequest => ErrorCode::NotFound,
            Self::AnswerMissing | Self::Oneself => ErrorCode::InvalidArgument,
            Self::TooManyDevices => ErrorCode::DeviceLimit,
        }
    }

    /// A sentence for developers.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::NotFound => "there is no such conversation",
            Self::NotAMember => "the caller is not a member of the conversation",
            Self::Forbidden => "the caller's role does not allow this",
            Self::AlreadyExists => "the conversation exists already",
            Self::TooManyMembers => "too many members for one event or for the group",
            Self::LastOwner => "the last owner must name another first",
            Self::TargetNotAMember => "the user named is not a member",
            Self::WrongKind => "this kind of conversation has no such command",
            Self::NoSuchMessage => "there is no such message",
            Self::TooLate => "the time within which this may be done to a message is over",
            Self::RecipientUnavailable => "the recipient cannot be reached by the caller",
            Self::Blocked => "the caller has blocked this user",
            Self::NoSuchRequest => "there is no such contact request",
            Self::AnswerMissing => "the user wants a question answered",
            Self::Oneself => "a user cannot be a contact of himself",
            Self::TooMany => "there are as many of these as there may be",
            Self::Muted => "the caller may not write here for the time being",
            Self::Banned => "the user is kept out of the group",
            Self::Dissolved => "the group was dissolved",
            Self::NoSuchLink => "there is no such link, or it is not good any more",
            Self::NoSuchApplication => "the user named has not asked to be let in",
            Self::TooManyDevices => "the user has as many devices as are allowed",
            Self::NothingToPlay => "only voice messages of others are played",
        }
    }
}

/// The time of the next event: the clock, but never before the last event.
#[must_use]
pub fn sent_at(state: &Conversation, now: Timestamp) -> Timestamp {
    now.max(state.last_sent_at)
}

/// Whether the actor may send, and call everybody when the message does.
///
/// # Errors
/// [`Rejection`], by the table of permissions.
pub fn decide_send(
    state: &Conversation,
    actor: Option<&Member>,
    calls_all: bool,
    now: Timestamp,
) -> Result<(), Rejection> {
    if calls_all {
        check(state, actor, Action::MentionAll, now)?;
    }
    check(state, actor, Action::Send, now)
}

/// What a message of the actor answers, when he names this one. What was taken back may still be answered: its place is
/// there.
///
/// # Errors
/// [`Rejection::NoSuchMessage`] when there is none that he may see.
pub fn decide_reply(actor: Option<&Member>, to: Option<&Message>) -> Result<ReplyTo, Rejection> {
    let seen = to.filter(|message| actor.is_some_and(|actor| actor.sees(message.seq)));
    seen.map(|message| ReplyTo { seq: message.seq, ordinal: message.ordinal }).ok_or(Rejection::NoSuchMessage)
}

/// The actor, when he is a member.
///
/// # Errors
/// [`Rejection`] when the conversation or the membership is missing.
pub(crate) fn active<'a>(state: &Conversation, actor: Option<&'a Member>) -> Result<&'a Member, Rejection> {
    match actor.filter(|actor| !actor.intervals.is_empty()) {
        // Who never was a member does not learn that it exists.
        None => Err(Rejection::NotFound),
        Some(_) if !state.exists() => Err(Rejection::NotFound),
        Some(member) if !member.is_active() => Err(Rejection::NotAMember),
        Some(member) => Ok(member),
    }
}

/// What a command leads to; `None` when nothing has to change.
///
/// # Errors
/// [`Rejection`], by rule.
pub fn decide(
    state: &Conversation,
    facts: &Facts,
    actor: &UserRef,
    command: &Command,
    now: Timestamp,
) -> Result<Option<Change>, Rejection> {
    let asked = Asked { state, facts, actor, now };
    match command {
        Command::Create { title, members } => create(state, actor, title, members).map(Some),
        Command::AddMembers(users) => add(asked, users),
        Command::RemoveMember(user) if user.no == actor.no => leave(asked),
        Command::RemoveMember(user) => remove(asked, user),
        Command::Leave => leave(asked),
        Command::Rename(title) => rename(asked, title),
        Command::SetRole(user, role) => set_role(asked, user, *role),
        // Who is let in is added as others are.
        Command::Group(GroupCommand::AcceptApplication(user)) => accept(asked, user).map(Some),
        Command::Group(command) => Ok(decide_group(asked, command)?.map(Change::Group)),
        Command::Command(content) => {
            check(state, facts.get(&actor.no), Action::Send, now)?;
            Ok(Some(Change::Commanded(content.clone())))
        }
    }
}

fn create(
    state: &Conversation,
    actor: &UserRef,
    title: &Option<Title>,
    members: &[UserRef],
) -> Result<Change, Rejection> {
    if state.exists() {
        return Err(Rejection::AlreadyExists);
    }
    let mut all = vec![actor.clone()];
    for user in members {
        if !all.contains(user) {
            all.push(user.clone());
        }
    }
    if all.len() > MEMBERS_PER_EVENT_MAX {
        return Err(Rejection::TooManyMembers);
    }
    Ok(Change::Created { title: title.clone(), members: all })
}

fn add(asked: Asked<'_>, users: &[UserRef]) -> Result<Option<Change>, Rejection> {
    asked.may(Action::AddMember)?;
    let Asked { state, facts, now, .. } = asked;
    let mut new: Vec<UserRef> = Vec::new();
    for user in users {
        let known = facts.get(&user.no);
        if known.is_some_and(|known| known.is_banned(now)) {
            return Err(Rejection::Banned);
        }
        if !known.is_some_and(Member::is_active) && !new.contains(user) {
            new.push(user.clone());
        }
    }
    if new.len() > MEMBERS_PER_EVENT_MAX || state.members as usize + new.len() > members_max(state.kind()) as usize {
        return Err(Rejection::TooManyMembers);
    }
    Ok(if new.is_empty() { None } else { Some(Change::MembersAdded(new)) })
}

fn accept(asked: Asked<'_>, user: &UserRef) -> Result<Change, Rejection> {
    asked.may(Action::DecideApplication)?;
    let applied = asked.facts.get(&user.no).filter(|it| it.asking == Asking::Applied);
    let applicant = applied.ok_or(Rejection::NoSuchApplication)?;
    if asked.state.members >= members_max(asked.state.kind()) {
        return Err(Rejection::TooManyMembers);
    }
    Ok(Change::MembersAdded(vec![applicant.user.clone()]))
}

fn remove(asked: Asked<'_>, user: &UserRef) -> Result<Option<Change>, Rejection> {
    asked.may(Action::RemoveMember)?;
    let was_here = |target: &&Member| !target.intervals.is_empty();
    let Some(target) = asked.facts.get(&user.no).filter(was_here) else { return Err(Rejection::TargetNotAMember) };
    if !target.is_active() {
        return Ok(None);
    }
    asked.may(if target.role >= Role::Admin { Action::RemoveAdmin } else { Action::RemoveMember })?;
    Ok(Some(Change::MemberRemoved(target.user.clone())))
}

/// The last owner does not go without naming another while others are there, unless there is nothing left to own.
fn leave(asked: Asked<'_>) -> Result<Option<Change>, Rejection> {
    asked.may(Action::Leave)?;
    if asked.is_last_owner() && asked.state.members > 1 && !asked.state.dissolved {
        return Err(Rejection::LastOwner);
    }
    Ok(Some(Change::MemberLeft))
}

fn rename(asked: Asked<'_>, title: &Title) -> Result<Option<Change>, Rejection> {
    asked.may(Action::EditInfo)?;
    Ok(if asked.state.title.as_ref() == Some(title) { None } else { Some(Change::Renamed(title.clone())) })
}

fn set_role(asked: Asked<'_>, user: &UserRef, role: Role) -> Result<Option<Change>, Rejection> {
    asked.may(Action::SetRole)?;
    let Some(target) = asked.facts.get(&user.no).filter(|target| target.is_active()) else {
        return Err(Rejection::TargetNotAMember);
    };
    if target.role == role {
        return Ok(None);
    }
    if target.role == Role::Owner && asked.state.owners == 1 {
        return Err(Rejection::LastOwner);
    }
    Ok(Some(Change::RoleChanged(target.user.clone(), role)))
}
