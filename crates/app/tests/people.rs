//! Profiles, contacts, requests and blocks: what every device of both is told, what is refused, and what a crash leaves.

mod harness;

use harness::{Device, World, direct, message, next_id, user};
use stonechat_app::api::{
    Answer, Call, ChangeConversation, ChangeMessage, ChangeRequest, CommandDone, Destination, Failure, ListRelations,
    Outbound, OwnProfile, Patch, PersonalItem, ProfilePatch, Relate, RelationFilter, RelationView, SetProfile,
};
use stonechat_app::node::Options;
use stonechat_app::rows::personal as personal_row;
use stonechat_domain::event::{Content, MessageCommand};
use stonechat_domain::relation::{RelationCommand, Remarks, WhoMayAdd, WhoMayMessage};
use stonechat_log::contract::commit;
use stonechat_log::record::{PersonalWrite, Record};
use stonechat_types::emoji::Emoji;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{CommandId, Username};
use stonechat_types::limits::{FIELD_VALUE_BYTES_MAX, RELATIONS_PER_USER_MAX};
use stonechat_types::number::{AppId, PersonalSeq, Timestamp, UserNo};
use stonechat_types::text::{DisplayName, Note};

fn ask() -> RelationCommand {
    RelationCommand::Request { message: Note::new("It is me").ok(), answer: None }
}

fn username(name: &str) -> ProfilePatch {
    ProfilePatch { username: Patch::Set(Username::new(name).unwrap()), ..ProfilePatch::default() }
}

fn allows(who_may_message: WhoMayMessage) -> ProfilePatch {
    ProfilePatch { who_may_message: Some(who_may_message), ..ProfilePatch::default() }
}

async fn relate_as(
    device: &mut Device,
    id: CommandId,
    peer: &str,
    command: RelationCommand,
) -> Result<CommandDone, Failure> {
    let relate = Relate { command_id: id, peer: user(peer), command };
    match device.call(Call::Relate(Box::new(relate))).await? {
        Answer::CommandDone(done) => Ok(done),
        other => panic!("{other:?}"),
    }
}

async fn relate(device: &mut Device, peer: &str, command: RelationCommand) -> Result<CommandDone, Failure> {
    relate_as(device, CommandId(next_id().0), peer, command).await
}

async fn set(device: &mut Device, patch: ProfilePatch) -> Result<OwnProfile, Failure> {
    set_as(device, CommandId(next_id().0), patch).await
}

async fn set_as(device: &mut Device, command_id: CommandId, patch: ProfilePatch) -> Result<OwnProfile, Failure> {
    match device.call(Call::SetProfile(Box::new(SetProfile { command_id, patch }))).await? {
        Answer::Profile(own) => Ok(*own),
        other => panic!("{other:?}"),
    }
}

/// The next change of a relation that a device is told.
async fn told(device: &Device) -> RelationView {
    let relation = |outbound: &Outbound| match outbound {
        Outbound::Personal(_, PersonalItem::Relation(view)) => Some((**view).clone()),
        _ => None,
    };
    device.sink.wait(relation).await
}

async fn list(device: &mut Device, filter: RelationFilter) -> Vec<RelationView> {
    let (mut relations, mut page) = (Vec::new(), Default::default());
    loop {
        let call = Call::ListRelations(ListRelations { filter, page, limit: 2 });
        let Answer::Relations(found) = device.call(call).await.unwrap() else { panic!() };
        assert!(found.relations.len() <= 2);
        relations.extend(found.relations);
        if found.next.is_empty() {
            return relations;
        }
        page = found.next;
    }
}

async fn personal(device: &mut Device) -> Vec<PersonalItem> {
    let call = Call::FetchPersonal { after: PersonalSeq::ZERO, limit: 0 };
    let Answer::Personal(page) = device.call(call).await.unwrap() else { panic!() };
    page.changes.into_iter().map(|(_, item)| item).collect()
}

fn refused<T: std::fmt::Debug>(result: Result<T, Failure>) -> ErrorCode {
    result.unwrap_err().code
}

async fn try_send(device: &mut Device, to: &str, body: &str) -> Result<Answer, Failure> {
    device.call(Call::Send(message(Destination::User(user(to)), next_id(), body))).await
}

