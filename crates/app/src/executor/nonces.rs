//! Random nonces from one draw for many: a draw is a call of the operating system.

use crate::ports::Entropy;

const NONCE_BYTES: usize = 12;
const NONCES_PER_DRAW: usize = 64;

/// Nonces that were drawn and not used. Each is given once.
pub(crate) struct Nonces {
    drawn: [u8; NONCE_BYTES * NONCES_PER_DRAW],
    left: usize,
}

impl Default for Nonces {
    fn default() -> Self {
        Self { drawn: [0; NONCE_BYTES * NONCES_PER_DRAW], left: 0 }
    }
}

impl Nonces {
    /// The next nonce.
    pub fn next(&mut self, entropy: &dyn Entropy) -> [u8; NONCE_BYTES] {
        if self.left == 0 {
            entropy.fill(&mut self.drawn);
            self.left = NONCES_PER_DRAW;
        }
        self.left -= 1;
        let at = self.left * NONCE_BYTES;
        let mut nonce = [0; NONCE_BYTES];
        nonce.copy_from_slice(&self.drawn[at..at + NONCE_BYTES]);
        nonce
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::sync::atomic::{AtomicU8, Ordering};

    struct Rising(AtomicU8);

    impl Entropy for Rising {
        fn fill(&self, buffer: &mut [u8]) {
            let draw = self.0.fetch_add(1, Ordering::Relaxed);
            for (i, chunk) in buffer.chunks_mut(NONCE_BYTES).enumerate() {
                chunk.fill(i as u8);
                chunk[0] = draw;
            }
        }
    }

    #[test]
    fn no_nonce_is_given_twice() {
        let entropy = Rising(AtomicU8::new(0));
        let mut nonces = Nonces::default();
        let given: BTreeSet<_> = (0..1_000).map(|_| nonces.next(&entropy)).collect();
        assert_eq!(given.len(), 1_000);
    }
}
