//! A toy protocol: the first message signs in, every further one is a call that the service echoes.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use stonechat_net::connection::ConnectionContext;
use stonechat_net::drain::{Drain, DrainPlan};
use stonechat_net::events::{EventSink, Offer};
use stonechat_net::framing::MESSAGE_BYTES_MAX;
use stonechat_net::machine::{
    Action, CloseCode, Input, MessageKind, Monotonic, Note, PeerInfo, Service, SessionMachine, Transport,
};
use stonechat_net::metrics::Metrics;
use stonechat_net::time::Origin;

/// How long a connection may stay without the first message.
pub const SIGN_IN_MS: u64 = 5_000;

/// The largest first message.
pub const SIGN_IN_BYTES_MAX: usize = 1_000;

/// Calls in flight at most.
pub const CALLS_MAX: usize = 2;

#[derive(Debug)]
pub enum Event {
    Reply(Bytes),
    Live(Bytes),
}

pub struct Toy {
    kind: MessageKind,
    sign_in_until: Option<Monotonic>,
    in_flight: usize,
    note: Option<Note>,
    actions: VecDeque<Action<Bytes>>,
}

impl Toy {
    fn new(kind: MessageKind) -> Self {
        let sign_in_until = Some(Monotonic(SIGN_IN_MS));
        Self { kind, sign_in_until, in_flight: 0, note: None, actions: VecDeque::new() }
    }

    fn say(&mut self, bytes: Bytes) {
        self.actions.push_back(Action::Transmit { kind: self.kind, bytes });
    }

    fn close(&mut self, code: CloseCode, reason: &str) {
        self.actions.push_back(Action::Close { code, reason: reason.to_owned() });
    }
}

impl SessionMachine for Toy {
    type Call = Bytes;
    type Event = Event;

    fn handle(&mut self, _now: Monotonic, input: Input<'_, Event>) {
        match input {
            Input::Message { bytes: b"bye", .. } => self.close(CloseCode::Normal, "bye"),
            Input::Message { kind, bytes } => {
                assert!(self.in_flight < CALLS_MAX, "input that was not wanted");
                self.kind = kind;
                self.sign_in_until = None;
                self.in_flight += 1;
                self.actions.push_back(Action::Call(Bytes::copy_from_slice(bytes)));
            }
            Input::Event(Event::Reply(bytes)) => {
                self.in_flight -= 1;
                self.say(bytes);
            }
            Input::Event(Event::Live(bytes)) => self.say(bytes),
            Input::Tick => {
                self.sign_in_until = None;
                self.note = Some(Note::Refused("too_late"));
                self.close(CloseCode::Policy, "too late");
            }
            Input::Shutdown { after_ms, spread_ms } => self.say(format!("goaway {after_ms} {spread_ms}").into()),
            Input::PeerClosed => self.actions.push_back(Action::Call(Bytes::from_static(b"left"))),
        }
    }

    fn poll_action(&mut self) -> Option<Action<Bytes>> {
        self.actions.pop_front()
    }

    fn deadline(&self) -> Option<Monotonic> {
        self.sign_in_until
    }

    fn wants_input(&self) -> bool {
        self.in_flight < CALLS_MAX
    }

    fn calls_in_flight(&self) -> usize {
        self.in_flight
    }

    fn take_note(&mut self) -> Option<Note> {
        self.note.take()
    }

    fn message_bytes_max(&self) -> usize {
        if self.sign_in_until.is_some() { SIGN_IN_BYTES_MAX } else { MESSAGE_BYTES_MAX }
    }
}

/// Remembers what it was told. A call that begins with `hold` is answered when the test says so.
#[derive(Default)]
pub struct ToyService {
    pub opened: Mutex<Vec<(PeerInfo, EventSink<Event>)>>,
    pub calls: Mutex<Vec<Bytes>>,
    pub closed: Mutex<usize>,
}

impl ToyService {
    pub fn sink(&self) -> EventSink<Event> {
        self.opened.lock().unwrap().last().unwrap().1.clone()
    }

    pub fn peer(&self) -> PeerInfo {
        self.opened.lock().unwrap().last().unwrap().0
    }

    pub fn calls(&self) -> Vec<Bytes> {
        self.calls.lock().unwrap().clone()
    }

    pub fn closed(&self) -> usize {
        *self.closed.lock().unwrap()
    }
}

impl Service<Toy> for ToyService {
    type Connection = EventSink<Event>;

    fn open(&self, peer: PeerInfo, events: EventSink<Event>) -> (Toy, EventSink<Event>) {
        self.opened.lock().unwrap().push((peer, events.clone()));
        (Toy::new(peer.kind), events)
    }

    fn call(&self, connection: &mut EventSink<Event>, call: Bytes) {
        self.calls.lock().unwrap().push(call.clone());
        assert_ne!(call, "panic", "a service that panics");
        if call != "left" && !call.starts_with(b"hold") {
            assert_eq!(connection.offer_control(Event::Reply(call)), Offer::Queued);
        }
    }

    fn closed(&self, _connection: EventSink<Event>) {
        *self.closed.lock().unwrap() += 1;
    }
}

pub fn context(plan: DrainPlan) -> Arc<ConnectionContext<ToyService>> {
    Arc::new(ConnectionContext {
        service: Arc::default(),
        metrics: Arc::new(Metrics::default()),
        origin: Origin::start(),
        drain: Arc::new(Drain::new(plan)),
    })
}

pub fn peer(transport: Transport) -> PeerInfo {
    PeerInfo { addr: ([127, 0, 0, 1], 1).into(), tls: false, transport, kind: MessageKind::Binary }
}

/// A message behind its length.
pub fn prefixed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut length = message.len();
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(message);
    out
}

/// Cuts the messages out of a whole stream.
pub fn unprefixed(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    while !bytes.is_empty() {
        let mut length = 0;
        for shift in (0..).step_by(7) {
            let (byte, rest) = bytes.split_first().unwrap();
            bytes = rest;
            length |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let (message, rest) = bytes.split_at(length);
        messages.push(message.to_vec());
        bytes = rest;
    }
    messages
}
