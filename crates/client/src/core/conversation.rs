//! One conversation as the core sees it: its row, what it holds above a hole, and the arithmetic of unread.

use std::collections::BTreeMap;
use std::sync::Arc;

use stonechat_domain::deletions::Deletions;
use stonechat_domain::preferences::Preferences;
use stonechat_types::id::UserId;
use stonechat_types::number::{Ordinal, Seq, Timestamp};
use stonechat_wire::v1::{self, Event};

use crate::core::intervals::Intervals;
use crate::core::limits::{HELD_MAX, KNOWN_MAX};
use crate::core::mutant::{Mutant, Mutants};
use crate::core::rows::{ConversationRow, MessageRow};
use crate::core::translate;
use crate::deletions::Removed;
use crate::played::Played;
use crate::stars::Starred;
use crate::state::{ConversationSummary, Preview, ReadMark};

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
    /// How much of that is not told, since it is muted.
    pub muted: u64,
    /// What the user removed for himself, as the server said it last.
    pub removed: Arc<Deletions>,
    /// The personal change that said so.
    pub removed_version: u64,
    /// The personal change up to which the numbers that the server gave last leave out what is removed.
    pub counted_version: u64,
    /// Seq and authorship of messages above the floor, by ordinal.
    known: BTreeMap<u64, Known>,
    mutants: Mutants,
}

/// A message as unread sees it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known {
    /// Its event.
    pub seq: u64,
    /// Whether the user wrote it.
    pub own: bool,
    /// The event that took it back; 0 when that is not known.
    pub recalled: Option<u64>,
    /// Whether it was sent silently.
    pub silent: bool,
    /// Whether it calls the user.
    pub calls: bool,
}

impl Known {
    /// A message of the log.
    #[must_use]
    pub fn of(row: &MessageRow, me: &UserId) -> Self {
        let attributes = row.attributes.as_deref();
        Self {
            seq: row.seq,
            own: row.sender == *me,
            recalled: row.recalled.as_ref().map(|_| row.changed),
            silent: attributes.is_some_and(|attributes| attributes.silent),
            calls: attributes.is_some_and(|attributes| attributes.calls(me)),
        }
    }

    fn counts(self) -> Counted {
        let counts = !self.own && !self.silent && self.recalled.is_none();
        Counted { unread: u64::from(counts), mentions: u64::from(counts && self.calls) }
    }
}

/// Unread messages, and those of them that call the user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counted {
    unread: u64,
    mentions: u64,
}

impl std::ops::Add for Counted {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { unread: self.unread + other.unread, mentions: self.mentions + other.mentions }
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
            muted: 0,
            removed: Arc::default(),
            removed_version: 0,
            counted_version: 0,
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

    /// Remembers a message.
    pub fn know(&mut self, ordinal: u64, known: Known) {
        if ordinal > self.row.read_ordinal {
            let before = self.known.get(&ordinal).and_then(|known| known.recalled);
            self.known.insert(ordinal, Known { recalled: known.recalled.or(before), ..known });
        }
        if self.known.len() > KNOWN_MAX {
            self.known.pop_first();
        }
    }

    /// Counts a message that is newer than everything before.
    pub fn count(&mut self, ordinal: u64, known: Known) {
        self.row.head_ordinal = self.row.head_ordinal.max(ordinal);
        if ordinal > self.floor() && !self.removed.holds_ordinal(Ordinal(ordinal)) {
            self.add(Known { recalled: None, ..known }.counts());
        }
    }

    fn counted(&self) -> Counted {
        Counted { unread: self.row.unread, mentions: self.row.unread_mentions }
    }

    fn set(&mut self, counted: Counted) {
        (self.row.unread, self.row.unread_mentions) = (counted.unread, counted.mentions);
    }

    fn add(&mut self, more: Counted) {
        self.set(self.counted() + more);
    }

