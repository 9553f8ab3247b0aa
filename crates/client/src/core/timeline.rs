//! The lines of a timeline, from what the device holds.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::sync::Arc;
use std::vec::IntoIter;

use stonechat_types::id::{ClientMsgId, ConversationId, UserId};
use stonechat_types::number::{Ordinal, Seq, Timestamp};
use stonechat_wire::body;

use crate::content::{Attributes, ReplyTo};
use crate::core::change::Change;
use crate::core::command::Opened;
use crate::core::rows::{EventRow, HistoryRows, MessageRow};
use crate::core::system_events::system_event;
use crate::core::translate;
use crate::core::wishes;
use crate::deletions::Removed;
use crate::played::Played;
use crate::stars::Starred;
use crate::state::{
    Date, ItemKey, Message, MessageItem, Pending, Quote, ReadMark, SendState, SentMark, Target, TimelineItem,
    TimelineItemKind, Unsent, Wish,
};
use crate::timeline::TimelineOptions;

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;

/// A window on a conversation: everything held from an ordinal on, and what waits in the outbox behind it.
#[derive(Clone, Debug)]
pub struct TimelineModel {
    me: UserId,
    conversation: ConversationId,
    options: TimelineOptions,
    from: u64,
    messages: BTreeMap<u64, MessageRow>,
    /// By seq.
    events: BTreeMap<u64, EventRow>,
    echoes: BTreeMap<u64, Unsent>,
    wishes: BTreeMap<u64, Pending>,
    sent: BTreeMap<ClientMsgId, SentMark>,
    intervals: Vec<(u64, u64)>,
    read_marker: Option<u64>,
    /// What was said up to here is not shown.
    cleared: Seq,
    removed: Arc<Removed>,
    starred: Arc<Starred>,
    played: Arc<Played>,
    marks: Vec<ReadMark>,
    /// How many reads of the store, or questions to the core, are on their way.
    reads: u32,
    /// What was told since the first of them: what they bring may be older. Where the store stands still, so does this.
    meanwhile: Vec<Change>,
}

impl TimelineModel {
    /// An empty window; [`TimelineModel::begin`] and [`TimelineModel::merge`] fill it.
    #[must_use]
    pub fn new(me: UserId, conversation: ConversationId, options: TimelineOptions) -> Self {
        Self {
            me,
            conversation,
            options,
            from: u64::MAX,
            messages: BTreeMap::new(),
            events: BTreeMap::new(),
            echoes: BTreeMap::new(),
            wishes: BTreeMap::new(),
            sent: BTreeMap::new(),
            intervals: Vec::new(),
            read_marker: None,
            cleared: Seq::ZERO,
            removed: Arc::default(),
            starred: Arc::default(),
            played: Arc::default(),
            marks: Vec::new(),
            reads: 0,
            meanwhile: Vec::new(),
        }
    }

    /// Something is read: what is told until [`TimelineModel::end_reading`] is taken again over what it brings.
    pub fn start_reading(&mut self) {
        self.reads += 1;
    }

    /// What was read is here, or will not come.
    pub fn end_reading(&mut self) {
        self.reads = self.reads.saturating_sub(1);
        if self.reads == 0 {
            self.meanwhile = Vec::new();
        }
    }

    /// Each of these says how something is, so the last of them about it counts, however often they are taken.
    fn take_again(&mut self) {
        let meanwhile = std::mem::take(&mut self.meanwhile);
        for change in &meanwhile {
            self.take(change);
        }
        self.meanwhile = meanwhile;
    }

    /// Which conversation it shows.
    #[must_use]
    pub fn conversation(&self) -> ConversationId {
        self.conversation
    }

    /// Takes what the core says of the conversation when it is opened.
    pub fn begin(&mut self, opened: Opened) {
        for (order, unsent) in opened.unsent {
            self.echoes.insert(order, unsent);
        }
        self.wishes.extend(opened.pending);
        self.intervals = opened.intervals;
        self.marks = opened.marks;
        self.cleared = opened.cleared;
        self.removed = opened.removed;
        self.starred = opened.starred;
        self.played = opened.played;
        self.read_marker = (opened.unread > 0).then_some(opened.floor.get());
        self.from = self.from.min(opened.head.get() + 1);
        self.take_again();
    }

