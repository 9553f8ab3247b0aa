//! What a run visited: points that must happen, faults that were injected, and what was checked.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Counts by name. Names are stable: reports are joined by them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visits(pub BTreeMap<String, u64>);

impl Visits {
    /// Counts one.
    pub fn count(&mut self, name: &str) {
        self.add(name, 1);
    }

    /// Counts so many.
    pub fn add(&mut self, name: &str, times: u64) {
        if times == 0 {
            return;
        }
        match self.0.get_mut(name) {
            Some(count) => *count += times,
            None => drop(self.0.insert(name.to_owned(), times)),
        }
    }

    /// How often it was counted.
    #[must_use]
    pub fn get(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// Adds the counts of another run.
    pub fn join(&mut self, other: &Self) {
        for (name, times) in &other.0 {
            self.add(name, *times);
        }
    }
}

/// Points that every campaign must reach, or it proves less than it says.
pub const MUST_HAPPEN: &[&str] = &[
    "gap fetched",
    "jump",
    "poke",
    "pull",
    "duplicate answered",
    "duplicate command answered",
    "sync failed",
    "torn tail cut",
    "unsynced batches written again",
    "storage_full entered",
    "storage_full left",
    "state evicted",
    "state loaded",
    "checkpoint",
    "checkpoint during load",
    "checkpoint failed",
    "checkpoint torn by a crash",
    "index opened again",
    "commit waited for a segment",
    "removal with sends in flight",
    "changes fetched",
    "message recalled",
    "body scrubbed",
    "message pinned",
    "messages removed for oneself",
    "preferences set",
    "messages starred",
    "stars taken",
    "voice message played",
    "quiet times set",
    "history cleared",
    "changed without a connection",
    "edited before it was sent",
    "silent message sent",
    "everybody called",
    "somebody called",
    "message answered",
    "replayed as recalled",
    "send refused: not_a_member",
    "send refused: retry_in_order",
    "send refused: recipient_unavailable",
    "block acknowledged",
    "relations crossed",
    "status acknowledged",
    "presence told",
    "blocked in peace",
    "send refused: storage_full",
    "send refused: overloaded",
    "failed message sent again",
    "closed: revoked",
    "closed: replaced",
    "device wiped",
    "signed in again",
    "device killed",
    "device store lost",
    "client clock jumped",
    "server clock back",
    "server clock ahead",
    "partition",
    "one-way loss",
    "connection broken",
    "half-open connection closed by the server",
    "slow reader closed",
    "outbound queue overflowed",
    "packet lost",
    "packet duplicated",
    "packets reordered",
    "server killed",
    "power cut",
    "crash inside recovery",
    "graceful restart",
    "stored body rotted",
    "bit rot reported",
];