    fn take_off(&mut self, less: Counted) {
        let Counted { unread, mentions } = self.counted();
        let left = |count: u64, less| count.saturating_sub(less);
        self.set(Counted { unread: left(unread, less.unread), mentions: left(mentions, less.mentions) });
    }

    /// A message was taken back by an event; `newer` says that the row does not know of it. A number that the server
    /// gave knows of recalls that are replayed only now, and a cursor that moved meanwhile took what it passed for
    /// unread: then it is counted anew, by the server where it cannot be here.
    pub fn recall(&mut self, recalled: &v1::Recalled, by: u64, own: bool, newer: bool) {
        let known = self.known.get(&recalled.ordinal).copied();
        let (seq, silent) = (recalled.seq, recalled.silent);
        let calls = known.is_some_and(|known| known.calls);
        self.know(recalled.ordinal, Known { seq, own, recalled: Some(by), silent, calls });
        let floor = self.floor();
        if own || silent || self.removed.holds_ordinal(Ordinal(recalled.ordinal)) {
            return;
        }
        if newer && known.is_none_or(|known| known.recalled.is_none()) {
            if recalled.ordinal > floor {
                self.take_off(Counted { unread: 1, mentions: u64::from(calls) });
                // Whether a message that is not here called the user is not known.
                self.row.unread_stale |= known.is_none() && self.row.unread_mentions > 0;
            }
        } else if let Some(counted) = self.others_between(floor, self.row.head_ordinal) {
            self.set(counted);
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
            self.set(Counted::default());
        } else if let Some(counted) = self.others_between(floor, self.row.head_ordinal) {
            self.set(counted);
        } else if let Some(read) = self.others_between(before, floor) {
            self.take_off(read);
        } else {
            self.row.unread_stale = true;
        }
        self.known = self.known.split_off(&(self.row.read_ordinal + 1));
    }

