//! What waits to be written to one socket: all frames of one round, joined.
//!
//! Small payloads are copied behind their headers into one buffer. Large ones stay shared, so that a message to 5,000
//! members exists once however slow they are, and leave in the same vectored write.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes};

use crate::pool;

/// Payloads from this size on are shared, smaller ones copied.
const SHARED_BYTES_MIN: usize = 4 * 1024;

/// Slices that one vectored write names.
pub(crate) const SLICES_MAX: usize = 16;

/// Frames that wait for the socket.
#[derive(Debug, Default)]
pub struct Outbound {
    joined: Vec<u8>,
    /// Up to where `joined` is written.
    written: usize,
    /// Payloads with the place in `joined` before which they go.
    shared: VecDeque<(usize, Bytes)>,
    shared_bytes: usize,
    frames: u32,
}

impl Outbound {
    /// Adds one frame, given as a header and a payload.
    pub fn frame(&mut self, header: &[u8], payload: Bytes) {
        if payload.len() < SHARED_BYTES_MIN {
            return self.small_frame(header, &payload);
        }
        self.begin();
        self.joined.extend_from_slice(header);
        self.shared_bytes += payload.len();
        self.shared.push_back((self.joined.len(), payload));
        self.frames += 1;
    }

    /// Adds one frame whose payload is copied.
    pub fn small_frame(&mut self, header: &[u8], payload: &[u8]) {
        self.begin();
        self.joined.extend_from_slice(header);
        self.joined.extend_from_slice(payload);
        self.frames += 1;
    }

    /// Bytes that wait.
    pub fn len(&self) -> usize {
        self.joined.len() - self.written + self.shared_bytes
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Frames added since the buffer was last empty.
    pub(crate) fn frames(&self) -> u32 {
        self.frames
    }

    /// The one slice, when all that waits is in one piece.
    pub(crate) fn single(&self) -> Option<&[u8]> {
        self.shared.is_empty().then(|| &self.joined[self.written..])
    }

    /// Fills `slices` with what goes next; answers how many.
    pub(crate) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>; SLICES_MAX]) -> usize {
        let mut from = self.written;
        let mut count = 0;
        let end = (self.joined.len(), &[][..]);
        let pieces = self.shared.iter().map(|(at, payload)| (*at, &payload[..])).chain([end]);
        for (at, payload) in pieces {
            for piece in [&self.joined[from..at], payload] {
                if piece.is_empty() {
                    continue;
                }
                if count == SLICES_MAX {
                    return count;
                }
                slices[count] = IoSlice::new(piece);
                count += 1;
            }
            from = at;
        }
        count
    }

    /// Forgets the first `n` bytes, which are written; frees all when that was the last.
    pub(crate) fn advance(&mut self, mut n: usize) {
        while n > 0 {
            let until = self.shared.front().map_or(self.joined.len(), |(at, _)| *at);
            let step = n.min(until - self.written);
            self.written += step;
            n -= step;
            let Some((_, payload)) = self.shared.front_mut() else { break };
            let step = n.min(payload.len());
            payload.advance(step);
            self.shared_bytes -= step;
            n -= step;
            if payload.is_empty() {
                self.shared.pop_front();
            }
        }
        debug_assert_eq!(n, 0, "more was written than was there");
        if self.is_empty() {
            self.clear();
        }
    }

    /// Drops all that waits.
    pub(crate) fn clear(&mut self) {
        pool::give_write_buffer(std::mem::take(&mut self.joined));
        *self = Self::default();
    }

    fn begin(&mut self) {
        if self.joined.capacity() == 0 {
            self.joined = pool::take_write_buffer();
        }
    }
}

impl Drop for Outbound {
    fn drop(&mut self) {
        pool::give_write_buffer(std::mem::take(&mut self.joined));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed() -> (Outbound, Vec<u8>) {
        let large = Bytes::from(vec![7; SHARED_BYTES_MIN]);
        let mut outbound = Outbound::default();
        let mut all = Vec::new();
        for (header, payload) in [
            (&b"h1"[..], Bytes::from_static(b"small")),
            (b"h2", large.clone()),
            (b"h3", large.clone()),
            (b"h4", Bytes::new()),
            (b"h5", large.clone()),
        ] {
            all.extend_from_slice(header);
            all.extend_from_slice(&payload);
            outbound.frame(header, payload);
        }
        (outbound, all)
    }

    fn written_in_steps_of(step: usize) -> Vec<u8> {
        let (mut outbound, _) = mixed();
        let mut out = Vec::new();
        while !outbound.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES_MAX];
            let count = outbound.slices(&mut slices);
            let chunk: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.to_vec()).take(step).collect();
            outbound.advance(chunk.len());
            out.extend_from_slice(&chunk);
        }
        out
    }

    #[test]
    fn partial_writes_of_any_size_keep_the_order() {
        let (outbound, all) = mixed();
        assert_eq!(outbound.len(), all.len());
        assert_eq!(outbound.frames(), 5);
        for step in [1, 2, 3, 5, 100, 4095, 4096, 4097, 5000, all.len()] {
            assert_eq!(written_in_steps_of(step), all, "in steps of {step}");
        }
    }

    #[test]
    fn more_pieces_than_slices_leave_in_turns() {
        let mut outbound = Outbound::default();
        for _ in 0..SLICES_MAX {
            outbound.frame(b"h", Bytes::from(vec![1; SHARED_BYTES_MIN]));
        }
        let mut slices = [IoSlice::new(&[]); SLICES_MAX];
        assert_eq!(outbound.slices(&mut slices), SLICES_MAX);
    }

    #[test]
    fn an_empty_buffer_holds_no_storage() {
        let (mut outbound, all) = mixed();
        outbound.advance(all.len());
        assert_eq!((outbound.joined.capacity(), outbound.shared.capacity(), outbound.frames()), (0, 0, 0));
    }
}
