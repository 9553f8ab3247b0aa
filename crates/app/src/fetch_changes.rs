//! Messages that changed after an event, as they are now, for a device that holds them and missed what changed them.

use crate::api::{ChangesPage, Failure, FetchChanges};
use crate::as_now::{Place, fitting};
use crate::deletions;
use crate::directory::failure;
use crate::node::Node;
use crate::reading::{PAGE_BYTES, Reader};
use crate::rows::codec::damaged;
use crate::rows::{key, message};
use stonechat_log::store::PageLimit;
use stonechat_types::limits::PAGE_ITEMS_MAX;
use stonechat_types::number::{Ordinal, Seq};

const DEFAULT: u32 = 50;

/// The messages.
pub(crate) async fn fetch(node: &Node, reader: &Reader, wanted: FetchChanges) -> Result<ChangesPage, Failure> {
    let FetchChanges { conversation, after, from, upto, limit } = wanted;
    let (state, me) = node.membership(reader, conversation).await?;
    let removed = deletions::of(node, reader, conversation).await?.deletions;
    let head = me.visible_upto(state.head).min(state.head);
    let upto = if upto == Ordinal::ZERO { Ordinal(u64::MAX) } else { upto };
    let items = if limit == 0 { DEFAULT } else { limit.min(PAGE_ITEMS_MAX) } as usize;
    let prefix = key::changes(reader.app, state.no);
    let start = key::changed(reader.app, state.no, after);
    let rows = node.log.scan(prefix, Some(start), items).await.map_err(failure)?;
    let mut page = ChangesPage { conversation, messages: Vec::new(), upto: after.max(head), more: rows.len() == items };
    let mut changed = Vec::new();
    for (key, row) in &rows {
        let by = key.last_chunk().map(|bytes| Seq(u64::from_be_bytes(*bytes)));
        let by = by.ok_or_else(|| failure(damaged("a change of a message")))?;
        let (seq, ordinal) = message::decode_changed(row).map_err(failure)?;
        if page.more {
            page.upto = by;
        }
        // A message that changed again after what the caller may see, or sees yet, may have changed before as well, and has
        // one row: it is shown as far as he sees it.
        let is_seen = me.sees(seq) && !removed.holds_ordinal(ordinal);
        if is_seen && (from..=upto).contains(&ordinal) {
            changed.push((by, seq));
        }
    }
    let mut events = Vec::with_capacity(changed.len());
    for (_, seq) in &changed {
        let limit = PageLimit { items: 1, bytes: PAGE_BYTES };
        let found = node.log.events(reader.app, conversation, Seq(seq.0 - 1), *seq, limit).await.map_err(failure)?;
        events.extend(found.events);
    }
    let place = Place { node, reader, state: &state, me: &me };
    page.messages = place.messages(&events).await?;
    let fits = fitting(page.messages.iter());
    if fits < page.messages.len() {
        page.messages.truncate(fits);
        (page.upto, page.more) = (changed[fits - 1].0, true);
    }
    Ok(page)
}
