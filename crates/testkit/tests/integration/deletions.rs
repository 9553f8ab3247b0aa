//! What a user removes for himself is gone on all of his devices: on those that look, on one that was offline, and after
//! restarts of the server and of the app. Nothing brings it back, and others see it still.

use anyhow::{Context as _, ensure};
use std::path::Path;
use stonechat_client::account::Account;
use stonechat_client::search::Search;
use stonechat_client::send::Text;
use stonechat_client::state::TimelineItemKind;
use stonechat_client::timeline::{Timeline, TimelineOptions};
use stonechat_testkit::local::Local;
use stonechat_testkit::observed::{Seen, observed};
use stonechat_testkit::people::{PATIENCE, account, until, user};
use stonechat_types::id::ConversationId;
use stonechat_types::number::Seq;

async fn online(local: &Local, name: &str, device: &str, home: &Path) -> anyhow::Result<Account> {
    let account = account(&local.url(), &local.token(name), name, device, home).await?;
    account.start().await?;
    account.online(PATIENCE).await.context("the device comes online")?;
    Ok(account)
}

fn texts(timeline: &Timeline) -> Vec<String> {
    let items = timeline.items();
    let texts = items.iter().filter_map(|item| match &item.kind {
        TimelineItemKind::Message(item) => Some(item.message.content.words().to_owned()),
        _ => None,
    });
    texts.collect()
}

/// A timeline, once it shows these.
async fn shows(account: &Account, id: ConversationId, wanted: &[&str]) -> anyhow::Result<Timeline> {
    let timeline = account.conversation(&id).timeline(TimelineOptions::default()).await?;
    let is_so = || texts(&timeline) == wanted;
    until("a device shows what is left", is_so).await.with_context(|| format!("{:?}", texts(&timeline)))?;
    Ok(timeline)
}

fn listed(account: &Account, id: ConversationId) -> Option<(u64, Option<String>)> {
    let summary = account.conversation(&id).summary()?;
    Some((summary.unread, summary.preview.as_ref().map(|preview| preview.text.clone())))
}

async fn found(account: &Account, text: &str) -> anyhow::Result<usize> {
    Ok(account.search(Search { text: text.to_owned(), ..Search::default() }).await?.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_user_removes_for_himself_is_gone_on_all_of_his_devices() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let homes: Vec<_> = (0..4).map(|_| tempfile::tempdir()).collect::<Result<_, _>>()?;
    let phone = online(&local, "alice", "phone", homes[0].path()).await?;
    let tablet = online(&local, "alice", "tablet", homes[1].path()).await?;
    let bob = online(&local, "bob", "phone", homes[2].path()).await?;
    let to_alice = bob.conversation_with(&user("alice"));
    let mut seqs: Vec<Seq> = Vec::new();
    let mut id = None;
    for text in ["one secret", "two secret", "three", "four secret"] {
        let mark = to_alice.send(Text::new(text)).await?.sent().await?;
        seqs.push(mark.seq);
        id = Some(mark.conversation);
    }
    let id = id.context("a conversation")?;
    let all = ["one secret", "two secret", "three", "four secret"];
    for device in [&phone, &tablet] {
        shows(device, id, &all).await?;
        until("all of it is unread", || listed(device, id) == Some((4, Some("four secret".into())))).await?;
    }
    tablet.stop().await;
    drop(tablet);

    // Without a connection: gone at once, after a kill of the app as well, and carried out later.
    phone.stop().await;
    drop(phone);
    let phone = account(&local.url(), &local.token("alice"), "alice", "phone", homes[0].path()).await?;
    let here = phone.conversation(&id);
    let pending = here.delete_for_me(&[seqs[1], seqs[3]]).await?;
    shows(&phone, id, &["one secret", "three"]).await?;
    let told = listed(&phone, id);
    ensure!(told.as_ref().is_some_and(|(_, preview)| preview.is_none()), "{told:?}");
    ensure!(found(&phone, "secret").await? == 1 && found(&phone, "three").await? == 1);
    drop((phone, here, pending));
    let phone = account(&local.url(), &local.token("alice"), "alice", "phone", homes[0].path()).await?;
    let open = shows(&phone, id, &["one secret", "three"]).await?;
    phone.start().await?;
    phone.online(PATIENCE).await?;
    let left = Some((2, Some("three".into())));
    until("the badge and the preview are without it", || listed(&phone, id) == left).await?;

    // A device that was offline, and one that looked on.
    let tablet = online(&local, "alice", "tablet", homes[1].path()).await?;
    shows(&tablet, id, &["one secret", "three"]).await?;
    until("as on the device that was offline", || listed(&tablet, id) == left).await?;
    until("with the total", || tablet.total_unread().get() == 2 && phone.total_unread().get() == 2).await?;
    ensure!(found(&tablet, "secret").await? == 1);

    // An edit, a reaction and what is said next bring nothing back.
    to_alice.edit(seqs[1], Text::new("two secrets")).await?.done().await?;
    to_alice.react(seqs[3], "👍").await?.done().await?;
    let fifth = to_alice.send(Text::new("five")).await?.sent().await?.seq;
    for device in [&phone, &tablet] {
        shows(device, id, &["one secret", "three", "five"]).await?;
        until("one more is unread", || listed(device, id) == Some((3, Some("five".into())))).await?;
    }
    tablet.conversation(&id).delete_for_me(&[fifth]).await?.done().await?;
    for device in [&phone, &tablet] {
        shows(device, id, &["one secret", "three"]).await?;
        until("one less is unread", || listed(device, id) == left)
            .await
            .with_context(|| format!("{:?}", listed(device, id)))?;
    }
    ensure!(texts(&open) == ["one secret", "three"], "{:?}", texts(&open));
    drop(open);
    shows(&bob, id, &["one secret", "two secrets", "three", "four secret", "five"])
        .await
        .context("the other sees it")?;
    local.restart().await?;
    let fresh = online(&local, "alice", "laptop", homes[3].path()).await?;
    until("a new device does not list it", || listed(&fresh, id) == left).await?;
    shows(&fresh, id, &["one secret", "three"]).await?;
    let history = fresh.conversation(&id).fetch_history(None, 0).await?;
    ensure!(history.messages.len() == 2 && !history.more_before, "{history:?}");

    // What is cleared is not found any more either.
    phone.online(PATIENCE).await?;
    phone.conversation(&id).clear_history().await?.done().await?;
    for device in [&phone, &fresh] {
        shows(device, id, &[]).await?;
        until("nothing of it is unread", || listed(device, id) == Some((0, None))).await?;
        ensure!(found(device, "secret").await? == 0);
    }
    for account in [phone, tablet, bob, fresh] {
        account.stop().await;
    }
    observed("delete_for_me", &Seen::ALL)?;
    local.stop().await;
    Ok(())
}
