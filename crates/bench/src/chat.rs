//! `stonechat bench chat`: pairs of people who chat, one load after the other, each beside a bare file.

use crate::bare_file::{BareFile, BareRun, Batch};
use crate::chat_report;
use crate::clock::Clock;
use crate::crowd::{Crowd, CrowdSpec};
use crate::figures::{BareFigures, ChatFigures, Distribution, IdleFigures, LoadFigures, Second};
use crate::fleet::{Fleet, FleetSpec};
use crate::machine;
use crate::message::Body;
use crate::metrics::{Buckets, Scrape};
use crate::options::{ChatOptions, Idle, Load, Prepared, Rate, Target};
use crate::phase::{Pace, Phase};
use crate::process::{Process, machine_cpu_seconds, open_files_max};
use crate::record::Recorder;
use crate::schedule::Schedule;
use anyhow::{Context as _, ensure};
use std::io::Write;
use std::time::Duration;

/// How long a load runs, after its warm-up, before it is counted again.
const RAMP: Duration = Duration::from_millis(300);
/// How long a bare file is measured, before a load and after it.
const BARE: Duration = Duration::from_secs(2);
/// From one bare flush to the next beside an open loop.
const PROBE_GAP: Duration = Duration::from_millis(40);
/// Files that are open besides connections.
const FILES_BESIDES: u64 = 64;
/// One in so many users of idle connections signs in on a second device.
const SECOND_DEVICES_OF: usize = 4;
/// How long memory is watched until it stands still.
const SETTLE_MAX: Duration = Duration::from_secs(12);
const SETTLE_LOOK: Duration = Duration::from_millis(500);

/// Measures, and prints the figures.
///
/// # Errors
/// What kept it from measuring, or what the server did wrong meanwhile.
pub fn run(options: ChatOptions, out: &mut dyn Write) -> anyhow::Result<()> {
    let figures = measure(&options)?;
    chat_report::write(&figures, options.output, out).context("could not print the figures")
}

/// Measures.
///
/// # Errors
/// What kept it from measuring, or what the server did wrong meanwhile.
pub fn measure(options: &ChatOptions) -> anyhow::Result<ChatFigures> {
    let sockets = options.loads.iter().map(|load| 2 * load.pairs()).max().unwrap_or(0) + options.connections;
    let idle = options.idle.map_or(0, |idle| idle.connections + idle.connections / SECOND_DEVICES_OF);
    let sockets = sockets.max(idle) as u64;
    let files = open_files_max();
    ensure!(sockets + FILES_BESIDES <= files, "{sockets} connections do not fit {files} open files (ulimit -n)");

    let watched = Watched::find(&options.target);
    // Before anything else: a process that has served nobody has no freed memory that would hide the cost.
    let idle = options.idle.map(|idle| weigh(options, idle, &watched)).transpose()?.flatten();
    let held = (options.connections > 0).then(|| Crowd::connect(&crowd_spec(options, options.connections)));
    let held = held.transpose().context("could not hold the silent connections")?;

    let mut loads: Vec<LoadFigures> = Vec::new();
    for (number, load) in options.loads.iter().enumerate() {
        let saturation = saturation_of(&loads, load.pairs());
        let figures = measure_load(options, &watched, (number, *load), saturation);
        loads.push(figures.with_context(|| format!("load {}", named(*load, None)))?);
    }
    drop(held);
    let method = chat_report::method(options, &watched);
    Ok(ChatFigures { machine: machine::describe(options), loads, idle, method })
}

/// The most that as many pairs acknowledged in a closed loop of this run, with as few in flight as one was measured
/// with: sends that come one by one do not share frames and writes, as many in flight do.
fn saturation_of(done: &[LoadFigures], pairs: usize) -> Option<f64> {
    let closed = done.iter().filter(|load| load.pairs == pairs && load.in_flight.is_some());
    closed.min_by_key(|load| load.in_flight).map(|load| load.acked_per_second)
}

