//! The side of a pair that receives: checks that every message arrives once and in order. When the server tells it to
//! pull, it catches up as the protocol says, and checks what it fetches the same way.

use crate::check::{Deliveries, Fault};
use crate::link::{self, Link};
use crate::message::Body;
use crate::phase::Stage;
use crate::scan::{self, EventView, Seen};
use anyhow::bail;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::time::Duration;
use stonechat_wire::v1::{self, frame};

/// A receiver says nothing else, and the server ends who is silent.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// One receiving user.
#[derive(Debug)]
pub struct Receiver {
    link: Link,
    deliveries: Deliveries,
    body: Body,
    /// Places in the thread of the conversations that end here.
    lanes: Vec<usize>,
    position: Bytes,
    catch_up: Option<CatchUp>,
    /// Up to where was fetched, by conversation: live events may overlap with it.
    fetched: BTreeMap<String, u64>,
}

#[derive(Debug)]
struct CatchUp {
    call: u64,
    /// Conversations to fetch; the last is being fetched.
    waiting: Vec<String>,
    /// A live event came too early to be applied.
    passed_over: Vec<String>,
}

impl Receiver {
    /// A receiver that has just signed in.
    #[must_use]
    pub fn new(link: Link, position: Bytes, body: Body, lanes: Vec<usize>) -> Self {
        let deliveries = Deliveries::default();
        Self { link, deliveries, body, lanes, position, catch_up: None, fetched: BTreeMap::new() }
    }

    /// Receives until all is here that was sent.
    ///
    /// # Errors
    /// When the server breaks a promise or the connection.
    pub async fn run(mut self, stage: &Stage) -> anyhow::Result<Self> {
        let mut all_acked = false;
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        loop {
            self.look(stage)?;
            self.link.flush().await?;
            if all_acked && self.catch_up.is_none() && self.missing(stage) == 0 {
                return Ok(self);
            }
            tokio::select! {
                biased;
                read = self.link.read_more() => read?,
                () = stage.all_acked.cancelled(), if !all_acked => all_acked = true,
                _ = heartbeat.tick() => drop(self.link.put(frame::Body::Ping(v1::Ping {}))),
            }
        }
    }

    fn missing(&self, stage: &Stage) -> u64 {
        let sent: u64 = self.lanes.iter().map(|lane| stage.sent[*lane].get()).sum();
        sent.saturating_sub(self.deliveries.count())
    }

    fn look(&mut self, stage: &Stage) -> anyhow::Result<()> {
        let now = stage.clock.now_ns();
        let mut delivered = 0;
        while let Some(range) = self.link.next_frame()? {
            let bytes = self.link.inbox.frame(range);
            match scan::frame(bytes) {
                Ok(Seen::Event(event)) => {
                    if self.catch_up.is_some() || !self.fetched.is_empty() {
                        if !known_to_overlap(&event, &self.deliveries, &self.fetched, &mut self.catch_up) {
                            delivered += deliver(&mut self.deliveries, &event, &self.body, (stage, now))?;
                        }
                    } else {
                        delivered += deliver(&mut self.deliveries, &event, &self.body, (stage, now))?;
                    }
                }
                Ok(Seen::Sent { call, .. }) => return Err(Fault::UnknownAnswer { call }.into()),
                Ok(Seen::Position | Seen::Other) | Err(_) => {
                    let frame = link::decode(bytes)?;
                    delivered += self.other(stage, now, frame)?;
                }
            }
        }
        stage.reached(0, delivered);
        Ok(())
    }

