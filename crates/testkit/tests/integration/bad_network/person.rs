//! A device of a run: the SDK with its own driver, over sockets of the simulated network.

use super::ledger::{Ledger, Side, Wait, now_ms};
use super::line::Socket;
use super::stage::{self, Dice, SimClock};
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use stonechat_client::account::Account;
use stonechat_client::client::{Client, DeviceInfo};
use stonechat_client::driver::carry;
use stonechat_client::driver::ports::{Duplex, StaticToken, Transport, TransportError};
use stonechat_client::send::Text;
use stonechat_client::state::ConnectionState;
use stonechat_types::id::{DeviceId, UserId};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use turmoil::net::TcpStream;

/// The devices: user, to whom he writes, and whether over a WebSocket.
pub const DEVICES: [(&str, &str, Carrier); 4] = [
    ("alice", "bob", Carrier::Tcp),
    ("alice", "carol", Carrier::WebSocket),
    ("bob", "alice", Carrier::WebSocket),
    ("carol", "alice", Carrier::Tcp),
];

/// A connection that was up for so long was stable: the driver counts its failures anew.
const STABLE_MS: u64 = 60_000;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    Tcp,
    WebSocket,
}

/// The host of a device.
pub fn host(index: usize) -> String {
    format!("device{index}")
}

pub struct Person {
    pub index: usize,
    ledger: Arc<Ledger>,
    seed: u64,
    lives: AtomicU32,
    link: Mutex<Link>,
}

/// What is known of a device's connection, by what its driver says.
#[derive(Default)]
struct Link {
    online: bool,
    /// When the connection that is open was welcomed.
    up_since: Option<u64>,
    /// When the server said goodbye to it.
    asked_at: Option<u64>,
    /// The wait that has begun, by its place in the ledger, and when.
    waiting: Option<(usize, u64)>,
    /// Failures so far, as the driver counts them.
    attempt: u32,
}

type Connecting<'a> = Pin<Box<dyn Future<Output = Result<Duplex, TransportError>> + Send + 'a>>;

/// Connects, and notes when.
struct Reach(Arc<Person>);

impl Transport for Reach {
    fn connect(&self, tasks: &TaskTracker, stop: CancellationToken) -> Connecting<'_> {
        let (person, tasks) = (self.0.clone(), tasks.clone());
        Box::pin(async move {
            person.connects();
            let port = if person.carrier() == Carrier::Tcp { stage::TCP_PORT } else { stage::HTTP_PORT };
            let connected = TcpStream::connect((stage::HOST, port)).await;
            let stream = connected.map_err(|error| TransportError::Network(error.to_string()))?;
            carry(&person.endpoint(), Socket::new(stream, Side::Client, &person.ledger), &tasks, stop).await
        })
    }
}

impl Person {
    pub fn new(index: usize, seed: u64, ledger: &Arc<Ledger>) -> Self {
        Self {
            index,
            ledger: ledger.clone(),
            seed: seed.wrapping_mul(31).wrapping_add(index as u64),
            lives: AtomicU32::new(0),
            link: Mutex::default(),
        }
    }

    fn link(&self) -> MutexGuard<'_, Link> {
        self.link.lock().unwrap()
    }

    fn carrier(&self) -> Carrier {
        DEVICES[self.index].2
    }

    fn endpoint(&self) -> String {
        match self.carrier() {
            Carrier::Tcp => format!("tcp://{}:{}", stage::HOST, stage::TCP_PORT),
            Carrier::WebSocket => format!("ws://{}:{}{}", stage::HOST, stage::HTTP_PORT, stage::WS_PATH),
        }
    }

    /// The process that lives now; what the ones before took on is forgotten with their stores.
    pub fn life(&self) -> u32 {
        self.lives.load(Ordering::Relaxed)
    }

    pub fn is_online(&self) -> bool {
        self.link().online
    }

    /// The server says goodbye to everybody who is connected.
    pub fn is_asked_to_leave(&self, now_ms: u64) {
        // Also those who are about to connect may hear it.
        self.link().asked_at = Some(now_ms);
    }

    fn connects(&self) {
        let now = now_ms();
        self.ledger.note(format_args!("device {} connects", self.index));
        let mut link = self.link();
        if let Some((place, since)) = link.waiting.take() {
            self.ledger.pages().waits[place].waited_ms = Some(now - since);
        } else if link.up_since.take().is_some() {
            let asked_at = link.asked_at.take();
            self.ledger.pages().leaves.push(asked_at.map(|asked_at| now - asked_at));
        }
    }

    /// The process of the device.
    pub async fn live(self: Arc<Self>) -> turmoil::Result {
        let life = self.lives.fetch_add(1, Ordering::Relaxed) + 1;
        let (name, peer, _) = DEVICES[self.index];
        let dice = Arc::new(Dice::new(self.seed ^ (u64::from(life) << 40)));
        *self.link() = Link::default();
        let client = Client::builder()
            .endpoint(&self.endpoint())
            .device(DeviceInfo::new(DeviceId::new(&host(self.index))?))
            .token_provider(Arc::new(StaticToken::new(name)))
            .transport(Arc::new(Reach(self.clone())))
            .clock(Arc::new(SimClock))
            .entropy(dice.clone())
            .build()?;
        let account = client.login(&UserId::new(name)?).await?;
        account.start().await?;
        tokio::task::spawn_local(self.clone().watch(account.clone()));
        self.write(&account, life, &dice, &UserId::new(peer)?).await
    }

    /// Writes a message now and then.
    async fn write(&self, account: &Account, life: u32, dice: &Dice, peer: &UserId) -> turmoil::Result {
        let conversation = account.conversation_with(peer);
        let mut written = 0;
        loop {
            tokio::time::sleep(Duration::from_millis(dice.between(100, 4_000))).await;
            if self.ledger.is_quiet() {
                continue;
            }
            for _ in 0..dice.between(1, 3) {
                written += 1;
                let text = Text::new(format!("{written} of life {life} of device {}", self.index));
                let handle = conversation.send(text).await?;
                let id = handle.client_msg_id();
                self.ledger.took((self.index, life), id);
                let ledger = self.ledger.clone();
                tokio::task::spawn_local(async move {
                    ledger.settled(id, handle.sent().await.map_err(|error| error.to_string()));
                });
            }
        }
    }

    /// Notes what the driver says of its connection.
    async fn watch(self: Arc<Self>, account: Account) {
        let mut states = account.connection();
        let mut next = Some(states.get());
        while let Some(state) = next {
            self.hears(state);
            next = states.next().await;
        }
    }

    fn hears(&self, state: ConnectionState) {
        self.ledger.note(format_args!("device {}: {state:?}", self.index));
        let mut link = self.link();
        link.online = state == ConnectionState::Online;
        match state {
            ConnectionState::Connecting { attempt } => link.attempt = attempt,
            ConnectionState::Syncing { .. } | ConnectionState::Online => {
                link.up_since.get_or_insert_with(now_ms);
            }
            ConnectionState::Offline { retry_in_ms, .. } => {
                let now = now_ms();
                let asked = link.asked_at.take().is_some();
                let stable = link.up_since.take().is_some_and(|since| now - since >= STABLE_MS);
                let attempt = if stable { 0 } else { link.attempt };
                // A try that fails at once is not told as one.
                link.attempt = attempt + 1;
                let mut pages = self.ledger.pages();
                link.waiting = Some((pages.waits.len(), now));
                let by = (self.index, now);
                pages.waits.push(Wait { by, attempt, told_ms: retry_in_ms, waited_ms: None, asked });
            }
            ConnectionState::Idle | ConnectionState::Ended(_) => {}
        }
    }
}
