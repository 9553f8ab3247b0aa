//! What it means that a device is equal to the server.

use std::collections::{BTreeMap, BTreeSet};

use stonechat_types::id::{ClientMsgId, ConversationId, ConversationKind, UserId};
use stonechat_wire::v1::Event;
use stonechat_wire::v1::personal_change::Change;

use crate::core::rows::{MessageRow, OutboxRow};
use crate::core::simulation::World;
use crate::core::simulation::log::Log;
use crate::core::simulation::server::{ME, Server};
use crate::core::system_events;
use crate::core::timeline::TimelineModel;
use crate::state::{SendState, TimelineItemKind};
use crate::store::memory::Tables;
use crate::store::{MessageQuery, Reader as _};
use crate::timeline::TimelineOptions;

macro_rules! equal {
    ($left:expr, $right:expr, $($what:tt)*) => {
        if $left != $right {
            return Err(format!("{}: {:?} here, {:?} at the server", format!($($what)*), $left, $right));
        }
    };
}

impl World {
    /// A stored position is true: everything before it is stored, or a recorded gap.
    pub fn check_position(&mut self) {
        let found = self.early_position();
        self.broken = self.broken.take().or(found);
    }

    fn early_position(&self) -> Option<String> {
        let tables = self.store.tables();
        let (history, feed, _) = Server::parse_position(&tables.device.position)?;
        let logs = self.server.logs.iter().filter(|_| history == self.server.history);
        let mut early = logs.filter_map(|(id, log)| {
            let before = log.feed.iter().filter(|(seq, at)| **at <= feed && log.sees(**seq)).map(|(seq, _)| *seq).max();
            let row = tables.conversations.get(id);
            let last = row.map_or(0, |row| row.last_seq);
            // Who was removed before this device knew of the conversation need not hear of it; a row that says that
            // it is behind is fetched for after every start.
            let concerns = row.map_or(log.was_member(feed), |row| row.last_seq >= row.head_seq);
            let early = concerns && last < before.unwrap_or(0);
            early.then(|| format!("a position was stored before event {before:?} of {id}, which is at {last}"))
        });
        early.next()
    }

    /// The device is equal to the server.
    pub fn check(&mut self) -> Result<(), String> {
        let tables = self.store.tables().clone();
        let here: BTreeSet<_> = tables.conversations.keys().collect();
        let there: BTreeSet<_> = self.server.logs.keys().collect();
        let members = self.server.logs.iter().filter(|(_, log)| log.is_member()).map(|(id, _)| id);
        let missing: Vec<_> = members.filter(|id| !here.contains(id)).collect();
        if !missing.is_empty() || !here.is_subset(&there) {
            return Err(format!("conversations: {here:?} here, {there:?} at the server"));
        }
        for (id, log) in self.server.logs.iter().filter(|(id, _)| here.contains(id)) {
            check_conversation(&tables, id, log)?;
            check_messages(&tables, id, log)?;
            check_events(&tables, id, log)?;
            check_delivered(id, log)?;
            self.check_played(&tables, id, log)?;
            if self.settings.record_events && !self.restored {
                check_recorded(&tables, id, log)?;
            }
        }
        self.check_outbox(&tables)?;
        self.check_observed(&tables)?;
        self.check_timelines()
    }

    /// The server knows of everything that was played, and this device of everything that the server knows.
    fn check_played(&self, tables: &Tables, id: &ConversationId, log: &Log) -> Result<(), String> {
        if let Some(waiting) = tables.conversations[id].plays_unconfirmed.first() {
            return Err(format!("that {waiting} of {id} was played is still to be told"));
        }
        let known = |seq: &u64| log.played.contains(seq) || log.unplayable.contains(seq) || self.restored;
        let promised = self.played.iter().filter(|(at, _)| at == id).map(|(_, seq)| seq);
        if let Some(seq) = promised.copied().find(|seq| !known(seq)) {
            return Err(format!("the server was not told that {seq} of {id} was played"));
        }
        let here = match tables.entries.get(&format!("plays.{id}")).and_then(|entry| entry.change.clone()) {
            Some(Change::Plays(plays)) => plays.played_seqs,
            Some(_) | None => Vec::new(),
        };
        equal!(here, log.played.iter().copied().collect::<Vec<_>>(), "what was played of {id}");
        Ok(())
    }

