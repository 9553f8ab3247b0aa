//! The users of all apps: app state with one writer. A look-up is answered from memory, then from rows; whoever is new
//! waits for the commit that makes him exist, and many may share it.

use crate::api::Failure;
use crate::map::Map;
use crate::ports::{Clock, Entropy};
use crate::rows::user::User;
use crate::rows::{codec, key, user};
use crate::watermark::Watermark;
use bytes::Bytes;
use quick_cache::sync::Cache;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use stonechat_domain::member::UserRef;
use stonechat_log::record::{Committed, Record};
use stonechat_log::row::RowWrite;
use stonechat_log::store::{Log, LogError};
use stonechat_log::vault::{Salt, Vault};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::UserId;
use stonechat_types::number::{AppId, UserNo};
use stonechat_types::text::DisplayName;
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

/// Users kept in memory.
pub const USERS_CACHED_MAX: usize = 65_536;
/// Users that wait to be made, past which more are refused.
pub const USERS_PENDING_MAX: usize = 65_536;
/// Users made in one commit.
const USERS_PER_COMMIT_MAX: usize = 256;

struct Put {
    app: AppId,
    id: UserId,
    name: Option<DisplayName>,
    done: oneshot::Sender<Result<User, Failure>>,
}

/// The directory.
pub struct Directory {
    log: Arc<dyn Log>,
    vault: Arc<dyn Vault>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    watermark: Arc<Watermark>,
    by_id: Cache<(AppId, UserId), User>,
    by_no: Cache<(AppId, UserNo), User>,
    queue: Mutex<Vec<Put>>,
    overloads: AtomicU64,
    writer: tokio::sync::Mutex<Map<AppId, u32>>,
    tasks: TaskTracker,
}

impl Directory {
    /// A directory over a store.
    #[must_use]
    pub fn new(
        log: Arc<dyn Log>,
        vault: Arc<dyn Vault>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        watermark: Arc<Watermark>,
        tasks: TaskTracker,
    ) -> Self {
        Self {
            log,
            vault,
            clock,
            entropy,
            watermark,
            by_id: Cache::new(USERS_CACHED_MAX),
            by_no: Cache::new(USERS_CACHED_MAX),
            queue: Mutex::default(),
            overloads: AtomicU64::new(0),
            writer: tokio::sync::Mutex::default(),
            tasks,
        }
    }

    /// The user, when he exists.
    ///
    /// # Errors
    /// [`LogError`] when the rows cannot be read.
    pub async fn find(&self, app: AppId, id: &UserId) -> Result<Option<User>, LogError> {
        if let Some(user) = self.by_id.get(&(app, id.clone())) {
            return Ok(Some(user));
        }
        let row = self.log.load(vec![key::user(app, id)]).await?.into_iter().next().flatten();
        row.map(|row| self.remember(app, &row)).transpose()
    }

    /// The user of a number.
    ///
    /// # Errors
    /// [`LogError`] when the rows cannot be read.
    pub async fn find_by_no(&self, app: AppId, no: UserNo) -> Result<Option<User>, LogError> {
        if let Some(user) = self.by_no.get(&(app, no)) {
            return Ok(Some(user));
        }
        let row = self.log.load(vec![key::user_by_no(app, no)]).await?.into_iter().next().flatten();
        row.map(|row| self.remember(app, &row)).transpose()
    }

