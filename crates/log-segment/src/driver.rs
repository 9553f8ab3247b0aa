//! The threads of an open store: one commits, one answers large batches, one prepares segments, one writes checkpoints.

use crate::answers::Answers;
use crate::backoff::Backoff;
use crate::checkpoint;
use crate::config::{CHECKPOINT_RETRY_MAX, WANTED_RETRY_MAX};
use crate::scrub::SCRUB_PAUSE;
use crate::state::Store;
use crate::step::{SpareStep, WriterStep};
use crate::writer::Writer;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use stonechat_log::store::LogError;
use tracing::warn;

#[derive(Default)]
struct SignalState {
    raised: bool,
    stopped: bool,
    sleepers: usize,
}

/// Wakes one thread. What was raised while nobody waited is not lost.
#[derive(Default)]
pub struct Signal {
    state: Mutex<SignalState>,
    changed: Condvar,
}

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// Somebody raised the signal.
    Raised,
    /// The time was over.
    Timeout,
    /// The thread has to end.
    Stopped,
}

impl Signal {
    fn state(&self) -> MutexGuard<'_, SignalState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the thread.
    pub fn raise(&self) {
        let mut state = self.state();
        state.raised = true;
        if state.sleepers > 0 {
            self.changed.notify_all();
        }
    }

    /// Tells the thread to end.
    pub fn stop(&self) {
        self.state().stopped = true;
        self.changed.notify_all();
    }

    /// Whether the thread has to end.
    pub fn is_stopped(&self) -> bool {
        self.state().stopped
    }

    /// Waits until it is raised or stopped, at most this long.
    pub fn wait(&self, timeout: Option<Duration>) -> Wake {
        let mut state = self.state();
        state.sleepers += 1;
        let wake = loop {
            if state.stopped {
                break Wake::Stopped;
            }
            if std::mem::take(&mut state.raised) {
                break Wake::Raised;
            }
            state = match timeout {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(timeout) => {
                    let waited = self.changed.wait_timeout(state, timeout);
                    let (state, elapsed) = waited.unwrap_or_else(PoisonError::into_inner);
                    if elapsed.timed_out() && !state.raised && !state.stopped {
                        let mut state = state;
                        state.sleepers -= 1;
                        return Wake::Timeout;
                    }
                    state
                }
            };
        };
        state.sleepers -= 1;
        wake
    }
}

/// The threads.
pub struct Threads {
    committer: Option<JoinHandle<()>>,
    answerer: Option<JoinHandle<()>>,
    answers: Arc<Answers>,
    others: Vec<JoinHandle<()>>,
}

impl Threads {
    /// Starts them.
    ///
    /// # Errors
    /// When the system has no thread for it.
    pub fn start(store: &Arc<Store>, writer: Writer) -> Result<Self, LogError> {
        let answers = Arc::new(Answers::default());
        let mut threads = Self { committer: None, answerer: None, answers: answers.clone(), others: Vec::new() };
        let mut writer = writer;
        writer.answer_beside(answers.clone());
        let shared = store.clone();
        threads.answerer = Some(start("log-answer", move || answers.run(&shared))?);
        let shared = store.clone();
        threads.committer = Some(start("log-commit", move || commit(&shared, &mut writer))?);
        let shared = store.clone();
        threads.others.push(start("log-spare", move || prepare(&shared))?);
        let shared = store.clone();
        threads.others.push(start("log-checkpoint", move || write_checkpoints(&shared))?);
        let shared = store.clone();
        store.scrubs.begin();
        threads.others.push(start("log-scrub", move || scrub(&shared))?);
        Ok(threads)
    }

    /// Commits what waits, then ends them.
    pub fn stop(&mut self, store: &Store) {
        store.intake.close();
        store.work.raise();
        // A caller may have let go of the store inside an answer, on a thread that then cannot wait for itself.
        let here = std::thread::current().id();
        join(self.committer.take().filter(|thread| thread.thread().id() != here));
        self.answers.stop();
        join(self.answerer.take().filter(|thread| thread.thread().id() != here));
        store.spares.work.stop();
        store.checkpoint.stop();
        store.scrubs.close();
        for thread in self.others.drain(..) {
            join(Some(thread));
        }
    }
}

fn join(thread: Option<JoinHandle<()>>) {
    if thread.is_some_and(|thread| thread.join().is_err()) {
        warn!("A thread of the store ended with a panic");
    }
}

#[expect(clippy::disallowed_methods, reason = "an engine is an edge, and owns its threads until it is closed")]
fn start(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, LogError> {
    let builder = std::thread::Builder::new().name(name.to_owned());
    builder.spawn(work).map_err(|error| LogError::Io(format!("start the thread {name}: {error}")))
}

fn commit(store: &Store, writer: &mut Writer) {
    loop {
        match writer.step() {
            WriterStep::Answered => {}
            WriterStep::Closed => break,
            // While it waits for a segment, a failing store is looked at again now and then.
            WriterStep::AwaitsSegment => {
                store.work.wait(Some(store.config.retry_period));
            }
            WriterStep::Idle => {
                store.work.wait(None);
            }
        }
    }
}

fn prepare(store: &Store) {
    let work = &store.spares.work;
    let mut backoff = Backoff::new(store.config.retry_period, WANTED_RETRY_MAX);
    while !work.is_stopped() {
        let pause = match store.spares.step(store) {
            SpareStep::Slice if store.spares.is_hurried() => continue,
            SpareStep::Slice => Some(store.config.spare_pause),
            SpareStep::Trouble => {
                rest(store, work, backoff.pause(), || false);
                continue;
            }
            SpareStep::Ready | SpareStep::Nothing => {
                backoff.reset();
                None
            }
        };
        work.wait(pause);
    }
}

fn scrub(store: &Store) {
    let scrubs = &store.scrubs;
    while scrubs.work.wait(None) != Wake::Stopped {
        while scrubs.step(store) {
            rest(store, &scrubs.work, SCRUB_PAUSE, || false);
        }
    }
}

fn write_checkpoints(store: &Store) {
    let never = Signal::default();
    let pause = || {
        // Once the tail is short of room, the checkpoint is what everybody waits for.
        if store.tail_bytes() < store.config.tail_bytes_max / 4 * 3 {
            never.wait(Some(store.config.checkpoint_pause));
        }
    };
    let mut backoff = Backoff::new(store.config.retry_period, CHECKPOINT_RETRY_MAX);
    let mut wake = store.checkpoint.wait(None);
    while wake != Wake::Stopped {
        wake = match checkpoint::run(store, &pause) {
            Ok(_) => {
                backoff.reset();
                let due = store.tail().active.bytes >= store.config.checkpoint_bytes;
                if due { Wake::Raised } else { store.checkpoint.wait(None) }
            }
            Err(_) => {
                let pause = backoff.pause();
                let pause = if store.index().is_ok() { pause } else { pause.min(WANTED_RETRY_MAX) };
                rest(store, &store.checkpoint, pause, || store.spares.take_relief())
            }
        };
        if store.checkpoint.is_stopped() {
            return;
        }
    }
}

/// Waits this long, also when the signal is raised meanwhile, unless there is relief.
fn rest(store: &Store, signal: &Signal, pause: Duration, relief: impl Fn() -> bool) -> Wake {
    let end = store.clock.now_ms() + pause.as_millis() as u64;
    loop {
        let left = end.saturating_sub(store.clock.now_ms());
        match signal.wait(Some(Duration::from_millis(left))) {
            Wake::Raised if left > 0 && !relief() => {}
            wake => return wake,
        }
    }
}
