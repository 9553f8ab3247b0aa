//! Who has read a message, and who has not.

use crate::harness::{Device, World, user};
use std::time::Duration;
use stonechat_app::api::{Answer, Call, ChangeRequest, ListReaders, Receipt};
use stonechat_domain::group::{GroupCommand, SettingsPatch};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::ConversationId;
use stonechat_types::number::Seq;

fn call(conversation: ConversationId, seq: Seq, read: bool, page: bytes::Bytes, limit: u32) -> Call {
    Call::ListReaders(ListReaders { conversation, seq, receipt: Receipt::Read, read, page, limit })
}

/// All of them, in pages of so many.
async fn listed(device: &mut Device, at: ConversationId, seq: Seq, (read, limit): (bool, u32)) -> Vec<String> {
    let (mut all, mut page) = (Vec::new(), bytes::Bytes::new());
    loop {
        let answer = device.call(call(at, seq, read, page, limit)).await.unwrap();
        let Answer::Members(found) = answer else { panic!("{answer:?}") };
        assert!(found.members.len() <= limit.max(1) as usize);
        all.extend(found.members.iter().map(|member| member.user.id.to_string()));
        page = found.next;
        if page.is_empty() {
            return all;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_cursors_say_who_has_read_and_pages_name_each_once() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let group = alice.group("all", &["bob", "carol", "dave"]).await;
    let seq = alice.send_in(group, "one").await.unwrap().id.seq;
    let mut bob = world.device("bob", "phone").await;
    let mut dave = world.device("dave", "phone").await;
    for limit in [1, 2, 100] {
        assert_eq!(listed(&mut alice, group, seq, (true, limit)).await, Vec::<String>::new());
        assert_eq!(listed(&mut alice, group, seq, (false, limit)).await, ["bob", "carol", "dave"]);
    }
    for device in [&mut bob, &mut dave] {
        device.call(Call::MarkRead { conversation: group, upto: seq }).await.unwrap();
    }
    // Who came later may not see it, and does not count.
    alice.change(group, ChangeRequest::AddMembers(vec![user("eve")])).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    for limit in [1, 2, 100] {
        assert_eq!(listed(&mut bob, group, seq, (true, limit)).await, ["bob", "dave"]);
        assert_eq!(listed(&mut bob, group, seq, (false, limit)).await, ["carol"]);
    }
    let mut eve = world.device("eve", "phone").await;
    for seq in [seq, Seq(1), Seq(99)] {
        let refused = eve.call(call(group, seq, true, bytes::Bytes::new(), 0)).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::NotFound, "{seq}");
    }
    let silent = SettingsPatch { receipts: Some(false), ..SettingsPatch::default() };
    alice.change(group, ChangeRequest::Group(GroupCommand::ChangeSettings(silent))).await.unwrap();
    let refused = alice.call(call(group, seq, true, bytes::Bytes::new(), 0)).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Forbidden);
}
