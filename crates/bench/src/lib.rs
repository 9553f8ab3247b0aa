#![doc = include_str!("../README.md")]
// An edge: clocks, sockets, threads and the system's own figures are its trade.
#![allow(clippy::disallowed_methods)]

pub mod args;
pub mod audience;
pub mod bare_file;
pub mod broadcast;
pub mod chat;
pub mod chat_report;
pub mod check;
pub mod clock;
pub mod crowd;
pub mod figures;
pub mod fleet;
pub mod framing;
pub mod group;
pub mod group_calls;
pub mod group_report;
pub mod link;
pub mod machine;
pub mod message;
pub mod metrics;
pub mod options;
pub mod phase;
pub mod process;
pub mod receiver;
pub mod record;
pub mod scan;
pub mod schedule;
pub mod seats;
pub mod sender;
pub mod speaker;
pub mod table;
