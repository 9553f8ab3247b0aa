//! `GET /v1/apps/{app}/conversations/{conversation}/messages`: a page of messages, as a member sees them.

use crate::attributes::AttributesBody;
use crate::error::ApiError;
use crate::extract::{PathOf, QueryOf, id};
use crate::guard::Caller;
use crate::state::HttpState;
use crate::text_body::{self, TEXT};
use axum::extract::State;
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use stonechat_app::api::{Answer, Call, Content, MessageRange, MessageView};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{ClientMsgId, ConversationId, UserId};
use stonechat_types::limits::{PAGE_ITEMS_MAX, PINS_MAX};
use stonechat_types::number::{Ordinal, Seq};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    as_user: String,
    /// Zero, or nothing, for the newest.
    before_ordinal: Option<u64>,
    limit: Option<u32>,
}

#[derive(Serialize)]
pub(crate) struct Reply {
    conversation: String,
    /// Ascending.
    messages: Vec<Message>,
    as_of_seq: u64,
    from_ordinal: u64,
    upto_ordinal: u64,
    more_before: bool,
    more_after: bool,
}

#[derive(Serialize)]
struct Message {
    conversation: String,
    seq: u64,
    ordinal: u64,
    message_id: String,
    client_msg_id: String,
    sender: String,
    sent_at: i64,
    kind: String,
    changed_seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_type: Option<String>,
    /// Base64, of what is not text.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    lost: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    recalled: bool,
    /// How often it was edited, and when last.
    #[serde(skip_serializing_if = "Option::is_none")]
    edits: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edited_at: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reactions: Vec<Reaction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<AttributesBody>,
}

#[derive(Serialize)]
struct Reaction {
    emoji: String,
    count: u32,
}

