//! Real sockets on loopback.

mod toy;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Request, Response};
use prometheus_client::registry::Registry;
use rustls_pki_types::ServerName;
use stonechat_net::admission::Limits;
use stonechat_net::drain::DrainPlan;
use stonechat_net::events::Offer;
use stonechat_net::http::{HttpPeer, WebSocketRoute};
use stonechat_net::listener::{Listen, ListenError, Tls};
use stonechat_net::machine::{MessageKind, PeerInfo, Transport};
use stonechat_net::metrics::Metrics;
use stonechat_net::server::{Listeners, NetConfig};
use stonechat_net::tls::{ALPN_HTTP, ALPN_MESSAGES};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_websockets::upgrade::Error as UpgradeError;
use tokio_websockets::{ClientBuilder, Error as WebSocketError, Message, WebSocketStream};
use toy::{Event, Toy, ToyService, prefixed, unprefixed};

/// A wait that ends a broken test; no test waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

struct Server {
    listeners: Listeners,
    metrics: Arc<Metrics>,
    service: Arc<ToyService>,
    shutdown: CancellationToken,
    tracker: TaskTracker,
}

impl Server {
    fn start(config: NetConfig) -> Self {
        let metrics = Metrics::register(&mut Registry::default());
        let (tracker, shutdown) = (TaskTracker::new(), CancellationToken::new());
        let listeners = Listeners::new(config, metrics.clone(), tracker.clone(), shutdown.clone());
        Self { listeners, metrics, service: Arc::default(), shutdown, tracker }
    }

    fn tcp(&self, tls: Tls) -> SocketAddr {
        self.listeners.tcp::<Toy, _>(on_loopback(tls), self.service.clone()).unwrap()
    }

    fn http(&self, tls: Tls) -> SocketAddr {
        let websocket = WebSocketRoute { path: "/v1/ws".to_owned(), service: self.service.clone() };
        self.listeners.http::<_, Toy, _>(on_loopback(tls), routes(), websocket).unwrap()
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.tracker.close();
        tokio::time::timeout(PATIENCE, self.tracker.wait()).await.expect("all tasks end");
    }
}

fn on_loopback(tls: Tls) -> Listen {
    Listen { addr: "127.0.0.1:0".parse().unwrap(), tls }
}

/// Answers with the path and the address of the peer, and marks responses as its own.
fn routes() -> impl stonechat_net::http::Routes {
    tower::service_fn(async |request: Request<Incoming>| {
        let peer = request.extensions().get::<HttpPeer>().unwrap();
        let text = format!("{} for {} tls {}", request.uri().path(), peer.addr.ip(), peer.tls);
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(text)))
    })
}

struct Certificate {
    server: Tls,
    client: rustls::ClientConfig,
}

fn certificate() -> Certificate {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (pem, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let client = rustls::ClientConfig::builder_with_provider(stonechat_net::tls::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let server = stonechat_net::tls::Certificate::from_pem(pem.as_bytes(), key.as_bytes()).unwrap();
    Certificate { server: Tls::Own(server.server_config().unwrap()), client }
}

impl Certificate {
    async fn connect(&self, addr: SocketAddr) -> tokio_rustls::client::TlsStream<TcpStream> {
        self.connect_offering(&[], addr).await.unwrap()
    }

    async fn connect_offering(
        &self,
        alpn: &[&[u8]],
        addr: SocketAddr,
    ) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
        let mut client = self.client.clone();
        client.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(client));
        connector.connect(ServerName::try_from("localhost").unwrap(), TcpStream::connect(addr).await?).await
    }
}

async fn websocket<T>(stream: T, path: &str, offer: &'static str) -> Result<WebSocketStream<T>, WebSocketError>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let header = hyper::header::SEC_WEBSOCKET_PROTOCOL;
    let client = ClientBuilder::new().uri(&format!("ws://localhost{path}")).unwrap();
    let client = client.add_header(header.clone(), hyper::header::HeaderValue::from_static(offer)).unwrap();
    let (client, response) = client.connect_on(stream).await?;
    assert_eq!(response.headers()[header], offer);
    Ok(client)
}

