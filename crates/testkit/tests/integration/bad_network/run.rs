//! One run: a storm, then calm until everything must be well again, then the end of the server.

use super::ledger::{Ledger, Side};
use super::person::{self, DEVICES, Person};
use super::stage::{self, DRAIN, Dice, Stage};
use super::weather::{Scene, Weather, drain};
use anyhow::{Context as _, ensure};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use stonechat_client::core::limits::{BACKOFF_MS_FIRST, BACKOFF_MS_MAX, BACKOFF_MS_MIN, PONG_TIMEOUT_MS};
use stonechat_domain::kind::EventKind;
use stonechat_log::store::Log as _;
use stonechat_net::wire::{LINGER, WRITE_DEADLINE};
use stonechat_types::limits::{HEARTBEAT_MS, IDLE_TIMEOUT_MS};
use stonechat_types::number::{LanePosition, Seq};
use turmoil::Sim;

/// One step of the network.
const TICK: Duration = Duration::from_millis(10);
/// Longest way of a message while nothing is wrong.
pub const LATENCY_MAX: Duration = Duration::from_millis(60);
const STORM: Duration = Duration::from_secs(150);
/// Longer than every patience of both sides, one after the other.
const CALM: Duration = Duration::from_secs(160);
/// What the steps of the network, and its ways while it is slow, add to any deadline.
const SLACK_MS: u64 = 100;

/// What a run came to.
#[derive(Default)]
pub struct Report {
    pub acknowledged: u64,
    pub deduplicated: u64,
    pub waits: u64,
    pub leaves: u64,
    pub silence_broken_by_client: u64,
    pub silence_broken_by_server: u64,
    pub longest_silence_ms: BTreeMap<Side, u64>,
    pub partitions: u64,
    pub one_way: u64,
    pub holds: u64,
    pub lossy: u64,
    pub slow: u64,
    pub server_crashes: u64,
    pub drains: u64,
    pub device_crashes: u64,
    /// Where in its range each wait was, by the number of failures before it.
    pub jitter: BTreeMap<u32, Vec<f64>>,
    pub trace: Vec<String>,
}

impl std::fmt::Debug for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let jitter: BTreeMap<u32, (usize, f64)> =
            self.jitter.iter().map(|(n, waits)| (*n, (waits.len(), mean(waits)))).collect();
        f.debug_struct("Report")
            .field("acknowledged", &self.acknowledged)
            .field("deduplicated", &self.deduplicated)
            .field("waits", &self.waits)
            .field("leaves", &self.leaves)
            .field("silence_broken_by_client", &self.silence_broken_by_client)
            .field("silence_broken_by_server", &self.silence_broken_by_server)
            .field("longest_silence_ms", &self.longest_silence_ms)
            .field("partitions", &self.partitions)
            .field("one_way", &self.one_way)
            .field("holds", &self.holds)
            .field("lossy", &self.lossy)
            .field("slow", &self.slow)
            .field("server_crashes", &self.server_crashes)
            .field("drains", &self.drains)
            .field("device_crashes", &self.device_crashes)
            .field("waits_and_their_mean_place", &jitter)
            .finish()
    }
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len().max(1) as f64
}

impl Report {
    /// Takes in another run.
    pub fn add(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.deduplicated += other.deduplicated;
        self.waits += other.waits;
        self.leaves += other.leaves;
        self.silence_broken_by_client += other.silence_broken_by_client;
        self.silence_broken_by_server += other.silence_broken_by_server;
        for (side, ms) in other.longest_silence_ms {
            let longest = self.longest_silence_ms.entry(side).or_default();
            *longest = ms.max(*longest);
        }
        self.partitions += other.partitions;
        self.one_way += other.one_way;
        self.holds += other.holds;
        self.lossy += other.lossy;
        self.slow += other.slow;
        self.server_crashes += other.server_crashes;
        self.drains += other.drains;
        self.device_crashes += other.device_crashes;
        for (attempt, waits) in other.jitter {
            self.jitter.entry(attempt).or_default().extend(waits);
        }
    }

    pub fn trace_hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.trace.hash(&mut hasher);
        hasher.finish()
    }

    /// Where two runs begin to differ: the last lines that they share, and the first that they do not.
    pub fn first_difference(&self, other: &Self) -> Option<String> {
        const SHARED: usize = 12;
        let (one, two) = (&self.trace, &other.trace);
        let length = one.len().max(two.len());
        let at = (0..length).find(|line| one.get(*line) != two.get(*line))?;
        let shared = one[at.saturating_sub(SHARED)..at].join("\n");
        let lines = |trace: &[String]| trace[at..trace.len().min(at + SHARED)].join("\n");
        Some(format!("{shared}\n--- one\n{}\n--- the other\n{}", lines(one), lines(two)))
    }

    /// Full jitter: the waits fill their range evenly, whatever the seed.
    pub fn check_jitter(&self) {
        let waits: Vec<f64> = self.jitter.values().flatten().copied().collect();
        // How many the seeds have depends on the time of every frame; so few are enough for the shares below.
        assert!(waits.len() > 150, "{} waits", waits.len());
        assert!((0.4..0.6).contains(&mean(&waits)), "in the middle: {}", mean(&waits));
        for quarter in 0..4 {
            let (low, high) = (f64::from(quarter) / 4.0, f64::from(quarter + 1) / 4.0);
            let share = waits.iter().filter(|wait| (low..=high).contains(*wait)).count() as f64 / waits.len() as f64;
            assert!((0.15..0.35).contains(&share), "{share} of the waits are in quarter {quarter}");
        }
    }
}

