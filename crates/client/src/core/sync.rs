//! Staying in step: the welcome and its pages, live frames, holes, and the position.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use stonechat_types::id::{ConversationId, UserId};
use stonechat_wire::v1::{self, Event, frame::Body};

use crate::core::calls::Purpose;
use crate::core::change::Change;
use crate::core::conversation::{Conversation, Fetch, Phase};
use crate::core::limits::{EARLY_MAX, FIRST_START_CATCH_UPS, HOLD_MS, UNKNOWN_MAX};
use crate::core::machine::Core;
use crate::core::mutant::Mutant;
use crate::core::people::PERSONAL_KINDS;
use crate::core::reads::Told;
use crate::core::rows::{ConversationRow, StoreOp};
use crate::core::translate;
use crate::error::AuthError;
use crate::group::Group;
use crate::state::{ConnectionState, Role};

/// What goes on after a welcome, until the device is in step.
#[derive(Debug)]
pub struct Session {
    reset: bool,
    /// The next page of conversations.
    pub(super) next_page: Option<Bytes>,
    /// From where personal changes go on.
    pub(super) personal_after: Option<u64>,
    listed: BTreeSet<ConversationId>,
    /// Conversations that were behind.
    total: u32,
    /// Whether it was in step once.
    in_step: bool,
}

impl Core {
    /// Takes a frame that is not an answer.
    pub(super) fn on_signal(&mut self, body: Body) {
        let of_the_link = matches!(body, Body::Closing(_) | Body::GoAway(_));
        if self.link.is_greeting() && !of_the_link {
            return self.keep_early(body);
        }
        if !self.link.is_up() && !of_the_link {
            return;
        }
        match body {
            Body::Event(event) => self.on_event(event),
            Body::ReadMoved(moved) => self.on_read_moved(&moved),
            Body::DeliveredMoved(moved) => self.on_delivered_moved(&moved),
            Body::TypingNow(typing) => self.on_typing_now(&typing),
            Body::PersonalChange(change) => self.on_personal(&change, Told::Live),
            Body::Position(position) => self.on_position(position.token),
            Body::Poke(_) => self.on_poke(),
            Body::GoAway(go_away) => self.on_go_away(&go_away),
            Body::Closing(closing) => self.on_ended_by_server(&closing.code),
            Body::Head(head) => self.on_head(&head),
            Body::PresenceChanged(told) => self.take_presences(&told),
            // Of a later version, or of no meaning to a client.
            _ => {}
        }
    }

    /// The server may say what happens before it has answered the hello: that is kept until the answer is here.
    fn keep_early(&mut self, body: Body) {
        if self.early.len() < EARLY_MAX {
            self.early.push(body);
        } else {
            self.break_off("too much came before the welcome");
        }
    }

    /// Takes an answer.
    pub(super) fn on_answer(&mut self, purpose: Purpose, body: Body) {
        match (purpose, body) {
            (Purpose::Hello, Body::Welcome(welcome)) => {
                if self.welcomed(&welcome) {
                    self.on_welcome(welcome);
                    self.watch_anew();
                    std::mem::take(&mut self.early).into_iter().for_each(|body| self.on_signal(body));
                    if !self.focus.is_empty() {
                        self.say_focus();
                    }
                }
            }
            (Purpose::Pull, Body::Welcome(welcome)) => {
                if self.device.history_id != welcome.history_id {
                    self.break_off("the server has another history");
                } else if self.welcomed(&welcome) {
                    self.on_welcome(welcome);
                }
            }
            (Purpose::List, Body::Conversations(page)) => self.take_page(&page.conversations, page.next_page),
            (Purpose::ContentTypes, Body::ContentTypes(types)) => self.on_content_types(&types),
            (Purpose::Personal, Body::Personal(personal)) => self.take_personal(&personal),
            (Purpose::Get(id), Body::Conversation(conversation)) => {
                self.gets.remove(&id);
                self.take_conversation(&conversation);
            }
            (Purpose::CatchUp(id), Body::Events(events)) => self.on_events(id, events),
            (Purpose::Newest(id), Body::Messages(page)) => self.on_newest(id, &page),
            (Purpose::Replay(id), Body::Messages(page)) => self.on_replay(id, &page),
            (Purpose::Changes(id), Body::Changes(page)) => self.on_changes(id, &page),
            (Purpose::Send(id), Body::Sent(sent)) => self.on_sent(id, &sent),
            (Purpose::Send(id), body) => self.on_command_done(id, &body),
            (Purpose::Read(id, upto), Body::Done(_)) => self.on_read_confirmed(id, upto),
            (Purpose::Delivered(told), Body::Done(_)) => self.on_delivered_confirmed(told),
            (Purpose::Played(id, seq), Body::Done(_)) => self.on_played_confirmed(id, seq),
            (Purpose::Refresh, Body::Done(_)) | (Purpose::Ping, Body::Pong(_)) => {}
            (Purpose::Watch, Body::Presences(answer)) => self.on_watched(&answer),
            (Purpose::SignOut, Body::Done(_)) => self.signed_out(AuthError::Revoked),
            (Purpose::Ask(number), body) => self.on_ask_answered(number, body),
            (_, _) => self.break_off("the server answered with another frame than the call has"),
        }
    }

