//! A committed event on its way to many sessions. Each protocol encodes it once and all its sessions share the bytes.

use crate::api::{Content, EventView};
use bytes::Bytes;
use std::sync::OnceLock;
use stonechat_domain::event::Change;

/// Encodings that an event can carry. A gateway has numbers of its own below it, by `server`'s table.
pub const ENCODINGS_MAX: usize = 4;

/// An event and its encodings.
#[derive(Debug)]
pub struct LiveEvent {
    /// The event.
    pub event: EventView,
    encoded: [OnceLock<Bytes>; ENCODINGS_MAX],
}

impl LiveEvent {
    /// An event that nobody has encoded yet.
    #[must_use]
    pub fn new(event: EventView) -> Self {
        Self { event, encoded: Default::default() }
    }

    /// The bytes of an encoding, made by whoever comes first.
    ///
    /// # Panics
    /// When `slot` is not below [`ENCODINGS_MAX`].
    pub fn encoded(&self, slot: usize, encode: impl FnOnce(&EventView) -> Bytes) -> Bytes {
        self.encoded[slot].get_or_init(|| encode(&self.event)).clone()
    }

    /// About how many bytes it takes.
    #[must_use]
    pub fn weight(&self) -> usize {
        match &self.event.content {
            Content::Message { body, attributes, .. } => {
                body.len() + attributes.as_ref().map_or(0, |attributes| attributes.weight())
            }
            Content::Change(Change::Edited { content: Some(content), .. } | Change::Commanded(content)) => {
                content.body.len()
            }
            Content::Change(_) | Content::Lost | Content::Recalled { .. } => 64,
        }
    }
}
