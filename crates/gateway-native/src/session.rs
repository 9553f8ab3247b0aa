//! One session as a machine: messages, answers and time in; frames, calls and a goodbye out.

use bytes::Bytes;
use stonechat_app::api::{self, Answer, Failure, Outbound, Welcome};
use stonechat_app::turn::Turn;
use stonechat_net::events::{LIVE_EVENT_BYTES_MAX, LIVE_EVENTS_MAX};
use stonechat_net::machine::{Action, CloseCode, Input, MessageKind, Monotonic, Note, SessionMachine};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::limits::{CALLS_MAX, FRAME_BYTES_MAX, HELLO_TIMEOUT_MS, IDLE_TIMEOUT_MS};
use stonechat_types::number::Timestamp;
use stonechat_wire::v1::{self, Frame, frame::Body};

use crate::actions::Actions;
use crate::decode::{self, OTHER_FRAME_BYTES_MAX};
use crate::encode;
use crate::parse::{self, Incoming};
use crate::presence;
use crate::receipts;

/// Milliseconds that the application may take for the answer to a hello.
pub const BEGIN_TIMEOUT_MS: u64 = 30_000;

/// What a client has to leave, past the time that it was told.
pub const DRAIN_GRACE_MS: u64 = 500;

/// The number that a signal bears in place of a call's: it has no answer.
const NO_CALL: u64 = 0;

/// What a session asks of the application. In whose name, the service knows.
#[derive(Debug)]
pub enum Call {
    /// Begin the session. Answer: [`Outbound::Begun`].
    Begin(Box<api::Hello>),
    /// Go on with a new token. Answer: [`Outbound::Refreshed`].
    Refresh {
        /// Number of the call.
        call: u64,
        /// The new token.
        token: String,
    },
    /// Anything else. Answer: [`Outbound::Answer`]; a signal, which has the number 0, gets none.
    Call {
        /// Number of the call.
        call: u64,
        /// What is asked.
        request: api::Call,
    },
}

/// A session of the native protocol.
#[derive(Debug)]
pub struct NativeSession {
    kind: MessageKind,
    state: State,
    /// Numbers of the calls in flight.
    calls: Vec<u64>,
    actions: Actions<Call>,
    /// When a session that was told to go is closed.
    drained: Option<Monotonic>,
    /// What of the last input is to be counted. What the application refuses, it counts itself.
    note: Option<Counted>,
}

#[derive(Clone, Copy, Debug)]
enum Counted {
    Refused(ErrorCode),
    Dropped,
}

#[derive(Debug)]
enum State {
    /// It has not been told the time yet; its first tick comes at once.
    New,
    AwaitHello {
        until: Monotonic,
    },
    /// The application works on the hello, whose id this is. Nothing more is read meanwhile; what it tells already
    /// waits for the welcome.
    Beginning {
        hello: u64,
        until: Monotonic,
        held: Held,
    },
    Open(Open),
    /// The last frame is said, or the peer is gone.
    Closing,
}

/// What waits for the welcome, within the bounds of the connection's queue. Past them it is dropped, and the device
/// has to pull.
#[derive(Debug, Default)]
struct Held {
    events: Vec<Outbound>,
    bytes: usize,
    overflowed: bool,
}

impl Held {
    /// Keeps it, or drops it with all that was kept; says which.
    fn keep(&mut self, outbound: Outbound) -> bool {
        self.bytes += outbound.weight();
        self.overflowed |= self.events.len() == LIVE_EVENTS_MAX || self.bytes > LIVE_EVENT_BYTES_MAX;
        if self.overflowed {
            self.events = Vec::new();
        } else {
            self.events.push(outbound);
        }
        !self.overflowed
    }
}

#[derive(Debug)]
struct Open {
    session_id: u64,
    heard: Monotonic,
    expires: Monotonic,
    wall: Wall,
    /// The device was told to pull and has not: it is told nothing but answers.
    poked: bool,
}

