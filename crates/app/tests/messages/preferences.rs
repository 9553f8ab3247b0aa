//! What users prefer in conversations: for themselves, on all of their devices, whatever is repeated.

use crate::harness::{Device, World, direct, next_id};
use stonechat_app::api::{Call, Failure, Outbound, PersonalItem, SetPreferences};
use stonechat_app::node::Options;
use stonechat_domain::preferences::{FOR_GOOD, Preferences, PreferencesPatch};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{CommandId, ConversationId};
use stonechat_types::number::Seq;
use stonechat_types::text::Tag;

async fn prefer_as(
    device: &mut Device,
    at: ConversationId,
    id: CommandId,
    patch: PreferencesPatch,
) -> Result<(), Failure> {
    let set = SetPreferences { command_id: id, conversation: at, patch };
    device.call(Call::SetPreferences(Box::new(set))).await.map(drop)
}

async fn prefer(device: &mut Device, at: ConversationId, patch: PreferencesPatch) -> Result<(), Failure> {
    prefer_as(device, at, CommandId(next_id().0), patch).await
}

fn pin(pinned: bool) -> PreferencesPatch {
    PreferencesPatch { pinned: Some(pinned), ..PreferencesPatch::default() }
}

fn of(item: &PersonalItem, wanted: ConversationId) -> Option<Preferences> {
    match item {
        PersonalItem::Preferences(conversation, it) if *conversation == wanted => Some((**it).clone()),
        _ => None,
    }
}

/// What a device that signs in anew is told.
fn welcomed(device: &Device, wanted: ConversationId) -> Option<Preferences> {
    device.begun.welcome.personal.changes.iter().find_map(|(_, item)| of(item, wanted))
}

#[tokio::test(start_paused = true)]
async fn what_one_device_prefers_every_device_of_the_user_hears_and_nobody_else() {
    let world = World::new();
    let mut phone = world.device("alice", "phone").await;
    let tablet = world.device("alice", "tablet").await;
    let bob = world.device("bob", "phone").await;
    phone.send("bob", "hi").await;
    let at = direct("alice", "bob");
    let folder = Tag::new("Work").unwrap();
    let patch = PreferencesPatch {
        muted_until: Some(Some(FOR_GOOD)),
        marked_unread: Some(true),
        archived: Some(true),
        folders: Some(vec![folder.clone()]),
        draft: Some(Some(("half a".into(), Some(Seq(2))))),
        cleared_upto: Some(Seq(99)),
        ..pin(true)
    };
    prefer(&mut phone, at, patch).await.unwrap();
    let told = |outbound: &Outbound| if let Outbound::Personal(_, item) = outbound { of(item, at) } else { None };
    let heard = tablet.sink.wait(told).await;
    assert!(heard.pinned_at.is_some() && heard.archived && heard.marked_unread);
    assert_eq!((heard.muted_until, &heard.folders[..]), (Some(FOR_GOOD), &[folder][..]));
    assert_eq!(heard.draft.as_ref().map(|draft| (&*draft.text, draft.reply_to)), Some(("half a", Some(Seq(2)))));
    assert_eq!(heard.cleared_upto, Seq(2), "nothing that is still to come");
    assert_eq!(bob.sink.count(|it| told(it).is_some()), 0);
    // A device that comes later, after a restart, and the next change.
    world.log.kill(0);
    let next = world.next(Options::default());
    let mut laptop = next.device("alice", "laptop").await;
    assert_eq!(welcomed(&laptop, at), Some(heard.clone()));
    let nothing = PreferencesPatch { draft: Some(None), marked_unread: Some(false), ..PreferencesPatch::default() };
    prefer(&mut laptop, at, nothing).await.unwrap();
    let after = welcomed(&next.device("alice", "desktop").await, at).unwrap();
    assert_eq!(after, Preferences { draft: None, marked_unread: false, ..heard });
    assert_eq!(welcomed(&next.device("bob", "tablet").await, at), None);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_said_again_undoes_nothing_that_came_between() {
    let world = World::new();
    let mut phone = world.device("alice", "phone").await;
    let mut tablet = world.device("alice", "tablet").await;
    phone.send("bob", "hi").await;
    let at = direct("alice", "bob");
    let id = CommandId(next_id().0);
    prefer_as(&mut phone, at, id, pin(true)).await.unwrap();
    prefer(&mut tablet, at, pin(false)).await.unwrap();
    prefer_as(&mut phone, at, id, pin(true)).await.unwrap();
    let now = || async { welcomed(&world.device("alice", &format!("d{}", next_id().0[15])).await, at).unwrap() };
    assert_eq!(now().await.pinned_at, None);
    let other = prefer_as(&mut phone, at, id, pin(false)).await.unwrap_err();
    assert_eq!(other.code, ErrorCode::Conflict);
    // What changes nothing is remembered as well.
    let id = CommandId(next_id().0);
    prefer_as(&mut phone, at, id, pin(false)).await.unwrap();
    prefer(&mut tablet, at, pin(true)).await.unwrap();
    prefer_as(&mut phone, at, id, pin(false)).await.unwrap();
    assert!(now().await.pinned_at.is_some());
}

#[tokio::test(start_paused = true)]
async fn fields_of_the_app_are_changed_one_by_one_within_their_limits() {
    let world = World::new();
    let mut phone = world.device("alice", "phone").await;
    phone.send("bob", "hi").await;
    let at = direct("alice", "bob");
    let fields = |changes: &[(&str, Option<&str>)]| PreferencesPatch {
        fields: changes.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect(),
        ..PreferencesPatch::default()
    };
    prefer(&mut phone, at, fields(&[("color", Some("red")), ("shape", Some("round"))])).await.unwrap();
    prefer(&mut phone, at, fields(&[("shape", None), ("size", Some("5"))])).await.unwrap();
    let long = "x".repeat(2_000);
    let refused = prefer(&mut phone, at, fields(&[("color", None), ("long", Some(&long))])).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidArgument);
    world.log.kill(0);
    let next = world.next(Options::default());
    let kept = welcomed(&next.device("alice", "desktop").await, at).unwrap();
    assert!(kept.fields.iter().eq([("color", "red"), ("size", "5")]), "{:?}", kept.fields.iter().collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn only_who_is_or_was_a_member_prefers_something() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut eve = world.device("eve", "phone").await;
    alice.send("bob", "hi").await;
    for at in [direct("alice", "bob"), direct("alice", "nobody")] {
        assert_eq!(prefer(&mut eve, at, pin(true)).await.unwrap_err().code, ErrorCode::NotFound);
    }
    world.log.refuse(1);
    let full = prefer(&mut alice, direct("alice", "bob"), pin(true)).await.unwrap_err();
    assert_eq!(full.code, ErrorCode::StorageFull);
    assert_eq!(welcomed(&world.device("alice", "tablet").await, direct("alice", "bob")), None);
    prefer(&mut alice, direct("alice", "bob"), pin(true)).await.unwrap();
}
