//! The messages of a load.

/// Shortest text: its number and its time.
pub const TEXT_BYTES_MIN: usize = 32;
/// Longest text, so that the body is within its limit.
pub const TEXT_BYTES_MAX: usize = 65_000;
