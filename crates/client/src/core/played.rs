//! Voice messages that were played: as the server said it last, with what waits to be told on top. Those of a conversation
//! are told one after the other, again and again until the server has stored them; they wait in its row.

use std::sync::Arc;

use stonechat_domain::plays::{Played as ByOthers, Plays};
use stonechat_types::id::ConversationId;
use stonechat_types::number::Seq;
use stonechat_wire::v1::{self, frame::Body};

use crate::core::calls::Purpose;
use crate::core::command::{Reply, Ticket};
use crate::core::dice::backoff_ms;
use crate::core::limits::PLAYS_WAITING_MAX;
use crate::core::machine::Core;
use crate::core::mutant::Mutant;
use crate::core::refusal::{server_error, wait_ms};
use crate::error::{Error, Result};
use crate::played::Played;

/// Plays of the wire, and of which conversation; `None` when they are not in their form.
pub fn from_wire(wire: &v1::Plays) -> Option<(ConversationId, Plays)> {
    let mine = wire.played_seqs.iter().map(|seq| Seq(*seq)).collect();
    let others = wire.by_others.iter().map(|it| ByOthers { seq: Seq(it.seq), by: it.players }).collect();
    Some((wire.conversation_id.parse().ok()?, Plays::from_parts(Seq(wire.floor_seq), mine, others)?))
}

impl Core {
    pub(super) fn on_mark_played(&mut self, ticket: Ticket, id: ConversationId, seq: u64) {
        let reply = self.mark_played(id, seq).map(|()| Reply::Done);
        self.journal.reply(ticket, reply);
    }

    fn mark_played(&mut self, id: ConversationId, seq: u64) -> Result<()> {
        if self.plays.get(&id).is_some_and(|plays| plays.holds(Seq(seq))) {
            return Ok(());
        }
        let conversation = self.conversations.get_mut(&id).ok_or(Error::NotFound("conversation"))?;
        let waiting = &mut conversation.row.plays_unconfirmed;
        if waiting.contains(&seq) {
            return Ok(());
        }
        if waiting.len() >= PLAYS_WAITING_MAX {
            return Err(Error::argument("message", format!("is one too many: {PLAYS_WAITING_MAX} wait to be told")));
        }
        let forgets = !self.link.is_up() && self.settings.mutants.is(Mutant::PlayNotFlushed);
        if !forgets {
            waiting.push(seq);
            self.unplayed.insert(id);
        }
        self.touched.insert(id);
        Ok(())
    }

    /// Tells the server what was played, one message at a time.
    pub(super) fn pump_played(&mut self) {
        if self.fetch_from > self.now_ms() || !self.calls.have_room() || self.calls.tell_played() {
            return;
        }
        while let Some(id) = self.unplayed.first().copied() {
            let waiting = self.conversations.get(&id).and_then(|it| it.row.plays_unconfirmed.first());
            if let Some(seq) = waiting.copied() {
                let mark = v1::MarkPlayed { conversation_id: id.to_string(), seq };
                return self.call(Purpose::Played(id, seq), Body::MarkPlayed(mark));
            }
            self.unplayed.remove(&id);
        }
    }

    /// It is stored: the entry that says so is on its way.
    pub(super) fn on_played_confirmed(&mut self, id: ConversationId, seq: u64) {
        if self.conversations.contains_key(&id) {
            Arc::make_mut(self.plays.entry(id).or_default()).play(Seq(seq));
            self.settle_played(id, seq);
        }
    }

    pub(super) fn on_played_refused(&mut self, id: ConversationId, seq: u64, error: &v1::Error) {
        if server_error(error).is_retryable() {
            let wait = wait_ms(error, backoff_ms(&mut self.dice, 1));
            self.fetch_from = self.fetch_from.max(self.now_ms() + wait);
        } else {
            // It was taken back, or the user is no member any more: there is nothing to be told.
            self.settle_played(id, seq);
        }
    }

    fn settle_played(&mut self, id: ConversationId, seq: u64) {
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.row.plays_unconfirmed.retain(|waiting| *waiting != seq);
            self.touched.insert(id);
        }
    }

    /// What is known of the voice messages of a conversation, what waits to be told included.
    pub(super) fn played_of(&self, id: &ConversationId) -> Arc<Played> {
        let plays = self.plays.get(id).cloned().unwrap_or_default();
        let waiting = self.conversations.get(id).map(|it| it.row.plays_unconfirmed.clone()).unwrap_or_default();
        Arc::new(Played { plays, waiting })
    }
}
