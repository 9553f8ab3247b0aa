//! Messages that a user removes for himself: what he sees of a conversation is without them, and so are his numbers.

use crate::api::{Answer, DeleteMessages, Failure, PersonalItem};
use crate::directory::failure;
use crate::get_conversation::ordinal_at;
use crate::map::Map;
use crate::node::Node;
use crate::once::{self, Once};
use crate::reading::{PAGE_BYTES, Reader};
use crate::recalls;
use crate::rows::column::{self, CHUNK_BITS, Column};
use crate::rows::deletions::{decode_newest, encode_newest};
use crate::rows::{key, personal};
use crate::stars::{self, Written};
use std::sync::Arc;
use stonechat_domain::conversation::Conversation;
use stonechat_domain::deletions::{Deletions, Place, TooMany};
use stonechat_domain::kind::EventKind;
use stonechat_domain::member::Member;
use stonechat_domain::unread::removed_above;
use stonechat_log::row::RowWrite;
use stonechat_log::store::PageLimit;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::ConversationId;
use stonechat_types::number::{ConversationNo, Ordinal, PersonalSeq, Seq};

const ONE: PageLimit = PageLimit { items: 1, bytes: PAGE_BYTES };
/// Chunks of conversations read at once.
const CHUNKS_MAX: usize = 64;

/// What a user removed from a conversation, and the change that made it so.
#[derive(Clone, Debug, Default)]
pub(crate) struct Removed {
    pub version: PersonalSeq,
    pub deletions: Arc<Deletions>,
}

/// What the reader removed from a conversation.
pub(crate) async fn of(node: &Node, reader: &Reader, conversation: ConversationId) -> Result<Removed, Failure> {
    match once::entry(node, reader, personal::deletions_key(conversation)).await? {
        Some((version, PersonalItem::Deletions(_, deletions))) => Ok(Removed { version, deletions }),
        Some(_) | None => Ok(Removed::default()),
    }
}

/// Removes messages, and says what is removed then. A command that was carried out before removes nothing again.
pub(crate) async fn delete(node: &Node, reader: &Reader, delete: DeleteMessages) -> Result<Answer, Failure> {
    let DeleteMessages { command_id, conversation, seqs } = delete;
    let (state, me) = node.membership(reader, conversation).await?;
    let _one = node.devices.lock(reader).await;
    let removed = of(node, reader, conversation).await?;
    let says: Vec<u8> =
        std::iter::once(key::DELETIONS).chain(seqs.iter().flat_map(|seq| seq.0.to_be_bytes())).collect();
    let Some(once) = Once::new(node, reader, (conversation, command_id), &says).await? else {
        return Ok(answer(conversation, removed));
    };
    let mut deletions = Deletions::clone(&removed.deletions);
    for seq in seqs.into_iter().filter(|seq| !removed.deletions.holds(*seq)) {
        let place = message(node, (&state, &me), seq).await?;
        deletions.delete(place).map_err(|TooMany| {
            Failure::new(ErrorCode::TooMany, "the caller removed as many stretches of messages here as he may")
        })?;
    }
    let (items, rows) = with_stars(node, reader, write(reader, &state, &removed.deletions, deletions)).await?;
    let told = once.commit(node, reader, (items.clone(), rows)).await?;
    match (told.first(), items.into_iter().next()) {
        (Some(version), Some(item)) => Ok(Answer::Own(*version, Box::new(item))),
        _ => Ok(answer(conversation, removed)),
    }
}

/// What is to be written of what is removed, and of the stars that go with it.
async fn with_stars(
    node: &Node,
    reader: &Reader,
    written: Option<Written>,
) -> Result<(Vec<PersonalItem>, Vec<RowWrite>), Failure> {
    let Some((item, row)) = written else { return Ok(Default::default()) };
    let stars = match &item {
        PersonalItem::Deletions(conversation, it) => stars::without(node, reader, *conversation, it).await?,
        _ => None,
    };
    Ok([(item, row)].into_iter().chain(stars).unzip())
}

