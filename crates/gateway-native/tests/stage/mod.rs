//! The real application on a store in memory, behind the real connection loop over pipes, in virtual time.

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use prometheus_client::registry::Registry;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use stonechat_app::application::{App, Parts};
use stonechat_app::node::Options;
use stonechat_app::ports::{Clock, Entropy, Identity, TokenError, TokenVerifier};
use stonechat_gateway_native::content::KnownContent;
use stonechat_gateway_native::gateway::NativeGateway;
use stonechat_gateway_native::session::NativeSession;
use stonechat_log::memory::MemoryLog;
use stonechat_log::vault::MemoryVault;
use stonechat_net::connection::{Arrival, ConnectionContext, serve};
use stonechat_net::drain::{Drain, DrainPlan};
use stonechat_net::machine::{MessageKind, PeerInfo, Transport};
use stonechat_net::metrics::Metrics;
use stonechat_net::tcp::LengthPrefixed;
use stonechat_net::time::Origin;
use stonechat_net::websocket::decoder::WebSocket;
use stonechat_types::id::DeviceId;
use stonechat_types::number::{AppId, Timestamp};
use stonechat_wire::v1::{self, Frame, frame::Body};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use tokio_websockets::{ClientBuilder, Message, WebSocketStream};

/// When tests begin.
pub const START: Timestamp = Timestamp(1_790_000_000_000);

/// How long the tokens of tests last.
pub const TOKEN_MS: i64 = 60_000;

const PIPE_BYTES: usize = 64 * 1024;

/// No test waits longer for a frame, in virtual time.
const PATIENCE: Duration = Duration::from_secs(120);

struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }

    fn monotonic_ms(&self) -> u64 {
        0
    }
}

struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let n = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            chunk.copy_from_slice(&n[..chunk.len()]);
        }
    }
}

/// Takes `USER`, `USER@DEVICE` and `USER+MS` for tokens; `expired` and `forged` are what they say.
struct Verifier;

impl TokenVerifier for Verifier {
    fn verify(&self, token: &str, _now: Timestamp) -> Result<Identity, TokenError> {
        let lasting = |ms| Timestamp(START.0 + ms);
        let (name, device, expires_at) = match token.split_once(['@', '+']) {
            _ if token == "expired" => return Err(TokenError::Expired),
            _ if token == "forged" => return Err(TokenError::Invalid),
            Some((name, device)) if token.contains('@') => {
                (name, Some(DeviceId::new(device).unwrap()), lasting(TOKEN_MS))
            }
            Some((name, ms)) => (name, None, lasting(ms.parse().unwrap())),
            None => (token, None, lasting(TOKEN_MS)),
        };
        Ok(Identity {
            app: AppId::DEFAULT,
            app_name: "default".parse().unwrap(),
            user: name.parse().unwrap(),
            device,
            issued_at: None,
            expires_at,
        })
    }
}

/// A server without sockets.
pub struct Stage {
    pub app: Arc<App>,
    pub gateway: Arc<NativeGateway>,
    pub drain: Arc<Drain>,
    context: Arc<ConnectionContext<NativeGateway>>,
    tasks: TaskTracker,
}

impl Stage {
    pub fn new() -> Self {
        let tasks = TaskTracker::new();
        let parts = Parts {
            log: Arc::new(MemoryLog::new([7; 16])),
            vault: Arc::new(MemoryVault::new([9; 32])),
            clock: Arc::new(TestClock(AtomicI64::new(START.0))),
            entropy: Arc::new(Counting(AtomicU64::new(1))),
            verifier: Arc::new(Verifier),
            content: Arc::new(KnownContent),
            tasks: tasks.clone(),
            options: Options::default(),
        };
        let app = App::start(parts, &mut Registry::default());
        let gateway = Arc::new(NativeGateway::new(app.clone()));
        let drain = Arc::new(Drain::new(DrainPlan::default()));
        let context = Arc::new(ConnectionContext {
            service: gateway.clone(),
            metrics: Arc::new(Metrics::default()),
            origin: Origin::start(),
            drain: drain.clone(),
        });
        Self { app, gateway, drain, context, tasks }
    }

    /// A connection over TCP.
    pub fn tcp(&self) -> Client {
        let (ours, theirs) = tokio::io::duplex(PIPE_BYTES);
        let peer = peer(Transport::Tcp, MessageKind::Binary);
        let framing = LengthPrefixed::default();
        self.tasks.spawn(serve::<_, _, NativeSession, _>(Arrival::new(ours, peer), framing, self.context.clone()));
        Client::new(Wire::Tcp(theirs, BytesMut::new()))
    }

    /// A connection over WebSocket that agreed on JSON.
    pub fn json(&self) -> Client {
        let (ours, theirs) = tokio::io::duplex(PIPE_BYTES);
        let peer = peer(Transport::WebSocket, MessageKind::Text);
        let framing = WebSocket::default();
        self.tasks.spawn(serve::<_, _, NativeSession, _>(Arrival::new(ours, peer), framing, self.context.clone()));
        Client::new(Wire::Json(Box::new(ClientBuilder::new().take_over(theirs))))
    }

