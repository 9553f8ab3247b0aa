//! Says whether a history may be. It reads nothing else, and knows nothing of the programs that made it.

mod cursors;
mod devices;
mod facts;
mod log;
mod promises;
#[cfg(test)]
mod tests;
mod told;

use crate::black_box::checker::facts::Facts;
use crate::black_box::history::Entry;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::AddAssign;

/// What a history was found to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What was checked.
    pub counts: Counts,
    /// What may not be, in the order of the rules.
    pub violations: Vec<Violation>,
}

/// How much was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Lines.
    pub lines: u64,
    /// Events in the log at the end.
    pub events: u64,
    /// Tries that were acknowledged.
    pub acknowledged: u64,
    /// Of them, tries of what an earlier try had stored.
    pub deduplicated: u64,
    /// Tries that were refused.
    pub refused: u64,
    /// Messages and commands that were refused in every try.
    pub refused_for_good: u64,
    /// Tries of which nobody knew what became of them.
    pub indeterminate: u64,
    /// Messages and commands that were never acknowledged after such a try.
    pub open: u64,
    /// Events that devices were told of.
    pub told: u64,
    /// Messages that devices hold at the end.
    pub held: u64,
    /// Conversations as devices show them at the end.
    pub shown: u64,
    /// Read cursors that were seen.
    pub cursors: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.lines += other.lines;
        self.events += other.events;
        self.acknowledged += other.acknowledged;
        self.deduplicated += other.deduplicated;
        self.refused += other.refused;
        self.refused_for_good += other.refused_for_good;
        self.indeterminate += other.indeterminate;
        self.open += other.open;
        self.told += other.told;
        self.held += other.held;
        self.shown += other.shown;
        self.cursors += other.cursors;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} lines: {} events in the log; {} tries acknowledged ({} of them again), {} refused, {} without an answer; \
             {} messages and commands refused for good, {} open; {} tellings, {} messages held, {} conversations shown, \
             {} cursors seen",
            self.lines,
            self.events,
            self.acknowledged,
            self.deduplicated,
            self.refused,
            self.indeterminate,
            self.refused_for_good,
            self.open,
            self.told,
            self.held,
            self.shown,
            self.cursors
        )
    }
}

/// A rule that a history has to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A history has a beginning, a log and an end.
    Whole,
    /// Every record of the log is as it was written.
    Intact,
    /// Seqs are dense from 1, ordinals count the messages, times do not go back.
    Dense,
    /// No id stands twice in a log.
    Once,
    /// Nothing is stored that nobody sent, nor with another text.
    Sent,
    /// What was acknowledged stands where the acknowledgement says.
    Acknowledged,
    /// What was refused in every try is not stored.
    Refused,
    /// What was sent after an acknowledgement stands after it; what stood in one outbox is in its order.
    Order,
    /// A device is told what is in the log and what its user may see, in order.
    Told,
    /// A device holds what its user may see, and nothing else.
    Equal,
    /// A device shows each conversation as it is, and all devices of a user agree.
    Shown,
    /// Unread messages are those of the sentence of DESIGN 5.4.
    Unread,
    /// A read cursor that was stored never moves back.
    Cursor,
    /// Nothing waits on a device at the end.
    Settled,
}

/// What may not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which rule it breaks.
    pub rule: Rule,
    /// How, for people.
    pub text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.rule, self.text)
    }
}

/// Collects what may not be.
#[derive(Default)]
struct Court(Vec<Violation>);

impl Court {
    fn report(&mut self, rule: Rule, text: impl Into<String>) {
        self.0.push(Violation { rule, text: text.into() });
    }
}

/// Checks a history.
#[must_use]
pub fn check(history: &[Entry]) -> Verdict {
    let facts = Facts::of(history);
    let mut court = Court::default();
    log::check(&facts, &mut court);
    promises::check(&facts, &mut court);
    told::check(&facts, &mut court);
    devices::check(&facts, &mut court);
    cursors::check(history, &facts, &mut court);
    Verdict { counts: facts.counts, violations: court.0 }
}
