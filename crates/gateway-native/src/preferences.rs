//! What a user prefers in a conversation, and what he removed from it and starred in it for himself: frames to the application's words, and
//! back.

use stonechat_app::api::{DeleteMessages, Failure, SetPreferences, StarMessages};
use stonechat_domain::deletions::{Deletions, Run};
use stonechat_domain::preferences::{FOR_GOOD, Preferences, PreferencesPatch};
use stonechat_domain::stars::{Star, Stars};
use stonechat_types::id::ConversationId;
use stonechat_types::limits::{DELETED_AT_ONCE_MAX, DRAFT_BYTES_MAX, FOLDERS_MAX, STARRED_AT_ONCE_MAX};
use stonechat_types::number::{Seq, Timestamp};
use stonechat_types::text::{Tag, check_message_text};
use stonechat_wire::v1;

use crate::parse::{command_id, conversation, invalid, seq};
use crate::people::{field_changes, map};

/// Reads a change.
pub(crate) fn set_preferences(set: v1::SetPreferences) -> Result<SetPreferences, Failure> {
    let muted_until = match set.muted_until {
        None => None,
        Some(0) => Some(None),
        Some(-1) => Some(Some(FOR_GOOD)),
        Some(until) if until > 0 => Some(Some(Timestamp(until))),
        Some(_) => return Err(invalid("muted_until", "is before the epoch")),
    };
    let upto = |name, upto: Option<u64>| upto.map(|upto| seq(name, upto)).transpose();
    Ok(SetPreferences {
        command_id: command_id(&set.command_id)?,
        conversation: conversation(&set.conversation_id)?,
        patch: PreferencesPatch {
            pinned: set.pinned,
            muted_until,
            marked_unread: set.marked_unread,
            archived: set.archived,
            folders: set.folders.map(folders).transpose()?,
            draft: set.draft.map(draft).transpose()?,
            cleared_upto: upto("cleared_upto_seq", set.cleared_upto_seq)?,
            hidden_upto: upto("hidden_upto_seq", set.hidden_upto_seq)?,
            fields: field_changes("fields", set.fields, set.remove_fields)?,
        },
    })
}

fn folders(folders: v1::Folders) -> Result<Vec<Tag>, Failure> {
    if folders.names.len() > FOLDERS_MAX {
        return Err(invalid("folders", format_args!("has more than {FOLDERS_MAX} entries")));
    }
    let mut all: Vec<Tag> = Vec::new();
    for name in &folders.names {
        let folder = Tag::new(name).map_err(|error| invalid("folders", error))?;
        if !all.contains(&folder) {
            all.push(folder);
        }
    }
    Ok(all)
}

type Written = Option<(std::sync::Arc<str>, Option<Seq>)>;

fn draft(draft: v1::Draft) -> Result<Written, Failure> {
    if draft.text.is_empty() {
        return Ok(None);
    }
    if draft.text.len() > DRAFT_BYTES_MAX {
        return Err(invalid("draft", format_args!("is longer than {DRAFT_BYTES_MAX} bytes")));
    }
    // White space alone is worth keeping while it is being written; the rest is as for a message.
    if !draft.text.trim().is_empty() {
        check_message_text(&draft.text).map_err(|error| invalid("draft", error))?;
    }
    let reply_to = seq("reply_to_seq", draft.reply_to_seq)?;
    Ok(Some((draft.text.into(), (reply_to > Seq::ZERO).then_some(reply_to))))
}

/// Reads which messages to remove.
pub(crate) fn delete_messages(delete: &v1::DeleteMessages) -> Result<DeleteMessages, Failure> {
    Ok(DeleteMessages {
        command_id: command_id(&delete.command_id)?,
        conversation: conversation(&delete.conversation_id)?,
        seqs: seqs(&delete.seqs, DELETED_AT_ONCE_MAX)?,
    })
}

/// Reads which messages to star.
pub(crate) fn star_messages(star: &v1::StarMessages) -> Result<StarMessages, Failure> {
    Ok(StarMessages {
        command_id: command_id(&star.command_id)?,
        conversation: conversation(&star.conversation_id)?,
        seqs: seqs(&star.seqs, STARRED_AT_ONCE_MAX)?,
        starred: !star.remove,
    })
}

fn seqs(all: &[u64], max: usize) -> Result<Vec<Seq>, Failure> {
    if all.is_empty() || all.len() > max {
        return Err(invalid("seqs", format_args!("has none or more than {max} entries")));
    }
    all.iter().map(|it| seq("seqs", *it)).collect()
}

/// Writes what is starred.
pub(crate) fn stars(conversation: ConversationId, stars: &Stars) -> v1::Stars {
    let star = |star: &Star| v1::Star { seq: star.place.seq.0, ordinal: star.place.ordinal.0, at: star.at.0 };
    v1::Stars { conversation_id: conversation.to_string(), stars: stars.all().iter().map(star).collect() }
}

/// Writes what is removed.
pub(crate) fn deletions(conversation: ConversationId, deletions: &Deletions) -> v1::Deletions {
    let run = |run: &Run| v1::DeletedRun {
        from_seq: run.first.seq.0,
        upto_seq: run.last.seq.0,
        from_ordinal: run.first.ordinal.0,
        upto_ordinal: run.last.ordinal.0,
    };
    v1::Deletions { conversation_id: conversation.to_string(), runs: deletions.runs().iter().map(run).collect() }
}

/// Writes preferences.
pub(crate) fn preferences(conversation: ConversationId, preferences: &Preferences) -> v1::Preferences {
    let time = |time: Option<Timestamp>| match time {
        None => 0,
        Some(FOR_GOOD) => -1,
        Some(time) => time.0,
    };
    let draft = preferences.draft.as_ref().map(|draft| v1::Draft {
        text: draft.text.to_string(),
        reply_to_seq: draft.reply_to.unwrap_or_default().0,
        at: draft.at.0,
    });
    v1::Preferences {
        conversation_id: conversation.to_string(),
        pinned_at: time(preferences.pinned_at),
        muted_until: time(preferences.muted_until),
        marked_unread: preferences.marked_unread,
        archived: preferences.archived,
        folders: preferences.folders.iter().map(|folder| folder.as_str().to_owned()).collect(),
        draft,
        cleared_upto_seq: preferences.cleared_upto.0,
        hidden_upto_seq: preferences.hidden_upto.0,
        fields: map(&preferences.fields),
    }
}
