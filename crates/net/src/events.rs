//! The queue of one connection: answers to its calls, and live events.
//!
//! It never waits: [`EventSink::offer`] answers `Overflow` and the caller decides. It allocates on use and frees when it
//! is empty, so that an idle connection holds little more than the lock.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use prometheus_client::metrics::counter::Counter;

use crate::metrics::QueueDepth;

/// The most live events that wait for one connection.
pub const LIVE_EVENTS_MAX: usize = 256;

/// The most bytes of live events that wait for one connection, by the weights that their senders gave. One event
/// always fits an empty queue, whatever its weight.
pub const LIVE_EVENT_BYTES_MAX: usize = 64 * 1024;

/// The steps in which a queue moves the gauges of all queues.
const SHOWN_EVENTS_STEP: usize = 16;
const SHOWN_BYTES_STEP: usize = 4 * 1024;

/// What became of an event that was offered.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// It will be handed to the machine.
    Queued,
    /// The peer is too slow: the event was not taken. The caller drops the queue by [`EventSink::replace`] and pokes.
    Overflow,
    /// The connection is gone.
    Closed,
}

/// Makes the queue of a connection. `overflows` counts the events that did not fit.
pub fn event_queue<E>(overflows: Counter) -> (EventSink<E>, EventQueue<E>) {
    event_queue_in(overflows, QueueDepth::default())
}

/// As [`event_queue`], with the gauges that it shares with other queues.
pub fn event_queue_in<E>(overflows: Counter, depth: QueueDepth) -> (EventSink<E>, EventQueue<E>) {
    let shared = Arc::new(Shared { overflows, depth, state: Mutex::new(State::new()) });
    (EventSink { shared: shared.clone() }, EventQueue { shared })
}

/// The end that events are put in: cheap to clone, usable from any thread, never waits.
pub struct EventSink<E> {
    shared: Arc<Shared<E>>,
}

impl<E> EventSink<E> {
    /// Offers a live event that will cost about `weight` bytes on the wire.
    pub fn offer(&self, event: E, weight: usize) -> Offer {
        let mut wakes = Wakes::default();
        self.offer_later(event, weight, &mut wakes)
    }

    /// As [`Self::offer`], but the connection wakes when `wakes` is dropped: whoever offers many events in one go has
    /// them leave in few socket writes.
    pub fn offer_later(&self, event: E, weight: usize, wakes: &mut Wakes) -> Offer {
        let mut state = self.shared.lock();
        if state.closed {
            return Offer::Closed;
        }
        if !state.fits(weight) {
            drop(state);
            self.shared.overflows.inc();
            return Offer::Overflow;
        }
        state.push_live(event, weight);
        state.show(&self.shared.depth);
        wakes.add(state.waker.take());
        Offer::Queued
    }

    /// Queues the answer to a call. Always fits: the machine bounds its calls in flight, and each has one answer. It
    /// goes before all live events.
    pub fn offer_control(&self, event: E) -> Offer {
        let mut wakes = Wakes::default();
        self.offer_control_later(event, &mut wakes)
    }

    /// As [`Self::offer_control`], but the connection wakes when `wakes` is dropped.
    pub fn offer_control_later(&self, event: E, wakes: &mut Wakes) -> Offer {
        let mut state = self.shared.lock();
        if state.closed {
            return Offer::Closed;
        }
        state.control.push_back(event);
        wakes.add(state.waker.take());
        Offer::Queued
    }

    /// Drops every live event that waits and queues this one in their place: the answer to an overflow.
    pub fn replace(&self, event: E, weight: usize) -> Offer {
        let mut wakes = Wakes::default();
        let mut state = self.shared.lock();
        if state.closed {
            return Offer::Closed;
        }
        let dropped = std::mem::take(&mut state.live);
        state.live_bytes = 0;
        state.push_live(event, weight);
        state.show(&self.shared.depth);
        wakes.add(state.waker.take());
        drop(state);
        drop(dropped); // Outside the lock: an event's own drop may be long.
        Offer::Queued
    }

    /// Whether the connection is gone.
    pub fn is_closed(&self) -> bool {
        self.shared.lock().closed
    }
}

impl<E> Clone for EventSink<E> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<E> std::fmt::Debug for EventSink<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventSink").finish_non_exhaustive()
    }
}

/// Connections to wake, once all that was offered to them is queued. Wakes on drop.
#[derive(Debug, Default)]
pub struct Wakes {
    first: Option<Waker>,
    more: Vec<Waker>,
}

impl Wakes {
    fn add(&mut self, waker: Option<Waker>) {
        if self.first.is_none() {
            self.first = waker;
        } else {
            self.more.extend(waker);
        }
    }
}

