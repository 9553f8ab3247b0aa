//! The threads of a load, each with its share of the pairs and a runtime of its own, so that no lock is taken and no
//! task moves.

use crate::clock::Clock;
use crate::link::{Credentials, Link};
use crate::message::{Body, LANES_MAX, Which};
use crate::options::{ServerUrl, TokenSource};
use crate::phase::{Pace, Phase, Progress, Stage};
use crate::receiver::Receiver;
use crate::record::Recorder;
use crate::sender::{Sender, SenderPlace};
use anyhow::{Context as _, bail, ensure};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::{JoinSet, LocalSet};
use tokio_util::sync::CancellationToken;

/// Connections that are made at a time.
const CONNECTS_AT_A_TIME: usize = 32;
/// How often an open loop looks whether a send is due.
const PACER_TICK: Duration = Duration::from_micros(200);

/// Who takes part in a load.
#[derive(Clone)]
pub struct FleetSpec {
    /// The server.
    pub server: ServerUrl,
    /// Signs users in.
    pub tokens: TokenSource,
    /// The time.
    pub clock: Clock,
    /// Pairs of people.
    pub pairs: usize,
    /// Conversations; at least one a pair.
    pub conversations: usize,
    /// Threads.
    pub threads: usize,
    /// How long after the last send everything must be acknowledged and delivered.
    pub patience: Duration,
    /// Bytes of the text of a message.
    pub body_bytes: usize,
    /// Before the names of users.
    pub user_prefix: String,
    /// Keeps this load apart from others.
    pub run: u16,
}

/// All pairs of a load, connected.
pub struct Fleet {
    workers: Vec<Worker>,
    progress: Arc<Progress>,
}

struct Worker {
    phases: Option<tokio::sync::mpsc::Sender<Phase>>,
    results: mpsc::Receiver<anyhow::Result<Recorder>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Fleet {
    /// Connects everybody, and begins every conversation.
    ///
    /// # Errors
    /// When the server refuses somebody.
    pub fn connect(spec: &FleetSpec) -> anyhow::Result<Self> {
        let progress = Arc::new(Progress::default());
        let threads = spec.threads.clamp(1, spec.pairs);
        let lanes_each = spec.conversations.max(spec.pairs).div_ceil(spec.pairs);
        ensure!(lanes_each <= spec.pairs / threads, "a sender cannot have {lanes_each} conversations in this load");
        ensure!(lanes_each * spec.pairs <= LANES_MAX, "at most {LANES_MAX} conversations can be told apart");
        let share = spec.pairs.div_ceil(threads);
        let mut workers = Vec::new();
        for first in (0..spec.pairs).step_by(share) {
            let pairs = first..spec.pairs.min(first + share);
            let crew = Crew { spec: spec.clone(), pairs, lanes_each, progress: progress.clone() };
            workers.push(Worker::start(crew)?);
        }
        let fleet = Self { workers, progress };
        fleet.results().context("could not set up the load")?;
        Ok(fleet)
    }

    /// What was reached so far.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        self.progress.look()
    }

    /// Begins a phase.
    ///
    /// # Errors
    /// When a thread has ended.
    pub fn begin(&self, phase: Phase) -> anyhow::Result<()> {
        for worker in &self.workers {
            let phases = worker.phases.as_ref().context("the load has ended")?;
            phases.blocking_send(phase).ok().context("a thread of the load has ended")?;
        }
        Ok(())
    }

    /// Waits until a phase has ended everywhere, and adds what was counted.
    ///
    /// # Errors
    /// The first promise that the server broke.
    pub fn results(&self) -> anyhow::Result<Recorder> {
        let mut total: Option<Recorder> = None;
        for worker in &self.workers {
            let recorder = worker.results.recv().context("a thread of the load has ended")??;
            match &mut total {
                Some(total) => total.merge(&recorder),
                None => total = Some(recorder),
            }
        }
        total.context("the load has no thread")
    }
}

