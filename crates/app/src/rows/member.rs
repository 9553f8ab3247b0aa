//! The row of a membership.

use super::codec::{Reader, Writer, damaged, role_byte, role_of};
use super::group;
use bytes::Bytes;
use stonechat_domain::member::{Interval, Member, Own};
use stonechat_log::store::LogError;
use stonechat_types::number::Seq;
use stonechat_types::text::{Nickname, Title};

/// Up to where it was delivered.
const VERSION: u8 = 5;
/// Who asks to be let in.
const WITHOUT_DELIVERY: u8 = 4;
/// What a group does with its members.
const WITHOUT_DOOR: u8 = 3;
/// Own messages with their seqs.
const WITHOUT_MEASURES: u8 = 2;
/// Own messages by their ordinals alone.
const WITHOUT_SEQS: u8 = 1;

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
    row.u64(member.muted_until.0 as u64).u64(member.banned_until.0 as u64);
    group::text(&mut row, member.nickname.as_ref().map(Nickname::as_str));
    row.u8(group::asking_byte(member.asking)).u64(member.delivered_seq.0);
    for own in &member.own {
        row.u64(own.ordinal.0).u64(own.seq.0);
    }
    row.finish()
}

/// Reads it.
///
/// # Errors
/// [`LogError::Corrupt`] when it is not in its form.
pub fn decode(row: &[u8]) -> Result<Member, LogError> {
    let version = match row.first() {
        Some(older @ (&WITHOUT_SEQS | &WITHOUT_MEASURES | &WITHOUT_DOOR | &WITHOUT_DELIVERY)) => *older,
        _ => VERSION,
    };
    let mut row = Reader::new(row, version, "a membership")?;
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
        let (mut muted_until, mut banned_until, mut nickname, mut asking) = Default::default();
        let mut delivered_seq = Seq::ZERO;
        if version >= WITHOUT_DOOR {
            (muted_until, banned_until) = (row.time()?, row.time()?);
            nickname = group::read_text(&mut row, |text| Nickname::new(text).ok())?;
        }
        if version >= WITHOUT_DELIVERY {
            asking = group::asking_of(row.u8()?)?;
        }
        if version == VERSION {
            delivered_seq = row.seq()?;
        }
        let mut own = Vec::new();
        while !row.is_empty() {
            let ordinal = row.ordinal()?;
            own.push(Own { ordinal, seq: if version == WITHOUT_SEQS { Seq::ZERO } else { row.seq()? } });
        }
        Some(Member {
            user,
            role,
            intervals,
            join_ordinal,
            read_seq,
            read_ordinal,
            delivered_seq,
            own,
            parting_title,
            largest_key,
            muted_until,
            banned_until,
            nickname,
            asking,
        })
    };
    read().ok_or_else(|| damaged("a membership"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use stonechat_domain::group::Asking;
    use stonechat_domain::member::{Role, UserRef};
    use stonechat_types::id::UserId;
    use stonechat_types::number::{Ordinal, Timestamp, UserNo};

    fn member() -> Member {
        let user = UserRef { no: UserNo(7), id: UserId::new("ann").unwrap() };
        let mut member = Member::joining(user, Role::Admin, Seq(3), Ordinal(2));
        (member.muted_until, member.banned_until) = (Timestamp(7), Timestamp(i64::MAX));
        member.nickname = Nickname::new("Annie").ok();
        member.asking = Asking::Applied;
        member.delivered_seq = Seq(11);
        member.own = vec![Own { seq: Seq(9), ordinal: Ordinal(5) }, Own { seq: Seq(12), ordinal: Ordinal(8) }];
        member
    }

    #[test]
    fn a_row_is_read_as_it_was_written() {
        assert_eq!(decode(&encode(&member())), Ok(member()));
    }

    #[test]
    fn rows_of_older_versions_are_read() {
        let written = encode(&member());
        let (fixed, own) = written.split_at(written.len() - 32);
        // Up to where it was delivered; before it whether he asks to be let in, two times, and the nickname behind its
        // length.
        let fixed = &fixed[..fixed.len() - 8];
        let fourth = [&[WITHOUT_DELIVERY], &fixed[1..], own].concat();
        let undelivered = Member { delivered_seq: Seq::ZERO, ..member() };
        assert_eq!(decode(&fourth), Ok(undelivered.clone()));
        let fixed = &fixed[..fixed.len() - 1];
        let third = [&[WITHOUT_DOOR], &fixed[1..], own].concat();
        assert_eq!(decode(&third), Ok(Member { asking: Asking::Nothing, ..undelivered.clone() }));
        let fixed = &fixed[..fixed.len() - 16 - 7];
        let second = [&[WITHOUT_MEASURES], &fixed[1..], own].concat();
        let mut expected = undelivered;
        (expected.muted_until, expected.banned_until, expected.nickname, expected.asking) = Default::default();
        assert_eq!(decode(&second), Ok(expected.clone()));
        let ordinals = [&own[..8], &own[16..24]].concat();
        let first = [&[WITHOUT_SEQS], &fixed[1..], &ordinals].concat();
        expected.own.iter_mut().for_each(|own| own.seq = Seq::ZERO);
        assert_eq!(decode(&first), Ok(expected));
    }
}
