//! People on a server whose disk is full: they sign in and read, and no sign-out is undone.

mod harness;

use bytes::Bytes;
use harness::{Device, TestSink, World, body_of, direct, next_id};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use stonechat_app::api::{
    Answer, Begun, Call, ChangeMessage, DeviceView, Failure, Hello, MessageRange, MessageView, Outbound,
};
use stonechat_domain::event::MessageCommand;
use stonechat_domain::message::Authority;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{CommandId, ConversationId, DeviceId};
use stonechat_types::number::Seq;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

fn full(world: &World) {
    world.log.fill(true);
}

fn room(world: &World) {
    world.log.fill(false);
}

async fn devices(device: &mut Device) -> Vec<DeviceView> {
    match device.call(Call::ListDevices).await.unwrap() {
        Answer::Devices(devices) => devices,
        other => panic!("{other:?}"),
    }
}

async fn sign_out(device: &mut Device, other: &str) -> Result<Answer, Failure> {
    device.call(Call::RevokeDevice(DeviceId::new(other).unwrap())).await
}

fn recall(conversation: ConversationId, seq: Seq) -> Call {
    let (command_id, command, authority) = (CommandId(next_id().0), MessageCommand::Recall, Authority::Member);
    Call::ChangeMessage(ChangeMessage { command_id, conversation, seq, command, authority })
}

async fn refused(world: &World, token: &str, device: &str) -> ErrorCode {
    world.try_device(token, device, Bytes::new()).await.map(|_| ()).unwrap_err().code
}

/// A hello of a device that has a name of its own.
async fn hello(world: &World, user: &str, device: &str, name: &str) -> Result<Begun, Failure> {
    let sink = Arc::new(TestSink::default());
    let hello = Hello {
        token: user.into(),
        device: DeviceId::new(device).unwrap(),
        device_name: name.into(),
        client: "test".into(),
        platform: Default::default(),
        position: Bytes::new(),
        window: 0,
    };
    world.app.begin(hello, sink.clone());
    sink.wait(|outbound| if let Outbound::Begun(begun) = outbound { Some(begun.clone()) } else { None }).await
}

#[tokio::test(start_paused = true)]
async fn a_device_that_was_away_for_days_signs_in_and_reads() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    alice.send("bob", "hello").await;
    let seen_at = devices(&mut alice).await[0].seen_at;
    world.clock.0.fetch_add(3 * DAY_MS, Ordering::Relaxed);
    full(&world);
    let mut alice = world.device("alice", "phone").await;
    assert_eq!(alice.begun.welcome.conversations.conversations.len(), 1);
    let events = alice.replay(direct("alice", "bob")).await;
    assert_eq!(events.last().map(body_of), Some("hello".to_owned()));
    assert_eq!(devices(&mut alice).await[0].seen_at, seen_at, "nothing was stored");
    let unsent = alice.send_in(direct("alice", "bob"), "more").await.unwrap_err();
    assert_eq!(unsent.code, ErrorCode::StorageFull);
    room(&world);
    let mut alice = world.device("alice", "phone").await;
    assert_eq!(devices(&mut alice).await[0].seen_at, seen_at.plus_ms(3 * DAY_MS));
}

#[tokio::test(start_paused = true)]
async fn a_device_whose_name_has_changed_signs_in() {
    let world = World::new();
    let mut phone = world.device("alice", "phone").await;
    hello(&world, "alice", "tablet", "old").await.unwrap();
    full(&world);
    hello(&world, "alice", "tablet", "new").await.unwrap();
    let names = |devices: Vec<DeviceView>| devices.into_iter().map(|device| device.name).collect::<Vec<_>>();
    assert_eq!(names(devices(&mut phone).await), ["test", "old"]);
    room(&world);
    hello(&world, "alice", "tablet", "new").await.unwrap();
    assert_eq!(names(devices(&mut phone).await), ["test", "new"]);
}

