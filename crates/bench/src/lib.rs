#![doc = include_str!("../README.md")]
// An edge: clocks, sockets, threads and the system's own figures are its trade.
#![allow(clippy::disallowed_methods)]

pub mod args;
pub mod chat;
pub mod group;
pub mod message;
pub mod options;
