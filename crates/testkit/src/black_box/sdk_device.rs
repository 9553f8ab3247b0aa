//! A device of the SDK that writes, reads and goes on through everything.

use crate::black_box::history::{Answer, Call, Event, Recorder, Shown, What, brief};
use crate::black_box::place::{self, Place, Progress};
use crate::dice::Dice;
use crate::held;
use crate::people::{PATIENCE, account_with, user};
use anyhow::Context as _;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use stonechat_client::account::Account;
use stonechat_client::client::ClientBuilder;
use stonechat_client::conversation::Conversation;
use stonechat_client::send::{SendHandle, SendOptions, Text};
use stonechat_client::state::{ConnectionState, ConversationSummary, SendState};
use stonechat_types::number::Seq;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Messages that wait in its outbox at most.
const WAITING_MAX: usize = 16;
/// Milliseconds between two things that it does.
const PAUSE_MS: (u64, u64) = (60, 300);
/// Before a try to connect.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long a message may be under way once all is well again.
const SETTLES: Duration = Duration::from_secs(180);

/// A device.
#[derive(Clone)]
pub struct SdkDevice {
    /// `USER/DEVICE`.
    pub process: String,
    account: Account,
    home: PathBuf,
    recorder: Arc<Recorder>,
    progress: Progress,
    tasks: TaskTracker,
}

/// Whose device it is, and how it reaches the server.
pub struct Setup<'a> {
    /// The user.
    pub user: &'a str,
    /// The device.
    pub device: &'a str,
    /// Where the server is for it.
    pub endpoint: &'a str,
    /// Its token.
    pub token: &'a str,
    /// A folder for what it keeps.
    pub home: PathBuf,
}

impl SdkDevice {
    /// Starts it, and waits until it is online.
    ///
    /// # Errors
    /// When it does not come online.
    pub async fn start(setup: Setup<'_>, recorder: Arc<Recorder>, progress: Progress) -> anyhow::Result<Self> {
        let Setup { user, device, endpoint, token, home } = setup;
        let record = |builder: ClientBuilder| builder.record_events(true);
        let account = account_with(endpoint, token, user, device, &home, record).await?;
        account.start().await?;
        account.online(PATIENCE).await.with_context(|| format!("{user}/{device} comes online"))?;
        let process = format!("{user}/{device}");
        let device = Self { process, account, home, recorder, progress, tasks: TaskTracker::new() };
        device.tasks.spawn(device.clone().look_often());
        device.tasks.spawn(device.clone().take_events());
        Ok(device)
    }

    /// Writes and reads until it is stopped; then waits until everything that it wrote is settled.
    ///
    /// # Errors
    /// When something of it is never settled, or its store fails.
    pub async fn live(self, places: Vec<Place>, mut dice: Dice, stop: CancellationToken) -> anyhow::Result<()> {
        let (waiting, mut count) = (Arc::new(Semaphore::new(WAITING_MAX)), 0);
        while !stop.is_cancelled() {
            let at = self.conversation(dice.pick(&places))?;
            if dice.one_in(8) {
                self.read(&at, &mut dice).await?;
            } else if let Ok(permit) = waiting.clone().try_acquire_owned() {
                count += 1;
                let device = self.clone();
                let (op, handle) = self.send(&at, count, dice.one_in(3)).await?;
                self.tasks.spawn(async move {
                    device.settle(op, handle).await;
                    drop(permit);
                });
            }
            self.show_cursor(&at);
            let pause = Duration::from_millis(dice.within(PAUSE_MS.0, PAUSE_MS.1));
            stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        }
        let settled = waiting.acquire_many(WAITING_MAX as u32);
        let settled = tokio::time::timeout(SETTLES, settled).await;
        settled.with_context(|| format!("messages of {} are never settled", self.process))?.map(drop)?;
        Ok(())
    }

    fn conversation(&self, place: &Place) -> anyhow::Result<Conversation> {
        Ok(match &place.peer {
            Some(peer) => self.account.conversation_with(&user(peer)),
            None => self.account.conversation(&place.id.parse().ok().context("an id of a group")?),
        })
    }

    async fn send(&self, at: &Conversation, count: u64, shown: bool) -> anyhow::Result<(u64, SendHandle)> {
        let text = format!("{} {count}", self.process);
        let id = crate::ids::client_msg_id();
        let call = Call::Send { conversation: at.id().to_string(), id: id.to_string(), text: brief(&text), lane: true };
        let read_upto = at.summary().filter(|_| shown).map(|summary| summary.head_seq);
        let op = self.recorder.invoke(&self.process, call);
        let options = SendOptions { client_msg_id: Some(id), read_upto };
        Ok((op, at.send_with(Text::new(text), options).await?))
    }

