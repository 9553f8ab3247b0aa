//! What people do to messages is seen on every device: on those that look, on one that was offline, and after restarts
//! of the server and of the app.

use crate::backends::post;
use anyhow::{Context as _, ensure};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::path::Path;
use stonechat_client::account::Account;
use stonechat_client::content::{Entity, EntityKind};
use stonechat_client::conversation::Conversation;
use stonechat_client::search::Search;
use stonechat_client::send::{Outgoing, Text};
use stonechat_client::state::{Content, MentionMark, Message, MessageWindows, Quoted, SentMark, TimelineItemKind};
use stonechat_client::timeline::{Timeline, TimelineOptions};
use stonechat_domain::message::MessagePolicy;
use stonechat_log::record::StoredBody;
use stonechat_log_segment::dump::Dump;
use stonechat_testkit::local::Local;
use stonechat_testkit::observed::{Seen, observed};
use stonechat_testkit::people::{PATIENCE, account, until, user};
use stonechat_types::id::ConversationId;
use stonechat_types::number::{LanePosition, Ordinal, Seq};

async fn online(local: &Local, name: &str, device: &str, home: &Path) -> anyhow::Result<Account> {
    let account = account(&local.url(), &local.token(name), name, device, home).await?;
    account.start().await?;
    account.online(PATIENCE).await.context("the device comes online")?;
    Ok(account)
}

/// A message of a timeline.
fn shown(timeline: &Timeline, seq: Seq) -> Option<Message> {
    timeline.items().into_iter().find_map(|item| match &item.kind {
        TimelineItemKind::Message(item) if item.message.id.is_some_and(|id| id.seq == seq) => {
            Some(item.message.clone())
        }
        _ => None,
    })
}

/// What it says, whether it was edited, and the reactions: emoji, count, own.
fn told(message: &Message) -> (String, bool, Vec<(String, u32, bool)>) {
    let text = match &message.content {
        Content::Text(text) => text.as_str().to_owned(),
        other => format!("{other:?}"),
    };
    let reactions = message.reactions.iter().map(|it| (it.emoji.clone(), it.count, it.own)).collect();
    (text, message.edited_at.is_some(), reactions)
}

