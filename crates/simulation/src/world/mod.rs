//! The seeded loop: one queue of what happens next, and everything that it happens to.

mod disk;
mod manage;
mod network;
mod own;
mod people;
mod presence;
mod server;
mod steps;

use crate::device::{Device, Waiting};
use crate::dice::Dice;
use crate::ledger::Ledger;
use crate::network::Connection;
use crate::node::{Machine, Node, Setup};
use crate::plan::{Plan, Shape, Step, TROUBLE_MS};
use crate::planted::Planted;
use crate::ports::Skew;
use crate::stream::End;
use crate::trace::Trace;
use crate::visits::Visits;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};
use stonechat_client::core::command::Command;
use stonechat_client::core::machine::Input;
use stonechat_log_segment::memory_index::MemoryIndexes;
use stonechat_log_segment::sim_disk::{Crash, SimDisk};
use stonechat_types::id::{DeviceId, UserId};

/// How long devices may take, once they are left in peace, to be equal to the log.
const PEACE_MS: u64 = 300_000;
/// Time between two looks whether they are.
const LOOK_MS: u64 = 10_000;
/// Time between two looks at what has no event of its own.
const PULSE_MS: u64 = 100;

/// What happens next.
#[derive(Debug)]
pub(crate) enum Event {
    Step(usize),
    Pulse,
    Commit { epoch: u64 },
    Prepare { epoch: u64 },
    Checkpoint { epoch: u64 },
    StopApp { epoch: u64 },
    HasStopped { epoch: u64, down_ms: u64 },
    StartServer,
    ConnectArrives { device: usize, attempt: u64 },
    ConnectFails { device: usize, attempt: u64, reason: &'static str },
    Opened { device: usize, connection: u64 },
    ToServer { connection: u64, bytes: Bytes },
    EndToServer { connection: u64, end: End },
    ToDevice { connection: u64, bytes: Bytes },
    EndToDevice { connection: u64 },
    Token { device: usize, epoch: u64 },
    StoreCommit { device: usize, epoch: u64 },
    Tick { device: usize, at: u64 },
    Revive { device: usize },
    Calm { what: Calm },
}

/// What ends a fault of the server's machine.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Calm {
    Capacity,
    Speed,
    Index,
}

/// What the server's machine suffers at present.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub flush_ms: u64,
    /// How the server dies when its disk or index reaches what was planned.
    pub way: Option<Crash>,
    pub down_ms: u64,
    /// Operations of the disk after which the power goes, in the next start.
    pub in_recovery: Option<u64>,
    pub was_full: bool,
    /// Since when it could not store.
    pub full_since_ms: Option<u64>,
    /// Until when what was refused may still be on its way.
    pub refusing_until_ms: u64,
}

/// A death of the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Death {
    pub at_ms: u64,
    /// Since when nothing could be stored before it.
    pub since_ms: u64,
    /// How long what was to be stored may have been on its way.
    pub on_way_ms: u64,
}

/// The outcome of a call in the name of a user, with the message that it was for.
pub(crate) type BackendAnswers =
    Arc<Mutex<Vec<(crate::ledger::Key, Result<stonechat_app::api::Answer, stonechat_app::api::Failure>)>>>;

/// A run.
pub struct World {
    pub(crate) plan: Plan,
    pub(crate) shape: Shape,
    pub(crate) planted: Option<Planted>,
    pub(crate) now_ms: u64,
    pub(crate) dice: Dice,
    queue: BTreeMap<(u64, u64), Event>,
    queued: u64,
    pub(crate) machine: Machine,
    pub(crate) setup: Setup,
    pub(crate) node: Option<Node>,
    pub(crate) node_epoch: u64,
    pub(crate) is_committing: bool,
    pub(crate) checkpoint_waits: bool,
    pub(crate) is_stopping: bool,
    pub(crate) commits: Vec<u64>,
    pub(crate) faults: Faults,
    pub(crate) users: Vec<UserId>,
    pub(crate) devices: Vec<Device>,
    pub(crate) connections: BTreeMap<u64, Connection>,
    pub(crate) last_connection: u64,
    pub(crate) backend: BackendAnswers,
    pub(crate) backend_ids: u64,
    /// Messages whose stored body rotted.
    pub(crate) rotted: BTreeSet<crate::ledger::Key>,
    /// When the server died.
    pub(crate) crashes: Vec<Death>,
    pub(crate) slowest_commit_ms: u64,
    pub(crate) offered_at: Option<u64>,
    pub(crate) skew_max: i64,
    pub(crate) is_peace: bool,
    /// What was promised.
    pub ledger: Ledger,
    /// What was visited.
    pub visits: Visits,
    /// What happened.
    pub trace: Trace,
}

