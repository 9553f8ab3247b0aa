//! Messages that a user starred, over all of his conversations. A star goes with its message: when the user removes or
//! clears that, and, where stars are listed or counted, when it was taken back.

use crate::api::{Answer, Failure, PersonalItem, StarMessages, StarredPage, StarredView};
use crate::as_now::{Place as Looking, weight};
use crate::deletions;
use crate::directory::failure;
use crate::node::Node;
use crate::once::{self, Once};
use crate::reading::{PAGE_BYTES, Reader};
use crate::rows::codec::damaged;
use crate::rows::{key, personal};
use bytes::{BufMut, Bytes, BytesMut};
use std::sync::Arc;
use stonechat_domain::deletions::Deletions;
use stonechat_domain::stars::{Star, Stars};
use stonechat_log::personal as stored;
use stonechat_log::row::RowWrite;
use stonechat_log::store::PageLimit;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::ConversationId;
use stonechat_types::limits::{STARS_MAX, STARS_PAGE_MAX};
use stonechat_types::number::{PersonalSeq, Seq, Timestamp};

const DEFAULT: u32 = 20;
const ONE: PageLimit = PageLimit { items: 1, bytes: PAGE_BYTES };
/// Conversations whose stars are read at once.
const ENTRIES_MAX: usize = 64;
/// Bytes of the token by which a list goes on: time, conversation, message.
const TOKEN_BYTES: usize = 8 + 16 + 8;

/// An entry that is to be written, with its row.
pub(crate) type Written = (PersonalItem, RowWrite);

/// What the reader starred in a conversation, and the change that made it so.
async fn of(node: &Node, reader: &Reader, conversation: ConversationId) -> Result<(PersonalSeq, Arc<Stars>), Failure> {
    match once::entry(node, reader, personal::stars_key(conversation)).await? {
        Some((version, PersonalItem::Stars(_, stars))) => Ok((version, stars)),
        Some(_) | None => Ok((PersonalSeq::ZERO, Arc::default())),
    }
}

/// Stars messages, or takes the stars away, and says what is starred in the conversation then.
pub(crate) async fn star(node: &Node, reader: &Reader, star: StarMessages) -> Result<Answer, Failure> {
    let StarMessages { command_id, conversation, seqs, starred } = star;
    let (state, me) = node.membership(reader, conversation).await?;
    let _one = node.devices.lock(reader).await;
    let (version, before) = of(node, reader, conversation).await?;
    let says =
        [&[key::STARS, u8::from(starred)], &seqs.iter().flat_map(|seq| seq.0.to_be_bytes()).collect::<Vec<_>>()[..]];
    let Some(once) = Once::new(node, reader, (conversation, command_id), &says.concat()).await? else {
        return Ok(answer(conversation, (version, before)));
    };
    let mut after = Stars::clone(&before);
    let removed = deletions::of(node, reader, conversation).await?.deletions;
    let place = Looking { node, reader, state: &state, me: &me };
    for seq in seqs {
        if !starred {
            after.unstar(seq);
            continue;
        }
        let at = deletions::message(node, (&state, &me), seq).await?;
        let changed = place.changed(std::iter::once(seq)).await?.pop().flatten();
        if removed.holds(seq) || changed.is_some_and(|message| message.recalled.is_some()) {
            return Err(Failure::new(ErrorCode::NotFound, "there is no such message"));
        }
        after.star(at, node.clock.now());
    }
    let (mut items, mut rows) = (Vec::new(), Vec::new());
    if after != *before {
        let mut total = total(node, reader).await? + after.all().len() as u64 - before.all().len() as u64;
        if total > STARS_MAX as u64 && after.all().len() > before.all().len() {
            for (other, left, gone) in spent(node, reader).await? {
                total -= gone;
                if other == conversation {
                    let stars = before.all().iter().map(|star| star.place.seq);
                    stars.filter(|seq| !left.holds(*seq)).for_each(|seq| after.unstar(seq));
                } else {
                    items.push(PersonalItem::Stars(other, Arc::new(left)));
                }
            }
        }
        if total > STARS_MAX as u64 {
            return Err(Failure::new(ErrorCode::TooMany, "the caller starred as many messages as he may"));
        }
        items.insert(0, PersonalItem::Stars(conversation, Arc::new(after)));
        rows.push(total_row(reader, total));
    }
    let told = once.commit(node, reader, (items.clone(), rows)).await?;
    match (told.first(), items.into_iter().next()) {
        (Some(version), Some(item)) => Ok(Answer::Own(*version, Box::new(item))),
        _ => Ok(answer(conversation, (version, before))),
    }
}

fn answer(conversation: ConversationId, (version, stars): (PersonalSeq, Arc<Stars>)) -> Answer {
    Answer::Own(version, Box::new(PersonalItem::Stars(conversation, stars)))
}

/// What is starred in a conversation once messages of it are removed, as far as that is different.
pub(crate) async fn without(
    node: &Node,
    reader: &Reader,
    conversation: ConversationId,
    deletions: &Deletions,
) -> Result<Option<Written>, Failure> {
    let (_, before) = of(node, reader, conversation).await?;
    let mut after = Stars::clone(&before);
    after.without(deletions);
    if after == *before {
        return Ok(None);
    }
    let gone = (before.all().len() - after.all().len()) as u64;
    let total = total(node, reader).await?.saturating_sub(gone);
    Ok(Some((PersonalItem::Stars(conversation, Arc::new(after)), total_row(reader, total))))
}

