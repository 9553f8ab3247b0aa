//! Drives an executor: its mailbox, its loads, the answers of the log, and the tick.

use super::Executor;
use super::load::load;
use super::mailbox::{Mailbox, Taken};
use crate::node::Node;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// Commands taken at once.
const TAKEN_MAX: usize = 128;
/// Time between two ticks.
const TICK: Duration = Duration::from_secs(1);

/// Runs until `stop`, then until what was taken is durable and answered.
pub(crate) async fn run(node: Arc<Node>, mailbox: Arc<Mailbox>, stop: CancellationToken) {
    let mut executor = Executor::new(node.clone());
    let (done, mut answers) = mpsc::channel(1);
    let mut loads = FuturesUnordered::new();
    let mut jobs = Vec::with_capacity(TAKEN_MAX);
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut stopping, mut paused, mut settled) = (false, false, true);
    loop {
        let take = poll_fn(|cx| mailbox.poll_take(cx, &mut jobs, TAKEN_MAX, |app| executor.has_share(app)));
        tokio::select! {
            biased;
            Some(answer) = answers.recv() => executor.committed(answer),
            Some((key, found)) = loads.next(), if !loads.is_empty() => executor.loaded(key, found),
            _ = tick.tick() => executor.tick(),
            Taken { jobs: count, waiting } = take, if executor.accepts() && !(stopping && mailbox.len() == 0) => {
                stopping |= count == 0;
                executor.jobs(jobs.drain(..), waiting);
            }
            () = stop.cancelled(), if !stopping => {
                mailbox.close();
                executor.stop();
                stopping = true;
            }
        }
        if stopping && executor.has_unsaved() {
            executor.tick();
        }
        if executor.may_offer() {
            // Connections that are ready come first: what they ask for now shares the flush.
            tokio::task::yield_now().await;
            while executor.accepts() {
                let taken = mailbox.take(&mut jobs, TAKEN_MAX, |app| executor.has_share(app));
                if taken.jobs == 0 {
                    break;
                }
                executor.jobs(jobs.drain(..), taken.waiting);
            }
        }
        for (key, need) in executor.take_loads() {
            loads.push(load(node.clone(), key, need));
        }
        if let Some(records) = executor.take_offer() {
            mailbox.settle(executor.in_flight_shares());
            settled = false;
            let done = done.clone();
            node.log.offer(
                records,
                Box::new(move |answer| {
                    // One offer is in flight at a time, so there is room; a closed channel means that nobody waits.
                    let _unheard = done.try_send(answer);
                }),
            );
        }
        if !settled && executor.is_at_rest() {
            mailbox.settle(std::iter::empty());
            settled = true;
        }
        if !paused && !executor.accepts() {
            // Two batches are in preparation, and the second is full.
            node.metrics.mailbox_pauses.inc();
        }
        paused = !executor.accepts();
        executor.show_batches();
        if stopping && mailbox.len() == 0 && loads.is_empty() && executor.is_idle() {
            return;
        }
    }
}