/// What of the server can be looked at from outside.
pub struct Watched {
    /// Its process.
    pub process: Option<Process>,
    /// Where its metrics are, when they are there.
    pub metrics: Option<String>,
}

impl Watched {
    /// Finds what the target names, or what can be found without.
    #[must_use]
    pub fn find(target: &Target) -> Self {
        let port = target.server.authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        let process = target.server_pid.map(Process).or_else(|| Process::listening_on(port?));
        let metrics = target.metrics_authority().filter(|authority| Scrape::fetch(authority).is_ok());
        Self { process, metrics: metrics.map(Into::into) }
    }

    fn look(&self) -> anyhow::Result<Look> {
        Ok(Look {
            server_cpu: self.process.map(Process::cpu_seconds).transpose()?,
            bench_cpu: Process::own().cpu_seconds()?,
            machine_cpu: machine_cpu_seconds(),
            scrape: self.metrics.as_deref().map(Scrape::fetch).transpose()?.unwrap_or_default(),
        })
    }
}

/// What is read at both ends of a measurement.
struct Look {
    server_cpu: Option<f64>,
    bench_cpu: f64,
    machine_cpu: Option<f64>,
    scrape: Scrape,
}

fn buckets_between(before: &Look, after: &Look, name_end: &str) -> Option<Buckets> {
    Some(after.scrape.buckets(name_end)?.since(&before.scrape.buckets(name_end)?))
}

/// The records of one offer to the log, as the server counts them.
const BATCHES: &str = "app_offer_records";
/// Frames of one socket write.
const FRAMES_PER_WRITE: &str = "net_frames_per_write";

fn named(load: Load, rate: Option<f64>) -> String {
    match (load, rate) {
        (Load::Closed { pairs, in_flight }, _) => format!("closed {pairs} × {in_flight}"),
        (Load::Open { pairs, .. }, Some(rate)) => format!("open {pairs} pairs, {rate:.0}/s"),
        (Load::Open { pairs, rate: Rate::PerSecond(rate) }, None) => format!("open {pairs} pairs, {rate:.0}/s"),
        (Load::Open { pairs, rate: Rate::HalfOfSaturation }, None) => format!("open {pairs} pairs, half of the most"),
    }
}

