//! The users of all apps: app state with one writer. A look-up is answered from memory, then from rows; whoever is new
//! waits for the commit that makes him exist, and many may share it.

use crate::api::{Failure, OwnProfile, PersonalItem, ProfilePatch, ProfileView};
use crate::map::Map;
use crate::ports::{Clock, Entropy};
use crate::rows::dedup::{self, Remembered};
use crate::rows::profile::{self, Profile};
use crate::rows::user::User;
use crate::rows::{codec, key, personal, user};
use crate::watermark::Watermark;
use bytes::Bytes;
use quick_cache::sync::Cache;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use stonechat_domain::member::UserRef;
use stonechat_domain::relation::WhoMayAdd;
use stonechat_log::packed;
use stonechat_log::record::{Committed, PersonalWrite, Record};
use stonechat_log::row::RowWrite;
use stonechat_log::store::{Log, LogError};
use stonechat_log::vault::{Salt, Vault};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{ConversationId, UserId, Username};
use stonechat_types::number::{AppId, Ordinal, PersonalSeq, Seq, UserNo};
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
    patch: ProfilePatch,
    /// The id and the hash of a command, which does nothing a second time.
    command: Option<([u8; 16], [u8; 16])>,
    done: oneshot::Sender<Result<Changed, Failure>>,
}

impl Put {
    fn changes(&self) -> bool {
        self.command.is_some() || self.patch != ProfilePatch::default()
    }
}

/// A user as he is after a change, with the number of the change of his personal state, if there was one.
#[derive(Clone, Debug)]
pub(crate) struct Changed {
    pub user: User,
    pub own: Option<(PersonalSeq, Box<OwnProfile>)>,
}

/// A user, and which personal change of the commit tells him of it, if one does.
type Made = (User, Option<(usize, Box<OwnProfile>)>);

