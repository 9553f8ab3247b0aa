//! Voice messages that are played: once by each, told to whoever may know, and forgotten with the message.

use super::change;
use crate::harness::{Device, World, direct, next_id, sent, text, user};
use bytes::Bytes;
use stonechat_app::api::{
    Answer, Call, ChangeRequest, Destination, Failure, ListReaders, Outbound, PersonalItem, PersonalPage, Receipt,
    Relate, SendMessage,
};
use stonechat_app::node::Options;
use stonechat_domain::event::MessageCommand;
use stonechat_domain::group::{GroupCommand, SettingsPatch};
use stonechat_domain::plays::Plays;
use stonechat_domain::relation::RelationCommand;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{CommandId, ConversationId};
use stonechat_types::limits::PLAYERS_COUNTED_MAX;
use stonechat_types::number::{PersonalSeq, Seq};

async fn say(device: &mut Device, to: Destination) -> Seq {
    let send = SendMessage {
        to,
        client_msg_id: next_id(),
        body_type: text("voice"),
        body: text("hmm"),
        read_upto: Seq::ZERO,
        after: None,
        attributes: None,
    };
    sent(device.call(Call::Send(send)).await.unwrap()).id.seq
}

async fn play(device: &mut Device, conversation: ConversationId, seq: Seq) -> Result<(), Failure> {
    device.call(Call::MarkPlayed { conversation, seq }).await.map(drop)
}

fn of(item: &PersonalItem, at: ConversationId) -> Option<Plays> {
    match item {
        PersonalItem::Plays(conversation, plays) if *conversation == at => Some(Plays::clone(plays)),
        _ => None,
    }
}

/// What the personal state of a user says.
async fn kept(device: &mut Device, at: ConversationId) -> Plays {
    let call = Call::FetchPersonal { after: PersonalSeq(0), limit: 100 };
    let Ok(Answer::Personal(PersonalPage { changes, .. })) = device.call(call).await else { panic!("no page") };
    changes.iter().find_map(|(_, item)| of(item, at)).unwrap_or_default()
}

