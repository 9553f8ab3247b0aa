//! One live connection of a device.

use crate::api::{Offer, Outbound, PersonalItem, SessionSink};
use crate::devices::SigningIn;
use crate::metrics::Metrics;
use crate::presence::watching::Watching;
use crate::turn::{Turn, Turns};
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stonechat_domain::device::Platform;
use stonechat_domain::member::UserRef;
use stonechat_domain::presence::Availability;
use stonechat_types::id::{ClientMsgId, ConversationId, DeviceId};
use stonechat_types::number::{AppId, PersonalSeq, Timestamp};

/// Refused sends of a session that are remembered, so that their followers are refused as well.
pub const REFUSED_SENDS_MAX: usize = 64;

/// Time between two typing signals of a session that are passed on.
pub const TYPING_INTERVAL_MS: u64 = 250;
/// Personal changes that may be told before one with a smaller number; past it the position stays behind, and the
/// device is told some of them again after its next hello.
pub const TOLD_AHEAD_MAX: usize = 256;

#[derive(Default)]
struct Told {
    upto: u64,
    ahead: BTreeSet<u64>,
}

impl Told {
    fn close(&mut self) {
        while let Some(first) = self.ahead.first().copied().filter(|first| *first <= self.upto + 1) {
            self.ahead.pop_first();
            self.upto = self.upto.max(first);
        }
    }
}

/// A session: who is connected, from which device, and the way to it.
pub struct Session {
    /// Names it in logs and among the sessions of a user.
    pub id: u64,
    /// The tenant.
    pub app: AppId,
    /// Who.
    pub user: UserRef,
    /// From which device.
    pub device: DeviceId,
    /// Its class.
    pub platform: Platform,
    sink: Arc<dyn SessionSink>,
    expires_at: AtomicI64,
    poked: AtomicBool,
    unreported: AtomicBool,
    told: Mutex<Told>,
    typed_ms: AtomicU64,
    typing: AtomicBool,
    catching_up: AtomicBool,
    turns: Turns,
    focus: Mutex<Vec<ConversationId>>,
    refused: Mutex<VecDeque<ClientMsgId>>,
    unnoted: AtomicBool,
    signing: Mutex<Option<SigningIn>>,
    here: AtomicU8,
    watching: Mutex<Watching>,
}

impl Session {
    /// A session that nobody knows yet.
    pub(crate) fn new(
        id: u64,
        app: AppId,
        user: UserRef,
        (device, platform): (DeviceId, Platform),
        expires_at: Timestamp,
        sink: Arc<dyn SessionSink>,
    ) -> Self {
        Self {
            id,
            app,
            user,
            device,
            platform,
            sink,
            expires_at: AtomicI64::new(expires_at.0),
            poked: AtomicBool::new(false),
            unreported: AtomicBool::new(false),
            told: Mutex::default(),
            typed_ms: AtomicU64::new(0),
            typing: AtomicBool::new(false),
            catching_up: AtomicBool::new(false),
            turns: Turns::default(),
            focus: Mutex::default(),
            refused: Mutex::default(),
            unnoted: AtomicBool::new(false),
            signing: Mutex::default(),
            here: AtomicU8::new(0),
            watching: Mutex::default(),
        }
    }

    /// Whether its user is there; `Offline` until its hello is answered.
    #[must_use]
    pub fn availability(&self) -> Availability {
        match self.here.load(Ordering::Relaxed) {
            0 => Availability::Offline,
            1 => Availability::Away,
            _ => Availability::Online,
        }
    }

    pub(crate) fn set_availability(&self, here: Availability) {
        let number = match here {
            Availability::Offline => 0,
            Availability::Away => 1,
            Availability::Online => 2,
        };
        self.here.store(number, Ordering::Relaxed);
    }