    fn on_welcome(&mut self, welcome: v1::Welcome) {
        let other = !self.device.history_id.is_empty() && self.device.history_id != welcome.history_id;
        if other && !self.settings.mutants.is(Mutant::HistoryChangeIgnored) {
            self.forget_history();
        }
        if self.device.history_id != welcome.history_id {
            self.device.history_id = welcome.history_id;
            self.journal.write(StoreOp::PutDevice(self.device.clone()));
        }
        self.session = Some(Session {
            reset: welcome.reset,
            next_page: None,
            personal_after: None,
            listed: BTreeSet::new(),
            total: 0,
            in_step: false,
        });
        self.position = Some(welcome.position).filter(|position| !position.is_empty());
        if let Some(personal) = welcome.personal {
            self.take_personal(&personal);
        }
        self.take_entries_again();
        self.welcome_unread = Some(welcome.unread_total);
        self.on_content_types_version(welcome.content_types_version);
        self.take_page(&welcome.conversations, welcome.next_page);
        let is_listed = |id: &&ConversationId| {
            let id = id.to_string();
            welcome.conversations.iter().any(|told| told.conversation_id == id)
        };
        let shown = self.focus.iter().filter(|id| !is_listed(id)).copied().collect();
        self.ask_marks(shown);
        for told in &welcome.conversations {
            let known = told.conversation_id.parse().ok().and_then(|id| self.conversations.get_mut(&id));
            if let Some(known) = known {
                known.welcomed = told.head_seq;
            }
        }
    }

    /// The server's store was restored: what is here may never have been, or be something else by now.
    pub(super) fn forget_history(&mut self) {
        self.device.position.clear();
        self.unknown.clear();
        self.unknown_cursors.clear();
        self.unknown_marks.clear();
        self.gets.clear();
        self.unsettled.clear();
        self.stale.clear();
        self.unreachable.clear();
        self.unconfirmed.clear();
        self.confirmed.clear();
        self.undelivered.clear();
        self.delivered.clear();
        self.unplayed.clear();
        self.forget_read_upto();
        self.forget_wishes();
        self.forget_entries();
        for (id, conversation) in &mut self.conversations {
            conversation.forget_history();
            self.touched.insert(*id);
        }
        self.journal.write(StoreOp::ClearHistory);
        self.journal.tell(Change::Cleared);
    }

    pub(super) fn take_personal(&mut self, personal: &v1::Personal) {
        for change in &personal.changes {
            self.on_personal(change, Told::WithList);
        }
        if let Some(session) = &mut self.session {
            session.personal_after = personal.more.then_some(personal.upto);
        }
    }