    /// Users that wait to be made.
    pub fn pending(&self) -> usize {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// How many were refused because too many wait.
    pub fn overloads(&self) -> u64 {
        self.overloads.load(Ordering::Relaxed)
    }

    fn remember(&self, app: AppId, row: &[u8]) -> Result<User, LogError> {
        let user = user::decode(row)?;
        self.keep_read(app, &user);
        Ok(user)
    }

    /// Keeps what a row said, unless a writer has said something newer meanwhile.
    fn keep_read(&self, app: AppId, user: &User) {
        if self.by_no.get(&(app, user.user.no)).is_none() {
            self.keep(app, user);
        }
    }

    fn keep(&self, app: AppId, user: &User) {
        self.by_id.insert((app, user.user.id.clone()), user.clone());
        self.by_no.insert((app, user.user.no), user.clone());
    }

    /// The user, who is made if he does not exist.
    ///
    /// # Errors
    /// [`Failure`] when the store does not take it.
    pub async fn ensure(self: &Arc<Self>, app: AppId, id: &UserId) -> Result<User, Failure> {
        match self.find(app, id).await.map_err(failure)? {
            Some(user) => Ok(user),
            None => self.put(app, id.clone(), None).await,
        }
    }

    /// Makes the user or, when a name is given, renames him.
    ///
    /// # Errors
    /// [`Failure`] when the store does not take it.
    pub async fn put(self: &Arc<Self>, app: AppId, id: UserId, name: Option<DisplayName>) -> Result<User, Failure> {
        let (done, answer) = oneshot::channel();
        {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            if queue.len() >= USERS_PENDING_MAX {
                self.overloads.fetch_add(1, Ordering::Relaxed);
                let failure = Failure::new(ErrorCode::Overloaded, "too many users are being made");
                return Err(Failure { retry_after_ms: Some(250), ..failure });
            }
            queue.push(Put { app, id, name, done });
        }
        // In a task of its own: a caller that goes away must not take with it those who wait beside him.
        let this = self.clone();
        self.tasks.spawn(async move { this.drain().await });
        answer.await.unwrap_or_else(|_| Err(Failure::new(ErrorCode::Internal, "the user was not made")))
    }

    /// Makes everybody who waits.
    async fn drain(&self) {
        let mut next = self.writer.lock().await;
        loop {
            let batch: Vec<Put> = {
                let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
                let count = queue.len().min(USERS_PER_COMMIT_MAX);
                queue.drain(..count).collect()
            };
            if batch.is_empty() {
                break;
            }
            self.commit(&mut next, batch).await;
        }
    }

    async fn commit(&self, next: &mut Map<AppId, u32>, batch: Vec<Put>) {
        let mut record = Record::default();
        let mut made: Vec<(AppId, User)> = Vec::new();
        let mut answers = Vec::new();
        for put in batch {
            let known = made.iter().rev().find(|(app, user)| *app == put.app && user.user.id == put.id);
            let known = known.map(|(_, user)| user.clone());
            match self.prepare(next, &put, known, &mut record).await {
                Ok((user, changed)) => {
                    if changed {
                        made.push((put.app, user.clone()));
                    }
                    answers.push((put.done, user));
                }
                Err(error) => _ = put.done.send(Err(failure(error))),
            }
        }
        let result = if record.rows.is_empty() { Ok(()) } else { self.store(record, &made).await };
        if result.is_err() {
            // The numbers of this batch were never stored.
            next.clear();
        }
        for (done, user) in answers {
            _ = done.send(result.clone().map(|()| user));
        }
    }

    async fn prepare(
        &self,
        next: &mut Map<AppId, u32>,
        put: &Put,
        known: Option<User>,
        record: &mut Record,
    ) -> Result<(User, bool), LogError> {
        let existing = match known {
            Some(user) => Some(user),
            None => self.find(put.app, &put.id).await?,
        };
        let user = match existing {
            Some(user) if put.name.is_none() || put.name == user.name => return Ok((user, false)),
            Some(user) => User { name: put.name.clone(), ..user },
            None => {
                let no = self.number(next, put.app).await?;
                next.insert(put.app, no + 1);
                record.rows.push(RowWrite::Put {
                    key: key::next_user(put.app),
                    value: Bytes::copy_from_slice(&(no + 1).to_be_bytes()),
                });
                let user = UserRef { no: UserNo(no), id: put.id.clone() };
                User { user, name: put.name.clone(), created_at: self.clock.now() }
            }
        };
        let value = user::encode(&user);
        record.rows.push(RowWrite::Put { key: key::user(put.app, &put.id), value: value.clone() });
        record.rows.push(RowWrite::Put { key: key::user_by_no(put.app, user.user.no), value });
        Ok((user, true))
    }

    async fn number(&self, next: &Map<AppId, u32>, app: AppId) -> Result<u32, LogError> {
        if let Some(no) = next.get(&app) {
            return Ok(*no);
        }
        match self.log.load(vec![key::next_user(app)]).await?.into_iter().next().flatten() {
            None => Ok(1),
            Some(row) => row[..].try_into().map(u32::from_be_bytes).map_err(|_| codec::damaged("the next user")),
        }
    }

    async fn store(&self, record: Record, made: &[(AppId, User)]) -> Result<(), Failure> {
        let mut salts: BTreeMap<AppId, Vec<(UserNo, Salt)>> = BTreeMap::new();
        for (app, user) in made {
            let mut salt = [0; 16];
            self.entropy.fill(&mut salt);
            salts.entry(*app).or_default().push((user.user.no, salt));
        }
        for (app, salts) in salts {
            self.vault.put_salts(app, &salts).map_err(failure)?;
        }
        commit(&*self.log, &self.watermark, record).await?;
        for (app, user) in made {
            self.keep(*app, user);
        }
        Ok(())
    }
}

/// Commits one record that nobody is told of. Its position is complete when it is durable, also when whoever waits here
/// has gone meanwhile.
///
/// # Errors
/// [`Failure`] when the store does not take it.
pub async fn commit(log: &dyn Log, watermark: &Arc<Watermark>, record: Record) -> Result<Committed, Failure> {
    store(log, watermark, record).await.map_err(failure)
}

/// As [`commit`], with the store's own answer.
///
/// # Errors
/// [`LogError`] of the store.
pub(crate) async fn store(log: &dyn Log, watermark: &Arc<Watermark>, record: Record) -> Result<Committed, LogError> {
    let (done, answer) = oneshot::channel();
    let watermark = watermark.clone();
    let told = move |result: Result<Vec<Committed>, LogError>| {
        watermark.complete(result.iter().flatten().map(|committed| committed.position));
        _ = done.send(result);
    };
    log.offer(vec![record], Box::new(told));
    answer.await.unwrap_or(Err(LogError::Closed))?.into_iter().next().ok_or(LogError::Closed)
}

/// What a caller is told when the store refuses.
#[must_use]
pub fn failure(error: LogError) -> Failure {
    let (code, retry_after_ms) = match &error {
        LogError::StorageFull => (ErrorCode::StorageFull, Some(5_000)),
        LogError::Overloaded => (ErrorCode::Overloaded, Some(250)),
        LogError::Closed => (ErrorCode::ShuttingDown, Some(1_000)),
        LogError::Corrupt(_) => (ErrorCode::Corrupt, None),
        LogError::Io(_) => (ErrorCode::Internal, Some(1_000)),
    };
    Failure { code, message: error.to_string().into(), retry_after_ms, first: None }
}
