//! HTTP/1.1 connections: the mounted routes, and the path on which a WebSocket begins.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue, SEC_WEBSOCKET_VERSION};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::task::TaskTracker;
use tracing::debug;

use crate::admission::{AddressRange, Permit};
use crate::connection::{Arrival, ConnectionContext, serve};
use crate::listener::Tls;
use crate::machine::{PeerInfo, Service, SessionMachine, Transport};
use crate::metrics::OpenConnection;
use crate::patience::Patient;
use crate::websocket::decoder::WebSocket;
use crate::websocket::handshake::{self, Accepted, Refused};

/// How long a peer may take to send the head of a request; also how long a connection may stay open without one.
pub const HEAD_DEADLINE: Duration = Duration::from_secs(30);

/// Header lines of a request.
pub const HEADERS_MAX: usize = 64;

/// Bytes of the head of a request.
pub const HEAD_BYTES_MAX: usize = 32 * 1024;

/// How long hyper may take to hand over a socket after it has answered 101.
const UPGRADE_DEADLINE: Duration = Duration::from_secs(10);

/// Who sends a request; in the extensions of every request that reaches the [`Routes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpPeer {
    /// Where it comes from; behind named proxies where these say so, with port 0.
    pub addr: SocketAddr,
    /// The bytes are protected on their way, by our own TLS or by that of a named proxy.
    pub tls: bool,
}

/// What is mounted on an HTTP listener, such as an axum `Router`. It finds an [`HttpPeer`] in the extensions of each
/// request, and sets its own deadlines for bodies.
pub trait Routes: Clone + Send + Sync + 'static {
    /// What it answers with.
    type Body: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static;

    /// Answers one request.
    fn answer(&self, request: Request<Incoming>) -> impl Future<Output = Response<Self::Body>> + Send;
}

impl<H, B> Routes for H
where
    H: tower::Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send>,
    H: Clone + Send + Sync + 'static,
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    type Body = B;

    async fn answer(&self, request: Request<Incoming>) -> Response<B> {
        let mut service = self.clone();
        let Ok(()) = poll_fn(|cx| service.poll_ready(cx)).await;
        let Ok(response) = service.call(request).await;
        response
    }
}

/// The path on which a WebSocket begins, and the service of its machines.
#[derive(Debug)]
pub struct WebSocketRoute<S> {
    /// Compared with the whole path of a request.
    pub path: String,
    /// Takes the calls.
    pub service: Arc<S>,
}

/// What every connection of an HTTP listener shares.
pub(crate) struct HttpContext<H, S> {
    pub(crate) routes: H,
    pub(crate) path: String,
    pub(crate) connections: Arc<ConnectionContext<S>>,
    pub(crate) tracker: TaskTracker,
    pub(crate) tls: Tls,
}

impl<H: Routes, S> HttpContext<H, S> {
    /// Drives one connection until it ends or is upgraded.
    pub(crate) async fn serve<T, M>(self: Arc<Self>, stream: T, addr: SocketAddr, permit: Permit)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        M: SessionMachine,
        S: Service<M>,
    {
        let _open = OpenConnection::new(&self.connections.metrics.open_http);
        let permit = Arc::new(permit);
        let service = service_fn(|request| {
            let answer = self.clone().answer::<T, M>(request, addr, permit.clone());
            async move { Ok::<_, Infallible>(answer.await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_DEADLINE)
            .max_headers(HEADERS_MAX)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(Patient::new(stream)), service)
            .with_upgrades();
        let drain = &self.connections.drain;
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            biased;
            () = drain.begun() => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    biased;
                    ended = connection => ended,
                    () = drain.passed() => Ok(()),
                }
            }
            ended = connection.as_mut() => ended,
        };
        if let Err(error) = ended {
            debug!(%error, "HTTP connection ended");
        }
    }

    async fn answer<T, M>(
        self: Arc<Self>,
        mut request: Request<Incoming>,
        addr: SocketAddr,
        permit: Arc<Permit>,
    ) -> Response<impl Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        M: SessionMachine,
        S: Service<M>,
    {
        let HttpPeer { addr, tls } = self.peer(request.headers(), addr);
        if request.uri().path() != self.path {
            request.extensions_mut().insert(HttpPeer { addr, tls });
            return self.routes.answer(request).await.map(Either::Left);
        }
        match handshake::accept(&request) {
            Ok(Accepted { response, kind }) => {
                let peer = PeerInfo { addr, tls, transport: Transport::WebSocket, kind };
                self.upgrade::<T, M>(request, peer, permit);
                response.map(|()| Either::Right(Full::default()))
            }
            Err(refused) => refusal(refused).map(Either::Right),
        }
    }

    /// Takes the socket from hyper once it has answered, and gives it to the connection loop.
    fn upgrade<T, M>(&self, request: Request<Incoming>, peer: PeerInfo, permit: Arc<Permit>)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        M: SessionMachine,
        S: Service<M>,
    {
        let (context, tracker) = (self.connections.clone(), self.tracker.clone());
        self.tracker.spawn(async move {
            let Ok(Ok(upgraded)) = tokio::time::timeout(UPGRADE_DEADLINE, hyper::upgrade::on(request)).await else {
                return;
            };
            let Ok(parts) = upgraded.downcast::<TokioIo<Patient<T>>>() else {
                debug_assert!(false, "hyper gave back another socket than it was given");
                return;
            };
            let stream = parts.io.into_inner().into_inner();
            let arrival = Arrival { stream, peer, early: parts.read_buf, permit: Some(permit) };
            // A task of its own, whose size is that of the loop and not that of the way to it.
            tracker.spawn(serve(arrival, WebSocket::default(), context));
        });
    }

    fn peer(&self, headers: &HeaderMap, addr: SocketAddr) -> HttpPeer {
        let (addr, tls) = match &self.tls {
            Tls::Off => (addr, false),
            Tls::Own(_) => (addr, true),
            Tls::TerminatedByProxy(proxies) => (forwarded(headers, proxies).unwrap_or(addr), true),
        };
        HttpPeer { addr, tls }
    }
}

