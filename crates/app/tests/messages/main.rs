//! Edits and reactions: in every order, on every device, after everything.

mod attributes;
mod bodies;
mod deletions;
mod events;
#[path = "../harness/mod.rs"]
mod harness;
mod pins;
mod played;
mod preferences;
mod readers;
mod recalls;
mod stars;

use bytes::Bytes;
use harness::{Device, World, body_of, direct, next_id, text, user};
use stonechat_app::api::{
    Answer, Call, ChangeMessage, ChangeRequest, ChangesPage, Content, Failure, FetchChanges, ListReactions,
    MessageRange, MessageView, MessagesPage,
};
use stonechat_app::node::Options;
use stonechat_domain::event::{self, Change, MessageCommand};
use stonechat_domain::message::{Authority, MessagePolicy};
use stonechat_log::store::Log;
use stonechat_types::emoji::Emoji;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{CommandId, ConversationId};
use stonechat_types::number::{Ordinal, Seq};

fn emoji(text: &str) -> Emoji {
    Emoji::new(text).unwrap()
}

fn edit(says: &str) -> MessageCommand {
    MessageCommand::Edit(event::Content { body_type: text("text"), body: text(says) })
}

fn react(with: &str, add: bool) -> MessageCommand {
    MessageCommand::React { emoji: emoji(with), add }
}

fn call(conversation: ConversationId, seq: Seq, command: MessageCommand) -> Call {
    let (command_id, authority) = (CommandId(next_id().0), Authority::Member);
    Call::ChangeMessage(ChangeMessage { command_id, conversation, seq, command, authority })
}

/// The event that a command led to; `ZERO` when it changed nothing.
async fn change(device: &mut Device, at: ConversationId, seq: Seq, command: MessageCommand) -> Result<Seq, Failure> {
    match device.call(call(at, seq, command)).await? {
        Answer::CommandDone(done) => Ok(done.seq),
        other => panic!("{other:?}"),
    }
}

async fn page(device: &mut Device, conversation: ConversationId, range: MessageRange) -> MessagesPage {
    match device.call(Call::FetchMessages { conversation, range, limit: 0, with_events: false }).await.unwrap() {
        Answer::Messages(page) => *page,
        other => panic!("{other:?}"),
    }
}

async fn newest(device: &mut Device, conversation: ConversationId) -> Vec<MessageView> {
    page(device, conversation, MessageRange::Newest).await.messages
}

async fn changes(device: &mut Device, conversation: ConversationId, after: Seq, limit: u32) -> ChangesPage {
    let wanted = FetchChanges { conversation, after, from: Ordinal::ZERO, upto: Ordinal::ZERO, limit };
    match device.call(Call::FetchChanges(wanted)).await.unwrap() {
        Answer::Changes(page) => *page,
        other => panic!("{other:?}"),
    }
}

async fn versions(device: &mut Device, conversation: ConversationId, seq: Seq) -> Vec<(u64, String)> {
    match device.call(Call::ListEdits { conversation, seq, after: Seq::ZERO }).await.unwrap() {
        Answer::Edits(page) => page.versions.iter().map(|it| (it.seq.0, said(&it.content))).collect(),
        other => panic!("{other:?}"),
    }
}

fn said(content: &Content) -> String {
    match content {
        Content::Message { body, .. } => String::from_utf8_lossy(body).into_owned(),
        other => format!("{other:?}"),
    }
}

/// What a message shows of its reactions.
fn shown(view: &MessageView) -> Vec<(String, u32, bool)> {
    let reactions = view.state.iter().flat_map(|state| &state.reactions);
    reactions.map(|it| (it.emoji.to_string(), it.count, it.own)).collect()
}

#[tokio::test(start_paused = true)]
async fn an_edit_is_told_live_shown_in_pages_and_previews_and_keeps_its_history() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let first = alice.send("bob", "helo").await.id;
    let at = direct("alice", "bob");
    alice.send("bob", "there").await;
    let edited = change(&mut alice, at, first.seq, edit("hello")).await.unwrap();
    let told = bob.event(at, edited.0).await;
    let Content::Change(Change::Edited { target, content: Some(content) }) = told.content else { panic!("{told:?}") };
    assert_eq!((target, content.body), (first.seq, text("hello")));
    assert_eq!(told.ordinal, Ordinal(2), "an edit does not count");
    for device in [&mut alice, &mut bob] {
        let messages = newest(device, at).await;
        let shown: Vec<_> = messages.iter().map(|view| (body_of(&view.event), view.changed())).collect();
        assert_eq!(shown, [("hello".to_owned(), edited), ("there".to_owned(), Seq(3))]);
        let state = messages[0].state.as_ref().unwrap();
        assert_eq!((state.edits, state.changed), (1, edited));
        assert!(messages[1].state.is_none());
    }
    let again = change(&mut alice, at, first.seq, edit("hello!")).await.unwrap();
    let history = [(first.seq.0, "helo".into()), (edited.0, "hello".into()), (again.0, "hello!".into())];
    assert_eq!(versions(&mut bob, at, first.seq).await, history);
    let unread = bob.view(at).await.unread;
    assert_eq!(unread, 2, "nothing is unread again");
    let last = change(&mut alice, at, Seq(3), edit("you")).await.unwrap();
    let preview = bob.view(at).await.last_message.unwrap();
    assert_eq!((body_of(&preview.event), preview.changed()), ("you".to_owned(), last));
}

