//! A session of the native protocol, as a state machine.
//!
//! Whatever comes in, in whatever order: it never has more than [`CALLS_MAX`] calls in flight and asks for no input
//! then; each call is answered at most once, by its own id; every frame it says can be read and is within the limit;
//! the welcome is the first of what is told; after a poke nothing of the log is told until a pull; nothing follows
//! the goodbye; a deadline that has passed is moved or acted on by its tick.

use super::session_script::{Script, Step};
use bytes::Bytes;
use std::collections::BTreeMap;
use stonechat_app::api::{self, Outbound};
use stonechat_gateway_native::session::{Call, NativeSession};
use stonechat_gateway_native::{encode, fuzzing};
use stonechat_net::framing::{Decoded, Framing as _, Item};
use stonechat_net::machine::{Action, Input, MessageKind, Monotonic, SessionMachine as _};
use stonechat_net::outbound;
use stonechat_net::tcp::LengthPrefixed;
use stonechat_types::limits::{CALLS_MAX, FRAME_BYTES_MAX};
use stonechat_wire::v1::{Frame, frame::Body};
use stonechat_wire::{frame, json};

/// Steps of one script at most: a longer one finds nothing more and takes its time.
const STEPS_MAX: usize = 400;
/// Longest reason of a close frame, in bytes.
const REASON_BYTES_MAX: usize = 123;

/// Plays the bytes as a script.
pub fn run(bytes: &[u8]) {
    let mut script = Script::new(bytes);
    let kind = script.kind();
    let mut driver = Driver {
        machine: NativeSession::new(kind),
        kind,
        now: Monotonic(script.start_ms()),
        framing: LengthPrefixed::default(),
        seen: Seen::default(),
    };
    assert!(driver.machine.deadline().is_some_and(|at| at <= driver.now), "it learns the time at once");
    driver.give(Input::Tick);
    for _ in 0..STEPS_MAX {
        let Some(step) = script.next() else { break };
        driver.step(step);
        driver.check();
    }
}

/// What an observer of a machine knows.
#[derive(Default)]
struct Seen {
    /// Calls that were handed over and have no answer.
    in_flight: BTreeMap<u64, Asked>,
    beginning: bool,
    welcomed: bool,
    poked: bool,
    /// The call that the input answers, while it is given.
    answering: Option<u64>,
    closed: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Asked {
    Call,
    Refresh,
}

struct Driver {
    machine: NativeSession,
    kind: MessageKind,
    now: Monotonic,
    framing: LengthPrefixed,
    seen: Seen,
}

impl Driver {
    fn step(&mut self, step: Step<'_>) {
        match step {
            // As the connection loop: no message while none is wanted.
            Step::Bytes(_) | Step::Stream(_) | Step::Frame(_) if !self.machine.wants_input() => {}
            Step::Bytes(bytes) => self.message(self.kind, bytes),
            Step::OtherKind(bytes) => {
                let other = if self.kind == MessageKind::Text { MessageKind::Binary } else { MessageKind::Text };
                if self.machine.wants_input() {
                    self.message(other, bytes);
                }
            }
            Step::Stream(piece) => self.stream(piece),
            Step::Frame(frame) => {
                let bytes = encode::frame(self.kind, &frame);
                if bytes.len() <= self.machine.message_bytes_max() {
                    self.message(self.kind, &bytes);
                }
            }
            Step::Begun { welcome, expires_at } if self.seen.beginning => {
                self.seen.beginning = false;
                fuzzing::begin(&mut self.machine, self.now, 41, &welcome, expires_at);
                self.drain();
            }
            Step::Refused(failure) if self.seen.beginning => {
                self.seen.beginning = false;
                self.give(Input::Event(Outbound::Begun(Err(failure))));
            }
            Step::Begun { .. } | Step::Refused(_) => {}
            Step::Answer { which, result } => self.answer(which, result),
            Step::Stray(call) if self.seen.in_flight.contains_key(&call) => {}
            Step::Stray(call) => {
                self.give(Input::Event(Outbound::Answer { call, result: Ok(api::Answer::Done), turn: None }))
            }
            Step::Told(outbound) => self.give(Input::Event(outbound)),
            Step::Shutdown { after_ms, spread_ms } => self.give(Input::Shutdown { after_ms, spread_ms }),
            Step::PeerClosed => {
                self.give(Input::PeerClosed);
                self.seen.closed = true;
            }
            Step::Tick(ms) => {
                self.now = self.now.plus_ms(ms);
                self.give(Input::Tick);
            }
        }
    }

    fn message(&mut self, kind: MessageKind, bytes: &[u8]) {
        self.give(Input::Message { kind, bytes });
    }

