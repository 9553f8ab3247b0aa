//! The raw events of this device, each exactly once.

use std::collections::VecDeque;
use std::sync::Arc;

use eyeball::Subscriber;
use stonechat_types::id::ConversationId;
use stonechat_wire::v1::Event;

use crate::account::Inner;
use crate::error::{Error, Result};

/// Events read from the store at once.
const EVENTS_PER_READ: u32 = 256;

/// Everything that the device received and that was not acknowledged yet, oldest first, then live. Use one at a time.
pub struct EventStream {
    inner: Arc<Inner>,
    recorded: Subscriber<u64>,
    after: u64,
    ready: VecDeque<RecordedEvent>,
}

/// An event with its place in the order of this device.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedEvent {
    /// To acknowledge it, and all before it.
    pub cursor: EventCursor,
    /// Where it happened.
    pub conversation: ConversationId,
    /// The event as the wire has it.
    pub event: Event,
}

/// The place of an event in the order of this device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventCursor(pub(crate) u64);

impl EventStream {
    pub(crate) fn new(inner: Arc<Inner>) -> Self {
        let recorded = inner.runtime.views().recorded();
        Self { inner, recorded, after: 0, ready: VecDeque::new() }
    }

    /// The next event; waits for one. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`Error::Store`]; [`Error::Closed`] after `stop`.
    pub async fn next(&mut self) -> Result<RecordedEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.after = event.cursor.0;
                return Ok(event);
            }
            let recorded = self.recorded.get();
            if recorded > self.after {
                self.ready = self.inner.runtime.recorded_events(self.after, EVENTS_PER_READ).await?.into();
                if !self.ready.is_empty() {
                    continue;
                }
            }
            tokio::select! {
                biased;
                more = self.recorded.next() => drop(more.ok_or(Error::Closed)?),
                () = self.inner.runtime.stopped() => return Err(Error::Closed),
            }
        }
    }

    /// Says that an event and all before it are dealt with: they do not come again, not after a restart either.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn acknowledge(&self, upto: EventCursor) -> Result<()> {
        self.inner.runtime.acknowledge_events(upto.0).await
    }
}
