//! How an engine keeps personal state in rows: the value under its key, an entry under its number, and the last number.

use crate::record::PersonalWrite;
use crate::row::{RowKey, RowWrite};
use bytes::{BufMut, Bytes, BytesMut};
use stonechat_types::number::{AppId, PersonalSeq, UserNo};

/// Family of the rows (app, user, key) → (number, present, value).
pub const FAMILY_VALUE: u8 = 0xE0;
/// Family of the rows (app, user, number) → key.
pub const FAMILY_CHANGE: u8 = 0xE1;
/// Family of the rows (app, user) → last number.
pub const FAMILY_LAST: u8 = 0xE2;

fn key(family: u8, app: AppId, user_no: UserNo, rest: &[u8]) -> RowKey {
    let mut out = BytesMut::with_capacity(9 + rest.len());
    out.put_u8(family);
    out.put_u32(app.0);
    out.put_u32(user_no.0);
    out.put_slice(rest);
    out.freeze()
}

/// The row of a value.
#[must_use]
pub fn value_key(app: AppId, user_no: UserNo, personal_key: &[u8]) -> RowKey {
    key(FAMILY_VALUE, app, user_no, personal_key)
}

/// The app, the user and the key of the row of a value; `None` for all other rows.
#[must_use]
pub fn value_of(row_key: &[u8]) -> Option<(AppId, UserNo, &[u8])> {
    let (app, rest) = row_key.strip_prefix(&[FAMILY_VALUE])?.split_first_chunk()?;
    let (user_no, personal_key) = rest.split_first_chunk()?;
    Some((AppId(u32::from_be_bytes(*app)), UserNo(u32::from_be_bytes(*user_no)), personal_key))
}

/// The row of a change.
#[must_use]
pub fn change_key(app: AppId, user_no: UserNo, seq: PersonalSeq) -> RowKey {
    key(FAMILY_CHANGE, app, user_no, &seq.0.to_be_bytes())
}

/// What the rows of a user's changes start with.
#[must_use]
pub fn change_prefix(app: AppId, user_no: UserNo) -> RowKey {
    key(FAMILY_CHANGE, app, user_no, &[])
}

/// The row of the last number.
#[must_use]
pub fn last_key(app: AppId, user_no: UserNo) -> RowKey {
    key(FAMILY_LAST, app, user_no, &[])
}

/// The number in the row of a last number; zero when there is none.
#[must_use]
pub fn decode_last(row: Option<&[u8]>) -> PersonalSeq {
    row.and_then(|row| row.try_into().ok()).map_or(PersonalSeq::ZERO, |row| PersonalSeq(u64::from_be_bytes(row)))
}

/// The number and value in the row of a value; `None` when the row is damaged.
#[must_use]
pub fn decode_value(row: &Bytes) -> Option<(PersonalSeq, Option<Bytes>)> {
    let seq = PersonalSeq(u64::from_be_bytes(row.get(..8)?.try_into().ok()?));
    match row.get(8)? {
        0 if row.len() == 9 => Some((seq, None)),
        1 => Some((seq, Some(row.slice(9..)))),
        _ => None,
    }
}

/// The row of a value: what [`decode_value`] reads.
#[must_use]
pub fn encode_value(seq: PersonalSeq, value: Option<&[u8]>) -> Bytes {
    let mut row = BytesMut::with_capacity(9 + value.map_or(0, <[u8]>::len));
    row.put_u64(seq.0);
    row.put_u8(u8::from(value.is_some()));
    row.put_slice(value.unwrap_or_default());
    row.freeze()
}

/// The rows of a change that was given number `seq`, when the key's row was `before`.
#[must_use]
pub fn rows(write: &PersonalWrite, seq: PersonalSeq, before: Option<&Bytes>) -> Vec<RowWrite> {
    let mut rows = Vec::with_capacity(4);
    if let Some((old, _)) = before.and_then(decode_value) {
        rows.push(RowWrite::Delete { key: change_key(write.app, write.user_no, old) });
    }
    let value = encode_value(seq, write.value.as_deref());
    rows.push(RowWrite::Put { key: value_key(write.app, write.user_no, &write.key), value });
    rows.push(RowWrite::Put { key: change_key(write.app, write.user_no, seq), value: write.key.clone() });
    rows.push(RowWrite::Put {
        key: last_key(write.app, write.user_no),
        value: Bytes::copy_from_slice(&seq.0.to_be_bytes()),
    });
    rows
}