fn measure_load(
    options: &ChatOptions,
    watched: &Watched,
    (number, load): (usize, Load),
    saturation: Option<f64>,
) -> anyhow::Result<LoadFigures> {
    let clock = Clock::start();
    let rate = match load {
        Load::Closed { .. } => None,
        Load::Open { rate: Rate::PerSecond(rate), .. } => Some(rate),
        Load::Open { rate: Rate::HalfOfSaturation, .. } => {
            Some(saturation.context("half of the most needs a closed loop of as many pairs before it")? / 2.0)
        }
    };
    let fleet = Fleet::connect(&FleetSpec {
        server: options.target.server.clone(),
        tokens: options.target.tokens.clone(),
        clock,
        pairs: load.pairs(),
        conversations: options.conversations,
        threads: options.threads,
        patience: options.patience,
        body_bytes: options.body_bytes,
        user_prefix: options.user_prefix.clone(),
        run: (clock.unix_ms(0) as u16).wrapping_add(number as u16) & 0xfff,
    })?;
    let begin = |ramp: Duration, lasts: Duration| {
        let now = clock.now_ns();
        let record_from_ns = now + ramp.as_nanos() as u64;
        let end_ns = record_from_ns + lasts.as_nanos() as u64;
        let pace = match (load, rate) {
            (Load::Open { pairs, .. }, Some(rate)) => Pace::Open(Schedule::per_second(now, rate, pairs)),
            (Load::Closed { in_flight, .. }, _) => Pace::Closed { in_flight },
            (Load::Open { .. }, None) => Pace::Closed { in_flight: 1 },
        };
        let phase = Phase { pace, record_from_ns, end_ns };
        fleet.begin(phase).map(|()| phase)
    };

    let before = watched.look()?;
    begin(Duration::ZERO, options.warm_up)?;
    fleet.results().context("warm-up")?;
    let warm = buckets_between(&before, &watched.look()?, BATCHES);

    // The disk by itself before the load and after it, in batches of the mean size just seen.
    let mut disk = Disk::of(options, clock)?;
    let first = disk.as_mut().map(|disk| disk.run(warm.as_ref())).transpose()?;

    let phase = begin(RAMP, options.duration)?;
    std::thread::sleep(clock.instant(phase.record_from_ns) - std::time::Instant::now());
    let (before, done_before) = (watched.look()?, fleet.progress());
    let probe = match (&mut disk, load) {
        (Some(disk), Load::Open { .. }) => Some(disk.probe(warm.as_ref(), options.duration)?),
        _ => None,
    };
    let left = clock.instant(phase.end_ns).saturating_duration_since(std::time::Instant::now());
    std::thread::sleep(left);
    let (after, done_after) = (watched.look()?, fleet.progress());
    let rss = watched.process.map(Process::resident_bytes).transpose()?;
    let recorder = fleet.results()?;

    let batches = buckets_between(&before, &after, BATCHES);
    let second = disk.as_mut().map(|disk| disk.run(batches.as_ref())).transpose()?;
    let bare = first.zip(second).map(|((_, mut first), (batch, second))| {
        first.merge(&second);
        BareFigures::of(&first, batch)
    });
    let looked = Looked { before, after, acked: done_after.0 - done_before.0 };
    Ok(load_figures(named(load, rate), load, &recorder, &looked, (bare, probe, rss)))
}

struct Looked {
    before: Look,
    after: Look,
    acked: u64,
}