/// The address for which the proxies speak: the last one in `X-Forwarded-For` that is not a proxy itself. What stands
/// before it was said by a stranger.
pub(crate) fn forwarded(headers: &HeaderMap, proxies: &[AddressRange]) -> Option<SocketAddr> {
    let is_proxy = |address: &IpAddr| proxies.iter().any(|proxy| proxy.contains(*address));
    let values: Vec<&str> = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect();
    for element in values.iter().rev().flat_map(|value| value.rsplit(',')) {
        let address: IpAddr = element.trim().parse().ok()?;
        if !is_proxy(&address) {
            return Some(SocketAddr::new(address, 0));
        }
    }
    None
}

fn refusal(refused: Refused) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(refused.text));
    *response.status_mut() = refused.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    response
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
    use tokio::task::JoinHandle;
    use tokio::time::Instant;

    use super::*;
    use crate::admission::{Admission, Limits};
    use crate::drain::{Drain, DrainPlan};
    use crate::events::EventSink;
    use crate::machine::{Action, Input, Monotonic};
    use crate::time::Origin;

    fn forwarded_for(value: &'static str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_static(value));
        forwarded(&headers, &["10.0.0.0/8".parse().unwrap()]).map(|addr| addr.ip().to_string())
    }

    #[test]
    fn the_last_address_that_is_no_proxy_is_the_peer() {
        assert_eq!(forwarded_for("192.0.2.1").as_deref(), Some("192.0.2.1"));
        assert_eq!(forwarded_for("203.0.113.9, 192.0.2.1, 10.0.0.7").as_deref(), Some("192.0.2.1"));
        assert_eq!(forwarded_for("2001:db8::1").as_deref(), Some("2001:db8::1"));
        assert_eq!(forwarded_for("10.0.0.7"), None);
        assert_eq!(forwarded_for("192.0.2.1, unknown"), None);
    }

    /// A machine for tests that open none.
    struct Never;

    impl SessionMachine for Never {
        type Call = Infallible;
        type Event = Infallible;

        fn handle(&mut self, _now: Monotonic, _input: Input<'_, Infallible>) {}

        fn poll_action(&mut self) -> Option<Action<Infallible>> {
            None
        }

        fn deadline(&self) -> Option<Monotonic> {
            None
        }

        fn wants_input(&self) -> bool {
            true
        }
    }

    impl Service<Never> for Never {
        type Connection = ();

        fn open(&self, _peer: PeerInfo, _events: EventSink<Infallible>) -> (Never, ()) {
            (Never, ())
        }

        fn call(&self, (): &mut (), call: Infallible) {
            match call {}
        }

        fn closed(&self, (): ()) {}
    }

    /// Serves routes that answer after a second, over a pipe; also what ends the server.
    fn served() -> (DuplexStream, JoinHandle<()>, Arc<Drain>) {
        let (ours, theirs) = tokio::io::duplex(1024);
        let drain = Arc::new(Drain::new(DrainPlan { deadline_ms: 5_000, ..DrainPlan::default() }));
        let (service, metrics) = (Arc::new(Never), Arc::default());
        let routes = tower::service_fn(async |_: Request<Incoming>| {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("done")))
        });
        let context = Arc::new(HttpContext {
            routes,
            path: "/v1/ws".to_owned(),
            connections: Arc::new(ConnectionContext {
                service,
                metrics,
                origin: Origin::start(),
                drain: drain.clone(),
            }),
            tracker: TaskTracker::new(),
            tls: Tls::Off,
        });
        let permit = Admission::new(Limits::default()).admit_proxy().unwrap();
        let serving = context.serve::<_, Never>(ours, ([127, 0, 0, 1], 1).into(), permit);
        (theirs, TaskTracker::new().spawn(serving), drain)
    }

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_sends_no_request_is_closed_at_the_deadline() {
        for begun in [&b""[..], b"GET / HTTP/1.1\r\nhost: "] {
            let (mut client, serving, _drain) = served();
            let started = Instant::now();
            client.write_all(begun).await.unwrap();
            serving.await.unwrap();
            assert_eq!(started.elapsed(), HEAD_DEADLINE);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_kept_alive_without_a_request_is_closed_too() {
        let (mut client, serving, _drain) = served();
        client.write_all(REQUEST).await.unwrap();
        let mut answer = Vec::new();
        let started = Instant::now();
        client.read_to_end(&mut answer).await.unwrap();
        serving.await.unwrap();
        assert!(answer.ends_with(b"done"));
        assert_eq!(started.elapsed(), Duration::from_secs(1) + HEAD_DEADLINE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_drain_lets_a_request_finish_and_closes_who_is_idle() {
        let (mut client, serving, drain) = served();
        client.write_all(REQUEST).await.unwrap();
        let (_idle, idling, idle_drain) = served();
        tokio::time::sleep(Duration::from_millis(500)).await;
        drain.begin();
        idle_drain.begin();
        let started = Instant::now();
        idling.await.unwrap();
        assert_eq!(started.elapsed(), Duration::ZERO);
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        serving.await.unwrap();
        assert!(answer.ends_with(b"done"));
        assert_eq!(started.elapsed(), Duration::from_millis(500));
    }
}
