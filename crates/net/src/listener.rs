//! Sockets that wait for peers: what may listen where, and accepting without ever spinning.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use rustls::ServerConfig;
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};
use tracing::{debug, warn};

use crate::admission::{AddressRange, Admission, NotAdmitted, Permit};
use crate::drain::Drain;
use crate::metrics::Metrics;
use crate::rate::Rate;

/// Connections that wait in the kernel to be accepted.
const BACKLOG_MAX: i32 = 1024;

/// A silent peer is asked for life after this time...
const KEEPALIVE_AFTER: Duration = Duration::from_secs(120);

/// ...this often...
const KEEPALIVE_EVERY: Duration = Duration::from_secs(30);

/// ...and given up after this many questions.
const KEEPALIVE_PROBES_MAX: u32 = 4;

/// A peer that does not confirm sent bytes for this long is gone.
const UNCONFIRMED_MAX: Duration = Duration::from_secs(60);

/// The first pause after accepting failed. Each further one is twice as long...
const ACCEPT_PAUSE_MIN: Duration = Duration::from_millis(50);

/// ...up to this.
const ACCEPT_PAUSE_MAX: Duration = Duration::from_secs(1);

/// Where to listen, and how the bytes are protected.
#[derive(Clone, Debug)]
pub struct Listen {
    /// The address. Port 0 takes a free one.
    pub addr: SocketAddr,
    /// The protection.
    pub tls: Tls,
}

/// How the bytes between peers and a listener are protected.
#[derive(Clone, Debug)]
pub enum Tls {
    /// Not at all: on loopback only.
    Off,
    /// By our own TLS, see [`crate::tls::Certificate`].
    Own(Arc<ServerConfig>),
    /// By a proxy before us. Only connections from these addresses are accepted.
    TerminatedByProxy(Vec<AddressRange>),
}

/// Why a listener did not start.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Other machines could read along.
    #[error(
        "refused to listen on {addr}: the address is not loopback and the listener has no TLS; give it a certificate \
         and a key, or set tls = \"terminated_by_proxy\" and name the proxies"
    )]
    Unprotected {
        /// The address that was asked for.
        addr: SocketAddr,
    },
    /// A proxy is trusted, but none is named.
    #[error("refused to listen on {addr}: tls = \"terminated_by_proxy\" needs the addresses of the proxies")]
    NoProxies {
        /// The address that was asked for.
        addr: SocketAddr,
    },
    /// The operating system did not give us the address.
    #[error("could not listen on {addr}")]
    Bind {
        /// The address that was asked for.
        addr: SocketAddr,
        /// What it said.
        source: io::Error,
    },
}

impl Listen {
    /// Refuses what is not safe, then binds. Needs a tokio runtime around it.
    pub(crate) fn bind(&self) -> Result<TcpListener, ListenError> {
        let addr = self.addr;
        match &self.tls {
            Tls::Off if !addr.ip().to_canonical().is_loopback() => return Err(ListenError::Unprotected { addr }),
            Tls::TerminatedByProxy(proxies) if proxies.is_empty() => return Err(ListenError::NoProxies { addr }),
            Tls::Off | Tls::Own(_) | Tls::TerminatedByProxy(_) => {}
        }
        bind(addr).map_err(|source| ListenError::Bind { addr, source })
    }
}

fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG_MAX)?;
    TcpListener::from_std(socket.into())
}

/// A peer that was let in.
pub(crate) struct Accepted {
    pub(crate) stream: TcpStream,
    pub(crate) addr: SocketAddr,
    pub(crate) permit: Permit,
}

/// Lets peers in, or closes their sockets again.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) listener: TcpListener,
    pub(crate) tls: Tls,
    pub(crate) admission: Arc<Admission>,
    pub(crate) metrics: Arc<Metrics>,
}

impl Door {
    /// Hands every admitted peer to `each`, until the server drains.
    pub(crate) async fn accept_until(self, drain: &Drain, mut each: impl FnMut(Accepted)) {
        let accepts_max = self.admission.limits().accepts_per_second_max;
        let mut rate = Rate::new(accepts_max, accepts_max);
        loop {
            let next = async {
                let waited = rate.turn().await;
                let mut accepting = pin!(accept_patiently(|| self.listener.accept(), &self.metrics.accept_errors));
                match poll_fn(|cx| Poll::Ready(accepting.as_mut().poll(cx))).await {
                    Poll::Ready(accepted) => {
                        // The peer was there before its turn.
                        self.count_delay(waited);
                        accepted
                    }
                    Poll::Pending => accepting.await,
                }
            };
            let (stream, addr) = tokio::select! {
                biased;
                () = drain.begun() => return,
                accepted = next => accepted,
            };
            let addr = SocketAddr::new(addr.ip().to_canonical(), addr.port());
            if let Some(accepted) = self.admit(stream, addr) {
                each(accepted);
            }
        }
    }

    fn count_delay(&self, waited: Duration) {
        if !waited.is_zero() {
            self.metrics.accepts_delayed.inc();
            self.metrics.accept_delay_ms.inc_by(waited.as_millis() as u64);
        }
    }

