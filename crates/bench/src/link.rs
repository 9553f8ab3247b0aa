//! One connection of a user: frames in and out over one socket. What arrives is looked at where it lies, what goes out
//! is gathered, and both cross the kernel as rarely as they can.

use crate::framing::{Framing, Piece};
use crate::options::{Carrier, ServerUrl};
use anyhow::{Context as _, bail, ensure};
use std::ops::Range;
use std::time::Duration;
use stonechat_wire::v1::{Frame, Hello, Welcome, frame::Body};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long the server may take to answer a call outside a load.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// Room for what one read takes.
const READ_BYTES: usize = 16 * 1024;
/// An answer to a handshake is shorter.
const HANDSHAKE_BYTES_MAX: usize = 8 * 1024;

/// What has arrived and is not looked at yet.
#[derive(Debug, Default)]
pub struct Inbox {
    bytes: Vec<u8>,
    at: usize,
}

impl Inbox {
    /// The bytes of a frame that [`Link::next_frame`] named.
    #[must_use]
    pub fn frame(&self, range: Range<usize>) -> &[u8] {
        &self.bytes[range]
    }

    /// Gives back all room, when nothing waits.
    fn settle(&mut self) {
        if self.at == self.bytes.len() {
            self.bytes.clear();
        } else {
            self.bytes.drain(..self.at);
        }
        self.at = 0;
    }
}

/// What waits to be written.
#[derive(Debug)]
pub struct Outbox {
    framing: Framing,
    bytes: Vec<u8>,
    frame: Vec<u8>,
}

impl Outbox {
    /// Adds one frame, which `write` writes into an empty buffer.
    pub fn put(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.frame.clear();
        write(&mut self.frame);
        self.framing.put(&mut self.bytes, &self.frame);
    }
}

/// A connection.
#[derive(Debug)]
pub struct Link {
    stream: TcpStream,
    /// What has arrived.
    pub inbox: Inbox,
    /// What waits.
    pub outbox: Outbox,
    next_call: u64,
}

/// Who signs in.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The user's token.
    pub token: String,
    /// The device.
    pub device: String,
}

