//! Bytes of rows: big-endian, with a version in front, so that an old row is known for what it is.

use bytes::{BufMut, Bytes, BytesMut};
use stonechat_domain::member::{Role, UserRef};
use stonechat_log::store::LogError;
use stonechat_types::id::UserId;
use stonechat_types::number::{Ordinal, Seq, UserNo};

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

    /// A user by both names.
    pub fn user(&mut self) -> Option<UserRef> {
        let no = UserNo(self.u32()?);
        let id = UserId::new(self.text()?).ok()?;
        Some(UserRef { no, id })
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
