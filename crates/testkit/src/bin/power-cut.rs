//! Cuts the power of the real binary under load, many times; `cargo xtask power-cut` runs it.

// A tool for tests is an edge.
#![allow(clippy::disallowed_methods)]

use anyhow::{Context as _, bail};
use std::path::PathBuf;
use std::process::ExitCode;
use stonechat_testkit::power_cut::load::Plan;
use stonechat_testkit::power_cut::recorder::Syncs;
use stonechat_testkit::power_cut::report::Report;
use stonechat_testkit::power_cut::run::{Until, record};

const USAGE: &str = "power-cut [--cuts N] [--seed S] [--bytes B] [--kills K] [--json FILE] [--until-violation] \
                     [--ignore-syncs]";
/// The exit code when something was not as promised; 1 says that the run itself failed.
const VIOLATED: u8 = 3;

struct Words {
    cuts: usize,
    plan: Plan,
    json: Option<PathBuf>,
    until: Until,
    syncs: Syncs,
}

impl Words {
    fn write(&self, report: &Report) -> anyhow::Result<()> {
        let Some(path) = &self.json else { return Ok(()) };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        Ok(std::fs::write(path, serde_json::to_string_pretty(report)? + "\n")?)
    }
}

fn read(mut words: impl Iterator<Item = String>) -> anyhow::Result<Words> {
    let plan = Plan { bytes: 8 * 1024 * 1024, kills: 3, seed: 1 };
    let mut read = Words { cuts: 100, plan, json: None, until: Until::End, syncs: Syncs::Real };
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            "--cuts" => read.cuts = value()?.parse()?,
            "--seed" => read.plan.seed = value()?.parse()?,
            "--bytes" => read.plan.bytes = value()?.parse()?,
            "--kills" => read.plan.kills = value()?.parse()?,
            "--json" => read.json = Some(value()?.into()),
            "--until-violation" => read.until = Until::Violation,
            "--ignore-syncs" => read.syncs = Syncs::Ignored,
            _ => bail!("usage: {USAGE}"),
        }
    }
    Ok(read)
}

async fn run(words: &Words) -> anyhow::Result<Report> {
    let folder = tempfile::tempdir()?;
    let recording = record(folder.path(), words.plan, words.syncs).await?;
    eprintln!("recorded: {} steps, {} promises", recording.steps.len(), recording.history.promises.len());
    let say = |report: &Report| {
        let Report { cuts, violations, seconds, .. } = report;
        eprintln!("{cuts} of {} cuts: {violations} violations after {seconds} s", words.cuts);
        // A run that is ended early has said what it found.
        if let Err(error) = words.write(report) {
            eprintln!("the report was not written: {error:#}");
        }
    };
    recording.cut(words.cuts, words.until, &say).await
}

fn main() -> anyhow::Result<ExitCode> {
    let words = read(std::env::args().skip(1))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let report = runtime.block_on(run(&words))?;
    print!("{}", report.table());
    words.write(&report)?;
    Ok(if report.violations == 0 { ExitCode::SUCCESS } else { ExitCode::from(VIOLATED) })
}
