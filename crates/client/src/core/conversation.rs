//! One conversation as the core sees it: its row, what it holds above a hole, and the arithmetic of unread.

use std::collections::BTreeMap;
use std::sync::Arc;

use stonechat_types::id::UserId;
use stonechat_types::number::{Ordinal, Seq, Timestamp};
use stonechat_wire::v1::{self, Event};

use crate::core::intervals::Intervals;
use crate::core::limits::{HELD_MAX, KNOWN_MAX};
use crate::core::mutant::{Mutant, Mutants};
use crate::core::rows::ConversationRow;
use crate::core::translate;
use crate::state::{ConversationSummary, ReadMark};

/// How far a conversation is in step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Events are applied as they come.
    Live,
    /// Something is missing; until this time it may still come by itself.
    Holding(u64),
    /// Something is missing and is to be fetched, not before this time.
    Behind(u64),
    /// The server does not let the device have what is missing; not before the next connection.
    Unreachable,
}

/// What a conversation that is behind asks for next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// The events after the last contiguous one.
    Events,
    /// Too many: the newest messages, leaving a gap.
    Newest,
    /// Too many, and none may be left out: the messages of the gap from its beginning.
    Replay,
}

/// A conversation.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// What the store has of it.
    pub row: ConversationRow,
    /// Which ordinals are held.
    pub intervals: Intervals,
    /// Events above the last contiguous one.
    pub held: BTreeMap<u64, Event>,
    /// The largest seq that was ever seen.
    pub seen: u64,
    /// The head that the last welcome told: what is at or below it was stored before this connection sent anything.
    pub welcomed: u64,
    /// How far it is in step.
    pub phase: Phase,
    /// Whether a fetch is in flight.
    pub fetching: bool,
    /// What is fetched next when it is behind.
    pub next_fetch: Fetch,
    /// Fetches in a row that brought nothing.
    pub fruitless: u32,
    /// What it adds to the total of unread.
    pub counted: u64,
    /// Seq and authorship of messages above the floor, by ordinal.
    known: BTreeMap<u64, Known>,
    mutants: Mutants,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    seq: u64,
    own: bool,
    /// The event that took it back; 0 when that is not known.
    recalled: Option<u64>,
}

impl Known {
    fn counts(self) -> bool {
        !self.own && self.recalled.is_none()
    }
}

impl Conversation {
    /// One that the store had.
    #[must_use]
    pub fn new(row: ConversationRow, mutants: Mutants) -> Self {
        Self {
            seen: row.head_seq,
            welcomed: 0,
            phase: Phase::Live,
            row,
            intervals: Intervals::default(),
            held: BTreeMap::new(),
            fetching: false,
            next_fetch: Fetch::Events,
            fruitless: 0,
            counted: 0,
            known: BTreeMap::new(),
            mutants,
        }
    }

    /// Up to which seq events are known to exist.
    #[must_use]
    pub fn target(&self) -> u64 {
        self.seen.max(self.row.head_seq)
    }

    /// Keeps an event for later.
    pub fn hold(&mut self, event: Event) {
        self.seen = self.seen.max(event.seq);
        if event.seq > self.row.last_seq {
            self.held.insert(event.seq, event);
        }
        if self.held.len() > HELD_MAX {
            self.held.pop_last();
        }
    }

    /// Takes the next event in order out of what is held; forgets what is held twice.
    pub fn next_held(&mut self) -> Option<Event> {
        self.held = self.held.split_off(&(self.row.last_seq + 1));
        let next = *self.held.first_key_value()?.0;
        if next == self.row.last_seq + 1 { self.held.remove(&next) } else { None }
    }

    /// The ordinal above which messages are unread.
    #[must_use]
    pub fn floor(&self) -> u64 {
        if self.mutants.is(Mutant::IgnoresFloor) {
            return self.row.read_ordinal;
        }
        self.row.read_ordinal.max(self.row.floor_ordinal)
    }

    /// Remembers who wrote a message, and that it was taken back.
    pub fn know(&mut self, ordinal: u64, seq: u64, own: bool, recalled: Option<u64>) {
        if ordinal > self.row.read_ordinal {
            let before = self.known.get(&ordinal).and_then(|known| known.recalled);
            self.known.insert(ordinal, Known { seq, own, recalled: recalled.or(before) });
        }
        if self.known.len() > KNOWN_MAX {
            self.known.pop_first();
        }
    }

    /// Counts an event that is newer than everything before.
    pub fn count(&mut self, ordinal: u64, own: bool) {
        self.row.head_ordinal = self.row.head_ordinal.max(ordinal);
        if !own && ordinal > self.floor() {
            self.row.unread += 1;
        }
    }