fn answer(conversation: ConversationId, removed: Removed) -> Answer {
    Answer::Own(removed.version, Box::new(PersonalItem::Deletions(conversation, removed.deletions)))
}

/// What is to be written once everything up to an event is removed.
pub(crate) async fn clear(
    node: &Node,
    reader: &Reader,
    state: &Conversation,
    upto: Seq,
) -> Result<(Vec<PersonalItem>, Vec<RowWrite>), Failure> {
    let removed = of(node, reader, state.id).await?;
    let mut deletions = Deletions::clone(&removed.deletions);
    deletions.clear_upto(Place { seq: upto, ordinal: ordinal_at(node, state, upto).await? });
    with_stars(node, reader, write(reader, state, &removed.deletions, deletions)).await
}

/// The entry and the row of what is removed, where that is different.
fn write(reader: &Reader, state: &Conversation, before: &Deletions, after: Deletions) -> Option<Written> {
    if after == *before {
        return None;
    }
    let row = RowWrite::Patch {
        key: key::deleted(reader.app, reader.user.no, state.no),
        entry: column::entry_key(state.no),
        value: Some(encode_newest(after.newest())),
    };
    Some((PersonalItem::Deletions(state.id, Arc::new(after)), row))
}

/// A message that the reader may see.
pub(crate) async fn message(node: &Node, (state, me): (&Conversation, &Member), seq: Seq) -> Result<Place, Failure> {
    let missing = || Failure::new(ErrorCode::NotFound, "there is no such message");
    let before = seq.0.checked_sub(1).filter(|_| seq <= state.head && me.sees(seq)).ok_or_else(missing)?;
    let page = node.log.events(state.app, state.id, Seq(before), seq, ONE).await.map_err(failure)?;
    let header = page.events.first().map(|event| &event.header).filter(|header| header.kind == EventKind::Message);
    header.map(|header| Place { seq, ordinal: header.ordinal }).ok_or_else(missing)
}

/// How many of the messages above the reader's floor he removed and would else be unread, by what was taken back up to an
/// event.
pub(crate) async fn above(
    node: &Node,
    reader: &Reader,
    (state, me): (&Conversation, &Member),
    (deletions, head): (&Deletions, (Seq, Ordinal)),
) -> Result<u64, Failure> {
    let (upto, head) = head;
    if deletions.between(me.floor(), head) == 0 {
        return Ok(0);
    }
    let uncounted = recalls::uncounted(node, (reader.app, state.no), me.floor(), upto).await?;
    Ok(removed_above(me, head, deletions, uncounted.into_keys()))
}

/// Where a user removed something: the last message that he removed in each conversation.
pub(crate) async fn everywhere(node: &Node, reader: &Reader) -> Result<Map<ConversationNo, Ordinal>, Failure> {
    let prefix = key::all_deleted(reader.app, reader.user.no);
    let (mut newest, mut after) = (Map::default(), None);
    loop {
        let chunks = node.log.scan(prefix.clone(), after, CHUNKS_MAX).await.map_err(failure)?;
        for (key, row) in &chunks {
            decode_newest(key, row, CHUNK_BITS, &mut newest).map_err(failure)?;
        }
        if chunks.len() < CHUNKS_MAX {
            return Ok(newest);
        }
        after = chunks.into_iter().next_back().map(|(key, _)| key);
    }
}

/// As [`above`], of a conversation of the list, where something is removed above its floor.
pub(crate) async fn above_of(node: &Node, reader: &Reader, column: &Column, head: Ordinal) -> Result<u64, Failure> {
    let (state, me) = match node.membership(reader, column.id).await {
        Ok(found) => found,
        // It ended for the reader between the pass and the look.
        Err(failure) if failure.code == ErrorCode::NotFound => return Ok(0),
        Err(failure) => return Err(failure),
    };
    let removed = of(node, reader, column.id).await?;
    above(node, reader, (&state, &me), (&removed.deletions, (Seq(u64::MAX), head))).await
}
