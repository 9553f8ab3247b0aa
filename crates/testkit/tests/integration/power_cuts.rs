//! Power cuts of the real binary: everything acknowledged is there, whatever became of what was not synced. `cargo xtask
//! power-cut` makes more of them.

use anyhow::ensure;
use stonechat_testkit::power_cut::load::Plan;
use stonechat_testkit::power_cut::recorder::Syncs;
use stonechat_testkit::power_cut::report::Report;
use stonechat_testkit::power_cut::run::{Until, record};

/// Cuts, each in three ways.
const CUTS: usize = 8;
/// Cuts within which a server that never syncs has to be found.
const CUTS_WITHOUT_SYNC: usize = 20;

async fn run(plan: Plan, syncs: Syncs, cuts: usize, until: Until) -> anyhow::Result<Report> {
    let folder = tempfile::tempdir()?;
    let report = record(folder.path(), plan, syncs).await?.cut(cuts, until, &|_| ()).await?;
    println!("{}", report.table());
    Ok(report)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_doubled_or_reordered_by_a_power_cut() -> anyhow::Result<()> {
    let plan = Plan { bytes: 4 * 1024 * 1024, kills: 1, seed: 11 };
    let report = run(plan, Syncs::Real, CUTS, Until::End).await?;
    ensure!(report.violations == 0, "{:?}", report.first_violations);
    ensure!(report.cuts == CUTS && report.second_cuts > 0, "{} and {} cuts", report.cuts, report.second_cuts);
    let checked: usize = report.ways.values().map(|ways| ways.acknowledged_checked).sum();
    ensure!(checked > report.acknowledged && report.refused > 0, "the load was too small to mean anything");
    ensure!(report.segments > 2 && report.index_versions > 4, "no segment was filled, or nothing checkpointed");
    Ok(())
}

/// The same proof with a real build is `cargo xtask power-cut --without-sync`. Here the shim ignores the syncs, which
/// costs no build.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_never_syncs_is_found() -> anyhow::Result<()> {
    let plan = Plan { bytes: 512 * 1024, kills: 0, seed: 12 };
    let report = run(plan, Syncs::Ignored, CUTS_WITHOUT_SYNC, Until::Violation).await?;
    ensure!(report.violations > 0, "{} cuts found nothing", report.cuts);
    ensure!(report.sync_calls == 0, "a sync was recorded");
    Ok(())
}
