//! What the device keeps: SQLite on disk, or memory. Both keep the same promises, and pass the same tests.

#[cfg(test)]
mod contract;
mod group;
pub mod memory;
mod row;
pub mod sqlite;
pub(crate) mod thread;

use stonechat_types::id::{ConversationId, UserId};
use stonechat_wire::v1::Event;

use crate::core::rows::{MessageRow, Snapshot, Transaction};
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

    /// Recorded events after a number, at most so many, ascending.
    fn events(&mut self, after: u64, limit: u32) -> Result<Vec<(u64, Event)>>;

    /// What users are called, at most so many, by their ids.
    fn names(&mut self, limit: u32) -> Result<Vec<(UserId, String)>>;
}

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
