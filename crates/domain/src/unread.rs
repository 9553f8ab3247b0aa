//! Unread: countable messages above max(read cursor, latest join), not sent by the user, not removed or cleared by him,
//! not recalled or expired (DESIGN.md, section 5.4).

use crate::deletions::Deletions;
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

/// How many of the messages that a member removed for himself would else be unread for him, when the conversation has
/// `head` countable messages. `uncounted` are those above his floor that were taken back or are silent.
#[must_use]
pub fn removed_above(
    member: &Member,
    head: Ordinal,
    deletions: &Deletions,
    uncounted: impl IntoIterator<Item = Ordinal>,
) -> u64 {
    let floor = member.floor();
    let is_removed = |it: Ordinal| it > floor && it <= head && deletions.holds_ordinal(it);
    let is_own = |it: Ordinal| member.own.binary_search_by_key(&it, |own| own.ordinal).is_ok();
    let own = member.own.iter().filter(|own| is_removed(own.ordinal)).count();
    let uncounted = uncounted.into_iter().filter(|it| is_removed(*it) && !is_own(*it)).count();
    deletions.between(floor, head).saturating_sub((own + uncounted) as u64)
}

/// The number of unread messages of a member, when the conversation has `head` countable messages that he may see, of
/// which so many above his floor were taken back by others than him.
#[must_use]
pub fn unread(member: &Member, head: Ordinal, recalled: u64) -> u64 {
    let floor = member.floor();
    let own = member.own.iter().filter(|own| own.ordinal > floor && own.ordinal <= head).count() as u64;
    head.0.saturating_sub(floor.0).saturating_sub(own).saturating_sub(recalled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deletions::Place;
    use crate::member::{Own, Role, UserRef};
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use stonechat_types::id::UserId;

    proptest! {
        #[test]
        fn the_numbers_are_those_of_a_recount_by_the_sentence(
            head in 0u64..40,
            read in 0u64..40,
            own in proptest::collection::btree_set(1u64..40, 0..10),
            taken_back in proptest::collection::btree_set(1u64..40, 0..10),
            removed in proptest::collection::btree_set(1u64..40, 0..20),
            cleared in 0u64..20,
        ) {
            let user = UserRef { no: UserNo(1), id: UserId::new("a").unwrap() };
            let mut me = Member::joining(user, Role::Member, Seq(1), Ordinal(0));
            me.read_ordinal = Ordinal(read.min(head));
            let is_there = |it: &&u64| **it <= head;
            me.own = own.iter().filter(is_there).filter(|it| **it > me.read_ordinal.0)
                .map(|it| Own { seq: Seq(*it), ordinal: Ordinal(*it) }).collect();
            let mut deletions = Deletions::default();
            deletions.clear_upto(Place { seq: Seq(cleared.min(head)), ordinal: Ordinal(cleared.min(head)) });
            for it in removed.iter().filter(is_there) {
                deletions.delete(Place { seq: Seq(*it), ordinal: Ordinal(*it) }).unwrap();
            }
            let author = |it: u64| UserNo(if own.contains(&it) { 1 } else { 2 });
            let recalled: Vec<_> = taken_back.iter().filter(is_there)
                .map(|it| Recalled { ordinal: Ordinal(*it), by: Seq(*it), author: author(*it) }).collect();
            let above = recalled_above(recalled.iter().copied(), (UserNo(1), me.floor()), (Seq(head), Ordinal(head)));
            let uncounted: BTreeSet<_> = recalled.iter().map(|it| it.ordinal).filter(|it| *it > me.floor()).collect();
            let gone = removed_above(&me, Ordinal(head), &deletions, uncounted);
            let sentence = (me.floor().0 + 1..=head).filter(|it| {
                let is_removed = removed.contains(it) || *it <= cleared.min(head);
                !own.contains(it) && !taken_back.contains(it) && !is_removed
            });
            prop_assert_eq!(unread(&me, Ordinal(head), above) - gone, sentence.count() as u64);
        }
    }
}
