//! What happened to a conversation among the messages of a page.

use crate::api::{EventView, Failure, MessagesPage};
use crate::as_now::Place;
use crate::directory::failure;
use crate::reading::PAGE_BYTES;
use stonechat_domain::kind::EventKind;
use stonechat_log::record::StoredBody;
use stonechat_log::store::PageLimit;
use stonechat_types::number::{Ordinal, Seq};

/// Events that a page looks at for those that it tells, the newest of them.
const LOOKED_AT_MAX: usize = 1_000;
/// Bytes of events after which a page tells no older ones.
const EVENTS_BYTES: usize = 128 * 1024;
/// About how many bytes an event takes besides its body.
const FIXED: usize = 256;

/// The events, ascending, from after the message before the page up to the second message behind it. `seqs` are where
/// messages of the log stand in it, also those that the reader does not see; between them nothing else has to be read.
pub(crate) async fn happened(
    place: &Place<'_>,
    page: &MessagesPage,
    seqs: &[(Ordinal, Seq)],
) -> Result<Vec<EventView>, Failure> {
    let first_seen = place.me.intervals.first().map_or(Seq::ZERO, |interval| interval.from);
    let before = if page.more_before { message_at(place, Ordinal(page.from.0.saturating_sub(1))).await? } else { None };
    let behind = message_at(place, Ordinal(page.upto.0.saturating_add(2))).await?;
    let start = before.unwrap_or(Seq::ZERO).max(Seq(first_seen.0.saturating_sub(1)));
    let end = behind.map_or(page.as_of, |seq| Seq(seq.0.saturating_sub(1))).min(page.as_of);
    let stops = seqs.iter().map(|(_, seq)| *seq).filter(|seq| *seq > start && *seq <= end);
    let mut stops: Vec<Seq> = stops.chain([end.next()]).collect();
    let (mut left, mut bytes) = (LOOKED_AT_MAX, 0);
    let mut newest_first = Vec::new();
    while let Some(stop) = stops.pop() {
        let upto = Seq(stop.0.saturating_sub(1));
        // Of more than it may look at, the newest.
        let after = stops.last().copied().unwrap_or(start).max(Seq(upto.0.saturating_sub(left as u64)));
        let events = between(place, after, upto).await?;
        left = left.saturating_sub((upto.0.saturating_sub(after.0)) as usize);
        for event in events.into_iter().rev() {
            bytes += FIXED + event.1;
            if bytes > EVENTS_BYTES {
                left = 0;
                break;
            }
            newest_first.push(event.0);
        }
        if left == 0 {
            break;
        }
    }
    newest_first.reverse();
    Ok(newest_first)
}

/// The events that timelines show, after one and up to another, each with the bytes of its body.
async fn between(place: &Place<'_>, mut after: Seq, upto: Seq) -> Result<Vec<(EventView, usize)>, Failure> {
    let mut told = Vec::new();
    while after < upto {
        let limit = PageLimit { items: LOOKED_AT_MAX, bytes: PAGE_BYTES };
        let (app, id) = (place.reader.app, place.state.id);
        let found = place.node.log.events(app, id, after, upto, limit).await.map_err(failure)?;
        for event in &found.events {
            let (kind, seq) = (event.header.kind, event.header.seq);
            if kind != EventKind::Message && kind.in_timeline() && place.me.sees(seq) {
                let bytes = match &event.body {
                    StoredBody::Sealed(sealed) => sealed.len(),
                    StoredBody::Scrubbed | StoredBody::Corrupt => 0,
                };
                told.push((place.node.open(event).map_err(failure)?, bytes));
            }
        }
        match found.events.last().filter(|_| found.more) {
            Some(last) => after = last.header.seq,
            None => break,
        }
    }
    Ok(told)
}

/// Where a message stands, if there is one with that ordinal.
async fn message_at(place: &Place<'_>, ordinal: Ordinal) -> Result<Option<Seq>, Failure> {
    let limit = PageLimit { items: 1, bytes: PAGE_BYTES };
    let (app, id) = (place.reader.app, place.state.id);
    let page = place.node.log.messages(app, id, ordinal, ordinal, limit).await.map_err(failure)?;
    Ok(page.events.first().map(|event| event.header.seq))
}
