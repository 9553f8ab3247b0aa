//! Messages that are pinned in a conversation, oldest first.

use crate::api::{Failure, MessagesPage};
use crate::as_now::{Place, fitting};
use crate::deletions;
use crate::directory::failure;
use crate::node::Node;
use crate::reading::{PAGE_BYTES, Reader};
use crate::rows::codec::damaged;
use crate::rows::{key, message};
use stonechat_log::packed;
use stonechat_log::store::PageLimit;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::ConversationId;
use stonechat_types::limits::PINS_MAX;
use stonechat_types::number::{Ordinal, Seq};

const DEFAULT: usize = 20;

/// Those after a message.
pub(crate) async fn list(
    node: &Node,
    reader: &Reader,
    conversation: ConversationId,
    (after, limit): (Seq, u32),
) -> Result<MessagesPage, Failure> {
    let (state, me) = node.membership(reader, conversation).await?;
    if !me.is_active() {
        return Err(Failure::new(ErrorCode::NotAMember, "the caller is not a member of the conversation"));
    }
    let row = node.row(key::pinned(reader.app, state.no)).await?.unwrap_or_default();
    let removed = deletions::of(node, reader, conversation).await?.deletions;
    let mut pinned = Vec::new();
    for entry in packed::entries(&row) {
        let broken = || failure(damaged("pinned messages"));
        let (seq, value) = entry.map_err(|_| broken())?;
        let seq = Seq(u64::from_be_bytes(seq.try_into().map_err(|_| broken())?));
        let (by, _) = message::decode_changed(value).map_err(failure)?;
        // What was pinned since the state was read is not for this answer.
        if seq > after && by <= state.head && me.sees(seq) && !removed.holds(seq) {
            pinned.push(seq);
        }
    }
    pinned.sort_unstable();
    let limit = if limit == 0 { DEFAULT } else { (limit as usize).min(PINS_MAX) };
    let mut more = pinned.len() > limit;
    pinned.truncate(limit);
    let mut events = Vec::with_capacity(pinned.len());
    for seq in &pinned {
        let (Some(before), limit) = (seq.0.checked_sub(1), PageLimit { items: 1, bytes: PAGE_BYTES }) else { continue };
        let page = node.log.events(reader.app, conversation, Seq(before), *seq, limit).await.map_err(failure)?;
        events.extend(page.events);
    }
    let place = Place { node, reader, state: &state, me: &me };
    let mut messages = place.messages(&events).await?;
    let fits = fitting(messages.iter());
    more |= fits < messages.len();
    messages.truncate(fits);
    Ok(MessagesPage {
        conversation,
        messages,
        events: Vec::new(),
        as_of: state.head,
        from: Ordinal(1),
        upto: Ordinal::ZERO,
        more_before: false,
        more_after: more,
    })
}
