//! Randomness out of the one number that comes with each input.

/// Gives numbers that follow from a seed (SplitMix64).
#[derive(Clone, Copy, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Begins with a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        if low >= high { low } else { low + self.roll() % (high - low + 1) }
    }
}

/// How long to wait before the nth further try: full jitter, `n` from 0.
#[must_use]
pub fn backoff_ms(dice: &mut Dice, n: u32) -> u64 {
    use crate::core::limits::{BACKOFF_MS_FIRST, BACKOFF_MS_MAX, BACKOFF_MS_MIN};
    let bound = BACKOFF_MS_FIRST.saturating_mul(1 << n.min(16)).min(BACKOFF_MS_MAX);
    dice.between(BACKOFF_MS_MIN, bound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::limits::{BACKOFF_MS_MAX, BACKOFF_MS_MIN};

    #[test]
    fn waits_grow_within_their_bounds_and_are_not_the_same_for_all() {
        for n in 0..40 {
            let waits: Vec<_> = (0..200).map(|seed| backoff_ms(&mut Dice::new(seed), n)).collect();
            let bound = (500u64 << n.min(10)).min(BACKOFF_MS_MAX);
            assert!(waits.iter().all(|wait| (BACKOFF_MS_MIN..=bound).contains(wait)), "{n}");
            let mean = waits.iter().sum::<u64>() / 200;
            let middle = (BACKOFF_MS_MIN + bound) / 2;
            assert!(mean > middle * 3 / 4 && mean < middle * 5 / 4, "{n}: {mean} around {middle}");
        }
    }
}
