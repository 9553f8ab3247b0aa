//! Voice messages that were played: which a user has played, and how many others have played his, of one conversation.

use crate::conversation::Conversation;
use crate::decide::{Rejection, active};
use crate::member::Member;
use crate::message::Message;
use stonechat_types::limits::{PLAYERS_COUNTED_MAX, PLAYS_KEPT_MAX};
use stonechat_types::number::Seq;

/// How many others have played a message of the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Played {
    /// The message.
    pub seq: Seq,
    /// How many; [`PLAYERS_COUNTED_MAX`] stands for so many and more.
    pub by: u32,
}

/// What one user knows of the voice messages of one conversation. It keeps the newest of either sort, at most
/// [`PLAYS_KEPT_MAX`] of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plays {
    floor: Seq,
    mine: Vec<Seq>,
    others: Vec<Played>,
}

impl Plays {
    /// Of its parts, as they are given out; `None` when they are not in their order, or too many.
    #[must_use]
    pub fn from_parts(floor: Seq, mine: Vec<Seq>, others: Vec<Played>) -> Option<Self> {
        let ordered = mine.windows(2).all(|pair| pair[0] < pair[1]) && mine.first().is_none_or(|first| *first > floor);
        let counted = others.windows(2).all(|pair| pair[0].seq < pair[1].seq)
            && others.iter().all(|played| (1..=PLAYERS_COUNTED_MAX).contains(&played.by));
        let fits = mine.len() <= PLAYS_KEPT_MAX && others.len() <= PLAYS_KEPT_MAX;
        (ordered && counted && fits).then_some(Self { floor, mine, others })
    }

    /// Up to here messages of others are too old to be told apart: they count as played.
    #[must_use]
    pub fn floor(&self) -> Seq {
        self.floor
    }

    /// The messages above it that the user has played, the oldest first.
    #[must_use]
    pub fn mine(&self) -> &[Seq] {
        &self.mine
    }

    /// The messages of the user that others have played, the oldest first.
    #[must_use]
    pub fn others(&self) -> &[Played] {
        &self.others
    }

    /// Whether the user has played a message of another.
    #[must_use]
    pub fn holds(&self, seq: Seq) -> bool {
        seq <= self.floor || self.mine.binary_search(&seq).is_ok()
    }

    /// How many others have played a message of the user.
    #[must_use]
    pub fn by_others(&self, seq: Seq) -> u32 {
        self.at(seq).map_or(0, |here| self.others[here].by)
    }

    /// The user has played a message of another; says whether that is new.
    pub fn play(&mut self, seq: Seq) -> bool {
        if self.holds(seq) {
            return false;
        }
        if let Err(here) = self.mine.binary_search(&seq) {
            self.mine.insert(here, seq);
        }
        if self.mine.len() > PLAYS_KEPT_MAX {
            self.floor = self.mine.remove(0);
        }
        true
    }

    /// So many others have played a message of the user by now; says whether he is told something new by that.
    pub fn played_by(&mut self, seq: Seq, players: u64) -> bool {
        let by = u32::try_from(players).unwrap_or(PLAYERS_COUNTED_MAX).min(PLAYERS_COUNTED_MAX);
        match self.at(seq) {
            Ok(here) if self.others[here].by >= by => return false,
            Ok(here) => self.others[here].by = by,
            Err(_) if by == 0 => return false,
            // Older than the oldest of as many as are kept.
            Err(0) if self.others.len() >= PLAYS_KEPT_MAX => return false,
            Err(here) => self.others.insert(here, Played { seq, by }),
        }
        if self.others.len() > PLAYS_KEPT_MAX {
            self.others.remove(0);
        }
        true
    }

    /// A message of the user was taken back; says whether anything was known of it.
    pub fn forget(&mut self, seq: Seq) -> bool {
        match self.at(seq) {
            Ok(here) => {
                self.others.remove(here);
                true
            }
            Err(_) => false,
        }
    }