    async fn settle(&self, op: u64, handle: SendHandle) {
        let what = match handle.done().await {
            SendState::Sent(mark) => {
                self.progress.step();
                let conversation = mark.conversation.to_string();
                let (seq, ordinal, deduplicated) = (mark.seq.0, mark.ordinal.0, mark.deduplicated);
                What::Ok { op, answer: Answer::Sent { conversation, seq, ordinal, deduplicated } }
            }
            SendState::Failed(failure) => {
                // What failed for good is taken away, as a user would.
                let _gone = handle.cancel().await;
                What::Fail { op, code: failure.code }
            }
            other => What::Info { op, why: format!("{other:?}") },
        };
        self.recorder.note(&self.process, what);
    }

    async fn read(&self, at: &Conversation, dice: &mut Dice) -> anyhow::Result<()> {
        let Some(summary) = at.summary().filter(|summary| summary.member) else { return Ok(()) };
        let upto = dice.within(summary.read_seq.0, summary.head_seq.0 + 1);
        Ok(at.mark_read(Seq(upto)).await?)
    }

    fn show_cursor(&self, at: &Conversation) {
        if let Some(summary) = at.summary() {
            let conversation = at.id().to_string();
            self.recorder.note(&self.process, What::Cursor { conversation, read_seq: summary.read_seq.0 });
        }
    }

    /// Somebody looks at it all the time, so that it does not wait longer and longer after so many failures.
    async fn look_often(self) {
        let mut connection = self.account.connection();
        let mut state = connection.get();
        loop {
            match state {
                ConnectionState::Ended(_) => return,
                ConnectionState::Offline { .. } => {
                    tokio::time::sleep(LOOK_EVERY).await;
                    self.account.try_now().await;
                }
                _ => {}
            }
            match connection.next().await {
                Some(next) => state = next,
                None => return,
            }
        }
    }

    async fn take_events(self) {
        let mut events = self.account.events();
        while let Ok(event) = events.next().await {
            let (what, users) = (place::event(&event.event), place::named(&event.event));
            self.recorder.note(&self.process, What::Told { session: 0, event: what, users });
            if events.acknowledge(event.cursor).await.is_err() {
                return;
            }
        }
    }

    /// Whether it has come as far in every conversation, with as much unread. Each is (head, unread).
    #[must_use]
    pub fn is_in_step(&self, with: &BTreeMap<String, (u64, u64)>) -> bool {
        let shown = self.shown();
        let stands = |id: &String, (head, unread): &(u64, u64)| {
            let there = |summary: &&Arc<ConversationSummary>| summary.id.to_string() == *id;
            shown.iter().find(there).is_some_and(|it| (it.head_seq.0, it.unread) == (*head, *unread))
        };
        with.iter().all(|(id, place)| stands(id, place)) && self.holds(with).unwrap_or(false)
    }

    fn holds(&self, with: &BTreeMap<String, (u64, u64)>) -> anyhow::Result<bool> {
        let store = Connection::open(crate::people::database(&self.home)?)?;
        let recorded: i64 = store.query_row("SELECT count(*) FROM events", [], |row| row.get(0))?;
        let mut last = store.prepare("SELECT last_seq FROM conversations WHERE conversation_id = ?1")?;
        for (id, (head, _)) in with {
            let last: i64 = last.query_row([id], |row| row.get(0))?;
            if u64::try_from(last)? < *head {
                return Ok(false);
            }
        }
        Ok(recorded == 0)
    }

    fn shown(&self) -> Vec<Arc<ConversationSummary>> {
        self.account.conversations().now().into_iter().collect()
    }

    /// Stops it, and notes what it holds and shows.
    ///
    /// # Errors
    /// When its store cannot be read.
    pub async fn end(&self) -> anyhow::Result<()> {
        let shown = self.shown();
        self.account.stop().await;
        self.tasks.close();
        self.tasks.wait().await;
        for summary in shown {
            let shown = Shown {
                conversation: summary.id.to_string(),
                member: summary.member,
                head_seq: summary.head_seq.0,
                head_ordinal: summary.head_ordinal.0,
                read_seq: summary.read_seq.0,
                unread: summary.unread,
            };
            self.recorder.note(&self.process, What::Shown(shown));
        }
        for row in held::messages(&self.home)? {
            let event = Event {
                conversation: row.conversation,
                seq: row.seq,
                ordinal: row.ordinal,
                kind: "message".to_owned(),
                sender: row.sender,
                id: row.client_msg_id,
            };
            self.recorder.note(&self.process, What::Held { event, text: brief(&row.text) });
        }
        for id in held::outbox(&self.home)? {
            self.recorder.note(&self.process, What::Unsent { id });
        }
        Ok(())
    }
}