/// How many messages the reader starred.
async fn total(node: &Node, reader: &Reader) -> Result<u64, Failure> {
    let row = node.row(key::stars_total(reader.app, reader.user.no)).await?;
    let number = row.map(|row| row[..].try_into().map(u64::from_be_bytes)).transpose();
    Ok(number.map_err(|_| failure(damaged("the number of stars")))?.unwrap_or_default())
}

fn total_row(reader: &Reader, total: u64) -> RowWrite {
    let value = Bytes::copy_from_slice(&total.to_be_bytes());
    RowWrite::Put { key: key::stars_total(reader.app, reader.user.no), value }
}

/// What the reader starred anywhere.
async fn everywhere(node: &Node, reader: &Reader) -> Result<Vec<(ConversationId, Arc<Stars>)>, Failure> {
    let prefix = stored::value_key(reader.app, reader.user.no, personal::STARS_PREFIX);
    let skipped = prefix.len() - personal::STARS_PREFIX.len();
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let rows = node.log.scan(prefix.clone(), after, ENTRIES_MAX).await.map_err(failure)?;
        for (key, row) in &rows {
            let Some((_, Some(value))) = stored::decode_value(row) else { continue };
            if let Some(PersonalItem::Stars(conversation, stars)) =
                personal::decode(&key[skipped..], &value).map_err(failure)?
            {
                all.push((conversation, stars));
            }
        }
        after = rows.into_iter().nth(ENTRIES_MAX - 1).map(|(key, _)| key);
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// What is left in each conversation without the stars whose messages were taken back, and how many those are.
async fn spent(node: &Node, reader: &Reader) -> Result<Vec<(ConversationId, Stars, u64)>, Failure> {
    let mut spent = Vec::new();
    for (conversation, stars) in everywhere(node, reader).await? {
        let Ok((state, me)) = node.membership(reader, conversation).await else { continue };
        let place = Looking { node, reader, state: &state, me: &me };
        let changed = place.changed(stars.all().iter().map(|star| star.place.seq)).await?;
        let is_there = |message: &Option<stonechat_domain::message::Message>| {
            message.as_ref().is_none_or(|message| message.recalled.is_none())
        };
        let left = stars.all().iter().zip(&changed).filter(|(_, message)| is_there(message)).map(|(star, _)| *star);
        let left = Stars::from_all(left.collect()).unwrap_or_default();
        let gone = (stars.all().len() - left.all().len()) as u64;
        if gone > 0 {
            spent.push((conversation, left, gone));
        }
    }
    Ok(spent)
}

/// The starred messages as they are now, the one that was starred last first.
pub(crate) async fn list(node: &Node, reader: &Reader, token: &[u8], limit: u32) -> Result<StarredPage, Failure> {
    let before = match token {
        [] => None,
        token => Some(
            decode(token)
                .ok_or_else(|| Failure::new(ErrorCode::InvalidArgument, "the page token is not one of ours"))?,
        ),
    };
    let limit = if limit == 0 { DEFAULT } else { limit.min(STARS_PAGE_MAX) } as usize;
    let all = everywhere(node, reader).await?;
    let marks = all.iter().flat_map(|(conversation, stars)| {
        stars.all().iter().map(move |star: &Star| (star.at, *conversation.as_bytes(), star.place.seq))
    });
    let mut marks: Vec<_> = marks.filter(|mark| before.is_none_or(|before| *mark < before)).collect();
    marks.sort_unstable();
    let (mut page, mut bytes) = (StarredPage::default(), 0);
    let mut left = marks.len();
    for (at, conversation, seq) in marks.iter().rev().take(limit) {
        if bytes >= PAGE_BYTES {
            break;
        }
        left -= 1;
        let Ok(conversation) = ConversationId::from_slice(conversation) else { continue };
        let Some(message) = message(node, reader, conversation, *seq).await? else { continue };
        bytes += weight(&message);
        page.messages.push(StarredView { at: *at, message });
    }
    // As many as were looked at; some may have gone since.
    page.next = if left > 0 { encode(&marks[left]) } else { Bytes::new() };
    Ok(page)
}

/// A starred message as it is now; `None` when there is nothing any more to be seen of it.
async fn message(
    node: &Node,
    reader: &Reader,
    conversation: ConversationId,
    seq: Seq,
) -> Result<Option<crate::api::MessageView>, Failure> {
    let (state, me) = match node.membership(reader, conversation).await {
        Ok(found) => found,
        Err(failure) if failure.code == ErrorCode::NotFound => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let Some(before) = seq.0.checked_sub(1).filter(|_| me.sees(seq)) else { return Ok(None) };
    let found = node.log.events(reader.app, conversation, Seq(before), seq, ONE).await.map_err(failure)?;
    let place = Looking { node, reader, state: &state, me: &me };
    let message = place.messages(&found.events).await?.pop();
    Ok(message.filter(|message| message.state.as_ref().is_none_or(|state| state.recalled.is_none())))
}

type Mark = (Timestamp, [u8; 16], Seq);

fn encode((at, conversation, seq): &Mark) -> Bytes {
    let mut token = BytesMut::with_capacity(TOKEN_BYTES);
    token.put_i64(at.0);
    token.put_slice(conversation);
    token.put_u64(seq.0);
    token.freeze()
}

fn decode(token: &[u8]) -> Option<Mark> {
    let (at, rest) = token.split_first_chunk()?;
    let (conversation, seq) = rest.split_first_chunk()?;
    Some((Timestamp(i64::from_be_bytes(*at)), *conversation, Seq(u64::from_be_bytes(seq.try_into().ok()?))))
}
