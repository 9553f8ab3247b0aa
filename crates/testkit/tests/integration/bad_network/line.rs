//! A socket of the simulated network that notes in the ledger when it is heard, and when it is gone.

use super::ledger::{Ledger, Side};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use turmoil::net::TcpStream;

/// Where a socket is until it is cut.
pub type Slot = Arc<Mutex<Option<TcpStream>>>;

pub struct Socket {
    slot: Slot,
    number: u64,
    ledger: Arc<Ledger>,
}

impl Socket {
    pub fn new(stream: TcpStream, side: Side, ledger: &Arc<Ledger>) -> Self {
        let slot = Slot::new(Mutex::new(Some(stream)));
        Self { number: ledger.open(side, slot.clone()), slot, ledger: ledger.clone() }
    }

    fn with<T>(&self, poll: impl FnOnce(Pin<&mut TcpStream>) -> Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match &mut *self.slot.lock().unwrap() {
            Some(stream) => poll(Pin::new(stream)),
            None => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        drop(self.slot.lock().unwrap().take());
        self.ledger.close(self.number);
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = self.with(|stream| stream.poll_read(cx, buffer));
        if buffer.filled().len() > before {
            self.ledger.heard(self.number);
        }
        read
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.with(|stream| stream.poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_shutdown(cx))
    }
}
