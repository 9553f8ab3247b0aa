//! Entries of personal state: their keys and values.

use super::codec::{Reader, Writer, damaged, role_byte, role_of};
use crate::api::{DeviceView, PersonalItem};
use bytes::{BufMut, Bytes, BytesMut};
use stonechat_domain::member::Member;
use stonechat_log::store::LogError;
use stonechat_types::id::{ConversationId, DeviceId};
use stonechat_types::number::{Seq, Timestamp};

const MEMBERSHIP: u8 = 1;
const READ: u8 = 2;
const DEVICE: u8 = 3;
const VERSION: u8 = 1;

fn with(kind: u8, rest: &[u8]) -> Bytes {
    let mut key = BytesMut::with_capacity(1 + rest.len());
    key.put_u8(kind);
    key.put_slice(rest);
    key.freeze()
}

/// The key of a membership.
#[must_use]
pub fn membership_key(id: ConversationId) -> Bytes {
    with(MEMBERSHIP, id.as_bytes())
}

/// The key of a read cursor.
#[must_use]
pub fn read_key(id: ConversationId) -> Bytes {
    with(READ, id.as_bytes())
}

/// The key of a device.
#[must_use]
pub fn device_key(id: &DeviceId) -> Bytes {
    with(DEVICE, id.as_str().as_bytes())
}

/// What all keys of devices start with.
pub const DEVICE_PREFIX: &[u8] = &[DEVICE];

/// The entry of a membership as it is now.
#[must_use]
pub fn membership(id: ConversationId, member: &Member) -> PersonalItem {
    PersonalItem::Membership {
        conversation: id,
        role: member.is_active().then_some(member.role),
        visible_upto: if member.is_active() { Seq::ZERO } else { member.visible_upto(Seq::ZERO) },
    }
}

/// The entry of a read cursor as it is now.
#[must_use]
pub fn read(id: ConversationId, member: &Member) -> PersonalItem {
    PersonalItem::Read { conversation: id, upto: member.read_seq, ordinal: member.read_ordinal }
}

/// The key and value of an entry.
#[must_use]
pub fn encode(item: &PersonalItem) -> (Bytes, Bytes) {
    let mut row = Writer::new(VERSION);
    match item {
        PersonalItem::Membership { conversation, role, visible_upto } => {
            row.u8(role.map_or(0, role_byte)).u64(visible_upto.0);
            (membership_key(*conversation), row.finish())
        }
        PersonalItem::Read { conversation, upto, ordinal } => {
            row.u64(upto.0).u64(ordinal.0);
            (read_key(*conversation), row.finish())
        }
        PersonalItem::Device(device) => {
            row.u64(device.seen_at.0 as u64).u8(u8::from(device.revoked)).u64(device.revoked_at.0 as u64);
            row.bytes(device.name.as_bytes()).bytes(device.client.as_bytes());
            (device_key(&device.id), row.finish())
        }
    }
}

/// Reads an entry; `None` for a kind of a later version.
///
/// # Errors
/// [`LogError::Corrupt`] when it is not in its form.
pub fn decode(key: &[u8], value: &[u8]) -> Result<Option<PersonalItem>, LogError> {
    let Some((kind, name)) = key.split_first() else { return Err(damaged("personal state")) };
    let mut row = Reader::new(value, VERSION, "personal state")?;
    let mut read = || {
        let item = match *kind {
            MEMBERSHIP => {
                let role = row.u8()?;
                let role = if role == 0 { None } else { Some(role_of(role)?) };
                let conversation = ConversationId::from_slice(name).ok()?;
                PersonalItem::Membership { conversation, role, visible_upto: row.seq()? }
            }
            READ => {
                let conversation = ConversationId::from_slice(name).ok()?;
                PersonalItem::Read { conversation, upto: row.seq()?, ordinal: row.ordinal()? }
            }
            DEVICE => {
                let id = DeviceId::new(std::str::from_utf8(name).ok()?).ok()?;
                let (seen_at, revoked) = (Timestamp(row.u64()? as i64), row.flag()?);
                let revoked_at = Timestamp(row.u64()? as i64);
                let (name, client) = (row.text()?.to_owned(), row.text()?.to_owned());
                PersonalItem::Device(DeviceView { id, name, client, seen_at, revoked, revoked_at })
            }
            _ => return Some(None),
        };
        row.end()?;
        Some(Some(item))
    };
    read().ok_or_else(|| damaged("personal state"))
}
