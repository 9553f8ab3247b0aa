//! Commands in the lanes of the outbox: edits, reactions, recalls, and whatever else bears a `command_id` and belongs to
//! a conversation. A command goes alone: the wire has no word for what it follows, so it is written when nothing before it
//! is under way, and nothing is written behind it before it was answered.
//!
//! What it asks for is shown at once, as a wish that is laid over a message and never written into it. A wish can be
//! granted twice and looks the same, and it goes when the log has passed the event that granted it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use stonechat_domain::preferences::PreferencesPatch;
use stonechat_domain::quiet::QuietPatch;
use stonechat_types::id::{ClientMsgId, ConversationId};
use stonechat_types::number::{Seq, Timestamp};
use stonechat_wire::v1::{Event, change_message, frame::Body};

use crate::core::change::Change;
use crate::core::command::{LaneCommand, Reply, Ticket};
use crate::core::limits::{OUTBOX_MAX, PLACED_MAX, SETTLING_MAX};
use crate::core::machine::Core;
use crate::core::outbox::{Entry, Outbox, Stage};
use crate::core::reads::Told;
use crate::core::rows::{OutboxRow, QueuedCommand, StoreOp};
use crate::core::translate;
use crate::core::{deletions, preferences, quiet, stars};
use crate::error::{Error, Result};
use crate::state::{Pending, SendState, Target, Wish};

/// What left the outbox and is still of use.
#[derive(Debug, Default)]
pub struct DoneLately {
    /// Wishes that were granted by events which are not here yet, with their places in the outbox.
    settling: BTreeMap<ConversationId, Vec<(u64, Pending)>>,
    /// Where own messages were placed, oldest first: a command may name them by their ids.
    placed: VecDeque<(ClientMsgId, u64)>,
}

impl Entry {
    /// What a command asks for; `None` for a message.
    pub(super) fn pending(&self) -> Option<Pending> {
        let command = self.row.command.as_ref()?;
        Some(Pending {
            conversation: self.row.conversation,
            command_id: self.row.client_msg_id,
            wish: wish(command),
            created_at: self.row.created_at,
            state: self.state(),
        })
    }

    /// What it would change of the user's preferences, and since when.
    fn prefers(&self) -> Option<(PreferencesPatch, Timestamp)> {
        let command = self.row.command.as_ref().filter(|_| self.row.failure.is_none())?;
        Some((preferences::asked_by(command)?, self.row.created_at))
    }

    fn is_about(&self, message: &ClientMsgId) -> bool {
        self.row.command.as_ref().is_some_and(|command| command.about.as_ref() == Some(message))
    }
}

impl Outbox {
    /// Whether a command waits for a message that failed: the lane goes on without both.
    pub(super) fn is_left_behind(&self, entry: &Entry) -> bool {
        let about = entry.row.command.as_ref().and_then(|command| command.about);
        about.and_then(|message| self.get(&message)).is_some_and(|message| message.stage == Stage::Parked)
    }

    /// Changes of the user's preferences that wait, in their order.
    pub fn preferences_of(&self, conversation: &ConversationId) -> Vec<(PreferencesPatch, Timestamp)> {
        let lane = self.lanes.get(conversation).into_iter().flatten();
        lane.filter_map(|order| self.entries.get(order)?.prefers()).collect()
    }

    /// Messages that are about to be removed.
    pub fn deletions_of(&self, conversation: &ConversationId) -> BTreeSet<u64> {
        let lane = self.lanes.get(conversation).into_iter().flatten();
        let rows = lane.filter_map(|order| Some(&self.entries.get(order)?.row)).filter(|row| row.failure.is_none());
        let seqs = rows.filter_map(|row| deletions::asked_by(row.command.as_deref()?));
        seqs.flatten().copied().collect()
    }

