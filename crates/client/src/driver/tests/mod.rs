//! The whole SDK against a server in the same process: with time that the test turns, and over real sockets.

mod account;
mod many;
mod restart;
mod sockets;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::future::BoxFuture;
use stonechat_types::id::{DeviceId, UserId};
use stonechat_wire::v1::{self, Frame, frame::Body};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::account::Account;
use crate::client::{Client, DeviceInfo, StoreConfig};
use crate::core::simulation::server::{Change, ME, Server};
use crate::driver::ports::{Duplex, TokenProvider, TokenRequest, Transport, TransportError};
use crate::error::TokenError;

/// A server in the same process, and the way to it.
#[derive(Clone, Default)]
struct House(Arc<Inside>);

#[derive(Default)]
struct Inside {
    server: Mutex<Server>,
    wake: Notify,
    script: Mutex<Script>,
}

/// What is done otherwise than the model does it.
#[derive(Default)]
struct Script {
    /// Connections that are refused before one is taken.
    refuse: usize,
    /// Answers to the next hellos in place of a welcome.
    hello: VecDeque<&'static str>,
    /// Connections that end as soon as a send was taken, before its answer.
    lose_ack: usize,
    /// Every token that a hello or a refresh had.
    tokens: Vec<String>,
    /// How often the device connected.
    connections: usize,
}

impl House {
    fn new() -> Self {
        let house = Self::default();
        house.act(|server| {
            server.append(Server::direct(), "bob", Change::Create);
        });
        house
    }

    fn server(&self) -> MutexGuard<'_, Server> {
        self.0.server.lock().unwrap()
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.0.script.lock().unwrap()
    }

    fn act(&self, act: impl FnOnce(&mut Server)) {
        act(&mut self.server());
        self.0.wake.notify_one();
    }

    /// Somebody else writes a text in the direct conversation.
    fn bob_writes(&self, text: &str) {
        use prost::Message as _;
        let body = v1::TextBody { entities: Vec::new(), text: text.into() }.encode_to_vec().into();
        self.act(|server| {
            let client_msg_id = vec![u8::try_from(server.feed % 250).unwrap() + 1; 16].into();
            server.append(Server::direct(), "bob", Change::Message { client_msg_id, body });
        });
    }

    /// Says a frame that the model does not know of.
    fn say(&self, body: Body) {
        self.act(|server| server.out.push(Frame { id: 0, body: Some(body) }));
    }

    fn client(&self, store: StoreConfig, tokens: Arc<dyn TokenProvider>) -> Client {
        Client::builder()
            .transport(Arc::new(self.clone()))
            .store(store)
            .device(DeviceInfo::new(DeviceId::new("test-1").unwrap()))
            .token_provider(tokens)
            .record_events(true)
            .build()
            .unwrap()
    }

    async fn login(&self, folder: Option<&Path>) -> Account {
        let store = folder.map_or_else(StoreConfig::in_memory, StoreConfig::sqlite);
        self.client(store, Arc::new(Tokens::default())).login(&UserId::new(ME).unwrap()).await.unwrap()
    }

    async fn online(&self, folder: Option<&Path>) -> Account {
        let account = self.login(folder).await;
        account.start().await.unwrap();
        account.online(Duration::from_secs(60)).await.unwrap();
        account
    }

    /// Serves one connection.
    async fn serve(&self, mut from: mpsc::Receiver<Frame>, to: mpsc::Sender<Result<Frame, TransportError>>) {
        loop {
            let frame = tokio::select! {
                biased;
                frame = from.recv() => match frame {
                    Some(frame) => Some(frame),
                    None => break,
                },
                () = self.0.wake.notified() => None,
            };
            let mut ends = false;
            if let Some(frame) = frame {
                ends = self.take(frame);
            }
            let out: Vec<_> = self.server().out.drain(..).collect();
            if ends {
                break;
            }
            for frame in out {
                if to.send(Ok(frame)).await.is_err() {
                    break;
                }
            }
        }
        self.server().disconnect();
    }

    /// Takes a frame; says whether the connection ends by it.
    fn take(&self, frame: Frame) -> bool {
        let mut script = self.script();
        match &frame.body {
            Some(Body::Hello(hello)) => {
                script.tokens.push(hello.token.clone());
                if let Some(code) = script.hello.pop_front() {
                    let error = v1::Error { code: code.into(), ..v1::Error::default() };
                    self.server().out.push(Frame { id: frame.id, body: Some(Body::Error(error)) });
                    return false;
                }
            }
            Some(Body::RefreshToken(refresh)) => {
                script.tokens.push(refresh.token.clone());
                self.server().out.push(Frame { id: frame.id, body: Some(Body::Done(v1::Done {})) });
                return false;
            }
            Some(Body::Typing(_) | Body::Focus(_)) => return false,
            Some(Body::ListDevices(_)) => {
                let device = v1::DeviceState { device_id: "test-1".into(), ..v1::DeviceState::default() };
                let devices = Body::Devices(v1::Devices { devices: vec![device] });
                self.server().out.push(Frame { id: frame.id, body: Some(devices) });
                return false;
            }
            _ => {}
        }
        let is_send = matches!(frame.body, Some(Body::Send(_)));
        let lost = is_send && script.lose_ack > 0;
        if lost {
            script.lose_ack -= 1;
        }
        drop(script);
        self.server().handle(frame);
        lost
    }
}

impl Transport for House {
    fn connect(&self, tasks: &TaskTracker, stop: CancellationToken) -> BoxFuture<'_, Result<Duplex, TransportError>> {
        let tasks = tasks.clone();
        Box::pin(async move {
            let mut script = self.script();
            if script.refuse > 0 {
                script.refuse -= 1;
                return Err(TransportError::Network("refused".into()));
            }
            script.connections += 1;
            drop(script);
            let (outgoing, from) = mpsc::channel(8);
            let (to, incoming) = mpsc::channel(8);
            let house = self.clone();
            tasks.spawn(async move {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => {}
                    () = house.serve(from, to) => {}
                }
            });
            Ok(Duplex { outgoing, incoming })
        })
    }
}

/// A provider that numbers its tokens, each good for an hour of a clock that stands.
#[derive(Default)]
struct Tokens {
    given: Mutex<Vec<TokenRequest>>,
    lasts_s: Option<i64>,
}

impl TokenProvider for Tokens {
    fn fetch_token(&self, request: TokenRequest) -> BoxFuture<'_, Result<String, TokenError>> {
        use base64::Engine as _;
        let mut given = self.given.lock().unwrap();
        given.push(request);
        // The model's clock stands at 0.
        let claims = format!("{{\"n\":{},\"exp\":{}}}", given.len(), self.lasts_s.unwrap_or(3_600));
        let token = format!("e30.{}.s", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims));
        Box::pin(async move { Ok(token) })
    }
}

/// Waits until something holds, at most a while of the test's time.
async fn until(mut holds: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came true");
}
