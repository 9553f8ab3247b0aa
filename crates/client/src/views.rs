//! The observables of an account, fed with changes in their order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use eyeball::{SharedObservable, Subscriber};
use eyeball_im::{ObservableVector, VectorSubscriber};
use imbl::Vector;
use stonechat_types::id::{ClientMsgId, ConversationId, UserId};
use stonechat_types::number::Ordinal;

use crate::content_types::ContentTypes;
use crate::core::change::Change;
use crate::core::command::Opened;
use crate::core::order::{ListOrder, Placed, Rank};
use crate::core::rows::HistoryRows;
use crate::core::timeline::TimelineModel;
use crate::driver::limits::DIFFS_BEHIND;
use crate::group::{AllAsking, AskingState};
use crate::people::{Devices, Profile, Relations};
use crate::presence::{PresenceSettings, Presences};
use crate::quiet::Quiet;
use crate::stars::{self, StarMark};
use crate::state::{ConnectionState, ConversationSummary, MessageWindows, ReadMark, SendState, TimelineItem};

/// Sends that came to an end and whose state is still told.
const FINISHED_SENDS_KEPT: usize = 1_024;

/// Everything that can be observed of an account.
pub(crate) struct Views {
    connection: SharedObservable<ConnectionState>,
    total_unread: SharedObservable<u64>,
    windows: SharedObservable<Option<MessageWindows>>,
    content_types: SharedObservable<Arc<ContentTypes>>,
    recorded: SharedObservable<u64>,
    profile: SharedObservable<Option<Arc<Profile>>>,
    quiet: SharedObservable<Arc<Quiet>>,
    relations: SharedObservable<Relations>,
    presence_settings: SharedObservable<Option<Arc<PresenceSettings>>>,
    presences: SharedObservable<Presences>,
    asking: SharedObservable<AllAsking>,
    devices: SharedObservable<Devices>,
    list: Mutex<List>,
    sends: Mutex<Sends>,
    aside: Mutex<BTreeMap<ConversationId, Aside>>,
    timelines: Mutex<Vec<Weak<TimelineView>>>,
}

struct List {
    order: ListOrder,
    by_id: BTreeMap<ConversationId, Arc<ConversationSummary>>,
    shown: ObservableVector<Arc<ConversationSummary>>,
}

#[derive(Default)]
struct Sends {
    by_id: BTreeMap<ClientMsgId, (ConversationId, SharedObservable<SendState>)>,
    finished: VecDeque<ClientMsgId>,
}

/// What is observed beside the timeline of a conversation.
#[derive(Default)]
struct Aside {
    typing: SharedObservable<Vec<UserId>>,
    marks: SharedObservable<Vec<ReadMark>>,
}

/// One open timeline.
pub(crate) struct TimelineView(Mutex<TimelineState>);

struct TimelineState {
    model: TimelineModel,
    shown: ObservableVector<Arc<TimelineItem>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every critical section leaves its value whole, so a panic elsewhere does not spoil it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for Views {
    fn default() -> Self {
        Self {
            connection: SharedObservable::default(),
            total_unread: SharedObservable::default(),
            windows: SharedObservable::default(),
            content_types: SharedObservable::default(),
            recorded: SharedObservable::default(),
            profile: SharedObservable::default(),
            quiet: SharedObservable::default(),
            relations: SharedObservable::default(),
            presence_settings: SharedObservable::default(),
            presences: SharedObservable::default(),
            asking: SharedObservable::default(),
            devices: SharedObservable::default(),
            list: Mutex::new(List {
                order: ListOrder::default(),
                by_id: BTreeMap::new(),
                shown: ObservableVector::with_capacity(DIFFS_BEHIND),
            }),
            sends: Mutex::default(),
            aside: Mutex::default(),
            timelines: Mutex::default(),
        }
    }
}

impl Views {
    pub fn connection(&self) -> Subscriber<ConnectionState> {
        self.connection.subscribe()
    }

    pub fn windows(&self) -> Subscriber<Option<MessageWindows>> {
        self.windows.subscribe()
    }

    pub fn content_types(&self) -> Subscriber<Arc<ContentTypes>> {
        self.content_types.subscribe()
    }

    pub fn total_unread(&self) -> Subscriber<u64> {
        self.total_unread.subscribe()
    }

    pub fn recorded(&self) -> Subscriber<u64> {
        self.recorded.subscribe()
    }

    pub fn profile(&self) -> Subscriber<Option<Arc<Profile>>> {
        self.profile.subscribe()
    }

    pub fn quiet(&self) -> Subscriber<Arc<Quiet>> {
        self.quiet.subscribe()
    }

    pub fn asking(&self) -> Subscriber<AllAsking> {
        self.asking.subscribe()
    }

    pub fn relations(&self) -> Subscriber<Relations> {
        self.relations.subscribe()
    }

    pub fn presence_settings(&self) -> Subscriber<Option<Arc<PresenceSettings>>> {
        self.presence_settings.subscribe()
    }