    /// Messages that are about to be starred, or no longer, with the times of the commands.
    pub fn stars_of(&self, conversation: &ConversationId) -> Vec<(&[u64], bool, Timestamp)> {
        let lane = self.lanes.get(conversation).into_iter().flatten();
        let rows = lane.filter_map(|order| Some(&self.entries.get(order)?.row)).filter(|row| row.failure.is_none());
        let asked = rows.filter_map(|row| {
            let (seqs, starred) = stars::asked_by(row.command.as_deref()?)?;
            Some((seqs, starred, row.created_at))
        });
        asked.collect()
    }

    /// Changes of the user's quiet times that wait, in their order.
    pub fn quiet_patches(&self) -> Vec<(QuietPatch, Timestamp)> {
        let rows = self.entries.values().map(|entry| &entry.row).filter(|row| row.failure.is_none());
        rows.filter_map(|row| Some((quiet::asked_by(row.command.as_deref()?)?, row.created_at))).collect()
    }

    /// All commands, in their order.
    pub fn pending(&self) -> Vec<(u64, Pending)> {
        self.entries.iter().filter_map(|(order, entry)| Some((*order, entry.pending()?))).collect()
    }

    /// What is to be shown in one conversation: commands that wait, and those whose events are on their way.
    pub fn wishes_of(&self, conversation: &ConversationId) -> Vec<(u64, Pending)> {
        let lane = self.lanes.get(conversation).into_iter().flatten();
        let waiting = lane.filter_map(|order| Some((*order, self.entries.get(order)?.pending()?)));
        self.done.settling.get(conversation).into_iter().flatten().cloned().chain(waiting).collect()
    }
}

impl Core {
    /// The commands that wait in the outbox.
    #[must_use]
    pub fn pending(&self) -> Vec<Pending> {
        self.outbox.pending().into_iter().map(|(_, pending)| pending).collect()
    }

    pub(super) fn on_queue(&mut self, ticket: Ticket, command: LaneCommand) {
        let reply = self.queue(command);
        self.journal.reply(ticket, reply);
    }

    fn queue(&mut self, mut command: LaneCommand) -> Result<Reply> {
        let id = command.command_id;
        if let Some(entry) = self.outbox.get(&id) {
            let same = entry.row.command.is_some() && entry.row.conversation == command.conversation;
            let refusal = || Error::argument("command_id", "is used by something else in the outbox");
            return if same { Ok(Reply::Kept(id, entry.state())) } else { Err(refusal()) };
        }
        if self.outbox.entries.len() >= OUTBOX_MAX {
            return Err(Error::argument("command", format!("is one too many: {OUTBOX_MAX} wait in the outbox")));
        }
        let mut about = None;
        let seq = match command.about {
            Some(Target::Own(message)) => {
                if let Some(reply) = self.change_unsent(message, &command) {
                    return Ok(reply);
                }
                about = self.outbox.get(&message).filter(|it| it.row.command.is_none()).map(|_| message);
                let placed = self.outbox.done.placed.iter().rev().find(|(own, _)| *own == message);
                match (about, placed) {
                    (Some(_), _) => None,
                    (None, Some((_, seq))) => Some(*seq),
                    (None, None) => return Err(Error::NotFound("message")),
                }
            }
            Some(Target::Log(seq)) => Some(seq.get()),
            None => None,
        };
        if matches!(command.call, Body::SetPreferences(_) | Body::DeleteMessages(_) | Body::StarMessages(_)) {
            self.touched.insert(command.conversation);
        }
        if !fill_in(&mut command.call, id, seq) {
            return Err(Error::argument("command", "is none that waits in a lane"));
        }
        let is_quiet = matches!(command.call, Body::SetQuiet(_));
        self.keep_in_outbox(OutboxRow {
            attributes: None,
            order: self.outbox.last + 1,
            conversation: command.conversation,
            peer: None,
            client_msg_id: id,
            body_type: String::new(),
            body: Bytes::new(),
            read_upto: 0,
            created_at: Timestamp(self.now.wall_ms),
            written: self.link.is_up(),
            failure: None,
            command: Some(Box::new(QueuedCommand { call: command.call, about })),
        });
        if is_quiet {
            self.tell_quiet();
        }
        Ok(Reply::Kept(id, SendState::Queued))
    }

