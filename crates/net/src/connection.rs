//! The one loop that drives every connection: any stream, any framing, any machine.
//!
//! A round: wait for one thing, then take all that is there, let the machine act on it, and write what came of it in one
//! socket write. While the socket does not take that write nothing else is read or taken, so the bounded queue of events
//! fills, and whoever offers more learns that the peer is slow.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tracing::debug;

use crate::admission::Permit;
use crate::drain::{Drain, DrainPlan};
use crate::events::{EventQueue, event_queue_in};
use crate::framing::{Decoded, Framing, Item, Violation};
use crate::machine::{Action, CloseCode, Input, Note, PeerInfo, Service, SessionMachine};
use crate::metrics::{Metrics, OpenConnection};
use crate::pool::ReadBuffer;
use crate::time::{Origin, Timer};
use crate::wire::{Wire, WriteError};

/// No more events are taken into a round once this many bytes wait to be written.
pub const ROUND_BYTES_MAX: usize = 64 * 1024;

/// What all connections of a listener share.
#[derive(Debug)]
pub struct ConnectionContext<S> {
    /// Takes the calls.
    pub service: Arc<S>,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// The start of monotonic time.
    pub origin: Origin,
    /// Tells when the server ends.
    pub drain: Arc<Drain>,
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The peer closed, or the socket broke.
    ByPeer,
    /// The machine asked for it.
    ByMachine(CloseCode),
    /// The peer broke the framing.
    Violation(CloseCode),
    /// The peer did not read within [`WRITE_DEADLINE`](crate::wire::WRITE_DEADLINE).
    SlowReader,
    /// The server drained and the deadline passed.
    Drained,
}

/// A peer that is there, before its connection is opened.
#[derive(Debug)]
pub struct Arrival<T> {
    /// Its bytes.
    pub stream: T,
    /// Who it is.
    pub peer: PeerInfo,
    /// Bytes that were read from the stream before.
    pub early: Bytes,
    /// Its place among the connections of the server, given back at the end.
    pub permit: Option<Arc<Permit>>,
}

impl<T> Arrival<T> {
    /// A peer of which nothing was read, and which takes nobody's place.
    pub fn new(stream: T, peer: PeerInfo) -> Self {
        Self { stream, peer, early: Bytes::new(), permit: None }
    }
}

/// Opens a connection and drives it to its end.
pub fn serve<T, F, M, S>(
    arrival: Arrival<T>,
    framing: F,
    context: Arc<ConnectionContext<S>>,
) -> impl Future<Output = Ended> + Send + use<T, F, M, S>
where
    T: AsyncRead + AsyncWrite + Unpin + Send,
    F: Framing,
    M: SessionMachine,
    S: Service<M>,
{
    // All state is made here and used in place: what an async function takes as arguments it would hold twice.
    let Arrival { stream, peer, early, permit } = arrival;
    let (sink, events) = event_queue_in(context.metrics.event_overflows.clone(), context.metrics.queued.clone());
    let open = OpenConnection::new(context.metrics.open(peer.transport));
    let (machine, service_part) = context.service.open(peer, sink);
    let (calls, paused) = (0, false);
    let held =
        Held { machine, service_part: Some(service_part), events, open: Some(open), calls, paused, permit, context };
    let mut connection = Connection { wire: Wire::new(stream, framing, &early), held, ended: None };
    async move {
        let ended = connection.run().await;
        debug!(ended = ?ended, transport = ?peer.transport, "Connection ended");
        // For the service it is over before the socket has lingered.
        connection.held.close();
        Box::pin(connection.wire.finish()).await;
        ended
    }
}

/// The connection loop's state.
struct Connection<T, F, M: SessionMachine, S: Service<M>> {
    wire: Wire<T, F>,
    held: Held<M, S>,
    ended: Option<Ended>,
}

/// What the service must be told the end of; dropping it does, also when the task panics.
struct Held<M: SessionMachine, S: Service<M>> {
    machine: M,
    service_part: Option<S::Connection>,
    events: EventQueue<M::Event>,
    open: Option<OpenConnection>,
    /// Calls in flight, as the gauge has them.
    calls: u32,
    /// Whether it is not read because of them, as the gauge has it.
    paused: bool,
    /// Kept until the socket is closed.
    #[expect(dead_code, reason = "it is there to be dropped")]
    permit: Option<Arc<Permit>>,
    context: Arc<ConnectionContext<S>>,
}