    pub fn presences(&self) -> Subscriber<Presences> {
        self.presences.subscribe()
    }

    pub fn devices(&self) -> Subscriber<Devices> {
        self.devices.subscribe()
    }

    pub fn conversations(&self) -> VectorSubscriber<Arc<ConversationSummary>> {
        lock(&self.list).shown.subscribe()
    }

    pub fn summary(&self, id: &ConversationId) -> Option<Arc<ConversationSummary>> {
        lock(&self.list).by_id.get(id).cloned()
    }

    pub fn direct_with(&self, user: &UserId) -> Option<ConversationId> {
        let list = lock(&self.list);
        list.by_id.values().find(|summary| summary.peer.as_ref() == Some(user)).map(|summary| summary.id)
    }

    /// Everything that is starred, with the ordinals that are known.
    pub fn starred(&self) -> Vec<(StarMark, Option<Ordinal>)> {
        let list = lock(&self.list);
        list.by_id.values().flat_map(|summary| stars::marks(summary)).collect()
    }

    pub fn typing(&self, id: &ConversationId) -> Subscriber<Vec<UserId>> {
        lock(&self.aside).entry(*id).or_default().typing.subscribe()
    }

    pub fn read_marks(&self, id: &ConversationId) -> Subscriber<Vec<ReadMark>> {
        lock(&self.aside).entry(*id).or_default().marks.subscribe()
    }

    pub fn sending(&self, id: ClientMsgId) -> Option<(ConversationId, Subscriber<SendState>)> {
        lock(&self.sends).by_id.get(&id).map(|(conversation, state)| (*conversation, state.subscribe()))
    }

    /// The state of a send that was just accepted; changes may have overtaken the answer.
    pub fn track(&self, conversation: ConversationId, id: ClientMsgId, state: SendState) -> Subscriber<SendState> {
        let mut sends = lock(&self.sends);
        let entry = sends.by_id.entry(id).or_insert_with(|| (conversation, SharedObservable::new(state)));
        entry.1.subscribe()
    }

    pub fn add_timeline(&self, model: TimelineModel) -> Arc<TimelineView> {
        let state = TimelineState { model, shown: ObservableVector::with_capacity(DIFFS_BEHIND) };
        let view = Arc::new(TimelineView(Mutex::new(state)));
        let mut timelines = lock(&self.timelines);
        timelines.retain(|view| view.strong_count() > 0);
        timelines.push(Arc::downgrade(&view));
        view
    }

    pub fn apply(&self, change: &Change) {
        let timelines: Vec<_> = lock(&self.timelines).iter().filter_map(Weak::upgrade).collect();
        for view in timelines {
            view.change(|model| model.apply(change));
        }
        match change {
            Change::Connection(state) => drop(self.connection.set_if_not_eq(state.clone())),
            Change::Windows(windows) => drop(self.windows.set_if_not_eq(Some(*windows))),
            Change::ContentTypes(types) => drop(self.content_types.set_if_not_eq(types.clone())),
            Change::TotalUnread(unread) => drop(self.total_unread.set_if_not_eq(*unread)),
            Change::Recorded(number) => drop(self.recorded.set_if_not_eq(*number)),
            Change::Profile(profile) => drop(self.profile.set_if_not_eq(Some(profile.clone()))),
            Change::Quiet(quiet) => drop(self.quiet.set_if_not_eq(quiet.clone())),
            Change::Relation(relation) => {
                self.relations.update(|all| drop(all.insert(relation.user.clone(), relation.clone())));
            }
            Change::Asking(asking) => self.asking.update(|all| {
                if asking.state == AskingState::Nothing {
                    drop(all.remove(&asking.conversation));
                } else {
                    drop(all.insert(asking.conversation, asking.clone()));
                }
            }),
            Change::PresenceSettings(settings) => {
                drop(self.presence_settings.set_if_not_eq(Some(settings.clone())));
            }
            Change::Presences(presences) => drop(self.presences.set_if_not_eq(presences.clone())),
            Change::Device(device) => {
                self.devices.update(|all| drop(all.insert(device.id.clone(), device.clone())));
            }
            Change::PeopleGone => {
                self.asking.update(AllAsking::clear);
                self.profile.set_if_not_eq(None);
                self.presence_settings.set_if_not_eq(None);
                self.relations.update(Relations::clear);
                self.devices.update(Devices::clear);
            }
            Change::Conversation(summary) => lock(&self.list).put(summary.clone()),
            Change::ConversationGone(id) => lock(&self.list).remove(id),
            Change::Send { conversation, client_msg_id, state } => {
                lock(&self.sends).set(*conversation, *client_msg_id, state);
            }
            Change::Typing(id, users) => {
                drop(lock(&self.aside).entry(*id).or_default().typing.set_if_not_eq(users.clone()));
            }
            Change::Marks(id, marks) => {
                drop(lock(&self.aside).entry(*id).or_default().marks.set_if_not_eq(marks.clone()));
            }
            Change::Echo(..)
            | Change::EchoGone(..)
            | Change::Pending(..)
            | Change::PendingGone(..)
            | Change::Messages(..)
            | Change::Events(..)
            | Change::MessageChanged(..)
            | Change::Unheld(..)
            | Change::Intervals(..)
            | Change::Cleared => {}
        }
    }
}

impl List {
    fn put(&mut self, summary: Arc<ConversationSummary>) {
        if self.by_id.get(&summary.id) == Some(&summary) {
            return;
        }
        if summary.hidden {
            if let Some(at) = self.order.remove(&summary.id) {
                self.shown.remove(at);
            }
            self.by_id.insert(summary.id, summary);
            return;
        }
        let rank = Rank::new(summary.preferences.pinned_at, summary.active_at);
        match self.order.place(summary.id, rank) {
            Placed::Inserted(at) => self.shown.insert(at, summary.clone()),
            Placed::Kept(at) => drop(self.shown.set(at, summary.clone())),
            Placed::Moved(from, to) => {
                let mut moving = self.shown.transaction();
                moving.remove(from);
                moving.insert(to, summary.clone());
                moving.commit();
            }
        }
        self.by_id.insert(summary.id, summary);
    }

