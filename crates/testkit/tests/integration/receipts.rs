//! How far the other is, in a direct conversation: one tick, two, two in colour; and how many of a group have read.

use anyhow::{Context as _, ensure};
use std::path::Path;
use stonechat_client::account::Account;
use stonechat_client::conversation::Conversation;
use stonechat_client::send::Text;
use stonechat_client::state::TimelineItemKind;
use stonechat_client::timeline::TimelineOptions;
use stonechat_testkit::local::Local;
use stonechat_testkit::observed::{Seen, observed};
use stonechat_testkit::people::{PATIENCE, account, until, user};
use stonechat_types::number::Seq;

async fn online(local: &Local, name: &str, device: &str, home: &Path) -> anyhow::Result<Account> {
    let account = account(&local.url(), &local.token(name), name, device, home).await?;
    account.start().await?;
    account.online(PATIENCE).await.context("the device comes online")?;
    Ok(account)
}

/// To how many others a message was delivered, and how many have read it.
async fn ticks(conversation: &Conversation, seq: Seq, expected: (u32, u32)) -> anyhow::Result<()> {
    let timeline = conversation.timeline(TimelineOptions::default()).await?;
    let found = || {
        timeline.items().into_iter().find_map(|item| match &item.kind {
            TimelineItemKind::Message(item) if item.message.id.is_some_and(|id| id.seq == seq) => {
                Some((item.delivered_to, item.read_by))
            }
            _ => None,
        })
    };
    until(&format!("a device shows {expected:?}"), || found() == Some(expected)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ticks_say_what_a_device_of_the_other_has_and_what_he_has_read() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let homes: Vec<_> = (0..4).map(|_| tempfile::tempdir()).collect::<Result<_, _>>()?;
    let alice = online(&local, "alice", "phone", homes[0].path()).await?;
    let tablet = online(&local, "alice", "tablet", homes[1].path()).await?;
    let here = alice.conversation_with(&user("bob"));
    let mark = here.send(Text::new("are you there?")).await?.sent().await?;
    ticks(&tablet.conversation(&mark.conversation), mark.seq, (0, 0)).await?;
    tablet.stop().await;
    drop(tablet);

    // He was offline when it was sent, so nobody told anything; his device says what it fetched.
    let bob = online(&local, "bob", "phone", homes[2].path()).await?;
    ticks(&here, mark.seq, (1, 0)).await?;
    let second = here.send(Text::new("now?")).await?.sent().await?;
    ticks(&here, second.seq, (1, 0)).await?;

    // The server has it stored, and a device that was offline meanwhile is told.
    local.restart().await?;
    let tablet = online(&local, "alice", "tablet", homes[1].path()).await?;
    let on_tablet = tablet.conversation(&mark.conversation);
    ticks(&on_tablet, second.seq, (1, 0)).await?;
    tablet.stop().await;
    drop((tablet, on_tablet));

    // Nothing but the cursor moves now: no event tells the device that was offline.
    alice.online(PATIENCE).await?;
    bob.online(PATIENCE).await?;
    let there = bob.conversation(&mark.conversation);
    until("bob has both", || there.summary().is_some_and(|it| it.head_seq == second.seq)).await?;
    there.mark_read(second.seq).await?;
    ticks(&here, second.seq, (1, 1)).await?;
    local.restart().await?;
    let tablet = online(&local, "alice", "tablet", homes[1].path()).await?;
    ticks(&tablet.conversation(&mark.conversation), second.seq, (1, 1)).await.context("it was offline")?;
    let fresh = online(&local, "alice", "laptop", homes[3].path()).await?;
    ticks(&fresh.conversation(&mark.conversation), second.seq, (1, 1)).await.context("it is new")?;
    alice.stop().await;
    drop((alice, here));
    let again = account(&local.url(), &local.token("alice"), "alice", "phone", homes[0].path()).await?;
    let here = again.conversation(&mark.conversation);
    ticks(&here, second.seq, (1, 1)).await.context("from its own store")?;
    let marks = here.read_marks().get();
    ensure!(marks.len() == 1 && marks[0].upto == second.seq && marks[0].delivered == second.seq, "{marks:?}");
    for account in [again, tablet, bob, fresh] {
        account.stop().await;
    }
    observed("delivered_receipts", &Seen::ALL)?;
    local.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_looks_at_a_group_sees_how_many_have_read_also_what_no_event_told() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let homes: Vec<_> = (0..4).map(|_| tempfile::tempdir()).collect::<Result<_, _>>()?;
    let alice = online(&local, "alice", "phone", homes[0].path()).await?;
    let tablet = online(&local, "alice", "tablet", homes[1].path()).await?;
    let bob = online(&local, "bob", "phone", homes[2].path()).await?;
    let carol = online(&local, "carol", "phone", homes[3].path()).await?;
    let group = alice.create_group("All", &[user("bob"), user("carol")]).await?;
    let mark = group.send(Text::new("who has read this?")).await?.sent().await?;
    for device in [&bob, &carol, &tablet] {
        let here = || device.conversation(&mark.conversation).summary().is_some_and(|it| it.head_seq >= mark.seq);
        until("it is here", here).await?;
    }
    let readers = |device: &Account| device.conversation(&mark.conversation);
    bob.conversation(&mark.conversation).mark_read(mark.seq).await?;
    for device in [&alice, &tablet] {
        ticks(&readers(device), mark.seq, (1, 1)).await.context("it is told as it happens")?;
    }

    // The tablet is away when the next one reads, and nothing is said.
    tablet.stop().await;
    drop(tablet);
    carol.conversation(&mark.conversation).mark_read(mark.seq).await?;
    ticks(&readers(&alice), mark.seq, (2, 2)).await?;
    local.restart().await?;
    let tablet = online(&local, "alice", "tablet", homes[1].path()).await?;
    tablet.focus(&[mark.conversation]).await?;
    ticks(&readers(&tablet), mark.seq, (2, 2)).await.context("it was away")?;
    tablet.stop().await;
    drop(tablet);
    let tablet = account(&local.url(), &local.token("alice"), "alice", "tablet", homes[1].path()).await?;
    ticks(&readers(&tablet), mark.seq, (2, 2)).await.context("from its own store")?;
    for account in [alice, bob, carol, tablet] {
        account.stop().await;
    }
    observed("read_receipts", &Seen::ALL)?;
    local.stop().await;
    Ok(())
}