    /// Takes what the store holds, and shows everything from an ordinal on.
    pub fn merge(&mut self, page: HistoryRows, from: u64) {
        self.from = self.from.min(from);
        page.messages.into_iter().for_each(|row| self.put(row));
        self.events.extend(page.events.into_iter().map(|row| (row.seq, row)));
        self.take_again();
    }

    /// Takes a change; says whether the lines may be different.
    pub fn apply(&mut self, change: &Change) -> bool {
        let Some(is_different) = self.take(change) else { return false };
        if self.reads > 0 {
            self.meanwhile.push(change.clone());
        }
        is_different
    }

    /// `None`: it is not about this conversation.
    fn take(&mut self, change: &Change) -> Option<bool> {
        match change {
            Change::Echo(order, unsent) if unsent.conversation == self.conversation => {
                self.echoes.insert(*order, (**unsent).clone());
            }
            Change::EchoGone(conversation, client_msg_id) if *conversation == self.conversation => {
                self.echoes.retain(|_, unsent| unsent.client_msg_id != *client_msg_id);
            }
            Change::Pending(order, pending) if pending.conversation == self.conversation => {
                self.wishes.insert(*order, (**pending).clone());
            }
            Change::PendingGone(conversation, command_id) if *conversation == self.conversation => {
                self.wishes.retain(|_, pending| pending.command_id != *command_id);
            }
            Change::Send { conversation, client_msg_id, state } if *conversation == self.conversation => {
                if let SendState::Sent(mark) = state {
                    self.sent.insert(*client_msg_id, *mark);
                }
            }
            Change::Messages(conversation, rows) if *conversation == self.conversation => {
                let from = self.from;
                rows.iter().filter(|row| row.ordinal >= from).for_each(|row| self.put(row.clone()));
            }
            Change::Events(conversation, rows) if *conversation == self.conversation => {
                self.events.extend(rows.iter().map(|row| (row.seq, row.clone())));
            }
            Change::MessageChanged(conversation, change) if *conversation == self.conversation => {
                let target = self.messages.values_mut().rev().find(|row| row.seq == change.target);
                let Some(row) = target else { return Some(false) };
                change.fold(row);
            }
            Change::Conversation(summary) if summary.id == self.conversation => {
                let own = (summary.starred.clone(), summary.played.clone());
                let now = (summary.preferences.cleared_upto, summary.removed.clone(), own);
                let before = (self.cleared, self.removed.clone(), (self.starred.clone(), self.played.clone()));
                let is_different = before != now;
                (self.cleared, self.removed, (self.starred, self.played)) = now;
                return Some(is_different);
            }
            Change::Intervals(conversation, intervals) if *conversation == self.conversation => {
                self.intervals.clone_from(intervals);
            }
            Change::Unheld(conversation, below) if *conversation == self.conversation => {
                let intervals = &self.intervals;
                let held = |ordinal: u64| intervals.iter().any(|(from, upto)| (*from..=*upto).contains(&ordinal));
                self.messages.retain(|ordinal, _| ordinal >= below || held(*ordinal));
                self.events.retain(|_, row| row.ordinal >= *below || held(row.ordinal));
            }
            Change::Cleared => self.clear(),
            Change::ConversationGone(conversation) if *conversation == self.conversation => self.clear(),
            Change::Marks(conversation, marks) if *conversation == self.conversation => {
                self.marks.clone_from(marks);
            }
            _ => return None,
        }
        Some(true)
    }

    /// Takes a message, unless a newer copy of it is here.
    fn put(&mut self, row: MessageRow) {
        if self.messages.get(&row.ordinal).is_none_or(|here| here.seq != row.seq || here.changed <= row.changed) {
            self.messages.insert(row.ordinal, row);
        }
    }

    fn clear(&mut self) {
        self.messages.clear();
        self.events.clear();
        self.intervals.clear();
        self.from = 1;
    }

    /// Takes the line above the unread away.
    pub fn hide_read_marker(&mut self) {
        self.read_marker = None;
    }

    /// From where the window shows, and the start of the interval that holds the ordinal before; `None` when that one
    /// is not held.
    #[must_use]
    pub fn next_page(&self) -> (u64, Option<u64>) {
        let before = self.from.saturating_sub(1);
        let held = self.intervals.iter().find(|(from, upto)| (*from..=*upto).contains(&before));
        (self.from, held.map(|(from, _)| *from))
    }

