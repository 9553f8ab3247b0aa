//! The life of the server: starts, deaths, and the faults of its machine.

use super::{Calm, Death, Event, World};
use crate::node::{Machine, Node, Setup};
use crate::plan::{Shape, Step};
use crate::planted::Planted;
use std::sync::atomic::Ordering;
use std::time::Duration;
use stonechat_app::node::Options as AppOptions;
use stonechat_log::store::LogError;
use stonechat_log_segment::config::{Config, OnClose, OnFatal};
use stonechat_log_segment::sim_disk::{Crash, Syncs};

/// Time between the word that the server stops and the end of its application.
const STOP_MS: u64 = 12_000;

/// How the server of a run is set up.
pub(super) fn setup(shape: &Shape, planted: Option<Planted>) -> Setup {
    let store = Config {
        segment_bytes: shape.segment_bytes,
        checkpoint_bytes: shape.checkpoint_bytes,
        tail_bytes_max: shape.checkpoint_bytes * 64,
        checkpoint_slice_bytes: 1_024,
        retry_period: Duration::from_millis(500),
        spare_pause: Duration::ZERO,
        checkpoint_pause: Duration::ZERO,
        on_fatal: OnFatal::Close,
        on_close: OnClose::Leave,
        ..Config::default()
    };
    #[cfg(feature = "mutants")]
    let store = Config { reuses_position: planted == Some(Planted::PositionReused), ..store };
    let app = AppOptions {
        executors: shape.executors,
        auto_create: true,
        executor_bytes_max: shape.executor_bytes,
        mutants: planted.map(Planted::of_app).unwrap_or_default(),
        ..AppOptions::default()
    };
    Setup { store, app, forgets_ids: planted == Some(Planted::IdempotencySkipped) }
}

impl World {
    pub(super) fn start_server(&mut self) {
        if self.node.is_some() {
            return;
        }
        self.node_epoch += 1;
        if let Some(operations) = self.faults.in_recovery.take() {
            self.faults.way = Some(Crash::ALL[self.dice.index(Crash::ALL.len())]);
            self.machine.disk.cut_power_after(operations);
        }
        let dice = self.dice.fork();
        let started = Node::start(&self.machine, &self.setup, self.now_ms, dice);
        if self.machine.disk.is_off() || self.machine.indexes.is_cut() {
            self.visits.count("crash inside recovery");
            drop(started);
            return self.crash();
        }
        match started {
            Ok(node) => {
                self.machine.disk.cut_power_after(u64::MAX);
                self.faults.way = None;
                self.slowest_commit_ms = 0;
                let found = node.recovered;
                self.note(format_args!(
                    "the server starts: {found:?}, head {}",
                    stonechat_log::store::Log::head(&*node.log).0
                ));
                self.visits.count("server started");
                if self.planted == Some(Planted::AckBeforeSync) {
                    self.machine.disk.set_syncs(Syncs::Ignored);
                }
                self.visits.add("torn tail cut", u64::from(found.cut));
                self.visits.add("unsynced batches written again", u64::from(found.rewritten > 0));
                self.visits.add("bit rot reported", found.damaged);
                node.pace.read_ms_max.store(self.shape.read_ms, Ordering::Relaxed);
                self.node = Some(node);
                let epoch = self.node_epoch;
                self.after(1, Event::Prepare { epoch });
            }
            Err(error) => self.does_not_start(&format!("{error:#}")),
        }
    }