impl Worker {
    fn start(crew: Crew) -> anyhow::Result<Self> {
        let (phases, inbox) = tokio::sync::mpsc::channel(1);
        let (outbox, results) = mpsc::sync_channel(1);
        let body = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            match runtime {
                Ok(runtime) => LocalSet::new().block_on(&runtime, crew.work(inbox, &outbox)),
                Err(error) => drop(outbox.send(Err(error.into()))),
            }
        };
        let thread = std::thread::Builder::new().name("bench-load".into()).spawn(body).context("no thread is left")?;
        Ok(Self { phases: Some(phases), results, thread: Some(thread) })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.phases = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The pairs of one thread.
struct Crew {
    spec: FleetSpec,
    pairs: std::ops::Range<usize>,
    lanes_each: usize,
    progress: Arc<Progress>,
}

enum End {
    Sender(Box<Sender>),
    Receiver(Box<Receiver>),
    Pacer,
}

impl Crew {
    async fn work(
        self,
        mut phases: tokio::sync::mpsc::Receiver<Phase>,
        results: &mpsc::SyncSender<anyhow::Result<Recorder>>,
    ) {
        let (mut senders, mut receivers) = match self.connect().await {
            Ok(connected) => connected,
            Err(error) => return drop(results.send(Err(error))),
        };
        if results.send(Ok(Recorder::new(0, 0))).is_err() {
            return;
        }
        let mut sent = vec![0; self.pairs.len() * self.lanes_each];
        while let Some(phase) = phases.recv().await {
            let stage = Rc::new(self.stage(phase, &sent));
            match self.play(&stage, senders, receivers).await {
                Ok(ended) => (senders, receivers) = ended,
                Err(error) => return drop(results.send(Err(error))),
            }
            sent = stage.sent.iter().map(Cell::get).collect();
            let recorder = stage.recorder.replace(Recorder::new(0, 0));
            if results.send(Ok(recorder)).is_err() {
                return;
            }
        }
    }

    fn stage(&self, phase: Phase, sent: &[u64]) -> Stage {
        Stage {
            phase,
            clock: self.spec.clock,
            recorder: RefCell::new(Recorder::new(phase.record_from_ns, phase.end_ns)),
            run: self.spec.run,
            sent: sent.iter().map(|sent| Cell::new(*sent)).collect(),
            all_acked: CancellationToken::new(),
            due: self.pairs.clone().map(|_| Notify::new()).collect(),
            progress: self.progress.clone(),
        }
    }

    async fn play(
        &self,
        stage: &Rc<Stage>,
        senders: Vec<Sender>,
        receivers: Vec<Receiver>,
    ) -> anyhow::Result<(Vec<Sender>, Vec<Receiver>)> {
        let mut tasks = JoinSet::new();
        let mut sending = senders.len();
        for sender in senders {
            let stage = stage.clone();
            tasks.spawn_local(async move { sender.run(&stage).await.map(|sender| End::Sender(Box::new(sender))) });
        }
        for receiver in receivers {
            let stage = stage.clone();
            tasks.spawn_local(async move { receiver.run(&stage).await.map(|it| End::Receiver(Box::new(it))) });
        }
        if let Pace::Open(_) = stage.phase.pace {
            let (stage, pairs) = (stage.clone(), self.pairs.clone());
            tasks.spawn_local(async move { pace(&stage, pairs).await.map(|()| End::Pacer) });
        }
        let deadline = stage.clock.instant(stage.phase.end_ns) + self.spec.patience;
        let (mut senders, mut receivers) = (Vec::new(), Vec::new());
        loop {
            let Ok(ended) = tokio::time::timeout_at(deadline.into(), tasks.join_next()).await else {
                let (acked, delivered) = self.progress.look();
                let sent: u64 = stage.sent.iter().map(Cell::get).sum();
                bail!(
                    "{} s after the last send {sending} senders wait for answers; this thread sent {sent} in all, and \
                     all threads saw {acked} acknowledged and {delivered} delivered: something is lost",
                    self.spec.patience.as_secs_f64()
                );
            };
            match ended {
                None => return Ok((senders, receivers)),
                Some(ended) => match ended.context("a task of the load failed")?? {
                    End::Sender(sender) => {
                        senders.push(*sender);
                        sending -= 1;
                        if sending == 0 {
                            stage.all_acked.cancel();
                        }
                    }
                    End::Receiver(receiver) => receivers.push(*receiver),
                    End::Pacer => {}
                },
            }
        }
    }

