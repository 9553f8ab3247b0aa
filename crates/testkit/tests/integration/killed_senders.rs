//! SIGKILL of `stonechat send` at random points: what was in its durable outbox is stored once and in order, nothing is
//! sent that was not there first, and what it said is acknowledged is.

use crate::place::{Place, err, lines};
use anyhow::{Context as _, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use stonechat_testkit::held;
use stonechat_testkit::people::PATIENCE;
use stonechat_testkit::store_log::{dump, verify};

/// Kills, at least.
const KILLS: usize = 60;
/// Of them, kills that left a message in the outbox, at least.
const WAITING: usize = 8;

/// What is known of the messages, by their texts.
#[derive(Default)]
struct Known {
    /// In the outbox or the store of the device after a kill.
    durable: BTreeSet<String>,
    /// Printed as acknowledged, at which seq.
    acknowledged: BTreeMap<String, u64>,
    killed: usize,
    /// Kills before the message was in the outbox.
    too_early: usize,
    /// Kills that left it in the outbox.
    waiting: usize,
    /// Processes that were done before their kill.
    done: usize,
}

impl Known {
    /// Runs a command that sends a text and kills it after a while, or lets it end.
    fn run(&mut self, mut command: Command, text: &str, kill_after: Option<Duration>) -> anyhow::Result<()> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        if let Some(after) = kill_after {
            std::thread::sleep(after);
            child.kill()?;
        }
        let output = child.wait_with_output()?;
        match output.status.code() {
            Some(code) => {
                ensure!(code == 0, "{text} ended with {code}: {}", err(&output));
                self.done += 1;
            }
            None => self.killed += 1,
        }
        // A line that was cut off is none; nor is it an end with success.
        let whole = output.stdout.ends_with(b"\n");
        ensure!(whole || output.status.code().is_none(), "{text} ended well and said nothing");
        if whole {
            let line = lines(&output)?.pop().context("a line")?;
            ensure!(line["text"] == text && line["deduplicated"] == false, "{line}");
            self.acknowledged.insert(text.to_owned(), line["seq"].as_u64().context("a seq")?);
        }
        Ok(())
    }

    /// Looks at what a killed process left on its disk.
    fn look(&mut self, place: &Place, text: &str) -> anyhow::Result<()> {
        let copy = held::copy(&place.home())?.context("the device has a store")?;
        let waiting = held::outbox(copy.path())?;
        let stored: Vec<_> = held::messages(copy.path())?.into_iter().map(|row| row.text).collect();
        if waiting.iter().any(|it| it == text) {
            self.waiting += 1;
        } else if !stored.iter().any(|it| it == text) {
            self.too_early += 1;
            ensure!(!self.acknowledged.contains_key(text), "{text} was acknowledged and is not on the device");
        }
        self.durable.extend(waiting);
        self.durable.extend(stored);
        Ok(())
    }
}

#[test]
fn a_sender_that_is_killed_neither_loses_nor_doubles_what_it_had_queued() -> anyhow::Result<()> {
    let place = Place::new()?;
    let server = place.serve()?;
    let token = place.mint("alice")?;
    let send = |text: &str| {
        place.command_with(&server.url, &token, &["send", "--to", "bob", text, "--json", "--timeout", "20s"])
    };
    let mut known = Known::default();
    // Twice to its end, to know how long that takes when the store is there.
    let mut whole = Duration::ZERO;
    for text in ["run 0", "run 1"] {
        let started = Instant::now();
        known.run(send(text), text, None)?;
        whole = started.elapsed();
    }

    let begun = Instant::now();
    let mut dice = 0xD1B5_4A32_D192_ED03_u64;
    let mut texts = vec!["run 0".to_owned(), "run 1".to_owned()];
    while known.killed < KILLS || known.waiting < WAITING {
        ensure!(begun.elapsed() < PATIENCE * 2, "too few of {} kills hit a message on its way", known.killed);
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let micros = u64::try_from(whole.as_micros())?.max(1);
        let text = format!("run {}", texts.len());
        let killed = known.killed;
        known.run(send(&text), &text, Some(Duration::from_micros((dice >> 33) % micros)))?;
        if known.killed > killed {
            known.look(&place, &text)?;
        }
        texts.push(text);
    }
    let last = "the last".to_owned();
    known.run(send(&last), &last, None)?;
    texts.push(last);

    let log = dump(&place.data())?;
    ensure!(log.len() == 1 && verify(&place.data())?.clean, "one conversation, and nothing is wrong");
    let entries: Vec<_> = log.values().flatten().filter(|entry| entry.is_message()).collect();
    let places: BTreeMap<&str, usize> = texts.iter().enumerate().map(|(i, text)| (text.as_str(), i)).collect();
    let mut stored = BTreeSet::new();
    let mut before = None;
    for entry in entries {
        let text = entry.text.as_deref().context("a text")?;
        let place = places.get(text).with_context(|| format!("nobody sent {text}"))?;
        ensure!(stored.insert(text), "{text} is there twice");
        ensure!(before < Some(*place), "{text} is out of order");
        let written = known.durable.contains(text) || known.acknowledged.contains_key(text);
        ensure!(written, "{text} was sent before it was on the disk of its device");
        if let Some(seq) = known.acknowledged.get(text) {
            ensure!(*seq == entry.seq, "{text} stands at {}, and was acknowledged at {seq}", entry.seq);
        }
        before = Some(*place);
    }
    for text in known.durable.iter().chain(known.acknowledged.keys()) {
        ensure!(stored.contains(text.as_str()), "{text} is missing");
    }
    println!(
        "{} kills of a sender within {whole:?}: {} before it had queued, {} left the message in the outbox, {} after \
         that; {} were done before; {} messages are there, each once and in order",
        known.killed,
        known.too_early,
        known.waiting,
        known.killed - known.too_early - known.waiting,
        known.done,
        stored.len()
    );
    ensure!(held::outbox(&place.home())?.is_empty(), "something is left in the outbox");
    drop(server);
    Ok(())
}
