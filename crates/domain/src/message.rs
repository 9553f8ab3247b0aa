//! What has become of a message: its edits and its reactions. One pure fold serves the server, the SDKs and the tests.

use crate::conversation::Conversation;
use crate::decide::{Rejection, active};
use crate::event::{Change, Content, MessageCommand};
use crate::fold::Stamp;
use crate::member::{Member, Role, UserRef};
use crate::permission::{Action, check};
use stonechat_types::emoji::Emoji;
use stonechat_types::id::ConversationKind;
use stonechat_types::limits::{EDITS_MAX, EMOJIS_PER_MESSAGE_MAX, EMOJIS_PER_USER_MAX, PINS_MAX};
use stonechat_types::number::{Ordinal, Seq, Timestamp};

/// A message as far as the rules know it: everything but what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its event.
    pub seq: Seq,
    /// Its number among the messages.
    pub ordinal: Ordinal,
    /// Who wrote it.
    pub author: UserRef,
    /// When.
    pub sent_at: Timestamp,
    /// The last event that changed it; its own at first.
    pub changed: Seq,
    /// Its edits, the last of which is what it says now.
    pub edits: Vec<Edit>,
    /// What people add to it, in the order in which each was first added. Each count is above zero.
    pub reactions: Vec<Reaction>,
    /// That it was taken back: then it has neither edits nor reactions, and says nothing.
    pub recalled: Option<Recall>,
    /// Whether it was sent silently: it is nobody's unread.
    pub silent: bool,
    /// Whether it is pinned for everybody.
    pub pinned: bool,
}

/// That a message was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recall {
    /// By whom.
    pub by: UserRef,
    /// When.
    pub at: Timestamp,
}

/// One edit of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Its event, whose body is what the message says from then on.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
}

/// How often an emoji was added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// Which.
    pub emoji: Emoji,
    /// By how many users.
    pub count: u32,
}

impl Message {
    /// A message that nothing has changed.
    #[must_use]
    pub fn new(seq: Seq, ordinal: Ordinal, author: UserRef, sent_at: Timestamp) -> Self {
        Self {
            seq,
            ordinal,
            author,
            sent_at,
            changed: seq,
            edits: Vec::new(),
            reactions: Vec::new(),
            recalled: None,
            silent: false,
            pinned: false,
        }
    }

    /// Takes an event of `sender` in, in the order of the log. What is not newer than its last change is in it already;
    /// says whether it was taken.
    pub fn fold(&mut self, change: &Change, sender: &UserRef, stamp: &Stamp) -> bool {
        if change.target() != Some(self.seq) || stamp.seq <= self.changed {
            return false;
        }
        self.changed = stamp.seq;
        match change {
            Change::Edited { .. } => self.edits.push(Edit { seq: stamp.seq, at: stamp.sent_at }),
            Change::Reacted { emoji, added, .. } => self.react(emoji, *added),
            Change::Pinned { pinned, .. } => self.pinned = *pinned,
            Change::Recalled { .. } => {
                self.edits.clear();
                self.reactions.clear();
                self.pinned = false;
                self.recalled = Some(Recall { by: sender.clone(), at: stamp.sent_at });
            }
            Change::Created { .. }
            | Change::MembersAdded(_)
            | Change::MemberRemoved(_)
            | Change::MemberLeft
            | Change::Renamed(_)
            | Change::RoleChanged(..)
            | Change::Commanded(_)
            | Change::Group(_) => {}
        }
        true
    }

    fn react(&mut self, emoji: &Emoji, added: bool) {
        match self.reactions.iter_mut().find(|reaction| reaction.emoji == *emoji) {
            Some(reaction) if added => reaction.count += 1,
            Some(reaction) => reaction.count = reaction.count.saturating_sub(1),
            None if added => self.reactions.push(Reaction { emoji: emoji.clone(), count: 1 }),
            None => {}
        }
        self.reactions.retain(|reaction| reaction.count > 0);
    }
}

/// Adds an emoji to those of one user on one message, or takes it out.
pub fn fold_own(own: &mut Vec<Emoji>, emoji: &Emoji, added: bool) {
    own.retain(|known| known != emoji);
    if added {
        own.push(emoji.clone());
    }
}

/// What is known of the message that a command names, and of the actor.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The conversation.
    pub state: &'a Conversation,
    /// The actor's membership.
    pub me: Option<&'a Member>,
    /// The message; `None` when there is none at that place.
    pub message: Option<&'a Message>,
    /// The actor's emojis on it.
    pub own: &'a [Emoji],
    /// How many messages of the conversation are pinned.
    pub pins: usize,
    /// The time.
    pub now: Timestamp,
    /// Who vouches for the command.
    pub authority: Authority,
}