    /// A message was taken back by an event; `newer` says that the row does not know of it. A number that the server
    /// gave knows of recalls that are replayed only now, and a cursor that moved meanwhile took what it passed for
    /// unread: then it is counted anew, by the server where it cannot be here.
    pub fn recall(&mut self, recalled: &v1::Recalled, by: u64, own: bool, newer: bool) {
        let counted = self.known.get(&recalled.ordinal).is_none_or(|known| known.recalled.is_none());
        self.know(recalled.ordinal, recalled.seq, own, Some(by));
        let floor = self.floor();
        if own {
            return;
        }
        if newer && counted {
            self.row.unread = self.row.unread.saturating_sub(u64::from(recalled.ordinal > floor));
        } else if let Some(unread) = self.others_between(floor, self.row.head_ordinal) {
            self.row.unread = unread;
        } else {
            self.row.unread_stale = true;
        }
    }

    /// Moves the read cursor; it never moves back. Without the ordinal the unread number is stale.
    pub fn move_cursor(&mut self, seq: u64, ordinal: Option<u64>) -> bool {
        let better = ordinal.is_some_and(|ordinal| ordinal > self.row.read_ordinal);
        if seq < self.row.read_seq || seq == self.row.read_seq && !better {
            return false;
        }
        let before = self.floor();
        self.row.read_seq = seq;
        let known = ordinal.or_else(|| self.ordinal_at(seq));
        let at_least = if seq >= self.row.head_seq { self.row.head_ordinal } else { 0 };
        self.row.read_ordinal = self.row.read_ordinal.max(known.unwrap_or(at_least));
        self.recount(before);
        self.row.unread_stale |= known.is_none();
        self.move_over_own();
        true
    }

    /// Moves the cursor over own messages directly after it, as the server does whenever one comes to stand beside the
    /// other. That it moves when there are too many of them above it, only the server can tell.
    pub fn move_over_own(&mut self) {
        while let Some(next) = self.known.get(&(self.floor() + 1)).copied()
            && next.own
        {
            self.row.read_ordinal = self.floor() + 1;
            self.row.read_seq = self.row.read_seq.max(next.seq);
        }
    }

    /// The last ordinal at or before a seq, where this device can tell.
    #[must_use]
    pub fn ordinal_at(&self, seq: u64) -> Option<u64> {
        if seq == self.row.head_seq {
            return Some(self.row.head_ordinal);
        }
        if seq > self.row.head_seq {
            return None;
        }
        match self.known.iter().rev().find(|(_, known)| known.seq <= seq) {
            Some((ordinal, _)) => {
                let exact = *ordinal == self.row.head_ordinal || self.known.contains_key(&(ordinal + 1));
                exact.then_some(*ordinal)
            }
            None => {
                // Before everything that is known: where the cursor stands, when nothing lies between.
                let next = self.known.contains_key(&(self.row.read_ordinal + 1));
                next.then_some(self.row.read_ordinal)
            }
        }
    }

    fn recount(&mut self, before: u64) {
        let floor = self.floor();
        if floor >= self.row.head_ordinal {
            self.row.unread = 0;
        } else if let Some(unread) = self.others_between(floor, self.row.head_ordinal) {
            self.row.unread = unread;
        } else if let Some(read) = self.others_between(before, floor) {
            self.row.unread = self.row.unread.saturating_sub(read);
        } else {
            self.row.unread_stale = true;
        }
        self.known = self.known.split_off(&(self.row.read_ordinal + 1));
    }

    /// Messages of others above one ordinal and up to another, when every one of them is known.
    fn others_between(&self, above: u64, upto: u64) -> Option<u64> {
        if above >= upto {
            return Some(0);
        }
        let between = self.known.range(above + 1..=upto);
        let (all, others) =
            between.fold((0, 0), |(all, others), (_, known)| (all + 1, others + u64::from(known.counts())));
        (all == upto - above || self.mutants.is(Mutant::IgnoresFloor)).then_some(others)
    }

