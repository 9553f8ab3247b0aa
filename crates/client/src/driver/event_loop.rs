//! The one loop of an account: what happens goes into the core, what the core wants is done.

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use stonechat_types::id::UserId;
use stonechat_wire::v1::Frame;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;

use crate::client::Config;
use crate::core::command::{Command, Reply, Ticket};
use crate::core::machine::{Action, Core, Input, Now};
use crate::driver::limits::{CONNECT_TIMEOUT, TOKEN_TIMEOUT};
use crate::driver::ports::{Duplex, TokenRequest, TransportError};
use crate::error::{Result, StoreError, TokenError};
use crate::state::TokenReason;
use crate::store::thread::Write;
use crate::views::Views;

/// A command, and who waits for the answer.
#[derive(Debug)]
pub struct Request {
    pub command: Command,
    pub answer: oneshot::Sender<Result<Reply>>,
}

/// What the loop works with.
pub struct EventLoop {
    pub core: Core,
    pub config: Arc<Config>,
    pub user: UserId,
    pub views: Arc<Views>,
    pub requests: mpsc::Receiver<Request>,
    pub writes: mpsc::Sender<Write>,
    pub committed: watch::Receiver<std::result::Result<u64, StoreError>>,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
    pub io: Io,
}

/// What is under way outside of the core.
#[derive(Default)]
pub struct Io {
    last_ticket: u64,
    answers: BTreeMap<Ticket, oneshot::Sender<Result<Reply>>>,
    token: Option<BoxFuture<'static, std::result::Result<String, TokenError>>>,
    connecting: Option<BoxFuture<'static, std::result::Result<Duplex, TransportError>>>,
    connection: Option<Duplex>,
    /// Frames that do not fit into the connection yet; bounded by the calls in flight.
    outgoing: VecDeque<Frame>,
}

/// What woke the loop.
#[expect(clippy::large_enum_variant, reason = "it is passed on at once, a box would be made for each frame")]
enum Woken {
    Stop,
    Input(Input),
    Request(Request),
    Connected(Duplex),
    /// Nothing for the core.
    Nothing,
}

impl EventLoop {
    /// Runs until the account is stopped.
    pub async fn run(mut self) {
        self.act().await;
        loop {
            let woken = self.wait().await;
            let input = match woken {
                Woken::Stop => break,
                Woken::Nothing => continue,
                Woken::Input(input) => input,
                Woken::Connected(connection) => {
                    self.io.connection = Some(connection);
                    Input::Opened
                }
                Woken::Request(request) => {
                    self.io.last_ticket += 1;
                    let ticket = Ticket(self.io.last_ticket);
                    self.io.answers.insert(ticket, request.answer);
                    Input::Command(ticket, request.command)
                }
            };
            self.handle(input);
            self.act().await;
        }
        // What was accepted is made durable: the writer ends after what is queued.
        drop(self.writes);
        while self.committed.changed().await.is_ok() {}
    }

    fn handle(&mut self, input: Input) {
        let mut random = [0; 8];
        self.config.entropy.fill(&mut random);
        let now = Now {
            monotonic_ms: self.config.clock.monotonic_ms(),
            wall_ms: self.config.clock.wall_ms(),
            random: u64::from_le_bytes(random),
        };
        self.core.handle(now, input);
    }

