//! What two users are to each other: contacts, requests, blocks, and what each notes of the other. One record a pair,
//! with one writer, so that two who ask at once meet, and an acceptance and a withdrawal have an order.

use crate::decide::Rejection;
use std::collections::BTreeSet;
use stonechat_types::fields::Fields;
use stonechat_types::id::UserId;
use stonechat_types::number::Timestamp;
use stonechat_types::text::{DisplayName, Note, Tag};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Whose id is smaller.
    Low,
    /// Whose id is larger.
    High,
}

impl Side {
    /// Which one a user is; `None` for somebody and himself.
    #[must_use]
    pub fn of(user: &UserId, other: &UserId) -> Option<Self> {
        match user.cmp(other) {
            std::cmp::Ordering::Less => Some(Self::Low),
            std::cmp::Ordering::Greater => Some(Self::High),
            std::cmp::Ordering::Equal => None,
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Low => Self::High,
            Self::High => Self::Low,
        }
    }
}

/// What two users are to each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relation {
    /// Since when they are contacts.
    pub contacts_since: Option<Timestamp>,
    /// What is the one's.
    pub low: Party,
    /// What is the other's.
    pub high: Party,
}

/// What is one side's of a relation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// Since when he blocks the other.
    pub blocks_since: Option<Timestamp>,
    /// What he asked, while it is not answered.
    pub request: Option<Request>,
    /// How what he asked last was declined.
    pub declined: Option<Declined>,
    /// What he notes of the other, for himself.
    pub remarks: Remarks,
}

/// A request to become contacts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What it says.
    pub message: Option<Note>,
    /// The answer to the other's question.
    pub answer: Option<Note>,
    /// When it was made.
    pub at: Timestamp,
}

/// That a request was declined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declined {
    /// Why, where that was said.
    pub reason: Option<Note>,
    /// When.
    pub at: Timestamp,
}

/// What a user notes of another, seen by nobody else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remarks {
    /// What he calls him.
    pub alias: Option<DisplayName>,
    /// How he sorts him.
    pub tags: BTreeSet<Tag>,
    /// What his app keeps.
    pub extension: Fields,
}

/// What a user asks for about another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RelationCommand {
    /// Let nothing of him through.
    Block,
    /// Let him through again.
    Unblock,
    /// Ask to become contacts.
    Request {
        /// What to say.
        message: Option<Note>,
        /// The answer to his question.
        answer: Option<Note>,
    },
    /// Become contacts, as he asked.
    Accept,
    /// Do not.
    Decline {
        /// Why, for him to read.
        reason: Option<Note>,
    },
    /// Take back what was asked.
    Withdraw,
    /// Be contacts no more.
    Remove,
    /// Replace what is noted of him.
    Annotate(Remarks),
}

/// Who may become a contact of a user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhoMayAdd {
    /// Whoever wants to, at once.
    Anyone,
    /// Whoever asks and is accepted.
    #[default]
    Ask,
    /// Whoever asks, answers the user's question, and is accepted.
    Question,
    /// Nobody.
    Nobody,
}

/// Who may write to a user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhoMayMessage {
    /// Everybody whom he does not block.
    #[default]
    Anyone,
    /// His contacts.
    Contacts,
    /// Nobody.
    Nobody,
}

impl Relation {
    /// What is one side's.
    #[must_use]
    pub const fn party(&self, side: Side) -> &Party {
        match side {
            Side::Low => &self.low,
            Side::High => &self.high,
        }
    }

    fn party_mut(&mut self, side: Side) -> &mut Party {
        match side {
            Side::Low => &mut self.low,
            Side::High => &mut self.high,
        }
    }

    /// Whether they are contacts.
    #[must_use]
    pub const fn are_contacts(&self) -> bool {
        self.contacts_since.is_some()
    }

    /// Whether one blocks the other, whoever whom.
    #[must_use]
    pub const fn is_blocked(&self) -> bool {
        self.low.blocks_since.is_some() || self.high.blocks_since.is_some()
    }

