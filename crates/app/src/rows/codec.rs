//! Bytes of rows: big-endian, with a version in front, so that an old row is known for what it is.

use bytes::{BufMut, Bytes, BytesMut};
use stonechat_domain::member::{Role, UserRef};
use stonechat_log::store::LogError;
use stonechat_types::fields::Fields;
use stonechat_types::id::UserId;
use stonechat_types::number::{Ordinal, Seq, Timestamp, UserNo};

/// Writes a row.
pub struct Writer(BytesMut);

impl Writer {
    /// A row of a codec version.
    #[must_use]
    pub fn new(version: u8) -> Self {
        let mut out = BytesMut::with_capacity(96);
        out.put_u8(version);
        Self(out)
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.0.put_u8(value);
        self
    }

    /// Four bytes.
    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.0.put_u32(value);
        self
    }

    /// Eight bytes.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.0.put_u64(value);
        self
    }

    /// Bytes of a fixed length.
    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.put_slice(bytes);
        self
    }

    /// Bytes behind their length (at most 65,535).
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        let length = bytes.len().min(usize::from(u16::MAX));
        self.0.put_u16(length as u16);
        self.0.put_slice(&bytes[..length]);
        self
    }

    /// A text that may be missing, which is never empty.
    pub fn maybe(&mut self, text: Option<&str>) -> &mut Self {
        self.bytes(text.unwrap_or_default().as_bytes())
    }

    /// A time that may be missing, which is never zero.
    pub fn maybe_time(&mut self, time: Option<Timestamp>) -> &mut Self {
        self.u64(time.map_or(0, |time| time.0 as u64))
    }

    /// A map of an app.
    pub fn fields(&mut self, fields: &Fields) -> &mut Self {
        self.u8(fields.iter().len() as u8);
        for (name, value) in fields.iter() {
            self.bytes(name.as_bytes()).bytes(value.as_bytes());
        }
        self
    }

    /// A user by both names.
    pub fn user(&mut self, user: &UserRef) -> &mut Self {
        self.u32(user.no.0).bytes(user.id.as_str().as_bytes())
    }

    /// The row.
    #[must_use]
    pub fn finish(self) -> Bytes {
        self.0.freeze()
    }
}

