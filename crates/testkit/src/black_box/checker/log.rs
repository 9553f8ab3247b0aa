//! The log by itself: intact, dense, no id twice.

use crate::black_box::checker::facts::{Facts, MESSAGE};
use crate::black_box::checker::{Court, Rule};
use std::collections::BTreeSet;

pub fn check(facts: &Facts<'_>, court: &mut Court) {
    if facts.devices.is_empty() || facts.log.is_empty() || !facts.ended {
        court.report(Rule::Whole, "the history has no beginning, no log or no end");
    }
    match facts.verified {
        None => court.report(Rule::Whole, "nobody verified the log"),
        Some((true, events, _)) if events == facts.counts.events => {}
        Some((true, events, _)) => {
            court.report(Rule::Intact, format!("{events} events were verified, {} are read", facts.counts.events));
        }
        Some((false, _, problems)) => court.report(Rule::Intact, problems.join("; ")),
    }
    for (conversation, entries) in &facts.log {
        let (mut ids, mut messages, mut last) = (BTreeSet::new(), 0, i64::MIN);
        for (place, stored) in (1..).zip(entries) {
            let event = stored.event;
            let at = format!("{conversation} {}", event.seq);
            if event.seq != place {
                court.report(Rule::Dense, format!("{at} stands at place {place}"));
                break;
            }
            messages += u64::from(event.kind == MESSAGE);
            if event.ordinal != messages {
                court.report(Rule::Dense, format!("{at} has ordinal {} after {messages} messages", event.ordinal));
                break;
            }
            if stored.sent_at < last {
                court.report(Rule::Dense, format!("{at} was taken at {}, the one before at {last}", stored.sent_at));
            }
            last = last.max(stored.sent_at);
            if event.kind == MESSAGE && (event.id.is_none() || stored.text.is_none()) {
                court.report(Rule::Intact, format!("{at} has no body or no id"));
            }
            let id = event
                .id
                .as_deref()
                .filter(|id| event.kind == MESSAGE || facts.asked.contains_key(&(&event.sender, id)));
            if id.is_some_and(|id| !ids.insert((&event.sender, id))) {
                court.report(Rule::Once, format!("{at} has an id of {} that stands there before", event.sender));
            }
        }
    }
}
