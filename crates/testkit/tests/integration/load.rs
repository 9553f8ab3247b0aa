//! Load for a server that is killed again and again: senders and receivers, of bare frames and of the SDK, that go on
//! whatever happens to their connections, and note what they were promised.

use crate::held::{self, Row};
use anyhow::{Context as _, ensure};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use stonechat_client::account::Account;
use stonechat_client::send::{SendHandle, Text};
use stonechat_client::state::ConnectionState;
use stonechat_testkit::ids::client_msg_id;
use stonechat_testkit::people::{PATIENCE, account_with, user};
use stonechat_testkit::raw::Raw;
use stonechat_testkit::store_log::Entry;
use stonechat_types::id::ClientMsgId;
use stonechat_wire::v1::frame::Body;
use stonechat_wire::v1::send_message::To;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Messages that the SDK's sender has in its outbox at once.
const IN_FLIGHT: usize = 8;
/// Between two tries to connect.
const PAUSE: Duration = Duration::from_millis(5);

/// Everything in the log, by conversation.
pub type Log = BTreeMap<String, Vec<Entry>>;

/// What one sender was promised.
#[derive(Default)]
pub struct Promised {
    /// The id and text of everything that he sent, by conversation, in his order.
    pub sent: BTreeMap<String, Vec<(ClientMsgId, String)>>,
    /// What was acknowledged: where, at which seq, and the id.
    pub acknowledged: Vec<(String, u64, ClientMsgId)>,
    /// Acknowledgements of what an earlier try had stored, whose answer a kill swallowed.
    pub deduplicated: usize,
    /// Sends whose connection broke before the answer.
    pub broken: usize,
}

impl Promised {
    fn acknowledge(&mut self, conversation: String, seq: u64, id: ClientMsgId, deduplicated: bool) {
        self.acknowledged.push((conversation, seq, id));
        self.deduplicated += usize::from(deduplicated);
    }

    /// Everything is in the log once, at the seq of its acknowledgement, in the sender's order, and nothing else of his.
    pub fn check(&self, me: &str, log: &Log) -> anyhow::Result<()> {
        for (conversation, seq, id) in &self.acknowledged {
            let entry = log.get(conversation).and_then(|entries| entries.get(*seq as usize - 1));
            let entry = entry.context("an acknowledged message is missing")?;
            ensure!(entry.client_msg_id == Some(id.to_string()), "another message stands at {conversation} {seq}");
        }
        for (conversation, sent) in &self.sent {
            let stored = log.get(conversation).into_iter().flatten().filter(|it| it.is_message() && it.sender == me);
            let stored: Vec<_> = stored.map(|it| (it.client_msg_id.clone(), it.text.clone())).collect();
            let sent: Vec<_> = sent.iter().map(|(id, text)| (Some(id.to_string()), Some(text.clone()))).collect();
            ensure!(stored == sent, "{me} sent {} to {conversation}, {} are stored", sent.len(), stored.len());
        }
        Ok(())
    }
}

/// Sends one message after the other by bare frames, each until it is acknowledged.
pub async fn send_raw(
    tcp: SocketAddr,
    token: String,
    to: String,
    taken: Arc<AtomicUsize>,
    stop: CancellationToken,
) -> anyhow::Result<Promised> {
    let mut promised = Promised::default();
    let mut raw = None;
    for count in 1u64.. {
        let id = client_msg_id();
        let text = format!("message {count}");
        let sent = loop {
            if raw.is_none() {
                raw = Raw::hello(tcp, &token, "load", Bytes::new()).await.ok().map(|(raw, _)| raw);
            }
            let Some(open) = &mut raw else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            match open.send(To::UserId(to.clone()), id, &text).await {
                Ok(sent) => break sent,
                Err(error) if error.to_string().contains("refused") => return Err(error),
                Err(_) => {
                    raw = None;
                    promised.broken += 1;
                }
            }
        };
        taken.fetch_add(1, Ordering::SeqCst);
        promised.sent.entry(sent.conversation_id.clone()).or_default().push((id, text));
        promised.acknowledge(sent.conversation_id, sent.seq, id, sent.deduplicated);
        if stop.is_cancelled() {
            break;
        }
    }
    Ok(promised)
}

/// What one receiver of bare frames was told live: the id at each seq. Two tellings of one place have to agree.
#[derive(Default)]
pub struct Ear {
    told: BTreeMap<(String, u64), Bytes>,
    wrong: Option<String>,
}

impl Ear {
    /// Notes everything that comes live.
    pub async fn listen(tcp: SocketAddr, token: String, ear: Arc<Mutex<Self>>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let Ok((mut raw, _)) = Raw::hello(tcp, &token, "ear", Bytes::new()).await else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let mut last = BTreeMap::new();
            while let Some(Ok(Some(frame))) = stop.run_until_cancelled(raw.next()).await {
                let Some(Body::Event(event)) = frame.body else { continue };
                let mut ear = ear.lock().unwrap();
                let before = last.insert(event.conversation_id.clone(), event.seq).unwrap_or(0);
                if before >= event.seq {
                    ear.wrong = Some(format!("told of {} after {before} on one connection", event.seq));
                }
                let place = (event.conversation_id, event.seq);
                let before = ear.told.insert(place, event.client_msg_id.clone());
                if before.is_some_and(|before| before != event.client_msg_id) {
                    ear.wrong = Some(format!("told two things of seq {}", event.seq));
                }
            }
        }
    }

    /// Everything that was told is in the log, at its seq; how much it was.
    pub fn check(&self, log: &Log) -> anyhow::Result<usize> {
        ensure!(self.wrong.is_none(), "{:?}", self.wrong);
        for ((conversation, seq), id) in &self.told {
            let entry = log.get(conversation).and_then(|entries| entries.get(*seq as usize - 1));
            let entry = entry.context("told of an event that is not in the log")?;
            let id = ClientMsgId::from_slice(id).map(|id| id.to_string()).ok();
            ensure!(entry.client_msg_id == id, "told of another event than {conversation} {seq}");
        }
        Ok(self.told.len())
    }
}