    /// Takes what the server says of it; says whether its read cursor is behind.
    pub fn take(&mut self, wire: &v1::Conversation) -> bool {
        let (read_seq, read_ordinal) = (self.row.read_seq, (!self.row.unread_stale).then_some(self.row.read_ordinal));
        let older = wire.head_seq < self.row.head_seq;
        // What an older answer cannot know is still to be asked for.
        self.row.unread_stale &= older;
        let row = &mut self.row;
        row.floor_ordinal = row.floor_ordinal.max(wire.floor_ordinal);
        row.visible_from_seq = row.visible_from_seq.max(wire.visible_from_seq);
        row.read_seq = wire.read_seq;
        row.read_ordinal = wire.read_ordinal;
        row.unread = wire.unread;
        if older {
            // It was made before events that are already here: those are counted on top.
            let floor = self.floor().max(wire.head_ordinal);
            match self.others_between(floor, self.row.head_ordinal) {
                Some(later) => self.row.unread += later,
                None => self.row.unread_stale = true,
            }
            self.uncount_recalled(wire);
        } else {
            row.kind = translate::conversation_kind(wire.kind, &row.id);
            row.title.clone_from(&wire.title);
            row.peer = UserId::new(&wire.peer_id).ok();
            row.peer_name.clone_from(&wire.peer_name);
            row.role = translate::role(wire.role);
            row.member = wire.member;
            row.member_count = wire.member_count;
            if let Some(group) = &wire.group {
                row.group = Arc::new(translate::group(group, row.kind));
            }
            row.head_seq = wire.head_seq;
            row.head_ordinal = wire.head_ordinal;
            row.active_at = wire.active_at;
            row.preview = wire.last_message.as_ref().and_then(translate::message_row).as_ref().map(translate::preview);
        }
        for mark in translate::marks(&wire.read_marks) {
            self.mark(mark);
        }
        // Whoever is no member cannot move it any more: the server's cursor stands.
        let behind = wire.member && read_seq > self.row.read_seq;
        if behind {
            // Past everything that the server has, all of it is read.
            let all = (read_seq >= self.row.head_seq).then_some(self.row.head_ordinal);
            self.move_cursor(read_seq, all.or(read_ordinal));
        } else {
            self.known = std::mem::take(&mut self.known).split_off(&(self.row.read_ordinal + 1));
            self.move_over_own();
        }
        behind
    }

    /// What was taken back after an older answer was made is in its number still.
    fn uncount_recalled(&mut self, wire: &v1::Conversation) {
        let counted = self.known.range(self.floor() + 1..).take_while(|(ordinal, _)| **ordinal <= wire.head_ordinal);
        let by = counted.filter(|(_, known)| !known.own).filter_map(|(_, known)| known.recalled);
        let (later, unclear) =
            by.fold((0, false), |(later, unclear), by| (later + u64::from(by > wire.head_seq), unclear || by == 0));
        self.row.unread = self.row.unread.saturating_sub(later);
        self.row.unread_stale |= unclear || self.known.len() >= KNOWN_MAX;
    }

    /// Takes how far another member has read; it never moves back.
    pub fn mark(&mut self, mark: ReadMark) -> bool {
        match self.row.marks.binary_search_by(|other| other.user.cmp(&mark.user)) {
            Ok(at) if self.row.marks[at].upto >= mark.upto => return false,
            Ok(at) => self.row.marks[at] = mark,
            Err(at) => self.row.marks.insert(at, mark),
        }
        true
    }

    /// Forgets everything but its name: the server's store has another history.
    pub fn forget_history(&mut self) {
        let row = &mut self.row;
        (row.head_seq, row.head_ordinal, row.last_seq, row.last_ordinal) = (0, 0, 0, 0);
        (row.read_seq, row.read_ordinal, row.read_unconfirmed) = (0, 0, 0);
        (row.floor_ordinal, row.visible_from_seq, row.unread) = (0, 0, 0);
        row.marks.clear();
        row.preview = None;
        self.intervals.clear();
        self.held.clear();
        self.known.clear();
        self.seen = 0;
        self.phase = Phase::Live;
        self.next_fetch = Fetch::Events;
        self.fruitless = 0;
        self.row.unread_stale = false;
    }

    /// What a list shows of it.
    #[must_use]
    pub fn summary(&self) -> ConversationSummary {
        let row = &self.row;
        let title = match (&row.peer, row.peer_name.is_empty()) {
            (Some(peer), true) => peer.to_string(),
            (Some(_), false) => row.peer_name.clone(),
            (None, _) => row.title.clone(),
        };
        ConversationSummary {
            id: row.id,
            kind: row.kind,
            title,
            peer: row.peer.clone(),
            role: row.role,
            member: row.member,
            member_count: row.member_count,
            unread: row.unread,
            preview: row.preview.clone(),
            active_at: Timestamp(row.active_at),
            head_seq: Seq(row.head_seq),
            head_ordinal: Ordinal(row.head_ordinal),
            read_seq: Seq(row.read_seq),
            read_ordinal: Ordinal(row.read_ordinal),
            group: row.group.clone(),
        }
    }
}