    fn take_page(&mut self, page: &[v1::Conversation], next_page: Bytes) {
        self.page_taken = true;
        for conversation in page {
            self.take_conversation(conversation);
            if let Ok(id) = conversation.conversation_id.parse()
                && let Some(session) = &mut self.session
            {
                session.listed.insert(id);
            }
        }
        let Some(session) = &mut self.session else { return };
        session.next_page = Some(next_page).filter(|page| !page.is_empty());
        if session.next_page.is_none() && std::mem::take(&mut session.reset) {
            // A reset lists all; whether the others still exist for the user has to be asked.
            let listed = std::mem::take(&mut session.listed);
            self.gets.extend(self.conversations.keys().filter(|id| !listed.contains(*id)));
        }
    }

    /// Takes what the server says of a conversation, known or not.
    pub(super) fn take_conversation(&mut self, wire: &v1::Conversation) {
        let Ok(id) = wire.conversation_id.parse::<ConversationId>() else { return };
        let held = self.unknown.remove(&id).unwrap_or_default();
        let mutants = self.settings.mutants;
        let is_new = !self.conversations.contains_key(&id);
        let conversation = self.conversations.entry(id).or_insert_with(|| Conversation::new(empty_row(id), mutants));
        if let (true, Some((version, deletions))) = (is_new, self.deletions.get(&id)) {
            (conversation.removed_version, conversation.removed) = (*version, deletions.clone());
        }
        // What is asked for because of a later event is still to be asked for.
        let answers = conversation.row.head_seq <= wire.head_seq;
        let cursor_is_behind = conversation.take(wire);
        // Told before the conversation was known here, and perhaps after the answer was made.
        if let Some((seq, ordinal)) = self.unknown_cursors.remove(&id) {
            conversation.move_cursor(seq, Some(ordinal));
        }
        for mark in self.unknown_marks.remove(&id).unwrap_or_default().into_values() {
            conversation.mark(mark);
        }
        for event in held.into_values() {
            conversation.hold(event);
        }
        if is_new && self.is_left_for_later() {
            self.adopt_head(id, wire);
        }
        let marks = self.conversations.get(&id).map(|it| it.row.marks.clone()).unwrap_or_default();
        if !marks.is_empty() {
            self.journal.tell(Change::Marks(id, marks));
        }
        if cursor_is_behind && !self.confirmed.contains_key(&id) {
            // One that was confirmed just now is stored within the second; until then the server tells the old one.
            self.tell_cursor_again(id);
        }
        self.touched.insert(id);
        if answers {
            self.gets.remove(&id);
        }
        self.advance(id);
        let behind = self.unsettled.contains(&id);
        if let Some(session) = self.session.as_mut().filter(|session| !session.in_step && behind) {
            session.total += 1;
        }
    }

    /// Whether the history of a conversation that is new here is left on the server until somebody looks.
    fn is_left_for_later(&self) -> bool {
        let first_start = self.session.as_ref().filter(|session| session.reset);
        let many = first_start.is_some_and(|session| session.listed.len() >= FIRST_START_CATCH_UPS);
        many && !self.settings.record_events
    }

