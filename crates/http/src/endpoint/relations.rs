//! `GET /v1/apps/{app}/users/{user}/relations` and `POST …/relations/{peer}`: what two users are to each other.

use crate::error::ApiError;
use crate::extract::{JsonBody, PathOf, QueryOf, command_id, id};
use crate::guard::Caller;
use crate::paging::{limit, next_page, page};
use crate::state::HttpState;
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use stonechat_app::api::{Answer, Call, ListRelations, Relate, RelationFilter, RelationView};
use stonechat_domain::relation::{RelationCommand, Remarks, Request};
use stonechat_types::fields::Fields;
use stonechat_types::id::UserId;
use stonechat_types::limits::{RELATIONS_PAGE_MAX, TAGS_MAX};
use stonechat_types::number::Timestamp;
use stonechat_types::text::{DisplayName, Note, Tag};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    command_id: Option<String>,
    change: Change,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Change {
    Block {},
    Unblock {},
    Request { message: Option<String>, answer: Option<String> },
    Accept {},
    Decline { reason: Option<String> },
    Withdraw {},
    Remove {},
    Annotate { alias: Option<String>, tags: Option<Vec<String>>, extension: Option<BTreeMap<String, String>> },
}

#[derive(Serialize)]
pub(crate) struct Reply {
    conversation: String,
    command_id: String,
    deduplicated: bool,
}

/// `POST /v1/apps/{app}/users/{user}/relations/{peer}`.
pub(crate) async fn change(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, user, peer)): PathOf<(String, String, String)>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Json<Reply>, ApiError> {
    let (user, peer): (UserId, UserId) = (id("user", &user)?, id("peer", &peer)?);
    let command_id = command_id(&state, body.command_id.as_deref())?;
    let call = Call::Relate(Box::new(Relate { command_id, peer, command: command(body.change)? }));
    let Answer::CommandDone(done) = state.backend.call_as(caller.app, user, call).await? else {
        return Err(ApiError::unexpected("command"));
    };
    Ok(Json(Reply {
        conversation: done.conversation.to_string(),
        command_id: command_id.to_string(),
        deduplicated: done.deduplicated,
    }))
}

