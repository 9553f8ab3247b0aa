//! An audience on threads of its own: connects everybody, lets them look at the group, and listens until it is dropped.

use crate::audience::{Audience, Manners};
use crate::broadcast::Stand;
use crate::clock::Clock;
use crate::link::{self, Credentials, Link};
use crate::options::{GroupOptions, ServerUrl};
use anyhow::{Context as _, bail};
use std::net::TcpStream;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use stonechat_wire::v1::{self, Frame, frame::Body};
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::timeout;

/// Connections that are made at a time.
const AT_A_TIME: usize = 64;
/// How long the server may take to say that it knows where a member looks.
const FOCUS_TIMEOUT: Duration = Duration::from_secs(20);

/// What the threads are told.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    Wait,
    Focus(String),
    End,
}

/// An audience.
pub struct Seats {
    /// What it hears.
    pub audience: Arc<Audience>,
    words: watch::Sender<Word>,
    ready: mpsc::Receiver<anyhow::Result<()>>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Seats {
    /// Signs all members in. They listen once they look at a group.
    ///
    /// # Errors
    /// When somebody is refused.
    pub fn take_members(options: &GroupOptions, names: &[String], clock: Clock) -> anyhow::Result<Self> {
        let seats = Self::start(options, names, clock, None)?;
        seats.all_ready().context("not everybody could sign in")?;
        Ok(seats)
    }

    /// Connects as many listeners to a port of this process. Answers the other sides of their sockets as well.
    ///
    /// # Errors
    /// When a port or a socket is missing.
    pub fn take_bare(options: &GroupOptions, clock: Clock) -> anyhow::Result<(Self, Vec<TcpStream>)> {
        let stand = Stand::open(options.target.server.carrier)?;
        let (url, count) = (stand.url()?, options.members);
        let admit = std::thread::Builder::new().name("bench-admit".into()).spawn(move || stand.admit(count));
        let seats = Self::start(options, &vec![String::new(); count], clock, Some(url))?;
        seats.all_ready().context("not everybody could connect")?;
        let streams = admit.context("no thread is left")?.join();
        Ok((seats, streams.map_err(|_| anyhow::anyhow!("the port broke"))??))
    }

    /// Everybody looks at the group, as the server knows when this answers.
    ///
    /// # Errors
    /// When somebody cannot.
    pub fn focus(&self, group: &str) -> anyhow::Result<()> {
        self.words.send_replace(Word::Focus(group.into()));
        self.all_ready()
    }

    fn start(options: &GroupOptions, names: &[String], clock: Clock, bare: Option<ServerUrl>) -> anyhow::Result<Self> {
        let audience = Arc::new(Audience::new(options.members, clock, options.body_bytes));
        let (words, _) = watch::channel(Word::Wait);
        let (outbox, ready) = mpsc::sync_channel(2 * options.threads);
        let mut threads = Vec::new();
        for names in names.chunks(names.len().div_ceil(options.threads)) {
            let row =
                Row { options: options.clone(), names: names.to_vec(), bare: bare.clone(), audience: audience.clone() };
            let (words, outbox) = (words.subscribe(), outbox.clone());
            let body = move || row.sit(words, &outbox);
            let thread = std::thread::Builder::new().name("bench-listen".into()).spawn(body);
            threads.push(thread.context("no thread is left")?);
        }
        Ok(Self { audience, words, ready, threads })
    }

    fn all_ready(&self) -> anyhow::Result<()> {
        self.threads.iter().try_for_each(|_| self.ready.recv().context("a thread has ended")?)
    }
}

impl Drop for Seats {
    fn drop(&mut self) {
        self.words.send_replace(Word::End);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// The listeners of one thread.
struct Row {
    options: GroupOptions,
    names: Vec<String>,
    bare: Option<ServerUrl>,
    audience: Arc<Audience>,
}

impl Row {
    fn sit(self, words: watch::Receiver<Word>, ready: &mpsc::SyncSender<anyhow::Result<()>>) {
        let outcome = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            LocalSet::new().block_on(&runtime, self.attend(words, ready))
        };
        if let Err(error) = outcome() {
            // Whoever waits for us gets the error, or finds it in the audience.
            if let Err(mpsc::TrySendError::Full(Err(error)) | mpsc::TrySendError::Disconnected(Err(error))) =
                ready.try_send(Err(error))
            {
                self.audience.fail(error);
            }
        }
    }

    async fn attend(
        &self,
        mut words: watch::Receiver<Word>,
        ready: &mpsc::SyncSender<anyhow::Result<()>>,
    ) -> anyhow::Result<()> {
        let mut links = self.connect().await?;
        let _ = ready.try_send(Ok(()));
        if self.bare.is_none() {
            let word = words.wait_for(|word| *word != Word::Wait).await.context("nobody waits")?.clone();
            let Word::Focus(group) = word else { return Ok(()) };
            for link in &mut links {
                timeout(FOCUS_TIMEOUT, look_at(link, &group)).await.context("the server does not answer")??;
            }
            let _ = ready.try_send(Ok(()));
        }
        let manners = if self.bare.is_some() { Manners::Silent } else { Manners::Protocol };
        let mut listening = JoinSet::new();
        for link in links {
            let audience = self.audience.clone();
            listening.spawn_local(async move { audience.listen(link, manners).await });
        }
        tokio::select! {
            biased;
            _ = words.wait_for(|word| *word == Word::End) => {}
            Some(ended) = listening.join_next() => {
                let error = match ended {
                    Ok(Ok(())) => anyhow::anyhow!("a listener left"),
                    Ok(Err(error)) => error,
                    Err(error) => error.into(),
                };
                self.audience.fail(error);
            }
        }
        Ok(())
    }

    async fn connect(&self) -> anyhow::Result<Vec<Link>> {
        let (mut links, mut joining) = (Vec::with_capacity(self.names.len()), JoinSet::new());
        for (at, name) in self.names.iter().enumerate() {
            if joining.len() >= AT_A_TIME {
                links.extend(joined(&mut joining).await?);
            }
            match self.bare.clone() {
                Some(url) => joining.spawn_local(async move { Link::bare(&url).await }),
                None => {
                    let target = &self.options.target;
                    let token = (target.tokens)(name).with_context(|| format!("could not make a token for {name}"))?;
                    let (server, who) = (target.server.clone(), Credentials { token, device: "bench".into() });
                    joining.spawn_local(async move { Ok(Link::sign_in(&server, &who, at as u32).await?.0) })
                }
            };
        }
        while let Some(link) = joined(&mut joining).await? {
            links.push(link);
        }
        Ok(links)
    }
}

async fn joined(tasks: &mut JoinSet<anyhow::Result<Link>>) -> anyhow::Result<Option<Link>> {
    match tasks.join_next().await {
        Some(ended) => Ok(Some(ended.context("a task failed")??)),
        None => Ok(None),
    }
}

/// Sets the focus. Reads on until the server has answered something that it was asked after that, and pulls when it has
/// to: the members of the group changed meanwhile.
async fn look_at(link: &mut Link, group: &str) -> anyhow::Result<()> {
    let focus = v1::Focus { conversation_ids: vec![group.into()] };
    link.put_frame(&Frame { id: 0, body: Some(Body::Focus(focus)) });
    let mut ping = link.put(Body::Ping(v1::Ping {}));
    loop {
        link.flush().await?;
        while let Some(range) = link.next_frame()? {
            let frame = link::decode(link.inbox.frame(range))?;
            match frame.body {
                Some(Body::Poke(poke)) => {
                    link.put(Body::Pull(v1::Pull { position: poke.position, window: 0 }));
                    ping = link.put(Body::Ping(v1::Ping {}));
                }
                Some(Body::Pong(_)) if frame.id == ping => return Ok(()),
                Some(Body::Error(error)) => bail!("{}: {}", error.code, error.message),
                Some(Body::Closing(closing)) => bail!("the server closes: {} {}", closing.code, closing.message),
                _ => {}
            }
        }
        link.flush().await?;
        link.read_more().await?;
    }
}