async fn shows(
    conversation: &Conversation,
    seq: Seq,
    what: (&str, bool, &[(&str, u32, bool)]),
) -> anyhow::Result<Timeline> {
    let (text, edited, reactions) = what;
    let reactions = reactions.iter().map(|(emoji, count, own)| ((*emoji).to_owned(), *count, *own)).collect();
    let expected = (text.to_owned(), edited, reactions);
    let timeline = conversation.timeline(TimelineOptions::default()).await?;
    let what = format!("a device shows {expected:?}");
    until(&what, || shown(&timeline, seq).is_some_and(|message| told(&message) == expected)).await?;
    Ok(timeline)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_and_reactions_reach_every_device_and_stay() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let homes: Vec<_> = (0..4).map(|_| tempfile::tempdir()).collect::<Result<_, _>>()?;
    let alice = online(&local, "alice", "phone", homes[0].path()).await?;
    let tablet = online(&local, "alice", "tablet", homes[1].path()).await?;
    let bob = online(&local, "bob", "phone", homes[2].path()).await?;
    let away = online(&local, "bob", "laptop", homes[3].path()).await?;
    let here = alice.conversation_with(&user("bob"));
    let mark = here.send(Text::new("helo")).await?.sent().await?;
    let there = bob.conversation(&mark.conversation);
    shows(&there, mark.seq, ("helo", false, &[])).await?;
    shows(&away.conversation(&mark.conversation), mark.seq, ("helo", false, &[])).await?;
    away.stop().await;
    drop(away);

    here.edit(mark.seq, Text::new("hello")).await?.done().await?;
    there.react(mark.seq, "❤\u{FE0F}").await?.done().await?;
    there.react(mark.seq, "👍").await?.done().await?;
    here.react(mark.seq, "👍").await?.done().await?;
    there.take_back(mark.seq, "❤").await?.done().await?;
    let on_bobs: &[(&str, u32, bool)] = &[("👍", 2, true)];
    // On the device that did it, on the other one of the same person, and on that of the other person.
    let phone = shows(&here, mark.seq, ("hello", true, on_bobs)).await?;
    shows(&tablet.conversation(&mark.conversation), mark.seq, ("hello", true, on_bobs)).await?;
    shows(&there, mark.seq, ("hello", true, on_bobs)).await?;
    let preview = || tablet.conversation(&mark.conversation).summary().and_then(|it| it.preview.clone());
    until("the list shows what the message says now", || preview().is_some_and(|it| it.text == "hello")).await?;

    // On the device that was offline meanwhile.
    let away = online(&local, "bob", "laptop", homes[3].path()).await?;
    shows(&away.conversation(&mark.conversation), mark.seq, ("hello", true, on_bobs)).await?;

    // After a restart of the server, from all of its stores; and of an app, from its own.
    local.restart().await?;
    bob.online(PATIENCE).await?;
    let versions: Vec<_> = there.versions(mark.seq).await?.into_iter().map(|version| version.content).collect();
    ensure!(versions == [Content::Text("helo".into()), Content::Text("hello".into())], "{versions:?}");
    let who: Vec<_> = there.reactions(mark.seq).await?.into_iter().map(|one| (one.user, one.emojis)).collect();
    let thumb = || vec!["👍".to_owned()];
    ensure!(who == [(user("alice"), thumb()), (user("bob"), thumb())], "{who:?}");
    let page = there.fetch_history(None, 10).await?;
    let on_page = page.messages.iter().find(|message| message.id.is_some_and(|id| id.seq == mark.seq));
    let expected = ("hello".to_owned(), true, vec![("👍".to_owned(), 2, true)]);
    ensure!(on_page.map(told) == Some(expected), "{on_page:?}");
    drop(phone);
    alice.stop().await;
    drop((alice, here));
    let again = account(&local.url(), &local.token("alice"), "alice", "phone", homes[0].path()).await?;
    shows(&again.conversation(&mark.conversation), mark.seq, ("hello", true, on_bobs)).await.context("offline")?;
    for account in [again, tablet, bob, away] {
        account.stop().await;
    }
    observed("edit", &Seen::ALL)?;
    observed("reactions", &Seen::ALL)?;
    observed("missed_changes", &Seen::ALL)?;
    observed("offline_start", &[Seen::Restart])?;
    observed("connection", &[Seen::Restart])?;
    local.stop().await;
    Ok(())
}

