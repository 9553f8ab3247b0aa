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
pub const SCRUBS_PER_ROUND_MAX: usize = 64;
/// Between a recall and the scrub of it, so that a burst of them is one round.
pub const SCRUB_DELAY: Duration = Duration::from_secs(1);
/// Time after which it looks although nothing was taken back: for what a refusal or a restart left.
pub const LOOK_AGAIN: Duration = Duration::from_secs(20);

/// Scrubs until `stop`, or until the store is closed.
pub(crate) async fn run(node: Arc<Node>, stop: CancellationToken) {
    // What an earlier start left is done first.
    let mut wait = SCRUB_DELAY;
    let mut after = None;
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
        let done = tokio::select! {
            biased;
            // What is under way ends by itself, and is scrubbed again by the next start.
            () = stop.cancelled() => return,
            done = round(&node, after.take()) => done,
        };
        wait = match done {
            Ok(None) => LOOK_AGAIN,
            Ok(last) => {
                after = last;
                Duration::ZERO
            }
            Err(LogError::Closed) => return,
            Err(error) => {
                tracing::warn!(%error, "What was recalled could not be scrubbed yet");
                LOOK_AGAIN
            }
        };
    }
}

/// Scrubs some of what waits behind a row; the last row of it, when there may be more.
async fn round(node: &Node, after: Option<RowKey>) -> Result<Option<RowKey>, LogError> {
    let rows = node.log.scan(key::all_scrubs(), after, SCRUBS_PER_ROUND_MAX).await?;
    let last = rows.last().map(|(key, _)| key.clone()).filter(|_| rows.len() == SCRUBS_PER_ROUND_MAX);
    let mut oldest = node.clock.now();
    let (mut asked, mut done): (Vec<_>, Vec<RowKey>) = Default::default();
    for (key, row) in &rows {
        let app = key::scrub_app(key).ok_or_else(|| crate::rows::codec::damaged("the key of a scrub"));
        match app.and_then(|app| scrub::decode(app, row)) {
            Ok((at, bodies)) => {
                oldest = oldest.min(at);
                // All of them at once, so that they are one round of the store.
                asked.push((key, scrub_one(&*node.log, bodies)));
            }
            Err(error) => tracing::error!(%error, "A note of what is to be scrubbed cannot be read"),
        }
    }
    node.metrics.scrubs_waiting.set(rows.len() as i64);
    node.metrics.scrub_age_ms.set(node.clock.now().0.saturating_sub(oldest.0));
    for (key, answer) in asked {
        match answer.await.unwrap_or(Err(LogError::Closed)) {
            Ok(()) => done.push(key.clone()),
            // It stays, and the others go on.
            Err(LogError::Corrupt(text)) => tracing::error!(text, "What was recalled cannot be found to be scrubbed"),
            Err(error) => return Err(error),
        }
    }
    if done.is_empty() {
        return Ok(last);
    }
    let (count, all) = (done.len(), done.len() == rows.len());
    let rows = done.into_iter().map(|key| RowWrite::Delete { key }).collect();
    store(&*node.log, &node.watermark, Record { rows, takes_away: true, ..Record::default() }).await?;
    node.metrics.scrubs.inc_by(count as u64);
    node.metrics.scrubs_waiting.dec_by(count as i64);
    if all {
        node.metrics.scrub_age_ms.set(0);
    }
    Ok(last)
}

/// Asks at once; the answer comes later.
fn scrub_one(log: &dyn Log, bodies: Bodies) -> oneshot::Receiver<Result<(), LogError>> {
    let (told, answer) = oneshot::channel();
    log.scrub(bodies, Box::new(move |result| _ = told.send(result)));
    answer
}