    fn admit(&self, stream: TcpStream, addr: SocketAddr) -> Option<Accepted> {
        let admitted = match &self.tls {
            Tls::Off | Tls::Own(_) => self.admission.admit(addr.ip()),
            Tls::TerminatedByProxy(proxies) if proxies.iter().any(|proxy| proxy.contains(addr.ip())) => {
                self.admission.admit_proxy()
            }
            Tls::TerminatedByProxy(_) => {
                self.metrics.refused_not_a_proxy.inc();
                return None;
            }
        };
        match admitted {
            Ok(permit) => {
                self.metrics.accepted.inc();
                if let Err(error) = set_options(&stream) {
                    debug!(%error, "Could not set socket options; the peer has gone"); // Reading will say the same.
                }
                Some(Accepted { stream, addr, permit })
            }
            Err(NotAdmitted::Total) => {
                self.metrics.refused_total.inc();
                None
            }
            Err(NotAdmitted::PerIp) => {
                self.metrics.refused_per_ip.inc();
                None
            }
        }
    }
}

/// The next peer, however often accepting fails before. When no file descriptor is left the peer stays in the backlog,
/// so that trying again at once would spin.
async fn accept_patiently<T, F>(mut accept: impl FnMut() -> F, errors: &Counter) -> T
where
    F: Future<Output = io::Result<T>>,
{
    let mut pause = ACCEPT_PAUSE_MIN;
    loop {
        match accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_one_peer(&error) => {}
            Err(error) => {
                errors.inc();
                warn!(%error, "Could not accept a connection, pausing");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(ACCEPT_PAUSE_MAX);
            }
        }
    }
}

/// Errors of the connection that was to be accepted, not of accepting.
fn is_of_one_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | ConnectionRefused | Interrupted)
}

fn set_options(stream: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(stream);
    socket.set_tcp_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_AFTER).with_interval(KEEPALIVE_EVERY);
    socket.set_tcp_keepalive(&keepalive.with_retries(KEEPALIVE_PROBES_MAX))?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNCONFIRMED_MAX))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(addr: &str, tls: Tls) -> String {
        Listen { addr: addr.parse().unwrap(), tls }.bind().unwrap_err().to_string()
    }

    #[test]
    fn an_open_address_without_tls_is_refused_with_advice() {
        let advice = "refused to listen on 0.0.0.0:0: the address is not loopback and the listener has no TLS; give it a \
                      certificate and a key, or set tls = \"terminated_by_proxy\" and name the proxies";
        assert_eq!(refused("0.0.0.0:0", Tls::Off), advice);
        for addr in ["[::]:0", "192.0.2.1:0", "[::ffff:192.0.2.1]:0"] {
            assert!(refused(addr, Tls::Off).starts_with("refused to listen on"), "{addr}");
        }
    }

    #[test]
    fn trust_in_no_proxy_is_refused() {
        assert_eq!(
            refused("0.0.0.0:0", Tls::TerminatedByProxy(vec![])),
            "refused to listen on 0.0.0.0:0: tls = \"terminated_by_proxy\" needs the addresses of the proxies"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn accepting_pauses_ever_longer_while_it_fails() {
        let errors = Counter::default();
        let started = tokio::time::Instant::now();
        let mut tries = 0;
        let accepted = accept_patiently(
            || {
                tries += 1;
                std::future::ready(match tries {
                    1..=6 => Err(io::Error::other("too many open files")),
                    7 => Err(io::ErrorKind::ConnectionAborted.into()),
                    _ => Ok("a peer"),
                })
            },
            &errors,
        );
        assert_eq!(accepted.await, "a peer");
        assert_eq!(errors.get(), 6);
        assert_eq!(started.elapsed(), Duration::from_millis(50 + 100 + 200 + 400 + 800 + 1_000));
    }

    #[tokio::test]
    async fn who_is_not_admitted_is_counted_by_the_reason() {
        let limits = crate::admission::Limits { connections_max: 2, connections_per_ip_max: 1, ..Default::default() };
        let listener = Listen { addr: "127.0.0.1:0".parse().unwrap(), tls: Tls::Off }.bind().unwrap();
        let addr = listener.local_addr().unwrap();
        let door = Door { listener, tls: Tls::Off, admission: Admission::new(limits), metrics: Arc::default() };
        let mut admitted = Vec::new();
        for from in ["192.0.2.1:1", "192.0.2.1:2", "192.0.2.2:1", "192.0.2.3:1"] {
            let stream = TcpStream::connect(addr).await.unwrap();
            admitted.extend(door.admit(stream, from.parse().unwrap()));
        }
        let metrics = &door.metrics;
        assert_eq!((admitted.len(), metrics.accepted.get()), (2, 2));
        assert_eq!((metrics.refused_per_ip.get(), metrics.refused_total.get()), (1, 1));
    }

    #[tokio::test]
    async fn loopback_needs_nothing_and_a_taken_address_is_said() {
        let first = Listen { addr: "127.0.0.1:0".parse().unwrap(), tls: Tls::Off }.bind().unwrap();
        let addr = first.local_addr().unwrap();
        assert_ne!(addr.port(), 0);
        assert_eq!(refused(&addr.to_string(), Tls::Off), format!("could not listen on {addr}"));
    }

    #[tokio::test]
    async fn named_proxies_open_any_address() {
        let proxies = vec!["10.0.0.0/8".parse().unwrap()];
        assert!(Listen { addr: "0.0.0.0:0".parse().unwrap(), tls: Tls::TerminatedByProxy(proxies) }.bind().is_ok());
    }
}