    async fn connect(&self) -> anyhow::Result<(Vec<Sender>, Vec<Receiver>)> {
        let (count, body) = (self.pairs.len(), Body::new(self.spec.body_bytes));
        // The conversations of the sender at place s: with the receivers at s, s + 1, … of the same thread.
        let receiver_of = |sender: usize, lane: usize| (sender + lane) % count;
        let place_of = |sender: usize, lane: usize| sender * self.lanes_each + lane;
        let names = self.pairs.clone().map(|pair| format!("{}b{pair}", self.spec.user_prefix)).collect::<Vec<_>>();
        let mut receivers = Vec::new();
        for (place, (link, position)) in sign_in_all(&self.spec, &names).await?.into_iter().enumerate() {
            let lanes = (0..count).flat_map(|sender| (0..self.lanes_each).map(move |lane| (sender, lane)));
            let mine = lanes.filter(|(sender, lane)| receiver_of(*sender, *lane) == place);
            let lanes = mine.map(|(sender, lane)| place_of(sender, lane)).collect();
            receivers.push(Receiver::new(link, position, body.clone(), lanes));
        }
        let own_names = self.pairs.clone().map(|pair| format!("{}a{pair}", self.spec.user_prefix)).collect::<Vec<_>>();
        let mut senders = Vec::new();
        let mut tasks = JoinSet::new();
        let links = sign_in_all(&self.spec, &own_names).await?;
        let unix_ms = self.spec.clock.unix_ms(self.spec.clock.now_ns());
        for (place, (link, _)) in links.into_iter().enumerate() {
            if tasks.len() >= CONNECTS_AT_A_TIME {
                senders.extend(joined(&mut tasks).await?);
            }
            let pair = self.pairs.start + place;
            let lanes = (0..self.lanes_each).map(|lane| {
                let index = (pair * self.lanes_each + lane) as u32;
                (names[receiver_of(place, lane)].clone(), index, place_of(place, lane))
            });
            let (lanes, run, body) = (lanes.collect::<Vec<_>>(), self.spec.run, body.clone());
            tasks.spawn_local(async move {
                let mut sender = Sender::new(link, SenderPlace { pair, place }, body);
                for (to, index, place) in lanes {
                    let message_id = Which { lane: index, number: 0 }.message_id(unix_ms, run);
                    sender.open_lane(&to, index, place, message_id).await?;
                }
                anyhow::Ok(sender)
            });
        }
        while let Some(sender) = joined(&mut tasks).await? {
            senders.push(sender);
        }
        Ok((senders, receivers))
    }
}

/// Signs many users in, some at a time. Answers in their order, each with its first position.
async fn sign_in_all(spec: &FleetSpec, names: &[String]) -> anyhow::Result<Vec<(Link, bytes::Bytes)>> {
    let mut links = Vec::new();
    for (chunk_at, chunk) in names.chunks(CONNECTS_AT_A_TIME).enumerate() {
        let mut tasks = JoinSet::new();
        for (at, name) in chunk.iter().enumerate() {
            let token = (spec.tokens)(name).with_context(|| format!("could not make a token for {name}"))?;
            let (server, who) = (spec.server.clone(), Credentials { token, device: "bench".into() });
            let seed = ((chunk_at * CONNECTS_AT_A_TIME + at) as u32).wrapping_mul(2_654_435_761);
            tasks.spawn_local(async move {
                let (link, welcome) = Link::sign_in(&server, &who, seed).await?;
                anyhow::Ok((at, link, welcome.position))
            });
        }
        let mut signed_in = Vec::new();
        while let Some(one) = joined(&mut tasks).await.context("somebody could not sign in")? {
            signed_in.push(one);
        }
        signed_in.sort_by_key(|(at, ..)| *at);
        links.extend(signed_in.into_iter().map(|(_, link, position)| (link, position)));
    }
    Ok(links)
}

async fn joined<T: 'static>(tasks: &mut JoinSet<anyhow::Result<T>>) -> anyhow::Result<Option<T>> {
    match tasks.join_next().await {
        Some(ended) => Ok(Some(ended.context("a task failed")??)),
        None => Ok(None),
    }
}

/// Wakes each sender of this thread when its next send is due, and all of them at the end. A thread that sleeps keeps
/// the time: the runtime's own timers know whole milliseconds only.
async fn pace(stage: &Stage, pairs: std::ops::Range<usize>) -> anyhow::Result<()> {
    let Pace::Open(schedule) = stage.phase.pace else { return Ok(()) };
    let (tick, clock, end_ns) = (Arc::new(Notify::new()), stage.clock, stage.phase.end_ns);
    let ticker = tick.clone();
    let body = move || {
        while clock.now_ns() < end_ns {
            std::thread::sleep(PACER_TICK);
            ticker.notify_one();
        }
        // The last tick may have been looked at just before the end.
        ticker.notify_one();
    };
    std::thread::Builder::new().name("bench-pacer".into()).spawn(body).context("no thread is left")?;
    let mut next = 0;
    loop {
        let now = clock.now_ns();
        if now >= end_ns {
            stage.due.iter().for_each(Notify::notify_one);
            return Ok(());
        }
        loop {
            let pair = (next % schedule.pairs) as usize;
            if schedule.begins_ns(pair, next / schedule.pairs) > now {
                break;
            }
            if pairs.contains(&pair) {
                stage.due[pair - pairs.start].notify_one();
            }
            next += 1;
        }
        tick.notified().await;
    }
}
