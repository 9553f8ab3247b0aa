//! Messages that are taken back: gone for everybody, and nobody's unread.

use super::{changes, edit, newest, react, shown, versions};
use crate::harness::{Device, World, body_of, direct, text, user};
use proptest::prelude::*;
use std::time::Duration;
use stonechat_app::api::{Answer, Call, ChangeRequest, Content, ListReactions};
use stonechat_app::node::Options;
use stonechat_app::rows::key;
use stonechat_domain::event::{Change, MessageCommand};
use stonechat_domain::member::Role;
use stonechat_domain::message::MessagePolicy;
use stonechat_log::record::StoredBody;
use stonechat_log::store::{Log as _, PageLimit};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::ConversationId;
use stonechat_types::number::{AppId, Ordinal, Seq};

async fn recall(device: &mut Device, at: ConversationId, seq: Seq) -> Result<Seq, ErrorCode> {
    super::change(device, at, seq, MessageCommand::Recall).await.map_err(|failure| failure.code)
}

async fn read_upto(device: &mut Device, conversation: ConversationId, upto: Seq) {
    device.call(Call::MarkRead { conversation, upto }).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_back_is_gone_for_everybody() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let at = direct("alice", "bob");
    let seq = alice.send("bob", "a secret").await.id.seq;
    super::change(&mut alice, at, seq, edit("a better secret")).await.unwrap();
    super::change(&mut bob, at, seq, react("👍", true)).await.unwrap();
    let head = bob.view(at).await.head;
    assert_eq!(bob.view(at).await.unread, 1);
    let by = recall(&mut alice, at, seq).await.unwrap();
    let told = bob.event(at, by.0).await;
    let Content::Change(Change::Recalled { target, ordinal, author, .. }) = told.content else { panic!("{told:?}") };
    assert_eq!((target, ordinal, author.id), (seq, Ordinal(1), user("alice")));
    assert_eq!(told.ordinal, Ordinal(1), "it does not count");
    for device in [&mut alice, &mut bob] {
        let view = device.view(at).await;
        assert_eq!((view.unread, view.head_ordinal), (0, Ordinal(1)));
        let changed = changes(device, at, head, 0).await.messages;
        for message in [view.last_message.as_deref().unwrap(), &newest(device, at).await[0], &changed[0]] {
            assert_eq!(message.event.content, Content::Recalled { silent: false });
            let state = message.state.as_ref().unwrap();
            let (recaller, _) = state.recalled.as_ref().unwrap();
            assert_eq!((recaller, state.changed, state.edits), (&user("alice"), by, 0));
            assert_eq!(shown(message), []);
        }
        let replay = device.replay(at).await;
        assert_eq!(replay[1].content, Content::Recalled { silent: false });
        assert_eq!(replay[2].content, Content::Change(Change::Edited { target: seq, content: None }));
        let history = Call::ListEdits { conversation: at, seq, after: Seq::ZERO };
        assert_eq!(device.call(history).await.unwrap_err().code, ErrorCode::NotFound);
        let who = ListReactions { conversation: at, seq, emoji: None, page: Default::default(), limit: 0 };
        let Answer::Reactions(who) = device.call(Call::ListReactions(who)).await.unwrap() else { panic!() };
        assert!(who.users.is_empty());
        let refused = super::change(device, at, seq, react("👍", true)).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::NotFound);
    }
    let refused = super::change(&mut alice, at, seq, edit("x")).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotFound);
    assert_eq!(recall(&mut alice, at, seq).await, Ok(Seq::ZERO), "it is done");
}

