//! Messages that call a user: how many of them are unread, and where they are.

use crate::api::{Failure, ListMentions, MentionView, MentionsPage};
use crate::deletions;
use crate::node::Node;
use crate::reading::Reader;
use crate::recalls;
use crate::rows::key::{self, Called};
use std::collections::BTreeMap;
use stonechat_domain::conversation::Conversation;
use stonechat_domain::deletions::Deletions;
use stonechat_domain::member::Member;
use stonechat_domain::unread::Recalled;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::limits::{MENTIONS_COUNTED_MAX, PAGE_ITEMS_MAX};
use stonechat_types::number::Ordinal;

const DEFAULT: u32 = 50;

/// Messages that are looked at for one page or count: more than either needs, since some may be taken back.
const LOOKED_AT_MAX: usize = 4 * MENTIONS_COUNTED_MAX as usize;

/// How many unread messages call a member, counted up to [`MENTIONS_COUNTED_MAX`].
pub(crate) async fn unread(
    node: &Node,
    reader: &Reader,
    (state, me): (&Conversation, &Member),
    removed: &Deletions,
) -> Result<u32, Failure> {
    let floor = me.floor();
    let (found, _) = above(node, reader, state, floor).await?;
    if found.is_empty() {
        return Ok(0);
    }
    let uncounted = recalls::uncounted(node, (reader.app, state.no), floor, state.head).await?;
    let is_counted = |it: &&Ordinal| !uncounted.contains_key(it) && !removed.holds_ordinal(**it);
    let counted = found.keys().filter(is_counted).count();
    Ok((counted as u32).min(MENTIONS_COUNTED_MAX))
}

/// The messages that call the caller, oldest first.
pub(crate) async fn list(node: &Node, reader: &Reader, wanted: ListMentions) -> Result<MentionsPage, Failure> {
    let ListMentions { conversation, after, limit } = wanted;
    let (state, me) = node.membership(reader, conversation).await?;
    if !me.is_active() {
        return Err(Failure::new(ErrorCode::NotAMember, "the caller is not a member of the conversation"));
    }
    let limit = if limit == 0 { DEFAULT } else { limit.min(PAGE_ITEMS_MAX) } as usize;
    let (mut found, cut) = above(node, reader, &state, after).await?;
    if let Some(cut) = cut {
        // Beyond it only some of them were looked at.
        found.split_off(&cut.next());
    }
    let removed = deletions::of(node, reader, conversation).await?.deletions;
    found.retain(|ordinal, it| me.sees(it.by) && !removed.holds_ordinal(*ordinal));
    let uncounted = recalls::uncounted(node, (reader.app, state.no), after, state.head).await?;
    // A silent message calls as well; what was taken back does not.
    found.retain(|ordinal, it| uncounted.get(ordinal).is_none_or(|by| *by == it.by));
    let view = |it: &Recalled| MentionView { seq: it.by, ordinal: it.ordinal };
    let mentions: Vec<_> = found.values().take(limit).map(view).collect();
    let (more, upto) = match (mentions.last(), cut) {
        (Some(last), _) if found.len() > limit => (true, last.ordinal),
        (_, Some(cut)) => (true, cut),
        _ => (false, after.max(state.ordinal)),
    };
    Ok(MentionsPage { mentions, more, upto })
}

/// The messages of others above an ordinal that call a member or everybody, by their ordinals. When there are more than are
/// looked at, also the ordinal up to which these are all.
async fn above(
    node: &Node,
    reader: &Reader,
    state: &Conversation,
    floor: Ordinal,
) -> Result<(BTreeMap<Ordinal, Recalled>, Option<Ordinal>), Failure> {
    let (mut found, mut cut) = (BTreeMap::new(), None);
    for called in [Called::User(reader.user.no), Called::Everybody] {
        let prefix = key::mentions_of(reader.app, state.no, called);
        let from = key::mentions(reader.app, state.no, called, floor.next());
        let mut looked_at = 0;
        recalls::entries(node, (prefix, from), |row| {
            // What came since the state was read is not for this answer.
            let within = |it: &Recalled| it.ordinal > floor && it.ordinal <= state.ordinal;
            let of_others = row.into_iter().filter(|it| within(it) && it.author != reader.user.no);
            let mut last = None;
            for it in of_others {
                (looked_at, last) = (looked_at + 1, last.max(Some(it.ordinal)));
                found.insert(it.ordinal, it);
            }
            if looked_at < LOOKED_AT_MAX {
                return true;
            }
            cut = [cut, last].into_iter().flatten().min();
            false
        })
        .await?;
    }
    Ok((found, cut))
}
