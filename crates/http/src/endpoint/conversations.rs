//! `GET /v1/apps/{app}/conversations/{conversation}`: a conversation as a member sees it; and of a user,
//! `GET /v1/apps/{app}/users/{user}/conversations`: a page of his, and `GET …/users/{user}/unread`: what a badge shows.

use crate::conversation_body::ConversationBody;
use crate::error::ApiError;
use crate::extract::{PathOf, QueryOf, id};
use crate::guard::Caller;
use crate::paging::{limit, next_page, page};
use crate::state::HttpState;
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use stonechat_app::api::{Answer, Call};
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::limits::WINDOW_MAX;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    as_user: String,
}

/// `GET …/conversations/{conversation}`.
pub(crate) async fn look(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, conversation)): PathOf<(String, String)>,
    QueryOf(query): QueryOf<Query>,
) -> Result<Json<ConversationBody>, ApiError> {
    let conversation: ConversationId = id("conversation", &conversation)?;
    let user: UserId = id("as_user", &query.as_user)?;
    let call = Call::GetConversation(conversation);
    let Answer::Conversation(view) = state.backend.call_as(caller.app, user, call).await? else {
        return Err(ApiError::unexpected("look"));
    };
    Ok(Json(ConversationBody::from(&*view)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    page: Option<String>,
    limit: Option<u32>,
}

#[derive(Serialize)]
pub(crate) struct Page {
    /// The one that was active last first.
    conversations: Vec<ConversationBody>,
    /// Where the list goes on; missing at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page: Option<String>,
}

/// `GET …/users/{user}/conversations`.
pub(crate) async fn list(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, user)): PathOf<(String, String)>,
    QueryOf(query): QueryOf<ListQuery>,
) -> Result<Json<Page>, ApiError> {
    let user: UserId = id("user", &user)?;
    let (page, limit) = (page(query.page.as_deref())?, limit(query.limit, WINDOW_MAX)?);
    let call = Call::ListConversations { page, limit };
    let Answer::Conversations(found) = state.backend.call_as(caller.app, user, call).await? else {
        return Err(ApiError::unexpected("list"));
    };
    let conversations = found.conversations.iter().map(ConversationBody::from).collect();
    Ok(Json(Page { conversations, next_page: next_page(&found.next) }))
}

#[derive(Serialize)]
pub(crate) struct Unread {
    /// Over all conversations but those that he muted.
    unread_total: u64,
}

/// `GET …/users/{user}/unread`.
pub(crate) async fn unread(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, user)): PathOf<(String, String)>,
) -> Result<Json<Unread>, ApiError> {
    let user: UserId = id("user", &user)?;
    Ok(Json(Unread { unread_total: state.backend.unread_total(caller.app, user).await? }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::{NOW, Stub, group, refusal, request, send_to};
    use serde_json::{Value, json};

    fn expected() -> Value {
        json!({
            "conversation": group().to_string(), "kind": "group", "title": "Team", "role": "admin", "member_count": 2,
            "head_seq": 9, "head_ordinal": 3, "read_seq": 2, "read_ordinal": 1, "unread": 2, "unread_mentions": 1,
            "active_at": NOW.0, "visible_from_seq": 1,
            "read_marks": [{"user": "bob", "read_seq": 4, "delivered_seq": 4}],
            "group": {
                "description": "What we do", "extension": "AP8=", "dissolved": false, "nickname": "Al",
                "muted_until": -1,
                "settings": {
                    "speak": "everybody", "invite": "admins", "edit_info": "admins", "mention_all": "admins",
                    "pin": "admins", "join": "approval", "history": false, "receipts": true, "members_hidden": false,
                },
                "announcement": {"seq": 5, "text": "We meet at noon", "by": "alice", "at": NOW.0},
                "links": [{"link": "BwcHBwcHBwcHBwcHBwcHBw==", "until": -1, "uses_left": 3}],
            },
        })
    }

    #[tokio::test]
    async fn a_conversation_is_told_as_a_member_sees_it() {
        let stub = Stub::default();
        let path = format!("/v1/apps/default/conversations/{}", group());
        let (status, mut reply) = send_to(&stub.router(), request("GET", &format!("{path}?as_user=alice"), None)).await;
        assert_eq!(status.as_u16(), 200, "{reply}");
        let last = reply.as_object_mut().unwrap().remove("last_message").unwrap();
        assert_eq!((&last["seq"], &last["text"]), (&json!(2), &json!("Hi")));
        assert_eq!(reply, expected());
        let (user, Call::GetConversation(asked)) = stub.called() else { panic!("another call was made") };
        assert_eq!((user.as_str(), asked), ("alice", group()));
        for query in ["", "?as_user=", "?as_user=alice&limit=1"] {
            assert_eq!(refusal(request("GET", &format!("{path}{query}"), None)).await.0, 400, "{query}");
        }
        let path = "/v1/apps/default/conversations/g_x?as_user=alice";
        assert_eq!(refusal(request("GET", path, None)).await.0, 400);
    }

    #[tokio::test]
    async fn the_conversations_of_a_user_are_listed_page_by_page() {
        let stub = Stub::default();
        let path = "/v1/apps/default/users/alice/conversations";
        let asked = request("GET", &format!("{path}?page=AQ&limit=200"), None);
        let (status, reply) = send_to(&stub.router(), asked).await;
        assert_eq!((status.as_u16(), &reply["next_page"]), (200, &json!("BwcH")), "{reply}");
        assert_eq!(reply["conversations"][0]["unread"], json!(2));
        let (user, Call::ListConversations { page, limit }) = stub.called() else { panic!("another call was made") };
        assert_eq!((user.as_str(), &page[..], limit), ("alice", &[1][..], 200));
        for query in ["page=%25", "limit=0", "limit=201", "as_user=alice"] {
            assert_eq!(refusal(request("GET", &format!("{path}?{query}"), None)).await.0, 400, "{query}");
        }
    }

    #[tokio::test]
    async fn the_total_of_unread_is_told() {
        let path = "/v1/apps/default/users/alice/unread";
        let (status, reply) = send_to(&Stub::default().router(), request("GET", path, None)).await;
        assert_eq!((status.as_u16(), reply), (200, json!({"unread_total": 7})));
        assert_eq!(refusal(request("GET", "/v1/apps/default/users/a%20b/unread", None)).await.0, 400);
    }
}
