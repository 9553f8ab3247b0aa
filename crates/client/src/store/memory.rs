//! A store that nothing survives, and the model that the other is measured by.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use stonechat_types::id::{ConversationId, UserId};
use stonechat_wire::v1::{Event, PersonalChange};

use crate::core::rows::{ConversationRow, DeviceRow, EventRow, MessageRow, OutboxRow, Snapshot, StoreOp, Transaction};
use crate::core::translate;
use crate::store::{MessageQuery, MessageSearch, Reader, Result, Store};

/// A store in memory. Clones share what they hold.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Mutex<Tables>>);

/// What a store holds.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// The values of the device.
    pub device: DeviceRow,
    /// Conversations.
    pub conversations: BTreeMap<ConversationId, ConversationRow>,
    /// Messages, by conversation and seq.
    pub messages: BTreeMap<(ConversationId, u64), MessageRow>,
    /// Events that timelines show, by conversation and seq.
    pub system_events: BTreeMap<(ConversationId, u64), EventRow>,
    /// Intervals of ordinals.
    pub intervals: BTreeMap<ConversationId, Vec<(u64, u64)>>,
    /// The outbox.
    pub outbox: BTreeMap<u64, OutboxRow>,
    /// Recorded events.
    pub events: BTreeMap<u64, Event>,
    /// The number of the last recorded event, acknowledged or not.
    pub recorded: u64,
    /// What users are called.
    pub names: BTreeMap<UserId, String>,
    /// What belongs to the user beside his conversations.
    pub entries: BTreeMap<String, PersonalChange>,
}

impl MemoryStore {
    /// What it holds, for a look.
    pub fn tables(&self) -> MutexGuard<'_, Tables> {
        // Each operation leaves the tables whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn apply(&mut self, op: &StoreOp) {
        match op {
            StoreOp::PutConversation(row) => drop(self.conversations.insert(row.id, (**row).clone())),
            StoreOp::DropConversation(id) => {
                self.conversations.remove(id);
                self.clear(id);
            }
            StoreOp::ClearHistory => {
                self.messages.clear();
                self.system_events.clear();
                self.intervals.clear();
                self.entries.clear();
            }
            StoreOp::PutMessage(row) => {
                let here = self.messages.get(&(row.conversation, row.seq));
                if here.is_none_or(|here| here.changed <= row.changed) {
                    self.messages.insert((row.conversation, row.seq), (**row).clone());
                }
            }
            StoreOp::PutEvent(row) => drop(self.system_events.insert((row.conversation, row.seq), (**row).clone())),
            StoreOp::ChangeMessage(change) => {
                let row = self.messages.get_mut(&(change.conversation, change.target));
                row.into_iter().for_each(|row| change.fold(row));
            }
            StoreOp::DropMessages(id, intervals) => {
                let goes = |ordinal: u64| intervals.iter().any(|(from, upto)| (*from..=*upto).contains(&ordinal));
                self.messages.retain(|_, row| row.conversation != *id || !goes(row.ordinal));
            }
            StoreOp::DropUnheld(id, below) => {
                let held = self.intervals.get(id).map_or(&[][..], Vec::as_slice);
                let is_held = |ordinal: u64| held.iter().any(|(from, upto)| (*from..=*upto).contains(&ordinal));
                let stays = |at: &ConversationId, ordinal| at != id || ordinal >= *below || is_held(ordinal);
                self.messages.retain(|_, row| stays(&row.conversation, row.ordinal));
                self.system_events.retain(|_, row| stays(&row.conversation, row.ordinal));
            }
            StoreOp::PutIntervals(id, intervals) => drop(self.intervals.insert(*id, intervals.clone())),
            StoreOp::PutOutbox(row) => drop(self.outbox.insert(row.order, (**row).clone())),
            StoreOp::DropOutbox(id) => self.outbox.retain(|_, row| row.client_msg_id != *id),
            StoreOp::Record(number, event) => {
                self.events.insert(*number, (**event).clone());
                self.recorded = self.recorded.max(*number);
            }
            StoreOp::Wipe => *self = Self::default(),
            StoreOp::PutDevice(device) => self.device = device.clone(),
            StoreOp::PutName(user, name) => drop(self.names.insert(user.clone(), name.clone())),
            StoreOp::PutEntry(key, entry) => drop(self.entries.insert(key.clone(), (**entry).clone())),
        }
    }

    fn clear(&mut self, id: &ConversationId) {
        self.messages.retain(|(conversation, _), _| conversation != id);
        self.system_events.retain(|(conversation, _), _| conversation != id);
        self.intervals.remove(id);
    }
}