    /// The first ordinal held after a gap.
    #[must_use]
    pub fn after_gap(&self, after: u64) -> Option<u64> {
        self.intervals.iter().map(|(from, _)| *from).find(|from| *from > after)
    }

    /// Whether nothing is before the window.
    #[must_use]
    pub fn reached_start(&self) -> bool {
        self.from <= 1 || self.intervals.first().is_some_and(|(from, _)| *from <= 1 && self.from <= 1)
    }

    /// The lines, oldest first.
    #[must_use]
    pub fn items(&self) -> Vec<TimelineItem> {
        let mut lines = Lines { options: self.options, day: None, items: Vec::new() };
        let nothing_held = self.intervals.is_empty() && self.messages.is_empty();
        if self.from <= 1 && (nothing_held || self.intervals.first().is_some_and(|(from, _)| *from <= 1)) {
            lines.push(ItemKey::Start, TimelineItemKind::Start);
        }
        let mut gaps = self.gaps().into_iter().peekable();
        let mut events = self.events.values().filter(|row| self.shows_event(row)).peekable();
        let mut marker = self.read_marker;
        for (ordinal, row) in self.messages.iter().filter(|(_, row)| self.shows(row)) {
            while let Some(event) = events.next_if(|event| event.seq < row.seq) {
                lines.event(event, &mut gaps);
            }
            lines.gaps(&mut gaps, *ordinal);
            lines.day(row.sent_at);
            if marker.is_some_and(|read| *ordinal > read) && row.sender != self.me && row.recalled.is_none() {
                marker = None;
                lines.push(ItemKey::ReadMarker, TimelineItemKind::ReadMarker);
            }
            lines.push(key_of(row, &self.me), TimelineItemKind::Message(Box::new(self.item_of(row))));
        }
        for event in events {
            lines.event(event, &mut gaps);
        }
        lines.gaps(&mut gaps, u64::MAX);
        for unsent in self.echoes.values().filter(|unsent| !self.is_placed(unsent.client_msg_id)) {
            lines.day(unsent.created_at);
            let mut message = Message {
                id: None,
                ordinal: None,
                sender: self.me.clone(),
                own: true,
                sent_at: unsent.created_at,
                client_msg_id: Some(unsent.client_msg_id),
                content: unsent.content.clone(),
                attributes: unsent.attributes.clone(),
                pinned: false,
                edited_at: None,
                reactions: Vec::new(),
            };
            let pending = self.lay_wishes_over(&mut message);
            let quote = unsent.attributes.as_ref().and_then(|attributes| self.quote(attributes));
            let item = MessageItem {
                message,
                state: Some(unsent.state.clone()),
                read_by: 0,
                delivered_to: 0,
                pending,
                quote,
                starred: false,
                played_by_me: false,
                played_by_others: 0,
            };
            lines.push(ItemKey::Own(unsent.client_msg_id), TimelineItemKind::Message(Box::new(item)));
        }
        lines.items
    }

    fn shows(&self, row: &MessageRow) -> bool {
        row.seq > self.cleared.get() && !self.removed.holds(Seq(row.seq))
    }

    fn shows_event(&self, row: &EventRow) -> bool {
        row.seq > self.cleared.get() && row.ordinal >= self.from
    }

    fn is_placed(&self, client_msg_id: ClientMsgId) -> bool {
        let newest = self.messages.values().rev();
        newest.take_while(|row| row.client_msg_id != Some(client_msg_id)).count() < self.messages.len()
    }

    fn gaps(&self) -> Vec<(u64, u64)> {
        let pairs = self.intervals.windows(2).map(|pair| (pair[0].1, pair[1].0 - pair[0].1 - 1));
        pairs.filter(|(after, missing)| *missing > 0 && *after + 1 >= self.from).collect()
    }

