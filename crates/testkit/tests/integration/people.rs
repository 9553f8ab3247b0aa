//! Profiles, contacts and blocks against the real server: seen on a second device, on one that was away, and after a
//! restart of the server.

use anyhow::{Context as _, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use stonechat_client::account::Account;
use stonechat_client::people::{ProfileChange, Relation, Remarks, WhoMayAdd, WhoMayMessage};
use stonechat_client::send::Text;
use stonechat_client::state::SendState;
use stonechat_testkit::local::Local;
use stonechat_testkit::observed::{Seen, observed};
use stonechat_testkit::people::{PATIENCE, account, until, user};
use stonechat_types::id::Username;

async fn device(local: &Local, name: &str, device: &str, folder: &Path) -> anyhow::Result<Account> {
    let account = account(&local.url(), &local.token(name), name, device, &folder.join(name).join(device)).await?;
    account.start().await?;
    account.online(PATIENCE).await.context("the device comes online")?;
    Ok(account)
}

fn relation(account: &Account, name: &str) -> Option<Arc<Relation>> {
    account.relation_with(&user(name))
}

/// The code with which a message to somebody is refused; `None` when it is sent.
async fn refusal(account: &Account, to: &str) -> anyhow::Result<Option<String>> {
    let handle = account.conversation_with(&user(to)).send(Text::new("hello")).await?;
    match tokio::time::timeout(PATIENCE, handle.done()).await? {
        SendState::Failed(failure) => Ok(Some(failure.code)),
        SendState::Sent(_) => Ok(None),
        state => anyhow::bail!("a message is done and {state:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contacts_are_the_same_on_every_device_of_both() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let folder = tempfile::tempdir()?;
    let phone = device(&local, "alice", "phone", folder.path()).await?;
    let tablet = device(&local, "alice", "tablet", folder.path()).await?;
    let away = device(&local, "alice", "away", folder.path()).await?;
    let bob = device(&local, "bob", "phone", folder.path()).await?;
    away.stop().await;
    phone.request_contact(&user("bob"), "We met at the harbour", "").await?;
    until("bob reads the request", || relation(&bob, "alice").is_some_and(|it| it.incoming.is_some())).await?;
    until("the tablet shows it", || relation(&tablet, "bob").is_some_and(|it| it.outgoing.is_some())).await?;
    bob.decline_contact(&user("alice"), "Who are you?").await?;
    until("both devices read why", || {
        [&phone, &tablet].iter().all(|it| {
            relation(it, "bob").and_then(|it| it.declined.clone()).is_some_and(|(why, _)| why == "Who are you?")
        })
    })
    .await?;
    // Both ask at once, and are contacts.
    let (alice, of_bob) = (user("alice"), user("bob"));
    let (one, other) = tokio::join!(phone.request_contact(&of_bob, "", ""), bob.request_contact(&alice, "", ""));
    one.and(other)?;
    until("all are contacts", || {
        relation(&bob, "alice").is_some_and(|it| it.is_contact())
            && [&phone, &tablet].iter().all(|it| relation(it, "bob").is_some_and(|it| it.is_contact()))
    })
    .await?;
    let remarks = Remarks {
        alias: "Bobby".into(),
        tags: BTreeSet::from(["sailing".into()]),
        extension: BTreeMap::from([("crm".into(), "77".into())]),
    };
    tablet.annotate(&user("bob"), remarks.clone()).await?;
    until("the phone shows the alias", || relation(&phone, "bob").is_some_and(|it| it.remarks == remarks)).await?;
    ensure!(relation(&bob, "alice").is_some_and(|it| it.remarks == Remarks::default()), "notes are one's own");
    phone.stop().await;
    // What is stored is shown without a connection, and a restart of the server changes nothing.
    let offline = account(&local.url(), "none", "alice", "phone", &folder.path().join("alice/phone")).await?;
    ensure!(relation(&offline, "bob").is_some_and(|it| it.is_contact() && it.remarks == remarks));
    offline.stop().await;
    local.restart().await?;
    let late = device(&local, "alice", "laptop", folder.path()).await?;
    let back = device(&local, "alice", "away", folder.path()).await?;
    until("a new device and one that was away know them", || {
        [&late, &back].iter().all(|it| relation(it, "bob").is_some_and(|it| it.is_contact() && it.remarks == remarks))
    })
    .await?;
    bob.online(PATIENCE).await?;
    bob.remove_contact(&user("alice")).await?;
    until("it ends for both", || {
        [&late, &back, &tablet].iter().all(|it| relation(it, "bob").is_some_and(|it| !it.is_contact()))
    })
    .await?;
    for account in [tablet, bob, late, back] {
        account.stop().await;
    }
    observed("contacts", &Seen::ALL)?;
    observed("contact_remarks", &Seen::ALL)?;
    local.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_blocked_does_not_get_through() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let folder = tempfile::tempdir()?;
    let alice = device(&local, "alice", "phone", folder.path()).await?;
    let bob = device(&local, "bob", "phone", folder.path()).await?;
    let tablet = device(&local, "bob", "tablet", folder.path()).await?;
    ensure!(refusal(&alice, "bob").await?.is_none());
    bob.block(&user("alice")).await?;
    until("the tablet shows the block", || relation(&tablet, "alice").is_some_and(|it| it.is_blocked())).await?;
    ensure!(refusal(&alice, "bob").await?.as_deref() == Some("recipient_unavailable"));
    local.restart().await?;
    for account in [&alice, &bob, &tablet] {
        account.online(PATIENCE).await?;
    }
    ensure!(refusal(&alice, "bob").await?.as_deref() == Some("recipient_unavailable"));
    ensure!(relation(&alice, "bob").is_none(), "nobody is told that he is blocked");
    let late = device(&local, "bob", "laptop", folder.path()).await?;
    until("a new device knows of the block", || relation(&late, "alice").is_some_and(|it| it.is_blocked())).await?;
    late.unblock(&user("alice")).await?;
    ensure!(refusal(&alice, "bob").await?.is_none());
    let contacts_only = ProfileChange { who_may_message: Some(WhoMayMessage::Contacts), ..ProfileChange::default() };
    bob.set_profile(contacts_only).await?;
    ensure!(refusal(&alice, "bob").await?.as_deref() == Some("recipient_unavailable"));
    for account in [alice, bob, tablet, late] {
        account.stop().await;
    }
    observed("blocks", &[Seen::Second, Seen::Restart])?;
    observed("who_may", &[Seen::Second])?;
    local.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_profile_is_found_by_others_and_shown_on_every_own_device() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let folder = tempfile::tempdir()?;
    let phone = device(&local, "alice", "phone", folder.path()).await?;
    let tablet = device(&local, "alice", "tablet", folder.path()).await?;
    let bob = device(&local, "bob", "phone", folder.path()).await?;
    let change = ProfileChange {
        display_name: Some("Alice Moreau".into()),
        username: Some("alice.m".into()),
        avatar: Some("https://example.org/alice.png".into()),
        public_fields: BTreeMap::from([("city".into(), Some("Utrecht".into()))]),
        private_fields: BTreeMap::from([("theme".into(), Some("dark".into()))]),
        who_may_add: Some(WhoMayAdd::Question),
        question: Some("What is my dog called?".into()),
        ..ProfileChange::default()
    };
    let own = phone.set_profile(change).await?;
    ensure!(own.private_fields["theme"] == "dark" && own.who_may_add == WhoMayAdd::Question);
    until("the tablet shows it", || tablet.profile().get().is_some_and(|it| *it == own)).await?;
    let name = Username::new("alice.m")?;
    let found = bob.user_named(&name).await?.context("alice is found by the name that she chose")?;
    ensure!(found == own.user && bob.users(&[user("alice"), user("nobody")]).await? == [found]);
    let taken = ProfileChange { username: Some("alice.m".into()), ..ProfileChange::default() };
    let refused = bob.set_profile(taken.clone()).await.unwrap_err();
    ensure!(refused.server_code() == Some("already_exists"), "{refused:?}");
    let unanswered = bob.request_contact(&user("alice"), "", "").await.unwrap_err();
    ensure!(unanswered.server_code() == Some("invalid_argument"), "{unanswered:?}");
    bob.request_contact(&user("alice"), "", "Rex").await?;
    until("alice reads the answer", || {
        relation(&phone, "bob").and_then(|it| it.incoming.clone()).is_some_and(|it| it.answer == "Rex")
    })
    .await?;
    local.restart().await?;
    let late = device(&local, "alice", "laptop", folder.path()).await?;
    until("a new device shows it", || late.profile().get().is_some_and(|it| *it == own)).await?;
    late.set_profile(ProfileChange { username: Some(String::new()), ..ProfileChange::default() }).await?;
    bob.online(PATIENCE).await?;
    bob.set_profile(taken).await?;
    until("the phone learns of it", || phone.profile().get().is_some_and(|it| it.user.username.is_none())).await?;
    for account in [phone, tablet, bob, late] {
        account.stop().await;
    }
    observed("profile", &[Seen::Second, Seen::Restart])?;
    observed("find_users", &[Seen::Second])?;
    local.stop().await;
    Ok(())
}
