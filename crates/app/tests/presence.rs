//! Presence: who is told what of whom, when a connection that goes is somebody who goes, and what a crash leaves.

mod harness;

use harness::{Device, World, next_id, user};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use stonechat_app::api::{Answer, Call, Failure, Outbound, PersonalItem, PresenceView, Relate, SetPresence};
use stonechat_app::node::Options;
use stonechat_app::presence::GRACE_MS;
use stonechat_domain::device::Platform;
use stonechat_domain::presence::{Availability, PresencePatch, PresenceSettings, Shown, Status, WhoMaySee};
use stonechat_domain::relation::RelationCommand;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::CommandId;
use stonechat_types::limits::PRESENCE_SUBSCRIPTIONS_MAX;
use stonechat_types::number::{AppId, Timestamp};
use stonechat_types::text::StatusText;

const MINUTE: i64 = 60_000;

/// Time passes, by both clocks.
async fn pass(world: &World, ms: i64) {
    world.clock.0.fetch_add(ms, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(ms as u64)).await;
}

async fn watch(device: &mut Device, users: &[&str]) -> Vec<PresenceView> {
    match device.call(Call::WatchPresence(users.iter().map(|name| user(name)).collect())).await.unwrap() {
        Answer::Presences(views) => views,
        other => panic!("{other:?}"),
    }
}

async fn look(device: &mut Device, name: &str) -> Shown {
    match device.call(Call::GetPresence(vec![user(name)])).await.unwrap() {
        Answer::Presences(mut views) => views.remove(0).shown,
        other => panic!("{other:?}"),
    }
}

/// The next word of whom a device watches.
async fn told(device: &Device) -> Vec<PresenceView> {
    let views = |outbound: &Outbound| match outbound {
        Outbound::Presence(told) => Some(told.views.clone()),
        _ => None,
    };
    device.sink.wait(views).await
}

fn is_silent(device: &Device) -> bool {
    device.sink.count(|outbound| matches!(outbound, Outbound::Presence(_))) == 0
}

async fn set_as(device: &mut Device, id: CommandId, patch: PresencePatch) -> Result<PresenceSettings, Failure> {
    match device.call(Call::SetPresence(Box::new(SetPresence { command_id: id, patch }))).await? {
        Answer::PresenceSettings(settings) => Ok(*settings),
        other => panic!("{other:?}"),
    }
}

async fn set(device: &mut Device, patch: PresencePatch) -> PresenceSettings {
    set_as(device, CommandId(next_id().0), patch).await.unwrap()
}

fn says(text: &str) -> PresencePatch {
    let status = Status { text: StatusText::new(text).ok(), ..Status::default() };
    PresencePatch { status: Some(Some(status)), ..PresencePatch::default() }
}

fn invisible(invisible: bool) -> PresencePatch {
    PresencePatch { invisible: Some(invisible), ..PresencePatch::default() }
}

async fn relate(device: &mut Device, peer: &str, command: RelationCommand) {
    let relate = Relate { command_id: CommandId(next_id().0), peer: user(peer), command };
    device.call(Call::Relate(Box::new(relate))).await.unwrap();
}

fn end(world: &World, device: Device) {
    world.app.end(&device.begun.session);
}

fn states(views: &[PresenceView]) -> Vec<(&str, Availability)> {
    views.iter().map(|view| (view.user.as_str(), view.shown.availability)).collect()
}

use Availability::{Away, Offline, Online};

