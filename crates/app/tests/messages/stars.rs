//! Messages that users star: for themselves, on all of their devices, until the messages are gone.

use super::{change, edit};
use crate::harness::{Device, World, body_of, direct, next_id, user};
use stonechat_app::api::{
    Answer, Call, ChangeRequest, DeleteMessages, Failure, Outbound, PersonalItem, SetPreferences, SetQuiet,
    StarMessages, StarredPage,
};
use stonechat_app::node::Options;
use stonechat_domain::event::MessageCommand;
use stonechat_domain::preferences::PreferencesPatch;
use stonechat_domain::quiet::{Days, Quiet, QuietHours, QuietPatch, Window, Zone};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{CommandId, ConversationId};
use stonechat_types::limits::STARS_MAX;
use stonechat_types::number::{AppId, Seq};

async fn star_as(
    device: &mut Device,
    conversation: ConversationId,
    command_id: CommandId,
    (seqs, starred): (&[Seq], bool),
) -> Result<Vec<Seq>, Failure> {
    let star = StarMessages { command_id, conversation, seqs: seqs.to_vec(), starred };
    match device.call(Call::StarMessages(star)).await? {
        Answer::Own(_, item) => Ok(seqs_of(&item, conversation).unwrap()),
        other => panic!("{other:?}"),
    }
}

async fn star(device: &mut Device, at: ConversationId, seqs: &[Seq]) -> Result<Vec<Seq>, Failure> {
    star_as(device, at, CommandId(next_id().0), (seqs, true)).await
}

fn seqs_of(item: &PersonalItem, at: ConversationId) -> Option<Vec<Seq>> {
    match item {
        PersonalItem::Stars(conversation, stars) if *conversation == at => {
            Some(stars.all().iter().map(|star| star.place.seq).collect())
        }
        _ => None,
    }
}

async fn page(device: &mut Device, page: bytes::Bytes, limit: u32) -> StarredPage {
    match device.call(Call::ListStarred { page, limit }).await.unwrap() {
        Answer::Starred(page) => page,
        other => panic!("{other:?}"),
    }
}

