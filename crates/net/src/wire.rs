//! One socket with its framing: what was read and is not wanted yet, what waits to be written, and how it ends.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, timeout};

use crate::drain::Drain;
use crate::outbound::{Outbound, SLICES_MAX};
use crate::pool::ReadBuffer;
use crate::time::Timer;

/// How long a peer may take to read [`WRITE_STEP_BYTES`].
pub const WRITE_DEADLINE: Duration = Duration::from_secs(10);

/// The progress that a slow peer must make within [`WRITE_DEADLINE`].
pub const WRITE_STEP_BYTES: usize = 16 * 1024;

/// How long a connection that we closed waits for the peer's end, so that our last words are not cut off.
pub const LINGER: Duration = Duration::from_secs(2);

/// Bytes that are read and dropped meanwhile.
pub const LINGER_BYTES_MAX: usize = 1024 * 1024;

/// Why a write failed.
pub(crate) enum WriteError {
    /// The peer did not read within [`WRITE_DEADLINE`].
    Slow,
    /// The server's last moment came first.
    Drained,
    /// The socket is broken.
    Gone,
}

/// A stream of bytes, cut and joined by a framing.
pub(crate) struct Wire<T, F> {
    stream: T,
    pub(crate) framing: F,
    pub(crate) outbound: Outbound,
    pub(crate) unread: Unread,
    usable: bool,
}

impl<T: AsyncRead + AsyncWrite + Unpin, F> Wire<T, F> {
    pub(crate) fn new(stream: T, framing: F, early: &[u8]) -> Self {
        let mut unread = Unread::default();
        unread.keep(early);
        Self { stream, framing, outbound: Outbound::default(), unread, usable: true }
    }

    /// Reads what is there into a buffer of this thread, which is held only when something was read. `None` is the end.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Option<(ReadBuffer, usize)>> {
        let mut buffer = ReadBuffer::take();
        let mut target = ReadBuf::new(&mut buffer);
        match Pin::new(&mut self.stream).poll_read(cx, &mut target) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(_)) => Poll::Ready(None),
            Poll::Ready(Ok(())) => {
                let n = target.filled().len();
                Poll::Ready((n > 0).then_some((buffer, n)))
            }
        }
    }

    /// Writes all that waits; pending with what the socket did not take.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        while !self.outbound.is_empty() {
            match self.poll_write_once(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(n)) if n > 0 => self.outbound.advance(n),
                Poll::Ready(_) => return Poll::Ready(Err(WriteError::Gone)),
            }
        }
        // TLS keeps what it has sealed until it is flushed.
        Pin::new(&mut self.stream).poll_flush(cx).map_err(|_| WriteError::Gone)
    }

    /// As [`Self::poll_write`], for a socket that is full: gives a slow peer time, but not for ever.
    pub(crate) async fn write_slowly(&mut self, drain: &Drain) -> Result<(), WriteError> {
        let mut drained = pin!(drain.passed());
        let mut timer = Timer::default();
        let mut deadline = Instant::now() + WRITE_DEADLINE;
        let mut step_from = self.outbound.len();
        poll_fn(|cx| {
            if let Poll::Ready(written) = self.poll_write(cx) {
                return Poll::Ready(written);
            }
            if step_from - self.outbound.len() >= WRITE_STEP_BYTES {
                step_from = self.outbound.len();
                deadline = Instant::now() + WRITE_DEADLINE;
            }
            if timer.poll(cx, Some(deadline)).is_ready() {
                return Poll::Ready(Err(WriteError::Slow));
            }
            drained.as_mut().poll(cx).map(|()| Err(WriteError::Drained))
        })
        .await
    }

    /// Nothing more will be written or read: the socket is broken, or not worth waiting for.
    pub(crate) fn give_up(&mut self) {
        self.outbound.clear();
        self.usable = false;
    }

    /// Ends our direction and waits a little for the peer to end its own: a socket that is closed over unread bytes is
    /// reset, and the peer may then never see our last words.
    pub(crate) async fn finish(&mut self) {
        if !self.usable {
            return;
        }
        let ending = async {
            self.stream.shutdown().await?;
            let mut dropped = [0; 1024];
            let mut bytes = 0;
            while bytes < LINGER_BYTES_MAX {
                match self.stream.read(&mut dropped).await? {
                    0 => break,
                    n => bytes += n,
                }
            }
            io::Result::Ok(())
        };
        // Either way the socket is closed now; there is nobody left to tell.
        let _: Result<io::Result<()>, _> = timeout(LINGER, ending).await;
    }

    fn poll_write_once(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let stream = Pin::new(&mut self.stream);
        if let Some(slice) = self.outbound.single() {
            return stream.poll_write(cx, slice);
        }
        let mut slices = [IoSlice::new(&[]); SLICES_MAX];
        let count = self.outbound.slices(&mut slices);
        stream.poll_write_vectored(cx, &slices[..count])
    }
}

/// Bytes that were read while the machine did not want input.
#[derive(Debug, Default)]
pub(crate) struct Unread {
    bytes: Vec<u8>,
    from: usize,
}

impl Unread {
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn rest(&mut self) -> &mut [u8] {
        &mut self.bytes[self.from..]
    }

    /// Adds bytes; nothing is allocated for none.
    pub(crate) fn keep(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// What is left behind the first `n` bytes; holds no storage when that is nothing.
    pub(crate) fn without(mut self, n: usize) -> Self {
        self.from += n;
        if self.from < self.bytes.len() { self } else { Self::default() }
    }
}
