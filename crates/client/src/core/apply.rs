//! What an event does to a device: the same in every order in which events may arrive.

use std::sync::Arc;

use stonechat_domain::kind::EventKind;
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::number::Ordinal;
use stonechat_wire::v1::{self, Event, event};

use crate::core::change::Change;
use crate::core::conversation::{Conversation, Known};
use crate::core::group;
use crate::core::machine::Core;
use crate::core::mutant::{Mutant, Mutants};
use crate::core::rows::{MessageRow, StoreOp};
use crate::core::translate;
use crate::state::Role;

impl Core {
    /// Applies the next event of a conversation: the pointer moves to it.
    pub(super) fn apply(&mut self, id: ConversationId, event: Event) {
        let mutants = self.settings.mutants;
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        let before = conversation.row.last_ordinal;
        let countable = translate::is_countable(&event, Some(before));
        let own = event.sender_id == self.settings.me.as_str();
        let again = mutants.is(Mutant::DuplicateNotIgnored) && event.seq <= conversation.row.last_seq;
        // What is not newer is already in what the server said of the conversation.
        let newer = event.seq > conversation.row.head_seq || again;
        conversation.row.last_seq = conversation.row.last_seq.max(event.seq);
        conversation.row.last_ordinal = before.max(event.ordinal);
        if event.seq <= conversation.row.read_seq {
            // Read before it came.
            conversation.row.read_ordinal = conversation.row.read_ordinal.max(event.ordinal);
        }
        let message = translate::message_row(&event);
        let known = match &message {
            Some(row) => Known::of(row, &self.settings.me),
            None => Known { seq: event.seq, own, ..Known::default() },
        };
        // Whether a damaged message of somebody else counts, only the server can tell.
        let unclear = event.corrupt && !own;
        conversation.row.unread_stale |= countable && unclear && newer;
        if countable && !unclear {
            conversation
                .know(event.ordinal, Known { recalled: (event.message_recalled && !newer).then_some(0), ..known });
        }
        if newer {
            conversation.row.head_seq = event.seq.max(conversation.row.head_seq);
            // Also of an event that does not count: messages before it may be hidden from the user. How far the cursor went
            // over own ones among them, only the server can tell.
            let expected = conversation.row.head_ordinal + u64::from(countable);
            if event.ordinal > expected {
                self.gets.insert(id);
            }
            conversation.row.head_ordinal = event.ordinal.max(conversation.row.head_ordinal);
            if countable {
                conversation.count(event.ordinal, known);
            }
            if fold(conversation, &event, &self.settings.me, mutants) == Folded::Joined {
                // The floor of the new membership is the server's to say.
                conversation.row.unread_stale = true;
                self.gets.insert(id);
            }
        }
        if let Some(event::Change::Recalled(recalled)) = &event.change {
            let own = recalled.author_id == self.settings.me.as_str();
            conversation.recall(recalled, event.seq, own, newer);
        }
        conversation.move_over_own();
        self.touched.insert(id);
        self.change_message(id, &event, newer);
        if countable && !own {
            self.arrived(id, event.seq);
        }
        if own {
            self.on_own_change(&event);
        }
        // Messages between that were hidden are held, also before an event that does not count.
        if countable || event.ordinal > before {
            self.keep_interval(id, before + 1, event.ordinal);
        }
        if let Some(row) = message {
            self.keep_messages(id, vec![row.clone()]);
            if own {
                self.on_own_message(&row);
            }
            self.stopped_typing(id, &row.sender);
        }
        self.keep_events(id, [&event]);
        // A replay may have recorded the messages of a range before its events came.
        if !countable || event.ordinal > before {
            self.record(event);
        }
    }

    /// Keeps messages of the log.
    pub(super) fn keep_messages(&mut self, id: ConversationId, rows: Vec<MessageRow>) {
        let rows = self.without_removed(&id, rows);
        for row in &rows {
            self.journal.write(StoreOp::PutMessage(Box::new(row.clone())));
        }
        if !rows.is_empty() {
            self.journal.tell(Change::Messages(id, rows));
        }
    }

    /// Notes that an interval of ordinals is held.
    pub(super) fn keep_interval(&mut self, id: ConversationId, from: u64, upto: u64) {
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        if conversation.intervals.add(from, upto) {
            let intervals = conversation.intervals.all().to_vec();
            self.journal.write(StoreOp::PutIntervals(id, intervals.clone()));
            self.journal.tell(Change::Intervals(id, intervals));
        }
    }

    /// Keeps an event until it is acknowledged, where that was asked for.
    pub(super) fn record(&mut self, event: Event) {
        if self.settings.record_events {
            self.recorded += 1;
            self.journal.write(StoreOp::Record(self.recorded, Box::new(event)));
            self.journal.tell(Change::Recorded(self.recorded));
        }
    }