/// Runs a seed to its end.
pub fn run(seed: u64) -> anyhow::Result<Report> {
    let ledger = Arc::new(Ledger::default());
    let stage = Arc::new(Stage::new(seed, &ledger));
    let people: Vec<_> = (0..DEVICES.len()).map(|index| Arc::new(Person::new(index, seed, &ledger))).collect();
    let mut sim = turmoil::Builder::new()
        .rng_seed(seed)
        .epoch(UNIX_EPOCH + Duration::from_millis(stage::BEGINS_MS as u64))
        .tick_duration(TICK)
        .simulation_duration(Duration::from_secs(3_600))
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(LATENCY_MAX)
        .tcp_capacity(256)
        .build();
    let of_stage = stage.clone();
    sim.host(stage::HOST, move || of_stage.clone().serve());
    for person in &people {
        let person = person.clone();
        sim.host(person::host(person.index), move || person.clone().live());
    }
    let mut run = Run { sim, stage, people, ledger, weather: Weather::new(seed), report: Report::default() };
    let result = run.go();
    if result.is_err() {
        run.print_trace();
    }
    result
}

struct Run<'b> {
    sim: Sim<'b>,
    stage: Arc<Stage>,
    people: Vec<Arc<Person>>,
    ledger: Arc<Ledger>,
    weather: Weather,
    report: Report,
}

