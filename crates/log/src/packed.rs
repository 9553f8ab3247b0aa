//! Packed rows: many small entries in one stored row, sorted by their keys. Each entry is
//! `key length (u8), value length (u16, little-endian), key, value`.

use bytes::{BufMut, Bytes, BytesMut};
use std::collections::BTreeMap;

/// Longest key of an entry, in bytes.
pub const ENTRY_KEY_BYTES_MAX: usize = 255;
/// Longest value of an entry, in bytes.
pub const ENTRY_VALUE_BYTES_MAX: usize = u16::MAX as usize;

/// The row is not in the form of a packed row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a packed row is damaged at byte {0}")]
pub struct PackedError(pub usize);

/// Entries of a packed row, in order.
pub struct Entries<'a> {
    row: &'a [u8],
    at: usize,
}

/// Reads a packed row.
#[must_use]
pub fn entries(row: &[u8]) -> Entries<'_> {
    Entries { row, at: 0 }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<(&'a [u8], &'a [u8]), PackedError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.row.len() {
            return None;
        }
        let start = self.at;
        let rest = &self.row[start..];
        let lengths = rest.get(..3).map(|l| (usize::from(l[0]), usize::from(u16::from_le_bytes([l[1], l[2]]))));
        let Some((key_length, value_length)) = lengths.filter(|(k, v)| rest.len() >= 3 + k + v) else {
            self.at = self.row.len();
            return Some(Err(PackedError(start)));
        };
        self.at = start + 3 + key_length + value_length;
        let (key, value) = rest[3..3 + key_length + value_length].split_at(key_length);
        Some(Ok((key, value)))
    }
}

/// The value of one entry.
///
/// # Errors
/// [`PackedError`] when the row is damaged before the entry is found.
pub fn get<'a>(row: &'a [u8], key: &[u8]) -> Result<Option<&'a [u8]>, PackedError> {
    for entry in entries(row) {
        let (found, value) = entry?;
        if found == key {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// Changes of a packed row, by entry; `None` removes it.
pub type Patches = BTreeMap<Bytes, Option<Bytes>>;

/// The row with the patches applied; empty when no entry is left.
///
/// # Errors
/// [`PackedError`] when the row is damaged.
pub fn apply(row: &[u8], patches: &Patches) -> Result<Bytes, PackedError> {
    let mut out = BytesMut::with_capacity(row.len() + patches.len() * 32);
    let mut patch = patches.iter().peekable();
    for entry in entries(row) {
        let (key, value) = entry?;
        while let Some((new_key, new_value)) = patch.next_if(|(k, _)| k.as_ref() < key) {
            write(&mut out, new_key, new_value.as_deref());
        }
        match patch.next_if(|(k, _)| k.as_ref() == key) {
            Some((_, new_value)) => write(&mut out, key, new_value.as_deref()),
            None => write(&mut out, key, Some(value)),
        }
    }
    for (new_key, new_value) in patch {
        write(&mut out, new_key, new_value.as_deref());
    }
    Ok(out.freeze())
}

fn write(out: &mut BytesMut, key: &[u8], value: Option<&[u8]>) {
    let Some(value) = value else { return };
    debug_assert!(key.len() <= ENTRY_KEY_BYTES_MAX && value.len() <= ENTRY_VALUE_BYTES_MAX);
    out.put_u8(key.len() as u8);
    out.put_u16_le(value.len() as u16);
    out.put_slice(key);
    out.put_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    type Model = BTreeMap<Vec<u8>, Vec<u8>>;

    fn read(row: &[u8]) -> Model {
        entries(row).map(|e| e.map(|(k, v)| (k.to_vec(), v.to_vec())).unwrap()).collect()
    }

    proptest! {
        #[test]
        fn patches_do_what_a_map_does(steps in vec(btree_map(vec(0u8..4, 0..3), proptest::option::of(vec(any::<u8>(), 0..5)), 0..6), 0..6)) {
            let mut row = Bytes::new();
            let mut model = Model::new();
            for step in steps {
                let patches = step.iter().map(|(k, v)| (k.clone().into(), v.clone().map(Bytes::from))).collect();
                row = apply(&row, &patches).unwrap();
                for (key, value) in step {
                    match value { Some(v) => { model.insert(key, v); } None => { model.remove(&key); } }
                }
                prop_assert_eq!(read(&row), model.clone());
            }
            for (key, value) in &model {
                prop_assert_eq!(get(&row, key).unwrap(), Some(&value[..]));
            }
        }

        #[test]
        fn any_bytes_end_without_a_panic(row in vec(any::<u8>(), 0..64)) {
            let _ = entries(&row).count();
            let _ = apply(&row, &Patches::new());
        }
    }
}
