//! What the tail knows of one row: the last whole value it saw, and patches since.

use bytes::Bytes;
use stonechat_log::packed::{self, Patches};
use stonechat_log::row::{RowKey, RowWrite};
use stonechat_log::store::LogError;

/// Where the patches start from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Base {
    /// From what lies below: the frozen part of the tail, or the index.
    #[default]
    Below,
    /// From this value.
    Value(Bytes),
    /// From nothing.
    Gone,
}

/// The state of one row in one part of the tail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowState {
    /// Where it starts from.
    pub base: Base,
    /// Changes since, by entry.
    pub patches: Patches,
}

impl RowState {
    /// Moves the row by one write; answers roughly how many bytes it holds more.
    pub fn apply(&mut self, write: &RowWrite) -> usize {
        match write {
            RowWrite::Put { value, .. } => {
                self.patches.clear();
                self.base = Base::Value(value.clone());
                value.len()
            }
            RowWrite::Delete { .. } => {
                self.patches.clear();
                self.base = Base::Gone;
                0
            }
            RowWrite::Patch { entry, value, .. } => {
                let bytes = entry.len() + value.as_ref().map_or(0, Bytes::len);
                self.patches.insert(entry.clone(), value.clone());
                bytes
            }
        }
    }

    /// This state over that of the part below.
    pub fn over(self, below: &Self) -> Self {
        match self.base {
            Base::Below => {
                let mut patches = below.patches.clone();
                patches.extend(self.patches);
                Self { base: below.base.clone(), patches }
            }
            Base::Value(_) | Base::Gone => self,
        }
    }

    /// Whether what lies below does not matter.
    pub fn is_whole(&self) -> bool {
        self.base != Base::Below
    }

    /// The value, when this one lies below.
    ///
    /// # Errors
    /// [`LogError::Corrupt`] when a packed row is not in its form.
    pub fn resolve(self, key: &RowKey, below: Option<Bytes>) -> Result<Option<Bytes>, LogError> {
        let base = match self.base {
            Base::Below => below,
            Base::Value(value) => Some(value),
            Base::Gone => None,
        };
        if self.patches.is_empty() {
            return Ok(base);
        }
        let value = packed::apply(&base.unwrap_or_default(), &self.patches)
            .map_err(|error| LogError::Corrupt(format!("row {key:?}: {error}")))?;
        Ok((!value.is_empty()).then_some(value))
    }
}