    fn adopt_head(&mut self, id: ConversationId, wire: &v1::Conversation) {
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.row.last_seq = wire.head_seq;
            conversation.row.last_ordinal = wire.head_ordinal;
        }
        if let Some(row) = wire.last_message.as_ref().and_then(translate::message_row) {
            let ordinal = row.ordinal;
            self.keep_messages(id, vec![row]);
            self.keep_interval(id, ordinal, ordinal);
        }
        if wire.unread > 0 {
            self.arrived(id, wire.head_seq);
        }
    }

    fn on_event(&mut self, event: Event) {
        let Ok(id) = event.conversation_id.parse::<ConversationId>() else { return };
        let Some(conversation) = self.conversations.get_mut(&id) else {
            let held: usize = self.unknown.values().map(BTreeMap::len).sum();
            let events = self.unknown.entry(id).or_default();
            // What does not fit is fetched once the conversation is known.
            if held < UNKNOWN_MAX {
                events.insert(event.seq, event);
            }
            self.gets.insert(id);
            return;
        };
        let mutants = self.settings.mutants;
        let (seq, last) = (event.seq, conversation.row.last_seq);
        conversation.seen = conversation.seen.max(seq);
        if seq <= last {
            if mutants.is(Mutant::DuplicateNotIgnored) {
                self.apply(id, event);
            }
            return;
        }
        match conversation.phase {
            Phase::Live | Phase::Holding(_) if seq == last + 1 || mutants.is(Mutant::MovesPastHole) => {
                self.apply(id, event);
                self.advance_live(id);
            }
            Phase::Behind(_) if mutants.is(Mutant::LiveNotBuffered) => self.apply(id, event),
            Phase::Live => {
                conversation.hold(event);
                conversation.phase = Phase::Holding(self.now.monotonic_ms + HOLD_MS);
                self.unsettled.insert(id);
            }
            Phase::Holding(_) | Phase::Behind(_) => conversation.hold(event),
            // It may be reachable again: the hole is asked for once more.
            Phase::Unreachable => {
                conversation.hold(event);
                self.fall_behind(id, self.now_ms());
            }
        }
    }

    /// Applies what is held and next; what is missing after that is fetched.
    pub(super) fn advance(&mut self, id: ConversationId) {
        self.drain(id);
        let now = self.now_ms();
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        if conversation.row.last_seq >= conversation.target() {
            self.settle(id);
        } else if matches!(conversation.phase, Phase::Live | Phase::Holding(_)) {
            self.fall_behind(id, now);
        }
    }

    /// The same after a live frame: what is missing may still come by itself.
    fn advance_live(&mut self, id: ConversationId) {
        self.drain(id);
        let Some(conversation) = self.conversations.get(&id) else { return };
        if conversation.row.last_seq >= conversation.target() {
            self.settle(id);
        }
    }

    fn drain(&mut self, id: ConversationId) {
        while let Some(event) = self.conversations.get_mut(&id).and_then(Conversation::next_held) {
            self.apply(id, event);
        }
    }

    pub(super) fn settle(&mut self, id: ConversationId) {
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.phase = Phase::Live;
            conversation.next_fetch = Fetch::Events;
            conversation.fruitless = 0;
        }
        self.unsettled.remove(&id);
    }

    /// Something is missing and is to be fetched, not before a time.
    pub(super) fn fall_behind(&mut self, id: ConversationId, not_before: u64) {
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.phase = Phase::Behind(not_before);
            self.unsettled.insert(id);
            self.unreachable.remove(&id);
        }
    }

    fn on_head(&mut self, head: &v1::Head) {
        let Ok(id) = head.conversation_id.parse() else { return };
        let now = self.now_ms();
        match self.conversations.get_mut(&id) {
            Some(conversation) => {
                conversation.seen = conversation.seen.max(head.head_seq);
                if conversation.row.last_seq < head.head_seq && conversation.phase == Phase::Live {
                    self.fall_behind(id, now);
                }
            }
            None => drop(self.gets.insert(id)),
        }
    }

    pub(super) fn on_hold_time(&mut self) {
        let now = self.now_ms();
        for id in self.unsettled.clone() {
            let phase = self.conversations.get(&id).map(|conversation| conversation.phase);
            if matches!(phase, Some(Phase::Holding(until)) if until <= now) {
                self.fall_behind(id, now);
            }
        }
    }

    pub(super) fn holds_deadline(&self) -> Option<u64> {
        let phases = self.unsettled.iter().filter_map(|id| self.conversations.get(id)).map(|it| it.phase);
        let times = phases.filter_map(|phase| match phase {
            Phase::Holding(until) | Phase::Behind(until) => Some(until),
            Phase::Live | Phase::Unreachable => None,
        });
        times.chain([self.fetch_from]).filter(|time| *time > self.now_ms()).min()
    }

    fn on_poke(&mut self) {
        if !self.settings.mutants.is(Mutant::PokeIgnored) {
            self.position = None;
            self.session = None;
            self.poked = true;
        }
    }

    pub(super) fn pump_pull(&mut self) {
        if self.poked && self.calls.have_room_for_control() {
            self.poked = false;
            let pull = v1::Pull { position: self.device.position.clone(), window: self.settings.window };
            self.call(Purpose::Pull, Body::Pull(pull));
        }
    }

    fn on_position(&mut self, token: Bytes) {
        // Between a poke and the answer to the pull nothing is known to be before it.
        if self.session.is_some() {
            self.position = Some(token);
        }
    }

    fn is_in_step(&self) -> bool {
        let listed = self.session.as_ref().is_some_and(|it| it.next_page.is_none() && it.personal_after.is_none());
        listed
            && !self.declared.wanted()
            && self.unsettled.is_empty()
            && self.unknown.is_empty()
            && self.gets.is_empty()
    }

    /// The same as [`Core::sync_state`], for a look.
    #[cfg(test)]
    pub(super) fn sync_state_now(&self) -> ConnectionState {
        let in_step = self.session.as_ref().is_some_and(|session| session.in_step) && self.is_in_step();
        if in_step { ConnectionState::Online } else { ConnectionState::Idle }
    }

    /// Stores the newest position once everything before it is stored, in the transaction that completes it.
    pub(super) fn store_position(&mut self) {
        let early = self.settings.mutants.is(Mutant::PositionBeforePredecessors);
        if (self.is_in_step() || early)
            && let Some(position) = self.position.take()
        {
            (self.device.position, self.device.kinds) = (position, PERSONAL_KINDS);
            self.journal.write(StoreOp::PutDevice(self.device.clone()));
        }
    }

    /// What a person sees of it. That it ends is certain: everything unsettled settles or becomes unreachable.
    pub(super) fn sync_state(&mut self) -> ConnectionState {
        let in_step = self.is_in_step();
        let behind = u32::try_from(self.unsettled.len()).unwrap_or(u32::MAX);
        match &mut self.session {
            Some(session) => {
                session.in_step |= in_step;
                let total = session.total.max(behind);
                if session.in_step {
                    ConnectionState::Online
                } else {
                    ConnectionState::Syncing { done: total - behind, total }
                }
            }
            None => ConnectionState::Syncing { done: 0, total: behind },
        }
    }

    /// The connection went: what was on it is forgotten, what it brought stays.
    pub(super) fn forget_connection(&mut self) {
        self.session = None;
        self.early.clear();
        self.position = None;
        self.poked = false;
        self.fetch_from = 0;
        self.asks.forget_connection();
        for id in self.outbox.forget_connection() {
            self.tell_send(&id);
        }
        self.forget_typing();
        self.forget_presences();
        self.unknown_cursors.clear();
        self.unknown_marks.clear();
        self.doubt_cursors();
        self.doubt_delivered();
        let open: Vec<_> = self.unsettled.iter().chain(&self.unreachable).copied().collect();
        for id in open {
            self.fall_behind(id, 0);
            if let Some(conversation) = self.conversations.get_mut(&id) {
                conversation.fruitless = 0;
                conversation.next_fetch = Fetch::Events;
            }
        }
    }

    /// Asks for unread numbers that this device cannot know, once the server knows the cursor.
    pub(super) fn want_stale(&mut self) {
        for id in &self.touched {
            let stale = self.conversations.get(id).filter(|it| it.row.unread_stale && !self.unconfirmed.contains(id));
            if stale.is_some() {
                self.gets.insert(*id);
            }
        }
    }
}

/// A conversation of which nothing is known yet.
pub fn empty_row(id: ConversationId) -> ConversationRow {
    ConversationRow {
        id,
        kind: id.kind(),
        title: String::new(),
        peer: None::<UserId>,
        peer_name: String::new(),
        role: Role::None,
        member: false,
        member_count: 0,
        head_seq: 0,
        head_ordinal: 0,
        read_seq: 0,
        read_ordinal: 0,
        read_unconfirmed: 0,
        delivered_unconfirmed: 0,
        plays_unconfirmed: Vec::new(),
        floor_ordinal: 0,
        visible_from_seq: 0,
        unread: 0,
        unread_mentions: 0,
        unread_stale: false,
        active_at: 0,
        preview: None,
        last_seq: 0,
        last_ordinal: 0,
        marks: Vec::new(),
        stale_from: 0,
        group: Arc::new(Group::of(id.kind())),
    }
}