#[tokio::test(start_paused = true)]
async fn authors_have_their_time_and_admins_any() {
    let policy = MessagePolicy { recall_window_ms: 1_000, ..MessagePolicy::default() };
    let world = World::with(Options { messages: policy, ..Options::default() });
    let mut alice = world.device("alice", "phone").await;
    let group = alice.group("all", &["bob", "carol"]).await;
    let mut bob = world.device("bob", "phone").await;
    let mut carol = world.device("carol", "phone").await;
    alice.change(group, ChangeRequest::SetRole(user("carol"), Role::Admin)).await.unwrap();
    let first = bob.send_in(group, "first").await.unwrap().id.seq;
    let second = alice.send_in(group, "second").await.unwrap().id.seq;
    let third = bob.send_in(group, "third").await.unwrap().id.seq;
    assert_eq!(recall(&mut bob, group, second).await, Err(ErrorCode::Forbidden));
    recall(&mut bob, group, third).await.unwrap();
    world.clock.0.fetch_add(1_001, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(recall(&mut bob, group, first).await, Err(ErrorCode::TooLate));
    recall(&mut carol, group, first).await.unwrap();
    recall(&mut carol, group, second).await.unwrap();
    // In a direct conversation nobody is admin.
    let theirs = alice.send("bob", "mine").await.id.seq;
    assert_eq!(recall(&mut bob, direct("alice", "bob"), theirs).await, Err(ErrorCode::Forbidden));
    let outside = recall(&mut world.device("eve", "phone").await, group, first).await;
    assert_eq!(outside, Err(ErrorCode::NotFound));
}

#[tokio::test(start_paused = true)]
async fn it_is_gone_for_those_who_were_removed_and_after_a_restart() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let group = alice.group("all", &["bob", "carol"]).await;
    let seq = alice.send_in(group, "one").await.unwrap().id.seq;
    alice.send_in(group, "two").await.unwrap();
    alice.change(group, ChangeRequest::RemoveMember(user("bob"))).await.unwrap();
    recall(&mut alice, group, seq).await.unwrap();
    world.log.kill(0);
    let next = world.next(Options::default());
    let mut carol = next.device("carol", "phone").await;
    assert_eq!(carol.begun.welcome.unread_total, 1);
    assert_eq!(carol.view(group).await.unread, 1);
    let mut bob = next.device("bob", "phone").await;
    for device in [&mut bob, &mut carol] {
        let messages = newest(device, group).await;
        assert_eq!(messages[0].event.content, Content::Recalled { silent: false });
        assert_eq!(body_of(&messages[1].event), "two");
        assert!(device.replay(group).await.iter().any(|event| event.content == Content::Recalled { silent: false }));
    }
    let head = bob.view(group).await.head;
    assert!(newest(&mut bob, group).await[0].changed() <= head, "he is told of nothing after he went");
    assert_eq!(recall(&mut next.device("alice", "phone").await, group, seq).await, Ok(Seq::ZERO));
}

#[tokio::test(start_paused = true)]
async fn of_an_edit_and_a_recall_at_once_the_recall_stays() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let at = direct("alice", "bob");
    let seq = alice.send("bob", "x").await.id.seq;
    world.log.hold();
    let edited = alice.submit(super::call(at, seq, edit("y")));
    let gone = alice.submit(super::call(at, seq, MessageCommand::Recall));
    let late = alice.submit(super::call(at, seq, edit("z")));
    let reacted = bob.submit(super::call(at, seq, react("👍", true)));
    tokio::time::advance(std::time::Duration::from_millis(5)).await;
    assert_eq!(body_of(&newest(&mut bob, at).await[0].event), "x", "nothing is durable");
    world.log.release();
    alice.answer(edited).await.unwrap();
    alice.answer(gone).await.unwrap();
    assert_eq!(alice.answer(late).await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(bob.answer(reacted).await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(newest(&mut bob, at).await[0].event.content, Content::Recalled { silent: false });
    let history = Call::ListEdits { conversation: at, seq, after: Seq::ZERO };
    assert_eq!(bob.call(history).await.unwrap_err().code, ErrorCode::NotFound);
    let next = alice.send("bob", "w").await.id.seq;
    assert_eq!(versions(&mut bob, at, next).await.len(), 1);
    assert_eq!(
        newest(&mut bob, at).await[1].event.content,
        Content::Message { attributes: None, body_type: text("text"), body: text("w") }
    );
}

#[derive(Clone, Debug)]
enum Step {
    Send(usize),
    Recall(usize),
    Read(usize, usize),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..3usize).prop_map(Step::Send),
        4 => (0..40usize).prop_map(Step::Recall),
        2 => ((0..3usize), (0..40usize)).prop_map(|(who, what)| Step::Read(who, what)),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// The sentence of DESIGN.md 5.4, counted message by message, against what the server says.
    #[test]
    fn unread_is_what_the_sentence_says(steps in proptest::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(count(steps));
    }
}

