//! The server's end of a simulated connection: the bytes that the connection loop of `net` reads and writes.

use bytes::{Buf, Bytes, BytesMut};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

/// How the peer's direction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// In order.
    Finished,
    /// The peer does not know this connection, or its host is gone.
    Reset,
}

#[derive(Default)]
struct State {
    arrived: BytesMut,
    arrived_end: Option<End>,
    written: Vec<Bytes>,
    /// Bytes that were written and that the peer has not taken.
    on_way: usize,
    window: usize,
    finished: bool,
    dropped: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// The socket buffer, seen from the network.
#[derive(Clone)]
pub struct Socket {
    state: Arc<Mutex<State>>,
    wake: Arc<Notify>,
}

/// What the server did with a connection since it was last asked.
#[derive(Debug, Default)]
pub struct Outgoing {
    /// What it wrote.
    pub bytes: Vec<Bytes>,
    /// Whether it ended its direction, or let go of the socket.
    pub ended: bool,
}

impl Socket {
    /// A connection whose peer takes so many bytes ahead. `wake` hears of everything that the server does.
    #[must_use]
    pub fn new(window: usize, wake: Arc<Notify>) -> Self {
        Self { state: Arc::new(Mutex::new(State { window, ..State::default() })), wake }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The end for the server.
    #[must_use]
    pub fn server_end(&self) -> ServerEnd {
        ServerEnd(self.clone())
    }

    /// Bytes arrive.
    pub fn arrive(&self, bytes: &[u8]) {
        let mut state = self.state();
        state.arrived.extend_from_slice(bytes);
        wake(&mut state.reader);
    }

    /// The peer's direction ends.
    pub fn end(&self, end: End) {
        let mut state = self.state();
        state.arrived_end = Some(end);
        wake(&mut state.reader);
        wake(&mut state.writer);
    }

    /// The peer has taken bytes: there is room for more.
    pub fn taken(&self, bytes: usize) {
        let mut state = self.state();
        state.on_way = state.on_way.saturating_sub(bytes);
        wake(&mut state.writer);
    }

    /// What the server did.
    #[must_use]
    pub fn take_outgoing(&self) -> Outgoing {
        let mut state = self.state();
        Outgoing { bytes: std::mem::take(&mut state.written), ended: state.finished || state.dropped }
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

/// What the server holds.
pub struct ServerEnd(Socket);

impl AsyncRead for ServerEnd {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.state();
        if state.arrived_end == Some(End::Reset) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if !state.arrived.is_empty() {
            let n = buffer.remaining().min(state.arrived.len());
            buffer.put_slice(&state.arrived[..n]);
            state.arrived.advance(n);
            return Poll::Ready(Ok(()));
        }
        if state.arrived_end.is_some() {
            return Poll::Ready(Ok(()));
        }
        state.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl AsyncWrite for ServerEnd {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.0.state();
        if state.arrived_end == Some(End::Reset) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let room = state.window.saturating_sub(state.on_way);
        if room == 0 {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let n = room.min(bytes.len());
        state.written.push(Bytes::copy_from_slice(&bytes[..n]));
        state.on_way += n;
        drop(state);
        self.0.wake.notify_one();
        Poll::Ready(Ok(n))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.state().finished = true;
        self.0.wake.notify_one();
        Poll::Ready(Ok(()))
    }
}

impl Drop for ServerEnd {
    fn drop(&mut self) {
        self.0.state().dropped = true;
        self.0.wake.notify_one();
    }
}