    /// About how many bytes it takes beside itself.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let note = |note: Option<&Note>| note.map_or(0, |note| note.as_str().len());
        let party = |party: &Party| {
            let request = party.request.as_ref();
            let asked = request.map_or(0, |it| note(it.message.as_ref()) + note(it.answer.as_ref()));
            let tags = party.remarks.tags.iter().map(|tag| 48 + tag.as_str().len()).sum::<usize>();
            asked
                + note(party.declined.as_ref().and_then(|it| it.reason.as_ref()))
                + tags
                + party.remarks.extension.bytes()
        };
        party(&self.low) + party(&self.high)
    }

    /// Whether there is nothing between them.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn connect(&mut self, now: Timestamp) {
        self.contacts_since = Some(now);
        for party in [&mut self.low, &mut self.high] {
            (party.request, party.declined) = (None, None);
        }
    }
}

/// What a command makes of a relation; `None` when it has nothing to change. `allows` is what the other user allows.
///
/// # Errors
/// [`Rejection`], by rule.
pub fn decide_relation(
    relation: &Relation,
    by: Side,
    command: &RelationCommand,
    allows: WhoMayAdd,
    now: Timestamp,
) -> Result<Option<Relation>, Rejection> {
    let mut next = relation.clone();
    let (me, other) = (relation.party(by), relation.party(by.other()));
    match command {
        RelationCommand::Block if me.blocks_since.is_none() => {
            next.party_mut(by).blocks_since = Some(now);
            // What was asked between them ends without a word of why.
            for side in [by, by.other()] {
                let party = next.party_mut(side);
                if party.request.take().is_some() && side != by {
                    party.declined = Some(Declined { reason: None, at: now });
                }
            }
        }
        RelationCommand::Block => {}
        RelationCommand::Unblock => next.party_mut(by).blocks_since = None,
        RelationCommand::Request { message, answer } => {
            if relation.are_contacts() {
                return Ok(None);
            }
            if me.blocks_since.is_some() {
                return Err(Rejection::Blocked);
            }
            if other.blocks_since.is_some() {
                return Err(Rejection::RecipientUnavailable);
            }
            let both_ask = other.request.is_some();
            match allows {
                _ if both_ask => next.connect(now),
                WhoMayAdd::Anyone => next.connect(now),
                WhoMayAdd::Nobody => return Err(Rejection::RecipientUnavailable),
                WhoMayAdd::Question if answer.is_none() => return Err(Rejection::AnswerMissing),
                WhoMayAdd::Ask | WhoMayAdd::Question => {
                    let same = |old: &Request| (&old.message, &old.answer) == (message, answer);
                    if !me.request.as_ref().is_some_and(same) {
                        let party = next.party_mut(by);
                        party.request = Some(Request { message: message.clone(), answer: answer.clone(), at: now });
                        party.declined = None;
                    }
                }
            }
        }
        RelationCommand::Accept | RelationCommand::Decline { .. } if relation.are_contacts() => {
            // The other was faster, or it is said twice. To decline comes too late.
            if matches!(command, RelationCommand::Decline { .. }) {
                return Err(Rejection::NoSuchRequest);
            }
        }
        RelationCommand::Accept => {
            if other.request.is_none() {
                return Err(Rejection::NoSuchRequest);
            }
            next.connect(now);
        }
        RelationCommand::Decline { reason } => {
            let party = next.party_mut(by.other());
            if party.request.take().is_none() {
                return Err(Rejection::NoSuchRequest);
            }
            party.declined = Some(Declined { reason: reason.clone(), at: now });
        }
        RelationCommand::Withdraw => {
            if next.party_mut(by).request.take().is_none() {
                return Err(Rejection::NoSuchRequest);
            }
        }
        RelationCommand::Remove => next.contacts_since = None,
        RelationCommand::Annotate(remarks) => next.party_mut(by).remarks = remarks.clone(),
    }
    Ok(Some(next).filter(|next| next != relation))
}

/// Whether a user may write to another, who allows this much.
///
/// # Errors
/// [`Rejection::RecipientUnavailable`], whatever the reason; [`Rejection::Blocked`] when the writer blocks him.
pub fn may_message(relation: &Relation, from: Side, allows: WhoMayMessage) -> Result<(), Rejection> {
    if relation.party(from).blocks_since.is_some() {
        return Err(Rejection::Blocked);
    }
    let blocked = relation.party(from.other()).blocks_since.is_some();
    let allowed = match allows {
        WhoMayMessage::Anyone => true,
        WhoMayMessage::Contacts => relation.are_contacts(),
        WhoMayMessage::Nobody => false,
    };
    if blocked || !allowed { Err(Rejection::RecipientUnavailable) } else { Ok(()) }
}
