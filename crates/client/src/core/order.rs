//! The order of a conversation list: most recent first.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use stonechat_types::id::ConversationId;
use stonechat_types::number::Timestamp;

/// Knows at which index each conversation stands.
#[derive(Clone, Debug, Default)]
pub struct ListOrder {
    sorted: Vec<(Reverse<Timestamp>, ConversationId)>,
    times: BTreeMap<ConversationId, Timestamp>,
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
    /// Places a conversation by when it last moved up.
    pub fn place(&mut self, id: ConversationId, active_at: Timestamp) -> Placed {
        let new = (Reverse(active_at), id);
        match self.times.insert(id, active_at) {
            None => {
                let at = self.sorted.partition_point(|entry| *entry < new);
                self.sorted.insert(at, new);
                Placed::Inserted(at)
            }
            Some(before) if before == active_at => Placed::Kept(self.index(&(Reverse(before), id))),
            Some(before) => {
                let from = self.index(&(Reverse(before), id));
                self.sorted.remove(from);
                let to = self.sorted.partition_point(|entry| *entry < new);
                self.sorted.insert(to, new);
                if from == to { Placed::Kept(to) } else { Placed::Moved(from, to) }
            }
        }
    }

    /// Takes a conversation out; says where it stood.
    pub fn remove(&mut self, id: &ConversationId) -> Option<usize> {
        let time = self.times.remove(id)?;
        let at = self.index(&(Reverse(time), *id));
        self.sorted.remove(at);
        Some(at)
    }

    fn index(&self, entry: &(Reverse<Timestamp>, ConversationId)) -> usize {
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

    #[test]
    fn the_most_recent_stands_first_and_moves_say_from_where() {
        let mut order = ListOrder::default();
        assert_eq!(order.place(id(1), Timestamp(10)), Placed::Inserted(0));
        assert_eq!(order.place(id(2), Timestamp(20)), Placed::Inserted(0));
        assert_eq!(order.place(id(3), Timestamp(5)), Placed::Inserted(2));
        assert_eq!(order.place(id(3), Timestamp(30)), Placed::Moved(2, 0));
        assert_eq!(order.place(id(3), Timestamp(30)), Placed::Kept(0));
        assert_eq!(order.place(id(3), Timestamp(31)), Placed::Kept(0));
        assert_eq!(order.remove(&id(2)), Some(1));
        assert_eq!(order.remove(&id(2)), None);
    }
}
