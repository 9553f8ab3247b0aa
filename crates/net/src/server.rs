//! The listeners of a server, and their common end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admission::{Admission, Limits, NotAdmitted, Permit};
use crate::connection::{Arrival, ConnectionContext, serve};
use crate::drain::{Drain, DrainPlan};
use crate::http::{HttpContext, Routes, WebSocketRoute};
use crate::listener::{Accepted, Door, Listen, ListenError, Tls};
use crate::machine::{MessageKind, PeerInfo, Service, SessionMachine, Transport};
use crate::metrics::Metrics;
use crate::tcp::LengthPrefixed;
use crate::time::Origin;
use crate::tls;

/// How long a peer may take for the TLS handshake.
pub const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);

/// What all listeners of a server obey.
#[derive(Clone, Copy, Debug, Default)]
pub struct NetConfig {
    /// Maxima of connections.
    pub limits: Limits,
    /// How the server empties.
    pub drain: DrainPlan,
}

/// Starts listeners. They run, with all their connections, as tasks of the tracker until the token is cancelled and the
/// drain has ended; wait for the tracker to see that end.
#[derive(Clone, Debug)]
pub struct Listeners {
    admission: Arc<Admission>,
    drain: Arc<Drain>,
    metrics: Arc<Metrics>,
    origin: Origin,
    tracker: TaskTracker,
}

impl Listeners {
    /// No listener yet. Monotonic time starts now. Needs a tokio runtime around it, as all functions here do.
    pub fn new(config: NetConfig, metrics: Arc<Metrics>, tracker: TaskTracker, shutdown: CancellationToken) -> Self {
        let drain = Arc::new(Drain::new(config.drain));
        let told = drain.clone();
        tracker.spawn(async move {
            shutdown.cancelled().await;
            told.begin();
        });
        Self { admission: Admission::new(config.limits), drain, metrics, origin: Origin::start(), tracker }
    }

    /// The start of the monotonic time that machines see.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The end of this server, for tasks that have to hear of it.
    pub fn drain(&self) -> Arc<Drain> {
        self.drain.clone()
    }

    /// Starts a listener for length-prefixed messages; answers the address that it got.
    pub fn tcp<M, S>(&self, listen: Listen, service: Arc<S>) -> Result<SocketAddr, ListenError>
    where
        M: SessionMachine,
        S: Service<M>,
    {
        let (door, addr) = self.door(listen)?;
        let context = self.context(service);
        let this = self.clone();
        self.tracker.spawn(async move {
            let drain = this.drain.clone();
            let tls = door.tls.clone();
            let each = |Accepted { stream, addr, permit }| {
                let peer = move |tls| PeerInfo { addr, tls, transport: Transport::Tcp, kind: MessageKind::Binary };
                let permit = Some(Arc::new(permit));
                let context = context.clone();
                match &tls {
                    Tls::Off => this.start(Arrival { permit, ..Arrival::new(stream, peer(false)) }, context),
                    Tls::TerminatedByProxy(_) => {
                        this.start(Arrival { permit, ..Arrival::new(stream, peer(true)) }, context);
                    }
                    Tls::Own(config) => {
                        let (handshake, next) = (TlsAcceptor::from(config.clone()), this.clone());
                        this.tracker.spawn(async move {
                            let Some(stream) = next.shake_hands(&handshake, stream).await else { return };
                            next.start(Arrival { permit, ..Arrival::new(stream, peer(true)) }, context);
                        });
                    }
                }
            };
            door.accept_until(&drain, each).await;
        });
        Ok(addr)
    }

