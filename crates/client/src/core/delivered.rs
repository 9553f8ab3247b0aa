//! What arrived from others in direct conversations: a register that only grows, told to the server once the store holds
//! what it stands for. One call is in flight at a time; what comes meanwhile goes with the next.

use stonechat_types::id::{ConversationId, ConversationKind, UserId};
use stonechat_types::limits::DELIVERED_PER_CALL_MAX;
use stonechat_types::number::Seq;
use stonechat_wire::v1::{self, frame::Body};

use crate::core::calls::Purpose;
use crate::core::change::Change;
use crate::core::dice::backoff_ms;
use crate::core::limits::{CURSOR_SETTLES_MS, UNKNOWN_MAX};
use crate::core::machine::Core;
use crate::core::mutant::Mutant;
use crate::core::refusal::{server_error, wait_ms};
use crate::state::ReadMark;

impl Core {
    /// What others wrote up to here is in the transaction of this input.
    pub(super) fn arrived(&mut self, id: ConversationId, seq: u64) {
        let mutants = self.settings.mutants;
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        if conversation.row.kind != ConversationKind::Direct {
            return;
        }
        let row = &mut conversation.row;
        row.delivered_unconfirmed = row.delivered_unconfirmed.max(seq);
        self.touched.insert(id);
        if mutants.is(Mutant::DeliveredBeforeStored) {
            self.undelivered.insert(id, seq);
        } else {
            self.journal.stored(id, seq);
        }
    }

    /// What is durable now may be told.
    pub(super) fn take_stored(&mut self) {
        for (id, seq) in self.journal.take_stored() {
            // It may be gone by now, or of a history that is no more.
            if self.conversations.get(&id).is_some_and(|it| it.row.delivered_unconfirmed >= seq) {
                let upto = self.undelivered.entry(id).or_default();
                *upto = seq.max(*upto);
            }
        }
    }

    /// Tells the server what arrived.
    pub(super) fn pump_delivered(&mut self) {
        if self.fetch_from > self.now_ms() || self.undelivered.is_empty() || self.calls.tell_delivered() {
            return;
        }
        // Whoever has read it has it: the cursor says so.
        let read: Vec<_> = self
            .undelivered
            .iter()
            .filter(|(id, upto)| {
                self.conversations.get(id).is_none_or(|it| it.row.read_seq >= **upto || !it.row.member)
            })
            .map(|(id, upto)| (*id, *upto))
            .collect();
        for (id, upto) in read {
            self.undelivered.remove(&id);
            self.settle_delivered(id, upto);
        }
        if self.undelivered.is_empty() || !self.calls.have_room() {
            return;
        }
        let told: Vec<_> =
            self.undelivered.iter().take(DELIVERED_PER_CALL_MAX).map(|(id, upto)| (*id, *upto)).collect();
        let one =
            |(id, upto): &(ConversationId, u64)| v1::Delivered { conversation_id: id.to_string(), upto_seq: *upto };
        let marks = told.iter().map(one).collect();
        self.call(Purpose::Delivered(told), Body::MarkDelivered(v1::MarkDelivered { marks }));
    }

    pub(super) fn on_delivered_confirmed(&mut self, told: Vec<(ConversationId, u64)>) {
        for (id, upto) in told {
            if self.undelivered.get(&id).is_some_and(|later| *later <= upto) {
                self.undelivered.remove(&id);
            }
            // The row keeps it until the server has surely stored it: a device that starts again then says it again.
            self.delivered.insert(id, (upto, self.now_ms()));
        }
    }

    pub(super) fn on_delivered_refused(&mut self, told: Vec<(ConversationId, u64)>, error: &v1::Error) {
        if server_error(error).is_retryable() {
            let wait = wait_ms(error, backoff_ms(&mut self.dice, 1));
            self.fetch_from = self.fetch_from.max(self.now_ms() + wait);
            return;
        }
        for (id, upto) in told {
            self.undelivered.remove(&id);
            self.settle_delivered(id, upto);
        }
    }

    /// What the server has stored by now: it answered a call that was made long enough after it was told.
    pub(super) fn settle_all_delivered(&mut self) {
        let answered = self.calls.answered();
        let settled = |(_, at): &(u64, u64)| *at + CURSOR_SETTLES_MS <= answered;
        let settled: Vec<_> =
            self.delivered.iter().filter(|(_, told)| settled(told)).map(|(id, (upto, _))| (*id, *upto)).collect();
        for (id, upto) in settled {
            self.delivered.remove(&id);
            self.settle_delivered(id, upto);
        }
    }

    fn settle_delivered(&mut self, id: ConversationId, upto: u64) {
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        let unconfirmed = &mut conversation.row.delivered_unconfirmed;
        if *unconfirmed > 0 && *unconfirmed <= upto {
            *unconfirmed = 0;
            self.touched.insert(id);
        }
    }

    /// A server that crashes may lose the last second of what it was told: that is said again.
    pub(super) fn doubt_delivered(&mut self) {
        self.settle_all_delivered();
        for (id, (upto, _)) in std::mem::take(&mut self.delivered) {
            let later = self.undelivered.entry(id).or_default();
            *later = upto.max(*later);
        }
    }

    /// A device of the other user has it.
    pub(super) fn on_delivered_moved(&mut self, moved: &v1::DeliveredMoved) {
        if let (Ok(id), Ok(user)) = (moved.conversation_id.parse(), UserId::new(&moved.user_id))
            && user != *self.me()
        {
            self.mark(id, ReadMark { user, upto: Seq::ZERO, delivered: Seq(moved.upto_seq) });
        }
    }

    /// How far the other user of a direct conversation is.
    pub(super) fn on_receipts(&mut self, state: &v1::ReceiptState) {
        let Ok(id) = state.conversation_id.parse() else { return };
        // One that is not known yet brings its marks along.
        if let Some(user) = self.conversations.get(&id).and_then(|conversation| conversation.row.peer.clone()) {
            let (upto, delivered) = (Seq(state.read_seq), Seq(state.delivered_seq));
            self.mark(id, ReadMark { user, upto, delivered });
        }
    }

    /// Takes how far another member is.
    pub(super) fn mark(&mut self, id: ConversationId, mark: ReadMark) {
        if !self.conversations.contains_key(&id) {
            // It is being asked for, and the answer may have been made before this.
            if self.unknown_marks.len() < UNKNOWN_MAX || self.unknown_marks.contains_key(&id) {
                let marks = self.unknown_marks.entry(id).or_default();
                let known = marks.entry(mark.user.clone()).or_insert_with(|| mark.clone());
                known.upto = known.upto.max(mark.upto);
                known.delivered = known.delivered.max(mark.delivered);
            }
            return;
        }
        if let Some(conversation) = self.conversations.get_mut(&id)
            && conversation.mark(mark)
        {
            let marks = conversation.row.marks.clone();
            self.touched.insert(id);
            self.journal.tell(Change::Marks(id, marks));
        }
    }
}
