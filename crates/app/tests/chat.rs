//! People chat: the application whole, over a store in memory, in virtual time.

mod harness;

use bytes::Bytes;
use harness::{World, body_of, direct, message, next_id, sent, user};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use stonechat_app::api::{
    Answer, Call, ChangeRequest, Content, Destination, ListMembers, MemberFilter, MessageRange, Outbound, PersonalItem,
    ReadMark,
};
use stonechat_app::node::Options;
use stonechat_app::rows::derive::MessageRows;
use stonechat_domain::event::Change;
use stonechat_log::memory::MemoryLog;
use stonechat_log::record::Record;
use stonechat_log::store::{Derive, Log};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::DeviceId;
use stonechat_types::number::{Ordinal, Seq, Timestamp};
use stonechat_types::text::Title;

#[tokio::test(start_paused = true)]
async fn a_first_message_begins_the_conversation_and_reaches_every_device() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let tablet = world.device("alice", "tablet").await;
    let bob = world.device("bob", "phone").await;
    let ack = alice.send("bob", "hello").await;
    assert_eq!((ack.id.seq, ack.ordinal, ack.deduplicated), (Seq(2), Ordinal(1), false));
    for device in [&alice, &tablet, &bob] {
        let created = device.event(ack.id.conversation, 1).await;
        assert!(matches!(created.content, Content::Change(Change::Created { .. })));
        let event = device.event(ack.id.conversation, 2).await;
        assert_eq!((body_of(&event).as_str(), event.sender.as_str()), ("hello", "alice"));
    }
}

#[tokio::test(start_paused = true)]
async fn unread_counts_what_others_wrote_and_reading_on_one_device_tells_the_other() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let tablet = world.device("bob", "tablet").await;
    for i in 0..5 {
        alice.send("bob", &format!("{i}")).await;
    }
    let here = direct("alice", "bob");
    assert_eq!(bob.view(here).await.unread, 5);
    assert_eq!(alice.view(here).await.unread, 0);
    bob.call(Call::MarkRead { conversation: here, upto: Seq(4) }).await.unwrap();
    for device in [&alice, &tablet] {
        let upto =
            device.sink.wait(|o| if let Outbound::ReadMoved { upto, .. } = o { Some(*upto) } else { None }).await;
        assert_eq!(upto, Seq(4));
    }
    // Stored within a second, as a change of personal state.
    let read = |o: &Outbound| match o {
        Outbound::Personal(_, PersonalItem::Read { upto, .. }) => Some(*upto),
        _ => None,
    };
    assert_eq!(tablet.sink.wait(read).await, Seq(4));
    assert_eq!(bob.view(here).await.unread, 2);
    assert_eq!(
        alice.view(here).await.read_marks,
        vec![ReadMark { user: user("bob"), read: Seq(4), delivered: Seq(4) }]
    );
    // Never back.
    bob.call(Call::MarkRead { conversation: here, upto: Seq(3) }).await.unwrap();
    tokio::time::advance(std::time::Duration::from_secs(2)).await;
    assert_eq!(bob.view(here).await.read, Seq(4));
}

#[tokio::test(start_paused = true)]
async fn what_the_composer_had_shown_is_told_as_read() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let tablet = world.device("bob", "tablet").await;
    let here = alice.send("bob", "one").await.id;
    let mut answer = message(Destination::Conversation(here.conversation), next_id(), "two");
    answer.read_upto = here.seq;
    bob.call(Call::Send(answer)).await.unwrap();
    for device in [&alice, &tablet] {
        let moved = |o: &Outbound| {
            if let Outbound::ReadMoved { user, upto, .. } = o { Some((user.clone(), *upto)) } else { None }
        };
        assert_eq!(device.sink.wait(moved).await, (user("bob"), Seq(3)));
    }
    assert_eq!(bob.view(here.conversation).await.unread, 0);
}

