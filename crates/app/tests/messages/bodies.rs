//! The bodies of messages are checked by rules from outside, whatever brings them, and only where something is new.

use super::harness::{World, direct, next_id, text, user};
use super::{call, change, edit};
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use stonechat_app::api::{
    Answer, Call, ChangeConversation, ChangeRequest, ContentTypes, CreateGroup, Destination, SendMessage,
};
use stonechat_app::node::Options;
use stonechat_app::ports::ContentRules;
use stonechat_domain::event::Content;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{CommandId, ConversationId, ConversationKind};
use stonechat_types::number::{AppId, Seq};

/// Takes everything, until it takes nothing that says `old`.
#[derive(Default)]
struct Fashion(AtomicBool);

impl ContentRules for Fashion {
    fn check(&self, _app: AppId, _body_type: &[u8], body: &Bytes) -> Result<(), String> {
        let strict = self.0.load(Ordering::Relaxed);
        if strict && body.starts_with(b"old") { Err("body is out of fashion".into()) } else { Ok(()) }
    }

    fn is_voice(&self, body_type: &[u8]) -> bool {
        body_type == b"voice"
    }

    fn declared(&self, _app: AppId) -> Arc<ContentTypes> {
        Arc::default()
    }
}

fn send(id: stonechat_types::id::ClientMsgId, says: &str) -> Call {
    Call::Send(SendMessage {
        to: Destination::User(user("bob")),
        client_msg_id: id,
        body_type: text("acme.order"),
        body: text(says),
        read_upto: Seq::ZERO,
        after: None,
        attributes: None,
    })
}

#[tokio::test]
async fn what_is_stored_already_is_acknowledged_by_whatever_rules() {
    let rules = Arc::new(Fashion::default());
    let world = World::with_rules(Options::default(), rules.clone());
    let mut alice = world.device("alice", "phone").await;
    let first = next_id();
    let Answer::Sent(sent) = alice.call(send(first, "old")).await.unwrap() else { panic!("not sent") };
    let edited = call(sent.id.conversation, sent.id.seq, edit("old as well"));
    alice.call(edited.clone()).await.unwrap();

    rules.0.store(true, Ordering::Relaxed);
    let Answer::Sent(again) = alice.call(send(first, "old")).await.unwrap() else { panic!("not sent") };
    assert!(again.deduplicated && again.id == sent.id);
    assert!(matches!(alice.call(edited).await, Ok(Answer::CommandDone(done)) if done.deduplicated));
    let refused = alice.call(send(next_id(), "old")).await.unwrap_err();
    assert_eq!((refused.code, &*refused.message), (ErrorCode::InvalidArgument, "body is out of fashion"));
    let refused = change(&mut alice, sent.id.conversation, sent.id.seq, edit("old again")).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidArgument);
    assert!(alice.call(send(next_id(), "new")).await.is_ok());
    assert_eq!(sent.id.conversation, direct("alice", "bob"));
}

#[tokio::test]
async fn commands_for_the_app_are_checked_as_well() {
    let rules = Arc::new(Fashion(AtomicBool::new(true)));
    let world = World::with_rules(Options::default(), rules);
    let mut alice = world.device("alice", "phone").await;
    let (kind, title) = (ConversationKind::Group, stonechat_types::text::Title::new("Team").unwrap());
    let create = CreateGroup { command_id: CommandId(next_id().0), kind, title, members: Vec::new() };
    let Answer::CommandDone(done) = alice.call(Call::CreateGroup(create)).await.unwrap() else { panic!("not made") };
    let command = |says: &str| {
        let change = ChangeRequest::Command(Content { body_type: text("acme.ring"), body: text(says) });
        let conversation: ConversationId = done.conversation;
        Call::Change(ChangeConversation { command_id: CommandId(next_id().0), conversation, change })
    };
    assert_eq!(alice.call(command("old")).await.unwrap_err().code, ErrorCode::InvalidArgument);
    assert!(alice.call(command("new")).await.is_ok());
}