/// Who vouches for a command on a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Authority {
    /// The member who gives it.
    #[default]
    Member,
    /// The app: its backend gives it in the name of a member. Windows of time and roles do not bind it; that nobody's
    /// words are put into the mouth of another does.
    App,
}

/// What the app allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessagePolicy {
    /// Milliseconds after its sending within which a message may be edited.
    pub edit_window_ms: i64,
    /// Milliseconds after its sending within which its author may take a message back. Admins of a group always may.
    pub recall_window_ms: i64,
}

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

impl Default for MessagePolicy {
    fn default() -> Self {
        Self { edit_window_ms: 2 * DAY_MS, recall_window_ms: 2 * DAY_MS }
    }
}

/// What a command on a message leads to; `None` when nothing has to change.
///
/// # Errors
/// [`Rejection`], by rule.
pub fn decide_message(
    about: About<'_>,
    command: &MessageCommand,
    policy: MessagePolicy,
) -> Result<Option<Change>, Rejection> {
    let me = active(about.state, about.me)?;
    // What a member may not see is not there for him.
    let message = about.message.filter(|message| me.sees(message.seq)).ok_or(Rejection::NoSuchMessage)?;
    if message.recalled.is_some() {
        // Who takes back what another took back at the same time has what he wanted.
        return if *command == MessageCommand::Recall { Ok(None) } else { Err(Rejection::NoSuchMessage) };
    }
    let is_own = message.author.no == me.user.no;
    let action = match command {
        MessageCommand::Edit(_) if !is_own => return Err(Rejection::Forbidden),
        MessageCommand::Edit(_) => Action::EditOwn,
        MessageCommand::React { .. } => Action::React,
        MessageCommand::Pin(_) => Action::Pin,
        MessageCommand::Recall if is_own => Action::RecallOwn,
        MessageCommand::Recall => Action::RecallOther,
    };
    if about.authority == Authority::Member {
        check(about.state, about.me, action, about.now)?;
    }
    match command {
        MessageCommand::Edit(content) => edit(&about, message, content, policy),
        MessageCommand::React { emoji, add } => react(about.own, message, emoji, *add),
        MessageCommand::Recall => recall(&about, me, message, policy),
        MessageCommand::Pin(pin) => pin_message(&about, message, *pin),
    }
}

fn pin_message(about: &About<'_>, message: &Message, pinned: bool) -> Result<Option<Change>, Rejection> {
    if message.pinned == pinned {
        return Ok(None);
    }
    if pinned && about.pins >= PINS_MAX {
        return Err(Rejection::TooMany);
    }
    Ok(Some(Change::Pinned { target: message.seq, ordinal: message.ordinal, pinned }))
}

fn recall(
    about: &About<'_>,
    me: &Member,
    message: &Message,
    policy: MessagePolicy,
) -> Result<Option<Change>, Rejection> {
    let is_admin =
        about.authority == Authority::App || about.state.kind() != ConversationKind::Direct && me.role >= Role::Admin;
    if !is_admin && about.now.0.saturating_sub(message.sent_at.0) > policy.recall_window_ms {
        return Err(Rejection::TooLate);
    }
    let (target, ordinal, author, silent) = (message.seq, message.ordinal, message.author.clone(), message.silent);
    Ok(Some(Change::Recalled { target, ordinal, author, silent }))
}

fn edit(
    about: &About<'_>,
    message: &Message,
    content: &Content,
    policy: MessagePolicy,
) -> Result<Option<Change>, Rejection> {
    let is_late = about.now.0.saturating_sub(message.sent_at.0) > policy.edit_window_ms;
    if is_late && about.authority == Authority::Member {
        return Err(Rejection::TooLate);
    }
    if message.edits.len() >= EDITS_MAX {
        return Err(Rejection::TooMany);
    }
    Ok(Some(Change::Edited { target: message.seq, content: Some(content.clone()) }))
}

fn react(own: &[Emoji], message: &Message, emoji: &Emoji, add: bool) -> Result<Option<Change>, Rejection> {
    if own.contains(emoji) == add {
        return Ok(None);
    }
    if add {
        let is_new = !message.reactions.iter().any(|reaction| reaction.emoji == *emoji);
        if own.len() >= EMOJIS_PER_USER_MAX || is_new && message.reactions.len() >= EMOJIS_PER_MESSAGE_MAX {
            return Err(Rejection::TooMany);
        }
    }
    Ok(Some(Change::Reacted { target: message.seq, emoji: emoji.clone(), added: add }))
}
