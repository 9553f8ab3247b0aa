//! `GET /v1/apps/{app}/conversations/{conversation}/messages`: a page of messages, as a member sees them.

use crate::error::ApiError;
use crate::extract::{PathOf, QueryOf, id};
use crate::guard::Caller;
use crate::message_body::MessageBody;
use crate::paging::{limit, number};
use crate::state::HttpState;
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use stonechat_app::api::{Answer, Call, MessageRange};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::limits::{PAGE_ITEMS_MAX, PINS_MAX};
use stonechat_types::number::{Ordinal, Seq};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    as_user: String,
    /// Zero, or nothing, for the newest.
    before_ordinal: Option<u64>,
    /// Zero for the oldest.
    after_ordinal: Option<u64>,
    around_ordinal: Option<u64>,
    limit: Option<u32>,
}

#[derive(Serialize)]
pub(crate) struct Reply {
    conversation: String,
    /// Ascending.
    messages: Vec<MessageBody>,
    as_of_seq: u64,
    from_ordinal: u64,
    upto_ordinal: u64,
    more_before: bool,
    more_after: bool,
}

pub(crate) async fn handle(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, conversation)): PathOf<(String, String)>,
    QueryOf(query): QueryOf<Query>,
) -> Result<Json<Reply>, ApiError> {
    let conversation: ConversationId = id("conversation", &conversation)?;
    let user: UserId = id("as_user", &query.as_user)?;
    let (range, limit) = (range(&query)?, limit(query.limit, PAGE_ITEMS_MAX)?);
    let call = Call::FetchMessages { conversation, range, limit, with_events: false };
    let Answer::Messages(page) = state.backend.call_as(caller.app, user, call).await? else {
        return Err(ApiError::unexpected("fetch"));
    };
    Ok(Json(Reply {
        conversation: page.conversation.to_string(),
        messages: page.messages.iter().map(MessageBody::from).collect(),
        as_of_seq: page.as_of.get(),
        from_ordinal: page.from.get(),
        upto_ordinal: page.upto.get(),
        more_before: page.more_before,
        more_after: page.more_after,
    }))
}

/// At most one of the three is said, and nothing is the newest.
fn range(query: &Query) -> Result<MessageRange, ApiError> {
    let ordinal = |field, given: u64| number(field, Some(given)).map(Ordinal);
    match (query.before_ordinal, query.after_ordinal, query.around_ordinal) {
        (None | Some(0), None, None) => Ok(MessageRange::Newest),
        (Some(before), None, None) => ordinal("before_ordinal", before).map(MessageRange::Before),
        (None, Some(after), None) => ordinal("after_ordinal", after).map(MessageRange::After),
        (None, None, Some(around)) => ordinal("around_ordinal", around).map(MessageRange::Around),
        _ => {
            let message = "name one of before_ordinal, after_ordinal and around_ordinal";
            Err(ApiError::new(ErrorCode::InvalidArgument, message))
        }
    }
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
    messages: Vec<MessageBody>,
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
    let limit = limit(query.limit, PINS_MAX as u32)?;
    let after = Seq(number("after_seq", query.after_seq)?);
    let call = Call::ListPinned { conversation, after, limit };
    let Answer::Messages(page) = state.backend.call_as(caller.app, user, call).await? else {
        return Err(ApiError::unexpected("list"));
    };
    Ok(Json(Pinned {
        conversation: page.conversation.to_string(),
        messages: page.messages.iter().map(MessageBody::from).collect(),
        more_after: page.more_after,
    }))
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
    async fn newer_pages_and_the_surroundings_of_a_message_too() {
        for (query, expected) in [
            ("before_ordinal=0", MessageRange::Newest),
            ("after_ordinal=0", MessageRange::After(Ordinal(0))),
            ("after_ordinal=12", MessageRange::After(Ordinal(12))),
            ("around_ordinal=12", MessageRange::Around(Ordinal(12))),
        ] {
            let stub = Stub::default();
            let asked = get(&direct().to_string(), &format!("?as_user=bob&{query}"));
            assert_eq!(send_to(&stub.router(), asked).await.0.as_u16(), 200);
            let (_, Call::FetchMessages { range, .. }) = stub.called() else { panic!("another call was made") };
            assert_eq!(range, expected, "{query}");
        }
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
            (&id, "?as_user=bob&before_ordinal=9223372036854775808"),
            (&id, "?as_user=bob&before_ordinal=1&after_ordinal=1"),
            (&id, "?as_user=bob&before_ordinal=0&around_ordinal=1"),
            (&id, "?as_user=bob&before=1"),
            ("d_x", "?as_user=bob"),
            (&id.to_uppercase(), "?as_user=bob"),
        ] {
            let refused = refusal(get(conversation, query)).await;
            assert_eq!(refused, (400, "invalid_argument".to_owned()), "{conversation} {query}");
        }
    }
}
