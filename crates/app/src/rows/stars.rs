//! What a user starred in a conversation, as a part of his personal state.

use super::codec::{Reader, Writer};
use stonechat_domain::deletions::Place;
use stonechat_domain::stars::{Star, Stars};

/// Writes stars into a row.
pub(super) fn write(row: &mut Writer, stars: &Stars) {
    row.u32(stars.all().len() as u32);
    for Star { place, at } in stars.all() {
        row.u64(place.seq.0).u64(place.ordinal.0).u64(at.0 as u64);
    }
}

/// Reads them.
pub(super) fn read(row: &mut Reader<'_>) -> Option<Stars> {
    let mut stars = Vec::new();
    for _ in 0..row.u32()? {
        stars.push(Star { place: Place { seq: row.seq()?, ordinal: row.ordinal()? }, at: row.time()? });
    }
    Stars::from_all(stars)
}