/// What the application's clock showed at a moment: the machine has none of its own.
#[derive(Clone, Copy, Debug)]
struct Wall {
    at: Monotonic,
    showed: Timestamp,
}

impl Wall {
    fn now(self, now: Monotonic) -> Timestamp {
        self.showed.plus_ms(i64::try_from(now.ms_since(self.at)).unwrap_or(i64::MAX))
    }

    /// The moment at which the clock will show a time, if nobody sets it.
    fn moment(self, time: Timestamp, now: Monotonic) -> Monotonic {
        let left_ms = time.0.saturating_sub(self.now(now).0);
        now.plus_ms(u64::try_from(left_ms).unwrap_or(0))
    }
}

/// A frame that keeps the turn of its session's reads until its bytes are written, or copied because they are few.
struct Page {
    bytes: Bytes,
    _turn: Turn,
}

impl Page {
    fn bytes(bytes: Bytes, turn: Option<Turn>) -> Bytes {
        match turn {
            Some(turn) => Bytes::from_owner(Self { bytes, _turn: turn }),
            None => bytes,
        }
    }
}

impl AsRef<[u8]> for Page {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl NativeSession {
    /// A session whose peer has not said anything yet, in frames of the agreed kind.
    #[must_use]
    pub fn new(kind: MessageKind) -> Self {
        Self { kind, state: State::New, calls: Vec::new(), actions: Actions::new(kind), drained: None, note: None }
    }

    fn message(&mut self, now: Monotonic, kind: MessageKind, bytes: &[u8]) {
        if kind != self.kind {
            return self.refuse(0, parse::malformed("this is not the kind of message that was agreed on"));
        }
        let frame = match decode::frame(kind, bytes) {
            Ok(frame) => frame,
            Err(unreadable) => {
                // Not under the id of a call in flight: the client would take it for the answer.
                let id = if self.calls.contains(&unreadable.id) { 0 } else { unreadable.id };
                return self.refuse(id, unreadable.failure);
            }
        };
        match &mut self.state {
            State::New | State::AwaitHello { .. } => self.first_frame(now, frame),
            State::Beginning { .. } => {
                self.reject(frame.id, &Failure::new(ErrorCode::TooManyCalls, "nothing can be asked before the welcome"))
            }
            State::Open(open) => {
                open.heard = now;
                let server_time = open.wall.now(now);
                self.frame(frame, server_time);
            }
            State::Closing => {}
        }
    }

    fn first_frame(&mut self, now: Monotonic, frame: Frame) {
        let Some(Body::Hello(hello)) = frame.body else {
            let failure = Failure::new(ErrorCode::HelloExpected, "the first frame must be a hello");
            return self.refuse(frame.id, failure);
        };
        if frame.id == NO_CALL {
            return self.refuse(0, parse::malformed("a call needs an id other than 0"));
        }
        match parse::hello(hello) {
            Ok(hello) => {
                let until = now.plus_ms(BEGIN_TIMEOUT_MS);
                self.state = State::Beginning { hello: frame.id, until, held: Held::default() };
                self.actions.push(Action::Call(Call::Begin(Box::new(hello))));
            }
            Err(failure) => self.refuse(frame.id, failure),
        }
    }

    fn frame(&mut self, Frame { id, body }: Frame, server_time: Timestamp) {
        if id != NO_CALL && self.calls.contains(&id) {
            // Not under that id: the client would take it for the answer to the call that is in flight.
            return self.reject(0, &parse::malformed("the id is that of a call in flight"));
        }
        match parse::body(body) {
            Ok(Incoming::Hello(_)) => self.refuse(id, parse::malformed("there was a hello already")),
            Ok(Incoming::Ping) => self.say(id, Body::Pong(v1::Pong { server_time: server_time.0 })),
            Ok(Incoming::Signal(_)) if id != NO_CALL => self.reject(id, &parse::malformed("a signal has the id 0")),
            Ok(Incoming::Signal(request)) => {
                self.actions.push(Action::Call(Call::Call { call: NO_CALL, request }));
            }
            Ok(Incoming::Call(request)) => {
                let pulls = matches!(request, api::Call::Pull { .. });
                self.call(id, |call| Call::Call { call, request });
                if let State::Open(open) = &mut self.state
                    && pulls
                    && self.calls.contains(&id)
                {
                    open.poked = false; // What happens from here on comes live again.
                }
            }
            Ok(Incoming::Refresh(token)) => self.call(id, |call| Call::Refresh { call, token }),
            Err(failure) => self.reject(id, &failure),
        }
    }

