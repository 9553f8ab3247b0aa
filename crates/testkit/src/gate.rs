//! A transport of the SDK that a test can hold: frames of both sides wait behind a gate.

use bytes::BytesMut;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use stonechat_client::driver::ports::{Duplex, Transport, TransportError};
use stonechat_log::store::BoxFuture;
use stonechat_wire::frame::{encode_with_length, take};
use stonechat_wire::v1::Frame;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const QUEUE: usize = 64;

/// TCP with a gate for what each side sends.
pub struct Gate {
    addr: SocketAddr,
    state: Arc<State>,
}

struct State {
    to_server: Semaphore,
    from_server: Semaphore,
    /// Frames that the client gave.
    given: AtomicUsize,
    /// Frames that went on to the server.
    sent: AtomicUsize,
    /// Frames that the client had given when the first came back.
    given_at_first: OnceLock<usize>,
}

/// Waits until a frame may pass.
async fn pass(side: &Semaphore) {
    // A closed semaphore is an open gate.
    if let Ok(permit) = side.acquire().await {
        permit.forget();
    }
}

impl Gate {
    /// A gate that lets `frames` pass each way and no more until it is opened.
    #[must_use]
    pub fn after(addr: SocketAddr, frames: usize) -> Arc<Self> {
        let state = State {
            to_server: Semaphore::new(frames),
            from_server: Semaphore::new(frames),
            given: AtomicUsize::new(0),
            sent: AtomicUsize::new(0),
            given_at_first: OnceLock::new(),
        };
        Arc::new(Self { addr, state: Arc::new(state) })
    }

    /// Lets everything pass.
    pub fn open(&self) {
        self.state.to_server.close();
        self.state.from_server.close();
    }

    /// Frames of the client that went on to the server.
    #[must_use]
    pub fn sent(&self) -> usize {
        self.state.sent.load(Ordering::SeqCst)
    }

    /// Frames that the client had given before the first one came back to it.
    #[must_use]
    pub fn given_before_answer(&self) -> Option<usize> {
        self.state.given_at_first.get().copied()
    }
}

impl Transport for Gate {
    fn connect(&self, tasks: &TaskTracker, stop: CancellationToken) -> BoxFuture<'_, Result<Duplex, TransportError>> {
        let tasks = tasks.clone();
        Box::pin(async move {
            let network = |error: std::io::Error| TransportError::Network(error.to_string());
            let stream = TcpStream::connect(self.addr).await.map_err(network)?;
            let (mut read, mut write) = stream.into_split();
            let (outgoing, mut to_server) = mpsc::channel::<Frame>(QUEUE);
            let (from_server, incoming) = mpsc::channel(QUEUE);
            let (state, there, stopped) = (self.state.clone(), self.state.clone(), stop.clone());
            tasks.spawn(async move {
                while let Some(frame) = to_server.recv().await {
                    there.given.fetch_add(1, Ordering::SeqCst);
                    pass(&there.to_server).await;
                    there.sent.fetch_add(1, Ordering::SeqCst);
                    if write.write_all(&encode_with_length(&frame)).await.is_err() {
                        return;
                    }
                }
            });
            tasks.spawn(async move {
                let mut buffer = BytesMut::new();
                loop {
                    while let Ok(Some(frame)) = take(&mut buffer) {
                        pass(&state.from_server).await;
                        state.given_at_first.get_or_init(|| state.given.load(Ordering::SeqCst));
                        if from_server.send(Ok(frame)).await.is_err() {
                            return;
                        }
                    }
                    tokio::select! {
                        biased;
                        () = stopped.cancelled() => return,
                        read = read.read_buf(&mut buffer) => if !matches!(read, Ok(1..)) { return },
                    }
                }
            });
            Ok(Duplex { outgoing, incoming })
        })
    }
}
