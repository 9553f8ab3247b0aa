//! Search on this device, without a connection.

use stonechat_types::id::{ConversationId, MessageId};
use stonechat_types::number::{Seq, Timestamp};
use stonechat_types::text::shows_nothing;

use crate::account::Account;
use crate::core::rows::MessageRow;
use crate::core::translate;
use crate::error::{Error, Result};
use crate::state::{ConversationSummary, Message};
use crate::store::MessageSearch;

/// Messages of one page of a search.
pub const SEARCH_MAX: u32 = 200;

/// What to search for. All that is left out makes no difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// A part of what messages say.
    pub text: String,
    /// In one conversation only.
    pub conversation: Option<ConversationId>,
    /// Of one type of body only.
    pub body_type: Option<String>,
    /// Not before this time.
    pub since: Option<Timestamp>,
    /// The page behind a message, by when it was sent and its id.
    pub after: Option<(Timestamp, MessageId)>,
    /// At most so many; 0 for as many as there may be.
    pub limit: u32,
}

impl Account {
    /// Messages on this device that say something: newest first, at most [`SEARCH_MAX`] of them a page. One Chinese
    /// character is enough; upper and lower case, accents and forms of characters make no difference. What was taken back,
    /// removed or cleared is not found.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a text that shows nothing; [`Error::Store`].
    pub async fn search(&self, search: Search) -> Result<Vec<Message>> {
        if shows_nothing(&search.text) {
            return Err(Error::argument("text", "shows nothing"));
        }
        let after = search.after.map(|(at, id)| (at, id.conversation, id.seq.get()));
        let limit = if search.limit == 0 { SEARCH_MAX } else { search.limit.min(SEARCH_MAX) };
        let Search { text, conversation, body_type, since, .. } = search;
        let since = since.unwrap_or(Timestamp(i64::MIN));
        let mut page = MessageSearch { text, conversation, body_type, since, after, limit };
        let mut found = Vec::new();
        loop {
            let rows = self.inner.runtime.search(page.clone()).await?;
            let last = rows.last().map(|row| (row.sent_at, row.conversation, row.seq));
            let is_last = rows.len() < limit as usize;
            let shown = rows.iter().filter(|row| self.shows(row));
            found.extend(shown.map(|row| translate::row_to_message(row, &self.inner.user)));
            // What the user has just removed may have filled the page.
            if is_last || found.len() >= limit as usize {
                found.truncate(limit as usize);
                return Ok(found);
            }
            page.after = last;
        }
    }

    /// Whether the user neither removed nor cleared a message for himself.
    fn shows(&self, row: &MessageRow) -> bool {
        let summary = self.inner.runtime.views().summary(&row.conversation);
        let is_gone =
            |it: &ConversationSummary| it.removed.holds(Seq(row.seq)) || row.seq <= it.preferences.cleared_upto.get();
        !summary.is_some_and(|summary| is_gone(&summary))
    }
}
