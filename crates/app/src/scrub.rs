//! Scrubs what was taken back: from rows that the recall itself wrote, so that no crash and no full disk forgets it. It
//! waits for nobody, and nobody waits for it.

use crate::directory::store;
use crate::node::Node;
use crate::rows::{key, scrub};
use std::sync::Arc;
use std::time::Duration;
use stonechat_log::record::Record;
use stonechat_log::row::{RowKey, RowWrite};
use stonechat_log::store::{Bodies, Log, LogError};
use tokio::sync::oneshot;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Messages of one round.
pub const SCRUBS_PER_ROUND_MAX: usize = 32;
/// Between a recall and the scrub of it, so that a burst of them is one round.
pub const SCRUB_DELAY: Duration = Duration::from_secs(1);
/// Time after which it looks although nothing was taken back: for what a refusal or a restart left.
pub const LOOK_AGAIN: Duration = Duration::from_secs(20);

/// Scrubs until `stop`, or until the store is closed.
pub(crate) async fn run(node: Arc<Node>, stop: CancellationToken) {
    // What an earlier start left is done first.
    let mut wait = SCRUB_DELAY;
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = node.scrubs.notified() => {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    () = sleep(SCRUB_DELAY) => {}
                }
            }
            () = sleep(wait) => {}
        }
        wait = match round(&node).await {
            Ok(SCRUBS_PER_ROUND_MAX) => SCRUB_DELAY,
            Ok(_) => LOOK_AGAIN,
            Err(LogError::Closed) => return,
            Err(error) => {
                tracing::warn!(%error, "What was recalled could not be scrubbed yet");
                LOOK_AGAIN
            }
        };
    }
}

/// Scrubs some of what waits; how much that was.
async fn round(node: &Node) -> Result<usize, LogError> {
    let rows = node.log.scan(key::all_scrubs(), None, SCRUBS_PER_ROUND_MAX).await?;
    let mut oldest = node.clock.now();
    let mut done: Vec<RowKey> = Vec::new();
    for (key, row) in &rows {
        let app = key::scrub_app(key).ok_or_else(|| crate::rows::codec::damaged("the key of a scrub"))?;
        let (at, bodies) = scrub::decode(app, row)?;
        oldest = oldest.min(at);
        done.push(key.clone());
        scrub_one(&*node.log, bodies).await?;
    }
    node.metrics.scrubs_waiting.set(rows.len() as i64);
    node.metrics.scrub_age_ms.set(node.clock.now().0.saturating_sub(oldest.0));
    if done.is_empty() {
        return Ok(0);
    }
    let count = done.len();
    let rows = done.into_iter().map(|key| RowWrite::Delete { key }).collect();
    store(&*node.log, &node.watermark, Record { rows, takes_away: true, ..Record::default() }).await?;
    node.metrics.scrubs.inc_by(count as u64);
    node.metrics.scrubs_waiting.dec_by(count as i64);
    node.metrics.scrub_age_ms.set(0);
    Ok(count)
}

async fn scrub_one(log: &dyn Log, bodies: Bodies) -> Result<(), LogError> {
    let (told, answer) = oneshot::channel();
    log.scrub(bodies, Box::new(move |result| _ = told.send(result)));
    answer.await.unwrap_or(Err(LogError::Closed))
}
