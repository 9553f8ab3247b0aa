//! Who is there, and who is told of it. Sessions watch users; what changes of a user marks him for each session that
//! watches him, and a task tells each session the newest state of those that are marked. So a slow reader misses what
//! was in between and never what is so now, and nothing of it waits in the queues of messages.

pub(crate) mod look;
pub(crate) mod run;
pub(crate) mod seen;
pub(crate) mod settings;
pub(crate) mod watching;

use crate::api::PresenceView;
use crate::map::Map;
use crate::node::Node;
use crate::session::Session;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stonechat_domain::device::Platform;
use stonechat_domain::presence::{Availability, Whereabouts};
use stonechat_types::id::{DeviceId, UserId};
use stonechat_types::number::{AppId, Timestamp, UserNo};
use tokio::sync::Notify;

/// How long somebody whose connection went is taken to be there still: most come back.
pub const GRACE_MS: u64 = 10_000;
/// Users of whom it waits to be stored when they were seen, past which more are not noted until there is room.
pub const SEEN_PENDING_MAX: usize = 65_536;

/// A user, among those of all apps.
pub(crate) type Key = (AppId, UserNo);

/// Who is there, and who is told of it.
#[derive(Default)]
pub(crate) struct Presence {
    state: Mutex<State>,
    /// Somebody is to be told something.
    wake: Notify,
    /// Held while it is stored when users were seen: whoever hides meanwhile is not to be overtaken by it.
    storing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    /// The sessions that watch a user, by their numbers.
    watchers: Map<Key, BTreeMap<u64, Arc<Session>>>,
    /// How many there are, each once for each user whom it watches.
    watched: usize,
    /// Devices whose connection went a moment ago.
    lingering: Map<Key, Vec<Lingering>>,
    /// When the next of them are gone for good, in their order.
    ends: VecDeque<(u64, Key)>,
    /// Sessions that are to be told something, each once.
    due: Vec<Arc<Session>>,
    /// When users were seen, where that is not stored yet.
    seen: BTreeMap<Key, Timestamp>,
}

struct Lingering {
    device: DeviceId,
    platform: Platform,
    here: Availability,
    until_ms: u64,
    ended_at: Timestamp,
}

impl State {
    /// Whoever watches a user is to be told.
    fn mark(&mut self, key: Key) {
        let Some(watchers) = self.watchers.get(&key) else { return };
        for session in watchers.values() {
            if session.watching().mark(key.1) {
                self.due.push(session.clone());
            }
        }
    }

    fn note_seen(&mut self, key: Key, at: Timestamp) {
        if self.seen.len() < SEEN_PENDING_MAX || self.seen.contains_key(&key) {
            let seen = self.seen.entry(key).or_insert(at);
            *seen = at.max(*seen);
        }
    }
}

