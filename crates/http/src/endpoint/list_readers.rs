//! `GET /v1/apps/{app}/conversations/{conversation}/messages/{seq}/readers`: a page of those who have read a message or
//! played it, or who have not, as a member sees them.

use super::list_members::{Reply, reply};
use crate::error::ApiError;
use crate::extract::{PathOf, QueryOf, id};
use crate::guard::Caller;
use crate::paging::{limit, page};
use crate::state::HttpState;
use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use stonechat_app::api::{Answer, Call, ListReaders, Receipt};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::limits::MEMBERS_PAGE_MAX;
use stonechat_types::number::Seq;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    as_user: String,
    who: Option<Who>,
    page: Option<String>,
    limit: Option<u32>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Who {
    Read,
    NotRead,
    Played,
    NotPlayed,
}

pub(crate) async fn handle(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, conversation, seq)): PathOf<(String, String, String)>,
    QueryOf(query): QueryOf<Query>,
) -> Result<Json<Reply>, ApiError> {
    let conversation: ConversationId = id("conversation", &conversation)?;
    let user: UserId = id("as_user", &query.as_user)?;
    let seq = seq.parse().ok().filter(|seq| *seq <= i64::MAX as u64);
    let seq = Seq(seq.ok_or_else(|| ApiError::invalid("seq", "is not a number of the log"))?);
    let (page, limit) = (page(query.page.as_deref())?, limit(query.limit, MEMBERS_PAGE_MAX)?);
    let (receipt, read) = match query.who.unwrap_or(Who::Read) {
        Who::Read => (Receipt::Read, true),
        Who::NotRead => (Receipt::Read, false),
        Who::Played => (Receipt::Played, true),
        Who::NotPlayed => (Receipt::Played, false),
    };
    let call = Call::ListReaders(ListReaders { conversation, seq, receipt, read, page, limit });
    let Answer::Members(page) = state.backend.call_as(caller.app, user, call).await? else {
        return Err(ApiError::new(ErrorCode::Internal, "the list had another answer than expected"));
    };
    Ok(Json(reply(&page)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::{Stub, group, refusal, request, send_to};

    fn path(seq: &str, query: &str) -> String {
        format!("/v1/apps/default/conversations/{}/messages/{seq}/readers?{query}", group())
    }

    #[tokio::test]
    async fn those_who_have_read_or_played_it_are_listed_page_by_page() {
        for (who, receipt, read) in [
            ("", Receipt::Read, true),
            ("&who=not_read", Receipt::Read, false),
            ("&who=played", Receipt::Played, true),
            ("&who=not_played", Receipt::Played, false),
        ] {
            let stub = Stub::default();
            let path = path("7", &format!("as_user=alice&page=AQ&limit=9{who}"));
            let (status, reply) = send_to(&stub.router(), request("GET", &path, None)).await;
            assert_eq!((status.as_u16(), reply["next_page"].as_str()), (200, Some("BwcH")), "{reply}");
            let (user, Call::ListReaders(list)) = stub.called() else { panic!("another call was made") };
            assert_eq!((user.as_str(), list.seq, list.receipt, list.read), ("alice", Seq(7), receipt, read));
            assert_eq!((&list.page[..], list.limit), (&[1][..], 9));
        }
    }

    #[tokio::test]
    async fn wrong_values_are_refused_before_a_call() {
        for (seq, query) in [
            ("7", ""),
            ("7", "as_user=a%20b"),
            ("7", "as_user=alice&limit=501"),
            ("7", "as_user=alice&who=heard"),
            ("7", "as_user=alice&page=%25"),
            ("-1", "as_user=alice"),
        ] {
            let refused = refusal(request("GET", &path(seq, query), None)).await;
            assert_eq!(refused, (400, "invalid_argument".to_owned()), "{seq} {query}");
        }
    }
}
