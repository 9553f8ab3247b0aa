//! Messages that are pinned for everybody.

use super::{change, changes, newest};
use crate::harness::{Device, World, direct, user};
use stonechat_app::api::{Answer, Call, ChangeRequest, Content, MessageView};
use stonechat_app::node::Options;
use stonechat_domain::event::{Change, MessageCommand};
use stonechat_domain::group::{GroupCommand, SettingsPatch, Who};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::ConversationId;
use stonechat_types::limits::PINS_MAX;
use stonechat_types::number::Seq;

async fn pin(device: &mut Device, at: ConversationId, seq: Seq, pinned: bool) -> Result<Seq, ErrorCode> {
    change(device, at, seq, MessageCommand::Pin(pinned)).await.map_err(|failure| failure.code)
}

async fn listed(device: &mut Device, conversation: ConversationId, after: u64, limit: u32) -> (Vec<u64>, bool) {
    match device.call(Call::ListPinned { conversation, after: Seq(after), limit }).await.unwrap() {
        Answer::Messages(page) => {
            assert!(page.from > page.upto, "it settles nothing");
            (page.messages.iter().map(|view| view.event.id.seq.0).collect(), page.more_after)
        }
        other => panic!("{other:?}"),
    }
}

fn is_pinned(view: &MessageView) -> bool {
    view.state.as_ref().is_some_and(|state| state.pinned)
}

#[tokio::test(start_paused = true)]
async fn what_is_pinned_is_so_for_everybody_until_it_is_not_or_is_recalled() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let at = direct("alice", "bob");
    let first = alice.send("bob", "one").await.id.seq;
    let second = alice.send("bob", "two").await.id.seq;
    let third = alice.send("bob", "three").await.id.seq;
    let before = bob.view(at).await.head;
    let by = pin(&mut bob, at, second, true).await.unwrap();
    let told = alice.event(at, by.0).await;
    assert!(matches!(told.content, Content::Change(Change::Pinned { pinned: true, .. })), "{told:?}");
    pin(&mut alice, at, first, true).await.unwrap();
    assert_eq!(pin(&mut alice, at, first, true).await, Ok(Seq::ZERO), "it is there");
    pin(&mut alice, at, third, true).await.unwrap();
    assert_eq!(listed(&mut bob, at, 0, 0).await, (vec![first.0, second.0, third.0], false));
    assert_eq!(listed(&mut bob, at, 0, 2).await, (vec![first.0, second.0], true));
    assert_eq!(listed(&mut bob, at, second.0, 2).await, (vec![third.0], false));
    assert!(newest(&mut bob, at).await.iter().all(is_pinned));
    assert!(changes(&mut bob, at, before, 0).await.messages.iter().all(is_pinned));
    pin(&mut bob, at, first, false).await.unwrap();
    change(&mut alice, at, third, MessageCommand::Recall).await.unwrap();
    assert_eq!(pin(&mut bob, at, third, true).await, Err(ErrorCode::NotFound));
    world.log.kill(0);
    let next = world.next(Options::default());
    let mut bob = next.device("bob", "phone").await;
    assert_eq!(listed(&mut bob, at, 0, 0).await, (vec![second.0], false));
    let pinned: Vec<_> = newest(&mut bob, at).await.iter().map(is_pinned).collect();
    assert_eq!(pinned, [false, true, false]);
    let outside = Call::ListPinned { conversation: at, after: Seq::ZERO, limit: 0 };
    assert_eq!(next.device("eve", "phone").await.call(outside).await.unwrap_err().code, ErrorCode::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_group_says_who_may_pin_and_not_more_than_there_may_be() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let group = alice.group("all", &["bob"]).await;
    let mut bob = world.device("bob", "phone").await;
    let seq = alice.send_in(group, "one").await.unwrap().id.seq;
    let who = |pin| {
        ChangeRequest::Group(GroupCommand::ChangeSettings(SettingsPatch { pin: Some(pin), ..SettingsPatch::default() }))
    };
    alice.change(group, who(Who::Admins)).await.unwrap();
    assert_eq!(pin(&mut bob, group, seq, true).await, Err(ErrorCode::Forbidden));
    alice.change(group, who(Who::Everybody)).await.unwrap();
    pin(&mut bob, group, seq, true).await.unwrap();
    for _ in 1..PINS_MAX {
        let seq = alice.send_in(group, "more").await.unwrap().id.seq;
        pin(&mut alice, group, seq, true).await.unwrap();
    }
    let last = alice.send_in(group, "one too many").await.unwrap().id.seq;
    assert_eq!(pin(&mut alice, group, last, true).await, Err(ErrorCode::TooMany));
    pin(&mut alice, group, seq, false).await.unwrap();
    pin(&mut alice, group, last, true).await.unwrap();
    alice.change(group, ChangeRequest::RemoveMember(user("bob"))).await.unwrap();
    let gone = Call::ListPinned { conversation: group, after: Seq::ZERO, limit: 0 };
    assert_eq!(bob.call(gone).await.unwrap_err().code, ErrorCode::NotAMember);
}
