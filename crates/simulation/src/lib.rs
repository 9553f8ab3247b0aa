#![doc = include_str!("../README.md")]
// A campaign has threads and a limit of real time; what is simulated has neither.
#![allow(clippy::disallowed_methods)]

mod answers;
pub mod campaign;
pub mod device;
pub mod dice;
pub mod ledger;
mod look;
pub mod model;
pub mod network;
pub mod node;
pub mod own;
pub mod plan;
pub mod planted;
pub mod plays;
pub mod ports;
pub mod presence;
pub mod shrink;
pub mod slow_log;
pub mod stream;
pub mod tally;
pub mod trace;
pub mod visits;
pub mod world;