    fn check_outbox(&self, tables: &Tables) -> Result<(), String> {
        // What waits for a message that failed waits on.
        let failed =
            |id: &ClientMsgId| tables.outbox.values().any(|row| row.client_msg_id == *id && row.failure.is_some());
        let about = |row: &OutboxRow| row.command.as_ref().and_then(|command| command.about);
        let is_left = |row: &OutboxRow| row.failure.is_some() || about(row).is_some_and(|message| failed(&message));
        if let Some(row) = tables.outbox.values().find(|row| !is_left(row)) {
            return Err(format!("{row:?} still waits in the outbox"));
        }
        let mut places: BTreeMap<ConversationId, Vec<u64>> = BTreeMap::new();
        for promise in &self.promised {
            let log = self.server.logs.get(&promise.conversation);
            let is_copy = |event: &&Event| match &promise.says {
                Some(body) => event.kind == "message" && event.body == body,
                None => event.client_msg_id[..] == promise.id.0,
            };
            let copies: Vec<_> = log.into_iter().flat_map(|log| log.events.values()).filter(is_copy).collect();
            let waits = tables.outbox.values().any(|row| row.client_msg_id == promise.id);
            let end = self.ends.get(&promise.id);
            if copies.len() > 1 {
                return Err(format!("{promise:?} is {} times in the log", copies.len()));
            }
            if copies.is_empty() && !waits && !self.restored {
                return Err(format!("{promise:?} was promised and is nowhere ({end:?})"));
            }
            if let Some(copy) = copies.first() {
                if copy.client_msg_id[..] != promise.id.0 {
                    return Err(format!("{promise:?} went out under another id"));
                }
                if self.server.refused_for_good.contains(&copy.client_msg_id) {
                    continue;
                }
                places.entry(promise.conversation).or_default().push(copy.seq);
            }
        }
        match places.iter().find(|(_, seqs)| seqs.windows(2).any(|pair| pair[0] > pair[1])) {
            Some((id, seqs)) if !self.restored => Err(format!("own messages of {id} changed places: {seqs:?}")),
            _ => Ok(()),
        }
    }

    fn check_observed(&self, tables: &Tables) -> Result<(), String> {
        let shown: BTreeMap<_, _> = self.summaries.iter().map(|(id, it)| (*id, (it.unread, it.member))).collect();
        let kept: BTreeMap<_, _> = tables.conversations.iter().map(|(id, it)| (*id, (it.unread, it.member))).collect();
        equal!(shown, kept, "the list");
        let total: u64 = kept.values().filter(|(_, member)| *member).map(|(unread, _)| unread).sum();
        equal!(self.total_unread, total, "total unread");
        Ok(())
    }

    /// A timeline that was open all along shows what one shows that is opened now.
    fn check_timelines(&mut self) -> Result<(), String> {
        for (id, live) in &self.timelines {
            let shown = bodies(live);
            let mut fresh = TimelineModel::new(UserId::new(ME).unwrap(), *id, TimelineOptions::default());
            if let Ok(crate::core::command::Reply::Opened(opened)) = self.core.open(*id) {
                fresh.begin(opened);
            }
            let (from, _) = live.next_page();
            let query = MessageQuery { conversation: *id, from, upto: u64::MAX, limit: 1_000 };
            fresh.merge(self.store.page(query).unwrap(), from);
            equal!(shown, bodies(&fresh), "timeline of {id}");
            check_wishes(live)?;
        }
        Ok(())
    }
}

/// At rest, what is shown beside the log is only what failed.
fn check_wishes(model: &TimelineModel) -> Result<(), String> {
    for item in model.items() {
        if let TimelineItemKind::Message(message) = item.kind
            && let Some(left) = message.pending.iter().find(|it| matches!(it.state, SendState::Done(_)))
            && message.message.id.is_some()
        {
            return Err(format!("{left:?} was carried out and is shown beside the log"));
        }
    }
    Ok(())
}

fn bodies(model: &TimelineModel) -> Vec<String> {
    let items = model.items();
    let keys: BTreeSet<_> = items.iter().map(|item| item.key).collect();
    assert_eq!(keys.len(), items.len(), "two lines have one key");
    let messages = items.into_iter().filter_map(|item| match item.kind {
        TimelineItemKind::Message(message) => {
            let shown = &message.message;
            Some(format!("{:?} {:?} {:?}", shown.content, shown.ordinal, shown.reactions))
        }
        TimelineItemKind::Event(event) => Some(format!("{event:?}")),
        TimelineItemKind::Gap { after, missing } => Some(format!("gap of {missing} after {after}")),
        TimelineItemKind::DateDivider(_) | TimelineItemKind::ReadMarker | TimelineItemKind::Start => None,
    });
    messages.collect()
}

