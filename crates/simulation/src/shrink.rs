//! Leaves steps out of a failing plan until what is left is short.

use crate::plan::Plan;
use crate::planted::Planted;
use crate::world::{Kept, World};
use std::collections::BTreeSet;

/// Runs at most, so that it ends.
const RUNS_MAX: u32 = 400;

/// The places of the steps without which the run would not fail. `kind` is the start of the violation: another one is
/// another bug.
#[must_use]
pub fn shrink(seed: u64, planted: Option<Planted>, kind: &str) -> BTreeSet<usize> {
    let plan = Plan::of(seed);
    let mut kept: BTreeSet<usize> = (0..plan.steps.len()).collect();
    let mut runs = 0;
    let mut fails = |kept: &BTreeSet<usize>| {
        runs += 1;
        let outcome = World::new(plan.clone(), planted, false).run(&Kept::Only(kept.clone()));
        (outcome.violation.is_some_and(|violation| same(kind, &violation)), runs < RUNS_MAX)
    };
    let mut size = kept.len().div_ceil(2);
    while size > 0 {
        let places: Vec<usize> = kept.iter().copied().collect();
        let mut shorter = false;
        for chunk in places.chunks(size) {
            let without: BTreeSet<usize> = kept.iter().filter(|place| !chunk.contains(place)).copied().collect();
            let (still, more) = fails(&without);
            if still {
                kept = without;
                shorter = true;
            }
            if !more {
                return kept;
            }
        }
        size = if size == 1 && !shorter { 0 } else { (size / 2).max(1) };
    }
    kept
}

/// Whether two violations are of one kind: the same words, whatever the numbers.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    kind(a) == kind(b)
}

/// The words of a violation, without what is of one run.
#[must_use]
pub fn kind(violation: &str) -> String {
    let words = violation.split_whitespace().filter(|word| word.chars().all(|c| c.is_ascii_alphabetic() || c == ','));
    words.collect::<Vec<_>>().join(" ")
}
