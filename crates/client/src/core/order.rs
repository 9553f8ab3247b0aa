//! The order of a conversation list: what is pinned first, then the most recent.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use stonechat_types::id::ConversationId;
use stonechat_types::number::Timestamp;

/// By what a conversation is placed; the least stands first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    is_not_pinned: bool,
    time: Reverse<Timestamp>,
}

impl Rank {
    /// Of a conversation that was pinned at a time, or moved up at a time.
    #[must_use]
    pub fn new(pinned_at: Option<Timestamp>, active_at: Timestamp) -> Self {
        Self { is_not_pinned: pinned_at.is_none(), time: Reverse(pinned_at.unwrap_or(active_at)) }
    }
}

/// Knows at which index each conversation stands.
#[derive(Clone, Debug, Default)]
pub struct ListOrder {
    sorted: Vec<(Rank, ConversationId)>,
    ranks: BTreeMap<ConversationId, Rank>,
}

/// Where a conversation went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// It is new, here.
    Inserted(usize),
    /// It stays here.
    Kept(usize),
    /// It left the first index, and then went to the second.
    Moved(usize, usize),
}

impl ListOrder {
    /// Places a conversation.
    pub fn place(&mut self, id: ConversationId, rank: Rank) -> Placed {
        let new = (rank, id);
        match self.ranks.insert(id, rank) {
            None => {
                let at = self.sorted.partition_point(|entry| *entry < new);
                self.sorted.insert(at, new);
                Placed::Inserted(at)
            }
            Some(before) if before == rank => Placed::Kept(self.index(&(before, id))),
            Some(before) => {
                let from = self.index(&(before, id));
                self.sorted.remove(from);
                let to = self.sorted.partition_point(|entry| *entry < new);
                self.sorted.insert(to, new);
                if from == to { Placed::Kept(to) } else { Placed::Moved(from, to) }
            }
        }
    }

    /// Takes a conversation out; says where it stood.
    pub fn remove(&mut self, id: &ConversationId) -> Option<usize> {
        let rank = self.ranks.remove(id)?;
        let at = self.index(&(rank, *id));
        self.sorted.remove(at);
        Some(at)
    }

    fn index(&self, entry: &(Rank, ConversationId)) -> usize {
        self.sorted.partition_point(|other| other < entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> ConversationId {
        let mut bytes = [n; 16];
        bytes[0] = 2;
        ConversationId::from_slice(&bytes).unwrap()
    }

    fn at(time: i64) -> Rank {
        Rank::new(None, Timestamp(time))
    }

    #[test]
    fn what_is_pinned_stands_above() {
        let mut order = ListOrder::default();
        order.place(id(1), at(10));
        order.place(id(2), at(20));
        assert_eq!(order.place(id(1), Rank::new(Some(Timestamp(1)), Timestamp(10))), Placed::Moved(1, 0));
        assert_eq!(order.place(id(3), at(30)), Placed::Inserted(1));
        assert_eq!(order.place(id(1), at(10)), Placed::Moved(0, 2));
    }

    #[test]
    fn the_most_recent_stands_first_and_moves_say_from_where() {
        let mut order = ListOrder::default();
        assert_eq!(order.place(id(1), at(10)), Placed::Inserted(0));
        assert_eq!(order.place(id(2), at(20)), Placed::Inserted(0));
        assert_eq!(order.place(id(3), at(5)), Placed::Inserted(2));
        assert_eq!(order.place(id(3), at(30)), Placed::Moved(2, 0));
        assert_eq!(order.place(id(3), at(30)), Placed::Kept(0));
        assert_eq!(order.place(id(3), at(31)), Placed::Kept(0));
        assert_eq!(order.remove(&id(2)), Some(1));
        assert_eq!(order.remove(&id(2)), None);
    }
}
