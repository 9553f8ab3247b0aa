//! `cargo xtask fuzz`: runs the fuzzers of `fuzz/` one after another and writes down what they did.
//!
//! It needs the nightly compiler and `cargo install cargo-fuzz --locked`. What a fuzzer says while it runs is read here,
//! and every figure of `docs/reliability/fuzz.json` is made of it. A crash is a file in `fuzz/artifacts/`; once it is
//! mended that file goes to `fuzz/regressions/`, where the integration suite replays it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// The page of figures.
const REPORT: &str = "docs/reliability/fuzz.json";
/// Where cargo-fuzz puts its programs.
const PROGRAMS: &str = "fuzz/target/x86_64-unknown-linux-gnu/release";
/// Minutes for each target, when nobody says.
const MINUTES: u64 = 15;
/// Seconds that one input may take.
const INPUT_SECONDS_MAX: u64 = 20;
/// MiB that one input may make the process hold, and ask for at once.
const MEMORY_MIB_MAX: (u64, u64) = (2_048, 512);

/// What to run, and for how long.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    minutes: u64,
    targets: Vec<String>,
    programs: Programs,
}

/// Which programs are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Programs {
    /// Those of the sources as they are.
    Fresh,
    /// Those that were built last.
    AsBuilt,
    /// None: what they said last is read again.
    AsSaid,
}

/// What a run led to, in the words of the fuzzer.
#[derive(Debug, Default, PartialEq, Eq)]
struct Figures {
    executions: u64,
    edges: u64,
    corpus_files: u64,
    crashes: u64,
    seconds: u64,
}

/// Runs the targets that the words name, or all.
pub fn run(root: &Path, words: &[&str]) -> Result<()> {
    let known = known_targets(root)?;
    let plan = plan(words, &known)?;
    match plan.programs {
        Programs::Fresh => build(root)?,
        Programs::AsBuilt => {}
        Programs::AsSaid => {
            return plan.targets.iter().try_for_each(|target| report(root, target, &said(root, target)?));
        }
    }
    let mut crashed = Vec::new();
    for target in &plan.targets {
        let crashes = run_target(root, target, plan.minutes)?;
        if crashes > 0 {
            crashed.push(target.as_str());
        }
    }
    if !crashed.is_empty() {
        bail!("found crashes in {}: see fuzz/artifacts", crashed.join(", "));
    }
    Ok(())
}

fn plan(words: &[&str], known: &[String]) -> Result<Plan> {
    let mut plan = Plan { minutes: MINUTES, targets: Vec::new(), programs: Programs::Fresh };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let programs = match *word {
            "--as-built" => Some(Programs::AsBuilt),
            "--as-said" => Some(Programs::AsSaid),
            _ => None,
        };
        if let Some(programs) = programs {
            plan.programs = programs;
            continue;
        }
        let value = words.next().with_context(|| format!("{word} needs a value"))?;
        match *word {
            "--minutes" => plan.minutes = value.parse().with_context(|| format!("{value} is no number of minutes"))?,
            "--target" if known.iter().any(|target| target == value) => plan.targets.push((*value).to_owned()),
            "--target" => bail!("there is no target {value}; there are {}", known.join(", ")),
            _ => bail!("cargo xtask fuzz [--minutes M] [--target T]... [--as-built | --as-said], not {word}"),
        }
    }
    if plan.targets.is_empty() {
        plan.targets = known.to_vec();
    }
    Ok(plan)
}