#[tokio::test(start_paused = true)]
async fn reactions_are_counted_once_a_person_and_say_who() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let group = alice.group("all", &["bob", "carol"]).await;
    let mut bob = world.device("bob", "phone").await;
    let mut carol = world.device("carol", "phone").await;
    let seq = alice.send_in(group, "lunch?").await.unwrap().id.seq;
    change(&mut bob, group, seq, react("👍", true)).await.unwrap();
    change(&mut carol, group, seq, react("❤\u{FE0F}", true)).await.unwrap();
    let third = change(&mut carol, group, seq, react("👍", true)).await.unwrap();
    assert_eq!(change(&mut carol, group, seq, react("👍", true)).await.unwrap(), Seq::ZERO, "it is there");
    let told = alice.event(group, third.0).await;
    let expected = Change::Reacted { target: seq, emoji: emoji("👍"), added: true };
    assert!(matches!(&told.content, Content::Change(change) if *change == expected), "{told:?}");
    let view = newest(&mut carol, group).await.remove(0);
    assert_eq!(shown(&view), [("👍".into(), 2, true), ("❤".into(), 1, true)]);
    let view = newest(&mut bob, group).await.remove(0);
    assert_eq!(shown(&view), [("👍".into(), 2, true), ("❤".into(), 1, false)]);
    change(&mut bob, group, seq, react("👍", false)).await.unwrap();
    change(&mut carol, group, seq, react("❤", false)).await.unwrap();
    let view = newest(&mut alice, group).await.remove(0);
    assert_eq!(shown(&view), [("👍".into(), 1, false)]);
    change(&mut alice, group, seq, react("👍", true)).await.unwrap();
    let list = |emoji, page, limit| Call::ListReactions(ListReactions { conversation: group, seq, emoji, page, limit });
    let Answer::Reactions(first) = bob.call(list(None, Bytes::new(), 1)).await.unwrap() else { panic!() };
    let Answer::Reactions(rest) = bob.call(list(None, first.next.clone(), 9)).await.unwrap() else { panic!() };
    let who: Vec<_> = first.users.iter().chain(&rest.users).map(|(user, _)| user.id.to_string()).collect();
    assert_eq!((who, rest.next), (vec!["alice".to_owned(), "carol".to_owned()], Bytes::new()));
    let Answer::Reactions(none) = bob.call(list(Some(emoji("🎉")), Bytes::new(), 0)).await.unwrap() else { panic!() };
    assert!(none.users.is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_was_away_fetches_each_changed_message_once_as_it_is_now() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let at = direct("alice", "bob");
    for n in 0..6 {
        alice.send("bob", &format!("{n}")).await;
    }
    let head = bob.view(at).await.head;
    for (seq, says) in [(2, "zero"), (4, "two"), (2, "nil")] {
        change(&mut alice, at, Seq(seq), edit(says)).await.unwrap();
    }
    let last = change(&mut bob, at, Seq(3), react("👍", true)).await.unwrap();
    let all = changes(&mut bob, at, head, 0).await;
    let shown: Vec<_> = all.messages.iter().map(|view| (view.event.id.seq.0, body_of(&view.event))).collect();
    assert_eq!(shown, [(4, "two".to_owned()), (2, "nil".to_owned()), (3, "1".to_owned())]);
    assert_eq!((all.upto, all.more), (last, false));
    // In pages, each after the one before.
    let (mut after, mut paged) = (head, Vec::new());
    loop {
        let page = changes(&mut bob, at, after, 1).await;
        paged.extend(page.messages.iter().map(|view| view.event.id.seq.0));
        assert!(page.upto > after || !page.more, "it goes on");
        after = page.upto;
        if !page.more {
            break;
        }
    }
    assert_eq!((paged, after), (vec![4, 2, 3], last));
    assert_eq!(changes(&mut bob, at, last, 0).await.messages, []);
    let some = FetchChanges { conversation: at, after: head, from: Ordinal(2), upto: Ordinal(3), limit: 0 };
    let Answer::Changes(some) = bob.call(Call::FetchChanges(some)).await.unwrap() else { panic!() };
    assert_eq!(some.messages.iter().map(|view| view.event.ordinal.0).collect::<Vec<_>>(), [3, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_retry_meets_the_first_and_nothing_is_left_of_what_was_refused() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let at = direct("alice", "bob");
    let seq = alice.send("bob", "helo").await.id.seq;
    let again = call(at, seq, edit("hello"));
    let Answer::CommandDone(first) = alice.call(again.clone()).await.unwrap() else { panic!() };
    let Answer::CommandDone(second) = alice.call(again.clone()).await.unwrap() else { panic!() };
    assert_eq!((second.seq, first.deduplicated, second.deduplicated), (first.seq, false, true));
    let Call::ChangeMessage(mut other) = again else { panic!() };
    other.command = edit("bye");
    assert_eq!(alice.call(Call::ChangeMessage(other)).await.unwrap_err().code, ErrorCode::Conflict);
    world.log.refuse(1);
    let refused = change(&mut alice, at, seq, react("👍", true)).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::StorageFull);
    assert_eq!(shown(&newest(&mut alice, at).await[0]), []);
    change(&mut alice, at, seq, react("👍", true)).await.unwrap();
    assert_eq!(shown(&newest(&mut alice, at).await[0]), [("👍".into(), 1, true)]);
}

#[tokio::test(start_paused = true)]
async fn commands_on_one_message_before_any_is_durable_see_each_other() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let at = direct("alice", "bob");
    let seq = alice.send("bob", "x").await.id.seq;
    world.log.hold();
    let calls = [
        alice.submit(call(at, seq, react("👍", true))),
        alice.submit(call(at, seq, react("👍", true))),
        alice.submit(call(at, seq, edit("y"))),
        alice.submit(call(at, seq, react("👍", false))),
    ];
    let theirs = bob.submit(call(at, seq, react("👍", true)));
    tokio::time::advance(std::time::Duration::from_millis(5)).await;
    assert_eq!(shown(&newest(&mut bob, at).await[0]), [], "nothing is durable");
    world.log.release();
    let mut seqs = Vec::new();
    for call in calls {
        let Answer::CommandDone(done) = alice.answer(call).await.unwrap() else { panic!() };
        seqs.push(done.seq);
    }
    bob.answer(theirs).await.unwrap();
    assert_eq!(seqs.iter().filter(|seq| **seq == Seq::ZERO).count(), 1, "the second was there already: {seqs:?}");
    let view = newest(&mut alice, at).await.remove(0);
    assert_eq!((body_of(&view.event), shown(&view)), ("y".to_owned(), vec![("👍".into(), 1, false)]));
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_learns_nothing_of_what_was_said_before_him() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let group = alice.group("all", &["bob"]).await;
    let mut bob = world.device("bob", "phone").await;
    let old = alice.send_in(group, "secret").await.unwrap().id.seq;
    alice.change(group, ChangeRequest::AddMembers(vec![user("carol")])).await.unwrap();
    let mut carol = world.device("carol", "phone").await;
    let new = alice.send_in(group, "hello all").await.unwrap().id.seq;
    let edited = change(&mut alice, group, old, edit("a better secret")).await.unwrap();
    // Live it is told to everybody alike, so not what it says.
    let unsaid = Change::Edited { target: old, content: None };
    for device in [&bob, &carol] {
        let told = device.event(group, edited.0).await;
        assert!(matches!(&told.content, Content::Change(change) if *change == unsaid), "{told:?}");
    }
    // Who may see the message fetches it.
    assert_eq!(body_of(&changes(&mut bob, group, new, 0).await.messages[0].event), "a better secret");
    assert_eq!(changes(&mut carol, group, new, 0).await.messages, []);
    let of = |events: Vec<stonechat_app::api::EventView>| {
        events.into_iter().find(|event| event.id.seq == edited).unwrap().content
    };
    assert_eq!(of(carol.replay(group).await), Content::Change(unsaid));
    let Content::Change(Change::Edited { content: Some(content), .. }) = of(bob.replay(group).await) else { panic!() };
    assert_eq!(content.body, text("a better secret"));
    for refused in [react("👍", true), edit("x")] {
        assert_eq!(change(&mut carol, group, old, refused).await.unwrap_err().code, ErrorCode::NotFound);
    }
    let history = Call::ListEdits { conversation: group, seq: old, after: Seq::ZERO };
    assert_eq!(carol.call(history).await.unwrap_err().code, ErrorCode::NotFound);
    // What all see is told whole.
    let edited = change(&mut alice, group, new, edit("hello everybody")).await.unwrap();
    let told = carol.event(group, edited.0).await;
    assert!(matches!(told.content, Content::Change(Change::Edited { content: Some(_), .. })), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn who_was_removed_sees_messages_as_they_were_when_he_went() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let group = alice.group("all", &["bob"]).await;
    let mut bob = world.device("bob", "phone").await;
    let seq = alice.send_in(group, "one").await.unwrap().id.seq;
    let other = alice.send_in(group, "two").await.unwrap().id.seq;
    change(&mut alice, group, seq, edit("first")).await.unwrap();
    change(&mut bob, group, other, react("👍", true)).await.unwrap();
    alice.change(group, ChangeRequest::RemoveMember(user("bob"))).await.unwrap();
    change(&mut alice, group, seq, edit("not for bob")).await.unwrap();
    let messages = newest(&mut bob, group).await;
    assert_eq!(body_of(&messages[0].event), "first");
    assert_eq!(shown(&messages[1]), [("👍".into(), 1, true)]);
    assert_eq!(versions(&mut bob, group, seq).await.len(), 2);
    let page = changes(&mut bob, group, Seq::ZERO, 0).await;
    let changed: Vec<_> = page.messages.iter().map(|message| body_of(&message.event)).collect();
    assert_eq!(changed, ["two", "first"], "as they were when he went, also what changed again");
    let refused = change(&mut bob, group, other, react("👍", false)).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotAMember);
}