    /// Starts a listener for HTTP with `routes` on it, and WebSockets on one path; answers the address that it got. With
    /// our own TLS it also takes length-prefixed messages, from clients that agree on [`tls::ALPN_MESSAGES`].
    pub fn http<H, M, S>(
        &self,
        listen: Listen,
        routes: H,
        websocket: WebSocketRoute<S>,
    ) -> Result<SocketAddr, ListenError>
    where
        H: Routes,
        M: SessionMachine,
        S: Service<M>,
    {
        let (door, addr) = self.door(listen)?;
        let context = Arc::new(HttpContext {
            routes,
            path: websocket.path,
            connections: self.context(websocket.service),
            tracker: self.tracker.clone(),
            tls: door.tls.clone(),
        });
        let this = self.clone();
        self.tracker.spawn(async move {
            let drain = this.drain.clone();
            let each = |Accepted { stream, addr, permit }| {
                let serving = context.clone();
                match &context.tls {
                    Tls::Off | Tls::TerminatedByProxy(_) => {
                        this.tracker.spawn(serving.serve::<TcpStream, M>(stream, addr, permit));
                    }
                    Tls::Own(config) => {
                        let (handshake, next) = (TlsAcceptor::from(config.clone()), this.clone());
                        this.tracker.spawn(async move {
                            let Some(stream) = next.shake_hands(&handshake, stream).await else { return };
                            if stream.get_ref().1.alpn_protocol() == Some(tls::ALPN_MESSAGES) {
                                let peer =
                                    PeerInfo { addr, tls: true, transport: Transport::Tcp, kind: MessageKind::Binary };
                                let permit = Some(Arc::new(permit));
                                let arrival = Arrival { permit, ..Arrival::new(stream, peer) };
                                return next.start(arrival, serving.connections.clone());
                            }
                            next.tracker.spawn(serving.serve::<TlsStream<TcpStream>, M>(stream, addr, permit));
                        });
                    }
                }
            };
            door.accept_until(&drain, each).await;
        });
        Ok(addr)
    }

    /// Serves a stream that was accepted elsewhere with length-prefixed messages, as [`Self::tcp`] does with its own:
    /// for sockets that are not the system's, such as those of a simulated network. Whoever accepted it answers for its
    /// protection.
    ///
    /// # Errors
    /// [`NotAdmitted`] when there are too many; the stream is closed.
    pub fn tcp_stream<T, M, S>(&self, stream: T, addr: SocketAddr, service: Arc<S>) -> Result<(), NotAdmitted>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        M: SessionMachine,
        S: Service<M>,
    {
        let permit = Some(Arc::new(self.admit(addr)?));
        let peer = PeerInfo { addr, tls: false, transport: Transport::Tcp, kind: MessageKind::Binary };
        self.start(Arrival { permit, ..Arrival::new(stream, peer) }, self.context(service));
        Ok(())
    }

    /// The same for HTTP, as [`Self::http`] does it.
    ///
    /// # Errors
    /// [`NotAdmitted`] when there are too many; the stream is closed.
    pub fn http_stream<T, H, M, S>(
        &self,
        stream: T,
        addr: SocketAddr,
        routes: H,
        websocket: WebSocketRoute<S>,
    ) -> Result<(), NotAdmitted>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        H: Routes,
        M: SessionMachine,
        S: Service<M>,
    {
        let permit = self.admit(addr)?;
        let (connections, tracker) = (self.context(websocket.service), self.tracker.clone());
        let context = HttpContext { routes, path: websocket.path, connections, tracker, tls: Tls::Off };
        self.tracker.spawn(Arc::new(context).serve::<T, M>(stream, addr, permit));
        Ok(())
    }

    fn admit(&self, addr: SocketAddr) -> Result<Permit, NotAdmitted> {
        let admitted = self.admission.admit(addr.ip());
        match &admitted {
            Ok(_) => self.metrics.accepted.inc(),
            Err(NotAdmitted::Total) => self.metrics.refused_total.inc(),
            Err(NotAdmitted::PerIp) => self.metrics.refused_per_ip.inc(),
        };
        admitted
    }

    fn door(&self, listen: Listen) -> Result<(Door, SocketAddr), ListenError> {
        let listener = listen.bind()?;
        let addr = listener.local_addr().map_err(|source| ListenError::Bind { addr: listen.addr, source })?;
        let (admission, metrics) = (self.admission.clone(), self.metrics.clone());
        Ok((Door { listener, tls: listen.tls, admission, metrics }, addr))
    }

    fn context<S>(&self, service: Arc<S>) -> Arc<ConnectionContext<S>> {
        let (metrics, drain) = (self.metrics.clone(), self.drain.clone());
        Arc::new(ConnectionContext { service, metrics, origin: self.origin, drain })
    }

    fn start<T, M, S>(&self, arrival: Arrival<T>, context: Arc<ConnectionContext<S>>)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        M: SessionMachine,
        S: Service<M>,
    {
        self.tracker.spawn(serve(arrival, LengthPrefixed::default(), context));
    }

    /// `None` when the peer does not manage it in time, or the server ends first.
    async fn shake_hands(&self, handshake: &TlsAcceptor, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        let shaken = tokio::select! {
            biased;
            () = self.drain.passed() => return None,
            shaken = tokio::time::timeout(HANDSHAKE_DEADLINE, handshake.accept(stream)) => shaken,
        };
        match shaken {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(_)) | Err(_) => {
                self.metrics.refused_tls.inc();
                None
            }
        }
    }
}
