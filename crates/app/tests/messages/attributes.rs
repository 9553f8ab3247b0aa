//! What messages carry beside their bodies: whom they call, what they answer, that they are silent.

use super::{edit, newest};
use crate::harness::{Device, World, direct, message, next_id, sent, text, user};
use stonechat_app::api::{Answer, Call, ChangeRequest, Content, Destination, Failure, ListMentions, Sent};
use stonechat_app::node::Options;
use stonechat_domain::attributes::{Attributes, Forwarded, ReplyTo};
use stonechat_domain::event::{self, Change, MessageCommand};
use stonechat_domain::kind::EventKind;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{ClientMsgId, ConversationId};
use stonechat_types::number::{Ordinal, Seq, Timestamp};

async fn send_as(
    device: &mut Device,
    at: ConversationId,
    id: ClientMsgId,
    attributes: Attributes,
) -> Result<Sent, Failure> {
    let mut send = message(Destination::Conversation(at), id, "hi");
    send.attributes = Some(Box::new(attributes));
    device.call(Call::Send(send)).await.map(sent)
}

async fn send(device: &mut Device, at: ConversationId, attributes: Attributes) -> Result<Sent, Failure> {
    send_as(device, at, next_id(), attributes).await
}

fn calling(users: &[&str]) -> Attributes {
    Attributes { mentions: users.iter().map(|name| user(name)).collect(), ..Attributes::default() }
}

fn answering(seq: Seq) -> Attributes {
    Attributes { reply_to: Some(ReplyTo { seq, ordinal: Ordinal::ZERO }), ..Attributes::default() }
}

async fn mentions(device: &mut Device, conversation: ConversationId, after: u64, limit: u32) -> (Vec<u64>, bool) {
    let wanted = ListMentions { conversation, after: Ordinal(after), limit };
    match device.call(Call::ListMentions(wanted)).await.unwrap() {
        Answer::Mentions(page) => (page.mentions.iter().map(|it| it.ordinal.0).collect(), page.more),
        other => panic!("{other:?}"),
    }
}

fn carried(content: &Content) -> Attributes {
    match content {
        Content::Message { attributes, .. } => attributes.as_deref().cloned().unwrap_or_default(),
        other => panic!("{other:?}"),
    }
}

/// A message that calls everybody.
pub async fn call_all(device: &mut Device, at: ConversationId) -> Seq {
    send(device, at, Attributes { mention_all: true, ..Attributes::default() }).await.unwrap().id.seq
}

#[tokio::test(start_paused = true)]
async fn who_is_called_sees_it_counted_and_listed_until_he_reads_it() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let group = alice.group("all", &["bob", "carol"]).await;
    let mut bob = world.device("bob", "phone").await;
    let mut carol = world.device("carol", "phone").await;
    send(&mut alice, group, calling(&["bob", "nobody", "alice"])).await.unwrap();
    let all = send(&mut alice, group, Attributes { mention_all: true, ..Attributes::default() }).await.unwrap();
    alice.send_in(group, "to nobody").await.unwrap();
    let third = send(&mut carol, group, calling(&["bob"])).await.unwrap();
    let told = bob.event(group, third.id.seq.0).await;
    assert_eq!(carried(&told.content), calling(&["bob"]));
    let counted = |view: &stonechat_app::api::ConversationView| (view.unread, view.unread_mentions);
    assert_eq!(counted(&bob.view(group).await), (4, 3));
    assert_eq!(counted(&carol.view(group).await), (3, 1));
    assert_eq!(counted(&alice.view(group).await), (1, 0), "her own calls do not count");
    assert_eq!(mentions(&mut bob, group, 0, 0).await, (vec![1, 2, 4], false));
    assert_eq!(mentions(&mut bob, group, 0, 2).await, (vec![1, 2], true));
    assert_eq!(mentions(&mut bob, group, 2, 2).await, (vec![4], false));
    bob.call(Call::MarkRead { conversation: group, upto: all.id.seq }).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(counted(&bob.view(group).await), (2, 1));
    assert_eq!(mentions(&mut bob, group, 0, 0).await.0, [1, 2, 4], "they are there all the same");
    // What is taken back calls nobody; after a restart either.
    super::change(&mut carol, group, third.id.seq, MessageCommand::Recall).await.unwrap();
    assert_eq!(counted(&bob.view(group).await), (1, 0));
    world.log.kill(0);
    let next = world.next(Options::default());
    let mut bob = next.device("bob", "phone").await;
    assert_eq!(mentions(&mut bob, group, 0, 0).await.0, [1, 2]);
    let mut carol = next.device("carol", "phone").await;
    assert_eq!(counted(&carol.view(group).await), (3, 1));
    let outside = Call::ListMentions(ListMentions { conversation: group, after: Ordinal::ZERO, limit: 0 });
    let refused = next.device("eve", "phone").await.call(outside).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotFound);
}

#[tokio::test(start_paused = true)]
async fn who_joins_later_or_was_no_member_is_not_called() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let group = alice.group("all", &["carol"]).await;
    let everybody = || Attributes { mention_all: true, ..calling(&["bob"]) };
    send(&mut alice, group, everybody()).await.unwrap();
    alice.change(group, ChangeRequest::AddMembers(vec![user("bob")])).await.unwrap();
    assert_eq!(bob.view(group).await.unread_mentions, 0);
    assert_eq!(mentions(&mut bob, group, 0, 0).await.0, [], "he may not see it");
    send(&mut alice, group, everybody()).await.unwrap();
    assert_eq!(bob.view(group).await.unread_mentions, 1, "by name and with all, once");
    assert_eq!(mentions(&mut bob, group, 0, 0).await.0, [2]);
}

