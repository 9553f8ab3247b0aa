//! What happened, as a hash for machines and as lines for people.

use std::fmt::{self, Write as _};

/// Lines that are kept when a trace is wanted.
const LINES_MAX: usize = 200_000;

/// The trace of one run.
#[derive(Debug)]
pub struct Trace {
    hash: u64,
    entries: u64,
    buffer: String,
    lines: Option<Vec<String>>,
}

impl Trace {
    /// An empty trace. Lines are kept only when somebody will read them.
    #[must_use]
    pub fn new(keep_lines: bool) -> Self {
        // The offset basis of FNV-1a.
        Self { hash: 0xCBF2_9CE4_8422_2325, entries: 0, buffer: String::new(), lines: keep_lines.then(Vec::new) }
    }

    /// Notes what happened at a time.
    pub fn note(&mut self, at_ms: u64, what: fmt::Arguments<'_>) {
        self.buffer.clear();
        // Writing into a string does not fail.
        let _ = write!(self.buffer, "{at_ms:>8} {what}");
        for byte in self.buffer.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
        self.entries += 1;
        if let Some(lines) = self.lines.as_mut().filter(|lines| lines.len() < LINES_MAX) {
            lines.push(self.buffer.clone());
        }
    }

    /// The hash of all that was noted.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// How much was noted.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// The lines, when they were kept.
    #[must_use]
    pub fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }
}
