//! New ids: UUIDv7, each larger than the one before, whatever the clock does. A server takes a larger one as new
//! without a look-up.

use std::sync::{Mutex, PoisonError};

use stonechat_types::id::ClientMsgId;

use crate::driver::ports::{Clock, Entropy};

/// Makes ids.
#[derive(Debug, Default)]
pub struct IdMaker(Mutex<u128>);

impl IdMaker {
    /// A new id.
    pub fn make(&self, clock: &dyn Clock, entropy: &dyn Entropy) -> [u8; 16] {
        let mut random = [0; 10];
        entropy.fill(&mut random);
        let now = u64::try_from(clock.wall_ms()).unwrap_or(0);
        let fresh = u128::from_be_bytes(ClientMsgId::from_parts(now, random).0);
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The counter grows in the random part; it cannot reach the fixed bits within the life of a process.
        *last = if fresh > *last { fresh } else { *last + 1 };
        last.to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Stopped;

    impl Clock for Stopped {
        fn wall_ms(&self) -> i64 {
            1_790_000_000_000
        }

        fn monotonic_ms(&self) -> u64 {
            0
        }
    }

    impl Entropy for Stopped {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(1);
        }
    }

    #[test]
    fn ids_grow_even_when_the_clock_stands_still() {
        let maker = IdMaker::default();
        let ids: Vec<_> = (0..100).map(|_| maker.make(&Stopped, &Stopped)).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(ids.iter().all(|id| id[6] >> 4 == 7), "version 7");
    }
}
