//! Many who listen to the same messages: each checks that it gets every one once and in order, and the last one to get
//! a message says when that was.

use crate::check::Deliveries;
use crate::clock::Clock;
use crate::link::{self, Link};
use crate::message::{Body, Which};
use crate::scan::{self, Seen};
use anyhow::{Context as _, bail};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;
use stonechat_wire::v1::{self, frame};
use tokio::sync::Notify;

/// Messages that can be on their way at a time.
pub const ON_THEIR_WAY_MAX: usize = 64;
/// Below the heartbeat that the server asks for.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// Who speaks first: a bare broadcaster is not to be asked anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manners {
    /// A server that wants heartbeats.
    Protocol,
    /// Listen only.
    Silent,
}

/// What all listeners share.
#[derive(Debug)]
pub struct Audience {
    /// How many they are.
    pub members: u32,
    /// The time.
    pub clock: Clock,
    body: Body,
    heard: Vec<Heard>,
    /// Deliveries, ever.
    deliveries: AtomicU64,
    /// A message is complete, or somebody failed.
    pub changed: Notify,
    failure: Mutex<Option<anyhow::Error>>,
    /// The first message, as it came.
    sample: OnceLock<Vec<u8>>,
}

#[derive(Debug, Default)]
struct Heard {
    members: AtomicU32,
    last_ns: AtomicU64,
}

impl Audience {
    /// Nobody has heard anything.
    #[must_use]
    pub fn new(members: usize, clock: Clock, body_bytes: usize) -> Self {
        Self {
            members: members as u32,
            clock,
            body: Body::new(body_bytes),
            heard: (0..ON_THEIR_WAY_MAX).map(|_| Heard::default()).collect(),
            deliveries: AtomicU64::new(0),
            changed: Notify::new(),
            failure: Mutex::new(None),
            sample: OnceLock::new(),
        }
    }

    /// A message is about to be sent: nobody has heard it.
    pub fn expect(&self, number: u64) {
        let heard = self.of(number);
        heard.members.store(0, Ordering::Relaxed);
        heard.last_ns.store(0, Ordering::Release);
    }

    /// When the last member heard a message; none while somebody has not.
    #[must_use]
    pub fn heard_by_all(&self, number: u64) -> Option<u64> {
        let heard = self.of(number);
        let all = heard.members.load(Ordering::Acquire) == self.members;
        all.then(|| heard.last_ns.load(Ordering::Acquire))
    }

    /// How many heard a message.
    #[must_use]
    pub fn heard_by(&self, number: u64) -> u32 {
        self.of(number).members.load(Ordering::Relaxed)
    }

    /// Deliveries so far.
    #[must_use]
    pub fn deliveries(&self) -> u64 {
        self.deliveries.load(Ordering::Relaxed)
    }

    /// The first message, as a frame.
    #[must_use]
    pub fn sample(&self) -> Option<&[u8]> {
        self.sample.get().map(Vec::as_slice)
    }

    /// What went wrong, if something did.
    ///
    /// # Errors
    /// That.
    pub fn check(&self) -> anyhow::Result<()> {
        match self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }

    /// Keeps the first failure.
    pub fn fail(&self, error: anyhow::Error) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.changed.notify_one();
    }

    /// Listens on a connection until it is dropped.
    ///
    /// # Errors
    /// When a promise is broken, or the connection.
    pub async fn listen(&self, mut link: Link, manners: Manners) -> anyhow::Result<()> {
        let mut deliveries = Deliveries::default();
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        loop {
            while let Some(range) = link.next_frame()? {
                let bytes = link.inbox.frame(range);
                match scan::frame(bytes) {
                    Ok(Seen::Event(event)) if event.kind == b"message" => {
                        deliveries.check(&event, &self.body)?;
                        let which = Which::of_message_id(event.client_msg_id).context("a message without a number")?;
                        if which.number == 0 {
                            self.sample.get_or_init(|| bytes.to_vec());
                        }
                        self.hear(which.number);
                    }
                    Ok(Seen::Event(_) | Seen::Position) => {} // The members of the group change before the first message.
                    Ok(Seen::Sent { .. } | Seen::Other) | Err(_) => match link::decode(bytes)?.body {
                        Some(frame::Body::Poke(poke)) => {
                            link.put(frame::Body::Pull(v1::Pull { position: poke.position, window: 0 }));
                        }
                        Some(frame::Body::Error(error)) => {
                            bail!("a member's call failed: {} {}", error.code, error.message)
                        }
                        Some(frame::Body::Closing(closing)) => {
                            bail!("the server closes: {} {}", closing.code, closing.message)
                        }
                        _ => {}
                    },
                }
            }
            link.flush().await?;
            tokio::select! {
                biased;
                read = link.read_more() => read?,
                _ = heartbeat.tick(), if manners == Manners::Protocol => drop(link.put(frame::Body::Ping(v1::Ping {}))),
            }
        }
    }

    fn hear(&self, number: u64) {
        let heard = self.of(number);
        heard.last_ns.fetch_max(self.clock.now_ns(), Ordering::AcqRel);
        self.deliveries.fetch_add(1, Ordering::Relaxed);
        if heard.members.fetch_add(1, Ordering::AcqRel) + 1 == self.members {
            self.changed.notify_one();
        }
    }

    fn of(&self, number: u64) -> &Heard {
        &self.heard[number as usize % ON_THEIR_WAY_MAX]
    }
}
