//! SIGKILL at random points under load, and while it recovers from that: nothing acknowledged is missing, doubled or
//! out of order, in the segments and on the clients, and nobody was told anything that is not in the log.

use crate::load::{Device, Ear, Log, send_raw, send_sdk};
use anyhow::{Context as _, ensure};
use bytes::Bytes;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use stonechat_testkit::people::{until, user};
use stonechat_testkit::process::{Process, Starting, free_port};
use stonechat_testkit::raw::Raw;
use stonechat_testkit::store_log::{Entry, dump, mint, verify};
use stonechat_types::id::{ClientMsgId, ConversationId};
use stonechat_types::number::AppId;
use stonechat_wire::v1::frame::Body;
use stonechat_wire::v1::{Event, FetchMessages, fetch_messages::Range};
use tokio_util::sync::CancellationToken;

/// Kills; `TESTKIT_KILLS` names another number.
const KILLS: usize = 50;
/// Each kill of so many hits a server that has not said yet that it is ready.
const EARLY_EVERY: usize = 5;
/// After the first and the last kill of so many the segments are checked as they lie there.
const LOOK_EVERY: usize = 10;
/// Senders of bare frames. The first writes to the SDK's receiver, the others to one of bare frames each.
const SENDERS: usize = 4;

/// What is killed, and how often it was.
struct Victim {
    data: PathBuf,
    config: PathBuf,
    /// The shortest time from a start to `ready` so far.
    start: Duration,
    dice: u64,
    early: usize,
    ready: usize,
    /// Kills by which the load had moved since the start.
    moved: usize,
}

impl Victim {
    fn roll(&mut self) -> u64 {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.dice >> 33
    }

    fn serve(&mut self) -> anyhow::Result<Process> {
        let started = Instant::now();
        let process = Process::serve(&self.data, &self.config)?;
        self.start = self.start.min(started.elapsed());
        Ok(process)
    }

    /// Kills it at some moment under load.
    async fn kill_ready(&mut self, taken: &AtomicUsize) -> anyhow::Result<()> {
        let before = taken.load(Ordering::SeqCst);
        let mut process = self.serve()?;
        tokio::time::sleep(Duration::from_millis(20 + self.roll() % 350)).await;
        process.kill()?;
        self.ready += 1;
        self.moved += usize::from(taken.load(Ordering::SeqCst) > before);
        Ok(())
    }

