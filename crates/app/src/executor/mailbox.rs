//! The mailbox of an executor: what it was asked and has not taken. Each app has a lane, and the lanes take turns, so
//! that nobody waits behind all that another app asks.

use super::job::Job;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use stonechat_types::number::AppId;

/// Commands that wait in a mailbox; more are refused as `overloaded`.
pub(crate) const MAILBOX_MAX: usize = 1_024;

/// Lanes that keep their storage when they are empty.
const EMPTY_LANES_MAX: usize = 8;

/// Why a job was not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The mailbox is full.
    Full,
    /// The committer lags, and the app has its share of the work that is not durable yet.
    Share,
    /// Nothing is taken in any more.
    Closed,
}

/// Who else waits, when it is asked whether an app may have more than its share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// Nobody.
    #[default]
    Nobody,
    /// One app.
    One(AppId),
    /// Several.
    Several,
}

impl Waiting {
    /// The same with one app more.
    pub fn and(self, app: AppId) -> Self {
        match self {
            Self::Nobody => Self::One(app),
            Self::One(one) if one == app => self,
            Self::One(_) | Self::Several => Self::Several,
        }
    }

    /// Whether anybody but this app waits.
    pub fn others_than(self, app: AppId) -> bool {
        match self {
            Self::Nobody => false,
            Self::One(one) => one != app,
            Self::Several => true,
        }
    }
}

/// What was taken from a mailbox.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// How many jobs; 0 when nothing will come any more.
    pub jobs: usize,
    /// Who waited, those jobs included.
    pub waiting: Waiting,
}

/// The mailbox.
#[derive(Default)]
pub(crate) struct Mailbox(Mutex<Lanes>);

#[derive(Default)]
struct Lanes {
    by_app: BTreeMap<AppId, Lane>,
    /// Jobs in all lanes.
    waiting: usize,
    /// Whose turn it was last.
    served: AppId,
    waker: Option<Waker>,
    closed: bool,
}

#[derive(Default)]
struct Lane {
    jobs: VecDeque<Job>,
    /// Of this app, what the executor has taken and is not durable yet, as far as that is known.
    open: usize,
}

impl Lane {
    fn work(&self) -> usize {
        self.jobs.len() + self.open
    }
}

impl Mailbox {
    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a job in, or gives it back with the reason.
    ///
    /// # Errors
    /// The job, and why not.
    pub fn send(&self, job: Job) -> Result<(), Box<(Job, Refused)>> {
        self.lanes().send(job, false)
    }

    /// As [`Self::send`] while the committer lags: whoever has his share of the work already gets no more in.
    ///
    /// # Errors
    /// The job, and why not.
    pub fn send_within_share(&self, job: Job) -> Result<(), Box<(Job, Refused)>> {
        self.lanes().send(job, true)
    }

    /// Takes up to `max` jobs, of apps that have room only: an app without has to wait while others do. Registers the
    /// task when there is none.
    pub fn poll_take(
        &self,
        cx: &mut Context<'_>,
        into: &mut Vec<Job>,
        max: usize,
        has_room: impl Fn(AppId) -> bool,
    ) -> Poll<Taken> {
        let mut lanes = self.lanes();
        let taken = lanes.take(into, max, has_room);
        if taken.jobs > 0 || (lanes.closed && lanes.waiting == 0) {
            return Poll::Ready(taken);
        }
        match &mut lanes.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// As [`Self::poll_take`], without waiting.
    pub fn take(&self, into: &mut Vec<Job>, max: usize, has_room: impl Fn(AppId) -> bool) -> Taken {
        self.lanes().take(into, max, has_room)
    }

    /// Says how much of each app is on its way to be durable; of all others nothing is.
    pub fn settle(&self, open: impl Iterator<Item = (AppId, usize)>) {
        let mut lanes = self.lanes();
        lanes.by_app.values_mut().for_each(|lane| lane.open = 0);
        for (app, count) in open {
            lanes.by_app.entry(app).or_default().open = count;
        }
        if lanes.by_app.len() > EMPTY_LANES_MAX {
            lanes.by_app.retain(|_, lane| lane.work() > 0);
        }
    }

    /// Takes nothing in any more. What waits can still be taken.
    pub fn close(&self) {
        let mut lanes = self.lanes();
        lanes.closed = true;
        if let Some(waker) = lanes.waker.take() {
            waker.wake();
        }
    }

    /// Jobs that wait.
    pub fn len(&self) -> usize {
        self.lanes().waiting
    }
}

impl Lanes {
    fn send(&mut self, job: Job, within_share: bool) -> Result<(), Box<(Job, Refused)>> {
        let (app, _) = job.key;
        let refused = if self.closed {
            Some(Refused::Closed)
        } else if self.waiting >= MAILBOX_MAX {
            Some(Refused::Full)
        } else if within_share && self.has_its_share(app) {
            Some(Refused::Share)
        } else {
            None
        };
        if let Some(refused) = refused {
            return Err(Box::new((job, refused)));
        }
        self.by_app.entry(app).or_default().jobs.push_back(job);
        self.waiting += 1;
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
        Ok(())
    }