    /// A start may fail while the machine has a fault; whoever watches over the process tries again.
    fn does_not_start(&mut self, error: &str) {
        self.note(format_args!("the server does not start: {error}"));
        if self.machine.disk.capacity() < u64::MAX && error.contains("the disk is full") {
            // A tail that has to be written again needs room: the operator makes some.
            self.visits.count("start refused: full disk");
            self.machine.disk.set_capacity(u64::MAX);
        } else if error.contains("the sync was told to fail") {
            self.visits.count("start refused: failed sync");
            self.machine.disk.set_syncs(Syncs::Real);
            (self.faults.way, self.faults.down_ms) = (Some(Crash::ALL[self.dice.index(4)]), 100);
            return self.crash();
        } else if self.machine.indexes.is_faulty() {
            self.visits.count("start refused: failing index");
        } else {
            self.ledger.violation.get_or_insert(format!("the server does not start: {error}"));
        }
        self.after(100, Event::StartServer);
    }

    /// The machine or the process dies; what is found afterwards depends on the way.
    pub(super) fn crash(&mut self) {
        let way = self.faults.way.take().unwrap_or(Crash::Kept);
        let seed = self.dice.number();
        let unsynced = self.machine.indexes.unsynced();
        let keep = if way == Crash::Kept { unsynced } else { self.dice.index(unsynced + 1) };
        self.visits.add("checkpoint torn by a crash", u64::from(keep > 0 && keep < unsynced));
        self.note(format_args!("the server dies: {way:?}"));
        self.visits.count(if way == Crash::Kept { "server killed" } else { "power cut" });
        let waited = self.offered_at.map_or(0, |at| self.now_ms - at);
        let since_ms = self.faults.full_since_ms.take().unwrap_or(self.now_ms);
        let on_way_ms = self.slowest_commit_ms.max(waited);
        self.crashes.push(Death { at_ms: self.now_ms, since_ms, on_way_ms });
        self.leave_node();
        let capacity = self.machine.disk.capacity();
        self.machine = Machine {
            disk: self.machine.disk.crashed(way, seed),
            indexes: self.machine.indexes.crashed(keep),
            skew: self.machine.skew.clone(),
        };
        self.machine.disk.set_capacity(capacity);
        if self.planted == Some(Planted::AckBeforeSync) {
            self.machine.disk.set_syncs(Syncs::Ignored);
        }
        // Only a process that dies on a living host says so.
        let ids: Vec<u64> = self.connections.keys().copied().collect();
        if way == Crash::Kept {
            ids.into_iter().for_each(|id| self.tell_end(id));
        }
        let down_ms = self.faults.down_ms.max(1);
        self.after(down_ms, Event::StartServer);
    }

    /// Lets go of the server's process.
    fn leave_node(&mut self) {
        let Some(node) = self.node.take() else { return };
        let metrics = node.app.metrics();
        self.visits.add("state evicted", metrics.conversations_evicted.get());
        self.visits.add("state loaded", metrics.loads.get());
        self.visits.add("slow reader closed", node.net().write_deadline_closes.get());
        self.visits.add("outbound queue overflowed", node.net().event_overflows.get());
        (self.is_committing, self.checkpoint_waits, self.is_stopping) = (false, false, false);
        self.offered_at = None;
        self.commits.clear();
        drop(node);
    }

    pub(super) fn server_step(&mut self, step: Step) {
        match step {
            Step::KillServer { way, operations, index_writes, down_ms, in_recovery } => {
                if self.node.is_none() {
                    return;
                }
                (self.faults.way, self.faults.down_ms) = (Some(way), down_ms);
                self.faults.in_recovery = in_recovery.then(|| self.dice.below(12));
                match index_writes {
                    Some(writes) => self.machine.indexes.fail_after(Some(writes)),
                    None if operations == 0 => self.crash(),
                    None => self.machine.disk.cut_power_after(operations),
                }
            }
            Step::Restart { down_ms } => self.stop_server(down_ms),
            Step::DiskFull { room, for_ms } => {
                let used = self.machine.disk.used();
                self.machine.disk.set_capacity(used + room);
                self.after(for_ms, Event::Calm { what: Calm::Capacity });
            }
            Step::FailSync { after } if self.planted != Some(Planted::AckBeforeSync) => {
                self.machine.disk.set_syncs(Syncs::FailAfter(after));
            }
            Step::Slow { flush_ms, read_ms, for_ms } => {
                self.faults.flush_ms = flush_ms;
                self.set_read_ms(read_ms);
                self.after(for_ms, Event::Calm { what: Calm::Speed });
            }
            Step::FailIndex { refuses_only, for_ms } => {
                if refuses_only {
                    self.machine.indexes.refuse(Some(LogError::StorageFull));
                } else {
                    self.machine.indexes.fail(true);
                }
                self.after(for_ms, Event::Calm { what: Calm::Index });
            }
            Step::Checkpoint => self.want_checkpoint(0),
            Step::Rot { place } => self.rot(place),
            Step::ServerClock { by_ms } => {
                self.machine.skew.add(by_ms);
                self.skew_max = self.skew_max.max(self.machine.skew.get());
                self.visits.count(if by_ms < 0 { "server clock back" } else { "server clock ahead" });
            }
            _ => {}
        }
    }