    /// What was never written to a connection is not frozen: it is sent as the edit has it, or not at all.
    fn change_unsent(&mut self, message: ClientMsgId, command: &LaneCommand) -> Option<Reply> {
        let Body::ChangeMessage(change) = &command.call else { return None };
        let transaction = self.journal.open_number();
        let entry = self.outbox.get_mut(&message).filter(|entry| entry.row.command.is_none())?;
        match change.change.as_ref()? {
            change_message::Change::Edit(edit) if !entry.row.written => {
                entry.row.body_type.clone_from(&edit.body_type);
                entry.row.body = edit.body.clone();
                entry.transaction = transaction;
                let (row, state) = (entry.row.clone(), entry.state());
                self.journal.write(StoreOp::PutOutbox(Box::new(row)));
                self.tell_send(&message);
                Some(Reply::Kept(message, state))
            }
            change_message::Change::Recall(_) if !entry.row.written || entry.stage == Stage::Parked => {
                self.take_out(&message, SendState::Cancelled);
                Some(Reply::Kept(command.command_id, SendState::Done(Seq::ZERO)))
            }
            _ => None,
        }
    }

    /// A message left the outbox: the commands about it can go, or have nothing left to be about.
    pub(super) fn place_what_is_about(&mut self, lane: ConversationId, message: ClientMsgId, state: &SendState) {
        let seq = match state {
            SendState::Sent(mark) => Some(mark.seq.get()),
            _ => None,
        };
        if let Some(seq) = seq {
            let placed = &mut self.outbox.done.placed;
            placed.push_back((message, seq));
            if placed.len() > PLACED_MAX {
                placed.pop_front();
            }
        }
        let orders = self.outbox.lanes.get(&lane).into_iter().flatten();
        let entries = orders.filter_map(|order| self.outbox.entries.get(order));
        let ids: Vec<_> = entries.filter(|it| it.is_about(&message)).map(|it| it.row.client_msg_id).collect();
        let transaction = self.journal.open_number();
        for id in ids {
            let Some(seq) = seq else {
                self.take_out(&id, SendState::Cancelled);
                continue;
            };
            let Some(entry) = self.outbox.get_mut(&id) else { continue };
            if let Some(command) = &mut entry.row.command {
                fill_in(&mut command.call, id, Some(seq));
                command.about = None;
            }
            entry.transaction = transaction;
            let row = entry.row.clone();
            self.journal.write(StoreOp::PutOutbox(Box::new(row)));
            self.tell_send(&id);
        }
    }

    /// A command was answered: its event, if it led to one, is durable at the server.
    pub(super) fn on_command_done(&mut self, id: ClientMsgId, body: &Body) {
        if self.outbox.get(&id).is_some_and(|entry| entry.row.command.is_none()) {
            return self.break_off("the server answered a message as a command");
        }
        if let Body::Entry(entry) = body {
            self.on_personal(entry, Told::Live);
        }
        let seq = match body {
            Body::CommandDone(done) => done.seq,
            // Of commands that lead to no event.
            _ => 0,
        };
        self.take_out(&id, SendState::Done(Seq(seq)));
    }

    /// An own event that is no message is here: no answer to its command is needed any more.
    pub(super) fn on_own_change(&mut self, event: &Event) {
        if let Ok(id) = ClientMsgId::from_slice(&event.client_msg_id)
            && self.outbox.get(&id).is_some_and(|entry| entry.row.command.is_some())
        {
            self.take_out(&id, SendState::Done(Seq(event.seq)));
        }
    }

