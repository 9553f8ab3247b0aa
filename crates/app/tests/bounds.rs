//! Every bound of the application is reached, answers, and counts.

mod harness;

use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use harness::{Device, World, message, next_id, user};
use std::collections::BTreeMap;
use std::time::Duration;
use stonechat_app::api::{Answer, Call, ChangeRequest, CreateGroup, Destination, MessageRange, Outbound};
use stonechat_app::application::{LAG_MS_MAX, READS_MAX};
use stonechat_app::directory::USERS_PENDING_MAX;
use stonechat_app::metrics::{Bound, Full};
use stonechat_app::node::Options;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{CommandId, ConversationId, ConversationKind};
use stonechat_types::limits::{
    BODY_BYTES_MAX, CALLS_MAX, CATCH_UP_EVENTS_MAX, DEVICES_PER_USER_MAX, GROUP_MEMBERS_MAX, MEMBERS_PER_EVENT_MAX,
};
use stonechat_types::number::{AppId, Seq};
use stonechat_types::text::Title;
use tokio::time::{advance, sleep, timeout};

/// Events and bytes of one batch at most.
const BATCH_EVENTS_MAX: usize = 1_024;
const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// More than a batch takes, and more than the mailbox of an executor holds.
const WAVE: usize = 1_500;

#[tokio::test(start_paused = true)]
async fn a_full_mailbox_refuses_and_loses_nothing_that_it_took() {
    let world = World::with(Options { executors: 1, ..Options::default() });
    let mut alice = world.device("alice", "phone").await;
    let here = alice.group("Ops", &[]).await;
    world.log.hold();
    let mut calls = Vec::new();
    // The first is in flight, the second fills the next batch, the third the mailbox.
    for _ in 0..3 {
        let send = || Call::Send(message(Destination::Conversation(here), next_id(), "x"));
        calls.extend((0..WAVE).map(|_| alice.submit(send())));
        sleep(Duration::from_millis(1_100)).await;
    }
    let metrics = world.app.metrics();
    assert!(metrics.overloads(Bound::Mailbox) > 0);
    assert_eq!((metrics.mailbox_depth.get(), metrics.batches.get()), (1_024, 2));
    assert!(metrics.mailbox_pauses.get() > 0, "it is left alone while both batches are full");
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
    sleep(Duration::from_millis(1_100)).await;
    assert_eq!((metrics.mailbox_depth.get(), metrics.batches.get()), (0, 0));
    assert!(metrics.batches_full(Full::Records) > 0);
    let largest = world.log.take_shapes().into_iter().map(|shape| shape.events.into_values().sum()).max();
    assert_eq!(largest, Some(BATCH_EVENTS_MAX));
}

#[tokio::test(start_paused = true)]
async fn a_batch_has_a_bound_of_bytes() {
    let world = World::with(Options { executors: 1, ..Options::default() });
    let mut alice = world.device("alice", "phone").await;
    let here = alice.group("Ops", &[]).await;
    let body = "x".repeat(BODY_BYTES_MAX);
    world.log.hold();
    let calls: Vec<_> = (0..100)
        .map(|_| alice.submit(Call::Send(message(Destination::Conversation(here), next_id(), &body))))
        .collect();
    sleep(Duration::from_millis(5)).await;
    world.log.release();
    for call in calls {
        alice.answer(call).await.unwrap();
    }
    assert!(world.app.metrics().batches_full(Full::Bytes) > 0);
    let shapes = world.log.take_shapes();
    assert!(shapes.iter().all(|shape| shape.bytes <= BATCH_BYTES_MAX), "{shapes:?}");
    assert!(shapes.iter().any(|shape| shape.bytes > BATCH_BYTES_MAX / 5 * 4), "{shapes:?}");
}

/// People of two apps, each alone in a group of his own, without sessions.
async fn two_apps(world: &World) -> [(AppId, ConversationId); 2] {
    let mut groups = Vec::new();
    for app in [AppId::DEFAULT, AppId(2)] {
        let create = CreateGroup {
            command_id: CommandId(next_id().0),
            kind: ConversationKind::Group,
            title: Title::new("Ops").unwrap(),
            members: Vec::new(),
        };
        match world.app.call_as(app, user("alice"), Call::CreateGroup(create)).await.unwrap() {
            Answer::CommandDone(done) => groups.push((app, done.conversation)),
            other => panic!("{other:?}"),
        }
    }
    groups.try_into().unwrap()
}