impl Presence {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        let is_due = !state.due.is_empty();
        drop(state);
        if is_due {
            self.wake.notify_one();
        }
    }

    /// A session has begun, and is registered: from now on its user is there.
    pub fn began(&self, session: &Session, now: Timestamp) {
        let key = (session.app, session.user.no);
        session.set_availability(Availability::Online);
        self.change(|state| {
            if let Some(lingering) = state.lingering.get_mut(&key) {
                lingering.retain(|it| it.device != session.device);
            }
            state.note_seen(key, now);
            state.mark(key);
        });
    }

    /// A session is about to be taken out of the registry: for a moment it is as if it were still there.
    pub fn linger(&self, session: &Session, now: Timestamp, now_ms: u64) {
        let (key, here) = ((session.app, session.user.no), session.availability());
        if here == Availability::Offline {
            return; // Its hello was refused.
        }
        let until_ms = now_ms + GRACE_MS;
        self.change(|state| {
            let lingering = state.lingering.entry(key).or_default();
            lingering.retain(|it| it.device != session.device);
            lingering.push(Lingering {
                device: session.device.clone(),
                platform: session.platform,
                here,
                until_ms,
                ended_at: now,
            });
            state.ends.push_back((until_ms, key));
        });
    }

    /// A session watches nobody any more, and never will.
    pub fn forget(&self, session: &Arc<Session>) {
        let mut state = self.lock();
        for user in session.watching().close() {
            unwatch(&mut state, (session.app, user), session);
        }
    }

    /// The device says that its user is away from it, or back.
    pub fn moved(&self, session: &Session, here: Availability) {
        if session.availability() != here {
            session.set_availability(here);
            self.change(|state| state.mark((session.app, session.user.no)));
        }
    }

    /// What a user shows others, or is to them, has changed: so it has for those who watch him, and for himself, since
    /// nobody is shown more than he shows.
    pub fn changed(&self, node: &Node, app: AppId, user: UserNo) {
        let mut own = Vec::new();
        node.registry.each(app, user, |session| own.push(session.clone()));
        self.change(|state| {
            state.mark((app, user));
            state.due.extend(own.into_iter().filter(|session| session.watching().mark_all()));
        });
    }

    /// What a session was told may have been dropped: it is told all of it again.
    pub fn tell_again(&self, session: &Arc<Session>) {
        self.change(|state| {
            if session.watching().forget_told() {
                state.due.push(session.clone());
            }
        });
    }

    /// A session watches these users from now on, and no others. Names the call; `None` when the session has ended.
    fn watch(&self, session: &Arc<Session>, users: &[(UserNo, UserId)]) -> Option<u64> {
        let mut state = self.lock();
        let (generation, before) = session.watching().replace(users)?;
        for user in before {
            unwatch(&mut state, (session.app, user), session);
        }
        for (user, _) in users {
            let watchers = state.watchers.entry((session.app, *user)).or_default();
            let is_new = watchers.insert(session.id, session.clone()).is_none();
            state.watched += usize::from(is_new);
        }
        Some(generation)
    }

    /// The answer to a call of [`Self::watch`] is out: what happened since may follow.
    pub fn answered(&self, session: &Arc<Session>) {
        self.change(|state| {
            if session.watching().answered() {
                state.due.push(session.clone());
            }
        });
    }

    /// Users whom sessions watch, each once for each session.
    fn watched(&self) -> usize {
        self.lock().watched
    }

    /// Where a user is, as far as that is not in a row.
    fn whereabouts(&self, node: &Node, key: Key) -> Whereabouts {
        let mut is = Whereabouts::default();
        node.registry.each(key.0, key.1, |session| match session.availability() {
            Availability::Offline => {} // Its hello is not answered.
            here => is.add(session.platform, here),
        });
        let state = self.lock();
        state.lingering.get(&key).into_iter().flatten().for_each(|it| is.add(it.platform, it.here));
        is.last_seen = state.seen.get(&key).copied();
        is
    }

    /// Devices that did not come back are gone.
    fn expire(&self, node: &Node, now_ms: u64) {
        self.change(|state| {
            while let Some((_, key)) = state.ends.pop_front_if(|(until, _)| *until <= now_ms) {
                let Some(lingering) = state.lingering.get_mut(&key) else { continue };
                let gone = lingering.extract_if(.., |it| it.until_ms <= now_ms);
                let Some(ended_at) = gone.map(|it| it.ended_at).max() else { continue };
                if lingering.is_empty() {
                    state.lingering.remove(&key);
                    let mut is_there = false;
                    node.registry.each(key.0, key.1, |it| is_there |= it.availability() > Availability::Offline);
                    if !is_there {
                        state.note_seen(key, ended_at);
                    }
                }
                state.mark(key);
            }
            // Emptied by devices that came back.
            state.lingering.retain(|_, it| !it.is_empty());
        });
    }
}

fn unwatch(state: &mut State, key: Key, session: &Arc<Session>) {
    let Some(watchers) = state.watchers.get_mut(&key) else { return };
    let was_there = watchers.remove(&session.id).is_some();
    if watchers.is_empty() {
        state.watchers.remove(&key);
    }
    state.watched -= usize::from(was_there);
}

/// Some of what a session is told, and that it is on its way: as long as it is, nothing more is.
#[derive(Debug)]
pub struct PresenceTold {
    /// The users, as the session may see them.
    pub views: Vec<PresenceView>,
    _underway: Option<watching::Underway>,
}

impl PresenceTold {
    /// A word that nothing waits for.
    #[must_use]
    pub fn of(views: Vec<PresenceView>) -> Self {
        Self { views, _underway: None }
    }
}
