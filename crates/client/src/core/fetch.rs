//! What the core fetches by itself: pages of the welcome, single conversations, and what a conversation is missing.

use stonechat_types::id::ConversationId;
use stonechat_wire::v1::fetch_messages::Range;
use stonechat_wire::v1::{self, frame::Body};

use crate::core::calls::Purpose;
use crate::core::change::Change;
use crate::core::conversation::{Fetch, Phase};
use crate::core::dice::backoff_ms;
use crate::core::limits::{FETCHES_MAX, JUMP_PAGE, LIST_PAGE, REPLAY_PAGE};
use crate::core::machine::Core;
use crate::core::mutant::Mutant;
use crate::core::rows::StoreOp;

/// Fetches in a row that bring nothing, after which a conversation counts as unreachable.
const FRUITLESS_MAX: u32 = 5;

impl Core {
    /// Fetches what is missing, as far as there is room.
    pub(super) fn pump_fetches(&mut self) {
        let now = self.now_ms();
        if self.fetch_from > now {
            return;
        }
        let (page, after) = match &self.session {
            Some(session) => (session.next_page.clone(), session.personal_after),
            None => (None, None),
        };
        if let Some(page) = page
            && self.may_fetch()
            && !self.calls.is_in_flight(&Purpose::List)
        {
            self.call(Purpose::List, Self::list_page(page, LIST_PAGE));
        }
        if let Some(after) = after
            && self.may_fetch()
            && !self.calls.is_in_flight(&Purpose::Personal)
        {
            self.call(Purpose::Personal, Body::FetchPersonal(v1::FetchPersonal { after, limit: 0 }));
        }
        if self.wants_content_types() && self.may_fetch() {
            self.ask_content_types();
        }
        for id in self.gets.clone() {
            if !self.may_fetch() {
                return;
            }
            if !self.calls.is_in_flight(&Purpose::Get(id)) {
                let get = v1::GetConversation { conversation_id: id.to_string() };
                self.call(Purpose::Get(id), Body::GetConversation(get));
            }
        }
        for id in self.unsettled.clone() {
            if !self.may_fetch() {
                return;
            }
            let due = |phase| matches!(phase, Phase::Behind(not_before) if not_before <= now);
            let Some(conversation) = self.conversations.get_mut(&id) else { continue };
            if !conversation.fetching && due(conversation.phase) {
                conversation.fetching = true;
                let (last, ordinal, fetch) =
                    (conversation.row.last_seq, conversation.row.last_ordinal, conversation.next_fetch);
                self.fetch(id, fetch, last, ordinal);
            }
        }
    }

    pub(super) fn may_fetch(&self) -> bool {
        self.calls.have_room() && self.calls.fetches() < FETCHES_MAX
    }

    fn fetch(&mut self, id: ConversationId, fetch: Fetch, last: u64, ordinal: u64) {
        let conversation_id = id.to_string();
        let messages = |range, limit| {
            let conversation_id = id.to_string();
            v1::FetchMessages { conversation_id, range: Some(range), limit, with_events: true }
        };
        match fetch {
            Fetch::Events => {
                let events = v1::FetchEvents { conversation_id, after_seq: last, limit: 0 };
                self.call(Purpose::CatchUp(id), Body::FetchEvents(events));
            }
            Fetch::Newest => {
                let newest = messages(Range::BeforeOrdinal(0), JUMP_PAGE);
                self.call(Purpose::Newest(id), Body::FetchMessages(newest));
            }
            Fetch::Replay => {
                let next = messages(Range::AfterOrdinal(ordinal), REPLAY_PAGE);
                self.call(Purpose::Replay(id), Body::FetchMessages(next));
            }
        }
    }

    /// A fetch was refused for a reason that passes, or its connection went.
    pub(super) fn fetch_again(&mut self, purpose: Purpose) {
        if let Purpose::CatchUp(id) | Purpose::Newest(id) | Purpose::Replay(id) = purpose
            && let Some(conversation) = self.conversations.get_mut(&id)
        {
            conversation.fetching = false;
        }
    }

    /// Takes the events after the last contiguous one.
    pub(super) fn on_events(&mut self, id: ConversationId, answer: v1::Events) {
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        conversation.fetching = false;
        if answer.jump {
            conversation.next_fetch = if self.settings.record_events { Fetch::Replay } else { Fetch::Newest };
            return;
        }
        let before = conversation.row.last_seq;
        let mut events = answer.events.into_iter().peekable();
        loop {
            let Some(conversation) = self.conversations.get_mut(&id) else { return };
            let next = conversation.row.last_seq + 1;
            if next > answer.upto_seq {
                break;
            }
            while events.next_if(|event| event.seq < next).is_some() {}
            let hidden = answer.hidden.iter().find(|range| range.from_seq <= next && next <= range.upto_seq);
            if let Some(event) = events.next_if(|event| event.seq == next) {
                self.apply(id, event);
            } else if let Some(hidden) = hidden {
                // What the user may never see counts as held. It may have changed what he sees.
                conversation.row.last_seq = hidden.upto_seq.min(answer.upto_seq);
                if conversation.row.last_seq >= answer.head_seq {
                    // The last one is not told to him: only the page says that it is there.
                    conversation.row.head_seq = conversation.row.head_seq.max(answer.head_seq);
                    if answer.head_ordinal > conversation.row.head_ordinal {
                        conversation.row.head_ordinal = answer.head_ordinal;
                        // How far the cursor went over own messages among them, only the server can tell.
                        self.gets.insert(id);
                    }
                }
                self.touched.insert(id);
                if !conversation.intervals.all().is_empty() {
                    self.go_stale(id, next);
                }
            } else {
                break;
            }
        }
        self.after_fetch(id, before);
    }

