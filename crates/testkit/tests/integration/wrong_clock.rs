//! A device whose clock is hours wrong is a device like any other: tokens are renewed by the server's time.

use anyhow::{Context as _, ensure};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use stonechat_client::account::Account;
use stonechat_client::conversation::Conversation;
use stonechat_client::driver::ports::{Clock, TokenProvider, TokenRequest};
use stonechat_client::error::TokenError;
use stonechat_client::send::Text;
use stonechat_client::state::{ConnectionState, TokenReason};
use stonechat_log::store::BoxFuture;
use stonechat_testkit::local::Local;
use stonechat_testkit::people::{PATIENCE, account, account_with, until, user};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// A clock that is wrong, and can be put forward: as much time passes for the device.
struct WrongClock {
    begun: Instant,
    wrong_by: i64,
    passed: AtomicI64,
}

impl WrongClock {
    fn by(wrong_by: i64) -> Arc<Self> {
        Arc::new(Self { begun: Instant::now(), wrong_by, passed: AtomicI64::new(0) })
    }

    fn pass(&self, ms: i64) {
        self.passed.fetch_add(ms, Ordering::SeqCst);
    }
}

fn true_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Clock for WrongClock {
    fn wall_ms(&self) -> i64 {
        true_ms() + self.wrong_by + self.passed.load(Ordering::SeqCst)
    }

    fn monotonic_ms(&self) -> u64 {
        let passed = u64::try_from(self.passed.load(Ordering::SeqCst)).unwrap_or(0);
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX) + passed
    }
}

/// Tokens of an hour from a server whose clock is right, and why they were asked for.
struct Tokens {
    local: Arc<Local>,
    asked: Mutex<Vec<TokenReason>>,
}

impl TokenProvider for Tokens {
    fn fetch_token(&self, request: TokenRequest) -> BoxFuture<'_, Result<String, TokenError>> {
        self.asked.lock().unwrap().push(request.reason);
        let token = self.local.token(request.user.as_str());
        Box::pin(async move { Ok(token) })
    }
}

impl Tokens {
    fn asked(&self) -> Vec<TokenReason> {
        self.asked.lock().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hours_ahead_is_like_everybody() -> anyhow::Result<()> {
    lives(5 * HOUR_MS).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hours_behind_is_like_everybody() -> anyhow::Result<()> {
    lives(-5 * HOUR_MS).await
}

async fn lives(wrong_by: i64) -> anyhow::Result<()> {
    let local = Arc::new(Local::start().await?);
    let folder = tempfile::tempdir()?;
    let (clock, tokens) =
        (WrongClock::by(wrong_by), Arc::new(Tokens { local: local.clone(), asked: Mutex::default() }));
    let (wrong, provider) = (clock.clone(), tokens.clone());
    let odd = |builder: stonechat_client::client::ClientBuilder| builder.clock(wrong).token_provider(provider);
    let alice = account_with(&local.url(), "", "alice", "phone", &folder.path().join("alice"), odd).await?;
    let bob = account(&local.url(), &local.token("bob"), "bob", "phone", &folder.path().join("bob")).await?;
    let breaks = Arc::new(AtomicUsize::new(0));
    for account in [&alice, &bob] {
        account.start().await?;
        account.online(PATIENCE).await?;
    }
    let watching = tokio::spawn(count_breaks(alice.clone(), breaks.clone()));
    chat(&alice, &bob, "now").await?;
    ensure!(tokens.asked() == [TokenReason::First], "{:?}", tokens.asked());

    // The token is good for half an hour more, whatever the clock of the device says.
    clock.pass(30 * MINUTE_MS);
    chat(&alice, &bob, "half an hour later").await?;
    ensure!(tokens.asked() == [TokenReason::First], "{:?}", tokens.asked());
    // It ends in five minutes, and is renewed once, ahead of that.
    clock.pass(25 * MINUTE_MS);
    chat(&alice, &bob, "an hour later").await?;
    until("the token is renewed", || tokens.asked().len() > 1).await?;
    chat(&alice, &bob, "with another token").await?;
    ensure!(tokens.asked() == [TokenReason::First, TokenReason::Expiring], "{:?}", tokens.asked());

    let sent_at = alice.conversation_with(&user("bob")).summary().context("a conversation")?.active_at.0;
    ensure!((sent_at - true_ms()).abs() < MINUTE_MS, "times are the server's: {sent_at}");
    ensure!(breaks.load(Ordering::SeqCst) == 0 && matches!(alice.connection().get(), ConnectionState::Online));
    ensure!(alice.outbox().await?.is_empty() && bob.outbox().await?.is_empty(), "an outbox is not empty");
    for account in [alice, bob] {
        account.stop().await;
    }
    watching.await?;
    Ok(())
}

/// Twenty messages each way, all acknowledged and all received.
async fn chat(alice: &Account, bob: &Account, word: &str) -> anyhow::Result<()> {
    let mut handles = Vec::new();
    let (to_bob, to_alice) = (alice.conversation_with(&user("bob")), bob.conversation_with(&user("alice")));
    for i in 0..20 {
        for (conversation, name) in [(&to_bob, "alice"), (&to_alice, "bob")] {
            handles.push((name, conversation.send(Text::new(format!("{name} {word} {i}"))).await?));
        }
    }
    let (mut last, mut newest) = (0, BTreeMap::new());
    for (name, handle) in handles {
        let mark = tokio::time::timeout(PATIENCE, handle.sent()).await.context("a message is acknowledged")??;
        last = last.max(mark.ordinal.0);
        newest.insert(name, mark.seq.max(newest.get(name).copied().unwrap_or_default()));
    }
    let has = |account: &Account| {
        let list = account.conversations().now();
        list.iter().any(|it| it.head_ordinal.0 == last && it.preview.as_ref().is_some_and(|it| it.text.contains(word)))
    };
    until("both have the last message", || has(alice) && has(bob)).await?;
    // A call that is on its way when hours pass at once has taken hours: both have told what arrived, and a call behind
    // that is answered.
    let arrived =
        |at: &Conversation, name: &str| at.read_marks().get().iter().any(|mark| mark.delivered >= newest[name]);
    until("both know that it arrived", || arrived(&to_bob, "alice") && arrived(&to_alice, "bob")).await?;
    alice.devices().await?;
    alice.online(PATIENCE).await?;
    Ok(())
}

/// Counts how often the device was not connected.
async fn count_breaks(account: Account, breaks: Arc<AtomicUsize>) {
    let mut connection = account.connection();
    while let Some(state) = connection.next().await {
        match state {
            ConnectionState::Ended(_) => return,
            ConnectionState::Offline { .. } | ConnectionState::Connecting { .. } => {
                breaks.fetch_add(1, Ordering::SeqCst);
            }
            ConnectionState::Idle | ConnectionState::Syncing { .. } | ConnectionState::Online => {}
        }
    }
}
