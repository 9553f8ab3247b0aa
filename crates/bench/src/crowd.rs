//! Connections that are signed in and do nothing but answer for being alive: what one of them costs the server.

use crate::link::{Credentials, Link};
use crate::message::Body;
use crate::options::{Idle, ServerUrl, TokenSource};
use anyhow::{Context as _, bail, ensure};
use std::sync::mpsc;
use std::time::Duration;
use stonechat_wire::v1::{self, frame, send_message::To};
use tokio::sync::mpsc as tasks;
use tokio::task::{JoinSet, LocalSet};

/// Below the heartbeat that the server asks for.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// Connections that are made at a time.
const AT_A_TIME: usize = 64;

/// Whom a crowd is made of.
#[derive(Clone)]
pub struct CrowdSpec {
    /// The server.
    pub server: ServerUrl,
    /// Signs users in.
    pub tokens: TokenSource,
    /// Before the names of users.
    pub user_prefix: String,
    /// Connections, each of another user.
    pub connections: usize,
    /// The device of each.
    pub device: String,
}

/// Connections that are held until this is dropped.
pub struct Crowd {
    end: Option<tasks::Sender<std::convert::Infallible>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Crowd {
    /// Signs everybody in, and answers when all are there and have been answered to once.
    ///
    /// # Errors
    /// When the server refuses somebody.
    pub fn connect(spec: &CrowdSpec) -> anyhow::Result<Self> {
        Self::start(spec, 0)
    }

    /// Makes the users, and for each direct conversations with his neighbours in a circle. Leaves nobody connected.
    ///
    /// # Errors
    /// When the server refuses something.
    pub fn prepare(spec: &CrowdSpec, idle: Idle) -> anyhow::Result<()> {
        ensure!(
            idle.conversations < spec.connections,
            "{} people have no {} others each",
            spec.connections,
            idle.conversations
        );
        Self::start(spec, idle.conversations.div_ceil(2)).map(drop)
    }

    fn start(spec: &CrowdSpec, greets: usize) -> anyhow::Result<Self> {
        let (end, ended) = tasks::channel(1);
        let (ready, is_ready) = mpsc::sync_channel(1);
        let spec = spec.clone();
        let body = move || {
            let outcome = || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                LocalSet::new().block_on(&runtime, hold(&spec, greets, &ready, ended))
            };
            if let Err(error) = outcome() {
                let _ = ready.send(Err(error));
            }
        };
        let thread = std::thread::Builder::new().name("bench-crowd".into()).spawn(body).context("no thread is left")?;
        let crowd = Self { end: Some(end), thread: Some(thread) };
        is_ready.recv().context("the crowd has ended")??;
        Ok(crowd)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn hold(
    spec: &CrowdSpec,
    greets: usize,
    ready: &mpsc::SyncSender<anyhow::Result<()>>,
    mut ended: tasks::Receiver<std::convert::Infallible>,
) -> anyhow::Result<()> {
    let mut links = Vec::with_capacity(spec.connections);
    let mut joining = JoinSet::new();
    for number in 0..spec.connections {
        if joining.len() >= AT_A_TIME {
            links.extend(joined(&mut joining).await?);
        }
        let name = name(spec, number);
        let token = (spec.tokens)(&name).with_context(|| format!("could not make a token for {name}"))?;
        let (server, who) = (spec.server.clone(), Credentials { token, device: spec.device.clone() });
        let friends = (1..=greets).map(|step| self::name(spec, (number + step) % spec.connections)).collect::<Vec<_>>();
        joining.spawn_local(async move {
            let (mut link, _) = Link::sign_in(&server, &who, number as u32).await?;
            for (at, friend) in friends.into_iter().enumerate() {
                greet(&mut link, friend, at).await?;
            }
            match link.call(frame::Body::Ping(v1::Ping {})).await? {
                frame::Body::Pong(_) => anyhow::Ok(link),
                other => bail!("the server answered a ping with {other:?}"),
            }
        });
    }
    while let Some(link) = joined(&mut joining).await? {
        links.push(link);
    }
    let _ = ready.send(Ok(()));
    loop {
        tokio::select! {
            biased;
            _ = ended.recv() => return Ok(()),
            () = tokio::time::sleep(HEARTBEAT) => {
                for link in &mut links {
                    link.call(frame::Body::Ping(v1::Ping {})).await?;
                }
            }
        }
    }
}

fn name(spec: &CrowdSpec, number: usize) -> String {
    format!("{}i{number}", spec.user_prefix)
}

/// One message to a friend. Its id is the same in every run on one store, so that a second run adds nothing.
async fn greet(link: &mut Link, friend: String, at: usize) -> anyhow::Result<()> {
    let send = v1::SendMessage {
        to: Some(To::UserId(friend)),
        client_msg_id: crate::message::Which { lane: at as u32, number: 1 }.message_id(1, 1).to_vec().into(),
        body_type: "text".into(),
        body: Body::new(0).with(0, 0).to_vec().into(),
        ..v1::SendMessage::default()
    };
    match link.call(frame::Body::Send(send)).await? {
        frame::Body::Sent(_) => Ok(()),
        other => bail!("the server answered a send with {other:?}"),
    }
}

async fn joined(tasks: &mut JoinSet<anyhow::Result<Link>>) -> anyhow::Result<Option<Link>> {
    match tasks.join_next().await {
        Some(ended) => Ok(Some(ended.context("a task failed")?.context("somebody could not sign in")?)),
        None => Ok(None),
    }
}