    /// Whom it watches.
    pub(crate) fn watching(&self) -> MutexGuard<'_, Watching> {
        lock(&self.watching)
    }

    /// Offers the word of whom it watches. Says what came of it: it is never lost for good.
    pub(crate) fn offer_presence(&self, outbound: Outbound) -> Offer {
        self.sink.offer(outbound)
    }

    /// Its device could not be noted yet; `None` when it is.
    pub(crate) fn note_later(&self, signing: Option<SigningIn>) {
        let is_late = signing.is_some();
        *self.signing.lock().unwrap_or_else(PoisonError::into_inner) = signing;
        self.unnoted.store(is_late, Ordering::Release);
    }

    /// Its device, when it could not be noted yet; whoever takes it sees to that.
    pub(crate) fn take_unnoted(&self) -> Option<SigningIn> {
        if !self.unnoted.swap(false, Ordering::AcqRel) {
            return None;
        }
        self.signing.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// When its token expires.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        Timestamp(self.expires_at.load(Ordering::Relaxed))
    }

    pub(crate) fn set_expires_at(&self, at: Timestamp) {
        self.expires_at.store(at.0, Ordering::Relaxed);
    }

    /// Offers something of the log. After an overflow nothing more is offered until the device pulls; says `true` when
    /// this offer was the one that overflowed, so that the caller pokes.
    pub(crate) fn offer_log(&self, outbound: Outbound) -> bool {
        if self.poked.load(Ordering::Acquire) {
            return false;
        }
        self.unreported.store(true, Ordering::Release);
        match self.sink.offer(outbound) {
            Offer::Queued | Offer::Closed => false,
            Offer::Overflow => !self.poked.swap(true, Ordering::AcqRel),
        }
    }

    /// Offers something that may be dropped.
    pub(crate) fn offer_ephemeral(&self, outbound: Outbound) {
        if !self.poked.load(Ordering::Acquire) {
            let _dropped = self.sink.offer(outbound);
        }
    }

    /// Offers an answer or a word of control.
    pub(crate) fn offer_control(&self, outbound: Outbound) -> Offer {
        self.sink.offer_control(outbound)
    }

    /// Whether nothing of the log is offered until the device pulls.
    pub(crate) fn is_poked(&self) -> bool {
        self.poked.load(Ordering::Acquire)
    }

    /// The device pulls: the log flows again, and positions once the answer is out.
    pub(crate) fn unpoke(&self) {
        self.catching_up.store(true, Ordering::SeqCst);
        self.poked.store(false, Ordering::SeqCst);
    }

    /// The answer to the pull is out.
    pub(crate) fn caught_up(&self) {
        self.catching_up.store(false, Ordering::SeqCst);
    }

    /// The pull has failed: the device is as far behind as before.
    pub(crate) fn fell_behind(&self) {
        self.poked.store(true, Ordering::SeqCst);
        self.catching_up.store(false, Ordering::SeqCst);
    }

    /// Waits until no other answer of the session is in preparation or on its way out.
    pub(crate) async fn turn(&self, metrics: &Metrics) -> Turn {
        self.turns.next(metrics).await
    }

    /// Whether something of the log was offered since the last position was, and a position may be told.
    pub(crate) fn take_unreported(&self) -> bool {
        let silent = self.poked.load(Ordering::SeqCst) || self.catching_up.load(Ordering::SeqCst);
        !silent && self.unreported.swap(false, Ordering::AcqRel)
    }

    /// Up to which personal change the session was told all.
    pub(crate) fn personal_upto(&self) -> PersonalSeq {
        PersonalSeq(lock(&self.told).upto)
    }

    /// A welcome told all changes up to here.
    pub(crate) fn told_personal_upto(&self, seq: PersonalSeq) {
        let mut told = lock(&self.told);
        told.upto = told.upto.max(seq.0);
        told.close();
    }

    /// Offers a change of personal state. Says `true` as [`Self::offer_log`] does.
    pub(crate) fn offer_personal(&self, seq: PersonalSeq, item: PersonalItem) -> bool {
        let overflowed = self.offer_log(Outbound::Personal(seq, item));
        if !overflowed && !self.poked.load(Ordering::Acquire) {
            let mut told = lock(&self.told);
            if told.ahead.len() < TOLD_AHEAD_MAX {
                told.ahead.insert(seq.0);
            }
            told.close();
        }
        overflowed
    }

    pub(crate) fn attach(self: &Arc<Self>) {
        self.sink.attach(self);
    }

    /// A position was offered: it needs no position of its own.
    pub(crate) fn reported(&self) {
        self.unreported.store(false, Ordering::Release);
    }

    /// Whether a typing signal may go out now. Too frequent ones are dropped, as anything ephemeral may be; an end
    /// follows a beginning that went out.
    pub(crate) fn may_type(&self, active: bool, now_ms: u64) -> bool {
        if !active {
            return self.typing.swap(false, Ordering::Relaxed);
        }
        let last = self.typed_ms.load(Ordering::Relaxed);
        let allowed = last == 0 || now_ms.saturating_sub(last) >= TYPING_INTERVAL_MS;
        if allowed {
            self.typed_ms.store(now_ms.max(1), Ordering::Relaxed);
            self.typing.store(true, Ordering::Relaxed);
        }
        allowed
    }

    pub(crate) fn set_focus(&self, conversations: Vec<ConversationId>) {
        *lock(&self.focus) = conversations;
    }

    pub(crate) fn in_focus(&self, conversation: ConversationId) -> bool {
        lock(&self.focus).contains(&conversation)
    }

    pub(crate) fn note_refused(&self, id: ClientMsgId) {
        let mut refused = lock(&self.refused);
        if refused.len() == REFUSED_SENDS_MAX {
            refused.pop_front();
        }
        refused.push_back(id);
    }

    pub(crate) fn note_taken(&self, id: ClientMsgId) {
        let mut refused = lock(&self.refused);
        if !refused.is_empty() {
            refused.retain(|other| *other != id);
        }
    }

    pub(crate) fn was_refused(&self, id: ClientMsgId) -> bool {
        lock(&self.refused).contains(&id)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({})", self.id)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
