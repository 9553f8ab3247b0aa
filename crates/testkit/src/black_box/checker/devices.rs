//! What devices hold and show at the end: all that their users may see, the same on every device.

use crate::black_box::checker::facts::{Facts, MESSAGE, Sight, sees};
use crate::black_box::checker::{Court, Rule};
use crate::black_box::history::Shown;
use std::collections::BTreeMap;

pub fn check(facts: &Facts<'_>, court: &mut Court) {
    let mut unread = BTreeMap::new();
    for (process, (user, _)) in &facts.devices {
        let mut held = BTreeMap::new();
        for (event, text) in facts.held.get(process).into_iter().flatten() {
            if held.insert((event.conversation.as_str(), event.seq), (*event, *text)).is_some() {
                court.report(Rule::Equal, format!("{process} holds {} {} twice", event.conversation, event.seq));
            }
        }
        for (conversation, entries) in &facts.log {
            let sights = facts.sights(conversation);
            let Some(sight) = sights.get(user) else { continue };
            for stored in entries.iter().filter(|it| it.event.kind == MESSAGE && sees(sight, it.event.seq)) {
                let at = format!("{conversation} {}", stored.event.seq);
                match held.remove(&(*conversation, stored.event.seq)) {
                    Some((event, text)) if event == stored.event && Some(text) == stored.text => {}
                    Some((_, text)) => {
                        court.report(Rule::Equal, format!("{process} holds {at} as {text:?}, the log has another"));
                    }
                    None => court.report(Rule::Equal, format!("{process} does not hold {at}")),
                }
            }
            let shown =
                facts.shown.get(process).into_iter().flatten().find(|shown| shown.conversation == *conversation);
            match shown {
                None => court.report(Rule::Shown, format!("{process} does not show {conversation}")),
                Some(shown) => {
                    judge(facts, (process, user), (shown, sight), court);
                    // Not the cursors: one may stand before the user's own messages, and another after them.
                    let before = unread.insert((*user, *conversation), (*process, shown.unread));
                    if let Some((other, count)) = before.filter(|(_, count)| *count != shown.unread) {
                        let text =
                            format!("{other} counts {count} unread in {conversation}, {process} {}", shown.unread);
                        court.report(Rule::Shown, text);
                    }
                }
            }
        }
        for (conversation, seq) in held.keys() {
            court.report(Rule::Equal, format!("{process} holds {conversation} {seq}, which is not for it"));
        }
    }
}

/// A conversation as a device shows it, against the log.
fn judge(facts: &Facts<'_>, (process, user): (&str, &str), (shown, sight): (&Shown, &Sight), court: &mut Court) {
    let id = shown.conversation.as_str();
    let log = &facts.log[id];
    let head = log.iter().rev().find(|stored| sees(sight, stored.event.seq)).map(|stored| stored.event);
    let joined = sight.last().filter(|(_, upto)| upto.is_none()).map(|(from, _)| *from);
    let (seq, ordinal) = head.map_or((0, 0), |head| (head.seq, head.ordinal));
    if (shown.head_seq, shown.head_ordinal, shown.member) != (seq, ordinal, joined.is_some()) {
        let text = format!("{process} shows {shown:?}, the head is {seq} with ordinal {ordinal}, joined at {joined:?}");
        court.report(Rule::Shown, text);
    }
    // Nothing is unread where the user is no member.
    let floor = joined.map_or(u64::MAX, |joined| joined.max(shown.read_seq));
    let counts = |event: &crate::black_box::history::Event| {
        event.kind == MESSAGE && event.seq > floor && event.sender != user && sees(sight, event.seq)
    };
    let unread = log.iter().filter(|stored| counts(stored.event)).count() as u64;
    if shown.unread != unread {
        court.report(Rule::Unread, format!("{process} counts {} unread in {id}, the sentence {unread}", shown.unread));
    }
}