#[tokio::test(start_paused = true)]
async fn a_request_and_its_answer_reach_every_device_of_both() {
    let world = World::new();
    let mut phone = world.device("alice", "phone").await;
    let tablet = world.device("alice", "tablet").await;
    let mut bob = world.device("bob", "phone").await;
    let bobs = world.device("bob", "tablet").await;
    let done = relate(&mut phone, "bob", ask()).await.unwrap();
    assert_eq!((done.conversation, done.seq.0), (direct("alice", "bob"), 0));
    for device in [&phone, &tablet] {
        let view = told(device).await;
        assert!(view.outgoing.is_some() && view.incoming.is_none() && view.peer == user("bob"));
    }
    for device in [&bob, &bobs] {
        let view = told(device).await;
        assert_eq!(view.incoming.unwrap().message, Note::new("It is me").ok());
    }
    relate(&mut bob, "alice", RelationCommand::Accept).await.unwrap();
    for device in [&phone, &tablet, &bob, &bobs] {
        let view = told(device).await;
        assert!(view.contacts_since.is_some() && view.incoming.is_none() && view.outgoing.is_none());
    }
    // A device that was not there, and one that starts on the store of a crashed server.
    let next = world.next(Options::default());
    let mut late = next.device("alice", "laptop").await;
    let stored = personal(&mut late).await;
    assert!(stored.iter().any(|item| matches!(item, PersonalItem::Relation(view) if view.contacts_since.is_some())));
    assert_eq!(list(&mut late, RelationFilter::Contacts).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_blocked_sender_is_refused_and_nothing_is_stored() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let first = alice.send("bob", "before").await;
    relate(&mut bob, "alice", RelationCommand::Block).await.unwrap();
    assert_eq!(refused(try_send(&mut alice, "bob", "after").await), ErrorCode::RecipientUnavailable);
    let here = direct("alice", "bob");
    assert_eq!(refused(alice.send_in(here, "again").await), ErrorCode::RecipientUnavailable);
    let change = |command| {
        let (command_id, authority) = (CommandId(next_id().0), Default::default());
        ChangeMessage { command_id, conversation: here, seq: first.id.seq, command, authority }
    };
    let content = Content { body_type: harness::text("text"), body: harness::text("edited") };
    let emoji = Emoji::new("👍").unwrap();
    for command in [MessageCommand::Edit(content), MessageCommand::React { emoji, add: true }] {
        assert_eq!(refused(alice.call(Call::ChangeMessage(change(command))).await), ErrorCode::RecipientUnavailable);
    }
    let content = Content { body_type: harness::text("acme.ring"), body: harness::text("{}") };
    let command = Call::Change(ChangeConversation {
        command_id: CommandId(next_id().0),
        conversation: here,
        change: ChangeRequest::Command(content),
    });
    assert_eq!(refused(alice.call(command).await), ErrorCode::RecipientUnavailable);
    // Who blocks does not write either, or he could not be answered.
    assert_eq!(refused(try_send(&mut bob, "alice", "hey").await), ErrorCode::Forbidden);
    assert_eq!(bob.view(here).await.head.0, 2);
    alice.call(Call::ChangeMessage(change(MessageCommand::Recall))).await.unwrap();
    // The blocked is not told that he is.
    assert!(personal(&mut alice).await.iter().all(|item| !matches!(item, PersonalItem::Relation(_))));
    let next = world.next(Options::default());
    let mut alice = next.device("alice", "phone").await;
    assert_eq!(refused(try_send(&mut alice, "bob", "after").await), ErrorCode::RecipientUnavailable);
    let mut bob = next.device("bob", "tablet").await;
    assert_eq!(list(&mut bob, RelationFilter::Blocked).await[0].peer, user("alice"));
    relate(&mut bob, "alice", RelationCommand::Unblock).await.unwrap();
    alice.send("bob", "at last").await;
}

#[tokio::test(start_paused = true)]
async fn the_first_message_needs_leave_as_every_other_does() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    set(&mut bob, allows(WhoMayMessage::Contacts)).await.unwrap();
    assert_eq!(refused(try_send(&mut alice, "bob", "hi").await), ErrorCode::RecipientUnavailable);
    relate(&mut alice, "bob", ask()).await.unwrap();
    relate(&mut bob, "alice", RelationCommand::Accept).await.unwrap();
    alice.send("bob", "hi").await;
    set(&mut bob, allows(WhoMayMessage::Nobody)).await.unwrap();
    assert_eq!(refused(try_send(&mut alice, "bob", "hi").await), ErrorCode::RecipientUnavailable);
    set(&mut bob, allows(WhoMayMessage::Contacts)).await.unwrap();
    relate(&mut alice, "bob", RelationCommand::Remove).await.unwrap();
    assert_eq!(refused(try_send(&mut alice, "bob", "hi").await), ErrorCode::RecipientUnavailable);
    // Nobody keeps himself from writing to himself.
    bob.send("bob", "a note").await;
}

