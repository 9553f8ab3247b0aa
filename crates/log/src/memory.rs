//! The in-memory engine: the plainest thing that keeps the obligations but durability. For tests and simulation.

use crate::activity::ActivityTable;
use crate::packed;
use crate::personal;
use crate::record::{Committed, FeedRecord, PersonalWrite, Record, StoredBody, StoredEvent};
use crate::row::{RowKey, RowWrite};
use crate::store::{
    Bodies, BoxFuture, Done, EventPage, Log, LogError, PageLimit, PersonalChange, PersonalPage, RowReader, Scrubbed,
};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use stonechat_types::id::ConversationId;
use stonechat_types::number::{AppId, LanePosition, Ordinal, PersonalSeq, Seq, UserNo};

/// The engine. Commits at once, on the caller's thread.
pub struct MemoryLog {
    state: Mutex<State>,
    activity: ActivityTable,
    history_id: [u8; 16],
}

#[derive(Default)]
struct State {
    records: Vec<FeedRecord>,
    written: Vec<Vec<RowWrite>>,
    rows: BTreeMap<RowKey, Bytes>,
    conversations: BTreeMap<(AppId, ConversationId), Vec<usize>>,
    scrubbed: BTreeSet<usize>,
}

impl MemoryLog {
    /// An empty store with this history id.
    #[must_use]
    pub fn new(history_id: [u8; 16]) -> Self {
        Self { state: Mutex::default(), activity: ActivityTable::default(), history_id }
    }

    /// The rows that were durable with a record, derived ones not among them.
    #[must_use]
    pub fn rows_of(&self, position: LanePosition) -> Vec<RowWrite> {
        let index = (position.0 as usize).wrapping_sub(1);
        self.state().written.get(index).cloned().unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn commit(&self, record: Record) -> Result<Committed, LogError> {
        let mut state = self.state();
        let position = LanePosition(state.records.len() as u64 + 1);
        let mut numbered = Vec::with_capacity(record.personal.len());
        for write in record.personal {
            let seq = state.number(&write)?;
            numbered.push((write, seq));
        }
        for row in record.rows.iter().chain(&record.derived) {
            state.write(row)?;
        }
        if let Some(event) = &record.event {
            let index = state.records.len();
            state.conversations.entry((event.header.app, event.header.conversation)).or_default().push(index);
            self.activity.apply(&event.header, position);
        }
        state.written.push(record.rows);
        let committed = Committed { position, personal: numbered.iter().map(|(_, seq)| *seq).collect() };
        state.records.push(FeedRecord { position, event: record.event, personal: numbered });
        Ok(committed)
    }
}

impl State {
    fn number(&mut self, write: &PersonalWrite) -> Result<PersonalSeq, LogError> {
        let last = self.rows.get(&personal::last_key(write.app, write.user_no));
        let seq = personal::decode_last(last.map(|row| &row[..])).next();
        let before = self.rows.get(&personal::value_key(write.app, write.user_no, &write.key)).cloned();
        for row in personal::rows(write, seq, before.as_ref()) {
            self.write(&row)?;
        }
        Ok(seq)
    }

    fn write(&mut self, row: &RowWrite) -> Result<(), LogError> {
        match row {
            RowWrite::Put { key, value } => {
                self.rows.insert(key.clone(), value.clone());
            }
            RowWrite::Delete { key } => {
                self.rows.remove(key);
            }
            RowWrite::Patch { key, entry, value } => {
                let old = self.rows.get(key).cloned().unwrap_or_default();
                let patches = [(entry.clone(), value.clone())].into();
                let new = packed::apply(&old, &patches).map_err(|error| LogError::Corrupt(error.to_string()))?;
                if new.is_empty() {
                    self.rows.remove(key);
                } else {
                    self.rows.insert(key.clone(), new);
                }
            }
        }
        Ok(())
    }

    fn stored(&self, index: usize) -> Option<StoredEvent> {
        let record = &self.records[index];
        record.event.as_ref().map(|event| StoredEvent {
            position: record.position,
            header: event.header.clone(),
            body: if self.scrubbed.contains(&index) {
                StoredBody::Scrubbed
            } else {
                StoredBody::Sealed(event.sealed.clone())
            },
        })
    }

