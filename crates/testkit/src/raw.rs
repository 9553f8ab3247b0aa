//! A client that speaks bare frames over TCP, and nothing on its own.

use anyhow::{Context as _, bail};
use bytes::{Bytes, BytesMut};
use prost::Message as _;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;
use stonechat_types::id::ClientMsgId;
use stonechat_wire::frame::{encode_with_length, take};
use stonechat_wire::v1::frame::Body;
use stonechat_wire::v1::send_message::To;
use stonechat_wire::v1::{Error, Event, Frame, Hello, SendMessage, Sent, TextBody, Welcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long a test waits for anything before it fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A connection.
pub struct Raw {
    stream: TcpStream,
    buffer: BytesMut,
    unread: VecDeque<Frame>,
    next: u64,
}

/// What a call was answered.
pub type Answer = Result<Body, Error>;

impl Raw {
    /// Connects without a word.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn connect(addr: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(addr).await.with_context(|| format!("could not connect to {addr}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: BytesMut::new(), unread: VecDeque::new(), next: 1 })
    }

    /// Connects and says hello.
    ///
    /// # Errors
    /// When it is refused; the text has the code.
    pub async fn hello(
        addr: SocketAddr,
        token: &str,
        device: &str,
        position: Bytes,
    ) -> anyhow::Result<(Self, Welcome)> {
        let mut raw = Self::connect(addr).await?;
        let hello = Hello {
            version_min: 1,
            version_max: 1,
            token: token.to_owned(),
            device_id: device.to_owned(),
            position,
            ..Hello::default()
        };
        match raw.call(Body::Hello(hello)).await? {
            Ok(Body::Welcome(welcome)) => Ok((raw, welcome)),
            Ok(other) => bail!("the hello was answered {other:?}"),
            Err(error) => bail!("the hello was refused: {}", error.code),
        }
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.stream.write_all(bytes).await.context("could not write")
    }

    /// Sends a call; its number.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn submit(&mut self, body: Body) -> anyhow::Result<u64> {
        let id = self.next;
        self.next += 1;
        self.write(&encode_with_length(&Frame { id, body: Some(body) })).await?;
        Ok(id)
    }

    /// The next frame, whatever it is; `None` when the server closed.
    ///
    /// # Errors
    /// When nothing comes in time, or it is not a frame.
    pub async fn next(&mut self) -> anyhow::Result<Option<Frame>> {
        if let Some(frame) = self.unread.pop_front() {
            return Ok(Some(frame));
        }
        self.read_frame().await
    }

    async fn read_frame(&mut self) -> anyhow::Result<Option<Frame>> {
        loop {
            if let Some(frame) = take(&mut self.buffer)? {
                return Ok(Some(frame));
            }
            let read = tokio::time::timeout(PATIENCE, self.stream.read_buf(&mut self.buffer)).await;
            match read.context("nothing came in time")? {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The next frame that fits; others are kept for later.
    ///
    /// # Errors
    /// When the server closes before it comes.
    pub async fn wait<T>(&mut self, mut wanted: impl FnMut(&Frame) -> Option<T>) -> anyhow::Result<T> {
        for i in 0..self.unread.len() {
            if let Some(found) = wanted(&self.unread[i]) {
                self.unread.remove(i);
                return Ok(found);
            }
        }
        loop {
            let Some(frame) = self.read_frame().await? else { bail!("the server closed") };
            match wanted(&frame) {
                Some(found) => return Ok(found),
                None => self.unread.push_back(frame),
            }
        }
    }

    /// What came while something else was waited for.
    pub fn take_unread(&mut self) -> VecDeque<Frame> {
        std::mem::take(&mut self.unread)
    }

    /// The answer to a call.
    ///
    /// # Errors
    /// When the server closes before it comes.
    pub async fn answer(&mut self, id: u64) -> anyhow::Result<Answer> {
        self.wait(|frame| match &frame.body {
            Some(Body::Error(error)) if frame.id == id => Some(Err(error.clone())),
            Some(body) if frame.id == id => Some(Ok(body.clone())),
            _ => None,
        })
        .await
    }

    /// Makes a call and waits for its answer.
    ///
    /// # Errors
    /// When the server closes before it comes.
    pub async fn call(&mut self, body: Body) -> anyhow::Result<Answer> {
        let id = self.submit(body).await?;
        self.answer(id).await
    }

    /// Sends a text and waits for the acknowledgement.
    ///
    /// # Errors
    /// When it is refused; the text has the code.
    pub async fn send(&mut self, to: To, id: ClientMsgId, text: &str) -> anyhow::Result<Sent> {
        match self.call(message(to, id, text)).await? {
            Ok(Body::Sent(sent)) => Ok(sent),
            Ok(other) => bail!("a send was answered {other:?}"),
            Err(error) => bail!("a send was refused: {}", error.code),
        }
    }

    /// The next live event of a conversation with a seq.
    ///
    /// # Errors
    /// When the server closes before it comes.
    pub async fn event(&mut self, conversation: &str, seq: u64) -> anyhow::Result<Event> {
        self.wait(|frame| match &frame.body {
            Some(Body::Event(event)) if event.conversation_id == conversation && event.seq == seq => {
                Some(event.clone())
            }
            _ => None,
        })
        .await
    }
}

/// The frame of a text message.
#[must_use]
pub fn message(to: To, id: ClientMsgId, text: &str) -> Body {
    Body::Send(SendMessage {
        to: Some(to),
        client_msg_id: Bytes::copy_from_slice(&id.0),
        body_type: "text".to_owned(),
        body: TextBody { entities: Vec::new(), text: text.to_owned() }.encode_to_vec().into(),
        ..SendMessage::default()
    })
}

/// The text of an event.
#[must_use]
pub fn text_of(event: &Event) -> String {
    TextBody::decode(event.body.clone()).map(|body| body.text).unwrap_or_default()
}
