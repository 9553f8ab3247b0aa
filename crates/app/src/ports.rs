//! What the application asks of the outside world, besides the store.

use crate::api::ContentTypes;
use bytes::Bytes;
use std::sync::Arc;
use stonechat_types::id::{AppName, DeviceId, UserId};
use stonechat_types::number::{AppId, Timestamp};

/// Time.
pub trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> Timestamp;
    /// Milliseconds since some start; never goes back.
    fn monotonic_ms(&self) -> u64;
}

/// Randomness.
pub trait Entropy: Send + Sync {
    /// Fills a buffer with bytes that nobody can guess.
    fn fill(&self, buffer: &mut [u8]);
}

/// Who a token says that its bearer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The tenant.
    pub app: AppId,
    /// Its name.
    pub app_name: AppName,
    /// The user.
    pub user: UserId,
    /// The only device that may use the token, when it names one.
    pub device: Option<DeviceId>,
    /// When it was made, when it says so.
    pub issued_at: Option<Timestamp>,
    /// When it stops to be valid.
    pub expires_at: Timestamp,
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Wrong, unreadable, of another app or by an unknown key.
    Invalid,
    /// It was valid once.
    Expired,
}

/// Checks the tokens of users.
pub trait TokenVerifier: Send + Sync {
    /// Who the bearer is.
    ///
    /// # Errors
    /// [`TokenError`]; nothing more is said to the bearer.
    fn verify(&self, token: &str, now: Timestamp) -> Result<Identity, TokenError>;
}

/// Knows what the bodies of messages must be: those of the types that everybody knows, and those that apps declare.
pub trait ContentRules: Send + Sync {
    /// Checks a body. One of a type that it does not know is good, unless the app wants none of these.
    ///
    /// # Errors
    /// What is wrong, as a sentence for a developer. It repeats nothing of the body.
    fn check(&self, app: AppId, body_type: &[u8], body: &Bytes) -> Result<(), String>;

    /// Whether a type is that of voice messages, which are played.
    fn is_voice(&self, body_type: &[u8]) -> bool;

    /// What an app declares.
    fn declared(&self, app: AppId) -> Arc<ContentTypes>;
}

/// Takes every body, and knows no declared type. Voice messages are of the type `voice`.
#[derive(Clone, Copy, Debug, Default)]
pub struct AnyContent;

impl ContentRules for AnyContent {
    fn check(&self, _app: AppId, _body_type: &[u8], _body: &Bytes) -> Result<(), String> {
        Ok(())
    }

    fn is_voice(&self, body_type: &[u8]) -> bool {
        body_type == b"voice"
    }

    fn declared(&self, _app: AppId) -> Arc<ContentTypes> {
        Arc::default()
    }
}
