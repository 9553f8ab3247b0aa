//! What was decided and is not durable yet: records for the log, and what follows from their commit.

use super::job::{Key, Reply};
use crate::api::{Answer, EventView, Failure, PersonalItem};
use crate::map::Map;
use roaring::RoaringBitmap;
use std::sync::Arc;
use stonechat_domain::member::UserRef;
use stonechat_log::record::Record;
use stonechat_types::number::{Ordinal, Seq, UserNo};

/// Records of one batch.
pub const BATCH_RECORDS_MAX: usize = 1_024;
/// Bytes of bodies of one batch.
pub const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// Records and their effects, one for one.
#[derive(Default)]
pub(crate) struct Batch {
    pub records: Vec<Record>,
    pub effects: Vec<Effect>,
    pub bytes: usize,
    /// The last record that touched a membership by a message: its derived rows go there.
    pub touched: Map<(Key, UserNo), usize>,
    /// The last record that touched a conversation by a message.
    pub moved: Map<Key, usize>,
}

impl Batch {
    /// Whether another command may be decided.
    pub fn has_room(&self) -> bool {
        self.records.len() < BATCH_RECORDS_MAX && self.bytes < BATCH_BYTES_MAX
    }

    /// Adds a record.
    pub fn push(&mut self, record: Record, effect: Effect) -> usize {
        self.bytes += record.event.as_ref().map_or(64, |event| 128 + event.sealed.len());
        self.records.push(record);
        self.effects.push(effect);
        self.records.len() - 1
    }
}

impl Effect {
    /// Nothing follows but that something of the conversation is committed.
    pub fn nothing(key: Key) -> Self {
        Self { key, event: None, personal: Vec::new(), read: None, id: None, reply: None }
    }
}

/// What follows from the commit of one record.
pub(crate) struct Effect {
    /// Where.
    pub key: Key,
    /// The event to fan out.
    pub event: Option<Fanned>,
    /// Whose personal state the record changes, in the record's order.
    pub personal: Vec<(UserNo, PersonalItem)>,
    /// The cursor that the event moved: whose, and where it stands.
    pub read: Option<(UserRef, Seq, Ordinal)>,
    /// The sender's id of it, to release duplicates that wait.
    pub id: Option<(UserNo, [u8; 16])>,
    /// Who is answered, and what.
    pub reply: Option<(Reply, Result<Answer, Failure>)>,
}

/// An event to fan out.
pub(crate) struct Fanned {
    /// The event.
    pub view: EventView,
    /// The members who see it.
    pub recipients: Arc<RoaringBitmap>,
    /// Who sees it as his last: the removed.
    pub also: Option<UserNo>,
}
