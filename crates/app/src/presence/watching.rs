//! Whom a session watches, what it was told of them, and what it is to be told.

use crate::api::PresenceView;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use stonechat_domain::presence::Shown;
use stonechat_types::id::UserId;
use stonechat_types::number::UserNo;

/// Users that one word tells of, so that it leaves room for messages beside it.
pub const USERS_PER_FRAME_MAX: usize = 32;

/// Held by what is on its way to a session, until it is written or dropped.
#[derive(Debug)]
pub(crate) struct Underway(Arc<AtomicBool>);

impl Drop for Underway {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Of one session. Most watch nobody, and hold nothing.
#[derive(Debug, Default)]
pub(crate) struct Watching {
    list: Option<Box<List>>,
    /// The session has ended.
    closed: bool,
}

#[derive(Debug, Default)]
struct List {
    generation: u64,
    users: BTreeMap<UserNo, Watched>,
    marked: BTreeSet<UserNo>,
    /// Whether the session waits among those that are to be told something.
    queued: bool,
    /// Whether the answer that begins the list is not out yet.
    answering: bool,
    underway: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Watched {
    id: UserId,
    told: Option<Shown>,
}

/// Users that a session is to be told of, and of which list they are.
#[derive(Debug)]
pub(crate) struct Due {
    pub generation: u64,
    pub users: Vec<(UserNo, UserId)>,
}

impl List {
    /// Says whether the session is to be put among those that are to be told something.
    fn queue(&mut self) -> bool {
        !self.marked.is_empty() && !std::mem::replace(&mut self.queued, true)
    }
}

impl Watching {
    /// A user has changed. Says whether the session is to be put among those that are to be told something.
    pub fn mark(&mut self, user: UserNo) -> bool {
        let Some(list) = self.list.as_mut().filter(|list| list.users.contains_key(&user)) else { return false };
        list.marked.insert(user);
        list.queue()
    }

    /// All of them may have changed. Says the same.
    pub fn mark_all(&mut self) -> bool {
        let Some(list) = &mut self.list else { return false };
        list.marked = list.users.keys().copied().collect();
        list.queue()
    }

    /// What was told was not heard. Says the same.
    pub fn forget_told(&mut self) -> bool {
        for watched in self.list.iter_mut().flat_map(|list| list.users.values_mut()) {
            watched.told = None;
        }
        self.mark_all()
    }

    /// Other users are watched from now on. Gives the number of this list, and those who were watched before; `None`
    /// when the session has ended.
    pub fn replace(&mut self, users: &[(UserNo, UserId)]) -> Option<(u64, Vec<UserNo>)> {
        if self.closed {
            return None;
        }
        let list = self.list.get_or_insert_default();
        list.generation += 1;
        list.answering = true;
        list.marked.clear();
        let watched = users.iter().map(|(no, id)| (*no, Watched { id: id.clone(), told: None }));
        let before = std::mem::replace(&mut list.users, watched.collect());
        Some((list.generation, before.into_keys().collect()))
    }

    /// The session has ended. Gives those who were watched.
    pub fn close(&mut self) -> Vec<UserNo> {
        self.closed = true;
        self.list.take().map_or_else(Vec::new, |list| list.users.into_keys().collect())
    }

    /// What the answer that begins the list tells.
    pub fn begins_with(&mut self, generation: u64, shown: &[(UserNo, Shown)]) {
        let Some(list) = self.list.as_mut().filter(|list| list.generation == generation) else { return };
        for (user, shown) in shown {
            if let Some(watched) = list.users.get_mut(user) {
                watched.told = Some(shown.clone());
            }
        }
    }

    /// The answer is out. Says whether the session is to be put among those that are to be told something.
    pub fn answered(&mut self) -> bool {
        let Some(list) = &mut self.list else { return false };
        list.answering = false;
        list.queue()
    }

    /// Takes some of those of whom the session is to be told.
    ///
    /// # Errors
    /// [`Wait`], where it is not to be told anything now.
    pub fn take_due(&mut self) -> Result<Due, Wait> {
        let Some(list) = &mut self.list else { return Err(Wait::Over) };
        if list.marked.is_empty() || list.answering {
            // The answer puts it in again.
            list.queued = false;
            return Err(Wait::Over);
        }
        if list.underway.load(Ordering::Acquire) {
            return Err(Wait::Longer);
        }
        let mut users = Vec::with_capacity(list.marked.len().min(USERS_PER_FRAME_MAX));
        while users.len() < USERS_PER_FRAME_MAX
            && let Some(no) = list.marked.pop_first()
        {
            users.extend(list.users.get(&no).map(|watched| (no, watched.id.clone())));
        }
        Ok(Due { generation: list.generation, users })
    }

