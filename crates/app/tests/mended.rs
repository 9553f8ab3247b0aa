//! Bugs that were found by reading, one of each kind, so that none comes back.

mod harness;

use bytes::Bytes;
use harness::{Device, World, direct, message, next_id, sent, user};
use std::time::Duration;
use stonechat_app::api::{
    Answer, Call, ChangeConversation, ChangeRequest, Destination, ListMembers, MemberFilter, MessageRange, Outbound,
    PersonalItem,
};
use stonechat_app::node::Options;
use stonechat_app::position::Position;
use stonechat_log::store::{Log, LogError};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{ClientMsgId, CommandId, ConversationId};
use stonechat_types::number::Seq;
use stonechat_types::text::Title;
use tokio::time::{advance, sleep};

/// The next position that a device is told.
async fn position(device: &Device) -> Position {
    let token = device.sink.wait(|o| if let Outbound::Position(token) = o { Some(token.clone()) } else { None }).await;
    Position::decode(&token).unwrap()
}

fn remove(conversation: ConversationId, who: &str) -> Call {
    let change = ChangeRequest::RemoveMember(user(who));
    Call::Change(ChangeConversation { command_id: CommandId(next_id().0), conversation, change })
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_hangs_up_holds_no_position_back() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    world.log.hold();
    let gone =
        tokio::time::timeout(Duration::from_millis(5), world.app.put_user(Default::default(), user("zoe"), None));
    assert!(gone.await.is_err(), "it waits for the commit");
    world.log.release();
    alice.send("bob", "hello").await;
    let told = position(&alice).await;
    assert_eq!(told.lane, world.log.head());
}

#[tokio::test(start_paused = true)]
async fn a_failed_load_leaves_nothing_behind_for_the_next_command() {
    let world = World::new();
    let mut phone = world.device("alice", "phone").await;
    let mut tablet = world.device("alice", "tablet").await;
    for i in 0..80 {
        phone.send("bob", &format!("{i}")).await;
    }
    let here = direct("alice", "bob");
    let to = || Destination::Conversation(here);
    world.log.hold();
    let id = next_id();
    let first = phone.submit(Call::Send(message(to(), id, "once")));
    advance(Duration::from_millis(5)).await;
    // An id that shares its row with the first, and a cursor so old that a load has to find its ordinal.
    let mut shares = id.0;
    shares[15] = 0;
    let mut old = message(to(), ClientMsgId(shares), "old");
    old.read_upto = Seq(3);
    world.log.hold_reads(Some(LogError::Io("gone".into())));
    let failing = tablet.submit(Call::Send(old));
    advance(Duration::from_millis(5)).await;
    let again = phone.submit(Call::Send(message(to(), id, "once")));
    world.log.release();
    let first = sent(phone.answer(first).await.unwrap());
    world.log.open_reads();
    assert_eq!(tablet.answer(failing).await.unwrap_err().code, ErrorCode::Internal);
    let again = sent(phone.answer(again).await.unwrap());
    assert_eq!((again.id, again.deduplicated), (first.id, true));
}

#[tokio::test(start_paused = true)]
async fn a_group_that_comes_into_focus_misses_nothing() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("user1", "phone").await;
    let here = alice.group("All", &[]).await;
    let everyone: Vec<_> = (1..=600).map(|i| user(&format!("user{i}"))).collect();
    for some in everyone.chunks(200) {
        alice.change(here, ChangeRequest::AddMembers(some.to_vec())).await.unwrap();
    }
    sleep(Duration::from_secs(2)).await;
    let ack = alice.send_in(here, "between").await.unwrap();
    bob.submit(Call::Focus(vec![here]));
    let head = |o: &Outbound| match o {
        Outbound::Head { seq, .. } if *seq == ack.id.seq => Some(()),
        Outbound::Event(event) if event.event.id == ack.id => Some(()),
        _ => None,
    };
    bob.sink.wait(head).await;
}