fn command(change: Change) -> Result<RelationCommand, ApiError> {
    Ok(match change {
        Change::Block {} => RelationCommand::Block,
        Change::Unblock {} => RelationCommand::Unblock,
        Change::Request { message, answer } => {
            RelationCommand::Request { message: note("message", message)?, answer: note("answer", answer)? }
        }
        Change::Accept {} => RelationCommand::Accept,
        Change::Decline { reason } => RelationCommand::Decline { reason: note("reason", reason)? },
        Change::Withdraw {} => RelationCommand::Withdraw,
        Change::Remove {} => RelationCommand::Remove,
        Change::Annotate { alias, tags, extension } => {
            let alias = alias.filter(|alias| !alias.is_empty()).as_deref().map(DisplayName::new).transpose();
            let tags = tags.unwrap_or_default();
            if tags.len() > TAGS_MAX {
                return Err(ApiError::invalid("tags", format_args!("has more than {TAGS_MAX} entries")));
            }
            let tags = tags.iter().map(|tag| Tag::new(tag)).collect::<Result<_, _>>();
            let extension = extension.unwrap_or_default();
            let extension = Fields::of(extension.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            RelationCommand::Annotate(Remarks {
                alias: alias.map_err(|error| ApiError::invalid("alias", error))?,
                tags: tags.map_err(|error| ApiError::invalid("tags", error))?,
                extension: extension.map_err(|error| ApiError::invalid("extension", error))?,
            })
        }
    })
}

fn note(field: &'static str, text: Option<String>) -> Result<Option<Note>, ApiError> {
    let text = text.filter(|text| !text.is_empty());
    text.as_deref().map(Note::new).transpose().map_err(|error| ApiError::invalid(field, error))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    #[serde(default)]
    only: Only,
    page: Option<String>,
    limit: Option<u32>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Only {
    #[default]
    All,
    Contacts,
    Requests,
    Blocked,
}

#[derive(Serialize)]
pub(crate) struct Page {
    relations: Vec<Relation>,
    /// Where the list goes on; null at the end.
    next_page: Option<String>,
}

#[derive(Serialize)]
struct Relation {
    user: String,
    contacts_since: Option<i64>,
    blocks_since: Option<i64>,
    incoming: Option<Asked>,
    outgoing: Option<Asked>,
    declined_at: Option<i64>,
    declined_reason: Option<String>,
    alias: Option<String>,
    tags: Vec<String>,
    extension: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct Asked {
    message: Option<String>,
    answer: Option<String>,
    at: i64,
}

/// `GET /v1/apps/{app}/users/{user}/relations`.
pub(crate) async fn list(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, user)): PathOf<(String, String)>,
    QueryOf(query): QueryOf<Query>,
) -> Result<Json<Page>, ApiError> {
    let user: UserId = id("user", &user)?;
    let filter = match query.only {
        Only::All => RelationFilter::All,
        Only::Contacts => RelationFilter::Contacts,
        Only::Requests => RelationFilter::Requests,
        Only::Blocked => RelationFilter::Blocked,
    };
    let (page, limit) = (page(query.page.as_deref())?, limit(query.limit, RELATIONS_PAGE_MAX)?);
    let call = Call::ListRelations(ListRelations { filter, page, limit });
    let Answer::Relations(found) = state.backend.call_as(caller.app, user, call).await? else {
        return Err(ApiError::unexpected("list"));
    };
    let relations = found.relations.into_iter().map(relation).collect();
    Ok(Json(Page { relations, next_page: next_page(&found.next) }))
}

fn relation(view: RelationView) -> Relation {
    let said = |note: &Option<Note>| note.as_ref().map(|note| note.as_str().to_owned());
    let asked = |request: &Request| Asked {
        message: said(&request.message),
        answer: said(&request.answer),
        at: request.at.as_millis(),
    };
    Relation {
        user: view.peer.to_string(),
        contacts_since: view.contacts_since.map(Timestamp::as_millis),
        blocks_since: view.blocks_since.map(Timestamp::as_millis),
        incoming: view.incoming.as_ref().map(asked),
        outgoing: view.outgoing.as_ref().map(asked),
        declined_at: view.declined.as_ref().map(|declined| declined.at.as_millis()),
        declined_reason: view.declined.as_ref().and_then(|declined| said(&declined.reason)),
        alias: view.remarks.alias.as_ref().map(|alias| alias.as_str().to_owned()),
        tags: view.remarks.tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
        extension: view.remarks.extension.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use crate::stub::{Stub, refusal, request, send, send_to};
    use serde_json::{Value, json};
    use stonechat_app::api::Call;
    use stonechat_domain::relation::RelationCommand;

    const PATH: &str = "/v1/apps/default/users/alice/relations";

    fn post(change: Value) -> axum::http::Request<axum::body::Body> {
        request("POST", &format!("{PATH}/bob"), Some(json!({ "change": change })))
    }

    #[tokio::test]
    async fn a_change_is_made_in_the_name_of_the_user() {
        for (change, expected) in [
            (json!({"block": {}}), RelationCommand::Block),
            (json!({"unblock": {}}), RelationCommand::Unblock),
            (json!({"accept": {}}), RelationCommand::Accept),
            (json!({"withdraw": {}}), RelationCommand::Withdraw),
            (json!({"remove": {}}), RelationCommand::Remove),
            (json!({"decline": {}}), RelationCommand::Decline { reason: None }),
            (json!({"request": {"message": ""}}), RelationCommand::Request { message: None, answer: None }),
        ] {
            let stub = Stub::default();
            let (status, _) = send_to(&stub.router(), post(change)).await;
            let (user, Call::Relate(relate)) = stub.called() else { panic!("another call") };
            assert_eq!((status.as_u16(), user.as_str(), relate.peer.as_str()), (200, "alice", "bob"));
            assert_eq!(relate.command, expected);
        }
    }

    #[tokio::test]
    async fn relations_are_listed() {
        let (status, body) = send(request("GET", &format!("{PATH}?only=contacts&limit=2"), None)).await;
        assert_eq!(status.as_u16(), 200);
        assert_eq!((&body["relations"][0]["user"], &body["next_page"]), (&json!("bob"), &json!("cGFnZQ")));
    }

    #[tokio::test]
    async fn what_is_no_change_and_no_page_is_refused() {
        let many: Vec<_> = (0..17).map(|n| n.to_string()).collect();
        for change in [
            json!({"kiss": {}}),
            json!({"block": {"why": "so"}}),
            json!({"annotate": {"alias": "a\nb"}}),
            json!({"annotate": {"tags": many}}),
            json!({"request": {"message": "x".repeat(1025)}}),
        ] {
            assert_eq!(refusal(post(change.clone())).await.0, 400, "{change}");
        }
        for query in ["only=some", "page=%21", "limit=x", "limit=0", "limit=201"] {
            assert_eq!(refusal(request("GET", &format!("{PATH}?{query}"), None)).await.0, 400, "{query}");
        }
    }
}
