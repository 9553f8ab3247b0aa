//! Messages as they are now, by ordinal.

use crate::api::{Failure, MessageRange, MessagesPage};
use crate::as_now::{Place, fitting};
use crate::directory::failure;
use crate::get_conversation::ordinal_at;
use crate::node::Node;
use crate::reading::{PAGE_BYTES, Reader};
use stonechat_domain::member::Member;
use stonechat_log::store::{EventPage, PageLimit};
use stonechat_types::id::ConversationId;
use stonechat_types::limits::PAGE_ITEMS_MAX;
use stonechat_types::number::{Ordinal, Seq};

const DEFAULT: u32 = 50;

/// The messages.
pub(crate) async fn fetch(
    node: &Node,
    reader: &Reader,
    conversation: ConversationId,
    range: MessageRange,
    limit: u32,
) -> Result<MessagesPage, Failure> {
    let (state, me) = node.membership(reader, conversation).await?;
    let as_of = me.visible_upto(state.head).min(state.head);
    let head = if me.is_active() { state.ordinal } else { ordinal_at(node, &state, as_of).await? };
    let first = floor(&me).next();
    let count = u64::from(if limit == 0 { DEFAULT } else { limit.min(PAGE_ITEMS_MAX) });
    let (from, upto, newest_first) = match range {
        MessageRange::Newest => (head.0.saturating_sub(count - 1), head.0, true),
        MessageRange::Before(ordinal) => {
            let upto = head.0.min(ordinal.0.saturating_sub(1));
            (upto.saturating_sub(count - 1), upto, true)
        }
        MessageRange::After(ordinal) => {
            (ordinal.0.saturating_add(1), head.0.min(ordinal.0.saturating_add(count)), false)
        }
        MessageRange::Around(ordinal) => {
            let from = ordinal.0.saturating_sub(count / 2).max(first.0);
            (from, head.0.min(from.saturating_add(count - 1)), false)
        }
    };
    let mut from = Ordinal(from).max(first);
    let mut upto = Ordinal(upto);
    let mut page =
        MessagesPage { conversation, messages: Vec::new(), as_of, from, upto, more_before: false, more_after: false };
    if from > upto {
        (page.from, page.upto) = (Ordinal(upto.0 + 1), upto);
        page.more_before = upto >= first;
        page.more_after = upto < head;
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
    events.retain(|event| me.sees(event.header.seq));
    page.messages = Place { node, reader, state: &state, me: &me }.messages(&events).await?;
    let all = page.messages.len();
    if newest_first {
        let left_out = all - fitting(page.messages.iter().rev());
        page.messages.drain(..left_out);
        from = page.messages.first().filter(|_| left_out > 0).map_or(from, |first| first.event.ordinal);
    } else {
        page.messages.truncate(fitting(page.messages.iter()));
        let last = page.messages.last().filter(|_| page.messages.len() < all);
        upto = last.map_or(upto, |last| last.event.ordinal);
    }
    (page.from, page.upto) = (from, upto);
    page.more_before = from > first;
    page.more_after = upto < head;
    Ok(page)
}

/// Ordinal below which the member can see nothing.
fn floor(me: &Member) -> Ordinal {
    match me.intervals.as_slice() {
        [one] if one.from > Seq(1) => me.join_ordinal,
        _ => Ordinal::ZERO,
    }
}