    fn at(&self, seq: Seq) -> Result<usize, usize> {
        self.others.binary_search_by_key(&seq, |played| played.seq)
    }
}

/// Whether the actor may say that he has played a message, which is a voice message when `is_voice` says so.
///
/// # Errors
/// [`Rejection`], by rule.
pub fn decide_play<'a>(
    state: &Conversation,
    actor: Option<&Member>,
    message: Option<&'a Message>,
    is_voice: IsVoice,
) -> Result<&'a Message, Rejection> {
    let me = active(state, actor)?;
    let message = message.filter(|message| me.sees(message.seq) && message.recalled.is_none());
    let message = message.ok_or(Rejection::NoSuchMessage)?;
    if is_voice == IsVoice::No || message.author.no == me.user.no {
        return Err(Rejection::NothingToPlay);
    }
    Ok(message)
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IsVoice {
    /// A voice message.
    Yes,
    /// Anything else.
    No,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_played_once_and_the_oldest_make_room() {
        let mut plays = Plays::default();
        assert!(plays.play(Seq(7)) && !plays.play(Seq(7)) && plays.play(Seq(3)));
        assert_eq!((plays.mine(), plays.holds(Seq(5))), (&[Seq(3), Seq(7)][..], false));
        for seq in 100..100 + PLAYS_KEPT_MAX as u64 {
            assert!(plays.play(Seq(seq)));
        }
        assert_eq!((plays.floor(), plays.mine().len()), (Seq(7), PLAYS_KEPT_MAX));
        assert!(plays.holds(Seq(5)) && !plays.play(Seq(6)), "what is older than what is kept counts as played");
        assert!(!plays.holds(Seq(8)));
        let again = Plays::from_parts(plays.floor(), plays.mine().to_vec(), Vec::new());
        assert_eq!(again, Some(plays));
    }

    #[test]
    fn counts_only_grow_up_to_a_limit_and_go_with_their_message() {
        let mut plays = Plays::default();
        assert!(!plays.played_by(Seq(4), 0) && plays.played_by(Seq(4), 2) && !plays.played_by(Seq(4), 1));
        assert!(plays.played_by(Seq(4), u64::MAX) && !plays.played_by(Seq(4), 1_000_000));
        assert_eq!((plays.by_others(Seq(4)), plays.by_others(Seq(5))), (PLAYERS_COUNTED_MAX, 0));
        for seq in 10..10 + PLAYS_KEPT_MAX as u64 {
            assert!(plays.played_by(Seq(seq), 1));
        }
        assert!(!plays.played_by(Seq(5), 1), "it is older than what is kept");
        assert_eq!((plays.others().len(), plays.by_others(Seq(4))), (PLAYS_KEPT_MAX, 0));
        assert!(plays.forget(Seq(11)) && !plays.forget(Seq(11)));
        let again = Plays::from_parts(Seq::ZERO, Vec::new(), plays.others().to_vec());
        assert_eq!(again, Some(plays));
    }

    #[test]
    fn parts_in_another_form_are_none() {
        let played = |seq, by| Played { seq: Seq(seq), by };
        assert_eq!(Plays::from_parts(Seq(0), vec![Seq(2), Seq(1)], vec![]), None);
        assert_eq!(Plays::from_parts(Seq(2), vec![Seq(2)], vec![]), None);
        assert_eq!(Plays::from_parts(Seq(0), vec![], vec![played(2, 1), played(2, 1)]), None);
        assert_eq!(Plays::from_parts(Seq(0), vec![], vec![played(2, 0)]), None);
        assert_eq!(Plays::from_parts(Seq(0), vec![], vec![played(2, PLAYERS_COUNTED_MAX + 1)]), None);
        let too_many = (1..=PLAYS_KEPT_MAX as u64 + 1).map(Seq).collect();
        assert_eq!(Plays::from_parts(Seq(0), too_many, vec![]), None);
    }
}
