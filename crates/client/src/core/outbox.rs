//! The outbox: written before it is sent, one lane a conversation, the same payload through all retries. Commands wait in
//! the lanes too; what is special about them is in `lane`.

use std::collections::BTreeMap;

use bytes::Bytes;
use stonechat_types::error_code::{ErrorCode, Retry};
use stonechat_types::id::{ClientMsgId, ConversationId};
use stonechat_types::number::{Ordinal, Seq, Timestamp};
use stonechat_wire::v1::{self, frame::Body, send_message::To};

use crate::content::attributes_to_wire;
use crate::core::calls::Purpose;
use crate::core::change::Change;
use crate::core::command::{Draft, Reply, Ticket};
use crate::core::conversation::Conversation;
use crate::core::dice::backoff_ms;
use crate::core::lane::DoneLately;
use crate::core::limits::{GIVE_UP_MS, LANE_IN_FLIGHT_MAX, OUTBOX_MAX};
use crate::core::machine::{Core, Now};
use crate::core::mutant::Mutant;
use crate::core::refusal::wait_ms;
use crate::core::rows::{MessageRow, OutboxRow, StoreOp};
use crate::core::translate;
use crate::error::{Error, Result};
use crate::state::{SendFailure, SendState, SentMark, Unsent};

/// The code of a message that waited too long.
pub const GAVE_UP: &str = "gave_up";

/// Own messages, and commands, that the server has not acknowledged.
#[derive(Debug, Default)]
pub struct Outbox {
    pub(super) last: u64,
    pub(super) entries: BTreeMap<u64, Entry>,
    by_id: BTreeMap<ClientMsgId, u64>,
    pub(super) lanes: BTreeMap<ConversationId, Vec<u64>>,
    /// The lane that was served last, so that each gets its turn.
    served: Option<ConversationId>,
    /// Wishes whose commands were carried out, and messages that were placed.
    pub(super) done: DoneLately,
}

/// A message or a command of the outbox.
#[derive(Debug)]
pub struct Entry {
    pub(super) row: OutboxRow,
    /// The transaction that made it what it is.
    pub(super) transaction: u64,
    attempts: u32,
    /// Whether it waits for the answer of one before it, which is on its way: that one was refused, and says so soon.
    waits_in_order: bool,
    /// How often it was written to a connection since the account was opened.
    writes: u32,
    pub(super) stage: Stage,
}

/// What is done with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// To be sent, not before a time.
    Waiting(u64),
    /// On the connection.
    InFlight,
    /// Failed; the lane goes on without it.
    Parked,
}

/// What is before a message in its lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Nothing,
    Waiting,
    InFlight,
}

impl Entry {
    pub(super) fn new(row: OutboxRow, transaction: u64) -> Self {
        let stage = if row.failure.is_some() { Stage::Parked } else { Stage::Waiting(0) };
        Self { row, transaction, attempts: 0, waits_in_order: false, writes: 0, stage }
    }

    pub(super) fn state(&self) -> SendState {
        match (&self.row.failure, self.stage) {
            (Some(failure), _) => SendState::Failed(failure.clone()),
            (None, Stage::InFlight) => SendState::Sending,
            (None, Stage::Waiting(_) | Stage::Parked) => SendState::Queued,
        }
    }

    fn unsent(&self) -> Unsent {
        translate::unsent(&self.row, self.state())
    }
}

impl Outbox {
    /// Takes what the store had. What was on its way is sent again: that is safe.
    #[must_use]
    pub fn new(rows: Vec<OutboxRow>) -> Self {
        let mut outbox = Self::default();
        for row in rows {
            outbox.insert(Entry::new(row, 0));
        }
        outbox
    }

    pub(super) fn insert(&mut self, entry: Entry) {
        let order = entry.row.order;
        self.last = self.last.max(order);
        self.by_id.insert(entry.row.client_msg_id, order);
        self.lanes.entry(entry.row.conversation).or_default().push(order);
        self.entries.insert(order, entry);
    }