impl<M: SessionMachine, S: Service<M>> Held<M, S> {
    /// Shows how many calls are in flight, and whether the socket is not read because of them.
    fn show_calls(&mut self) {
        let calls = self.machine.calls_in_flight();
        // While a session begins nothing is read either, but that is no bound which was reached.
        let paused = calls > 0 && !self.machine.wants_input();
        self.show(u32::try_from(calls).unwrap_or(u32::MAX), paused);
    }

    fn show(&mut self, calls: u32, paused: bool) {
        let metrics = &self.context.metrics;
        if calls != self.calls {
            metrics.calls_in_flight.inc_by(i64::from(calls) - i64::from(self.calls));
            self.calls = calls;
        }
        if paused != self.paused {
            metrics.paused.inc_by(if paused { 1 } else { -1 });
            metrics.read_pauses.inc_by(u64::from(paused));
            self.paused = paused;
        }
    }

    fn close(&mut self) {
        self.show(0, false);
        self.events.close();
        self.open = None;
        if let Some(service_part) = self.service_part.take() {
            self.context.service.closed(service_part);
        }
    }
}

impl<M: SessionMachine, S: Service<M>> Drop for Held<M, S> {
    fn drop(&mut self) {
        self.close();
    }
}

/// What one wait brought.
enum Wake<E> {
    Shutdown,
    Deadline,
    Read(ReadBuffer, usize),
    Gone,
    Event(E),
}

