//! The life of a session: hello, calls, deadlines, the end.

use super::{
    BOTH, Did, Driver, HELLO_ID, SESSION_ID, START, START_WALL, assert_closed, assert_refused, hello, names,
    only_error, ping, samples, send_frame, text_send, welcome,
};
use crate::decode::OTHER_FRAME_BYTES_MAX;
use crate::encode::{SLOT_BINARY, SLOT_TEXT};
use crate::parse::NAME_BYTES_MAX;
use crate::session::{BEGIN_TIMEOUT_MS, Call, DRAIN_GRACE_MS, NativeSession};
use bytes::Bytes;
use std::sync::Arc;
use stonechat_app::api::{self, Answer, Failure, Outbound, PersonalItem};
use stonechat_app::live::LiveEvent;
use stonechat_app::presence::PresenceTold;
use stonechat_net::events::{LIVE_EVENT_BYTES_MAX, LIVE_EVENTS_MAX};
use stonechat_net::machine::{Action, CloseCode, Input, MessageKind, Note, SessionMachine};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::limits::{CALLS_MAX, FRAME_BYTES_MAX, HELLO_TIMEOUT_MS, IDLE_TIMEOUT_MS, WINDOW_MAX};
use stonechat_types::number::{Ordinal, PersonalSeq, Seq};
use stonechat_wire::v1::{self, Frame, frame::Body};

fn only_said(did: Vec<Did>) -> (u64, Body) {
    match <[Did; 1]>::try_from(did) {
        Ok([Did::Said(Frame { id, body: Some(body) })]) => (id, body),
        other => panic!("not one frame: {other:?}"),
    }
}

fn live_event() -> Outbound {
    Outbound::Event(Arc::new(LiveEvent::new(samples::message())))
}

#[test]
fn a_hello_is_handed_over_as_it_was_said() {
    for kind in BOTH {
        let mut driver = Driver::new(kind);
        let did = driver.say(&Frame { id: HELLO_ID, body: samples::calls().into_iter().next() });
        let [Did::Asked(Call::Begin(hello))] = &did[..] else { panic!("{did:?}") };
        assert_eq!(hello.token, "eyJhbGciOiJFZERTQSJ9.e30.c2ln");
        assert_eq!(hello.device.as_str(), "pixel-1");
        assert_eq!((hello.device_name.as_str(), hello.client.as_str()), ("Pixel 9", "stonechat-rust 0.1.0"));
        assert_eq!((&hello.position[..], hello.window), (&[1, 0xff, 0, 0x7f, 0x80][..], 20));
        assert!(!driver.machine.wants_input(), "nothing is read until it has begun");
    }
}

#[test]
fn names_lose_what_acts_on_a_terminal_and_what_is_too_long() {
    let mut frame = hello(HELLO_ID);
    let Some(Body::Hello(body)) = &mut frame.body else { unreachable!() };
    body.device_name = format!("a\u{1b}[2J{}", "é".repeat(NAME_BYTES_MAX));
    body.window = u32::MAX;
    let did = Driver::new(MessageKind::Binary).say(&frame);
    let [Did::Asked(Call::Begin(hello))] = &did[..] else { panic!("{did:?}") };
    assert!(hello.device_name.starts_with("a[2Jé") && hello.device_name.len() == NAME_BYTES_MAX);
    assert_eq!(hello.window, WINDOW_MAX);
}

#[test]
fn the_welcome_has_the_id_of_the_hello_and_the_limits() {
    for kind in BOTH {
        let mut driver = Driver::beginning(kind);
        let (id, Body::Welcome(said)) = only_said(driver.begun(START_WALL.plus_ms(1_000))) else { panic!() };
        assert_eq!((id, said.version, said.user_id.as_str()), (HELLO_ID, 1, "alice"));
        assert_eq!(said.session_id, SESSION_ID.to_string());
        assert_eq!(said.limits.unwrap().calls_max, CALLS_MAX);
        assert!(driver.machine.wants_input());
    }
}

