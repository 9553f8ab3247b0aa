//! The types of content that the app declares: what is shown of messages which this client does not know otherwise.

use std::collections::BTreeMap;

use stonechat_domain::preview::preview;
use stonechat_types::limits::CONTENT_TYPES_MAX;
use stonechat_wire::fallback::Fallback;
use stonechat_wire::v1;

use crate::content::Content;

/// What an app declares, as the server said it last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentTypes {
    version: u64,
    fallbacks: BTreeMap<String, Fallback>,
}

impl ContentTypes {
    /// A fallback text of a later version of the server that is not understood here is left out.
    pub(crate) fn of(wire: &v1::ContentTypes) -> Self {
        let known = |it: &v1::ContentType| Some((it.body_type.clone(), Fallback::parse(&it.fallback).ok()?));
        let fallbacks = wire.types.iter().take(CONTENT_TYPES_MAX).filter_map(known).collect();
        Self { version: wire.version, fallbacks }
    }

    /// The number that the welcome names them by.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// One line of what a message says: its words, or the fallback text of a declared type. Empty for what has neither.
    #[must_use]
    pub fn words(&self, content: &Content) -> String {
        match content {
            Content::Opaque { body_type, body } => {
                self.fallbacks.get(body_type).map(|fallback| preview(&fallback.fill(body))).unwrap_or_default()
            }
            content => preview(content.words()),
        }
    }

    /// The fallback text of a declared type where the message itself is not at hand, with nothing filled in.
    #[must_use]
    pub fn name(&self, body_type: &str) -> Option<String> {
        self.fallbacks.get(body_type).map(|fallback| preview(&fallback.fill(&[])))
    }
}
