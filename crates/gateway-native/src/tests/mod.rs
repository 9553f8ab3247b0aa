//! The machine, over both kinds of messages, by scripts of inputs.

mod bad_input;
mod corpus;
mod golden;
mod life;
mod names;
mod people;
mod presence;
mod properties;
mod samples;
mod views;

use stonechat_app::api::{Outbound, Welcome};
use stonechat_net::machine::{Action, CloseCode, Input, MessageKind, Monotonic, SessionMachine};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::number::Timestamp;
use stonechat_wire::v1::{self, Frame, frame::Body};

use crate::encode;
use crate::session::{Call, NativeSession};

const BOTH: [MessageKind; 2] = [MessageKind::Binary, MessageKind::Text];

/// When tests begin, on both clocks.
const START: Monotonic = Monotonic(5_000);
const START_WALL: Timestamp = Timestamp(1_790_000_000_000);

/// How long the token of [`Driver::open`] lasts.
const TOKEN_MS: u64 = 3_600_000;

const SESSION_ID: u64 = 41;
const HELLO_ID: u64 = 1;

/// What a machine wanted done, with its frames decoded.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "tests look into frames by patterns")]
enum Did {
    Said(Frame),
    Asked(Call),
    Closed(CloseCode, String),
}

/// Drives a machine as the connection loop does.
struct Driver {
    machine: NativeSession,
    kind: MessageKind,
    now: Monotonic,
}

impl Driver {
    /// A connection that was just opened and has ticked once.
    fn new(kind: MessageKind) -> Self {
        let mut driver = Self { machine: NativeSession::new(kind), kind, now: START };
        assert!(driver.machine.deadline().is_some_and(|at| at <= START), "it learns the time at once");
        assert!(driver.tick().is_empty());
        driver
    }

    /// One whose hello waits for the application.
    fn beginning(kind: MessageKind) -> Self {
        let mut driver = Self::new(kind);
        let did = driver.say(&hello(HELLO_ID));
        assert!(matches!(&did[..], [Did::Asked(Call::Begin(_))]), "{did:?}");
        driver
    }

    /// One with an open session.
    fn open(kind: MessageKind) -> Self {
        let mut driver = Self::beginning(kind);
        let did = driver.begun(START_WALL.plus_ms(TOKEN_MS as i64));
        assert!(matches!(&did[..], [Did::Said(Frame { id: HELLO_ID, body: Some(Body::Welcome(_)) })]), "{did:?}");
        driver
    }

    fn begun(&mut self, expires_at: Timestamp) -> Vec<Did> {
        self.machine.begun(self.now, SESSION_ID, &welcome(), expires_at);
        self.drain()
    }

    fn say(&mut self, frame: &Frame) -> Vec<Did> {
        self.bytes(&encode::frame(self.kind, frame))
    }

    fn bytes(&mut self, bytes: &[u8]) -> Vec<Did> {
        self.give(Input::Message { kind: self.kind, bytes })
    }

    fn tell(&mut self, outbound: Outbound) -> Vec<Did> {
        self.give(Input::Event(outbound))
    }

    fn tick(&mut self) -> Vec<Did> {
        self.give(Input::Tick)
    }

    /// Ticks at the machine's own deadline.
    fn tick_at_deadline(&mut self) -> Vec<Did> {
        self.now = self.machine.deadline().expect("it has a deadline").max(self.now);
        self.tick()
    }

    fn give(&mut self, input: Input<'_, Outbound>) -> Vec<Did> {
        self.machine.handle(self.now, input);
        self.drain()
    }

    fn drain(&mut self) -> Vec<Did> {
        let mut did = Vec::new();
        while let Some(action) = self.machine.poll_action() {
            did.push(match action {
                Action::Transmit { kind, bytes } => {
                    assert_eq!(kind, self.kind, "it speaks as agreed");
                    Did::Said(read(kind, &bytes))
                }
                Action::Call(call) => Did::Asked(call),
                Action::Close { code, reason } => Did::Closed(code, reason),
            });
        }
        did
    }
}

fn read(kind: MessageKind, bytes: &[u8]) -> Frame {
    match kind {
        MessageKind::Binary => stonechat_wire::frame::decode(bytes.to_vec().into()).unwrap(),
        MessageKind::Text => stonechat_wire::json::decode(std::str::from_utf8(bytes).unwrap()).unwrap(),
    }
}

fn hello(id: u64) -> Frame {
    let hello = v1::Hello {
        version_min: 1,
        version_max: 1,
        token: "a.b.c".into(),
        device_id: "pixel-1".into(),
        device_name: "Pixel 9".into(),
        client: "test 1.0".into(),
        ..v1::Hello::default()
    };
    Frame { id, body: Some(Body::Hello(hello)) }
}

fn text_body(text: &str) -> bytes::Bytes {
    prost::Message::encode_to_vec(&v1::TextBody { text: text.into(), entities: Vec::new() }).into()
}

fn text_send(text: &str) -> v1::SendMessage {
    v1::SendMessage {
        to: Some(v1::send_message::To::UserId("bob".into())),
        client_msg_id: vec![7; 16].into(),
        body_type: "text".into(),
        body: text_body(text),
        ..v1::SendMessage::default()
    }
}

fn send_frame(id: u64, send: v1::SendMessage) -> Frame {
    Frame { id, body: Some(Body::Send(send)) }
}

fn ping(id: u64) -> Frame {
    Frame { id, body: Some(Body::Ping(v1::Ping {})) }
}

fn welcome() -> Welcome {
    samples::welcome(START_WALL)
}

/// The code of the error that is the only thing that was done.
fn only_error(did: &[Did], id: u64) -> &str {
    match did {
        [Did::Said(Frame { id: said, body: Some(Body::Error(error)) })] if *said == id => &error.code,
        other => panic!("not one error for {id}: {other:?}"),
    }
}

/// Asserts an error for `id`, then `closing` and the close, all with the code.
#[track_caller]
fn assert_refused(did: &[Did], id: u64, code: ErrorCode) {
    let [error, rest @ ..] = did else { panic!("nothing was done") };
    assert_eq!(only_error(std::slice::from_ref(error), id), code.as_str());
    assert_closed(rest, code);
}

/// Asserts `closing` and the close, both with the code.
#[track_caller]
fn assert_closed(did: &[Did], code: ErrorCode) {
    match did {
        [Did::Said(Frame { id: 0, body: Some(Body::Closing(closing)) }), Did::Closed(_, reason)] => {
            assert_eq!((closing.code.as_str(), reason.as_str()), (code.as_str(), code.as_str()));
            assert!(!closing.message.is_empty());
        }
        other => panic!("no goodbye with {code}: {other:?}"),
    }
}