    fn remove(&mut self, id: &ClientMsgId) -> Option<Entry> {
        let order = self.by_id.remove(id)?;
        let entry = self.entries.remove(&order)?;
        if let Some(lane) = self.lanes.get_mut(&entry.row.conversation) {
            lane.retain(|other| *other != order);
            if lane.is_empty() {
                self.lanes.remove(&entry.row.conversation);
            }
        }
        Some(entry)
    }

    pub(super) fn get(&self, id: &ClientMsgId) -> Option<&Entry> {
        self.entries.get(self.by_id.get(id)?)
    }

    pub(super) fn get_mut(&mut self, id: &ClientMsgId) -> Option<&mut Entry> {
        self.entries.get_mut(self.by_id.get(id)?)
    }

    /// All messages, in their order.
    pub fn all(&self) -> Vec<(u64, Unsent)> {
        let messages = self.entries.iter().filter(|(_, entry)| entry.row.command.is_none());
        messages.map(|(order, entry)| (*order, entry.unsent())).collect()
    }

    /// Messages of one conversation, in their order.
    #[must_use]
    pub fn of(&self, conversation: &ConversationId) -> Vec<(u64, Unsent)> {
        let lane = self.lanes.get(conversation).into_iter().flatten();
        let entries = lane.filter_map(|order| Some((*order, self.entries.get(order)?)));
        let messages = entries.filter(|(_, entry)| entry.row.command.is_none());
        messages.map(|(order, entry)| (order, entry.unsent())).collect()
    }

    /// What is before a message in its lane.
    fn before(&self, id: &ClientMsgId) -> Before {
        let Some(order) = self.by_id.get(id) else { return Before::Nothing };
        let Some(entry) = self.entries.get(order) else { return Before::Nothing };
        let lane = self.lanes.get(&entry.row.conversation).into_iter().flatten();
        let stages = lane.take_while(|other| *other != order).filter_map(|other| self.entries.get(other));
        let stages = stages.filter(|other| !self.is_left_behind(other));
        stages.fold(Before::Nothing, |before, other| match (before, other.stage) {
            (Before::InFlight, _) | (_, Stage::InFlight) => Before::InFlight,
            (Before::Waiting, _) | (_, Stage::Waiting(_)) => Before::Waiting,
            (Before::Nothing, Stage::Parked) => Before::Nothing,
        })
    }

    /// A message was answered: those behind it need not wait for that any more.
    fn release_followers(&mut self, id: &ClientMsgId) {
        let Some(entry) = self.by_id.get(id).and_then(|order| self.entries.get(order)) else { return };
        let lane = self.lanes.get(&entry.row.conversation).into_iter().flatten();
        for order in lane {
            if let Some(entry) = self.entries.get_mut(order) {
                entry.waits_in_order = false;
            }
        }
    }

    /// The first of a lane that are not parked, as many as may be in flight.
    fn next_of(&self, lane: &ConversationId) -> Vec<u64> {
        let orders = self.lanes.get(lane).into_iter().flatten().copied();
        let entry = |order: &u64| self.entries.get(order);
        let goes = |order: &u64| entry(order).is_some_and(|it| it.stage != Stage::Parked && !self.is_left_behind(it));
        orders.filter(goes).take(LANE_IN_FLIGHT_MAX + 1).collect()
    }

    /// Whether nothing waits or is on its way; what failed may be there.
    #[cfg(test)]
    pub fn is_at_rest(&self) -> bool {
        self.entries.values().all(|entry| entry.stage == Stage::Parked || self.is_left_behind(entry))
    }

    /// When a message is next tried again, or given up.
    #[must_use]
    pub fn deadline(&self, now: Now, up: bool) -> Option<u64> {
        let waiting = self.entries.values().filter_map(|entry| match entry.stage {
            Stage::Waiting(until) => Some((until, entry.row.created_at)),
            Stage::InFlight | Stage::Parked => None,
        });
        let times = waiting.flat_map(|(until, created)| {
            let left = created.plus_ms(GIVE_UP_MS).as_millis().saturating_sub(now.wall_ms);
            let give_up = now.monotonic_ms + u64::try_from(left).unwrap_or(0);
            [up.then_some(until), Some(give_up)]
        });
        times.flatten().filter(|time| *time > now.monotonic_ms).min()
    }

