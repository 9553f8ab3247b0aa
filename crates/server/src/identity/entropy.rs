//! Randomness of the operating system.

use ring::rand::{SecureRandom, SystemRandom};
use stonechat_app::ports::Entropy;

/// The generator that keys, nonces and ids come from.
#[derive(Clone, Debug)]
pub struct SystemEntropy(SystemRandom);

impl Default for SystemEntropy {
    fn default() -> Self {
        Self(SystemRandom::new())
    }
}

impl Entropy for SystemEntropy {
    /// # Panics
    /// When the operating system has no randomness: nothing that we do is safe then.
    fn fill(&self, buffer: &mut [u8]) {
        self.0.fill(buffer).expect("the operating system gives randomness");
    }
}
