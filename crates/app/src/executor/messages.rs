//! The messages of one conversation that commands named: what became of them, pending records included.

use crate::map::Map;
use stonechat_domain::event::Change;
use stonechat_domain::fold::Stamp;
use stonechat_domain::member::UserRef;
use stonechat_domain::message::{Message, fold_own};
use stonechat_types::emoji::Emoji;
use stonechat_types::number::{Seq, UserNo};

/// Messages that are kept when all that is known of them is committed.
const KEPT_MAX: usize = 64;

/// Messages by their seqs, and how many of the conversation are pinned, once that was asked for.
#[derive(Default)]
pub(crate) struct Messages(Map<Seq, Known>, Option<usize>);

#[derive(Default)]
struct Known {
    /// `None` when there is no message at that place.
    message: Option<Message>,
    /// The emojis of those users who were asked for.
    own: Map<UserNo, Vec<Emoji>>,
}

impl Messages {
    /// Whether a message, and what a user added to it, are known or known to be absent.
    pub fn knows(&self, seq: Seq, user: UserNo) -> bool {
        self.0.get(&seq).is_some_and(|known| known.message.is_none() || known.own.contains_key(&user))
    }

    /// A message.
    pub fn get(&self, seq: Seq) -> Option<&Message> {
        self.0.get(&seq)?.message.as_ref()
    }

    /// What a user added to it.
    pub fn own(&self, seq: Seq, user: UserNo) -> &[Emoji] {
        self.0.get(&seq).and_then(|known| known.own.get(&user)).map_or(&[], Vec::as_slice)
    }

    /// How many messages of the conversation are pinned.
    pub fn pins(&self) -> usize {
        self.1.unwrap_or_default()
    }

    /// Takes in how many a load found; what is here already may be newer.
    pub fn learn_pins(&mut self, pins: usize) {
        self.1.get_or_insert(pins);
    }

    /// Takes in what a load found. What is here already may be newer. Room is made among those that nothing pending has
    /// changed.
    pub fn learn(&mut self, seq: Seq, message: Option<Message>, (user, own): (UserNo, Vec<Emoji>), committed: Seq) {
        if self.0.len() >= KEPT_MAX {
            self.0.retain(|_, known| known.message.as_ref().is_some_and(|message| message.changed > committed));
        }
        let known = self.0.entry(seq).or_insert_with(|| Known { message, own: Map::default() });
        known.own.entry(user).or_insert(own);
    }

    /// A change was decided: the message that it left, and the emojis of its sender; `None` when it changes no message.
    pub fn fold(&mut self, change: &Change, sender: &UserRef, stamp: &Stamp) -> Option<(Seq, &Message, &[Emoji])> {
        let known = self.0.get_mut(&change.target()?)?;
        let message = known.message.as_mut()?;
        let (before, was_pinned) = (message.changed, message.pinned);
        message.fold(change, sender, stamp);
        let pins = self.1.unwrap_or_default() + usize::from(message.pinned);
        self.1 = Some(pins.saturating_sub(usize::from(was_pinned)));
        if message.recalled.is_some() {
            known.own.values_mut().for_each(Vec::clear);
        }
        let own = known.own.entry(sender.no).or_default();
        if let Change::Reacted { emoji, added, .. } = change {
            fold_own(own, emoji, *added);
        }
        Some((before, message, own))
    }

    /// About how many bytes it takes.
    pub fn bytes(&self) -> usize {
        self.0.len() * 512
    }
}