/// What a message that was recalled shows.
async fn shows_recall(conversation: &Conversation, seq: Seq, by: &str) -> anyhow::Result<()> {
    let timeline = conversation.timeline(TimelineOptions::default()).await?;
    let is_gone = |message: Message| {
        let by_whom = matches!(&message.content, Content::Recalled { by: Some(who), .. } if *who == user(by));
        by_whom && message.reactions.is_empty() && message.edited_at.is_none()
    };
    until("a device shows that it was recalled", || shown(&timeline, seq).is_some_and(is_gone)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recalled_message_is_gone_from_every_device_and_is_not_unread() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let homes: Vec<_> = (0..4).map(|_| tempfile::tempdir()).collect::<Result<_, _>>()?;
    let alice = online(&local, "alice", "phone", homes[0].path()).await?;
    let tablet = online(&local, "alice", "tablet", homes[1].path()).await?;
    let bob = online(&local, "bob", "phone", homes[2].path()).await?;
    let away = online(&local, "bob", "laptop", homes[3].path()).await?;
    let here = alice.conversation_with(&user("bob"));
    let first = here.send(Text::new("a secret")).await?.sent().await?;
    let second = here.send(Text::new("hello")).await?.sent().await?;
    let there = bob.conversation(&first.conversation);
    shows(&away.conversation(&first.conversation), second.seq, ("hello", false, &[])).await?;
    away.stop().await;
    drop(away);

    here.edit(first.seq, Text::new("a better secret")).await?.done().await?;
    there.react(first.seq, "👍").await?.done().await?;
    shows(&there, first.seq, ("a better secret", true, &[("👍", 1, true)])).await?;
    // Whoever has it finds it, without a connection too.
    let by = |text: &str| Search { text: text.into(), ..Search::default() };
    ensure!(bob.search(by("BETTER séc")).await?.len() == 1 && bob.search(by("hello")).await?.len() == 1);
    let unread = |account: &Account| account.conversation(&first.conversation).summary().map(|it| it.unread);
    until("two are unread", || unread(&bob) == Some(2)).await?;
    here.recall(first.seq).await?.done().await?;
    shows_recall(&here, first.seq, "alice").await?;
    shows_recall(&tablet.conversation(&first.conversation), first.seq, "alice").await?;
    shows_recall(&there, first.seq, "alice").await?;
    ensure!(bob.search(by("secret")).await?.is_empty() && tablet.search(by("secret")).await?.is_empty());
    until("one is unread", || unread(&bob) == Some(1)).await?;
    here.recall(second.seq).await?.done().await?;
    until("none is unread", || unread(&bob) == Some(0)).await?;
    let is_recalled = |account: &Account| {
        let preview = account.conversation(&first.conversation).summary().and_then(|it| it.preview.clone());
        preview.is_some_and(|it| it.recalled && it.text.is_empty())
    };
    until("the list says so", || is_recalled(&tablet) && is_recalled(&bob)).await?;

    // On the device that was offline, which still has what it said.
    let away = online(&local, "bob", "laptop", homes[3].path()).await?;
    shows_recall(&away.conversation(&first.conversation), first.seq, "alice").await?;
    ensure!(away.search(by("secret")).await?.is_empty());
    until("none is unread there", || unread(&away) == Some(0)).await?;

    // After a restart of the server, and for a device that has nothing yet.
    local.restart().await?;
    bob.online(PATIENCE).await?;
    let page = there.fetch_history(None, 10).await?;
    ensure!(page.messages.iter().all(|message| matches!(message.content, Content::Recalled { .. })), "{page:?}");
    ensure!(there.versions(first.seq).await.is_err() && there.react(first.seq, "👍").await?.done().await.is_err());
    let fresh_home = tempfile::tempdir()?;
    let fresh = online(&local, "bob", "desktop", fresh_home.path()).await?;
    shows_recall(&fresh.conversation(&first.conversation), first.seq, "alice").await?;
    until("none is unread on it", || unread(&fresh) == Some(0)).await?;
    // Of another's message only an admin disposes.
    let third = here.send(Text::new("mine")).await?.sent().await?;
    shows(&there, third.seq, ("mine", false, &[])).await?;
    let refused = there.recall(third.seq).await?.done().await.err().context("it is not bob's")?;
    ensure!(refused.to_string().contains("forbidden"), "{refused}");
    for account in [alice, tablet, bob, away, fresh] {
        account.stop().await;
    }
    observed("recall", &Seen::ALL)?;
    local.stop().await;
    Ok(())
}

/// How many commands about a message a device shows as waiting.
fn waiting(timeline: &Timeline, seq: Seq) -> usize {
    let items = timeline.items();
    let item = items.iter().find_map(|item| match &item.kind {
        TimelineItemKind::Message(item) if item.message.id.is_some_and(|id| id.seq == seq) => Some(item),
        _ => None,
    });
    item.map_or(0, |item| item.pending.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_done_without_a_connection_is_shown_at_once_and_carried_out_later() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let homes: Vec<_> = (0..3).map(|_| tempfile::tempdir()).collect::<Result<_, _>>()?;
    let alice = online(&local, "alice", "phone", homes[0].path()).await?;
    let bob = online(&local, "bob", "phone", homes[1].path()).await?;
    let away = online(&local, "bob", "laptop", homes[2].path()).await?;
    let here = alice.conversation_with(&user("bob"));
    let first = here.send(Text::new("helo")).await?.sent().await?;
    let second = here.send(Text::new("a secret")).await?.sent().await?;
    let there = bob.conversation(&first.conversation);
    shows(&there, second.seq, ("a secret", false, &[])).await?;
    shows(&away.conversation(&first.conversation), second.seq, ("a secret", false, &[])).await?;
    for account in [alice, away] {
        account.stop().await;
    }
    drop(here);

    // Without a connection: the account is opened and not started, and dies without a word.
    {
        let alice = account(&local.url(), &local.token("alice"), "alice", "phone", homes[0].path()).await?;
        let here = alice.conversation_with(&user("bob"));
        here.edit(first.seq, Text::new("hello")).await?;
        here.react(first.seq, "🎉").await?;
        here.recall(second.seq).await?;
        let third = here.send(Text::new("thrid")).await?;
        here.edit(third.client_msg_id(), Text::new("third")).await?;
        here.react(third.client_msg_id(), "👍").await?;
        let fourth = here.send(Text::new("never mind")).await?;
        here.recall(fourth.client_msg_id()).await?;
        shows(&here, first.seq, ("hello", true, &[("🎉", 1, true)])).await.context("at once")?;
        shows_recall(&here, second.seq, "alice").await.context("at once")?;
    }
    let alice = account(&local.url(), &local.token("alice"), "alice", "phone", homes[0].path()).await?;
    let here = alice.conversation_with(&user("bob"));
    ensure!(alice.pending().await?.len() == 4, "{:?}", alice.pending().await?);
    ensure!(alice.outbox().await?.len() == 1, "{:?}", alice.outbox().await?);
    let timeline = shows(&here, first.seq, ("hello", true, &[("🎉", 1, true)])).await.context("after a kill")?;
    ensure!(waiting(&timeline, first.seq) == 2);

    alice.start().await?;
    until("everything was carried out", || waiting(&timeline, first.seq) + waiting(&timeline, second.seq) == 0).await?;
    let third = Seq(second.seq.get() + 4);
    let timeline = shows(&here, third, ("third", false, &[("👍", 1, true)])).await?;
    until("the last of it too", || waiting(&timeline, third) == 0).await?;
    ensure!(alice.pending().await?.is_empty() && alice.outbox().await?.is_empty());
    shows(&there, first.seq, ("hello", true, &[("🎉", 1, false)])).await?;
    shows_recall(&there, second.seq, "alice").await?;
    shows(&there, third, ("third", false, &[("👍", 1, false)])).await?;
    // On the device that was offline, and after a restart of the server.
    local.restart().await?;
    let away = online(&local, "bob", "laptop", homes[2].path()).await?;
    let laptop = away.conversation(&first.conversation);
    shows(&laptop, first.seq, ("hello", true, &[("🎉", 1, false)])).await?;
    shows_recall(&laptop, second.seq, "alice").await?;
    shows(&laptop, third, ("third", false, &[("👍", 1, false)])).await?;
    let texts = there.fetch_history(None, 10).await?.messages.len();
    ensure!(texts == 3, "{texts} messages: what was taken back was never sent");
    for account in [alice, bob, away] {
        account.stop().await;
    }
    observed("offline_changes", &Seen::ALL)?;
    local.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_backend_does_to_messages_reaches_every_device() -> anyhow::Result<()> {
    let windows = |settings: &mut stonechat_server::serve::compose::Settings| {
        // Over before it begins.
        settings.messages = MessagePolicy { edit_window_ms: -1, recall_window_ms: 3_600_000 };
    };
    let mut local = Local::start_with(windows).await?;
    let homes: Vec<_> = (0..2).map(|_| tempfile::tempdir()).collect::<Result<_, _>>()?;
    let alice = online(&local, "alice", "phone", homes[0].path()).await?;
    let away = online(&local, "bob", "laptop", homes[1].path()).await?;
    let here = alice.conversation_with(&user("bob"));
    let mark = here.send(Text::new("helo")).await?.sent().await?;
    shows(&away.conversation(&mark.conversation), mark.seq, ("helo", false, &[])).await?;
    away.stop().await;
    drop(away);
    let told = MessageWindows { edit_ms: 0, recall_ms: 3_600_000 };
    until("the windows are told", || alice.message_windows().get() == Some(told)).await?;
    let refused = here.edit(mark.seq, Text::new("hello")).await?.done().await.err().context("it is too late")?;
    ensure!(refused.to_string().contains("too_late"), "{refused}");

    let path =
        |what: &str| format!("/v1/apps/default/conversations/{}/messages/{}/{what}", mark.conversation, mark.seq);
    let late = post(&local, &path("edit"), serde_json::json!({"user": "alice", "text": "hello"})).await?;
    ensure!((late.0, late.1["code"].as_str()) == (409, Some("too_late")), "{late:?}");
    let edit = serde_json::json!({"user": "alice", "text": "hello", "as_app": true});
    ensure!(post(&local, &path("edit"), edit).await?.0 == 200);
    ensure!(post(&local, &path("react"), serde_json::json!({"user": "bob", "emoji": "👍"})).await?.0 == 200);
    shows(&here, mark.seq, ("hello", true, &[("👍", 1, false)])).await?;
    let away = online(&local, "bob", "laptop", homes[1].path()).await?;
    shows(&away.conversation(&mark.conversation), mark.seq, ("hello", true, &[("👍", 1, true)])).await?;
    local.restart().await?;
    let recall = serde_json::json!({"user": "bob", "as_app": true});
    ensure!(post(&local, &path("recall"), recall).await?.0 == 200);
    shows_recall(&here, mark.seq, "bob").await?;
    shows_recall(&away.conversation(&mark.conversation), mark.seq, "bob").await?;
    for account in [alice, away] {
        account.stop().await;
    }
    local.stop().await;
    Ok(())
}

/// How many are unread, and how many of them call the user.
fn unread(account: &Account, mark: &SentMark) -> Option<(u64, u64)> {
    account.conversation(&mark.conversation).summary().map(|it| (it.unread, it.unread_mentions))
}

/// Waits until a device shows an answer with what it answers.
async fn shows_answer(conversation: &Conversation, seq: Seq, says: Option<Quoted>) -> anyhow::Result<Message> {
    let timeline = conversation.timeline(TimelineOptions::default()).await?;
    let item = || {
        timeline.items().into_iter().find_map(|item| match &item.kind {
            TimelineItemKind::Message(item) if item.message.id.is_some_and(|id| id.seq == seq) => {
                Some((**item).clone())
            }
            _ => None,
        })
    };
    let is_shown = || item().and_then(|item| item.quote).is_some_and(|quote| quote.says == says);
    until(&format!("an answer shows {says:?}"), is_shown).await?;
    item().map(|item| item.message).context("it is shown")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_calls_and_silent_messages_reach_every_device() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let homes: Vec<_> = (0..4).map(|_| tempfile::tempdir()).collect::<Result<_, _>>()?;
    let alice = online(&local, "alice", "phone", homes[0].path()).await?;
    let bob = online(&local, "bob", "phone", homes[1].path()).await?;
    let away = online(&local, "bob", "laptop", homes[2].path()).await?;
    let here = alice.conversation_with(&user("bob"));
    let first = here.send(Text::new("lunch at one?")).await?.sent().await?;
    let there = bob.conversation(&first.conversation);
    shows(&away.conversation(&first.conversation), first.seq, ("lunch at one?", false, &[])).await?;
    until("one is unread", || unread(&away, &first) == Some((1, 0))).await?;
    away.stop().await;
    drop(away);

    // Sent without a connection: whom it calls and what it answers is kept beside it in the outbox.
    alice.stop().await;
    drop((alice, here));
    let alice = account(&local.url(), &local.token("alice"), "alice", "phone", homes[0].path()).await?;
    let here = alice.conversation(&first.conversation);
    let queued = here.send(Text::new("@bob, or at two?").mention_by_name().reply_to(first.seq)).await?;
    alice.start().await?;
    let second = queued.sent().await?;
    let quoted = |text: &str| Some(Quoted { sender: user("alice"), text: text.to_owned(), recalled: false });
    let message = shows_answer(&there, second.seq, quoted("lunch at one?")).await?;
    let Content::Text(text) = &message.content else { anyhow::bail!("{message:?}") };
    ensure!(text.entities() == [Entity { range: 0..4, kind: EntityKind::Mention(user("bob")) }], "{text:?}");
    let third = here.send(Text::new("never mind").silent()).await?.sent().await?;
    shows(&there, third.seq, ("never mind", false, &[])).await?;
    until("two are unread, one calls", || unread(&bob, &first) == Some((2, 1))).await?;
    let (calls, more) = there.mentions(Ordinal::ZERO, 10).await?;
    ensure!(calls == [MentionMark { seq: second.seq, ordinal: second.ordinal }] && !more, "{calls:?}");

    // On the device that was offline, and for one that has nothing yet, after a restart of the server.
    let away = online(&local, "bob", "laptop", homes[2].path()).await?;
    shows_answer(&away.conversation(&first.conversation), second.seq, quoted("lunch at one?")).await?;
    until("the same is unread there", || unread(&away, &first) == Some((2, 1))).await?;
    local.restart().await?;
    let fresh = online(&local, "bob", "desktop", homes[3].path()).await?;
    shows_answer(&fresh.conversation(&first.conversation), second.seq, quoted("lunch at one?")).await?;
    until("and here", || unread(&fresh, &first) == Some((2, 1))).await?;

    // A quote says what its message says now, and nothing when that was taken back.
    alice.online(PATIENCE).await?;
    here.edit(first.seq, Text::new("lunch at noon?")).await?;
    for device in [&bob, &away, &fresh] {
        shows_answer(&device.conversation(&first.conversation), second.seq, quoted("lunch at noon?")).await?;
    }
    here.recall(first.seq).await?;
    let gone = || Some(Quoted { sender: user("alice"), text: String::new(), recalled: true });
    for device in [&bob, &away, &fresh] {
        shows_answer(&device.conversation(&first.conversation), second.seq, gone()).await?;
    }
    there.mark_read(second.seq).await?;
    until("nothing is unread", || [&bob, &away, &fresh].iter().all(|it| unread(it, &first) == Some((0, 0)))).await?;
    let forwarded = Outgoing::forward(&message)?;
    let fourth = there.send(forwarded).await?.sent().await?;
    shows(&here, fourth.seq, ("@bob, or at two?", false, &[])).await?;
    for account in [alice, bob, away, fresh] {
        account.stop().await;
    }
    observed("reply", &Seen::ALL)?;
    observed("mentions", &Seen::ALL)?;
    observed("silent", &Seen::ALL)?;
    observed("unread", &Seen::ALL)?;
    observed("entities", &[Seen::Second])?;
    observed("forward", &[Seen::Second])?;
    local.stop().await;
    Ok(())
}

/// Sealed bodies of a conversation, by seq.
fn sealed(local: &Local, conversation: ConversationId) -> anyhow::Result<BTreeMap<u64, Bytes>> {
    let mut found = BTreeMap::new();
    for record in Dump::open(local.folder())?.records(LanePosition(1)) {
        let record = record?;
        let event = record.event.filter(|event| event.conversation == conversation);
        if let (Some(event), Some(StoredBody::Sealed(body))) = (event, record.body) {
            found.insert(event.seq.get(), body);
        }
    }
    Ok(found)
}

/// Whether any file of a folder has these bytes.
fn holds(folder: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if holds(&path, bytes)? {
                return Ok(true);
            }
        } else if std::fs::read(&path)?.windows(bytes.len()).any(|window| window == bytes) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recalled_body_is_in_no_file_any_more_and_the_others_are() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let home = tempfile::tempdir()?;
    let alice = online(&local, "alice", "phone", home.path()).await?;
    let here = alice.conversation_with(&user("bob"));
    let first = here.send(Text::new("a secret that was a mistake")).await?.sent().await?;
    let edit = here.edit(first.seq, Text::new("another secret, no better")).await?.done().await?;
    let stays = here.send(Text::new("hello")).await?.sent().await?;
    let bodies = sealed(&local, first.conversation)?;
    let body = |seq: Seq| bodies.get(&seq.get()).context("a sealed body");
    for seq in [first.seq, edit, stays.seq] {
        ensure!(holds(local.folder(), body(seq)?)?, "{seq} is on the disk");
    }
    here.recall(first.seq).await?.done().await?;
    let gone = || -> anyhow::Result<bool> {
        Ok(!holds(local.folder(), body(first.seq)?)? && !holds(local.folder(), body(edit)?)?)
    };
    until("the body and its edit are gone from the disk", || gone().unwrap_or(false)).await?;
    ensure!(holds(local.folder(), body(stays.seq)?)?, "the other body is there");
    let left: Vec<_> = sealed(&local, first.conversation)?.into_keys().collect();
    ensure!(!left.contains(&first.seq.get()) && !left.contains(&edit.get()) && left.contains(&stays.seq.get()));
    local.restart().await?;
    shows(&here, stays.seq, ("hello", false, &[])).await?;
    let away = tempfile::tempdir()?;
    let page = online(&local, "bob", "phone", away.path()).await?;
    shows_recall(&page.conversation(&first.conversation), first.seq, "alice").await?;
    page.stop().await;
    alice.stop().await;
    let report = stonechat_log_segment::verify::verify(local.folder())?;
    ensure!(report.is_clean() && report.scrubbed == 2, "{report:?}");
    local.stop().await;
    Ok(())
}

fn pinned(timeline: &Timeline, seq: Seq) -> bool {
    shown(timeline, seq).is_some_and(|message| message.pinned)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pinned_message_is_so_on_every_device() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let homes: Vec<_> = (0..3).map(|_| tempfile::tempdir()).collect::<Result<_, _>>()?;
    let alice = online(&local, "alice", "phone", homes[0].path()).await?;
    let bob = online(&local, "bob", "phone", homes[1].path()).await?;
    let away = online(&local, "bob", "laptop", homes[2].path()).await?;
    let here = alice.conversation_with(&user("bob"));
    let first = here.send(Text::new("the address")).await?.sent().await?;
    let second = here.send(Text::new("the door")).await?.sent().await?;
    let there = bob.conversation(&first.conversation);
    shows(&away.conversation(&first.conversation), second.seq, ("the door", false, &[])).await?;
    away.stop().await;
    drop(away);
    alice.stop().await;
    drop((alice, here));

    // Without a connection it is shown at once.
    let alice = account(&local.url(), &local.token("alice"), "alice", "phone", homes[0].path()).await?;
    let here = alice.conversation(&first.conversation);
    here.pin_message(first.seq, true).await?;
    here.pin_message(second.seq, true).await?;
    let timeline = here.timeline(TimelineOptions::default()).await?;
    until("it is shown at once", || pinned(&timeline, first.seq) && pinned(&timeline, second.seq)).await?;
    alice.start().await?;
    let of_bob = there.timeline(TimelineOptions::default()).await?;
    until("bob sees both", || pinned(&of_bob, first.seq) && pinned(&of_bob, second.seq)).await?;
    there.pin_message(second.seq, false).await?.done().await?;
    local.restart().await?;
    let away = online(&local, "bob", "laptop", homes[2].path()).await?;
    let late = away.conversation(&first.conversation).timeline(TimelineOptions::default()).await?;
    until("the laptop sees one", || pinned(&late, first.seq) && !pinned(&late, second.seq)).await?;
    bob.online(PATIENCE).await?;
    let listed: Vec<_> = there.pinned_messages().await?.into_iter().filter_map(|message| message.id).collect();
    ensure!(listed.len() == 1 && listed[0].seq == first.seq, "{listed:?}");
    observed("pin_message", &Seen::ALL)?;
    for account in [alice, bob, away] {
        account.stop().await;
    }
    local.stop().await;
    Ok(())
}
