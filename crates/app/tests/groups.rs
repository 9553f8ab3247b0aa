//! A group of five thousand: joining, listing and writing stay in bounded steps, and one message is stored once.

#![allow(clippy::disallowed_methods)]

mod harness;

use bytes::Bytes;
use harness::{Device, World, next_id, user};
use stonechat_app::api::{
    Answer, Call, ChangeConversation, ChangeRequest, CommandDone, ListMembers, MemberFilter, Outbound,
};
use stonechat_app::rows::key;
use stonechat_domain::group::{Asking, For, GroupCommand, JoinMode, SettingsPatch};
use stonechat_log::row::RowWrite;
use stonechat_log::store::Log as _;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{CommandId, ConversationId, UserId};
use stonechat_types::limits::{GROUP_MEMBERS_MAX, GROUP_PAGE_MAX, MEMBERS_PAGE_MAX, MEMBERS_PER_EVENT_MAX};
use stonechat_types::number::{AppId, Seq};
use stonechat_types::text::Announcement;

/// Bytes of the row of a conversation, however many members it has.
const STATE_BYTES_MAX: usize = 1_024;

async fn members(device: &mut Device, conversation: ConversationId, only: MemberFilter) -> Vec<UserId> {
    let (mut all, mut page) = (Vec::new(), Bytes::new());
    loop {
        let call = Call::ListMembers(ListMembers { conversation, only, page, limit: u32::MAX });
        let Answer::Members(some) = device.call(call).await.unwrap() else { panic!("a list is no list") };
        assert!(some.members.len() <= MEMBERS_PAGE_MAX as usize);
        all.extend(some.members.into_iter().map(|member| member.user.id));
        page = some.next;
        if page.is_empty() {
            return all;
        }
    }
}

fn group(command: GroupCommand<UserId>) -> ChangeRequest {
    ChangeRequest::Group(command)
}

#[tokio::test(start_paused = true)]
async fn a_group_of_five_thousand_is_joined_listed_and_written_in_bounded_steps() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let here = alice.group("All", &[]).await;
    let people: Vec<_> = (1..GROUP_MEMBERS_MAX - 1).map(|i| user(&format!("user{i}"))).collect();
    for some in people.chunks(MEMBERS_PER_EVENT_MAX) {
        alice.change(here, ChangeRequest::AddMembers(some.to_vec())).await.unwrap();
    }
    let open = SettingsPatch { join: Some(JoinMode::Open), ..SettingsPatch::default() };
    alice.change(here, group(GroupCommand::ChangeSettings(open))).await.unwrap();
    let mut last = world.device("last", "phone").await;
    let mut late = world.device("late", "phone").await;
    last.change(here, group(GroupCommand::Join(None))).await.unwrap();
    // Who joins writes his own rows, and one of the conversation: nothing of the others.
    let head = world.log.inner.head();
    let rows = world.log.inner.rows_of(head);
    let puts = rows.iter().filter(|row| matches!(row, RowWrite::Put { .. })).count();
    assert_eq!(puts, 2, "{puts} rows are written as a whole: the conversation and the member");
    let refused = late.change(here, group(GroupCommand::Join(None))).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::TooManyMembers);

    assert_eq!(members(&mut alice, here, MemberFilter::All).await.len(), GROUP_MEMBERS_MAX as usize);
    let mute = For { user: user("user77"), lasts_ms: None, reason: None };
    alice.change(here, group(GroupCommand::Mute(mute))).await.unwrap();
    assert_eq!(members(&mut last, here, MemberFilter::Muted).await, [user("user77")]);
    assert_eq!(members(&mut last, here, MemberFilter::Admins).await, [user("alice")]);

    // One message is one record with one event, and none of its rows is of another member.
    let head = world.log.inner.head();
    alice.send_in(here, "to all of you").await.unwrap();
    assert_eq!(world.log.inner.head().0, head.0 + 1);
    let rows = world.log.inner.rows_of(world.log.inner.head());
    assert!(rows.len() <= 4, "{rows:?}");
    let row = world.log.inner.load(vec![key::conversation(AppId::DEFAULT, here)]).await.unwrap().remove(0);
    assert!(row.is_some_and(|row| row.len() < STATE_BYTES_MAX), "the state does not grow with the members");
}

