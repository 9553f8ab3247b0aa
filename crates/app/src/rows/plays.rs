//! Voice messages that were played: what one user knows of them, and who has played one.

use super::codec::{Reader, Writer, damaged};
use bytes::Bytes;
use roaring::RoaringBitmap;
use stonechat_domain::plays::{Played, Plays};
use stonechat_log::packed;
use stonechat_log::row::RowWrite;
use stonechat_log::store::LogError;
use stonechat_types::number::UserNo;

/// Writes what a user knows into a row.
pub(super) fn write(row: &mut Writer, plays: &Plays) {
    row.u64(plays.floor().0).u32(plays.mine().len() as u32);
    for seq in plays.mine() {
        row.u64(seq.0);
    }
    row.u32(plays.others().len() as u32);
    for Played { seq, by } in plays.others() {
        row.u64(seq.0).u32(*by);
    }
}

/// Reads it.
pub(super) fn read(row: &mut Reader<'_>) -> Option<Plays> {
    let (floor, mut mine, mut others) = (row.seq()?, Vec::new(), Vec::new());
    for _ in 0..row.u32()? {
        mine.push(row.seq()?);
    }
    for _ in 0..row.u32()? {
        others.push(Played { seq: row.seq()?, by: row.u32()? });
    }
    Plays::from_parts(floor, mine, others)
}

/// Adds a user to those who have played a message: a packed row of their numbers, by its key.
#[must_use]
pub fn player(key: Bytes, user: UserNo) -> RowWrite {
    RowWrite::Patch { key, entry: Bytes::copy_from_slice(&user.0.to_be_bytes()), value: Some(Bytes::new()) }
}

/// Reads who has played a message.
///
/// # Errors
/// [`LogError::Corrupt`] when the row is not in its form.
pub fn players(row: &[u8]) -> Result<RoaringBitmap, LogError> {
    let mut players = RoaringBitmap::new();
    for entry in packed::entries(row) {
        let (user, _) = entry.map_err(|error| LogError::Corrupt(error.to_string()))?;
        players.insert(u32::from_be_bytes(user.try_into().map_err(|_| damaged("who has played a message"))?));
    }
    Ok(players)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stonechat_types::number::Seq;

    #[test]
    fn what_a_user_knows_is_read_as_it_was_written_and_another_order_is_damage() {
        let mut plays = Plays::default();
        for seq in [9, 2, 5] {
            plays.play(Seq(seq));
            plays.played_by(Seq(seq + 1), seq);
        }
        let mut row = Writer::new(1);
        write(&mut row, &plays);
        let row = row.finish();
        assert_eq!(read(&mut Reader::new(&row, 1, "").unwrap()), Some(plays));
        let mut wrong = Writer::new(1);
        wrong.u64(0).u32(2).u64(5).u64(2).u32(0);
        assert_eq!(read(&mut Reader::new(&wrong.finish(), 1, "").unwrap()), None);
        assert!(players(&[4]).is_err());
        assert!(players(&[]).unwrap().is_empty());
    }
}
