//! What runs came to, for people and as `docs/reliability/black-box.json`.

use crate::black_box::checker::Counts;
use crate::black_box::run::Outcome;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Some runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Over all runs.
    pub totals: Totals,
    /// Each run.
    pub runs: Vec<Line>,
}

/// The sum of runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// What the server says of itself.
    pub server: String,
    /// Runs.
    pub runs: u64,
    /// Seconds that they took.
    pub seconds: u64,
    /// SIGKILLs, those before a server was ready among them.
    pub kills: u64,
    /// How often each fault was injected. `early_kill` is a kill before the server was ready.
    pub faults: BTreeMap<String, u64>,
    /// What was checked.
    pub checked: Counts,
    /// How often each code refused something.
    pub refusals: BTreeMap<String, u64>,
    /// Histories that may not be.
    pub invalid: u64,
    /// Violations in them.
    pub violations: u64,
}

/// One run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What it was drawn from.
    pub seed: u64,
    /// Seconds that it took.
    pub seconds: u64,
    /// What made the disk full.
    pub disk: String,
    /// How often each fault was injected.
    pub faults: BTreeMap<String, u64>,
    /// Kills of a server that had acknowledged something since its start.
    pub kills_after_progress: u64,
    /// Milliseconds from room on the disk to the next acknowledgement, each time.
    pub room_to_ack_ms: Vec<u64>,
    /// What was checked.
    pub checked: Counts,
    /// How often each code refused something.
    pub refusals: BTreeMap<String, u64>,
    /// What may not be.
    pub violations: Vec<String>,
}

impl Report {
    /// Adds a run.
    pub fn add(&mut self, seed: u64, outcome: &Outcome) {
        let faults = outcome.done.faults.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let line = Line {
            seed,
            seconds: outcome.took.as_secs(),
            disk: outcome.room.to_owned(),
            faults,
            kills_after_progress: outcome.done.moved,
            room_to_ack_ms: outcome.done.room_to_ack_ms.clone(),
            checked: outcome.verdict.counts,
            refusals: outcome.refusals.clone(),
            violations: outcome.verdict.violations.iter().map(ToString::to_string).collect(),
        };
        let totals = &mut self.totals;
        totals.runs += 1;
        totals.seconds += line.seconds;
        totals.kills += outcome.done.kills();
        for (name, count) in &line.faults {
            *totals.faults.entry(name.clone()).or_default() += count;
        }
        for (code, count) in &line.refusals {
            *totals.refusals.entry(code.clone()).or_default() += count;
        }
        totals.checked += line.checked;
        totals.invalid += u64::from(!line.violations.is_empty());
        totals.violations += line.violations.len() as u64;
        self.runs.push(line);
    }

    /// A table for people.
    #[must_use]
    pub fn table(&self) -> String {
        let Totals { server: _, runs, seconds, kills, faults, checked, refusals, invalid, violations } = &self.totals;
        let mut rows =
            vec![("runs".to_owned(), *runs), ("seconds".to_owned(), *seconds), ("SIGKILLs".to_owned(), *kills)];
        rows.extend(faults.iter().map(|(name, count)| (format!("fault: {name}"), *count)));
        rows.extend(refusals.iter().map(|(code, count)| (format!("refused: {code}"), *count)));
        let of = |text: &str, count: u64| (text.to_owned(), count);
        rows.extend([
            of("acknowledgements checked", checked.acknowledged),
            of("of them for what an earlier try had stored", checked.deduplicated),
            of("tries without an answer", checked.indeterminate),
            of("messages and commands refused for good", checked.refused_for_good),
            of("events in the logs", checked.events),
            of("tellings of an event checked", checked.told),
            of("messages on devices compared", checked.held),
            of("read cursors checked", checked.cursors),
            of("histories that may not be", *invalid),
            of("violations", *violations),
        ]);
        rows.iter().fold(String::new(), |mut text, (name, count)| {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{name:<44} {count:>10}");
            text
        })
    }
}
