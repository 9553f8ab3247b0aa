//! The row of a membership.

use super::codec::{Reader, Writer, damaged, role_byte, role_of};
use bytes::Bytes;
use stonechat_domain::member::{Interval, Member};
use stonechat_log::store::LogError;
use stonechat_types::number::{Ordinal, Seq};
use stonechat_types::text::Title;

const VERSION: u8 = 1;

/// Its bytes.
#[must_use]
pub fn encode(member: &Member) -> Bytes {
    let mut row = Writer::new(VERSION);
    row.user(&member.user).u8(role_byte(member.role)).u64(member.join_ordinal.0);
    row.u64(member.read_seq.0).u64(member.read_ordinal.0).raw(&member.largest_key);
    row.u8(member.intervals.len() as u8);
    for interval in &member.intervals {
        row.u64(interval.from.0).u64(interval.upto.map_or(0, |upto| upto.0));
    }
    row.bytes(member.parting_title.as_ref().map_or(&[], |title| title.as_str().as_bytes()));
    for own in &member.own {
        row.u64(own.0);
    }
    row.finish()
}

/// Reads it.
///
/// # Errors
/// [`LogError::Corrupt`] when it is not in its form.
pub fn decode(row: &[u8]) -> Result<Member, LogError> {
    let mut row = Reader::new(row, VERSION, "a membership")?;
    let mut read = || {
        let (user, role, join_ordinal) = (row.user()?, role_of(row.u8()?)?, row.ordinal()?);
        let (read_seq, read_ordinal, largest_key) = (row.seq()?, row.ordinal()?, row.key()?);
        let mut intervals = Vec::new();
        for _ in 0..row.u8()? {
            let (from, upto) = (row.seq()?, row.seq()?);
            intervals.push(Interval { from, upto: (upto > Seq::ZERO).then_some(upto) });
        }
        let title = row.text()?;
        let parting_title = if title.is_empty() { None } else { Some(Title::new(title).ok()?) };
        let mut own = Vec::new();
        while !row.is_empty() {
            own.push(Ordinal(row.u64()?));
        }
        Some(Member { user, role, intervals, join_ordinal, read_seq, read_ordinal, own, parting_title, largest_key })
    };
    read().ok_or_else(|| damaged("a membership"))
}