    /// Whether an app has as much as it would if all that have work had the same.
    fn has_its_share(&self, app: AppId) -> bool {
        let own = self.by_app.get(&app).map_or(0, Lane::work);
        let busy = self.by_app.values().map(Lane::work).filter(|work| *work > 0);
        let (apps, all) = busy.fold((0, 0), |(apps, all), work| (apps + 1, all + work));
        own > 0 && own * apps >= all
    }

    fn take(&mut self, into: &mut Vec<Job>, max: usize, has_room: impl Fn(AppId) -> bool) -> Taken {
        let apps = self.by_app.iter().filter(|(_, lane)| !lane.jobs.is_empty());
        let waiting = apps.fold(Waiting::Nobody, |waiting, (app, _)| waiting.and(*app));
        let mut jobs = 0;
        while jobs < max
            && let Some(app) = self.next(&has_room)
            && let Some(lane) = self.by_app.get_mut(&app)
        {
            // The last one who waits takes all at once.
            let count = if lane.jobs.len() == self.waiting { lane.jobs.len().min(max - jobs) } else { 1 };
            into.extend(lane.jobs.drain(..count));
            lane.open += count;
            self.waiting -= count;
            self.served = app;
            jobs += count;
        }
        Taken { jobs, waiting }
    }

    /// The next app whose job may be taken, after the one that was served last.
    fn next(&self, has_room: impl Fn(AppId) -> bool) -> Option<AppId> {
        let later = self.by_app.range((Excluded(self.served), Unbounded));
        let mut lanes = later.chain(self.by_app.range(..=self.served)).filter(|(_, lane)| !lane.jobs.is_empty());
        lanes.find(|(app, lane)| lane.jobs.len() == self.waiting || has_room(**app)).map(|(app, _)| *app)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::job::{Reply, Work};
    use stonechat_domain::member::UserRef;
    use stonechat_types::id::{ConversationId, UserId};
    use stonechat_types::number::{Seq, UserNo};

    const A: AppId = AppId(1);
    const B: AppId = AppId(2);
    const C: AppId = AppId(3);

    /// Jobs that are told apart by a number.
    fn job(app: AppId, n: u64) -> Job {
        let actor = UserRef { no: UserNo(1), id: UserId::new("alice").unwrap() };
        let conversation = ConversationId::direct(app, &actor.id, &actor.id);
        Job { key: (app, conversation), actor, work: Work::MarkRead(Seq(n)), reply: Reply::Nobody, wrong: None }
    }

    fn send(mailbox: &Mailbox, app: AppId, numbers: impl Iterator<Item = u64>) {
        numbers.for_each(|n| assert!(mailbox.send(job(app, n)).is_ok()));
    }

    fn take(mailbox: &Mailbox, max: usize, has_room: impl Fn(AppId) -> bool) -> (Vec<(u32, u64)>, Waiting) {
        let mut jobs = Vec::new();
        let taken = mailbox.take(&mut jobs, max, has_room);
        assert_eq!(taken.jobs, jobs.len());
        let told = jobs.iter().map(|job| match job.work {
            Work::MarkRead(Seq(n)) => (job.key.0.0, n),
            Work::Send(_)
            | Work::Command(..)
            | Work::ChangeMessage(..)
            | Work::MarkDelivered(_)
            | Work::MarkPlayed(..)
            | Work::Typing(_)
            | Work::Relate(..) => unreachable!(),
        });
        (told.collect(), taken.waiting)
    }

    fn refusal(result: Result<(), Box<(Job, Refused)>>) -> Refused {
        result.map_err(|refused| refused.1).unwrap_err()
    }

    #[test]
    fn one_app_is_served_in_order_and_its_mailbox_has_a_bound() {
        let mailbox = Mailbox::default();
        send(&mailbox, A, 0..MAILBOX_MAX as u64);
        assert_eq!(refusal(mailbox.send(job(A, 0))), Refused::Full);
        assert_eq!(refusal(mailbox.send(job(B, 0))), Refused::Full);
        let (first, waiting) = take(&mailbox, 3, |_| false);
        assert_eq!((first, waiting), (vec![(1, 0), (1, 1), (1, 2)], Waiting::One(A)), "nobody else waits");
        assert_eq!(mailbox.len(), MAILBOX_MAX - 3);
    }

    #[test]
    fn lanes_take_turns() {
        let mailbox = Mailbox::default();
        send(&mailbox, A, 0..3);
        send(&mailbox, B, 0..1);
        send(&mailbox, C, 0..2);
        let (taken, waiting) = take(&mailbox, 10, |_| true);
        assert_eq!(taken, [(1, 0), (2, 0), (3, 0), (1, 1), (3, 1), (1, 2)]);
        assert_eq!((waiting, mailbox.len()), (Waiting::Several, 0));
    }

    #[test]
    fn an_app_without_room_waits_only_while_others_do() {
        let mailbox = Mailbox::default();
        send(&mailbox, A, 0..3);
        send(&mailbox, B, 0..2);
        assert_eq!(take(&mailbox, 1, |app| app != A).0, [(2, 0)]);
        assert_eq!(take(&mailbox, 1, |_| false).0, []);
        assert_eq!(take(&mailbox, 9, |app| app != A).0, [(2, 1), (1, 0), (1, 1), (1, 2)]);
    }

    #[test]
    fn while_the_committer_lags_a_share_is_the_same_for_all_who_have_work() {
        let mailbox = Mailbox::default();
        assert!(mailbox.send_within_share(job(A, 0)).is_ok(), "nobody has any work");
        assert_eq!(refusal(mailbox.send_within_share(job(A, 1))), Refused::Share);
        send(&mailbox, A, 1..10);
        for n in 0..10 {
            assert!(mailbox.send_within_share(job(B, n)).is_ok());
            assert_eq!(refusal(mailbox.send_within_share(job(A, 10))), Refused::Share);
        }
        assert_eq!(refusal(mailbox.send_within_share(job(B, 10))), Refused::Share, "both have the same");
        // What was taken counts until it is durable.
        take(&mailbox, 20, |_| true);
        assert_eq!(refusal(mailbox.send_within_share(job(A, 10))), Refused::Share);
        mailbox.settle([(B, 10)].into_iter());
        assert!(mailbox.send_within_share(job(A, 10)).is_ok());
        assert_eq!(refusal(mailbox.send_within_share(job(B, 10))), Refused::Share);
        assert!(mailbox.send(job(B, 10)).is_ok());
    }

    #[test]
    fn who_has_left_keeps_no_lane() {
        let mailbox = Mailbox::default();
        for n in 0..100 {
            send(&mailbox, AppId(n), 0..1);
        }
        take(&mailbox, 100, |_| true);
        mailbox.settle([(B, 1)].into_iter());
        assert_eq!(mailbox.lanes().by_app.keys().collect::<Vec<_>>(), [&B]);
    }

    #[test]
    fn a_closed_mailbox_gives_what_it_has_and_then_the_end() {
        let mailbox = Mailbox::default();
        send(&mailbox, A, 0..1);
        mailbox.close();
        assert_eq!(refusal(mailbox.send(job(A, 1))), Refused::Closed);
        let mut jobs = Vec::new();
        let mut cx = Context::from_waker(Waker::noop());
        let one = Taken { jobs: 1, waiting: Waiting::One(A) };
        assert_eq!(mailbox.poll_take(&mut cx, &mut jobs, 10, |_| true), Poll::Ready(one));
        let end = Taken { jobs: 0, waiting: Waiting::Nobody };
        assert_eq!(mailbox.poll_take(&mut cx, &mut jobs, 10, |_| true), Poll::Ready(end));
    }

    #[test]
    fn waiting_tells_others_from_oneself() {
        let waiting = Waiting::Nobody.and(A).and(A);
        assert_eq!((waiting, waiting.others_than(A), waiting.others_than(B)), (Waiting::One(A), false, true));
        assert!(waiting.and(B).others_than(A) && !Waiting::Nobody.others_than(A));
    }
}