    fn item_of(&self, row: &MessageRow) -> MessageItem {
        let mut message = translate::row_to_message(row, &self.me);
        let pending = self.lay_wishes_over(&mut message);
        let state = message.own.then(|| {
            let known = row.client_msg_id.and_then(|id| self.sent.get(&id)).copied();
            SendState::Sent(known.unwrap_or(SentMark {
                conversation: row.conversation,
                seq: Seq(row.seq),
                ordinal: Ordinal(row.ordinal),
                sent_at: row.sent_at,
                deduplicated: false,
                conflict: false,
            }))
        });
        let others = || self.marks.iter().filter(|mark| mark.user != row.sender);
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let read_by = count(others().filter(|mark| mark.upto.get() >= row.seq).count());
        let delivered_to = count(others().filter(|mark| mark.delivered.get() >= row.seq).count());
        let quote = message.attributes.as_ref().and_then(|attributes| self.quote(attributes));
        let starred = self.starred.holds(Seq(row.seq)) && row.recalled.is_none();
        let is_voice = row.body_type == body::VOICE;
        let played_by_me = is_voice && !message.own && self.played.holds(Seq(row.seq));
        let played_by_others = if is_voice && message.own { self.played.by_others(Seq(row.seq)) } else { 0 };
        MessageItem { message, state, read_by, delivered_to, pending, quote, starred, played_by_me, played_by_others }
    }

    /// What a message answers, as far as this window knows it.
    fn quote(&self, attributes: &Attributes) -> Option<Quote> {
        let ReplyTo { seq, ordinal } = attributes.reply_to?;
        let row = match ordinal {
            Ordinal::ZERO => self.messages.values().rev().find(|row| row.seq == seq.get()),
            ordinal => self.messages.get(&ordinal.get()).filter(|row| row.seq == seq.get()),
        };
        Some(Quote { seq, ordinal, says: row.filter(|row| self.shows(row)).map(translate::quoted) })
    }

    /// Shows a message as the commands about it want it, and says which they are.
    fn lay_wishes_over(&self, message: &mut Message) -> Vec<Pending> {
        let own = message.client_msg_id.filter(|_| message.own).map(Target::Own);
        let log = message.id.map(|id| Target::Log(id.seq));
        let is_about = |wish: &Wish| wish.target().is_some_and(|target| Some(target) == own || Some(target) == log);
        let about: Vec<_> = self.wishes.values().filter(|pending| is_about(&pending.wish)).cloned().collect();
        for pending in &about {
            wishes::lay_over(message, pending, &self.me);
        }
        about
    }
}

/// The key of a message: that of its echo when it is an own one.
fn key_of(row: &MessageRow, me: &UserId) -> ItemKey {
    match row.client_msg_id {
        Some(client_msg_id) if row.sender == *me => ItemKey::Own(client_msg_id),
        _ => ItemKey::Log(Seq(row.seq)),
    }
}

struct Lines {
    options: TimelineOptions,
    day: Option<i64>,
    items: Vec<TimelineItem>,
}

impl Lines {
    fn push(&mut self, key: ItemKey, kind: TimelineItemKind) {
        self.items.push(TimelineItem { key, kind });
    }

    /// The gaps that begin below an ordinal.
    fn gaps(&mut self, gaps: &mut Peekable<IntoIter<(u64, u64)>>, below: u64) {
        while let Some((after, missing)) = gaps.next_if(|(after, _)| *after < below) {
            let after = Ordinal(after);
            self.push(ItemKey::Gap(after), TimelineItemKind::Gap { after, missing });
        }
    }

    fn event(&mut self, row: &EventRow, gaps: &mut Peekable<IntoIter<(u64, u64)>>) {
        let Some(event) = system_event(row) else { return };
        self.gaps(gaps, row.ordinal);
        self.day(event.at);
        self.push(ItemKey::Log(event.seq), TimelineItemKind::Event(Box::new(event)));
    }

    fn day(&mut self, at: Timestamp) {
        let local = at.as_millis().saturating_add(i64::from(self.options.utc_offset_minutes) * MINUTE_MS);
        let day = local.div_euclid(DAY_MS);
        // Days only go forward: a device's clock that is behind the server's makes no second line.
        if self.options.date_dividers && self.day.is_none_or(|shown| shown < day) {
            self.day = Some(day);
            self.push(ItemKey::Day(day), TimelineItemKind::DateDivider(date(day)));
        }
    }
}

/// The day of the calendar, of a number of days since 1970-01-01 (the Gregorian calendar, counted in eras of 400 years
/// that begin in March).
fn date(days: i64) -> Date {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    Date { year: year as i32, month: month as u8, day: day as u8 }
}
