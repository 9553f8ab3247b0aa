//! What only fuzz targets do.

use stonechat_app::api::Welcome;
use stonechat_net::machine::Monotonic;
use stonechat_types::number::Timestamp;

use crate::session::NativeSession;

/// The hello is accepted, without an application behind.
pub fn begin(session: &mut NativeSession, now: Monotonic, session_id: u64, welcome: &Welcome, expires_at: Timestamp) {
    session.begun(now, session_id, welcome, expires_at);
}