    /// Messages of others above one ordinal and up to another, when every one of them is known.
    fn others_between(&self, above: u64, upto: u64) -> Option<Counted> {
        if above >= upto {
            return Some(Counted::default());
        }
        let is_left = |ordinal: u64| !self.removed.holds_ordinal(Ordinal(ordinal));
        let between = self.known.range(above + 1..=upto).filter(|(ordinal, _)| is_left(**ordinal));
        let wanted = upto - above - self.removed.between(Ordinal(above), Ordinal(upto));
        let (all, others) =
            between.fold((0, Counted::default()), |(all, others), (_, known)| (all + 1, others + known.counts()));
        (all == wanted || self.mutants.is(Mutant::IgnoresFloor)).then_some(others)
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
        row.unread_mentions = wire.unread_mentions.into();
        if older {
            // It was made before events that are already here: those are counted on top.
            let floor = self.floor().max(wire.head_ordinal);
            match self.others_between(floor, self.row.head_ordinal) {
                Some(later) => self.add(later),
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
        self.counted_version = if older { 0 } else { wire.deletions_seq };
        if wire.deletions_seq < self.removed_version {
            // It was made before something was removed.
            self.recount_removed();
            let gone = self.row.preview.take_if(|preview| self.removed.holds(preview.seq));
            self.row.unread_stale |= gone.is_some();
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
        let (mut later, mut unclear) = (Counted::default(), false);
        let counted = counted.filter(|(ordinal, _)| !self.removed.holds_ordinal(Ordinal(**ordinal)));
        for known in counted.map(|(_, known)| *known).filter(|known| !known.own && !known.silent) {
            match known.recalled {
                Some(0) => unclear = true,
                Some(by) if by > wire.head_seq => later = later + Known { recalled: None, ..known }.counts(),
                Some(_) | None => {}
            }
        }
        self.take_off(later);
        self.row.unread_stale |= unclear || self.known.len() >= KNOWN_MAX;
    }

    /// Takes what the user removed; says whether the message that the list shows went with it.
    pub fn remove(&mut self, version: u64, deletions: Arc<Deletions>) -> bool {
        self.removed = deletions;
        self.removed_version = version;
        // Numbers that the server gave knowing of it are right.
        if version > self.counted_version {
            self.recount_removed();
        }
        let gone = self.row.preview.take_if(|preview| self.removed.holds(preview.seq));
        gone.is_some()
    }

    /// Counts anew without what is removed, or lets the server.
    fn recount_removed(&mut self) {
        let (floor, head) = (self.floor(), self.row.head_ordinal);
        if self.removed.between(Ordinal(floor), Ordinal(head)) == 0 {
            return;
        }
        match self.others_between(floor, head) {
            Some(counted) => self.set(counted),
            None => self.row.unread_stale = true,
        }
    }

    /// How many of the unread messages are about to be removed.
    fn waiting(&self, removed: &Removed) -> Counted {
        if removed.waiting.is_empty() {
            return Counted::default();
        }
        let is_one = |(ordinal, known): &(&u64, &Known)| {
            removed.waiting.contains(&known.seq) && !self.removed.holds_ordinal(Ordinal(**ordinal))
        };
        let unread = self.known.range(self.floor() + 1..).filter(is_one);
        unread.fold(Counted::default(), |all, (_, known)| all + known.counts())
    }

    /// Unread messages as they are shown, and those of them that call the user.
    #[must_use]
    pub fn shown_unread(&self, removed: &Removed) -> (u64, u64) {
        let waiting = self.waiting(removed);
        let left = |count: u64, less| count.saturating_sub(less);
        (left(self.row.unread, waiting.unread), left(self.row.unread_mentions, waiting.mentions))
    }

    /// Takes how far another member is; it never moves back.
    pub fn mark(&mut self, mark: ReadMark) -> bool {
        let marks = &mut self.row.marks;
        match marks.binary_search_by(|other| other.user.cmp(&mark.user)) {
            Ok(at) => {
                let before = (marks[at].upto, marks[at].delivered);
                marks[at].upto = before.0.max(mark.upto);
                marks[at].delivered = before.1.max(mark.delivered).max(marks[at].upto);
                (marks[at].upto, marks[at].delivered) != before
            }
            Err(at) => {
                marks.insert(at, ReadMark { delivered: mark.delivered.max(mark.upto), ..mark });
                true
            }
        }
    }

    /// Forgets everything but its name: the server's store has another history.
    pub fn forget_history(&mut self) {
        let row = &mut self.row;
        (row.head_seq, row.head_ordinal, row.last_seq, row.last_ordinal) = (0, 0, 0, 0);
        (row.read_seq, row.read_ordinal, row.read_unconfirmed, row.delivered_unconfirmed) = (0, 0, 0, 0);
        row.plays_unconfirmed.clear();
        (row.floor_ordinal, row.visible_from_seq, row.unread, row.unread_mentions) = (0, 0, 0, 0);
        row.marks.clear();
        row.preview = None;
        row.stale_from = 0;
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
    pub fn summary(
        &self,
        (preferences, removed): (Arc<Preferences>, Arc<Removed>),
        (starred, played): (Arc<Starred>, Arc<Played>),
    ) -> ConversationSummary {
        let row = &self.row;
        let is_shown = |preview: &Preview| preview.seq > preferences.cleared_upto && !removed.holds(preview.seq);
        let preview = row.preview.clone().filter(is_shown);
        let (unread, unread_mentions) = self.shown_unread(&removed);
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
            unread,
            unread_mentions,
            preview,
            removed,
            starred,
            played,
            hidden: preferences.is_hidden(Seq(row.head_seq)),
            preferences,
            active_at: Timestamp(row.active_at),
            head_seq: Seq(row.head_seq),
            head_ordinal: Ordinal(row.head_ordinal),
            read_seq: Seq(row.read_seq),
            read_ordinal: Ordinal(row.read_ordinal),
            group: row.group.clone(),
        }
    }
}
