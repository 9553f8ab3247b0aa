//! The port of the keys at rest: app keys and authors' salts. They are kept apart from segments, index and data backups,
//! so that deleting a salt erases its author everywhere.

use crate::store::LogError;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use stonechat_types::number::{AppId, UserNo};

/// A key of 256 bits.
pub type Key = [u8; 32];
/// An author's salt.
pub type Salt = [u8; 16];

/// Where the keys are. Calls may read and write a disk; answers for what was asked before come from memory.
pub trait Vault: Send + Sync {
    /// The key of an app in its present generation.
    ///
    /// # Errors
    /// [`LogError`] when it cannot be read or made durable.
    fn app_key(&self, app: AppId) -> Result<Key, LogError>;

    /// The salt of an author; `None` when there never was one, or it was deleted.
    ///
    /// # Errors
    /// [`LogError`] when it cannot be read.
    fn salt(&self, app: AppId, author: UserNo) -> Result<Option<Salt>, LogError>;

    /// Keeps the salts of new authors, durably before it returns. One that is there already stays.
    ///
    /// # Errors
    /// [`LogError`] when they cannot be made durable; then none of them may be used.
    fn put_salts(&self, app: AppId, salts: &[(UserNo, Salt)]) -> Result<(), LogError>;
}

/// A vault without a disk, for tests.
pub struct MemoryVault {
    key: Key,
    salts: Mutex<BTreeMap<(AppId, UserNo), Salt>>,
}

impl MemoryVault {
    /// A vault whose apps all have this key.
    #[must_use]
    pub fn new(key: Key) -> Self {
        Self { key, salts: Mutex::default() }
    }
}

impl Vault for MemoryVault {
    fn app_key(&self, _: AppId) -> Result<Key, LogError> {
        Ok(self.key)
    }

    fn salt(&self, app: AppId, author: UserNo) -> Result<Option<Salt>, LogError> {
        Ok(self.salts.lock().unwrap_or_else(PoisonError::into_inner).get(&(app, author)).copied())
    }

    fn put_salts(&self, app: AppId, salts: &[(UserNo, Salt)]) -> Result<(), LogError> {
        let mut known = self.salts.lock().unwrap_or_else(PoisonError::into_inner);
        for (author, salt) in salts {
            known.entry((app, *author)).or_insert(*salt);
        }
        Ok(())
    }
}
