//! What one thread of the load program has counted; all together make a figure.

use hdrhistogram::Histogram;

/// Longest latency that is told from longer ones.
const LATENCY_NS_MAX: u64 = 120_000_000_000;

/// A histogram of nanoseconds, three digits of which are right.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, LATENCY_NS_MAX, 3);
        // The bounds are constants that hdrhistogram accepts; a histogram that grows by itself would do as well.
        Self(histogram.or_else(|_| Histogram::new(3)).unwrap_or_else(|_| unreachable!("3 digits are allowed")))
    }
}

impl Latencies {
    /// Adds one.
    pub fn record(&mut self, ns: u64) {
        self.0.saturating_record(ns.max(1));
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Self) {
        // Both have the same bounds, so that nothing can be refused.
        let _ = self.0.add(&other.0);
    }

    /// The latency that a share (0.99) does not exceed; 0 when there is none.
    #[must_use]
    pub fn at(&self, share: f64) -> u64 {
        self.0.value_at_quantile(share)
    }

    /// The longest.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.0.max()
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len()
    }
}

/// The longest of each second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LongestPerSecond(Vec<u64>);

impl LongestPerSecond {
    /// Adds one, at a time since the measurement began.
    pub fn record(&mut self, since_ns: u64, ns: u64) {
        let second = (since_ns / 1_000_000_000) as usize;
        if self.0.len() <= second {
            self.0.resize(second + 1, 0);
        }
        self.0[second] = self.0[second].max(ns);
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Self) {
        for (second, ns) in other.0.iter().enumerate() {
            self.record(second as u64 * 1_000_000_000, *ns);
        }
    }

    /// By second.
    #[must_use]
    pub fn seconds(&self) -> &[u64] {
        &self.0
    }
}

/// What is counted between `from_ns` and `until_ns`; what happens outside is checked but not counted.
#[derive(Clone, Debug)]
pub struct Recorder {
    /// When counting begins.
    pub from_ns: u64,
    /// When it ends.
    pub until_ns: u64,
    /// Acknowledgements.
    pub acked: u64,
    /// Messages that reached the other side.
    pub delivered: u64,
    /// From the begin of a send to its acknowledgement.
    pub ack: Latencies,
    /// The longest of those, by the second in which they began.
    pub ack_longest: LongestPerSecond,
    /// From the begin of a send to its delivery.
    pub delivery: Latencies,
    /// Sends that the server refused for a while, and that were sent again.
    pub refused: u64,
    /// Times that a receiver was told to pull.
    pub pokes: u64,
}

impl Recorder {
    /// Nothing yet.
    #[must_use]
    pub fn new(from_ns: u64, until_ns: u64) -> Self {
        Self {
            from_ns,
            until_ns,
            acked: 0,
            delivered: 0,
            ack: Latencies::default(),
            ack_longest: LongestPerSecond::default(),
            delivery: Latencies::default(),
            refused: 0,
            pokes: 0,
        }
    }

    /// A send that began then was acknowledged now. It counts for the rate when it ends within the measurement, and
    /// for latency when it began there: else the slowest, which end too late, would be missing.
    pub fn acked(&mut self, begun_ns: u64, now_ns: u64) {
        self.acked += u64::from(self.counts(now_ns));
        if self.counts(begun_ns) {
            let latency = now_ns.saturating_sub(begun_ns);
            self.ack.record(latency);
            self.ack_longest.record(begun_ns - self.from_ns, latency);
        }
    }

    /// A message whose send began then is here now.
    pub fn delivered(&mut self, begun_ns: u64, now_ns: u64) {
        self.delivered += u64::from(self.counts(now_ns));
        if self.counts(begun_ns) {
            self.delivery.record(now_ns.saturating_sub(begun_ns));
        }
    }

    fn counts(&self, at_ns: u64) -> bool {
        (self.from_ns..self.until_ns).contains(&at_ns)
    }

    /// Adds all that another thread counted in the same span.
    pub fn merge(&mut self, other: &Self) {
        self.acked += other.acked;
        self.delivered += other.delivered;
        self.ack.merge(&other.ack);
        self.ack_longest.merge(&other.ack_longest);
        self.delivery.merge(&other.delivery);
        self.refused += other.refused;
        self.pokes += other.pokes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_threads_together_are_what_one_would_have_counted() {
        let (mut both, mut a, mut b) =
            (Recorder::new(100, 9_000), Recorder::new(100, 9_000), Recorder::new(100, 9_000));
        for at in 0u64..10_000 {
            let half = if at % 3 == 0 { &mut a } else { &mut b };
            half.acked(at, at + at % 700);
            half.delivered(at, at + at % 900);
            both.acked(at, at + at % 700);
            both.delivered(at, at + at % 900);
        }
        a.merge(&b);
        assert_eq!((a.acked, a.delivered, a.ack.count()), (both.acked, both.delivered, both.ack.count()));
        for share in [0.5, 0.9, 0.99, 0.999, 1.0] {
            assert_eq!((a.ack.at(share), a.delivery.at(share)), (both.ack.at(share), both.delivery.at(share)));
        }
        assert_eq!(a.ack_longest, both.ack_longest);
    }

    #[test]
    fn what_begins_or_ends_outside_is_not_counted_there() {
        let mut recorder = Recorder::new(1_000, 2_000);
        recorder.acked(900, 1_100); // Ends inside: a rate, no latency.
        recorder.acked(1_900, 2_500); // Begins inside: a latency, no rate.
        assert_eq!((recorder.acked, recorder.ack.count(), recorder.ack.max()), (1, 1, 600));
    }

    #[test]
    fn the_longest_is_kept_for_each_second() {
        let mut longest = LongestPerSecond::default();
        longest.record(2_500_000_000, 7);
        longest.record(2_900_000_000, 5);
        let mut other = LongestPerSecond::default();
        other.record(100, 3);
        longest.merge(&other);
        assert_eq!(longest.seconds(), [3, 0, 7]);
    }
}
