//! Drives an executor: its mailbox, its loads, the answers of the log, and the tick.

use super::Executor;
use super::job::Job;
use super::load::load;
use crate::node::Node;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// Commands that wait in a mailbox; more are refused as `overloaded`.
pub(crate) const MAILBOX_MAX: usize = 1_024;
/// Commands taken at once.
const TAKEN_MAX: usize = 128;
/// Time between two ticks.
const TICK: Duration = Duration::from_secs(1);

/// Runs until `stop`, then until what was taken is durable and answered.
pub(crate) async fn run(node: Arc<Node>, mut mailbox: mpsc::Receiver<Job>, stop: CancellationToken) {
    let mut executor = Executor::new(node.clone());
    let (done, mut answers) = mpsc::channel(1);
    let mut loads = FuturesUnordered::new();
    let mut jobs = Vec::with_capacity(TAKEN_MAX);
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stopping = false;
    loop {
        tokio::select! {
            biased;
            Some(answer) = answers.recv() => executor.committed(answer),
            Some((key, found)) = loads.next(), if !loads.is_empty() => executor.loaded(key, found),
            _ = tick.tick() => executor.tick(),
            count = mailbox.recv_many(&mut jobs, TAKEN_MAX), if executor.accepts() && !(stopping && mailbox.is_empty()) => {
                stopping |= count == 0;
                jobs.drain(..).for_each(|job| executor.job(job));
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
            while executor.accepts()
                && let Ok(job) = mailbox.try_recv()
            {
                executor.job(job);
            }
        }
        for (key, need) in executor.take_loads() {
            loads.push(load(node.clone(), key, need));
        }
        if let Some(records) = executor.take_offer() {
            let done = done.clone();
            node.log.offer(
                records,
                Box::new(move |answer| {
                    // One offer is in flight at a time, so there is room; a closed channel means that nobody waits.
                    let _unheard = done.try_send(answer);
                }),
            );
        }
        if stopping && mailbox.is_empty() && loads.is_empty() && executor.is_idle() {
            return;
        }
    }
}