#[tokio::test(start_paused = true)]
async fn those_who_are_kept_out_and_those_who_ask_are_listed_by_pages() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let here = alice.group("All", &[]).await;
    let approval = SettingsPatch { join: Some(JoinMode::Approval), ..SettingsPatch::default() };
    alice.change(here, group(GroupCommand::ChangeSettings(approval))).await.unwrap();
    let count = GROUP_PAGE_MAX + 20;
    for i in 0..count {
        let mut applicant = world.device(&format!("applicant{i}"), "phone").await;
        applicant.change(here, group(GroupCommand::Apply(None))).await.unwrap();
        world.device(&format!("loud{i}"), "phone").await;
        let ban = For { user: user(&format!("loud{i}")), lasts_ms: Some(60_000), reason: None };
        alice.change(here, group(GroupCommand::Ban(ban))).await.unwrap();
    }
    let (mut bans, mut page) = (0, Bytes::new());
    loop {
        let Answer::Bans(some) = alice.call(Call::ListBans { conversation: here, page, limit: 0 }).await.unwrap()
        else {
            panic!("a list is no list")
        };
        assert!(some.bans.len() <= GROUP_PAGE_MAX as usize);
        bans += some.bans.len();
        page = some.next;
        if page.is_empty() {
            break;
        }
    }
    let (mut askers, mut page) = (0, Bytes::new());
    loop {
        let call = Call::ListAskers { conversation: here, which: Asking::Applied, page, limit: 7 };
        let Answer::Askers(some) = alice.call(call).await.unwrap() else { panic!("a list is no list") };
        assert!(some.askers.len() <= 7);
        askers += some.askers.len();
        page = some.next;
        if page.is_empty() {
            break;
        }
    }
    assert_eq!((bans, askers), (count as usize, count as usize));
    assert_eq!(alice.view(here).await.member_count, 1, "nobody of them is a member");
    // A retry of what was done has the same answer, also of one who is no member; and of whom nothing is known, too.
    let mut applicant = world.device("late", "phone").await;
    let nothing = applicant.change(here, group(GroupCommand::DeclineInvitation)).await;
    assert!(matches!(nothing, Ok(Answer::CommandDone(CommandDone { seq: Seq::ZERO, .. }))), "{nothing:?}");
    let command_id = CommandId(next_id().0);
    let apply = || {
        let change = group(GroupCommand::Apply(None));
        Call::Change(ChangeConversation { command_id, conversation: here, change })
    };
    let done = |answer| if let Answer::CommandDone(done) = answer { done } else { panic!("{answer:?}") };
    let first = done(applicant.call(apply()).await.unwrap());
    let again = done(applicant.call(apply()).await.unwrap());
    assert_eq!((again.seq, again.deduplicated), (first.seq, true));
    let refused = applicant.change(here, group(GroupCommand::Join(None))).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Forbidden);
}

#[tokio::test(start_paused = true)]
async fn bans_whose_time_is_over_are_listed_until_they_are_lifted() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let here = alice.group("All", &["bob"]).await;
    let ban = For { user: user("bob"), lasts_ms: Some(60_000), reason: None };
    alice.change(here, group(GroupCommand::Ban(ban))).await.unwrap();
    world.clock.0.fetch_add(120_000, std::sync::atomic::Ordering::SeqCst);
    for left in [1, 0] {
        let list = Call::ListBans { conversation: here, page: Bytes::new(), limit: 0 };
        let Answer::Bans(bans) = alice.call(list).await.unwrap() else { panic!("a list is no list") };
        assert_eq!(bans.bans.len(), left, "what counts can be seen");
        alice.change(here, group(GroupCommand::LiftBan(user("bob")))).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_hidden_is_not_named_by_receipts_and_who_may_not_write_not_by_typing() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let here = alice.group("All", &["bob", "carol"]).await;
    let (mut bob, carol) = (world.device("bob", "phone").await, world.device("carol", "phone").await);
    let seq = alice.send_in(here, "hello").await.unwrap().id.seq;
    let hidden = SettingsPatch { members_hidden: Some(true), ..SettingsPatch::default() };
    alice.change(here, group(GroupCommand::ChangeSettings(hidden))).await.unwrap();
    bob.call(Call::MarkRead { conversation: here, upto: seq }).await.unwrap();
    bob.send_in(here, "read by sending as well").await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert!(alice.view(here).await.read_marks.is_empty());
    let mute = For { user: user("bob"), lasts_ms: None, reason: None };
    alice.change(here, group(GroupCommand::Mute(mute))).await.unwrap();
    bob.submit(Call::Typing { conversation: here, active: true });
    alice.submit(Call::Typing { conversation: here, active: true });
    let types = |outbound: &Outbound| match outbound {
        Outbound::Typing { user, .. } => Some(user.to_string()),
        _ => None,
    };
    assert_eq!(carol.sink.wait(types).await, "alice");
    assert_eq!(carol.sink.count(|outbound| matches!(outbound, Outbound::ReadMoved { .. })), 0);
}

#[tokio::test(start_paused = true)]
async fn who_has_read_the_announcement_is_not_told_where_reading_is_not() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let here = alice.group("All", &["bob"]).await;
    let mut bob = world.device("bob", "phone").await;
    alice.change(here, group(GroupCommand::Announce(Announcement::new("Read this").ok()))).await.unwrap();
    let list = |only| Call::ListMembers(ListMembers { conversation: here, only, page: Bytes::new(), limit: 0 });
    assert!(bob.call(list(MemberFilter::NotReadAnnouncement)).await.is_ok());
    let quiet = SettingsPatch { receipts: Some(false), ..SettingsPatch::default() };
    alice.change(here, group(GroupCommand::ChangeSettings(quiet))).await.unwrap();
    for only in [MemberFilter::ReadAnnouncement, MemberFilter::NotReadAnnouncement] {
        assert_eq!(bob.call(list(only)).await.unwrap_err().code, ErrorCode::Forbidden);
        assert!(alice.call(list(only)).await.is_ok(), "an admin has to know");
    }
    assert!(bob.call(list(MemberFilter::All)).await.is_ok());
}
