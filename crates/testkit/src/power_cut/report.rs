//! What a run of cuts came to.

use crate::power_cut::disk::Way;
use crate::power_cut::oracle::Looked;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The cuts of one way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ways {
    /// Images that were opened, second cuts included.
    pub images: usize,
    /// Acknowledgements that were looked for in them.
    pub acknowledged_checked: usize,
    /// Images in which something was not as promised.
    pub violations: usize,
    /// Images on which the index had nothing, or could not be used, so that it was made again from all segments.
    pub index_rebuilt: usize,
    /// The longest time until a server on one of them was ready.
    pub slowest_ready_ms: u64,
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The place of the cut in the trace.
    pub cut: u64,
    /// In which way.
    pub way: String,
    /// What is wrong.
    pub text: String,
}

/// The whole run. Its fields are those of `docs/reliability/power-cuts.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Of everything random in it.
    pub seed: u64,
    /// What the server says of itself.
    pub server: String,
    /// Whether a sync did what it promises, in words.
    pub syncs: String,
    /// Bytes of the trace.
    pub trace_bytes: u64,
    /// Changes and syncs in it.
    pub steps: usize,
    /// Syncs of files and folders in it.
    pub sync_calls: usize,
    /// Kills of the server while it was recorded.
    pub kills: usize,
    /// Events that were acknowledged under load.
    pub acknowledged: usize,
    /// Bytes of their bodies.
    pub acknowledged_bytes: usize,
    /// Sends that were refused.
    pub refused: usize,
    /// Sends of a known id with another body.
    pub conflicts: usize,
    /// Segments that were written to under load.
    pub segments: usize,
    /// Versions of the index that were written under load; each checkpoint is one, and each compaction.
    pub index_versions: usize,
    /// Moments at which the power was cut.
    pub cuts: usize,
    /// Of them, how many were made in the trace of a server that recovered from a cut.
    pub second_cuts: usize,
    /// Looks that were repeated, because the machine was too slow for the patience of a client.
    pub slow: usize,
    /// By way.
    pub ways: BTreeMap<String, Ways>,
    /// Images in which something was not as promised.
    pub violations: usize,
    /// The first of them.
    pub first_violations: Vec<Violation>,
    /// How many cuts it took until one was found.
    pub cuts_until_violation: Option<usize>,
    /// How long the run took, in seconds.
    pub seconds: u64,
}

/// Violations that are kept word by word.
const KEPT_MAX: usize = 20;

impl Report {
    /// Counts one image.
    pub fn count(&mut self, way: Way, acknowledged: usize, looked: Result<Looked, Violation>) {
        let ways = self.ways.entry(way.name().to_owned()).or_default();
        ways.images += 1;
        ways.acknowledged_checked += acknowledged;
        match looked {
            Ok(Looked { ready_after, index_rebuilt }) => {
                ways.slowest_ready_ms = ways.slowest_ready_ms.max(ready_after.as_millis() as u64);
                ways.index_rebuilt += usize::from(index_rebuilt);
            }
            Err(violation) => {
                ways.violations += 1;
                self.violations += 1;
                self.cuts_until_violation.get_or_insert(self.cuts);
                if self.first_violations.len() < KEPT_MAX {
                    self.first_violations.push(violation);
                }
            }
        }
    }

    /// As a table for people.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = format!(
            "{} events acknowledged under load ({} KiB, {} refused, {} conflicts, {} kills), {} steps recorded with {} \
             syncs, {} segments, {} versions of the index; syncs are {}\n\n{:<10} {:>7} {:>14} {:>11} {:>13} {:>15}\n",
            self.acknowledged,
            self.acknowledged_bytes / 1024,
            self.refused,
            self.conflicts,
            self.kills,
            self.steps,
            self.sync_calls,
            self.segments,
            self.index_versions,
            self.syncs,
            "way",
            "images",
            "acks checked",
            "violations",
            "index rebuilt",
            "slowest ready"
        );
        for (name, ways) in &self.ways {
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "{name:<10} {:>7} {:>14} {:>11} {:>13} {:>12} ms",
                ways.images, ways.acknowledged_checked, ways.violations, ways.index_rebuilt, ways.slowest_ready_ms
            );
        }
        let _ = write!(
            text,
            "\n{} cuts, {} of them while the server recovered from another: {} violations, in {} s\n",
            self.cuts, self.second_cuts, self.violations, self.seconds
        );
        for Violation { cut, way, text: what } in &self.first_violations {
            let _ = writeln!(text, "cut at byte {cut}, {way}: {what}");
        }
        text
    }
}
