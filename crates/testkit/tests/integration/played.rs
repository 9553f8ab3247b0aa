//! Voice messages that are played: the author sees by how many, and the player's dot goes on all of his devices: on those
//! that look, on those that were offline, and after restarts of the server and of the app. It is said without a connection.

use anyhow::{Context as _, ensure};
use std::path::Path;
use stonechat_client::account::Account;
use stonechat_client::content::{Media, MediaKind, Upload};
use stonechat_client::conversation::Conversation;
use stonechat_client::send::Outgoing;
use stonechat_client::state::{Content, Member, TimelineItemKind};
use stonechat_client::timeline::TimelineOptions;
use stonechat_testkit::local::Local;
use stonechat_testkit::observed::{Seen, observed};
use stonechat_testkit::people::{PATIENCE, account, until, user};
use stonechat_types::id::ConversationId;
use stonechat_types::number::Seq;

async fn opened(local: &Local, name: &str, device: &str, home: &Path) -> anyhow::Result<Account> {
    account(&local.url(), &local.token(name), name, device, home).await
}

async fn online(local: &Local, name: &str, device: &str, home: &Path) -> anyhow::Result<Account> {
    let account = opened(local, name, device, home).await?;
    account.start().await?;
    account.online(PATIENCE).await.context("the device comes online")?;
    Ok(account)
}

fn voice() -> anyhow::Result<Outgoing> {
    let file = Upload { id: "u1".into(), name: "note.ogg".into(), mime_type: "audio/ogg".into(), bytes: 900 };
    let media = Media { kind: MediaKind::Voice, file, duration_ms: 4_000, ..Media::default() };
    Ok(Outgoing::try_from(&Content::Media(Box::new(media)))?)
}

/// Waits until a device shows whether its user has played a message, and how many others have.
async fn shows(account: &Account, (id, seq): (ConversationId, Seq), expected: (bool, u32)) -> anyhow::Result<()> {
    until("the conversation is here", || account.conversation(&id).summary().is_some()).await?;
    let timeline = account.conversation(&id).timeline(TimelineOptions::default()).await?;
    let found = || {
        timeline.items().into_iter().find_map(|item| match &item.kind {
            TimelineItemKind::Message(item) if item.message.id.is_some_and(|id| id.seq == seq) => {
                Some((item.played_by_me, item.played_by_others))
            }
            _ => None,
        })
    };
    until("a device shows who played it", || found() == Some(expected)).await.with_context(|| format!("{:?}", found()))
}

async fn players(conversation: &Conversation, seq: Seq, played: bool) -> anyhow::Result<Vec<String>> {
    let members = conversation.players(seq, played).await?;
    Ok(members.iter().map(|member: &Member| member.user.to_string()).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_played_voice_message_is_so_for_its_author_and_on_all_devices_of_the_player() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let homes: Vec<_> = (0..6).map(|_| tempfile::tempdir()).collect::<Result<_, _>>()?;
    let alice = online(&local, "alice", "phone", homes[0].path()).await?;
    let bob = online(&local, "bob", "phone", homes[1].path()).await?;
    let tablet = online(&local, "bob", "tablet", homes[2].path()).await?;
    let carol = online(&local, "carol", "phone", homes[3].path()).await?;
    let group = alice.create_group("All", &[user("bob"), user("carol")]).await?;
    let mut marks = Vec::new();
    for _ in 0..2 {
        let mark = group.send(voice()?).await?.sent().await?;
        marks.push((mark.conversation, mark.seq));
    }
    let (first, second) = (marks[0], marks[1]);
    for device in [&bob, &tablet, &carol] {
        shows(device, second, (false, 0)).await?;
    }

    // On devices that look.
    bob.conversation(&first.0).mark_played(first.1).await?;
    for device in [&bob, &tablet] {
        shows(device, first, (true, 0)).await?;
        shows(device, second, (false, 0)).await?;
    }
    shows(&alice, first, (false, 1)).await?;
    carol.conversation(&first.0).mark_played(first.1).await?;
    shows(&alice, first, (false, 2)).await?;
    ensure!(alice.conversation(&first.0).mark_played(first.1).await.is_err(), "it is her own");

    // Without a connection, through a kill of the app; meanwhile the others are away as well.
    for account in [&alice, &tablet, &bob] {
        account.stop().await;
    }
    drop((alice, group, tablet, bob));
    let bob = opened(&local, "bob", "phone", homes[1].path()).await?;
    bob.conversation(&second.0).mark_played(second.1).await?;
    bob.conversation(&second.0).mark_played(second.1).await?;
    shows(&bob, second, (true, 0)).await.context("at once")?;
    drop(bob);
    let bob = opened(&local, "bob", "phone", homes[1].path()).await?;
    shows(&bob, second, (true, 0)).await.context("after a kill")?;
    bob.start().await?;
    bob.online(PATIENCE).await?;
    let alice = online(&local, "alice", "phone", homes[0].path()).await?;
    shows(&alice, second, (false, 1)).await.context("she was away")?;
    let tablet = online(&local, "bob", "tablet", homes[2].path()).await?;
    shows(&tablet, second, (true, 0)).await.context("it was away")?;
    let here = alice.conversation(&second.0);
    ensure!(players(&here, first.1, true).await? == ["bob", "carol"]);
    ensure!(players(&here, second.1, false).await? == ["carol"]);

    // After a restart of the server, also on devices that are new, and from the store of a device alone.
    local.restart().await?;
    for (name, device, home, expected) in
        [("alice", "laptop", &homes[4], (false, 2)), ("bob", "laptop", &homes[5], (true, 0))]
    {
        let fresh = online(&local, name, device, home.path()).await?;
        shows(&fresh, first, expected).await.context("it is new")?;
        fresh.stop().await;
        let fresh = opened(&local, name, device, home.path()).await?;
        shows(&fresh, first, expected).await.context("from its own store")?;
    }
    for account in [&alice, &bob, &carol, &tablet] {
        account.online(PATIENCE).await?;
    }
    carol.conversation(&second.0).mark_played(second.1).await?;
    shows(&alice, second, (false, 2)).await?;

    // What is recalled was played by nobody.
    here.recall(second.1).await?.done().await?;
    for device in [&alice, &bob] {
        shows(device, second, (false, 0)).await?;
    }
    ensure!(here.players(second.1, true).await.is_err());
    for account in [alice, bob, carol, tablet] {
        account.stop().await;
    }
    observed("played_receipts", &Seen::ALL)?;
    local.stop().await;
    Ok(())
}
