//! A store behind two queues: one writer that commits many transactions at once, one reader beside it.

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::core::rows::{HistoryRows, MessageRow, Snapshot, Transaction};
use crate::driver::limits::{REQUESTS_QUEUED, TRANSACTIONS_PER_COMMIT, TRANSACTIONS_QUEUED};
use crate::error::StoreError;
use crate::store::memory::MemoryStore;
use crate::store::{MessageQuery, MessageSearch, Reader, Result, Store};
use stonechat_types::id::{ConversationId, UserId};
use stonechat_wire::v1::Event;

/// Work for the writer.
#[derive(Debug)]
pub enum Write {
    /// Make a transaction durable.
    Apply(Transaction),
    /// Forget recorded events.
    Acknowledge(u64, oneshot::Sender<Result<()>>),
}

/// Work for the reader.
#[derive(Debug)]
pub enum Read {
    /// Read a piece of a history.
    Page(MessageQuery, oneshot::Sender<Result<HistoryRows>>),
    /// Read one message.
    Message(ConversationId, u64, oneshot::Sender<Result<Option<MessageRow>>>),
    /// Find messages.
    Search(Box<MessageSearch>, oneshot::Sender<Result<Vec<MessageRow>>>),
    /// Read recorded events.
    Events(u64, u32, oneshot::Sender<Result<Vec<(u64, Event)>>>),
    /// Read what users are called.
    Names(u32, oneshot::Sender<Result<Vec<(UserId, String)>>>),
}

/// A store at work.
#[derive(Debug)]
pub struct StoreQueues {
    /// What it held when it was opened.
    pub snapshot: Snapshot,
    /// To the writer; it ends when this is dropped.
    pub writes: mpsc::Sender<Write>,
    /// To the reader; it ends when this is dropped.
    pub reads: mpsc::Sender<Read>,
    /// Every transaction up to this number is durable. Closed when the writer has ended.
    pub committed: watch::Receiver<Result<u64>>,
}

/// Opens a store on threads of its own.
///
/// # Errors
/// Whatever `open` says.
#[allow(clippy::disallowed_methods)]
pub async fn on_threads<S: Store>(open: impl FnOnce() -> Result<S> + Send + 'static) -> Result<StoreQueues> {
    let (writes, write_queue) = mpsc::channel(TRANSACTIONS_QUEUED);
    let (reads, read_queue) = mpsc::channel(REQUESTS_QUEUED);
    let (tell, committed) = watch::channel(Ok(0));
    let (opened, answer) = oneshot::channel();
    let name = || std::thread::Builder::new().name("stonechat-store".into());
    let started = name().spawn(move || {
        let begin = || {
            let mut store = open()?;
            Ok((store.load()?, store.reader()?, store))
        };
        match begin() {
            Ok((snapshot, reader, store)) => {
                let _ = opened.send(Ok((snapshot, reader)));
                write_blocking(store, write_queue, &tell);
            }
            Err(error) => drop(opened.send(Err(error))),
        }
    });
    started.map_err(|error| StoreError::Failed(error.to_string()))?;
    let (snapshot, mut reader) = answer.await.unwrap_or_else(|_| Err(StoreError::Failed("it ended".into())))?;
    let started = name().spawn(move || {
        let mut queue = read_queue;
        while let Some(read) = queue.blocking_recv() {
            answer_read(&mut *reader, read);
        }
    });
    started.map_err(|error| StoreError::Failed(error.to_string()))?;
    Ok(StoreQueues { snapshot, writes, reads, committed })
}

/// Puts a store in memory behind the same queues, without threads, so that a test can turn the time.
///
/// # Errors
/// None but those of the trait.
pub fn in_memory(mut store: MemoryStore, tasks: &TaskTracker, stop: CancellationToken) -> Result<StoreQueues> {
    let (writes, mut write_queue) = mpsc::channel(TRANSACTIONS_QUEUED);
    let (reads, mut read_queue) = mpsc::channel(REQUESTS_QUEUED);
    let (tell, committed) = watch::channel(Ok(0));
    let (snapshot, mut reader) = (store.load()?, store.reader()?);
    tasks.spawn(async move {
        while let Some(write) = write_queue.recv().await {
            if !commit(&mut store, vec![write], &tell) {
                return;
            }
        }
    });
    tasks.spawn(async move {
        while let Some(Some(read)) = stop.run_until_cancelled(read_queue.recv()).await {
            answer_read(&mut *reader, read);
        }
    });
    Ok(StoreQueues { snapshot, writes, reads, committed })
}

fn write_blocking(mut store: impl Store, mut queue: mpsc::Receiver<Write>, tell: &watch::Sender<Result<u64>>) {
    while let Some(first) = queue.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < TRANSACTIONS_PER_COMMIT
            && let Ok(more) = queue.try_recv()
        {
            batch.push(more);
        }
        if !commit(&mut store, batch, tell) {
            return;
        }
    }
}

/// Commits what came together; says whether the store can go on.
fn commit(store: &mut impl Store, batch: Vec<Write>, tell: &watch::Sender<Result<u64>>) -> bool {
    let mut transactions = Vec::new();
    let mut forgets = Vec::new();
    for write in batch {
        match write {
            Write::Apply(transaction) => transactions.push(transaction),
            Write::Acknowledge(upto, answer) => forgets.push((upto, answer)),
        }
    }
    if let Some(last) = transactions.last() {
        let outcome = store.apply(&transactions).map(|()| last.number);
        let goes_on = outcome.is_ok();
        let _ = tell.send_replace(outcome);
        if !goes_on {
            return false;
        }
    }
    for (upto, answer) in forgets {
        // A caller that went away wants no answer.
        let _ = answer.send(store.acknowledge(upto));
    }
    true
}

fn answer_read(reader: &mut dyn Reader, read: Read) {
    match read {
        Read::Page(query, answer) => drop(answer.send(reader.page(query))),
        Read::Message(conversation, seq, answer) => drop(answer.send(reader.message(conversation, seq))),
        Read::Search(search, answer) => drop(answer.send(reader.search(&search))),
        Read::Events(after, limit, answer) => drop(answer.send(reader.events(after, limit))),
        Read::Names(limit, answer) => drop(answer.send(reader.names(limit))),
    }
}
