//! The side of a pair that sends: keeps as much in flight as the phase wants, and checks every acknowledgement.

use crate::check::{self, Flight, Flights};
use crate::link::{self, Link};
use crate::message::{Body, SendParts, SendTemplate, Which};
use crate::phase::{Pace, Stage};
use crate::scan::{self, Seen};
use anyhow::{Context as _, bail};
use std::time::Duration;
use stonechat_types::limits::CALLS_MAX;
use stonechat_wire::v1::{self, frame, send_message::To};

/// Calls in flight of an open loop; one stays free for a pull.
const IN_FLIGHT_MAX: usize = CALLS_MAX as usize - 1;
/// Pause before a refused send is sent again, when the server names none.
const RETRY_MS: u64 = 20;

/// One conversation of a sender.
#[derive(Debug)]
pub struct Lane {
    /// Its number in the load.
    pub index: u32,
    /// Its place among those of the thread.
    pub place: usize,
    template: SendTemplate,
    first_seq: u64,
    next: u64,
}

/// One sending user.
#[derive(Debug)]
pub struct Sender {
    link: Link,
    /// Its number in the load.
    pair: usize,
    /// Its place in the thread.
    place: usize,
    lanes: Vec<Lane>,
    next_lane: usize,
    flights: Flights,
    refused: Vec<Flight>,
    retry_at_ns: u64,
    body: Body,
}

/// Which sender.
#[derive(Clone, Copy, Debug)]
pub struct SenderPlace {
    /// Its number in the load.
    pub pair: usize,
    /// Its place in the thread.
    pub place: usize,
}

impl Sender {
    /// A sender without conversations.
    #[must_use]
    pub fn new(link: Link, at: SenderPlace, body: Body) -> Self {
        Self {
            link,
            pair: at.pair,
            place: at.place,
            lanes: Vec::new(),
            next_lane: 0,
            flights: Flights::default(),
            refused: Vec::new(),
            retry_at_ns: 0,
            body,
        }
    }

    /// Begins a conversation with its message 0, which tells both sides what they need to know.
    ///
    /// # Errors
    /// When the server refuses it.
    pub async fn open_lane(&mut self, to: &str, index: u32, place: usize, message_id: [u8; 16]) -> anyhow::Result<()> {
        let send = v1::SendMessage {
            to: Some(To::UserId(to.into())),
            client_msg_id: message_id.to_vec().into(),
            body_type: "text".into(),
            body: self.body.with(0, 0).to_vec().into(),
            ..v1::SendMessage::default()
        };
        let answer = self.link.call(frame::Body::Send(send)).await;
        match answer.with_context(|| format!("could not begin a conversation with {to}"))? {
            frame::Body::Sent(sent) => {
                let template = SendTemplate::new(&sent.conversation_id);
                self.lanes.push(Lane { index, place, template, first_seq: sent.seq, next: 1 });
                Ok(())
            }
            other => bail!("the server answered a send with {other:?}"),
        }
    }

    /// Sends until the phase ends and everything is acknowledged.
    ///
    /// # Errors
    /// When the server breaks a promise or the connection.
    pub async fn run(mut self, stage: &Stage) -> anyhow::Result<Self> {
        let mut begun = 0;
        loop {
            let now = stage.clock.now_ns();
            self.fill(stage, now, &mut begun);
            self.link.flush().await?;
            if now >= stage.phase.end_ns && self.flights.is_empty() && self.refused.is_empty() {
                return Ok(self);
            }
            self.wait(stage).await?;
            self.look(stage)?;
        }
    }

    async fn wait(&mut self, stage: &Stage) -> anyhow::Result<()> {
        if self.flights.is_empty() && !self.refused.is_empty() {
            let at = stage.clock.instant(self.retry_at_ns);
            tokio::time::sleep_until(at.into()).await;
            return Ok(());
        }
        match stage.phase.pace {
            Pace::Closed { .. } => self.link.read_more().await,
            Pace::Open(_) => tokio::select! {
                biased;
                () = stage.due[self.place].notified() => Ok(()),
                read = self.link.read_more() => read,
            },
        }
    }

