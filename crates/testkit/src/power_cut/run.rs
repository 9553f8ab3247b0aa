//! One load, and many cuts of it.

use crate::dice::Dice;
use crate::power_cut::disk::{Disk, Image, Way, read_image, write_image};
use crate::power_cut::history::History;
use crate::power_cut::load::{self, Plan};
use crate::power_cut::oracle::{self, Known, Looked};
use crate::power_cut::recorder::{Place, Recorder, Shim, Syncs};
use crate::power_cut::report::{Report, Violation};
use crate::power_cut::trace::{Recorded, Step};
use crate::process::version;
use anyhow::{Context as _, ensure};
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Each cut of so many is followed by a second one, in the trace of the server that recovered from the first.
const SECOND_EVERY: usize = 4;
/// Looks at one image, when the machine was too slow for the ones before.
const TRIES: usize = 3;
/// What is recorded. The data folder is made in it, since the name of the data folder has to be durable, too.
const DISK: &str = "disk";
const DATA: &str = "data";
const CONFIG: &str = "config.toml";

/// When a run stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// After all cuts.
    End,
    /// After the cut that found something.
    Violation,
}

/// A load that was recorded.
pub struct Recording {
    folder: PathBuf,
    shim: Shim,
    plan: Plan,
    syncs: Syncs,
    /// The inode of the folder that was recorded.
    root: u64,
    /// Bytes of the trace.
    bytes: u64,
    /// What happened to the folder.
    pub steps: Vec<Recorded>,
    /// What clients were promised.
    pub history: History,
}

/// Runs a load under the shim. Everything lies below `folder`.
///
/// # Errors
/// When it fails, or the trace does not explain what is in the folder at the end.
pub async fn record(folder: &Path, plan: Plan, syncs: Syncs) -> anyhow::Result<Recording> {
    let shim = Shim::build(folder)?;
    let recorded = folder.join(DISK);
    std::fs::create_dir(&recorded)?;
    let root = std::fs::metadata(&recorded)?.ino();
    let recorder = Recorder::new(&shim, &recorded, syncs)?;
    let place = Place::new(&recorded.join(DATA), &folder.join(CONFIG))?;
    let history = load::run(&recorder, &place, plan).await.context("the load")?;
    let steps = recorder.steps()?;
    let mut disk = Disk::empty(root);
    for step in &steps {
        disk.apply(step)?;
    }
    let difference = difference(&disk.image(Way::Kept, Dice::new(0)), &read_image(&recorded)?);
    ensure!(difference.is_none(), "the trace does not explain {}", difference.unwrap_or_default());
    std::fs::remove_dir_all(&recorded)?;
    Ok(Recording { folder: folder.to_owned(), shim, plan, syncs, root, bytes: recorder.position()?, steps, history })
}

/// The first path at which two images differ.
fn difference(one: &Image, other: &Image) -> Option<String> {
    let paths: BTreeSet<_> = one.keys().chain(other.keys()).collect();
    let same = |path: &&&String| match (one.get(**path), other.get(**path)) {
        (Some(Some(one)), Some(Some(other))) => one.same(other),
        (one, other) => one == other,
    };
    paths.iter().find(|path| !same(path)).map(|path| (**path).clone())
}

impl Recording {
    /// Makes cuts in every way and asks the oracle each time. `say` hears how far it is.
    ///
    /// # Errors
    /// When the run itself fails; what the oracle finds is in the report.
    pub async fn cut(&self, cuts: usize, until: Until, say: &dyn Fn(&Report)) -> anyhow::Result<Report> {
        let begun = Instant::now();
        let mut dice = Dice::new(self.plan.seed ^ 0xC075);
        let places = places(&self.steps, self.history.promises.first().map_or(0, |it| it.at), cuts, &mut dice);
        let mut report = self.report()?;
        for place in places {
            let mut disk = Disk::empty(self.root);
            for step in &self.steps[..place] {
                disk.apply(step)?;
            }
            // What was acknowledged when the trace had so many bytes is in them.
            let cut = place.checked_sub(1).map_or(0, |last| self.steps[last].end);
            report.cuts += 1;
            for way in Way::CUTS {
                let known = Known::at(&self.history, cut);
                let second = report.cuts.is_multiple_of(SECOND_EVERY).then(|| dice.fork());
                self.look((cut, way), &disk.image(way, dice.fork()), known, second, &mut report).await?;
            }
            report.seconds = begun.elapsed().as_secs();
            say(&report);
            if until == Until::Violation && report.violations > 0 {
                break;
            }
        }
        Ok(report)
    }