impl Link {
    /// Connects to somebody who speaks the framing and nothing else.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn bare(server: &ServerUrl) -> anyhow::Result<Self> {
        Self::open(server, 0).await
    }

    /// Connects, without a hello.
    ///
    /// # Errors
    /// When nobody listens there, or not as expected.
    pub async fn connect(server: &ServerUrl, seed: u32) -> anyhow::Result<Self> {
        let mut link = Self::open(server, seed).await?;
        if server.carrier == Carrier::WebSocket {
            timeout(ANSWER_TIMEOUT, link.upgrade(server, seed)).await.context("the upgrade takes too long")??;
        }
        Ok(link)
    }

    async fn open(server: &ServerUrl, seed: u32) -> anyhow::Result<Self> {
        let connect = TcpStream::connect(&server.authority);
        let stream = timeout(ANSWER_TIMEOUT, connect).await.context("the connection takes too long")?;
        let stream = stream.with_context(|| format!("could not connect to {server}"))?;
        stream.set_nodelay(true).context("could not set up the socket")?;
        let outbox = Outbox { framing: Framing::of(server.carrier, seed), bytes: Vec::new(), frame: Vec::new() };
        Ok(Self { stream, inbox: Inbox::default(), outbox, next_call: 1 })
    }

    /// Connects and signs in.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn sign_in(server: &ServerUrl, who: &Credentials, seed: u32) -> anyhow::Result<(Self, Welcome)> {
        let mut link = Self::connect(server, seed).await?;
        let hello = Hello {
            version_min: 1,
            version_max: 1,
            token: who.token.clone(),
            device_id: who.device.clone(),
            device_name: "bench".into(),
            client: concat!("stonechat-bench/", env!("CARGO_PKG_VERSION")).into(),
            ..Hello::default()
        };
        match link.call(Body::Hello(hello)).await? {
            Body::Welcome(welcome) => Ok((link, welcome)),
            other => bail!("the server answered a hello with {other:?}"),
        }
    }

    async fn upgrade(&mut self, server: &ServerUrl, seed: u32) -> anyhow::Result<()> {
        // Sixteen bytes in base64, of which any will do: 21 letters, one that ends a group of bits, and the padding.
        let key = format!("{seed:0>21}A==");
        let request = format!(
            "GET /v1/ws HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: stonechat.v1\r\n\r\n",
            server.authority
        );
        self.stream.write_all(request.as_bytes()).await.context("could not ask for a WebSocket")?;
        loop {
            if let Some(end) = self.inbox.bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.inbox.bytes[..end]).into_owned();
                ensure!(head.starts_with("HTTP/1.1 101 "), "the server does not upgrade: {head}");
                self.inbox.at = end + 4;
                return Ok(());
            }
            ensure!(self.inbox.bytes.len() < HANDSHAKE_BYTES_MAX, "the server's answer to an upgrade has no end");
            self.read_more().await?;
        }
    }

    /// A number for a call.
    pub fn next_call(&mut self) -> u64 {
        let call = self.next_call;
        self.next_call += 1;
        call
    }

    /// Asks and waits for the answer. Everything else that arrives meanwhile stays unseen, so this is for the time
    /// before a load, when nothing else can.
    ///
    /// # Errors
    /// When the server answers with an error or not at all.
    pub async fn call(&mut self, body: Body) -> anyhow::Result<Body> {
        let call = self.put(body);
        timeout(ANSWER_TIMEOUT, self.answer_to(call)).await.context("the server does not answer")?
    }

    /// Adds a call of any kind to what waits. Answers its number.
    pub fn put(&mut self, body: Body) -> u64 {
        let id = self.next_call();
        self.put_frame(&Frame { id, body: Some(body) });
        id
    }

    /// Adds a frame of any kind to what waits.
    pub fn put_frame(&mut self, frame: &Frame) {
        self.outbox.put(|out| prost::Message::encode_raw(frame, out));
    }

    async fn answer_to(&mut self, call: u64) -> anyhow::Result<Body> {
        self.flush().await?;
        loop {
            while let Some(range) = self.next_frame()? {
                let frame = decode(self.inbox.frame(range))?;
                match frame.body {
                    Some(Body::Error(error)) if frame.id == call => bail!("{}: {}", error.code, error.message),
                    Some(Body::Closing(closing)) => bail!("the server closes: {} {}", closing.code, closing.message),
                    Some(body) if frame.id == call => return Ok(body),
                    _ => {}
                }
            }
            self.read_more().await?;
        }
    }

    /// The next frame that is here; its bytes are in the inbox until [`Self::read_more`].
    ///
    /// # Errors
    /// When the stream is broken, or the server closes it.
    pub fn next_frame(&mut self) -> anyhow::Result<Option<Range<usize>>> {
        loop {
            let from = self.inbox.at;
            let next = self.outbox.framing.next(&self.inbox.bytes[from..]);
            let next = next.map_err(|_| anyhow::anyhow!("the server broke the framing"))?;
            let Some((piece, taken)) = next else { return Ok(None) };
            self.inbox.at += taken;
            match piece {
                Piece::Frame(range) => return Ok(Some(from + range.start..from + range.end)),
                Piece::Ping(range) => {
                    let payload = self.inbox.bytes[from + range.start..from + range.end].to_vec();
                    let Outbox { framing, bytes, .. } = &mut self.outbox;
                    framing.put_pong(bytes, &payload);
                }
                Piece::Nothing => {}
                Piece::Close => bail!("the server closed the connection"),
            }
        }
    }

    /// Waits for more bytes. May be dropped while it waits: nothing is lost.
    ///
    /// # Errors
    /// When the connection ends.
    pub async fn read_more(&mut self) -> anyhow::Result<()> {
        self.inbox.settle();
        self.inbox.bytes.reserve(READ_BYTES);
        let read = self.stream.read_buf(&mut self.inbox.bytes).await.context("the connection broke")?;
        ensure!(read > 0, "the server closed the connection without a word");
        Ok(())
    }

    /// Writes all that waits.
    ///
    /// # Errors
    /// When the connection ends.
    pub async fn flush(&mut self) -> anyhow::Result<()> {
        if !self.outbox.bytes.is_empty() {
            self.stream.write_all(&self.outbox.bytes).await.context("the connection broke")?;
            self.outbox.bytes.clear();
        }
        Ok(())
    }
}

/// Reads a frame in full.
///
/// # Errors
/// When it is none.
pub fn decode(bytes: &[u8]) -> anyhow::Result<Frame> {
    stonechat_wire::frame::decode(bytes::Bytes::copy_from_slice(bytes)).context("the server sent no frame")
}
