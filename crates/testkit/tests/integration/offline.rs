//! A device that was away comes back: one round trip before the first screen, and in the end its store equals the log,
//! as another program reads both.

use anyhow::{Context as _, ensure};
use prost::Message as _;
use std::process::Command;
use stonechat_app::api::{Call, Destination, Failure, SendMessage};
use stonechat_client::state::ConnectionState;
use stonechat_testkit::gate::Gate;
use stonechat_testkit::ids::client_msg_id;
use stonechat_testkit::local::Local;
use stonechat_testkit::people::{account, account_with, database, until, user};
use stonechat_testkit::process::binary;
use stonechat_types::number::{AppId, Seq};
use stonechat_wire::v1::TextBody;
use tokio::task::JoinSet;

const CONVERSATIONS: usize = 50;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_messages_later_the_store_equals_the_log() -> anyhow::Result<()> {
    let local = Local::start().await?;
    let home = tempfile::tempdir()?;
    let token = local.token("alice");
    let endpoint = format!("tcp://{}", local.tcp());
    let before = account(&endpoint, &token, "alice", "phone", home.path()).await?;
    before.start().await?;
    before.online(stonechat_testkit::people::PATIENCE).await?;
    write(&local, 100).await?;
    until("the first hundred are there", || before.total_unread().get() == 100).await?;
    before.stop().await;
    drop(before);

    write(&local, MESSAGES).await?;
    let gate = Gate::after(local.tcp(), 1);
    let transport = gate.clone();
    let after =
        account_with(&endpoint, &token, "alice", "phone", home.path(), |builder| builder.transport(transport)).await?;
    after.start().await?;
    // One frame has come from the server, and the first screen is there, with previews and unread.
    let fresh = format!("of {MESSAGES}");
    until("the first screen is drawn from the welcome", || {
        let list = after.conversations().now();
        let first = list.iter().take(20).filter_map(|it| it.preview.as_ref());
        first.filter(|preview| preview.text.ends_with(&fresh)).count() == 20
    })
    .await?;
    ensure!(after.conversations().now().len() >= 20, "a page of conversations");
    ensure!(after.total_unread().get() == (MESSAGES + 100) as u64, "{} unread", after.total_unread().get());
    gate.open();
    after.online(stonechat_testkit::people::PATIENCE).await?;
    until("everything was fetched", || matches!(after.connection().get(), ConnectionState::Online)).await?;
    after.stop().await;
    drop(after);

    let output = Command::new("python3")
        .args(["-c", COMPARE])
        .arg(database(home.path())?)
        .arg(binary())
        .arg(local.folder())
        .output()
        .context("python3 compares the store with the log")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let compared: usize = String::from_utf8(output.stdout)?.trim().parse()?;
    ensure!(compared == MESSAGES + 100, "{compared} messages were compared");
    local.stop().await;
    Ok(())
}

/// Messages to alice from fifty people at once.
async fn write(local: &Local, messages: usize) -> anyhow::Result<()> {
    let mut people = JoinSet::new();
    for person in 0..CONVERSATIONS {
        let app = local.server().app.clone();
        people.spawn(async move {
            for i in (person..messages).step_by(CONVERSATIONS) {
                let text = format!("message {i} of {messages}");
                let send = SendMessage {
                    to: Destination::User(user("alice")),
                    client_msg_id: client_msg_id(),
                    body_type: "text".into(),
                    body: TextBody { text }.encode_to_vec().into(),
                    read_upto: Seq::ZERO,
                    after: None,
                };
                app.call_as(AppId::DEFAULT, user(&format!("peer{person}")), Call::Send(send)).await?;
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(person) = people.join_next().await {
        person?.map_err(|failure| anyhow::anyhow!("{failure:?}"))?;
    }
    Ok(())
}