/// How a run ended.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What is wrong; `None` when nothing is.
    pub violation: Option<String>,
    /// What was visited.
    pub visits: Visits,
    /// The hash of the trace.
    pub hash: u64,
    /// Entries of the trace.
    pub entries: u64,
    /// The trace, when it was kept.
    pub lines: Vec<String>,
    /// Acknowledgements that were checked.
    pub acknowledgements: u64,
    /// Simulated milliseconds.
    pub simulated_ms: u64,
}

/// Which steps of a plan happen.
#[derive(Clone, Debug)]
pub enum Kept {
    /// All of them.
    All,
    /// Those at these places.
    Only(BTreeSet<usize>),
}

impl Kept {
    fn keeps(&self, place: usize) -> bool {
        match self {
            Self::All => true,
            Self::Only(places) => places.contains(&place),
        }
    }
}

impl World {
    /// The world of a plan before its first moment.
    #[must_use]
    pub fn new(plan: Plan, planted: Option<Planted>, keep_lines: bool) -> Self {
        let mut dice = Dice::new(plan.seed);
        let shape = plan.shape.clone();
        let users: Vec<_> = (0..shape.users).filter_map(|n| UserId::new(&format!("user{n}")).ok()).collect();
        let options = (planted.map(Planted::of_client).unwrap_or_default(), shape.record_events);
        let mut devices = Vec::new();
        for user in &users {
            for n in 0..dice.between(1, shape.devices) {
                let Ok(id) = DeviceId::new(&format!("device{n}")) else { continue };
                devices.push(Device::new(devices.len(), user.clone(), id, options, dice.fork()));
            }
        }
        let disk = SimDisk::new();
        let setup = server::setup(&shape, planted);
        let mut world = Self {
            machine: Machine { disk, indexes: MemoryIndexes::new(), skew: Skew::default() },
            setup,
            shape,
            plan,
            planted,
            now_ms: 0,
            dice,
            queue: BTreeMap::new(),
            queued: 0,
            node: None,
            node_epoch: 0,
            is_committing: false,
            checkpoint_waits: false,
            is_stopping: false,
            commits: Vec::new(),
            faults: Faults::default(),
            users,
            devices,
            connections: BTreeMap::new(),
            last_connection: 0,
            backend: BackendAnswers::default(),
            backend_ids: 0,
            rotted: BTreeSet::new(),
            crashes: Vec::new(),
            slowest_commit_ms: 0,
            offered_at: None,
            skew_max: 0,
            is_peace: false,
            ledger: Ledger::default(),
            visits: Visits::default(),
            trace: Trace::new(keep_lines),
        };
        world.at(0, Event::StartServer);
        for device in 0..world.devices.len() {
            let at = world.dice.between(0, 2_000);
            world.at(at, Event::Revive { device });
        }
        world.at(PULSE_MS, Event::Pulse);
        world
    }

    /// Runs the plan, then leaves everybody in peace, and looks.
    #[must_use]
    pub fn run(mut self, kept: &Kept) -> Outcome {
        let steps: Vec<_> = self.plan.steps.iter().map(|(at, _)| *at).enumerate().collect();
        for (place, at) in steps.into_iter().filter(|(place, _)| kept.keeps(*place)) {
            self.at(at, Event::Step(place));
        }
        self.run_until(TROUBLE_MS);
        self.make_peace();
        let mut found = self.settle();
        if found.is_none() && self.ledger.violation.is_none() && self.relate_in_peace() {
            found = self.settle();
        }
        if found.is_none() && self.ledger.violation.is_none() {
            // What was acknowledged last has to be durable as well.
            self.note(format_args!("the last cut"));
            let ways = [Crash::Dropped, Crash::Torn, Crash::Reordered];
            (self.faults.way, self.faults.down_ms) = (Some(ways[self.dice.index(ways.len())]), 100);
            self.crash();
            found = self.settle();
        }
        let violation = self.ledger.violation.take().or(found);
        self.count_end();
        Outcome {
            violation,
            hash: self.trace.hash(),
            entries: self.trace.entries(),
            lines: self.trace.into_lines(),
            acknowledgements: self.ledger.acknowledgements,
            simulated_ms: self.now_ms,
            visits: self.visits,
        }
    }

    /// Looks until nothing is wrong, or for so long that it would be by now: what is wrong then.
    fn settle(&mut self) -> Option<String> {
        let start = self.now_ms;
        let mut found = Some("nobody looked".to_owned());
        while found.is_some() && self.now_ms < start + PEACE_MS && self.ledger.violation.is_none() {
            self.run_until(self.now_ms + LOOK_MS);
            found = self.look();
            self.sign_in_again();
        }
        found
    }

    /// Schedules an event.
    pub(crate) fn at(&mut self, at_ms: u64, event: Event) {
        self.queued += 1;
        self.queue.insert((at_ms.max(self.now_ms), self.queued), event);
    }

