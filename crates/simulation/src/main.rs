//! `simulation`: campaigns, single seeds and planted bugs. `cargo xtask sim` builds and calls it.

// A tool for developers may use clocks, threads and the disk as it likes.
#![allow(clippy::disallowed_methods)]

use anyhow::{Context as _, bail};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use stonechat_simulation::campaign::{self, Failure, Order, Report};
use stonechat_simulation::planted::Planted;
use stonechat_simulation::shrink::{kind, shrink};
use stonechat_simulation::world::Kept;

const USAGE: &str = "\
usage: cargo xtask sim [options]

  --seeds N        run N seeds; 1000 when nothing is said
  --from S         begin with this seed; 0 when nothing is said
  --minutes M      stop after so many minutes
  --jobs J         so many at once; as many as there are cores
  --twice          run each seed twice and compare the hashes of both traces
  --report FILE    keep the report here, and go on with it: seeds that it has are not run again
  --keep-going     do not stop at a failing seed; list the kinds of failures at the end
  --must-happen    fail when a point that must happen did not
  --seed S         run one seed and say what is wrong
  --only A,B,C     ... with these steps of its plan only
  --trace          ... and print everything that happens
  --planted [NAME] plant each known bug, or one, and fail unless it is found
";

struct Options {
    seeds: u64,
    from: u64,
    minutes: Option<u64>,
    jobs: usize,
    twice: bool,
    report: Option<PathBuf>,
    must_happen: bool,
    goes_on: bool,
    seed: Option<u64>,
    only: Option<String>,
    trace: bool,
    planted: Option<Vec<Planted>>,
}

fn main() -> ExitCode {
    let outcome = options().and_then(|options| match (&options.planted, options.seed) {
        (Some(planted), None) => plant(&options, planted),
        (planted, Some(seed)) => one(&options, seed, planted.as_ref().and_then(|all| all.first().copied())),
        (None, None) => campaign(&options),
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn options() -> anyhow::Result<Options> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let mut options = Options {
        seeds: 1_000,
        from: 0,
        minutes: None,
        jobs: cores,
        twice: false,
        report: None,
        must_happen: false,
        goes_on: false,
        seed: None,
        only: None,
        trace: false,
        planted: None,
    };
    let mut words = std::env::args().skip(1).peekable();
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            "--seeds" => options.seeds = value()?.parse()?,
            "--from" => options.from = value()?.parse()?,
            "--minutes" => options.minutes = Some(value()?.parse()?),
            "--jobs" => options.jobs = value()?.parse()?,
            "--twice" => options.twice = true,
            "--report" => options.report = Some(value()?.into()),
            "--must-happen" => options.must_happen = true,
            "--keep-going" => options.goes_on = true,
            "--seed" => options.seed = Some(value()?.parse()?),
            "--only" => options.only = Some(value()?),
            "--trace" => options.trace = true,
            "--planted" => {
                let named = words.next_if(|word| !word.starts_with("--"));
                options.planted = Some(match named {
                    Some(name) => vec![Planted::named(&name).with_context(|| format!("no planted bug {name}"))?],
                    None => Planted::ALL.to_vec(),
                });
            }
            _ => bail!("unknown option {word}"),
        }
    }
    Ok(options)
}

fn order(options: &Options) -> Order {
    Order {
        end: options.from + options.seeds,
        limit: options.minutes.map(|minutes| Duration::from_secs(minutes * 60)),
        jobs: options.jobs,
        twice: options.twice,
        planted: None,
        is_loud: true,
        goes_on: options.goes_on,
    }
}

fn campaign(options: &Options) -> anyhow::Result<bool> {
    let mut report = match &options.report {
        Some(path) => Report::load(path, options.from)?,
        None => Report { from: options.from, ..Report::default() },
    };
    let failures = campaign::run(&mut report, &order(options));
    if let Some(path) = &options.report {
        report.save(path)?;
    }
    tell(&report, options.seeds);
    if options.goes_on && !failures.is_empty() {
        list(&failures);
        return Ok(false);
    }
    if let Some(failure) = failures.first() {
        explain(failure, None);
        return Ok(false);
    }
    if report.violations > 0 {
        return Ok(false);
    }
    let missed = report.missed();
    if options.must_happen && !missed.is_empty() {
        println!("\nnever happened, and must: {}", missed.join(", "));
        return Ok(false);
    }
    Ok(true)
}

