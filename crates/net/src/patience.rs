//! A write deadline for sockets that hyper drives, which has none of its own.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::time::Timer;
use crate::wire::WRITE_DEADLINE;

/// A stream whose writes fail when the peer has not read for [`WRITE_DEADLINE`].
#[derive(Debug)]
pub(crate) struct Patient<T> {
    inner: T,
    timer: Timer,
    /// Set while a write waits.
    deadline: Option<Instant>,
}

impl<T> Patient<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self { inner, timer: Timer::default(), deadline: None }
    }

    pub(crate) fn into_inner(self) -> T {
        self.inner
    }

    /// Passes on a write that is ready; lets one that waits fail at the deadline.
    fn patiently<R>(&mut self, cx: &mut Context<'_>, write: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if write.is_ready() {
            self.deadline = None;
            return write;
        }
        let deadline = *self.deadline.get_or_insert_with(|| Instant::now() + WRITE_DEADLINE);
        ready!(self.timer.poll(cx, Some(deadline)));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Patient<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Patient<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let write = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.patiently(cx, write)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flush = Pin::new(&mut self.inner).poll_flush(cx);
        self.patiently(cx, flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shutdown = Pin::new(&mut self.inner).poll_shutdown(cx);
        self.patiently(cx, shutdown)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let write = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.patiently(cx, write)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_read_fails_the_write_at_the_deadline() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut patient = Patient::new(ours);
        patient.write_all(&[0; 64]).await.unwrap();
        let (written, _) = tokio::join!(patient.write_all(&[0; 64]), async {
            tokio::time::sleep(WRITE_DEADLINE / 2).await;
            theirs.read_exact(&mut [0; 64]).await.unwrap()
        });
        written.unwrap();
        let started = Instant::now();
        assert_eq!(patient.write_all(&[0; 64]).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(started.elapsed(), WRITE_DEADLINE);
    }
}
