//! The whole, over real sockets. Each module is one promise.

#![allow(clippy::disallowed_methods)]

mod backends;
mod bad_network;
mod black_box;
mod command_line;
mod content_types;
mod deletions;
mod devices;
mod everywhere;
mod fuzz_corpus;
mod groups;
mod killed_senders;
mod messages;
mod messenger;
mod metrics;
mod offline;
mod people;
mod place;
mod played;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod power_cuts;
mod preferences;
mod presence;
mod receipts;
mod sdk;
mod stars;
mod two_people;
mod window;
mod wrong_clock;
