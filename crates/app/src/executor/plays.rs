//! Who has played which voice messages of one conversation, as far as commands asked for it, pending records included.

use crate::map::Map;
use roaring::RoaringBitmap;
use std::sync::Arc;
use stonechat_domain::plays::Plays;
use stonechat_types::number::{Seq, UserNo};

/// Messages, and users, that are kept while nothing of the conversation is pending.
const KEPT_MAX: usize = 64;

/// What was loaded.
#[derive(Default)]
pub(crate) struct Played {
    players: Map<Seq, RoaringBitmap>,
    known: Map<UserNo, Arc<Plays>>,
}

impl Played {
    /// Whether the players of a message are known, and what these users know.
    pub fn knows(&self, seq: Seq, users: &[UserNo]) -> bool {
        self.players.contains_key(&seq) && users.iter().all(|user| self.known.contains_key(user))
    }

    /// Those who have played a message.
    pub fn players(&mut self, seq: Seq) -> &mut RoaringBitmap {
        self.players.entry(seq).or_default()
    }

    /// What a user knows.
    pub fn of(&mut self, user: UserNo) -> &mut Arc<Plays> {
        self.known.entry(user).or_default()
    }

    /// Takes in what a load found; what is here already may be newer. When nothing is pending, `room` may be made, but not of
    /// what the load names: it may have read that before what was pending then was committed.
    pub fn learn(&mut self, (seq, players): (Seq, RoaringBitmap), known: Vec<(UserNo, Plays)>, room: Room) {
        if room == Room::MayBeMade && self.players.len().max(self.known.len()) >= KEPT_MAX {
            self.players.retain(|known, _| *known == seq);
            self.known.retain(|user, _| known.iter().any(|(named, _)| named == user));
        }
        self.players.entry(seq).or_insert(players);
        for (user, plays) in known {
            self.known.entry(user).or_insert_with(|| Arc::new(plays));
        }
    }

    /// About how many bytes it takes.
    pub fn bytes(&self) -> usize {
        let players: usize = self.players.values().map(RoaringBitmap::serialized_size).sum();
        let known: usize = self.known.values().map(|plays| 8 * plays.mine().len() + 12 * plays.others().len()).sum();
        players + known + 64 * (self.players.len() + self.known.len())
    }
}

/// Whether what is known may be forgotten: not while something of it is not committed yet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    MayBeMade,
    MustBeKept,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_goes_only_while_nothing_is_pending() {
        let mut played = Played::default();
        let learn = |played: &mut Played, seq, room| {
            played.learn((Seq(seq), RoaringBitmap::new()), vec![(UserNo(1), Plays::default())], room);
        };
        for seq in 0..2 * KEPT_MAX as u64 {
            learn(&mut played, seq, Room::MustBeKept);
        }
        assert!(played.knows(Seq(0), &[UserNo(1)]) && !played.knows(Seq(0), &[UserNo(2)]));
        let bytes = played.bytes();
        learn(&mut played, 1_000, Room::MayBeMade);
        assert!(played.knows(Seq(1_000), &[UserNo(1)]) && !played.knows(Seq(0), &[]));
        assert!(played.bytes() < bytes);
    }

    #[test]
    fn a_load_that_was_overtaken_undoes_nothing() {
        let mut played = Played::default();
        for seq in 0..KEPT_MAX as u64 {
            played.learn((Seq(seq), RoaringBitmap::new()), vec![(UserNo(1), Plays::default())], Room::MustBeKept);
        }
        assert!(Arc::make_mut(played.of(UserNo(1))).play(Seq(7)));
        played.players(Seq(900)).insert(1);
        // It read both before that was committed, and is taken in after it.
        played.learn((Seq(900), RoaringBitmap::new()), vec![(UserNo(1), Plays::default())], Room::MayBeMade);
        assert!(!Arc::make_mut(played.of(UserNo(1))).play(Seq(7)), "it is known still");
        assert_eq!(played.players(Seq(900)).len(), 1);
    }
}
