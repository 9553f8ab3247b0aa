//! What a backend does in the name of a user is seen on the devices of the users, and the backend sees what they do.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use std::path::Path;
use stonechat_client::account::Account;
use stonechat_client::content::{Entity, EntityKind};
use stonechat_client::send::Text;
use stonechat_client::state::{Content, TimelineItemKind};
use stonechat_client::timeline::{Timeline, TimelineOptions};
use stonechat_testkit::local::Local;
use stonechat_testkit::observed::{Seen, observed};
use stonechat_testkit::people::{PATIENCE, account, until, user};
use stonechat_types::id::ConversationId;
use stonechat_types::number::Seq;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A request with the key of the backend, by hand: the status and the JSON of the answer.
async fn request(local: &Local, method: &str, path: &str, body: &str) -> anyhow::Result<(u16, Value)> {
    let key = std::fs::read_to_string(local.folder().join("keys/api-secret.default"))?;
    let addr = local.server().http;
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {addr}\r\nauthorization: Bearer {}\r\n", key.trim());
    let head = format!("{head}content-type: application/json\r\ncontent-length: {}\r\n", body.len());
    let mut stream = TcpStream::connect(addr).await?;
    stream.write_all(format!("{head}connection: close\r\n\r\n{body}").as_bytes()).await?;
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.context("the answer ends")??;
    let (head, body) = answer.split_once("\r\n\r\n").context("a head and a body")?;
    let status = head.split(' ').nth(1).context("a status")?.parse()?;
    Ok((status, serde_json::from_str(body)?))
}

/// `POST` of a backend.
pub(crate) async fn post(local: &Local, path: &str, body: Value) -> anyhow::Result<(u16, Value)> {
    request(local, "POST", path, &body.to_string()).await
}

/// `GET` of a backend, which is answered.
async fn get(local: &Local, path: &str) -> anyhow::Result<Value> {
    let (status, answer) = request(local, "GET", path, "").await?;
    ensure!(status == 200, "{path}: {status} {answer}");
    Ok(answer)
}

async fn online(local: &Local, name: &str, device: &str, home: &Path) -> anyhow::Result<Account> {
    let account = account(&local.url(), &local.token(name), name, device, home).await?;
    account.start().await?;
    account.online(PATIENCE).await.context("the device comes online")?;
    Ok(account)
}

/// The stretches of a message on a device, and whether it is starred there.
fn shown(timeline: &Timeline, seq: Seq) -> Option<(Vec<Entity>, bool)> {
    timeline.items().into_iter().find_map(|item| match &item.kind {
        TimelineItemKind::Message(item) if item.message.id.is_some_and(|id| id.seq == seq) => {
            let Content::Text(text) = &item.message.content else { return None };
            Some((text.entities().to_vec(), item.starred))
        }
        _ => None,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_backend_does_for_users_is_on_their_devices() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let homes: Vec<_> = (0..3).map(|_| tempfile::tempdir()).collect::<Result<_, _>>()?;
    let alice = online(&local, "alice", "phone", homes[0].path()).await?;
    let bob = online(&local, "bob", "phone", homes[1].path()).await?;
    let away = online(&local, "bob", "laptop", homes[2].path()).await?;
    away.stop().await;
    drop(away);

    // A text with a stretch of it in bold, by the rule that holds for every gateway.
    let text = |length: u32| {
        let entities = json!([{"offset": 0, "length": length, "type": "bold"}]);
        json!({"sender": "alice", "to_user": "bob", "text": "look here", "entities": entities})
    };
    let (status, refused) = post(&local, "/v1/apps/default/messages", text(10)).await?;
    ensure!((status, refused["code"].as_str()) == (400, Some("invalid_argument")), "{refused}");
    let (status, sent) = post(&local, "/v1/apps/default/messages", text(4)).await?;
    ensure!(status == 200, "{sent}");
    let id: ConversationId = sent["conversation"].as_str().context("a conversation")?.parse()?;
    let seq = Seq(sent["seq"].as_u64().context("a seq")?);
    let of_bob = bob.conversation(&id);
    let timeline = of_bob.timeline(TimelineOptions::default()).await?;
    let bold = vec![Entity { range: 0..4, kind: EntityKind::Bold }];
    until("the stretch is shown", || shown(&timeline, seq) == Some((bold.clone(), false))).await?;
    let unread = || of_bob.summary().map(|it| it.unread);
    until("it is unread", || unread() == Some(1)).await?;
    ensure!(get(&local, "/v1/apps/default/users/bob/unread").await?["unread_total"] == json!(1));

    // Typing, the read cursor and a star, in the name of a user.
    let of = |name: &str, what: &str| format!("/v1/apps/default/users/{name}/conversations/{id}/{what}");
    let typing = of_bob.typing();
    ensure!(post(&local, &of("alice", "typing"), json!({"active": true})).await?.0 == 200);
    until("alice is seen to write", || typing.get() == [user("alice")]).await?;
    ensure!(post(&local, &of("bob", "read"), json!({"upto_seq": seq.get()})).await?.0 == 200);
    until("the device shows it as read", || unread() == Some(0)).await?;
    let star = format!("/v1/apps/default/conversations/{id}/messages/{}/star", seq.get());
    ensure!(post(&local, &star, json!({"user": "bob"})).await?.0 == 200);
    until("the star is shown", || shown(&timeline, seq) == Some((bold.clone(), true))).await?;

    // What a device says is seen by the backend as it was said, also after a restart.
    let mark = alice.conversation(&id).send(Text::new("@bob, answer").mention_by_name()).await?.sent().await?;
    until("it is there", || unread() == Some(1)).await?;
    local.restart().await?;
    let view = get(&local, &format!("/v1/apps/default/conversations/{id}?as_user=bob")).await?;
    ensure!((view["unread"].as_u64(), view["read_seq"].as_u64()) == (Some(1), Some(seq.get())), "{view}");
    let mention = json!([{"offset": 0, "length": 4, "type": "mention", "value": "bob"}]);
    ensure!(view["last_message"]["entities"] == mention, "{view}");
    let listed = get(&local, "/v1/apps/default/users/bob/conversations").await?;
    ensure!(listed["conversations"][0]["last_message"]["seq"] == json!(mark.seq.get()), "{listed}");
    let starred = get(&local, "/v1/apps/default/users/bob/starred").await?;
    ensure!(starred["messages"][0]["message"]["seq"] == json!(seq.get()), "{starred}");
    // A device that was offline has all of it.
    let away = online(&local, "bob", "laptop", homes[2].path()).await?;
    let there = away.conversation(&id).timeline(TimelineOptions::default()).await?;
    until("the laptop shows it", || shown(&there, seq) == Some((bold.clone(), true))).await?;
    for account in [alice, bob, away] {
        account.stop().await;
    }
    observed("entities", &Seen::ALL)?;
    local.stop().await;
    Ok(())
}