#[tokio::test(start_paused = true)]
async fn no_position_overtakes_the_answer_to_a_pull() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    bob.sink.limit(1);
    for i in 0..5 {
        alice.send("bob", &format!("{i}")).await;
    }
    bob.sink.limit(usize::MAX);
    let told = || bob.sink.count(|o| matches!(o, Outbound::Position(_)));
    let before = told();
    world.log.hold_reads(None);
    let stored = bob.begun.welcome.position.clone();
    let pull = bob.app.clone();
    let session = bob.begun.session.clone();
    pull.submit(&session, 77, Call::Pull { position: stored.clone(), window: 0 });
    sleep(Duration::from_millis(10)).await;
    alice.send("bob", "while it is made").await;
    sleep(Duration::from_secs(5)).await;
    assert_eq!(bob.sink.count(|o| matches!(o, Outbound::Position(_))), before, "told before the answer");
    world.log.open_reads();
    let welcome = bob.answer(77).await.unwrap();
    assert!(matches!(welcome, Answer::Welcome(_)));
    position(&bob).await;
    // A pull that fails leaves the device where it was: silent until it pulls again.
    bob.sink.limit(0);
    alice.send("bob", "too much").await;
    bob.sink.limit(usize::MAX);
    world.log.hold_reads(Some(LogError::Io("gone".into())));
    let failing = bob.submit(Call::Pull { position: stored, window: 0 });
    sleep(Duration::from_millis(10)).await;
    world.log.open_reads();
    assert!(bob.answer(failing).await.is_err());
    let before = bob.sink.count(|o| matches!(o, Outbound::Event(_) | Outbound::Position(_)));
    alice.send("bob", "unheard").await;
    sleep(Duration::from_secs(3)).await;
    assert_eq!(bob.sink.count(|o| matches!(o, Outbound::Event(_) | Outbound::Position(_))), before);
}

#[tokio::test(start_paused = true)]
async fn positions_keep_the_personal_number_of_a_welcome_with_pages() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    for i in 0..520 {
        alice.group(&format!("{i}"), &["bob"]).await;
    }
    let mut bob = world.device("bob", "phone").await;
    let first = &bob.begun.welcome.personal;
    assert!(first.more);
    let after = first.upto;
    alice.send("bob", "hi").await;
    assert!(position(&bob).await.personal >= after, "as far as the welcome told");
    let Answer::Personal(page) = bob.call(Call::FetchPersonal { after, limit: 0 }).await.unwrap() else { panic!() };
    alice.send("bob", "hi").await;
    assert!(position(&bob).await.personal >= page.upto, "and as far as the pages");
}

