//! What the parts of the application share.

use crate::directory::Directory;
use crate::metrics::Metrics;
use crate::mutant::Mutants;
use crate::ports::{Clock, ContentRules, Entropy, TokenVerifier};
use crate::position::{self, Position};
use crate::presence::Presence;
use crate::reading::Reader;
use crate::recalls::Recalls;
use crate::registry::Registry;
use crate::seal::Sealer;
use crate::watermark::Watermark;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use stonechat_domain::device::DevicePolicies;
use stonechat_domain::message::MessagePolicy;
use stonechat_log::store::Log;
use stonechat_types::number::{AppId, ConversationNo, LanePosition, PersonalSeq};

/// What an operator may choose.
#[derive(Clone, Debug)]
pub struct Options {
    /// Executors; as many as there are cores.
    pub executors: usize,
    /// Whether a user begins to exist when somebody writes to him.
    pub auto_create: bool,
    /// Bytes of conversations that each executor keeps in memory.
    pub executor_bytes_max: usize,
    /// What apps allow to be done to messages.
    pub messages: MessagePolicy,
    /// How many devices of a class may be signed in, by app.
    pub devices: BTreeMap<AppId, DevicePolicies>,
    /// A fault that a test plants; none in the product.
    pub mutants: Mutants,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            executors: 2,
            auto_create: true,
            executor_bytes_max: 64 * 1024 * 1024,
            messages: MessagePolicy::default(),
            devices: BTreeMap::new(),
            mutants: Mutants::default(),
        }
    }
}

/// Everything that more than one part of a node needs.
pub(crate) struct Node {
    pub log: Arc<dyn Log>,
    pub sealer: Sealer,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub registry: Registry,
    pub presence: Presence,
    pub directory: Arc<Directory>,
    pub watermark: Arc<Watermark>,
    pub metrics: Metrics,
    pub options: Options,
    pub next_conversation: Mutex<BTreeMap<AppId, u32>>,
    pub next_session: AtomicU64,
    pub verifier: Arc<dyn TokenVerifier>,
    pub content: Arc<dyn ContentRules>,
    pub devices: DeviceLocks,
    pub recalls: Recalls,
    /// Something was taken back.
    pub scrubs: tokio::sync::Notify,
}

/// Locks under which what belongs to a user alone is changed, his devices among it, so that a sign-in cannot undo a sign-out.
/// Few users share one.
pub(crate) struct DeviceLocks(Vec<tokio::sync::Mutex<()>>);

impl Default for DeviceLocks {
    fn default() -> Self {
        Self((0..DEVICE_LOCKS).map(|_| tokio::sync::Mutex::default()).collect())
    }
}

const DEVICE_LOCKS: usize = 4_096;

impl DeviceLocks {
    /// Waits for the lock of a user.
    pub async fn lock(&self, reader: &Reader) -> tokio::sync::MutexGuard<'_, ()> {
        // Numbers of users begin anew in each app.
        let spread = u64::from(reader.user.no.0) ^ u64::from(reader.app.0).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        self.0[spread as usize % DEVICE_LOCKS].lock().await
    }
}

impl Node {
    /// A number for a conversation that begins. One that is not used after all is never used.
    pub fn conversation_no(&self, app: AppId) -> ConversationNo {
        let mut next = self.next_conversation.lock().unwrap_or_else(PoisonError::into_inner);
        let next = next.entry(app).or_insert_with(|| self.first_free(app));
        *next += 1;
        ConversationNo(*next - 1)
    }

    fn first_free(&self, app: AppId) -> u32 {
        let activity = self.log.activity().reader(app);
        let used = |no: &u32| activity.get(ConversationNo(*no)).position > LanePosition::ZERO;
        (0..activity.end().0).rev().find(used).map_or(1, |last| last + 1)
    }

    /// The token of a place in the feed and in a user's personal state.
    pub fn position(&self, lane: LanePosition, personal: PersonalSeq) -> Bytes {
        Position { history: position::short(self.log.history_id()), lane, personal }.encode()
    }
}