    /// The connection went: what was on it is to be sent again.
    pub fn forget_connection(&mut self) -> Vec<ClientMsgId> {
        let mut again = Vec::new();
        for entry in self.entries.values_mut() {
            if entry.stage == Stage::InFlight {
                entry.stage = Stage::Waiting(0);
                again.push(entry.row.client_msg_id);
            }
        }
        again
    }
}

impl Core {
    pub(super) fn on_send(&mut self, ticket: Ticket, draft: Draft) {
        let reply = self.enqueue(draft);
        self.journal.reply(ticket, reply);
    }

    fn enqueue(&mut self, draft: Draft) -> Result<Reply> {
        if let Some(entry) = self.outbox.get_mut(&draft.client_msg_id) {
            let same = entry.row.command.is_none()
                && (&entry.row.body, &entry.row.attributes) == (&draft.body, &draft.attributes)
                && entry.row.conversation == draft.conversation;
            let refusal = || Error::argument("client_msg_id", "is used by another message in the outbox");
            return if same { Ok(Reply::Queued(entry.state())) } else { Err(refusal()) };
        }
        if self.outbox.entries.len() >= OUTBOX_MAX {
            return Err(Error::argument("message", format!("is one too many: {OUTBOX_MAX} wait in the outbox")));
        }
        let row = OutboxRow {
            order: self.outbox.last + 1,
            conversation: draft.conversation,
            peer: draft.peer,
            client_msg_id: draft.client_msg_id,
            body_type: draft.body_type,
            body: draft.body,
            attributes: draft.attributes,
            read_upto: draft.read_upto.get(),
            created_at: Timestamp(self.now.wall_ms),
            written: self.link.is_up(),
            failure: None,
            command: None,
        };
        self.keep_in_outbox(row);
        Ok(Reply::Queued(SendState::Queued))
    }

    pub(super) fn keep_in_outbox(&mut self, row: OutboxRow) {
        let id = row.client_msg_id;
        self.journal.write(StoreOp::PutOutbox(Box::new(row.clone())));
        let transaction = self.journal.open_number();
        self.outbox.insert(Entry::new(row, transaction));
        self.tell_send(&id);
    }

    pub(super) fn on_retry(&mut self, ticket: Ticket, id: ClientMsgId) {
        let created_at = Timestamp(self.now.wall_ms);
        let transaction = self.journal.open_number();
        let reply = match self.outbox.get_mut(&id) {
            Some(entry) if entry.stage == Stage::Parked => {
                entry.row.failure = None;
                entry.row.created_at = created_at;
                entry.attempts = 0;
                entry.stage = Stage::Waiting(0);
                entry.transaction = transaction;
                let row = entry.row.clone();
                if row.command.is_some() {
                    // What it asks for is shown again.
                    self.touched.insert(row.conversation);
                    self.tell_quiet();
                }
                self.journal.write(StoreOp::PutOutbox(Box::new(row)));
                self.tell_send(&id);
                Ok(Reply::Done)
            }
            // It is already being tried.
            Some(_) => Ok(Reply::Done),
            None => Err(Error::NotFound("message in the outbox")),
        };
        self.journal.reply(ticket, reply);
    }

    pub(super) fn on_cancel(&mut self, ticket: Ticket, id: ClientMsgId) {
        let free = self.outbox.get_mut(&id).is_some_and(|entry| entry.stage == Stage::Parked || !entry.row.written);
        let reply = if free {
            self.take_out(&id, SendState::Cancelled);
            Ok(Reply::Done)
        } else {
            Err(Error::NotFound("message that can be taken back"))
        };
        self.journal.reply(ticket, reply);
    }

