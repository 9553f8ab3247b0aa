//! What a user prefers in a conversation: pinned, muted, archived, in folders, what he was writing, what he cleared. It is
//! personal state, and nobody else hears of it.

use crate::api::{Failure, PersonalItem, SetPreferences};
use crate::directory::{commit, failure};
use crate::fan_out::tell_personal;
use crate::node::Node;
use crate::reading::Reader;
use crate::rows::codec::damaged;
use crate::rows::dedup::{self, Remembered};
use crate::rows::preferences::patch_bytes;
use crate::rows::{key, personal};
use bytes::Bytes;
use stonechat_domain::preferences::Preferences;
use stonechat_log::packed;
use stonechat_log::personal as stored;
use stonechat_log::record::{PersonalWrite, Record};
use stonechat_log::row::RowWrite;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::ConversationId;
use stonechat_types::number::{Ordinal, Seq};

/// Changes them. A change that was carried out before changes nothing again, whatever happened since.
pub(crate) async fn set(node: &Node, reader: &Reader, set: SetPreferences) -> Result<(), Failure> {
    let SetPreferences { command_id, conversation, patch } = set;
    let (state, me) = node.membership(reader, conversation).await?;
    if me.intervals.is_empty() {
        return Err(Failure::new(ErrorCode::NotFound, "there is no such conversation"));
    }
    let keys = node.sealer.keys(reader.app, reader.user.no, conversation).map_err(failure)?;
    let keys = keys.ok_or_else(|| Failure::new(ErrorCode::Forbidden, "the caller was erased"))?;
    let body_hmac = keys.body_hmac(&patch_bytes(&patch));
    let command_key = key::commands(reader.app, conversation, reader.user.no, &command_id.0);
    let _one = node.devices.lock(reader).await;
    let commands = node.row(command_key.clone()).await?.unwrap_or_default();
    let entry = packed::get(&commands, &command_id.0).map_err(|_| failure(damaged("an acknowledgement")))?;
    if let Some(entry) = entry {
        return match dedup::decode(entry).map_err(failure)?.body_hmac == body_hmac {
            true => Ok(()),
            false => Err(Failure::new(ErrorCode::Conflict, "this id was used with another command")),
        };
    }
    let before = of(node, reader, conversation).await?;
    let (mut after, now) = (before.clone(), node.clock.now());
    after.apply(&patch, now, me.visible_upto(state.head).min(state.head));
    let remembered = Remembered { seq: Seq::ZERO, ordinal: Ordinal::ZERO, sent_at: now, body_hmac };
    let entry = Bytes::copy_from_slice(&command_id.0);
    let row = RowWrite::Patch { key: command_key, entry, value: Some(dedup::encode(&remembered)) };
    let mut record = Record { rows: vec![row], ..Record::default() };
    let item = PersonalItem::Preferences(conversation, Box::new(after.clone()));
    if after != before {
        let (key, value) = personal::encode(&item);
        record.personal.push(PersonalWrite { app: reader.app, user_no: reader.user.no, key, value: Some(value) });
    }
    let committed = commit(&*node.log, &node.watermark, record).await?;
    if let Some(seq) = committed.personal.first() {
        tell_personal(node, reader.app, reader.user.no, *seq, &item);
    }
    Ok(())
}

/// What a user prefers now.
async fn of(node: &Node, reader: &Reader, conversation: ConversationId) -> Result<Preferences, Failure> {
    let key = personal::preferences_key(conversation);
    let Some(row) = node.row(stored::value_key(reader.app, reader.user.no, &key)).await? else {
        return Ok(Preferences::default());
    };
    let Some((_, Some(value))) = stored::decode_value(&row) else { return Ok(Preferences::default()) };
    match personal::decode(&key, &value).map_err(failure)? {
        Some(PersonalItem::Preferences(_, preferences)) => Ok(*preferences),
        _ => Ok(Preferences::default()),
    }
}
