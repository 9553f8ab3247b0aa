//! An account's loop, and the handle to it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use stonechat_types::id::{ClientMsgId, ConversationId, UserId};
use stonechat_types::number::Ordinal;

use crate::account::OpenMode;
use crate::client::Config;
use crate::core::command::{Command, Reply};
use crate::core::timeline::TimelineModel;
use crate::error::{Error, Result};
use crate::events::RecordedEvent;
use crate::timeline::{Pagination, TimelineOptions};
use crate::views::{TimelineView, Views};

pub(crate) struct Runtime {
    views: Arc<Views>,
}

impl Runtime {
    pub async fn open(_config: &Arc<Config>, _user: &UserId, _mode: OpenMode) -> Result<Self> {
        Ok(Self { views: Arc::default() })
    }

    pub fn views(&self) -> &Arc<Views> {
        &self.views
    }

    pub async fn ask(&self, _command: Command) -> Result<Reply> {
        Err(Error::Closed)
    }

    pub async fn stop(&self) {}

    pub async fn within<T>(&self, at_most: Duration, wait: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::time::timeout(at_most, wait).await.unwrap_or(Err(Error::Timeout))
    }

    pub fn command_id(&self) -> Bytes {
        Bytes::new()
    }

    pub fn client_msg_id(&self) -> ClientMsgId {
        ClientMsgId::from_parts(0, [0; 10])
    }

    pub async fn open_timeline(
        &self,
        me: &UserId,
        conversation: ConversationId,
        options: TimelineOptions,
    ) -> Result<Arc<TimelineView>> {
        Ok(self.views.add_timeline(TimelineModel::new(me.clone(), conversation, options)))
    }

    pub async fn paginate_back(&self, _view: &Arc<TimelineView>, _messages: u32) -> Result<Pagination> {
        Err(Error::Closed)
    }

    pub async fn fill_gap(&self, _view: &Arc<TimelineView>, _after: Ordinal) -> Result<Pagination> {
        Err(Error::Closed)
    }

    pub async fn recorded_events(&self, _after: u64, _limit: u32) -> Result<Vec<RecordedEvent>> {
        Err(Error::Closed)
    }

    pub async fn acknowledge_events(&self, _upto: u64) -> Result<()> {
        Err(Error::Closed)
    }
}
