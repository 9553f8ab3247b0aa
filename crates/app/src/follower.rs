//! Followers: consumers of the feed with a durable position of their own. A follower is never called from the send path
//! and blocks no send. Its effects and its new position are one record, so each record of the feed takes effect exactly
//! once, through crashes.

use crate::directory::store;
use crate::metrics::OfFollower;
use crate::mutant::{Mutant, Mutants};
use crate::node::Node;
use crate::rows::{follower as row, key};
use crate::watermark::Watermark;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use stonechat_log::record::{FeedRecord, Record};
use stonechat_log::row::{RowKey, RowWrite};
use stonechat_log::store::{Log, LogError};
use stonechat_types::number::LanePosition;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Longest name of a follower, in bytes.
pub const FOLLOWER_NAME_BYTES_MAX: usize = 32;
/// Records of the feed that are read at once.
pub const PAGE_RECORDS_MAX: usize = 256;
/// Bytes of effects above which a page is applied in parts. The effects of one record may be larger.
pub const EFFECT_BYTES_MAX: usize = 1024 * 1024;
/// Records without effects after which the position is stored all the same: what is read again after a crash.
pub const UNSTORED_RECORDS_MAX: u64 = 4_096;
/// First pause after the store refused a read or a commit. It doubles up to [`REFUSED_PAUSE_MAX`].
pub const REFUSED_PAUSE_MIN: Duration = Duration::from_millis(100);
/// Longest pause between two tries.
pub const REFUSED_PAUSE_MAX: Duration = Duration::from_secs(30);
/// Time after which a follower looks at the feed although nothing woke it.
pub const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// The rows that a follower asked for; those that do not exist are not among them.
pub type Rows = BTreeMap<RowKey, Bytes>;

/// A consumer of the feed, as a rule: it keeps nothing between two calls but what is in its rows.
///
/// The runner promises:
/// 1. Records come in the order of the feed. Only those with an event or personal changes come; what is damaged is
///    reported, counted and passed over. Bodies are sealed, and empty when they were scrubbed or are damaged.
/// 2. The rows that `apply` returns are committed in one record with the position behind the records. When that is
///    refused, or a crash comes first, the same records come again, perhaps in other pages: `apply` may be called more
///    than once for a record, but takes effect in the store once.
/// 3. One call at a time, and the rows are as the commit before left them. Rows that others write are as they are now,
///    which may be after the records.
///
/// Whatever happens outside of the store (a push, a web request) can be repeated by a crash. Write the intent as a row,
/// deliver from the rows, and give the receiver a key that stays the same: the follower's name and the record's position.
pub trait Follower: Send + Sync {
    /// Its name for ever: 1 to [`FOLLOWER_NAME_BYTES_MAX`] bytes of `[a-z0-9_]`. Its position is stored under it.
    fn name(&self) -> &'static str;

    /// The rows that `apply` has to see for these records.
    fn wants(&self, records: &[FeedRecord]) -> Vec<RowKey>;

    /// What follows from these records: rows of its own, which nobody else writes. With `Some`, even of nothing, the
    /// position behind the records is durable before the next call. With `None`, the records meant nothing to it, and
    /// its position is stored some time.
    fn apply(&self, records: &[FeedRecord], rows: &Rows) -> Option<Vec<RowWrite>>;
}

/// Where a follower begins that has no position yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the oldest record that is retained.
    Oldest,
    /// Behind the last record that is committed now: it has made, or needs, nothing of what was before.
    Now,
}

