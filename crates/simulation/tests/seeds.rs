//! A few seeds in every `cargo test`; `make sim` runs a thousand.

use stonechat_simulation::campaign::run_seed;
use stonechat_simulation::plan::Plan;
use stonechat_simulation::shrink::{kind, same};
use stonechat_simulation::world::Kept;

#[test]
fn a_seed_gives_the_same_run_twice_and_none_is_violated() {
    for seed in 0..8 {
        let (first, second) = (run_seed(seed, None, &Kept::All, false), run_seed(seed, None, &Kept::All, false));
        assert_eq!(first.violation, None, "seed {seed}");
        assert_eq!((first.hash, first.entries), (second.hash, second.entries), "seed {seed}");
        assert!(first.acknowledgements > 0, "seed {seed} did nothing");
    }
}

#[test]
fn the_trace_of_a_seed_is_another_than_that_of_its_neighbour() {
    assert_ne!(run_seed(0, None, &Kept::All, false).hash, run_seed(1, None, &Kept::All, false).hash);
}

#[test]
fn a_step_that_is_left_out_is_left_out() {
    let count = Plan::of(3).steps.len();
    let none = run_seed(3, None, &Kept::Only(Default::default()), true);
    assert_eq!(none.violation, None);
    assert!(count > 0 && !none.lines.iter().any(|line| line.contains(" step ")));
    let one = run_seed(3, None, &Kept::Only([0].into()), true);
    assert_eq!(one.lines.iter().filter(|line| line.contains(" step ")).count(), 1);
}

#[test]
fn a_violation_is_known_again_by_its_words() {
    assert!(same("device 3 of user1: the cursor is at 7", "device 0 of user4: the cursor is at 9"));
    assert!(!same("the cursor is at 7", "the head is at 7"));
    assert_eq!(kind("message 14 is not held"), "message is not held");
}