impl<T, F, M, S> Connection<T, F, M, S>
where
    T: AsyncRead + AsyncWrite + Unpin,
    F: Framing,
    M: SessionMachine,
    S: Service<M>,
{
    async fn run(&mut self) -> Ended {
        let drain = self.held.context.drain.clone();
        let mut ear = pin!(drain.begun());
        let mut registered = None;
        let mut told = false;
        let mut timer = Timer::default();
        loop {
            self.take_all();
            self.held.show_calls();
            self.flush().await;
            if let Some(ended) = self.ended {
                return ended;
            }
            let wake = poll_fn(|cx| {
                // The order is the priority. What is rare goes first, and cannot starve the rest. The socket goes before
                // the events because every round takes all events anyway, so neither starves the other.
                if !told && drain.poll_begun(cx, ear.as_mut(), &mut registered).is_ready() {
                    return Poll::Ready(Wake::Shutdown);
                }
                let deadline = [self.deadline(), drain.deadline()].into_iter().flatten().min();
                if timer.poll(cx, deadline).is_ready() {
                    return Poll::Ready(Wake::Deadline);
                }
                if self.held.machine.wants_input()
                    && let Poll::Ready(read) = self.wire.poll_read(cx)
                {
                    return Poll::Ready(read.map_or(Wake::Gone, |(buffer, n)| Wake::Read(buffer, n)));
                }
                self.held.events.poll_next(cx).map(Wake::Event)
            });
            match wake.await {
                Wake::Shutdown => {
                    told = true;
                    let DrainPlan { after_ms, spread_ms, .. } = drain.plan();
                    self.give(Input::Shutdown { after_ms, spread_ms });
                }
                Wake::Deadline if drain.deadline().is_some_and(|at| at <= Instant::now()) => {
                    self.close(Ended::Drained, CloseCode::GoingAway, "server shuts down");
                }
                Wake::Deadline => self.give(Input::Tick),
                Wake::Read(buffer, n) => self.take_read(buffer, n),
                Wake::Gone => {
                    self.wire.give_up();
                    self.end(Ended::ByPeer);
                }
                Wake::Event(event) => self.give(Input::Event(event)),
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.held.machine.deadline().map(|at| self.held.context.origin.instant(at))
    }

    /// Takes events and bytes that are there, until nothing is left or enough waits to be written.
    fn take_all(&mut self) {
        self.take_unread();
        while self.ended.is_none() && self.wire.outbound.len() < ROUND_BYTES_MAX {
            let Some(event) = self.held.events.try_next() else { return };
            self.give(Input::Event(event));
            self.take_unread(); // The machine may have room for input again.
        }
    }

    /// Takes what a read brought; keeps what the machine does not want yet.
    fn take_read(&mut self, mut buffer: ReadBuffer, n: usize) {
        self.held.context.metrics.bytes_in.inc_by(n as u64);
        let taken = self.take_input(&mut buffer[..n]);
        self.wire.unread.keep(&buffer[taken..n]);
    }

    fn take_unread(&mut self) {
        if self.wire.unread.is_empty() || self.ended.is_some() || !self.held.machine.wants_input() {
            return;
        }
        let mut unread = std::mem::take(&mut self.wire.unread);
        let taken = self.take_input(unread.rest());
        self.wire.unread = unread.without(taken);
    }

    /// Gives messages to the machine while it wants them; answers how many bytes are done with.
    fn take_input(&mut self, mut input: &mut [u8]) -> usize {
        let all = input.len();
        let mut messages = 0;
        while !input.is_empty() && self.ended.is_none() && self.held.machine.wants_input() {
            let rest = input;
            let max = self.held.machine.message_bytes_max();
            let consumed = match self.wire.framing.decode(rest, max, &mut self.wire.outbound) {
                Ok(Decoded { consumed, item }) => {
                    match item {
                        Some(Item::Message { kind, bytes }) => {
                            messages += 1;
                            self.give(Input::Message { kind, bytes: &bytes });
                        }
                        Some(Item::Closed) => self.end(Ended::ByPeer), // Our answer is on its way out.
                        None => {}
                    }
                    consumed
                }
                Err(violation) => {
                    self.refuse(violation);
                    0
                }
            };
            input = &mut rest[consumed..];
        }
        self.held.context.metrics.frames_in.inc_by(messages);
        all - input.len()
    }

    fn refuse(&mut self, violation: Violation) {
        let metrics = &self.held.context.metrics;
        metrics.protocol_errors.inc();
        if violation.code == CloseCode::TooBig {
            metrics.oversized.inc();
        }
        self.close(Ended::Violation(violation.code), violation.code, violation.reason);
    }

    /// Ends the connection from our side, without having been asked by the machine.
    fn close(&mut self, ended: Ended, code: CloseCode, reason: &str) {
        self.wire.framing.encode_close(code, reason, &mut self.wire.outbound);
        self.end(ended);
    }

    /// Ends the connection, and lets the machine hand over its last calls.
    fn end(&mut self, ended: Ended) {
        if self.ended.is_none() {
            self.ended = Some(ended);
            self.give(Input::PeerClosed);
        }
    }

    /// Gives the machine one input and does what it wants done.
    fn give(&mut self, input: Input<'_, M::Event>) {
        let held = &mut self.held;
        held.machine.handle(held.context.origin.now(), input);
        match held.machine.take_note() {
            None => {}
            Some(Note::Refused(code)) => held.context.metrics.refused(code),
            Some(Note::Dropped) => _ = held.context.metrics.event_overflows.inc(),
        }
        while let Some(action) = held.machine.poll_action() {
            match action {
                Action::Call(call) => {
                    if let Some(service_part) = &mut held.service_part {
                        held.context.service.call(service_part, call);
                    }
                }
                // Nothing is said after a goodbye.
                Action::Transmit { .. } | Action::Close { .. } if self.ended.is_some() => {}
                Action::Transmit { kind, bytes } => self.wire.framing.encode(kind, bytes, &mut self.wire.outbound),
                Action::Close { code, reason } => {
                    self.wire.framing.encode_close(code, &reason, &mut self.wire.outbound);
                    self.ended = Some(Ended::ByMachine(code));
                    return;
                }
            }
        }
    }

    /// Writes all that waits. In the usual case the socket takes it at once, which needs neither timer nor memory.
    async fn flush(&mut self) {
        if self.wire.outbound.is_empty() {
            return;
        }
        let metrics = &self.held.context.metrics;
        let frames = self.wire.outbound.frames();
        metrics.frames_per_write.observe(frames);
        metrics.frames_out.inc_by(u64::from(frames));
        metrics.bytes_out.inc_by(self.wire.outbound.len() as u64);
        let written = match poll_fn(|cx| Poll::Ready(self.wire.poll_write(cx))).await {
            Poll::Ready(written) => written,
            Poll::Pending => Box::pin(self.wire.write_slowly(&self.held.context.drain)).await,
        };
        let Err(error) = written else { return };
        let ended = match error {
            WriteError::Slow => {
                self.held.context.metrics.write_deadline_closes.inc();
                Ended::SlowReader
            }
            WriteError::Drained => Ended::Drained,
            WriteError::Gone => Ended::ByPeer,
        };
        self.wire.give_up();
        self.end(ended);
    }
}
