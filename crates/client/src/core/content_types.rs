//! The types of content that the app declares: asked for when the welcome names another version of them.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message as _;
use stonechat_wire::v1::{self, frame::Body};

use crate::content_types::ContentTypes;
use crate::core::calls::Purpose;
use crate::core::change::Change;
use crate::core::machine::Core;
use crate::core::rows::StoreOp;

/// What is known of them.
#[derive(Debug, Default)]
pub struct Declared {
    version: u64,
    /// Whether the server has others.
    wanted: bool,
}

impl Declared {
    /// Whether the server has others than those that are known.
    pub fn wanted(&self) -> bool {
        self.wanted
    }
}

impl Core {
    /// Tells what the store holds.
    pub(super) fn tell_content_types(&mut self) {
        let stored = v1::ContentTypes::decode(self.device.content_types.clone()).unwrap_or_default();
        self.keep_content_types(&stored);
    }

    /// Takes the version that the server has.
    pub(super) fn on_content_types_version(&mut self, version: u64) {
        self.declared.wanted = version != self.declared.version && version != 0;
        if version == 0 && self.declared.version != 0 {
            self.on_content_types(&v1::ContentTypes::default());
        }
    }

    /// Whether they are to be asked for.
    pub(super) fn wants_content_types(&self) -> bool {
        self.declared.wanted && !self.calls.is_in_flight(&Purpose::ContentTypes)
    }

    pub(super) fn ask_content_types(&mut self) {
        self.call(Purpose::ContentTypes, Body::ListContentTypes(v1::ListContentTypes {}));
    }

    /// They are not to be had on this connection.
    pub(super) fn on_content_types_refused(&mut self) {
        self.declared.wanted = false;
    }

    pub(super) fn on_content_types(&mut self, types: &v1::ContentTypes) {
        self.declared.wanted = false;
        self.keep_content_types(types);
        self.device.content_types = Bytes::from(types.encode_to_vec());
        self.journal.write(StoreOp::PutDevice(self.device.clone()));
    }

    fn keep_content_types(&mut self, types: &v1::ContentTypes) {
        let types = ContentTypes::of(types);
        self.declared.version = types.version();
        self.journal.tell(Change::ContentTypes(Arc::new(types)));
    }
}
