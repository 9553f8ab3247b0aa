//! The last personal number of each user that changed something lately. Who offers brings a user's number in from the
//! store; the committer, which alone counts on, then finds it here and reads nothing.

use crate::hash::Table;
use std::sync::{Mutex, MutexGuard, PoisonError};
use stonechat_log::store::LogError;
use stonechat_types::number::{AppId, PersonalSeq, UserNo};

#[derive(Default)]
struct Known {
    last: Table<(AppId, UserNo), PersonalSeq>,
    /// Moves when numbers are forgotten: what was read from the store before may be behind then.
    epoch: u64,
}

/// The numbers in memory.
pub struct Numbers {
    known: Mutex<Known>,
    users_max: usize,
}

impl Numbers {
    /// None known; at most so many users are kept.
    pub fn new(users_max: usize) -> Self {
        Self { known: Mutex::default(), users_max }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes sure that a user's number is known; `read` reads it from the store.
    ///
    /// # Errors
    /// What `read` says.
    pub fn bring(
        &self,
        app: AppId,
        user_no: UserNo,
        read: impl Fn() -> Result<PersonalSeq, LogError>,
    ) -> Result<(), LogError> {
        loop {
            let epoch = {
                let known = self.known();
                if known.last.contains_key(&(app, user_no)) {
                    return Ok(());
                }
                known.epoch
            };
            let last = read()?;
            let mut known = self.known();
            if known.epoch == epoch {
                known.last.entry((app, user_no)).or_insert(last);
                return Ok(());
            }
        }
    }

    /// The next number of a user that is known; for the committer alone.
    pub fn next(&self, app: AppId, user_no: UserNo) -> PersonalSeq {
        let mut known = self.known();
        let last = known.last.entry((app, user_no)).or_default();
        *last = last.next();
        *last
    }

    /// Forgets all when there are too many; for the committer alone, while no number it gave is not yet readable.
    pub fn shrink(&self) {
        let mut known = self.known();
        if known.last.len() > self.users_max {
            known.last = Table::default();
            known.epoch += 1;
        }
    }
}
