//! Two people with two devices each, one of which was away: it comes back with one round trip before the first screen,
//! and in the end the store of every device equals the log, as another program reads both.

use anyhow::{Context as _, ensure};
use std::path::Path;
use std::process::Command;
use stonechat_client::account::Account;
use stonechat_client::conversation::Conversation;
use stonechat_client::send::Text;
use stonechat_testkit::gate::Gate;
use stonechat_testkit::held;
use stonechat_testkit::local::Local;
use stonechat_testkit::observed::{Seen, observed};
use stonechat_testkit::people::{PATIENCE, account, account_with, database, until, user};
use stonechat_testkit::process::binary;
use stonechat_types::id::ConversationId;
use tempfile::TempDir;

/// One of them direct, the others groups of the two.
const CONVERSATIONS: usize = 50;
/// Messages that the device has before it goes.
const BEFORE: usize = 100;
/// Messages that it misses.
const MESSAGES: usize = 1_000;

/// Reads the device's SQLite and the server's dump, and compares (conversation, seq, HMAC of the body).
const COMPARE: &str = r#"
import hashlib, hmac, json, sqlite3, subprocess, sys
database, binary, data = sys.argv[1:]
dump = lambda *more: subprocess.run([binary, "log", "dump", "--data", data, "--json", *more], check=True, stdout=subprocess.PIPE).stdout.splitlines()
keys = {(k["conversation"], k["sender"]): bytes.fromhex(k["hmac_key"]) for k in map(json.loads, dump("--key"))}
log = {(e["conversation"], e["seq"]): e["body_hmac"] for e in map(json.loads, dump()) if e["kind"] == "message"}
rows = sqlite3.connect(f"file:{database}?mode=ro", uri=True).execute("SELECT conversation_id, seq, sender, body FROM messages")
store = {(c, s): hmac.new(keys[c, sender], body, hashlib.sha256).hexdigest()[:32] for c, s, sender, body in rows}
assert store == log, f"only in the store: {store.keys() - log.keys()}; only in the log: {log.keys() - store.keys()}"
print(len(store))
"#;

/// A device of somebody, online.
async fn device(local: &Local, name: &str, device: &str, home: &TempDir) -> anyhow::Result<Account> {
    let endpoint = if device == "phone" { format!("tcp://{}", local.tcp()) } else { local.url() };
    let account = account(&endpoint, &local.token(name), name, device, home.path()).await?;
    account.start().await?;
    account.online(PATIENCE).await?;
    Ok(account)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_messages_later_the_store_equals_the_log() -> anyhow::Result<()> {
    let local = Local::start().await?;
    let homes: Vec<_> = (0..4).map(|_| tempfile::tempdir()).collect::<Result<_, _>>()?;
    let phone = device(&local, "alice", "phone", &homes[0]).await?;
    let tablet = device(&local, "alice", "tablet", &homes[1]).await?;
    let bobs = [device(&local, "bob", "phone", &homes[2]).await?, device(&local, "bob", "tablet", &homes[3]).await?];
    let mut groups = Vec::new();
    for i in 1..CONVERSATIONS {
        groups.push(tablet.create_group(&format!("Group {i}"), &[user("bob")]).await?.id());
    }
    write(&groups, &[&bobs[0]], BEFORE).await?;
    until("the first hundred are there", || phone.total_unread().get() == BEFORE as u64).await?;
    phone.stop().await;
    drop(phone);

    let by_bob = write(&groups, &[&bobs[0], &bobs[1], &tablet], MESSAGES).await?;
    let gate = Gate::after(local.tcp(), 1);
    let (transport, token) = (gate.clone(), local.token("alice"));
    let through = |builder: stonechat_client::client::ClientBuilder| builder.transport(transport);
    let endpoint = format!("tcp://{}", local.tcp());
    let phone = account_with(&endpoint, &token, "alice", "phone", homes[0].path(), through).await?;
    phone.start().await?;
    // One frame has reached the server and one has come back, and the first screen is there, with previews and unread.
    let fresh = format!("of {MESSAGES}");
    until("the first screen is drawn from the welcome", || {
        let list = phone.conversations().now();
        let first = list.iter().take(20).filter_map(|it| it.preview.as_ref());
        first.filter(|preview| preview.text.ends_with(&fresh)).count() == 20
    })
    .await?;
    ensure!(gate.sent() == 1, "{} frames reached the server before the first screen", gate.sent());
    ensure!(gate.given_before_answer() == Some(1), "the client asked more than its hello before the welcome");
    let unread = phone.total_unread().get();
    ensure!(unread == (BEFORE + by_bob) as u64, "{unread} unread, {by_bob} new ones of bob");
    ensure!(phone.conversations().now().len() == CONVERSATIONS, "every conversation is listed");
    gate.open();
    phone.online(PATIENCE).await?;

    until("every device holds everything", || {
        homes.iter().all(|home| held::count(home.path()).is_ok_and(|held| held == BEFORE + MESSAGES))
    })
    .await?;
    for device in [phone, tablet].iter().chain(&bobs) {
        ensure!(device.outbox().await?.is_empty(), "an outbox is not empty");
        device.stop().await;
    }
    for home in &homes {
        let compared = compare(home.path(), local.folder())?;
        ensure!(compared == BEFORE + MESSAGES, "{compared} messages were compared");
    }
    observed("send", &[Seen::Offline])?;
    observed("send_once", &[Seen::Offline])?;
    observed("conversations", &[Seen::Offline])?;
    observed("history", &[Seen::Second, Seen::Offline])?;
    local.stop().await;
    Ok(())
}

/// Compares a device with the log; how many messages both have.
fn compare(home: &Path, data: &Path) -> anyhow::Result<usize> {
    let mut python = Command::new("python3");
    let output = python.args(["-c", COMPARE]).arg(database(home)?).arg(binary()).arg(data).output();
    let output = output.context("python3 compares the store with the log")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// Messages from these devices in turn, over all conversations in turn, each acknowledged; how many of them by bob.
async fn write(groups: &[ConversationId], devices: &[&Account], messages: usize) -> anyhow::Result<usize> {
    let (mut handles, mut by_bob) = (Vec::new(), 0);
    for i in 0..messages {
        let device = devices[i % devices.len()];
        by_bob += usize::from(*device.user() == user("bob"));
        let conversation = conversation(groups, device, i % CONVERSATIONS);
        handles.push(conversation.send(Text::new(format!("message {i} of {messages}"))).await?);
    }
    for handle in handles {
        tokio::time::timeout(PATIENCE, handle.sent()).await.context("a message is acknowledged")??;
    }
    Ok(by_bob)
}

fn conversation(groups: &[ConversationId], device: &Account, i: usize) -> Conversation {
    let other = if *device.user() == user("bob") { "alice" } else { "bob" };
    groups.get(i).map_or_else(|| device.conversation_with(&user(other)), |id| device.conversation(id))
}