/// What the list says, page by page.
async fn listed(device: &mut Device, limit: u32) -> Vec<String> {
    let (mut all, mut next) = (Vec::new(), bytes::Bytes::new());
    loop {
        let some = page(device, next, limit).await;
        all.extend(some.messages.iter().map(|view| body_of(&view.message.event)));
        next = some.next;
        if next.is_empty() {
            return all;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_starred_is_listed_last_first_over_all_conversations_until_it_is_gone() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let tablet = world.device("alice", "tablet").await;
    let mut bob = world.device("bob", "phone").await;
    let (with_bob, group) = (direct("alice", "bob"), alice.group("all", &["bob"]).await);
    let one = bob.send("alice", "one").await.id.seq;
    let two = bob.send_in(group, "two").await.unwrap().id.seq;
    let three = bob.send("alice", "three").await.id.seq;
    let four = bob.send_in(group, "four").await.unwrap().id.seq;
    for (at, seq) in [(with_bob, three), (group, four), (with_bob, one), (group, two)] {
        star(&mut alice, at, &[seq]).await.unwrap();
        world.clock.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
    let told = |outbound: &Outbound| match outbound {
        Outbound::Personal(_, item) => seqs_of(item, with_bob).filter(|seqs| seqs.len() == 2),
        _ => None,
    };
    assert_eq!(tablet.sink.wait(told).await, [one, three]);
    assert_eq!(bob.sink.count(|it| matches!(it, Outbound::Personal(_, PersonalItem::Stars(..)))), 0);
    for limit in [0, 1, 3] {
        assert_eq!(listed(&mut alice, limit).await, ["two", "one", "four", "three"]);
    }
    assert!(listed(&mut bob, 0).await.is_empty());
    change(&mut bob, with_bob, one, edit("one, once more")).await.unwrap();
    change(&mut bob, group, four, MessageCommand::Recall).await.unwrap();
    let command_id = CommandId(next_id().0);
    let delete = DeleteMessages { command_id, conversation: with_bob, seqs: vec![three] };
    alice.call(Call::DeleteMessages(delete)).await.unwrap();
    world.log.kill(0);
    let next = world.next(Options::default());
    let mut alice = next.device("alice", "laptop").await;
    let stars = alice.begun.welcome.personal.changes.iter().find_map(|(_, item)| seqs_of(item, with_bob));
    assert_eq!(stars, Some(vec![one]), "a star goes with its message");
    assert_eq!(listed(&mut alice, 1).await, ["two", "one, once more"], "what was recalled is left out");
    assert!(page(&mut alice, bytes::Bytes::new(), 0).await.messages[0].at > Default::default());
    for (at, seq) in [(group, four), (with_bob, three), (with_bob, Seq(1)), (with_bob, Seq(99))] {
        assert_eq!(star(&mut alice, at, &[seq]).await.unwrap_err().code, ErrorCode::NotFound, "{seq:?}");
    }
    let patch = PreferencesPatch { cleared_upto: Some(Seq(99)), ..PreferencesPatch::default() };
    let set = SetPreferences { command_id: CommandId(next_id().0), conversation: group, patch };
    alice.call(Call::SetPreferences(Box::new(set))).await.unwrap();
    assert_eq!(listed(&mut alice, 0).await, ["one, once more"], "nor what was cleared");
    let bad = alice.call(Call::ListStarred { page: "x".into(), limit: 0 }).await.unwrap_err();
    assert_eq!(bad.code, ErrorCode::InvalidArgument);
}

#[tokio::test(start_paused = true)]
async fn a_star_that_is_set_or_taken_again_undoes_nothing_that_came_between() {
    let world = World::new();
    let mut phone = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let at = direct("alice", "bob");
    let one = bob.send("alice", "one").await.id.seq;
    let id = CommandId(next_id().0);
    assert_eq!(star_as(&mut phone, at, id, (&[one], true)).await.unwrap(), [one]);
    assert_eq!(star_as(&mut phone, at, CommandId(next_id().0), (&[one], false)).await.unwrap(), []);
    assert_eq!(star_as(&mut phone, at, id, (&[one], true)).await.unwrap(), [], "it was done before");
    let other = star_as(&mut phone, at, id, (&[one], false)).await.unwrap_err();
    assert_eq!(other.code, ErrorCode::Conflict);
    let outside = star(&mut world.device("eve", "phone").await, at, &[one]).await.unwrap_err();
    assert_eq!(outside.code, ErrorCode::NotFound);
}

#[tokio::test(start_paused = true)]
async fn there_is_an_end_to_stars_and_what_was_recalled_makes_room() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let (at, group) = (direct("alice", "bob"), bob.group("all", &["alice"]).await);
    let mut seqs = Vec::new();
    for _ in 0..STARS_MAX {
        seqs.push(bob.send("alice", "x").await.id.seq);
    }
    for some in seqs.chunks(100) {
        star(&mut alice, at, some).await.unwrap();
    }
    let more = bob.send_in(group, "one more").await.unwrap().id.seq;
    assert_eq!(star(&mut alice, group, &[more]).await.unwrap_err().code, ErrorCode::TooMany);
    change(&mut bob, at, seqs[3], MessageCommand::Recall).await.unwrap();
    star(&mut alice, group, &[more]).await.unwrap();
    let next = bob.send("alice", "and more").await.id.seq;
    assert_eq!(star(&mut alice, at, &[next]).await.unwrap_err().code, ErrorCode::TooMany);
    star_as(&mut alice, at, CommandId(next_id().0), (&seqs[..1], false)).await.unwrap();
    assert_eq!(star(&mut alice, at, &[next]).await.unwrap().len(), STARS_MAX - 1);
    // Whoever is out of a group keeps what he saw there.
    bob.change(group, ChangeRequest::RemoveMember(user("alice"))).await.unwrap();
    assert!(listed(&mut alice, 100).await.contains(&"one more".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn quiet_times_are_those_that_a_device_said_last_on_all_of_them_and_after_a_restart() {
    let world = World::new();
    let mut phone = world.device("alice", "phone").await;
    let tablet = world.device("alice", "tablet").await;
    let bob = world.device("bob", "phone").await;
    let window = Window::new(Days::new(0x7F).unwrap(), 0, 1_440).unwrap();
    let zone = Zone::new(Some("Asia/Kathmandu"), 345, Vec::new()).unwrap();
    let hours = QuietHours::new(vec![window], zone).unwrap();
    let call = |id, patch| Call::SetQuiet(Box::new(SetQuiet { command_id: id, patch }));
    let id = CommandId(next_id().0);
    let set = QuietPatch { hours: Some(hours.clone()), ..QuietPatch::default() };
    phone.call(call(id, set.clone())).await.unwrap();
    let told = |outbound: &Outbound| match outbound {
        Outbound::Personal(_, PersonalItem::Quiet(quiet)) => Some((**quiet).clone()),
        _ => None,
    };
    let expected = Quiet { hours, paused_until: None };
    assert_eq!(tablet.sink.wait(told).await, expected);
    assert_eq!(bob.sink.count(|it| told(it).is_some()), 0);
    let off = QuietPatch { hours: Some(QuietHours::default()), ..QuietPatch::default() };
    let Answer::Own(_, item) = phone.call(call(CommandId(next_id().0), off.clone())).await.unwrap() else { panic!() };
    assert_eq!(*item, PersonalItem::Quiet(Box::default()));
    let Answer::Own(_, item) = phone.call(call(id, set.clone())).await.unwrap() else { panic!() };
    assert_eq!(*item, PersonalItem::Quiet(Box::default()), "it was done before");
    assert_eq!(phone.call(call(id, off)).await.unwrap_err().code, ErrorCode::Conflict);
    phone.call(call(CommandId(next_id().0), set)).await.unwrap();
    world.log.kill(0);
    let next = world.next(Options::default());
    let laptop = next.device("alice", "laptop").await;
    let welcomed = laptop.begun.welcome.personal.changes.iter().find_map(|(_, item)| match item {
        PersonalItem::Quiet(quiet) => Some((**quiet).clone()),
        _ => None,
    });
    assert_eq!(welcomed, Some(expected.clone()));
    assert_eq!(next.app.quiet(AppId::DEFAULT, user("alice")).await.unwrap(), expected);
    assert_eq!(next.app.quiet(AppId::DEFAULT, user("nobody")).await.unwrap(), Quiet::default());
}
