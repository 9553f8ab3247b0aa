//! Messages that the user stars, to find them again on all of his devices.

use std::collections::BTreeMap;
use std::sync::Arc;

use stonechat_domain::stars::Stars;
use stonechat_types::id::ConversationId;
use stonechat_types::limits::STARRED_AT_ONCE_MAX;
use stonechat_types::number::{Ordinal, Seq, Timestamp};
use stonechat_wire::v1;
use stonechat_wire::v1::frame::Body;

use crate::account::Account;
use crate::conversation::Conversation;
use crate::core::translate;
use crate::error::{Error, Result};
use crate::send::CommandHandle;
use crate::state::{ConnectionState, Content, ConversationSummary, Message};

/// Starred messages of one page at most.
pub const STARRED_PAGE_MAX: usize = 50;

/// What the user starred in a conversation, also while the server does not know it yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Starred {
    pub(crate) stars: Arc<Stars>,
    /// What waits: since when a message is to be starred, or that it is not to be any more.
    pub(crate) waiting: BTreeMap<u64, Option<Timestamp>>,
}

impl Starred {
    /// Whether a message is starred.
    #[must_use]
    pub fn holds(&self, message: Seq) -> bool {
        match self.waiting.get(&message.get()) {
            Some(waiting) => waiting.is_some(),
            None => self.stars.holds(message),
        }
    }

    /// All of them: since when, which, and the ordinal where that is known.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Timestamp, Seq, Option<Ordinal>)> {
        let stars = self.stars.all().iter().filter(|star| !self.waiting.contains_key(&star.place.seq.get()));
        let stars = stars.map(|star| (star.at, star.place.seq, Some(star.place.ordinal)));
        let waiting = self.waiting.iter().filter_map(|(seq, at)| {
            let stored = self.stars.all().iter().find(|star| star.place.seq.get() == *seq);
            // One that is starred already stays where it is.
            let at = stored.map_or((*at)?, |star| star.at);
            Some((at, Seq(*seq), stored.map(|star| star.place.ordinal)))
        });
        stars.chain(waiting)
    }
}

/// A place in the list of starred messages: when it was starred, where, and which.
pub type StarMark = (Timestamp, ConversationId, Seq);

/// A starred message.
#[derive(Clone, Debug, PartialEq)]
pub struct StarredMessage {
    /// Its place in the list.
    pub mark: StarMark,
    /// What it says now; `None` when this device does not hold it and cannot ask.
    pub message: Option<Message>,
}

impl Conversation {
    /// Stars messages, or takes the stars away, on all of the user's devices. It works without a connection.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for none, or for more than a hundred at once; [`Error::Store`]. The handle tells what the
    /// server answers: `not_found` for what is no message, or was taken back; `too_many` past a thousand of all conversations.
    pub async fn star(&self, messages: &[Seq], starred: bool) -> Result<CommandHandle> {
        if messages.is_empty() || messages.len() > STARRED_AT_ONCE_MAX {
            return Err(Error::argument("messages", format!("are one to {STARRED_AT_ONCE_MAX} at once")));
        }
        let seqs = messages.iter().map(|seq| seq.get()).collect();
        let (conversation_id, remove) = (self.id.to_string(), !starred);
        let star = v1::StarMessages { conversation_id, seqs, remove, ..v1::StarMessages::default() };
        self.queue(Body::StarMessages(star), None).await
    }
}

impl Account {
    /// The starred messages of all conversations, the one that was starred last first: a page, or the page behind a mark.
    /// What this device does not hold is asked for where it is connected. What was taken back is not among them.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn starred(&self, after: Option<StarMark>, limit: usize) -> Result<Vec<StarredMessage>> {
        let before = |mark: &StarMark| after.as_ref().is_none_or(|after| place(mark) < place(after));
        let mut marks: Vec<_> = self.inner.runtime.views().starred();
        marks.retain(|(mark, _)| before(mark));
        marks.sort_unstable_by_key(|(mark, _)| place(mark));
        let limit = if limit == 0 { STARRED_PAGE_MAX } else { limit.min(STARRED_PAGE_MAX) };
        let mut page = Vec::new();
        for (mark, ordinal) in marks.into_iter().rev() {
            if page.len() == limit {
                break;
            }
            let message = match self.inner.runtime.read_message(mark.1, mark.2).await? {
                Some(row) if row.recalled.is_some() => continue,
                Some(row) => Some(translate::row_to_message(&row, &self.inner.user)),
                None => self.fetch_starred(&mark, ordinal).await,
            };
            if message.as_ref().is_some_and(|message| matches!(message.content, Content::Recalled { .. })) {
                continue;
            }
            page.push(StarredMessage { mark, message });
        }
        Ok(page)
    }

    /// A starred message that is not here, as the server has it.
    async fn fetch_starred(&self, (_, conversation, seq): &StarMark, ordinal: Option<Ordinal>) -> Option<Message> {
        let ordinal = ordinal.filter(|_| self.connection().get() == ConnectionState::Online)?;
        let found = self.conversation(conversation).fetch_around(ordinal, 1).await.ok()?;
        found.messages.into_iter().find(|message| message.id.is_some_and(|id| id.seq == *seq))
    }
}

/// The order of the list, the same on every device and on the server.
fn place((at, conversation, seq): &StarMark) -> (Timestamp, [u8; 16], Seq) {
    (*at, *conversation.as_bytes(), *seq)
}

/// The marks of a conversation, with the ordinals that are known.
pub(crate) fn marks(summary: &ConversationSummary) -> impl Iterator<Item = (StarMark, Option<Ordinal>)> {
    let left = summary
        .starred
        .all()
        .filter(|(_, seq, _)| !summary.removed.holds(*seq) && *seq > summary.preferences.cleared_upto);
    left.map(|(at, seq, ordinal)| ((at, summary.id, seq), ordinal))
}
