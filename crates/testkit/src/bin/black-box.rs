//! Runs the real binary under everything that plans can do to it, checks the histories, and writes a report:
//! `black-box [--kills N] [--minutes M] [--seed S] [--disk tmpfs|shim] --histories FOLDER [--report FILE]`.

// A tool for developers may use clocks as it likes.
#![allow(clippy::disallowed_methods)]

use anyhow::{Context as _, bail, ensure};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use stonechat_testkit::black_box::plan::Plan;
use stonechat_testkit::black_box::report::Report;
use stonechat_testkit::black_box::room::Room;
use stonechat_testkit::black_box::run::run;
use stonechat_testkit::process::version;

/// Kills of one run, and how often every other fault is in it.
const KILLS_OF_RUN: u64 = 50;
const OTHERS_OF_RUN: usize = 2;

/// What is wanted.
struct Wanted {
    kills: u64,
    time: Duration,
    seed: u64,
    /// What makes disks full; both in turn when it is `None`.
    disk: Option<String>,
    histories: PathBuf,
    report: Option<PathBuf>,
}

impl Wanted {
    fn read(mut words: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let (mut kills, mut time, mut seed) = (30, Duration::ZERO, 1);
        let (mut disk, mut histories, mut report) = (None, None, None);
        while let Some(word) = words.next() {
            let value = words.next().with_context(|| format!("{word} needs a value"))?;
            match word.as_str() {
                "--kills" => kills = value.parse().context("--kills is a number")?,
                "--minutes" => time = Duration::from_secs(60 * value.parse::<u64>().context("--minutes is a number")?),
                "--seed" => seed = value.parse().context("--seed is a number")?,
                "--disk" => disk = Some(value),
                "--histories" => histories = Some(value.into()),
                "--report" => report = Some(value.into()),
                _ => bail!("{word} is not known"),
            }
        }
        let histories = histories.context("--histories names a folder")?;
        Ok(Self { kills, time, seed, disk, histories, report })
    }

    fn room(&self, seed: u64) -> fn(&std::path::Path) -> Room {
        match self.disk.as_deref() {
            Some("shim") => |_| Room::Pretended,
            None if seed.is_multiple_of(2) => |_| Room::Pretended,
            _ => Room::mount,
        }
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let wanted = Wanted::read(std::env::args().skip(1))?;
    let (begun, mut report) = (Instant::now(), Report::default());
    report.totals.server = version()?;
    for seed in wanted.seed.. {
        let left = wanted.kills.saturating_sub(report.totals.kills);
        if report.totals.runs > 0 && left == 0 && begun.elapsed() >= wanted.time {
            break;
        }
        let kills = if left == 0 { KILLS_OF_RUN } else { left.min(KILLS_OF_RUN) };
        let plan = Plan::drawn(seed, usize::try_from(kills)?, OTHERS_OF_RUN);
        let folder = wanted.histories.join(seed.to_string());
        let outcome =
            run(&plan, &folder, wanted.room(seed)).await.with_context(|| format!("the run of seed {seed}"))?;
        report.add(seed, &outcome);
        println!(
            "seed {seed}: {} kills in {:.1} s; {}",
            outcome.done.kills(),
            outcome.took.as_secs_f64(),
            outcome.verdict.counts
        );
        for violation in &outcome.verdict.violations {
            println!("seed {seed}: {violation}");
        }
        if let Some(path) = &wanted.report {
            let text = serde_json::to_string_pretty(&report)? + "\n";
            std::fs::write(path, text).with_context(|| format!("could not write {}", path.display()))?;
        }
    }
    print!("{}", report.table());
    let (invalid, histories) = (report.totals.invalid, wanted.histories.display());
    ensure!(invalid == 0, "{invalid} histories may not be; they are in {histories}");
    Ok(())
}
