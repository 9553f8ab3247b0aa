//! When users were seen last, stored: when a device of theirs comes, when the last is gone, and now and then in between,
//! so that a crash takes back little of it.

use super::{Key, look};
use crate::api::Failure;
use crate::directory::commit;
use crate::node::Node;
use crate::registry::SHARDS;
use crate::rows::{key, presence};
use std::sync::Arc;
use std::time::Duration;
use stonechat_log::record::Record;
use stonechat_log::row::RowWrite;
use stonechat_types::number::Timestamp;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Users whose times are stored in one record.
pub const SEEN_PER_COMMIT_MAX: usize = 256;
/// Time between two commits.
pub const STORE_EVERY: Duration = Duration::from_secs(5);
/// Time after which a store that took nothing is asked again.
pub const STORE_AGAIN: Duration = Duration::from_secs(60);
/// Time in which everybody who stays connected is noted once.
pub const WALK_MS: u64 = 600_000;

/// Runs until `stop`, then until it is stored when everybody was seen.
pub(crate) async fn run(node: Arc<Node>, stop: CancellationToken) {
    let (mut wait, mut walked_ms, mut part) = (STORE_EVERY, 0, 0);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = sleep(wait) => {}
        }
        let now_ms = node.clock.monotonic_ms();
        if now_ms >= walked_ms + WALK_MS / SHARDS as u64 {
            (walked_ms, part) = (now_ms, (part + 1) % SHARDS);
            walk(&node, part, node.clock.now());
        }
        wait = match store(&node).await {
            Ok(()) => STORE_EVERY,
            Err(failure) => {
                tracing::debug!(code = %failure.code, "When users were last seen waits to be stored");
                STORE_AGAIN
            }
        };
    }
    everybody(&node, node.clock.now());
    if let Err(failure) = store(&node).await {
        tracing::warn!(code = %failure.code, "When users were last seen could not be stored");
    }
}

/// Stores what waits. What the store does not take waits on.
async fn store(node: &Node) -> Result<(), Failure> {
    loop {
        let some: Vec<(Key, Timestamp)> = {
            let state = node.presence.lock();
            state.seen.iter().take(SEEN_PER_COMMIT_MAX).map(|(key, at)| (*key, *at)).collect()
        };
        if some.is_empty() {
            return Ok(());
        }
        let _hides_later = node.presence.storing.lock().await;
        let keys: Vec<Key> = some.iter().map(|(key, _)| *key).collect();
        let visible = look::visible(node, &keys).await?;
        let seen = some.iter().zip(visible).filter(|(_, visible)| *visible);
        let rows = seen.map(|(((app, user), at), _)| RowWrite::Put {
            key: key::last_seen(*app, *user),
            value: presence::encode_seen(*at),
        });
        let record = Record { rows: rows.collect(), ..Record::default() };
        if !record.rows.is_empty() {
            commit(&*node.log, &node.watermark, record).await?;
        }
        let mut state = node.presence.lock();
        for (key, at) in some {
            if state.seen.get(&key) == Some(&at) {
                state.seen.remove(&key);
            }
        }
    }
}

/// Those of one part of the registry are there now.
fn walk(node: &Node, part: usize, now: Timestamp) {
    let mut there: Vec<Key> = Vec::new();
    node.registry.users_of(part, |app, user| there.push((app, user)));
    let mut state = node.presence.lock();
    there.into_iter().for_each(|key| state.note_seen(key, now));
}

/// The server stops: everybody who is there was seen now, and who went a moment ago was seen then.
fn everybody(node: &Node, now: Timestamp) {
    for part in 0..SHARDS {
        walk(node, part, now);
    }
    let mut state = node.presence.lock();
    let gone: Vec<_> = state.lingering.iter().flat_map(|(key, all)| all.iter().map(|it| (*key, it.ended_at))).collect();
    gone.into_iter().for_each(|(key, at)| state.note_seen(key, at));
}
