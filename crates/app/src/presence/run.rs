//! Tells sessions of whom they watch, and lets devices that do not come back go.

use super::watching::Wait;
use super::{PresenceTold, look};
use crate::api::{Offer, Outbound};
use crate::node::Node;
use crate::session::Session;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Between a change and the word of it, so that a burst of them is one.
pub const COALESCE: Duration = Duration::from_millis(200);
/// Time between two looks at who did not come back.
pub const TICK: Duration = Duration::from_secs(1);

/// Runs until `stop`.
pub(crate) async fn run(node: Arc<Node>, stop: CancellationToken) {
    let mut waiting = false;
    while !stop.is_cancelled() {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            // Whoever reads slowly is looked at again, and for nobody else there is anything to do.
            () = sleep(COALESCE), if waiting => {}
            () = node.presence.wake.notified() => tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = sleep(COALESCE) => {}
            },
            () = sleep(TICK) => {}
        }
        node.presence.expire(&node, node.clock.monotonic_ms());
        waiting = tell(&node).await;
    }
}

/// Tells everybody who is to be told something. Says whether somebody has to be looked at again.
async fn tell(node: &Arc<Node>) -> bool {
    let due = std::mem::take(&mut node.presence.lock().due);
    let mut again = Vec::new();
    for session in due {
        if tell_one(node, &session).await == Wait::Longer {
            again.push(session);
        }
    }
    let waiting = !again.is_empty();
    node.metrics.presence_waiting.set(again.len() as i64);
    node.metrics.presence_watched.set(node.presence.watched() as i64);
    node.presence.lock().due.append(&mut again);
    waiting
}

async fn tell_one(node: &Arc<Node>, session: &Arc<Session>) -> Wait {
    let due = {
        let mut watching = session.watching();
        if session.is_poked() {
            // It is told all of it once it has pulled, and is put in again then.
            watching.leave();
            return Wait::Over;
        }
        match watching.take_due() {
            Ok(due) => due,
            Err(wait) => return wait,
        }
    };
    let viewer = Some((session.user.no, &session.user.id));
    let shown = match look::shown_of(node, session.app, viewer, &due.users).await {
        Ok(shown) => shown,
        Err(failure) => {
            tracing::debug!(code = %failure.code, "Who is there could not be read yet");
            session.watching().put_back(&due);
            return Wait::Longer;
        }
    };
    let mut watching = session.watching();
    let Some((views, underway)) = watching.news(due.generation, &shown) else {
        return watching.rest();
    };
    let count = views.len() as u64;
    let told = Outbound::Presence(Arc::new(PresenceTold { views, _underway: Some(underway) }));
    match session.offer_presence(told) {
        Offer::Queued => {
            node.metrics.presence_told.inc_by(count);
            watching.told(due.generation, shown);
            watching.rest()
        }
        Offer::Overflow => {
            watching.put_back(&due);
            Wait::Longer
        }
        Offer::Closed => Wait::Over,
    }
}