    /// A piece of a TCP stream, which may end in the middle of a message. While no message is wanted none is cut out.
    fn stream(&mut self, piece: &[u8]) {
        if self.kind != MessageKind::Binary {
            return self.message(self.kind, piece);
        }
        let mut piece = piece.to_vec();
        let mut rest = &mut piece[..];
        while !rest.is_empty() && self.machine.wants_input() {
            let max = self.machine.message_bytes_max();
            match self.framing.decode(rest, max, &mut outbound::Outbound::default()) {
                Ok(Decoded { consumed, item }) => {
                    if let Some(Item::Message { kind, bytes }) = item {
                        let bytes = bytes.into_owned();
                        rest = &mut rest[consumed..];
                        self.message(kind, &bytes);
                    } else {
                        rest = &mut rest[consumed..];
                    }
                }
                Err(_) => {
                    self.give(Input::PeerClosed);
                    self.seen.closed = true;
                    return;
                }
            }
        }
    }

    fn answer(&mut self, which: usize, result: Result<api::Answer, api::Failure>) {
        let Some((call, asked)) = self.seen.in_flight.iter().nth(which).map(|(call, asked)| (*call, *asked)) else {
            return;
        };
        self.seen.in_flight.remove(&call);
        self.seen.answering = Some(call);
        self.give(Input::Event(match asked {
            Asked::Call => Outbound::Answer { call, result, turn: None },
            Asked::Refresh => {
                Outbound::Refreshed { call, result: result.map(|_| stonechat_types::number::Timestamp(i64::MAX)) }
            }
        }));
        let unanswered = self.seen.answering.take().is_some();
        assert!(!unanswered || self.seen.closed, "call {call} has no answer");
    }

    fn give(&mut self, input: Input<'_, Outbound>) {
        self.machine.handle(self.now, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(action) = self.machine.poll_action() {
            assert!(!self.seen.closed, "something follows the goodbye: {action:?}");
            match action {
                Action::Transmit { kind, bytes } => {
                    assert_eq!(kind, self.kind, "it speaks as agreed");
                    assert!(bytes.len() <= FRAME_BYTES_MAX, "a frame of {} bytes", bytes.len());
                    self.said(&read(kind, &bytes));
                }
                Action::Call(call) => self.asked(&call),
                Action::Close { reason, .. } => {
                    assert!(!reason.is_empty() && reason.len() <= REASON_BYTES_MAX);
                    self.seen.closed = true;
                }
            }
        }
    }

    fn asked(&mut self, call: &Call) {
        let (id, asked) = match call {
            Call::Begin(_) => {
                assert!(!self.seen.beginning && !self.seen.welcomed, "a second hello");
                self.seen.beginning = true;
                return;
            }
            Call::Call { call: 0, request } => {
                assert!(matches!(request, api::Call::Typing { .. } | api::Call::Focus(_)), "a call without an id");
                return;
            }
            Call::Call { call, request } => {
                if let api::Call::Pull { .. } = request {
                    self.seen.poked = false;
                }
                (*call, Asked::Call)
            }
            Call::Refresh { call, .. } => (*call, Asked::Refresh),
        };
        assert!(self.seen.welcomed && id != 0);
        assert!(self.seen.in_flight.insert(id, asked).is_none(), "{id} is in flight");
        assert!(self.seen.in_flight.len() <= CALLS_MAX as usize, "too many calls in flight");
    }

    fn said(&mut self, frame: &Frame) {
        let Some(body) = &frame.body else { panic!("a frame without a body") };
        if frame.id != 0 && self.seen.answering == Some(frame.id) {
            self.seen.answering = None;
        } else {
            assert!(!self.seen.in_flight.contains_key(&frame.id), "{} is answered, and by nobody", frame.id);
        }
        match body {
            Body::Error(error) => assert!(!error.code.is_empty()),
            Body::Closing(closing) => assert!(frame.id == 0 && !closing.code.is_empty()),
            Body::Welcome(_) => self.seen.welcomed = true,
            Body::GoAway(_) => assert_eq!(frame.id, 0),
            Body::Poke(_) => {
                assert!(self.seen.welcomed && frame.id == 0);
                self.seen.poked = true;
            }
            body => {
                assert!(self.seen.welcomed, "the welcome comes first, not {body:?}");
                assert!(frame.id != 0 || !self.seen.poked || matches!(body, Body::Pong(_)), "the device was poked");
            }
        }
    }

    /// What holds between two inputs.
    fn check(&mut self) {
        let wants = self.machine.wants_input();
        if self.seen.closed {
            assert!(self.machine.deadline().is_none() && !wants, "it is over");
            return;
        }
        assert!(self.seen.in_flight.len() < CALLS_MAX as usize || !wants, "there is no room for one more call");
        assert!(!self.seen.beginning || !wants, "nothing is read before the welcome");
        assert!(self.machine.message_bytes_max() <= FRAME_BYTES_MAX);
        let Some(deadline) = self.machine.deadline() else { panic!("a session that waits for ever") };
        if deadline <= self.now {
            self.give(Input::Tick);
            let moved = self.machine.deadline().is_none_or(|at| at > self.now);
            assert!(moved, "the deadline {deadline:?} has passed and nothing comes of it");
        }
    }
}

fn read(kind: MessageKind, bytes: &Bytes) -> Frame {
    match kind {
        MessageKind::Binary => frame::decode(bytes.clone()).expect("it says what can be read"),
        MessageKind::Text => {
            let text = std::str::from_utf8(bytes).expect("text is UTF-8");
            json::decode(text).expect("it says what can be read")
        }
    }
}