    fn other(&mut self, stage: &Stage, now: u64, frame: v1::Frame) -> anyhow::Result<u64> {
        let answers = self.catch_up.as_ref().is_some_and(|catch_up| catch_up.call == frame.id);
        match frame.body {
            Some(frame::Body::Position(position)) if self.catch_up.is_none() => self.position = position.token,
            Some(frame::Body::Poke(_)) => {
                stage.recorder.borrow_mut().pokes += 1;
                let pull = v1::Pull { position: self.position.clone(), window: 0 };
                let call = self.link.put(frame::Body::Pull(pull));
                self.catch_up = Some(CatchUp { call, waiting: Vec::new(), passed_over: Vec::new() });
            }
            Some(frame::Body::Welcome(welcome)) if answers => {
                self.position = welcome.position;
                let behind = welcome.conversations.into_iter().filter(|conversation| {
                    let last = self.deliveries.last_seq(conversation.conversation_id.as_bytes());
                    last.is_some_and(|last| conversation.head_seq > last)
                });
                let behind = behind.map(|conversation| conversation.conversation_id).collect();
                self.fetch(behind);
            }
            Some(frame::Body::Events(events)) if answers => return self.fetched(stage, now, &events),
            Some(frame::Body::Error(error)) => bail!("a receiver's call failed: {} {}", error.code, error.message),
            Some(frame::Body::Closing(closing)) => bail!("the server closes: {} {}", closing.code, closing.message),
            _ => {}
        }
        Ok(0)
    }

    fn fetch(&mut self, waiting: Vec<String>) {
        let Some(catch_up) = &mut self.catch_up else { return };
        catch_up.waiting = waiting;
        if catch_up.waiting.is_empty() {
            catch_up.waiting = std::mem::take(&mut catch_up.passed_over);
        }
        let Some(conversation_id) = catch_up.waiting.last().cloned() else {
            self.catch_up = None;
            return;
        };
        let after_seq = self.deliveries.last_seq(conversation_id.as_bytes()).unwrap_or(0);
        let fetch = v1::FetchEvents { conversation_id, after_seq, limit: 0 };
        catch_up.call = self.link.put(frame::Body::FetchEvents(fetch));
    }

    fn fetched(&mut self, stage: &Stage, now: u64, events: &v1::Events) -> anyhow::Result<u64> {
        if events.jump || !events.hidden.is_empty() {
            bail!("a receiver fell so far behind {} that the server sends it no more", events.conversation_id);
        }
        let mut delivered = 0;
        for event in &events.events {
            let view = EventView {
                conversation: event.conversation_id.as_bytes(),
                seq: event.seq,
                kind: event.kind.as_bytes(),
                client_msg_id: &event.client_msg_id,
                body: &event.body,
            };
            if self.deliveries.last_seq(view.conversation).is_none_or(|last| view.seq > last) {
                delivered += deliver(&mut self.deliveries, &view, &self.body, (stage, now))?;
            }
        }
        self.fetched.insert(events.conversation_id.clone(), events.upto_seq);
        let mut waiting = self.catch_up.as_mut().map(|catch_up| std::mem::take(&mut catch_up.waiting));
        if !events.more {
            waiting.as_mut().map(Vec::pop);
        }
        self.fetch(waiting.unwrap_or_default());
        Ok(delivered)
    }
}

fn deliver(
    deliveries: &mut Deliveries,
    event: &EventView<'_>,
    body: &Body,
    (stage, now): (&Stage, u64),
) -> Result<u64, Fault> {
    let begun_ns = deliveries.check(event, body)?;
    if begun_ns == 0 {
        return Ok(0); // The first of a conversation, before the load.
    }
    stage.recorder.borrow_mut().delivered(begun_ns, now);
    Ok(1)
}

/// Whether a live event is to be passed over: it was fetched before, or comes before what is being fetched.
fn known_to_overlap(
    event: &EventView<'_>,
    deliveries: &Deliveries,
    fetched: &BTreeMap<String, u64>,
    catch_up: &mut Option<CatchUp>,
) -> bool {
    let Ok(conversation) = std::str::from_utf8(event.conversation) else { return false };
    let last = deliveries.last_seq(event.conversation).unwrap_or(0);
    if event.seq <= last {
        return catch_up.is_some() || fetched.get(conversation).is_some_and(|upto| event.seq <= *upto);
    }
    let Some(catch_up) = catch_up.as_mut().filter(|_| event.seq > last + 1 && last > 0) else { return false };
    if !catch_up.passed_over.iter().any(|known| known == conversation) {
        catch_up.passed_over.push(conversation.into());
    }
    true
}