impl Store for MemoryStore {
    fn load(&mut self) -> Result<Snapshot> {
        let tables = self.tables();
        let intervals =
            tables.intervals.iter().flat_map(|(id, all)| all.iter().map(|(from, upto)| (*id, *from, *upto)));
        Ok(Snapshot {
            device: tables.device.clone(),
            conversations: tables.conversations.values().cloned().collect(),
            intervals: intervals.collect(),
            outbox: tables.outbox.values().cloned().collect(),
            recorded: tables.recorded,
            entries: tables.entries.values().cloned().collect(),
        })
    }

    fn apply(&mut self, transactions: &[Transaction]) -> Result<()> {
        let mut tables = self.tables();
        transactions.iter().flat_map(|transaction| &transaction.ops).for_each(|op| tables.apply(op));
        Ok(())
    }

    fn acknowledge(&mut self, upto: u64) -> Result<()> {
        let mut tables = self.tables();
        tables.events = tables.events.split_off(&(upto + 1));
        Ok(())
    }

    fn reader(&self) -> Result<Box<dyn Reader>> {
        Ok(Box::new(self.clone()))
    }
}

impl Reader for MemoryStore {
    fn messages(&mut self, query: MessageQuery) -> Result<Vec<MessageRow>> {
        let tables = self.tables();
        let all = tables.messages.range((query.conversation, 0)..=(query.conversation, u64::MAX)).map(|(_, row)| row);
        let mut rows: Vec<_> = all.filter(|row| (query.from..=query.upto).contains(&row.ordinal)).cloned().collect();
        let surplus = rows.len().saturating_sub(query.limit as usize);
        rows.drain(..surplus);
        Ok(rows)
    }

    fn system_events(&mut self, query: MessageQuery) -> Result<Vec<EventRow>> {
        let tables = self.tables();
        let all = tables.system_events.range((query.conversation, 0)..=(query.conversation, u64::MAX));
        let all = all.map(|(_, row)| row).filter(|row| (query.from..=query.upto).contains(&row.ordinal));
        let mut newest: Vec<_> = all.rev().take(query.limit as usize).cloned().collect();
        newest.reverse();
        Ok(newest)
    }

    fn message(&mut self, conversation: ConversationId, seq: u64) -> Result<Option<MessageRow>> {
        Ok(self.tables().messages.get(&(conversation, seq)).cloned())
    }

    fn search(&mut self, search: &MessageSearch) -> Result<Vec<MessageRow>> {
        let tables = self.tables();
        let texts = tables.messages.values().filter_map(|row| Some((row, translate::searched(row)?)));
        let mut found: Vec<_> =
            texts.filter(|(row, text)| search.finds(row, text)).map(|(row, _)| row.clone()).collect();
        found.sort_by_cached_key(|row| Reverse((row.sent_at, row.conversation.to_string(), row.seq)));
        found.truncate(search.limit as usize);
        Ok(found)
    }

    fn events(&mut self, after: u64, limit: u32) -> Result<Vec<(u64, Event)>> {
        let tables = self.tables();
        let events = tables.events.range(after + 1..).take(limit as usize);
        Ok(events.map(|(number, event)| (*number, event.clone())).collect())
    }

    fn names(&mut self, limit: u32) -> Result<Vec<(UserId, String)>> {
        let tables = self.tables();
        Ok(tables.names.iter().take(limit as usize).map(|(user, name)| (user.clone(), name.clone())).collect())
    }
}