    fn fill(&mut self, stage: &Stage, now: u64, begun: &mut u64) {
        if !self.refused.is_empty() {
            // In order and after all answers, as the protocol wants it.
            if self.flights.is_empty() && now >= self.retry_at_ns {
                self.refused.sort_by_key(|flight| (flight.which.lane, flight.which.number));
                for flight in std::mem::take(&mut self.refused) {
                    self.send(stage, flight.which, flight.begun_ns);
                }
            }
            return;
        }
        loop {
            let begins = match stage.phase.pace {
                Pace::Closed { in_flight } if self.flights.len() < in_flight => now,
                Pace::Open(schedule) if self.flights.len() < IN_FLIGHT_MAX => schedule.begins_ns(self.pair, *begun),
                Pace::Closed { .. } | Pace::Open(_) => return,
            };
            if begins > now || begins >= stage.phase.end_ns {
                return;
            }
            *begun += 1;
            let lane = &mut self.lanes[self.next_lane];
            let which = Which { lane: lane.index, number: lane.next };
            lane.next += 1;
            stage.sent[lane.place].set(which.number);
            self.send(stage, which, begins);
            self.next_lane = (self.next_lane + 1) % self.lanes.len();
        }
    }

    fn send(&mut self, stage: &Stage, which: Which, begun_ns: u64) {
        let Some(lane) = self.lanes.iter().find(|lane| lane.index == which.lane) else { return };
        // Of the phase's begin, so that ids grow with the number whatever is sent again.
        let message_id = which.message_id(stage.clock.unix_ms(stage.phase.end_ns), stage.run);
        let after = self.flights.last_of(which.lane);
        let call = self.link.next_call();
        let body = self.body.with(which.number, begun_ns);
        let parts = SendParts { call, message_id: &message_id, after: after.as_ref(), body };
        self.link.outbox.put(|out| lane.template.put(out, parts));
        self.flights.begin(Flight { call, which, message_id, begun_ns });
    }

    fn look(&mut self, stage: &Stage) -> anyhow::Result<()> {
        let now = stage.clock.now_ns();
        let mut acked = 0;
        while let Some(range) = self.link.next_frame()? {
            let bytes = self.link.inbox.frame(range);
            match scan::frame(bytes) {
                Ok(Seen::Sent { call, sent }) => {
                    let flight = self.flights.end(call)?;
                    let lane = self.lanes.iter().find(|lane| lane.index == flight.which.lane);
                    check::acknowledged(flight.which, lane.map_or(0, |lane| lane.first_seq), sent)?;
                    stage.recorder.borrow_mut().acked(flight.begun_ns, now);
                    acked += 1;
                }
                Ok(Seen::Event(_) | Seen::Position) => {} // Our own message, which the receiver checks.
                Ok(Seen::Other) | Err(_) => {
                    let frame = link::decode(bytes)?;
                    self.other(stage, now, frame)?;
                }
            }
        }
        stage.reached(acked, 0);
        Ok(())
    }

    fn other(&mut self, stage: &Stage, now: u64, frame: v1::Frame) -> anyhow::Result<()> {
        match frame.body {
            Some(frame::Body::Error(error)) if again(&error.code) => {
                let flight = self.flights.end(frame.id)?;
                self.refused.push(flight);
                let pause_ms = u64::from(error.retry_after_ms).max(RETRY_MS);
                self.retry_at_ns = now + Duration::from_millis(pause_ms).as_nanos() as u64;
                stage.recorder.borrow_mut().refused += 1;
            }
            Some(frame::Body::Error(error)) => bail!("a send was refused: {} {}", error.code, error.message),
            Some(frame::Body::Closing(closing)) => bail!("the server closes: {} {}", closing.code, closing.message),
            // Without the pull the server would be spared our own messages for the rest of the load.
            Some(frame::Body::Poke(poke)) => {
                stage.recorder.borrow_mut().pokes += 1;
                self.link.put(frame::Body::Pull(v1::Pull { position: poke.position, window: 0 }));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Refusals that pass.
fn again(code: &str) -> bool {
    matches!(code, "overloaded" | "rate_limited" | "retry_in_order" | "too_many_calls")
}
