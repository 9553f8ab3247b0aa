//! State rows: opaque keys and values, and the three ways to write one.

use bytes::Bytes;

/// The key of a row. The first byte names its family; families from 1 up to below [`FAMILY_ENGINE_MIN`] are the
/// application's.
pub type RowKey = Bytes;

/// Families from here on, and family 0, are the engine's own.
pub const FAMILY_ENGINE_MIN: u8 = 0xE0;

/// Longest key of a row, in bytes.
pub const ROW_KEY_BYTES_MAX: usize = 512;

/// One write of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowWrite {
    /// Replaces the whole value.
    Put {
        /// The row.
        key: RowKey,
        /// Its new value.
        value: Bytes,
    },
    /// Removes the row.
    Delete {
        /// The row.
        key: RowKey,
    },
    /// Replaces one entry of a packed row (see [`crate::packed`]), which is made when it does not exist.
    Patch {
        /// The row.
        key: RowKey,
        /// The entry's own key in the row.
        entry: Bytes,
        /// Its new value; `None` removes the entry.
        value: Option<Bytes>,
    },
}

impl RowWrite {
    /// The row that is written.
    #[must_use]
    pub fn key(&self) -> &RowKey {
        match self {
            Self::Put { key, .. } | Self::Delete { key } | Self::Patch { key, .. } => key,
        }
    }
}