    /// A command left the outbox. What was granted stays to be seen until its event is here.
    pub(super) fn let_wish_go(&mut self, entry: &Entry, state: &SendState) {
        let (conversation, id) = (entry.row.conversation, entry.row.client_msg_id);
        let is_his_own = |it: &QueuedCommand| {
            preferences::asked_by(it).is_some() || deletions::asked_by(it).is_some() || stars::asked_by(it).is_some()
        };
        if entry.row.command.as_deref().is_some_and(is_his_own) {
            self.touched.insert(conversation);
        }
        if entry.row.command.as_deref().is_some_and(|it| quiet::asked_by(it).is_some()) {
            self.tell_quiet();
        }
        let granted = entry.pending().filter(|_| matches!(state, SendState::Done(_)));
        let Some(granted) = granted else {
            self.journal.tell(Change::PendingGone(conversation, id));
            return;
        };
        let pending = Pending { state: state.clone(), ..granted };
        self.journal.tell(Change::Pending(entry.row.order, Box::new(pending.clone())));
        let settling = self.outbox.done.settling.entry(conversation).or_default();
        settling.push((entry.row.order, pending));
        let oldest = (settling.len() > SETTLING_MAX).then(|| settling.remove(0));
        if let Some((_, oldest)) = oldest {
            self.journal.tell(Change::PendingGone(conversation, oldest.command_id));
        }
        self.settle_wishes(conversation);
    }

    /// Lets those wishes go whose events the log has passed, and those of a log that this device cannot follow.
    pub(super) fn settle_wishes(&mut self, id: ConversationId) {
        let Some(settling) = self.outbox.done.settling.remove(&id) else { return };
        let row = self.conversations.get(&id).map(|it| &it.row).filter(|row| row.member);
        let place = row.map(|row| (row.last_seq, row.stale_from));
        let is_here = |pending: &Pending| match (place, &pending.state) {
            (Some((last, stale_from)), SendState::Done(seq)) => {
                seq.get() <= last && (stale_from == 0 || seq.get() < stale_from)
            }
            _ => true,
        };
        let (gone, stay): (Vec<_>, Vec<_>) = settling.into_iter().partition(|(_, pending)| is_here(pending));
        if !stay.is_empty() {
            self.outbox.done.settling.insert(id, stay);
        }
        for (_, pending) in gone {
            self.journal.tell(Change::PendingGone(id, pending.command_id));
        }
    }

    /// Events of another history will not come.
    pub(super) fn forget_wishes(&mut self) {
        for (id, settling) in std::mem::take(&mut self.outbox.done.settling) {
            for (_, pending) in settling {
                self.journal.tell(Change::PendingGone(id, pending.command_id));
            }
        }
        self.outbox.done.placed.clear();
    }
}

/// Writes the id of a command into its call, and the seq of the message that it is about. `false` for a call that does
/// not wait in a lane: to let another one wait, name it here.
fn fill_in(call: &mut Body, id: ClientMsgId, seq: Option<u64>) -> bool {
    let command_id = Bytes::copy_from_slice(&id.0);
    match call {
        Body::ChangeMessage(change) => {
            change.command_id = command_id;
            change.seq = seq.unwrap_or(change.seq);
        }
        Body::ChangeConversation(change) => change.command_id = command_id,
        Body::SetPreferences(set) => set.command_id = command_id,
        Body::DeleteMessages(delete) => delete.command_id = command_id,
        Body::StarMessages(star) => star.command_id = command_id,
        Body::SetQuiet(set) => set.command_id = command_id,
        _ => return false,
    }
    true
}

/// What a command asks for, as a message shows it.
fn wish(command: &QueuedCommand) -> Wish {
    let Body::ChangeMessage(change) = &command.call else { return Wish::Other };
    let target = command.about.map_or(Target::Log(Seq(change.seq)), Target::Own);
    match &change.change {
        Some(change_message::Change::Edit(edit)) => {
            Wish::Edit(target, translate::content(&edit.body_type, &edit.body, false))
        }
        Some(change_message::Change::React(react)) if react.remove => Wish::TakeBack(target, react.emoji.clone()),
        Some(change_message::Change::React(react)) => Wish::React(target, react.emoji.clone()),
        Some(change_message::Change::Recall(_)) => Wish::Recall(target),
        Some(change_message::Change::Pin(pin)) => Wish::Pin(target, !pin.remove),
        None => Wish::Other,
    }
}
