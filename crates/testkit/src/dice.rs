//! Numbers that look random and are the same for the same seed.

/// A sequence of numbers (splitmix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The sequence of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The sequence of a name among those of a seed, so that what one process draws changes nothing for another.
    #[must_use]
    pub fn named(seed: u64, name: &str) -> Self {
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        Self(name.bytes().fold(seed ^ 0xCBF2_9CE4_8422_2325, mix))
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from `least` on, below `end`; `least` when there is none.
    pub fn within(&mut self, least: u64, end: u64) -> u64 {
        least + self.roll() % end.saturating_sub(least).max(1)
    }

    /// A number below `end`, which is above zero.
    ///
    /// # Panics
    /// When it is zero.
    pub fn below(&mut self, end: usize) -> usize {
        (self.roll() % end as u64) as usize
    }

    /// Another sequence, which does not depend on what is drawn from this one afterwards.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self(self.roll())
    }

    /// Whether the one of so many happens.
    pub fn one_in(&mut self, many: u64) -> bool {
        self.roll().is_multiple_of(many)
    }

    /// One of them.
    ///
    /// # Panics
    /// When there is none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// Puts them in another order.
    pub fn shuffle<T>(&mut self, these: &mut [T]) {
        for i in (1..these.len()).rev() {
            these.swap(i, self.below(i + 1));
        }
    }
}
