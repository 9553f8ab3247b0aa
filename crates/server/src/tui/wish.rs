//! What the user wants changed in a group, and between him and others.

use std::num::NonZeroU32;
use std::time::Duration;

use stonechat_client::account::Account;
use stonechat_client::conversation::Conversation;
use stonechat_client::error::{Error, Result};
use stonechat_client::group::{Announced, Asker, Ban};
use stonechat_client::people::Remarks;
use stonechat_client::state::{Member, Role};
use stonechat_domain::group::{Link, LinkId, Who};
use stonechat_types::id::{UserId, Username};

use crate::tui::message::Msg;

/// A change of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupWish {
    /// Let a member be something else.
    Role(UserId, Role),
    /// Let a member not write, for a while or for good, and why.
    Mute(UserId, Option<Duration>, String),
    /// Let him write again.
    Unmute(UserId),
    /// Keep a user out, for a while or for good, and why.
    Ban(UserId, Option<Duration>, String),
    /// Keep him out no longer.
    LiftBan(UserId),
    /// Remove a member.
    Remove(UserId),
    /// Give the group to another.
    Transfer(UserId),
    /// Tell all members something; empty takes it away.
    Announce(String),
    /// What the user is called in it; empty is as everywhere.
    Nickname(String),
    /// Let somebody in who asked for it.
    Accept(UserId),
    /// Do not let him in.
    Decline(UserId),
    /// Make a link by which one joins, for a while or for good, for so many or any number.
    MakeLink(Option<Duration>, Option<NonZeroU32>),
    /// Let nobody join by it any more.
    RevokeLink(LinkId),
    /// Ask somebody to come in.
    Invite(UserId),
    /// Call it something else.
    Rename(String),
    /// Who may write in it.
    Speak(Who),
    /// End it for everybody.
    Dissolve,
    /// Ask to be let in, with these words.
    Apply(String),
    /// Come in, as one is asked to or as everybody may.
    Join,
    /// Do not come in.
    DeclineInvitation,
}

/// A change between the user and another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeopleWish {
    /// Ask somebody to become contacts.
    Ask {
        /// His id, or `@` and the name that he chose.
        who: String,
        /// With these words.
        message: String,
        /// The answer to what he asks.
        answer: String,
    },
    /// Become contacts, as he asked.
    Accept(UserId),
    /// Decline what he asked, and why.
    Decline(UserId, String),
    /// Take back what the user asked.
    Withdraw(UserId),
    /// Be no contacts any more.
    Remove(UserId),
    /// Refuse what he sends.
    Block(UserId),
    /// Refuse it no longer.
    Unblock(UserId),
    /// What the user calls him; empty is as everybody.
    Alias(UserId, String),
}

/// What only the server knows of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// What all are to know.
    pub announced: Option<Announced>,
    /// Whether it was asked who has read that.
    pub counts: bool,
    /// How many have.
    pub read: usize,
    /// Who has not.
    pub unread: Vec<Member>,
    /// Who asks to be let in.
    pub applications: Vec<Asker>,
    /// By which one joins.
    pub links: Vec<Link>,
    /// Who is kept out.
    pub bans: Vec<Ban>,
}

/// Members of a group of which it is asked who has read what was announced.
const READERS_LISTED_MAX: u32 = 500;

/// Asks the server for what is to be known of a group, as far as the role of the user goes.
pub async fn facts(conversation: &Conversation, role: Role) -> Result<Facts> {
    let mut facts = Facts { announced: conversation.announcement().await?, ..Facts::default() };
    if role < Role::Admin {
        return Ok(facts);
    }
    // Of more people it would be pages without end.
    let few = conversation.summary().is_some_and(|summary| summary.member_count <= READERS_LISTED_MAX);
    facts.counts = facts.announced.is_some() && few;
    if facts.counts {
        // Where the group has no receipts nobody is told.
        facts.read = conversation.announcement_readers().await.map_or(0, |members| members.len());
        facts.unread = conversation.announcement_not_readers().await.unwrap_or_default();
    }
    facts.applications = conversation.applications().await?;
    facts.links = conversation.links().await?;
    facts.bans = conversation.bans().await?;
    Ok(facts)
}

