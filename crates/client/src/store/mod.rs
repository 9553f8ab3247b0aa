//! What the device keeps: SQLite on disk, or memory. Both keep the same promises, and pass the same tests.

#[cfg(test)]
mod contract;
pub mod group;
pub mod memory;
mod row;
pub mod sqlite;
pub(crate) mod thread;

use stonechat_domain::search;
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::number::Timestamp;
use stonechat_wire::v1::Event;

use crate::core::rows::{EventRow, HistoryRows, MessageRow, Snapshot, Transaction};
use crate::error::StoreError;

/// The result of a call of a store.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Writes. There is one writer.
pub trait Store: Send + 'static {
    /// Everything that the core needs to begin.
    fn load(&mut self) -> Result<Snapshot>;

    /// Makes transactions durable, all or none, in their order. When it returns, a power cut loses none of them.
    fn apply(&mut self, transactions: &[Transaction]) -> Result<()>;

    /// Forgets recorded events up to a number, durably.
    fn acknowledge(&mut self, upto: u64) -> Result<()>;

    /// A reader of the same store. It sees every transaction whose `apply` has returned.
    fn reader(&self) -> Result<Box<dyn Reader>>;
}

/// Reads, beside the writer.
pub trait Reader: Send + 'static {
    /// Messages with ordinals from one and up to another, at most so many, the newest of them, ascending.
    fn messages(&mut self, query: MessageQuery) -> Result<Vec<MessageRow>>;

    /// Events that timelines show with ordinals from one and up to another, at most so many, the newest of them, ascending.
    fn system_events(&mut self, query: MessageQuery) -> Result<Vec<EventRow>>;

    /// Messages, and the events that timelines show among them.
    fn page(&mut self, query: MessageQuery) -> Result<HistoryRows> {
        let messages = self.messages(query)?;
        let is_whole = messages.len() < query.limit as usize;
        let from = messages.first().filter(|_| !is_whole).map_or(query.from, |first| first.ordinal);
        let events = self.system_events(MessageQuery { from, limit: SYSTEM_EVENTS_PER_PAGE, ..query })?;
        Ok(HistoryRows { messages, events })
    }

    /// A message by its event.
    fn message(&mut self, conversation: ConversationId, seq: u64) -> Result<Option<MessageRow>>;

    /// Messages that have a text, newest first, at most so many. Those that were taken back have none.
    fn search(&mut self, search: &MessageSearch) -> Result<Vec<MessageRow>>;

    /// Recorded events after a number, at most so many, ascending.
    fn events(&mut self, after: u64, limit: u32) -> Result<Vec<(u64, Event)>>;

    /// What users are called, at most so many, by their ids.
    fn names(&mut self, limit: u32) -> Result<Vec<(UserId, String)>>;
}

/// Events of one page at most; of more the newest are shown.
const SYSTEM_EVENTS_PER_PAGE: u32 = 1_000;

/// Which messages to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageQuery {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// From this ordinal.
    pub from: u64,
    /// Up to this ordinal.
    pub upto: u64,
    /// At most so many.
    pub limit: u32,
}

/// Which messages to find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageSearch {
    /// A part of what they say; upper and lower case, accents and forms of characters make no difference.
    pub text: String,
    /// In one conversation, or in all.
    pub conversation: Option<ConversationId>,
    /// Of one type of body, or of all that can be searched.
    pub body_type: Option<String>,
    /// Not before this time.
    pub since: Timestamp,
    /// Only those that come after this one in the list: time, conversation and seq of the last of the page before.
    pub after: Option<(Timestamp, ConversationId, u64)>,
    /// At most so many.
    pub limit: u32,
}

impl MessageSearch {
    /// The part as it is searched for.
    #[must_use]
    pub fn folded(&self) -> String {
        search::fold(&self.text)
    }

    /// Whether a message is one of them. `searched` is what it is found by.
    #[must_use]
    pub fn finds(&self, row: &MessageRow, searched: &str) -> bool {
        let key = (row.sent_at, row.conversation.to_string(), row.seq);
        searched.contains(&self.folded())
            && self.conversation.is_none_or(|id| id == row.conversation)
            && self.body_type.as_ref().is_none_or(|body_type| *body_type == row.body_type)
            && row.sent_at >= self.since
            && key < self.before_key()
    }

    /// Before which place in the order of time they lie.
    #[must_use]
    pub fn before_key(&self) -> (Timestamp, String, u64) {
        let end = || (Timestamp(i64::MAX), String::new(), 0);
        self.after.as_ref().map_or_else(end, |(at, id, seq)| (*at, id.to_string(), *seq))
    }
}
