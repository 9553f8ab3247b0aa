//! Which ordinals a device holds.

/// Intervals of ordinals, ascending, neither touching nor overlapping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intervals(Vec<(u64, u64)>);

impl Intervals {
    /// Adds an interval; an empty one changes nothing. Says whether anything changed.
    pub fn add(&mut self, mut from: u64, mut upto: u64) -> bool {
        if from > upto || self.0.iter().any(|(f, u)| *f <= from && upto <= *u) {
            return false;
        }
        self.0.retain(|(f, u)| {
            let apart = *u + 1 < from || upto + 1 < *f;
            if !apart {
                from = from.min(*f);
                upto = upto.max(*u);
            }
            apart
        });
        let at = self.0.partition_point(|(f, _)| *f < from);
        self.0.insert(at, (from, upto));
        true
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// All of them, ascending.
    #[must_use]
    pub fn all(&self) -> &[(u64, u64)] {
        &self.0
    }

    /// Whether an ordinal is in one.
    #[must_use]
    pub fn holds(&self, ordinal: u64) -> bool {
        self.0.iter().any(|(from, upto)| (*from..=*upto).contains(&ordinal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn intervals_are_the_set_of_what_was_added(added in prop::collection::vec((1u64..60, 0u64..8), 0..12)) {
            let mut intervals = Intervals::default();
            let mut set = BTreeSet::new();
            for (from, length) in added {
                let before = intervals.clone();
                let changed = intervals.add(from, from + length);
                prop_assert_eq!(changed, before != intervals);
                set.extend(from..=from + length);
            }
            let held: BTreeSet<u64> = (0..100).filter(|ordinal| intervals.holds(*ordinal)).collect();
            prop_assert_eq!(held, set);
            prop_assert!(intervals.all().windows(2).all(|pair| pair[0].1 + 1 < pair[1].0));
        }
    }
}