/// Sends of one app, all at once; how many were taken.
async fn flood(world: &World, (app, here): (AppId, ConversationId), count: usize) -> usize {
    let sends = (0..count).map(|i| {
        let send = message(Destination::Conversation(here), next_id(), &format!("{i}"));
        world.app.call_as(app, user("alice"), Call::Send(send))
    });
    join_all(sends).await.iter().filter(|answer| answer.is_ok()).count()
}

#[tokio::test(start_paused = true)]
async fn one_app_has_a_quarter_of_a_batch_while_another_waits() {
    let world = World::with(Options { executors: 1, ..Options::default() });
    let [first, second] = two_apps(&world).await;
    world.log.take_shapes();
    let taken = tokio::join!(flood(&world, first, 700), flood(&world, second, 300));
    assert_eq!(taken, (700, 300));
    assert!(world.app.metrics().batches_full(Full::Share) > 0);
    let shapes: Vec<_> = world.log.take_shapes().into_iter().map(|shape| shape.events).collect();
    let quarter = BATCH_EVENTS_MAX / 4;
    assert_eq!(shapes[0], BTreeMap::from([(first.0, quarter), (second.0, quarter)]));
    let (mut left, mut alone) = (BTreeMap::from([(first.0, 700), (second.0, 300)]), 0);
    for shape in &shapes {
        for (app, count) in shape {
            let others_wait = left.iter().any(|(other, left)| other != app && left > shape.get(other).unwrap_or(&0));
            assert!(!others_wait || *count <= quarter, "{shapes:?}");
            alone = alone.max(if others_wait { 0 } else { *count });
        }
        shape.iter().for_each(|(app, count)| *left.get_mut(app).unwrap() -= count);
    }
    assert!(left.values().all(|left| *left == 0));
    assert!(alone > 0, "who is alone has no such bound");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_lags_gets_new_work_by_the_share_of_the_app_only() {
    let world = World::with(Options { executors: 1, ..Options::default() });
    let [first, second] = two_apps(&world).await;
    let shed = || world.app.metrics().overloads(Bound::Share);
    let send = |(app, here)| {
        let send = message(Destination::Conversation(here), next_id(), "x");
        world.app.call_as(app, user("alice"), Call::Send(send))
    };
    world.log.hold();
    world.log.lag(LAG_MS_MAX);
    let (taken, ()) = tokio::join!(flood(&world, first, 40), async {
        sleep(Duration::from_millis(5)).await;
        world.log.lag(LAG_MS_MAX + 1);
        // The first app has its share of what is not durable, the second has nothing.
        let refused = send(first).await.unwrap_err();
        assert_eq!((refused.code, refused.retry_after_ms.is_some()), (ErrorCode::Overloaded, true));
        assert_eq!(shed(), 1);
        let read = Call::MarkRead { conversation: first.1, upto: Seq(1) };
        let (more, read, ()) =
            tokio::join!(flood(&world, second, 50), world.app.call_as(first.0, user("alice"), read), async {
                sleep(Duration::from_millis(5)).await;
                assert_eq!(shed(), 11, "the second app has its share with 40");
                // What was taken is done.
                world.log.release();
            },);
        assert_eq!((more, read.is_ok()), (40, true));
        world.log.lag(0);
        assert!(send(first).await.is_ok());
    });
    assert_eq!((taken, shed()), (40, 11));
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
            send.read_upto = Seq(2);
            alice.submit(Call::Send(send))
        })
        .collect();
    advance(Duration::from_millis(50)).await;
    sleep(Duration::from_millis(50)).await;
    assert!(world.app.metrics().overloads(Bound::Waiting) > 0);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(world.app.metrics().commands_waiting.get(), 256);
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
    let read = || Call::FetchEvents { conversation: here, after: Seq::ZERO, limit: 1 };
    let reads = (0..READS_MAX + 10).map(|_| world.app.call_as(AppId::DEFAULT, user("alice"), read()));
    let (answers, ()) = tokio::join!(join_all(reads), async {
        sleep(Duration::from_millis(5)).await;
        let metrics = world.app.metrics();
        assert_eq!((metrics.overloads(Bound::Reads), metrics.reads.get()), (10, READS_MAX as i64));
        world.log.open_reads();
    });
    assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 10);
    assert_eq!(world.app.metrics().reads.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn one_answer_to_a_read_is_in_preparation_until_it_has_left() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let here = alice.group("Ops", &[]).await;
    let read = || Call::FetchMessages { conversation: here, range: MessageRange::Newest, limit: 1, with_events: false };
    let calls: Vec<_> = (0..CALLS_MAX).map(|_| alice.submit(read())).collect();
    let metrics = world.app.metrics();
    let answered = || alice.sink.count(|told| matches!(told, Outbound::Answer { .. }));
    for (call, waiting) in calls.iter().zip((0..i64::from(CALLS_MAX)).rev()) {
        sleep(Duration::from_millis(5)).await;
        // The sink has one answer, and nothing more is read before it lets go of it.
        assert_eq!((answered(), metrics.pages.get(), metrics.reads_waiting.get()), (1, 1, waiting));
        alice.answer(*call).await.unwrap();
    }
    assert_eq!((answered(), metrics.pages.get(), metrics.reads_waiting.get()), (0, 0, 0));
    assert_eq!(metrics.page_waits.get(), u64::from(CALLS_MAX) - 1);
    // A send waits for no read.
    alice.submit(read());
    sleep(Duration::from_millis(5)).await;
    alice.send_in(here, "x").await.unwrap();
    assert_eq!(metrics.pages.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_overflows_is_poked_once_and_told_nothing_until_it_pulls() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    bob.sink.limit(3);
    for i in 0..10 {
        alice.send("bob", &format!("{i}")).await;
    }
    sleep(Duration::from_millis(1_100)).await;
    let metrics = world.app.metrics();
    let pokes = |device: &Device| device.sink.count(|told| matches!(told, Outbound::Poke(_)));
    assert_eq!((pokes(&bob), metrics.pokes.get(), metrics.sessions_poked.get()), (1, 1, 1));
    assert_eq!(bob.sink.events().len(), 3);
    bob.sink.limit(100);
    alice.send("bob", "not told").await;
    assert_eq!(bob.sink.events().len(), 3, "nothing more of the log");
    bob.call(Call::Pull { position: Default::default(), window: 0 }).await.unwrap();
    alice.send("bob", "told").await;
    sleep(Duration::from_millis(1_100)).await;
    assert_eq!((bob.sink.events().len(), metrics.sessions_poked.get()), (4, 0));
}

#[tokio::test(start_paused = true)]
async fn a_catch_up_that_is_too_long_is_a_jump() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let here = alice.group("Ops", &[]).await;
    for _ in 0..CATCH_UP_EVENTS_MAX {
        alice.send_in(here, "x").await.unwrap();
    }
    let mut jumps = async |after| {
        let call = Call::FetchEvents { conversation: here, after: Seq(after), limit: 10 };
        let Answer::Events(page) = alice.call(call).await.unwrap() else { panic!() };
        (page.jump, page.events.len(), world.app.metrics().jumps.get())
    };
    assert_eq!(jumps(1).await, (false, 10, 0));
    assert_eq!(jumps(0).await, (true, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn users_that_wait_to_be_made_are_bounded() {
    let world = World::new();
    world.log.hold();
    let puts =
        (0..USERS_PENDING_MAX + 300).map(|i| world.app.put_user(AppId::DEFAULT, user(&format!("user{i}")), None));
    let mut puts: FuturesUnordered<_> = puts.collect();
    for _ in 0..300 {
        let refused = puts.next().await.unwrap().unwrap_err();
        assert_eq!((refused.code, refused.retry_after_ms.is_some()), (ErrorCode::Overloaded, true));
    }
    assert!(timeout(Duration::from_millis(1_100), puts.next()).await.is_err(), "the others wait");
    let metrics = world.app.metrics();
    assert_eq!(metrics.overloads(Bound::Users), 300);
    // Those of one commit are on their way.
    assert!((1..=256).contains(&(USERS_PENDING_MAX as i64 - metrics.users_pending.get())));
}

#[tokio::test(start_paused = true)]
async fn a_user_has_a_bounded_number_of_devices() {
    let world = World::new();
    for i in 0..DEVICES_PER_USER_MAX {
        world.device("alice", &format!("device{i}")).await;
    }
    let refused = world.try_device("alice", "one-more", Default::default()).await.map(|_| ()).unwrap_err();
    assert_eq!(refused.code, ErrorCode::DeviceLimit);
    assert_eq!(world.app.metrics().refusals(ErrorCode::DeviceLimit), 1);
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
    assert_eq!(world.app.metrics().refusals(ErrorCode::TooManyMembers), 1);
}