    /// The session is not to be told anything for a time.
    pub fn leave(&mut self) {
        if let Some(list) = &mut self.list {
            list.queued = false;
        }
    }

    /// It was told what was taken. Says whether there is more.
    pub fn rest(&mut self) -> Wait {
        let Some(list) = &mut self.list else { return Wait::Over };
        list.queued = !list.marked.is_empty();
        if list.queued { Wait::Longer } else { Wait::Over }
    }

    /// Puts back what could not be told.
    pub fn put_back(&mut self, due: &Due) {
        if let Some(list) = self.list.as_mut().filter(|list| list.generation == due.generation) {
            list.marked.extend(due.users.iter().map(|(no, _)| *no));
        }
    }

    /// What is new of it to the session, on its way from now on.
    pub fn news(&self, generation: u64, shown: &[(UserNo, Shown)]) -> Option<(Vec<PresenceView>, Underway)> {
        let list = self.list.as_ref().filter(|list| list.generation == generation && !list.answering)?;
        let news = shown.iter().filter_map(|(no, shown)| {
            let watched = list.users.get(no).filter(|watched| watched.told.as_ref() != Some(shown))?;
            Some(PresenceView { user: watched.id.clone(), shown: shown.clone() })
        });
        let views: Vec<_> = news.collect();
        if views.is_empty() {
            return None;
        }
        list.underway.store(true, Ordering::Release);
        Some((views, Underway(list.underway.clone())))
    }

    /// It was told.
    pub fn told(&mut self, generation: u64, shown: Vec<(UserNo, Shown)>) {
        self.begins_with(generation, &shown);
    }
}

/// Whether a session is to be looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Something is on its way to it, or there is more to tell.
    Longer,
    /// There is nothing to tell.
    Over,
}

#[cfg(test)]
mod tests {
    use super::*;
    use stonechat_domain::presence::Availability;

    fn bob() -> [(UserNo, UserId); 1] {
        [(UserNo(2), UserId::new("bob").unwrap())]
    }

    fn is(availability: Availability) -> Vec<(UserNo, Shown)> {
        vec![(UserNo(2), Shown { availability, ..Shown::default() })]
    }

    fn begun() -> Watching {
        let mut watching = Watching::default();
        let (generation, before) = watching.replace(&bob()).unwrap();
        assert!(before.is_empty());
        watching.begins_with(generation, &is(Availability::Offline));
        assert!(!watching.answered());
        watching
    }

    #[test]
    fn what_happens_before_the_answer_is_out_follows_it() {
        let mut watching = Watching::default();
        let (generation, _) = watching.replace(&bob()).unwrap();
        assert!(watching.mark(UserNo(2)));
        assert!(matches!(watching.take_due(), Err(Wait::Over)));
        watching.begins_with(generation, &is(Availability::Offline));
        assert!(watching.answered());
        assert_eq!(watching.take_due().unwrap().users, bob());
    }

    #[test]
    fn only_one_word_is_on_its_way_and_the_next_is_the_newest() {
        let mut watching = begun();
        assert!(watching.mark(UserNo(2)) && !watching.mark(UserNo(2)), "it is put in once");
        let due = watching.take_due().unwrap();
        let (views, underway) = watching.news(due.generation, &is(Availability::Online)).unwrap();
        assert_eq!(views.len(), 1);
        watching.told(due.generation, is(Availability::Online));
        watching.mark(UserNo(2));
        assert!(matches!(watching.take_due(), Err(Wait::Longer)));
        drop(underway);
        let due = watching.take_due().unwrap();
        assert!(watching.news(due.generation, &is(Availability::Online)).is_none(), "it is so already");
    }

    #[test]
    fn what_was_found_for_an_earlier_list_is_not_told() {
        let mut watching = begun();
        watching.mark(UserNo(2));
        let due = watching.take_due().unwrap();
        watching.replace(&bob()).unwrap();
        watching.answered();
        assert!(watching.news(due.generation, &is(Availability::Online)).is_none());
        watching.put_back(&due);
        assert!(matches!(watching.take_due(), Err(Wait::Over)));
    }

    #[test]
    fn what_was_dropped_is_told_again_and_an_ended_session_watches_nobody() {
        let mut watching = begun();
        assert!(watching.forget_told());
        let due = watching.take_due().unwrap();
        assert!(watching.news(due.generation, &is(Availability::Offline)).is_some());
        assert_eq!(watching.close(), [UserNo(2)]);
        assert!(watching.replace(&bob()).is_none() && watching.list.is_none());
    }
}
