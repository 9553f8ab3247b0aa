//! The world as the driver sees it: time, randomness, tokens, and a duplex of frames. Each can be replaced.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use stonechat_types::id::UserId;
use stonechat_wire::v1::Frame;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::TokenError;
use crate::state::TokenReason;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since 1970-01-01T00:00:00Z. May jump.
    fn wall_ms(&self) -> i64;
    /// Milliseconds since some moment. Never goes back.
    fn monotonic_ms(&self) -> u64;
}

/// Gives randomness.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// Gives the tokens by which the app's backend says who the user is.
pub trait TokenProvider: Send + Sync + 'static {
    /// A token for the user, valid for a while. Never called twice at the same time.
    fn fetch_token(&self, request: TokenRequest) -> BoxFuture<'_, std::result::Result<String, TokenError>>;
}

/// For whom and why a token is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// The user.
    pub user: UserId,
    /// Why.
    pub reason: TokenReason,
}

/// A token that was made before, by `stonechat token mint` for instance. Cannot be renewed.
#[derive(Clone)]
pub struct StaticToken(Arc<str>);

impl StaticToken {
    /// Keeps a token.
    #[must_use]
    pub fn new(token: &str) -> Self {
        Self(token.into())
    }
}

impl fmt::Debug for StaticToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StaticToken(…)")
    }
}

impl TokenProvider for StaticToken {
    fn fetch_token(&self, _: TokenRequest) -> BoxFuture<'_, std::result::Result<String, TokenError>> {
        let token = self.0.to_string();
        Box::pin(async move { Ok(token) })
    }
}

/// Makes connections to one server.
pub trait Transport: Send + Sync + 'static {
    /// Connects. Tasks that carry the frames are started through `tasks` and end with `stop`. The driver waits at most
    /// [`crate::driver::limits::CONNECT_TIMEOUT`].
    fn connect(&self, tasks: &TaskTracker, stop: CancellationToken) -> BoxFuture<'_, Result<Duplex, TransportError>>;
}

/// A live connection: frames out and frames in. It is closed by dropping it, and has closed when `incoming` ends.
#[derive(Debug)]
pub struct Duplex {
    /// To the server.
    pub outgoing: mpsc::Sender<Frame>,
    /// From the server; the error says why it is the last.
    pub incoming: mpsc::Receiver<Result<Frame, TransportError>>,
}

/// Why a connection could not be made, or broke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The address has a form that is not known.
    #[error("the endpoint {0:?} is not ws://, wss://, tcp:// or tls://")]
    Endpoint(String),
    /// The network refused, or the peer closed.
    #[error("{0}")]
    Network(String),
    /// The bytes are not frames.
    #[error("the server sent what is not a frame")]
    Malformed,
    /// A write or a handshake took too long.
    #[error("the server took too long")]
    TimedOut,
}
