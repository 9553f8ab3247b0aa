//! One start of the server: the production application, gateway, connection loop and engine in a runtime whose clock
//! stands still until the loop moves it.

use crate::dice::Dice;
use crate::ports::{SimClock, SimEntropy, SimVerifier, Skew};
use crate::slow_log::{Pace, SlowLog};
use crate::stream::Socket;
use crate::tally::Tally;
use anyhow::Context as _;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use stonechat_app::application::{App, Parts};
use stonechat_app::follower::Start;
use stonechat_app::node::Options as AppOptions;
use stonechat_app::ports::Entropy as _;
use stonechat_app::rows::derive::MessageRows;
use stonechat_gateway_native::content::KnownContent;
use stonechat_gateway_native::gateway::NativeGateway;
use stonechat_gateway_native::session::NativeSession;
use stonechat_log_segment::config::{Config as StoreConfig, OnFatal};
use stonechat_log_segment::engine::{Options as StoreOptions, Recovered, SegmentLog, Stepper};
use stonechat_log_segment::keys::{FileVault, MasterKey};
use stonechat_log_segment::memory_index::MemoryIndexes;
use stonechat_log_segment::sim_disk::SimDisk;
use stonechat_net::connection::{Arrival, ConnectionContext, serve};
use stonechat_net::drain::{Drain, DrainPlan};
use stonechat_net::machine::{MessageKind, PeerInfo, Transport};
use stonechat_net::tcp::LengthPrefixed;
use stonechat_net::time::Origin;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

/// What outlives a start of the server.
pub struct Machine {
    /// Its disk.
    pub disk: SimDisk,
    /// Its index.
    pub indexes: MemoryIndexes,
    /// Its wall clock.
    pub skew: Skew,
}

/// How a server is set up.
#[derive(Clone)]
pub struct Setup {
    /// Sizes of the store.
    pub store: StoreConfig,
    /// What the application may choose.
    pub app: AppOptions,
    /// Planted: the rows by which a repeated send is known are not found.
    pub forgets_ids: bool,
}

/// A server that runs.
pub struct Node {
    // First: its tasks hold parts of all that follows.
    runtime: Runtime,
    /// The application.
    pub app: Arc<App>,
    /// The store.
    pub log: Arc<SegmentLog>,
    /// Moves the store.
    pub stepper: Stepper,
    /// The keys at rest.
    pub vault: Arc<FileVault>,
    /// How fast reads are, and what was offered.
    pub pace: Arc<Pace>,
    /// What the start found.
    pub recovered: Recovered,
    /// Heard by the loop.
    pub wake: Arc<Notify>,
    context: Arc<ConnectionContext<NativeGateway>>,
    tasks: TaskTracker,
    connections: TaskTracker,
    start: Instant,
    base_ms: u64,
    engine_ms: u64,
}

impl Node {
    /// Opens the store and starts the application.
    ///
    /// # Errors
    /// When the store does not open; when the power went meanwhile, the disk says so.
    pub fn start(machine: &Machine, setup: &Setup, now_ms: u64, mut dice: Dice) -> anyhow::Result<Self> {
        let entropy = Arc::new(SimEntropy::new(dice.fork()));
        let of_store = entropy.clone();
        let options = StoreOptions {
            config: setup.store.clone(),
            derive: Arc::new(MessageRows),
            entropy: &move |buffer| of_store.fill(buffer),
        };
        let (disk, indexes) = (Arc::new(machine.disk.clone()), Arc::new(machine.indexes.clone()));
        let (log, stepper) = SegmentLog::open_stepped(disk, indexes, options).context("the store does not open")?;
        let log = Arc::new(log);
        let of_vault = entropy.clone();
        let fill = Arc::new(move |buffer: &mut [u8]| of_vault.fill(buffer));
        let vault = FileVault::open_with(&machine.disk, &MasterKey::new([7; 32]), fill, OnFatal::Close);
        let vault = Arc::new(vault.context("the vault does not open")?);
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build()?;
        let inside = runtime.enter();
        let start = Instant::now();
        let wake = Arc::new(Notify::new());
        let pace = Arc::new(Pace::new(dice.fork(), wake.clone()));
        let (tasks, connections) = (TaskTracker::new(), TaskTracker::new());
        let mut registry = prometheus_client::registry::Registry::default();
        let parts = Parts {
            log: Arc::new(SlowLog::new(log.clone(), pace.clone(), setup.forgets_ids)),
            vault: vault.clone(),
            clock: Arc::new(SimClock { base_ms: now_ms, start, skew: machine.skew.clone() }),
            entropy,
            verifier: Arc::new(SimVerifier),
            content: Arc::new(KnownContent),
            tasks: tasks.clone(),
            options: setup.app.clone(),
        };
        let app = App::start(parts, &mut registry);
        app.follow(Arc::new(Tally), Start::Oldest)?;
        let context = Arc::new(ConnectionContext {
            service: Arc::new(NativeGateway::new(app.clone())),
            metrics: stonechat_net::metrics::Metrics::register(&mut registry),
            origin: Origin::start(),
            drain: Arc::new(Drain::new(DrainPlan::default())),
        });
        drop(inside);
        let recovered = log.recovered();
        Ok(Self {
            runtime,
            app,
            log,
            stepper,
            vault,
            pace,
            recovered,
            wake,
            context,
            tasks,
            connections,
            start,
            base_ms: now_ms,
            engine_ms: now_ms,
        })
    }

    /// Lets tasks and timers run until a time, or until something left the application: the time then.
    pub fn run_until(&mut self, until_ms: u64) -> u64 {
        let at = self.start + Duration::from_millis(until_ms.saturating_sub(self.base_ms));
        let (wake, start) = (&self.wake, self.start);
        let elapsed = self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = wake.notified() => {}
                () = tokio::time::sleep_until(at) => {}
            }
            start.elapsed()
        });
        let now_ms = self.base_ms + elapsed.as_millis() as u64;
        self.stepper.advance(now_ms.saturating_sub(self.engine_ms));
        self.engine_ms = now_ms;
        now_ms
    }

    /// Carries out something in the application, with all that runs beside it.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Starts a task beside those of the application.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(work);
    }

    /// Takes a connection.
    pub fn accept(&mut self, socket: &Socket) {
        let peer = PeerInfo {
            addr: SocketAddr::from(([127, 0, 0, 1], 1)),
            tls: false,
            transport: Transport::Tcp,
            kind: MessageKind::Binary,
        };
        let arrival = Arrival::new(socket.server_end(), peer);
        let inside = self.runtime.enter();
        let served = serve::<_, _, NativeSession, _>(arrival, LengthPrefixed::default(), self.context.clone());
        self.connections.spawn(served);
        drop(inside);
    }

    /// Tells the connections to leave.
    pub fn drain(&self) {
        let _inside = self.runtime.enter();
        self.context.drain.begin();
    }

    /// Ends the application, once the connections are gone.
    pub fn stop(&self) {
        self.connections.close();
        self.app.stop();
        self.tasks.close();
    }

    /// Whether all tasks have ended.
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Connections that are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// Counts of the connection loop.
    #[must_use]
    pub fn net(&self) -> &stonechat_net::metrics::Metrics {
        &self.context.metrics
    }
}

/// The wall clock of a machine at a simulated time.
#[must_use]
pub fn wall(skew: &Skew, now_ms: u64) -> stonechat_types::number::Timestamp {
    stonechat_types::number::Timestamp(crate::ports::EPOCH_MS + now_ms as i64 + skew.get())
}