async fn get(mut stream: impl AsyncRead + AsyncWrite + Unpin, path: &str, headers: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok();
    String::from_utf8(answer).unwrap()
}

/// Whether the server closed the socket without a word.
async fn is_closed(mut stream: TcpStream) -> bool {
    matches!(stream.read(&mut [0]).await, Ok(0) | Err(_))
}

async fn echoes<T: AsyncRead + AsyncWrite + Unpin>(client: &mut WebSocketStream<T>, message: Message) {
    client.send(message.clone()).await.unwrap();
    let echo = client.next().await.unwrap().unwrap();
    assert_eq!(echo.is_text(), message.is_text());
    assert_eq!(echo.as_payload()[..], message.as_payload()[..]);
}

#[tokio::test]
async fn a_websocket_runs_beside_the_routes() {
    let server = Server::start(NetConfig::default());
    let addr = server.http(Tls::Off);
    let mut client = websocket(TcpStream::connect(addr).await.unwrap(), "/v1/ws", "stonechat.v1").await.unwrap();
    for size in [0, 1, 1_000, 70_000, 1_000_000] {
        echoes(&mut client, Message::binary(vec![size as u8; size])).await;
    }
    let expected = PeerInfo {
        addr: server.service.peer().addr,
        tls: false,
        transport: Transport::WebSocket,
        kind: MessageKind::Binary,
    };
    assert_eq!(server.service.peer(), expected);
    let answer = get(TcpStream::connect(addr).await.unwrap(), "/v1/other", "").await;
    assert!(answer.ends_with("/v1/other for 127.0.0.1 tls false"), "{answer}");
    assert_eq!(server.metrics.open_websocket.get(), 1);
    client.close().await.unwrap();
    drop(client);
    server.stop().await;
}

#[tokio::test]
async fn the_json_subprotocol_is_agreed_on() {
    let server = Server::start(NetConfig::default());
    let addr = server.http(Tls::Off);
    let mut client = websocket(TcpStream::connect(addr).await.unwrap(), "/v1/ws", "stonechat.v1+json").await.unwrap();
    echoes(&mut client, Message::text("{\"id\": \"1\"}")).await;
    assert_eq!(server.service.peer().kind, MessageKind::Text);
    let refused = websocket(TcpStream::connect(addr).await.unwrap(), "/v1/ws", "chat").await.unwrap_err();
    assert!(matches!(refused, WebSocketError::Upgrade(UpgradeError::DidNotSwitchProtocols(400))), "{refused:?}");
    drop(client);
    server.stop().await;
}

#[tokio::test]
async fn a_message_right_behind_the_handshake_is_not_lost() {
    let server = Server::start(NetConfig::default());
    let mut stream = TcpStream::connect(server.http(Tls::Off)).await.unwrap();
    let request = "GET /v1/ws HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                   sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                   sec-websocket-protocol: stonechat.v1\r\n\r\n";
    let frame = [0x82, 0x82, 0, 0, 0, 0, b'h', b'i'];
    stream.write_all(&[request.as_bytes(), &frame].concat()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(&[0x82, 2, b'h', b'i']) {
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0);
    }
    drop(stream);
    server.stop().await;
}

#[tokio::test]
async fn websockets_and_routes_run_over_tls() {
    let certificate = certificate();
    let server = Server::start(NetConfig::default());
    let addr = server.http(certificate.server.clone());
    let mut client = websocket(certificate.connect(addr).await, "/v1/ws", "stonechat.v1").await.unwrap();
    for size in [1, 1_000, 100_000, 1_000_000] {
        echoes(&mut client, Message::binary(vec![size as u8; size])).await;
    }
    assert!(server.service.peer().tls);
    let answer = get(certificate.connect(addr).await, "/v1/other", "").await;
    assert!(answer.ends_with("/v1/other for 127.0.0.1 tls true"), "{answer}");
    drop(client);
    server.stop().await;
}

