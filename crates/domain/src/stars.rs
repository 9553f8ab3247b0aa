//! Messages of one conversation that a user starred, to find them again.

use crate::deletions::{Deletions, Place};
use stonechat_types::limits::STARS_MAX;
use stonechat_types::number::{Seq, Timestamp};

/// A message that a user starred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Star {
    /// Where it stands.
    pub place: Place,
    /// When he did.
    pub at: Timestamp,
}

/// Those of one conversation, in the order of the log. All conversations together have at most [`STARS_MAX`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stars(Vec<Star>);

impl Stars {
    /// Of stars as [`Stars::all`] gives them; `None` when they are not in their order.
    #[must_use]
    pub fn from_all(stars: Vec<Star>) -> Option<Self> {
        let ordered = stars.windows(2).all(|pair| pair[0].place.seq < pair[1].place.seq);
        (ordered && stars.len() <= STARS_MAX).then_some(Self(stars))
    }

    /// All of them, the oldest message first.
    #[must_use]
    pub fn all(&self) -> &[Star] {
        &self.0
    }

    /// Whether a message is starred.
    #[must_use]
    pub fn holds(&self, message: Seq) -> bool {
        self.at(message).is_ok()
    }

    /// Stars a message; one that is starred stays as it is.
    pub fn star(&mut self, place: Place, at: Timestamp) {
        if let Err(here) = self.at(place.seq) {
            self.0.insert(here, Star { place, at });
        }
    }

    /// Takes a star away.
    pub fn unstar(&mut self, message: Seq) {
        if let Ok(here) = self.at(message) {
            self.0.remove(here);
        }
    }

    /// Lets those go whose messages the user removed or cleared.
    pub fn without(&mut self, deletions: &Deletions) {
        self.0.retain(|star| !deletions.holds(star.place.seq));
    }

    fn at(&self, message: Seq) -> Result<usize, usize> {
        self.0.binary_search_by_key(&message, |star| star.place.seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stonechat_types::number::Ordinal;

    fn place(ordinal: u64) -> Place {
        Place { seq: Seq(ordinal + 1), ordinal: Ordinal(ordinal) }
    }

    #[test]
    fn a_star_is_there_once_since_the_first_time_until_its_message_is_removed() {
        let mut stars = Stars::default();
        for (ordinal, at) in [(5, 1), (2, 2), (9, 3), (5, 4)] {
            stars.star(place(ordinal), Timestamp(at));
        }
        let all: Vec<_> = stars.all().iter().map(|star| (star.place.ordinal.0, star.at.0)).collect();
        assert_eq!(all, [(2, 2), (5, 1), (9, 3)]);
        assert_eq!(Stars::from_all(stars.all().to_vec()), Some(stars.clone()));
        assert_eq!(Stars::from_all(stars.all().iter().rev().copied().collect()), None);
        stars.unstar(Seq(3));
        stars.unstar(Seq(3));
        let mut deletions = Deletions::default();
        deletions.delete(place(9)).unwrap();
        stars.without(&deletions);
        assert!(stars.holds(Seq(6)) && stars.all().len() == 1);
    }
}