#[tokio::test(start_paused = true)]
async fn cursors_survive_a_refused_offer() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    for i in 0..5 {
        alice.send("bob", &format!("{i}")).await;
    }
    let here = direct("alice", "bob");
    bob.call(Call::MarkRead { conversation: here, upto: Seq(6) }).await.unwrap();
    world.log.hold();
    sleep(Duration::from_secs(2)).await;
    world.log.refuse_held();
    let stored = |o: &Outbound| matches!(o, Outbound::Personal(_, PersonalItem::Read { .. })).then_some(());
    bob.sink.wait(stored).await;
    assert_eq!(bob.view(here).await.unread, 0);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_rests_on_what_is_pending_waits_for_it() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let here = alice.group("Ops", &["bob"]).await;
    world.log.hold();
    let removal = alice.submit(remove(here, "bob"));
    advance(Duration::from_millis(5)).await;
    let again = alice.submit(remove(here, "bob"));
    let late = bob.submit(Call::Send(message(Destination::Conversation(here), next_id(), "still here")));
    sleep(Duration::from_secs(1)).await;
    let answered = |device: &Device| device.sink.count(|o| matches!(o, Outbound::Answer { .. }));
    assert_eq!((answered(&alice), answered(&bob)), (0, 0), "answered on what is not durable");
    world.log.refuse_held();
    for call in [removal, again] {
        assert_eq!(alice.answer(call).await.unwrap_err().code, ErrorCode::StorageFull);
    }
    assert_eq!(bob.answer(late).await.unwrap_err().code, ErrorCode::StorageFull, "not `not_a_member`, for good");
    bob.send_in(here, "still here").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_command_that_had_nothing_to_do_does_nothing_later_either() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let here = alice.group("Ops", &["bob"]).await;
    let change = ChangeRequest::AddMembers(vec![user("bob")]);
    let add = ChangeConversation { command_id: CommandId(next_id().0), conversation: here, change };
    let Answer::CommandDone(first) = alice.call(Call::Change(add.clone())).await.unwrap() else { panic!() };
    assert_eq!((first.seq, first.deduplicated), (Seq::ZERO, false));
    alice.call(remove(here, "bob")).await.unwrap();
    let Answer::CommandDone(again) = alice.call(Call::Change(add)).await.unwrap() else { panic!() };
    assert_eq!((again.seq, again.deduplicated), (Seq::ZERO, true));
    let call =
        Call::ListMembers(ListMembers { conversation: here, only: MemberFilter::All, page: Bytes::new(), limit: 0 });
    let Answer::Members(members) = alice.call(call).await.unwrap() else { panic!() };
    assert_eq!(members.members.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_group_makes_nobody_exist() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let here = alice.group("Ops", &[]).await;
    let change = ChangeRequest::AddMembers(vec![user("nobody")]);
    let add = ChangeConversation { command_id: CommandId(next_id().0), conversation: here, change };
    assert_eq!(alice.call(Call::Change(add)).await.unwrap_err().code, ErrorCode::NotFound);
    let get = Call::GetUsers(vec![user("nobody")], Vec::new());
    let Answer::Users(found) = alice.call(get).await.unwrap() else { panic!() };
    assert!(found.users.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_forged_position_starts_from_the_beginning() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    alice.send("bob", "hi").await;
    let mut forged = alice.begun.welcome.position.to_vec();
    let end = forged.len();
    forged[end - 8..].fill(0xff);
    let again = world.device_at("alice", "laptop", forged.into()).await;
    assert!(again.begun.welcome.reset);
    let call = Call::FetchMessages {
        conversation: direct("alice", "bob"),
        range: MessageRange::Newest,
        limit: 1,
        with_events: false,
    };
    assert!(alice.call(call).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn commands_that_stalled_behind_a_full_batch_go_on_when_it_is_refused() {
    let world = World::with(Options { executors: 1, ..Options::default() });
    let mut alice = world.device("alice", "phone").await;
    for i in 0..80 {
        alice.send("bob", &format!("{i}")).await;
    }
    let (here, there) = (alice.group("Ops", &[]).await, direct("alice", "bob"));
    world.log.hold();
    let mut calls = vec![alice.submit(Call::Send(message(Destination::Conversation(here), next_id(), "first")))];
    sleep(Duration::from_millis(5)).await;
    // A cursor so old that a load has to find its ordinal, while others fill the batch.
    world.log.hold_reads(None);
    let mut old = message(Destination::Conversation(there), next_id(), "stalled");
    old.read_upto = Seq(3);
    let stalled = alice.submit(Call::Send(old));
    // Exactly a batch: nothing is left that would set it going again.
    for _ in 0..8 {
        for _ in 0..128 {
            calls.push(alice.submit(Call::Send(message(Destination::Conversation(here), next_id(), "x"))));
        }
        sleep(Duration::from_millis(5)).await;
    }
    world.log.open_reads();
    sleep(Duration::from_millis(5)).await;
    world.log.refuse_held();
    let answer = tokio::time::timeout(Duration::from_secs(60), alice.answer(stalled)).await;
    assert!(answer.expect("it hangs").is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_stop_on_a_full_disk_ends() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    alice.send("bob", "hi").await;
    bob.call(Call::MarkRead { conversation: direct("alice", "bob"), upto: Seq(2) }).await.unwrap();
    world.log.refuse(1_000);
    world.app.stop();
    world.tasks.close();
    world.tasks.wait().await;
    assert!(world.log.refusals_left() > 990, "it does not ask again and again");
}

#[tokio::test(start_paused = true)]
async fn no_cursor_is_told_on_a_message_that_may_be_refused() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let conversation = direct("alice", "bob");
    for n in 0..2 {
        alice.send("bob", &format!("message {n}")).await;
    }
    // Bob's own message would be seq 4, directly after what he reads.
    world.log.hold();
    let own = bob.submit(Call::Send(message(Destination::User(user("alice")), next_id(), "held")));
    sleep(Duration::from_millis(10)).await;
    let read = bob.submit(Call::MarkRead { conversation, upto: Seq(3) });
    bob.answer(read).await.unwrap();
    world.log.refuse_held();
    assert_eq!(bob.answer(own).await.unwrap_err().code, ErrorCode::StorageFull);
    world.log.release();
    let told = |o: &Outbound| if let Outbound::ReadMoved { upto, .. } = o { Some(*upto) } else { None };
    assert_eq!(alice.sink.wait(told).await, Seq(3));
    alice.send("bob", "now this is seq 4").await;
    sleep(Duration::from_secs(3)).await;
    let view = bob.view(conversation).await;
    assert_eq!((view.read, view.unread), (Seq(3), 1));
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_is_refused_beside_a_message_is_moved_again() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let conversation = direct("alice", "bob");
    for n in 0..3 {
        alice.send("bob", &format!("message {n}")).await;
    }
    bob.call(Call::MarkRead { conversation, upto: Seq(3) }).await.unwrap();
    // The next offer has a message first and the cursor behind it, and is refused as a whole.
    world.log.hold();
    let first = bob.submit(Call::Send(message(Destination::User(user("alice")), next_id(), "held")));
    sleep(Duration::from_millis(10)).await;
    let second = alice.submit(Call::Send(message(Destination::User(user("bob")), next_id(), "beside the cursor")));
    sleep(Duration::from_secs(2)).await;
    world.log.refuse_held();
    assert_eq!(bob.answer(first).await.unwrap_err().code, ErrorCode::StorageFull);
    assert_eq!(alice.answer(second).await.unwrap_err().code, ErrorCode::StorageFull);
    world.log.release();
    sleep(Duration::from_secs(3)).await;
    assert_eq!(bob.view(conversation).await.read, Seq(3));
}

#[tokio::test(start_paused = true)]
async fn a_cursor_over_what_was_refused_reads_nothing_that_comes_in_its_place() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let conversation = direct("alice", "bob");
    for n in 0..2 {
        alice.send("bob", &format!("message {n}")).await;
    }
    // Bob reads up to 3, and over his own message, which would be seq 4.
    world.log.hold();
    let own = bob.submit(Call::Send(message(Destination::User(user("alice")), next_id(), "held")));
    sleep(Duration::from_millis(10)).await;
    bob.call(Call::MarkRead { conversation, upto: Seq(3) }).await.unwrap();
    // It is refused, and the conversation cannot be loaded again before somebody else takes that seq.
    world.log.hold_reads(Some(LogError::Io("gone".into())));
    world.log.refuse_held();
    assert_eq!(bob.answer(own).await.unwrap_err().code, ErrorCode::StorageFull);
    world.log.open_reads();
    alice.send("bob", "this is seq 4").await;
    sleep(Duration::from_secs(3)).await;
    let view = bob.view(conversation).await;
    assert_eq!((view.read, view.unread), (Seq(3), 1));
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_a_change_brings_along_is_whole_after_a_crash() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let renamed = bob.group("Ops", &["alice"]).await;
    let unchanged = bob.group("Same", &["alice"]).await;
    for here in [renamed, unchanged] {
        alice.send_in(here, "one").await.unwrap();
        alice.send_in(here, "two").await.unwrap();
        bob.call(Call::MarkRead { conversation: here, upto: Seq(3) }).await.unwrap();
    }
    // Each stores the membership, and with it the cursor, before the second of the cursor is over.
    for (here, title) in [(renamed, "Operations"), (unchanged, "Same")] {
        bob.change(here, ChangeRequest::Rename(Title::new(title).unwrap())).await.unwrap();
    }
    world.log.kill(0);
    let next = world.next(Options::default());
    let mut bob = next.device("bob", "phone").await;
    let personal = &bob.begun.welcome.personal.changes;
    let read = |wanted: ConversationId| {
        personal.iter().any(|(_, item)| {
            matches!(item, PersonalItem::Read { conversation, upto, .. } if (*conversation, *upto) == (wanted, Seq(3)))
        })
    };
    assert!(read(renamed) && read(unchanged), "{personal:?}");
    assert_eq!(bob.begun.welcome.unread_total, 0);
    for here in [renamed, unchanged] {
        assert_eq!(bob.view(here).await.unread, 0);
    }
}
