//! One conversation of the server that a client is compared with.

use std::collections::{BTreeMap, BTreeSet};

use stonechat_types::id::UserId;
use stonechat_wire::v1::{self, Event};

use crate::core::rows::MessageRow;
use crate::core::simulation::server::ME;
use crate::core::translate;

/// One conversation at the server.
#[derive(Clone, Debug, Default)]
pub struct Log {
    pub events: BTreeMap<u64, Event>,
    pub feed: BTreeMap<u64, u64>,
    pub next_seq: u64,
    pub ordinal: u64,
    /// Intervals of seqs that the user may see; the last may be open.
    pub visible: Vec<(u64, Option<u64>)>,
    pub read_seq: u64,
    pub read_ordinal: u64,
    /// Up to where the device said that it has what others wrote.
    pub delivered: u64,
    /// What the user has played, and what he could not be told to have.
    pub played: BTreeSet<u64>,
    pub unplayable: BTreeSet<u64>,
    pub title: String,
    pub jumped: bool,
}

impl Log {
    pub fn is_member(&self) -> bool {
        self.visible.last().is_some_and(|(_, upto)| upto.is_none())
    }

    /// Whether the user was a member when the feed was there.
    pub fn was_member(&self, feed: u64) -> bool {
        let by = |seq: u64| self.feed.get(&seq).is_some_and(|at| *at <= feed);
        self.visible.iter().any(|(from, upto)| by(*from) && !upto.is_some_and(by))
    }

    pub fn sees(&self, seq: u64) -> bool {
        self.visible.iter().any(|(from, upto)| *from <= seq && upto.is_none_or(|upto| seq <= upto))
    }

    pub fn seen(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.events.values().filter(|event| self.sees(event.seq))
    }

    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.seen().filter(|event| event.kind == "message")
    }

    pub fn head(&self) -> (u64, u64) {
        self.seen().next_back().map_or((0, 0), |event| (event.seq, event.ordinal))
    }

    pub fn floor(&self) -> u64 {
        let from = self.visible.last().map_or(0, |(from, _)| *from);
        self.events.range(..from).next_back().map_or(0, |(_, event)| event.ordinal)
    }

    /// The sentence, recounted. Nothing is unread where the user is no member, as the server answers it.
    pub fn unread(&self) -> u64 {
        if !self.is_member() {
            return 0;
        }
        let above = self.read_ordinal.max(self.floor());
        self.messages().filter(|event| event.ordinal > above && event.sender_id != ME).count() as u64
    }

    pub fn move_over_own(&mut self) {
        loop {
            let after = self.read_ordinal.max(self.floor());
            let mut next = self.messages().filter(|event| event.ordinal == after + 1);
            let Some((seq, ordinal)) = next.find(|it| it.sender_id == ME).map(|it| (it.seq, it.ordinal)) else {
                return;
            };
            drop(next);
            (self.read_ordinal, self.read_seq) = (ordinal, self.read_seq.max(seq));
        }
    }

    /// A message as it is now, with all that later events made of it.
    pub fn now(&self, message: &Event) -> Option<MessageRow> {
        let me = UserId::new(ME).ok()?;
        let mut row = translate::message_row(message)?;
        let later = self.events.range(message.seq..).map(|(_, event)| event);
        later.filter_map(|event| translate::message_change(event, &me)).for_each(|change| change.fold(&mut row));
        Some(row)
    }

    /// The same for the wire.
    pub fn message(&self, message: &Event) -> v1::Message {
        let mut event = message.clone();
        let Some(row) = self.now(message) else { return v1::Message::default() };
        let reactions =
            row.reactions.iter().map(|it| v1::Reaction { emoji: it.emoji.clone(), count: it.count, own: it.own });
        event.body = row.body.clone();
        event.state = (row.changed > row.seq).then(|| v1::MessageState {
            changed_seq: row.changed,
            edits: row.edits,
            edited_at: row.edited_at.as_millis(),
            reactions: reactions.collect(),
            ..v1::MessageState::default()
        });
        v1::Message { event: Some(event), changed_seq: row.changed }
    }

    pub fn ordinal_at(&self, seq: u64) -> u64 {
        self.events.range(..=seq).next_back().map_or(0, |(_, event)| event.ordinal)
    }
}
