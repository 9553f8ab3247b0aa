//! Buffers shared by all connections of a worker thread, so that an idle connection holds none.
//!
//! A read buffer is borrowed only while bytes are on their way from the socket into the machine, which never crosses an
//! await; a write buffer is kept only while the socket does not take all of it.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// Bytes that one read takes from a socket.
pub const READ_BYTES_MAX: usize = 16 * 1024;

/// Read buffers that a thread keeps. One is in use at a time, but for a service that polls another connection.
const READ_BUFFERS_KEPT_MAX: usize = 2;

/// Write buffers that a thread keeps.
const WRITE_BUFFERS_KEPT_MAX: usize = 4;

/// Room of a new write buffer.
const WRITE_BUFFER_BYTES: usize = 8 * 1024;

/// A write buffer that grew past this is freed, not kept.
const WRITE_BUFFER_BYTES_KEPT_MAX: usize = 128 * 1024;

thread_local! {
    static READ: RefCell<Vec<Box<[u8]>>> = const { RefCell::new(Vec::new()) };
    static WRITE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// A borrowed buffer of [`READ_BYTES_MAX`] bytes; goes back on drop.
#[derive(Debug)]
pub(crate) struct ReadBuffer(Box<[u8]>);

impl ReadBuffer {
    pub(crate) fn take() -> Self {
        let kept = READ.with_borrow_mut(Vec::pop);
        Self(kept.unwrap_or_else(|| vec![0; READ_BYTES_MAX].into_boxed_slice()))
    }
}

impl Deref for ReadBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for ReadBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl Drop for ReadBuffer {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.0);
        // Fails only while the thread ends; the buffer is then freed.
        let _ = READ.try_with(|kept| {
            let mut kept = kept.borrow_mut();
            if kept.len() < READ_BUFFERS_KEPT_MAX {
                kept.push(buffer);
            }
        });
    }
}

/// An empty buffer to write into; give it back with [`give_write_buffer`].
pub(crate) fn take_write_buffer() -> Vec<u8> {
    let kept = WRITE.with_borrow_mut(Vec::pop);
    kept.unwrap_or_else(|| Vec::with_capacity(WRITE_BUFFER_BYTES))
}

/// Takes a buffer back, or frees it when there are enough or it grew large.
pub(crate) fn give_write_buffer(mut buffer: Vec<u8>) {
    if buffer.capacity() == 0 || buffer.capacity() > WRITE_BUFFER_BYTES_KEPT_MAX {
        return;
    }
    buffer.clear();
    let _ = WRITE.try_with(|kept| {
        let mut kept = kept.borrow_mut();
        if kept.len() < WRITE_BUFFERS_KEPT_MAX {
            kept.push(buffer);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_buffer_is_used_again() {
        let first = ReadBuffer::take();
        let at = first.as_ptr();
        drop(first);
        assert_eq!(ReadBuffer::take().as_ptr(), at);
    }

    #[test]
    fn a_large_write_buffer_is_freed_and_a_small_one_comes_back_empty() {
        give_write_buffer(vec![0; WRITE_BUFFER_BYTES_KEPT_MAX + 1]);
        assert!(take_write_buffer().capacity() <= WRITE_BUFFER_BYTES_KEPT_MAX);
        give_write_buffer(vec![1, 2, 3]);
        assert_eq!(take_write_buffer(), Vec::<u8>::new());
    }
}