impl Drop for Wakes {
    fn drop(&mut self) {
        if let Some(waker) = self.first.take() {
            waker.wake();
        }
        for waker in self.more.drain(..) {
            waker.wake();
        }
    }
}

/// The end that the connection takes events from. Dropping it closes the queue.
#[derive(Debug)]
pub struct EventQueue<E> {
    shared: Arc<Shared<E>>,
}

impl<E> EventQueue<E> {
    /// The next event, answers first; registers the task when there is none.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<E> {
        let mut state = self.shared.lock();
        match state.pop(&self.shared.depth) {
            Some(event) => Poll::Ready(event),
            None => {
                match &mut state.waker {
                    Some(waker) => waker.clone_from(cx.waker()),
                    none => *none = Some(cx.waker().clone()),
                }
                Poll::Pending
            }
        }
    }

    /// The next event if one waits, answers first.
    pub fn try_next(&mut self) -> Option<E> {
        self.shared.lock().pop(&self.shared.depth)
    }
}

impl<E> EventQueue<E> {
    /// Drops what waits; whoever offers more is told that the connection is gone.
    pub fn close(&mut self) {
        let mut state = self.shared.lock();
        state.closed = true;
        let dropped = (std::mem::take(&mut state.control), std::mem::take(&mut state.live), state.waker.take());
        state.live_bytes = 0;
        state.show(&self.shared.depth);
        drop(state);
        drop(dropped);
    }
}

impl<E> Drop for EventQueue<E> {
    fn drop(&mut self) {
        self.close();
    }
}

struct Shared<E> {
    overflows: Counter,
    depth: QueueDepth,
    state: Mutex<State<E>>,
}

impl<E> Shared<E> {
    /// A panic inside the lock can only come from an allocation, and leaves the queue whole.
    fn lock(&self) -> MutexGuard<'_, State<E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E> std::fmt::Debug for Shared<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

struct State<E> {
    control: VecDeque<E>,
    live: VecDeque<(E, usize)>,
    live_bytes: usize,
    /// What of it the gauges show.
    shown: Shown,
    waker: Option<Waker>,
    closed: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Shown {
    events: usize,
    bytes: usize,
}

impl<E> State<E> {
    fn new() -> Self {
        let (control, live) = (VecDeque::new(), VecDeque::new());
        Self { control, live, live_bytes: 0, shown: Shown::default(), waker: None, closed: false }
    }

    fn fits(&self, weight: usize) -> bool {
        self.live.is_empty()
            || (self.live.len() < LIVE_EVENTS_MAX && self.live_bytes.saturating_add(weight) <= LIVE_EVENT_BYTES_MAX)
    }

    fn push_live(&mut self, event: E, weight: usize) {
        self.live_bytes = self.live_bytes.saturating_add(weight);
        self.live.push_back((event, weight));
    }

    /// Moves the gauges when a step was made since they were moved last.
    fn show(&mut self, depth: &QueueDepth) {
        let whole = |amount: usize, step: usize| amount - amount % step;
        let now = Shown {
            events: whole(self.live.len(), SHOWN_EVENTS_STEP),
            bytes: whole(self.live_bytes, SHOWN_BYTES_STEP),
        };
        if now != self.shown {
            depth.events.inc_by(now.events as i64 - self.shown.events as i64);
            depth.bytes.inc_by(now.bytes as i64 - self.shown.bytes as i64);
            self.shown = now;
        }
    }

