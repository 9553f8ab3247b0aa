//! What a user stars, and when he is not to be disturbed, is so on all of his devices: on those that look, on one that was
//! offline, and after restarts of the server and of the app; and it is asked for without a connection.

use anyhow::{Context as _, ensure};
use std::path::Path;
use stonechat_client::account::Account;
use stonechat_client::quiet::{Days, FOR_GOOD, QuietHours, Window, Zone};
use stonechat_client::send::Text;
use stonechat_client::state::TimelineItemKind;
use stonechat_client::timeline::TimelineOptions;
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

/// What the list of starred messages says.
async fn starred(account: &Account) -> anyhow::Result<Vec<String>> {
    let all = account.starred(None, 0).await?;
    let says = |it: &stonechat_client::stars::StarredMessage| {
        it.message.as_ref().map_or("(not here)".to_owned(), |message| message.content.words().to_owned())
    };
    Ok(all.iter().map(says).collect())
}

async fn lists(account: &Account, wanted: &[&str]) -> anyhow::Result<()> {
    let mut last = Vec::new();
    let patience = tokio::time::timeout(PATIENCE, async {
        loop {
            last = starred(account).await?;
            if last == wanted {
                return anyhow::Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    });
    patience.await.with_context(|| format!("{wanted:?} are wanted"))?
}

async fn shows_stars(account: &Account, id: ConversationId, wanted: &[Seq]) -> anyhow::Result<()> {
    let timeline = account.conversation(&id).timeline(TimelineOptions::default()).await?;
    let stars = || {
        let items = timeline.items();
        let starred = items.iter().filter_map(|item| match &item.kind {
            TimelineItemKind::Message(item) if item.starred => item.message.id.map(|id| id.seq),
            _ => None,
        });
        starred.collect::<Vec<_>>()
    };
    until("a timeline shows the stars", || stars() == wanted).await.with_context(|| format!("{:?}", stars()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stars_are_the_same_on_all_devices_of_a_user_and_go_with_their_messages() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let homes: Vec<_> = (0..4).map(|_| tempfile::tempdir()).collect::<Result<_, _>>()?;
    let phone = online(&local, "alice", "phone", homes[0].path()).await?;
    let tablet = online(&local, "alice", "tablet", homes[1].path()).await?;
    let bob = online(&local, "bob", "phone", homes[2].path()).await?;
    let to_alice = bob.conversation_with(&user("alice"));
    let mut marks = Vec::new();
    for text in ["one", "two", "three"] {
        marks.push(to_alice.send(Text::new(text)).await?.sent().await?);
    }
    let id = marks[0].conversation;
    let seqs: Vec<_> = marks.iter().map(|mark| mark.seq).collect();
    for device in [&phone, &tablet] {
        until("it is here", || device.conversation(&id).summary().is_some_and(|it| it.head_seq >= seqs[2])).await?;
    }
    tablet.stop().await;
    drop(tablet);

    // Without a connection: shown and listed at once, after a kill of the app as well.
    phone.stop().await;
    drop(phone);
    let phone = account(&local.url(), &local.token("alice"), "alice", "phone", homes[0].path()).await?;
    phone.conversation(&id).star(&[seqs[2]], true).await?;
    phone.conversation(&id).star(&[seqs[0], seqs[1]], true).await?;
    phone.conversation(&id).star(&[seqs[1]], false).await?;
    shows_stars(&phone, id, &[seqs[0], seqs[2]]).await?;
    ensure!(starred(&phone).await?.len() == 2);
    drop(phone);
    let phone = account(&local.url(), &local.token("alice"), "alice", "phone", homes[0].path()).await?;
    shows_stars(&phone, id, &[seqs[0], seqs[2]]).await?;
    phone.start().await?;
    phone.online(PATIENCE).await?;
    until("nothing waits", || phone.conversation(&id).summary().is_some_and(|it| it.starred.holds(seqs[0]))).await?;
    let tablet = online(&local, "alice", "tablet", homes[1].path()).await?;
    for device in [&phone, &tablet] {
        shows_stars(device, id, &[seqs[0], seqs[2]]).await?;
        let mut both = starred(device).await?;
        both.sort_unstable();
        ensure!(both == ["one", "three"], "{both:?}");
    }
    tablet.conversation(&id).star(&[seqs[1]], true).await?.done().await?;
    shows_stars(&phone, id, &seqs).await?;
    shows_stars(&bob, id, &[]).await.context("nobody else sees them")?;

    // What is recalled, and what is removed, is starred no more.
    to_alice.recall(seqs[0]).await?.done().await?;
    for device in [&phone, &tablet] {
        lists(device, &["two", "three"]).await?;
    }
    phone.conversation(&id).delete_for_me(&[seqs[2]]).await?.done().await?;
    for device in [&phone, &tablet] {
        lists(device, &["two"]).await?;
    }
    local.restart().await?;
    let fresh = online(&local, "alice", "laptop", homes[3].path()).await?;
    lists(&fresh, &["two"]).await?;
    shows_stars(&fresh, id, &[seqs[1]]).await?;
    phone.online(PATIENCE).await?;
    phone.conversation(&id).clear_history().await?.done().await?;
    for device in [&phone, &fresh] {
        lists(device, &[]).await?;
    }
    for account in [phone, tablet, bob, fresh] {
        account.stop().await;
    }
    observed("star", &Seen::ALL)?;
    local.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quiet_times_are_the_same_on_all_devices_of_a_user() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let homes: Vec<_> = (0..3).map(|_| tempfile::tempdir()).collect::<Result<_, _>>()?;
    let phone = online(&local, "alice", "phone", homes[0].path()).await?;
    let tablet = online(&local, "alice", "tablet", homes[1].path()).await?;
    ensure!(!phone.is_quiet());
    phone.stop().await;
    drop(phone);
    let phone = account(&local.url(), &local.token("alice"), "alice", "phone", homes[0].path()).await?;
    let window = Window::new(Days::new(0b0001).context("days")?, 60, 120).context("a window")?;
    let zone = Zone::new(Some("Europe/Berlin"), 60, Vec::new()).context("a zone")?;
    let hours = QuietHours::new(vec![window], zone).context("hours")?;
    phone.set_quiet_hours(&hours).await?;
    phone.pause_until(Some(FOR_GOOD)).await?;
    ensure!(phone.is_quiet(), "at once, without a connection");
    drop(phone);
    let phone = account(&local.url(), &local.token("alice"), "alice", "phone", homes[0].path()).await?;
    ensure!(phone.is_quiet() && phone.quiet().get().hours == hours, "and after a kill of the app");
    phone.start().await?;
    phone.online(PATIENCE).await?;
    until("the other device hears of it", || tablet.is_quiet() && tablet.quiet().get().hours == hours).await?;
    tablet.stop().await;
    drop(tablet);
    local.restart().await?;
    phone.online(PATIENCE).await?;
    phone.pause_until(None).await?.done().await?;
    ensure!(phone.quiet().get().paused_until.is_none());
    let tablet = online(&local, "alice", "tablet", homes[1].path()).await?;
    let fresh = online(&local, "alice", "laptop", homes[2].path()).await?;
    for device in [&tablet, &fresh] {
        let is_so = || device.quiet().get().paused_until.is_none() && device.quiet().get().hours == hours;
        until("a device that was offline, and a new one", is_so).await?;
    }
    for account in [phone, tablet, fresh] {
        account.stop().await;
    }
    observed("quiet", &Seen::ALL)?;
    local.stop().await;
    Ok(())
}
