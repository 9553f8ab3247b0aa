//! A server in this process, in a folder of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use stonechat_app::ports::Clock as _;
use stonechat_net::listener::{Listen, Tls};
use stonechat_server::serve::clock::SystemClock;
use stonechat_server::serve::compose::{Server, Settings};
use stonechat_types::id::UserId;
use tempfile::TempDir;

/// How long tokens of tests are valid.
const TOKEN_MS: i64 = 3_600_000;

/// A server that listens on free ports of loopback.
pub struct Local {
    server: Option<Server>,
    folder: PathBuf,
    _temporary: Option<TempDir>,
}

impl Local {
    /// A server in a fresh folder.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(|_| {}).await
    }

    /// A server in a fresh folder, with settings of the test's own.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_with(change: impl FnOnce(&mut Settings)) -> anyhow::Result<Self> {
        let temporary = tempfile::tempdir()?;
        let folder = temporary.path().join("data");
        let server = start(&folder, change).await?;
        Ok(Self { server: Some(server), folder, _temporary: Some(temporary) })
    }

    /// A server on a folder that is there.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_on(folder: &Path) -> anyhow::Result<Self> {
        let server = start(folder, |_| {}).await?;
        Ok(Self { server: Some(server), folder: folder.to_owned(), _temporary: None })
    }

    /// Stops in order and starts again on the same folder and at the same addresses.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.restart_with(|_| {}).await
    }

    /// The same, with settings of the test's own.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn restart_with(&mut self, change: impl FnOnce(&mut Settings)) -> anyhow::Result<()> {
        let (mut http, mut tcp) = (None, None);
        if let Some(server) = self.server.take() {
            (http, tcp) = (Some(server.http), server.tcp);
            server.stop().await;
        }
        // At the same addresses, so that clients find it again.
        let again = |settings: &mut Settings| {
            settings.http.addr = http.unwrap_or(settings.http.addr);
            if let (Some(listen), Some(addr)) = (&mut settings.tcp, tcp) {
                listen.addr = addr;
            }
            change(settings);
        };
        self.server = Some(start(&self.folder, again).await?);
        Ok(())
    }

    /// Stops in order.
    pub async fn stop(mut self) {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }

    /// The server.
    ///
    /// # Panics
    /// When it was stopped.
    #[must_use]
    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("the server runs")
    }

    /// Where the native protocol on TCP is.
    ///
    /// # Panics
    /// When it was stopped.
    #[must_use]
    pub fn tcp(&self) -> SocketAddr {
        self.server().tcp.expect("the server listens on TCP")
    }

    /// Where HTTP and WebSockets are.
    #[must_use]
    pub fn url(&self) -> String {
        self.server().url()
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A token of a user.
    ///
    /// # Panics
    /// When the name is not a user id.
    #[must_use]
    pub fn token(&self, user: &str) -> String {
        let now = SystemClock::start().now();
        let user = UserId::new(user).expect("a user id");
        self.server().minter.mint(&user, None, now, now.plus_ms(TOKEN_MS)).expect("a token")
    }
}

async fn start(folder: &Path, change: impl FnOnce(&mut Settings)) -> anyhow::Result<Server> {
    let mut settings = Settings::on_loopback(folder.to_owned(), 0);
    settings.tcp = Some(Listen { addr: SocketAddr::from(([127, 0, 0, 1], 0)), tls: Tls::Off });
    settings.store.segment_bytes = 4 * 1024 * 1024;
    // Tests do not wait for clients to leave.
    settings.net.drain.deadline_ms = 200;
    change(&mut settings);
    Server::start(settings).await
}