/// Why a follower was not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FollowError {
    /// A position cannot be stored under this name.
    #[error("the name of a follower is 1 to 32 bytes of [a-z0-9_], which {0:?} is not")]
    Name(&'static str),
    /// Two of one name would share a position.
    #[error("there is a follower of the name {0} already")]
    Taken(&'static str),
}

/// Checks the name of a follower.
///
/// # Errors
/// [`FollowError::Name`].
pub(crate) fn check_name(name: &'static str) -> Result<(), FollowError> {
    let allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    if (1..=FOLLOWER_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    Err(FollowError::Name(name))
}

/// Brings the feed to one follower.
pub(crate) struct Runner {
    log: Arc<dyn Log>,
    watermark: Arc<Watermark>,
    counts: OfFollower,
    mutants: Mutants,
    follower: Arc<dyn Follower>,
    /// Where it begins without a stored position.
    start: LanePosition,
    place: Option<Place>,
}

/// Where a follower stands.
#[derive(Clone, Copy)]
struct Place {
    stored: LanePosition,
    passed: LanePosition,
    /// Records to read at once; fewer near a damaged one.
    page: usize,
}

/// What one look at the feed came to.
enum Look {
    More,
    AtTheEnd,
}

impl Runner {
    /// A runner that begins at `start` as it is now, unless the follower has a position.
    pub fn new(node: &Node, follower: Arc<dyn Follower>, start: Start) -> Self {
        let start = match start {
            Start::Oldest => LanePosition::ZERO,
            Start::Now => node.log.head(),
        };
        Self {
            log: node.log.clone(),
            watermark: node.watermark.clone(),
            counts: node.metrics.follower(follower.name()),
            mutants: node.options.mutants,
            follower,
            start,
            place: None,
        }
    }

    /// Runs until `stop`, or until the store is closed. A commit that is on its way is waited for.
    pub async fn run(mut self, stop: CancellationToken) {
        let name = self.follower.name();
        let watermark = self.watermark.clone();
        let mut pause = REFUSED_PAUSE_MIN;
        while !stop.is_cancelled() {
            // Before the look, so that nothing is missed between the two.
            let moved = watermark.moved();
            let look = self.look().await;
            self.tell_lag();
            match look {
                Ok(Look::More) => {
                    pause = REFUSED_PAUSE_MIN;
                    tokio::task::yield_now().await;
                }
                Ok(Look::AtTheEnd) => {
                    pause = REFUSED_PAUSE_MIN;
                    tokio::select! {
                        biased;
                        () = stop.cancelled() => return,
                        () = moved => {}
                        () = sleep(LOOK_AGAIN) => {}
                    }
                }
                Err(LogError::Closed) => return,
                Err(error) => {
                    self.counts.refusals.inc();
                    if pause == REFUSED_PAUSE_MIN {
                        tracing::warn!(follower = name, %error, "The follower {name} waits for the store");
                    }
                    tokio::select! {
                        biased;
                        () = stop.cancelled() => return,
                        () = sleep(pause) => {}
                    }
                    pause = (pause * 2).min(REFUSED_PAUSE_MAX);
                }
            }
        }
    }

    /// Takes one page of the feed.
    async fn look(&mut self) -> Result<Look, LogError> {
        let place = match self.place {
            Some(place) => place,
            None => self.begin().await?,
        };
        self.place = Some(place);
        let after = place.passed;
        match self.log.feed(after, place.page).await {
            Ok(records) if records.is_empty() => return Ok(Look::AtTheEnd),
            Ok(records) => self.pass(after, records).await?,
            Err(LogError::Corrupt(_)) if place.page > 1 => {
                self.place = Some(Place { page: place.page / 2, ..place });
            }
            Err(LogError::Corrupt(why)) => {
                let Some(readable) = self.readable(after).await? else { return Err(LogError::Corrupt(why)) };
                self.report_hole(after, readable);
                self.passed(LanePosition(readable.0 - 1));
            }
            Err(error) => return Err(error),
        }
        Ok(Look::More)
    }

    /// Reads the stored position, or stores the declared one.
    async fn begin(&mut self) -> Result<Place, LogError> {
        let stored = self.log.load(vec![key::follower(self.follower.name())]).await?;
        let position = match stored.into_iter().next().flatten() {
            Some(stored) => row::decode(&stored)?,
            None => {
                if self.start > LanePosition::ZERO {
                    self.commit(Vec::new(), self.start).await?;
                }
                self.start
            }
        };
        Ok(Place { stored: position, passed: position, page: PAGE_RECORDS_MAX })
    }

    /// Hands over what a page says, and passes it.
    async fn pass(&mut self, mut after: LanePosition, records: Vec<FeedRecord>) -> Result<(), LogError> {
        let mut holes = Vec::new();
        for record in &records {
            if record.position > after.next() {
                holes.push((after, record.position));
            }
            after = record.position;
        }
        let says_something = |record: &FeedRecord| record.event.is_some() || !record.personal.is_empty();
        let records: Vec<FeedRecord> = records.into_iter().filter(says_something).collect();
        let mut left = &records[..];
        while !left.is_empty() {
            let (count, effects) = self.apply(left).await?;
            let (taken, rest) = left.split_at(count);
            let upto = if rest.is_empty() { after } else { taken[count - 1].position };
            if let Some(rows) = effects {
                self.commit(rows, upto).await?;
            }
            self.passed(upto);
            self.counts.records.inc_by(count as u64);
            left = rest;
        }
        self.passed(after);
        for (after, readable) in holes {
            self.report_hole(after, readable);
        }
        let Some(place) = &mut self.place else { return Ok(()) };
        place.page = (place.page * 2).min(PAGE_RECORDS_MAX);
        let unstored = place.passed.0 - place.stored.0;
        if unstored >= UNSTORED_RECORDS_MAX {
            self.commit(Vec::new(), after).await?;
        }
        Ok(())
    }

    /// What follows from the first records of a page: as many of them as one commit takes.
    async fn apply(&self, records: &[FeedRecord]) -> Result<(usize, Option<Vec<RowWrite>>), LogError> {
        let mut count = records.len();
        loop {
            let some = &records[..count];
            let keys = self.follower.wants(some);
            let found = if keys.is_empty() { Vec::new() } else { self.log.load(keys.clone()).await? };
            let rows: Rows = keys.into_iter().zip(found).filter_map(|(key, row)| Some((key, row?))).collect();
            let effects = self.follower.apply(some, &rows);
            if count == 1 || effects.iter().flatten().map(bytes).sum::<usize>() <= EFFECT_BYTES_MAX {
                return Ok((count, effects));
            }
            count = count.div_ceil(2);
        }
    }

    /// Makes effects and the position behind them durable, in one record.
    async fn commit(&mut self, mut rows: Vec<RowWrite>, upto: LanePosition) -> Result<(), LogError> {
        if self.mutants.is(Mutant::FollowerPositionApart) {
            let apart = Record { rows: std::mem::take(&mut rows), ..Record::default() };
            store(&*self.log, &self.watermark, apart).await?;
        }
        rows.push(RowWrite::Put { key: key::follower(self.follower.name()), value: row::encode(upto) });
        store(&*self.log, &self.watermark, Record { rows, ..Record::default() }).await?;
        if let Some(place) = &mut self.place {
            place.stored = upto;
        }
        Ok(())
    }

    /// The first position after a damaged record from which the feed can be read; `None` while there is none. It looks
    /// in growing steps, so that a large hole costs few reads.
    async fn readable(&self, after: LanePosition) -> Result<Option<LanePosition>, LogError> {
        let head = self.log.head();
        let (mut damaged, mut step) = (after.next(), 1);
        let mut readable = loop {
            if damaged >= head {
                return Ok(None);
            }
            let at = LanePosition(head.0.min(damaged.0 + step));
            if self.reads(at).await? {
                break at;
            }
            (damaged, step) = (at, step * 2);
        };
        while readable.0 - damaged.0 > 1 {
            let at = LanePosition(damaged.0 + (readable.0 - damaged.0) / 2);
            if self.reads(at).await? {
                readable = at;
            } else {
                damaged = at;
            }
        }
        Ok(Some(readable))
    }

    /// Whether the record at a position can be read.
    async fn reads(&self, at: LanePosition) -> Result<bool, LogError> {
        match self.log.feed(LanePosition(at.0 - 1), 1).await {
            Ok(_) => Ok(true),
            Err(LogError::Corrupt(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Says what is lost between two records that can be read.
    fn report_hole(&self, after: LanePosition, readable: LanePosition) {
        let (name, lost) = (self.follower.name(), readable.0 - after.0 - 1);
        self.counts.skipped.inc_by(lost);
        let (from, upto) = (after.0 + 1, readable.0 - 1);
        tracing::error!(follower = name, from, upto, "The follower {name} passes {lost} records that cannot be read");
    }

    fn passed(&mut self, upto: LanePosition) {
        if let Some(place) = &mut self.place {
            place.passed = upto;
        }
    }

    fn tell_lag(&self) {
        let passed = self.place.map_or(self.start, |place| place.passed);
        self.counts.lag.set(self.log.head().0.saturating_sub(passed.0) as i64);
    }
}

fn bytes(row: &RowWrite) -> usize {
    row.key().len()
        + match row {
            RowWrite::Put { value, .. } => value.len(),
            RowWrite::Delete { .. } => 0,
            RowWrite::Patch { entry, value, .. } => entry.len() + value.as_ref().map_or(0, Bytes::len),
        }
}