#[test]
fn what_is_told_before_the_welcome_comes_after_it() {
    for kind in BOTH {
        let mut driver = Driver::beginning(kind);
        assert!(driver.tell(live_event()).is_empty());
        assert!(driver.tell(Outbound::Position(Bytes::from_static(b"p"))).is_empty());
        let did = driver.begun(START_WALL.plus_ms(1_000));
        let kinds: Vec<_> = did
            .iter()
            .map(|did| match did {
                Did::Said(Frame { body: Some(body), .. }) => names::name(body),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(kinds, ["welcome", "event", "position"]);
    }
}

#[test]
fn too_much_before_the_welcome_becomes_a_poke_and_silence_until_a_pull() {
    for kind in BOTH {
        let mut driver = Driver::beginning(kind);
        for _ in 0..=LIVE_EVENTS_MAX {
            assert!(driver.machine.take_note().is_none());
            assert!(driver.tell(Outbound::Position(Bytes::new())).is_empty());
        }
        assert_eq!(driver.machine.take_note(), Some(Note::Dropped));
        let did = driver.begun(START_WALL.plus_ms(1_000));
        let [Did::Said(welcome), Did::Said(poke)] = &did[..] else { panic!("{did:?}") };
        let (Some(Body::Welcome(welcome)), Some(Body::Poke(poke))) = (&welcome.body, &poke.body) else { panic!() };
        assert_eq!(welcome.position, poke.position);
        assert!(driver.tell(live_event()).is_empty());
        driver.say(&send_frame(2, text_send("a")));
        assert!(matches!(
            only_said(driver.tell(Outbound::Answer { call: 2, result: Ok(Answer::Done), turn: None })).0,
            2
        ));
        let pull = |id| Frame { id, body: Some(Body::Pull(v1::Pull::default())) };
        driver.say(&pull(0));
        assert!(driver.tell(live_event()).is_empty(), "a pull that is refused is none");
        driver.say(&pull(3));
        assert!(matches!(only_said(driver.tell(live_event())), (0, Body::Event(_))));
    }
}

#[test]
fn what_is_told_before_the_welcome_is_bounded_in_bytes() {
    let mut driver = Driver::beginning(MessageKind::Binary);
    let body = vec![0; LIVE_EVENT_BYTES_MAX].into();
    let content = api::Content::Message { body_type: Bytes::new(), body, attributes: None };
    let large = LiveEvent::new(api::EventView { content, ..samples::message() });
    driver.tell(Outbound::Event(Arc::new(large)));
    let did = driver.begun(START_WALL.plus_ms(1_000));
    assert!(matches!(&did[1..], [Did::Said(Frame { body: Some(Body::Poke(_)), .. })]), "{did:?}");
}

#[test]
fn a_first_message_may_be_as_large_as_a_hello_can_be() {
    let mut driver = Driver::new(MessageKind::Binary);
    assert_eq!(driver.machine.message_bytes_max(), OTHER_FRAME_BYTES_MAX);
    driver.say(&hello(HELLO_ID));
    assert_eq!(driver.machine.message_bytes_max(), FRAME_BYTES_MAX);
}

#[test]
fn every_call_and_signal_of_the_samples_is_handed_over() {
    for kind in BOTH {
        let calls = samples::calls().into_iter().filter(|body| !matches!(body, Body::Hello(_) | Body::Ping(_)));
        for (body, id) in calls.zip(2..) {
            // There are more kinds of calls than may be in flight at once.
            let mut driver = Driver::open(kind);
            let name = names::name(&body);
            let did = driver.say(&Frame { id, body: Some(body) });
            match &did[..] {
                [Did::Asked(Call::Call { call, .. } | Call::Refresh { call, .. })] => assert_eq!(*call, id, "{name}"),
                other => panic!("{name}: {other:?}"),
            }
        }
        let mut driver = Driver::open(kind);
        for body in samples::signals() {
            let did = driver.say(&Frame { id: 0, body: Some(body) });
            assert!(matches!(&did[..], [Did::Asked(Call::Call { call: 0, .. })]), "{did:?}");
        }
    }
}

#[test]
fn a_send_is_handed_over_as_received() {
    for kind in BOTH {
        let mut driver = Driver::open(kind);
        let mut send = text_send("Grüße\n\t👩‍👩‍👧");
        send.read_upto = 41;
        send.after = vec![6; 16].into();
        let body = send.body.clone();
        let did = driver.say(&send_frame(9, send));
        let [Did::Asked(Call::Call { call: 9, request: api::Call::Send(send) })] = &did[..] else { panic!("{did:?}") };
        assert_eq!(send.to, api::Destination::User(samples::bob().id));
        assert_eq!((send.client_msg_id.0, send.after.unwrap().0), ([7; 16], [6; 16]));
        assert_eq!((&send.body_type[..], &send.body, send.read_upto), (&b"text"[..], &body, Seq(41)));
    }
}

#[test]
fn the_newest_page_is_asked_for_by_zero_or_by_nothing() {
    use stonechat_app::api::MessageRange::{Around, Before, Newest};
    use v1::fetch_messages::Range;
    let cases = [
        (None, Newest),
        (Some(Range::BeforeOrdinal(0)), Newest),
        (Some(Range::BeforeOrdinal(7)), Before(Ordinal(7))),
        (Some(Range::AroundOrdinal(7)), Around(Ordinal(7))),
    ];
    for (asked, handed) in cases {
        let fetch = v1::FetchMessages {
            conversation_id: samples::group().to_string(),
            range: asked,
            limit: 9_999,
            with_events: false,
        };
        let did = Driver::open(MessageKind::Binary).say(&Frame { id: 9, body: Some(Body::FetchMessages(fetch)) });
        let [Did::Asked(Call::Call { request: api::Call::FetchMessages { range, limit, .. }, .. })] = &did[..] else {
            panic!("{did:?}")
        };
        assert_eq!((*range, *limit), (handed, 200));
    }
}

#[test]
fn each_answer_goes_out_under_the_id_of_its_call_and_once() {
    for kind in BOTH {
        let mut driver = Driver::open(kind);
        for (answer, id) in samples::all_answers().into_iter().zip(2..) {
            driver.say(&send_frame(id, text_send("a")));
            let expected = crate::encode::answer(SESSION_ID, &answer);
            let outbound = || Outbound::Answer { call: id, result: Ok(answer.clone()), turn: None };
            assert_eq!(only_said(driver.tell(outbound())), (id, expected));
            assert!(driver.tell(outbound()).is_empty(), "a second answer is not passed on");
        }
    }
}

#[test]
fn nothing_is_read_at_the_limit_of_calls() {
    let mut driver = Driver::open(MessageKind::Binary);
    for id in 2..2 + u64::from(CALLS_MAX) {
        assert!(driver.machine.wants_input());
        driver.say(&send_frame(id, text_send("a")));
    }
    assert!(!driver.machine.wants_input());
    driver.tell(Outbound::Answer { call: 20, result: Ok(Answer::Done), turn: None });
    assert!(driver.machine.wants_input());
}

#[test]
fn a_ping_is_answered_with_the_clock() {
    for kind in BOTH {
        let mut driver = Driver::open(kind);
        driver.now = driver.now.plus_ms(1_234);
        for id in [9, 0] {
            let (said, Body::Pong(pong)) = only_said(driver.say(&ping(id))) else { panic!() };
            assert_eq!((said, pong.server_time), (id, START_WALL.0 + 1_234));
        }
    }
}

#[test]
fn the_clock_is_set_by_each_welcome() {
    let mut driver = Driver::open(MessageKind::Binary);
    driver.now = driver.now.plus_ms(1_000);
    let pull = Frame { id: 9, body: Some(Body::Pull(v1::Pull::default())) };
    driver.say(&pull);
    let set_back = samples::welcome(START_WALL.plus_ms(-50_000));
    driver.tell(Outbound::Answer { call: 9, result: Ok(Answer::Welcome(Box::new(set_back))), turn: None });
    let (_, Body::Pong(pong)) = only_said(driver.say(&ping(10))) else { panic!() };
    assert_eq!(pong.server_time, START_WALL.0 - 50_000);
}

#[test]
fn what_happens_goes_out_without_an_id() {
    let conversation = samples::group();
    let user = samples::bob().id;
    let position = Bytes::from_static(&[1, 0xff, 0, 0x7f, 0x80]);
    let outbound = [
        live_event(),
        Outbound::ReadMoved { conversation, user: user.clone(), upto: Seq(42), ordinal: Ordinal(12) },
        Outbound::DeliveredMoved { conversation: samples::direct(), user: user.clone(), upto: Seq(44) },
        Outbound::Typing { conversation, user, active: true },
        Outbound::Personal(PersonalSeq(18), PersonalItem::Device(samples::device())),
        Outbound::Position(position.clone()),
        Outbound::Head { conversation, seq: Seq(43), ordinal: Ordinal(13) },
        Outbound::Presence(Arc::new(PresenceTold::of(vec![super::presence::online()]))),
        // The last: nothing but answers follows a poke.
        Outbound::Poke(position),
    ];
    let names = [
        "event",
        "read_moved",
        "delivered_moved",
        "typing_now",
        "personal_change",
        "position",
        "head",
        "presence_changed",
        "poke",
    ];
    for kind in BOTH {
        let mut driver = Driver::open(kind);
        for (outbound, name) in outbound.iter().zip(names) {
            let expected = samples::told().into_iter().find(|body| names::name(body) == name).unwrap();
            assert_eq!(only_said(driver.tell(outbound.clone())), (0, expected));
        }
    }
}

#[test]
fn a_live_event_is_encoded_once_for_all_sessions_of_a_kind() {
    let live = Arc::new(LiveEvent::new(samples::message()));
    for (kind, slot) in [(MessageKind::Binary, SLOT_BINARY), (MessageKind::Text, SLOT_TEXT)] {
        let said: Vec<Bytes> = (0..3)
            .map(|_| {
                let mut driver = Driver::open(kind);
                driver.machine.handle(driver.now, Input::Event(Outbound::Event(live.clone())));
                let Some(Action::Transmit { bytes, .. }) = driver.machine.poll_action() else { panic!() };
                bytes
            })
            .collect();
        let kept = live.encoded(slot, |_| unreachable!("it is encoded"));
        assert!(said.iter().all(|bytes| bytes.as_ptr() == kept.as_ptr()));
    }
}

#[test]
fn a_peer_without_a_hello_is_sent_away() {
    for kind in BOTH {
        let mut driver = Driver::new(kind);
        assert_eq!(driver.machine.deadline(), Some(START.plus_ms(HELLO_TIMEOUT_MS)));
        driver.now = START.plus_ms(HELLO_TIMEOUT_MS - 1);
        assert!(driver.tick().is_empty() && driver.machine.take_note().is_none());
        assert_closed(&driver.tick_at_deadline(), ErrorCode::HelloTimeout);
        assert_eq!(driver.machine.take_note(), Some(Note::Refused("hello_timeout")));
        assert_eq!(driver.machine.deadline(), None);
    }
}

#[test]
fn an_application_that_does_not_answer_a_hello_ends_it() {
    let mut driver = Driver::beginning(MessageKind::Binary);
    assert_eq!(driver.machine.deadline(), Some(START.plus_ms(BEGIN_TIMEOUT_MS)));
    assert_closed(&driver.tick_at_deadline(), ErrorCode::Overloaded);
}

#[test]
fn a_silent_peer_is_sent_away_and_a_heartbeat_keeps_it() {
    for kind in BOTH {
        let mut driver = Driver::open(kind);
        driver.now = START.plus_ms(IDLE_TIMEOUT_MS - 1);
        driver.say(&ping(2));
        driver.tell(live_event()); // What we say does not keep it.
        assert_eq!(driver.machine.deadline(), Some(driver.now.plus_ms(IDLE_TIMEOUT_MS)));
        assert_closed(&driver.tick_at_deadline(), ErrorCode::IdleTimeout);
    }
}

#[test]
fn a_peer_that_is_not_read_is_not_taken_for_silent() {
    let mut driver = Driver::open(MessageKind::Binary);
    for id in 2..2 + u64::from(CALLS_MAX) {
        driver.say(&send_frame(id, text_send("a")));
    }
    driver.now = START.plus_ms(IDLE_TIMEOUT_MS + 1);
    assert!(driver.tick().is_empty());
    driver.tell(Outbound::Answer { call: 2, result: Ok(Answer::Done), turn: None });
    assert_eq!(driver.machine.deadline(), Some(driver.now.plus_ms(IDLE_TIMEOUT_MS)));
}

#[test]
fn a_token_ends_its_session_when_it_expires() {
    for kind in BOTH {
        let mut driver = Driver::beginning(kind);
        driver.begun(START_WALL.plus_ms(5_000));
        assert_eq!(driver.machine.deadline(), Some(START.plus_ms(5_000)));
        let did = driver.tick_at_deadline();
        assert_closed(&did, ErrorCode::TokenExpired);
        assert!(matches!(did.last(), Some(Did::Closed(CloseCode::Policy, _))));
    }
}

#[test]
fn a_token_that_has_expired_already_ends_its_session_at_once() {
    let mut driver = Driver::beginning(MessageKind::Binary);
    driver.begun(START_WALL.plus_ms(-1));
    assert_eq!(driver.machine.deadline(), Some(START));
    assert_closed(&driver.tick(), ErrorCode::TokenExpired);
}

#[test]
fn a_new_token_moves_the_end() {
    for kind in BOTH {
        let mut driver = Driver::beginning(kind);
        driver.begun(START_WALL.plus_ms(5_000));
        driver.now = START.plus_ms(1_000);
        let refresh = Body::RefreshToken(v1::RefreshToken { token: "new".into() });
        let did = driver.say(&Frame { id: 2, body: Some(refresh) });
        assert!(matches!(&did[..], [Did::Asked(Call::Refresh { call: 2, token })] if token == "new"));
        driver.now = START.plus_ms(2_000);
        let refreshed = Outbound::Refreshed { call: 2, result: Ok(START_WALL.plus_ms(9_000)) };
        assert!(matches!(only_said(driver.tell(refreshed)), (2, Body::Done(_))));
        assert_eq!(driver.machine.deadline(), Some(START.plus_ms(9_000)));
    }
}

#[test]
fn a_refused_token_leaves_the_end_where_it_was() {
    let mut driver = Driver::beginning(MessageKind::Binary);
    driver.begun(START_WALL.plus_ms(5_000));
    driver.say(&Frame { id: 2, body: Some(Body::RefreshToken(v1::RefreshToken { token: "wrong".into() })) });
    let refused = Err(Failure::new(ErrorCode::Unauthenticated, "no"));
    assert_eq!(only_error(&driver.tell(Outbound::Refreshed { call: 2, result: refused }), 2), "unauthenticated");
    assert_eq!(driver.machine.deadline(), Some(START.plus_ms(5_000)));
}

#[test]
fn a_draining_server_asks_to_leave_and_still_answers() {
    for kind in BOTH {
        let mut driver = Driver::open(kind);
        driver.say(&send_frame(2, text_send("a")));
        let did = driver.give(Input::Shutdown { after_ms: 1_000, spread_ms: u64::MAX });
        let (0, Body::GoAway(away)) = only_said(did) else { panic!() };
        assert_eq!((away.after_ms, away.spread_ms), (1_000, u32::MAX));
        let sent = Outbound::Answer { call: 2, result: Ok(Answer::Sent(samples::sent())), turn: None };
        assert!(matches!(only_said(driver.tell(sent)), (2, Body::Sent(_))));
    }
}

#[test]
fn who_does_not_leave_a_draining_server_is_told_and_closed() {
    for kind in BOTH {
        let mut driver = Driver::open(kind);
        driver.give(Input::Shutdown { after_ms: 100, spread_ms: 900 });
        assert_eq!(driver.machine.deadline(), Some(START.plus_ms(1_000 + DRAIN_GRACE_MS)));
        assert_closed(&driver.tick_at_deadline(), ErrorCode::ShuttingDown);
    }
}

#[test]
fn nothing_is_said_once_the_peer_is_gone() {
    let mut driver = Driver::open(MessageKind::Binary);
    assert!(driver.give(Input::PeerClosed).is_empty());
    assert!(driver.tell(live_event()).is_empty());
    assert_eq!((driver.machine.deadline(), driver.machine.wants_input()), (None, false));
}

#[test]
fn an_answer_over_the_limit_of_a_frame_becomes_an_error() {
    let mut driver = Driver::open(MessageKind::Binary);
    driver.say(&Frame { id: 9, body: Some(Body::Pull(v1::Pull::default())) });
    let mut large = welcome();
    large.position = vec![0; FRAME_BYTES_MAX].into();
    let did = driver.tell(Outbound::Answer { call: 9, result: Ok(Answer::Welcome(Box::new(large))), turn: None });
    assert_eq!(only_error(&did, 9), "internal");
    assert!(driver.machine.wants_input());
}

#[test]
fn a_welcome_over_the_limit_of_a_frame_is_no_session() {
    let mut driver = Driver::beginning(MessageKind::Binary);
    let mut large = welcome();
    large.position = vec![0; FRAME_BYTES_MAX].into();
    driver.machine.begun(driver.now, SESSION_ID, &large, START_WALL.plus_ms(1_000));
    assert_refused(&driver.drain(), HELLO_ID, ErrorCode::Internal);
}

#[test]
fn an_idle_session_is_small() {
    assert!(size_of::<NativeSession>() <= 192, "{} bytes", size_of::<NativeSession>());
}
