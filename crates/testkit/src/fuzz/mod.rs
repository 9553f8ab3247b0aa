//! What is fuzzed: one file a target, a function of any bytes that panics when a promise is broken.
//!
//! The fuzzer in `fuzz/` calls them with bytes that it makes, the integration suite with those that are kept in
//! `fuzz/corpus/` and `fuzz/regressions/`. A new parser gets a file here, a line in [`TARGETS`], a file of three lines in
//! `fuzz/fuzz_targets/` and seeds.

pub mod client;
mod client_script;
pub mod config;
pub mod frames;
pub mod handshake;
mod ids;
pub mod json_frames;
pub mod jwt;
pub mod rows;
mod segment_store;
pub mod segments;
pub mod session;
mod session_script;
mod tape;
pub mod tcp_framing;
pub mod tokens;
pub mod websocket;

/// One thing that is fuzzed.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: that of its file here, of its corpus and of its program.
    pub name: &'static str,
    /// Takes any bytes; panics when a promise is broken.
    pub run: fn(&[u8]),
    /// Bytes of the longest input that a fuzzer should make.
    pub input_bytes_max: usize,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "frames", run: frames::run, input_bytes_max: 4096 },
    Target { name: "json_frames", run: json_frames::run, input_bytes_max: 4096 },
    Target { name: "tcp_framing", run: tcp_framing::run, input_bytes_max: 2048 },
    Target { name: "websocket", run: websocket::run, input_bytes_max: 2048 },
    Target { name: "handshake", run: handshake::run, input_bytes_max: 1024 },
    Target { name: "tokens", run: tokens::run, input_bytes_max: 256 },
    Target { name: "jwt", run: jwt::run, input_bytes_max: 2048 },
    Target { name: "rows", run: rows::run, input_bytes_max: 2048 },
    Target { name: "segments", run: segments::run, input_bytes_max: 2048 },
    Target { name: "config", run: config::run, input_bytes_max: 2048 },
    Target { name: "session", run: session::run, input_bytes_max: 4096 },
    Target { name: "client", run: client::run, input_bytes_max: 4096 },
];

/// The target of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