    fn remove(&mut self, id: &ConversationId) {
        self.by_id.remove(id);
        if let Some(at) = self.order.remove(id) {
            self.shown.remove(at);
        }
    }
}

impl Sends {
    fn set(&mut self, conversation: ConversationId, id: ClientMsgId, state: &SendState) {
        let entry = self.by_id.entry(id).or_insert_with(|| (conversation, SharedObservable::new(state.clone())));
        entry.1.set_if_not_eq(state.clone());
        if matches!(state, SendState::Sent(_) | SendState::Done(_) | SendState::Cancelled) {
            self.finished.push_back(id);
        }
        if self.finished.len() > FINISHED_SENDS_KEPT
            && let Some(oldest) = self.finished.pop_front()
        {
            self.by_id.remove(&oldest);
        }
    }
}

impl TimelineView {
    pub fn subscribe(&self) -> VectorSubscriber<Arc<TimelineItem>> {
        lock(&self.0).shown.subscribe()
    }

    /// To be held while something is read for it.
    pub fn reading(self: &Arc<Self>) -> Reading {
        lock(&self.0).model.start_reading();
        Reading(self.clone())
    }

    pub fn begin(&self, opened: Opened) {
        self.change(|model| {
            model.begin(opened);
            true
        });
    }

    pub fn merge(&self, page: HistoryRows, from: u64) {
        self.change(|model| {
            model.merge(page, from);
            true
        });
    }

    pub fn hide_read_marker(&self) {
        self.change(|model| {
            model.hide_read_marker();
            true
        });
    }

    pub fn look<T>(&self, at: impl FnOnce(&TimelineModel) -> T) -> T {
        at(&lock(&self.0).model)
    }

    fn change(&self, change: impl FnOnce(&mut TimelineModel) -> bool) {
        let mut state = lock(&self.0);
        if change(&mut state.model) {
            let items = state.model.items().into_iter().map(Arc::new).collect();
            show(&mut state.shown, items);
        }
    }
}

/// Something is read for a timeline, which keeps meanwhile what it is told.
pub(crate) struct Reading(Arc<TimelineView>);

impl Drop for Reading {
    fn drop(&mut self) {
        lock(&self.0.0).model.end_reading();
    }
}

/// Turns one list into another with few diffs: what is equal at both ends stays, what has the same key is set.
fn show(shown: &mut ObservableVector<Arc<TimelineItem>>, items: Vec<Arc<TimelineItem>>) {
    let before = shown.iter().zip(&items).take_while(|(old, new)| old == new).count();
    let rest = shown.len().min(items.len()) - before;
    let behind = shown.iter().rev().zip(items.iter().rev()).take(rest).take_while(|(old, new)| old == new).count();
    let (old_end, new_end) = (shown.len() - behind, items.len() - behind);
    if before == old_end && before == new_end {
        return;
    }
    let appended = before == old_end && behind == 0;
    if appended {
        shown.append(items.into_iter().skip(before).collect::<Vector<_>>());
        return;
    }
    let mut changing = shown.transaction();
    let (mut at, mut old_end) = (before, old_end);
    for item in &items[before..new_end] {
        let found = (at..old_end).find(|index| changing[*index].key == item.key);
        match found {
            Some(index) => {
                for _ in at..index {
                    changing.remove(at);
                    old_end -= 1;
                }
                if changing[at] != *item {
                    changing.set(at, item.clone());
                }
            }
            None => {
                changing.insert(at, item.clone());
                old_end += 1;
            }
        }
        at += 1;
    }
    for _ in at..old_end {
        changing.remove(at);
    }
    changing.commit();
}
