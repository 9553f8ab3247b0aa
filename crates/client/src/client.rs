//! Where everything begins: an endpoint, a store and a token provider.

use std::path::PathBuf;
use std::sync::Arc;

use stonechat_types::id::{AppName, DeviceId, UserId};
use stonechat_types::number::AppId;

pub use stonechat_wire::v1::Platform;

use crate::account::Account;
use crate::driver::ports::{Clock, Entropy, TokenProvider, Transport};
use crate::error::{Error, Result};

/// A configured SDK. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    pub(crate) config: Arc<Config>,
}

pub(crate) struct Config {
    pub endpoint: String,
    pub app: AppName,
    pub app_id: AppId,
    pub store: StoreConfig,
    pub device: DeviceInfo,
    pub tokens: Arc<dyn TokenProvider>,
    pub transport: Arc<dyn Transport>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub record_events: bool,
    pub window: u32,
}

/// Where what the device knows is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreConfig {
    pub(crate) place: Place,
    /// The server by another name than its address.
    pub(crate) server: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Memory,
    Folder(PathBuf),
}

impl StoreConfig {
    /// A folder, made when missing. It gets one SQLite database for each server, app, user and device.
    #[must_use]
    pub fn sqlite(folder: impl Into<PathBuf>) -> Self {
        Self { place: Place::Folder(folder.into()), server: None }
    }

    /// Tells the server by this name instead of its address: for one that is the same under another address.
    #[must_use]
    pub fn of_server(self, name: impl Into<String>) -> Self {
        Self { server: Some(name.into()), ..self }
    }

    /// Nothing survives the account.
    #[must_use]
    pub fn in_memory() -> Self {
        Self { place: Place::Memory, server: None }
    }
}

/// This installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Made when it was installed, the same ever since.
    pub id: DeviceId,
    /// For people: "Pixel 9".
    pub name: String,
    /// Its class: the app may let one of a class sign in at a time.
    pub platform: Platform,
}

impl DeviceInfo {
    /// A device whose name is its id.
    #[must_use]
    pub fn new(id: DeviceId) -> Self {
        Self { name: id.to_string(), id, platform: Platform::Unspecified }
    }

    /// Says its class.
    #[must_use]
    pub fn on(mut self, platform: Platform) -> Self {
        self.platform = platform;
        self
    }

    /// Gives it a name for people.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }
}

/// Collects what a [`Client`] needs.
#[must_use]
#[derive(Default)]
pub struct ClientBuilder {
    endpoint: Option<String>,
    app: Option<AppName>,
    app_id: Option<AppId>,
    store: Option<StoreConfig>,
    device: Option<DeviceInfo>,
    tokens: Option<Arc<dyn TokenProvider>>,
    transport: Option<Arc<dyn Transport>>,
    clock: Option<Arc<dyn Clock>>,
    entropy: Option<Arc<dyn Entropy>>,
    roots: Option<Vec<u8>>,
    record_events: bool,
    window: u32,
}

impl Client {
    /// Begins to configure one.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Opens the account of a user on this device, or makes it. Needs no network.
    ///
    /// # Errors
    /// [`Error::Store`], `Locked` among others: another process has it open.
    pub async fn login(&self, user: &UserId) -> Result<Account> {
        Account::open(self.config.clone(), user.clone(), crate::account::OpenMode::Create).await
    }

    /// Opens the account of a user on this device. Needs no network.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the user never logged in here; [`Error::Store`].
    pub async fn restore(&self, user: &UserId) -> Result<Account> {
        Account::open(self.config.clone(), user.clone(), crate::account::OpenMode::Existing).await
    }
}

impl ClientBuilder {
    /// The server: `ws://HOST:PORT`, `wss://…`, `tcp://…`, `tls://…`; `http://` and `https://` mean WebSocket.
    pub fn endpoint(mut self, endpoint: &str) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// The app; `default` when this is not called.
    pub fn app(mut self, app: AppName) -> Self {
        self.app = Some(app);
        self
    }

    /// The number of an app other than `default`, which ids of direct conversations are made from.
    pub fn app_id(mut self, id: AppId) -> Self {
        self.app_id = Some(id);
        self
    }

    /// Where to keep things; in memory when this is not called.
    pub fn store(mut self, store: StoreConfig) -> Self {
        self.store = Some(store);
        self
    }

    /// This installation.
    pub fn device(mut self, device: DeviceInfo) -> Self {
        self.device = Some(device);
        self
    }

    /// Gives the tokens.
    pub fn token_provider(mut self, tokens: Arc<dyn TokenProvider>) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// Certificates (PEM) that `wss://` and `tls://` trust, in place of those of the system.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots = Some(pem.into());
        self
    }

    /// Keeps each event until the caller of [`Account::events`] has acknowledged it. Without this, `events` is empty.
    pub fn record_events(mut self, record: bool) -> Self {
        self.record_events = record;
        self
    }

    /// Conversations of the first page; 20 when this is not called.
    pub fn window(mut self, conversations: u32) -> Self {
        self.window = conversations;
        self
    }

    /// Another way to reach the server than the endpoint's.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Another clock than the system's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Other randomness than the system's.
    pub fn entropy(mut self, entropy: Arc<dyn Entropy>) -> Self {
        self.entropy = Some(entropy);
        self
    }

    /// Checks what was given.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] when the endpoint, the device or the token provider is missing or wrong.
    pub fn build(self) -> Result<Client> {
        let missing = |field| Error::argument(field, "is missing");
        let endpoint = match (self.endpoint, &self.transport) {
            (Some(endpoint), _) => endpoint,
            (None, Some(_)) => "in-process".to_owned(),
            (None, None) => return Err(missing("endpoint")),
        };
        let transport = match self.transport {
            Some(transport) => transport,
            None => crate::driver::transport(&endpoint, self.roots.as_deref())?,
        };
        let app = match self.app {
            Some(app) => app,
            None => AppName::new("default").map_err(|error| Error::argument("app", error))?,
        };
        let config = Config {
            endpoint,
            app,
            app_id: self.app_id.unwrap_or(AppId::DEFAULT),
            store: self.store.unwrap_or_else(StoreConfig::in_memory),
            device: self.device.ok_or_else(|| missing("device"))?,
            tokens: self.tokens.ok_or_else(|| missing("token_provider"))?,
            transport,
            clock: self.clock.unwrap_or_else(crate::driver::system_clock),
            entropy: self.entropy.unwrap_or_else(crate::driver::system_entropy),
            record_events: self.record_events,
            window: self.window,
        };
        Ok(Client { config: Arc::new(config) })
    }
}
