//! What a program sees of an account, in time that the test turns.

use std::sync::Arc;
use std::time::Duration;

use eyeball_im::VectorDiff;
use futures_util::StreamExt as _;
use stonechat_types::id::UserId;
use stonechat_wire::v1::{self, frame::Body};

use super::{House, Tokens, until};
use crate::client::StoreConfig;
use crate::core::simulation::server::{Change, ME, Server};
use crate::error::{AuthError, Error};
use crate::send::Text;
use crate::state::{
    ConnectionState, Content, EndReason, ItemKey, SendState, TimelineItem, TimelineItemKind, TokenReason,
};
use crate::timeline::TimelineOptions;

fn bob() -> UserId {
    UserId::new("bob").unwrap()
}

fn texts(items: &imbl::Vector<Arc<TimelineItem>>) -> Vec<String> {
    let text = |item: &Arc<TimelineItem>| match &item.kind {
        TimelineItemKind::Message(message) => match &message.message.content {
            Content::Text(text) => Some(text.as_str().to_owned()),
            _ => None,
        },
        TimelineItemKind::ReadMarker => Some("-- unread --".into()),
        TimelineItemKind::Start => Some("-- start --".into()),
        _ => None,
    };
    items.iter().filter_map(text).collect()
}

#[tokio::test(start_paused = true)]
async fn a_message_goes_out_and_one_comes_in() {
    let house = House::new();
    let account = house.online(None).await;
    let conversation = account.conversation_with(&bob());
    let timeline = conversation.timeline(TimelineOptions::default()).await.unwrap();
    let (before, mut diffs) = timeline.subscribe();
    assert_eq!(texts(&before), ["-- start --"]);

    let handle = conversation.send(Text::new("hi bob")).await.unwrap();
    let key = ItemKey::Own(handle.client_msg_id());
    let mark = handle.sent().await.unwrap();
    assert_eq!((mark.seq.get(), mark.ordinal.get(), mark.deduplicated), (2, 1, false));
    until(|| texts(&timeline.items()) == ["-- start --", "hi bob"]).await;
    let own = timeline.items().iter().filter(|item| item.key == key).count();
    assert_eq!(own, 1, "one line from echo to log");

    let mut inserted = 0;
    while let Some(Some(batch)) = futures_util::FutureExt::now_or_never(diffs.next()) {
        inserted += batch.iter().filter(|diff| names(diff, key)).count();
    }
    assert_eq!(inserted, 1, "the line came once, after that it was changed in place");

    house.bob_writes("hi alice");
    let unread = account.total_unread();
    until(|| unread.get() == 1).await;
    assert_eq!(texts(&timeline.items()), ["-- start --", "hi bob", "hi alice"]);
    let summary = conversation.summary().unwrap();
    assert_eq!((summary.unread, summary.preview.as_ref().unwrap().text.as_str()), (1, "hi alice"));

    conversation.mark_all_read().await.unwrap();
    assert_eq!(unread.get(), 0);
    until(|| house.server().logs[&Server::direct()].unread() == 0).await;
    account.stop().await;
    assert_eq!(account.connection().get(), ConnectionState::Ended(EndReason::Stopped));
    assert_eq!(conversation.send(Text::new("late")).await.err(), Some(Error::Closed));
}

/// Whether a diff brings a line of this key.
fn names(diff: &VectorDiff<Arc<TimelineItem>>, key: ItemKey) -> bool {
    match diff {
        VectorDiff::Append { values } | VectorDiff::Reset { values } => values.iter().any(|item| item.key == key),
        VectorDiff::Insert { value, .. } | VectorDiff::PushBack { value } | VectorDiff::PushFront { value } => {
            value.key == key
        }
        _ => false,
    }
}