async fn list(device: &mut Device, at: ConversationId, seq: Seq, read: bool) -> Result<Vec<String>, Failure> {
    let (mut all, mut page) = (Vec::new(), Bytes::new());
    loop {
        let list = ListReaders { conversation: at, seq, receipt: Receipt::Played, read, page, limit: 1 };
        let Answer::Members(found) = device.call(Call::ListReaders(list)).await? else { panic!("no members") };
        all.extend(found.members.iter().map(|member| member.user.id.to_string()));
        page = found.next;
        if page.is_empty() {
            return Ok(all);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_play_is_told_to_the_author_and_to_all_devices_of_the_player_and_stays() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let tablet = world.device("bob", "tablet").await;
    let group = alice.group("all", &["bob", "carol"]).await;
    let seq = say(&mut alice, Destination::Conversation(group)).await;
    assert_eq!(list(&mut alice, group, seq, true).await.unwrap(), Vec::<String>::new());
    play(&mut bob, group, seq).await.unwrap();
    let told = |outbound: &Outbound| match outbound {
        Outbound::Personal(_, item) => of(item, group),
        _ => None,
    };
    assert!(tablet.sink.wait(told).await.holds(seq));
    assert_eq!(alice.sink.wait(told).await.by_others(seq), 1);
    let offers = world.log.offers();
    play(&mut bob, group, seq).await.unwrap();
    assert_eq!(world.log.offers(), offers, "said again, it changes nothing");
    let mut carol = world.device("carol", "phone").await;
    play(&mut carol, group, seq).await.unwrap();
    let next = world.next(Options::default());
    let mut alice = next.device("alice", "phone").await;
    assert_eq!(kept(&mut alice, group).await.by_others(seq), 2);
    assert_eq!(list(&mut alice, group, seq, true).await.unwrap(), ["bob", "carol"]);
    assert_eq!(list(&mut alice, group, seq, false).await.unwrap(), Vec::<String>::new());
    let mut bob = next.device("bob", "phone").await;
    assert!(kept(&mut bob, group).await.holds(seq) && kept(&mut bob, group).await.others().is_empty());
    play(&mut bob, group, seq).await.unwrap();
    assert_eq!(kept(&mut alice, group).await.by_others(seq), 2);
}

#[tokio::test(start_paused = true)]
async fn only_voice_messages_of_others_are_played_by_those_who_see_them() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let group = alice.group("all", &["bob"]).await;
    let words = alice.send_in(group, "words").await.unwrap().id.seq;
    let voice = say(&mut alice, Destination::Conversation(group)).await;
    for (seq, code) in
        [(words, ErrorCode::InvalidArgument), (Seq(1), ErrorCode::NotFound), (Seq(99), ErrorCode::NotFound)]
    {
        assert_eq!(play(&mut bob, group, seq).await.unwrap_err().code, code, "{seq}");
    }
    assert_eq!(play(&mut alice, group, voice).await.unwrap_err().code, ErrorCode::InvalidArgument);
    assert_eq!(list(&mut bob, group, words, true).await.unwrap_err().code, ErrorCode::NotFound);
    let mut dave = world.device("dave", "phone").await;
    assert_eq!(play(&mut dave, group, voice).await.unwrap_err().code, ErrorCode::NotFound);
    // Whoever came later does not see it, and who went is no member.
    alice.change(group, ChangeRequest::AddMembers(vec![user("dave")])).await.unwrap();
    assert_eq!(play(&mut dave, group, voice).await.unwrap_err().code, ErrorCode::NotFound);
    bob.change(group, ChangeRequest::Leave).await.unwrap();
    assert_eq!(play(&mut bob, group, voice).await.unwrap_err().code, ErrorCode::NotAMember);
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_back_was_played_by_nobody() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let mut carol = world.device("carol", "phone").await;
    let group = alice.group("all", &["bob", "carol"]).await;
    let mut seqs = Vec::new();
    for _ in 0..2 {
        let seq = say(&mut alice, Destination::Conversation(group)).await;
        play(&mut bob, group, seq).await.unwrap();
        seqs.push(seq);
    }
    change(&mut alice, group, seqs[0], MessageCommand::Recall).await.unwrap();
    let plays = kept(&mut alice, group).await;
    assert_eq!((plays.by_others(seqs[0]), plays.by_others(seqs[1])), (0, 1));
    assert_eq!(list(&mut alice, group, seqs[0], true).await.unwrap_err().code, ErrorCode::NotFound);
    for device in [&mut bob, &mut carol] {
        assert_eq!(play(device, group, seqs[0]).await.unwrap_err().code, ErrorCode::NotFound);
    }
    let key = stonechat_app::rows::key::players(
        stonechat_types::number::AppId::DEFAULT,
        stonechat_types::number::ConversationNo(1),
        seqs[0],
    );
    assert_eq!(stonechat_log::store::Log::load(&*world.log, vec![key]).await.unwrap(), [None]);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_told_across_a_block_nor_where_there_are_no_receipts() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let here = direct("alice", "bob");
    let first = say(&mut alice, Destination::User(user("bob"))).await;
    let second = say(&mut alice, Destination::User(user("bob"))).await;
    let relate = |command| {
        let relate = Relate { command_id: CommandId(next_id().0), peer: user("alice"), command };
        Call::Relate(Box::new(relate))
    };
    bob.call(relate(RelationCommand::Block)).await.unwrap();
    play(&mut bob, here, first).await.unwrap();
    assert!(kept(&mut bob, here).await.holds(first), "his own devices know");
    assert_eq!(kept(&mut alice, here).await, Plays::default());
    assert_eq!(list(&mut alice, here, first, true).await.unwrap_err().code, ErrorCode::Forbidden);
    bob.call(relate(RelationCommand::Unblock)).await.unwrap();
    play(&mut bob, here, second).await.unwrap();
    assert_eq!(list(&mut alice, here, second, true).await.unwrap(), ["bob"]);
    assert_eq!(list(&mut alice, here, first, true).await.unwrap(), Vec::<String>::new());
    let group = alice.group("all", &["bob"]).await;
    let silent = SettingsPatch { receipts: Some(false), ..SettingsPatch::default() };
    alice.change(group, ChangeRequest::Group(GroupCommand::ChangeSettings(silent))).await.unwrap();
    let seq = say(&mut alice, Destination::Conversation(group)).await;
    play(&mut bob, group, seq).await.unwrap();
    assert_eq!(kept(&mut alice, group).await, Plays::default());
    assert!(kept(&mut bob, group).await.holds(seq));
    // Where members are hidden, those may list them who may list members.
    let hidden = SettingsPatch { receipts: Some(true), members_hidden: Some(true), ..SettingsPatch::default() };
    alice.change(group, ChangeRequest::Group(GroupCommand::ChangeSettings(hidden))).await.unwrap();
    let next = say(&mut alice, Destination::Conversation(group)).await;
    play(&mut bob, group, next).await.unwrap();
    assert_eq!(kept(&mut alice, group).await, Plays::default());
    assert_eq!(list(&mut alice, group, next, true).await.unwrap(), ["bob"]);
    assert_eq!(list(&mut alice, group, seq, true).await.unwrap(), Vec::<String>::new());
    assert_eq!(list(&mut bob, group, next, true).await.unwrap_err().code, ErrorCode::Forbidden);
}

#[tokio::test(start_paused = true)]
async fn of_many_players_the_author_is_told_up_to_a_number_and_may_list_them_all() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let names: Vec<_> = (0..PLAYERS_COUNTED_MAX + 3).map(|n| format!("user{n}")).collect();
    let group = alice.group("all", &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let seq = say(&mut alice, Destination::Conversation(group)).await;
    for name in &names {
        let mut device = world.device(name, "phone").await;
        play(&mut device, group, seq).await.unwrap();
    }
    assert_eq!(kept(&mut alice, group).await.by_others(seq), PLAYERS_COUNTED_MAX);
    assert_eq!(list(&mut alice, group, seq, true).await.unwrap().len(), names.len());
}

#[tokio::test(start_paused = true)]
async fn what_the_store_refused_was_not_played() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let here = direct("alice", "bob");
    let seq = say(&mut alice, Destination::User(user("bob"))).await;
    world.log.hold();
    let calls = [0; 2].map(|_| bob.submit(Call::MarkPlayed { conversation: here, seq }));
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    world.log.refuse_held();
    assert_eq!(bob.answer(calls[0]).await.unwrap_err().code, ErrorCode::StorageFull);
    let again = bob.answer(calls[1]).await;
    assert_eq!(again.unwrap_err().code, ErrorCode::StorageFull, "it rests on the first");
    world.log.release();
    assert_eq!(kept(&mut alice, here).await, Plays::default());
    play(&mut bob, here, seq).await.unwrap();
    assert_eq!(kept(&mut alice, here).await.by_others(seq), 1);
}
