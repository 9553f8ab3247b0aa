//! Whatever comes in, in whatever order, the promises of the machine hold.

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use stonechat_app::api::{Answer, Failure, Outbound};
use stonechat_app::live::LiveEvent;
use stonechat_net::machine::{Input, MessageKind, SessionMachine};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::limits::CALLS_MAX;
use stonechat_wire::v1::{Frame, frame::Body};

use super::{BOTH, Did, Driver, START_WALL, hello, samples, send_frame, text_send};
use crate::encode;
use crate::session::Call;

#[derive(Clone, Debug)]
enum Step {
    Bytes(Vec<u8>),
    /// Any frame of the samples, under any id.
    Frame(usize, u64),
    /// A call that is taken when there is room.
    Send(u64),
    Hello,
    /// The application answers the hello.
    Begun,
    Refused,
    /// The application answers a call in flight, or one that is not.
    Answer(usize, Outcome),
    Stray(u64),
    Live,
    Close,
    Shutdown,
    PeerClosed,
    /// So many milliseconds pass, then a tick.
    Tick(u64),
}

#[derive(Clone, Copy, Debug)]
enum Outcome {
    Done,
    Failed,
}

fn step() -> impl Strategy<Value = Step> {
    let outcome = prop_oneof![Just(Outcome::Done), Just(Outcome::Failed)];
    prop_oneof![
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Step::Bytes),
        4 => (0usize..42, 0u64..60).prop_map(|(which, id)| Step::Frame(which, id)),
        24 => (2u64..60).prop_map(Step::Send),
        4 => Just(Step::Hello),
        4 => Just(Step::Begun),
        1 => Just(Step::Refused),
        12 => (0usize..40, outcome).prop_map(|(which, outcome)| Step::Answer(which, outcome)),
        2 => (0u64..60).prop_map(Step::Stray),
        6 => Just(Step::Live),
        1 => Just(Step::Close),
        1 => Just(Step::Shutdown),
        1 => Just(Step::PeerClosed),
        4 => (0u64..30_000).prop_map(Step::Tick),
    ]
}

