//! Followers: each record of the feed takes effect once, whatever happens to the process and the store.

mod harness;

use harness::{Device, World, message, next_id, user};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use stonechat_app::api::{Call, ChangeRequest, Destination};
use stonechat_app::follower::{
    EFFECT_BYTES_MAX, FollowError, Follower, LOOK_AGAIN, PAGE_RECORDS_MAX, REFUSED_PAUSE_MAX, Rows, Start,
    UNSTORED_RECORDS_MAX,
};
use stonechat_app::metrics::OfFollower;
use stonechat_app::node::Options;
use stonechat_app::rows::{follower as row, key};
use stonechat_domain::kind::EventKind;
use stonechat_log::record::{FeedRecord, Record};
use stonechat_log::row::{RowKey, RowWrite};
use stonechat_log::store::{Log, LogError};
use stonechat_types::number::LanePosition;
use tokio::time::{Instant, sleep};

const NAME: &str = "counter";

/// Counts in its rows how often each message took effect, and in how large pages it came.
#[derive(Default)]
struct Counter {
    largest: AtomicUsize,
    calls: AtomicUsize,
    /// Bytes that each effect has besides.
    padding: usize,
}

fn row_of(position: LanePosition) -> RowKey {
    key::of_follower(NAME, &position.0.to_be_bytes())
}

fn messages(records: &[FeedRecord]) -> impl Iterator<Item = LanePosition> {
    let is_message = |record: &&FeedRecord| record.event.as_ref().is_some_and(|e| e.header.kind == EventKind::Message);
    records.iter().filter(is_message).map(|record| record.position)
}

impl Follower for Counter {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wants(&self, records: &[FeedRecord]) -> Vec<RowKey> {
        messages(records).map(row_of).collect()
    }

    fn apply(&self, records: &[FeedRecord], rows: &Rows) -> Option<Vec<RowWrite>> {
        assert!(records.iter().all(|record| record.event.is_some() || !record.personal.is_empty()));
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.largest.fetch_max(records.len(), Ordering::SeqCst);
        let count = |position: LanePosition| {
            let key = row_of(position);
            let before = rows.get(&key).map_or(0, |row| row[0]);
            let value = [vec![before + 1], vec![0; self.padding]].concat();
            RowWrite::Put { key, value: value.into() }
        };
        let rows: Vec<RowWrite> = messages(records).map(count).collect();
        (!rows.is_empty()).then_some(rows)
    }
}

/// How often each message of the store took effect.
async fn effects(log: &dyn Log) -> Vec<(LanePosition, u8)> {
    let records = log.feed(LanePosition::ZERO, usize::MAX).await.unwrap();
    let positions: Vec<_> = messages(&records).collect();
    let rows = log.load(positions.iter().map(|position| row_of(*position)).collect()).await.unwrap();
    positions.into_iter().zip(rows).map(|(at, row)| (at, row.map_or(0, |row| row[0]))).collect()
}

async fn assert_once(log: &dyn Log) {
    let wrong: Vec<_> = effects(log).await.into_iter().filter(|(_, times)| *times != 1).collect();
    assert_eq!(wrong, [], "each message takes effect once");
}

async fn stored(log: &dyn Log) -> Option<LanePosition> {
    let row = log.load(vec![key::follower(NAME)]).await.unwrap().remove(0);
    row.map(|row| row::decode(&row).unwrap())
}

fn counts(world: &World) -> OfFollower {
    world.app.metrics().follower(NAME)
}

/// Waits until the follower has passed all that is committed.
async fn caught_up(world: &World) {
    while counts(world).records.get() == 0 || counts(world).lag.get() > 0 {
        sleep(Duration::from_millis(10)).await;
    }
}

/// Messages that nobody fans out, as if an earlier process had taken them.
async fn fill(world: &World, messages: usize) -> Device {
    let mut alice = world.device("alice", "phone").await;
    for i in 0..messages {
        alice.send("bob", &format!("{i}")).await;
    }
    alice
}

/// The same by somebody who is gone for good, of whom nothing is written any more.
async fn fill_and_go(world: &World, messages: usize) {
    let alice = fill(world, messages).await;
    world.app.end(&alice.begun.session);
    sleep(Duration::from_secs(30)).await;
}