impl Run<'_> {
    fn go(&mut self) -> anyhow::Result<Report> {
        self.advance(STORM, true)?;
        self.ledger.note_at(self.now(), "calm");
        self.advance(Duration::ZERO, false)?;
        // People go on writing until shortly before the end, so that no acknowledgement is only the work of a new hello.
        self.advance(CALM / 2, false)?;
        self.ledger.pages().quiet = true;
        self.advance(CALM / 2, false)?;
        self.check_calm()?;
        self.check_messages()?;
        self.check_waits()?;
        self.end()?;
        self.count();
        Ok(std::mem::take(&mut self.report))
    }

    /// What happened before it went wrong.
    fn print_trace(&self) {
        for line in &self.ledger.pages().trace {
            eprintln!("{line}");
        }
    }

    fn now(&self) -> u64 {
        self.sim.elapsed().as_millis() as u64
    }

    fn advance(&mut self, time: Duration, storm: bool) -> anyhow::Result<()> {
        let end = self.sim.elapsed() + time;
        loop {
            let now = self.now();
            let Self { sim, stage, people, weather, report, ledger } = self;
            weather.pass(&mut Scene { sim, stage, people, report, ledger }, now, storm);
            if self.sim.elapsed() >= end {
                return Ok(());
            }
            self.step()?;
            if now.is_multiple_of(1_000) {
                self.check_silence(now)?;
            }
        }
    }

    fn step(&mut self) -> anyhow::Result<()> {
        self.sim.step().map_err(|error| anyhow::anyhow!("at {} ms a host failed: {error}", self.now())).map(drop)
    }

    /// Neither side keeps a connection on which it hears nothing for longer than it says.
    fn check_silence(&self, now: u64) -> anyhow::Result<()> {
        let farewell = (WRITE_DEADLINE + LINGER).as_millis() as u64;
        for (side, limit) in
            [(Side::Server, IDLE_TIMEOUT_MS + farewell), (Side::Client, HEARTBEAT_MS + PONG_TIMEOUT_MS)]
        {
            let silence = self.ledger.silence_ms(side, now);
            ensure!(silence <= limit + SLACK_MS, "{now} ms: a {side:?} bears a silence of {silence} ms");
        }
        if let Some(life) = self.stage.life() {
            let (open, live) = (life.open(), self.ledger.live(Side::Server) as i64);
            ensure!(open <= live, "{now} ms: {open} connections are counted, {live} are there");
        }
        Ok(())
    }

    /// Everybody is connected, once.
    fn check_calm(&self) -> anyhow::Result<()> {
        for person in &self.people {
            ensure!(person.is_online(), "device {} is not back", person.index);
        }
        let life = self.stage.life().context("the server has begun")?;
        let counts = (life.open(), self.ledger.live(Side::Server), self.ledger.live(Side::Client));
        ensure!(counts == (DEVICES.len() as i64, DEVICES.len(), DEVICES.len()), "connections: {counts:?}");
        Ok(())
    }

    /// Whatever a device took on that still lives is acknowledged and stored once, in its order.
    fn check_messages(&mut self) -> anyhow::Result<()> {
        let stored = self.stored();
        let pages = self.ledger.pages();
        for (id, seqs) in &stored {
            let taken = pages.taken.get(id).with_context(|| format!("nobody wrote {id:02x?}"))?;
            ensure!(seqs.len() == 1, "{id:02x?} is stored at {seqs:?}");
            if let Some(mark) = taken.mark {
                ensure!(mark.seq == seqs[0], "{id:02x?} is at {}, acknowledged at {}", seqs[0], mark.seq);
            }
        }
        for (id, taken) in &pages.taken {
            ensure!(taken.failed.is_none(), "{id:02x?} was given up: {:?}", taken.failed);
            let (device, life) = taken.by;
            let lives = self.people[device].life() == life;
            ensure!(taken.mark.is_some() || !lives, "{id:02x?} of device {device} was never acknowledged");
            ensure!(taken.mark.is_none() || stored.contains_key(id), "{id:02x?} was acknowledged and is not there");
        }
        for (by, lane) in &pages.lanes {
            let seqs: Vec<Seq> = lane.iter().filter_map(|id| stored.get(id)).map(|seqs| seqs[0]).collect();
            ensure!(seqs.is_sorted(), "messages of {by:?} are stored in another order: {seqs:?}");
            // With its store a device forgets only what was last: nothing is left out in the middle.
            let first_lost = lane.iter().position(|id| !stored.contains_key(id)).unwrap_or(lane.len());
            ensure!(first_lost == seqs.len(), "a message of {by:?} was left out");
        }
        let marks = pages.taken.values().filter_map(|taken| taken.mark);
        self.report.acknowledged = marks.clone().count() as u64;
        self.report.deduplicated = marks.filter(|mark| mark.deduplicated).count() as u64;
        Ok(())
    }

    /// Where each message is stored, by its id.
    fn stored(&self) -> BTreeMap<[u8; 16], Vec<Seq>> {
        let mut stored = BTreeMap::<_, Vec<Seq>>::new();
        let waker = std::task::Waker::noop();
        let mut feed = self.stage.log.feed(LanePosition::ZERO, usize::MAX);
        let std::task::Poll::Ready(Ok(records)) = feed.as_mut().poll(&mut std::task::Context::from_waker(waker)) else {
            return stored;
        };
        for event in records.into_iter().filter_map(|record| record.event) {
            if event.header.kind == EventKind::Message {
                stored.entry(event.header.key).or_default().push(event.header.seq);
            }
        }
        stored
    }

    /// Every wait is within its bounds and is kept.
    fn check_waits(&mut self) -> anyhow::Result<()> {
        let pages = self.ledger.pages();
        let leave_max = DRAIN.after_ms + DRAIN.spread_ms;
        for wait in &pages.waits {
            let bound = BACKOFF_MS_FIRST.saturating_mul(1 << wait.attempt.min(16)).min(BACKOFF_MS_MAX);
            let within = (BACKOFF_MS_MIN..=bound).contains(&wait.told_ms);
            ensure!(within || (wait.asked && wait.told_ms <= leave_max), "out of bounds: {wait:?}");
            if let Some(waited) = wait.waited_ms {
                // Time has steps of a millisecond, in which the loop may be early by a part of one.
                ensure!((wait.told_ms..=wait.told_ms + 2).contains(&waited), "not as told: {wait:?}");
            }
            if !wait.asked && bound > BACKOFF_MS_FIRST {
                let place = (wait.told_ms - BACKOFF_MS_MIN) as f64 / (bound - BACKOFF_MS_MIN) as f64;
                self.report.jitter.entry(wait.attempt).or_default().push(place);
            }
        }
        for after in &pages.leaves {
            ensure!(after.is_some_and(|after| after >= DRAIN.after_ms), "a device left {after:?} ms after the goodbye");
        }
        self.report.waits = pages.waits.len() as u64;
        self.report.leaves = pages.leaves.len() as u64;
        Ok(())
    }

    /// The server drains while one device can no more be reached: it ends at its deadline, and nothing is left of it.
    fn end(&mut self) -> anyhow::Result<()> {
        let (begun, unreachable) = (self.now(), person::host(Dice::new(self.now()).below(4) as usize));
        self.sim.partition(unreachable, stage::HOST);
        let Self { sim, stage, people, report, ledger, .. } = self;
        drain(&Scene { sim, stage, people, report, ledger }, begun);
        let farewell = (WRITE_DEADLINE + LINGER).as_millis() as u64;
        while self.sim.is_host_running(stage::HOST) {
            let now = self.now();
            ensure!(now <= begun + DRAIN.deadline_ms + farewell, "the server has not drained after {} ms", now - begun);
            self.step()?;
        }
        let life = self.stage.life().context("the server has begun")?;
        let left = (life.open(), self.ledger.live(Side::Server));
        ensure!(left == (0, 0), "connections left behind: {left:?}");
        Ok(())
    }

    fn count(&mut self) {
        let mut pages = self.ledger.pages();
        self.report.silence_broken_by_client = pages.broken.get(&Side::Client).copied().unwrap_or(0);
        self.report.silence_broken_by_server = pages.broken.get(&Side::Server).copied().unwrap_or(0);
        self.report.longest_silence_ms = std::mem::take(&mut pages.silences);
        self.report.trace = std::mem::take(&mut pages.trace);
    }
}
