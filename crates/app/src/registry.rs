//! Which sessions are live, by user.

use crate::map::Map;
use crate::session::Session;
use roaring::RoaringBitmap;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use stonechat_domain::presence::Availability;
use stonechat_types::id::DeviceId;
use stonechat_types::number::{AppId, UserNo};

/// Parts of the registry, each with a lock of its own.
pub const SHARDS: usize = 64;

type Shard = Map<(AppId, UserNo), Vec<Arc<Session>>>;

/// The sessions of this node.
pub struct Registry {
    shards: Box<[Mutex<Shard>]>,
    online: RwLock<BTreeMap<AppId, RoaringBitmap>>,
}

impl Default for Registry {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), online: RwLock::default() }
    }
}

impl Registry {
    fn shard(&self, app: AppId, user: UserNo) -> MutexGuard<'_, Shard> {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one((app, user)) as usize % SHARDS;
        self.shards[hash].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session begins. The one of the same device that it replaces is returned.
    pub fn insert(&self, session: &Arc<Session>) -> Option<Arc<Session>> {
        let mut shard = self.shard(session.app, session.user.no);
        let sessions = shard.entry((session.app, session.user.no)).or_default();
        let old = sessions.iter().position(|other| other.device == session.device).map(|i| sessions.swap_remove(i));
        sessions.push(session.clone());
        if sessions.len() == 1 {
            self.online(|online| _ = online.entry(session.app).or_default().insert(session.user.no.0));
        }
        old
    }

    /// A session ends. Says whether it was there.
    pub fn remove(&self, session: &Session) -> bool {
        let mut shard = self.shard(session.app, session.user.no);
        let Some(sessions) = shard.get_mut(&(session.app, session.user.no)) else { return false };
        let before = sessions.len();
        sessions.retain(|other| other.id != session.id);
        let removed = sessions.len() < before;
        if sessions.is_empty() {
            shard.remove(&(session.app, session.user.no));
            self.online(|online| _ = online.entry(session.app).or_default().remove(session.user.no.0));
        }
        removed
    }

    fn online(&self, change: impl FnOnce(&mut BTreeMap<AppId, RoaringBitmap>)) {
        change(&mut self.online.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Calls `with` for each session of a user, which must not wait.
    pub fn each(&self, app: AppId, user: UserNo, mut with: impl FnMut(&Arc<Session>)) {
        if let Some(sessions) = self.shard(app, user).get(&(app, user)) {
            sessions.iter().for_each(&mut with);
        }
    }

    /// Calls `with` for each user of one part who is there, which must not wait.
    pub fn users_of(&self, part: usize, mut with: impl FnMut(AppId, UserNo)) {
        let Some(shard) = self.shards.get(part) else { return };
        for ((app, user), sessions) in shard.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if sessions.iter().any(|session| session.availability() > Availability::Offline) {
                with(*app, *user);
            }
        }
    }

    /// Whether a session is there.
    #[must_use]
    pub fn holds(&self, session: &Session) -> bool {
        let shard = self.shard(session.app, session.user.no);
        shard.get(&(session.app, session.user.no)).is_some_and(|all| all.iter().any(|it| it.id == session.id))
    }

    /// The session of a device.
    #[must_use]
    pub fn device(&self, app: AppId, user: UserNo, device: &DeviceId) -> Option<Arc<Session>> {
        let shard = self.shard(app, user);
        shard.get(&(app, user))?.iter().find(|session| session.device == *device).cloned()
    }

    /// Those of a set of users who are online.
    #[must_use]
    pub fn online_of(&self, app: AppId, users: &RoaringBitmap) -> RoaringBitmap {
        let online = self.online.read().unwrap_or_else(PoisonError::into_inner);
        online.get(&app).map_or_else(RoaringBitmap::new, |online| online & users)
    }

    /// Every session, a shard at a time.
    pub fn for_all(&self, mut with: impl FnMut(&Arc<Session>)) {
        for shard in &self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.values().flatten().for_each(&mut with);
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let mut count = 0;
        self.for_all(|_| count += 1);
        count
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