    /// Keeps a page of messages as they are now, and what it settles.
    pub(super) fn keep_messages_of(&mut self, id: ConversationId, page: &v1::Messages) -> Vec<MessageRow> {
        if let Some(conversation) = self.conversations.get(&id)
            && page.as_of_seq < conversation.row.last_seq
        {
            // What came live since it was made found none of them here.
            self.go_stale(id, page.as_of_seq + 1);
        }
        let events = page.messages.iter().filter_map(|message| message.event.as_ref());
        let rows: Vec<_> = events.filter_map(translate::message_row).filter(|row| row.conversation == id).collect();
        self.keep_messages(id, rows.clone());
        self.keep_events(id, &page.events);
        for row in &rows {
            let own = row.sender == self.settings.me;
            if let Some(conversation) = self.conversations.get_mut(&id)
                && (own || !row.corrupt)
            {
                conversation.know(row.ordinal, Known::of(row, &self.settings.me));
            }
            if own {
                self.on_own_message(row);
            }
        }
        rows
    }
}

/// Whether an event let the user in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Folded {
    Joined,
    Other,
}

/// Changes what a list shows of a conversation by an event that is newer than it.
fn fold(conversation: &mut Conversation, event: &Event, me: &UserId, mutants: Mutants) -> Folded {
    let row = &mut conversation.row;
    if event.change.is_some() {
        group::fold(Arc::make_mut(&mut row.group), event, me);
    }
    let me = me.as_str();
    let kind = EventKind::ALL.iter().find(|kind| kind.name() == event.kind);
    if kind.is_some_and(|kind| kind.bumps()) {
        row.active_at = row.active_at.max(event.sent_at);
    }
    if let Some(message) = translate::message_row(event)
        && !conversation.removed.holds_ordinal(Ordinal(event.ordinal))
    {
        row.preview = Some(translate::preview(&message));
    }
    let out = match &event.change {
        Some(event::Change::MembersAdded(added)) => {
            row.member_count = row.member_count.saturating_add(u32::try_from(added.user_ids.len()).unwrap_or(0));
            if added.user_ids.iter().any(|user| user == me) {
                row.member = true;
                row.role = row.role.max(Role::Member);
                return Folded::Joined;
            }
            false
        }
        Some(event::Change::MemberRemoved(removed)) => {
            row.member_count = row.member_count.saturating_sub(1);
            removed.user_id == me
        }
        Some(event::Change::MemberLeft(_)) => {
            row.member_count = row.member_count.saturating_sub(1);
            event.sender_id == me
        }
        Some(event::Change::Renamed(renamed)) => {
            row.title.clone_from(&renamed.title);
            false
        }
        Some(event::Change::RoleChanged(changed)) => {
            if changed.user_id == me {
                row.role = translate::role(changed.role);
            }
            false
        }
        Some(event::Change::Joined(_)) => {
            row.member_count = row.member_count.saturating_add(1);
            if event.sender_id == me {
                row.member = true;
                row.role = row.role.max(Role::Member);
                return Folded::Joined;
            }
            false
        }
        Some(event::Change::OwnerChanged(changed)) => {
            if changed.user_id == me {
                row.role = Role::Owner;
            } else if event.sender_id == me {
                row.role = Role::Admin;
            }
            false
        }
        Some(event::Change::OwnerLeft(left)) => {
            row.member_count = row.member_count.saturating_sub(1);
            if left.user_id == me {
                row.role = Role::Owner;
            }
            event.sender_id == me
        }
        Some(event::Change::MemberBanned(banned)) => {
            row.member_count = row.member_count.saturating_sub(u32::from(banned.removed));
            banned.user_id == me
        }
        Some(
            event::Change::Created(_)
            | event::Change::Edited(_)
            | event::Change::Reacted(_)
            | event::Change::Recalled(_)
            | event::Change::Pinned(_)
            | event::Change::InfoChanged(_)
            | event::Change::SettingsChanged(_)
            | event::Change::Dissolved(_)
            | event::Change::MemberMuted(_)
            | event::Change::MemberUnmuted(_)
            | event::Change::BanLifted(_)
            | event::Change::NicknameChanged(_)
            | event::Change::Announced(_)
            | event::Change::Applied(_)
            | event::Change::ApplicationDeclined(_)
            | event::Change::Invited(_)
            | event::Change::InvitationDeclined(_)
            | event::Change::LinkMade(_)
            | event::Change::LinkRevoked(_),
        )
        | None => false,
    };
    if out && !mutants.is(Mutant::RemovalIgnored) {
        row.member = false;
        row.role = Role::None;
    }
    Folded::Other
}
