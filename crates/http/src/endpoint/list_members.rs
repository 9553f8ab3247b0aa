//! `GET /v1/apps/{app}/conversations/{conversation}/members`: a page of members, as a member sees them.

use crate::error::ApiError;
use crate::extract::{PathOf, QueryOf, id};
use crate::guard::Caller;
use crate::paging::{limit, next_page, page};
use crate::state::HttpState;
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use stonechat_app::api::{Answer, Call, ListMembers, MemberFilter, MemberView, MembersPage};
use stonechat_domain::group::FOR_GOOD;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::limits::MEMBERS_PAGE_MAX;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    as_user: String,
    only: Option<Only>,
    page: Option<String>,
    limit: Option<u32>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Only {
    Admins,
    Muted,
    ReadAnnouncement,
    NotReadAnnouncement,
}

#[derive(Serialize)]
pub(crate) struct Reply {
    members: Vec<Member>,
    /// Where the list goes on; missing at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page: Option<String>,
    as_of_seq: u64,
}

#[derive(Serialize)]
struct Member {
    user: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname: Option<String>,
    /// Missing when he may write; -1 is for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    muted_until: Option<i64>,
}

pub(crate) async fn handle(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, conversation)): PathOf<(String, String)>,
    QueryOf(query): QueryOf<Query>,
) -> Result<Json<Reply>, ApiError> {
    let conversation: ConversationId = id("conversation", &conversation)?;
    let user: UserId = id("as_user", &query.as_user)?;
    let (page, limit) = (page(query.page.as_deref())?, limit(query.limit, MEMBERS_PAGE_MAX)?);
    let only = match query.only {
        None => MemberFilter::All,
        Some(Only::Admins) => MemberFilter::Admins,
        Some(Only::Muted) => MemberFilter::Muted,
        Some(Only::ReadAnnouncement) => MemberFilter::ReadAnnouncement,
        Some(Only::NotReadAnnouncement) => MemberFilter::NotReadAnnouncement,
    };
    let call = Call::ListMembers(ListMembers { conversation, only, page, limit });
    let Answer::Members(page) = state.backend.call_as(caller.app, user, call).await? else {
        return Err(ApiError::new(ErrorCode::Internal, "the list had another answer than expected"));
    };
    Ok(Json(reply(&page)))
}

/// A page of members as it is answered.
pub(crate) fn reply(page: &MembersPage) -> Reply {
    Reply {
        members: page.members.iter().map(member).collect(),
        next_page: next_page(&page.next),
        as_of_seq: page.as_of.get(),
    }
}

fn member(view: &MemberView) -> Member {
    Member {
        user: view.user.id.to_string(),
        display_name: view.user.name.as_ref().map(|name| name.as_str().to_owned()),
        role: view.role.as_str(),
        nickname: view.nickname.as_ref().map(|name| name.as_str().to_owned()),
        muted_until: match view.muted_until {
            FOR_GOOD => Some(-1),
            until => Some(until.as_millis()).filter(|until| *until > 0),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::{Stub, group, refusal, request, send_to};
    use serde_json::json;

    #[tokio::test]
    async fn members_are_listed_page_by_page() {
        let stub = Stub::default();
        let path =
            format!("/v1/apps/default/conversations/{}/members?as_user=alice&only=muted&page=AQ&limit=7", group());
        let (status, reply) = send_to(&stub.router(), request("GET", &path, None)).await;
        assert_eq!(status.as_u16(), 200, "{reply}");
        let (_, Call::ListMembers(list)) = stub.called() else { panic!("another call was made") };
        assert_eq!((list.only, &list.page[..], list.limit), (MemberFilter::Muted, &[1][..], 7));
        let bob = json!({"user": "bob", "role": "member", "nickname": "Bobby", "muted_until": 1_790_000_000_000_i64});
        assert_eq!(reply, json!({"members": [bob], "next_page": "BwcH", "as_of_seq": 4}));
    }

    #[tokio::test]
    async fn wrong_values_are_refused_before_a_call() {
        for query in ["", "as_user=a%20b", "as_user=alice&limit=0", "as_user=alice&only=loud", "as_user=alice&page=%25"]
        {
            let path = format!("/v1/apps/default/conversations/{}/members?{query}", group());
            assert_eq!(refusal(request("GET", &path, None)).await, (400, "invalid_argument".to_owned()), "{query}");
        }
    }
}