    fn page(
        &self,
        app: AppId,
        conversation: ConversationId,
        limit: PageLimit,
        wanted: impl Fn(&StoredEvent) -> bool,
    ) -> EventPage {
        let mut page = EventPage::default();
        let mut bytes = 0;
        for index in self.conversations.get(&(app, conversation)).into_iter().flatten() {
            let Some(event) = self.stored(*index).filter(|event| wanted(event)) else { continue };
            let enough = page.events.len() >= limit.items || bytes >= limit.bytes;
            if enough && !page.events.is_empty() {
                page.more = true;
                break;
            }
            if let StoredBody::Sealed(sealed) = &event.body {
                bytes += sealed.len();
            }
            page.events.push(event);
        }
        page
    }
}

fn ready<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    Box::pin(std::future::ready(value))
}

impl RowReader for MemoryLog {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, LogError> {
        Ok(self.state().rows.get(key).cloned())
    }
}

impl Log for MemoryLog {
    fn offer(&self, records: Vec<Record>, done: Done) {
        done(records.into_iter().map(|record| self.commit(record)).collect());
    }

    fn scrub(&self, bodies: Bodies, done: Scrubbed) {
        let mut state = self.state();
        let State { records, conversations, scrubbed, .. } = &mut *state;
        for index in conversations.get(&(bodies.app, bodies.conversation)).into_iter().flatten() {
            let event = records[*index].event.as_mut().filter(|event| bodies.seqs.contains(&event.header.seq));
            if let Some(event) = event {
                event.sealed = Bytes::new();
                scrubbed.insert(*index);
            }
        }
        drop(state);
        done(Ok(()));
    }

    fn load(&self, keys: Vec<RowKey>) -> BoxFuture<'_, Result<Vec<Option<Bytes>>, LogError>> {
        let state = self.state();
        ready(Ok(keys.iter().map(|key| state.rows.get(key).cloned()).collect()))
    }

    fn scan(
        &self,
        prefix: RowKey,
        after: Option<RowKey>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(RowKey, Bytes)>, LogError>> {
        let state = self.state();
        let rows = state.rows.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix));
        let rows = rows.filter(|(key, _)| after.as_ref().is_none_or(|after| *key > after));
        ready(Ok(rows.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect()))
    }

    fn events(
        &self,
        app: AppId,
        conversation: ConversationId,
        after: Seq,
        upto: Seq,
        limit: PageLimit,
    ) -> BoxFuture<'_, Result<EventPage, LogError>> {
        let wanted = |event: &StoredEvent| event.header.seq > after && event.header.seq <= upto;
        ready(Ok(self.state().page(app, conversation, limit, wanted)))
    }

    fn messages(
        &self,
        app: AppId,
        conversation: ConversationId,
        from: Ordinal,
        upto: Ordinal,
        limit: PageLimit,
    ) -> BoxFuture<'_, Result<EventPage, LogError>> {
        let wanted = |event: &StoredEvent| {
            event.header.kind.countable() && event.header.ordinal >= from && event.header.ordinal <= upto
        };
        ready(Ok(self.state().page(app, conversation, limit, wanted)))
    }

    fn personal(
        &self,
        app: AppId,
        user_no: UserNo,
        after: PersonalSeq,
        limit: usize,
    ) -> BoxFuture<'_, Result<PersonalPage, LogError>> {
        let state = self.state();
        let last = state.rows.get(&personal::last_key(app, user_no)).map(|row| &row[..]);
        let mut page = PersonalPage { upto: personal::decode_last(last), ..PersonalPage::default() };
        let prefix = personal::change_prefix(app, user_no);
        let start = personal::change_key(app, user_no, after.next());
        for (row, key) in state.rows.range(start..).take_while(|(row, _)| row.starts_with(&prefix)) {
            if page.changes.len() >= limit {
                page.more = true;
                page.upto = page.changes.last().map_or(after, |change: &PersonalChange| change.seq);
                break;
            }
            let value = state.rows.get(&personal::value_key(app, user_no, key)).and_then(personal::decode_value);
            let Some((seq, value)) = value else {
                return ready(Err(LogError::Corrupt(format!("personal change {row:?} has no value"))));
            };
            page.changes.push(PersonalChange { key: key.clone(), value, seq });
        }
        ready(Ok(page))
    }

    fn feed(&self, after: LanePosition, limit: usize) -> BoxFuture<'_, Result<Vec<FeedRecord>, LogError>> {
        ready(Ok(self.state().records.iter().skip(after.0 as usize).take(limit).cloned().collect()))
    }

    fn head(&self) -> LanePosition {
        LanePosition(self.state().records.len() as u64)
    }

    fn activity(&self) -> &ActivityTable {
        &self.activity
    }

    fn history_id(&self) -> [u8; 16] {
        self.history_id
    }
}
