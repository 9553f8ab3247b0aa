//! Unread: countable messages above max(read cursor, latest join, clear floor), not sent by the user, not recalled or
//! expired (DESIGN.md, section 5.4).

use crate::member::Member;
use stonechat_types::number::{Ordinal, Seq, UserNo};

/// A message that was taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recalled {
    /// Its ordinal.
    pub ordinal: Ordinal,
    /// The event that took it back.
    pub by: Seq,
    /// Who wrote it.
    pub author: UserNo,
}

/// How many of those taken back would else be unread for a user: above his floor, up to a head and its ordinal, and not
/// his own, which are not counted anyway.
#[must_use]
pub fn recalled_above(
    recalled: impl IntoIterator<Item = Recalled>,
    (user, floor): (UserNo, Ordinal),
    (head, ordinal): (Seq, Ordinal),
) -> u64 {
    let counts = |it: &Recalled| it.ordinal > floor && it.ordinal <= ordinal && it.by <= head && it.author != user;
    recalled.into_iter().filter(counts).count() as u64
}

/// The number of unread messages of a member, when the conversation has `head` countable messages that he may see, of
/// which so many above his floor were taken back by others than him.
#[must_use]
pub fn unread(member: &Member, head: Ordinal, recalled: u64) -> u64 {
    let floor = member.floor();
    let own = member.own.iter().filter(|own| own.ordinal > floor && own.ordinal <= head).count() as u64;
    head.0.saturating_sub(floor.0).saturating_sub(own).saturating_sub(recalled)
}