#[tokio::test(start_paused = true)]
async fn a_silent_message_is_nobodys_unread_and_stays_so_when_it_is_taken_back() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let at = direct("alice", "bob");
    alice.send("bob", "aloud").await;
    let silent = Attributes { silent: true, ..calling(&["bob"]) };
    let seq = send(&mut alice, at, silent).await.unwrap().id.seq;
    let view = bob.view(at).await;
    assert_eq!((view.unread, view.unread_mentions, view.head_ordinal), (1, 0, Ordinal(2)));
    assert_eq!(mentions(&mut bob, at, 0, 0).await.0, [2], "it calls him all the same");
    world.log.kill(0);
    let world = world.next(Options::default());
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    assert_eq!((bob.begun.welcome.unread_total, bob.view(at).await.unread), (1, 1));
    let by = super::change(&mut alice, at, seq, MessageCommand::Recall).await.unwrap();
    let told = bob.event(at, by.0).await;
    assert!(matches!(told.content, Content::Change(Change::Recalled { silent: true, .. })), "{told:?}");
    assert_eq!(bob.view(at).await.unread, 1);
    assert_eq!(mentions(&mut bob, at, 0, 0).await.0, []);
    // Whoever replays it never counts it, though the recall comes only later.
    let replayed = bob.replay(at).await;
    let replayed = replayed.iter().find(|event| event.id.seq == seq).unwrap();
    assert_eq!(replayed.content, Content::Recalled { silent: true });
}

#[tokio::test(start_paused = true)]
async fn an_answer_names_a_message_that_its_author_may_see() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let group = alice.group("all", &["carol"]).await;
    let first = alice.send_in(group, "before").await.unwrap().id.seq;
    alice.change(group, ChangeRequest::AddMembers(vec![user("bob")])).await.unwrap();
    let mut bob = world.device("bob", "phone").await;
    let second = alice.send_in(group, "after").await.unwrap();
    let answer = send(&mut bob, group, answering(second.id.seq)).await.unwrap();
    let told = alice.event(group, answer.id.seq.0).await;
    let expected = ReplyTo { seq: second.id.seq, ordinal: second.ordinal };
    assert_eq!(carried(&told.content).reply_to, Some(expected), "the server says where");
    for seq in [first, Seq(1), Seq(3), answer.id.seq.next(), Seq(1_000)] {
        let refused = send(&mut bob, group, answering(seq)).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::NotFound, "{seq}");
    }
    // What was taken back may be answered, and what an edit says keeps what it answers.
    super::change(&mut alice, group, second.id.seq, MessageCommand::Recall).await.unwrap();
    let late = send(&mut bob, group, answering(second.id.seq)).await.unwrap();
    super::change(&mut bob, group, late.id.seq, edit("better")).await.unwrap();
    let shown = newest(&mut alice, group).await.pop().unwrap();
    assert_eq!(carried(&shown.event.content).reply_to, Some(expected));
    // One that begins a conversation answers nothing.
    let to = Destination::User(user("carol"));
    let mut begins = message(to, next_id(), "hi");
    begins.attributes = Some(Box::new(answering(Seq(2))));
    assert_eq!(bob.call(Call::Send(begins)).await.unwrap_err().code, ErrorCode::NotFound);
}

#[tokio::test(start_paused = true)]
async fn attributes_are_a_part_of_the_message_when_it_is_sent_again() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let at = direct("alice", "bob");
    let first = alice.send("bob", "one").await.id.seq;
    let full = Attributes {
        mention_all: true,
        priority: 7,
        extension: text("{}"),
        forwarded: Some(Forwarded { author: user("carol"), sent_at: Timestamp(5) }),
        ..answering(first)
    };
    let id = next_id();
    let once = send_as(&mut alice, at, id, full.clone()).await.unwrap();
    let again = send_as(&mut alice, at, id, full.clone()).await.unwrap();
    assert_eq!((again.id, again.deduplicated), (once.id, true));
    let other = send_as(&mut alice, at, id, Attributes { priority: 8, ..full.clone() }).await.unwrap_err();
    assert_eq!((other.code, other.first.map(|first| first.id)), (ErrorCode::Conflict, Some(once.id)));
    let expected = Attributes { reply_to: Some(ReplyTo { seq: first, ordinal: Ordinal(1) }), ..full };
    assert_eq!(carried(&bob.event(at, once.id.seq.0).await.content), expected);
    assert_eq!(carried(&newest(&mut bob, at).await[1].event.content), expected);
}

#[tokio::test(start_paused = true)]
async fn a_command_reaches_every_device_and_is_no_message() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let at = direct("alice", "bob");
    alice.send("bob", "one").await;
    let content = event::Content { body_type: text("acme.refresh"), body: text("{}") };
    let done = alice.change(at, ChangeRequest::Command(content.clone())).await.unwrap();
    let Answer::CommandDone(done) = done else { panic!("{done:?}") };
    let told = bob.event(at, done.seq.0).await;
    assert_eq!((told.kind, told.ordinal), (EventKind::Command, Ordinal(1)));
    assert_eq!(told.content, Content::Change(Change::Commanded(content.clone())));
    let view = bob.view(at).await;
    assert_eq!((view.unread, view.last_message.unwrap().event.id.seq), (1, Seq(2)));
    let replayed = bob.replay(at).await.pop().unwrap();
    assert_eq!(replayed.content, Content::Change(Change::Commanded(content.clone())));
    let mut eve = world.device("eve", "phone").await;
    assert_eq!(eve.change(at, ChangeRequest::Command(content)).await.unwrap_err().code, ErrorCode::NotFound);
}
