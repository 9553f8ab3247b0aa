#![doc = include_str!("../README.md")]
// A test kit is an edge: it starts processes, opens sockets and reads clocks.
#![allow(clippy::disallowed_methods)]

pub mod ids;
pub mod local;
pub mod process;
pub mod raw;