    async fn wait(&mut self) -> Woken {
        let now = self.config.clock.monotonic_ms();
        let left = self.core.next_deadline().map(|at| Duration::from_millis(at.saturating_sub(now)));
        let io = &mut self.io;
        let has_outgoing = !io.outgoing.is_empty();
        let (sender, receiver) = match &mut io.connection {
            Some(connection) => (Some(connection.outgoing.clone()), Some(&mut connection.incoming)),
            None => (None, None),
        };
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Woken::Stop,
            changed = self.committed.changed() => Woken::Input(committed(changed.is_ok(), &mut self.committed)),
            request = self.requests.recv() => request.map_or(Woken::Stop, Woken::Request),
            token = or_never(&mut io.token) => {
                io.token = None;
                Woken::Input(Input::Token(token))
            }
            connected = or_never(&mut io.connecting) => {
                io.connecting = None;
                match connected {
                    Ok(connection) => Woken::Connected(connection),
                    Err(error) => Woken::Input(Input::Closed(error.to_string())),
                }
            }
            permit = reserve(sender), if has_outgoing => {
                if let (Ok(permit), Some(frame)) = (permit, io.outgoing.pop_front()) {
                    permit.send(frame);
                } else {
                    // The connection is going; what came before its end is still read.
                    io.outgoing.clear();
                }
                Woken::Nothing
            }
            received = receive(receiver) => match received {
                Some(Ok(frame)) => Woken::Input(Input::Frame(frame)),
                Some(Err(error)) => {
                    io.connection = None;
                    io.outgoing.clear();
                    Woken::Input(Input::Closed(error.to_string()))
                }
                None => {
                    io.connection = None;
                    io.outgoing.clear();
                    Woken::Input(Input::Closed("the connection ended".into()))
                }
            },
            () = sleep(left) => Woken::Input(Input::Tick),
        }
    }

    /// Does what the core wants.
    async fn act(&mut self) {
        while let Some(action) = self.core.poll_action() {
            match action {
                Action::FetchToken(reason) => self.io.token = Some(self.fetch_token(reason)),
                Action::Connect => self.io.connecting = Some(self.connect()),
                Action::Disconnect => {
                    self.io.connecting = None;
                    self.io.connection = None;
                    self.io.outgoing.clear();
                }
                Action::Transmit(frame) => self.transmit(frame),
                Action::Commit(transaction) => {
                    // A full queue slows the loop down, and with it the socket: the store sets the pace.
                    if self.writes.send(Write::Apply(transaction)).await.is_err() {
                        debug!("The store does not take transactions any more");
                    }
                }
                Action::Emit(change) => self.views.apply(&change),
                Action::Reply(ticket, reply) => {
                    if let Some(answer) = self.io.answers.remove(&ticket) {
                        // A caller that went away wants no answer.
                        let _ = answer.send(reply);
                    }
                }
            }
        }
    }

    fn transmit(&mut self, frame: Frame) {
        let Some(connection) = &self.io.connection else { return };
        if !self.io.outgoing.is_empty() {
            return self.io.outgoing.push_back(frame);
        }
        match connection.outgoing.try_send(frame) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(frame)) => self.io.outgoing.push_back(frame),
            // The end of the connection is told by its other half.
            Err(mpsc::error::TrySendError::Closed(_)) => {}
        }
    }

    fn fetch_token(&self, reason: TokenReason) -> BoxFuture<'static, std::result::Result<String, TokenError>> {
        let (tokens, user) = (self.config.tokens.clone(), self.user.clone());
        Box::pin(async move {
            let fetch = tokens.fetch_token(TokenRequest { user, reason });
            let late = || Err(TokenError::Later("the token provider took too long".into()));
            timeout(TOKEN_TIMEOUT, fetch).await.unwrap_or_else(|_| late())
        })
    }

    fn connect(&self) -> BoxFuture<'static, std::result::Result<Duplex, TransportError>> {
        let (transport, tasks, stop) = (self.config.transport.clone(), self.tasks.clone(), self.stop.clone());
        Box::pin(async move {
            let connect = transport.connect(&tasks, stop);
            timeout(CONNECT_TIMEOUT, connect).await.unwrap_or(Err(TransportError::TimedOut))
        })
    }
}

fn committed(alive: bool, committed: &mut watch::Receiver<std::result::Result<u64, StoreError>>) -> Input {
    match (&*committed.borrow_and_update(), alive) {
        (Ok(number), true) => Input::Committed(*number),
        (Ok(_), false) => Input::StoreFailed(StoreError::Failed("its writer ended".into())),
        (Err(error), _) => Input::StoreFailed(error.clone()),
    }
}

async fn or_never<T>(future: &mut Option<BoxFuture<'static, T>>) -> T {
    match future {
        Some(future) => future.await,
        None => pending().await,
    }
}

async fn reserve(
    sender: Option<mpsc::Sender<Frame>>,
) -> std::result::Result<mpsc::OwnedPermit<Frame>, mpsc::error::SendError<()>> {
    match sender {
        Some(sender) => sender.reserve_owned().await,
        None => pending().await,
    }
}

async fn receive<T>(receiver: Option<&mut mpsc::Receiver<T>>) -> Option<T> {
    match receiver {
        Some(receiver) => receiver.recv().await,
        None => pending().await,
    }
}

async fn sleep(left: Option<Duration>) {
    match left {
        Some(left) => tokio::time::sleep(left).await,
        None => pending().await,
    }
}