#[tokio::test(start_paused = true)]
async fn a_follower_takes_what_was_and_is_woken_by_what_comes() {
    let world = World::new();
    fill(&world, 600).await;
    let counter = Arc::new(Counter::default());
    world.app.follow(counter.clone(), Start::Oldest).unwrap();
    caught_up(&world).await;
    assert_eq!(effects(&*world.log).await.len(), 600);
    assert_once(&*world.log).await;
    assert!(counter.largest.load(Ordering::SeqCst) <= PAGE_RECORDS_MAX);
    // Far sooner than it would look by itself.
    let mut alice = world.device("alice", "phone").await;
    alice.send("bob", "more").await;
    let sent = Instant::now();
    while effects(&*world.log).await.last().unwrap().1 == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    assert!(sent.elapsed() < LOOK_AGAIN / 100, "{:?}", sent.elapsed());
    assert_once(&*world.log).await;
}

#[tokio::test(start_paused = true)]
async fn events_of_a_large_group_wake_a_follower_before_their_head_is_told() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let _online = world.device("user1", "phone").await;
    let here = alice.group("All", &[]).await;
    let everyone: Vec<_> = (1..=600).map(|i| user(&format!("user{i}"))).collect();
    for some in everyone.chunks(200) {
        alice.change(here, ChangeRequest::AddMembers(some.to_vec())).await.unwrap();
    }
    world.app.follow(Arc::new(Counter::default()), Start::Oldest).unwrap();
    sleep(Duration::from_secs(3)).await;
    alice.send_in(here, "to all").await.unwrap();
    sleep(Duration::from_millis(50)).await;
    assert_eq!(effects(&*world.log).await.last().map(|(_, times)| *times), Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_starts_now_takes_nothing_of_what_was() {
    let world = World::new();
    fill(&world, 10).await;
    world.app.follow(Arc::new(Counter::default()), Start::Now).unwrap();
    sleep(Duration::from_secs(1)).await;
    // The declared start is durable: what comes before the next start of the process is not left out.
    assert!(stored(&*world.log).await.is_some());
    world.log.kill(0);
    let next = world.next(Options::default());
    fill(&next, 5).await;
    next.app.follow(Arc::new(Counter::default()), Start::Now).unwrap();
    caught_up(&next).await;
    let times: Vec<u8> = effects(&*next.log).await.into_iter().map(|(_, times)| times).collect();
    assert_eq!(times, [[0; 10].as_slice(), &[1; 5]].concat());
}

/// Sixty processes, one after another, are killed at some point: how often each message took effect in the end.
async fn through_crashes(options: Options) -> Vec<u8> {
    let mut world = World::with(options.clone());
    let mut random = 0x5eed_u64;
    let mut next = move |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let (mut lost, mut kept) = (0, 0);
    for _ in 0..60 {
        world = world.next(options.clone());
        world.app.follow(Arc::new(Counter::default()), Start::Oldest).unwrap();
        let mut alice = world.device("alice", "phone").await;
        for _ in 0..next(6) {
            alice.send("bob", "hi").await;
        }
        if next(4) == 0 {
            world.log.refuse(next(4) as usize);
        }
        // What the follower offers next waits, and the process dies with some of it durable and nobody told.
        world.log.hold();
        for _ in 0..next(4) {
            alice.submit(Call::Send(message(Destination::User(user("bob")), next_id(), "hi")));
            sleep(Duration::from_millis(1 + next(20))).await;
            for _ in 0..next(4) {
                world.log.release_one();
                sleep(Duration::from_millis(1)).await;
            }
        }
        sleep(Duration::from_millis(1 + next(200))).await;
        let waiting = world.log.waiting();
        let durable = next(waiting as u64 + 1) as usize;
        (lost, kept) = (lost + waiting - durable, kept + durable);
        world.log.kill(durable);
    }
    assert!(lost > 5 && kept > 5, "both happened: {lost} offers lost, {kept} durable and unheard");
    let world = world.next(options.clone());
    world.app.follow(Arc::new(Counter::default()), Start::Oldest).unwrap();
    fill(&world, 1).await;
    caught_up(&world).await;
    effects(&*world.log).await.into_iter().map(|(_, times)| times).collect()
}

#[tokio::test(start_paused = true)]
async fn every_record_takes_effect_once_through_crashes() {
    let times = through_crashes(Options::default()).await;
    assert!(times.len() > 100);
    assert!(times.iter().all(|times| *times == 1), "{times:?}");
}

/// A crash after the first offer of a follower: how often each message took effect in the end.
async fn crash_after_the_first_offer(options: Options) -> Vec<u8> {
    let world = World::with(options.clone());
    fill_and_go(&world, 3).await;
    world.log.hold();
    world.app.follow(Arc::new(Counter::default()), Start::Oldest).unwrap();
    sleep(Duration::from_millis(10)).await;
    assert_eq!(world.log.waiting(), 1);
    world.log.kill(1);
    let next = world.next(options);
    next.app.follow(Arc::new(Counter::default()), Start::Oldest).unwrap();
    fill(&next, 1).await;
    caught_up(&next).await;
    effects(&*next.log).await.into_iter().map(|(_, times)| times).collect()
}

#[tokio::test(start_paused = true)]
async fn a_crash_behind_an_effect_finds_its_position_there() {
    assert_eq!(crash_after_the_first_offer(Options::default()).await, [1; 4]);
}

#[cfg(feature = "mutants")]
#[tokio::test(start_paused = true)]
async fn a_position_stored_apart_from_its_effect_would_be_seen() {
    use stonechat_app::mutant::{Mutant, Mutants};
    let mutants = Mutants::plant(Mutant::FollowerPositionApart);
    let options = Options { mutants, ..Options::default() };
    assert_eq!(crash_after_the_first_offer(options.clone()).await, [2, 2, 2, 1]);
    assert!(through_crashes(options).await.iter().any(|times| *times > 1));
}

#[tokio::test(start_paused = true)]
async fn a_full_store_is_asked_seldom_and_the_follower_goes_on_by_itself() {
    let world = World::new();
    fill_and_go(&world, 20).await;
    world.log.refuse(usize::MAX);
    let before = world.log.offers();
    world.app.follow(Arc::new(Counter::default()), Start::Oldest).unwrap();
    sleep(Duration::from_secs(600)).await;
    let asked = world.log.offers() - before;
    assert!((20..40).contains(&asked), "{asked} offers in ten minutes");
    assert_eq!(counts(&world).refusals.get(), asked as u64);
    assert!(counts(&world).lag.get() > 20, "and the lag is told");
    world.log.refuse(0);
    sleep(REFUSED_PAUSE_MAX).await;
    assert_eq!(counts(&world).lag.get(), 0);
    assert_once(&*world.log).await;
}

#[tokio::test(start_paused = true)]
async fn followers_at_rest_write_nothing_however_many_they_are() {
    struct Deaf(&'static str);
    impl Follower for Deaf {
        fn name(&self) -> &'static str {
            self.0
        }
        fn wants(&self, _: &[FeedRecord]) -> Vec<RowKey> {
            Vec::new()
        }
        fn apply(&self, _: &[FeedRecord], _: &Rows) -> Option<Vec<RowWrite>> {
            None
        }
    }
    let world = World::new();
    world.app.follow(Arc::new(Counter::default()), Start::Oldest).unwrap();
    world.app.follow(Arc::new(Deaf("deaf_1")), Start::Oldest).unwrap();
    world.app.follow(Arc::new(Deaf("deaf_2")), Start::Oldest).unwrap();
    fill_and_go(&world, 5).await;
    caught_up(&world).await;
    let offers = world.log.offers();
    sleep(Duration::from_secs(3_600)).await;
    assert_eq!(world.log.offers(), offers, "nobody answers to the others' positions");
    assert_eq!(world.app.metrics().follower("deaf_1").lag.get(), 0);
    // Of what means nothing to it, a follower stores its position from time to time.
    let nothing = || Record { rows: vec![RowWrite::Delete { key: key::of_follower("x", b"") }], ..Record::default() };
    let rounds = 10;
    for _ in 0..rounds {
        let records = (0..UNSTORED_RECORDS_MAX).map(|_| nothing()).collect();
        world.log.inner.offer(records, Box::new(|_| {}));
    }
    sleep(LOOK_AGAIN).await;
    let written = world.log.offers() - offers;
    assert!((3 * rounds - 3..=3 * rounds + 3).contains(&written), "{written} offers");
}

#[tokio::test(start_paused = true)]
async fn a_damaged_record_is_counted_and_passed() {
    let world = World::new();
    fill(&world, 700).await;
    let positions: Vec<LanePosition> = effects(&*world.log).await.into_iter().map(|(at, _)| at).collect();
    // One alone, one at the start, and a hole as long as a page.
    let hole = positions[400].0..positions[400].0 + PAGE_RECORDS_MAX as u64;
    let damaged: Vec<u64> = [1, positions[7].0].into_iter().chain(hole).collect();
    world.log.damage(damaged.iter().copied());
    world.app.follow(Arc::new(Counter::default()), Start::Oldest).unwrap();
    caught_up(&world).await;
    assert_eq!(counts(&world).skipped.get(), damaged.len() as u64);
    for (at, times) in effects(&*world.log.inner).await {
        assert_eq!(times, u8::from(!damaged.contains(&at.0)), "{at:?}");
    }
    assert_eq!(counts(&world).refusals.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn damage_at_the_end_is_passed_once_something_behind_it_can_be_read() {
    let world = World::new();
    fill(&world, 3).await;
    sleep(Duration::from_secs(2)).await;
    world.log.damage([world.log.head().0]);
    world.app.follow(Arc::new(Counter::default()), Start::Oldest).unwrap();
    sleep(Duration::from_secs(60)).await;
    // The follower's own effects came behind it, so it is passed already, and the other two took effect.
    let times: Vec<u8> = effects(&*world.log.inner).await.into_iter().map(|(_, times)| times).collect();
    assert_eq!(times, [1, 1, 0]);
    assert_eq!((counts(&world).skipped.get(), counts(&world).lag.get()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_for_a_time_is_not_passed() {
    let world = World::new();
    fill(&world, 3).await;
    world.log.fail_feed(Some(LogError::Io("the index is being made again".into())));
    world.app.follow(Arc::new(Counter::default()), Start::Oldest).unwrap();
    sleep(Duration::from_secs(120)).await;
    assert_eq!(counts(&world).skipped.get(), 0);
    assert!(counts(&world).refusals.get() > 5);
    world.log.fail_feed(None);
    sleep(REFUSED_PAUSE_MAX).await;
    assert_once(&*world.log).await;
}

#[tokio::test(start_paused = true)]
async fn large_effects_are_committed_in_parts() {
    let world = World::new();
    fill(&world, 100).await;
    let padding = EFFECT_BYTES_MAX / 4;
    world.app.follow(Arc::new(Counter { padding, ..Counter::default() }), Start::Oldest).unwrap();
    caught_up(&world).await;
    assert_once(&*world.log).await;
    let head = world.log.head();
    for at in 1..=head.0 {
        let bytes: usize = world.log.inner.rows_of(LanePosition(at)).iter().map(size).sum();
        assert!(bytes <= EFFECT_BYTES_MAX + 64, "{bytes} bytes at {at}");
    }
}

fn size(row: &RowWrite) -> usize {
    if let RowWrite::Put { key, value } = row { key.len() + value.len() } else { 0 }
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_the_commit_on_its_way_and_for_nothing_else() {
    let world = World::new();
    fill(&world, 3).await;
    sleep(Duration::from_secs(5)).await;
    world.log.hold();
    world.app.follow(Arc::new(Counter::default()), Start::Oldest).unwrap();
    sleep(Duration::from_millis(10)).await;
    world.app.stop();
    world.tasks.close();
    let stopped = world.tasks.wait();
    tokio::pin!(stopped);
    assert!(tokio::time::timeout(Duration::from_secs(60), &mut stopped).await.is_err(), "it waits for the commit");
    world.log.release();
    stopped.await;
    assert_once(&*world.log).await;
    // A follower whose store is full does not hold up the end.
    let world = world.next(Options::default());
    world.log.refuse(usize::MAX);
    world.app.follow(Arc::new(Named("other")), Start::Now).unwrap();
    sleep(Duration::from_secs(100)).await;
    world.app.stop();
    world.tasks.close();
    world.tasks.wait().await;
}

/// Notes nothing, under any name.
struct Named(&'static str);

impl Follower for Named {
    fn name(&self) -> &'static str {
        self.0
    }

    fn wants(&self, _: &[FeedRecord]) -> Vec<RowKey> {
        Vec::new()
    }

    fn apply(&self, _: &[FeedRecord], _: &Rows) -> Option<Vec<RowWrite>> {
        Some(Vec::new())
    }
}

#[tokio::test(start_paused = true)]
async fn names_are_checked() {
    let world = World::new();
    let follow = |name| world.app.follow(Arc::new(Named(name)), Start::Oldest);
    assert_eq!(follow("push"), Ok(()));
    assert_eq!(follow("push"), Err(FollowError::Taken("push")));
    for name in ["", "Push", "pu sh", "a_name_of_more_than_thirty_two_by"] {
        assert_eq!(follow(name), Err(FollowError::Name(name)));
    }
}
