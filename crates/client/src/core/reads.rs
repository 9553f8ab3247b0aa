//! Read cursors: a register a conversation that only grows, told to the server when it can be told.

use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::number::Seq;
use stonechat_wire::v1::{self, frame::Body, personal_change};

use crate::core::calls::Purpose;
use crate::core::command::{Reply, Ticket};
use crate::core::dice::backoff_ms;
use crate::core::limits::{CURSOR_SETTLES_MS, UNKNOWN_MAX};
use crate::core::machine::Core;
use crate::core::mutant::Mutant;
use crate::core::refusal::{server_error, wait_ms};
use crate::core::translate;
use crate::error::Error;
use crate::state::{ReadMark, Role};

/// How a personal change came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// By itself.
    Live,
    /// With a list that names every conversation in which something happened: nothing has to be asked for.
    WithList,
}

impl Core {
    pub(super) fn on_mark_read(&mut self, ticket: Ticket, id: ConversationId, upto: u64) {
        let up = self.link.is_up();
        let Some(conversation) = self.conversations.get_mut(&id) else {
            return self.journal.reply(ticket, Err(Error::NotFound("conversation")));
        };
        let upto = upto.min(conversation.target());
        if conversation.move_cursor(upto, None) {
            let forgets = !up && self.settings.mutants.is(Mutant::ReadNotFlushed);
            if !forgets {
                conversation.row.read_unconfirmed = upto;
                self.unconfirmed.insert(id);
            }
            self.touched.insert(id);
        }
        self.journal.reply(ticket, Ok(Reply::Done));
    }

    /// Tells the server of cursors that it has not confirmed, one call a conversation at a time.
    pub(super) fn pump_reads(&mut self) {
        if self.fetch_from > self.now_ms() {
            return;
        }
        for id in self.unconfirmed.clone() {
            if !self.calls.have_room() {
                return;
            }
            let upto = self.conversations.get(&id).map_or(0, |conversation| conversation.row.read_unconfirmed);
            let told = self.calls.is_in_flight(&Purpose::Read(id, upto));
            if upto > 0 && !told {
                let mark = v1::MarkRead { conversation_id: id.to_string(), upto_seq: upto };
                self.call(Purpose::Read(id, upto), Body::MarkRead(mark));
            }
        }
    }

    pub(super) fn on_read_confirmed(&mut self, id: ConversationId, upto: u64) {
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        if conversation.row.read_unconfirmed == upto {
            // The row keeps it until the server has surely stored it: a device that starts again then says it again.
            self.unconfirmed.remove(&id);
            self.touched.insert(id);
            self.doubt_later(id);
        }
    }

    /// Remembers that the server told a cursor, which it may not have stored yet.
    fn doubt_later(&mut self, id: ConversationId) {
        self.confirmed.insert(id, self.now_ms());
    }

    /// Cursors that the server has stored by now: it answered a call that was made long enough after it confirmed them.
    pub(super) fn settle_cursors(&mut self) {
        let answered = self.calls.answered();
        let settled: Vec<_> =
            self.confirmed.iter().filter(|(_, at)| **at + CURSOR_SETTLES_MS <= answered).map(|(id, _)| *id).collect();
        for id in settled {
            self.confirmed.remove(&id);
            self.settle_cursor(id);
        }
    }

    fn settle_cursor(&mut self, id: ConversationId) {
        if let Some(conversation) = self.conversations.get_mut(&id)
            && conversation.row.read_unconfirmed > 0
            && !self.unconfirmed.contains(&id)
        {
            conversation.row.read_unconfirmed = 0;
            self.touched.insert(id);
        }
    }

    pub(super) fn on_read_refused(&mut self, id: ConversationId, upto: u64, error: &v1::Error) {
        if server_error(error).is_retryable() {
            let wait = wait_ms(error, backoff_ms(&mut self.dice, 1));
            self.fetch_from = self.fetch_from.max(self.now_ms() + wait);
        } else {
            self.on_read_confirmed(id, upto);
            self.confirmed.remove(&id);
            self.settle_cursor(id);
            // Whoever is no member any more is told where the cursor stands; until then it is shown where it was.
            if let Some(conversation) = self.conversations.get_mut(&id) {
                conversation.row.unread_stale = true;
                self.touched.insert(id);
            }
        }
    }

