//! The real binary under kills, stops, a failing network, a full disk and a clock that jumps, all at once: nothing
//! acknowledged is missing, doubled or out of order, in the segments and on the devices, and nothing refused is there.

use anyhow::ensure;
use std::path::Path;
use stonechat_testkit::black_box::plan::{Fault, Plan};
use stonechat_testkit::black_box::room::Room;
use stonechat_testkit::black_box::run::run;

/// What the faults are drawn from.
const SEED: u64 = 20;
/// Kills, those of a server that has not said yet that it is ready among them.
const KILLS: usize = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_doubled_or_reordered_by_anything() -> anyhow::Result<()> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("black-box").join(SEED.to_string());
    let outcome = run(&Plan::drawn(SEED, KILLS, 1), &folder, Room::mount).await?;
    let (done, counts) = (&outcome.done, outcome.verdict.counts);
    println!("{:?} in {:?}, a full disk by {}: {counts}", done.faults, outcome.took, outcome.room);
    ensure!(
        outcome.verdict.violations.is_empty(),
        "{:#?} in {}",
        outcome.verdict.violations,
        outcome.history.display()
    );

    ensure!(done.kills() >= KILLS as u64 && done.of("early_kill") > 0, "too few kills");
    for fault in Fault::OF_SERVER.iter().chain(&Fault::OF_NETWORK) {
        ensure!(done.of(fault.name()) > 0, "{fault:?} never came");
    }
    ensure!(done.moved * 2 > done.of("kill"), "the load was too small to mean anything");
    ensure!(counts.deduplicated > 0 && counts.indeterminate > 0, "no answer was ever swallowed");
    for code in ["storage_full", "not_a_member"] {
        ensure!(outcome.refusals.contains_key(code), "nobody was ever refused with {code}");
    }
    Ok(())
}