fn tell(report: &Report, seeds: u64) {
    println!("\nseeds {} of {seeds} from {}", report.seeds, report.from);
    println!("acknowledgements checked {}", report.acknowledgements);
    println!("simulated {} hours in {} s", report.simulated_seconds / 3_600, report.seconds);
    for (name, times) in &report.visits.0 {
        println!("{times:>12}  {name}");
    }
}

/// The kinds of failures, each with how often it came and its first seed.
fn list(failures: &[Failure]) {
    let mut kinds: BTreeMap<String, Vec<&Failure>> = BTreeMap::new();
    for failure in failures {
        kinds.entry(kind(&failure.violation)).or_default().push(failure);
    }
    println!("\n{} seeds fail:", failures.len());
    for failures in kinds.values() {
        println!("{:>6}  seed {}: {}", failures.len(), failures[0].seed, failures[0].violation);
    }
}

fn explain(failure: &Failure, planted: Option<Planted>) {
    println!("\nseed {} fails: {}", failure.seed, failure.violation);
    println!("leaving steps out ...");
    let places = shrink(failure.seed, planted, &failure.violation);
    let only: Vec<String> = places.iter().map(usize::to_string).collect();
    let outcome = campaign::run_seed(failure.seed, planted, &Kept::Only(places), true);
    let steps = outcome.lines.iter().filter(|line| line.contains(" step "));
    println!("\n{} steps are left:", only.len());
    steps.for_each(|line| println!("{line}"));
    println!("\nthe end of the trace:");
    outcome.lines.iter().rev().take(40).rev().for_each(|line| println!("{line}"));
    let planted = planted.map_or(String::new(), |planted| format!(" --planted {}", planted.name()));
    println!("\n{}", outcome.violation.unwrap_or_default());
    println!("replay: cargo xtask sim --seed {} --only {} --trace{planted}", failure.seed, only.join(","));
}

fn one(options: &Options, seed: u64, planted: Option<Planted>) -> anyhow::Result<bool> {
    let kept = match &options.only {
        Some(places) => Kept::Only(campaign::places(places)?),
        None => Kept::All,
    };
    let outcome = campaign::run_seed(seed, planted, &kept, options.trace);
    outcome.lines.iter().for_each(|line| println!("{line}"));
    let seconds = outcome.simulated_ms / 1_000;
    println!("seed {seed}: hash {:016x}, {} entries, {seconds} simulated s", outcome.hash, outcome.entries);
    match outcome.violation {
        Some(violation) => println!("violation: {violation}"),
        None => {
            println!("no violation, {} acknowledgements checked", outcome.acknowledgements);
            return Ok(true);
        }
    }
    Ok(false)
}

fn plant(options: &Options, planted: &[Planted]) -> anyhow::Result<bool> {
    if !cfg!(feature = "mutants") {
        bail!("this build cannot plant: it has not the feature `mutants`");
    }
    let mut all = true;
    let mut found = Vec::new();
    for planted in planted {
        let mut report = Report { from: options.from, ..Report::default() };
        let order = Order { planted: Some(*planted), is_loud: false, ..order(options) };
        match campaign::run(&mut report, &order).first() {
            Some(failure) => {
                println!("{}: found by seed {}: {}", planted.name(), failure.seed, failure.violation);
                found.push(json!({"bug": planted.name(), "seed": failure.seed, "violation": failure.violation}));
            }
            None => {
                println!("{}: NOT found in {} seeds", planted.name(), report.seeds);
                all = false;
            }
        }
    }
    if let Some(path) = &options.report {
        std::fs::write(path, serde_json::to_string_pretty(&json!({ "planted": found }))? + "\n")?;
    }
    Ok(all)
}