pub(crate) async fn handle(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, conversation)): PathOf<(String, String)>,
    QueryOf(query): QueryOf<Query>,
) -> Result<Json<Reply>, ApiError> {
    let conversation: ConversationId = id("conversation", &conversation)?;
    let user: UserId = id("as_user", &query.as_user)?;
    let range = match query.before_ordinal.unwrap_or(0) {
        0 => MessageRange::Newest,
        ordinal => MessageRange::Before(Ordinal(ordinal)),
    };
    let limit = query.limit.unwrap_or(0);
    if query.limit == Some(0) || limit > PAGE_ITEMS_MAX {
        return Err(ApiError::invalid("limit", format_args!("is not from 1 to {PAGE_ITEMS_MAX}")));
    }
    let call = Call::FetchMessages { conversation, range, limit };
    let Answer::Messages(page) = state.backend.call_as(caller.app, user, call).await? else {
        return Err(ApiError::new(ErrorCode::Internal, "the fetch had another answer than expected"));
    };
    Ok(Json(Reply {
        conversation: page.conversation.to_string(),
        messages: page.messages.iter().map(message).collect(),
        as_of_seq: page.as_of.get(),
        from_ordinal: page.from.get(),
        upto_ordinal: page.upto.get(),
        more_before: page.more_before,
        more_after: page.more_after,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PinnedQuery {
    as_user: String,
    /// Those behind this message.
    after_seq: Option<u64>,
    limit: Option<u32>,
}

#[derive(Serialize)]
pub(crate) struct Pinned {
    conversation: String,
    /// Oldest first.
    messages: Vec<Message>,
    more_after: bool,
}

/// `GET /v1/apps/{app}/conversations/{conversation}/pinned`: the messages that are pinned, as a member sees them.
pub(crate) async fn pinned(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, conversation)): PathOf<(String, String)>,
    QueryOf(query): QueryOf<PinnedQuery>,
) -> Result<Json<Pinned>, ApiError> {
    let conversation: ConversationId = id("conversation", &conversation)?;
    let user: UserId = id("as_user", &query.as_user)?;
    let limit = query.limit.unwrap_or(0);
    if query.limit == Some(0) || limit > PINS_MAX as u32 {
        return Err(ApiError::invalid("limit", format_args!("is not from 1 to {PINS_MAX}")));
    }
    let after = Seq(query.after_seq.unwrap_or_default().min(i64::MAX as u64));
    let call = Call::ListPinned { conversation, after, limit };
    let Answer::Messages(page) = state.backend.call_as(caller.app, user, call).await? else {
        return Err(ApiError::new(ErrorCode::Internal, "the list had another answer than expected"));
    };
    Ok(Json(Pinned {
        conversation: page.conversation.to_string(),
        messages: page.messages.iter().map(message).collect(),
        more_after: page.more_after,
    }))
}

fn message(view: &MessageView) -> Message {
    let event = &view.event;
    let edited = view.state.as_ref().filter(|state| state.edits > 0);
    let reactions = view.state.iter().flat_map(|state| &state.reactions);
    let mut message = Message {
        conversation: event.id.conversation.to_string(),
        seq: event.id.seq.get(),
        ordinal: event.ordinal.get(),
        message_id: event.id.to_string(),
        client_msg_id: ClientMsgId(event.key).to_string(),
        sender: event.sender.to_string(),
        sent_at: event.sent_at.as_millis(),
        kind: event.kind.to_string(),
        changed_seq: view.changed().get(),
        text: None,
        body_type: None,
        body: None,
        lost: false,
        recalled: false,
        edits: edited.map(|state| state.edits),
        edited_at: edited.map(|state| state.edited_at.as_millis()),
        reactions: reactions.map(|it| Reaction { emoji: it.emoji.to_string(), count: it.count }).collect(),
        attributes: None,
    };
    match &event.content {
        Content::Message { body_type, body, attributes } => {
            message.attributes = attributes.as_deref().map(AttributesBody::from);
            message.text = (body_type == TEXT.as_bytes()).then(|| text_body::decode(body)).flatten().map(str::to_owned);
            message.body = message.text.is_none().then(|| STANDARD.encode(body));
            message.body_type = Some(String::from_utf8_lossy(body_type).into_owned());
        }
        // A page of messages has no changes; one that a later version counts keeps its place.
        Content::Change(_) => {}
        Content::Lost => message.lost = true,
        Content::Recalled { .. } => message.recalled = true,
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::{NOW, Stub, direct, refusal, request, send_to};
    use serde_json::json;

    fn get(conversation: &str, query: &str) -> axum::http::Request<axum::body::Body> {
        request("GET", &format!("/v1/apps/default/conversations/{conversation}/messages{query}"), None)
    }

    #[tokio::test]
    async fn a_page_has_texts_as_texts_and_the_rest_as_base64() {
        let stub = Stub::default();
        let (status, page) = send_to(&stub.router(), get(&direct().to_string(), "?as_user=bob")).await;
        assert_eq!(status.as_u16(), 200);
        let id = direct().to_string();
        let expected = json!({
            "conversation": id, "as_of_seq": 4, "from_ordinal": 1, "upto_ordinal": 3,
            "more_before": false, "more_after": false,
            "messages": [
                {"conversation": id, "seq": 2, "ordinal": 1, "message_id": format!("{id}.2"),
                 "client_msg_id": "07070707-0707-0707-0707-070707070707", "sender": "alice", "sent_at": NOW.0,
                 "kind": "message", "changed_seq": 2, "body_type": "text", "text": "Hi"},
                {"conversation": id, "seq": 3, "ordinal": 2, "message_id": format!("{id}.3"),
                 "client_msg_id": "07070707-0707-0707-0707-070707070707", "sender": "alice", "sent_at": NOW.0,
                 "kind": "message", "changed_seq": 3, "body_type": "acme.order", "body": "AAH/"},
                {"conversation": id, "seq": 4, "ordinal": 3, "message_id": format!("{id}.4"),
                 "client_msg_id": "07070707-0707-0707-0707-070707070707", "sender": "alice", "sent_at": NOW.0,
                 "kind": "message", "changed_seq": 4, "lost": true},
            ],
        });
        assert_eq!(page, expected);
        let (user, Call::FetchMessages { range, limit, .. }) = stub.called() else { panic!("another call was made") };
        assert_eq!((user.as_str(), range, limit), ("bob", MessageRange::Newest, 0));
    }

    #[tokio::test]
    async fn older_pages_are_asked_for_by_ordinal() {
        let stub = Stub::default();
        let query = "?as_user=bob&before_ordinal=12&limit=200";
        let (status, _) = send_to(&stub.router(), get(&direct().to_string(), query)).await;
        assert_eq!(status.as_u16(), 200);
        let (_, Call::FetchMessages { range, limit, .. }) = stub.called() else { panic!("another call was made") };
        assert_eq!((range, limit), (MessageRange::Before(Ordinal(12)), 200));
    }

    #[tokio::test]
    async fn pinned_messages_are_listed_as_a_member_sees_them() {
        let stub = Stub::default();
        let path = |query: &str| format!("/v1/apps/default/conversations/{}/pinned{query}", direct());
        let asked = request("GET", &path("?as_user=bob&after_seq=2&limit=7"), None);
        let (status, page) = send_to(&stub.router(), asked).await;
        assert_eq!((status.as_u16(), page["messages"].as_array().map(Vec::len)), (200, Some(3)), "{page}");
        let (user, Call::ListPinned { after, limit, .. }) = stub.called() else { panic!("another call was made") };
        assert_eq!((user.as_str(), after, limit), ("bob", Seq(2), 7));
        for query in ["", "?as_user=bob&limit=0", "?as_user=bob&limit=101", "?as_user=bob&x=1"] {
            assert_eq!(refusal(request("GET", &path(query), None)).await.0, 400, "{query}");
        }
    }

    #[tokio::test]
    async fn wrong_values_are_refused_before_a_call() {
        let id = direct().to_string();
        for (conversation, query) in [
            (id.as_str(), ""),
            (&id, "?as_user="),
            (&id, "?as_user=%00"),
            (&id, "?as_user=%ff"),
            (&id, "?as_user=bob&limit=0"),
            (&id, "?as_user=bob&limit=201"),
            (&id, "?as_user=bob&limit=ten"),
            (&id, "?as_user=bob&before_ordinal=-1"),
            (&id, "?as_user=bob&before=1"),
            ("d_x", "?as_user=bob"),
            (&id.to_uppercase(), "?as_user=bob"),
        ] {
            let refused = refusal(get(conversation, query)).await;
            assert_eq!(refused, (400, "invalid_argument".to_owned()), "{conversation} {query}");
        }
    }
}
