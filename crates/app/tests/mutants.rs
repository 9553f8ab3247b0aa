//! The planted fault of fan-out does what it says, so that the simulation is asked a real question.
#![cfg(feature = "mutants")]

mod harness;

use harness::{World, user};
use std::time::Duration;
use stonechat_app::api::ChangeRequest;
use stonechat_app::mutant::{Mutant, Mutants};
use stonechat_app::node::Options;
use stonechat_types::number::Seq;
use tokio::time::sleep;

async fn last_that_the_removed_sees(mutants: Mutants) -> Option<Seq> {
    let world = World::with(Options { mutants, ..Options::default() });
    let mut alice = world.device("alice", "phone").await;
    let bob = world.device("bob", "phone").await;
    let here = alice.group("Ops", &["bob"]).await;
    alice.change(here, ChangeRequest::RemoveMember(user("bob"))).await.unwrap();
    let after = alice.send_in(here, "without bob").await.unwrap();
    assert_eq!(after.id.seq, Seq(3));
    sleep(Duration::from_secs(2)).await;
    bob.sink.events().last().map(|event| event.id.seq)
}

#[tokio::test(start_paused = true)]
async fn a_removal_that_is_ignored_shows_the_removed_what_came_after() {
    assert_eq!(last_that_the_removed_sees(Mutants::default()).await, Some(Seq(2)));
    assert_eq!(last_that_the_removed_sees(Mutants::plant(Mutant::RemovalIgnoredForQueued)).await, Some(Seq(3)));
}