    /// Sends what may be sent: in the order of each lane, as far as there is room.
    pub(super) fn pump_outbox(&mut self) {
        let after = self.outbox.served;
        let turns = self.outbox.lanes.keys().copied();
        let (first, rest): (Vec<_>, Vec<_>) = turns.partition(|id| after.is_none_or(|served| *id > served));
        for id in first.into_iter().chain(rest) {
            if !self.calls.have_room() {
                return;
            }
            self.pump_lane(id);
        }
    }

    fn pump_lane(&mut self, lane: ConversationId) {
        let orders = self.outbox.next_of(&lane);
        let mut in_flight = 0;
        let mut after = None;
        let mut blocked = false;
        for order in orders {
            let Some(entry) = self.outbox.entries.get_mut(&order) else { continue };
            let due = match entry.stage {
                Stage::Parked => continue,
                Stage::InFlight => {
                    in_flight += 1;
                    after = Some(entry.row.client_msg_id);
                    if entry.row.command.is_some() && !self.settings.mutants.is(Mutant::CommandNotAlone) {
                        // Nothing is written behind a command that has no answer.
                        return;
                    }
                    continue;
                }
                Stage::Waiting(until) => until <= self.now.monotonic_ms,
            };
            if !due && self.settings.mutants.is(Mutant::FollowerOvertakes) {
                continue;
            }
            // Nothing overtakes a message that waits.
            let goes_alone = entry.row.command.is_some() && !self.settings.mutants.is(Mutant::CommandNotAlone);
            if !due
                || goes_alone && in_flight > 0
                || entry.waits_in_order && in_flight > 0
                || in_flight >= LANE_IN_FLIGHT_MAX
                || !self.calls.have_room()
            {
                return;
            }
            if !entry.row.written {
                // From here on it may be on the server; that is durable before it is true.
                entry.row.written = true;
                entry.transaction = self.journal.open_number();
                let row = entry.row.clone();
                self.journal.write(StoreOp::PutOutbox(Box::new(row)));
            }
            let durable = self.journal.is_durable(entry.transaction);
            blocked |= !durable && !self.settings.mutants.is(Mutant::SendsBeforeCommit);
            if blocked {
                // It takes the place that it will have.
                in_flight += 1;
                if goes_alone {
                    return;
                }
                continue;
            }
            entry.stage = Stage::InFlight;
            entry.waits_in_order = false;
            entry.writes += 1;
            let id = entry.row.client_msg_id;
            let body = self.payload(order, after);
            self.outbox.served = Some(lane);
            self.call(Purpose::Send(id), body);
            self.tell_send(&id);
            if goes_alone {
                return;
            }
            in_flight += 1;
            after = Some(id);
        }
    }

    fn payload(&mut self, order: u64, after: Option<ClientMsgId>) -> Body {
        let Some(entry) = self.outbox.entries.get(&order) else { return Body::Send(v1::SendMessage::default()) };
        let row = &entry.row;
        if let Some(command) = &row.command {
            return command.call.clone();
        }
        let known = self.conversations.contains_key(&row.conversation);
        let to = match &row.peer {
            Some(peer) if !known => To::UserId(peer.to_string()),
            Some(_) | None => To::ConversationId(row.conversation.to_string()),
        };
        let mut client_msg_id = Bytes::copy_from_slice(&row.client_msg_id.0);
        if entry.writes > 1 && self.settings.mutants.is(Mutant::ResendsWithNewId) {
            let roll = self.dice.roll().to_be_bytes();
            client_msg_id = [&row.client_msg_id.0[..8], &roll[..]].concat().into();
        }
        Body::Send(v1::SendMessage {
            client_msg_id,
            body_type: row.body_type.clone(),
            body: row.body.clone(),
            read_upto: row.read_upto,
            after: after.map(|id| Bytes::copy_from_slice(&id.0)).unwrap_or_default(),
            attributes: row.attributes.as_deref().map(attributes_to_wire),
            to: Some(to),
        })
    }

