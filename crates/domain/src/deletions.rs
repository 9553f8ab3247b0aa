//! Messages that a user removed from one conversation for himself, on all of his devices. Others see them still.

use stonechat_types::limits::DELETED_RUNS_MAX;
use stonechat_types::number::{Ordinal, Seq};

/// Where a message stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Its event.
    pub seq: Seq,
    /// Its number among the messages.
    pub ordinal: Ordinal,
}

/// Messages that follow each other, all of them removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first of them.
    pub first: Place,
    /// The last of them.
    pub last: Place,
}

/// What a user removed from one conversation: runs in their order, with messages that stay between them. At most
/// [`DELETED_RUNS_MAX`] of them, and one that he cleared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deletions(Vec<Run>);

/// There are as many runs as there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

impl Deletions {
    /// Of runs as [`Deletions::runs`] gives them; `None` when they are not in their form.
    #[must_use]
    pub fn from_runs(runs: Vec<Run>) -> Option<Self> {
        let is_run = |run: &Run| {
            let (first, last) = (run.first, run.last);
            first.seq > Seq::ZERO
                && first.ordinal > Ordinal::ZERO
                && first.seq <= last.seq
                && first.ordinal <= last.ordinal
        };
        let is_before = |run: &Run, next: &Run| {
            run.last.seq < next.first.seq
                && run.last.ordinal.0.checked_add(1).is_some_and(|end| end < next.first.ordinal.0)
        };
        let ordered = runs.windows(2).all(|pair| is_before(&pair[0], &pair[1]));
        (runs.len() <= DELETED_RUNS_MAX + 1 && ordered && runs.iter().all(is_run)).then_some(Self(runs))
    }

    /// The runs, oldest first.
    #[must_use]
    pub fn runs(&self) -> &[Run] {
        &self.0
    }

    /// Whether nothing was removed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a message is removed, by its event.
    #[must_use]
    pub fn holds(&self, seq: Seq) -> bool {
        let at = self.0.partition_point(|run| run.last.seq < seq);
        self.0.get(at).is_some_and(|run| run.first.seq <= seq)
    }

    /// Whether all of a run is removed.
    #[must_use]
    pub fn holds_run(&self, run: &Run) -> bool {
        let at = self.0.partition_point(|other| other.last.ordinal < run.first.ordinal);
        let around = |other: &Run| other.first.ordinal <= run.first.ordinal && other.last.ordinal >= run.last.ordinal;
        self.0.get(at).is_some_and(around)
    }

    /// The last message that is removed, by its ordinal; zero when none is.
    #[must_use]
    pub fn newest(&self) -> Ordinal {
        self.0.last().map_or(Ordinal::ZERO, |run| run.last.ordinal)
    }

    /// Whether a message is removed, by its ordinal.
    #[must_use]
    pub fn holds_ordinal(&self, ordinal: Ordinal) -> bool {
        let at = self.0.partition_point(|run| run.last.ordinal < ordinal);
        self.0.get(at).is_some_and(|run| run.first.ordinal <= ordinal)
    }

    /// How many messages above one ordinal and up to another are removed.
    #[must_use]
    pub fn between(&self, above: Ordinal, upto: Ordinal) -> u64 {
        if above >= upto {
            return 0;
        }
        let at = self.0.partition_point(|run| run.last.ordinal <= above);
        let runs = self.0[at..].iter().take_while(|run| run.first.ordinal <= upto);
        runs.map(|run| run.last.ordinal.min(upto).0 - run.first.ordinal.max(above.next()).0 + 1).sum()
    }

    /// The last ordinal up to one that is not removed; zero when there is none.
    #[must_use]
    pub fn newest_kept(&self, upto: Ordinal) -> Ordinal {
        let at = self.0.partition_point(|run| run.last.ordinal < upto);
        match self.0.get(at) {
            Some(run) if run.first.ordinal <= upto => Ordinal(run.first.ordinal.0 - 1),
            Some(_) | None => upto,
        }
    }

    /// The first ordinal from one on that is not removed.
    #[must_use]
    pub fn oldest_kept(&self, from: Ordinal) -> Ordinal {
        let at = self.0.partition_point(|run| run.last.ordinal < from);
        match self.0.get(at) {
            Some(run) if run.first.ordinal <= from => run.last.ordinal.next(),
            Some(_) | None => from,
        }
    }

