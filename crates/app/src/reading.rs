//! What all reads need: committed rows, and events with their bodies opened.

use crate::api::{Content, EventView, Failure, UserView};
use crate::directory::failure;
use crate::executor::record::view;
use crate::node::Node;
use crate::rows::{attributes, change, conversation, key, member};
use crate::seal::{Opened, Place};
use stonechat_domain::conversation::Conversation;
use stonechat_domain::event::Change;
use stonechat_domain::kind::EventKind;
use stonechat_domain::member::{Member, UserRef};
use stonechat_log::record::{StoredBody, StoredEvent};
use stonechat_log::store::LogError;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::limits::PAGE_BYTES_MAX;
use stonechat_types::number::{AppId, UserNo};

/// Who reads.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    /// The tenant.
    pub app: AppId,
    /// The user.
    pub user: UserRef,
}

/// Bytes of sealed bodies after which a page ends.
pub(crate) const PAGE_BYTES: usize = PAGE_BYTES_MAX;

impl Node {
    /// A conversation and the reader's membership, present or past.
    pub(crate) async fn membership(
        &self,
        reader: &Reader,
        id: ConversationId,
    ) -> Result<(Conversation, Member), Failure> {
        let missing = || Failure::new(ErrorCode::NotFound, "there is no such conversation");
        let row = self.row(key::conversation(reader.app, id)).await?.ok_or_else(missing)?;
        let state = conversation::decode(reader.app, id, &row).map_err(failure)?;
        let row = self.row(key::member(reader.app, state.no, reader.user.no)).await?.ok_or_else(missing)?;
        let member = member::decode(&row).map_err(failure)?;
        if member.intervals.is_empty() {
            // Who was only kept out does not learn that it exists.
            return Err(missing());
        }
        Ok((state, member))
    }

    /// One committed row.
    pub(crate) async fn row(&self, key: bytes::Bytes) -> Result<Option<bytes::Bytes>, Failure> {
        Ok(self.log.load(vec![key]).await.map_err(failure)?.into_iter().next().flatten())
    }

    /// An event with its body opened.
    pub(crate) fn open(&self, event: &StoredEvent) -> Result<EventView, LogError> {
        let header = &event.header;
        let content = match &event.body {
            // It was taken back. What an edit of it was about is gone with it, and nobody asks any more.
            StoredBody::Scrubbed if header.kind == EventKind::Edited => {
                Content::Change(Change::Edited { target: header.seq, content: None })
            }
            // Whether it was silent, the row of the message says.
            StoredBody::Scrubbed => Content::Recalled { silent: false },
            StoredBody::Corrupt => Content::Lost,
            StoredBody::Sealed(sealed) => {
                let keys = self.sealer.keys(header.app, header.sender_no, header.conversation)?;
                let opened = keys.and_then(|keys| keys.open(&Place::of(header), sealed));
                match opened {
                    None => Content::Lost,
                    Some(opened) if header.kind == EventKind::Message => message(opened),
                    Some(opened) => change::decode(header.kind, &opened.body).map_or(Content::Lost, Content::Change),
                }
            }
        };
        Ok(view(header, content))
    }

    /// A user as others see him.
    pub(crate) async fn user_view(&self, app: AppId, no: UserNo, id: &UserId) -> Result<UserView, Failure> {
        let user = self.directory.find_by_no(app, no).await.map_err(failure)?;
        Ok(UserView { id: id.clone(), name: user.and_then(|user| user.name) })
    }
}

/// What a message says.
fn message(opened: Opened) -> Content {
    let Opened { body_type, attributes, body } = opened;
    if attributes.is_empty() {
        return Content::Message { body_type, body, attributes: None };
    }
    match attributes::decode(&attributes) {
        Ok(attributes) => Content::Message { body_type, body, attributes: Some(Box::new(attributes)) },
        Err(_) => Content::Lost,
    }
}
