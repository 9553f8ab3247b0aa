//! The server of a run: real listeners' work, gateway and application over a store that survives its host.

use super::ledger::{Ledger, Side, now_ms};
use super::line::Socket;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use stonechat_app::application::{App, Parts};
use stonechat_app::node::Options;
use stonechat_app::ports::{Clock, Entropy, Identity, TokenError, TokenVerifier};
use stonechat_client::driver::ports as client;
use stonechat_gateway_native::content::KnownContent;
use stonechat_gateway_native::gateway::NativeGateway;
use stonechat_log::memory::MemoryLog;
use stonechat_log::vault::MemoryVault;
use stonechat_net::admission::Limits;
use stonechat_net::drain::DrainPlan;
use stonechat_net::http::WebSocketRoute;
use stonechat_net::metrics::Metrics;
use stonechat_net::server::{Listeners, NetConfig};
use stonechat_types::id::{AppName, UserId};
use stonechat_types::number::{AppId, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use turmoil::net::TcpListener;

pub const HOST: &str = "server";
pub const TCP_PORT: u16 = 9_000;
pub const HTTP_PORT: u16 = 8_080;
pub const WS_PATH: &str = "/v1/ws";
/// Connections from one host. A server that kept the permits of the gone would soon turn everybody away.
pub const PER_HOST_MAX: usize = 8;
pub const DRAIN: DrainPlan = DrainPlan { after_ms: 500, spread_ms: 3_000, deadline_ms: 6_000 };
/// The time of day when a run begins.
pub const BEGINS_MS: i64 = 1_790_000_000_000;
const TOKEN_MS: i64 = 24 * 3_600_000;

/// The time of the simulation, for server and devices.
pub struct SimClock;

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp(BEGINS_MS + now_ms() as i64)
    }

    fn monotonic_ms(&self) -> u64 {
        now_ms()
    }
}

impl client::Clock for SimClock {
    fn wall_ms(&self) -> i64 {
        BEGINS_MS + now_ms() as i64
    }

    fn monotonic_ms(&self) -> u64 {
        now_ms()
    }
}

/// Randomness that follows from a seed.
pub struct Dice(AtomicU64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    pub fn roll(&self) -> u64 {
        let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed).wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&self, end: u64) -> u64 {
        self.roll() % end
    }

    /// From `low` to `high`.
    pub fn between(&self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    fn bytes(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            chunk.copy_from_slice(&self.roll().to_le_bytes()[..chunk.len()]);
        }
    }
}

impl Entropy for Dice {
    fn fill(&self, buffer: &mut [u8]) {
        self.bytes(buffer);
    }
}

impl client::Entropy for Dice {
    fn fill(&self, buffer: &mut [u8]) {
        self.bytes(buffer);
    }
}

/// Takes the name of a user for his token.
struct Names;

impl TokenVerifier for Names {
    fn verify(&self, token: &str, now: Timestamp) -> Result<Identity, TokenError> {
        Ok(Identity {
            app: AppId::DEFAULT,
            app_name: AppName::new("default").map_err(|_| TokenError::Invalid)?,
            user: UserId::new(token).map_err(|_| TokenError::Invalid)?,
            device: None,
            issued_at: None,
            expires_at: now.plus_ms(TOKEN_MS),
        })
    }
}

/// What outlives the process of the server.
pub struct Stage {
    pub log: Arc<MemoryLog>,
    vault: Arc<MemoryVault>,
    ledger: Arc<Ledger>,
    seed: u64,
    life: Mutex<Option<Life>>,
    lives: AtomicU64,
    dying: Notify,
}

/// One process of the server.
#[derive(Clone)]
pub struct Life {
    pub metrics: Arc<Metrics>,
    pub shutdown: CancellationToken,
}

impl Life {
    /// Connections by the gauges.
    pub fn open(&self) -> i64 {
        self.metrics.open_tcp.get() + self.metrics.open_websocket.get() + self.metrics.open_http.get()
    }
}

impl Stage {
    pub fn new(seed: u64, ledger: &Arc<Ledger>) -> Self {
        Self {
            log: Arc::new(MemoryLog::new([7; 16])),
            vault: Arc::new(MemoryVault::new([9; 32])),
            ledger: ledger.clone(),
            seed,
            life: Mutex::default(),
            lives: AtomicU64::new(0),
            dying: Notify::new(),
        }
    }

    /// The process that runs, or ran last.
    pub fn life(&self) -> Option<Life> {
        self.life.lock().unwrap().clone()
    }

    /// The system closes the sockets of the process, which will not run again. In which order tokio would drop them at
    /// a crash of the host, depends on what else the process of the test does.
    pub fn kill(&self) {
        self.dying.notify_one();
    }

    /// The process of the server, until it is told to end and all connections have.
    pub async fn serve(self: Arc<Self>) -> turmoil::Result {
        let life = self.lives.fetch_add(1, Ordering::Relaxed);
        self.ledger.note(format_args!("server begins life {life}"));
        let mut registry = prometheus_client::registry::Registry::default();
        let (connections, tasks, shutdown) = (TaskTracker::new(), TaskTracker::new(), CancellationToken::new());
        let metrics = Metrics::register(&mut registry);
        *self.life.lock().unwrap() = Some(Life { metrics: metrics.clone(), shutdown: shutdown.clone() });
        let parts = Parts {
            log: self.log.clone(),
            vault: self.vault.clone(),
            clock: Arc::new(SimClock),
            entropy: Arc::new(Dice::new(self.seed ^ (life << 32))),
            verifier: Arc::new(Names),
            content: Arc::new(KnownContent),
            tasks: tasks.clone(),
            options: Options::default(),
        };
        let app = App::start(parts, &mut registry);
        let gateway = Arc::new(NativeGateway::new(app.clone()));
        let limits = Limits { connections_per_ip_max: PER_HOST_MAX, ..Limits::default() };
        let config = NetConfig { limits, drain: DRAIN };
        let listeners = Listeners::new(config, metrics, connections.clone(), shutdown.clone());
        let anywhere = |port| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
        let tcp = TcpListener::bind(anywhere(TCP_PORT)).await?;
        let http = TcpListener::bind(anywhere(HTTP_PORT)).await?;
        loop {
            tokio::select! {
                biased;
                () = self.dying.notified() => {
                    self.ledger.cut(Side::Server);
                    return std::future::pending().await;
                }
                () = shutdown.cancelled() => break,
                accepted = tcp.accept() => {
                    let (stream, addr) = accepted?;
                    let stream = Socket::new(stream, Side::Server, &self.ledger);
                    let admitted = listeners.tcp_stream(stream, addr, gateway.clone());
                    self.ledger.note(format_args!("tcp from {}: {admitted:?}", addr.ip()));
                }
                accepted = http.accept() => {
                    let (stream, addr) = accepted?;
                    let stream = Socket::new(stream, Side::Server, &self.ledger);
                    let route = WebSocketRoute { path: WS_PATH.to_owned(), service: gateway.clone() };
                    let admitted = listeners.http_stream(stream, addr, axum::Router::new(), route);
                    self.ledger.note(format_args!("http from {}: {admitted:?}", addr.ip()));
                }
            }
        }
        drop((tcp, http));
        connections.close();
        connections.wait().await;
        self.ledger.note("server has drained");
        app.stop();
        tasks.close();
        tasks.wait().await;
        self.ledger.note("server ends");
        Ok(())
    }
}
