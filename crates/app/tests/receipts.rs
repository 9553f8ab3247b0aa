//! How far the other of a direct conversation is: told at once, kept cheaply, and to nobody across a block.

mod harness;

use harness::{Device, World, direct, message, next_id, user};
use std::time::Duration;
use stonechat_app::api::{
    Answer, Call, Destination, ListReaders, Outbound, PersonalItem, PersonalPage, ReadMark, Receipt, Relate,
};
use stonechat_app::node::Options;
use stonechat_domain::relation::RelationCommand;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{CommandId, ConversationId};
use stonechat_types::number::{PersonalSeq, Seq};
use tokio::time::sleep;

fn delivered(conversation: ConversationId, upto: u64) -> Call {
    Call::MarkDelivered(vec![(conversation, Seq(upto))])
}

fn mark(read: u64, delivered: u64) -> Vec<ReadMark> {
    vec![ReadMark { user: user("bob"), read: Seq(read), delivered: Seq(delivered) }]
}

/// What a device is told at once.
fn moved(outbound: &Outbound) -> Option<Seq> {
    if let Outbound::DeliveredMoved { upto, .. } = outbound { Some(*upto) } else { None }
}

/// What the personal state of a user has of it: read, delivered.
async fn kept(device: &mut Device) -> Option<(u64, u64)> {
    let call = Call::FetchPersonal { after: PersonalSeq(0), limit: 100 };
    let Ok(Answer::Personal(PersonalPage { changes, .. })) = device.call(call).await else { panic!("no page") };
    changes.into_iter().find_map(|(_, item)| match item {
        PersonalItem::Receipts { read, delivered, .. } => Some((read.0, delivered.0)),
        _ => None,
    })
}

async fn relate(device: &mut Device, other: &str, command: RelationCommand) {
    let relate = Relate { command_id: CommandId(next_id().0), peer: user(other), command };
    device.call(Call::Relate(Box::new(relate))).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_a_device_stored_is_told_at_once_and_kept_for_those_that_are_away() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let here = direct("alice", "bob");
    for n in 0..3 {
        alice.send("bob", &format!("{n}")).await;
    }
    assert_eq!(alice.view(here).await.read_marks, []);
    bob.call(delivered(here, 3)).await.unwrap();
    assert_eq!(alice.sink.wait(moved).await, Seq(3));
    // Nobody has stored what is not there, and it never moves back.
    bob.call(delivered(here, 9)).await.unwrap();
    bob.call(delivered(here, 2)).await.unwrap();
    assert_eq!(alice.sink.wait(|it| moved(it).filter(|upto| upto.0 > 3)).await, Seq(4));
    bob.call(Call::MarkRead { conversation: here, upto: Seq(2) }).await.unwrap();
    sleep(Duration::from_secs(2)).await;
    assert_eq!(alice.view(here).await.read_marks, mark(2, 4));
    assert_eq!(kept(&mut alice).await, Some((2, 4)));
    assert_eq!(kept(&mut bob).await, None, "nobody is told of himself");
    let next = world.next(Options::default());
    let mut alice = next.device("alice", "phone").await;
    assert_eq!(alice.view(here).await.read_marks, mark(2, 4));
    assert_eq!(kept(&mut alice).await, Some((2, 4)));
    // Whoever has read it has it.
    let mut bob = next.device("bob", "phone").await;
    bob.call(Call::MarkRead { conversation: here, upto: Seq(4) }).await.unwrap();
    bob.call(delivered(here, 4)).await.unwrap();
    sleep(Duration::from_secs(2)).await;
    assert_eq!(alice.view(here).await.read_marks, mark(4, 4));
    assert_eq!(alice.sink.count(|it| moved(it).is_some()), 0);
}

#[tokio::test(start_paused = true)]
async fn many_marks_in_a_second_are_one_record() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let here = direct("alice", "bob");
    for n in 0..20 {
        alice.send("bob", &format!("{n}")).await;
    }
    sleep(Duration::from_secs(2)).await;
    let before = world.log.offers();
    for upto in 2..=21 {
        bob.call(delivered(here, upto)).await.unwrap();
    }
    sleep(Duration::from_secs(2)).await;
    assert!(world.log.offers() <= before + 1, "{} offers", world.log.offers() - before);
    assert_eq!(alice.view(here).await.read_marks, mark(0, 21));
}

#[tokio::test(start_paused = true)]
async fn what_the_store_refused_is_moved_again() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let here = direct("alice", "bob");
    alice.send("bob", "one").await;
    bob.call(delivered(here, 2)).await.unwrap();
    world.log.hold();
    let held = bob.submit(Call::Send(message(Destination::User(user("alice")), next_id(), "held")));
    sleep(Duration::from_secs(2)).await;
    world.log.refuse_held();
    assert_eq!(bob.answer(held).await.unwrap_err().code, ErrorCode::StorageFull);
    world.log.release();
    sleep(Duration::from_secs(3)).await;
    assert_eq!(alice.view(here).await.read_marks, mark(0, 2));
    assert_eq!(kept(&mut alice).await, Some((0, 2)));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_told_across_a_block_nor_of_groups_and_strangers() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let here = direct("alice", "bob");
    alice.send("bob", "one").await;
    let second = alice.send("bob", "two").await;
    bob.call(delivered(here, 2)).await.unwrap();
    assert_eq!(alice.sink.wait(moved).await, Seq(2));
    relate(&mut bob, "alice", RelationCommand::Block).await;
    bob.call(delivered(here, 3)).await.unwrap();
    bob.call(Call::MarkRead { conversation: here, upto: Seq(3) }).await.unwrap();
    sleep(Duration::from_secs(2)).await;
    assert_eq!(alice.view(here).await.read_marks, []);
    assert_eq!(alice.sink.count(|it| moved(it) == Some(Seq(3))), 0);
    assert_eq!(alice.sink.count(|it| matches!(it, Outbound::ReadMoved { .. })), 0);
    let page = Default::default();
    let (seq, receipt) = (second.id.seq, Receipt::Read);
    let readers = ListReaders { conversation: here, seq, receipt, read: true, page, limit: 10 };
    assert_eq!(alice.call(Call::ListReaders(readers)).await.unwrap_err().code, ErrorCode::Forbidden);
    relate(&mut bob, "alice", RelationCommand::Unblock).await;
    assert_eq!(alice.view(here).await.read_marks, mark(3, 3));
    // What cannot be noted is left out, and what can be is noted.
    let group = alice.group("us", &["bob"]).await;
    alice.send("bob", "three").await;
    let strangers = direct("alice", "carol");
    let all = vec![(group, Seq(1)), (strangers, Seq(1)), (here, Seq(4))];
    bob.call(Call::MarkDelivered(all)).await.unwrap();
    assert_eq!(alice.view(group).await.read_marks, []);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(alice.view(here).await.read_marks, mark(3, 4));
}
