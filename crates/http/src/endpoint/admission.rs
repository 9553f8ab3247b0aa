//! `GET /v1/apps/{app}/conversations/{conversation}/askers`: who asks to be let into a group, or is asked to come in, and
//! `GET …/bans`: whom it keeps out; as an admin sees them.

use crate::conversation_body::until;
use crate::error::ApiError;
use crate::extract::{PathOf, QueryOf, id};
use crate::guard::Caller;
use crate::paging::{limit, next_page, page};
use crate::state::HttpState;
use crate::user_body::UserBody;
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use stonechat_app::api::{Answer, AskerView, BanView, Call};
use stonechat_domain::group::Asking;
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::limits::GROUP_PAGE_MAX;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskersQuery {
    as_user: String,
    which: Which,
    page: Option<String>,
    limit: Option<u32>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Which {
    Applied,
    Invited,
}

#[derive(Serialize)]
pub(crate) struct Askers {
    askers: Vec<Asker>,
    /// Where the list goes on; missing at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page: Option<String>,
}

#[derive(Serialize)]
struct Asker {
    #[serde(flatten)]
    user: UserBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    by: String,
    at: i64,
}

/// `GET …/askers`.
pub(crate) async fn askers(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, conversation)): PathOf<(String, String)>,
    QueryOf(query): QueryOf<AskersQuery>,
) -> Result<Json<Askers>, ApiError> {
    let conversation: ConversationId = id("conversation", &conversation)?;
    let user: UserId = id("as_user", &query.as_user)?;
    let which = match query.which {
        Which::Applied => Asking::Applied,
        Which::Invited => Asking::Invited,
    };
    let (page, limit) = (page(query.page.as_deref())?, limit(query.limit, GROUP_PAGE_MAX)?);
    let call = Call::ListAskers { conversation, which, page, limit };
    let Answer::Askers(found) = state.backend.call_as(caller.app, user, call).await? else {
        return Err(ApiError::unexpected("list"));
    };
    let asker = |it: &AskerView| Asker {
        user: UserBody::from(&it.user),
        message: it.message.as_ref().map(|text| text.as_str().to_owned()),
        by: it.by.to_string(),
        at: it.at.as_millis(),
    };
    Ok(Json(Askers { askers: found.askers.iter().map(asker).collect(), next_page: next_page(&found.next) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BansQuery {
    as_user: String,
    page: Option<String>,
    limit: Option<u32>,
}

#[derive(Serialize)]
pub(crate) struct Bans {
    bans: Vec<Ban>,
    /// Where the list goes on; missing at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page: Option<String>,
}

#[derive(Serialize)]
struct Ban {
    #[serde(flatten)]
    user: UserBody,
    /// -1 is for good.
    until: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    by: String,
    at: i64,
}

/// `GET …/bans`.
pub(crate) async fn bans(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, conversation)): PathOf<(String, String)>,
    QueryOf(query): QueryOf<BansQuery>,
) -> Result<Json<Bans>, ApiError> {
    let conversation: ConversationId = id("conversation", &conversation)?;
    let user: UserId = id("as_user", &query.as_user)?;
    let (page, limit) = (page(query.page.as_deref())?, limit(query.limit, GROUP_PAGE_MAX)?);
    let call = Call::ListBans { conversation, page, limit };
    let Answer::Bans(found) = state.backend.call_as(caller.app, user, call).await? else {
        return Err(ApiError::unexpected("list"));
    };
    let ban = |it: &BanView| Ban {
        user: UserBody::from(&it.user),
        until: until(it.until),
        reason: it.reason.as_ref().map(|text| text.as_str().to_owned()),
        by: it.by.to_string(),
        at: it.at.as_millis(),
    };
    Ok(Json(Bans { bans: found.bans.iter().map(ban).collect(), next_page: next_page(&found.next) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::{NOW, Stub, group, refusal, request, send_to};
    use serde_json::json;

    fn get(what: &str) -> axum::http::Request<axum::body::Body> {
        request("GET", &format!("/v1/apps/default/conversations/{}/{what}", group()), None)
    }

    #[tokio::test]
    async fn who_asks_and_who_is_asked_are_listed() {
        for (which, expected) in [("applied", Asking::Applied), ("invited", Asking::Invited)] {
            let stub = Stub::default();
            let asked = get(&format!("askers?as_user=alice&which={which}&page=AQ&limit=200"));
            let (status, reply) = send_to(&stub.router(), asked).await;
            assert_eq!(status.as_u16(), 200, "{reply}");
            let bob = json!({"user": "bob", "display_name": "Bob", "message": "Please", "by": "bob", "at": NOW.0});
            assert_eq!(reply, json!({"askers": [bob], "next_page": "BwcH"}));
            let (user, Call::ListAskers { which, page, limit, .. }) = stub.called() else { panic!("another call") };
            assert_eq!((user.as_str(), which, &page[..], limit), ("alice", expected, &[1][..], 200));
        }
    }

    #[tokio::test]
    async fn who_is_kept_out_is_listed() {
        let stub = Stub::default();
        let (status, reply) = send_to(&stub.router(), get("bans?as_user=alice")).await;
        assert_eq!(status.as_u16(), 200, "{reply}");
        let bob = json!({"user": "bob", "display_name": "Bob", "until": -1, "by": "alice", "at": NOW.0});
        assert_eq!(reply, json!({"bans": [bob]}));
        let (_, Call::ListBans { page, limit, .. }) = stub.called() else { panic!("another call was made") };
        assert_eq!((page.len(), limit), (0, 0));
    }

    #[tokio::test]
    async fn wrong_values_are_refused_before_a_call() {
        for what in [
            "askers?as_user=alice",
            "askers?as_user=alice&which=nothing",
            "askers?which=applied",
            "askers?as_user=alice&which=applied&limit=201",
            "bans",
            "bans?as_user=alice&limit=0",
            "bans?as_user=alice&page=%25",
            "bans?as_user=alice&which=applied",
        ] {
            assert_eq!(refusal(get(what)).await, (400, "invalid_argument".to_owned()), "{what}");
        }
    }
}