/// Does it.
pub async fn change_group(conversation: &Conversation, wish: GroupWish) -> Msg {
    let id = conversation.id();
    let done = match wish {
        GroupWish::Role(user, role) => conversation.set_role(&user, role).await,
        GroupWish::Mute(user, lasts, reason) => conversation.mute(&user, lasts, &reason).await,
        GroupWish::Unmute(user) => conversation.unmute(&user).await,
        GroupWish::Ban(user, lasts, reason) => conversation.ban(&user, lasts, &reason).await,
        GroupWish::LiftBan(user) => conversation.lift_ban(&user).await,
        GroupWish::Remove(user) => conversation.remove_member(&user).await,
        GroupWish::Transfer(user) => conversation.transfer_owner(&user).await,
        GroupWish::Announce(text) => conversation.announce(&text).await,
        GroupWish::Nickname(name) => conversation.set_nickname(&name).await,
        GroupWish::Accept(user) => conversation.accept_application(&user).await,
        GroupWish::Decline(user) => conversation.decline_application(&user).await,
        GroupWish::MakeLink(lasts, uses) => match conversation.make_link(lasts, uses).await {
            Ok(link) => return Msg::LinkMade(id, link.to_string()),
            Err(error) => Err(error),
        },
        GroupWish::RevokeLink(link) => conversation.revoke_link(link).await,
        GroupWish::Join => match conversation.join().await {
            Ok(()) => return Msg::GroupCreated(id),
            Err(error) => Err(error),
        },
        GroupWish::Invite(user) => match conversation.invite(&user).await {
            Ok(()) => return Msg::Told(format!("{user} was asked to come in")),
            Err(error) => Err(error),
        },
        GroupWish::Rename(title) => conversation.rename(&title).await,
        GroupWish::Speak(Who::Admins) => conversation.mute_all().await,
        GroupWish::Speak(Who::Everybody) => conversation.unmute_all().await,
        GroupWish::Dissolve => conversation.dissolve().await,
        GroupWish::Apply(message) => match conversation.apply(&message).await {
            Ok(()) => return Msg::Told("you asked to be let in".into()),
            Err(error) => Err(error),
        },
        GroupWish::DeclineInvitation => conversation.decline_invitation().await,
    };
    match done {
        Ok(()) => Msg::GroupChanged(id),
        Err(error) => Msg::Failed(error.to_string()),
    }
}

/// Does it.
pub async fn change_people(account: &Account, wish: PeopleWish) -> Msg {
    let done = match wish {
        PeopleWish::Ask { who, message, answer } => return ask(account, &who, &message, &answer).await,
        PeopleWish::Accept(user) => account.accept_contact(&user).await,
        PeopleWish::Decline(user, reason) => account.decline_contact(&user, &reason).await,
        PeopleWish::Withdraw(user) => account.withdraw_request(&user).await,
        PeopleWish::Remove(user) => account.remove_contact(&user).await,
        PeopleWish::Block(user) => account.block(&user).await,
        PeopleWish::Unblock(user) => account.unblock(&user).await,
        PeopleWish::Alias(user, alias) => {
            // What else is noted of him stays.
            let noted = account.relation_with(&user).map(|relation| relation.remarks.clone()).unwrap_or_default();
            account.annotate(&user, Remarks { alias, ..noted }).await
        }
    };
    match done {
        Ok(()) => Msg::Told("done".into()),
        Err(error) => Msg::Failed(error.to_string()),
    }
}

async fn ask(account: &Account, who: &str, message: &str, answer: &str) -> Msg {
    let user = match find(account, who).await {
        Ok(user) => user,
        Err(reason) => return Msg::Failed(reason),
    };
    match account.request_contact(&user, message, answer).await {
        Ok(()) => Msg::Told(format!("{user} was asked")),
        Err(Error::Server(error)) if error.code == "invalid_argument" => match question(account, &user).await {
            Some(question) => Msg::Failed(format!("{user} asks: {question}")),
            None => Msg::Failed(error.to_string()),
        },
        Err(error) => Msg::Failed(error.to_string()),
    }
}

async fn find(account: &Account, who: &str) -> std::result::Result<UserId, String> {
    let Some(name) = who.strip_prefix('@') else {
        return UserId::new(who).map_err(|error| format!("{who} {error}"));
    };
    let name = Username::new(name).map_err(|error| format!("{name} {error}"))?;
    match account.user_named(&name).await {
        Ok(Some(user)) => Ok(user.id),
        Ok(None) => Err(format!("nobody is called @{name}")),
        Err(error) => Err(error.to_string()),
    }
}

/// What somebody asks of those who want to be his contacts.
async fn question(account: &Account, user: &UserId) -> Option<String> {
    let users = account.users(std::slice::from_ref(user)).await.ok()?;
    users.into_iter().next().map(|user| user.question).filter(|question| !question.is_empty())
}
