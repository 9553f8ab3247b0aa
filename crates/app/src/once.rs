//! Commands about what belongs to the caller alone: each is carried out once, however often it is said.

use crate::api::{Failure, PersonalItem};
use crate::directory::{commit, failure};
use crate::fan_out::tell_personal;
use crate::node::Node;
use crate::reading::Reader;
use crate::rows::codec::damaged;
use crate::rows::dedup::{self, Remembered};
use crate::rows::{key, personal};
use bytes::Bytes;
use stonechat_log::packed;
use stonechat_log::personal as stored;
use stonechat_log::record::{PersonalWrite, Record};
use stonechat_log::row::RowWrite;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{CommandId, ConversationId};
use stonechat_types::number::{Ordinal, PersonalSeq, Seq};

/// A command that was not carried out yet: what remembers that it was. Whoever asks holds the lock of the user.
pub(crate) struct Once(RowWrite);

impl Once {
    /// Looks a command up by its id, beside a conversation, and by the bytes that say what it asks. `None` when it was
    /// carried out.
    pub async fn new(
        node: &Node,
        reader: &Reader,
        (conversation, id): (ConversationId, CommandId),
        says: &[u8],
    ) -> Result<Option<Self>, Failure> {
        let keys = node.sealer.keys(reader.app, reader.user.no, conversation).map_err(failure)?;
        let keys = keys.ok_or_else(|| Failure::new(ErrorCode::Forbidden, "the caller was erased"))?;
        let body_hmac = keys.body_hmac(says);
        let key = key::commands(reader.app, conversation, reader.user.no, &id.0);
        let commands = node.row(key.clone()).await?.unwrap_or_default();
        if let Some(entry) = packed::get(&commands, &id.0).map_err(|_| failure(damaged("an acknowledgement")))? {
            return match dedup::decode(entry).map_err(failure)?.body_hmac == body_hmac {
                true => Ok(None),
                false => Err(Failure::new(ErrorCode::Conflict, "this id was used with another command")),
            };
        }
        let sent_at = node.clock.now();
        let remembered = Remembered { seq: Seq::ZERO, ordinal: Ordinal::ZERO, sent_at, body_hmac };
        let (entry, value) = (Bytes::copy_from_slice(&id.0), Some(dedup::encode(&remembered)));
        Ok(Some(Self(RowWrite::Patch { key, entry, value })))
    }

    /// Carries it out: stores the entries that it made different, with their rows, and tells the caller's devices.
    pub async fn commit(
        self,
        node: &Node,
        reader: &Reader,
        (items, mut rows): (Vec<PersonalItem>, Vec<RowWrite>),
    ) -> Result<Vec<PersonalSeq>, Failure> {
        rows.push(self.0);
        let write = |item: &PersonalItem| {
            let (key, value) = personal::encode(item);
            PersonalWrite { app: reader.app, user_no: reader.user.no, key, value: Some(value) }
        };
        let personal = items.iter().map(write).collect();
        let record = Record { rows, personal, ..Record::default() };
        let committed = commit(&*node.log, &node.watermark, record).await?;
        for (seq, item) in committed.personal.iter().zip(&items) {
            tell_personal(node, reader.app, reader.user.no, *seq, item);
        }
        Ok(committed.personal)
    }
}

/// An entry of the caller's personal state as it is now, with the number of its last change.
pub(crate) async fn entry(
    node: &Node,
    reader: &Reader,
    key: Bytes,
) -> Result<Option<(PersonalSeq, PersonalItem)>, Failure> {
    let Some(row) = node.row(stored::value_key(reader.app, reader.user.no, &key)).await? else { return Ok(None) };
    let Some((seq, Some(value))) = stored::decode_value(&row) else { return Ok(None) };
    Ok(personal::decode(&key, &value).map_err(failure)?.map(|item| (seq, item)))
}
