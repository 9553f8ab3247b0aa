//! The timeline of a conversation as an observable list.

use std::sync::Arc;

use eyeball_im::VectorSubscriberBatchedStream;
use imbl::Vector;
use stonechat_types::number::Ordinal;

use crate::conversation::Conversation;
use crate::error::Result;
use crate::state::TimelineItem;
use crate::views::TimelineView;

/// How a timeline is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimelineOptions {
    /// Messages of the first page.
    pub page: u32,
    /// Whether lines divide the days.
    pub date_dividers: bool,
    /// Minutes that the reader's clock is ahead of UTC, for the days.
    pub utc_offset_minutes: i32,
}

impl Default for TimelineOptions {
    fn default() -> Self {
        Self { page: 50, date_dividers: true, utc_offset_minutes: 0 }
    }
}

/// What a page back brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pagination {
    /// Messages that are now shown in addition.
    pub loaded: u32,
    /// Whether the first message of the conversation is shown.
    pub reached_start: bool,
}

/// The timeline of a conversation, live until it is dropped.
pub struct Timeline {
    conversation: Conversation,
    view: Arc<TimelineView>,
}

impl Timeline {
    pub(crate) async fn open(conversation: Conversation, options: TimelineOptions) -> Result<Self> {
        let view = conversation.inner.runtime.open_timeline(&conversation.inner.user, conversation.id, options).await?;
        Ok(Self { conversation, view })
    }

    /// The lines now, oldest first, and a stream of their changes from here on.
    #[must_use]
    pub fn subscribe(&self) -> (Vector<Arc<TimelineItem>>, VectorSubscriberBatchedStream<Arc<TimelineItem>>) {
        self.view.subscribe().into_values_and_batched_stream()
    }

    /// The lines now, oldest first.
    #[must_use]
    pub fn items(&self) -> Vector<Arc<TimelineItem>> {
        self.view.subscribe().values()
    }

    /// Shows older messages: from this device, and from the server where it does not hold them.
    ///
    /// # Errors
    /// [`crate::error::Error::Timeout`] when they are not here and the server does not answer.
    pub async fn paginate_back(&self, messages: u32) -> Result<Pagination> {
        self.conversation.inner.runtime.paginate_back(&self.view, messages).await
    }

    /// Fetches what is missing after an ordinal, from the newest end, a page at a time.
    ///
    /// # Errors
    /// [`crate::error::Error::Timeout`] when the server does not answer.
    pub async fn fill_gap(&self, after: Ordinal) -> Result<Pagination> {
        self.conversation.inner.runtime.fill_gap(&self.view, after).await
    }

    /// Takes the line above the unread away.
    pub fn hide_read_marker(&self) {
        self.view.hide_read_marker();
    }
}
