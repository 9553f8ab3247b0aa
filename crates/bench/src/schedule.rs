//! When the sends of an open loop have to begin: by the clock alone. A latency counts from that time and not from when
//! the send could begin, so a server that stands still is charged for all who came meanwhile (the omission that closed
//! loops coordinate with the server).

/// Sends of several pairs, evenly spread: pair 0, pair 1, and so on, one a gap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// When the first send of the first pair begins.
    pub start_ns: u64,
    /// From one send to the next, over all pairs.
    pub gap_ns: f64,
    /// Pairs.
    pub pairs: u64,
}

impl Schedule {
    /// So many sends a second over all pairs.
    #[must_use]
    pub fn per_second(start_ns: u64, rate: f64, pairs: usize) -> Self {
        Self { start_ns, gap_ns: 1e9 / rate.max(1e-3), pairs: pairs.max(1) as u64 }
    }

    /// When the `number`th send of a pair, from 0, has to begin.
    #[must_use]
    pub fn begins_ns(&self, pair: usize, number: u64) -> u64 {
        self.start_ns + ((number * self.pairs + pair as u64) as f64 * self.gap_ns) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Latencies;

    #[test]
    fn sends_are_spread_evenly_over_time_and_pairs() {
        let schedule = Schedule::per_second(1_000, 1_000.0, 4);
        let mut times: Vec<_> = (0..4).flat_map(|pair| (0..3).map(move |n| schedule.begins_ns(pair, n))).collect();
        times.sort_unstable();
        let gaps: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!((times[0], gaps), (1_000, vec![1_000_000; 11]));
    }

    /// A server answers in 1 ms, but stands still from 1 s to 2 s of 10 s. One pair asks 100 times a second.
    #[test]
    fn a_standstill_is_charged_to_everybody_who_came_meanwhile() {
        let schedule = Schedule::per_second(0, 100.0, 1);
        let (ms, standstill) = (1_000_000, 1_000_000_000..2_000_000_000);
        let answered = |begun: u64| if standstill.contains(&begun) { standstill.end + ms } else { begun + ms };
        let (mut corrected, mut naive) = (Latencies::default(), Latencies::default());
        let mut free_ns = 0;
        for number in 0..1_000 {
            let intended = schedule.begins_ns(0, number);
            let begun = intended.max(free_ns); // One in flight: it has to wait for the one before.
            free_ns = answered(begun);
            corrected.record(free_ns - intended);
            naive.record(free_ns - begun);
        }
        // 100 of 1,000 came in the standstill and waited from 1,000 ms down to 10 ms; a closed loop sees one of them.
        assert!((naive.at(0.99) as i64 - ms as i64).abs() < 10_000, "{}", naive.at(0.99));
        let p99 = corrected.at(0.99) / ms;
        assert!((895..=920).contains(&p99), "{p99}");
        assert_eq!(corrected.max() / ms, 1_001);
    }
}
