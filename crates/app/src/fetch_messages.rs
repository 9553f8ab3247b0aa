//! Messages as they are now, by ordinal.

use crate::api::{Failure, MessageRange, MessagesPage};
use crate::as_now::{Place, fitting};
use crate::deletions;
use crate::directory::failure;
use crate::events_among;
use crate::get_conversation::ordinal_at;
use crate::node::Node;
use crate::reading::{PAGE_BYTES, Reader};
use stonechat_domain::member::Member;
use stonechat_log::store::{EventPage, PageLimit};
use stonechat_types::id::ConversationId;
use stonechat_types::limits::PAGE_ITEMS_MAX;
use stonechat_types::number::{Ordinal, Seq};

const DEFAULT: u32 = 50;

/// Which messages.
pub(crate) struct Wanted {
    pub conversation: ConversationId,
    pub range: MessageRange,
    /// 0 for the default.
    pub limit: u32,
    pub with_events: bool,
}

/// The messages.
pub(crate) async fn fetch(node: &Node, reader: &Reader, wanted: Wanted) -> Result<MessagesPage, Failure> {
    let Wanted { conversation, range, limit, with_events } = wanted;
    let (state, me) = node.membership(reader, conversation).await?;
    let as_of = me.visible_upto(state.head).min(state.head);
    let head = if me.is_active() { state.ordinal } else { ordinal_at(node, &state, as_of).await? };
    let removed = deletions::of(node, reader, conversation).await?.deletions;
    let (first, last) = (removed.oldest_kept(floor(&me).next()), removed.newest_kept(head));
    let count = u64::from(if limit == 0 { DEFAULT } else { limit.min(PAGE_ITEMS_MAX) });
    let (from, upto, newest_first) = match range {
        MessageRange::Newest => (last.0.saturating_sub(count - 1), head.0, true),
        MessageRange::Before(ordinal) => {
            let upto = head.0.min(ordinal.0.saturating_sub(1));
            (removed.newest_kept(Ordinal(upto)).0.saturating_sub(count - 1), upto, true)
        }
        MessageRange::After(ordinal) => {
            let from = removed.oldest_kept(Ordinal(ordinal.0.saturating_add(1)));
            (from.0, head.0.min(from.0.saturating_add(count - 1)), false)
        }
        MessageRange::Around(ordinal) => {
            let from = ordinal.0.saturating_sub(count / 2).max(first.0);
            (from, head.0.min(from.saturating_add(count - 1)), false)
        }
    };
    let mut from = Ordinal(from).max(first);
    // What the reader removed at the upper end is settled without being looked at.
    let settled = Ordinal(upto);
    let mut upto = removed.newest_kept(settled);
    let mut page = MessagesPage {
        conversation,
        messages: Vec::new(),
        events: Vec::new(),
        as_of,
        from,
        upto,
        more_before: false,
        more_after: false,
    };
    if from > upto {
        (page.from, page.upto) = (Ordinal(settled.0 + 1), settled);
        page.more_before = settled >= first && upto >= first;
        page.more_after = settled < last;
        if with_events {
            page.events = events_among::happened(&Place { node, reader, state: &state, me: &me }, &page, &[]).await?;
        }
        return Ok(page);
    }
    let found = loop {
        let limit = PageLimit { items: count as usize, bytes: PAGE_BYTES };
        let found: EventPage = node.log.messages(reader.app, conversation, from, upto, limit).await.map_err(failure)?;
        if !found.more {
            break found;
        }
        if newest_first && from < upto {
            // The bodies are large: the newer half of the range is asked for instead.
            from = Ordinal(upto.0 - (upto.0 - from.0) / 2);
            continue;
        }
        upto = found.events.last().map_or(upto, |event| event.header.ordinal);
        break found;
    };
    let mut events = found.events;
    let seqs: Vec<_> = events.iter().map(|event| (event.header.ordinal, event.header.seq)).collect();
    events.retain(|event| me.sees(event.header.seq) && !removed.holds_ordinal(event.header.ordinal));
    let place = Place { node, reader, state: &state, me: &me };
    page.messages = place.messages(&events).await?;
    let all = page.messages.len();
    if newest_first {
        let left_out = all - fitting(page.messages.iter().rev());
        page.messages.drain(..left_out);
        from = page.messages.first().filter(|_| left_out > 0).map_or(from, |first| first.event.ordinal);
    } else {
        page.messages.truncate(fitting(page.messages.iter()));
        let cut = page.messages.last().filter(|_| page.messages.len() < all);
        upto = cut.map_or(upto, |cut| cut.event.ordinal);
    }
    let reached = upto == removed.newest_kept(settled);
    (page.from, page.upto) = (from, if reached { settled } else { upto });
    page.more_before = from > first;
    page.more_after = page.upto < last;
    if with_events {
        page.events = events_among::happened(&place, &page, &seqs).await?;
    }
    Ok(page)
}

/// Ordinal below which the member can see nothing.
fn floor(me: &Member) -> Ordinal {
    match me.intervals.as_slice() {
        [one] if one.from > Seq(1) => me.join_ordinal,
        _ => Ordinal::ZERO,
    }
}