#[tokio::test(start_paused = true)]
async fn a_new_device_signs_in_and_is_stored_at_its_next_hello() {
    let world = World::new();
    let mut phone = world.device("alice", "phone").await;
    phone.send("bob", "hello").await;
    full(&world);
    let mut tablet = world.device("alice", "tablet").await;
    assert_eq!(tablet.replay(direct("alice", "bob")).await.len(), 2);
    assert_eq!(devices(&mut phone).await.len(), 1);
    room(&world);
    world.device("alice", "tablet").await;
    assert_eq!(devices(&mut phone).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_is_not_stored_yet_can_be_signed_out() {
    let world = World::new();
    let mut phone = world.device("alice", "phone").await;
    full(&world);
    let lost = world.device("alice", "lost").await;
    sign_out(&mut phone, "lost").await.unwrap();
    let code = lost.sink.wait(|o| if let Outbound::Close(code) = o { Some(*code) } else { None }).await;
    assert_eq!(code, ErrorCode::Revoked);
    assert_eq!(refused(&world, "alice", "lost").await, ErrorCode::Revoked);
    assert_eq!(sign_out(&mut phone, "never").await.unwrap_err().code, ErrorCode::NotFound);
}

#[tokio::test(start_paused = true)]
async fn messages_are_recalled_beside_sends_that_are_refused() {
    let world = World::new();
    let (mut alice, mut bob) = (world.device("alice", "phone").await, world.device("bob", "phone").await);
    let here = direct("alice", "bob");
    let mut stored = Vec::new();
    for n in 0..4 {
        stored.push(alice.send("bob", &format!("secret {n}")).await.id.seq);
    }
    full(&world);
    // The first of them meets a store that is not known to be full, and goes with what else was offered.
    assert_eq!(bob.send_in(here, "no").await.unwrap_err().code, ErrorCode::StorageFull);
    for seq in stored.clone() {
        let (refused, recalled) = tokio::join!(bob.send_in(here, "no"), alice.call(recall(here, seq)));
        assert_eq!(refused.unwrap_err().code, ErrorCode::StorageFull);
        assert!(matches!(recalled, Ok(Answer::CommandDone(_))), "{recalled:?}");
    }
    let page = Call::FetchMessages { conversation: here, range: MessageRange::Newest, limit: 0, with_events: false };
    let Answer::Messages(page) = bob.call(page).await.unwrap() else { panic!("no messages") };
    let is_recalled = |message: &MessageView| message.state.as_ref().is_some_and(|state| state.recalled.is_some());
    assert_eq!((page.messages.len(), page.messages.iter().all(is_recalled)), (4, true), "{:?}", page.messages);
    // One that is recalled already takes none with it that is not.
    room(&world);
    let last = bob.send_in(here, "secret of bob").await.unwrap().id.seq;
    full(&world);
    assert_eq!(bob.send_in(here, "no").await.unwrap_err().code, ErrorCode::StorageFull);
    let (nothing, something) = (alice.submit(recall(here, stored[0])), bob.submit(recall(here, last)));
    assert!(alice.answer(nothing).await.is_ok() && bob.answer(something).await.is_ok());
    room(&world);
    bob.send_in(here, "yes").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_device_that_was_signed_out_stays_out() {
    let world = World::new();
    let mut phone = world.device("alice", "phone").await;
    world.device("alice", "lost").await;
    sign_out(&mut phone, "lost").await.unwrap();
    full(&world);
    world.clock.0.fetch_add(3 * DAY_MS, Ordering::Relaxed);
    assert_eq!(refused(&world, "alice@1000", "lost").await, ErrorCode::Revoked);
    // A newer token would undo the sign-out, which has to be stored.
    assert_eq!(refused(&world, "alice@2000000", "lost").await, ErrorCode::StorageFull);
    room(&world);
    assert_eq!(refused(&world, "alice@1000", "lost").await, ErrorCode::Revoked);
    assert!(world.try_device("alice@2000000", "lost", Bytes::new()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_that_is_refused_does_not_outrun_a_sign_out() {
    let world = World::new();
    let mut phone = world.device("alice", "phone").await;
    world.device("alice", "lost").await;
    world.clock.0.fetch_add(3 * DAY_MS, Ordering::Relaxed);
    // The sign-out waits for its commit, and the sign-in for the sign-out.
    world.log.hold();
    let sign_out = phone.submit(Call::RevokeDevice(DeviceId::new("lost").unwrap()));
    tokio::task::yield_now().await;
    let (first, second) = tokio::join!(world.try_device("alice", "lost", Bytes::new()), async {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        full(&world);
        world.log.release();
    });
    assert_eq!((first.map(|_| ()).unwrap_err().code, second), (ErrorCode::Revoked, ()));
    phone.answer(sign_out).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_sign_out_ends_a_session_whose_sign_in_was_not_stored() {
    let world = World::new();
    let mut phone = world.device("alice", "phone").await;
    world.device("alice", "lost").await;
    world.clock.0.fetch_add(3 * DAY_MS, Ordering::Relaxed);
    // The sign-in waits for its commit, which will be refused, and the sign-out for the sign-in.
    world.log.hold();
    let (lost, sign_out) = tokio::join!(world.device("alice", "lost"), async {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let call = phone.submit(Call::RevokeDevice(DeviceId::new("lost").unwrap()));
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        world.log.refuse_held();
        call
    });
    phone.answer(sign_out).await.unwrap();
    let code = lost.sink.wait(|o| if let Outbound::Close(code) = o { Some(*code) } else { None }).await;
    assert_eq!(code, ErrorCode::Revoked);
    assert_eq!(refused(&world, "alice", "lost").await, ErrorCode::Revoked);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_came_while_the_disk_was_full_is_listed_once_there_is_room() {
    let world = World::new();
    let mut phone = world.device("alice", "phone").await;
    full(&world);
    let _tablet = world.device("alice", "tablet").await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(devices(&mut phone).await.len(), 1, "it cannot be stored");
    room(&world);
    let told = |outbound: &Outbound| match outbound {
        Outbound::Personal(_, stonechat_app::api::PersonalItem::Device(device)) => Some(device.id.to_string()),
        _ => None,
    };
    while phone.sink.wait(told).await != "tablet" {}
    let listed = devices(&mut phone).await;
    assert!(listed.iter().any(|device| device.id.as_str() == "tablet" && !device.revoked), "{listed:?}");
}
