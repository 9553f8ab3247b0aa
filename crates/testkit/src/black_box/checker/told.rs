//! What devices were told: only what is in the log, only what their users may see, in order, and all of it where that
//! is promised.

use crate::black_box::checker::facts::{Facts, sees};
use crate::black_box::checker::{Court, Rule};
use std::collections::{BTreeMap, BTreeSet};

pub fn check(facts: &Facts<'_>, court: &mut Court) {
    let sights: BTreeMap<&str, _> = facts.log.keys().map(|id| (*id, facts.sights(id))).collect();
    for ((process, _, conversation), events) in &facts.told {
        let sight = sights.get(conversation).and_then(|sights| sights.get(facts.user_of(process)));
        let mut before = 0;
        for event in events {
            let at = format!("{conversation} {}", event.seq);
            if event.seq <= before {
                court.report(Rule::Told, format!("{process} was told of {at} after {before}"));
            }
            before = event.seq;
            let log = facts.log.get(conversation).map(Vec::as_slice).unwrap_or_default();
            let stored = usize::try_from(event.seq).ok().and_then(|seq| log.get(seq.checked_sub(1)?));
            if stored.is_none_or(|stored| stored.event != *event) {
                court.report(Rule::Told, format!("{process} was told of {at}, which is not that in the log"));
            }
            if !sight.is_some_and(|sight| sees(sight, event.seq)) {
                court.report(Rule::Told, format!("{process} was told of {at}, which its user may not see"));
            }
        }
    }
    for (process, (user, _)) in facts.devices.iter().filter(|(_, (_, whole))| *whole) {
        for (conversation, sights) in &sights {
            let Some(sight) = sights.get(user) else { continue };
            let told: BTreeSet<u64> =
                facts.told.get(&(*process, 0, *conversation)).into_iter().flatten().map(|event| event.seq).collect();
            let seqs = facts.log[conversation].iter().map(|stored| stored.event.seq).filter(|seq| sees(sight, *seq));
            if let Some(missed) = seqs.into_iter().find(|seq| !told.contains(seq)) {
                court.report(Rule::Told, format!("{process} was never told of {conversation} {missed}"));
            }
        }
    }
}
