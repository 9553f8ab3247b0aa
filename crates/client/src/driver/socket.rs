//! Connections over TCP and TLS: WebSocket, or frames behind their length.

use std::sync::Arc;

use bytes::BytesMut;
use futures_util::future::BoxFuture;
use futures_util::{SinkExt as _, StreamExt as _};
use rustls::ClientConfig;
use rustls::crypto::ring::default_provider;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::BuilderVerifierExt as _;
use stonechat_types::limits::FRAME_BYTES_MAX;
use stonechat_wire::{frame, v1::Frame};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_websockets::{ClientBuilder, Limits, Message};

use crate::driver::endpoint::{Carrier, Endpoint};
use crate::driver::limits::{FRAMES_IN_FLIGHT, WRITE_TIMEOUT};
use crate::driver::ports::{Duplex, Transport, TransportError};
use crate::error::{Error, Result};

/// Bytes that one read takes at most.
const READ_BYTES: usize = 64 * 1024;

/// Reaches a server over a socket.
pub struct SocketTransport {
    endpoint: Endpoint,
    tls: Option<TlsConnector>,
}

impl SocketTransport {
    /// Prepares to reach an endpoint. It is trusted by the roots of the system, or by those given (PEM).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] when the endpoint or the roots are not what they should be.
    pub fn new(endpoint: &str, roots: Option<&[u8]>) -> Result<Self> {
        let endpoint = Endpoint::parse(endpoint).map_err(|error| Error::argument("endpoint", error))?;
        let tls = if endpoint.tls { Some(TlsConnector::from(Arc::new(tls_config(roots)?))) } else { None };
        Ok(Self { endpoint, tls })
    }

    async fn open(&self, tasks: &TaskTracker, stop: CancellationToken) -> std::result::Result<Duplex, TransportError> {
        let address = (self.endpoint.host.as_str(), self.endpoint.port);
        let tcp = TcpStream::connect(address).await.map_err(|error| network(&error))?;
        tcp.set_nodelay(true).map_err(|error| network(&error))?;
        match &self.tls {
            None => carry(&self.endpoint, tcp, tasks, stop).await,
            Some(tls) => {
                let name = ServerName::try_from(self.endpoint.host.clone()).map_err(|error| network(&error))?;
                let stream = tls.connect(name, tcp).await.map_err(|error| network(&error))?;
                carry(&self.endpoint, stream, tasks, stop).await
            }
        }
    }
}

impl Transport for SocketTransport {
    fn connect(
        &self,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> BoxFuture<'_, std::result::Result<Duplex, TransportError>> {
        let tasks = tasks.clone();
        Box::pin(async move { self.open(&tasks, stop).await })
    }
}

/// Carries frames over a stream, as the endpoint says.
pub async fn carry<S>(
    endpoint: &Endpoint,
    stream: S,
    tasks: &TaskTracker,
    stop: CancellationToken,
) -> std::result::Result<Duplex, TransportError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (outgoing, to_write) = mpsc::channel(FRAMES_IN_FLIGHT);
    let (read, incoming) = mpsc::channel(FRAMES_IN_FLIGHT);
    // Whichever half ends first ends the other.
    let end = stop.child_token();
    match endpoint.carrier {
        Carrier::Stream => {
            let (reader, writer) = tokio::io::split(stream);
            tasks.spawn(until(end.clone(), write_stream(writer, to_write)));
            tasks.spawn(until(end, tell_last(read.clone(), read_stream(reader, read))));
        }
        Carrier::WebSocket => {
            let limits = Limits::default().max_payload_len(Some(FRAME_BYTES_MAX));
            let builder = ClientBuilder::new().uri(&endpoint.ws_uri()).map_err(|error| network(&error))?;
            let (socket, _) = builder.limits(limits).connect_on(stream).await.map_err(|error| network(&error))?;
            let (writer, reader) = socket.split();
            tasks.spawn(until(end.clone(), write_ws(writer, to_write)));
            tasks.spawn(until(end, tell_last(read.clone(), read_ws(reader, read))));
        }
    }
    Ok(Duplex { outgoing, incoming })
}

fn network(error: &dyn std::fmt::Display) -> TransportError {
    TransportError::Network(error.to_string())
}

