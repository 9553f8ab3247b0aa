//! An application over a store in memory, in virtual time, and people who use it.

#![allow(dead_code, clippy::disallowed_methods)]

use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use stonechat_app::api::{
    Answer, Begun, Call, ChangeConversation, ChangeRequest, Content, ConversationView, CreateGroup, Destination,
    EventView, Failure, Hello, Offer, Outbound, SendMessage, Sent, SessionSink,
};
use stonechat_app::application::{App, Parts};
use stonechat_app::node::Options;
use stonechat_app::ports::{AnyContent, Clock, ContentRules, Entropy, Identity, TokenError, TokenVerifier};
use stonechat_app::session::Session;
use stonechat_domain::device::Platform;
use stonechat_log::activity::ActivityTable;
use stonechat_log::memory::MemoryLog;
use stonechat_log::record::{FeedRecord, Record};
use stonechat_log::row::RowKey;
use stonechat_log::store::{Bodies, BoxFuture, Done, EventPage, Log, LogError, PageLimit, PersonalPage, Scrubbed};
use stonechat_log::vault::MemoryVault;
use stonechat_types::id::{AppName, ClientMsgId, CommandId, ConversationId, ConversationKind, DeviceId, UserId};
use stonechat_types::number::{AppId, LanePosition, Ordinal, PersonalSeq, Seq, Timestamp, UserNo};
use stonechat_types::text::Title;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

pub const TOKEN_MS: i64 = 3_600_000;

/// A clock that the test moves; monotonic time is tokio's.
#[derive(Default)]
pub struct TestClock(pub AtomicI64, OnceLock<Instant>);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }

    fn monotonic_ms(&self) -> u64 {
        let start = *self.1.get_or_init(Instant::now);
        u64::try_from(start.elapsed().as_millis()).unwrap()
    }
}

/// Bytes that are never the same twice.
#[derive(Default)]
pub struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let next = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            chunk.copy_from_slice(&next[..chunk.len()]);
        }
    }
}

/// Takes `USER`, or `USER@ISSUED_MS`, for a token.
pub struct PlainTokens;

impl TokenVerifier for PlainTokens {
    fn verify(&self, token: &str, now: Timestamp) -> Result<Identity, TokenError> {
        let (user, issued) = token.split_once('@').unwrap_or((token, "0"));
        Ok(Identity {
            app: AppId::DEFAULT,
            app_name: AppName::new("default").unwrap(),
            user: UserId::new(user).map_err(|_| TokenError::Invalid)?,
            device: None,
            issued_at: issued.parse().ok().map(Timestamp),
            expires_at: now.plus_ms(TOKEN_MS),
        })
    }
}

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

/// The server of a test.
pub struct World {
    pub app: Arc<App>,
    pub log: Arc<SteeredLog>,
    pub vault: Arc<MemoryVault>,
    pub clock: Arc<TestClock>,
    pub tasks: TaskTracker,
}

impl World {
    pub fn new() -> Self {
        Self::with(Options::default())
    }

    pub fn with(options: Options) -> Self {
        Self::with_rules(options, Arc::new(AnyContent))
    }

    /// With rules for the bodies of messages.
    pub fn with_rules(options: Options, content: Arc<dyn ContentRules>) -> Self {
        Self::start(Arc::new(SteeredLog::new()), Arc::new(MemoryVault::new([9; 32])), content, options)
    }

    /// The next process on this one's store, after [`SteeredLog::kill`].
    pub fn next(&self, options: Options) -> Self {
        Self::start(
            Arc::new(SteeredLog::over(self.log.inner.clone())),
            self.vault.clone(),
            Arc::new(AnyContent),
            options,
        )
    }

