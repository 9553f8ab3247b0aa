//! What people write of themselves and of each other lies on no disk as they wrote it.

mod harness;

use bytes::Bytes;
use harness::{Device, World, next_id, user};
use stonechat_app::api::{Answer, Call, ChangeRequest, PersonalItem, ProfilePatch, Relate, SetPreferences, SetProfile};
use stonechat_app::node::Options;
use stonechat_domain::group::{Asking, For, GroupCommand, JoinMode, SettingsPatch};
use stonechat_domain::preferences::PreferencesPatch;
use stonechat_domain::relation::RelationCommand;
use stonechat_log::row::RowWrite;
use stonechat_log::store::Log as _;
use stonechat_types::id::CommandId;
use stonechat_types::number::{LanePosition, PersonalSeq};
use stonechat_types::text::{Note, Reason};

/// What everything says here.
const WORD: &str = "Sesame";

/// Everything that the store was given, but the headers of events.
async fn stored(world: &World) -> Vec<Bytes> {
    let log = &world.log.inner;
    let mut all = Vec::new();
    for position in 1..=log.head().0 {
        for row in log.rows_of(LanePosition(position)) {
            match row {
                RowWrite::Put { key, value } => all.extend([key, value]),
                RowWrite::Patch { key, entry, value } => all.extend([key, entry].into_iter().chain(value)),
                RowWrite::Delete { key } => all.push(key),
            }
        }
    }
    for record in log.feed(LanePosition(0), usize::MAX).await.unwrap() {
        all.extend(record.event.into_iter().map(|event| event.sealed));
        all.extend(record.personal.into_iter().flat_map(|(write, _)| [Some(write.key), write.value]).flatten());
    }
    all
}

fn is_said(bytes: &[u8]) -> bool {
    bytes.windows(WORD.len()).any(|it| it == WORD.as_bytes())
}

fn group(command: GroupCommand<stonechat_types::id::UserId>) -> ChangeRequest {
    ChangeRequest::Group(command)
}

async fn personal(device: &mut Device) -> Vec<PersonalItem> {
    let call = Call::FetchPersonal { after: PersonalSeq::ZERO, limit: 0 };
    let Answer::Personal(page) = device.call(call).await.unwrap() else { panic!("no page") };
    page.changes.into_iter().map(|(_, item)| item).collect()
}

#[tokio::test(start_paused = true)]
async fn what_people_write_is_sealed_and_read_again_after_a_restart() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    world.device("carol", "phone").await;
    let here = alice.group("A group", &[]).await;
    let command_id = || CommandId(next_id().0);
    let word = |name: &str| vec![(name.to_owned(), Some(WORD.to_owned()))];

    let draft = PreferencesPatch { draft: Some(Some((WORD.into(), None))), ..PreferencesPatch::default() };
    let set = SetPreferences { command_id: command_id(), conversation: here, patch: draft };
    alice.call(Call::SetPreferences(Box::new(set))).await.unwrap();
    let patch = ProfilePatch { public: word("city"), private: word("note"), ..ProfilePatch::default() };
    alice.call(Call::SetProfile(Box::new(SetProfile { command_id: command_id(), patch }))).await.unwrap();
    let ask = RelationCommand::Request { message: Note::new(WORD).ok(), answer: None };
    let relate = Relate { command_id: command_id(), peer: user("bob"), command: ask };
    alice.call(Call::Relate(Box::new(relate))).await.unwrap();
    let approval = SettingsPatch { join: Some(JoinMode::Approval), ..SettingsPatch::default() };
    alice.change(here, group(GroupCommand::ChangeSettings(approval))).await.unwrap();
    bob.change(here, group(GroupCommand::Apply(Reason::new(WORD).ok()))).await.unwrap();
    let ban = For { user: user("carol"), lasts_ms: None, reason: Reason::new(WORD).ok() };
    alice.change(here, group(GroupCommand::Ban(ban))).await.unwrap();
    alice.send_in(here, WORD).await.unwrap();

    let all = stored(&world).await;
    assert!(all.len() > 20 && !all.iter().any(|bytes| is_said(bytes)), "it lies there as it was written");

    let next = world.next(Options::default());
    let mut alice = next.device("alice", "tablet").await;
    let items = personal(&mut alice).await;
    let has = |wanted: &dyn Fn(&PersonalItem) -> bool| items.iter().any(wanted);
    assert!(has(&|item| matches!(item, PersonalItem::Preferences(_, it) if &*it.draft.as_ref().unwrap().text == WORD)));
    assert!(has(&|item| matches!(item, PersonalItem::Profile(it) if it.private.iter().eq([("note", WORD)]))));
    let outgoing = |item: &PersonalItem| match item {
        PersonalItem::Relation(it) => it.outgoing.as_ref().and_then(|it| it.message.clone()),
        _ => None,
    };
    assert_eq!(items.iter().find_map(outgoing), Note::new(WORD).ok());
    let (which, page) = (Asking::Applied, Bytes::new());
    let Answer::Askers(askers) =
        alice.call(Call::ListAskers { conversation: here, which, page, limit: 0 }).await.unwrap()
    else {
        panic!("no list")
    };
    assert_eq!(askers.askers[0].message, Reason::new(WORD).ok());
    let bans = Call::ListBans { conversation: here, page: Bytes::new(), limit: 0 };
    let Answer::Bans(bans) = alice.call(bans).await.unwrap() else { panic!("no list") };
    assert_eq!(bans.bans[0].reason, Reason::new(WORD).ok());
    let Answer::Users(users) = alice.call(Call::GetUsers(vec![user("alice")], Vec::new())).await.unwrap() else {
        panic!("no users")
    };
    assert!(users.users[0].public.iter().eq([("city", WORD)]));
}