/// A target is a file in `fuzz/fuzz_targets`.
fn known_targets(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("could not list {}", folder.display()))? {
        let path = entry?.path();
        if path.extension() == Some(OsStr::new("rs"))
            && let Some(name) = path.file_stem().and_then(OsStr::to_str)
        {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn run_target(root: &Path, target: &str, minutes: u64) -> Result<u64> {
    eprintln!("==> {target}, {minutes} min");
    let kept = root.join("fuzz/corpus").join(target);
    let regressions = root.join("fuzz/regressions").join(target);
    // The fuzzer adds what it finds to the first folder; what is committed is only read.
    let working = root.join("fuzz/target/corpus").join(target);
    fs::create_dir_all(&working).with_context(|| format!("could not make {}", working.display()))?;
    let mut command = Command::new(root.join(PROGRAMS).join(target));
    command.current_dir(root).env("ASAN_OPTIONS", "detect_odr_violation=0").arg(&working);
    command.args([&kept, &regressions].into_iter().filter(|folder| folder.is_dir()));
    command.args(fuzzer_flags(root, target, minutes)?);
    let log = log_of(root, target);
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    }
    let mut kept_log = fs::File::create(&log).with_context(|| format!("could not write {}", log.display()))?;
    let mut fuzzer = command.stderr(Stdio::piped()).spawn().context("could not start the fuzzer")?;
    let output = fuzzer.stderr.take().context("the fuzzer has no output")?;
    for line in BufReader::new(output).split(b'\n') {
        let line = String::from_utf8_lossy(&line.context("could not read what the fuzzer says")?).into_owned();
        if !line.contains("REDUCE") && !line.contains("NEW") && !line.contains("RELOAD") {
            eprintln!("    {line}");
            writeln!(kept_log, "{line}").with_context(|| format!("could not write {}", log.display()))?;
        }
    }
    let status = fuzzer.wait().context("the fuzzer has no end")?;
    let figures = said(root, target)?;
    if !status.success() && figures.crashes == 0 {
        bail!("the fuzzer of {target} did not run: {status}");
    }
    report(root, target, &figures)?;
    Ok(figures.crashes)
}

/// Where what a fuzzer said last is kept.
fn log_of(root: &Path, target: &str) -> PathBuf {
    root.join("fuzz/target/said").join(target).with_extension("log")
}

fn said(root: &Path, target: &str) -> Result<Figures> {
    let log = log_of(root, target);
    let text = fs::read_to_string(&log).with_context(|| format!("could not read {}", log.display()))?;
    let mut figures = Figures::default();
    text.lines().for_each(|line| read_line(line, &mut figures));
    Ok(figures)
}

fn build(root: &Path) -> Result<()> {
    // By rustup, since under `cargo xtask` the cargo of this workspace is chosen already.
    let words = ["run", "nightly", "cargo", "fuzz", "build", "--fuzz-dir", "fuzz"];
    let status = Command::new("rustup").args(words).current_dir(root).status().context("could not start rustup")?;
    if !status.success() {
        bail!("the fuzzers are not built: they need the nightly compiler and `cargo install cargo-fuzz --locked`");
    }
    Ok(())
}

fn fuzzer_flags(root: &Path, target: &str, minutes: u64) -> Result<Vec<String>> {
    let artifacts = root.join("fuzz/artifacts").join(target);
    fs::create_dir_all(&artifacts).with_context(|| format!("could not make {}", artifacts.display()))?;
    Ok(vec![
        format!("-artifact_prefix={}/", artifacts.display()),
        format!("-max_total_time={}", minutes * 60),
        format!("-timeout={INPUT_SECONDS_MAX}"),
        format!("-rss_limit_mb={}", MEMORY_MIB_MAX.0),
        format!("-malloc_limit_mb={}", MEMORY_MIB_MAX.1),
        format!("-max_len={}", input_bytes_max(root, target)?),
        "-print_final_stats=1".to_owned(),
    ])
}

/// The longest input of a target, as the table in `testkit` has it.
fn input_bytes_max(root: &Path, target: &str) -> Result<u64> {
    let table = root.join("crates/testkit/src/fuzz/mod.rs");
    let text = fs::read_to_string(&table).with_context(|| format!("could not read {}", table.display()))?;
    let entry = format!("name: \"{target}\"");
    let line = text.lines().find(|line| line.contains(&entry));
    let number = line.and_then(|line| line.split("input_bytes_max: ").nth(1)).and_then(|rest| rest.split(' ').next());
    number.and_then(|number| number.parse().ok()).with_context(|| format!("{target} is not in {}", table.display()))
}

/// Takes what one line of the fuzzer says. Later lines have larger numbers.
fn read_line(line: &str, figures: &mut Figures) {
    if let Some(count) = line.strip_prefix("stat::number_of_executed_units:") {
        figures.executions = count.trim().parse().unwrap_or(figures.executions);
    } else if let Some(rest) = line.strip_prefix("Done ") {
        figures.seconds = number_after(rest, " runs in ").unwrap_or(figures.seconds);
    } else if line.contains("Test unit written to") && !line.contains("slow-unit-") {
        figures.crashes += 1;
    } else if let Some(rest) = line.strip_prefix('#') {
        let count = rest.split(|c: char| !c.is_ascii_digit()).next().and_then(|count| count.parse().ok());
        figures.executions = figures.executions.max(count.unwrap_or(0));
        figures.edges = number_after(line, "cov: ").unwrap_or(figures.edges);
        figures.corpus_files = number_after(line, "corp: ").unwrap_or(figures.corpus_files);
    }
}

fn number_after(line: &str, word: &str) -> Option<u64> {
    let rest = line.split(word).nth(1)?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Puts the figures of one target in the place of its last ones.
fn report(root: &Path, target: &str, figures: &Figures) -> Result<()> {
    let path = root.join(REPORT);
    let before: Option<Value> = fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str(&text).ok());
    let rows = before.as_ref().and_then(|page| page.get("targets")).and_then(Value::as_array).into_iter().flatten();
    let name_of = |row: &Value| row.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut targets: BTreeMap<String, Value> = rows.map(|row| (name_of(row), row.clone())).collect();
    let row = json!({
        "name": target,
        "executions": figures.executions,
        "seconds": figures.seconds,
        "edges": figures.edges,
        "corpus_files": figures.corpus_files,
        "kept_files": files_in(&root.join("fuzz/corpus").join(target)),
        "regressions": files_in(&root.join("fuzz/regressions").join(target)),
        "crashes": figures.crashes,
    });
    targets.insert(target.to_owned(), row);
    let page = json!({ "made_by": "cargo xtask fuzz", "targets": targets.into_values().collect::<Vec<_>>() });
    let text = serde_json::to_string_pretty(&page).context("the figures have no JSON")?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    }
    let temporary: PathBuf = path.with_extension(format!("{target}.tmp"));
    fs::write(&temporary, text + "\n").with_context(|| format!("could not write {}", temporary.display()))?;
    fs::rename(&temporary, &path).with_context(|| format!("could not write {}", path.display()))
}