    /// The message is durable at the server: it is placed. The pointer of the log does not move by that.
    pub(super) fn on_sent(&mut self, id: ClientMsgId, sent: &v1::Sent) {
        let Ok(conversation) = sent.conversation_id.parse::<ConversationId>() else {
            return self.break_off("an acknowledgement without a conversation");
        };
        let mark = mark(conversation, sent);
        let Some(entry) = self.outbox.get_mut(&id) else { return };
        if entry.row.command.is_some() {
            return self.break_off("the server answered a command as a message");
        }
        let read_upto = entry.row.read_upto;
        let row = MessageRow {
            conversation,
            seq: sent.seq,
            ordinal: sent.ordinal,
            client_msg_id: Some(id),
            sender: self.settings.me.clone(),
            sent_at: mark.sent_at,
            body_type: entry.row.body_type.clone(),
            body: entry.row.body.clone(),
            attributes: entry.row.attributes.clone(),
            corrupt: false,
            changed: sent.seq,
            edits: 0,
            edited_at: Timestamp::default(),
            reactions: Vec::new(),
            recalled: None,
            pinned: false,
        };
        // First it is placed, then it stops waiting: whoever looks sees it once, always. An old one may lie in a gap.
        let known = self.conversations.get(&conversation);
        let is_in_gap = |it: &Conversation| sent.seq <= it.row.last_seq && !it.intervals.holds(sent.ordinal);
        if !known.is_some_and(is_in_gap) {
            self.keep_messages(conversation, vec![row]);
        }
        self.take_out(&id, SendState::Sent(mark));
        self.read_with_send(conversation, read_upto);
        let takes_ack = self.settings.mutants.is(Mutant::AckMovesPointer);
        if let Some(known) = self.conversations.get_mut(&conversation).filter(|it| it.row.last_seq < sent.seq)
            && takes_ack
        {
            (known.row.last_seq, known.row.last_ordinal) = (sent.seq, sent.ordinal);
            self.touched.insert(conversation);
        }
    }

    /// The event of an own message is here: no acknowledgement is needed any more.
    pub(super) fn on_own_message(&mut self, row: &MessageRow) {
        let Some(id) = row.client_msg_id else { return };
        let welcomed = self.conversations.get(&row.conversation).map_or(0, |known| known.welcomed);
        let Some(entry) = self.outbox.get_mut(&id).filter(|entry| entry.row.command.is_none()) else { return };
        let is_changed = row.corrupt || row.edits > 0 || row.recalled.is_some();
        let same = is_changed || (&entry.row.body_type, &entry.row.body) == (&row.body_type, &row.body);
        let mark = SentMark {
            conversation: row.conversation,
            seq: Seq(row.seq),
            ordinal: Ordinal(row.ordinal),
            sent_at: row.sent_at,
            // What this device never wrote to a connection was sent by another, under the same id; what was there when
            // this connection began, by an earlier send.
            deduplicated: !entry.row.written || row.seq <= welcomed,
            conflict: !same,
        };
        let read_upto = entry.row.read_upto;
        self.take_out(&id, SendState::Sent(mark));
        self.read_with_send(row.conversation, read_upto);
    }

    /// The server moved the cursor with a send; so does the device.
    fn read_with_send(&mut self, id: ConversationId, read_upto: u64) {
        if let Some(conversation) = self.conversations.get_mut(&id)
            && conversation.move_cursor(read_upto.min(conversation.target()), None)
        {
            self.touched.insert(id);
        }
    }

    /// Seqs of another history say nothing in this one.
    pub(super) fn forget_read_upto(&mut self) {
        for entry in self.outbox.entries.values_mut().filter(|entry| entry.row.read_upto > 0) {
            entry.row.read_upto = 0;
            self.journal.write(StoreOp::PutOutbox(Box::new(entry.row.clone())));
        }
    }