    fn call(&mut self, id: u64, call: impl FnOnce(u64) -> Call) {
        if id == NO_CALL {
            return self.reject(0, &parse::malformed("a call needs an id other than 0"));
        }
        if self.calls.len() >= CALLS_MAX as usize {
            return self.reject(id, &Failure::new(ErrorCode::TooManyCalls, ErrorCode::TooManyCalls.meaning()));
        }
        self.calls.push(id);
        self.actions.push(Action::Call(call(id)));
    }

    fn event(&mut self, now: Monotonic, outbound: Outbound) {
        match (&mut self.state, outbound) {
            (State::Closing, _) => {}
            (_, Outbound::Close(code)) => self.close(code, code.meaning()),
            (_, Outbound::Begun(Ok(begun))) => {
                self.begun(now, begun.session.id, &begun.welcome, begun.expires_at);
            }
            (State::Beginning { hello, .. }, Outbound::Begun(Err(failure))) => {
                let hello = *hello;
                self.fail(hello, &failure);
                self.close(failure.code, &failure.message);
            }
            (State::Beginning { held, .. }, outbound) => {
                if !held.keep(outbound) {
                    self.note = Some(Counted::Dropped);
                }
            }
            (State::Open(_), outbound) => self.told(now, outbound),
            (State::New | State::AwaitHello { .. }, _) => {} // Nobody knows of it yet.
        }
    }

    /// The hello is accepted. Nothing comes of it in any other state.
    pub(crate) fn begun(&mut self, now: Monotonic, session_id: u64, welcome: &Welcome, expires_at: Timestamp) {
        let State::Beginning { hello, held, .. } = &mut self.state else { return };
        let (hello, held) = (*hello, std::mem::take(held));
        let wall = Wall { at: now, showed: welcome.server_time };
        let expires = wall.moment(expires_at, now);
        self.state = State::Open(Open { session_id, heard: now, expires, wall, poked: held.overflowed });
        match self.written(hello, Body::Welcome(encode::welcome(session_id, welcome))) {
            Ok(bytes) => self.actions.transmit(bytes),
            Err(failure) => return self.refuse(hello, failure),
        }
        if held.overflowed {
            self.say(0, Body::Poke(v1::Poke { position: welcome.position.clone() }));
        }
        for outbound in held.events {
            self.told(now, outbound);
        }
    }

    /// Says what an open session is told.
    fn told(&mut self, now: Monotonic, outbound: Outbound) {
        match outbound {
            Outbound::Answer { call, result, turn } => self.answered(now, call, result, turn),
            Outbound::Refreshed { call, result } => self.refreshed(now, call, result),
            Outbound::Close(code) => self.close(code, code.meaning()),
            Outbound::Begun(_) => {} // It has begun.
            _ if matches!(&self.state, State::Open(open) if open.poked) => {}
            Outbound::Event(event) => self.actions.transmit(encode::live(self.kind, &event)),
            Outbound::ReadMoved { conversation, user, upto, ordinal } => {
                self.say(0, encode::read_moved(conversation, &user, upto, ordinal));
            }
            Outbound::DeliveredMoved { conversation, user, upto } => {
                self.say(0, receipts::delivered_moved(conversation, &user, upto));
            }
            Outbound::Typing { conversation, user, active } => {
                self.say(0, encode::typing(conversation, &user, active));
            }
            Outbound::Presence(told) => self.say(0, Body::PresenceChanged(presence::presences(&told.views))),
            Outbound::Personal(seq, item) => self.say(0, Body::PersonalChange(encode::personal_change(seq, &item))),
            Outbound::Position(token) => self.say(0, Body::Position(v1::PositionSaved { token })),
            Outbound::Poke(position) => {
                // A position that was offered in the same moment must not follow: what it covers was dropped.
                if let State::Open(open) = &mut self.state {
                    open.poked = true;
                }
                self.say(0, Body::Poke(v1::Poke { position }));
            }
            Outbound::Head { conversation, seq, ordinal } => self.say(0, encode::head(conversation, seq, ordinal)),
        }
    }