    /// Schedules an event after a while.
    pub(crate) fn after(&mut self, ms: u64, event: Event) {
        self.at(self.now_ms + ms, event);
    }

    /// Notes what happened.
    pub(crate) fn note(&mut self, what: fmt::Arguments<'_>) {
        self.trace.note(self.now_ms, what);
    }

    fn run_until(&mut self, end_ms: u64) {
        while self.ledger.violation.is_none() {
            let next = self.queue.first_key_value().map_or(end_ms, |((at, _), _)| (*at).min(end_ms));
            if let Some(node) = &mut self.node {
                self.now_ms = node.run_until(next).max(self.now_ms);
                if self.collect() || self.now_ms < next {
                    continue;
                }
            }
            self.now_ms = self.now_ms.max(next);
            match self.queue.first_entry() {
                Some(entry) if entry.key().0 <= self.now_ms && entry.key().0 <= end_ms => {
                    let event = entry.remove();
                    self.happen(event);
                }
                _ if self.now_ms >= end_ms => return,
                _ => {}
            }
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Step(place) => {
                let step = self.plan.steps[place].1.clone();
                self.note(format_args!("step {place} {step:?}"));
                self.step(step);
            }
            Event::Pulse => self.pulse(),
            Event::Commit { epoch } if epoch == self.node_epoch => self.commit(),
            Event::Prepare { epoch } if epoch == self.node_epoch => self.prepare(),
            Event::Checkpoint { epoch } if epoch == self.node_epoch => self.checkpoint(),
            Event::StopApp { epoch } if epoch == self.node_epoch => self.stop_app(),
            Event::HasStopped { epoch, down_ms } if epoch == self.node_epoch => self.has_stopped(down_ms),
            Event::Commit { .. }
            | Event::Prepare { .. }
            | Event::Checkpoint { .. }
            | Event::StopApp { .. }
            | Event::HasStopped { .. } => {}
            Event::StartServer => self.start_server(),
            Event::ConnectArrives { device, attempt } => self.connect_arrives(device, attempt),
            Event::ConnectFails { device, attempt, reason } => {
                if self.devices[device].attempt == attempt {
                    self.input(device, Input::Closed(reason.to_owned()));
                }
            }
            Event::Opened { device, connection } => {
                if self.devices[device].connection == Some(connection) {
                    self.input(device, Input::Opened);
                }
            }
            Event::ToServer { connection, bytes } => self.reaches_server(connection, &bytes),
            Event::EndToServer { connection, end } => self.end_to_server(connection, end),
            Event::ToDevice { connection, bytes } => self.reaches_device(connection, &bytes),
            Event::EndToDevice { connection } => self.end_to_device(connection),
            Event::Token { device, epoch } => self.give_token(device, epoch),
            Event::StoreCommit { device, epoch } => self.store_commit(device, epoch),
            Event::Tick { device, at } => {
                if self.devices[device].tick_at == Some(at) {
                    self.devices[device].tick_at = None;
                    self.input(device, Input::Tick);
                }
            }
            Event::Revive { device } => self.revive(device),
            Event::Calm { what } => self.calm(what),
        }
    }

    /// What has no event of its own.
    fn pulse(&mut self) {
        self.after(PULSE_MS, Event::Pulse);
        self.look_at_disk();
        self.take_backend_answers();
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::KillServer { .. }
            | Step::Restart { .. }
            | Step::DiskFull { .. }
            | Step::FailSync { .. }
            | Step::Slow { .. }
            | Step::FailIndex { .. }
            | Step::Checkpoint
            | Step::Rot { .. }
            | Step::ServerClock { .. } => self.server_step(step),
            Step::Partition { .. } | Step::OneWay { .. } | Step::Break { .. } | Step::SlowReader { .. } => {
                self.network_step(step);
            }
            _ => self.people_step(step),
        }
    }

    /// Whoever was signed out asks for a new token.
    fn sign_in_again(&mut self) {
        for device in 0..self.devices.len() {
            if self.has_ended(device) {
                self.visits.count("signed in again");
                self.kill_device(device, false);
                self.revive(device);
            }
        }
    }

    /// All faults end, everybody is there, and nobody begins anything new.
    fn make_peace(&mut self) {
        self.note(format_args!("peace"));
        self.is_peace = true;
        (self.shape.loss, self.shape.duplication, self.shape.delay_ms) = (0, 0, self.shape.delay_ms.min(20));
        self.calm_server();
        self.take_backend_answers();
        self.sign_in_again();
        for device in 0..self.devices.len() {
            self.devices[device].link = Default::default();
            if self.devices[device].core.is_none() {
                self.revive(device);
            } else if self.dice.percent(50) {
                // The others have to wake up by themselves.
                let input = self.devices[device].command(Command::TryNow, Waiting::Other);
                self.input(device, input);
            }
        }
        self.watch_in_peace();
    }
}
