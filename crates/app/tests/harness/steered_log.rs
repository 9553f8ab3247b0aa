//! A store whose commits can be held back or refused.

use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use stonechat_log::activity::ActivityTable;
use stonechat_log::memory::MemoryLog;
use stonechat_log::record::{FeedRecord, Record};
use stonechat_log::row::RowKey;
use stonechat_log::store::{Bodies, BoxFuture, Done, EventPage, Log, LogError, PageLimit, PersonalPage, Scrubbed};
use stonechat_types::id::ConversationId;
use stonechat_types::number::{AppId, LanePosition, Ordinal, PersonalSeq, Seq, UserNo};
use tokio::sync::Notify;

type Offered = (Vec<Record>, Done);

/// A store whose commits can be held back or refused.
pub struct SteeredLog {
    pub inner: Arc<MemoryLog>,
    held: Mutex<Option<VecDeque<Offered>>>,
    refusals: AtomicUsize,
    gate: Mutex<Option<Gate>>,
    lag_ms: AtomicU64,
    shapes: Mutex<Vec<Shape>>,
    damaged: Mutex<BTreeSet<u64>>,
    feed_fails: Mutex<Option<LogError>>,
    offers: AtomicUsize,
    full: AtomicBool,
}

/// What one offer had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Its events, by app.
    pub events: BTreeMap<AppId, usize>,
    /// Their sealed bodies.
    pub bytes: usize,
}

impl Shape {
    fn of(records: &[Record]) -> Self {
        let mut shape = Self::default();
        for event in records.iter().filter_map(|record| record.event.as_ref()) {
            *shape.events.entry(event.header.app).or_default() += 1;
            shape.bytes += event.sealed.len();
        }
        shape
    }
}

/// Reads wait behind it.
#[derive(Clone)]
struct Gate {
    open: Arc<Notify>,
    answer: Option<LogError>,
}

impl SteeredLog {
    pub fn new() -> Self {
        Self::over(Arc::new(MemoryLog::new([7; 16])))
    }

    /// The store of a process that starts on what an earlier one left.
    pub fn over(inner: Arc<MemoryLog>) -> Self {
        Self {
            inner,
            held: Mutex::new(None),
            refusals: AtomicUsize::new(0),
            gate: Mutex::default(),
            lag_ms: AtomicU64::new(0),
            shapes: Mutex::default(),
            damaged: Mutex::default(),
            feed_fails: Mutex::default(),
            offers: AtomicUsize::new(0),
            full: AtomicBool::new(false),
        }
    }

    /// The process is killed: nobody hears of the offers that wait, of which the first `durable` are committed, and
    /// nothing is written any more.
    pub fn kill(&self, durable: usize) {
        let mut held = self.held.lock().unwrap();
        for (records, _) in held.take().into_iter().flatten().take(durable) {
            self.inner.offer(records, Box::new(|_| {}));
        }
        *held = Some(VecDeque::new());
    }

    /// The first of the offers that wait is committed; the others go on waiting.
    pub fn release_one(&self) {
        let first = self.held.lock().unwrap().as_mut().and_then(VecDeque::pop_front);
        if let Some((records, done)) = first {
            self.inner.offer(records, done);
        }
    }

    /// Offers that wait.
    pub fn waiting(&self) -> usize {
        self.held.lock().unwrap().as_ref().map_or(0, VecDeque::len)
    }

    /// Offers so far.
    pub fn offers(&self) -> usize {
        self.offers.load(Ordering::SeqCst)
    }

    /// From now on the feed fails, or no longer.
    pub fn fail_feed(&self, error: Option<LogError>) {
        *self.feed_fails.lock().unwrap() = error;
    }

    /// From now on these records of the feed cannot be read.
    pub fn damage(&self, positions: impl IntoIterator<Item = u64>) {
        self.damaged.lock().unwrap().extend(positions);
    }

    /// From now on commits wait for [`Self::release`].
    pub fn hold(&self) {
        *self.held.lock().unwrap() = Some(VecDeque::new());
    }

    /// What waits is committed, and what comes is at once.
    pub fn release(&self) {
        let held = self.held.lock().unwrap().take();
        for (records, done) in held.into_iter().flatten() {
            self.inner.offer(records, done);
        }
    }

    /// What waits is refused, and what comes is committed at once.
    pub fn refuse_held(&self) {
        let held = self.held.lock().unwrap().take();
        for (_, done) in held.into_iter().flatten() {
            done(Err(LogError::StorageFull));
        }
    }

    /// From now on reads wait for [`Self::open_reads`], and then fail with `answer`, if there is one.
    pub fn hold_reads(&self, answer: Option<LogError>) {
        *self.gate.lock().unwrap() = Some(Gate { open: Arc::new(Notify::new()), answer });
    }

