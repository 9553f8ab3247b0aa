//! The figures of `bench chat`, as they go into JSON; tables are written from them.

use crate::bare_file::BareRun;
use crate::metrics::Buckets;
use crate::record::Latencies;
use serde::Serialize;

/// Latencies in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Milliseconds {
    /// Half are shorter.
    pub p50: f64,
    /// One in a hundred is longer.
    pub p99: f64,
    /// One in a thousand is longer.
    pub p99_9: f64,
    /// The longest.
    pub max: f64,
}

impl From<&Latencies> for Milliseconds {
    fn from(latencies: &Latencies) -> Self {
        let ms = |ns: u64| ns as f64 / 1e6;
        Self {
            p50: ms(latencies.at(0.5)),
            p99: ms(latencies.at(0.99)),
            p99_9: ms(latencies.at(0.999)),
            max: ms(latencies.max()),
        }
    }
}

/// A histogram of the server.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Distribution {
    /// The mean.
    pub mean: f64,
    /// Upper bounds of buckets (none is the last, without bound), each with its share of all, in percent.
    pub percent_upto: Vec<(Option<f64>, f64)>,
}

impl Distribution {
    /// That of what was observed; none when that is nothing.
    #[must_use]
    pub fn of(buckets: &Buckets) -> Option<Self> {
        let (mean, count) = (buckets.mean()?, buckets.count() as f64);
        let share = |(bound, n): &(f64, u64)| (bound.is_finite().then_some(*bound), *n as f64 / count * 100.0);
        let percent_upto = buckets.counts.iter().filter(|(_, n)| *n > 0).map(share).collect();
        Some(Self { mean, percent_upto })
    }
}

/// The bare file beside a load.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BareFigures {
    /// Messages a flush: the mean of the server's batches during this load, rounded.
    pub batch: usize,
    /// Messages made durable a second.
    pub per_second: f64,
    /// How long a write with its flush takes.
    pub flush_ms: Milliseconds,
}

impl BareFigures {
    /// Those of a run.
    #[must_use]
    pub fn of(run: &BareRun, batch: usize) -> Self {
        Self { batch, per_second: run.per_second(), flush_ms: (&run.flush).into() }
    }
}

/// One second of an open loop, beside the bare flushes of that second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Second {
    /// The longest acknowledgement of a send that had to begin in it.
    pub ack_ms_max: f64,
    /// The longest bare flush in it.
    pub bare_flush_ms_max: Option<f64>,
}

/// One load.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LoadFigures {
    /// What was done: "closed 50 × 1".
    pub load: String,
    /// Pairs of people.
    pub pairs: usize,
    /// Sends in flight of each, in a closed loop.
    pub in_flight: Option<usize>,
    /// Sends that had to begin in a second, in an open loop.
    pub offered_per_second: Option<f64>,
    /// How long it was measured.
    pub seconds: f64,
    /// Acknowledged a second.
    pub acked_per_second: f64,
    /// Delivered to the other side a second.
    pub delivered_per_second: f64,
    /// From the begin of a send to its acknowledgement.
    pub ack_ms: Milliseconds,
    /// From the begin of a send to its delivery.
    pub delivery_ms: Milliseconds,
    /// CPU of the server for a million acknowledged messages.
    pub server_cpu_seconds_per_million: Option<f64>,
    /// Cores that the server used.
    pub server_cores: Option<f64>,
    /// Cores that the load program used.
    pub bench_cores: f64,
    /// Cores that everything else on the machine used meanwhile: with much of it the other figures say little.
    pub other_cores: Option<f64>,
    /// Memory of the server at the end.
    pub server_rss_mib: Option<f64>,
    /// Records in one offer to the log.
    pub batch_records: Option<Distribution>,
    /// Frames in one socket write of the server.
    pub frames_per_write: Option<Distribution>,
    /// The limit.
    pub bare: Option<BareFigures>,
    /// By second.
    pub by_second: Vec<Second>,
    /// Sends that the server refused for a while.
    pub refused: u64,
    /// Times that a side was told to pull.
    pub pokes: u64,
}

/// Idle connections.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct IdleFigures {
    /// How many.
    pub connections: usize,
    /// Direct conversations of each user.
    pub conversations: usize,
    /// Whether the process had not served these users before, so that nothing that it freed could be used again.
    pub fresh_process: bool,
    /// The server's memory without them.
    pub rss_without_mib: f64,
    /// And with them.
    pub rss_with_mib: f64,
    /// The difference for one: the connection, and what the server loads for its user.
    pub kib_each: f64,
    /// What one more connection adds when its user is loaded: a quarter of the users signed in on a second device.
    pub kib_second_device: f64,
}

/// Where it was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Machine {
    /// Cores that this process may use.
    pub cores: usize,
    /// The processor, as the system names it.
    pub processor: String,
    /// The kernel.
    pub kernel: String,
    /// Seconds since 1970.
    pub measured_at: u64,
    /// How frames travelled.
    pub server: String,
    /// Bytes of the text of a message.
    pub text_bytes: usize,
    /// Bytes of its body.
    pub body_bytes: usize,
    /// Threads of the load program.
    pub bench_threads: usize,
    /// Connections held beside the load.
    pub held_connections: usize,
    /// Whether the program was built with optimisation.
    pub optimised: bool,
}

/// All figures of one run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChatFigures {
    /// Where.
    pub machine: Machine,
    /// One by one.
    pub loads: Vec<LoadFigures>,
    /// Memory.
    pub idle: Option<IdleFigures>,
    /// How each figure came about.
    pub method: Vec<String>,
}