    /// Goes on after a fetch: in step, or asks again, or gives up for this connection.
    fn after_fetch(&mut self, id: ConversationId, before: u64) {
        self.advance(id);
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        if conversation.phase == Phase::Live {
            return;
        }
        if conversation.row.last_seq > before {
            conversation.fruitless = 0;
            return self.fall_behind(id, self.now_ms());
        }
        conversation.fruitless += 1;
        if conversation.fruitless >= FRUITLESS_MAX {
            self.on_unreachable(id);
        } else {
            let wait = backoff_ms(&mut self.dice, 0);
            self.fall_behind(id, self.now_ms() + wait);
        }
    }

    /// Takes the newest page after a jump; what is between stays a gap.
    pub(super) fn on_newest(&mut self, id: ConversationId, page: &v1::Messages) {
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        conversation.fetching = false;
        let before = conversation.row.last_seq;
        self.move_to(id, page);
        self.keep_messages_of(id, page);
        let whole = !page.more_before || self.settings.mutants.is(Mutant::JumpLosesGap);
        self.keep_interval(id, if whole { 1 } else { page.from_ordinal }, page.upto_ordinal);
        // Own messages that were acknowledged before the jump lie in the gap: what became of them is not followed.
        self.journal.write(StoreOp::DropUnheld(id, page.upto_ordinal));
        self.journal.tell(Change::Unheld(id, page.upto_ordinal));
        // Own messages in the gap may have moved the cursor.
        self.gets.insert(id);
        self.after_fetch(id, before);
    }

    /// Takes the next messages of a gap of which none may be left out.
    pub(super) fn on_replay(&mut self, id: ConversationId, page: &v1::Messages) {
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        conversation.fetching = false;
        let (before, held) = (conversation.row.last_seq, conversation.row.last_ordinal);
        for event in page.messages.iter().filter_map(|message| message.event.clone()) {
            if event.ordinal > held {
                self.record(event);
            }
        }
        self.keep_messages_of(id, page);
        self.keep_interval(id, held + 1, page.upto_ordinal);
        if !page.more_after {
            self.move_to(id, page);
            return self.after_fetch(id, before);
        }
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.row.last_ordinal = held.max(page.upto_ordinal);
            conversation.next_fetch = Fetch::Replay;
            self.touched.insert(id);
        }
        if page.upto_ordinal > held {
            self.fall_behind(id, self.now_ms());
        } else {
            self.after_fetch(id, before);
        }
    }

    /// The pointer moves to the state of a page; the list is asked for, since events were left out.
    fn move_to(&mut self, id: ConversationId, page: &v1::Messages) {
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        let next = conversation.row.last_seq + 1;
        if page.as_of_seq >= next && !conversation.intervals.all().is_empty() {
            self.go_stale(id, next);
        }
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        conversation.row.last_seq = conversation.row.last_seq.max(page.as_of_seq);
        conversation.row.last_ordinal = conversation.row.last_ordinal.max(page.upto_ordinal);
        conversation.seen = conversation.seen.max(page.as_of_seq);
        conversation.next_fetch = Fetch::Events;
        conversation.row.unread_stale = true;
        let upto = conversation.row.last_seq;
        self.touched.insert(id);
        self.gets.insert(id);
        self.arrived(id, upto);
    }

    /// Keeps a page that the user asked for; says whether there are messages before it.
    pub(super) fn keep_page(&mut self, id: ConversationId, before: u64, page: &v1::Messages) -> bool {
        let Some(conversation) = self.conversations.get(&id) else { return page.more_before };
        let before = before.saturating_sub(1).min(conversation.row.head_ordinal);
        self.keep_messages_of(id, page);
        self.keep_interval(id, page.from_ordinal, page.upto_ordinal);
        if !page.more_before {
            // Nothing before it is for the user: the beginning is reached.
            self.keep_interval(id, 1, page.upto_ordinal.max(before));
        }
        page.more_before
    }

    /// The server does not let the device have what is missing.
    pub(super) fn on_unreachable(&mut self, id: ConversationId) {
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.fetching = false;
            conversation.phase = Phase::Unreachable;
            self.unsettled.remove(&id);
            if self.unreachable.insert(id) {
                self.gets.insert(id);
            }
        }
    }

    /// The conversation does not exist, or not for the user.
    pub(super) fn on_get_refused(&mut self, id: ConversationId) {
        self.gets.remove(&id);
        self.unknown.remove(&id);
        self.unsettled.remove(&id);
        self.unreachable.remove(&id);
        self.unconfirmed.remove(&id);
        self.undelivered.remove(&id);
        self.delivered.remove(&id);
        self.unplayed.remove(&id);
        self.touched.remove(&id);
        if let Some(conversation) = self.conversations.remove(&id) {
            self.journal.write(StoreOp::DropConversation(id));
            self.settle_wishes(id);
            self.journal.tell(Change::ConversationGone(id));
            self.total_unread -= conversation.counted;
            self.muted_unread -= conversation.muted;
            self.tell_total_unread();
        }
    }
}