/// What an observer of a machine knows.
#[derive(Default)]
struct Observer {
    /// Calls handed over and not answered, with how often the client was answered meanwhile.
    in_flight: BTreeMap<u64, Request>,
    beginning: bool,
    closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Request {
    Call,
    Refresh,
}

impl Observer {
    /// Checks what a machine did; `answered` is the call whose answer it was just given.
    fn watch(&mut self, did: &[Did], answered: Option<u64>) -> Result<(), TestCaseError> {
        let mut answers = 0;
        for did in did {
            prop_assert!(!self.closed, "nothing follows the goodbye: {did:?}");
            match did {
                Did::Asked(Call::Begin(_)) => self.beginning = true,
                Did::Asked(Call::Call { call: 0, .. }) => {}
                Did::Asked(Call::Call { call, .. }) => {
                    prop_assert!(self.in_flight.insert(*call, Request::Call).is_none(), "{call} is in flight");
                }
                Did::Asked(Call::Refresh { call, .. }) => {
                    prop_assert!(self.in_flight.insert(*call, Request::Refresh).is_none(), "{call} is in flight");
                }
                Did::Said(Frame { id, .. }) if answered == Some(*id) => answers += 1,
                Did::Said(Frame { id, .. }) => {
                    prop_assert!(!self.in_flight.contains_key(id), "{id} is answered, and by nobody");
                }
                Did::Closed(..) => self.closed = true,
            }
        }
        prop_assert!(self.in_flight.len() <= CALLS_MAX as usize);
        if answered.is_some() && !self.closed {
            prop_assert_eq!(answers, 1);
        }
        Ok(())
    }
}

fn run(kind: MessageKind, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut driver = Driver::new(kind);
    let mut observer = Observer::default();
    let all = samples::all();
    for step in steps {
        let mut answered = None;
        // As the connection loop: no message while none is wanted.
        let readable = driver.machine.wants_input();
        let did = match step {
            Step::Bytes(_) | Step::Frame(..) | Step::Send(_) | Step::Hello if !readable => continue,
            Step::Bytes(bytes) => driver.bytes(&bytes),
            Step::Frame(which, id) => driver.say(&Frame { id, body: all[which].body.clone() }),
            Step::Send(id) => driver.say(&send_frame(id, text_send("a"))),
            Step::Hello => driver.say(&hello(1)),
            Step::Begun if observer.beginning => {
                observer.beginning = false;
                driver.begun(START_WALL.plus_ms(40_000))
            }
            Step::Refused if observer.beginning => {
                observer.beginning = false;
                driver.tell(Outbound::Begun(Err(Failure::new(ErrorCode::Unauthenticated, "no"))))
            }
            Step::Begun | Step::Refused => continue,
            Step::Answer(which, outcome) => {
                let Some((call, request)) = observer.in_flight.iter().nth(which).map(|(c, r)| (*c, *r)) else {
                    continue;
                };
                observer.in_flight.remove(&call);
                answered = Some(call);
                let failure = Failure::new(ErrorCode::NotFound, "no");
                driver.tell(match (request, outcome) {
                    (Request::Call, Outcome::Done) => Outbound::Answer { call, result: Ok(Answer::Done), turn: None },
                    (Request::Call, Outcome::Failed) => Outbound::Answer { call, result: Err(failure), turn: None },
                    (Request::Refresh, Outcome::Done) => {
                        Outbound::Refreshed { call, result: Ok(START_WALL.plus_ms(90_000)) }
                    }
                    (Request::Refresh, Outcome::Failed) => Outbound::Refreshed { call, result: Err(failure) },
                })
            }
            Step::Stray(call) if observer.in_flight.contains_key(&call) => continue,
            Step::Stray(call) => {
                let did = driver.tell(Outbound::Answer { call, result: Ok(Answer::Done), turn: None });
                prop_assert!(did.iter().all(|did| !matches!(did, Did::Said(_))), "{:?}", did);
                did
            }
            Step::Live => driver.tell(Outbound::Event(Arc::new(LiveEvent::new(samples::message())))),
            Step::Close => driver.tell(Outbound::Close(ErrorCode::Replaced)),
            Step::Shutdown => driver.give(Input::Shutdown { after_ms: 1, spread_ms: 2 }),
            Step::PeerClosed => {
                let did = driver.give(Input::PeerClosed);
                prop_assert!(did.is_empty());
                observer.closed = true;
                did
            }
            Step::Tick(ms) => {
                driver.now = driver.now.plus_ms(ms);
                driver.tick()
            }
        };
        observer.watch(&did, answered)?;
        prop_assert!(!observer.closed || (driver.machine.deadline().is_none() && !driver.machine.wants_input()));
        prop_assert!(observer.in_flight.len() < CALLS_MAX as usize || !driver.machine.wants_input());
        let unmoved = driver.machine.deadline().filter(|at| *at <= driver.now);
        if let Some(at) = unmoved {
            prop_assert!(!driver.tick().is_empty(), "the deadline {at:?} has passed and nothing comes of it");
            observer.closed = true;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_promises_hold_from_the_first_byte(steps in prop::collection::vec(step(), 1..60)) {
        for kind in BOTH {
            run(kind, steps.clone())?;
        }
    }

    #[test]
    fn the_promises_hold_in_an_open_session(steps in prop::collection::vec(step(), 1..200)) {
        for kind in BOTH {
            run(kind, [vec![Step::Hello, Step::Begun], steps.clone()].concat())?;
        }
    }

    #[test]
    fn a_frame_of_any_content_is_read_as_it_was_written(
        id in any::<u64>(), token in ".{0,40}", key in prop::collection::vec(any::<u8>(), 0..20), n in any::<u64>(),
    ) {
        use stonechat_wire::v1::{Hello, MarkRead, SendMessage};
        let bodies = [
            Body::Hello(Hello { token: token.clone(), position: key.clone().into(), ..Hello::default() }),
            Body::Send(SendMessage { client_msg_id: key.into(), body_type: token.clone(), read_upto: n, ..Default::default() }),
            Body::MarkRead(MarkRead { conversation_id: token, upto_seq: n }),
        ];
        for body in bodies {
            let frame = Frame { id, body: Some(body) };
            for kind in BOTH {
                let read = crate::decode::frame(kind, &encode::frame(kind, &frame)).ok();
                prop_assert_eq!(read.as_ref(), Some(&frame));
            }
        }
    }
}