    pub(super) fn on_read_moved(&mut self, moved: &v1::ReadMoved) {
        let (Ok(id), Ok(user)) = (moved.conversation_id.parse(), UserId::new(&moved.user_id)) else { return };
        if user == *self.me() {
            self.own_cursor(id, moved.upto_seq, moved.upto_ordinal);
            // Whoever moved it may be gone when the server has to be told again.
            if let Some(conversation) = self.conversations.get_mut(&id).filter(|it| it.row.member) {
                let row = &mut conversation.row;
                row.read_unconfirmed = row.read_unconfirmed.max(row.read_seq);
                self.touched.insert(id);
                self.doubt_later(id);
            }
            return;
        }
        let upto = Seq(moved.upto_seq);
        self.mark(id, ReadMark { user, upto, delivered: upto });
    }

    /// A server that crashes may lose the last second of cursors: those are told again on the next connection. When it
    /// crashed nobody knows, but it was there when it was last heard.
    pub(super) fn doubt_cursors(&mut self) {
        self.settle_cursors();
        for id in std::mem::take(&mut self.confirmed).into_keys() {
            self.tell_cursor_again(id);
        }
    }

    /// The server's cursor is behind the one that is known here.
    pub(super) fn tell_cursor_again(&mut self, id: ConversationId) {
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        let row = &mut conversation.row;
        row.read_unconfirmed = if row.member { row.read_seq } else { 0 };
        // Whoever is no member any more cannot move it: he asks where it stands.
        row.unread_stale |= !row.member;
        if row.read_unconfirmed > 0 {
            self.unconfirmed.insert(id);
        } else {
            self.unconfirmed.remove(&id);
        }
        self.touched.insert(id);
    }

    fn own_cursor(&mut self, id: ConversationId, upto_seq: u64, upto_ordinal: u64) {
        let Some(conversation) = self.conversations.get_mut(&id) else {
            // What does not fit is told again with the conversation, a second later.
            if self.unknown_cursors.len() < UNKNOWN_MAX {
                let cursor = self.unknown_cursors.entry(id).or_default();
                *cursor = (upto_seq, upto_ordinal).max(*cursor);
            }
            return;
        };
        if conversation.move_cursor(upto_seq, Some(upto_ordinal)) {
            self.touched.insert(id);
        }
    }

    /// Takes a change of what belongs to the user.
    pub(super) fn on_personal(&mut self, change: &v1::PersonalChange, told: Told) {
        match &change.change {
            Some(personal_change::Change::Membership(membership)) => self.on_membership(membership, told),
            Some(personal_change::Change::Read(read)) => {
                if let Ok(id) = read.conversation_id.parse() {
                    self.own_cursor(id, read.upto_seq, read.upto_ordinal);
                }
            }
            Some(personal_change::Change::Receipts(receipts)) => self.on_receipts(receipts),
            // A device that was signed out hears of itself by its connection.
            Some(
                personal_change::Change::Relation(_)
                | personal_change::Change::Profile(_)
                | personal_change::Change::Preferences(_)
                | personal_change::Change::Presence(_)
                | personal_change::Change::Deletions(_)
                | personal_change::Change::Stars(_)
                | personal_change::Change::Plays(_)
                | personal_change::Change::Quiet(_)
                | personal_change::Change::Asking(_)
                | personal_change::Change::Device(_),
            ) => self.on_entry(change),
            None => {}
        }
    }

    fn on_membership(&mut self, membership: &v1::MembershipState, told: Told) {
        let Ok(id) = membership.conversation_id.parse() else { return };
        let now = self.now_ms();
        let Some(conversation) = self.conversations.get_mut(&id) else {
            if membership.member && told == Told::Live {
                self.gets.insert(id);
            }
            return;
        };
        if membership.member {
            if !conversation.row.member && told == Told::Live {
                self.gets.insert(id);
            }
            conversation.row.role = translate::role(membership.role);
            self.touched.insert(id);
            return;
        }
        // Said of an older membership than the one that the log already told of: the log is right.
        if membership.visible_upto_seq < conversation.row.visible_from_seq {
            return;
        }
        if self.settings.mutants.is(Mutant::RemovalIgnored) {
            return;
        }
        conversation.row.member = false;
        conversation.row.role = Role::None;
        conversation.seen = conversation.seen.max(membership.visible_upto_seq);
        let behind = conversation.row.last_seq < conversation.target();
        self.touched.insert(id);
        if behind {
            self.fall_behind(id, now);
        }
    }
}