fn tls_config(roots: Option<&[u8]>) -> Result<ClientConfig> {
    let refused = |error: &dyn std::fmt::Display| Error::argument("root_certificates", error);
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(&error))?;
    let Some(pem) = roots else {
        return Ok(builder.with_platform_verifier().map_err(|error| refused(&error))?.with_no_client_auth());
    };
    let mut store = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        store.add(certificate.map_err(|error| refused(&error))?).map_err(|error| refused(&error))?;
    }
    if store.is_empty() {
        return Err(refused(&"has no certificate"));
    }
    Ok(builder.with_root_certificates(store).with_no_client_auth())
}

/// Runs one half of a connection until it or the other half ends.
async fn until(end: CancellationToken, half: impl Future<Output = ()>) {
    let _guard = end.clone().drop_guard();
    tokio::select! {
        biased;
        () = end.cancelled() => {}
        () = half => {}
    }
}

/// Tells the loop why a connection ended.
async fn tell_last(
    tell: mpsc::Sender<std::result::Result<Frame, TransportError>>,
    read: impl Future<Output = std::result::Result<(), TransportError>>,
) {
    let ended = tokio::select! {
        biased;
        // Nobody listens any more.
        () = tell.closed() => return,
        ended = read => ended,
    };
    if let Err(error) = ended {
        let _ = tell.send(Err(error)).await;
    }
}

type Frames = mpsc::Sender<std::result::Result<Frame, TransportError>>;

async fn read_stream(mut reader: impl AsyncRead + Unpin, frames: Frames) -> std::result::Result<(), TransportError> {
    let mut bytes = BytesMut::with_capacity(READ_BYTES);
    loop {
        while let Some(frame) = frame::take(&mut bytes).map_err(|_| TransportError::Malformed)? {
            if frames.send(Ok(frame)).await.is_err() {
                return Ok(());
            }
        }
        bytes.reserve(READ_BYTES);
        if reader.read_buf(&mut bytes).await.map_err(|error| network(&error))? == 0 {
            return Err(TransportError::Network("the server closed the connection".into()));
        }
    }
}

async fn read_ws<S>(mut reader: S, frames: Frames) -> std::result::Result<(), TransportError>
where
    S: futures_core::Stream<Item = std::result::Result<Message, tokio_websockets::Error>> + Unpin,
{
    while let Some(message) = reader.next().await {
        let message = message.map_err(|error| network(&error))?;
        if message.is_binary() {
            let frame = frame::decode(message.into_payload().into()).map_err(|_| TransportError::Malformed)?;
            if frames.send(Ok(frame)).await.is_err() {
                return Ok(());
            }
        }
    }
    Err(TransportError::Network("the server closed the connection".into()))
}

async fn write_stream(mut writer: impl AsyncWrite + Unpin, mut frames: mpsc::Receiver<Frame>) {
    let mut bytes = BytesMut::new();
    while let Some(frame) = frames.recv().await {
        bytes.extend_from_slice(&frame::encode_with_length(&frame));
        // Several frames share a write.
        while bytes.len() < READ_BYTES
            && let Ok(frame) = frames.try_recv()
        {
            bytes.extend_from_slice(&frame::encode_with_length(&frame));
        }
        let write = async {
            writer.write_all_buf(&mut bytes).await?;
            writer.flush().await
        };
        if !matches!(timeout(WRITE_TIMEOUT, write).await, Ok(Ok(()))) {
            return;
        }
    }
    let _ = timeout(WRITE_TIMEOUT, writer.shutdown()).await;
}

async fn write_ws<S>(mut writer: S, mut frames: mpsc::Receiver<Frame>)
where
    S: futures_util::Sink<Message, Error = tokio_websockets::Error> + Unpin,
{
    while let Some(frame) = frames.recv().await {
        let write = async {
            writer.feed(Message::binary(frame::encode(&frame))).await?;
            while let Ok(frame) = frames.try_recv() {
                writer.feed(Message::binary(frame::encode(&frame))).await?;
            }
            writer.flush().await
        };
        if !matches!(timeout(WRITE_TIMEOUT, write).await, Ok(Ok(()))) {
            return;
        }
    }
    let _ = timeout(WRITE_TIMEOUT, writer.close()).await;
}
