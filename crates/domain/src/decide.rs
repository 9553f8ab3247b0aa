//! What a command leads to. Nothing is changed here; time and ids are given.

use crate::conversation::Conversation;
use crate::event::{Change, Command};
use crate::member::{Member, Role, UserRef};
use std::collections::BTreeMap;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::ConversationKind;
use stonechat_types::limits::{GROUP_MEMBERS_MAX, MEMBERS_PER_EVENT_MAX};
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
}

impl Rejection {
    /// The public code.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::NotFound | Self::TargetNotAMember | Self::NoSuchMessage => ErrorCode::NotFound,
            Self::NotAMember => ErrorCode::NotAMember,
            Self::Forbidden => ErrorCode::Forbidden,
            Self::AlreadyExists => ErrorCode::AlreadyExists,
            Self::TooManyMembers => ErrorCode::TooManyMembers,
            Self::LastOwner => ErrorCode::LastOwner,
            Self::WrongKind => ErrorCode::InvalidArgument,
            Self::TooLate => ErrorCode::TooLate,
            Self::TooMany => ErrorCode::TooMany,
            Self::RecipientUnavailable => ErrorCode::RecipientUnavailable,
            Self::Blocked => ErrorCode::Forbidden,
            Self::NoSuchRequest => ErrorCode::NotFound,
            Self::AnswerMissing | Self::Oneself => ErrorCode::InvalidArgument,
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
            Self::TooMany => "the message has as many edits or emojis as it may have",
            Self::RecipientUnavailable => "the recipient cannot be reached by the caller",
            Self::Blocked => "the caller has blocked this user",
            Self::NoSuchRequest => "there is no such contact request",
            Self::AnswerMissing => "the user wants a question answered",
            Self::Oneself => "a user cannot be a contact of himself",
        }
    }
}

/// The time of the next event: the clock, but never before the last event.
#[must_use]
pub fn sent_at(state: &Conversation, now: Timestamp) -> Timestamp {
    now.max(state.last_sent_at)
}

/// Whether the actor may send.
///
/// # Errors
/// [`Rejection`] when the conversation or the membership is missing.
pub fn decide_send(state: &Conversation, actor: Option<&Member>) -> Result<(), Rejection> {
    active(state, actor).map(|_| ())
}

fn active<'a>(state: &Conversation, actor: Option<&'a Member>) -> Result<&'a Member, Rejection> {
    match actor {
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
) -> Result<Option<Change>, Rejection> {
    if let Command::Create { title, members } = command {
        return create(state, actor, title, members).map(Some);
    }
    let me = active(state, facts.get(&actor.no))?;
    if state.kind() == ConversationKind::Direct {
        return Err(Rejection::WrongKind);
    }
    match command {
        Command::Create { .. } => Err(Rejection::AlreadyExists),
        Command::AddMembers(users) => add(state, facts, me, users),
        Command::RemoveMember(user) if user.no == actor.no => leave(state, me),
        Command::RemoveMember(user) => remove(facts, me, user),
        Command::Leave => leave(state, me),
        Command::Rename(title) => rename(state, me, title),
        Command::SetRole(user, role) => set_role(state, facts, me, user, *role),
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

fn add(state: &Conversation, facts: &Facts, me: &Member, users: &[UserRef]) -> Result<Option<Change>, Rejection> {
    if me.role < Role::Admin {
        return Err(Rejection::Forbidden);
    }
    let mut new: Vec<UserRef> = Vec::new();
    for user in users {
        let there = facts.get(&user.no).is_some_and(Member::is_active);
        if !there && !new.contains(user) {
            new.push(user.clone());
        }
    }
    if new.len() > MEMBERS_PER_EVENT_MAX || state.members as usize + new.len() > GROUP_MEMBERS_MAX as usize {
        return Err(Rejection::TooManyMembers);
    }
    Ok(if new.is_empty() { None } else { Some(Change::MembersAdded(new)) })
}

fn remove(facts: &Facts, me: &Member, user: &UserRef) -> Result<Option<Change>, Rejection> {
    if me.role < Role::Admin {
        return Err(Rejection::Forbidden);
    }
    let Some(target) = facts.get(&user.no) else { return Err(Rejection::TargetNotAMember) };
    if !target.is_active() {
        return Ok(None);
    }
    if target.role >= Role::Admin && me.role < Role::Owner {
        return Err(Rejection::Forbidden);
    }
    Ok(Some(Change::MemberRemoved(target.user.clone())))
}

fn leave(state: &Conversation, me: &Member) -> Result<Option<Change>, Rejection> {
    if me.role == Role::Owner && state.owners == 1 && state.members > 1 {
        return Err(Rejection::LastOwner);
    }
    Ok(Some(Change::MemberLeft))
}

fn rename(state: &Conversation, me: &Member, title: &Title) -> Result<Option<Change>, Rejection> {
    if me.role < Role::Admin {
        return Err(Rejection::Forbidden);
    }
    Ok(if state.title.as_ref() == Some(title) { None } else { Some(Change::Renamed(title.clone())) })
}

fn set_role(
    state: &Conversation,
    facts: &Facts,
    me: &Member,
    user: &UserRef,
    role: Role,
) -> Result<Option<Change>, Rejection> {
    if me.role < Role::Owner {
        return Err(Rejection::Forbidden);
    }
    let Some(target) = facts.get(&user.no).filter(|target| target.is_active()) else {
        return Err(Rejection::TargetNotAMember);
    };
    if target.role == role {
        return Ok(None);
    }
    if target.role == Role::Owner && state.owners == 1 {
        return Err(Rejection::LastOwner);
    }
    Ok(Some(Change::RoleChanged(target.user.clone(), role)))
}