    fn report(&self) -> anyhow::Result<Report> {
        let history = &self.history;
        let syncs = self.steps.iter().filter(|recorded| matches!(recorded.step, Step::Sync { .. })).count();
        let made = |wanted: fn(&str) -> bool| {
            let made = self.steps.iter().filter(|it| matches!(&it.step, Step::Make { name, .. } if wanted(name)));
            made.count()
        };
        Ok(Report {
            seed: self.plan.seed,
            server: version()?,
            syncs: if self.syncs == Syncs::Real { "real" } else { "ignored" }.to_owned(),
            trace_bytes: self.bytes,
            steps: self.steps.len(),
            sync_calls: syncs,
            kills: self.plan.kills,
            acknowledged: history.promises.len(),
            acknowledged_bytes: history.bytes,
            refused: history.refused.len(),
            conflicts: history.conflicts,
            segments: made(|name| name.ends_with(".seg")),
            index_versions: made(|name| name.strip_prefix('v').is_some_and(|rest| rest.parse::<u64>().is_ok())),
            ..Report::default()
        })
    }

    async fn look(
        &self,
        (cut, way): (u64, Way),
        image: &Image,
        known: Known,
        second: Option<Dice>,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        let acknowledged = known.acknowledged();
        let found = self.folder.join(DISK);
        let violation =
            |error: &anyhow::Error| Violation { cut, way: way.name().to_owned(), text: format!("{error:#}") };
        let mut tries = 0;
        let looked = loop {
            write_image(image, &found)?;
            let place = Place::new(&found.join(DATA), &self.folder.join(CONFIG))?;
            let looked = match second.clone() {
                None => oracle::look(&place, &mut known.clone(), Dice::new(cut)).await,
                Some(dice) => self.look_twice(&place, known.clone(), dice, report).await,
            };
            std::fs::remove_dir_all(&found)?;
            tries += 1;
            match &looked {
                Err(error) if tries < TRIES && was_slow(error) => report.slow += 1,
                _ => break looked,
            }
        };
        report.count(way, acknowledged, looked.as_ref().copied().map_err(violation));
        if looked.is_err()
            && let Some(kept) = std::env::var_os("TESTKIT_KEEP")
        {
            write_image(image, &Path::new(&kept).join(format!("{cut}-{}", way.name())))?;
        }
        Ok(())
    }

    /// Records the server while it recovers and is asked, and cuts that, too.
    async fn look_twice(
        &self,
        place: &Place,
        known: Known,
        mut dice: Dice,
        report: &mut Report,
    ) -> anyhow::Result<Looked> {
        let mut known = known.begins_anew();
        let found = self.folder.join(DISK);
        let mut disk = Disk::of(&found)?;
        let recorder = Recorder::new(&self.shim, &found, self.syncs)?;
        oracle::before(place)?;
        let server = recorder.start(place).await?;
        let ready_after = server.ready_after;
        oracle::ask(place, &mut known, dice.fork(), &|| recorder.position()).await?;
        let first = Looked::of(ready_after, &server.kill()?)?;
        oracle::after(place, &known)?;
        let steps = recorder.steps()?;
        let upto = dice.below(steps.len() + 1);
        for step in &steps[..upto] {
            disk.apply(step)?;
        }
        let cut = upto.checked_sub(1).map_or(0, |last| steps[last].end);
        let way = Way::CUTS[dice.below(Way::CUTS.len())];
        std::fs::remove_dir_all(&found)?;
        write_image(&disk.image(way, dice.fork()), &found)?;
        report.second_cuts += 1;
        let looked = oracle::look(place, &mut known.until(cut), dice).await;
        let second = || format!("a second cut, {} after {upto} of {} steps", way.name(), steps.len());
        let looked = looked.with_context(second)?;
        Ok(Looked {
            ready_after: looked.ready_after.max(first.ready_after),
            index_rebuilt: looked.index_rebuilt || first.index_rebuilt,
        })
    }
}

/// Whether somebody only ran out of patience, as happens on a machine with too much to do.
fn was_slow(error: &anyhow::Error) -> bool {
    let text = format!("{error:#}");
    ["the server closed", "nothing came in time", "it is not ready in time"].iter().any(|slow| text.contains(slow))
}

/// Where to cut, in steps, as chance has it, so that a run which is ended early has seen all of the load: half of them
/// right after what is not a write, and one of eight anywhere before the first promise, while the store is made.
fn places(steps: &[Recorded], first_promise: u64, cuts: usize, dice: &mut Dice) -> Vec<usize> {
    let made = steps.partition_point(|step| step.end <= first_promise).min(steps.len());
    let turns: Vec<_> = (made..steps.len()).filter(|at| !steps[*at].is_write()).map(|at| at + 1).collect();
    let mut place = |number: usize| match number % 8 {
        0 => dice.below(made + 1),
        1 | 3 | 5 | 7 if !turns.is_empty() => turns[dice.below(turns.len())],
        _ => made + dice.below(steps.len() + 1 - made),
    };
    (0..cuts).map(&mut place).collect()
}