#[tokio::test(start_paused = true)]
async fn the_list_is_a_snapshot_and_its_changes() {
    let house = House::new();
    let account = house.online(None).await;
    let (mut list, mut diffs) = account.conversations().entries();
    assert_eq!(list.len(), 1);
    let mut group = None;
    house.act(|server| group = Some(server.new_group()));
    until(|| account.conversations().now().len() == 2).await;
    house.bob_writes("up again");
    until(|| account.total_unread().get() == 1).await;
    while let Some(Some(batch)) = futures_util::FutureExt::now_or_never(diffs.next()) {
        batch.into_iter().for_each(|diff| diff.apply(&mut list));
    }
    assert_eq!(list, account.conversations().now());
    assert_eq!(list.iter().map(|it| it.id).collect::<Vec<_>>(), [Server::direct(), group.unwrap()]);
    account.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_acknowledgement_is_asked_for_again() {
    let house = House::new();
    let account = house.online(None).await;
    house.script().lose_ack = 2;
    let sent = account.conversation_with(&bob()).send(Text::new("once")).await.unwrap().sent().await.unwrap();
    assert_eq!(sent.seq.get(), 2);
    let copies = house.server().logs[&Server::direct()].messages().count();
    assert_eq!(copies, 1);
    assert!(house.script().connections > 1);
    account.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_message_stays_with_its_reason_and_can_be_tried_again() {
    let house = House::new();
    let account = house.online(None).await;
    house.act(|server| server.refuse.push(stonechat_types::error_code::ErrorCode::Forbidden));
    let conversation = account.conversation_with(&bob());
    let refused = conversation.send(Text::new("no")).await.unwrap();
    let next = conversation.send(Text::new("the lane goes on")).await.unwrap();
    let SendState::Failed(failure) = refused.done().await else { panic!("{:?}", refused.state().get()) };
    assert_eq!((failure.code.as_str(), failure.recoverable), ("forbidden", false));
    next.sent().await.unwrap();
    assert_eq!(account.outbox().await.unwrap().len(), 1);
    refused.retry().await.unwrap();
    refused.sent().await.unwrap();
    assert!(account.outbox().await.unwrap().is_empty());

    house.act(|server| server.refuse.push(stonechat_types::error_code::ErrorCode::Forbidden));
    let again = conversation.send(Text::new("never mind")).await.unwrap();
    again.done().await;
    again.cancel().await.unwrap();
    assert_eq!(again.done().await, SendState::Cancelled);
    account.stop().await;
}

#[tokio::test(start_paused = true)]
async fn old_messages_are_loaded_page_by_page_up_to_the_start() {
    let house = House::new();
    (0..10).for_each(|n| house.bob_writes(&format!("old {n}")));
    let account = house.online(None).await;
    let conversation = account.conversation_with(&bob());
    let timeline = conversation.timeline(TimelineOptions { page: 2, ..TimelineOptions::default() }).await.unwrap();
    assert_eq!(texts(&timeline.items()), ["-- unread --", "old 8", "old 9"]);
    let mut reached_start = false;
    for _ in 0..20 {
        if reached_start {
            break;
        }
        reached_start = timeline.paginate_back(3).await.unwrap().reached_start;
    }
    let all: Vec<_> = (0..10).map(|n| format!("old {n}")).collect();
    let shown = texts(&timeline.items());
    assert_eq!(shown[..2], ["-- start --", "-- unread --"]);
    assert_eq!(shown[2..], all[..]);
    let page = conversation.fetch_history(Some(stonechat_types::number::Ordinal(3)), 10).await.unwrap();
    assert_eq!((page.messages.len(), page.more_before), (2, false));
    account.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_once_and_never_in_a_loop() {
    let house = House::new();
    house.script().hello.extend(["token_expired"]);
    let tokens = Arc::new(Tokens::default());
    let account =
        house.client(StoreConfig::in_memory(), tokens.clone()).login(&UserId::new(ME).unwrap()).await.unwrap();
    account.start().await.unwrap();
    account.online(Duration::from_secs(60)).await.unwrap();
    let reasons: Vec<_> = tokens.given.lock().unwrap().iter().map(|request| request.reason).collect();
    assert_eq!(reasons, [TokenReason::First, TokenReason::Refused]);
    account.stop().await;

    let refusals = [("unauthenticated", AuthError::TokenRefused), ("token_expired", AuthError::TokenExpired)];
    for (code, error) in refusals {
        house.script().hello = [code; 3].into();
        let account = house.login(None).await;
        account.start().await.unwrap();
        let refused = account.online(Duration::from_secs(60)).await;
        assert_eq!(refused, Err(Error::Auth(error)), "the reason is the server's");
        assert_eq!(house.script().hello.len(), 1, "two tries, no more");
        account.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_token_is_renewed_on_the_connection_before_it_expires() {
    let house = House::new();
    let tokens = Arc::new(Tokens { lasts_s: Some(600), ..Tokens::default() });
    let client = house.client(StoreConfig::in_memory(), tokens.clone());
    let account = client.login(&UserId::new(ME).unwrap()).await.unwrap();
    account.start().await.unwrap();
    account.online(Duration::from_secs(60)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(545)).await;
    assert_eq!(house.script().tokens.len(), 2, "one hello, one refresh");
    assert_eq!(house.script().connections, 1);
    assert_eq!(tokens.given.lock().unwrap()[1].reason, TokenReason::Expiring);
    // The provider's clock stands, so the next one is as good as expired: it is asked for with patience.
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert!(tokens.given.lock().unwrap().len() < 14);
    account.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_device_that_was_replaced_or_revoked_does_not_come_back() {
    for (code, error) in [("replaced", AuthError::Replaced), ("revoked", AuthError::Revoked)] {
        let house = House::new();
        let account = house.online(None).await;
        house.say(Body::Closing(v1::Closing { code: code.into(), message: String::new() }));
        let connection = account.connection();
        until(|| connection.get() == ConnectionState::Ended(EndReason::Auth(error))).await;
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(house.script().connections, 1);
        account.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_be_reached_is_tried_again_with_patience() {
    let house = House::new();
    house.script().refuse = 6;
    let begun = tokio::time::Instant::now();
    let account = house.online(None).await;
    let waited = begun.elapsed();
    assert!(waited > Duration::from_millis(6 * 250) && waited < Duration::from_secs(32), "{waited:?}");
    house.say(Body::GoAway(v1::GoAway { after_ms: 5_000, spread_ms: 1_000 }));
    tokio::time::sleep(Duration::from_millis(4_900)).await;
    assert_eq!(house.script().connections, 1);
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(house.script().connections, 2);
    account.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_fell_silent_is_given_up_and_an_idle_one_is_kept() {
    let house = House::new();
    let account = house.online(None).await;
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(house.script().connections, 1, "the heartbeat keeps it");
    account.stop().await;
}

#[tokio::test(start_paused = true)]
async fn typing_is_told_and_forgotten() {
    let house = House::new();
    let account = house.online(None).await;
    let typing = account.conversation_with(&bob()).typing();
    let conversation_id = Server::direct().to_string();
    house.say(Body::TypingNow(v1::TypingNow { conversation_id, user_id: "bob".into(), active: true }));
    until(|| typing.get() == [bob()]).await;
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert!(typing.get().is_empty());
    account.conversation_with(&bob()).set_typing(true).await.unwrap();
    assert_eq!(account.devices().await.unwrap()[0].id, "test-1");
    account.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_removed_user_sees_that_he_is_out() {
    let house = House::new();
    let account = house.online(None).await;
    house.act(|server| {
        server.append(Server::direct(), "bob", Change::Remove);
    });
    let conversation = account.conversation_with(&bob());
    until(|| conversation.summary().is_some_and(|summary| !summary.member)).await;
    let handle = conversation.send(Text::new("am I?")).await.unwrap();
    let SendState::Failed(failure) = handle.done().await else { panic!("{:?}", handle.state().get()) };
    assert_eq!(failure.code, "not_a_member");
    account.stop().await;
}

#[tokio::test(start_paused = true)]
async fn texts_are_checked_before_they_are_kept() {
    let house = House::new();
    let account = house.login(None).await;
    let conversation = account.conversation_with(&bob());
    let long = "x".repeat(70_000);
    for (text, code) in [
        ("", "invalid_argument"),
        ("  ", "invalid_argument"),
        ("a\0b", "invalid_argument"),
        (long.as_str(), "too_large"),
    ] {
        let refused = conversation.send(Text::new(text)).await.err();
        assert_eq!(refused.map(|error| error.code()), Some(code));
    }
    assert!(account.outbox().await.unwrap().is_empty());
    account.stop().await;
}
