//! Time, randomness and tokens of a simulated server.

use crate::dice::Dice;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use stonechat_app::ports::{Clock, Entropy, Identity, TokenError, TokenVerifier};
use stonechat_types::id::{AppName, DeviceId, UserId};
use stonechat_types::number::{AppId, Timestamp};
use tokio::time::Instant;

/// The wall clock at the start of every run, in milliseconds since the epoch.
pub const EPOCH_MS: i64 = 1_790_000_000_000;

/// How far the server's wall clock is off, over all its starts.
#[derive(Clone, Debug, Default)]
pub struct Skew(Arc<AtomicI64>);

impl Skew {
    /// Moves the clock.
    pub fn add(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }

    /// Milliseconds that it is ahead.
    #[must_use]
    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The clock of one start of the server.
pub struct SimClock {
    /// Simulated milliseconds at its start.
    pub base_ms: u64,
    /// The same moment, as its runtime counts.
    pub start: Instant,
    /// How far the wall clock is off.
    pub skew: Skew,
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp(EPOCH_MS + self.monotonic_ms() as i64 + self.skew.get())
    }

    fn monotonic_ms(&self) -> u64 {
        self.base_ms + self.start.elapsed().as_millis() as u64
    }
}

/// Randomness from the seed.
pub struct SimEntropy(Mutex<Dice>);

impl SimEntropy {
    /// Randomness from dice.
    #[must_use]
    pub fn new(dice: Dice) -> Self {
        Self(Mutex::new(dice))
    }
}

impl Entropy for SimEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill(buffer);
    }
}

/// How long a token is valid. Clocks jump by less.
const TOKEN_MS: i64 = 30 * 24 * 3_600_000;

/// A token: who, from which device, since when. The signature of real ones is tested elsewhere.
#[must_use]
pub fn token(user: &UserId, device: &DeviceId, now: Timestamp) -> String {
    format!("{user}|{device}|{}", now.0)
}

/// Believes what a token says.
pub struct SimVerifier;

impl TokenVerifier for SimVerifier {
    fn verify(&self, token: &str, now: Timestamp) -> Result<Identity, TokenError> {
        let mut parts = token.split('|');
        let mut next = || parts.next().ok_or(TokenError::Invalid);
        let user = UserId::new(next()?).map_err(|_| TokenError::Invalid)?;
        let device = DeviceId::new(next()?).map_err(|_| TokenError::Invalid)?;
        let issued_at = Timestamp(next()?.parse().map_err(|_| TokenError::Invalid)?);
        let expires_at = issued_at.plus_ms(TOKEN_MS);
        if expires_at <= now {
            return Err(TokenError::Expired);
        }
        Ok(Identity {
            app: AppId::DEFAULT,
            app_name: AppName::new("default").map_err(|_| TokenError::Invalid)?,
            user,
            device: Some(device),
            issued_at: Some(issued_at),
            expires_at,
        })
    }
}