    /// Removes a message; one that is removed already changes nothing.
    ///
    /// # Errors
    /// [`TooMany`] when it would need one run more than there may be.
    pub fn delete(&mut self, message: Place) -> Result<(), TooMany> {
        if self.holds_ordinal(message.ordinal) {
            return Ok(());
        }
        let at = self.0.partition_point(|run| run.last.ordinal < message.ordinal);
        let joins_before = at > 0 && self.0[at - 1].last.ordinal.next() == message.ordinal;
        let joins_after = self.0.get(at).is_some_and(|run| message.ordinal.next() == run.first.ordinal);
        match (joins_before, joins_after) {
            (true, true) => {
                let after = self.0.remove(at);
                self.0[at - 1].last = after.last;
            }
            (true, false) => self.0[at - 1].last = message,
            (false, true) => self.0[at].first = message,
            (false, false) if self.0.len() >= DELETED_RUNS_MAX => return Err(TooMany),
            (false, false) => self.0.insert(at, Run { first: message, last: message }),
        }
        Ok(())
    }

    /// Removes everything up to an event, with the ordinal there: what was removed before goes into it.
    pub fn clear_upto(&mut self, upto: Place) {
        if upto.ordinal == Ordinal::ZERO || upto.seq == Seq::ZERO {
            return;
        }
        let mut last = upto;
        self.0.retain(|run| {
            let joins = run.first.ordinal <= upto.ordinal.next();
            if joins && run.last.ordinal > last.ordinal {
                last = run.last;
            } else if joins && run.last.ordinal == last.ordinal {
                last.seq = last.seq.max(run.last.seq);
            }
            !joins
        });
        self.0.insert(0, Run { first: Place { seq: Seq(1), ordinal: Ordinal(1) }, last });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// Every third event is none that people read.
    fn place(ordinal: u64) -> Place {
        Place { seq: Seq(ordinal + ordinal / 2), ordinal: Ordinal(ordinal) }
    }

    #[test]
    fn a_message_between_two_runs_makes_them_one() {
        let mut deletions = Deletions::default();
        for ordinal in [3, 5, 4, 4] {
            deletions.delete(place(ordinal)).unwrap();
        }
        assert_eq!(deletions.runs(), [Run { first: place(3), last: place(5) }]);
    }

    #[test]
    fn there_is_an_end_to_runs_and_clearing_makes_room() {
        let mut deletions = Deletions::default();
        for i in 0..DELETED_RUNS_MAX as u64 {
            deletions.delete(place(1 + 2 * i)).unwrap();
        }
        let next = place(1 + 2 * DELETED_RUNS_MAX as u64);
        assert_eq!(deletions.delete(next), Err(TooMany));
        assert_eq!(deletions.delete(place(2)), Ok(()), "it joins two");
        let mut full = Deletions(deletions.0[1..].to_vec());
        full.delete(next).unwrap();
        full.clear_upto(place(1));
        assert_eq!(full.runs().len(), DELETED_RUNS_MAX, "it was joined to the first");
        let mut all = Deletions(deletions.0[2..].to_vec());
        all.delete(next).unwrap();
        all.delete(Place { seq: Seq(next.seq.0 + 9), ordinal: Ordinal(next.ordinal.0 + 2) }).unwrap();
        all.clear_upto(place(1));
        assert!(Deletions::from_runs(all.runs().to_vec()).is_some(), "what is cleared has room always");
        deletions.clear_upto(place(9));
        assert_eq!(deletions.delete(next), Ok(()));
        assert!(Deletions::from_runs(deletions.runs().to_vec()).is_some());
    }

    proptest! {
        #[test]
        fn runs_say_what_a_set_says(steps in proptest::collection::vec((1u64..40, 0u8..8), 0..40), above in 0u64..45, upto in 0u64..45) {
            let (mut deletions, mut set) = (Deletions::default(), BTreeSet::new());
            for (ordinal, what) in steps {
                if what == 0 {
                    deletions.clear_upto(place(ordinal));
                    set.extend(1..=ordinal);
                } else {
                    deletions.delete(place(ordinal)).unwrap();
                    set.insert(ordinal);
                }
                prop_assert_eq!(Deletions::from_runs(deletions.runs().to_vec()), Some(deletions.clone()));
            }
            for ordinal in 1..=45 {
                prop_assert_eq!(deletions.holds_ordinal(Ordinal(ordinal)), set.contains(&ordinal));
                prop_assert_eq!(deletions.holds(place(ordinal).seq), set.contains(&ordinal));
            }
            let between = set.iter().filter(|it| **it > above && **it <= upto).count() as u64;
            prop_assert_eq!(deletions.between(Ordinal(above), Ordinal(upto)), between);
            let newest = (1..=upto).rev().find(|it| !set.contains(it)).unwrap_or(0);
            prop_assert_eq!(deletions.newest_kept(Ordinal(upto)), Ordinal(newest));
            let oldest = (above + 1..).find(|it| !set.contains(it)).unwrap();
            prop_assert_eq!(deletions.oldest_kept(Ordinal(above + 1)), Ordinal(oldest));
        }
    }
}
