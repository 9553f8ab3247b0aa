//! Many seeds, on all cores, with a report that can be gone on with.

use crate::plan::Plan;
use crate::planted::Planted;
use crate::visits::{MUST_HAPPEN, Visits};
use crate::world::{Kept, Outcome, World};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Time between two words about how far it is.
const WORD: Duration = Duration::from_secs(10);

/// What a campaign has done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The first seed.
    pub from: u64,
    /// Seeds that were run, all without a gap from the first.
    pub seeds: u64,
    /// Seeds that ended with a violation.
    pub violations: u64,
    /// Acknowledgements that were checked.
    pub acknowledgements: u64,
    /// Simulated seconds.
    pub simulated_seconds: u64,
    /// Seconds on the clock, over all times that it was gone on with.
    pub seconds: u64,
    /// Events of the traces.
    pub trace_entries: u64,
    /// What was visited.
    pub visits: Visits,
}

impl Report {
    /// Reads a report; an empty one when there is none that begins with this seed.
    ///
    /// # Errors
    /// When the file is not a report.
    pub fn load(path: &Path, from: u64) -> anyhow::Result<Self> {
        let empty = Self { from, ..Self::default() };
        match std::fs::read(path) {
            Ok(bytes) => {
                let report: Self = serde_json::from_slice(&bytes)?;
                Ok(if report.from == from { report } else { empty })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(empty),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> anyhow::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, serde_json::to_string_pretty(self)? + "\n")?;
        Ok(())
    }

    /// The points that must happen and did not.
    #[must_use]
    pub fn missed(&self) -> Vec<&'static str> {
        MUST_HAPPEN.iter().filter(|name| self.visits.get(name) == 0).copied().collect()
    }

    fn add(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        self.violations += u64::from(outcome.violation.is_some());
        self.acknowledgements += outcome.acknowledgements;
        self.simulated_seconds += outcome.simulated_ms / 1_000;
        self.trace_entries += outcome.entries;
        self.visits.join(&outcome.visits);
    }
}

/// How a campaign runs.
#[derive(Clone, Debug)]
pub struct Order {
    /// The last seed, not included.
    pub end: u64,
    /// The most time.
    pub limit: Option<Duration>,
    /// Threads.
    pub jobs: usize,
    /// Whether each seed is run twice, to compare the hashes of both.
    pub twice: bool,
    /// The planted fault.
    pub planted: Option<Planted>,
    /// Whether it says how far it is.
    pub is_loud: bool,
    /// Whether it goes on after a failure.
    pub goes_on: bool,
}

/// A seed that fails.
#[derive(Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What is wrong.
    pub violation: String,
}

/// Runs one seed.
#[must_use]
pub fn run_seed(seed: u64, planted: Option<Planted>, kept: &Kept, keep_lines: bool) -> Outcome {
    panics::listen();
    let run = || World::new(Plan::of(seed), planted, keep_lines).run(kept);
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
    let panicked = panics::take();
    let mut outcome = outcome.unwrap_or_default();
    outcome.violation = panicked.map(|text| format!("panic: {text}")).or(outcome.violation);
    outcome
}

/// Panics of this thread, also those of tasks, which their runtime would swallow.
mod panics {
    use std::cell::RefCell;
    use std::sync::Once;

    thread_local! {
        static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
    }

    /// From now on panics are kept instead of printed.
    pub fn listen() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            std::panic::set_hook(Box::new(|info| LAST.with_borrow_mut(|last| *last = Some(info.to_string()))));
        });
    }

    /// The last one.
    pub fn take() -> Option<String> {
        LAST.with_borrow_mut(Option::take)
    }
}

/// Goes on with a report until the end, the limit, or the first failure. The failures, by seed.
pub fn run(report: &mut Report, order: &Order) -> Vec<Failure> {
    let start = Instant::now();
    let first = report.from + report.seeds;
    let next = AtomicU64::new(first);
    let stop = AtomicU64::new(u64::MAX);
    let done = Mutex::new((Progress::new(report.clone(), first), Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..order.jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let late = order.limit.is_some_and(|limit| start.elapsed() >= limit);
                    if seed >= order.end || late || seed > stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let mut outcome = run_seed(seed, order.planted, &Kept::All, false);
                    if order.twice && outcome.violation.is_none() {
                        let again = run_seed(seed, order.planted, &Kept::All, false);
                        if again.hash != outcome.hash {
                            let hashes = format!("{:016x} and {:016x}", outcome.hash, again.hash);
                            outcome.violation = Some(format!("two runs of the seed differ: their hashes are {hashes}"));
                        }
                    }
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    if let Some(violation) = &outcome.violation {
                        if !order.goes_on {
                            stop.fetch_min(seed, Ordering::Relaxed);
                        }
                        done.1.push(Failure { seed, violation: violation.clone() });
                    }
                    done.0.add(seed, outcome, order.goes_on);
                    if order.is_loud && done.0.spoke.elapsed() >= WORD {
                        done.0.speak(order, start.elapsed());
                    }
                }
            });
        }
    });
    let (progress, mut failures): (Progress, Vec<Failure>) = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    *report = progress.report;
    report.seconds += start.elapsed().as_secs();
    failures.sort_unstable_by_key(|failure| failure.seed);
    failures
}

/// Outcomes are added in the order of their seeds, so that a report has no holes.
struct Progress {
    report: Report,
    next: u64,
    early: std::collections::BTreeMap<u64, Outcome>,
    spoke: Instant,
}

impl Progress {
    fn new(report: Report, next: u64) -> Self {
        Self { report, next, early: Default::default(), spoke: Instant::now() }
    }

    fn add(&mut self, seed: u64, outcome: Outcome, goes_on: bool) {
        self.early.insert(seed, outcome);
        while let Some(outcome) = self.early.remove(&self.next) {
            if outcome.violation.is_some() && !goes_on {
                // It is to be run again once it is mended.
                self.early.clear();
                return;
            }
            self.report.add(&outcome);
            self.next += 1;
        }
    }

    fn speak(&mut self, order: &Order, elapsed: Duration) {
        self.spoke = Instant::now();
        let all = order.end.saturating_sub(self.report.from).max(1);
        let share = self.report.seeds as f64 * 100.0 / all as f64;
        println!(
            "{} of {all} seeds, {share:.1} %, {} acknowledgements checked, {} s",
            self.report.seeds,
            self.report.acknowledgements,
            elapsed.as_secs()
        );
    }
}

/// The places of a list such as `3,17,22`.
///
/// # Errors
/// When one of them is not a number.
pub fn places(text: &str) -> anyhow::Result<BTreeSet<usize>> {
    Ok(text.split(',').filter(|word| !word.is_empty()).map(str::parse).collect::<Result<_, _>>()?)
}
