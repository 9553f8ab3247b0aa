//! What clients sent under load, and what they were promised. Places in the trace are those at which the client had its
//! answer: what it says happened before.

use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use stonechat_types::id::ClientMsgId;

/// How long a read cursor may take until it is durable: a second by the promise, and two for a slow machine.
pub const CURSOR_MAX: Duration = Duration::from_secs(3);

/// A message that was given to a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Who.
    pub sender: String,
    /// What it says.
    pub text: String,
}

/// An event that was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// Where.
    pub conversation: String,
    /// Its seq.
    pub seq: u64,
    /// The id of the message or of the command.
    pub id: ClientMsgId,
    /// Bytes of the trace by then.
    pub at: u64,
}

/// A read cursor that the server took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Whose.
    pub user: String,
    /// Where.
    pub conversation: String,
    /// Up to where.
    pub upto: u64,
    /// Since the beginning of the load.
    pub when: Duration,
}

/// Where a device stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    /// Whose.
    pub user: String,
    /// The position that the server gave.
    pub position: Bytes,
    /// Bytes of the trace by then.
    pub at: u64,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// By id.
    pub sent: BTreeMap<ClientMsgId, Sent>,
    /// Commands by their ids.
    pub commands: BTreeSet<ClientMsgId>,
    /// Sends that were refused.
    pub refused: BTreeSet<ClientMsgId>,
    /// By user; they hold as long as the key of the server does.
    pub tokens: BTreeMap<String, String>,
    /// In the order in which the answers were read.
    pub promises: Vec<Promise>,
    /// In the same order.
    pub cursors: Vec<Cursor>,
    /// In the same order.
    pub stands: Vec<Stand>,
    /// Sends of an id that was used with another body, which were answered with the first acknowledgement.
    pub conflicts: usize,
    /// Sends whose connection broke before the answer.
    pub broken: usize,
    /// Bytes of acknowledged bodies.
    pub bytes: usize,
    /// Bytes of the trace at some moments.
    clock: Vec<(u64, Duration)>,
}

impl History {
    /// Notes how long the trace was.
    pub fn tick(&mut self, at: u64, when: Duration) {
        self.clock.push((at, when));
    }

    /// What was promised before a cut.
    pub fn promised(&self, cut: u64) -> impl Iterator<Item = &Promise> {
        self.promises.iter().filter(move |promise| promise.at <= cut)
    }

    /// The cursors that must be durable at a cut, the largest of each user and conversation.
    #[must_use]
    pub fn cursors_due(&self, cut: u64) -> BTreeMap<(String, String), u64> {
        let seen = self.clock.iter().filter(|(at, _)| *at <= cut).map(|(_, when)| *when).max();
        let mut due = BTreeMap::new();
        for cursor in self.cursors.iter().filter(|cursor| seen.is_some_and(|seen| cursor.when + CURSOR_MAX <= seen)) {
            let upto = due.entry((cursor.user.clone(), cursor.conversation.clone())).or_insert(0);
            *upto = cursor.upto.max(*upto);
        }
        due
    }

    /// How far a user had asked to move his cursor, at most.
    #[must_use]
    pub fn cursor_max(&self, user: &str, conversation: &str) -> u64 {
        let asked = self.cursors.iter().filter(|it| it.user == user && it.conversation == conversation);
        asked.map(|cursor| cursor.upto).max().unwrap_or(0)
    }

    /// The last position that a user had before a cut.
    #[must_use]
    pub fn stand(&self, user: &str, cut: u64) -> Option<&Stand> {
        self.stands.iter().rev().find(|stand| stand.user == user && stand.at <= cut)
    }
}
