//! What was decided and is not durable yet: records for the log, and what follows from their commit.

use super::job::{Key, Reply};
use crate::api::{Answer, EventView, Failure, PersonalItem};
use crate::map::Map;
use bytes::Bytes;
use roaring::RoaringBitmap;
use std::sync::Arc;
use stonechat_domain::member::UserRef;
use stonechat_log::record::Record;
use stonechat_log::row::RowWrite;
use stonechat_types::limits::BODY_BYTES_MAX;
use stonechat_types::number::{AppId, Ordinal, Seq, UserNo};

/// Records of one batch.
pub const BATCH_RECORDS_MAX: usize = 1_024;
/// Bytes of one batch, roughly as the log stores them.
pub const BATCH_BYTES_MAX: usize = 1024 * 1024;
/// The part of a batch that one app may have while others wait is one of so many.
pub const BATCH_SHARES: usize = 4;
/// Bytes of the largest record: a message, or a change that names as many users as one may.
const RECORD_BYTES_MAX: usize = 2 * BODY_BYTES_MAX;
/// Bytes of a record beside its body, rows and personal changes.
const HEADER_BYTES: usize = 192;

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
    /// How much of it is whose. Few apps, and mostly one.
    pub shares: Vec<Share>,
}

/// What one app has of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub app: AppId,
    pub records: usize,
    pub bytes: usize,
}

impl Share {
    fn is_spent(&self) -> bool {
        self.records >= BATCH_RECORDS_MAX / BATCH_SHARES || self.bytes >= BATCH_BYTES_MAX / BATCH_SHARES
    }
}

impl Batch {
    /// Whether another command may be decided.
    pub fn has_room(&self) -> bool {
        self.records.len() < BATCH_RECORDS_MAX && self.bytes + RECORD_BYTES_MAX <= BATCH_BYTES_MAX
    }

    /// Whether an app has not had its part yet, which is all that it may have while others wait.
    pub fn has_share(&self, app: AppId) -> bool {
        !self.shares.iter().any(|share| share.app == app && share.is_spent())
    }

    /// The app that has had its part, if one has.
    pub fn spent(&self) -> Option<AppId> {
        self.shares.iter().find(|share| share.is_spent()).map(|share| share.app)
    }

    /// Whether all that is in it takes something away.
    pub fn takes_away(&self) -> bool {
        self.records.iter().all(|record| record.takes_away)
    }

    /// Adds a record.
    pub fn push(&mut self, record: Record, effect: Effect) -> usize {
        let bytes = bytes(&record);
        let (app, _) = effect.key;
        match self.shares.iter_mut().find(|share| share.app == app) {
            Some(share) => {
                share.records += 1;
                share.bytes += bytes;
            }
            None => self.shares.push(Share { app, records: 1, bytes }),
        }
        self.bytes += bytes;
        self.records.push(record);
        self.effects.push(effect);
        self.records.len() - 1
    }
}

/// About how many bytes of the log a record takes. Derived rows are not stored.
fn bytes(record: &Record) -> usize {
    let sealed = record.event.as_ref().map_or(0, |event| event.sealed.len());
    let held = |value: &Option<Bytes>| value.as_ref().map_or(0, Bytes::len);
    let row = |row: &RowWrite| match row {
        RowWrite::Put { key, value } => key.len() + value.len(),
        RowWrite::Delete { key } => key.len(),
        RowWrite::Patch { key, entry, value } => key.len() + entry.len() + held(value),
    };
    let rows: usize = record.rows.iter().map(row).sum();
    let personal: usize = record.personal.iter().map(|write| write.key.len() + held(&write.value)).sum();
    HEADER_BYTES + sealed + rows + personal + (record.rows.len() + record.personal.len()) * 24
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
    /// Whether the members are told how far others have read.
    pub receipts: bool,
    /// Who sees it as his last: the removed.
    pub also: Option<UserNo>,
}