#[tokio::test]
async fn length_prefixed_messages_run_over_tcp_and_tls() {
    let certificate = certificate();
    let server = Server::start(NetConfig::default());
    let mut plain = TcpStream::connect(server.tcp(Tls::Off)).await.unwrap();
    let mut secret = certificate.connect(server.tcp(certificate.server.clone())).await;
    for size in [0, 1, 1_000, 1_000_000] {
        let message = prefixed(&vec![size as u8; size]);
        let mut echo = vec![0; message.len()];
        plain.write_all(&message).await.unwrap();
        plain.read_exact(&mut echo).await.unwrap();
        assert_eq!(unprefixed(&echo), unprefixed(&message));
        secret.write_all(&message).await.unwrap();
        secret.read_exact(&mut echo).await.unwrap();
        assert_eq!(unprefixed(&echo), unprefixed(&message));
    }
    assert_eq!(server.metrics.open_tcp.get(), 2);
    drop((plain, secret));
    server.stop().await;
}

#[tokio::test]
async fn alpn_brings_length_prefixed_messages_to_the_port_of_http() {
    let certificate = certificate();
    let server = Server::start(NetConfig::default());
    let addr = server.http(certificate.server.clone());
    let mut messages = certificate.connect_offering(&[ALPN_MESSAGES], addr).await.unwrap();
    messages.write_all(&prefixed(b"native")).await.unwrap();
    let mut echo = [0; 7];
    messages.read_exact(&mut echo).await.unwrap();
    assert_eq!(unprefixed(&echo), [b"native"]);
    assert_eq!(server.service.peer().transport, Transport::Tcp);
    let http = certificate.connect_offering(&[b"h2", ALPN_HTTP], addr).await.unwrap();
    assert!(get(http, "/", "").await.ends_with("/ for 127.0.0.1 tls true"));
    assert!(certificate.connect_offering(&[b"other"], addr).await.is_err());
    drop(messages);
    server.stop().await;
}

#[tokio::test]
async fn a_handshake_that_is_none_is_counted_and_closed() {
    let server = Server::start(NetConfig::default());
    let mut stream = TcpStream::connect(server.tcp(certificate().server)).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok();
    assert_eq!(server.metrics.refused_tls.get(), 1);
    server.stop().await;
}

#[tokio::test]
async fn the_maximum_of_connections_holds_over_all_listeners() {
    let limits = Limits { connections_max: 2, ..Limits::default() };
    let server = Server::start(NetConfig { limits, ..NetConfig::default() });
    let (tcp, http) = (server.tcp(Tls::Off), server.http(Tls::Off));
    let mut first = TcpStream::connect(tcp).await.unwrap();
    let mut second = websocket(TcpStream::connect(http).await.unwrap(), "/v1/ws", "stonechat.v1").await.unwrap();
    echoes(&mut second, Message::binary("in")).await;
    first.write_all(&prefixed(b"in")).await.unwrap();
    first.read_exact(&mut [0; 3]).await.unwrap();
    assert!(is_closed(TcpStream::connect(tcp).await.unwrap()).await);
    assert!(is_closed(TcpStream::connect(http).await.unwrap()).await);
    assert_eq!(server.metrics.refused_total.get(), 2);
    second.close().await.unwrap();
    assert!(second.next().await.is_none_or(|message| message.is_ok()));
    drop(second);
    // The place is free once the server has seen the end.
    let mut third = loop {
        let mut stream = TcpStream::connect(tcp).await.unwrap();
        stream.write_all(&prefixed(b"in")).await.ok();
        if stream.read_exact(&mut [0; 3]).await.is_ok() {
            break stream;
        }
    };
    third.shutdown().await.unwrap();
    drop(first);
    server.stop().await;
}

#[tokio::test]
async fn a_storm_of_connections_is_let_in_at_the_rate_and_nobody_is_refused() {
    const BURST: usize = 20;
    let limits = Limits { accepts_per_second_max: BURST as u32, ..Limits::default() };
    let server = Server::start(NetConfig { limits, ..NetConfig::default() });
    let addr = server.tcp(Tls::Off);
    let started = Instant::now();
    let mut storm = Vec::new();
    for _ in 0..BURST + 4 {
        storm.push(TcpStream::connect(addr).await.unwrap());
    }
    for stream in &mut storm {
        stream.write_all(&prefixed(b"in")).await.unwrap();
        stream.read_exact(&mut [0; 3]).await.unwrap();
    }
    assert!(started.elapsed() >= 4 * Duration::from_secs(1) / BURST as u32);
    let metrics = &server.metrics;
    assert_eq!(metrics.accepted.get(), storm.len() as u64);
    // Four were there before their turn, but for what the last burst had left when they came.
    assert!((1..=4).contains(&metrics.accepts_delayed.get()), "{}", metrics.accepts_delayed.get());
    assert!(metrics.accept_delay_ms.get() > 0);
    drop(storm);
    server.stop().await;
}

