//! The smallest server: sends every message back, over raw TCP and over WebSocket, until Ctrl-C.
//!
//! `cargo run -p stonechat-net --example echo` prints both addresses.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Request, Response};
use prometheus_client::registry::Registry;
use stonechat_net::admission::Limits;
use stonechat_net::events::EventSink;
use stonechat_net::http::WebSocketRoute;
use stonechat_net::listener::{Listen, Tls};
use stonechat_net::machine::{Action, Input, MessageKind, Monotonic, PeerInfo, Service, SessionMachine};
use stonechat_net::metrics::Metrics;
use stonechat_net::server::{Listeners, NetConfig};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Holds the answer until the loop takes it.
struct Echo(Option<(MessageKind, Bytes)>);

impl SessionMachine for Echo {
    type Call = Infallible;
    type Event = Infallible;

    fn handle(&mut self, _now: Monotonic, input: Input<'_, Infallible>) {
        if let Input::Message { kind, bytes } = input {
            self.0 = Some((kind, Bytes::copy_from_slice(bytes)));
        }
    }

    fn poll_action(&mut self) -> Option<Action<Infallible>> {
        self.0.take().map(|(kind, bytes)| Action::Transmit { kind, bytes })
    }

    fn deadline(&self) -> Option<Monotonic> {
        None
    }

    fn wants_input(&self) -> bool {
        true
    }
}

struct EchoService;

impl Service<Echo> for EchoService {
    type Connection = ();

    fn open(&self, _peer: PeerInfo, _events: EventSink<Infallible>) -> (Echo, ()) {
        (Echo(None), ())
    }

    fn call(&self, (): &mut (), call: Infallible) {
        match call {}
    }

    fn closed(&self, (): ()) {}
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let metrics = Metrics::register(&mut Registry::default());
    let (tracker, shutdown) = (TaskTracker::new(), CancellationToken::new());
    let limits = Limits { connections_max: 20_000, ..Limits::default() };
    let config = NetConfig { limits, ..NetConfig::default() };
    let listeners = Listeners::new(config, metrics, tracker.clone(), shutdown.clone());
    let listen = Listen { addr: ([127, 0, 0, 1], 0).into(), tls: Tls::Off };
    let tcp = listeners.tcp(listen.clone(), Arc::new(EchoService))?;
    let routes = tower::service_fn(async |_: Request<Incoming>| {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("a WebSocket is at /v1/ws\n")))
    });
    let websocket = WebSocketRoute { path: "/v1/ws".to_owned(), service: Arc::new(EchoService) };
    let http = listeners.http(listen, routes, websocket)?;
    println!("tcp {tcp}, http {http}");
    tokio::signal::ctrl_c().await?;
    shutdown.cancel();
    tracker.close();
    tracker.wait().await;
    Ok(())
}
