//! What a user prefers in a conversation: pinned, muted, archived, in folders, what he was writing, what he cleared. It is
//! personal state, and nobody else hears of it.

use crate::api::{Answer, Failure, PersonalItem, SetPreferences};
use crate::deletions;
use crate::directory::failure;
use crate::node::Node;
use crate::once::{self, Once};
use crate::reading::Reader;
use crate::rows::personal;
use crate::rows::preferences::patch_bytes;
use std::collections::BTreeSet;
use stonechat_domain::preferences::Preferences;
use stonechat_log::personal as stored;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::ConversationId;
use stonechat_types::number::PersonalSeq;

/// Changes them, and says what they are then. A change that was carried out before changes nothing again, whatever
/// happened since.
pub(crate) async fn set(node: &Node, reader: &Reader, set: SetPreferences) -> Result<Answer, Failure> {
    let SetPreferences { command_id, conversation, patch } = set;
    let (state, me) = node.membership(reader, conversation).await?;
    if me.intervals.is_empty() {
        return Err(Failure::new(ErrorCode::NotFound, "there is no such conversation"));
    }
    let _one = node.devices.lock(reader).await;
    let once = Once::new(node, reader, (conversation, command_id), &patch_bytes(&patch)).await?;
    let Some(once) = once else { return now(node, reader, conversation).await };
    let before = of(node, reader, conversation).await?;
    let mut after = before.clone();
    after.apply(&patch, node.clock.now(), me.visible_upto(state.head).min(state.head));
    after
        .apply_fields(&patch)
        .map_err(|error| Failure::new(ErrorCode::InvalidArgument, format!("the map of preferences {error}")))?;
    let (mut items, rows) = match after.cleared_upto > before.cleared_upto {
        true => deletions::clear(node, reader, &state, after.cleared_upto).await?,
        false => Default::default(),
    };
    if after != before {
        items.push(PersonalItem::Preferences(conversation, Box::new(after)));
    }
    once.commit(node, reader, (items, rows)).await?;
    now(node, reader, conversation).await
}

/// What the caller prefers, for the app's backend.
pub(crate) async fn get(node: &Node, reader: &Reader, conversation: ConversationId) -> Result<Answer, Failure> {
    node.membership(reader, conversation).await?;
    now(node, reader, conversation).await
}

async fn now(node: &Node, reader: &Reader, conversation: ConversationId) -> Result<Answer, Failure> {
    let entry = once::entry(node, reader, personal::preferences_key(conversation)).await?;
    let (version, item) =
        entry.unwrap_or_else(|| (PersonalSeq::ZERO, PersonalItem::Preferences(conversation, Box::default())));
    Ok(Answer::Own(version, Box::new(item)))
}

/// What a user prefers now.
pub(crate) async fn of(node: &Node, reader: &Reader, conversation: ConversationId) -> Result<Preferences, Failure> {
    match once::entry(node, reader, personal::preferences_key(conversation)).await? {
        Some((_, PersonalItem::Preferences(_, preferences))) => Ok(*preferences),
        Some(_) | None => Ok(Preferences::default()),
    }
}

/// Entries that are looked at at once.
const ENTRIES_MAX: usize = 256;

/// The conversations that a user has muted, and has muted still.
pub(crate) async fn muted(node: &Node, reader: &Reader) -> Result<BTreeSet<ConversationId>, Failure> {
    let prefix = stored::value_key(reader.app, reader.user.no, personal::PREFERENCES_PREFIX);
    let skipped = prefix.len() - personal::PREFERENCES_PREFIX.len();
    let (now, mut muted, mut after) = (node.clock.now(), BTreeSet::new(), None);
    loop {
        let rows = node.log.scan(prefix.clone(), after, ENTRIES_MAX).await.map_err(failure)?;
        for (key, row) in &rows {
            let Some((_, Some(value))) = stored::decode_value(row) else { continue };
            let item = personal::decode(&key[skipped..], &value).map_err(failure)?;
            if let Some(PersonalItem::Preferences(conversation, it)) = item
                && it.is_muted(now)
            {
                muted.insert(conversation);
            }
        }
        after = rows.into_iter().nth(ENTRIES_MAX - 1).map(|(key, _)| key);
        if after.is_none() {
            return Ok(muted);
        }
    }
}
