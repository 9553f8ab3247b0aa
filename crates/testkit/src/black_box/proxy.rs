//! A network that fails: a proxy on TCP that cuts, delays, swallows and dawdles as it is told.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Bytes that are carried at once.
const CHUNK: usize = 16 * 1024;
/// Bytes that a slow reader takes at once, and how often.
const SLOW_CHUNK: usize = 512;
const SLOW_PAUSE: Duration = Duration::from_millis(25);
/// No cut is wanted.
const UNCUT: i64 = i64::MAX;

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// What the client sends.
    ToServer,
    /// What the server sends.
    ToClient,
}

/// How a network treats all that it carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// Every piece is late by this.
    pub delay: Duration,
    /// Everything that goes this way is swallowed, and nobody is told.
    pub lost: Option<Way>,
    /// The client takes little of what the server sends.
    pub slow: bool,
}

/// A proxy before a server.
pub struct Proxy {
    addr: SocketAddr,
    weather: Arc<watch::Sender<Weather>>,
    lines: Arc<Mutex<Vec<Weak<Line>>>>,
    stop: CancellationToken,
}

/// One connection through it.
struct Line {
    weather: watch::Receiver<Weather>,
    /// Both sides are left with a connection that carries nothing and never ends.
    frozen: AtomicBool,
    /// Something was swallowed: what comes after it would be another message.
    holed: AtomicBool,
    /// Bytes that are carried before it is cut.
    left: AtomicI64,
    ended: CancellationToken,
}

impl Proxy {
    /// Listens on a free port of loopback for a server that need not be there yet.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start(server: SocketAddr, tasks: &TaskTracker) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let (weather, lines, stop) = (Arc::new(watch::Sender::default()), Arc::default(), CancellationToken::new());
        let proxy = Self { addr, weather: weather.clone(), lines, stop: stop.clone() };
        let (lines, tracker) = (proxy.lines.clone(), tasks.clone());
        let accept = async move {
            while let Some(Ok((client, _))) = stop.run_until_cancelled(listener.accept()).await {
                let line = Arc::new(Line::new(weather.subscribe(), stop.child_token()));
                let mut all = lines.lock().unwrap_or_else(PoisonError::into_inner);
                all.retain(|line: &Weak<Line>| line.strong_count() > 0);
                all.push(Arc::downgrade(&line));
                tracker.spawn(line.carry(client, server));
            }
        };
        tasks.spawn(accept);
        Ok(proxy)
    }

    /// Where clients connect to.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Treats everything like this from now on.
    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// Cuts every connection once it has carried so many bytes more, wherever that is.
    pub fn cut_after(&self, bytes: u64) {
        let bytes = i64::try_from(bytes).unwrap_or(UNCUT);
        self.each(|line| line.left.store(bytes, Ordering::SeqCst));
    }

    /// Leaves every connection open and dead. New ones are as the weather is.
    pub fn freeze(&self) {
        self.each(|line| line.frozen.store(true, Ordering::SeqCst));
    }

    /// Ends every connection that is not dead.
    pub fn cut(&self) {
        self.each(|line| {
            if !line.frozen.load(Ordering::SeqCst) {
                line.ended.cancel();
            }
        });
    }

    /// Fair weather. Connections that something was swallowed of end; dead ones stay dead.
    pub fn clear(&self) {
        self.set(Weather::default());
        self.each(|line| {
            if line.holed.load(Ordering::SeqCst) {
                line.ended.cancel();
            }
        });
    }

    /// Ends everything.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    fn each(&self, what: impl Fn(&Line)) {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().filter_map(Weak::upgrade).for_each(|line| what(&line));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Line {
    fn new(weather: watch::Receiver<Weather>, ended: CancellationToken) -> Self {
        let left = AtomicI64::new(UNCUT);
        Self { weather, frozen: AtomicBool::new(false), holed: AtomicBool::new(false), left, ended }
    }

    async fn carry(self: Arc<Self>, client: TcpStream, server: SocketAddr) {
        let Ok(server) = TcpStream::connect(server).await else { return };
        if client.set_nodelay(true).and_then(|()| server.set_nodelay(true)).is_err() {
            return;
        }
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        tokio::join!(
            self.pump(from_client, to_server, Way::ToServer),
            self.pump(from_server, to_client, Way::ToClient)
        );
    }

    /// Carries one way until either side ends, or it is cut.
    async fn pump(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, way: Way) {
        let carried = async {
            let mut buffer = vec![0; CHUNK];
            loop {
                let slow = way == Way::ToClient && self.weather.borrow().slow;
                let read = from.read(&mut buffer[..if slow { SLOW_CHUNK } else { CHUNK }]).await;
                let bytes = read.unwrap_or(0);
                let frozen = self.frozen.load(Ordering::SeqCst);
                if bytes == 0 && frozen && way == Way::ToClient {
                    // The server is gone, and the client is not told.
                    return self.ended.cancelled().await;
                }
                if bytes == 0 {
                    return;
                }
                let weather = *self.weather.borrow();
                if frozen {
                    continue;
                }
                if weather.lost == Some(way) {
                    self.holed.store(true, Ordering::SeqCst);
                    continue;
                }
                tokio::time::sleep(weather.delay + if slow { SLOW_PAUSE } else { Duration::ZERO }).await;
                let left = self.left.fetch_sub(if self.is_cut() { bytes as i64 } else { 0 }, Ordering::SeqCst);
                let whole = left >= bytes as i64;
                let bytes = if whole { bytes } else { left.max(0) as usize };
                if self.holed.load(Ordering::SeqCst) || to.write_all(&buffer[..bytes]).await.is_err() || !whole {
                    return;
                }
            }
        };
        self.ended.run_until_cancelled(carried).await;
        self.ended.cancel();
    }

    fn is_cut(&self) -> bool {
        self.left.load(Ordering::SeqCst) != UNCUT
    }
}
