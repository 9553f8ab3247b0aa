//! The state of one conversation in its executor: committed and pending, loaded when a command needs it.

use super::job::{Job, Reply};
use super::messages::Messages;
use super::plays::Played;
use crate::map::Map;
use crate::rows::dedup::Remembered;
use crate::rows::user::User;
use bytes::Bytes;
use roaring::RoaringBitmap;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use stonechat_domain::conversation::Conversation;
use stonechat_domain::decide::Facts;
use stonechat_domain::member::{Member, UserRef};
use stonechat_domain::relation::Relation;
use stonechat_types::number::{Ordinal, Seq, UserNo};

/// Commands that may wait for one conversation to be loaded; more are refused as `overloaded`.
pub const WAITING_MAX: usize = 256;

/// Recent (seq, ordinal) pairs kept, so that read cursors need no look-up.
const RECENT_MAX: usize = 64;

/// One conversation.
#[derive(Default)]
pub(crate) struct Slot {
    /// What is known of it.
    pub loaded: Option<Loaded>,
    /// Commands in their order.
    pub waiting: VecDeque<Job>,
    /// A load is on its way.
    pub busy: bool,
    /// Records of it that are not committed yet.
    pub open: u32,
    /// When it was used last, by the executor's own count.
    pub used: u64,
    /// What the last loads brought for the command at the front.
    pub brought: Brought,
}

/// What a load brought that is of use for one command only.
#[derive(Default)]
pub(crate) struct Brought {
    /// A packed row of acknowledgements, by its key.
    pub dedup: Option<(Bytes, Bytes)>,
    /// The other user of a direct conversation that has to begin; `None` inside when he does not exist.
    pub peer: Option<Option<UserRef>>,
    /// A user whose settings a rule asks for.
    pub user: Option<User>,
    /// Those whom a message calls and who exist.
    pub called: Option<Vec<UserNo>>,
}

/// A loaded conversation.
pub(crate) struct Loaded {
    /// Its state, pending records included. Without an event when it does not exist.
    pub state: Option<Conversation>,
    /// Memberships that were needed, pending records included.
    pub members: Facts,
    /// Users known to have no membership.
    pub strangers: BTreeSet<UserNo>,
    /// The members now, pending records included.
    pub roster: Arc<RoaringBitmap>,
    /// Ids that are not committed yet, and who else asked for them.
    pub pending: Map<(UserNo, [u8; 16]), Pending>,
    /// The last event that is durable.
    pub committed: Seq,
    /// Users whose cursors moved and are not stored yet.
    pub dirty: BTreeSet<UserNo>,
    /// Messages that were needed, pending records included.
    pub messages: Messages,
    /// Who has played what, as far as it was needed, pending records included.
    pub played: Played,
    /// Of a direct conversation, what the two are to each other, whether it has begun or not, pending records included.
    pub relation: Relation,
    recent: VecDeque<(Seq, Ordinal)>,
}

/// An id that is not committed yet.
pub(crate) struct Pending {
    /// What its commit will lead to.
    pub remembered: Remembered,
    /// Duplicates that wait for the commit.
    pub waiters: Vec<Waiter>,
}

/// A duplicate that waits for the commit of the first.
pub(crate) struct Waiter {
    pub reply: Reply,
    pub body_hmac: [u8; 16],
}

impl Loaded {
    /// A conversation as its rows have it.
    pub fn new(state: Option<Conversation>, roster: RoaringBitmap) -> Self {
        let mut recent = VecDeque::new();
        if let Some(state) = &state {
            recent.push_back((state.head, state.ordinal));
        }
        Self {
            committed: state.as_ref().map_or(Seq::ZERO, |state| state.head),
            state,
            members: Facts::new(),
            strangers: BTreeSet::new(),
            roster: Arc::new(roster),
            pending: Map::default(),
            dirty: BTreeSet::new(),
            messages: Messages::default(),
            played: Played::default(),
            relation: Relation::default(),
            recent,
        }
    }

    /// Whether a user's membership is known, or known to be absent.
    pub fn knows(&self, user: UserNo) -> bool {
        self.members.contains_key(&user) || self.strangers.contains(&user)
    }

    /// Takes in what a load found of a user.
    pub fn learn(&mut self, user: UserNo, member: Option<Member>) {
        match member {
            Some(member) => _ = self.members.entry(user).or_insert(member),
            None => _ = self.strangers.insert(user),
        }
    }

    /// Whether members are told how far others are: of a direct conversation, not where one blocks the other.
    pub fn tells_receipts(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.settings.tells_receipts()) && !self.relation.is_blocked()
    }

    /// The other user of a direct conversation, when he is told how far a user is.
    pub fn hears_of(&self, user: &UserRef) -> Option<UserNo> {
        let other = self.state.as_ref()?.other_than(user)?;
        self.tells_receipts().then_some(other.no)
    }

    /// Notes the ordinal at a seq.
    pub fn note(&mut self, seq: Seq, ordinal: Ordinal) {
        if self.recent.len() == RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back((seq, ordinal));
    }

    /// The ordinal at a seq, when it is known.
    pub fn ordinal_at(&self, seq: Seq) -> Option<Ordinal> {
        if seq == Seq::ZERO {
            return Some(Ordinal::ZERO);
        }
        self.recent.iter().rev().find(|(known, _)| *known == seq).map(|(_, ordinal)| *ordinal)
    }

    /// Puts the roster right after memberships changed.
    pub fn refresh_roster(&mut self, touched: &[UserNo]) {
        let roster = Arc::make_mut(&mut self.roster);
        for user in touched {
            if self.members.get(user).is_some_and(Member::is_active) {
                roster.insert(user.0);
            } else {
                roster.remove(user.0);
            }
            if self.members.contains_key(user) {
                self.strangers.remove(user);
            }
        }
    }
}

impl Slot {
    /// About how many bytes it takes.
    pub fn bytes(&self) -> usize {
        let loaded = self.loaded.as_ref().map_or(0, |loaded| {
            loaded.members.len() * 256
                + loaded.strangers.len() * 16
                + loaded.roster.serialized_size()
                + loaded.messages.bytes()
                + loaded.played.bytes()
                + loaded.relation.bytes()
        });
        640 + loaded
    }

    /// Whether it may be forgotten: nothing of it is pending, waiting or unsaved.
    pub fn is_idle(&self) -> bool {
        let saved = self.loaded.as_ref().is_none_or(|loaded| loaded.dirty.is_empty() && loaded.pending.is_empty());
        saved && self.open == 0 && self.waiting.is_empty() && !self.busy
    }
}
