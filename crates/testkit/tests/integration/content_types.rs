//! Content of a type that the app declares: checked by its schema, whoever sends it, and shown by its fallback text where
//! nothing else can show it, on every device.

use anyhow::{Context as _, bail, ensure};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use stonechat_app::api::{Call, Destination, SendMessage};
use stonechat_client::account::Account;
use stonechat_client::error::Error;
use stonechat_client::send::Outgoing;
use stonechat_client::state::{Content, TimelineItemKind};
use stonechat_client::timeline::TimelineOptions;
use stonechat_server::config::loading::{Sources, load};
use stonechat_server::content::AppContent;
use stonechat_testkit::local::Local;
use stonechat_testkit::observed::{Seen, observed};
use stonechat_testkit::people::{PATIENCE, account, until, user};
use stonechat_testkit::process::binary;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::ClientMsgId;
use stonechat_types::number::{AppId, Seq};

const ORDER: &str = "acme.order";
const SCHEMA: &str = r#"{"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]}"#;

/// What the app `default` declares by a configuration with this fallback text and this schema.
fn declared(folder: &Path, fallback: &str, schema: &str) -> anyhow::Result<Arc<AppContent>> {
    std::fs::write(folder.join("order.json"), schema)?;
    let toml =
        format!("[apps.default.content_types.\"{ORDER}\"]\nschema = \"order.json\"\nfallback = \"{fallback}\"\n");
    let path = folder.join("stonechat.toml");
    std::fs::write(&path, toml)?;
    let loaded = load(&Sources::default().with_file(Some(path)))?;
    Ok(Arc::new(AppContent::read(&loaded.settings.apps[0])?))
}

async fn online(local: &Local, name: &str, device: &str, home: &Path) -> anyhow::Result<Account> {
    let account = account(&local.url(), &local.token(name), name, device, home).await?;
    account.start().await?;
    account.online(PATIENCE).await.context("the device comes online")?;
    Ok(account)
}

/// Waits until a device of bob shows the order of alice in these words.
async fn reads(bob: &Account, words: &str) -> anyhow::Result<()> {
    let timeline = bob.conversation_with(&user("alice")).timeline(TimelineOptions::default()).await?;
    let types = bob.content_types();
    until(&format!("bob reads {words:?}"), || {
        timeline.items().iter().any(|item| match &item.kind {
            TimelineItemKind::Message(it) => {
                matches!(&it.message.content, Content::Opaque { body_type, .. } if body_type == ORDER)
                    && types.get().words(&it.message.content) == words
            }
            _ => false,
        })
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn declared_content_is_checked_and_shown_on_every_device() -> anyhow::Result<()> {
    let config = tempfile::tempdir()?;
    let content = declared(config.path(), "Order {number}", SCHEMA)?;
    let mut local = Local::start_with(|settings| settings.apps[0].content = content).await?;
    let homes: Vec<_> = (0..4).map(|_| tempfile::tempdir()).collect::<Result<_, _>>()?;
    let alice = online(&local, "alice", "phone", homes[0].path()).await?;
    let bob = online(&local, "bob", "phone", homes[1].path()).await?;
    let away = online(&local, "bob", "tablet", homes[2].path()).await?;
    away.stop().await;
    drop(away);

    let to_bob = alice.conversation_with(&user("bob"));
    let wrong = to_bob.send(Outgoing::json(ORDER, r#"{"number": "my secret"}"#)?).await?.sent().await;
    let Err(Error::Server(refusal)) = wrong else { bail!("{wrong:?}") };
    ensure!(refusal.code == ErrorCode::InvalidArgument.as_str(), "{refusal:?}");
    ensure!(refusal.text.contains("/number") && !refusal.text.contains("secret"), "{}", refusal.text);
    to_bob.send(Outgoing::json(ORDER, r#"{"number": 7}"#)?).await?.sent().await?;
    reads(&bob, "Order 7").await?;

    // A backend is checked as a client is, also by the rules of the protocol.
    let app = &local.server().app;
    for (body_type, body, is_good) in [
        (ORDER, "{}", false),
        (ORDER, r#"{"number": 8}"#, true),
        ("location", "no protobuf", false),
        ("acme.x", "?", true),
    ] {
        let message = SendMessage {
            to: Destination::User(user("bob")),
            client_msg_id: ClientMsgId::from_parts(1, [7; 10]),
            body_type: body_type.into(),
            body: body.into(),
            read_upto: Seq::ZERO,
            after: None,
            attributes: None,
        };
        let done =
            app.call_as(AppId::DEFAULT, user(if is_good { body_type } else { "carol" }), Call::Send(message)).await;
        ensure!(done.is_ok() == is_good, "{body_type} {body}: {done:?}");
    }

    // Another schema and another text from now on: what is stored stays, and its repetition is no refusal.
    let content = declared(config.path(), "Order no. {number} of {by}", r#"{"required": ["by"]}"#)?;
    local.restart_with(|settings| settings.apps[0].content = content).await?;
    let away = online(&local, "bob", "tablet", homes[2].path()).await?;
    reads(&away, "Order no. 7 of").await?;
    reads(&bob, "Order no. 7 of").await?;
    observed("content_types", &[Seen::Second, Seen::Offline])?;

    for account in [&alice, &bob, &away] {
        account.stop().await;
    }
    drop(away);
    let url = local.url();
    local.stop().await;
    // Opened, not started, and without a server.
    let offline = account(&url, "", "bob", "tablet", homes[2].path()).await?;
    reads(&offline, "Order no. 7 of").await?;
    observed("content_types", &[Seen::Restart])?;
    Ok(())
}

#[test]
fn a_schema_that_cannot_be_used_is_found_by_the_check_of_the_configuration() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    declared(folder.path(), "Order {number}", SCHEMA)?;
    std::fs::write(folder.path().join("order.json"), "{")?;
    let config = folder.path().join("stonechat.toml");
    let checked = Command::new(binary()).args(["config", "check", "--config"]).arg(&config).output()?;
    let said = String::from_utf8_lossy(&checked.stderr);
    ensure!(!checked.status.success() && said.contains("acme.order") && said.contains("is not JSON"), "{said}");
    Ok(())
}
