//! Small maps of an app's own: bounded in every direction, opaque to the server.

use crate::limits::{FIELD_NAME_BYTES_MAX, FIELD_VALUE_BYTES_MAX, FIELDS_BYTES_MAX, FIELDS_MAX};
use std::collections::BTreeMap;
use std::fmt;

/// Why a field is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldsError {
    /// Its name is empty, too long, or has a control character.
    #[error("has a field whose name has not 1 to {FIELD_NAME_BYTES_MAX} bytes, or a control character")]
    Name,
    /// Its value is over its limit.
    #[error("has a field of more than {FIELD_VALUE_BYTES_MAX} bytes")]
    Value,
    /// There are too many.
    #[error("has more than {FIELDS_MAX} fields")]
    TooMany,
    /// They are too large together.
    #[error("is larger than {FIELDS_BYTES_MAX} bytes")]
    TooLarge,
}

/// A map of an app: names to values.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields(BTreeMap<String, String>);

impl Fields {
    /// Sets a field, or removes it with `None`.
    ///
    /// # Errors
    /// [`FieldsError`], by rule; nothing has changed then.
    pub fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), FieldsError> {
        if name.is_empty() || name.len() > FIELD_NAME_BYTES_MAX || name.chars().any(char::is_control) {
            return Err(FieldsError::Name);
        }
        let Some(value) = value else {
            self.0.remove(name);
            return Ok(());
        };
        if value.len() > FIELD_VALUE_BYTES_MAX {
            return Err(FieldsError::Value);
        }
        let before = self.0.get(name).map(|old| name.len() + old.len());
        if before.is_none() && self.0.len() >= FIELDS_MAX {
            return Err(FieldsError::TooMany);
        }
        if self.bytes() - before.unwrap_or(0) + name.len() + value.len() > FIELDS_BYTES_MAX {
            return Err(FieldsError::TooLarge);
        }
        self.0.insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    /// A map of these fields.
    ///
    /// # Errors
    /// [`FieldsError`], by rule.
    pub fn of<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, FieldsError> {
        let mut map = Self::default();
        for (name, value) in fields {
            map.set(name, Some(value))?;
        }
        Ok(map)
    }

    /// The fields, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All names and values, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.iter().map(|(name, value)| name.len() + value.len()).sum()
    }
}

impl fmt::Debug for Fields {
    /// What an app keeps there is not for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fields({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_bounded_in_every_direction() {
        let mut map = Fields::default();
        assert_eq!(map.set("", Some("x")), Err(FieldsError::Name));
        assert_eq!(map.set("a\n", Some("x")), Err(FieldsError::Name));
        assert_eq!(map.set(&"n".repeat(65), Some("x")), Err(FieldsError::Name));
        assert_eq!(map.set("a", Some(&"x".repeat(1025))), Err(FieldsError::Value));
        for i in 0..FIELDS_MAX {
            map.set(&format!("{i:02}"), Some("x")).unwrap();
        }
        assert_eq!(map.set("one more", Some("x")), Err(FieldsError::TooMany));
        assert_eq!(map.set("00", Some("again")), Ok(()), "one that is there may change");
        for i in 0..7 {
            map.set(&format!("{i:02}"), Some(&"x".repeat(1024))).unwrap();
        }
        let before = map.clone();
        assert_eq!(map.set("07", Some(&"x".repeat(1024))), Err(FieldsError::TooLarge));
        assert_eq!(map, before);
        map.set("00", None).unwrap();
        assert!(map.bytes() < before.bytes());
    }
}
