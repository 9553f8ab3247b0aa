//! Presence against the real server: who watches is told at once, also after a restart of the server; what a user says of
//! himself and who is shown what is so on all of his devices; privacy and blocks hold live.

use anyhow::{Context as _, ensure};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use stonechat_client::account::Account;
use stonechat_client::client::{DeviceInfo, Platform};
use stonechat_client::presence::{Availability, CustomStatus, Presence, PresenceChange, PresenceSettings, WhoMaySee};
use stonechat_testkit::local::Local;
use stonechat_testkit::observed::{Seen, observed};
use stonechat_testkit::people::{PATIENCE, account, account_with, until, user};
use stonechat_types::id::DeviceId;

async fn device(local: &Local, name: &str, device: &str, folder: &Path) -> anyhow::Result<Account> {
    let account = account(&local.url(), &local.token(name), name, device, &folder.join(name).join(device)).await?;
    account.start().await?;
    account.online(PATIENCE).await.context("the device comes online")?;
    Ok(account)
}

fn of(account: &Account, name: &str) -> Option<Arc<Presence>> {
    account.presence_of(&user(name))
}

async fn sees(who: &[&Account], name: &str, what: impl Fn(&Presence) -> bool) -> anyhow::Result<()> {
    let all = || who.iter().all(|account| of(account, name).is_some_and(|it| what(&it)));
    until("everybody sees it", all)
        .await
        .with_context(|| format!("{:?}", who.iter().map(|it| of(it, name)).collect::<Vec<_>>()))
}

async fn has(who: &[&Account], settings: &PresenceSettings) -> anyhow::Result<()> {
    let all = || who.iter().all(|account| account.presence_settings().get().as_deref() == Some(settings));
    until("every device has the settings", all).await
}

fn lunch() -> CustomStatus {
    CustomStatus { emoji: "🥪".into(), text: "at lunch".into(), until: None }
}

fn says(status: CustomStatus) -> PresenceChange {
    PresenceChange { status: Some(status), ..PresenceChange::default() }
}

