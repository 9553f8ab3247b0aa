//! The window: a user's conversations, newest first, by one pass over his columns and the activity table. Only those of
//! the page are joined with heads and bodies.

use crate::api::{Content, ConversationPage, ConversationView, Failure};
use crate::deletions;
use crate::directory::failure;
use crate::get_conversation;
use crate::node::Node;
use crate::position::WindowPage;
use crate::preferences;
use crate::reading::{PAGE_BYTES, Reader};
use crate::recalls;
use crate::rows::column::{Column, decode_chunk};
use crate::rows::key;
use bytes::Bytes;
use std::cmp::Reverse;
use stonechat_log::activity::ActivityReader;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::limits::{WINDOW_DEFAULT, WINDOW_MAX};
use stonechat_types::number::{ConversationNo, LanePosition, Seq, Timestamp};

/// Chunks of columns read at once.
const CHUNKS_MAX: usize = 256;

/// What the pass over all conversations finds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The page, newest first.
    pub page: Vec<Column>,
    /// When each was last moved up.
    pub recencies: Vec<Timestamp>,
    /// The page is of what happened after this.
    pub since: LanePosition,
    /// Where it goes on, when there are more.
    pub next: Option<WindowPage>,
    /// Unread messages over all conversations.
    pub unread_total: u64,
}

/// One page of a window by its token; empty begins at the newest.
pub(crate) async fn list(node: &Node, reader: &Reader, token: &[u8], limit: u32) -> Result<ConversationPage, Failure> {
    let from = if token.is_empty() {
        WindowPage::first(Default::default())
    } else {
        WindowPage::decode(token)
            .ok_or_else(|| Failure::new(ErrorCode::InvalidArgument, "the page token is not one of ours"))?
    };
    let columns = columns(node, reader).await?;
    let window = pass(&columns, &node.log.activity().reader(reader.app), &from, page_size(limit));
    join(node, reader, window).await
}

/// Conversations of a page, when a client asks for `limit`.
pub(crate) fn page_size(limit: u32) -> usize {
    (if limit == 0 { WINDOW_DEFAULT } else { limit.min(WINDOW_MAX) }) as usize
}

/// The conversations of a window with heads and bodies. Previews carry whole bodies, so a page also ends by its bytes.
pub(crate) async fn join(node: &Node, reader: &Reader, window: Window) -> Result<ConversationPage, Failure> {
    let mut conversations = Vec::with_capacity(window.page.len());
    let mut next = window.next;
    let mut bytes = 0;
    for (i, column) in window.page.iter().enumerate() {
        let view = match get_conversation::view(node, reader, column.id).await {
            Ok(view) => view,
            // It ended for the reader between the pass and the look.
            Err(failure) if failure.code == ErrorCode::NotFound => continue,
            Err(failure) => return Err(failure),
        };
        bytes += view_bytes(&view);
        conversations.push(view);
        if bytes >= PAGE_BYTES && i + 1 < window.page.len() {
            next = Some(WindowPage { since: window.since, recency: window.recencies[i], no: column.no });
            break;
        }
    }
    Ok(ConversationPage { conversations, next: next.map_or_else(Bytes::new, |next| next.encode()) })
}

/// About what a conversation takes at most, in the more spacious of the encodings.
fn view_bytes(view: &ConversationView) -> usize {
    const FIXED_BYTES: usize = 1_024;
    const MARK_BYTES: usize = 64;
    let body = match view.last_message.as_ref().map(|message| &message.event.content) {
        Some(Content::Message { body, attributes, .. }) => {
            (body.len() + attributes.as_ref().map_or(0, |attributes| attributes.weight())) * 4 / 3
        }
        Some(Content::Change(_) | Content::Lost | Content::Recalled { .. }) | None => 0,
    };
    let marks: usize = view.read_marks.iter().map(|mark| mark.user.as_str().len() + MARK_BYTES).sum();
    FIXED_BYTES + body + marks
}

/// All memberships of a user.
pub(crate) async fn columns(node: &Node, reader: &Reader) -> Result<Vec<Column>, Failure> {
    let prefix = key::columns(reader.app, reader.user.no);
    let mut columns = Vec::new();
    let mut after = None;
    loop {
        let chunks = node.log.scan(prefix.clone(), after, CHUNKS_MAX).await.map_err(failure)?;
        for (key, row) in &chunks {
            decode_chunk(key, row, &mut columns).map_err(failure)?;
        }
        if chunks.len() < CHUNKS_MAX {
            return Ok(columns);
        }
        after = chunks.into_iter().next_back().map(|(key, _)| key);
    }
}

/// Unread messages over all conversations, without those that were taken back, or removed by the reader for himself. Where
/// each conversation stands is looked up once: it moves on while the rest is read.
pub(crate) async fn unread_total(
    node: &Node,
    reader: &Reader,
    columns: &[Column],
    activity: &ActivityReader,
) -> Result<u64, Failure> {
    let removed = deletions::everywhere(node, reader).await?;
    let mut total = 0;
    for column in columns {
        let ordinal = activity.get(column.no).ordinal;
        let unread = column.unread(ordinal);
        if unread > 0 {
            let place = (reader.app, column.no);
            let user = (reader.user.no, column.floor);
            let mut gone = recalls::above(node, place, user, (Seq(u64::MAX), ordinal)).await?;
            if removed.get(&column.no).is_some_and(|newest| *newest > column.floor) {
                gone += deletions::above_of(node, reader, column, ordinal).await?;
            }
            total += unread.saturating_sub(gone);
        }
    }
    Ok(total)
}

/// What a badge shows: the same without the conversations that the reader muted, by itself.
pub(crate) async fn unread_shown(node: &Node, reader: &Reader) -> Result<u64, Failure> {
    let activity = node.log.activity().reader(reader.app);
    let muted = preferences::muted(node, reader).await?;
    let mut shown = columns(node, reader).await?;
    shown.retain(|column| !muted.contains(&column.id));
    unread_total(node, reader, &shown, &activity).await
}

/// The pass: those with an event after `from.since`, below (`from.recency`, `from.no`), the newest `limit` of them.
#[must_use]
pub fn pass(columns: &[Column], activity: &ActivityReader, from: &WindowPage, limit: usize) -> Window {
    let mut window = Window { since: from.since, ..Window::default() };
    let mut found: Vec<(Reverse<(Timestamp, ConversationNo)>, usize)> = Vec::new();
    for (i, column) in columns.iter().enumerate() {
        let activity = activity.get(column.no);
        window.unread_total += column.unread(activity.ordinal);
        let place = (activity.recency, column.no);
        if activity.position > from.since && place < (from.recency, from.no) {
            found.push((Reverse(place), i));
        }
    }
    if found.len() > limit {
        found.select_nth_unstable(limit);
        found.truncate(limit);
        window.next = found.iter().max().map(|(Reverse((recency, no)), _)| WindowPage {
            since: from.since,
            recency: *recency,
            no: *no,
        });
    }
    found.sort_unstable();
    window.recencies = found.iter().map(|(Reverse((recency, _)), _)| *recency).collect();
    window.page = found.into_iter().map(|(_, i)| columns[i]).collect();
    window
}
