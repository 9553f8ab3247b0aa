//! A server from its parts. The only place that names all concrete edges; `serve` and the tests use it.

use super::backend::{Ready, ServerBackend};
use super::clock::SystemClock;
use super::web::Web;
use crate::content::{AppContent, AppsContent};
use crate::data_folder::DataFolder;
use crate::identity::api_secret::{ApiSecret, ApiSecrets};
use crate::identity::entropy::SystemEntropy;
use crate::identity::key_ring::{AppKeys, KeyRing};
use crate::identity::minter::{Minter, default_audience};
use crate::identity::public_key::PublicKey;
use crate::identity::signing_key::SigningKey;
use anyhow::Context as _;
use axum::Extension;
use axum::extract::Request;
use axum::middleware::{self, Next};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use stonechat_app::application::{App, Parts};
use stonechat_app::node::Options as AppOptions;
use stonechat_app::ports::{Clock, Entropy};
use stonechat_app::rows::derive::MessageRows;
use stonechat_domain::device::DevicePolicies;
use stonechat_domain::message::MessagePolicy;
use stonechat_gateway_native::gateway::NativeGateway;
use stonechat_http::backend::Readiness;
use stonechat_http::peer::PeerAddr;
use stonechat_http::state::HttpState;
use stonechat_log::store::Log as _;
use stonechat_log_segment::config::Config as StoreConfig;
use stonechat_log_segment::engine::{Options as StoreOptions, Recovered, SegmentLog};
use stonechat_log_segment::keys::{FileVault, MASTER_KEY_FILE, MasterKey, master_key_is_lost};
use stonechat_log_segment::os_disk::OsDisk;
use stonechat_net::http::{HttpPeer, WebSocketRoute};
use stonechat_net::listener::{Listen, Tls};
use stonechat_net::server::{Listeners, NetConfig};
use stonechat_types::id::{AppName, UserId};
use stonechat_types::number::AppId;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The path of WebSockets.
pub const WEBSOCKET_PATH: &str = "/v1/ws";

/// What a server and `doctor` say of a data folder that has sealed data and no master key.
pub const MASTER_KEY_LOST: &str = "keys/master.key is missing: restore it from your backup";

/// In whose name a start checks that a hello would succeed. Nobody of that name is made.
const PROBE: &str = "stonechat.probe";
/// How long the token of that check is valid.
const PROBE_MS: i64 = 60_000;

/// What a server is told.
#[derive(Clone)]
pub struct Settings {
    /// The data folder; made when it is not there.
    pub data: PathBuf,
    /// Where HTTP and WebSockets are.
    pub http: Listen,
    /// Where the native protocol on TCP is.
    pub tcp: Option<Listen>,
    /// The apps, `default` among them.
    pub apps: Vec<AppSettings>,
    /// Whether a user begins to exist when somebody writes to him.
    pub auto_create: bool,
    /// What may be done to messages.
    pub messages: MessagePolicy,
    /// Bounds of connections, and how they are drained.
    pub net: NetConfig,
    /// Sizes of the store.
    pub store: StoreConfig,
    /// Executors of conversations.
    pub executors: usize,
    /// Whether an address outside loopback may read the metrics.
    pub metrics_allowed: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
    /// Where the messenger comes from.
    pub web: Web,
    /// Whether pages of this machine may sign in as the demo people, where the listener is on loopback.
    pub demo: bool,
}

/// An app.
#[derive(Clone, Debug)]
pub struct AppSettings {
    /// Its number.
    pub id: AppId,
    /// Its name.
    pub name: AppName,
    /// The audience of its tokens; `stonechat:NAME` when nothing is said.
    pub audience: Option<String>,
    /// Keys by which its backend signs tokens.
    pub public_keys: BTreeMap<String, PublicKey>,
    /// How many devices of a class may be signed in.
    pub devices: DevicePolicies,
    /// The types of content that it declares.
    pub content: Arc<AppContent>,
}

impl Settings {
    /// A server in a folder, on a port of loopback, with the defaults for everything else.
    #[must_use]
    pub fn on_loopback(data: PathBuf, port: u16) -> Self {
        let name = AppName::new("default").unwrap_or_else(|_| unreachable!("`default` is a name"));
        Self {
            data,
            http: Listen { addr: SocketAddr::from(([127, 0, 0, 1], port)), tls: Tls::Off },
            tcp: None,
            apps: vec![AppSettings {
                id: AppId::DEFAULT,
                name,
                audience: None,
                public_keys: BTreeMap::new(),
                devices: DevicePolicies::default(),
                content: Arc::default(),
            }],
            auto_create: true,
            messages: MessagePolicy::default(),
            net: NetConfig::default(),
            store: StoreConfig::default(),
            executors: std::thread::available_parallelism().map_or(2, usize::from),
            metrics_allowed: Arc::new(|_| false),
            web: Web::Embedded,
            demo: false,
        }
    }
}