#[tokio::test(start_paused = true)]
async fn the_same_id_is_stored_once_and_another_body_is_a_conflict() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let id = next_id();
    let to = || Destination::User(user("bob"));
    let first = sent(alice.call(Call::Send(message(to(), id, "one"))).await.unwrap());
    alice.send("bob", "two").await;
    let again = sent(alice.call(Call::Send(message(to(), id, "one"))).await.unwrap());
    assert!(again.deduplicated);
    assert_eq!((again.id, again.ordinal, again.sent_at), (first.id, first.ordinal, first.sent_at));
    let conflict = alice.call(Call::Send(message(to(), id, "other"))).await.unwrap_err();
    assert_eq!(conflict.code, ErrorCode::Conflict);
    assert_eq!(conflict.first.map(|first| first.id), Some(first.id));
    assert_eq!(alice.replay(first.id.conversation).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_of_a_pending_send_waits_for_its_commit() {
    let world = World::new();
    let mut phone = world.device("alice", "phone").await;
    let mut tablet = world.device("alice", "tablet").await;
    phone.send("bob", "zero").await;
    world.log.hold();
    let id = next_id();
    let to = || Destination::User(user("bob"));
    let first = phone.submit(Call::Send(message(to(), id, "one")));
    tokio::task::yield_now().await;
    let same = tablet.submit(Call::Send(message(to(), id, "one")));
    let other = tablet.submit(Call::Send(message(to(), id, "another")));
    tokio::time::advance(std::time::Duration::from_secs(3)).await;
    assert_eq!(tablet.sink.count(|o| matches!(o, Outbound::Answer { .. })), 0, "answered before the commit");
    world.log.release();
    let first = sent(phone.answer(first).await.unwrap());
    let same = sent(tablet.answer(same).await.unwrap());
    assert_eq!((same.id, same.deduplicated), (first.id, true));
    assert_eq!(tablet.answer(other).await.unwrap_err().code, ErrorCode::Conflict);
    assert_eq!(phone.replay(first.id.conversation).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_refused_offer_leaves_no_trace_and_takes_with_it_what_was_decided_on_top() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let here = alice.send("bob", "zero").await.id.conversation;
    world.log.hold();
    let ids: Vec<_> = (0..4).map(|_| next_id()).collect();
    let mut calls = Vec::new();
    for (i, id) in ids.iter().enumerate() {
        let mut send = message(Destination::Conversation(here), *id, &format!("{i}"));
        send.after = i.checked_sub(1).map(|before| ids[before]);
        calls.push(alice.submit(Call::Send(send)));
        tokio::task::yield_now().await;
    }
    world.log.refuse_held();
    for call in calls {
        let code = alice.answer(call).await.unwrap_err().code;
        assert!(matches!(code, ErrorCode::StorageFull | ErrorCode::RetryInOrder), "{code}");
    }
    // A follower of a refused one is refused until its predecessor is there.
    let mut late = message(Destination::Conversation(here), next_id(), "late");
    late.after = Some(ids[3]);
    assert_eq!(alice.call(Call::Send(late)).await.unwrap_err().code, ErrorCode::RetryInOrder);
    for (i, id) in ids.iter().enumerate() {
        let mut send = message(Destination::Conversation(here), *id, &format!("{i}"));
        send.after = i.checked_sub(1).map(|before| ids[before]);
        let ack = sent(alice.call(Call::Send(send)).await.unwrap());
        assert_eq!((ack.id.seq.0, ack.deduplicated), (3 + i as u64, false));
    }
    let bodies: Vec<_> = alice.replay(here).await.iter().skip(1).map(body_of).collect();
    assert_eq!(bodies, ["zero", "0", "1", "2", "3"]);
}

#[tokio::test(start_paused = true)]
async fn a_removal_is_the_last_that_the_removed_sees_and_his_sends_behind_it_are_refused() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let here = alice.group("Ops", &["bob"]).await;
    bob.send_in(here, "before").await.unwrap();
    world.log.hold();
    alice.submit(Call::Change(stonechat_app::api::ChangeConversation {
        command_id: stonechat_types::id::CommandId(next_id().0),
        conversation: here,
        change: ChangeRequest::RemoveMember(user("bob")),
    }));
    tokio::time::advance(std::time::Duration::from_millis(1)).await;
    let late = bob.submit(Call::Send(message(Destination::Conversation(here), next_id(), "late")));
    let after = alice.submit(Call::Send(message(Destination::Conversation(here), next_id(), "without bob")));
    tokio::time::advance(std::time::Duration::from_millis(1)).await;
    world.log.release();
    assert_eq!(bob.answer(late).await.unwrap_err().code, ErrorCode::NotAMember);
    alice.answer(after).await.unwrap();
    let removal = bob.event(here, 3).await;
    assert!(matches!(removal.content, Content::Change(Change::MemberRemoved(_))));
    assert!(bob.sink.events().iter().all(|event| event.id.seq <= Seq(3)));
    let replay = bob.replay(here).await;
    assert_eq!(replay.last().map(|event| event.id.seq), Some(Seq(3)));
    // Nor does he see what becomes of the conversation.
    alice.change(here, ChangeRequest::Rename(Title::new("Without bob").unwrap())).await.unwrap();
    let view = bob.view(here).await;
    assert_eq!((view.role, view.head, view.unread), (None, Seq(3), 0));
    assert_eq!((view.title.as_ref().map(Title::as_str), view.member_count), (Some("Ops"), 0));
    assert!(view.active_at <= Timestamp(1_000_000) && view.last_message.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_sees_from_his_join_on_and_older_ranges_are_hidden() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut carol = world.device("carol", "phone").await;
    let here = alice.group("Ops", &[]).await;
    alice.send_in(here, "secret").await.unwrap();
    alice.change(here, ChangeRequest::AddMembers(vec![user("carol")])).await.unwrap();
    alice.send_in(here, "hello carol").await.unwrap();
    let Answer::Events(page) =
        carol.call(Call::FetchEvents { conversation: here, after: Seq::ZERO, limit: 0 }).await.unwrap()
    else {
        panic!()
    };
    assert_eq!(page.hidden, vec![(Seq(1), Seq(2))]);
    assert_eq!(page.events.iter().map(|event| event.id.seq.0).collect::<Vec<_>>(), [3, 4]);
    let call = Call::FetchMessages { conversation: here, range: MessageRange::Newest, limit: 0, with_events: false };
    let Answer::Messages(page) = carol.call(call).await.unwrap() else { panic!() };
    assert_eq!(page.messages.iter().map(|view| body_of(&view.event)).collect::<Vec<_>>(), ["hello carol"]);
    assert!(!page.more_before);
    assert_eq!(carol.view(here).await.unread, 1);
}

#[tokio::test(start_paused = true)]
async fn who_is_no_member_does_not_learn_that_a_conversation_exists() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut eve = world.device("eve", "phone").await;
    let here = alice.group("Ops", &[]).await;
    let calls = [
        Call::GetConversation(here),
        Call::FetchEvents { conversation: here, after: Seq::ZERO, limit: 0 },
        Call::FetchMessages { conversation: here, range: MessageRange::Newest, limit: 0, with_events: false },
        Call::ListMembers(ListMembers { conversation: here, only: MemberFilter::All, page: Bytes::new(), limit: 0 }),
        Call::MarkRead { conversation: here, upto: Seq(1) },
        Call::Send(message(Destination::Conversation(here), next_id(), "x")),
    ];
    for call in calls {
        let text = format!("{call:?}");
        assert_eq!(eve.call(call).await.map(|_| ()).unwrap_err().code, ErrorCode::NotFound, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_device_is_poked_once_and_pulls_what_it_missed() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    alice.send("bob", "one").await;
    bob.event(direct("alice", "bob"), 2).await;
    let position = bob.begun.welcome.position.clone();
    bob.sink.limit(4);
    for i in 0..20 {
        alice.send("bob", &format!("{i}")).await;
    }
    assert_eq!(bob.sink.count(|o| matches!(o, Outbound::Poke(_))), 1);
    assert!(bob.sink.events().len() <= 4);
    bob.sink.limit(usize::MAX);
    alice.send("bob", "still nothing").await;
    assert!(bob.sink.events().iter().all(|event| body_of(event) != "still nothing"));
    let Answer::Welcome(welcome) = bob.call(Call::Pull { position, window: 0 }).await.unwrap() else { panic!() };
    assert!(!welcome.reset);
    let view = &welcome.conversations.conversations[0];
    assert_eq!((view.head, view.unread, welcome.unread_total), (Seq(23), 22, 22));
    let ack = alice.send("bob", "flows again").await;
    assert_eq!(body_of(&bob.event(ack.id.conversation, ack.id.seq.0).await), "flows again");
}

#[tokio::test(start_paused = true)]
async fn a_device_comes_back_to_what_happened_since_its_position() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let bob = world.device("bob", "phone").await;
    for name in ["carol", "dave", "erin"] {
        alice.send(name, "hi").await;
    }
    alice.send("bob", "one").await;
    bob.event(direct("alice", "bob"), 2).await;
    let position = bob.sink.wait(|o| if let Outbound::Position(p) = o { Some(p.clone()) } else { None }).await;
    let back = world.device_at("bob", "phone", position.clone()).await;
    assert!(back.begun.welcome.conversations.conversations.is_empty(), "nothing happened since");
    assert!(!back.begun.welcome.reset);
    alice.send("bob", "two").await;
    let back = world.device_at("bob", "phone", position).await;
    let page = &back.begun.welcome.conversations;
    assert_eq!(page.conversations.len(), 1);
    assert_eq!(page.conversations[0].last_message.as_ref().map(|m| body_of(&m.event)), Some("two".into()));
    let fresh = world.device_at("alice", "laptop", Bytes::from_static(b"nonsense")).await;
    assert!(fresh.begun.welcome.reset);
    assert_eq!(fresh.begun.welcome.conversations.conversations.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_position_is_told_only_when_everything_before_it_was() {
    let world = World::with(Options { executors: 4, ..Options::default() });
    let mut alice = world.device("alice", "phone").await;
    let bob = world.device("bob", "phone").await;
    let mut seen = 0;
    for round in 0..5 {
        for i in 0..10 {
            let here = alice.group(&format!("{round}-{i}"), &["bob"]).await;
            alice.send_in(here, "x").await.unwrap();
        }
        let position = bob.sink.wait(|o| if let Outbound::Position(p) = o { Some(p.clone()) } else { None }).await;
        seen += 1;
        let back = world.device_at("bob", "other", position).await;
        let missed = &back.begun.welcome.conversations.conversations;
        let told: Vec<_> = bob.sink.events().iter().map(|event| event.id.conversation).collect();
        assert!(missed.iter().all(|view| told.contains(&view.id)));
    }
    assert_eq!(seen, 5);
}

#[tokio::test(start_paused = true)]
async fn a_newer_session_of_a_device_replaces_the_older() {
    let world = World::new();
    let old = world.device("alice", "phone").await;
    let _new = world.device("alice", "phone").await;
    let code = old.sink.wait(|o| if let Outbound::Close(code) = o { Some(*code) } else { None }).await;
    assert_eq!(code, ErrorCode::Replaced);
    assert_eq!(world.app.metrics().sessions.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_device_is_out_at_once_and_stays_out_until_a_newer_token() {
    let world = World::new();
    let mut phone = world.device("alice", "phone").await;
    let lost = world.device("alice", "lost").await;
    phone.call(Call::RevokeDevice(DeviceId::new("lost").unwrap())).await.unwrap();
    let code = lost.sink.wait(|o| if let Outbound::Close(code) = o { Some(*code) } else { None }).await;
    assert_eq!(code, ErrorCode::Revoked);
    let refused = world.try_device("alice@1000", "lost", Bytes::new()).await.map(|_| ()).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Revoked);
    let again = world.try_device("alice@2000000", "lost", Bytes::new()).await;
    assert!(again.is_ok(), "a token that was made after the sign-out signs in again");
    let stolen = world.try_device("alice@1000", "lost", Bytes::new()).await.map(|_| ()).unwrap_err();
    assert_eq!(stolen.code, ErrorCode::Revoked, "the old one stays worthless");
    let Answer::Devices(devices) = phone.call(Call::ListDevices).await.unwrap() else { panic!() };
    assert_eq!(devices.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_backward_clock_stops_nothing_and_time_never_goes_back_in_a_log() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let first = alice.send("bob", "one").await;
    world.clock.0.store(5, Ordering::Relaxed);
    let second = alice.send("bob", "two").await;
    assert_eq!(second.sent_at, first.sent_at);
    assert!(second.id.seq > first.id.seq);
    let ack = alice.send("carol", "elsewhere").await;
    assert_eq!(ack.sent_at, Timestamp(5));
}

#[tokio::test(start_paused = true)]
async fn a_lost_retry_of_a_command_meets_the_first() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    world.device("bob", "phone").await;
    let create = stonechat_app::api::CreateGroup {
        command_id: stonechat_types::id::CommandId(next_id().0),
        kind: stonechat_types::id::ConversationKind::Group,
        title: Title::new("Ops").unwrap(),
        members: vec![user("bob")],
    };
    let done = |answer| if let Answer::CommandDone(done) = answer { done } else { panic!() };
    let first = done(alice.call(Call::CreateGroup(create.clone())).await.unwrap());
    let again = done(alice.call(Call::CreateGroup(create.clone())).await.unwrap());
    assert_eq!((again.conversation, again.seq, again.deduplicated), (first.conversation, first.seq, true));
    let other = stonechat_app::api::CreateGroup { title: Title::new("Other").unwrap(), ..create };
    assert_eq!(alice.call(Call::CreateGroup(other)).await.unwrap_err().code, ErrorCode::Conflict);
}

#[tokio::test(start_paused = true)]
async fn a_group_of_thousands_gets_heads_unless_it_is_in_focus() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let bob = world.device("user1", "phone").await;
    let mut focused = world.device("user2", "phone").await;
    let here = alice.group("All", &[]).await;
    let everyone: Vec<_> = (1..=600).map(|i| user(&format!("user{i}"))).collect();
    for some in everyone.chunks(200) {
        alice.change(here, ChangeRequest::AddMembers(some.to_vec())).await.unwrap();
    }
    focused.submit(Call::Focus(vec![here]));
    bob.event(here, 2).await;
    for i in 0..10 {
        alice.send_in(here, &format!("{i}")).await.unwrap();
    }
    let head = bob.sink.wait(|o| if let Outbound::Head { seq, .. } = o { Some(*seq) } else { None }).await;
    assert_eq!(head, Seq(14));
    assert_eq!(focused.event(here, 14).await.id.seq, Seq(14));
    let live = bob.sink.events().iter().filter(|event| event.id.seq > Seq(4)).count();
    assert_eq!(live, 0, "events came beside heads");
    let mut page = Bytes::new();
    let mut members = 0;
    loop {
        let call = Call::ListMembers(ListMembers { conversation: here, only: MemberFilter::All, page, limit: 100 });
        let Answer::Members(found) = alice.call(call).await.unwrap() else { panic!() };
        assert!(found.members.len() <= 100);
        members += found.members.len();
        page = found.next;
        if page.is_empty() {
            break;
        }
    }
    assert_eq!(members, 601);
}

#[tokio::test(start_paused = true)]
async fn evicted_conversations_are_loaded_again_as_they_were() {
    let world = World::with(Options { executor_bytes_max: 1, ..Options::default() });
    let mut alice = world.device("alice", "phone").await;
    let mut acks = Vec::new();
    for round in 0..5 {
        for peer in ["bob", "carol", "dave"] {
            acks.push(alice.send(peer, &format!("{round}")).await);
        }
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    }
    assert!(world.app.metrics().conversations_evicted.get() > 0);
    for (i, ack) in acks.iter().enumerate() {
        assert_eq!(ack.id.seq.0, 2 + (i / 3) as u64);
    }
}

#[tokio::test(start_paused = true)]
async fn stopping_finishes_what_was_taken() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    alice.send("bob", "zero").await;
    world.log.hold();
    let call = alice.submit(Call::Send(message(Destination::User(user("bob")), next_id(), "last")));
    tokio::time::advance(std::time::Duration::from_millis(5)).await;
    world.app.stop();
    world.log.release();
    alice.answer(call).await.unwrap();
    world.tasks.close();
    world.tasks.wait().await;
    let late = alice.call(Call::Send(message(Destination::User(user("bob")), next_id(), "late"))).await;
    assert_eq!(late.unwrap_err().code, ErrorCode::ShuttingDown);
}

/// The rows that a store derives at recovery, from headers alone, are those that the executors gave it.
#[tokio::test(start_paused = true)]
async fn derived_rows_are_the_same_again() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let group = alice.group("Ops", &["bob"]).await;
    for i in 0..30u64 {
        alice.send("bob", &format!("{i}")).await;
        let mut send = message(Destination::Conversation(group), next_id(), "x");
        send.read_upto = Seq(i);
        bob.call(Call::Send(send)).await.unwrap();
        if i % 7 == 0 {
            bob.call(Call::MarkRead { conversation: direct("alice", "bob"), upto: Seq(i) }).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        }
        if i % 10 == 9 {
            let name = Title::new(&format!("Ops {i}")).unwrap();
            alice.change(group, ChangeRequest::Rename(name)).await.unwrap();
        }
    }
    let feed = world.log.feed(Default::default(), usize::MAX).await.unwrap();
    let again = MemoryLog::new([7; 16]);
    for record in feed {
        let derived = match &record.event {
            Some(event) => MessageRows.derive(&event.header, &again).unwrap(),
            None => Vec::new(),
        };
        let rows = world.log.inner.rows_of(record.position);
        again.offer(vec![Record { rows, derived, event: record.event, ..Record::default() }], Box::new(|_| ()));
    }
    let app_rows =
        |log: Arc<Vec<(Bytes, Bytes)>>| log.iter().filter(|(key, _)| key[0] < 0xE0).cloned().collect::<Vec<_>>();
    let mine = Arc::new(world.log.scan(Bytes::new(), None, usize::MAX).await.unwrap());
    let theirs = Arc::new(again.scan(Bytes::new(), None, usize::MAX).await.unwrap());
    assert_eq!(app_rows(mine), app_rows(theirs));
}

#[tokio::test(start_paused = true)]
async fn large_last_messages_end_a_page_and_lock_nobody_out() {
    let world = World::new();
    for i in 0..30 {
        let mut peer = world.device(&format!("peer{i}"), "phone").await;
        peer.send("bob", &"x".repeat(60_000)).await;
    }
    let mut bob = world.device("bob", "phone").await;
    let mut page = bob.begun.welcome.conversations.clone();
    let mut found = 0;
    loop {
        let bytes: usize = page
            .conversations
            .iter()
            .filter_map(|view| view.last_message.as_ref())
            .map(|m| body_of(&m.event).len())
            .sum();
        assert!(bytes < 600_000, "a page of {bytes} bytes");
        found += page.conversations.len();
        if page.next.is_empty() {
            break;
        }
        let call = Call::ListConversations { page: page.next, limit: 200 };
        let Answer::Conversations(next) = bob.call(call).await.unwrap() else { panic!() };
        page = next;
    }
    assert_eq!(found, 30);
}

#[tokio::test(start_paused = true)]
async fn typing_reaches_the_others_and_floods_nobody() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let bob = world.device("bob", "phone").await;
    let here = alice.send("bob", "hi").await.id.conversation;
    for _ in 0..50 {
        alice.submit(Call::Typing { conversation: here, active: true });
    }
    alice.submit(Call::Typing { conversation: here, active: false });
    let stopped = |o: &Outbound| matches!(o, Outbound::Typing { active: false, .. }).then_some(());
    bob.sink.wait(stopped).await;
    assert_eq!(bob.sink.count(|o| matches!(o, Outbound::Typing { active: true, .. })), 1);
}
