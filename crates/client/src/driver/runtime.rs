//! The handle to an account's loop, its store and its observables.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ring::digest::{SHA256, digest};
use stonechat_types::id::{ClientMsgId, ConversationId, UserId};
use stonechat_types::number::{Ordinal, Seq, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::account::OpenMode;
use crate::client::{Config, Place};
use crate::core::command::{Command, Reply};
use crate::core::machine::{Core, Settings};
use crate::core::mutant::Mutants;
use crate::core::rows::{HistoryRows, MessageRow};
use crate::core::timeline::TimelineModel;
use crate::driver::event_loop::{EventLoop, Io, Request};
use crate::driver::ids::IdMaker;
use crate::driver::limits::{NAMES_MAX, REQUESTS_QUEUED, STOP_TIMEOUT, STORE_LOCK_TIMEOUT};
use crate::error::{Error, Result, StoreError};
use crate::events::{EventCursor, RecordedEvent};
use crate::store::memory::MemoryStore;
use crate::store::sqlite::{self, SqliteStore};
use crate::store::thread::{self, Read, StoreQueues, Write};
use crate::store::{MessageQuery, MessageSearch};
use crate::timeline::{Pagination, TimelineOptions};
use crate::views::{TimelineView, Views};

/// Name and version of this client.
const CLIENT: &str = concat!("stonechat-rust/", env!("CARGO_PKG_VERSION"));
/// Pages that one call of `paginate_back` looks through at most.
const PAGES_PER_CALL: u32 = 8;

/// An account at work.
pub(crate) struct Runtime {
    config: Arc<Config>,
    views: Arc<Views>,
    requests: mpsc::Sender<Request>,
    reads: mpsc::Sender<Read>,
    writes: mpsc::WeakSender<Write>,
    tasks: TaskTracker,
    stop: CancellationToken,
    ids: IdMaker,
}

impl Runtime {
    pub async fn open(config: &Arc<Config>, user: &UserId, mode: OpenMode) -> Result<Self> {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let StoreQueues { snapshot, writes, reads, committed } =
            open_store(config, user, mode, (&tasks, stop.clone())).await?;
        let settings = Settings {
            me: user.clone(),
            device: config.device.id.clone(),
            device_name: config.device.name.clone(),
            client: CLIENT.to_owned(),
            platform: config.device.platform,
            window: config.window,
            record_events: config.record_events,
            mutants: Mutants::default(),
        };
        let (requests, request_queue) = mpsc::channel(REQUESTS_QUEUED);
        let views = Arc::<Views>::default();
        let weak_writes = writes.downgrade();
        let event_loop = EventLoop {
            core: Core::new(settings, snapshot),
            config: config.clone(),
            user: user.clone(),
            views: views.clone(),
            requests: request_queue,
            writes,
            committed,
            tasks: tasks.clone(),
            stop: stop.clone(),
            io: Io::default(),
        };
        tasks.spawn(event_loop.run());
        let ids = IdMaker::default();
        let runtime = Self { config: config.clone(), views, requests, reads, writes: weak_writes, tasks, stop, ids };
        // The first answer comes after everything that the store held has been told.
        runtime.ask(Command::Outbox).await?;
        Ok(runtime)
    }

    pub fn views(&self) -> &Arc<Views> {
        &self.views
    }

    pub async fn ask(&self, command: Command) -> Result<Reply> {
        let (answer, reply) = oneshot::channel();
        self.requests.send(Request { command, answer }).await.map_err(|_| Error::Closed)?;
        reply.await.unwrap_or(Err(Error::Closed))
    }

    pub async fn stop(&self) {
        // The loop may have ended before.
        let _ = tokio::time::timeout(STOP_TIMEOUT, self.ask(Command::Stop)).await;
        self.stop.cancel();
        self.tasks.close();
        let _ = tokio::time::timeout(STOP_TIMEOUT, self.tasks.wait()).await;
    }

    /// Removes the files of the store, once it is stopped.
    pub fn erase(&self, user: &UserId) -> Result<()> {
        match &self.config.store.place {
            Place::Memory => Ok(()),
            Place::Folder(folder) => sqlite::erase(&path(folder, &self.config, user)).map_err(Error::Store),
        }
    }

    /// Waits until the account is stopped.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    pub async fn within<T>(&self, at_most: Duration, wait: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::time::timeout(at_most, wait).await.unwrap_or(Err(Error::Timeout))
    }

    pub fn now(&self) -> Timestamp {
        Timestamp(self.config.clock.wall_ms())
    }

    pub fn command_id(&self) -> Bytes {
        Bytes::copy_from_slice(&self.ids.make(&*self.config.clock, &*self.config.entropy))
    }

    pub fn client_msg_id(&self) -> ClientMsgId {
        ClientMsgId(self.ids.make(&*self.config.clock, &*self.config.entropy))
    }

    pub async fn open_timeline(
        &self,
        me: &UserId,
        conversation: ConversationId,
        options: TimelineOptions,
    ) -> Result<Arc<TimelineView>> {
        // It hears changes before it asks what is there, so that nothing falls between; changes twice do no harm.
        let view = self.views.add_timeline(TimelineModel::new(me.clone(), conversation, options));
        let _reading = view.reading();
        if let Reply::Opened(opened) = self.ask(Command::Open(conversation)).await? {
            view.begin(opened);
        }
        let (from, _) = view.look(TimelineModel::next_page);
        let newest = MessageQuery { conversation, from, upto: i64::MAX as u64, limit: options.page };
        view.merge(self.read_page(newest).await?, from);
        self.show_held(&view, options.page).await?;
        Ok(view)
    }

    pub async fn paginate_back(&self, view: &Arc<TimelineView>, messages: u32) -> Result<Pagination> {
        let conversation = view.look(TimelineModel::conversation);
        for _ in 0..PAGES_PER_CALL {
            if view.look(TimelineModel::reached_start) {
                break;
            }
            let (from, held) = view.look(TimelineModel::next_page);
            if held.is_none() {
                let before = Some(Ordinal(from));
                self.ask(Command::LoadBefore { conversation, before, limit: messages }).await?;
            }
            let loaded = self.show_held(view, messages).await?;
            if loaded > 0 || held.is_none() {
                return Ok(Pagination { loaded, reached_start: view.look(TimelineModel::reached_start) });
            }
        }
        Ok(Pagination { loaded: 0, reached_start: view.look(TimelineModel::reached_start) })
    }

    /// Shows what this device holds before a window.
    async fn show_held(&self, view: &Arc<TimelineView>, limit: u32) -> Result<u32> {
        let (before, Some(start)) = view.look(TimelineModel::next_page) else { return Ok(0) };
        let conversation = view.look(TimelineModel::conversation);
        let query = MessageQuery { conversation, from: start, upto: before.saturating_sub(1), limit };
        let _reading = view.reading();
        let page = self.read_page(query).await?;
        let loaded = u32::try_from(page.messages.len()).unwrap_or(u32::MAX);
        let from = if loaded < limit { start } else { page.messages.first().map_or(start, |row| row.ordinal) };
        view.merge(page, from);
        Ok(loaded)
    }

    pub async fn fill_gap(&self, view: &Arc<TimelineView>, after: Ordinal) -> Result<Pagination> {
        let conversation = view.look(TimelineModel::conversation);
        let Some(before) = view.look(|model| model.after_gap(after.get())) else {
            return Ok(Pagination { loaded: 0, reached_start: view.look(TimelineModel::reached_start) });
        };
        let load = Command::LoadBefore { conversation, before: Some(Ordinal(before)), limit: 0 };
        match self.ask(load).await? {
            // The messages came as changes before the answer.
            Reply::Loaded { messages, .. } => {
                Ok(Pagination { loaded: messages, reached_start: view.look(TimelineModel::reached_start) })
            }
            other => Err(Error::Protocol(format!("unexpected reply {other:?}"))),
        }
    }

    async fn read_page(&self, query: MessageQuery) -> Result<HistoryRows> {
        let (answer, page) = oneshot::channel();
        self.reads.send(Read::Page(query, answer)).await.map_err(|_| Error::Closed)?;
        page.await.map_err(|_| Error::Closed)?.map_err(Error::Store)
    }

    pub async fn read_message(&self, conversation: ConversationId, seq: Seq) -> Result<Option<MessageRow>> {
        let (answer, row) = oneshot::channel();
        self.reads.send(Read::Message(conversation, seq.get(), answer)).await.map_err(|_| Error::Closed)?;
        row.await.map_err(|_| Error::Closed)?.map_err(Error::Store)
    }

    pub async fn search(&self, search: MessageSearch) -> Result<Vec<MessageRow>> {
        let (answer, rows) = oneshot::channel();
        self.reads.send(Read::Search(Box::new(search), answer)).await.map_err(|_| Error::Closed)?;
        rows.await.map_err(|_| Error::Closed)?.map_err(Error::Store)
    }

    pub async fn known_names(&self) -> Result<Vec<(UserId, String)>> {
        let (answer, names) = oneshot::channel();
        self.reads.send(Read::Names(NAMES_MAX, answer)).await.map_err(|_| Error::Closed)?;
        names.await.map_err(|_| Error::Closed)?.map_err(Error::Store)
    }

    pub async fn recorded_events(&self, after: u64, limit: u32) -> Result<Vec<RecordedEvent>> {
        let (answer, events) = oneshot::channel();
        self.reads.send(Read::Events(after, limit, answer)).await.map_err(|_| Error::Closed)?;
        let events = events.await.map_err(|_| Error::Closed)?.map_err(Error::Store)?;
        let recorded = events.into_iter().map(|(number, event)| {
            let conversation = event.conversation_id.parse();
            let conversation = conversation.map_err(|_| StoreError::Corrupt("an event without a conversation".into()));
            Ok(RecordedEvent { cursor: EventCursor(number), conversation: conversation?, event })
        });
        recorded.collect::<std::result::Result<_, StoreError>>().map_err(Error::Store)
    }

    pub async fn acknowledge_events(&self, upto: u64) -> Result<()> {
        let writes = self.writes.upgrade().ok_or(Error::Closed)?;
        let (answer, done) = oneshot::channel();
        writes.send(Write::Acknowledge(upto, answer)).await.map_err(|_| Error::Closed)?;
        done.await.map_err(|_| Error::Closed)?.map_err(Error::Store)
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn open_store(
    config: &Config,
    user: &UserId,
    mode: OpenMode,
    (tasks, stop): (&TaskTracker, CancellationToken),
) -> Result<StoreQueues> {
    match &config.store.place {
        Place::Memory if mode == OpenMode::Existing => Err(Error::NotFound("account")),
        Place::Memory => thread::in_memory(MemoryStore::default(), tasks, stop).map_err(Error::Store),
        Place::Folder(folder) => {
            let path = path(folder, config, user);
            if mode == OpenMode::Existing && !path.exists() {
                return Err(Error::NotFound("account"));
            }
            let open = move || SqliteStore::open(&path, STORE_LOCK_TIMEOUT);
            thread::on_threads(open).await.map_err(Error::Store)
        }
    }
}

/// One file for each (server, app, user, device): readable, and told apart by a hash even where case is not.
fn path(folder: &Path, config: &Config, user: &UserId) -> PathBuf {
    let server = config.endpoint.split_once("://").map_or(config.endpoint.as_str(), |(_, rest)| rest);
    let server = server.split('/').next().unwrap_or(server);
    let server = config.store.server.as_deref().unwrap_or(server);
    let whole = [server, config.app.as_str(), user.as_str(), config.device.id.as_str()].join("\n");
    let hash: String =
        digest(&SHA256, whole.as_bytes()).as_ref()[..6].iter().map(|byte| format!("{byte:02x}")).collect();
    let plain: String = user.as_str().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    folder.join(format!("{plain}-{}-{hash}.db", config.device.id))
}
