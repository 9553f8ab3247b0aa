//! The port.

use crate::activity::ActivityTable;
use crate::record::{Committed, EventHeader, FeedRecord, Record, StoredEvent};
use crate::row::{RowKey, RowWrite};
use bytes::Bytes;
use std::future::Future;
use std::pin::Pin;
use stonechat_types::id::ConversationId;
use stonechat_types::number::{AppId, LanePosition, Ordinal, PersonalSeq, Seq, UserNo};

/// A boxed future, as the methods of a `dyn` port return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why a store did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// The disk is full; the node is read-only until there is room.
    #[error("the disk is full")]
    StorageFull,
    /// More is waiting than the store takes.
    #[error("the store has more work than it can take")]
    Overloaded,
    /// The store is closing or has failed; nothing will be committed any more.
    #[error("the store is closed")]
    Closed,
    /// Something stored cannot be read. The text names the place, never a body.
    #[error("the store is damaged: {0}")]
    Corrupt(String),
    /// The system refused a read or write.
    #[error("the store could not read or write: {0}")]
    Io(String),
}

/// Called once, when every record of a batch is durable, or none ever will be.
pub type Done = Box<dyn FnOnce(Result<Vec<Committed>, LogError>) + Send>;

/// Called once, when bodies are unreadable for good, or could not be made so.
pub type Scrubbed = Box<dyn FnOnce(Result<(), LogError>) + Send>;

/// Bodies that are to be made unreadable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bodies {
    /// The app.
    pub app: AppId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The events; at most [`SCRUB_BODIES_MAX`].
    pub seqs: Vec<Seq>,
}

/// Bodies that one call scrubs at most.
pub const SCRUB_BODIES_MAX: usize = 256;

/// Reads rows at the newest committed state, without waiting: for `Derive` only.
pub trait RowReader {
    /// The value of a row; `None` when there is none.
    ///
    /// # Errors
    /// [`LogError`] when the store cannot be read.
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, LogError>;
}

/// Computes again, when an engine recovers, the rows that follow from the header of an event. It must give what
/// `Record::derived` had, and it is called in lane order with the rows as the records before left them.
pub trait Derive: Send + Sync {
    /// The rows that follow from one event.
    ///
    /// # Errors
    /// [`LogError::Corrupt`] when the rows it reads are not in their form.
    fn derive(&self, header: &EventHeader, rows: &dyn RowReader) -> Result<Vec<RowWrite>, LogError>;
}

/// One page of a user's personal changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonalPage {
    /// Each key that changed, once, with its latest value (`None`: deleted) and number, by number.
    pub changes: Vec<PersonalChange>,
    /// The number up to which this page is complete.
    pub upto: PersonalSeq,
    /// Whether there are later changes.
    pub more: bool,
}

/// One entry of personal state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalChange {
    /// Kind and key.
    pub key: Bytes,
    /// The latest value; `None` when deleted.
    pub value: Option<Bytes>,
    /// The number of its latest change.
    pub seq: PersonalSeq,
}

/// How far a page goes: it ends at `items` or after the item that reaches `bytes`, but has one item if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimit {
    /// Items at most.
    pub items: usize,
    /// Bytes of sealed bodies or values after which it ends.
    pub bytes: usize,
}

/// A page of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventPage {
    /// Ascending by seq.
    pub events: Vec<StoredEvent>,
    /// Whether the range goes on.
    pub more: bool,
}

/// The store of one node, or one node's view of a shared one. One lane.
///
/// Obligations, each with a test in [`crate::contract`]:
/// 1. Records are committed in the order in which they were offered; positions are dense from 1, across restarts.
/// 2. `done` is called after the record is durable, never before; batches are answered in the order of the offers.
///    A batch that failed is not stored, not even after a restart, unless the store says `Closed`: then it may be.
/// 3. A record is stored whole or not at all, whatever is cut.
/// 4. Reads see every record whose `done` was called with success, and nothing that is not durable.
/// 5. Rows are as the last committed write of each left them, derived ones included, across restarts.
/// 6. Personal numbers are dense for each (app, user), in lane order.
/// 7. The history id stays the same for the life of the store.
/// 8. A scrubbed body is in no file any more once that was answered, whatever is cut: reads say `Scrubbed`, and followers
///    get an empty one. Headers, rows and all other bodies stay as they are, and so does everything that is not durable.
pub trait Log: Send + Sync {
    /// Offers a batch for commit. Never waits. Without room the answer is `StorageFull`; a batch of which every record
    /// takes something away is committed all the same, as long as what the store has prepared lasts. The caller has few in flight: past the store's bound the answer is
    /// `Overloaded` at once. Several offers may share one flush.
    fn offer(&self, records: Vec<Record>, done: Done);

    /// The values of rows, in the order of the keys.
    fn load(&self, keys: Vec<RowKey>) -> BoxFuture<'_, Result<Vec<Option<Bytes>>, LogError>>;

    /// Rows whose keys start with `prefix` and are greater than `after` (when it is given), ascending, at most `limit`.
    fn scan(
        &self,
        prefix: RowKey,
        after: Option<RowKey>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(RowKey, Bytes)>, LogError>>;

    /// Events of a conversation with seq in `after + 1 ..= upto`.
    fn events(
        &self,
        app: AppId,
        conversation: ConversationId,
        after: Seq,
        upto: Seq,
        limit: PageLimit,
    ) -> BoxFuture<'_, Result<EventPage, LogError>>;

    /// Countable events of a conversation with ordinal in `from ..= upto`, ascending.
    fn messages(
        &self,
        app: AppId,
        conversation: ConversationId,
        from: Ordinal,
        upto: Ordinal,
        limit: PageLimit,
    ) -> BoxFuture<'_, Result<EventPage, LogError>>;

    /// Changes of a user's personal state after a number.
    fn personal(
        &self,
        app: AppId,
        user_no: UserNo,
        after: PersonalSeq,
        limit: usize,
    ) -> BoxFuture<'_, Result<PersonalPage, LogError>>;

    /// Records of the feed after a position, at most `limit`.
    fn feed(&self, after: LanePosition, limit: usize) -> BoxFuture<'_, Result<Vec<FeedRecord>, LogError>>;

    /// Makes the bodies of committed events unreadable for good. Never holds up a commit, and needs no room. What is
    /// scrubbed already is scrubbed again, which is how a try that a crash cut off is ended; events that are not there
    /// are passed over. Past the store's bound the answer is `Overloaded` at once.
    fn scrub(&self, bodies: Bodies, done: Scrubbed);

    /// Milliseconds that offers have waited since a batch was formed without them; 0 while the store keeps up. Asked
    /// with every send, so it has to be cheap.
    fn lag_ms(&self) -> u64 {
        0
    }

    /// Position of the last committed record.
    fn head(&self) -> LanePosition;

    /// The activity table, which is never behind an acknowledgement.
    fn activity(&self) -> &ActivityTable;

    /// Names this history of the store.
    fn history_id(&self) -> [u8; 16];
}
