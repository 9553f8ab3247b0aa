//! A transport of the SDK that a test can hold: frames from the server wait behind a gate.

use bytes::BytesMut;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
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

/// TCP with a gate for what comes from the server.
pub struct Gate {
    addr: SocketAddr,
    open: Arc<Semaphore>,
    sent: Arc<AtomicUsize>,
}

impl Gate {
    /// A gate that lets `frames` pass and no more until it is opened.
    #[must_use]
    pub fn after(addr: SocketAddr, frames: usize) -> Arc<Self> {
        Arc::new(Self { addr, open: Arc::new(Semaphore::new(frames)), sent: Arc::default() })
    }

    /// Lets everything pass.
    pub fn open(&self) {
        self.open.close();
    }

    /// Frames that the client has sent.
    #[must_use]
    pub fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
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
            let (open, sent, stopped) = (self.open.clone(), self.sent.clone(), stop.clone());
            tasks.spawn(async move {
                while let Some(frame) = to_server.recv().await {
                    sent.fetch_add(1, Ordering::SeqCst);
                    if write.write_all(&encode_with_length(&frame)).await.is_err() {
                        return;
                    }
                }
            });
            tasks.spawn(async move {
                let mut buffer = BytesMut::new();
                loop {
                    while let Ok(Some(frame)) = take(&mut buffer) {
                        // A closed semaphore is an open gate.
                        if let Ok(permit) = open.acquire().await {
                            permit.forget();
                        }
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