/// A server that runs.
pub struct Server {
    /// Where HTTP and WebSockets are.
    pub http: SocketAddr,
    /// Where the native protocol on TCP is.
    pub tcp: Option<SocketAddr>,
    /// Whether HTTP is by TLS, ours or a proxy's.
    pub tls: bool,
    /// Whether pages of this machine may sign in as the demo people.
    pub demo: bool,
    /// Where the messenger comes from.
    pub web: Web,
    /// The application.
    pub app: Arc<App>,
    /// Signs tokens of the app `default`.
    pub minter: Minter,
    store: Arc<SegmentLog>,
    readiness: Arc<Ready>,
    connections: TaskTracker,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Server {
    /// Opens the store and starts to listen. Needs a tokio runtime around it.
    ///
    /// # Errors
    /// A sentence for the operator, with its cause behind it.
    pub async fn start(settings: Settings) -> anyhow::Result<Self> {
        // Before anything is made: a new key would hide that the old one is missing.
        if master_key_is_lost(&settings.data).context("could not look for the master key")? {
            anyhow::bail!("{MASTER_KEY_LOST}");
        }
        let folder = DataFolder::create(&settings.data)?;
        let entropy = Arc::new(SystemEntropy::default());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let now = clock.now();
        let mut registry = prometheus_client::registry::Registry::with_prefix("stonechat");
        let store = Arc::new(open_store(&folder, &settings, &entropy)?);
        let vault = open_vault(&folder, &entropy).context("could not open the keys of the store")?;
        let keys = keys(&folder, &settings.apps, &entropy)?;
        let (connections, tasks, shutdown) = (TaskTracker::new(), TaskTracker::new(), CancellationToken::new());
        let parts = Parts {
            log: store.clone(),
            vault: Arc::new(vault),
            clock: clock.clone(),
            entropy: entropy.clone(),
            verifier: Arc::new(keys.ring),
            content: Arc::new(AppsContent::new(settings.apps.iter().map(|app| (app.id, app.content.clone())))),
            tasks: tasks.clone(),
            options: AppOptions {
                executors: settings.executors,
                auto_create: settings.auto_create,
                messages: settings.messages,
                devices: settings.apps.iter().map(|app| (app.id, app.devices)).collect(),
                ..AppOptions::default()
            },
        };
        let app = App::start(parts, &mut registry);
        let readiness = Arc::new(Ready::default());
        let net_metrics = stonechat_net::metrics::Metrics::register(&mut registry);
        let http_metrics = stonechat_http::metrics::Metrics::register(&mut registry);
        super::gauges::register(&mut registry, &store);
        let backend = ServerBackend {
            app: app.clone(),
            clock: clock.clone(),
            secrets: keys.secrets,
            minters: keys.minters,
            readiness: readiness.clone(),
        };
        // Behind a proxy, everybody comes from its machine.
        let here = settings.http.addr.ip().to_canonical().is_loopback()
            && !matches!(settings.http.tls, Tls::TerminatedByProxy(_));
        let demo = (settings.demo && here).then(super::demo::people).transpose()?;
        let state = HttpState {
            backend: Arc::new(backend),
            clock,
            entropy,
            metrics: http_metrics,
            registry: Arc::new(registry),
            metrics_allowed: settings.metrics_allowed.clone(),
            web: settings.web.files(),
            demo: demo.clone(),
        };
        let router = stonechat_http::router::router(state).layer(middleware::from_fn(name_peer));
        let gateway = Arc::new(NativeGateway::new(app.clone()));
        let listeners = Listeners::new(settings.net, net_metrics, connections.clone(), shutdown.clone());
        let tls = !matches!(settings.http.tls, Tls::Off);
        let tcp = settings.tcp.map(|listen| listeners.tcp(listen, gateway.clone())).transpose()?;
        let websocket = WebSocketRoute { path: WEBSOCKET_PATH.to_owned(), service: gateway };
        let http = listeners.http(settings.http, router, websocket)?;
        let minter = keys.minter;
        let token = minter.mint(&UserId::new(PROBE)?, None, now, now.plus_ms(PROBE_MS))?;
        let probe = app.probe(&token).await;
        probe.map_err(|failure| {
            anyhow::anyhow!("a hello or a send would fail: {}: {}", failure.code, failure.message)
        })?;
        readiness.set(Readiness::Ready);
        let (demo, web) = (demo.is_some(), settings.web);
        Ok(Self { http, tcp, tls, demo, web, app, minter, store, readiness, connections, tasks, shutdown })
    }

    /// The address that a client takes.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.http)
    }

