//! An application over a store in memory, in virtual time, and people who use it.

#![allow(dead_code, clippy::disallowed_methods)]

mod steered_log;

pub use steered_log::SteeredLog;

use bytes::Bytes;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
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
use stonechat_log::vault::MemoryVault;
use stonechat_types::id::{AppName, ClientMsgId, CommandId, ConversationId, ConversationKind, DeviceId, UserId};
use stonechat_types::number::{AppId, Seq, Timestamp};
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