/// The server knows of everything that arrived in a direct conversation, or that it was read.
fn check_delivered(id: &ConversationId, log: &Log) -> Result<(), String> {
    let newest = log.messages().rfind(|event| event.sender_id != ME).map_or(0, |event| event.seq);
    let known = log.delivered.max(log.read_seq);
    if id.kind() == ConversationKind::Direct && log.is_member() && known < newest {
        return Err(format!("the server was not told that event {newest} of {id} arrived, only {known}"));
    }
    Ok(())
}

fn check_conversation(tables: &Tables, id: &ConversationId, log: &Log) -> Result<(), String> {
    let row = &tables.conversations[id];
    equal!((row.head_seq, row.head_ordinal), log.head(), "head of {id}");
    equal!(row.unread, log.unread(), "unread of {id}");
    equal!(row.member, log.is_member(), "membership of {id}");
    equal!((row.read_seq, row.read_ordinal), (log.read_seq, log.read_ordinal), "read cursor of {id}");
    if log.is_member() {
        equal!(row.title, log.title, "title of {id}");
    }
    if row.last_seq < log.head().0 {
        return Err(format!("{id} is at {} of {}", row.last_seq, log.head().0));
    }
    Ok(())
}

fn check_messages(tables: &Tables, id: &ConversationId, log: &Log) -> Result<(), String> {
    let here: BTreeMap<_, _> =
        tables.messages.range((*id, 0)..=(*id, u64::MAX)).map(|((_, seq), row)| (*seq, row)).collect();
    for (seq, row) in &here {
        let Some(event) = log.events.get(seq).filter(|_| log.sees(*seq)) else {
            return Err(format!("message {seq} of {id} is not at the server"));
        };
        let now = log.now(event).ok_or("a message that is none")?;
        let said = |row: &MessageRow| (row.body.clone(), row.ordinal, row.edits, row.changed, row.reactions.clone());
        equal!(said(row), said(&now), "message {seq} of {id}");
    }
    let held =
        |ordinal| tables.intervals.get(id).into_iter().flatten().any(|(from, upto)| (*from..=*upto).contains(&ordinal));
    for event in log.messages() {
        if !here.contains_key(&event.seq) && held(event.ordinal) {
            return Err(format!("message {} of {id} counts as held and is not here", event.seq));
        }
        if !held(event.ordinal) && !log.jumped {
            return Err(format!("message {} of {id} does not count as held", event.seq));
        }
    }
    match log.messages().next_back() {
        Some(newest) if !held(newest.ordinal) => Err(format!("the newest message of {id} is not held")),
        _ => Ok(()),
    }
}

/// What happened between two messages that are held, or behind the last one, is here.
fn check_events(tables: &Tables, id: &ConversationId, log: &Log) -> Result<(), String> {
    let here = tables.system_events.range((*id, 0)..=(*id, u64::MAX)).map(|((_, seq), row)| (*seq, row));
    let here: BTreeMap<_, _> = here.collect();
    let there = log.seen().filter_map(system_events::event_row).map(|row| (row.seq, row));
    let there: BTreeMap<_, _> = there.collect();
    if let Some((seq, row)) = here.iter().find(|(seq, row)| there.get(*seq) != Some(**row)) {
        return Err(format!("event {seq} of {id} is another at the server, or not there: {row:?}"));
    }
    let held =
        |ordinal| tables.intervals.get(id).into_iter().flatten().any(|(from, upto)| (*from..=*upto).contains(&ordinal));
    let is_inside = |ordinal: u64| held(ordinal) && (held(ordinal + 1) || ordinal >= log.head().1);
    match there.values().find(|row| !here.contains_key(&row.seq) && (!log.jumped || is_inside(row.ordinal))) {
        Some(row) => Err(format!("event {} of {id} is not here", row.seq)),
        None => Ok(()),
    }
}

fn check_recorded(tables: &Tables, id: &ConversationId, log: &Log) -> Result<(), String> {
    let text = id.to_string();
    let recorded = tables.events.values().filter(|event| event.conversation_id == text);
    let messages: Vec<_> = recorded.filter(|event| event.kind == "message").map(|event| event.seq).collect();
    let there: Vec<_> = log.messages().map(|event| event.seq).collect();
    equal!(messages, there, "recorded messages of {id}");
    Ok(())
}