fn load_figures(
    load: String,
    shape: Load,
    recorder: &Recorder,
    looked: &Looked,
    (bare, probe, rss): (Option<BareFigures>, Option<BareRun>, Option<u64>),
) -> LoadFigures {
    let Looked { before, after, acked } = looked;
    let seconds = (recorder.until_ns - recorder.from_ns) as f64 / 1e9;
    let cpu = before.server_cpu.zip(after.server_cpu).map(|(before, after)| after - before);
    let flushes = probe.map(|probe| probe.flush_longest.seconds().to_vec()).unwrap_or_default();
    let bench_cpu = after.bench_cpu - before.bench_cpu;
    let machine = before.machine_cpu.zip(after.machine_cpu).map(|(before, after)| after - before);
    let others = machine.zip(cpu).map(|(machine, server)| (machine - server - bench_cpu).max(0.0));
    let ms = |ns: u64| ns as f64 / 1e6;
    let by_second =
        recorder.ack_longest.seconds().iter().enumerate().map(|(second, ns)| Second {
            ack_ms_max: ms(*ns),
            bare_flush_ms_max: flushes.get(second).map(|ns| ms(*ns)),
        });
    let (in_flight, offered_per_second) = match shape {
        Load::Closed { in_flight, .. } => (Some(in_flight), None),
        Load::Open { .. } => (None, Some(recorder.ack.count() as f64 / seconds)),
    };
    LoadFigures {
        load,
        pairs: shape.pairs(),
        in_flight,
        offered_per_second,
        seconds,
        acked_per_second: recorder.acked as f64 / seconds,
        delivered_per_second: recorder.delivered as f64 / seconds,
        ack_ms: (&recorder.ack).into(),
        delivery_ms: (&recorder.delivery).into(),
        server_cpu_seconds_per_million: cpu.filter(|_| *acked > 0).map(|cpu| cpu / *acked as f64 * 1e6),
        server_cores: cpu.map(|cpu| cpu / seconds),
        bench_cores: bench_cpu / seconds,
        other_cores: others.map(|others| others / seconds),
        server_rss_mib: rss.map(mib),
        batch_records: buckets_between(before, after, BATCHES).as_ref().and_then(Distribution::of),
        frames_per_write: buckets_between(before, after, FRAMES_PER_WRITE).as_ref().and_then(Distribution::of),
        bare,
        by_second: by_second.collect(),
        refused: recorder.refused,
        pokes: recorder.pokes,
    }
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

/// The disk of the server's data folder.
struct Disk {
    file: BareFile,
    clock: Clock,
    body_bytes: usize,
}

impl Disk {
    fn of(options: &ChatOptions, clock: Clock) -> anyhow::Result<Option<Self>> {
        let Some(folder) = &options.target.data_dir else { return Ok(None) };
        let body_bytes = Body::new(options.body_bytes).wire_bytes();
        Ok(Some(Self { file: BareFile::create(folder)?, clock, body_bytes }))
    }

    /// One by one, when the server does not say how many it takes.
    fn batch(&self, batches: Option<&Buckets>) -> Batch {
        let mean = batches.and_then(Buckets::mean).unwrap_or(1.0);
        Batch { messages: (mean.round() as usize).max(1), body_bytes: self.body_bytes }
    }

    fn run(&mut self, batches: Option<&Buckets>) -> anyhow::Result<(usize, BareRun)> {
        let batch = self.batch(batches);
        Ok((batch.messages, self.file.run(batch, &self.clock, BARE)?))
    }

    fn probe(&mut self, batches: Option<&Buckets>, lasts: Duration) -> anyhow::Result<BareRun> {
        self.file.paced(self.batch(batches), &self.clock, lasts, PROBE_GAP)
    }
}

fn crowd_spec(options: &ChatOptions, connections: usize) -> CrowdSpec {
    CrowdSpec {
        server: options.target.server.clone(),
        tokens: options.target.tokens.clone(),
        user_prefix: options.user_prefix.clone(),
        connections,
        device: "bench".into(),
    }
}

/// Memory of idle connections; none when the server's process is not to be seen.
fn weigh(options: &ChatOptions, idle: Idle, watched: &Watched) -> anyhow::Result<Option<IdleFigures>> {
    let Some(process) = watched.process else { return Ok(None) };
    let spec = crowd_spec(options, idle.connections);
    if idle.prepared == Prepared::No {
        Crowd::prepare(&spec, idle).context("could not prepare the idle connections")?;
    }
    let without = settled(process)?;
    let crowd = Crowd::connect(&spec).context("could not hold the idle connections")?;
    let with = settled(process)?;
    let seconds = (idle.connections / SECOND_DEVICES_OF).max(1);
    let second = CrowdSpec { connections: seconds, device: "bench-second".into(), ..spec };
    let second = Crowd::connect(&second).context("could not hold the second devices")?;
    let with_second = settled(process)?;
    drop((crowd, second));
    let kib_of = |more: u64, less: u64, connections: usize| (more as f64 - less as f64) / 1024.0 / connections as f64;
    Ok(Some(IdleFigures {
        connections: idle.connections,
        conversations: idle.conversations,
        fresh_process: idle.prepared == Prepared::Yes,
        rss_without_mib: mib(without),
        rss_with_mib: mib(with),
        kib_each: kib_of(with, without, idle.connections),
        kib_second_device: kib_of(with_second, with, seconds),
    }))
}

/// Waits until memory stands still for three looks, but not for ever.
fn settled(process: Process) -> anyhow::Result<u64> {
    let mut looks = vec![process.resident_bytes()?];
    while looks.len() as u32 * SETTLE_LOOK < SETTLE_MAX {
        std::thread::sleep(SETTLE_LOOK);
        looks.push(process.resident_bytes()?);
        if let [.., a, b, c] = looks[..]
            && a == b
            && b == c
        {
            break;
        }
    }
    Ok(looks[looks.len() - 1])
}