async fn count(steps: Vec<Step>) {
    let names = ["alice", "bob", "carol"];
    let mut world = World::new();
    let mut devices = Vec::new();
    for name in names {
        devices.push(world.device(name, "phone").await);
    }
    let group = devices[0].group("all", &["bob", "carol"]).await;
    // Seq, author, whether it was taken back.
    let mut messages: Vec<(Seq, usize, bool)> = Vec::new();
    for step in steps {
        match step {
            Step::Send(who) => {
                let sent = devices[who].send_in(group, "x").await.unwrap();
                messages.push((sent.id.seq, who, false));
            }
            Step::Recall(which) => {
                let Some(count) = std::num::NonZeroUsize::new(messages.len()) else { continue };
                let (seq, author, gone) = &mut messages[which % count];
                recall(&mut devices[*author], group, *seq).await.unwrap();
                *gone = true;
            }
            Step::Read(who, which) => {
                let Some(count) = std::num::NonZeroUsize::new(messages.len()) else { continue };
                read_upto(&mut devices[who], group, messages[which % count].0).await;
            }
            Step::Restart => {
                world.log.kill(0);
                world = world.next(Options::default());
                devices.clear();
                for name in names {
                    devices.push(world.device(name, "phone").await);
                }
            }
        }
        for (who, device) in devices.iter_mut().enumerate() {
            let view = device.view(group).await;
            let unread = messages.iter().filter(|(seq, author, gone)| *seq > view.read && *author != who && !gone);
            assert_eq!(view.unread, unread.count() as u64, "{} after {messages:?}", names[who]);
        }
    }
    for name in names {
        let mut device = world.device(name, "tablet").await;
        let total = device.begun.welcome.unread_total;
        assert_eq!(total, device.view(group).await.unread);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_back_is_scrubbed_with_its_edits_and_nothing_else_is() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let at = direct("alice", "bob");
    let seq = alice.send("bob", "a secret").await.id.seq;
    super::change(&mut alice, at, seq, edit("a better secret")).await.unwrap();
    let stays = alice.send("bob", "hello").await.id.seq;
    // The disk is full when it is taken back, and again when that is to be noted as done.
    let by = recall(&mut alice, at, seq).await.unwrap();
    world.log.refuse(2);
    let bodies = async || {
        let limit = PageLimit { items: 99, bytes: 1 << 20 };
        let page = world.log.events(AppId::DEFAULT, at, Seq::ZERO, by, limit).await.unwrap();
        page.events.into_iter().map(|event| event.body == StoredBody::Scrubbed).collect::<Vec<_>>()
    };
    let waiting = async || world.log.scan(key::all_scrubs(), None, 9).await.unwrap().len();
    assert_eq!((bodies().await, waiting().await), (vec![false; 5], 1));
    tokio::time::sleep(Duration::from_secs(3)).await;
    let gone = vec![false, true, true, false, false];
    assert_eq!((bodies().await, waiting().await), (gone.clone(), 1), "scrubbed, and not noted");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!((bodies().await, waiting().await), (gone, 0));
    // Who reads it hears what he heard before.
    let replay = alice.replay(at).await;
    assert_eq!(replay[1].content, Content::Recalled { silent: false });
    assert!(matches!(replay[2].content, Content::Change(Change::Edited { content: None, .. })), "{:?}", replay[2]);
    assert_eq!(replay[3].id.seq, stays);
    assert_eq!(body_of(&replay[3]), "hello");
}