    /// Kills it at some moment before it says that it is ready. When it was faster, that was another kill, and again.
    async fn kill_early(&mut self) -> anyhow::Result<()> {
        loop {
            let micros = u64::try_from(self.start.as_micros())?;
            let moment = Duration::from_micros(self.roll() % micros.max(1));
            let starting = Starting::spawn(&self.data, &self.config)?;
            tokio::time::sleep(moment).await;
            if !starting.kill()? {
                self.early += 1;
                return Ok(());
            }
            self.ready += 1;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_doubled_or_reordered_by_kills() -> anyhow::Result<()> {
    let kills = std::env::var("TESTKIT_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(KILLS);
    let begun = Instant::now();
    let folder = tempfile::tempdir()?;
    let (data, config) = (folder.path().join("data"), folder.path().join("config.toml"));
    let (http, tcp) = (free_port()?, free_port()?);
    let words = format!(
        "[listen]\nhttp = \"{http}\"\ntcp = \"{tcp}\"\n[log]\nlevel = \"warn\"\n\
         [store]\nsegment_bytes = 4194304\ncheckpoint_bytes = 1048576\n"
    );
    std::fs::write(&config, words)?;
    let dice = 0x9E37_79B9_7F4A_7C15;
    let mut victim = Victim { data, config, start: Duration::MAX, dice, early: 0, ready: 0, moved: 0 };
    let mut process = victim.serve()?;
    let data = victim.data.clone();

    let (taken, stop) = (Arc::new(AtomicUsize::new(0)), CancellationToken::new());
    let watcher = Device::start(&process.url, &mint(&data, "watcher")?, "watcher").await?;
    let author = Device::start(&format!("tcp://{tcp}"), &mint(&data, "author")?, "author").await?;
    let (mut loads, mut ears) = (Vec::new(), Vec::new());
    for i in 0..SENDERS {
        let (name, to) = (format!("sender{i}"), if i == 0 { "watcher".into() } else { format!("receiver{i}") });
        if i > 0 {
            let ear = Arc::new(Mutex::new(Ear::default()));
            tokio::spawn(Ear::listen(tcp, mint(&data, &to)?, ear.clone(), stop.clone()));
            ears.push(ear);
        }
        let load = send_raw(tcp, mint(&data, &name)?, to, taken.clone(), stop.clone());
        loads.push((name, tokio::spawn(load)));
    }
    let writing = send_sdk(author.account.clone(), ["watcher", "receiver1"], stop.clone());
    loads.push(("author".to_owned(), tokio::spawn(writing)));

    process.kill()?;
    for kill in 1..=kills {
        if kill % EARLY_EVERY == 0 {
            victim.kill_early().await?;
        } else {
            victim.kill_ready(&taken).await?;
        }
        if kill % LOOK_EVERY <= 1 {
            let found = verify(&data).with_context(|| format!("after kill {kill}"))?;
            ensure!(found.clean, "after kill {kill}: {:?}", found.described);
        }
    }
    let server = victim.serve()?;
    stop.cancel();
    let mut promises = Vec::new();
    for (name, load) in loads {
        promises.push((name, load.await??));
    }

    let verdict = verify(&data)?;
    ensure!(verdict.clean, "{:?}", verdict.described);
    let log = dump(&data)?;
    check_log(&log)?;
    ensure!(verdict.events == log.values().map(|it| it.len() as u64).sum::<u64>(), "verify and dump see the same");
    let (mut acknowledged, mut deduplicated, mut broken, mut told) = (0, 0, 0, 0);
    for (name, promised) in &promises {
        promised.check(name, &log)?;
        acknowledged += promised.acknowledged.len();
        deduplicated += promised.deduplicated;
        broken += promised.broken;
    }
    for ear in ears {
        told += ear.lock().unwrap().check(&log)?;
    }
    let authors = [direct("author", "watcher"), direct("author", "receiver1")];
    let watched = [direct("author", "watcher"), direct("sender0", "watcher")];
    let held = (in_step(author, &log, &authors).await?, in_step(watcher, &log, &watched).await?);
    served_as_stored(tcp, &mint(&data, "sender1")?, &direct("sender1", "receiver1"), &log).await?;

    ensure!(victim.early + victim.ready >= kills && victim.early >= kills / EARLY_EVERY, "too few kills");
    ensure!(victim.moved * 2 > kills && broken > 0, "the load was too small to mean anything");
    println!(
        "{} kills under load ({} of them after progress), {} before ready (which takes {:?}), in {:?}: {acknowledged} \
         acknowledged ({deduplicated} by a repetition, {broken} sends cut off), {told} told live, {} and {} held by \
         the SDK's sender and receiver; {} events in {} segments are clean",
        victim.ready,
        victim.moved,
        victim.early,
        victim.start,
        begun.elapsed(),
        held.0,
        held.1,
        verdict.events,
        verdict.segments,
    );
    drop(server);
    Ok(())
}

/// In every conversation, in the order of the segments: seqs and ordinals are dense, and no message is there twice.
fn check_log(log: &Log) -> anyhow::Result<()> {
    for (conversation, entries) in log {
        let (mut ids, mut ordinal) = (BTreeSet::new(), 0);
        for (i, entry) in entries.iter().enumerate() {
            ensure!(entry.seq == i as u64 + 1, "{conversation}: seq {} stands at place {}", entry.seq, i + 1);
            if entry.is_message() {
                ordinal += 1;
                ensure!(entry.client_msg_id.is_some() && entry.text.is_some(), "{conversation}: a body is damaged");
                ensure!(ids.insert((&entry.sender, &entry.client_msg_id)), "{conversation}: an id is there twice");
            }
            ensure!(entry.ordinal == ordinal, "{conversation}: ordinal {} is not {ordinal}", entry.ordinal);
        }
    }
    Ok(())
}

fn direct(one: &str, other: &str) -> String {
    ConversationId::direct(AppId::DEFAULT, &user(one), &user(other)).to_string()
}

/// Waits until a device holds and gave everything, and compares.
async fn in_step(device: Device, log: &Log, conversations: &[String]) -> anyhow::Result<usize> {
    let entries: Vec<&Entry> = conversations.iter().filter_map(|id| log.get(id)).flatten().collect();
    let messages = entries.iter().filter(|entry| entry.is_message()).count();
    until("an SDK device is in step", || device.given() >= entries.len() && device.count() >= messages).await?;
    device.check(log, conversations).await
}

/// The server itself gives the messages of a conversation as the segments have them.
async fn served_as_stored(tcp: SocketAddr, token: &str, conversation: &str, log: &Log) -> anyhow::Result<()> {
    let (mut raw, _) = Raw::hello(tcp, token, "judge", Bytes::new()).await?;
    let mut served = Vec::<Event>::new();
    loop {
        let after = served.last().map_or(0, |event| event.ordinal);
        let fetch = FetchMessages {
            conversation_id: conversation.to_owned(),
            limit: 200,
            range: Some(Range::AfterOrdinal(after)),
        };
        let Ok(Body::Messages(page)) = raw.call(Body::FetchMessages(fetch)).await? else {
            anyhow::bail!("fetch_messages was answered by another frame");
        };
        served.extend(page.messages.into_iter().filter_map(|message| message.event));
        if !page.more_after {
            break;
        }
    }
    let stored: Vec<_> = log[conversation].iter().filter(|entry| entry.is_message()).collect();
    ensure!(served.len() == stored.len(), "{} served, {} stored", served.len(), stored.len());
    for (event, entry) in served.iter().zip(stored) {
        let id = ClientMsgId::from_slice(&event.client_msg_id)?.to_string();
        ensure!(!event.corrupt && event.seq == entry.seq && entry.client_msg_id == Some(id), "{}", event.seq);
    }
    Ok(())
}
