//! Ids that are new in every test.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use stonechat_types::id::{ClientMsgId, CommandId};

static NEXT: AtomicU64 = AtomicU64::new(1);

fn parts() -> (u64, [u8; 10]) {
    let ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
    let mut random = [0; 10];
    random[2..].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    (ms, random)
}

/// A fresh id of a message.
#[must_use]
pub fn client_msg_id() -> ClientMsgId {
    let (ms, random) = parts();
    ClientMsgId::from_parts(ms, random)
}

/// A fresh id of a command.
#[must_use]
pub fn command_id() -> CommandId {
    let (ms, random) = parts();
    CommandId::from_parts(ms, random)
}