#[tokio::test(start_paused = true)]
async fn whoever_watches_is_told_who_comes_and_who_goes() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let first = world.device("bob", "phone").await;
    end(&world, first);
    pass(&world, 10 * MINUTE).await;
    let views = watch(&mut alice, &["bob", "nobody", "bob"]).await;
    assert_eq!(states(&views), [("bob", Offline)]);
    let seen = Timestamp(1_000_000 - 1_000_000 % MINUTE);
    assert_eq!(views[0].shown.last_seen, Some(seen), "to the minute");
    let bob = world.try_device_on("bob", "desktop", Default::default(), Platform::Desktop).await.unwrap();
    let views = told(&alice).await;
    assert_eq!(states(&views), [("bob", Online)]);
    assert_eq!(views[0].shown.platforms.iter().collect::<Vec<_>>(), [Platform::Desktop]);
    assert_eq!(views[0].shown.last_seen, None);
    bob.app.submit(&bob.begun.session, 0, Call::Away(true));
    assert_eq!(states(&told(&alice).await), [("bob", Away)]);
    let tablet = world.try_device_on("bob", "tablet", Default::default(), Platform::Tablet).await.unwrap();
    let views = told(&alice).await;
    assert_eq!((states(&views), views[0].shown.platforms.iter().count()), (vec![("bob", Online)], 2));
    end(&world, bob);
    end(&world, tablet);
    let gone_at = world.clock.0.load(Ordering::SeqCst);
    pass(&world, GRACE_MS as i64 + 5_000).await;
    let views = told(&alice).await;
    assert_eq!(states(&views), [("bob", Offline)]);
    assert_eq!(views[0].shown.last_seen, Some(Timestamp(gone_at - gone_at % MINUTE)));
    assert!(is_silent(&alice));
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_in_a_moment_was_never_gone() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let bob = world.device("bob", "phone").await;
    assert_eq!(states(&watch(&mut alice, &["bob"]).await), [("bob", Online)]);
    for _ in 0..3 {
        end(&world, world.device("bob", "phone").await);
        pass(&world, GRACE_MS as i64 / 2).await;
    }
    let _bob = (bob, world.device("bob", "phone").await);
    pass(&world, 3 * GRACE_MS as i64).await;
    assert!(is_silent(&alice), "a brief reconnect does not flicker");
    // A hello that is refused makes nobody be there.
    let late = world.try_device("carol@x", "phone", Default::default()).await;
    drop(late);
    assert_eq!(look(&mut alice, "bob").await.availability, Online);
}

#[tokio::test(start_paused = true)]
async fn blocks_hide_both_from_each_other_at_once_and_contacts_see() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    watch(&mut alice, &["bob"]).await;
    watch(&mut bob, &["alice"]).await;
    relate(&mut bob, "alice", RelationCommand::Block).await;
    for device in [&alice, &bob] {
        let views = told(device).await;
        assert_eq!(views[0].shown, Shown::default(), "as one who was never there");
    }
    relate(&mut bob, "alice", RelationCommand::Unblock).await;
    assert_eq!(
        (states(&told(&alice).await), states(&told(&bob).await)),
        (vec![("bob", Online)], vec![("alice", Online)])
    );
    let contacts = PresencePatch { who_may_see: Some(WhoMaySee::Contacts), ..PresencePatch::default() };
    set(&mut bob, contacts).await;
    // It is mutual: bob does not see those either who do not see him.
    assert_eq!(
        (states(&told(&alice).await), states(&told(&bob).await)),
        (vec![("bob", Offline)], vec![("alice", Offline)])
    );
    relate(&mut bob, "alice", RelationCommand::Request { message: None, answer: None }).await;
    relate(&mut alice, "bob", RelationCommand::Accept).await;
    assert_eq!(
        (states(&told(&alice).await), states(&told(&bob).await)),
        (vec![("bob", Online)], vec![("alice", Online)])
    );
    let nobody = PresencePatch { who_may_see: Some(WhoMaySee::Nobody), ..PresencePatch::default() };
    set(&mut alice, nobody).await;
    assert_eq!(look(&mut bob, "alice").await, Shown::default());
    assert_eq!(look(&mut bob, "bob").await.availability, Online, "one always sees oneself");
    let all = world.app.presence(AppId::DEFAULT, vec![user("alice")]).await.unwrap();
    assert_eq!(all[0].shown.availability, Online, "and the app sees its users");
}

