#![doc = include_str!("../README.md")]
// A test kit is an edge: it starts processes, opens sockets and reads clocks.
#![allow(clippy::disallowed_methods)]

pub mod black_box;
pub mod dice;
pub mod fuzz;
pub mod gate;
pub mod held;
pub mod ids;
pub mod local;
pub mod observed;
pub mod people;
pub mod power_cut;
pub mod process;
pub mod raw;
pub mod store_log;
