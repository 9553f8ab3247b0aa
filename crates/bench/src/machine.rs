//! Where it was measured.

use crate::figures::Machine;
use crate::message::Body;
use crate::options::ChatOptions;
use std::fs;
use std::time::SystemTime;

/// What a reader must know to compare.
#[must_use]
pub fn describe(options: &ChatOptions) -> Machine {
    let measured_at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    Machine {
        cores: cores(),
        processor: processor().unwrap_or_else(|| "unknown".into()),
        kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().into(),
        measured_at,
        server: options.target.server.to_string(),
        text_bytes: options.body_bytes,
        body_bytes: Body::new(options.body_bytes).wire_bytes(),
        bench_threads: options.threads,
        held_connections: options.connections,
        optimised: !cfg!(debug_assertions),
    }
}

/// Cores that this process may use.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().into())
}