/// A device of the SDK that goes on through all kills, and notes every event that it gives.
pub struct Device {
    pub account: Account,
    home: TempDir,
    given: Arc<Mutex<Vec<(String, u64)>>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Device {
    pub async fn start(endpoint: &str, token: &str, name: &str) -> anyhow::Result<Self> {
        let home = tempfile::tempdir()?;
        let record = |builder: stonechat_client::client::ClientBuilder| builder.record_events(true);
        let account = account_with(endpoint, token, name, "phone", home.path(), record).await?;
        account.start().await?;
        account.online(PATIENCE).await?;
        let given = Arc::new(Mutex::new(Vec::new()));
        let tasks =
            vec![tokio::spawn(look_often(account.clone())), tokio::spawn(take_events(account.clone(), given.clone()))];
        Ok(Self { account, home, given, tasks })
    }

    /// Messages in its store.
    pub fn count(&self) -> usize {
        held::count(self.home.path()).unwrap_or_default()
    }

    /// Events that it gave.
    pub fn given(&self) -> usize {
        self.given.lock().unwrap().len()
    }

    /// Stops it: its store equals the log in these conversations, its outbox is empty, and it gave every event of them
    /// once and in order.
    pub async fn check(self, log: &Log, conversations: &[String]) -> anyhow::Result<usize> {
        self.account.stop().await;
        for task in self.tasks {
            task.await?;
        }
        let mut expected = Vec::new();
        let mut given = BTreeMap::<_, Vec<_>>::new();
        for (conversation, seq) in self.given.lock().unwrap().iter() {
            given.entry(conversation.clone()).or_default().push(*seq);
        }
        for conversation in conversations {
            let entries = log.get(conversation).context("the log has the conversation")?;
            let given = given.remove(conversation).unwrap_or_default();
            ensure!(entries.iter().map(|entry| entry.seq).eq(given), "an event was given twice, late or not at all");
            expected.extend(entries.iter().filter(|entry| entry.is_message()).map(Row::of));
        }
        expected.sort_by(|a, b| (&a.conversation, a.seq).cmp(&(&b.conversation, b.seq)));
        ensure!(given.is_empty(), "it gave events of other conversations");
        let held = held::messages(self.home.path())?;
        ensure!(held.len() == expected.len(), "{} messages are held, {} stored", held.len(), expected.len());
        for (held, stored) in held.iter().zip(&expected) {
            ensure!(held == stored, "the device holds {held:?}, the log {stored:?}");
        }
        ensure!(held::outbox(self.home.path())?.is_empty(), "something is left in the outbox");
        Ok(held.len())
    }
}

/// Somebody looks at the device all the time, so that it does not wait longer and longer after so many failures.
async fn look_often(account: Account) {
    let mut connection = account.connection();
    let mut state = connection.get();
    loop {
        match state {
            ConnectionState::Ended(_) => return,
            ConnectionState::Offline { .. } => {
                tokio::time::sleep(PAUSE).await;
                account.try_now().await;
            }
            _ => {}
        }
        match connection.next().await {
            Some(next) => state = next,
            None => return,
        }
    }
}

async fn take_events(account: Account, given: Arc<Mutex<Vec<(String, u64)>>>) {
    let mut events = account.events();
    while let Ok(event) = events.next().await {
        given.lock().unwrap().push((event.conversation.to_string(), event.event.seq));
        if events.acknowledge(event.cursor).await.is_err() {
            return;
        }
    }
}

/// Writes to two people in turn through the durable outbox, several messages on their way at once.
pub async fn send_sdk(account: Account, to: [&str; 2], stop: CancellationToken) -> anyhow::Result<Promised> {
    let mut promised = Promised::default();
    let mut waiting = VecDeque::new();
    for count in 1u64.. {
        for name in to {
            let text = format!("note {count}");
            let handle = account.conversation_with(&user(name)).send(Text::new(&text)).await?;
            let sent = promised.sent.entry(handle.conversation().to_string()).or_default();
            sent.push((handle.client_msg_id(), text));
            waiting.push_back(handle);
        }
        while waiting.len() > IN_FLIGHT {
            promised.settle(waiting.pop_front()).await?;
        }
        if stop.is_cancelled() {
            break;
        }
    }
    while let Some(handle) = waiting.pop_front() {
        promised.settle(Some(handle)).await?;
    }
    Ok(promised)
}

impl Promised {
    async fn settle(&mut self, handle: Option<SendHandle>) -> anyhow::Result<()> {
        let Some(handle) = handle else { return Ok(()) };
        let mark = tokio::time::timeout(PATIENCE, handle.sent()).await.context("an answer")?;
        let mark = mark.context("the message of the SDK is stored")?;
        ensure!(!mark.conflict, "a message met another of its id");
        let conversation = mark.conversation.to_string();
        self.acknowledge(conversation, mark.seq.0, handle.client_msg_id(), mark.deduplicated);
        Ok(())
    }
}
