//! What devices were promised: acknowledged means stored there, refused means not stored, and both in order.

use crate::black_box::checker::facts::{Asked, Facts, MESSAGE, Stored};
use crate::black_box::checker::{Court, Rule};
use std::collections::BTreeMap;

pub fn check(facts: &Facts<'_>, court: &mut Court) {
    let mut stored = BTreeMap::new();
    for entry in facts.log.values().flatten() {
        let Some(id) = entry.event.id.as_deref() else { continue };
        stored.entry((entry.event.sender.as_str(), id)).or_insert(entry);
        strays(facts, entry, id, court);
    }
    let mut lanes = BTreeMap::<_, Vec<_>>::new();
    for (key, asked) in &facts.asked {
        let entry = stored.get(key).copied();
        acknowledged(facts, (key.1, asked), court);
        if let Some(entry) = entry {
            let at = format!("{} {}", entry.event.conversation, entry.event.seq);
            if asked.is_refused() {
                let codes = asked.refused.join(", ");
                court.report(
                    Rule::Refused,
                    format!("{at} is {} of {}, which was refused ({codes})", key.1, asked.process),
                );
            }
            if entry.event.seq <= asked.after {
                let text = format!("{at} was first sent when {} was acknowledged ({})", asked.after, asked.process);
                court.report(Rule::Order, text);
            }
            if asked.lane {
                let lane = lanes.entry((asked.process, asked.conversation)).or_default();
                lane.push((asked.place, entry.event.seq));
            }
        }
    }
    for ((process, conversation), mut lane) in lanes {
        lane.sort_unstable();
        for pair in lane.windows(2) {
            if pair[0].1 >= pair[1].1 {
                let text = format!("{process} sent {} before {} to {conversation}", pair[0].1, pair[1].1);
                court.report(Rule::Order, text);
            }
        }
    }
    for (process, id) in &facts.unsent {
        court.report(Rule::Settled, format!("{id} waits on {process}"));
    }
}

/// Nothing is there that nobody sent.
fn strays(facts: &Facts<'_>, entry: &Stored<'_>, id: &str, court: &mut Court) {
    let event = entry.event;
    if event.kind != MESSAGE {
        return;
    }
    let at = format!("{} {}", event.conversation, event.seq);
    match facts.asked.get(&(event.sender.as_str(), id)) {
        None => court.report(Rule::Sent, format!("{at} was never sent by {}", event.sender)),
        Some(asked) if asked.text != entry.text || asked.conversation != event.conversation => {
            court.report(Rule::Sent, format!("{at} says {:?}, {:?} was sent", entry.text, asked.text));
        }
        Some(_) => {}
    }
}

/// Every acknowledgement names the one place where it stands.
fn acknowledged(facts: &Facts<'_>, (id, asked): (&str, &Asked<'_>), court: &mut Court) {
    for (conversation, seq, ordinal) in &asked.acknowledged {
        if *seq == 0 {
            // A command that had nothing to change.
            continue;
        }
        let entry = facts.log.get(conversation).and_then(|log| log.get(usize::try_from(*seq).ok()? - 1));
        let there = entry.is_some_and(|entry| {
            entry.event.id.as_deref() == Some(id) && ordinal.is_none_or(|ordinal| entry.event.ordinal == ordinal)
        });
        if !there {
            let process = asked.process;
            court.report(Rule::Acknowledged, format!("{conversation} {seq} was promised to {id} of {process}"));
        }
    }
}
