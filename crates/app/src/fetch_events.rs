//! Events after a seq, for catching up: every seq of the answer's range is there, or listed as hidden.

use crate::api::{Content, EventView, EventsPage, Failure};
use crate::as_now::Place;
use crate::deletions;
use crate::directory::failure;
use crate::executor::record::unsaid;
use crate::get_conversation::ordinal_at;
use crate::node::Node;
use crate::reading::{PAGE_BYTES, Reader};
use std::collections::BTreeSet;
use stonechat_domain::kind::EventKind;
use stonechat_domain::member::Member;
use stonechat_log::store::PageLimit;
use stonechat_types::id::ConversationId;
use stonechat_types::limits::{CATCH_UP_EVENTS_MAX, PAGE_ITEMS_MAX};
use stonechat_types::number::Seq;

/// The events.
pub(crate) async fn fetch(
    node: &Node,
    reader: &Reader,
    conversation: ConversationId,
    after: Seq,
    limit: u32,
) -> Result<EventsPage, Failure> {
    let (state, me) = node.membership(reader, conversation).await?;
    let head = me.visible_upto(state.head).min(state.head);
    let head_ordinal = if me.is_active() { state.ordinal } else { ordinal_at(node, &state, head).await? };
    let mut page = EventsPage {
        conversation,
        events: Vec::new(),
        from: after.next(),
        upto: after.max(head),
        hidden: Vec::new(),
        more: false,
        jump: false,
        head,
        head_ordinal,
    };
    if after >= head {
        page.upto = after;
        return Ok(page);
    }
    if head.0 - after.0 > CATCH_UP_EVENTS_MAX {
        page.jump = true;
        node.metrics.jumps.inc();
        page.upto = after;
        return Ok(page);
    }
    let items = if limit == 0 { PAGE_ITEMS_MAX } else { limit.min(PAGE_ITEMS_MAX) } as usize;
    let limit = PageLimit { items, bytes: PAGE_BYTES };
    let found = node.log.events(reader.app, conversation, after, head, limit).await.map_err(failure)?;
    let last = found.events.last().map_or(head, |event| event.header.seq);
    page.more = found.more;
    page.upto = if found.more { last } else { head };
    let removed = deletions::of(node, reader, conversation).await?.deletions;
    let gone = found
        .events
        .iter()
        .map(|event| &event.header)
        .filter(|it| it.kind == EventKind::Message && removed.holds_ordinal(it.ordinal) && me.sees(it.seq));
    let gone: BTreeSet<Seq> = gone.map(|header| header.seq).collect();
    page.hidden = hidden(&me, page.from, page.upto);
    page.hidden.extend(gone.iter().map(|seq| (*seq, *seq)));
    page.hidden.sort_unstable();
    let is_seen = |seq: Seq| me.sees(seq) && !removed.holds(seq);
    for event in found.events.iter().filter(|event| me.sees(event.header.seq) && !gone.contains(&event.header.seq)) {
        page.events.push(seen(is_seen, node.open(event).map_err(failure)?));
    }
    let place = Place { node, reader, state: &state, me: &me };
    place.withhold_recalled(&mut page.events).await?;
    Ok(page)
}

/// An event as a member may see it: what an edit says is told to those who may see the message.
fn seen(is_seen: impl Fn(Seq) -> bool, mut event: EventView) -> EventView {
    if let Content::Change(change) = &event.content
        && change.target().is_some_and(|target| !is_seen(target))
    {
        event.content = Content::Change(unsaid(change.clone()));
    }
    event
}

/// The ranges of `from ..= upto` that a member may not see.
fn hidden(me: &Member, from: Seq, upto: Seq) -> Vec<(Seq, Seq)> {
    let mut ranges = Vec::new();
    let mut next = from;
    for interval in &me.intervals {
        if interval.from > upto {
            break;
        }
        if interval.from > next {
            ranges.push((next, Seq(interval.from.0 - 1)));
        }
        next = next.max(interval.upto.map_or(upto.next(), Seq::next));
    }
    if next <= upto {
        ranges.push((next, upto));
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use stonechat_domain::member::{Interval, Role, UserRef};
    use stonechat_types::id::UserId;
    use stonechat_types::number::{Ordinal, UserNo};

    proptest! {
        #[test]
        fn every_seq_is_seen_or_hidden(cuts in proptest::collection::btree_set(1u64..60, 1..8), from in 1u64..30, length in 0u64..40) {
            let user = UserRef { no: UserNo(1), id: UserId::new("a").unwrap() };
            let mut me = Member::joining(user, Role::Member, Seq(1), Ordinal(0));
            let cuts: Vec<_> = cuts.into_iter().collect();
            me.intervals = cuts.chunks(2).map(|c| Interval { from: Seq(c[0]), upto: c.get(1).map(|u| Seq(*u - 1)).filter(|u| u.0 >= c[0]) }).collect();
            let (from, upto) = (Seq(from), Seq(from + length));
            let hidden = hidden(&me, from, upto);
            for seq in (from.0..=upto.0).map(Seq) {
                let listed = hidden.iter().any(|(a, b)| seq >= *a && seq <= *b);
                prop_assert_eq!(listed, !me.sees(seq), "{:?} {:?}", seq, me.intervals);
            }
        }
    }
}
