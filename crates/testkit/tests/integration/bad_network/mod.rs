//! The real connection loop and the real driver of the SDK over a network that loses, holds and delays, on hosts that
//! crash: all in one process, in simulated time. A seed gives the same run again.
//!
//! More seeds than the tests take: `STONECHAT_NETWORK_SEEDS=500 cargo test -p stonechat-testkit bad_network`, and
//! `STONECHAT_NETWORK_FROM=17` begins with another than 0. A failure names its seed.

mod ledger;
mod line;
mod person;
mod run;
mod stage;
mod weather;

use run::{Report, run};
use std::collections::BTreeMap;

/// Seeds that one run of the tests takes.
const SEEDS: u64 = 10;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn every_accepted_message_is_acknowledged_once_and_no_connection_is_left_behind() {
    let from = number("STONECHAT_NETWORK_FROM").unwrap_or(0);
    let seeds = number("STONECHAT_NETWORK_SEEDS").unwrap_or(SEEDS);
    let mut all = Report::default();
    for seed in from..from + seeds {
        match std::panic::catch_unwind(|| run(seed)) {
            Ok(Ok(report)) => all.add(report),
            Ok(Err(error)) => panic!("seed {seed}: {error:#}"),
            Err(panic) => {
                eprintln!("seed {seed} panicked");
                std::panic::resume_unwind(panic);
            }
        }
    }
    println!("{seeds} seeds from {from}: {all:#?}");
    // What the property is about has happened, or it says nothing.
    let visited = BTreeMap::from([
        ("acknowledged", all.acknowledged),
        ("told from an earlier try", all.deduplicated),
        ("waits after a loss", all.waits),
        ("waits after a goaway", all.leaves),
        ("silent servers left", all.silence_broken_by_client),
        ("silent clients left", all.silence_broken_by_server),
        ("partitions", all.partitions),
        ("one-way partitions", all.one_way),
        ("holds", all.holds),
        ("lossy links", all.lossy),
        ("slow links", all.slow),
        ("server crashes", all.server_crashes),
        ("drains", all.drains),
        ("device crashes", all.device_crashes),
    ]);
    let never: Vec<_> = visited.iter().filter(|(_, times)| **times == 0).map(|(what, _)| *what).collect();
    assert!(never.is_empty(), "never happened: {never:?}");
    all.check_jitter();
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in 2..6 {
        let (one, two) = (run(seed).unwrap(), run(seed).unwrap());
        if let Some(difference) = one.first_difference(&two) {
            panic!("seed {seed}:\n{difference}");
        }
        assert_eq!(one.trace_hash(), two.trace_hash());
        assert!(one.trace.len() > 200, "{} lines", one.trace.len());
    }
    assert_ne!(run(1).unwrap().trace_hash(), run(2).unwrap().trace_hash());
}
