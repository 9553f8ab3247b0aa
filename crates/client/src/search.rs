//! Search on this device, without a connection.

use stonechat_types::id::{ConversationId, MessageId};
use stonechat_types::number::Timestamp;
use stonechat_types::text::shows_nothing;

use crate::account::Account;
use crate::core::translate;
use crate::error::{Error, Result};
use crate::state::Message;
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
    /// character is enough; upper and lower case, accents and forms of characters make no difference. What was taken back
    /// is not found.
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
        let rows = MessageSearch { text, conversation, body_type, since, after, limit };
        let rows = self.inner.runtime.search(rows).await?;
        Ok(rows.iter().map(|row| translate::row_to_message(row, &self.inner.user)).collect())
    }
}
