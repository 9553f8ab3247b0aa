//! `POST /v1/apps/{app}/users/{user}/conversations/{conversation}/read` , `/delivered` and `/played`: says how far a user,
//! or a device of his, is, and which voice message he played; `GET …/mentions`: the messages that call him there; `POST …/typing`: shows the others that he writes.

use crate::error::ApiError;
use crate::extract::{JsonBody, PathOf, QueryOf, id};
use crate::guard::Caller;
use crate::paging::{limit, number};
use crate::state::HttpState;
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use stonechat_app::api::{Answer, Call, ListMentions};
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::limits::PAGE_ITEMS_MAX;
use stonechat_types::number::{Ordinal, Seq};

type Place = (String, String, String);

fn place((_, user, conversation): &Place) -> Result<(UserId, ConversationId), ApiError> {
    Ok((id("user", user)?, id("conversation", conversation)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UptoBody {
    upto_seq: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlayedBody {
    seq: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TypingBody {
    active: bool,
}

/// Nothing is said besides that it is done.
#[derive(Serialize)]
pub(crate) struct Done {}

/// `POST …/read`. The cursor never moves back, and not past the end.
pub(crate) async fn read(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf(of): PathOf<Place>,
    JsonBody(body): JsonBody<UptoBody>,
) -> Result<Json<Done>, ApiError> {
    let (user, conversation) = place(&of)?;
    let upto = Seq(number("upto_seq", Some(body.upto_seq))?);
    match state.backend.call_as(caller.app, user, Call::MarkRead { conversation, upto }).await? {
        Answer::Done => Ok(Json(Done {})),
        _ => Err(ApiError::unexpected("mark")),
    }
}

/// `POST …/delivered`. What never can be noted, as in a group, is passed over.
pub(crate) async fn delivered(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf(of): PathOf<Place>,
    JsonBody(body): JsonBody<UptoBody>,
) -> Result<Json<Done>, ApiError> {
    let (user, conversation) = place(&of)?;
    let upto = Seq(number("upto_seq", Some(body.upto_seq))?);
    match state.backend.call_as(caller.app, user, Call::MarkDelivered(vec![(conversation, upto)])).await? {
        Answer::Done => Ok(Json(Done {})),
        _ => Err(ApiError::unexpected("mark")),
    }
}

/// `POST …/played`. Only voice messages of others are played.
pub(crate) async fn played(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf(of): PathOf<Place>,
    JsonBody(body): JsonBody<PlayedBody>,
) -> Result<Json<Done>, ApiError> {
    let (user, conversation) = place(&of)?;
    let seq = Seq(number("seq", Some(body.seq))?);
    match state.backend.call_as(caller.app, user, Call::MarkPlayed { conversation, seq }).await? {
        Answer::Done => Ok(Json(Done {})),
        _ => Err(ApiError::unexpected("mark")),
    }
}

/// `POST …/typing`. Nothing is stored, and it may be lost.
pub(crate) async fn typing(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf(of): PathOf<Place>,
    JsonBody(body): JsonBody<TypingBody>,
) -> Result<Json<Done>, ApiError> {
    let (user, conversation) = place(&of)?;
    let call = Call::Typing { conversation, active: body.active };
    match state.backend.call_as(caller.app, user, call).await? {
        Answer::Done => Ok(Json(Done {})),
        _ => Err(ApiError::unexpected("signal")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MentionsQuery {
    after_ordinal: Option<u64>,
    limit: Option<u32>,
}

#[derive(Serialize)]
pub(crate) struct Mentions {
    /// Oldest first.
    mentions: Vec<Mention>,
    /// Where the list goes on, also behind a page without any.
    upto_ordinal: u64,
    more_after: bool,
}

#[derive(Serialize)]
struct Mention {
    seq: u64,
    ordinal: u64,
}

/// `GET …/mentions`.
pub(crate) async fn mentions(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf(of): PathOf<Place>,
    QueryOf(query): QueryOf<MentionsQuery>,
) -> Result<Json<Mentions>, ApiError> {
    let (user, conversation) = place(&of)?;
    let after = Ordinal(number("after_ordinal", query.after_ordinal)?);
    let limit = limit(query.limit, PAGE_ITEMS_MAX)?;
    let call = Call::ListMentions(ListMentions { conversation, after, limit });
    let Answer::Mentions(page) = state.backend.call_as(caller.app, user, call).await? else {
        return Err(ApiError::unexpected("list"));
    };
    let mentions = page.mentions.iter().map(|it| Mention { seq: it.seq.get(), ordinal: it.ordinal.get() }).collect();
    Ok(Json(Mentions { mentions, upto_ordinal: page.upto.get(), more_after: page.more }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::{Stub, direct, refusal, request, send_to};
    use serde_json::json;

    fn path(what: &str) -> String {
        format!("/v1/apps/default/users/bob/conversations/{}/{what}", direct())
    }

    #[tokio::test]
    async fn a_cursor_is_moved_in_the_name_of_the_user() {
        let stub = Stub::default();
        let asked = request("POST", &path("read"), Some(json!({"upto_seq": 4})));
        let (status, reply) = send_to(&stub.router(), asked).await;
        assert_eq!((status.as_u16(), reply), (200, json!({})));
        let (user, Call::MarkRead { conversation, upto }) = stub.called() else { panic!("another call was made") };
        assert_eq!((user.as_str(), conversation, upto), ("bob", direct(), Seq(4)));
        let stub = Stub::default();
        let asked = request("POST", &path("delivered"), Some(json!({"upto_seq": 4})));
        assert_eq!(send_to(&stub.router(), asked).await.0.as_u16(), 200);
        let (_, Call::MarkDelivered(marks)) = stub.called() else { panic!("another call was made") };
        assert_eq!(marks, [(direct(), Seq(4))]);
        let stub = Stub::default();
        let asked = request("POST", &path("played"), Some(json!({"seq": 4})));
        assert_eq!(send_to(&stub.router(), asked).await.0.as_u16(), 200);
        let (_, Call::MarkPlayed { seq, .. }) = stub.called() else { panic!("another call was made") };
        assert_eq!(seq, Seq(4));
        for body in [json!({}), json!({"seq": u64::MAX}), json!({"upto_seq": 4})] {
            assert_eq!(refusal(request("POST", &path("played"), Some(body.clone()))).await.0, 400, "{body}");
        }
        for body in [json!({}), json!({"upto_seq": u64::MAX}), json!({"upto_seq": -1}), json!({"upto_seq": 1, "x": 1})]
        {
            for what in ["read", "delivered"] {
                assert_eq!(refusal(request("POST", &path(what), Some(body.clone()))).await.0, 400, "{what} {body}");
            }
        }
    }

    #[tokio::test]
    async fn the_others_are_shown_that_a_user_writes() {
        let stub = Stub::default();
        let asked = request("POST", &path("typing"), Some(json!({"active": true})));
        let (status, reply) = send_to(&stub.router(), asked).await;
        assert_eq!((status.as_u16(), reply), (200, json!({})));
        let (user, Call::Typing { active, .. }) = stub.called() else { panic!("another call was made") };
        assert_eq!((user.as_str(), active), ("bob", true));
        for body in [json!({}), json!({"active": 1})] {
            assert_eq!(refusal(request("POST", &path("typing"), Some(body.clone()))).await.0, 400, "{body}");
        }
    }

    #[tokio::test]
    async fn messages_that_call_a_user_are_listed() {
        let stub = Stub::default();
        let asked = request("GET", &path("mentions?after_ordinal=3&limit=200"), None);
        let (status, reply) = send_to(&stub.router(), asked).await;
        assert_eq!(status.as_u16(), 200, "{reply}");
        assert_eq!(reply, json!({"mentions": [{"seq": 6, "ordinal": 4}], "upto_ordinal": 4, "more_after": true}));
        let (user, Call::ListMentions(list)) = stub.called() else { panic!("another call was made") };
        assert_eq!((user.as_str(), list.after, list.limit), ("bob", Ordinal(3), 200));
        for query in ["limit=0", "limit=201", "after_ordinal=9223372036854775808", "after=1"] {
            let refused = refusal(request("GET", &path(&format!("mentions?{query}")), None)).await;
            assert_eq!(refused, (400, "invalid_argument".to_owned()), "{query}");
        }
    }
}