    /// Drains the connections, finishes what was taken, and closes the store.
    pub async fn stop(self) {
        self.readiness.set(Readiness::Stopping);
        self.shutdown.cancel();
        self.connections.close();
        self.connections.wait().await;
        self.app.stop();
        self.tasks.close();
        self.tasks.wait().await;
        let store = self.store;
        // The last commits and a checkpoint: a blocking end.
        let closed = tokio::task::spawn_blocking(move || store.close()).await;
        if let Err(error) = closed {
            tracing::error!(%error, "The store did not close in order; the next start replays its tail");
        }
    }
}

/// Tells the router who sends a request.
async fn name_peer(peer: Option<Extension<HttpPeer>>, mut request: Request, next: Next) -> axum::response::Response {
    if let Some(Extension(peer)) = peer {
        request.extensions_mut().insert(PeerAddr(peer.addr));
    }
    next.run(request).await
}

fn open_vault(folder: &DataFolder, entropy: &Arc<SystemEntropy>) -> anyhow::Result<FileVault> {
    let entropy = entropy.clone();
    let random = move |buffer: &mut [u8]| entropy.fill(buffer);
    let master = MasterKey::from_file(&folder.keys().join(MASTER_KEY_FILE), &random)?;
    let disk = OsDisk::new(folder.root()).context("could not open the data folder")?;
    Ok(FileVault::open(&disk, &master, Arc::new(random))?)
}

fn open_store(folder: &DataFolder, settings: &Settings, entropy: &SystemEntropy) -> anyhow::Result<SegmentLog> {
    let options = StoreOptions {
        config: settings.store.clone(),
        derive: Arc::new(MessageRows),
        entropy: &|buffer: &mut [u8]| entropy.fill(buffer),
    };
    let store = SegmentLog::open(folder.root(), options)
        .with_context(|| format!("could not open the store in {}", folder.root().display()))?;
    let (Recovered { replayed, rewritten, cut, damaged }, head) = (store.recovered(), store.head().0);
    tracing::info!(
        head,
        replayed,
        rewritten,
        cut,
        damaged,
        "The store is open: {head} records, {replayed} of them read again"
    );
    Ok(store)
}

struct Keys {
    ring: KeyRing,
    secrets: ApiSecrets,
    minters: BTreeMap<AppId, Minter>,
    minter: Minter,
}

fn keys(folder: &DataFolder, apps: &[AppSettings], entropy: &SystemEntropy) -> anyhow::Result<Keys> {
    let mut ring = Vec::new();
    let mut secrets = ApiSecrets::new(entropy);
    let mut minters = BTreeMap::new();
    let mut first = None;
    for app in apps {
        let signing = SigningKey::create_or_open(folder, &app.name, entropy)?;
        let secret = ApiSecret::create_or_open(folder, &app.name, entropy)?;
        let audience = app.audience.clone().unwrap_or_else(|| default_audience(&app.name));
        let mut keys = AppKeys::new(app.id, app.name.clone(), &audience);
        keys = keys.with_own_key(signing.kid(), signing.public());
        for (kid, key) in &app.public_keys {
            keys = keys.with_backend_key(kid, *key);
        }
        ring.push(keys);
        let minter = Minter::new(audience, signing);
        minters.insert(app.id, minter.clone());
        secrets = secrets.with(app.id, app.name.clone(), &secret);
        if app.id == AppId::DEFAULT {
            first = Some(minter);
        }
    }
    let minter = first.context("the app `default` is missing")?;
    Ok(Keys { ring: KeyRing::new(ring), secrets, minters, minter })
}

#[cfg(test)]
mod tests {
    use super::*;
    use stonechat_types::text::DisplayName;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_whose_master_key_is_gone_says_so_and_makes_none() {
        let data = tempfile::tempdir().unwrap();
        let settings = Settings::on_loopback(data.path().to_owned(), 0);
        let server = Server::start(settings.clone()).await.unwrap();
        let name = DisplayName::new("Alice").ok();
        server.app.put_user(AppId::DEFAULT, UserId::new("alice").unwrap(), name).await.unwrap();
        server.stop().await;
        let master = data.path().join("keys").join(MASTER_KEY_FILE);
        let kept = std::fs::read(&master).unwrap();
        std::fs::remove_file(&master).unwrap();
        let error = Server::start(settings.clone()).await.err().map(|error| format!("{error:#}"));
        assert_eq!(error.as_deref(), Some(MASTER_KEY_LOST));
        assert!(!master.exists(), "a new one hides that the old one is missing");
        std::fs::write(&master, kept).unwrap();
        Server::start(settings).await.unwrap().stop().await;
    }
}
