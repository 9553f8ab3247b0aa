//! What the server counts itself, from its `/metrics`: the difference between two looks.

use anyhow::{Context as _, bail};
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// How long the server may take.
const SCRAPE_TIMEOUT: Duration = Duration::from_secs(5);

/// One look at `/metrics`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scrape(BTreeMap<String, f64>);

impl Scrape {
    /// Asks the server. HTTP/1.0, so that the answer comes in one piece.
    ///
    /// # Errors
    /// When there is no answer, or it is not 200.
    pub fn fetch(authority: &str) -> anyhow::Result<Self> {
        let ask = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(authority)?;
            stream.set_read_timeout(Some(SCRAPE_TIMEOUT))?;
            write!(stream, "GET /metrics HTTP/1.0\r\nHost: {authority}\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        let answer = ask().with_context(|| format!("could not read http://{authority}/metrics"))?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.lines().next().unwrap_or_default();
        if !status.contains(" 200") {
            bail!("http://{authority}/metrics answered {status:?}");
        }
        Ok(Self::parse(body))
    }

    /// Reads the text of Prometheus. Lines that are none are passed over.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let samples = lines.filter_map(|line| {
            // The labels may hold spaces; a time may stand behind the value.
            let name_end = line.rfind('}').map_or_else(|| line.find(' '), |at| Some(at + 1))?;
            let (name, rest) = line.split_at(name_end);
            Some((name.to_owned(), rest.split_ascii_whitespace().next()?.parse().ok()?))
        });
        Self(samples.collect())
    }

    /// A counter, over all its labels. The prefix of a name is the server's choice, so the end names it.
    #[must_use]
    pub fn counter(&self, name_end: &str) -> Option<f64> {
        let mut found = self.0.iter().filter(|(name, _)| bare(name).ends_with(name_end)).peekable();
        found.peek()?;
        Some(found.map(|(_, value)| value).sum())
    }

    /// A histogram, over all its labels.
    #[must_use]
    pub fn buckets(&self, name_end: &str) -> Option<Buckets> {
        let (bucket, sum) = (format!("{name_end}_bucket"), format!("{name_end}_sum"));
        let mut upto: Vec<(f64, u64)> = Vec::new();
        for (name, value) in self.0.iter().filter(|(name, _)| bare(name).ends_with(&bucket)) {
            let bound = bound(name)?;
            match upto.iter_mut().find(|(known, _)| *known == bound) {
                Some((_, count)) => *count += *value as u64,
                None => upto.push((bound, *value as u64)),
            }
        }
        upto.sort_by(|a, b| a.0.total_cmp(&b.0));
        let below = std::iter::once(0).chain(upto.iter().map(|(_, count)| *count));
        let counts = upto.iter().zip(below).map(|((bound, count), below)| (*bound, count.saturating_sub(below)));
        let counts: Vec<_> = counts.collect();
        (!counts.is_empty()).then(|| Buckets { counts, sum: self.counter(&sum).unwrap_or(0.0) })
    }
}

fn bare(name: &str) -> &str {
    name.split('{').next().unwrap_or(name)
}

fn bound(name: &str) -> Option<f64> {
    let (_, after) = name.split_once("le=\"")?;
    match after.split('"').next()? {
        "+Inf" => Some(f64::INFINITY),
        number => number.parse().ok(),
    }
}

/// A histogram of the server: how many were at most a bound and above the one before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Buckets {
    /// Upper bounds, rising, each with its count.
    pub counts: Vec<(f64, u64)>,
    /// The sum of all that was observed.
    pub sum: f64,
}

impl Buckets {
    /// What was observed since an earlier look.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |bound: f64| earlier.counts.iter().find(|(known, _)| *known == bound).map_or(0, |(_, n)| *n);
        Self {
            counts: self.counts.iter().map(|(bound, n)| (*bound, n.saturating_sub(before(*bound)))).collect(),
            sum: self.sum - earlier.sum,
        }
    }

    /// How many were observed.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().map(|(_, n)| n).sum()
    }

    /// Their mean; `None` of nothing.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        let count = self.count();
        (count > 0).then(|| self.sum / count as f64)
    }

    /// The upper bound of the bucket in which a share of all is reached.
    #[must_use]
    pub fn at(&self, share: f64) -> Option<f64> {
        let needed = (self.count() as f64 * share).ceil().max(1.0) as u64;
        let mut seen = 0;
        self.counts.iter().find_map(|(bound, n)| {
            seen += n;
            (seen >= needed).then_some(*bound)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EARLIER: &str = "# HELP x_offer_records Records.\n# TYPE x_offer_records histogram\n\
        x_offer_records_sum 10.0\nx_offer_records_count 4\n\
        x_offer_records_bucket{le=\"1.0\"} 2\nx_offer_records_bucket{le=\"8.0\"} 4\n\
        x_offer_records_bucket{le=\"+Inf\"} 4\n";
    const LATER: &str = "x_offer_records_sum 110.0\nx_offer_records_count 14\n\
        x_offer_records_bucket{le=\"1.0\"} 5\nx_offer_records_bucket{le=\"8.0\"} 12\n\
        x_offer_records_bucket{le=\"+Inf\"} 14\n\
        x_refusals_total{code=\"over loaded\"} 3 1790000000\nx_refusals_total{code=\"full\"} 4\nnonsense\n# EOF\n";

    #[test]
    fn a_histogram_is_the_difference_of_two_looks() {
        let (earlier, later) = (Scrape::parse(EARLIER), Scrape::parse(LATER));
        let seen = later.buckets("offer_records").unwrap().since(&earlier.buckets("offer_records").unwrap());
        assert_eq!(seen.counts, [(1.0, 3), (8.0, 5), (f64::INFINITY, 2)]);
        assert_eq!((seen.count(), seen.mean()), (10, Some(10.0)));
        assert_eq!((seen.at(0.3), seen.at(0.5), seen.at(1.0)), (Some(1.0), Some(8.0), Some(f64::INFINITY)));
        assert_eq!(later.buckets("other"), None);
    }

    #[test]
    fn labels_are_summed() {
        let scrape = Scrape::parse(LATER);
        assert_eq!(scrape.counter("refusals_total"), Some(7.0));
        assert_eq!(scrape.counter("missing_total"), None);
        let two = "a_bucket{shard=\"0\",le=\"1\"} 1\na_bucket{shard=\"1\",le=\"1\"} 2\n";
        assert_eq!(Scrape::parse(two).buckets("a").unwrap().counts, [(1.0, 3)]);
        assert_eq!(Buckets::default().mean(), None);
    }
}
