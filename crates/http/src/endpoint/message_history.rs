//! `GET /v1/apps/{app}/conversations/{conversation}/messages/{seq}/reactions`: who added what to a message, and
//! `GET …/edits`: what it said before; as a member sees them.

use crate::endpoint::change_message::{Place, message};
use crate::error::ApiError;
use crate::extract::{PathOf, QueryOf, id};
use crate::guard::Caller;
use crate::message_body::SaidBody;
use crate::paging::{limit, next_page, number, page};
use crate::state::HttpState;
use crate::user_body::UserBody;
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use stonechat_app::api::{Answer, Call, ListReactions};
use stonechat_types::emoji::Emoji;
use stonechat_types::id::UserId;
use stonechat_types::limits::MEMBERS_PAGE_MAX;
use stonechat_types::number::Seq;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReactionsQuery {
    as_user: String,
    /// One emoji, or all.
    emoji: Option<String>,
    page: Option<String>,
    limit: Option<u32>,
}

#[derive(Serialize)]
pub(crate) struct Reactions {
    reactions: Vec<OfUser>,
    /// Where the list goes on; missing at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page: Option<String>,
}

#[derive(Serialize)]
struct OfUser {
    #[serde(flatten)]
    user: UserBody,
    emojis: Vec<String>,
}

/// `GET …/reactions`.
pub(crate) async fn reactions(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf(place): PathOf<Place>,
    QueryOf(query): QueryOf<ReactionsQuery>,
) -> Result<Json<Reactions>, ApiError> {
    let (conversation, seq) = message(&place)?;
    let user: UserId = id("as_user", &query.as_user)?;
    let emoji = query.emoji.as_deref().map(Emoji::new).transpose();
    let emoji = emoji.map_err(|error| ApiError::invalid("emoji", error))?;
    let (page, limit) = (page(query.page.as_deref())?, limit(query.limit, MEMBERS_PAGE_MAX)?);
    let call = Call::ListReactions(ListReactions { conversation, seq, emoji, page, limit });
    let Answer::Reactions(found) = state.backend.call_as(caller.app, user, call).await? else {
        return Err(ApiError::unexpected("list"));
    };
    let of_user = |(user, emojis): &(_, Vec<Emoji>)| OfUser {
        user: UserBody::from(user),
        emojis: emojis.iter().map(ToString::to_string).collect(),
    };
    Ok(Json(Reactions { reactions: found.users.iter().map(of_user).collect(), next_page: next_page(&found.next) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EditsQuery {
    as_user: String,
    after_seq: Option<u64>,
}

#[derive(Serialize)]
pub(crate) struct Edits {
    /// Oldest first, with what it says now.
    versions: Vec<Version>,
    more_after: bool,
}

#[derive(Serialize)]
struct Version {
    seq: u64,
    at: i64,
    #[serde(flatten)]
    said: SaidBody,
}

/// `GET …/edits`.
pub(crate) async fn edits(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf(place): PathOf<Place>,
    QueryOf(query): QueryOf<EditsQuery>,
) -> Result<Json<Edits>, ApiError> {
    let (conversation, seq) = message(&place)?;
    let user: UserId = id("as_user", &query.as_user)?;
    let after = Seq(number("after_seq", query.after_seq)?);
    let call = Call::ListEdits { conversation, seq, after };
    let Answer::Edits(found) = state.backend.call_as(caller.app, user, call).await? else {
        return Err(ApiError::unexpected("list"));
    };
    let version = |it: &stonechat_app::api::EditView| Version {
        seq: it.seq.get(),
        at: it.at.as_millis(),
        said: SaidBody::from(&it.content),
    };
    Ok(Json(Edits { versions: found.versions.iter().map(version).collect(), more_after: found.more }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::{NOW, Stub, direct, refusal, request, send_to};
    use serde_json::json;

    fn get(seq: &str, what: &str) -> axum::http::Request<axum::body::Body> {
        request("GET", &format!("/v1/apps/default/conversations/{}/messages/{seq}/{what}", direct()), None)
    }

    #[tokio::test]
    async fn who_reacted_is_listed_page_by_page() {
        let stub = Stub::default();
        let asked = get("2", "reactions?as_user=alice&emoji=%F0%9F%91%8D&page=AQ&limit=500");
        let (status, reply) = send_to(&stub.router(), asked).await;
        assert_eq!(status.as_u16(), 200, "{reply}");
        let bob = json!({"user": "bob", "display_name": "Bob", "emojis": ["👍"]});
        assert_eq!(reply, json!({"reactions": [bob], "next_page": "BwcH"}));
        let (user, Call::ListReactions(list)) = stub.called() else { panic!("another call was made") };
        assert_eq!((user.as_str(), list.seq, &list.page[..], list.limit), ("alice", Seq(2), &[1][..], 500));
        assert_eq!(list.emoji, Emoji::new("👍").ok());
    }

    #[tokio::test]
    async fn what_a_message_said_is_listed() {
        let stub = Stub::default();
        let (status, reply) = send_to(&stub.router(), get("2", "edits?as_user=alice&after_seq=2")).await;
        assert_eq!(status.as_u16(), 200, "{reply}");
        let version = json!({"seq": 3, "at": NOW.0, "body_type": "text", "text": "Hi"});
        assert_eq!(reply, json!({"versions": [version], "more_after": false}));
        let (_, Call::ListEdits { seq, after, .. }) = stub.called() else { panic!("another call was made") };
        assert_eq!((seq, after), (Seq(2), Seq(2)));
    }

    #[tokio::test]
    async fn wrong_values_are_refused_before_a_call() {
        for (seq, what) in [
            ("0", "reactions?as_user=alice"),
            ("x", "edits?as_user=alice"),
            ("2", "reactions"),
            ("2", "reactions?as_user=alice&emoji=no"),
            ("2", "reactions?as_user=alice&limit=501"),
            ("2", "reactions?as_user=alice&page=%25"),
            ("2", "edits"),
            ("2", "edits?as_user=alice&after_seq=-1"),
            ("2", "edits?as_user=alice&after_seq=9223372036854775808"),
            ("2", "edits?as_user=alice&limit=1"),
        ] {
            assert_eq!(refusal(get(seq, what)).await, (400, "invalid_argument".to_owned()), "{seq} {what}");
        }
    }
}
