//! The log as the application meets it on a busy machine: reads take their time, and offers wait for the committer.

use crate::dice::Dice;
use bytes::Bytes;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use stonechat_log::activity::ActivityTable;
use stonechat_log::record::{FeedRecord, Record};
use stonechat_log::row::RowKey;
use stonechat_log::store::{Bodies, BoxFuture, Done, EventPage, Log, LogError, PageLimit, PersonalPage, Scrubbed};
use stonechat_log_segment::engine::SegmentLog;
use stonechat_types::id::ConversationId;
use stonechat_types::number::{AppId, LanePosition, Ordinal, PersonalSeq, Seq, UserNo};
use tokio::sync::Notify;

/// What the loop may change while the log runs.
pub struct Pace {
    /// Raised by every offer.
    offered: AtomicBool,
    /// The longest that a read may take, in milliseconds.
    pub read_ms_max: AtomicU64,
    dice: Mutex<Dice>,
    wake: Arc<Notify>,
}

impl Pace {
    /// Reads that take no time. `wake` hears of every offer.
    #[must_use]
    pub fn new(dice: Dice, wake: Arc<Notify>) -> Self {
        Self { offered: AtomicBool::new(false), read_ms_max: AtomicU64::new(0), dice: Mutex::new(dice), wake }
    }

    /// Whether something was offered since this was asked last.
    pub fn take_offered(&self) -> bool {
        self.offered.swap(false, Ordering::Relaxed)
    }

    /// How long to wait before a read, and after it.
    fn delays(&self) -> (u64, u64) {
        let max = self.read_ms_max.load(Ordering::Relaxed);
        if max == 0 {
            return (0, 0);
        }
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        match dice.below(4) {
            0 => (dice.between(0, max), 0),
            1 => (0, dice.between(0, max)),
            2 => (dice.between(0, max), dice.between(0, max)),
            _ => (0, 0),
        }
    }
}

/// The log.
pub struct SlowLog {
    log: Arc<SegmentLog>,
    pace: Arc<Pace>,
    forgets_ids: bool,
}

impl SlowLog {
    /// The log at a pace. Planted: it does not find the rows by which a repeated send is known.
    #[must_use]
    pub fn new(log: Arc<SegmentLog>, pace: Arc<Pace>, forgets_ids: bool) -> Self {
        Self { log, pace, forgets_ids }
    }

    fn slowly<'a, T: Send + 'a>(&'a self, read: impl Future<Output = T> + Send + 'a) -> BoxFuture<'a, T> {
        let (before, after) = self.pace.delays();
        Box::pin(async move {
            if before > 0 {
                tokio::time::sleep(Duration::from_millis(before)).await;
            }
            let answer = read.await;
            if after > 0 {
                tokio::time::sleep(Duration::from_millis(after)).await;
            }
            answer
        })
    }
}

impl Log for SlowLog {
    fn offer(&self, records: Vec<Record>, done: Done) {
        self.log.offer(records, done);
        self.pace.offered.store(true, Ordering::Relaxed);
        self.pace.wake.notify_one();
    }

    fn scrub(&self, bodies: Bodies, done: Scrubbed) {
        self.log.scrub(bodies, done);
    }

    fn load(&self, keys: Vec<RowKey>) -> BoxFuture<'_, Result<Vec<Option<Bytes>>, LogError>> {
        let forgotten: Vec<bool> =
            keys.iter().map(|key| self.forgets_ids && stonechat_app::rows::key::is_dedup(key)).collect();
        self.slowly(async move {
            let mut rows = self.log.load(keys).await?;
            let forgotten = rows.iter_mut().zip(forgotten).filter(|(_, forgotten)| *forgotten);
            forgotten.for_each(|(row, _)| *row = None);
            Ok(rows)
        })
    }

    fn scan(
        &self,
        prefix: RowKey,
        after: Option<RowKey>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(RowKey, Bytes)>, LogError>> {
        self.slowly(async move { self.log.scan(prefix, after, limit).await })
    }

    fn events(
        &self,
        app: AppId,
        conversation: ConversationId,
        after: Seq,
        upto: Seq,
        limit: PageLimit,
    ) -> BoxFuture<'_, Result<EventPage, LogError>> {
        self.slowly(async move { self.log.events(app, conversation, after, upto, limit).await })
    }

    fn messages(
        &self,
        app: AppId,
        conversation: ConversationId,
        from: Ordinal,
        upto: Ordinal,
        limit: PageLimit,
    ) -> BoxFuture<'_, Result<EventPage, LogError>> {
        self.slowly(async move { self.log.messages(app, conversation, from, upto, limit).await })
    }

    fn personal(
        &self,
        app: AppId,
        user_no: UserNo,
        after: PersonalSeq,
        limit: usize,
    ) -> BoxFuture<'_, Result<PersonalPage, LogError>> {
        self.slowly(async move { self.log.personal(app, user_no, after, limit).await })
    }

    fn feed(&self, after: LanePosition, limit: usize) -> BoxFuture<'_, Result<Vec<FeedRecord>, LogError>> {
        self.slowly(async move { self.log.feed(after, limit).await })
    }

    fn head(&self) -> LanePosition {
        self.log.head()
    }

    fn activity(&self) -> &ActivityTable {
        self.log.activity()
    }

    fn history_id(&self) -> [u8; 16] {
        self.log.history_id()
    }
}