#[tokio::test(start_paused = true)]
async fn only_messages_change_and_only_in_time() {
    let options =
        Options { messages: MessagePolicy { edit_window_ms: 1_000, ..MessagePolicy::default() }, ..Options::default() };
    let world = World::with(options);
    let mut alice = world.device("alice", "phone").await;
    let at = direct("alice", "bob");
    let seq = alice.send("bob", "x").await.id.seq;
    for wrong in [Seq(1), seq.next(), Seq(9_999), Seq::ZERO] {
        let refused = change(&mut alice, at, wrong, react("👍", true)).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::NotFound, "{wrong}");
    }
    world.clock.0.fetch_add(1_001, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(change(&mut alice, at, seq, edit("y")).await.unwrap_err().code, ErrorCode::TooLate);
    change(&mut alice, at, seq, react("👍", true)).await.unwrap();
    let stranger = change(&mut world.device("eve", "phone").await, at, seq, react("👍", true)).await.unwrap_err();
    assert_eq!(stranger.code, ErrorCode::NotFound);
}

#[tokio::test(start_paused = true)]
async fn messages_that_grew_by_edits_end_a_page_and_the_next_goes_on() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let at = direct("alice", "bob");
    let large = "x".repeat(60_000);
    for _ in 0..20 {
        let seq = alice.send("bob", "small").await.id.seq;
        change(&mut alice, at, seq, edit(&large)).await.unwrap();
    }
    let (mut upto, mut seen) = (Ordinal(u64::MAX), 0);
    loop {
        let page = page(&mut alice, at, MessageRange::Before(upto)).await;
        assert!(page.messages.iter().map(|view| body_of(&view.event).len()).sum::<usize>() < 600_000);
        assert_eq!(page.messages.first().map(|view| view.event.ordinal), Some(page.from));
        seen += page.messages.len();
        upto = page.from;
        if !page.more_before {
            break;
        }
    }
    assert_eq!((seen, upto), (20, Ordinal(1)));
    let (mut after, mut seen) = (Ordinal::ZERO, 0);
    loop {
        let page = page(&mut alice, at, MessageRange::After(after)).await;
        seen += page.messages.len();
        after = page.upto;
        if !page.more_after {
            break;
        }
    }
    assert_eq!((seen, after), (20, Ordinal(20)));
    let first = changes(&mut alice, at, Seq::ZERO, 0).await;
    assert!(first.more && first.messages.len() < 20, "{}", first.messages.len());
}

#[tokio::test(start_paused = true)]
async fn everything_is_there_for_the_next_process() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let at = direct("alice", "bob");
    let seq = alice.send("bob", "x").await.id.seq;
    change(&mut alice, at, seq, edit("y")).await.unwrap();
    change(&mut alice, at, seq, react("👍", true)).await.unwrap();
    let head = world.log.head();
    world.log.kill(0);
    let next = world.next(Options::default());
    let mut alice = next.device("alice", "phone").await;
    assert!(next.log.head() >= head);
    let view = newest(&mut alice, at).await.remove(0);
    assert_eq!((body_of(&view.event), shown(&view)), ("y".to_owned(), vec![("👍".into(), 1, true)]));
    assert_eq!(change(&mut alice, at, seq, react("👍", true)).await.unwrap(), Seq::ZERO);
}