    fn start(log: Arc<SteeredLog>, vault: Arc<MemoryVault>, content: Arc<dyn ContentRules>, options: Options) -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(1_000_000), OnceLock::new()));
        let tasks = TaskTracker::new();
        let parts = Parts {
            log: log.clone(),
            vault: vault.clone(),
            clock: clock.clone(),
            entropy: Arc::new(Counting::default()),
            verifier: Arc::new(PlainTokens),
            content,
            tasks: tasks.clone(),
            options,
        };
        let app = App::start(parts, &mut prometheus_client::registry::Registry::default());
        Self { app, log, vault, clock, tasks }
    }

    pub async fn device(&self, user: &str, device: &str) -> Device {
        self.device_at(user, device, Bytes::new()).await
    }

    pub async fn device_at(&self, user: &str, device: &str, position: Bytes) -> Device {
        self.try_device(user, device, position).await.map_err(|failure| failure.code).unwrap()
    }

    pub async fn try_device(&self, token: &str, device: &str, position: Bytes) -> Result<Device, Failure> {
        self.try_device_on(token, device, position, Platform::Other).await
    }

    pub async fn try_device_on(
        &self,
        token: &str,
        device: &str,
        position: Bytes,
        platform: Platform,
    ) -> Result<Device, Failure> {
        let sink = Arc::new(TestSink::default());
        let hello = Hello {
            token: token.into(),
            device: DeviceId::new(device).unwrap(),
            device_name: "test".into(),
            client: "test".into(),
            platform,
            position,
            window: 0,
        };
        self.app.begin(hello, sink.clone());
        let begun = sink
            .wait(|outbound| if let Outbound::Begun(begun) = outbound { Some(begun.clone()) } else { None })
            .await?;
        Ok(Device { app: self.app.clone(), sink, begun, calls: 0, clock: self.clock.clone() })
    }
}

/// What a session was told.
pub struct TestSink {
    told: Mutex<Vec<Outbound>>,
    live_max: AtomicUsize,
    changed: Notify,
}

impl Default for TestSink {
    fn default() -> Self {
        Self { told: Mutex::default(), live_max: AtomicUsize::new(usize::MAX), changed: Notify::new() }
    }
}

impl TestSink {
    /// Waits for something that was or will be told, and takes it out.
    pub async fn wait<T>(&self, mut wanted: impl FnMut(&Outbound) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            {
                let mut told = self.told.lock().unwrap();
                if let Some((i, found)) = told.iter().enumerate().find_map(|(i, o)| wanted(o).map(|w| (i, w))) {
                    told.remove(i);
                    return found;
                }
            }
            changed.await;
        }
    }

    pub fn events(&self) -> Vec<EventView> {
        let told = self.told.lock().unwrap();
        told.iter().filter_map(|o| if let Outbound::Event(e) = o { Some(e.event.clone()) } else { None }).collect()
    }

    pub fn count(&self, wanted: impl Fn(&Outbound) -> bool) -> usize {
        self.told.lock().unwrap().iter().filter(|outbound| wanted(outbound)).count()
    }

    /// Live events are refused once this many are queued.
    pub fn limit(&self, live_max: usize) {
        self.live_max.store(live_max, Ordering::SeqCst);
    }
}

impl SessionSink for TestSink {
    fn attach(&self, _: &Arc<Session>) {}

    fn offer(&self, outbound: Outbound) -> Offer {
        let mut told = self.told.lock().unwrap();
        let live = told.iter().filter(|o| matches!(o, Outbound::Event(_))).count();
        if live >= self.live_max.load(Ordering::SeqCst) {
            return Offer::Overflow;
        }
        told.push(outbound);
        self.changed.notify_waiters();
        Offer::Queued
    }

    fn offer_control(&self, outbound: Outbound) -> Offer {
        self.told.lock().unwrap().push(outbound);
        self.changed.notify_waiters();
        Offer::Queued
    }
}

/// One signed-in device.
pub struct Device {
    pub app: Arc<App>,
    pub sink: Arc<TestSink>,
    pub begun: Begun,
    calls: u64,
    clock: Arc<TestClock>,
}

