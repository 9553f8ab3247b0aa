//! Bad input, case by case: each gets a clear error, and ends the connection only when it must.

use super::{
    BOTH, Did, Driver, HELLO_ID, assert_closed, assert_refused, hello, names, only_error, ping, samples, send_frame,
    text_body, text_send,
};
use crate::encode;
use crate::parse::GET_USERS_MAX;
use crate::session::Call;
use stonechat_app::api::{Failure, Outbound};
use stonechat_net::machine::{CloseCode, Input, MessageKind};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::limits::{
    BODY_BYTES_MAX, BODY_TYPE_BYTES_MAX, CALLS_MAX, FOCUS_MAX, FRAME_BYTES_MAX, MEMBERS_PER_EVENT_MAX,
    POSITION_BYTES_MAX, TITLE_BYTES_MAX, TOKEN_BYTES_MAX,
};
use stonechat_wire::v1::{self, Frame, change_conversation::Change, fetch_messages::Range, frame::Body};

type Case = (&'static str, Body, ErrorCode);

fn group() -> String {
    samples::group().to_string()
}

fn send(change: impl FnOnce(&mut v1::SendMessage)) -> Body {
    let mut send = text_send("hi");
    change(&mut send);
    Body::Send(send)
}

fn change(change: Option<Change>) -> Body {
    let (conversation_id, command_id) = (group(), vec![1; 16].into());
    Body::ChangeConversation(v1::ChangeConversation { command_id, conversation_id, change })
}

fn create(change: impl FnOnce(&mut v1::CreateGroup)) -> Body {
    let mut group = v1::CreateGroup { command_id: vec![1; 16].into(), title: "Birds".into(), members: vec![], kind: 0 };
    change(&mut group);
    Body::CreateGroup(group)
}

/// Text of a body of exactly this size.
fn text_of_body_bytes(bytes: usize) -> String {
    let overhead = text_body(&"a".repeat(bytes)).len() - bytes;
    "a".repeat(bytes - overhead)
}

/// Fields that are wrong: an error answer, and the connection goes on.
fn field_cases() -> Vec<Case> {
    use ErrorCode::{InvalidArgument, Malformed, TooLarge, Unauthenticated};
    let mut cases: Vec<Case> = vec![
        ("a body one over the limit", send(|s| s.body = vec![0; BODY_BYTES_MAX + 1].into()), TooLarge),
        (
            "an opaque body one over the limit",
            send(|s| {
                s.body_type = "x".into();
                s.body = vec![0; BODY_BYTES_MAX + 1].into();
            }),
            TooLarge,
        ),
        ("no destination", send(|s| s.to = None), InvalidArgument),
        ("an empty destination", send(|s| s.to = Some(v1::send_message::To::UserId(String::new()))), InvalidArgument),
        ("NUL in a user id", send(|s| s.to = Some(v1::send_message::To::UserId("b\0b".into()))), InvalidArgument),
        ("a long user id", send(|s| s.to = Some(v1::send_message::To::UserId("b".repeat(65)))), InvalidArgument),
        (
            "a conversation id of no kind",
            send(|s| s.to = Some(v1::send_message::To::ConversationId("x_aaa".into()))),
            InvalidArgument,
        ),
        ("an id of 15 bytes", send(|s| s.client_msg_id = vec![7; 15].into()), InvalidArgument),
        ("an id of 17 bytes", send(|s| s.client_msg_id = vec![7; 17].into()), InvalidArgument),
        ("an id of zeros", send(|s| s.client_msg_id = vec![0; 16].into()), InvalidArgument),
        ("no id", send(|s| s.client_msg_id = Default::default()), InvalidArgument),
        ("a predecessor of one byte", send(|s| s.after = vec![7].into()), InvalidArgument),
        ("no body type", send(|s| s.body_type = String::new()), InvalidArgument),
        ("a long body type", send(|s| s.body_type = "x".repeat(BODY_TYPE_BYTES_MAX + 1)), InvalidArgument),
        ("a body type with a line break", send(|s| s.body_type = "x\n".into()), InvalidArgument),
        ("a seq over what is counted", send(|s| s.read_upto = u64::MAX), InvalidArgument),
        ("a group without a title", create(|g| g.title = " ".into()), InvalidArgument),
        ("a title with a line break", create(|g| g.title = "a\nb".into()), InvalidArgument),
        ("a title one over the limit", create(|g| g.title = "a".repeat(TITLE_BYTES_MAX + 1)), InvalidArgument),
        ("too many members", create(|g| g.members = vec!["b".into(); MEMBERS_PER_EVENT_MAX + 1]), InvalidArgument),
        ("a member without a name", create(|g| g.members = vec![String::new()]), InvalidArgument),
        ("a command without an id", create(|g| g.command_id = Default::default()), InvalidArgument),
        ("no change", change(None), Malformed),
        ("nobody to add", change(Some(Change::AddMembers(v1::AddMembers { user_ids: vec![] }))), InvalidArgument),
        ("no role", change(Some(Change::SetRole(v1::SetRole { user_id: "bob".into(), role: 0 }))), InvalidArgument),
        (
            "too long a focus",
            Body::Focus(v1::Focus { conversation_ids: vec![group(); FOCUS_MAX + 1] }),
            InvalidArgument,
        ),
        ("typing nowhere", Body::Typing(v1::Typing::default()), InvalidArgument),
        (
            "an ordinal over what is counted",
            Body::FetchMessages(v1::FetchMessages {
                conversation_id: group(),
                range: Some(Range::AfterOrdinal(u64::MAX)),
                limit: 0,
                with_events: false,
            }),
            InvalidArgument,
        ),
        (
            "too long a position",
            Body::Pull(v1::Pull { position: vec![0; POSITION_BYTES_MAX + 1].into(), window: 0 }),
            InvalidArgument,
        ),
        ("a device without a name", Body::RevokeDevice(v1::RevokeDevice::default()), InvalidArgument),
        (
            "too many users",
            Body::GetUsers(v1::GetUsers { user_ids: vec!["b".into(); GET_USERS_MAX + 1], usernames: Vec::new() }),
            InvalidArgument,
        ),
        (
            "too long a token",
            Body::RefreshToken(v1::RefreshToken { token: "a".repeat(TOKEN_BYTES_MAX + 1) }),
            Unauthenticated,
        ),
    ];
    let only_ours = samples::answers().into_iter().chain(samples::told());
    cases.extend(only_ours.map(|body| (names::name(&body), body, Malformed)));
    cases
}

#[test]
fn a_wrong_field_is_an_error_answer_and_the_connection_goes_on() {
    for kind in BOTH {
        for (case, body, code) in field_cases() {
            let mut driver = Driver::open(kind);
            let id = if matches!(body, Body::Typing(_) | Body::Focus(_)) { 0 } else { 9 };
            let did = driver.say(&Frame { id, body: Some(body) });
            assert_eq!(only_error(&did, id), code.as_str(), "{case}");
            assert!(matches!(&driver.say(&ping(9))[..], [Did::Said(Frame { id: 9, body: Some(Body::Pong(_)) })]));
        }
    }
}

#[test]
fn a_role_of_a_later_version_is_an_error_answer() {
    // JSON refuses it with the whole frame.
    let mut driver = Driver::open(MessageKind::Binary);
    let role = Some(Change::SetRole(v1::SetRole { user_id: "bob".into(), role: 77 }));
    let did = driver.say(&Frame { id: 9, body: Some(change(role)) });
    assert_eq!(only_error(&did, 9), "invalid_argument");
}

#[test]
fn a_body_of_exactly_the_limit_is_taken() {
    for kind in BOTH {
        let mut driver = Driver::open(kind);
        let largest = text_send(&text_of_body_bytes(BODY_BYTES_MAX));
        assert_eq!(largest.body.len(), BODY_BYTES_MAX);
        assert!(matches!(&driver.say(&send_frame(9, largest))[..], [Did::Asked(Call::Call { call: 9, .. })]));
        let over = text_send(&text_of_body_bytes(BODY_BYTES_MAX + 1));
        assert_eq!(only_error(&driver.say(&send_frame(10, over)), 10), "too_large");
    }
}

#[test]
fn a_message_over_the_limit_ends_the_connection() {
    for kind in BOTH {
        let mut driver = Driver::open(kind);
        let did = driver.bytes(&vec![b' '; FRAME_BYTES_MAX + 1]);
        assert_refused(&did, 0, ErrorCode::TooLarge);
        assert!(matches!(did.last(), Some(Did::Closed(CloseCode::TooBig, _))));
    }
}

#[test]
fn bytes_that_are_no_frame_end_the_connection() {
    let cases: &[(MessageKind, &[u8], u64)] = &[
        (MessageKind::Binary, &[0xff], 0),
        (MessageKind::Binary, &[0x08, 0x07, 0x62, 0x7f], 7), // A send that is cut off.
        (MessageKind::Binary, &[0x08, 0x07, 0x62, 0x03, 0x12, 0x01, 0xff], 7), // A user id that is not UTF-8.
        (MessageKind::Binary, &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], 0), // No number.
        (MessageKind::Text, b"", 0),
        (MessageKind::Text, b"null", 0),
        (MessageKind::Text, b"[]", 0),
        (MessageKind::Text, br#"{"id":"7","send":{"#, 0),
        (MessageKind::Text, br#"{"id":"7","hello":7}"#, 7),
        (MessageKind::Text, br#"{"id":"7","mark_read":{"upto_seq":-1}}"#, 7),
        (MessageKind::Text, br#"{"id":"7","send":{"body":"%%"}}"#, 7),
        (MessageKind::Text, br#"{"id":"7","refresh_token":{"token":"\ud800"}}"#, 7),
        (MessageKind::Text, br#"{"id":"7","refresh_token":{"token":"\udc00\ud800"}}"#, 7),
        (MessageKind::Text, br#"{"id":"7","ping":{},"pong":{}}"#, 7),
        (MessageKind::Text, b"{\"id\":\"7\",\"refresh_token\":{\"token\":\"\xff\"}}", 0),
        (MessageKind::Text, b"{\"id\":\"7\",\"refresh_token\":{\"token\":\"a\nb\"}}", 0),
    ];
    for (kind, bytes, id) in cases {
        let mut driver = Driver::open(*kind);
        let did = driver.bytes(bytes);
        assert_refused(&did, *id, ErrorCode::Malformed);
        assert!(matches!(did.last(), Some(Did::Closed(CloseCode::InvalidPayload, _))));
    }
}

#[test]
fn a_frame_without_a_body_that_is_known_is_an_error_answer() {
    for kind in BOTH {
        let did = Driver::open(kind).say(&Frame { id: 9, body: None });
        assert_eq!(only_error(&did, 9), "malformed");
    }
    let of_a_later_version = [0x08, 9, 0xfa, 0x3f, 0];
    let mut driver = Driver::open(MessageKind::Binary);
    assert_eq!(only_error(&driver.bytes(&of_a_later_version), 9), "malformed");
    assert_eq!(only_error(&driver.bytes(&[]), 0), "malformed");
}

#[test]
fn the_other_kind_of_message_ends_the_connection() {
    for (kind, other) in [(MessageKind::Binary, MessageKind::Text), (MessageKind::Text, MessageKind::Binary)] {
        let mut driver = Driver::open(kind);
        let bytes = encode::frame(other, &ping(9));
        let did = driver.give(Input::Message { kind: other, bytes: &bytes });
        assert_refused(&did, 0, ErrorCode::Malformed);
    }
}

#[test]
fn the_first_frame_must_be_a_hello() {
    for kind in BOTH {
        for frame in samples::all().into_iter().filter(|frame| !matches!(frame.body, Some(Body::Hello(_)))) {
            let did = Driver::new(kind).say(&frame);
            assert_refused(&did, frame.id, ErrorCode::HelloExpected);
        }
        let did = Driver::new(kind).say(&Frame { id: 3, body: None });
        assert_refused(&did, 3, ErrorCode::HelloExpected);
        let did = Driver::new(kind).bytes(b"\xff");
        assert_refused(&did, 0, ErrorCode::Malformed);
    }
}

#[test]
fn a_wrong_hello_is_an_error_answer_and_the_end() {
    use ErrorCode::{InvalidArgument, Malformed, Unauthenticated, UnsupportedVersion};
    type Change = fn(&mut v1::Hello);
    let cases: [(Change, ErrorCode); 9] = [
        (|h| (h.version_min, h.version_max) = (2, 9), UnsupportedVersion),
        (|h| (h.version_min, h.version_max) = (0, 0), UnsupportedVersion),
        (|h| (h.version_min, h.version_max) = (9, 1), UnsupportedVersion),
        (|h| h.device_id = String::new(), InvalidArgument),
        (|h| h.device_id = "a/b".into(), InvalidArgument),
        (|h| h.device_id = "a".repeat(65), InvalidArgument),
        (|h| h.device_id = "a\0".into(), InvalidArgument),
        (|h| h.position = vec![0; POSITION_BYTES_MAX + 1].into(), InvalidArgument),
        (|h| h.token = "a".repeat(TOKEN_BYTES_MAX + 1), Unauthenticated),
    ];
    for kind in BOTH {
        for (change, code) in cases {
            let mut frame = hello(HELLO_ID);
            let Some(Body::Hello(body)) = &mut frame.body else { unreachable!() };
            change(body);
            assert_refused(&Driver::new(kind).say(&frame), HELLO_ID, code);
        }
        assert_refused(&Driver::new(kind).say(&hello(0)), 0, Malformed);
    }
}

#[test]
fn what_the_application_has_against_a_hello_is_an_error_answer_and_the_end() {
    let codes = [ErrorCode::Unauthenticated, ErrorCode::TokenExpired, ErrorCode::Revoked, ErrorCode::Overloaded];
    for kind in BOTH {
        for code in codes {
            let mut driver = Driver::beginning(kind);
            let did = driver.tell(Outbound::Begun(Err(Failure::new(code, "no"))));
            assert_refused(&did, HELLO_ID, code);
        }
    }
}

#[test]
fn a_second_hello_ends_the_connection() {
    for kind in BOTH {
        let mut driver = Driver::open(kind);
        assert_refused(&driver.say(&hello(2)), 2, ErrorCode::Malformed);
    }
}

#[test]
fn a_call_without_an_id_is_an_error_answer() {
    for kind in BOTH {
        let mut driver = Driver::open(kind);
        for body in samples::calls().into_iter().filter(|body| !matches!(body, Body::Hello(_) | Body::Ping(_))) {
            let did = driver.say(&Frame { id: 0, body: Some(body) });
            assert_eq!(only_error(&did, 0), "malformed");
        }
    }
}

#[test]
fn a_signal_with_an_id_is_an_error_answer() {
    for kind in BOTH {
        for body in samples::signals() {
            let did = Driver::open(kind).say(&Frame { id: 9, body: Some(body) });
            assert_eq!(only_error(&did, 9), "malformed");
        }
    }
}

#[test]
fn an_id_in_flight_cannot_be_used_again_and_its_call_is_still_answered() {
    for kind in BOTH {
        let mut driver = Driver::open(kind);
        assert!(matches!(&driver.say(&send_frame(9, text_send("a")))[..], [Did::Asked(_)]));
        // Under no id: that of the call would read as its answer.
        assert_eq!(only_error(&driver.say(&send_frame(9, text_send("b"))), 0), "malformed");
        assert_eq!(only_error(&driver.say(&ping(9)), 0), "malformed");
        let refused = Err(Failure::new(ErrorCode::NotFound, "no such user"));
        assert_eq!(only_error(&driver.tell(Outbound::Answer { call: 9, result: refused, turn: None }), 9), "not_found");
    }
}

#[test]
fn a_broken_frame_is_not_refused_under_the_id_of_a_call_in_flight() {
    let cases: [(MessageKind, &[u8]); 2] =
        [(MessageKind::Binary, &[0x08, 0x09, 0x62, 0x7f]), (MessageKind::Text, br#"{"id":"9","send":7}"#)];
    for (kind, bytes) in cases {
        let mut driver = Driver::open(kind);
        assert!(matches!(&driver.say(&send_frame(9, text_send("a")))[..], [Did::Asked(_)]));
        // Its message may well be stored: the client must not take it for refused.
        assert_refused(&driver.bytes(bytes), 0, ErrorCode::Malformed);
    }
}

#[test]
fn a_call_past_the_limit_is_refused_should_it_ever_be_read() {
    let mut driver = Driver::open(MessageKind::Binary);
    for id in 2..2 + u64::from(CALLS_MAX) {
        assert!(matches!(&driver.say(&send_frame(id, text_send("a")))[..], [Did::Asked(_)]));
    }
    assert_eq!(only_error(&driver.say(&send_frame(99, text_send("a"))), 99), "too_many_calls");
    let mut driver = Driver::beginning(MessageKind::Binary);
    assert_eq!(only_error(&driver.say(&ping(5)), 5), "too_many_calls");
}

#[test]
fn every_code_ends_a_session_by_its_own_text() {
    for kind in BOTH {
        for code in ErrorCode::ALL {
            assert_closed(&Driver::open(kind).tell(Outbound::Close(*code)), *code);
            let result = Err(Failure::new(*code, "why"));
            let mut driver = Driver::open(kind);
            driver.say(&send_frame(9, text_send("a")));
            assert_eq!(only_error(&driver.tell(Outbound::Answer { call: 9, result, turn: None }), 9), code.as_str());
        }
    }
}