    /// A session over TCP.
    pub async fn signed_in(&self, token: &str, device: &str) -> Client {
        let mut client = self.tcp();
        client.sign_in(token, device).await;
        client
    }

    /// What the connection loop counts.
    pub fn net(&self) -> &Metrics {
        &self.context.metrics
    }

    /// Sessions that the application knows.
    pub fn sessions(&self) -> i64 {
        self.app.metrics().sessions.get()
    }
}

pub fn peer(transport: Transport, kind: MessageKind) -> PeerInfo {
    PeerInfo { addr: ([127, 0, 0, 1], 1).into(), tls: false, transport, kind }
}

/// The other end. What is not looked for yet stays for later.
pub struct Client {
    pub wire: Wire,
    heard: VecDeque<Frame>,
}

pub enum Wire {
    Tcp(DuplexStream, BytesMut),
    Json(Box<WebSocketStream<DuplexStream>>),
}

impl Client {
    fn new(wire: Wire) -> Self {
        Self { wire, heard: VecDeque::new() }
    }

    pub async fn say(&mut self, id: u64, body: Body) {
        let frame = Frame { id, body: Some(body) };
        match &mut self.wire {
            Wire::Tcp(stream, _) => stream.write_all(&stonechat_wire::frame::encode_with_length(&frame)).await.unwrap(),
            Wire::Json(socket) => socket.send(Message::text(stonechat_wire::json::encode(&frame))).await.unwrap(),
        }
    }

    /// The first frame, heard before or from now on, of which `wanted` makes something.
    pub async fn hear<T>(&mut self, wanted: impl Fn(u64, &Body) -> Option<T>) -> T {
        let of = |frame: &Frame| frame.body.as_ref().and_then(|body| wanted(frame.id, body));
        if let Some((at, found)) = self.heard.iter().enumerate().find_map(|(at, frame)| Some((at, of(frame)?))) {
            self.heard.remove(at);
            return found;
        }
        loop {
            let Some(frame) = self.next().await else {
                panic!("the connection is closed after {:?}", self.heard.back())
            };
            match of(&frame) {
                Some(found) => return found,
                None => self.heard.push_back(frame),
            }
        }
    }

    /// The next frame; `None` when the server has closed.
    pub async fn next(&mut self) -> Option<Frame> {
        timeout(PATIENCE, self.wire.read()).await.expect("a frame, or the end")
    }

    /// The answer to a call.
    pub async fn answer(&mut self, id: u64) -> Body {
        self.hear(|heard, body| (heard == id).then(|| body.clone())).await
    }

    /// Says something and hears its answer.
    pub async fn ask(&mut self, id: u64, body: Body) -> Body {
        self.say(id, body).await;
        self.answer(id).await
    }

    pub async fn sign_in(&mut self, token: &str, device: &str) -> v1::Welcome {
        match self.ask(1, hello(token, device)).await {
            Body::Welcome(welcome) => welcome,
            other => panic!("no welcome: {other:?}"),
        }
    }

    /// The next message of a conversation's log.
    pub async fn message(&mut self) -> v1::Event {
        self.hear(|_, body| match body {
            Body::Event(event) if event.kind == "message" => Some(event.clone()),
            _ => None,
        })
        .await
    }

    /// The code of the error that answers a call.
    pub async fn error(&mut self, id: u64) -> v1::Error {
        match self.answer(id).await {
            Body::Error(error) => error,
            other => panic!("no error: {other:?}"),
        }
    }

    /// Hears `closing` with a code, and the end.
    pub async fn hear_the_end(&mut self, code: &str) {
        let said = self.hear(|_, body| if let Body::Closing(c) = body { Some(c.code.clone()) } else { None }).await;
        assert_eq!(said, code);
        assert_eq!(self.next().await, None);
    }
}

impl Wire {
    async fn read(&mut self) -> Option<Frame> {
        match self {
            Self::Tcp(stream, read) => loop {
                if let Some(frame) = stonechat_wire::frame::take(read).unwrap() {
                    return Some(frame);
                }
                if stream.read_buf(read).await.unwrap() == 0 {
                    return None;
                }
            },
            Self::Json(socket) => {
                let message = socket.next().await?.unwrap();
                message.as_text().map(|text| stonechat_wire::json::decode(text).unwrap())
            }
        }
    }
}

pub fn hello(token: &str, device: &str) -> Body {
    Body::Hello(v1::Hello {
        version_min: 1,
        version_max: 1,
        token: token.into(),
        device_id: device.into(),
        ..v1::Hello::default()
    })
}

pub fn text(to: &str, key: u8, text: &str) -> Body {
    Body::Send(v1::SendMessage {
        to: Some(v1::send_message::To::UserId(to.into())),
        client_msg_id: Bytes::copy_from_slice(&[key; 16]),
        body_type: "text".into(),
        body: prost::Message::encode_to_vec(&v1::TextBody { text: text.into(), entities: Vec::new() }).into(),
        ..v1::SendMessage::default()
    })
}