    fn pop(&mut self, depth: &QueueDepth) -> Option<E> {
        if let Some(event) = self.control.pop_front() {
            if self.control.is_empty() {
                self.control = VecDeque::new();
            }
            return Some(event);
        }
        let (event, weight) = self.live.pop_front()?;
        self.live_bytes = self.live_bytes.saturating_sub(weight);
        if self.live.is_empty() {
            self.live = VecDeque::new();
            self.live_bytes = 0;
        }
        self.show(depth);
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> (EventSink<u32>, EventQueue<u32>) {
        event_queue(Counter::default())
    }

    fn drained(queue: &mut EventQueue<u32>) -> Vec<u32> {
        std::iter::from_fn(|| queue.try_next()).collect()
    }

    #[test]
    fn the_event_past_the_count_overflows_and_is_counted() {
        let overflows = Counter::default();
        let (sink, mut queue) = event_queue(overflows.clone());
        for n in 0..LIVE_EVENTS_MAX {
            assert_eq!(sink.offer(n, 1), Offer::Queued);
        }
        assert_eq!(sink.offer(999, 1), Offer::Overflow);
        assert_eq!(overflows.get(), 1);
        assert_eq!(queue.try_next(), Some(0));
        assert_eq!(sink.offer(999, 1), Offer::Queued);
    }

    #[test]
    fn the_bytes_are_bounded_but_one_event_always_fits_an_empty_queue() {
        let (sink, mut queue) = queue();
        assert_eq!(sink.offer(1, 10 * LIVE_EVENT_BYTES_MAX), Offer::Queued);
        assert_eq!(sink.offer(2, 1), Offer::Overflow);
        assert_eq!(drained(&mut queue), [1]);
        assert_eq!(sink.offer(3, LIVE_EVENT_BYTES_MAX), Offer::Queued);
        assert_eq!(sink.offer(4, 1), Offer::Overflow);
    }

    #[test]
    fn gauges_show_what_waits_in_all_queues_by_steps() {
        let depth = QueueDepth::default();
        let shown = || (depth.events.get() as usize, depth.bytes.get() as usize);
        let (first, mut first_queue) = event_queue_in(Counter::default(), depth.clone());
        let (second, second_queue) = event_queue_in(Counter::default(), depth.clone());
        for n in 0..SHOWN_EVENTS_STEP {
            assert_eq!((first.offer(n, 1), shown()), (Offer::Queued, (0, 0)), "the usual few cost nothing");
            assert_eq!(first_queue.try_next(), Some(n));
        }
        for n in 0..LIVE_EVENTS_MAX {
            assert_eq!(first.offer(n, LIVE_EVENT_BYTES_MAX / LIVE_EVENTS_MAX), Offer::Queued);
        }
        assert_eq!(second.offer(0, SHOWN_BYTES_STEP), Offer::Queued);
        assert_eq!(shown(), (LIVE_EVENTS_MAX, LIVE_EVENT_BYTES_MAX + SHOWN_BYTES_STEP));
        assert_eq!(first.replace(0, 1), Offer::Queued);
        assert_eq!(shown(), (0, SHOWN_BYTES_STEP));
        drop(second_queue);
        assert_eq!(shown(), (0, 0));
    }

    #[test]
    fn answers_fit_a_full_queue_and_go_first() {
        let (sink, mut queue) = queue();
        assert_eq!(sink.offer(1, LIVE_EVENT_BYTES_MAX), Offer::Queued);
        assert_eq!(sink.offer_control(2), Offer::Queued);
        assert_eq!(sink.offer_control(3), Offer::Queued);
        assert_eq!(drained(&mut queue), [2, 3, 1]);
    }

    #[test]
    fn replace_leaves_the_answers_and_one_live_event() {
        let (sink, mut queue) = queue();
        assert_eq!(sink.offer(1, 10), Offer::Queued);
        assert_eq!(sink.offer(2, LIVE_EVENT_BYTES_MAX - 10), Offer::Queued);
        assert_eq!(sink.offer_control(3), Offer::Queued);
        assert_eq!(sink.replace(4, 8), Offer::Queued);
        assert_eq!(sink.offer(5, LIVE_EVENT_BYTES_MAX - 8), Offer::Queued);
        assert_eq!(drained(&mut queue), [3, 4, 5]);
    }

    #[test]
    fn a_closed_queue_says_so() {
        let (sink, queue) = queue();
        drop(queue);
        assert!(sink.is_closed());
        assert_eq!(sink.offer(1, 1), Offer::Closed);
        assert_eq!(sink.offer_control(1), Offer::Closed);
        assert_eq!(sink.replace(1, 1), Offer::Closed);
    }

    #[test]
    fn an_empty_queue_holds_no_storage() {
        let (sink, mut queue) = queue();
        for n in 0..100 {
            assert_eq!(sink.offer(n, 1), Offer::Queued);
            assert_eq!(sink.offer_control(n), Offer::Queued);
        }
        drained(&mut queue);
        let state = queue.shared.lock();
        assert_eq!((state.control.capacity(), state.live.capacity(), state.live_bytes), (0, 0, 0));
    }

    #[tokio::test]
    async fn a_batch_wakes_its_connection_once_it_is_whole() {
        let (sink, mut queue) = queue();
        let waiter = tokio_util::task::TaskTracker::new().spawn(async move {
            let first = std::future::poll_fn(|cx| queue.poll_next(cx)).await;
            (first, drained(&mut queue))
        });
        tokio::task::yield_now().await;
        let mut wakes = Wakes::default();
        assert_eq!(sink.offer_later(1, 1, &mut wakes), Offer::Queued);
        tokio::task::yield_now().await;
        assert_eq!(sink.offer_later(2, 1, &mut wakes), Offer::Queued);
        drop(wakes);
        assert_eq!(waiter.await.unwrap(), (1, vec![2]));
    }
}