    fn answered(&mut self, now: Monotonic, call: u64, result: Result<Answer, Failure>, turn: Option<Turn>) {
        let Some(open) = self.finished(now, call) else { return };
        if let Ok(Answer::Welcome(welcome)) = &result {
            open.wall = Wall { at: now, showed: welcome.server_time };
        }
        let session_id = open.session_id;
        match result {
            Ok(answer) => match self.written(call, encode::answer(session_id, &answer)) {
                Ok(bytes) => self.actions.transmit(Page::bytes(bytes, turn)),
                Err(failure) => self.fail(call, &failure),
            },
            Err(failure) => self.fail(call, &failure),
        }
    }

    fn refreshed(&mut self, now: Monotonic, call: u64, result: Result<Timestamp, Failure>) {
        let Some(open) = self.finished(now, call) else { return };
        match result {
            Ok(expires_at) => {
                open.expires = open.wall.moment(expires_at, now);
                self.say(call, Body::Done(v1::Done {}));
            }
            Err(failure) => self.fail(call, &failure),
        }
    }

    /// Strikes a call off; `None` when it is not in flight.
    fn finished(&mut self, now: Monotonic, call: u64) -> Option<&mut Open> {
        let State::Open(open) = &mut self.state else { return None };
        let at = self.calls.iter().position(|in_flight| *in_flight == call)?;
        if self.calls.len() >= CALLS_MAX as usize {
            open.heard = now; // While nothing was read, nothing could be heard.
        }
        self.calls.swap_remove(at);
        if self.calls.is_empty() {
            self.calls = Vec::new(); // An idle session holds no storage.
        }
        Some(open)
    }

    fn tick(&mut self, now: Monotonic) {
        let code = match &self.state {
            State::AwaitHello { .. } | State::Beginning { .. } | State::Open(_)
                if self.drained.is_some_and(|at| at <= now) =>
            {
                ErrorCode::ShuttingDown
            }
            State::AwaitHello { until } if *until <= now => ErrorCode::HelloTimeout,
            State::Beginning { until, .. } if *until <= now => ErrorCode::Overloaded,
            State::Open(open) if open.expires <= now => ErrorCode::TokenExpired,
            State::Open(open) if self.idle_deadline(open).is_some_and(|at| at <= now) => ErrorCode::IdleTimeout,
            State::New | State::AwaitHello { .. } | State::Beginning { .. } | State::Open(_) | State::Closing => return,
        };
        self.note = Some(Counted::Refused(code));
        self.close(code, code.meaning());
    }

    /// `None` while nothing is read.
    fn idle_deadline(&self, open: &Open) -> Option<Monotonic> {
        self.wants_input().then(|| open.heard.plus_ms(IDLE_TIMEOUT_MS))
    }

    fn say(&mut self, id: u64, body: Body) {
        match self.written(id, body) {
            Ok(bytes) => self.actions.transmit(bytes),
            Err(failure) => self.fail(id, &failure),
        }
    }

    /// A frame in bytes, unless it is larger than clients take.
    fn written(&self, id: u64, body: Body) -> Result<Bytes, Failure> {
        let bytes = encode::frame(self.kind, &Frame { id, body: Some(body) });
        if bytes.len() > FRAME_BYTES_MAX {
            tracing::error!(frame.bytes = bytes.len(), "A frame of {} bytes is over the limit", bytes.len());
            return Err(Failure::new(ErrorCode::Internal, "the answer is over the limit of a frame"));
        }
        Ok(bytes)
    }

