//! A message as it is told, in JSON: the same wherever it is listed.

use crate::attributes::AttributesBody;
use crate::entities::EntityBody;
use crate::text_body::{self, TEXT};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use stonechat_app::api::{Content, MessageView};
use stonechat_types::id::ClientMsgId;

/// A message as it is now.
#[derive(Serialize)]
pub(crate) struct MessageBody {
    conversation: String,
    seq: u64,
    ordinal: u64,
    message_id: String,
    client_msg_id: String,
    sender: String,
    sent_at: i64,
    kind: String,
    changed_seq: u64,
    #[serde(flatten)]
    said: SaidBody,
    /// Who took it back, and when.
    #[serde(skip_serializing_if = "Option::is_none")]
    recalled_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recalled_at: Option<i64>,
    /// For everybody.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pinned: bool,
    /// How often it was edited, and when last.
    #[serde(skip_serializing_if = "Option::is_none")]
    edits: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edited_at: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reactions: Vec<Reaction>,
}

/// What a message says, or said.
#[derive(Default, Serialize)]
pub(crate) struct SaidBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// Of a text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entities: Vec<EntityBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_type: Option<String>,
    /// Base64, of what is not text.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    lost: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    recalled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<AttributesBody>,
}

#[derive(Serialize)]
struct Reaction {
    emoji: String,
    count: u32,
    /// Whether the reader is one of them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    own: bool,
}

impl From<&MessageView> for MessageBody {
    fn from(view: &MessageView) -> Self {
        let event = &view.event;
        let state = view.state.as_deref();
        let edited = state.filter(|state| state.edits > 0);
        let recalled = state.and_then(|state| state.recalled.as_ref());
        let reactions = state.iter().flat_map(|state| &state.reactions);
        Self {
            conversation: event.id.conversation.to_string(),
            seq: event.id.seq.get(),
            ordinal: event.ordinal.get(),
            message_id: event.id.to_string(),
            client_msg_id: ClientMsgId(event.key).to_string(),
            sender: event.sender.to_string(),
            sent_at: event.sent_at.as_millis(),
            kind: event.kind.to_string(),
            changed_seq: view.changed().get(),
            said: SaidBody::from(&event.content),
            recalled_by: recalled.map(|(by, _)| by.to_string()),
            recalled_at: recalled.map(|(_, at)| at.as_millis()),
            pinned: state.is_some_and(|state| state.pinned),
            edits: edited.map(|state| state.edits),
            edited_at: edited.map(|state| state.edited_at.as_millis()),
            reactions: reactions
                .map(|it| Reaction { emoji: it.emoji.to_string(), count: it.count, own: it.own })
                .collect(),
        }
    }
}

impl From<&Content> for SaidBody {
    fn from(content: &Content) -> Self {
        match content {
            Content::Message { body_type, body, attributes } => {
                let rich = (body_type == TEXT.as_bytes()).then(|| text_body::decode(body)).flatten();
                Self {
                    text: rich.as_ref().map(|rich| rich.text.to_owned()),
                    body: rich.is_none().then(|| STANDARD.encode(body)),
                    entities: rich.iter().flat_map(|rich| &rich.entities).map(EntityBody::from).collect(),
                    body_type: Some(String::from_utf8_lossy(body_type).into_owned()),
                    attributes: attributes.as_deref().map(AttributesBody::from),
                    ..Self::default()
                }
            }
            // A page of messages has no changes; one that a later version counts keeps its place.
            Content::Change(_) => Self::default(),
            Content::Lost => Self { lost: true, ..Self::default() },
            Content::Recalled { .. } => Self { recalled: true, ..Self::default() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::{NOW, direct};
    use bytes::Bytes;
    use serde_json::json;
    use stonechat_app::api::{EventView, ReactionView, StateView};
    use stonechat_domain::kind::EventKind;
    use stonechat_types::emoji::Emoji;
    use stonechat_types::id::{MessageId, UserId};
    use stonechat_types::number::{Ordinal, Seq, Timestamp};

    fn told(content: Content, state: StateView) -> serde_json::Value {
        let event = EventView {
            id: MessageId { conversation: direct(), seq: Seq(2) },
            ordinal: Ordinal(1),
            kind: EventKind::Message,
            sender: UserId::new("alice").unwrap(),
            sent_at: NOW,
            key: [7; 16],
            content,
        };
        serde_json::to_value(MessageBody::from(&MessageView { event, state: Some(Box::new(state)) })).unwrap()
    }

    fn state() -> StateView {
        StateView {
            changed: Seq(9),
            edits: 0,
            edited_at: Timestamp(0),
            reactions: Vec::new(),
            recalled: None,
            pinned: false,
        }
    }

    #[test]
    fn a_text_is_told_with_its_stretches_and_what_became_of_it() {
        let body = Bytes::from_static(b"\x0a\x02Hi\x12\x04\x10\x02\x30\x01");
        let content = Content::Message { body_type: "text".into(), body, attributes: None };
        let reaction = |own| ReactionView { emoji: Emoji::new("👍").unwrap(), count: 2, own };
        let reactions = vec![reaction(true), reaction(false)];
        let told = told(content, StateView { pinned: true, edits: 1, edited_at: NOW, reactions, ..state() });
        assert_eq!(told["text"], "Hi");
        assert_eq!(told["entities"], json!([{"offset": 0, "length": 2, "type": "bold"}]));
        let expected = json!([{"emoji": "👍", "count": 2, "own": true}, {"emoji": "👍", "count": 2}]);
        assert_eq!((&told["pinned"], &told["reactions"]), (&json!(true), &expected));
        assert_eq!((&told["edits"], &told["edited_at"]), (&json!(1), &json!(NOW.0)));
    }

    #[test]
    fn what_was_taken_back_says_by_whom_and_when_and_nothing_else() {
        let recalled = Some((UserId::new("bob").unwrap(), NOW));
        let told = told(Content::Recalled { silent: false }, StateView { recalled, ..state() });
        assert_eq!(told["recalled"], true);
        assert_eq!((&told["recalled_by"], &told["recalled_at"]), (&json!("bob"), &json!(NOW.0)));
        assert!(told["text"].is_null() && told["body"].is_null() && told["body_type"].is_null());
    }

    #[test]
    fn a_text_that_is_none_is_told_as_bytes() {
        let content =
            Content::Message { body_type: "text".into(), body: Bytes::from_static(b"\xff"), attributes: None };
        let told = told(content, state());
        assert_eq!((&told["body_type"], &told["body"], &told["text"]), (&json!("text"), &json!("/w=="), &json!(null)));
    }
}
