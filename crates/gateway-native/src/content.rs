//! The bodies whose types the schema names, checked for every gateway.

use bytes::Bytes;
use std::sync::Arc;
use stonechat_app::api::ContentTypes;
use stonechat_app::ports::ContentRules;
use stonechat_types::number::AppId;
use stonechat_wire::body;

/// Knows the types of the schema, and no other.
#[derive(Clone, Copy, Debug, Default)]
pub struct KnownContent;

impl ContentRules for KnownContent {
    fn check(&self, _app: AppId, body_type: &[u8], body: &Bytes) -> Result<(), String> {
        // What is not UTF-8 is the name of no type.
        let Ok(body_type) = std::str::from_utf8(body_type) else { return Ok(()) };
        body::check(body_type, body).map_err(|error| error.to_string())
    }

    fn is_voice(&self, body_type: &[u8]) -> bool {
        body_type == body::VOICE.as_bytes()
    }

    fn declared(&self, _app: AppId) -> Arc<ContentTypes> {
        Arc::default()
    }
}
