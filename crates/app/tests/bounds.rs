//! Every bound of the application is reached, answers, and counts.

mod harness;

use harness::{World, message, next_id, user};
use std::time::Duration;
use stonechat_app::api::{Call, ChangeRequest, Destination, MessageRange};
use stonechat_app::application::READS_MAX;
use stonechat_app::metrics::Bound;
use stonechat_app::node::Options;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::limits::{DEVICES_PER_USER_MAX, GROUP_MEMBERS_MAX, MEMBERS_PER_EVENT_MAX};
use tokio::time::{advance, sleep};

/// More than the mailbox of one executor holds, with what is taken from it meanwhile.
const FLOOD: usize = 6_000;

#[tokio::test(start_paused = true)]
async fn a_full_mailbox_refuses_and_loses_nothing_that_it_took() {
    let world = World::with(Options { executors: 1, ..Options::default() });
    let mut alice = world.device("alice", "phone").await;
    let here = alice.group("Ops", &[]).await;
    world.log.hold();
    let calls: Vec<_> = (0..FLOOD)
        .map(|i| {
            let call = Call::Send(message(Destination::Conversation(here), next_id(), &format!("{i}")));
            alice.submit(call)
        })
        .collect();
    sleep(Duration::from_millis(50)).await;
    assert!(world.app.metrics().overloads(Bound::Mailbox) > 0);
    world.log.release();
    let mut taken = 0;
    for call in calls {
        match alice.answer(call).await {
            Ok(_) => taken += 1,
            Err(failure) => {
                assert_eq!(failure.code, ErrorCode::Overloaded);
                assert!(failure.retry_after_ms.is_some());
            }
        }
    }
    assert_eq!(alice.view(here).await.head_ordinal.0, taken, "refused means not stored");
}

#[tokio::test(start_paused = true)]
async fn commands_that_wait_for_one_conversation_are_bounded() {
    let world = World::with(Options { executors: 1, executor_bytes_max: 1, ..Options::default() });
    let mut alice = world.device("alice", "phone").await;
    let here = alice.group("Ops", &[]).await;
    for i in 0..70 {
        alice.send_in(here, &format!("{i}")).await.unwrap();
    }
    sleep(Duration::from_secs(3)).await;
    world.log.hold_reads(None);
    let calls: Vec<_> = (0..300)
        .map(|_| {
            let mut send = message(Destination::Conversation(here), next_id(), "x");
            send.read_upto = stonechat_types::number::Seq(2);
            alice.submit(Call::Send(send))
        })
        .collect();
    advance(Duration::from_millis(50)).await;
    sleep(Duration::from_millis(50)).await;
    assert!(world.app.metrics().overloads(Bound::Waiting) > 0);
    world.log.open_reads();
    let mut refused = 0;
    for call in calls {
        refused += usize::from(alice.answer(call).await.is_err());
    }
    assert!(refused > 0 && refused < 300);
}

#[tokio::test(start_paused = true)]
async fn reads_on_their_way_are_bounded() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let here = alice.group("Ops", &[]).await;
    world.log.hold_reads(None);
    let calls: Vec<_> = (0..READS_MAX + 10)
        .map(|_| alice.submit(Call::FetchMessages { conversation: here, range: MessageRange::Newest, limit: 1 }))
        .collect();
    sleep(Duration::from_millis(5)).await;
    assert_eq!(world.app.metrics().overloads(Bound::Reads), 10);
    world.log.open_reads();
    let mut refused = 0;
    for call in calls {
        refused += usize::from(alice.answer(call).await.is_err());
    }
    assert_eq!(refused, 10);
}

#[tokio::test(start_paused = true)]
async fn a_user_has_a_bounded_number_of_devices() {
    let world = World::new();
    for i in 0..DEVICES_PER_USER_MAX {
        world.device("alice", &format!("device{i}")).await;
    }
    let refused = world.try_device("alice", "one-more", Default::default()).await.map(|_| ()).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Forbidden);
    world.device("alice", "device0").await;
}

#[tokio::test(start_paused = true)]
async fn a_group_has_a_bounded_number_of_members() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let here = alice.group("All", &[]).await;
    let people: Vec<_> = (1..GROUP_MEMBERS_MAX).map(|i| user(&format!("user{i}"))).collect();
    for some in people.chunks(MEMBERS_PER_EVENT_MAX) {
        alice.change(here, ChangeRequest::AddMembers(some.to_vec())).await.unwrap();
    }
    assert_eq!(alice.view(here).await.member_count, GROUP_MEMBERS_MAX);
    let refused = alice.change(here, ChangeRequest::AddMembers(vec![user("one-more")])).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::TooManyMembers);
}