    fn stop_server(&mut self, down_ms: u64) {
        let Some(node) = self.node.as_ref().filter(|_| !self.is_stopping) else { return };
        node.drain();
        self.is_stopping = true;
        self.faults.down_ms = down_ms;
        let epoch = self.node_epoch;
        self.after(STOP_MS, Event::StopApp { epoch });
    }

    pub(super) fn stop_app(&mut self) {
        let Some(node) = &self.node else { return };
        if node.connections() > 0 {
            let text = format!("{} connections are open after the drain", node.connections());
            self.ledger.violation.get_or_insert(text);
            return;
        }
        node.stop();
        let (epoch, down_ms) = (self.node_epoch, self.faults.down_ms);
        self.after(20, Event::HasStopped { epoch, down_ms });
    }

    pub(super) fn has_stopped(&mut self, down_ms: u64) {
        let Some(node) = &self.node else { return };
        if !node.has_stopped() {
            let epoch = self.node_epoch;
            return self.after(20, Event::HasStopped { epoch, down_ms });
        }
        self.visits.count("graceful restart");
        self.note(format_args!("the server has stopped"));
        self.take_backend_answers();
        self.leave_node();
        let ids: Vec<u64> = self.connections.keys().copied().collect();
        ids.into_iter().for_each(|id| self.tell_end(id));
        self.node_epoch += 1;
        self.machine.disk = self.machine.disk.crashed(Crash::Kept, 0);
        self.after(down_ms, Event::StartServer);
    }

    pub(super) fn calm(&mut self, what: Calm) {
        match what {
            Calm::Capacity => self.machine.disk.set_capacity(u64::MAX),
            Calm::Speed => {
                self.faults.flush_ms = 0;
                self.set_read_ms(self.shape.read_ms);
            }
            Calm::Index => {
                self.machine.indexes.fail(false);
                self.machine.indexes.refuse(None);
            }
        }
    }

    /// All faults of the machine end.
    pub(super) fn calm_server(&mut self) {
        [Calm::Capacity, Calm::Speed, Calm::Index].into_iter().for_each(|what| self.calm(what));
        self.machine.indexes.fail_after(None);
        self.machine.disk.cut_power_after(u64::MAX);
        self.faults.in_recovery = None;
        if self.planted != Some(Planted::AckBeforeSync) {
            self.machine.disk.set_syncs(Syncs::Real);
        }
        // Tokens of now must not be older than what was signed out before.
        self.machine.skew.add(self.skew_max - self.machine.skew.get());
        if self.node.is_none() {
            self.start_server();
        }
    }

    /// How long reads take from now on, at most; says how long they took before.
    pub(crate) fn set_read_ms(&self, ms: u64) -> u64 {
        self.node.as_ref().map_or(0, |node| node.pace.read_ms_max.swap(ms, Ordering::Relaxed))
    }

    /// The counts of the last start.
    pub(super) fn count_end(&mut self) {
        self.leave_node();
    }
}
