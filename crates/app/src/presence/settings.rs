//! What a user says of himself for the time being, and who is shown what: personal state of his, changed by him or in his
//! name.

use super::Key;
use crate::api::{Failure, PersonalItem, SetPresence};
use crate::directory::{commit, failure};
use crate::fan_out::tell_personal;
use crate::node::Node;
use crate::reading::Reader;
use crate::rows::codec::damaged;
use crate::rows::dedup::{self, Remembered};
use crate::rows::{key as rows, personal, presence};
use bytes::Bytes;
use stonechat_domain::presence::{Availability, PresenceSettings};
use stonechat_log::packed;
use stonechat_log::personal as stored;
use stonechat_log::record::{PersonalWrite, Record};
use stonechat_log::row::RowWrite;
use stonechat_log::store::LogError;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::ConversationId;
use stonechat_types::number::{AppId, Ordinal, Seq, UserNo};

/// Changes them, and gives them as they are then. A change that was carried out before changes nothing again.
pub(crate) async fn set(node: &Node, reader: &Reader, set: SetPresence) -> Result<PresenceSettings, Failure> {
    let SetPresence { command_id, patch } = set;
    let Reader { app, user } = reader;
    let with_himself = ConversationId::direct(*app, &user.id, &user.id);
    let keys = node.sealer.keys(*app, user.no, with_himself).map_err(failure)?;
    let keys = keys.ok_or_else(|| Failure::new(ErrorCode::Forbidden, "the caller was erased"))?;
    let body_hmac = keys.body_hmac(&presence::patch_bytes(&patch));
    let command_key = rows::commands(*app, with_himself, user.no, &command_id.0);
    let _one = node.devices.lock(reader).await;
    let before = of(node, (*app, user.no)).await?;
    let commands = node.row(command_key.clone()).await?.unwrap_or_default();
    let entry = packed::get(&commands, &command_id.0).map_err(|_| failure(damaged("an acknowledgement")))?;
    if let Some(entry) = entry {
        return match dedup::decode(entry).map_err(failure)?.body_hmac == body_hmac {
            true => Ok(before),
            false => Err(Failure::new(ErrorCode::Conflict, "this id was used with another command")),
        };
    }
    let (mut after, now) = (before.clone(), node.clock.now());
    after.apply(&patch);
    let remembered = Remembered { seq: Seq::ZERO, ordinal: Ordinal::ZERO, sent_at: now, body_hmac };
    let entry = Bytes::copy_from_slice(&command_id.0);
    let row = RowWrite::Patch { key: command_key, entry, value: Some(dedup::encode(&remembered)) };
    let mut record = Record { rows: vec![row], ..Record::default() };
    let _stored_before = match after.invisible && !before.invisible {
        true => Some(node.presence.storing.lock().await),
        false => None,
    };
    let is_there = node.presence.whereabouts(node, (*app, user.no)).availability > Availability::Offline;
    if after.invisible && !before.invisible && is_there {
        // From here on nobody sees that he is there: this is when he was seen last.
        record.rows.push(RowWrite::Put { key: rows::last_seen(*app, user.no), value: presence::encode_seen(now) });
    }
    let item = PersonalItem::Presence(Box::new(after.clone()));
    if after != before {
        let (key, value) = personal::encode(&item);
        record.personal.push(PersonalWrite { app: *app, user_no: user.no, key, value: Some(value) });
    }
    let committed = commit(&*node.log, &node.watermark, record).await?;
    if let Some(seq) = committed.personal.first() {
        tell_personal(node, *app, user.no, *seq, &item);
    }
    Ok(after)
}

/// Those of a user as they are now.
pub(crate) async fn of(node: &Node, (app, user): Key) -> Result<PresenceSettings, Failure> {
    let row = node.row(key(app, user)).await?;
    decode(row.as_ref()).map_err(failure)
}

/// Where they are.
pub(super) fn key(app: AppId, user: UserNo) -> Bytes {
    stored::value_key(app, user, &personal::presence_key())
}

/// Reads them; the usual ones where nothing is stored.
pub(super) fn decode(row: Option<&Bytes>) -> Result<PresenceSettings, LogError> {
    let Some((_, Some(value))) = row.and_then(stored::decode_value) else {
        return Ok(PresenceSettings::default());
    };
    match personal::decode(&personal::presence_key(), &value)? {
        Some(PersonalItem::Presence(settings)) => Ok(*settings),
        _ => Ok(PresenceSettings::default()),
    }
}
