//! Devices by class against the real server: who goes, who is told, and what stays on a device that was signed out.

use anyhow::{Context as _, ensure};
use std::path::Path;
use stonechat_client::account::Account;
use stonechat_client::client::{ClientBuilder, DeviceInfo, Platform};
use stonechat_client::error::AuthError;
use stonechat_client::send::Text;
use stonechat_client::state::{ConnectionState, EndReason, SignOutReason};
use stonechat_domain::device::{DevicePolicies, DevicePolicy};
use stonechat_testkit::local::Local;
use stonechat_testkit::observed::{Seen, observed};
use stonechat_testkit::people::{PATIENCE, account_with, database, until, user};
use stonechat_types::id::DeviceId;

const SECRET: &str = "the harbour at midnight";

/// A device of alice, with the token that she was given at the beginning.
async fn device(
    (local, token): (&Local, &str),
    name: &str,
    platform: Platform,
    folder: &Path,
) -> anyhow::Result<Account> {
    let info = DeviceInfo::new(DeviceId::new(name)?).on(platform);
    let more = |builder: ClientBuilder| builder.device(info);
    account_with(&local.url(), token, "alice", name, &folder.join(name), more).await
}

async fn online(account: &Account) -> anyhow::Result<()> {
    account.start().await?;
    account.online(PATIENCE).await.context("the device comes online")
}

fn ended(account: &Account, why: AuthError) -> bool {
    account.connection().get() == ConnectionState::Ended(EndReason::Auth(why))
}

/// Whether any file below a folder has a text in it.
fn says(folder: &Path, text: &str) -> anyhow::Result<bool> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read(&path)?.windows(text.len()).any(|window| window == text.as_bytes()) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_phone_replaces_the_older_which_keeps_nothing() -> anyhow::Result<()> {
    let policies = DevicePolicies { phone: DevicePolicy::ReplaceOldest, ..DevicePolicies::default() };
    let local = Local::start_with(|settings| settings.apps[0].devices = policies).await?;
    let (folder, token) = (tempfile::tempdir()?, local.token("alice"));
    let old = device((&local, &token), "old", Platform::Phone, folder.path()).await?;
    let desk = device((&local, &token), "desk", Platform::Desktop, folder.path()).await?;
    online(&old).await?;
    online(&desk).await?;
    old.conversation_with(&user("bob")).send(Text::new(SECRET)).await?.sent().await?;
    until("it is stored", || says(&folder.path().join("old"), SECRET).unwrap_or_default()).await?;
    let new = device((&local, &token), "new", Platform::Phone, folder.path()).await?;
    online(&new).await?;
    until("the older one ends", || ended(&old, AuthError::DeviceReplaced)).await?;
    ensure!(old.conversations().now().is_empty(), "it shows nothing any more");
    until("the desktop is told why", || {
        let devices = desk.known_devices().get();
        devices
            .get("old")
            .is_some_and(|it| it.revoked && it.signed_out.is_some_and(|(why, _)| why == SignOutReason::Replaced))
            && devices.get("new").is_some_and(|it| it.platform == Platform::Phone && !it.revoked)
    })
    .await?;
    ensure!(!says(&folder.path().join("old"), SECRET)?, "what it held can still be read from its files");
    ensure!(says(&folder.path().join("desk"), SECRET)?, "the others keep what they have");
    observed("device_policy", &[Seen::Second])?;
    observed("device_events", &[Seen::Second])?;
    for account in [old, desk, new] {
        account.stop().await;
    }
    local.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_leaves_nothing_and_others_are_told() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let (folder, token) = (tempfile::tempdir()?, local.token("alice"));
    let phone = device((&local, &token), "phone", Platform::Phone, folder.path()).await?;
    let tablet = device((&local, &token), "tablet", Platform::Tablet, folder.path()).await?;
    let away = device((&local, &token), "away", Platform::Web, folder.path()).await?;
    for account in [&phone, &tablet, &away] {
        online(account).await?;
    }
    phone.conversation_with(&user("bob")).send(Text::new(SECRET)).await?.sent().await?;
    until("all store it", || {
        ["phone", "tablet", "away"].iter().all(|it| says(&folder.path().join(it), SECRET).unwrap_or_default())
    })
    .await?;
    away.stop().await;
    phone.sign_out().await?;
    ensure!(database(&folder.path().join("phone")).is_err(), "its store is gone");
    until("the tablet is told", || {
        tablet
            .known_devices()
            .get()
            .get("phone")
            .is_some_and(|it| it.revoked && it.signed_out.is_some_and(|(why, _)| why == SignOutReason::User))
    })
    .await?;
    // One that was away when it was signed out, across a restart of the server.
    tablet.revoke_other_devices().await?;
    local.restart().await?;
    let back = device((&local, &token), "away", Platform::Web, folder.path()).await?;
    back.start().await?;
    until("it ends", || ended(&back, AuthError::Revoked)).await?;
    ensure!(back.conversations().now().is_empty(), "it shows nothing any more");
    ensure!(!says(&folder.path().join("away"), SECRET)?, "what it held can still be read from its files");
    observed("sign_out", &Seen::ALL)?;
    for account in [tablet, back] {
        account.stop().await;
    }
    local.stop().await;
    Ok(())
}
