//! A hasher without a seed for tables whose order nobody sees. Conversation ids are themselves cut from a SHA-256, and
//! the other keys are dense numbers that the engine's user hands out, so nobody outside can aim at one bucket.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map with this hasher. Make one with `Table::default()`.
pub type Table<K, V> = HashMap<K, V, BuildHasherDefault<Mix>>;

const ODD: u64 = 0x9E37_79B9_7F4A_7C15;

/// Multiply and rotate, a word at a time.
#[derive(Default)]
pub struct Mix(u64);

impl Mix {
    fn word(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(ODD);
    }
}

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
    }

    fn write_u32(&mut self, word: u32) {
        self.word(u64::from(word));
    }

    fn write_u64(&mut self, word: u64) {
        self.word(word);
    }

    fn write_usize(&mut self, word: usize) {
        self.word(word as u64);
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }
}
