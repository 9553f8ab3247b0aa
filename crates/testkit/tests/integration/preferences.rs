//! What a user prefers in a conversation is so on all of his devices: on those that look, on one that was offline, and
//! after restarts of the server and of the app; and it is asked for without a connection.

use anyhow::{Context as _, ensure};
use std::path::Path;
use stonechat_client::account::Account;
use stonechat_client::preferences::{FOR_GOOD, Preferences};
use stonechat_client::send::Text;
use stonechat_client::state::TimelineItemKind;
use stonechat_client::timeline::TimelineOptions;
use stonechat_testkit::local::Local;
use stonechat_testkit::observed::{Seen, observed};
use stonechat_testkit::people::{PATIENCE, account, until, user};
use stonechat_types::id::ConversationId;
use stonechat_types::text::Tag;

async fn online(local: &Local, name: &str, device: &str, home: &Path) -> anyhow::Result<Account> {
    let account = account(&local.url(), &local.token(name), name, device, home).await?;
    account.start().await?;
    account.online(PATIENCE).await.context("the device comes online")?;
    Ok(account)
}

fn preferences(account: &Account, id: ConversationId) -> Preferences {
    account.conversation(&id).summary().map(|summary| (*summary.preferences).clone()).unwrap_or_default()
}

async fn prefers(account: &Account, id: ConversationId, what: impl Fn(&Preferences) -> bool) -> anyhow::Result<()> {
    let is_so = || what(&preferences(account, id));
    until("a device knows what is preferred", is_so).await.with_context(|| format!("{:?}", preferences(account, id)))
}

fn listed(account: &Account) -> Vec<ConversationId> {
    account.conversations().now().iter().map(|summary| summary.id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_user_prefers_is_so_on_all_of_his_devices() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let homes: Vec<_> = (0..4).map(|_| tempfile::tempdir()).collect::<Result<_, _>>()?;
    let phone = online(&local, "alice", "phone", homes[0].path()).await?;
    let tablet = online(&local, "alice", "tablet", homes[1].path()).await?;
    let bob = online(&local, "bob", "phone", homes[2].path()).await?;
    let with_bob = phone.conversation_with(&user("bob")).send(Text::new("hi")).await?.sent().await?.conversation;
    let with_carol = phone.conversation_with(&user("carol")).send(Text::new("hi")).await?.sent().await?.conversation;
    for device in [&phone, &tablet] {
        until("the last stands first", || listed(device) == [with_carol, with_bob]).await?;
    }
    tablet.stop().await;
    drop(tablet);
    phone.stop().await;
    drop(phone);

    // Without a connection: shown at once, after a kill of the app as well, and carried out later.
    let phone = account(&local.url(), &local.token("alice"), "alice", "phone", homes[0].path()).await?;
    let here = phone.conversation(&with_bob);
    here.pin(true).await?;
    here.mute_until(Some(FOR_GOOD)).await?;
    here.save_draft("half a", None).await?;
    let work = Tag::new("Work")?;
    here.set_folders(std::slice::from_ref(&work)).await?;
    here.set_fields([("color".to_owned(), Some("red".to_owned()))].into()).await?;
    ensure!(listed(&phone) == [with_bob, with_carol], "what is pinned stands first: {:?}", listed(&phone));
    drop((phone, here));
    let phone = account(&local.url(), &local.token("alice"), "alice", "phone", homes[0].path()).await?;
    let is_so = |it: &Preferences| {
        let draft = it.draft.as_ref().is_some_and(|draft| &*draft.text == "half a");
        let colour = it.fields.iter().eq([("color", "red")]);
        it.pinned_at.is_some() && it.muted_until == Some(FOR_GOOD) && draft && it.folders == [work.clone()] && colour
    };
    ensure!(is_so(&preferences(&phone, with_bob)), "{:?}", preferences(&phone, with_bob));
    phone.start().await?;
    phone.online(PATIENCE).await?;
    let tablet = online(&local, "alice", "tablet", homes[1].path()).await?;
    prefers(&tablet, with_bob, is_so).await.context("on the device that was offline")?;
    until("what is pinned stands first there", || listed(&tablet) == [with_bob, with_carol]).await?;
    ensure!(preferences(&bob, with_bob) == Preferences::default(), "nobody else hears of it");

    // What is muted does not count; what is marked is shown as unread.
    bob.conversation(&with_bob).send(Text::new("there?")).await?.sent().await?;
    let unread = |account: &Account| account.conversation(&with_bob).summary().map(|it| it.unread);
    until("it is unread", || unread(&tablet) == Some(1)).await?;
    ensure!(tablet.total_unread().get() == 0, "{}", tablet.total_unread().get());
    tablet.conversation(&with_bob).mute_until(None).await?;
    until("it counts again", || tablet.total_unread().get() == 1 && phone.total_unread().get() == 1).await?;
    tablet.conversation(&with_carol).mark_unread(true).await?;
    prefers(&phone, with_carol, |it| it.marked_unread).await?;
    tablet.conversation(&with_carol).archive(true).await?;
    prefers(&phone, with_carol, |it| it.archived).await?;

    // Cleared and deleted, for one alone; the next message brings it back without what was before.
    phone.conversation(&with_bob).delete().await?.done().await?;
    for device in [&phone, &tablet] {
        until("it is not listed", || listed(device) == [with_carol]).await?;
        until("and nothing of it is unread", || device.total_unread().get() == 0).await?;
    }
    ensure!(listed(&bob) == [with_bob]);
    local.restart().await?;
    let fresh = online(&local, "alice", "laptop", homes[3].path()).await?;
    until("a new device does not list it either", || listed(&fresh) == [with_carol]).await?;
    bob.online(PATIENCE).await?;
    bob.conversation(&with_bob).send(Text::new("again")).await?.sent().await?;
    for device in [&phone, &tablet, &fresh] {
        until("it is back", || listed(device).contains(&with_bob)).await?;
        let timeline = device.conversation(&with_bob).timeline(TimelineOptions::default()).await?;
        let texts = || {
            let items = timeline.items();
            let texts = items.iter().filter_map(|item| match &item.kind {
                TimelineItemKind::Message(item) => Some(item.message.content.words().to_owned()),
                _ => None,
            });
            texts.collect::<Vec<_>>()
        };
        until("without what was before", || texts() == ["again"]).await.with_context(|| format!("{:?}", texts()))?;
    }
    for account in [phone, tablet, bob, fresh] {
        account.stop().await;
    }
    observed("pin", &Seen::ALL)?;
    observed("mute", &Seen::ALL)?;
    observed("draft", &Seen::ALL)?;
    observed("folders", &Seen::ALL)?;
    observed("conversation_fields", &Seen::ALL)?;
    observed("mark_unread", &[Seen::Second])?;
    observed("archive", &[Seen::Second])?;
    observed("clear", &[Seen::Second, Seen::Restart])?;
    observed("delete_conversation", &[Seen::Second, Seen::Restart])?;
    local.stop().await;
    Ok(())
}
