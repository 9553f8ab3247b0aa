//! The gateway between the real connection loop and the real application.

mod stage;

use bytes::Bytes;
use prometheus_client::metrics::counter::Counter;
use stage::{Stage, TOKEN_MS, Wire, hello, peer, text};
use std::time::Duration;
use stonechat_gateway_native::session::{Call, NativeSession};
use stonechat_net::events::event_queue;
use stonechat_net::machine::{MessageKind, Service, Transport};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::DeviceId;
use stonechat_types::limits::{BODY_BYTES_MAX, CALLS_MAX};
use stonechat_wire::v1::{self, frame::Body};
use tokio::io::AsyncWriteExt;

const PING: Body = Body::Ping(v1::Ping {});

async fn until(condition: impl Fn() -> bool) {
    for _ in 0..100_000 {
        if condition() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it never comes true");
}

#[tokio::test(start_paused = true)]
async fn two_people_chat_over_both_encodings() {
    let stage = Stage::new();
    let mut alice = stage.signed_in("alice", "a").await;
    let mut bob = stage.json();
    assert_eq!(bob.sign_in("bob", "b").await.user_id, "bob");

    let Body::Sent(sent) = alice.ask(2, text("bob", 7, "Grüße 👋")).await else { panic!() };
    assert_eq!((sent.ordinal, sent.deduplicated), (1, false));
    let seen = alice.message().await;
    assert_eq!((seen.seq, &seen.message_id, seen.sender_id.as_str()), (sent.seq, &sent.message_id, "alice"));
    assert_eq!((&seen.client_msg_id[..], &seen.body[2..]), (&[7; 16][..], "Grüße 👋".as_bytes()));
    assert_eq!(bob.message().await, seen, "both encodings say the same");
}

#[tokio::test(start_paused = true)]
async fn another_body_under_the_same_id_is_a_conflict_with_the_first_answer() {
    let stage = Stage::new();
    let mut alice = stage.signed_in("alice", "a").await;
    for (id, body) in [(2, "one"), (3, "one"), (4, "two")] {
        alice.say(id, text("bob", 7, body)).await;
    }
    let Body::Sent(first) = alice.answer(2).await else { panic!() };
    let again = v1::Sent { deduplicated: true, ..first.clone() };
    assert_eq!(alice.answer(3).await, Body::Sent(again));
    let error = alice.error(4).await;
    assert_eq!((error.code.as_str(), error.first.unwrap().message_id), ("conflict", first.message_id));
}

#[tokio::test(start_paused = true)]
async fn wrong_tokens_are_told_why_and_closed() {
    let stage = Stage::new();
    let cases =
        [("forged", "unauthenticated"), ("expired", "token_expired"), ("alice@other-device", "unauthenticated")];
    for (token, code) in cases {
        for mut client in [stage.tcp(), stage.json()] {
            client.say(1, hello(token, "a")).await;
            assert_eq!(client.error(1).await.code, code);
            client.hear_the_end(code).await;
        }
    }
    assert_eq!(stage.sessions(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_closed_in_seconds() {
    let stage = Stage::new();
    for mut client in [stage.tcp(), stage.json()] {
        client.hear_the_end("hello_timeout").await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_falls_silent_is_closed() {
    let stage = Stage::new();
    let mut alice = stage.signed_in("alice+3600000", "a").await;
    alice.hear_the_end("idle_timeout").await;
    until(|| stage.sessions() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn calls_may_follow_the_hello_without_waiting_for_its_answer() {
    let stage = Stage::new();
    let mut client = stage.tcp();
    client.say(1, hello("alice", "a")).await;
    client.say(2, Body::ListDevices(v1::ListDevices {})).await;
    assert!(matches!(client.answer(1).await, Body::Welcome(_)));
    let Body::Devices(devices) = client.answer(2).await else { panic!() };
    assert_eq!(devices.devices.iter().map(|device| device.device_id.as_str()).collect::<Vec<_>>(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_with_its_connection() {
    let stage = Stage::new();
    let client = stage.signed_in("alice", "a").await;
    assert_eq!(stage.sessions(), 1);
    drop(client);
    until(|| stage.sessions() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_session_that_begins_after_its_connection_is_gone_is_ended() {
    let stage = Stage::new();
    let (events, queue) = event_queue(Counter::default());
    let (_machine, mut connection): (NativeSession, _) =
        stage.gateway.open(peer(Transport::Tcp, MessageKind::Binary), events);
    let hello = stonechat_app::api::Hello {
        token: "alice".into(),
        device: DeviceId::new("a").unwrap(),
        device_name: String::new(),
        client: String::new(),
        platform: Default::default(),
        position: Bytes::new(),
        window: 0,
    };
    stage.gateway.call(&mut connection, Call::Begin(Box::new(hello)));
    drop(queue);
    stage.gateway.closed(connection);
    // The hello makes its user, so the session had begun when he is there.
    let mut bob = stage.signed_in("bob", "b").await;
    for id in 2.. {
        let get = Body::GetUsers(v1::GetUsers { user_ids: vec!["alice".into()], usernames: Vec::new() });
        let Body::Users(found) = bob.ask(id, get).await else { panic!() };
        if !found.users.is_empty() {
            break;
        }
    }
    until(|| stage.sessions() == 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_later_session_of_the_device_ends_the_first() {
    let stage = Stage::new();
    let mut first = stage.signed_in("alice", "a").await;
    let mut second = stage.signed_in("alice", "a").await;
    first.hear_the_end("replaced").await;
    assert!(matches!(second.ask(2, PING).await, Body::Pong(_)));
    assert_eq!(stage.sessions(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_is_signed_out_is_closed_at_once() {
    let stage = Stage::new();
    let mut phone = stage.signed_in("alice", "phone").await;
    let mut lost = stage.signed_in("alice", "lost").await;
    let revoke = Body::RevokeDevice(v1::RevokeDevice { device_id: "lost".into(), all_others: false });
    assert!(matches!(phone.ask(2, revoke).await, Body::Done(_)));
    lost.hear_the_end("revoked").await;
}

#[tokio::test(start_paused = true)]
async fn a_token_ends_its_session_and_a_new_one_keeps_it() {
    let stage = Stage::new();
    let mut short = stage.signed_in("alice+5000", "a").await;
    let mut kept = stage.signed_in("bob+5000", "b").await;
    let refresh = |token: &str| Body::RefreshToken(v1::RefreshToken { token: token.into() });
    assert!(matches!(kept.ask(2, refresh(&format!("bob+{TOKEN_MS}"))).await, Body::Done(_)));
    kept.say(3, refresh("alice")).await;
    assert_eq!(kept.error(3).await.code, "unauthenticated");
    short.hear_the_end("token_expired").await;
    assert!(matches!(kept.ask(4, PING).await, Body::Pong(_)));
}

#[tokio::test(start_paused = true)]
async fn a_malformed_frame_hits_nobody_else() {
    let stage = Stage::new();
    let mut alice = stage.signed_in("alice", "a").await;
    let mut bob = stage.signed_in("bob", "b").await;
    let Wire::Tcp(stream, _) = &mut bob.wire else { unreachable!() };
    stream.write_all(&[3, 0x62, 0x7f, 0xff]).await.unwrap();
    bob.hear_the_end("malformed").await;
    until(|| stage.sessions() == 1).await;
    assert!(matches!(alice.ask(2, PING).await, Body::Pong(_)));
}

#[tokio::test(start_paused = true)]
async fn a_first_message_larger_than_any_hello_ends_the_connection() {
    let stage = Stage::new();
    let mut client = stage.tcp();
    let Wire::Tcp(stream, _) = &mut client.wire else { unreachable!() };
    stream.write_all(&[0x81, 0x80, 0x04]).await.unwrap(); // 65,537 bytes follow.
    assert_eq!(client.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_poked_and_goes_on_from_its_position() {
    let stage = Stage::new();
    let mut alice = stage.signed_in("alice+3600000", "a").await;
    let mut bob = stage.signed_in("bob+3600000", "b").await;
    let large = "a".repeat(BODY_BYTES_MAX - 100);
    for n in 2..20 {
        assert!(matches!(alice.ask(n, text("bob", n as u8, &large)).await, Body::Sent(_)));
    }
    let poke = bob.hear(|_, body| if let Body::Poke(poke) = body { Some(poke.clone()) } else { None }).await;
    let pull = Body::Pull(v1::Pull { position: Bytes::new(), window: 0 });
    let Body::Welcome(welcome) = bob.ask(2, pull).await else { panic!() };
    assert_eq!((welcome.unread_total, welcome.conversations.len()), (18, 1));
    assert!(!poke.position.is_empty());
    alice.ask(30, text("bob", 30, "last")).await;
    while bob.message().await.client_msg_id[..] != [30; 16] {}
}

#[tokio::test(start_paused = true)]
async fn calls_past_the_limit_wait_in_the_socket() {
    let stage = Stage::new();
    let mut alice = stage.signed_in("alice", "a").await;
    let ids = 2..2 + u64::from(CALLS_MAX) + 8;
    for id in ids.clone() {
        alice.say(id, Body::ListDevices(v1::ListDevices {})).await;
    }
    for id in ids {
        assert!(matches!(alice.answer(id).await, Body::Devices(_)));
    }
    let net = stage.net();
    assert!(net.read_pauses.get() > 0);
    until(|| (net.calls_in_flight.get(), net.paused.get()) == (0, 0)).await;
    assert_eq!(net.refusals("too_many_calls"), 0, "they wait, and none is refused");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_no_answers_has_one_page_in_memory() {
    let stage = Stage::new();
    let mut alice = stage.signed_in("alice", "a").await;
    let large = "a".repeat(BODY_BYTES_MAX / 2);
    for n in 2..12 {
        assert!(matches!(alice.ask(n, text("bob", n as u8, &large)).await, Body::Sent(_)));
    }
    let conversation_id = alice.message().await.conversation_id;
    let mut bob = stage.signed_in("bob", "b").await;
    let ids = 2..2 + u64::from(CALLS_MAX) - 1;
    for id in ids.clone() {
        let fetch = v1::FetchEvents { conversation_id: conversation_id.clone(), after_seq: 0, limit: 10 };
        bob.say(id, Body::FetchEvents(fetch)).await;
    }
    let metrics = stage.app.metrics();
    let shown = || (metrics.pages.get(), metrics.reads_waiting.get());
    // He reads nothing for a while: the first page is on its way, and no other is made.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(shown(), (1, i64::from(CALLS_MAX) - 2));
    for id in ids {
        let Body::Events(page) = bob.answer(id).await else { panic!() };
        assert_eq!(page.events.len(), 10);
        assert!(metrics.pages.get() <= 1);
    }
    until(|| shown() == (0, 0)).await;
    assert!(metrics.page_waits.get() >= u64::from(CALLS_MAX) - 2);
    // Who leaves with pages in preparation leaves nothing behind.
    for id in [90, 91] {
        let fetch = v1::FetchEvents { conversation_id: conversation_id.clone(), after_seq: 0, limit: 10 };
        bob.say(id, Body::FetchEvents(fetch)).await;
    }
    until(|| shown() == (1, 1)).await;
    drop(bob);
    until(|| shown() == (0, 0)).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_session_refuses_by_itself_is_counted() {
    let stage = Stage::new();
    let mut alice = stage.signed_in("alice", "a").await;
    let over = "a".repeat(BODY_BYTES_MAX + 1);
    alice.say(2, text("bob", 2, &over)).await;
    assert_eq!(alice.error(2).await.code, "too_large");
    stage.tcp().hear_the_end("hello_timeout").await;
    let net = stage.net();
    assert_eq!((net.refusals("too_large"), net.refusals("hello_timeout")), (1, 1));
    // What the application refuses, it counts itself.
    let mut forger = stage.tcp();
    forger.say(1, hello("forged", "a")).await;
    forger.hear_the_end("unauthenticated").await;
    assert_eq!(net.refusals("unauthenticated"), 0);
    assert_eq!(stage.app.metrics().refusals(ErrorCode::Unauthenticated), 1);
}

#[tokio::test(start_paused = true)]
async fn a_draining_server_asks_to_leave_and_still_answers() {
    let stage = Stage::new();
    let mut alice = stage.signed_in("alice", "a").await;
    stage.drain.begin();
    let away = alice.hear(|_, body| if let Body::GoAway(away) = body { Some(*away) } else { None }).await;
    assert_eq!(away.spread_ms, 5_000);
    assert!(matches!(alice.ask(2, text("bob", 7, "one")).await, Body::Sent(_)));
}
