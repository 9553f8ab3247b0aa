//! Loads on a server that keeps its promises, and on one that breaks one of them.

// Loads run by the clock, against a server with threads of its own.
#![allow(clippy::disallowed_methods)]

mod chat;
mod fake_server;
mod group;
