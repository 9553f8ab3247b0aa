//! What the application asks of the outside world, besides the store.

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
