//! The SDK against the real server: devices in step, restarts, kills of the client, sign-out.

use anyhow::{Context as _, ensure};
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::path::Path;
use stonechat_client::account::Account;
use stonechat_client::client::StoreConfig;
use stonechat_client::error::AuthError;
use stonechat_client::send::Text;
use stonechat_client::state::{ConnectionState, EndReason, SendState};
use stonechat_testkit::local::Local;
use stonechat_testkit::observed::{Seen, observed};
use stonechat_testkit::people::{PATIENCE, account, account_with, database, until, user};
use stonechat_types::id::DeviceId;

/// What a device holds: (conversation, seq, sender, body).
type Held = BTreeSet<(String, i64, String, Vec<u8>)>;

fn held(folder: &Path) -> anyhow::Result<Held> {
    let connection = Connection::open(database(folder)?)?;
    let mut rows = connection.prepare("SELECT conversation_id, seq, sender, body FROM messages")?;
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

async fn online(account: &Account) -> anyhow::Result<()> {
    account.start().await?;
    account.online(PATIENCE).await.context("the device comes online")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_with_two_devices_each_end_with_the_same_store() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let url = local.url();
    let homes: Vec<_> = (0..4).map(|_| tempfile::tempdir()).collect::<Result<_, _>>()?;
    let mut devices = Vec::new();
    for (i, (name, device)) in
        [("alice", "phone"), ("alice", "tablet"), ("bob", "phone"), ("bob", "tablet")].into_iter().enumerate()
    {
        let endpoint = if i % 2 == 0 { url.clone() } else { format!("tcp://{}", local.tcp()) };
        let account = account(&endpoint, &local.token(name), name, device, homes[i].path()).await?;
        online(&account).await?;
        devices.push(account);
    }
    let mut handles = Vec::new();
    for round in 0..25 {
        for (i, device) in devices.iter().enumerate() {
            let to = if i < 2 { "bob" } else { "alice" };
            handles.push(device.conversation_with(&user(to)).send(Text::new(format!("{round} from {i}"))).await?);
        }
        if round == 12 {
            // In the middle of it all; nobody has to do anything.
            local.restart().await?;
        }
    }
    for handle in handles {
        tokio::time::timeout(PATIENCE, handle.sent()).await.context("a message is acknowledged")??;
    }
    until("every device holds every message", || {
        homes.iter().all(|home| held(home.path()).is_ok_and(|held| held.len() == 100))
    })
    .await?;
    let first = held(homes[0].path())?;
    for home in &homes[1..] {
        ensure!(held(home.path())? == first, "two devices hold different messages");
    }
    for device in devices {
        device.stop().await;
    }
    observed("send", &[Seen::Second])?;
    observed("send_once", &[Seen::Second, Seen::Restart])?;
    local.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_written_offline_survives_the_end_of_the_app() -> anyhow::Result<()> {
    let local = Local::start().await?;
    let home = tempfile::tempdir()?;
    let (url, token) = (local.url(), local.token("alice"));
    let writing = account(&url, &token, "alice", "phone", home.path()).await?;
    let handle = writing.conversation_with(&user("bob")).send(Text::new("written offline")).await?;
    ensure!(matches!(handle.state().get(), SendState::Queued), "it waits in the outbox");
    let id = handle.client_msg_id();
    drop((handle, writing));

    let again = account(&url, &token, "alice", "phone", home.path()).await?;
    ensure!(again.outbox().await?.iter().any(|unsent| unsent.client_msg_id == id), "it is still in the outbox");
    let handle = again.sending(id).context("its handle can be had again")?;
    online(&again).await?;
    let mark = tokio::time::timeout(PATIENCE, handle.sent()).await??;
    ensure!(!mark.deduplicated && mark.ordinal.0 == 1, "it is sent once: {mark:?}");
    until("the outbox is empty and the log holds it", || {
        database(home.path()).is_ok() && held(home.path()).is_ok_and(|held| held.len() == 1)
    })
    .await?;
    again.stop().await;
    observed("send", &[Seen::Restart])?;
    local.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unread_and_cursors_agree_on_all_devices_of_a_person() -> anyhow::Result<()> {
    let local = Local::start().await?;
    let memory = |builder: stonechat_client::client::ClientBuilder| builder.store(StoreConfig::in_memory());
    let folder = tempfile::tempdir()?;
    let alice = account_with(&local.url(), &local.token("alice"), "alice", "phone", folder.path(), memory).await?;
    let phone = account_with(&local.url(), &local.token("bob"), "bob", "phone", folder.path(), memory).await?;
    let tablet = account_with(&local.url(), &local.token("bob"), "bob", "tablet", folder.path(), memory).await?;
    for account in [&alice, &phone, &tablet] {
        online(account).await?;
    }
    let to_bob = alice.conversation_with(&user("bob"));
    for i in 0..5 {
        to_bob.send(Text::new(format!("{i}"))).await?.sent().await?;
    }
    until("both devices count five", || [&phone, &tablet].iter().all(|device| device.total_unread().get() == 5))
        .await?;
    phone.conversation_with(&user("alice")).mark_all_read().await?;
    until("both devices count none", || [&phone, &tablet].iter().all(|device| device.total_unread().get() == 0))
        .await?;
    until("alice sees that bob has read", || {
        to_bob.read_marks().get().iter().any(|mark| mark.user == user("bob") && mark.upto.get() > 0)
    })
    .await?;
    // Cursors are stored within a second.
    let newest = to_bob.summary().map(|summary| summary.head_seq).context("it is there")?;
    let mut readers = Vec::new();
    for _ in 0..40 {
        readers = to_bob.readers(newest, true).await?;
        if !readers.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    ensure!(readers.len() == 1 && readers[0].user == user("bob"), "{readers:?}");
    ensure!(to_bob.readers(newest, false).await?.is_empty());
    observed("readers", &[Seen::Second])?;
    for account in [&alice, &phone, &tablet] {
        account.stop().await;
    }
    observed("read_cursor", &[Seen::Second])?;
    observed("read_receipts", &[Seen::Second])?;
    local.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_is_signed_out_ends_at_once() -> anyhow::Result<()> {
    let local = Local::start().await?;
    let folder = tempfile::tempdir()?;
    let phone = account(&local.url(), &local.token("alice"), "alice", "phone", folder.path()).await?;
    let lost = account(&local.url(), &local.token("alice"), "alice", "lost", folder.path()).await?;
    online(&phone).await?;
    online(&lost).await?;
    phone.revoke_device(&DeviceId::new("lost")?).await?;
    until("the lost device has ended", || {
        matches!(lost.connection().get(), ConnectionState::Ended(EndReason::Auth(AuthError::Revoked)))
    })
    .await?;
    ensure!(phone.devices().await?.iter().any(|device| device.id.as_str() == "lost" && device.revoked));
    phone.stop().await;
    observed("devices", &[Seen::Second])?;
    local.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_keeps_its_members_in_step() -> anyhow::Result<()> {
    let local = Local::start().await?;
    let folder = tempfile::tempdir()?;
    let mut people = Vec::new();
    for name in ["alice", "bob", "carol"] {
        let account = account(&local.url(), &local.token(name), name, "phone", &folder.path().join(name)).await?;
        online(&account).await?;
        people.push(account);
    }
    let [alice, bob, carol] = &people[..] else { unreachable!() };
    let group = alice.create_group("Ops", &[user("bob")]).await?;
    group.send(Text::new("before carol")).await?.sent().await?;
    group.add_members(&[user("carol")]).await?;
    group.send(Text::new("hello carol")).await?.sent().await?;
    let preview = |account: &Account| {
        let list = account.conversations().now();
        list.iter().find(|summary| summary.id == group.id()).and_then(|s| s.preview.as_ref().map(|p| p.text.clone()))
    };
    until("all see the last message", || {
        [alice, bob, carol].iter().all(|account| preview(account).as_deref() == Some("hello carol"))
    })
    .await?;
    let unread = |account: &Account| {
        account.conversations().now().iter().find(|summary| summary.id == group.id()).map(|summary| summary.unread)
    };
    ensure!((unread(bob), unread(carol)) == (Some(2), Some(1)), "{:?}", (unread(bob), unread(carol)));
    group.remove_member(&user("bob")).await?;
    until("bob is out", || {
        let list = bob.conversations().now();
        list.iter().find(|summary| summary.id == group.id()).is_none_or(|summary| !summary.member)
    })
    .await?;
    let refused = bob.conversation(&group.id()).send(Text::new("late")).await?;
    ensure!(matches!(refused.done().await, SendState::Failed(_)), "a removed member cannot send");
    for account in &people {
        account.stop().await;
    }
    observed("group_members", &[Seen::Second])?;
    local.stop().await;
    Ok(())
}