/// What is made together in one commit.
#[derive(Default)]
struct Making {
    record: Record,
    made: Vec<(AppId, User)>,
    /// Usernames that this commit gives or frees.
    names: BTreeMap<(AppId, Username), Option<UserNo>>,
    answers: Vec<(oneshot::Sender<Result<Changed, Failure>>, Made)>,
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
    queue: Mutex<VecDeque<Put>>,
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
            None => Ok(self.change(app, id.clone(), ProfilePatch::default(), None).await?.user),
        }
    }

    /// The user, when he is in memory.
    pub(crate) fn cached(&self, app: AppId, no: UserNo) -> Option<User> {
        self.by_no.get(&(app, no))
    }

    /// The user who chose a name.
    ///
    /// # Errors
    /// [`LogError`] when the rows cannot be read.
    pub async fn find_by_username(&self, app: AppId, name: &Username) -> Result<Option<User>, LogError> {
        let Some(no) = self.holder(app, name).await? else { return Ok(None) };
        let user = self.find_by_no(app, no).await?;
        // He may have chosen another between the two looks.
        Ok(user.filter(|user| user.username.as_ref() == Some(name)))
    }

    async fn holder(&self, app: AppId, name: &Username) -> Result<Option<UserNo>, LogError> {
        let row = self.log.load(vec![key::username(app, name)]).await?.into_iter().next().flatten();
        let no = row.map(|row| row[..].try_into().map(u32::from_be_bytes).map(UserNo));
        no.transpose().map_err(|_| codec::damaged("a username"))
    }

    /// What a user tells of himself, beside his names.
    ///
    /// # Errors
    /// [`LogError`] when the rows cannot be read.
    pub async fn profile(&self, app: AppId, no: UserNo) -> Result<Profile, LogError> {
        let row = self.log.load(vec![key::profile(app, no)]).await?.into_iter().next().flatten();
        row.map_or_else(|| Ok(Profile::default()), |row| profile::decode(&row))
    }

    /// Makes the user if he does not exist, and changes what he tells of himself.
    ///
    /// # Errors
    /// [`Failure`] when a rule or the store does not take it.
    pub(crate) async fn change(
        self: &Arc<Self>,
        app: AppId,
        id: UserId,
        patch: ProfilePatch,
        command: Option<([u8; 16], [u8; 16])>,
    ) -> Result<Changed, Failure> {
        let (done, answer) = oneshot::channel();
        {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            if queue.len() >= USERS_PENDING_MAX {
                self.overloads.fetch_add(1, Ordering::Relaxed);
                let failure = Failure::new(ErrorCode::Overloaded, "too many users are being made");
                return Err(Failure { retry_after_ms: Some(250), ..failure });
            }
            queue.push_back(Put { app, id, patch, command, done });
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
            let batch = self.take_batch();
            if batch.is_empty() {
                break;
            }
            self.commit(&mut next, batch).await;
        }
    }

    /// Those who wait, with one change of each user at most: the second of a user sees the first.
    fn take_batch(&self) -> Vec<Put> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut batch, mut later, mut changed) = (Vec::new(), VecDeque::new(), BTreeSet::new());
        while batch.len() < USERS_PER_COMMIT_MAX
            && later.len() < USERS_PER_COMMIT_MAX
            && let Some(put) = queue.pop_front()
        {
            if put.changes() && !changed.insert((put.app, put.id.clone())) {
                later.push_back(put);
            } else {
                batch.push(put);
            }
        }
        later.append(&mut queue);
        *queue = later;
        batch
    }

    async fn commit(&self, next: &mut Map<AppId, u32>, batch: Vec<Put>) {
        let mut making = Making::default();
        for put in batch {
            match self.prepare(next, &put, &mut making).await {
                Ok(made) => making.answers.push((put.done, made)),
                Err(failure) => _ = put.done.send(Err(failure)),
            }
        }
        let Making { record, made, answers, .. } = making;
        let result = if record.rows.is_empty() { Ok(Vec::new()) } else { self.store(record, &made).await };
        if result.is_err() {
            // The numbers of this batch were never stored.
            next.clear();
        }
        for (done, (user, own)) in answers {
            let changed = result.clone().map(|seqs| {
                let own = own.and_then(|(i, own)| Some((*seqs.get(i)?, own)));
                Changed { user, own }
            });
            _ = done.send(changed);
        }
    }

    async fn prepare(&self, next: &mut Map<AppId, u32>, put: &Put, making: &mut Making) -> Result<Made, Failure> {
        let app = put.app;
        let known = making.made.iter().rev().find(|(of, user)| *of == app && user.user.id == put.id);
        let known = known.map(|(_, user)| user.clone());
        let existing = match known {
            Some(user) => Some(user),
            None => self.find(app, &put.id).await.map_err(failure)?,
        };
        let now = self.clock.now();
        let is_new = existing.is_none();
        let before = match existing {
            Some(user) => user,
            None => {
                let no = self.number(next, app).await.map_err(failure)?;
                User::new(UserRef { no: UserNo(no), id: put.id.clone() }, now)
            }
        };
        if let Some((id, hash)) = &put.command
            && self.was_done(app, &before, id, hash).await?
        {
            return Ok((before, None));
        }
        let stored = match put.changes() && !is_new {
            true => self.profile(app, before.user.no).await.map_err(failure)?,
            false => Profile::default(),
        };
        let (mut user, profile) = patched(&before, &stored, &put.patch)?;
        let changed = user != before || (put.changes() && profile != stored);
        if changed {
            self.rename(app, &before, &user, making).await?;
            user.changed_at = now.max(before.changed_at.plus_ms(i64::from(!is_new)));
        }
        let record = &mut making.record;
        if is_new {
            let no = user.user.no.0 + 1;
            next.insert(app, no);
            let value = Bytes::copy_from_slice(&no.to_be_bytes());
            record.rows.push(RowWrite::Put { key: key::next_user(app), value });
        }
        if let Some((id, hash)) = &put.command {
            let remembered = Remembered { seq: Seq::ZERO, ordinal: Ordinal::ZERO, sent_at: now, body_hmac: *hash };
            let (key, entry) = (own_commands(app, &user, id), Bytes::copy_from_slice(id));
            record.rows.push(RowWrite::Patch { key, entry, value: Some(dedup::encode(&remembered)) });
        }
        if is_new || changed {
            let value = user::encode(&user);
            record.rows.push(RowWrite::Put { key: key::user(app, &put.id), value: value.clone() });
            record.rows.push(RowWrite::Put { key: key::user_by_no(app, user.user.no), value });
            making.made.push((app, user.clone()));
        }
        if !changed {
            return Ok((user, None));
        }
        if profile != stored {
            let (key, value) = (key::profile(app, user.user.no), profile::encode(&profile));
            record.rows.push(RowWrite::Put { key, value });
        }
        let own = Box::new(own_profile(&user, profile));
        let (key, value) = personal::encode(&PersonalItem::Profile(own.clone()));
        record.personal.push(PersonalWrite { app, user_no: user.user.no, key, value: Some(value) });
        Ok((user, Some((record.personal.len() - 1, own))))
    }

    /// Whether a command was carried out before.
    async fn was_done(&self, app: AppId, user: &User, id: &[u8; 16], hash: &[u8; 16]) -> Result<bool, Failure> {
        let row = self.log.load(vec![own_commands(app, user, id)]).await.map_err(failure)?;
        let row = row.into_iter().next().flatten().unwrap_or_default();
        let damaged = |_| failure(codec::damaged("an acknowledgement"));
        let Some(entry) = packed::get(&row, id).map_err(damaged)? else { return Ok(false) };
        if dedup::decode(entry).map_err(failure)?.body_hmac == *hash {
            return Ok(true);
        }
        Err(Failure::new(ErrorCode::Conflict, "this id was used with another command"))
    }

    /// Gives a user the name that he chose, and frees the one that he had.
    async fn rename(&self, app: AppId, before: &User, after: &User, making: &mut Making) -> Result<(), Failure> {
        if before.username == after.username {
            return Ok(());
        }
        if let Some(name) = &after.username {
            let holder = match making.names.get(&(app, name.clone())) {
                Some(holder) => *holder,
                None => self.holder(app, name).await.map_err(failure)?,
            };
            if holder.is_some_and(|holder| holder != after.user.no) {
                return Err(Failure::new(ErrorCode::AlreadyExists, "another user has this name"));
            }
            let value = Bytes::copy_from_slice(&after.user.no.0.to_be_bytes());
            making.record.rows.push(RowWrite::Put { key: key::username(app, name), value });
            making.names.insert((app, name.clone()), Some(after.user.no));
        }
        if let Some(name) = &before.username {
            making.record.rows.push(RowWrite::Delete { key: key::username(app, name) });
            making.names.insert((app, name.clone()), None);
        }
        Ok(())
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

    async fn store(&self, record: Record, made: &[(AppId, User)]) -> Result<Vec<PersonalSeq>, Failure> {
        let mut salts: BTreeMap<AppId, Vec<(UserNo, Salt)>> = BTreeMap::new();
        for (app, user) in made {
            let mut salt = [0; 16];
            self.entropy.fill(&mut salt);
            salts.entry(*app).or_default().push((user.user.no, salt));
        }
        for (app, salts) in salts {
            self.vault.put_salts(app, &salts).map_err(failure)?;
        }
        let committed = commit(&*self.log, &self.watermark, record).await?;
        for (app, user) in made {
            self.keep(*app, user);
        }
        Ok(committed.personal)
    }
}