    pub(super) fn on_send_refused(&mut self, id: ClientMsgId, error: &v1::Error) {
        let code = error.code.parse::<ErrorCode>().ok();
        let is_message = self.outbox.get(&id).is_some_and(|entry| entry.row.command.is_none());
        if let (Some(ErrorCode::Conflict), Some(first), true) = (code, &error.first, is_message)
            && let Ok(conversation) = first.conversation_id.parse()
        {
            // What was sent first stands; its event brings it.
            self.take_out(&id, SendState::Sent(SentMark { conflict: true, ..mark(conversation, first) }));
            return;
        }
        let now = self.now_ms();
        let attempts = self.outbox.get_mut(&id).map_or(0, |entry| entry.attempts);
        let wait = wait_ms(error, backoff_ms(&mut self.dice, attempts));
        self.outbox.release_followers(&id);
        let before = self.outbox.before(&id);
        let Some(entry) = self.outbox.get_mut(&id) else { return };
        match code.map(ErrorCode::retry) {
            // A code of a later version may pass; a day decides.
            Some(Retry::Later | Retry::NewToken) | None => {
                entry.attempts += 1;
                entry.stage = Stage::Waiting(now + wait);
            }
            // It follows its predecessor, which waits as long as it must.
            Some(Retry::InOrder) => {
                entry.attempts += 1;
                entry.waits_in_order = before == Before::InFlight;
                entry.stage = Stage::Waiting(if before == Before::Nothing { now + wait } else { now });
            }
            Some(Retry::Never) => {
                let failure = SendFailure { code: error.code.clone(), text: error.message.clone(), recoverable: false };
                return self.park(&id, failure);
            }
        }
        self.tell_send(&id);
    }

    /// Gives up what waited too long.
    pub(super) fn on_outbox_time(&mut self) {
        let now = self.now.wall_ms;
        let late = self.outbox.entries.values().filter(|entry| {
            matches!(entry.stage, Stage::Waiting(_)) && entry.row.created_at.plus_ms(GIVE_UP_MS).as_millis() <= now
        });
        let late: Vec<_> = late.map(|entry| entry.row.client_msg_id).collect();
        for id in late {
            let text = "not acknowledged within 24 hours".to_owned();
            self.park(&id, SendFailure { code: GAVE_UP.to_owned(), text, recoverable: true });
        }
    }

    fn park(&mut self, id: &ClientMsgId, failure: SendFailure) {
        let Some(entry) = self.outbox.get_mut(id) else { return };
        entry.stage = Stage::Parked;
        entry.row.failure = Some(failure);
        let row = entry.row.clone();
        if row.command.is_some() {
            self.touched.insert(row.conversation);
            self.tell_quiet();
        }
        self.journal.write(StoreOp::PutOutbox(Box::new(row)));
        self.tell_send(id);
    }

    pub(super) fn take_out(&mut self, id: &ClientMsgId, state: SendState) {
        self.outbox.release_followers(id);
        let Some(entry) = self.outbox.remove(id) else { return };
        let conversation = entry.row.conversation;
        self.journal.write(StoreOp::DropOutbox(*id));
        if entry.row.command.is_some() {
            self.let_wish_go(&entry, &state);
        } else {
            self.journal.tell(Change::EchoGone(conversation, *id));
            self.place_what_is_about(conversation, *id, &state);
        }
        self.journal.tell(Change::Send { conversation, client_msg_id: *id, state });
    }

    pub(super) fn tell_send(&mut self, id: &ClientMsgId) {
        let Some(entry) = self.outbox.get_mut(id) else { return };
        let (conversation, order) = (entry.row.conversation, entry.row.order);
        let state = entry.state();
        let told = match entry.pending() {
            Some(pending) => Change::Pending(order, Box::new(pending)),
            None => Change::Echo(order, Box::new(entry.unsent())),
        };
        self.journal.tell(told);
        self.journal.tell(Change::Send { conversation, client_msg_id: *id, state });
    }
}

fn mark(conversation: ConversationId, sent: &v1::Sent) -> SentMark {
    SentMark {
        conversation,
        seq: Seq(sent.seq),
        ordinal: Ordinal(sent.ordinal),
        sent_at: Timestamp(sent.sent_at),
        deduplicated: sent.deduplicated,
        conflict: false,
    }
}
