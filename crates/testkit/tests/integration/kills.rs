//! SIGKILL at random points under load: nothing acknowledged is missing, doubled or out of order, and nobody was told
//! anything that is not in the log.

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use stonechat_testkit::ids::client_msg_id;
use stonechat_testkit::process::{Process, binary, free_port};
use stonechat_testkit::raw::Raw;
use stonechat_types::id::ClientMsgId;
use stonechat_wire::v1::frame::Body;
use stonechat_wire::v1::send_message::To;
use stonechat_wire::v1::{Event, FetchEvents};

/// Kills; `TESTKIT_KILLS` names another number.
const KILLS: usize = 50;
const SENDERS: usize = 4;

/// What one sender knows: its ids in order, and the seq that each was acknowledged with.
#[derive(Default)]
struct Sender {
    acknowledged: Vec<(ClientMsgId, u64)>,
    conversation: String,
}

/// What one receiver was told live: the id at each seq.
type Told = BTreeMap<(String, u64), Bytes>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_doubled_or_reordered_by_kills() -> anyhow::Result<()> {
    let kills = std::env::var("TESTKIT_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(KILLS);
    let folder = tempfile::tempdir()?;
    let (data, config) = (folder.path().join("data"), folder.path().join("config.toml"));
    let (http, tcp) = (free_port()?, free_port()?);
    std::fs::write(
        &config,
        format!(
            "[listen]\nhttp = \"{http}\"\ntcp = \"{tcp}\"\n[log]\nlevel = \"warn\"\n\
             [store]\nsegment_bytes = 4194304\ncheckpoint_bytes = 1048576\n"
        ),
    )?;
    let mut process = Process::serve(&data, &config)?;
    let stop = Arc::new(AtomicBool::new(false));
    let mut loads = Vec::new();
    let mut ears = Vec::new();
    for i in 0..SENDERS {
        let (from, to) = (mint(&data, &format!("sender{i}"))?, mint(&data, &format!("receiver{i}"))?);
        loads.push(tokio::spawn(send_until(tcp, from, format!("receiver{i}"), stop.clone())));
        let told = Arc::new(Mutex::new(Told::new()));
        tokio::spawn(listen(tcp, to, told.clone(), stop.clone()));
        ears.push(told);
    }
    let mut dice = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..kills {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        tokio::time::sleep(Duration::from_millis(20 + (dice >> 40) % 350)).await;
        process.kill()?;
        process = Process::serve(&data, &config)?;
    }
    stop.store(true, Ordering::SeqCst);
    let mut acknowledged = 0;
    for (i, load) in loads.into_iter().enumerate() {
        let sender = load.await??;
        let events = replay(tcp, &mint(&data, &format!("sender{i}"))?, &sender.conversation).await?;
        check(&sender, &events)?;
        for ((conversation, seq), id) in ears[i].lock().unwrap().iter() {
            let event = events.get(*seq as usize - 1).context("told of an event that is not in the log")?;
            ensure!(*conversation == sender.conversation && event.client_msg_id == *id, "told of another event");
        }
        acknowledged += sender.acknowledged.len();
    }
    ensure!(acknowledged > kills, "the load was too small to mean anything: {acknowledged}");
    println!("{kills} kills, {acknowledged} acknowledged messages, each there once and in order");
    Ok(())
}

/// Every acknowledged message is there once, at its seq; seqs are dense; the sender's messages are in his order.
fn check(sender: &Sender, events: &[Event]) -> anyhow::Result<()> {
    let mut ids = BTreeSet::new();
    for (i, event) in events.iter().enumerate() {
        ensure!(event.seq == i as u64 + 1, "seq {} stands at place {}", event.seq, i + 1);
        ensure!(ids.insert(event.client_msg_id.clone()), "an id is there twice");
        ensure!(!event.corrupt, "event {} is damaged", event.seq);
    }
    let mut last = 0;
    for (id, seq) in &sender.acknowledged {
        let event = events.get(*seq as usize - 1).context("an acknowledged message is missing")?;
        ensure!(event.client_msg_id[..] == id.0, "another message stands at an acknowledged seq");
        ensure!(*seq > last, "acknowledged out of order");
        last = *seq;
    }
    Ok(())
}

/// Sends one message after the other, each until it is acknowledged, whatever happens to the connection.
async fn send_until(tcp: SocketAddr, token: String, to: String, stop: Arc<AtomicBool>) -> anyhow::Result<Sender> {
    let mut sender = Sender::default();
    let mut raw = None;
    let mut count = 0u64;
    loop {
        let id = client_msg_id();
        count += 1;
        let text = format!("message {count}");
        let sent = loop {
            if raw.is_none() {
                raw = Raw::hello(tcp, &token, "load", Bytes::new()).await.ok().map(|(raw, _)| raw);
            }
            let Some(open) = &mut raw else {
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            };
            match open.send(To::UserId(to.clone()), id, &text).await {
                Ok(sent) => break sent,
                Err(error) if error.to_string().contains("refused") => return Err(error),
                Err(_) => raw = None,
            }
        };
        sender.conversation.clone_from(&sent.conversation_id);
        sender.acknowledged.push((id, sent.seq));
        if stop.load(Ordering::SeqCst) {
            return Ok(sender);
        }
    }
}

/// Notes everything that comes live.
async fn listen(tcp: SocketAddr, token: String, told: Arc<Mutex<Told>>, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::SeqCst) {
        let Ok((mut raw, _)) = Raw::hello(tcp, &token, "ear", Bytes::new()).await else {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        while let Ok(Some(frame)) = raw.next().await {
            if let Some(Body::Event(event)) = frame.body {
                told.lock().unwrap().insert((event.conversation_id, event.seq), event.client_msg_id);
            }
        }
    }
}

async fn replay(tcp: SocketAddr, token: &str, conversation: &str) -> anyhow::Result<Vec<Event>> {
    let (mut raw, welcome) = Raw::hello(tcp, token, "judge", Bytes::new()).await?;
    let head = welcome.conversations.iter().find(|c| c.conversation_id == conversation).map_or(0, |c| c.head_seq);
    let mut events = Vec::new();
    let mut from = 0;
    while from < head {
        let fetch = FetchEvents { conversation_id: conversation.to_owned(), after_seq: from, limit: 0 };
        match raw.call(Body::FetchEvents(fetch)).await? {
            Ok(Body::Events(page)) if page.jump => {
                // More than a catch-up replays: by pages of messages instead.
                return by_messages(&mut raw, conversation).await;
            }
            Ok(Body::Events(page)) => {
                from = page.upto_seq;
                events.extend(page.events);
            }
            other => anyhow::bail!("fetch_events was answered {other:?}"),
        }
    }
    Ok(events)
}

/// The whole log of a direct conversation: its first event, and its messages by ordinal.
async fn by_messages(raw: &mut Raw, conversation: &str) -> anyhow::Result<Vec<Event>> {
    use stonechat_wire::v1::{FetchMessages, fetch_messages::Range};
    let mut events = vec![Event { seq: 1, ..Event::default() }];
    loop {
        let after = events.last().map_or(0, |event| event.ordinal);
        let fetch = FetchMessages {
            conversation_id: conversation.to_owned(),
            limit: 200,
            range: Some(Range::AfterOrdinal(after)),
        };
        match raw.call(Body::FetchMessages(fetch)).await? {
            Ok(Body::Messages(page)) => {
                events.extend(page.messages.into_iter().filter_map(|message| message.event));
                if !page.more_after {
                    return Ok(events);
                }
            }
            other => anyhow::bail!("fetch_messages was answered {other:?}"),
        }
    }
}

fn mint(data: &Path, user: &str) -> anyhow::Result<String> {
    let output = Command::new(binary()).args(["token", "mint", "--user", user, "--data"]).arg(data).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