    /// Answers with an error; the connection goes on.
    fn fail(&mut self, id: u64, failure: &Failure) {
        self.say(id, encode::error(failure));
    }

    /// Refuses by a rule of the protocol; the connection goes on.
    fn reject(&mut self, id: u64, failure: &Failure) {
        self.note = Some(Counted::Refused(failure.code));
        self.fail(id, failure);
    }

    /// Refuses by a rule of the protocol and ends the connection.
    fn refuse(&mut self, id: u64, failure: Failure) {
        self.reject(id, &failure);
        self.close(failure.code, &failure.message);
    }

    fn close(&mut self, code: ErrorCode, message: &str) {
        self.say(0, encode::closing(code, message));
        self.actions.push(Action::Close { code: close_code(code), reason: code.as_str().into() });
        self.leave();
    }

    fn leave(&mut self) {
        self.state = State::Closing;
        self.calls = Vec::new();
    }
}

impl SessionMachine for NativeSession {
    type Call = Call;
    type Event = Outbound;

    fn handle(&mut self, now: Monotonic, input: Input<'_, Outbound>) {
        if let State::New = self.state {
            self.state = State::AwaitHello { until: now.plus_ms(HELLO_TIMEOUT_MS) };
        }
        match (&self.state, input) {
            (State::Closing, _) => {}
            (_, Input::Message { kind, bytes }) => self.message(now, kind, bytes),
            (_, Input::Event(outbound)) => self.event(now, outbound),
            (_, Input::Tick) => self.tick(now),
            (_, Input::Shutdown { after_ms, spread_ms }) => {
                self.say(0, encode::go_away(after_ms, spread_ms));
                self.drained = Some(now.plus_ms(after_ms.saturating_add(spread_ms)).plus_ms(DRAIN_GRACE_MS));
            }
            (_, Input::PeerClosed) => self.leave(),
        }
    }

    fn poll_action(&mut self) -> Option<Action<Call>> {
        self.actions.pop()
    }

    fn deadline(&self) -> Option<Monotonic> {
        let at = match &self.state {
            State::New => Monotonic(0),
            State::AwaitHello { until } | State::Beginning { until, .. } => *until,
            State::Open(open) => self.idle_deadline(open).map_or(open.expires, |idle| idle.min(open.expires)),
            State::Closing => return None,
        };
        Some(self.drained.map_or(at, |drained| drained.min(at)))
    }

    fn wants_input(&self) -> bool {
        match &self.state {
            State::New | State::AwaitHello { .. } => true,
            State::Open(_) => self.calls.len() < CALLS_MAX as usize,
            State::Beginning { .. } | State::Closing => false,
        }
    }

    fn calls_in_flight(&self) -> usize {
        self.calls.len()
    }

    fn take_note(&mut self) -> Option<Note> {
        Some(match self.note.take()? {
            Counted::Refused(code) => Note::Refused(code.as_str()),
            Counted::Dropped => Note::Dropped,
        })
    }

    fn message_bytes_max(&self) -> usize {
        match &self.state {
            State::New | State::AwaitHello { .. } => OTHER_FRAME_BYTES_MAX,
            State::Beginning { .. } | State::Open(_) | State::Closing => FRAME_BYTES_MAX,
        }
    }
}

/// How a reason is shown to a WebSocket that looks at nothing but the close frame.
fn close_code(code: ErrorCode) -> CloseCode {
    match code {
        ErrorCode::Malformed => CloseCode::InvalidPayload,
        ErrorCode::TooLarge => CloseCode::TooBig,
        ErrorCode::ShuttingDown => CloseCode::GoingAway,
        ErrorCode::Internal => CloseCode::Internal,
        // The table grows, and whatever else ends a session is a rule that the peer did not keep.
        _ => CloseCode::Policy,
    }
}