/// Reads a row. Every method answers `None` when the row is damaged.
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// A row of a codec version.
    ///
    /// # Errors
    /// [`LogError::Corrupt`] when it is of another version.
    pub fn new(row: &'a [u8], version: u8, what: &str) -> Result<Self, LogError> {
        match row.split_first() {
            Some((found, rest)) if *found == version => Ok(Self(rest)),
            _ => Err(damaged(what)),
        }
    }

    /// A fixed number of bytes.
    pub fn raw(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// One byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.raw(1).map(|b| b[0])
    }

    /// Four bytes.
    pub fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.raw(4)?.try_into().ok()?))
    }

    /// Eight bytes.
    pub fn u64(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(self.raw(8)?.try_into().ok()?))
    }

    /// A seq.
    pub fn seq(&mut self) -> Option<Seq> {
        self.u64().map(Seq)
    }

    /// An ordinal.
    pub fn ordinal(&mut self) -> Option<Ordinal> {
        self.u64().map(Ordinal)
    }

    /// A time.
    pub fn time(&mut self) -> Option<Timestamp> {
        self.u64().map(|ms| Timestamp(ms as i64))
    }

    /// Sixteen bytes.
    pub fn key(&mut self) -> Option<[u8; 16]> {
        self.raw(16)?.try_into().ok()
    }

    /// Bytes behind their length.
    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = u16::from_be_bytes(self.raw(2)?.try_into().ok()?);
        self.raw(usize::from(length))
    }

    /// A text behind its length.
    pub fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// A text that may be missing; `Some(None)` when it is.
    pub fn maybe<T, E>(&mut self, make: impl FnOnce(&str) -> Result<T, E>) -> Option<Option<T>> {
        let text = self.text()?;
        if text.is_empty() { Some(None) } else { make(text).ok().map(Some) }
    }

    /// A time that may be missing; `Some(None)` when it is.
    pub fn maybe_time(&mut self) -> Option<Option<Timestamp>> {
        let time = Timestamp(self.u64()? as i64);
        Some(Some(time).filter(|time| *time != Timestamp::default()))
    }

    /// A map of an app. Names in another order than theirs are damage.
    pub fn fields(&mut self) -> Option<Fields> {
        let (mut fields, mut last) = (Fields::default(), None);
        for _ in 0..self.u8()? {
            let (name, value) = (self.text()?, self.text()?);
            if last.is_some_and(|last| last >= name) {
                return None;
            }
            fields.set(name, Some(value)).ok()?;
            last = Some(name);
        }
        Some(fields)
    }

    /// A user by both names.
    pub fn user(&mut self) -> Option<UserRef> {
        let no = UserNo(self.u32()?);
        let id = UserId::new(self.text()?).ok()?;
        Some(UserRef { no, id })
    }

    /// A yes or no; another byte than those two is damage.
    pub fn flag(&mut self) -> Option<bool> {
        match self.u8()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// The end of the row; what stands behind its last field is damage.
    #[must_use]
    pub fn end(&self) -> Option<()> {
        self.is_empty().then_some(())
    }

    /// Whether all was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The byte of a role.
#[must_use]
pub fn role_byte(role: Role) -> u8 {
    match role {
        Role::Member => 1,
        Role::Admin => 2,
        Role::Owner => 3,
    }
}

/// The role of a byte.
#[must_use]
pub fn role_of(byte: u8) -> Option<Role> {
    match byte {
        1 => Some(Role::Member),
        2 => Some(Role::Admin),
        3 => Some(Role::Owner),
        _ => None,
    }
}

/// The error for a row that is not in its form.
#[must_use]
pub fn damaged(what: &str) -> LogError {
    LogError::Corrupt(format!("a row of {what} is not in its form"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{DeviceView, PersonalItem};
    use crate::rows::{change, column, conversation, dedup, follower, personal, user};
    use stonechat_domain::conversation::Conversation;
    use stonechat_domain::event::Change;
    use stonechat_log::packed::{self, Patches};
    use stonechat_types::id::{ConversationId, DeviceId};
    use stonechat_types::number::{AppId, ConversationNo, LanePosition};

    fn alice() -> UserRef {
        UserRef { no: UserNo(7), id: UserId::new("alice").unwrap() }
    }

    fn group() -> ConversationId {
        ConversationId::from_slice(&[2; 16]).unwrap()
    }

    fn behind(row: &[u8]) -> Vec<u8> {
        [row, &[0]].concat()
    }

    #[test]
    fn what_stands_behind_the_last_field_is_damage() {
        let row = conversation::encode(&Conversation::empty(AppId(1), group(), ConversationNo(1), alice()));
        assert!(conversation::decode(AppId(1), group(), &row).is_ok());
        assert!(conversation::decode(AppId(1), group(), &behind(&row)).is_err());
        let row = user::encode(&user::User::new(alice(), Timestamp(1)));
        assert!(user::decode(&row).is_ok() && user::decode(&behind(&row)).is_err());
        let remembered =
            dedup::Remembered { seq: Seq(1), ordinal: Ordinal(1), sent_at: Timestamp(1), body_hmac: [1; 16] };
        let row = dedup::encode(&remembered);
        assert!(dedup::decode(&row).is_ok() && dedup::decode(&behind(&row)).is_err());
        let row = follower::encode(LanePosition(1));
        assert!(follower::decode(&row).is_ok() && follower::decode(&behind(&row)).is_err());
        let left = Change::MemberRemoved(alice());
        let row = change::encode(&left);
        assert_eq!(change::decode(left.kind(), &row), Ok(left.clone()));
        assert!(change::decode(left.kind(), &behind(&row)).is_err());
        let read = PersonalItem::Read { conversation: group(), upto: Seq(1), ordinal: Ordinal(1) };
        let (key, row) = personal::encode(&read);
        assert!(personal::decode(&key, &row).is_ok() && personal::decode(&key, &behind(&row)).is_err());
    }

    #[test]
    fn a_byte_that_is_neither_yes_nor_no_is_damage() {
        let (id, text) = (DeviceId::new("phone").unwrap(), String::new);
        let (seen_at, revoked_at) = (Timestamp(1), Timestamp(0));
        let view = DeviceView {
            id,
            name: text(),
            client: text(),
            seen_at,
            revoked: true,
            revoked_at,
            platform: Default::default(),
            signed_out: None,
        };
        let (key, row) = personal::encode(&PersonalItem::Device(view));
        let mut row = row.to_vec();
        assert!(personal::decode(&key, &row).is_ok());
        row[9] = 2;
        assert!(personal::decode(&key, &row).is_err());
    }

    #[test]
    fn a_place_that_no_chunk_has_is_damage() {
        let value = [&[2; 16][..], &[0; 10]].concat();
        for (slot, good) in [(1023_u16, true), (1024, false)] {
            let entry = Patches::from([(slot.to_be_bytes().to_vec().into(), Some(value.clone().into()))]);
            let row = packed::apply(&[], &entry).unwrap();
            let mut out = Vec::new();
            assert_eq!(column::decode_chunk(&[0; 13], &row, &mut out).is_ok(), good, "{slot}");
        }
    }
}
