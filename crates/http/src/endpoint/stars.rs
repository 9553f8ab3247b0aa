//! `GET /v1/apps/{app}/users/{user}/starred`: what a user starred, over all of his conversations, and
//! `POST /v1/apps/{app}/conversations/{conversation}/messages/{seq}/star`: stars a message for him, or no longer.

use crate::endpoint::change_message::{Place, message};
use crate::error::ApiError;
use crate::extract::{JsonBody, PathOf, QueryOf, command_id, id};
use crate::guard::Caller;
use crate::message_body::MessageBody;
use crate::paging::{limit, next_page, page};
use crate::state::HttpState;
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use stonechat_app::api::{Answer, Call, StarMessages, StarredView};
use stonechat_types::id::UserId;
use stonechat_types::limits::STARS_PAGE_MAX;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    page: Option<String>,
    limit: Option<u32>,
}

#[derive(Serialize)]
pub(crate) struct Starred {
    /// The one that was starred last first.
    messages: Vec<StarredMessage>,
    /// Where the list goes on; missing at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page: Option<String>,
}

#[derive(Serialize)]
struct StarredMessage {
    starred_at: i64,
    message: MessageBody,
}

/// `GET …/starred`.
pub(crate) async fn list(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, user)): PathOf<(String, String)>,
    QueryOf(query): QueryOf<Query>,
) -> Result<Json<Starred>, ApiError> {
    let user: UserId = id("user", &user)?;
    let (page, limit) = (page(query.page.as_deref())?, limit(query.limit, STARS_PAGE_MAX)?);
    let Answer::Starred(found) = state.backend.call_as(caller.app, user, Call::ListStarred { page, limit }).await?
    else {
        return Err(ApiError::unexpected("list"));
    };
    let starred =
        |it: &StarredView| StarredMessage { starred_at: it.at.as_millis(), message: MessageBody::from(&it.message) };
    Ok(Json(Starred { messages: found.messages.iter().map(starred).collect(), next_page: next_page(&found.next) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    user: String,
    #[serde(default)]
    remove: bool,
    command_id: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Done {
    conversation: String,
    command_id: String,
}

/// `POST …/star`.
pub(crate) async fn star(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf(place): PathOf<Place>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Json<Done>, ApiError> {
    let user: UserId = id("user", &body.user)?;
    let (conversation, seq) = message(&place)?;
    let command_id = command_id(&state, body.command_id.as_deref())?;
    let star = StarMessages { command_id, conversation, seqs: vec![seq], starred: !body.remove };
    let Answer::Own(..) = state.backend.call_as(caller.app, user, Call::StarMessages(star)).await? else {
        return Err(ApiError::unexpected("command"));
    };
    Ok(Json(Done { conversation: conversation.to_string(), command_id: command_id.to_string() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::{NOW, Stub, direct, refusal, request, send_to};
    use serde_json::{Value, json};
    use stonechat_types::number::Seq;

    const ID: &str = "019a0000-0000-7000-8000-000000000001";

    fn post(seq: &str, body: Value) -> axum::http::Request<axum::body::Body> {
        let path = format!("/v1/apps/default/conversations/{}/messages/{seq}/star", direct());
        request("POST", &path, Some(body))
    }

    #[tokio::test]
    async fn starred_messages_are_listed_page_by_page() {
        let stub = Stub::default();
        let path = "/v1/apps/default/users/bob/starred";
        let (status, reply) = send_to(&stub.router(), request("GET", &format!("{path}?page=AQ&limit=100"), None)).await;
        assert_eq!((status.as_u16(), &reply["next_page"]), (200, &json!("BwcH")), "{reply}");
        let first = &reply["messages"][0];
        assert_eq!((&first["starred_at"], &first["message"]["text"]), (&json!(NOW.0), &json!("Hi")));
        let (user, Call::ListStarred { page, limit }) = stub.called() else { panic!("another call was made") };
        assert_eq!((user.as_str(), &page[..], limit), ("bob", &[1][..], 100));
        for query in ["limit=0", "limit=101", "page=%25", "as_user=bob"] {
            assert_eq!(refusal(request("GET", &format!("{path}?{query}"), None)).await.0, 400, "{query}");
        }
    }

    #[tokio::test]
    async fn a_message_is_starred_for_the_user_and_no_longer() {
        for (remove, starred) in [(false, true), (true, false)] {
            let stub = Stub::default();
            let body = json!({"user": "bob", "remove": remove, "command_id": ID});
            let (status, reply) = send_to(&stub.router(), post("2", body)).await;
            assert_eq!((status.as_u16(), &reply["command_id"]), (200, &json!(ID)), "{reply}");
            let (user, Call::StarMessages(star)) = stub.called() else { panic!("another call was made") };
            assert_eq!((user.as_str(), star.seqs, star.starred), ("bob", vec![Seq(2)], starred));
        }
        for (seq, body) in [
            ("2", json!({})),
            ("0", json!({"user": "bob"})),
            ("2", json!({"user": "bob", "as_app": true})),
            ("2", json!({"user": "bob", "command_id": "x"})),
        ] {
            assert_eq!(refusal(post(seq, body.clone())).await.0, 400, "{seq} {body}");
        }
    }
}
