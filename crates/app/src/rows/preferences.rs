//! What a user prefers in a conversation, as a part of his personal state.

use super::codec::{Reader, Writer};
use std::sync::Arc;
use stonechat_domain::preferences::{Draft, Preferences, PreferencesPatch};
use stonechat_types::fields::Fields;
use stonechat_types::number::{Seq, Timestamp};
use stonechat_types::text::Tag;

const MARKED_UNREAD: u8 = 1;
const ARCHIVED: u8 = 1 << 1;
const DRAFT: u8 = 1 << 2;
const FIELDS: u8 = 1 << 3;

/// Writes preferences into a row.
pub(super) fn write(row: &mut Writer, preferences: &Preferences) {
    let Preferences {
        pinned_at,
        muted_until,
        marked_unread,
        archived,
        folders,
        draft,
        cleared_upto,
        hidden_upto,
        fields,
    } = preferences;
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    let with_fields = flag(!fields.is_empty(), FIELDS);
    let flags = flag(*marked_unread, MARKED_UNREAD) | flag(*archived, ARCHIVED) | flag(draft.is_some(), DRAFT);
    row.u8(flags | with_fields);
    row.maybe_time(*pinned_at).maybe_time(*muted_until).u64(cleared_upto.0).u64(hidden_upto.0);
    row.u8(folders.len() as u8);
    for folder in folders {
        row.bytes(folder.as_str().as_bytes());
    }
    if let Some(Draft { text, reply_to, at }) = draft {
        row.bytes(text.as_bytes()).u64(reply_to.unwrap_or_default().0).u64(at.0 as u64);
    }
    if !fields.is_empty() {
        row.fields(fields);
    }
}

/// Reads them.
pub(super) fn read(row: &mut Reader<'_>) -> Option<Preferences> {
    let flags = row.u8()?;
    if flags & !(MARKED_UNREAD | ARCHIVED | DRAFT | FIELDS) != 0 {
        return None;
    }
    let (pinned_at, muted_until) = (row.maybe_time()?, row.maybe_time()?);
    let (cleared_upto, hidden_upto) = (row.seq()?, row.seq()?);
    let folders = (0..row.u8()?).map(|_| Tag::new(row.text()?).ok()).collect::<Option<Vec<_>>>()?;
    let draft = if flags & DRAFT == 0 {
        None
    } else {
        let (text, reply_to, at) = (Arc::from(row.text()?), row.seq()?, Timestamp(row.u64()? as i64));
        Some(Draft { text, reply_to: (reply_to > Seq::ZERO).then_some(reply_to), at })
    };
    let fields = if flags & FIELDS == 0 { Fields::default() } else { row.fields()? };
    let (marked_unread, archived) = (flags & MARKED_UNREAD != 0, flags & ARCHIVED != 0);
    Some(Preferences {
        pinned_at,
        muted_until,
        marked_unread,
        archived,
        folders,
        draft,
        cleared_upto,
        hidden_upto,
        fields,
    })
}

/// The bytes by which a repeated change is known.
#[must_use]
pub fn patch_bytes(patch: &PreferencesPatch) -> Vec<u8> {
    let PreferencesPatch {
        pinned,
        muted_until,
        marked_unread,
        archived,
        folders,
        draft,
        cleared_upto,
        hidden_upto,
        fields,
    } = patch;
    let mut row = Writer::new(1);
    let flag = |flag: &Option<bool>| flag.map_or(0, |set| 1 + u8::from(set));
    row.u8(flag(pinned)).u8(flag(marked_unread)).u8(flag(archived));
    row.u8(u8::from(muted_until.is_some())).maybe_time(muted_until.unwrap_or_default());
    row.u64(cleared_upto.unwrap_or_default().0).u64(hidden_upto.unwrap_or_default().0);
    row.u8(folders.as_ref().map_or(0, |folders| 1 + folders.len() as u8));
    for folder in folders.iter().flatten() {
        row.bytes(folder.as_str().as_bytes());
    }
    row.u8(u8::from(draft.is_some()));
    if let Some(Some((text, reply_to))) = draft {
        row.bytes(text.as_bytes()).u64(reply_to.unwrap_or_default().0);
    }
    for (name, value) in fields {
        row.bytes(name.as_bytes()).u8(u8::from(value.is_some())).maybe(value.as_deref());
    }
    row.finish().to_vec()
}
