//! What later events make of messages. Events of a conversation come in the order of its log, so what is held is as it
//! is at the last contiguous event, but for what could be missed: that is fetched as it is now, and until then nothing
//! is folded into it, since a message that lacks one change must not take the next.

use stonechat_types::id::ConversationId;
use stonechat_wire::v1::{self, Event, frame::Body};

use crate::core::calls::Purpose;
use crate::core::change::Change;
use crate::core::conversation::Phase;
use crate::core::machine::Core;
use crate::core::rows::{Changed, StoreOp};
use crate::core::translate;

impl Core {
    /// Takes what an event makes of a message. `newer` says that the list does not know of it yet.
    pub(super) fn change_message(&mut self, id: ConversationId, event: &Event, newer: bool) {
        let Some(change) = translate::message_change(event, self.me()) else { return };
        if change.is_unsaid() {
            return self.go_stale(id, event.seq);
        }
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        let stale_from = conversation.row.stale_from;
        // What is taken back is the same whatever became of it before.
        let is_whole = matches!(change.what, Changed::Recalled(_));
        if stale_from > 0 && change.target < stale_from && !is_whole {
            return;
        }
        if let Some(preview) = conversation.row.preview.as_mut().filter(|it| newer && it.seq.get() == change.target) {
            translate::change_preview(preview, &change);
        }
        self.journal.write(StoreOp::ChangeMessage(Box::new(change.clone())));
        self.journal.tell(Change::MessageChanged(id, Box::new(change)));
    }

    /// Messages of a conversation may lack what events from `from` on made of them.
    pub(super) fn go_stale(&mut self, id: ConversationId, from: u64) {
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        let row = &mut conversation.row;
        row.stale_from = if row.stale_from == 0 { from } else { row.stale_from.min(from) };
        self.touched.insert(id);
        self.stale.insert(id);
    }

    /// Asks for what may have been missed, once the conversation is in step.
    pub(super) fn pump_changes(&mut self) {
        for id in self.stale.clone() {
            if !self.may_fetch() {
                return;
            }
            let Some(conversation) = self.conversations.get(&id) else {
                self.stale.remove(&id);
                continue;
            };
            let held = conversation.intervals.all();
            let (Some((first, _)), Some((_, last))) = (held.first(), held.last()) else {
                self.go_fresh(id, 0);
                continue;
            };
            if conversation.phase == Phase::Live && !self.calls.is_in_flight(&Purpose::Changes(id)) {
                let fetch = v1::FetchChanges {
                    conversation_id: id.to_string(),
                    after_seq: conversation.row.stale_from - 1,
                    from_ordinal: *first,
                    upto_ordinal: *last,
                    limit: 0,
                };
                self.call(Purpose::Changes(id), Body::FetchChanges(fetch));
            }
        }
    }

    /// Takes changed messages as they are now.
    pub(super) fn on_changes(&mut self, id: ConversationId, page: &v1::Changes) {
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        let next = page.upto_seq + 1;
        if page.more && next <= conversation.row.stale_from {
            return self.break_off("a page of changes that does not go on");
        }
        let events = page.messages.iter().filter_map(|message| message.event.as_ref());
        let mut rows: Vec<_> = events.filter_map(translate::message_row).filter(|row| row.conversation == id).collect();
        rows.retain(|row| conversation.intervals.holds(row.ordinal));
        for row in &rows {
            if conversation.row.preview.as_ref().is_some_and(|preview| preview.seq.get() == row.seq) {
                conversation.row.preview = Some(translate::preview(row));
            }
        }
        let is_whole = !page.more && page.upto_seq >= conversation.row.last_seq;
        self.keep_messages(id, rows);
        self.go_fresh(id, if is_whole { 0 } else { next });
    }

    /// What was missed is here up to an event; 0 when it is all here.
    fn go_fresh(&mut self, id: ConversationId, stale_from: u64) {
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.row.stale_from = stale_from;
            self.touched.insert(id);
        }
        if stale_from == 0 {
            self.stale.remove(&id);
        }
    }

    /// The user may not ask any more; what is here stays as it is.
    pub(super) fn on_changes_refused(&mut self, id: ConversationId) {
        self.go_fresh(id, 0);
    }
}