fn files_in(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, |entries| entries.filter_map(Result::ok).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_the_last_lines() {
        let mut figures = Figures::default();
        for line in [
            "INFO: Seed: 1",
            "#2\tINITED cov: 10 ft: 11 corp: 1/1b exec/s: 0 rss: 30Mb",
            "#524288\tpulse  cov: 1812 ft: 9001 corp: 402/51Kb lim: 4096 exec/s: 17476 rss: 402Mb",
            "artifact_prefix='x'; Test unit written to fuzz/artifacts/frames/crash-1",
            "artifact_prefix='x'; Test unit written to fuzz/artifacts/frames/slow-unit-1",
            "Done 530001 runs in 901 second(s)",
            "stat::number_of_executed_units: 530001",
            "stat::peak_rss_mb: 500",
        ] {
            read_line(line, &mut figures);
        }
        assert_eq!(figures, Figures { executions: 530_001, edges: 1812, corpus_files: 402, crashes: 1, seconds: 901 });
    }

    #[test]
    fn a_plan_names_known_targets_or_all() {
        let known = ["frames".to_owned(), "rows".to_owned()];
        assert_eq!(
            plan(&[], &known).unwrap(),
            Plan { minutes: MINUTES, targets: known.to_vec(), programs: Programs::Fresh }
        );
        let one = plan(&["--minutes", "60", "--target", "rows"], &known).unwrap();
        assert_eq!(one, Plan { minutes: 60, targets: vec!["rows".to_owned()], programs: Programs::Fresh });
        for wrong in [&["--target", "x"][..], &["--minutes"], &["--minutes", "x"], &["now", "x"]] {
            assert!(plan(wrong, &known).is_err(), "{wrong:?}");
        }
    }
}