use Availability::{Away, Offline, Online};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_there_is_seen_on_every_device_and_after_a_restart() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let folder = tempfile::tempdir()?;
    let phone = device(&local, "alice", "phone", folder.path()).await?;
    let tablet = device(&local, "alice", "tablet", folder.path()).await?;
    for name in ["bob", "carol"] {
        device(&local, name, "first", folder.path()).await?.stop().await;
    }
    for account in [&phone, &tablet] {
        account.watch_presence(&[user("bob"), user("carol"), user("nobody")]).await?;
        ensure!(of(account, "bob").is_some() && of(account, "nobody").is_none(), "the answer says how it is");
    }
    let mac = account_with(&local.url(), &local.token("bob"), "bob", "mac", &folder.path().join("mac"), |builder| {
        builder.device(DeviceInfo::new(DeviceId::new("mac").unwrap()).on(Platform::Desktop))
    })
    .await?;
    mac.start().await?;
    mac.online(PATIENCE).await?;
    let both = [&phone, &tablet];
    sees(&both, "bob", |it| it.availability == Online && it.platforms.contains(&Platform::Desktop)).await?;
    // Both had been there a moment ago, and only one of them came back.
    sees(&both, "carol", |it| it.availability == Offline && it.last_seen.is_some()).await?;
    sees(&both, "bob", |it| it.availability == Online && it.platforms == [Platform::Desktop]).await?;
    mac.set_away(true).await?;
    sees(&both, "bob", |it| it.availability == Away).await?;
    mac.set_presence(says(lunch())).await?;
    sees(&both, "bob", |it| it.status == Some(lunch())).await?;
    let short = CustomStatus { until: Some(stonechat_types::number::Timestamp(i64::MAX / 2)), ..lunch() };
    mac.set_presence(says(short.clone())).await?;
    sees(&both, "bob", |it| it.status == Some(short.clone())).await?;
    let seen = of(&phone, "carol").and_then(|it| it.last_seen);
    tablet.stop().await;
    local.restart().await?;
    // They watch again by themselves, and bob is still away.
    sees(&[&phone], "bob", |it| it.availability == Away && it.status == Some(short.clone())).await?;
    sees(&[&phone], "carol", |it| it.availability == Offline && it.last_seen == seen).await?;
    // A device that was offline meanwhile is told how it is now.
    let tablet = device(&local, "alice", "tablet", folder.path()).await?;
    tablet.watch_presence(&[user("bob"), user("carol")]).await?;
    sees(&[&tablet], "bob", |it| it.availability == Away && it.status == Some(short.clone())).await?;
    sees(&[&tablet], "carol", |it| it.last_seen == seen).await?;
    phone.watch_presence(&[]).await?;
    ensure!(phone.presences().get().is_empty());
    mac.stop().await;
    sees(&[&tablet], "bob", |it| it.availability == Offline && it.last_seen.is_some()).await?;
    ensure!(phone.presences().get().is_empty(), "who watches nobody is told nothing");
    for account in [phone, tablet] {
        account.stop().await;
    }
    observed("presence", &Seen::ALL)?;
    local.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_says_of_oneself_and_who_sees_it_is_so_on_all_devices() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let folder = tempfile::tempdir()?;
    let phone = device(&local, "bob", "phone", folder.path()).await?;
    let tablet = device(&local, "bob", "tablet", folder.path()).await?;
    let away = device(&local, "bob", "away", folder.path()).await?;
    let alice = device(&local, "alice", "phone", folder.path()).await?;
    away.stop().await;
    alice.watch_presence(&[user("bob")]).await?;
    let change = PresenceChange {
        status: Some(lunch()),
        who_may_see: Some(WhoMaySee::Contacts),
        who_may_see_last_seen: Some(WhoMaySee::Nobody),
        ..PresenceChange::default()
    };
    let settings = phone.set_presence(change).await?;
    ensure!(settings.status == Some(lunch()) && settings.who_may_see == WhoMaySee::Contacts && !settings.invisible);
    has(&[&phone, &tablet], &settings).await?;
    sees(&[&alice], "bob", |it| it.availability == Offline && it.status.is_none()).await?;
    alice.request_contact(&user("bob"), "", "").await?;
    tablet.request_contact(&user("alice"), "", "").await?;
    sees(&[&alice], "bob", |it| it.availability == Online && it.status == Some(lunch())).await?;
    tablet.block(&user("alice")).await?;
    sees(&[&alice], "bob", |it| it.availability == Offline && it.status.is_none()).await?;
    ensure!(alice.fetch_presence(&[user("bob")]).await?[0].status.is_none());
    tablet.unblock(&user("alice")).await?;
    sees(&[&alice], "bob", |it| it.availability == Online).await?;
    let hidden = tablet.set_presence(PresenceChange { invisible: Some(true), ..PresenceChange::default() }).await?;
    has(&[&phone, &tablet], &hidden).await?;
    sees(&[&alice], "bob", |it| it.availability == Offline && it.last_seen.is_none()).await?;
    phone.stop().await;
    // What is stored is shown without a connection, and a restart of the server changes nothing.
    let offline = account(&local.url(), "none", "bob", "phone", &folder.path().join("bob/phone")).await?;
    has(&[&offline], &hidden).await?;
    offline.stop().await;
    local.restart().await?;
    let late = device(&local, "bob", "laptop", folder.path()).await?;
    let back = device(&local, "bob", "away", folder.path()).await?;
    has(&[&late, &back], &hidden).await?;
    sees(&[&alice], "bob", |it| it.availability == Offline).await?;
    tokio::time::timeout(Duration::from_secs(30), late.set_presence(says(CustomStatus::default()))).await??;
    until("it is taken back everywhere", || {
        [&late, &back, &tablet].iter().all(|it| it.presence_settings().get().is_some_and(|it| it.status.is_none()))
    })
    .await?;
    for account in [tablet, alice, late, back] {
        account.stop().await;
    }
    observed("presence_settings", &Seen::ALL)?;
    local.stop().await;
    Ok(())
}
