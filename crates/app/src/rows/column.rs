//! A user's memberships as columns: packed rows of 1,024 conversation numbers each, loaded at hello. With the activity
//! table they give the window, the filters and the total unread in one pass.

use bytes::{BufMut, Bytes, BytesMut};
use stonechat_domain::member::Member;
use stonechat_log::packed;
use stonechat_log::store::LogError;
use stonechat_types::id::ConversationId;
use stonechat_types::number::{ConversationNo, Ordinal};

/// Conversations of a chunk, as a power of two.
pub const CHUNK_BITS: u32 = 10;

const VALUE_BYTES: usize = 16 + 8 + 2;

/// What a column says of one membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// The conversation's number.
    pub no: ConversationNo,
    /// Its id.
    pub id: ConversationId,
    /// Ordinal above which messages can be unread.
    pub floor: Ordinal,
    /// Own messages above it.
    pub own: u16,
}

impl Column {
    /// Unread messages, when the conversation has `head` countable ones.
    #[must_use]
    pub fn unread(&self, head: Ordinal) -> u64 {
        head.0.saturating_sub(self.floor.0).saturating_sub(u64::from(self.own))
    }
}

/// The entry's key in its chunk.
#[must_use]
pub fn entry_key(no: ConversationNo) -> Bytes {
    Bytes::copy_from_slice(&((no.0 & ((1 << CHUNK_BITS) - 1)) as u16).to_be_bytes())
}

/// The entry of a membership.
#[must_use]
pub fn encode(id: ConversationId, member: &Member) -> Bytes {
    let floor = member.floor();
    let own = member.own.iter().filter(|own| own.ordinal > floor).count();
    let mut value = BytesMut::with_capacity(VALUE_BYTES);
    value.put_slice(id.as_bytes());
    value.put_u64(floor.0);
    value.put_u16(own as u16);
    value.freeze()
}

/// The memberships of a chunk, whose key ends in its number.
///
/// # Errors
/// [`LogError::Corrupt`] when it is not in its form.
pub fn decode_chunk(key: &[u8], row: &[u8], out: &mut Vec<Column>) -> Result<(), LogError> {
    let damaged = || super::codec::damaged("membership columns");
    let chunk = key.last_chunk::<4>().map(|b| u32::from_be_bytes(*b)).ok_or_else(damaged)?;
    for entry in packed::entries(row) {
        let (slot, value) = entry.map_err(|_| damaged())?;
        let slot = u16::from_be_bytes(slot.try_into().map_err(|_| damaged())?);
        if value.len() != VALUE_BYTES || slot >> CHUNK_BITS != 0 {
            return Err(damaged());
        }
        let id = ConversationId::from_slice(&value[..16]).map_err(|_| damaged())?;
        let floor = Ordinal(u64::from_be_bytes(value[16..24].try_into().map_err(|_| damaged())?));
        let own = u16::from_be_bytes(value[24..].try_into().map_err(|_| damaged())?);
        out.push(Column { no: ConversationNo(chunk << CHUNK_BITS | u32::from(slot)), id, floor, own });
    }
    Ok(())
}