#[tokio::test]
async fn only_named_proxies_come_in_and_are_believed() {
    let server = Server::start(NetConfig::default());
    let strangers_only = Tls::TerminatedByProxy(vec!["10.0.0.0/8".parse().unwrap()]);
    let loopback = Tls::TerminatedByProxy(vec!["127.0.0.1".parse().unwrap()]);
    assert!(is_closed(TcpStream::connect(server.http(strangers_only)).await.unwrap()).await);
    assert_eq!(server.metrics.refused_not_a_proxy.get(), 1);
    let stream = TcpStream::connect(server.http(loopback)).await.unwrap();
    let answer = get(stream, "/", "x-forwarded-for: 203.0.113.7, 192.0.2.1\r\n").await;
    assert!(answer.ends_with("/ for 192.0.2.1 tls true"), "{answer}");
    let direct =
        get(TcpStream::connect(server.http(Tls::Off)).await.unwrap(), "/", "x-forwarded-for: 8.8.8.8\r\n").await;
    assert!(direct.ends_with("/ for 127.0.0.1 tls false"), "{direct}");
    server.stop().await;
}

#[tokio::test]
async fn an_open_address_without_tls_does_not_start() {
    let server = Server::start(NetConfig::default());
    let open = Listen { addr: "0.0.0.0:0".parse().unwrap(), tls: Tls::Off };
    let refused = server.listeners.tcp::<Toy, _>(open, server.service.clone());
    assert!(matches!(refused, Err(ListenError::Unprotected { .. })));
    server.stop().await;
}

#[tokio::test]
async fn a_request_with_too_many_headers_is_refused() {
    let server = Server::start(NetConfig::default());
    let headers: String = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
    let answer = get(TcpStream::connect(server.http(Tls::Off)).await.unwrap(), "/", &headers).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn shutdown_says_goaway_to_all_then_closes_who_stays() {
    let drain = DrainPlan { after_ms: 1, spread_ms: 2, deadline_ms: 1_000 };
    let server = Server::start(NetConfig { drain, ..NetConfig::default() });
    let (tcp, http) = (server.tcp(Tls::Off), server.http(Tls::Off));
    let idle_http = TcpStream::connect(http).await.unwrap();
    let mut client = websocket(TcpStream::connect(http).await.unwrap(), "/v1/ws", "stonechat.v1").await.unwrap();
    echoes(&mut client, Message::binary("in")).await;
    let sink = server.service.sink();
    let mut raw = TcpStream::connect(tcp).await.unwrap();
    raw.write_all(&prefixed(b"in")).await.unwrap();
    raw.read_exact(&mut [0; 3]).await.unwrap();
    server.shutdown.cancel();
    assert_eq!(client.next().await.unwrap().unwrap().as_payload()[..], *b"goaway 1 2");
    assert_eq!(sink.offer_control(Event::Live(Bytes::from_static(b"still served"))), Offer::Queued);
    assert_eq!(client.next().await.unwrap().unwrap().as_payload()[..], *b"still served");
    let goodbye = client.next().await.unwrap().unwrap();
    assert_eq!(goodbye.as_close().map(|(code, _)| u16::from(code)), Some(1001));
    let mut rest = Vec::new();
    raw.read_to_end(&mut rest).await.unwrap();
    assert_eq!(unprefixed(&rest), [b"goaway 1 2"]);
    assert!(is_closed(idle_http).await);
    assert!(TcpStream::connect(tcp).await.is_err());
    drop((client, raw));
    let service = server.service.clone();
    server.stop().await;
    assert_eq!(service.closed(), 2);
}