pub fn text(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

pub fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

pub fn direct(a: &str, b: &str) -> ConversationId {
    ConversationId::direct(AppId::DEFAULT, &user(a), &user(b))
}

static KEYS: AtomicU64 = AtomicU64::new(1);

/// A fresh id, larger than all before.
pub fn next_id() -> ClientMsgId {
    let mut bytes = [1; 16];
    bytes[..8].copy_from_slice(&KEYS.fetch_add(1, Ordering::SeqCst).to_be_bytes());
    ClientMsgId(bytes)
}

pub fn message(to: Destination, id: ClientMsgId, body: &str) -> SendMessage {
    SendMessage {
        attributes: None,
        to,
        client_msg_id: id,
        body_type: text("text"),
        body: text(body),
        read_upto: Seq::ZERO,
        after: None,
    }
}

impl Device {
    /// Makes a call without waiting.
    pub fn submit(&mut self, call: Call) -> u64 {
        self.calls += 1;
        self.app.submit(&self.begun.session, self.calls, call);
        self.calls
    }

    pub async fn answer(&self, wanted: u64) -> Result<Answer, Failure> {
        self.sink
            .wait(|outbound| match outbound {
                Outbound::Answer { call, result, .. } if *call == wanted => Some(result.clone()),
                _ => None,
            })
            .await
    }

    pub async fn call(&mut self, call: Call) -> Result<Answer, Failure> {
        let call = self.submit(call);
        self.answer(call).await
    }

    pub async fn send(&mut self, to: &str, body: &str) -> Sent {
        let message = message(Destination::User(user(to)), next_id(), body);
        sent(self.call(Call::Send(message)).await.unwrap())
    }

    pub async fn send_in(&mut self, conversation: ConversationId, body: &str) -> Result<Sent, Failure> {
        let message = message(Destination::Conversation(conversation), next_id(), body);
        self.call(Call::Send(message)).await.map(sent)
    }

    pub async fn group(&mut self, title: &str, members: &[&str]) -> ConversationId {
        for member in members {
            self.app.put_user(AppId::DEFAULT, user(member), None).await.unwrap();
        }
        let create = CreateGroup {
            command_id: CommandId(next_id().0),
            kind: ConversationKind::Group,
            title: Title::new(title).unwrap(),
            members: members.iter().map(|m| user(m)).collect(),
        };
        match self.call(Call::CreateGroup(create)).await.unwrap() {
            Answer::CommandDone(done) => done.conversation,
            other => panic!("{other:?}"),
        }
    }

    pub async fn change(&mut self, conversation: ConversationId, change: ChangeRequest) -> Result<Answer, Failure> {
        if let ChangeRequest::AddMembers(users) = &change {
            for user in users {
                self.app.put_user(AppId::DEFAULT, user.clone(), None).await.unwrap();
            }
        }
        let command_id = CommandId(next_id().0);
        self.call(Call::Change(ChangeConversation { command_id, conversation, change })).await
    }

    pub async fn view(&mut self, conversation: ConversationId) -> ConversationView {
        match self.call(Call::GetConversation(conversation)).await.unwrap() {
            Answer::Conversation(view) => *view,
            other => panic!("{other:?}"),
        }
    }

    /// Waits for an event of a conversation to come live.
    pub async fn event(&self, conversation: ConversationId, seq: u64) -> EventView {
        self.sink
            .wait(|outbound| match outbound {
                Outbound::Event(live) if live.event.id.conversation == conversation && live.event.id.seq.0 == seq => {
                    Some(live.event.clone())
                }
                _ => None,
            })
            .await
    }

    /// All events of a conversation that the device may see, by pages.
    pub async fn replay(&mut self, conversation: ConversationId) -> Vec<EventView> {
        let mut events = Vec::new();
        let mut after = Seq::ZERO;
        loop {
            let call = Call::FetchEvents { conversation, after, limit: 7 };
            let Answer::Events(page) = self.call(call).await.unwrap() else { panic!() };
            events.extend(page.events);
            after = page.upto;
            if !page.more {
                return events;
            }
        }
    }
}

pub fn sent(answer: Answer) -> Sent {
    match answer {
        Answer::Sent(sent) => sent,
        other => panic!("{other:?}"),
    }
}

pub fn body_of(event: &EventView) -> String {
    match &event.content {
        Content::Message { body, .. } => String::from_utf8_lossy(body).into_owned(),
        other => format!("{other:?}"),
    }
}
