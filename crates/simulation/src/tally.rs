//! A follower that would notice: it adds to what it finds, so an event that takes effect twice counts two.

use bytes::Bytes;
use stonechat_app::follower::{Follower, Rows};
use stonechat_app::rows::key;
use stonechat_log::record::FeedRecord;
use stonechat_log::row::{RowKey, RowWrite};
use stonechat_types::number::LanePosition;

/// Its name.
pub const NAME: &str = "tally";

/// The follower.
pub struct Tally;

/// The row in which an event is counted.
#[must_use]
pub fn row_of(position: LanePosition) -> RowKey {
    key::of_follower(NAME, &position.0.to_be_bytes())
}

/// How often an event was counted.
#[must_use]
pub fn count_of(row: Option<&Bytes>) -> u8 {
    row.and_then(|row| row.first().copied()).unwrap_or_default()
}

fn events(records: &[FeedRecord]) -> impl Iterator<Item = LanePosition> {
    records.iter().filter(|record| record.event.is_some()).map(|record| record.position)
}

impl Follower for Tally {
    fn name(&self) -> &'static str {
        NAME
    }

    fn wants(&self, records: &[FeedRecord]) -> Vec<RowKey> {
        events(records).map(row_of).collect()
    }

    fn apply(&self, records: &[FeedRecord], rows: &Rows) -> Option<Vec<RowWrite>> {
        let writes: Vec<_> = events(records)
            .map(|position| {
                let key = row_of(position);
                let count = count_of(rows.get(&key)).saturating_add(1);
                RowWrite::Put { key, value: Bytes::copy_from_slice(&[count]) }
            })
            .collect();
        (!writes.is_empty()).then_some(writes)
    }
}