#[tokio::test(start_paused = true)]
async fn a_repeated_command_is_carried_out_once() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let id = CommandId(next_id().0);
    assert!(!relate_as(&mut alice, id, "bob", ask()).await.unwrap().deduplicated);
    relate(&mut bob, "alice", RelationCommand::Decline { reason: None }).await.unwrap();
    assert!(relate_as(&mut alice, id, "bob", ask()).await.unwrap().deduplicated);
    assert!(list(&mut bob, RelationFilter::Requests).await.is_empty(), "it was not asked a second time");
    assert_eq!(refused(relate_as(&mut alice, id, "bob", RelationCommand::Block).await), ErrorCode::Conflict);
    let next = world.next(Options::default());
    let mut alice = next.device("alice", "phone").await;
    assert!(relate_as(&mut alice, id, "bob", ask()).await.unwrap().deduplicated);
    // Two that cross on the way to the store lead to one record.
    let id = CommandId(next_id().0);
    next.log.hold();
    let both: Vec<u64> = (0..2)
        .map(|_| {
            let relate = Relate { command_id: id, peer: user("bob"), command: ask() };
            alice.submit(Call::Relate(Box::new(relate)))
        })
        .collect();
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    next.log.release();
    let mut deduplicated = Vec::new();
    for call in both {
        let Answer::CommandDone(done) = alice.answer(call).await.unwrap() else { panic!() };
        deduplicated.push(done.deduplicated);
    }
    assert_eq!(deduplicated, [false, true]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_refuses_leaves_things_as_they_were() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    world.log.refuse(1);
    assert_eq!(refused(relate(&mut bob, "alice", RelationCommand::Block).await), ErrorCode::StorageFull);
    alice.send("bob", "still here").await;
    world.log.refuse(1);
    assert_eq!(refused(set(&mut bob, username("bob")).await), ErrorCode::StorageFull);
    assert_eq!(set(&mut alice, username("bob")).await.unwrap().profile.username, Username::new("bob").ok());
}