#[tokio::test(start_paused = true)]
async fn who_is_invisible_was_seen_last_when_he_hid() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    watch(&mut alice, &["bob"]).await;
    pass(&world, 5 * MINUTE).await;
    set(&mut bob, invisible(true)).await;
    let hid = told(&alice).await.remove(0).shown;
    assert_eq!((hid.availability, hid.last_seen), (Offline, Some(Timestamp(1_260_000))));
    pass(&world, 30 * MINUTE).await;
    end(&world, bob);
    pass(&world, 30 * MINUTE).await;
    assert_eq!(look(&mut alice, "bob").await, hid, "that he was there meanwhile nobody learns");
    let mut bob = world.device("bob", "phone").await;
    pass(&world, MINUTE).await;
    assert!(is_silent(&alice));
    set(&mut bob, invisible(false)).await;
    assert_eq!(states(&told(&alice).await), [("bob", Online)]);
}

#[tokio::test(start_paused = true)]
async fn settings_are_the_same_on_all_devices_and_a_command_counts_once() {
    let world = World::new();
    let mut phone = world.device("alice", "phone").await;
    let tablet = world.device("alice", "tablet").await;
    let mut bob = world.device("bob", "phone").await;
    watch(&mut bob, &["alice"]).await;
    let id = CommandId(next_id().0);
    let lunch = set_as(&mut phone, id, says("at lunch")).await.unwrap();
    let item = |outbound: &Outbound| match outbound {
        Outbound::Personal(_, PersonalItem::Presence(settings)) => Some((**settings).clone()),
        _ => None,
    };
    for device in [&phone, &tablet] {
        assert_eq!(device.sink.wait(item).await, lunch);
    }
    assert_eq!(told(&bob).await[0].shown.status, lunch.status);
    let back = set(&mut phone, says("back")).await;
    assert_eq!(set_as(&mut phone, id, says("at lunch")).await.unwrap(), back, "it was carried out before");
    assert_eq!(set_as(&mut phone, id, says("away")).await.unwrap_err().code, ErrorCode::Conflict);
    // A device that was not there, on the store of a server that crashed.
    world.log.kill(0);
    let next = world.next(Options::default());
    let mut late = next.device("alice", "laptop").await;
    let Answer::Personal(page) = late.call(Call::FetchPersonal { after: Default::default(), limit: 0 }).await.unwrap()
    else {
        panic!("no page")
    };
    let stored = page.changes.into_iter().map(|(_, item)| item);
    assert!(stored.into_iter().any(|item| item == PersonalItem::Presence(Box::new(back.clone()))));
    let Answer::PresenceSettings(settings) = late.call(Call::GetPresenceSettings).await.unwrap() else { panic!() };
    assert_eq!(*settings, back);
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_it_is_not_forgotten_for_long_when_somebody_was_there() {
    let world = World::new();
    let bob = world.device("bob", "phone").await;
    pass(&world, 60 * MINUTE).await;
    world.log.kill(0);
    let next = world.next(Options::default());
    next.clock.0.store(1_000_000 + 90 * MINUTE, Ordering::SeqCst);
    let mut alice = next.device("alice", "phone").await;
    let seen = look(&mut alice, "bob").await.last_seen.unwrap();
    assert!(seen >= Timestamp(1_000_000 + 48 * MINUTE), "{seen:?}");
    assert!(seen <= Timestamp(1_000_000 + 60 * MINUTE), "{seen:?}");
    drop(bob);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_notes_when_everybody_was_there() {
    let world = World::new();
    let _bob = world.device("bob", "phone").await;
    pass(&world, 7 * MINUTE).await;
    world.app.stop();
    world.tasks.close();
    world.tasks.wait().await;
    let next = world.next(Options::default());
    let mut alice = next.device("alice", "phone").await;
    let at = 1_000_000 + 7 * MINUTE;
    assert_eq!(look(&mut alice, "bob").await.last_seen, Some(Timestamp(at - at % MINUTE)));
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_gets_the_newest_state_and_only_that() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    watch(&mut alice, &["bob"]).await;
    for n in 0..50 {
        set(&mut bob, says(&format!("status {n}"))).await;
        pass(&world, 1_000).await;
    }
    // She has read nothing: one word waits for her, and no more.
    assert_eq!(alice.sink.count(|outbound| matches!(outbound, Outbound::Presence(_))), 1);
    assert_eq!(world.app.metrics().presence_waiting.get(), 1);
    let text = |views: Vec<PresenceView>| views[0].shown.status.clone().unwrap().text.unwrap();
    assert_eq!(text(told(&alice).await).as_str(), "status 0");
    assert_eq!(text(told(&alice).await).as_str(), "status 49");
    pass(&world, 60_000).await;
    assert!(is_silent(&alice));
}

#[tokio::test(start_paused = true)]
async fn what_finds_no_room_is_told_later_and_what_was_dropped_again() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    watch(&mut alice, &["bob"]).await;
    // Her position has been told.
    pass(&world, 5_000).await;
    alice.sink.limit(0);
    set(&mut bob, says("first")).await;
    pass(&world, 5_000).await;
    assert!(is_silent(&alice));
    alice.sink.limit(usize::MAX);
    assert!(told(&alice).await[0].shown.status.is_some());
    // A message that finds no room pokes her, and what was on its way is lost.
    alice.sink.limit(0);
    bob.send("alice", "hello").await;
    set(&mut bob, says("second")).await;
    pass(&world, 5_000).await;
    assert!(is_silent(&alice));
    alice.sink.limit(usize::MAX);
    pass(&world, 5_000).await;
    assert!(is_silent(&alice), "nothing comes until she pulls");
    alice.call(Call::Pull { position: Default::default(), window: 0 }).await.unwrap();
    assert_eq!(told(&alice).await[0].shown.status.clone().unwrap().text.unwrap().as_str(), "second");
}

#[tokio::test(start_paused = true)]
async fn a_list_takes_the_place_of_the_one_before_and_has_a_bound() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let many: Vec<_> = (0..PRESENCE_SUBSCRIPTIONS_MAX).map(|n| format!("user-{n}")).collect();
    for name in &many {
        world.app.put_user(AppId::DEFAULT, user(name), None).await.unwrap();
    }
    let mut ids: Vec<_> = many.iter().map(|name| user(name)).collect();
    assert_eq!(watch(&mut alice, &many.iter().map(String::as_str).collect::<Vec<_>>()).await.len(), many.len());
    ids.push(user("one-more"));
    let refused = alice.call(Call::WatchPresence(ids)).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidArgument);
    pass(&world, 5_000).await;
    assert_eq!(world.app.metrics().presence_watched.get(), PRESENCE_SUBSCRIPTIONS_MAX as i64);
    // All of them come at once: several words, none too large.
    let mut devices = Vec::new();
    for name in &many {
        devices.push(world.device(name, "phone").await);
    }
    let mut online = 0;
    while online < many.len() {
        let views = told(&alice).await;
        assert!(views.len() <= 32);
        online += views.iter().filter(|view| view.shown.availability == Online).count();
    }
    assert_eq!(watch(&mut alice, &[]).await, []);
    drop(devices.drain(..).map(|device| end(&world, device)).collect::<Vec<_>>());
    pass(&world, 60_000).await;
    assert!(is_silent(&alice));
    // Over and over, nothing is left of it when the session ends.
    watch(&mut alice, &["user-1"]).await;
    let session = Arc::downgrade(&alice.begun.session);
    end(&world, alice);
    pass(&world, 60_000).await;
    assert!(session.upgrade().is_none(), "nobody holds the session any more");
    assert_eq!(world.app.metrics().presence_watched.get(), 0);
}
