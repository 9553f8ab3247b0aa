//! The bytes of a file, without its long runs of zeros. Copies share what they have in common.

use crate::power_cut::trace::Written;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Bytes of a piece.
const BLOCK: usize = 64 * 1024;
static ZEROS: [u8; BLOCK] = [0; BLOCK];

/// The content of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    length: usize,
    /// By their number; each whole, with zeros behind the end of the file. One that is not here is all zeros.
    blocks: BTreeMap<usize, Arc<Vec<u8>>>,
}

impl Content {
    /// The content that has these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut content = Self { length: bytes.len(), ..Self::default() };
        for (number, block) in bytes.chunks(BLOCK).enumerate() {
            if *block != ZEROS[..block.len()] {
                content.write(number * BLOCK, block);
            }
        }
        content
    }

    /// Bytes of the file.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// Cuts the file, or extends it with zeros.
    pub fn set_length(&mut self, length: usize) {
        if length < self.length {
            self.clear(length..self.length);
            self.blocks.retain(|number, _| number * BLOCK < length);
        }
        self.length = length;
    }

    /// Puts a part of a write, which begins at `at`, where it belongs.
    pub fn put(&mut self, at: usize, written: &Written, part: Range<usize>) {
        let place = at + part.start..at + part.end;
        self.length = self.length.max(place.end);
        match written {
            Written::Bytes(bytes) => self.write(place.start, &bytes[part]),
            Written::Zeros(_) => self.clear(place),
        }
    }

    fn write(&mut self, mut at: usize, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (number, inside) = (at / BLOCK, at % BLOCK);
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - inside));
            let block = self.blocks.entry(number).or_insert_with(|| Arc::new(ZEROS.to_vec()));
            Arc::make_mut(block)[inside..inside + now.len()].copy_from_slice(now);
            at += now.len();
            bytes = later;
        }
    }

    fn clear(&mut self, place: Range<usize>) {
        for (number, block) in self.blocks.range_mut(place.start / BLOCK..place.end.div_ceil(BLOCK)) {
            let first = place.start.saturating_sub(number * BLOCK);
            let end = (place.end - number * BLOCK).min(BLOCK);
            Arc::make_mut(block)[first..end].fill(0);
        }
    }

    /// The pieces that are not all zeros, with their places.
    pub fn pieces(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let filled = self.blocks.iter().filter(|(_, block)| block[..] != ZEROS);
        filled.map(|(number, block)| (number * BLOCK, &block[..(self.length - number * BLOCK).min(BLOCK)]))
    }

    /// Whether it has the same bytes as another.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        self.length == other.length && self.pieces().eq(other.pieces())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn bytes(content: &Content) -> Vec<u8> {
        let mut bytes = vec![0; content.length()];
        for (at, piece) in content.pieces() {
            bytes[at..at + piece.len()].copy_from_slice(piece);
        }
        bytes
    }

    #[test]
    fn it_is_what_a_plain_array_would_be() {
        let mut plain = vec![7; 3 * BLOCK];
        let mut content = Content::of(&plain);
        let write = Written::Bytes(Bytes::from(vec![9; 2 * BLOCK]));
        content.put(BLOCK / 2, &write, 10..2 * BLOCK);
        plain[BLOCK / 2 + 10..BLOCK / 2 + 2 * BLOCK].fill(9);
        content.put(BLOCK - 5, &Written::Zeros(20), 0..20);
        plain[BLOCK - 5..BLOCK + 15].fill(0);
        content.set_length(BLOCK + 100);
        content.set_length(4 * BLOCK);
        plain.truncate(BLOCK + 100);
        plain.resize(4 * BLOCK, 0);
        assert_eq!(bytes(&content), plain);
        assert!(content.same(&Content::of(&plain)));
        assert_eq!(content.pieces().count(), 2);
    }
}