#[tokio::test(start_paused = true)]
async fn relations_are_listed_in_pages_and_by_sort() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    for name in ["a", "b", "c", "d", "e"] {
        world.app.put_user(AppId::DEFAULT, user(name), None).await.unwrap();
        relate(&mut alice, name, ask()).await.unwrap();
    }
    relate(&mut alice, "b", RelationCommand::Block).await.unwrap();
    let alias = Some(DisplayName::new("Cee").unwrap());
    let remarks = Remarks { alias: alias.clone(), ..Remarks::default() };
    relate(&mut alice, "c", RelationCommand::Annotate(remarks)).await.unwrap();
    let all = list(&mut alice, RelationFilter::All).await;
    assert_eq!(all.iter().map(|view| view.peer.as_str()).collect::<String>(), "abcde");
    assert_eq!(all[2].remarks.alias, alias);
    assert_eq!(list(&mut alice, RelationFilter::Requests).await.len(), 4);
    assert_eq!(list(&mut alice, RelationFilter::Blocked).await.len(), 1);
    let wrong = Call::ListRelations(ListRelations { filter: RelationFilter::All, page: "x".into(), limit: 0 });
    assert_eq!(refused(alice.call(wrong).await), ErrorCode::InvalidArgument);
    assert_eq!(refused(relate(&mut alice, "alice", ask()).await), ErrorCode::InvalidArgument);
    assert_eq!(refused(relate(&mut alice, "nobody", ask()).await), ErrorCode::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_profile_is_told_to_own_devices_and_shown_to_others() {
    let world = World::new();
    let mut phone = world.device("alice", "phone").await;
    let tablet = world.device("alice", "tablet").await;
    let mut bob = world.device("bob", "phone").await;
    let id = CommandId(next_id().0);
    let patch = ProfilePatch {
        name: Patch::Set(DisplayName::new("Alice").unwrap()),
        avatar: Patch::Set("avatar:1".into()),
        public: vec![("city".into(), Some("Utrecht".into()))],
        private: vec![("theme".into(), Some("dark".into()))],
        who_may_add: Some(WhoMayAdd::Question),
        question: Patch::Set(Note::new("My dog?").unwrap()),
        ..username("al")
    };
    let own = set_as(&mut phone, id, patch.clone()).await.unwrap();
    let is_profile = |outbound: &Outbound| match outbound {
        Outbound::Personal(_, PersonalItem::Profile(own)) => Some((**own).clone()),
        _ => None,
    };
    assert_eq!(tablet.sink.wait(is_profile).await, own);
    let get = Call::GetUsers(vec![user("alice"), user("nobody")], vec![Username::new("al").unwrap()]);
    let Answer::Users(found) = bob.call(get).await.unwrap() else { panic!() };
    assert_eq!(found.users, [own.profile.clone(), own.profile.clone()]);
    // Said again later, it does not undo what came between.
    set(&mut phone, ProfilePatch { avatar: Patch::Clear, ..ProfilePatch::default() }).await.unwrap();
    assert_eq!(set_as(&mut phone, id, patch).await.unwrap().profile.avatar, None);
    assert_eq!(refused(set_as(&mut phone, id, username("other")).await), ErrorCode::Conflict);
    let next = world.next(Options::default());
    let mut late = next.device("alice", "laptop").await;
    let Answer::Profile(again) = late.call(Call::GetProfile).await.unwrap() else { panic!() };
    assert_eq!(again.profile.public, own.profile.public);
    assert!(again.profile.changed_at > own.profile.changed_at);
    let stored = personal(&mut late).await;
    assert!(stored.contains(&PersonalItem::Profile(again)));
    assert_eq!(refused(relate(&mut bob, "alice", ask()).await), ErrorCode::InvalidArgument);
}

#[tokio::test(start_paused = true)]
async fn a_username_is_unique_and_free_again_when_it_is_given_up() {
    let world = World::new();
    let mut devices = Vec::new();
    for name in ["alice", "bob", "carol"] {
        devices.push(world.device(name, "phone").await);
    }
    // All at once, also in one commit: one of them has it.
    world.log.hold();
    let calls: Vec<u64> = devices
        .iter_mut()
        .map(|device| {
            let set = SetProfile { command_id: CommandId(next_id().0), patch: username("king") };
            device.submit(Call::SetProfile(Box::new(set)))
        })
        .collect();
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    world.log.release();
    let mut winner = None;
    for (i, call) in calls.into_iter().enumerate() {
        match devices[i].answer(call).await {
            Ok(_) => assert!(winner.replace(i).is_none()),
            Err(failure) => assert_eq!(failure.code, ErrorCode::AlreadyExists),
        }
    }
    let winner = winner.unwrap();
    let loser = (winner + 1) % 3;
    set(&mut devices[winner], username("queen")).await.unwrap();
    set(&mut devices[loser], username("king")).await.unwrap();
    assert_eq!(refused(set(&mut devices[winner], username("king")).await), ErrorCode::AlreadyExists);
    let next = world.next(Options::default());
    let mut late = next.device("dora", "phone").await;
    assert_eq!(refused(set(&mut late, username("queen")).await), ErrorCode::AlreadyExists);
}

#[tokio::test(start_paused = true)]
async fn maps_and_questions_are_refused_by_rule() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let large =
        ProfilePatch { public: vec![("a".into(), Some("x".repeat(FIELD_VALUE_BYTES_MAX + 1)))], ..Default::default() };
    assert_eq!(refused(set(&mut alice, large).await), ErrorCode::InvalidArgument);
    let unasked = ProfilePatch { who_may_add: Some(WhoMayAdd::Question), ..ProfilePatch::default() };
    assert_eq!(refused(set(&mut alice, unasked).await), ErrorCode::InvalidArgument);
    let many = (0..33).map(|i| (format!("{i}"), Some(String::new()))).collect();
    let many = ProfilePatch { private: many, ..ProfilePatch::default() };
    assert_eq!(refused(set(&mut alice, many).await), ErrorCode::InvalidArgument);
}

/// Entries of relations with so many others, stored as they are.
fn store_relations(world: &World, user_no: UserNo, contacts_since: Option<Timestamp>) {
    for chunk in 0..RELATIONS_PER_USER_MAX / 500 {
        let write = |n: usize| {
            let view = RelationView {
                peer: user(&format!("other{n}")),
                contacts_since,
                blocks_since: None,
                incoming: None,
                outgoing: None,
                declined: None,
                remarks: Remarks::default(),
            };
            let (key, value) = personal_row::encode(&PersonalItem::Relation(Box::new(view)));
            PersonalWrite { app: AppId::DEFAULT, user_no, key, value: Some(value) }
        };
        let personal = (chunk * 500..(chunk + 1) * 500).map(write).collect();
        commit(&*world.log.inner, vec![Record { personal, ..Record::default() }]).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn relations_that_are_over_take_nobodys_place() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    world.device("carol", "phone").await;
    let (of_alice, of_bob) = (alice.begun.session.user.no, bob.begun.session.user.no);
    store_relations(&world, of_alice, None);
    assert!(relate(&mut bob, "alice", ask()).await.is_ok(), "all of hers are over");
    relate(&mut alice, "carol", ask()).await.unwrap();
    store_relations(&world, of_bob, Some(Timestamp(1)));
    assert_eq!(refused(relate(&mut bob, "carol", ask()).await), ErrorCode::TooMany);
}