/// A user and his profile after a change.
fn patched(user: &User, profile: &Profile, patch: &ProfilePatch) -> Result<(User, Profile), Failure> {
    let (mut user, mut profile) = (user.clone(), profile.clone());
    patch.name.apply(&mut user.name);
    patch.username.apply(&mut user.username);
    patch.avatar.apply(&mut user.avatar);
    patch.question.apply(&mut profile.question);
    user.who_may_message = patch.who_may_message.unwrap_or(user.who_may_message);
    user.who_may_add = patch.who_may_add.unwrap_or(user.who_may_add);
    for (fields, changes) in [(&mut profile.public, &patch.public), (&mut profile.private, &patch.private)] {
        ProfilePatch::apply(fields, changes)
            .map_err(|error| Failure::new(ErrorCode::InvalidArgument, format!("a map of the profile {error}")))?;
    }
    if user.who_may_add == WhoMayAdd::Question && profile.question.is_none() {
        return Err(Failure::new(ErrorCode::InvalidArgument, "there is no question to be answered"));
    }
    Ok((user, profile))
}

fn own_commands(app: AppId, user: &User, id: &[u8; 16]) -> Bytes {
    let with_himself = ConversationId::direct(app, &user.user.id, &user.user.id);
    key::commands(app, with_himself, user.user.no, id)
}

/// A user as he sees himself.
pub(crate) fn own_profile(user: &User, profile: Profile) -> OwnProfile {
    let Profile { public, private, question } = profile;
    let profile = ProfileView {
        id: user.user.id.clone(),
        name: user.name.clone(),
        username: user.username.clone(),
        avatar: user.avatar.clone(),
        public,
        changed_at: user.changed_at,
        question,
    };
    OwnProfile { profile, private, who_may_message: user.who_may_message, who_may_add: user.who_may_add }
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