    /// Reads go on.
    pub fn open_reads(&self) {
        let gate = self.gate.lock().unwrap().take();
        gate.unwrap().open.notify_waiters();
    }

    fn passed<'a, T: Send + 'a>(
        &'a self,
        then: impl FnOnce() -> BoxFuture<'a, Result<T, LogError>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, LogError>> {
        let gate = self.gate.lock().unwrap().clone();
        let Some(Gate { open, answer }) = gate else { return then() };
        Box::pin(async move {
            open.notified().await;
            match answer {
                Some(error) => Err(error),
                None => then().await,
            }
        })
    }

    /// Offers that are still to be refused.
    pub fn refusals_left(&self) -> usize {
        self.refusals.load(Ordering::SeqCst)
    }

    /// What the offers since the last time had.
    pub fn take_shapes(&self) -> Vec<Shape> {
        std::mem::take(&mut *self.shapes.lock().unwrap())
    }

    /// From now on the store lags by this much.
    pub fn lag(&self, ms: u64) {
        self.lag_ms.store(ms, Ordering::SeqCst);
    }

    /// From now on there is no room, or room again.
    pub fn fill(&self, full: bool) {
        self.full.store(full, Ordering::SeqCst);
    }

    /// The next offers are refused.
    pub fn refuse(&self, offers: usize) {
        self.refusals.store(offers, Ordering::SeqCst);
    }
}

impl Log for SteeredLog {
    fn offer(&self, records: Vec<Record>, done: Done) {
        self.offers.fetch_add(1, Ordering::SeqCst);
        self.shapes.lock().unwrap().push(Shape::of(&records));
        if self.full.load(Ordering::SeqCst) && !records.iter().all(|record| record.takes_away) {
            return done(Err(LogError::StorageFull));
        }
        if self.refusals.load(Ordering::SeqCst) > 0 {
            self.refusals.fetch_sub(1, Ordering::SeqCst);
            return done(Err(LogError::StorageFull));
        }
        let mut held = self.held.lock().unwrap();
        match &mut *held {
            Some(queue) => queue.push_back((records, done)),
            None => self.inner.offer(records, done),
        }
    }

    fn scrub(&self, bodies: Bodies, done: Scrubbed) {
        self.inner.scrub(bodies, done);
    }

    fn load(&self, keys: Vec<RowKey>) -> BoxFuture<'_, Result<Vec<Option<Bytes>>, LogError>> {
        self.passed(move || self.inner.load(keys))
    }

    fn scan(
        &self,
        prefix: RowKey,
        after: Option<RowKey>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(RowKey, Bytes)>, LogError>> {
        self.passed(move || self.inner.scan(prefix, after, limit))
    }

    fn events(
        &self,
        app: AppId,
        conversation: ConversationId,
        after: Seq,
        upto: Seq,
        limit: PageLimit,
    ) -> BoxFuture<'_, Result<EventPage, LogError>> {
        self.passed(move || self.inner.events(app, conversation, after, upto, limit))
    }

    fn messages(
        &self,
        app: AppId,
        conversation: ConversationId,
        from: Ordinal,
        upto: Ordinal,
        limit: PageLimit,
    ) -> BoxFuture<'_, Result<EventPage, LogError>> {
        self.inner.messages(app, conversation, from, upto, limit)
    }

    fn personal(
        &self,
        app: AppId,
        user_no: UserNo,
        after: PersonalSeq,
        limit: usize,
    ) -> BoxFuture<'_, Result<PersonalPage, LogError>> {
        self.inner.personal(app, user_no, after, limit)
    }

    fn feed(&self, after: LanePosition, limit: usize) -> BoxFuture<'_, Result<Vec<FeedRecord>, LogError>> {
        if let Some(error) = self.feed_fails.lock().unwrap().clone() {
            return Box::pin(async { Err(error) });
        }
        let end = self.inner.head().0.min(after.0.saturating_add(limit as u64));
        if self.damaged.lock().unwrap().range(after.0 + 1..=end.max(after.0 + 1)).next().is_some() {
            return Box::pin(async { Err(LogError::Corrupt("a record of the feed".into())) });
        }
        self.inner.feed(after, limit)
    }

    fn lag_ms(&self) -> u64 {
        self.lag_ms.load(Ordering::SeqCst)
    }

    fn head(&self) -> LanePosition {
        self.inner.head()
    }

    fn activity(&self) -> &ActivityTable {
        self.inner.activity()
    }

    fn history_id(&self) -> [u8; 16] {
        self.inner.history_id()
    }
}
