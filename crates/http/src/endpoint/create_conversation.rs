//! `POST /v1/apps/{app}/conversations`: begins a group in the name of a user.

use crate::error::ApiError;
use crate::extract::{JsonBody, command_id, id};
use crate::guard::Caller;
use crate::state::HttpState;
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use stonechat_app::api::{Answer, Call, CreateGroup};
use stonechat_types::id::{ConversationKind, UserId};
use stonechat_types::limits::MEMBERS_PER_EVENT_MAX;
use stonechat_types::text::Title;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    creator: String,
    title: String,
    #[serde(default)]
    members: Vec<String>,
    #[serde(default)]
    kind: Kind,
    command_id: Option<String>,
}

/// What begins.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Group,
    Channel,
}

#[derive(Serialize)]
pub(crate) struct Reply {
    conversation: String,
    seq: u64,
    command_id: String,
    deduplicated: bool,
}

pub(crate) async fn handle(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Json<Reply>, ApiError> {
    let creator: UserId = id("creator", &body.creator)?;
    let title = Title::new(&body.title).map_err(|error| ApiError::invalid("title", error))?;
    if body.members.len() > MEMBERS_PER_EVENT_MAX {
        let reason = format_args!("has more than {MEMBERS_PER_EVENT_MAX} users; add the others afterwards");
        return Err(ApiError::invalid("members", reason));
    }
    let members = body.members.iter().map(|member| id("members", member)).collect::<Result<Vec<UserId>, _>>()?;
    let kind = match body.kind {
        Kind::Group => ConversationKind::Group,
        Kind::Channel => ConversationKind::Channel,
    };
    let command_id = command_id(&state, body.command_id.as_deref())?;
    let call = Call::CreateGroup(CreateGroup { command_id, kind, title, members });
    let Answer::CommandDone(done) = state.backend.call_as(caller.app, creator, call).await? else {
        return Err(ApiError::unexpected("command"));
    };
    Ok(Json(Reply {
        conversation: done.conversation.to_string(),
        seq: done.seq.get(),
        command_id: command_id.to_string(),
        deduplicated: done.deduplicated,
    }))
}

#[cfg(test)]
mod tests {
    use crate::stub::{Stub, group, refusal, request, send, send_to};
    use serde_json::{Value, json};
    use stonechat_app::api::Call;
    use stonechat_types::error_code::ErrorCode;

    fn post(body: Value) -> axum::http::Request<axum::body::Body> {
        request("POST", "/v1/apps/default/conversations", Some(body))
    }

    #[tokio::test]
    async fn a_group_begins_in_the_name_of_its_creator() {
        let stub = Stub::default();
        let command = "019a0000-0000-7000-8000-000000000001";
        let body = json!({"creator": "alice", "title": "Team", "members": ["bob"], "command_id": command});
        let (status, reply) = send_to(&stub.router(), post(body)).await;
        assert_eq!(status.as_u16(), 200);
        let expected = json!({
            "conversation": group().to_string(), "seq": 1, "command_id": command, "deduplicated": false
        });
        assert_eq!(reply, expected);
        let (user, Call::CreateGroup(create)) = stub.called() else { panic!("another call was made") };
        assert_eq!(user.as_str(), "alice");
        assert_eq!((create.title.as_str(), create.members.len()), ("Team", 1));
    }

    #[tokio::test]
    async fn without_a_command_id_one_is_made_and_told() {
        let (_, reply) = send(post(json!({"creator": "alice", "title": "Team"}))).await;
        assert_eq!(reply["command_id"].as_str().unwrap().len(), 36);
    }

    #[tokio::test]
    async fn wrong_values_are_refused_before_a_call() {
        let many: Vec<String> = (0..257).map(|n| format!("u{n}")).collect();
        for body in [
            json!({"creator": "alice"}),
            json!({"creator": "alice", "title": " "}),
            json!({"creator": "alice", "title": "a\u{7}b"}),
            json!({"creator": "", "title": "Team"}),
            json!({"creator": "alice", "title": "Team", "members": ["b b"]}),
            json!({"creator": "alice", "title": "Team", "members": many}),
            json!({"creator": "alice", "title": "Team", "command_id": "1"}),
            json!({"creator": "alice", "title": "Team", "command_id": "00000000-0000-0000-0000-000000000000"}),
        ] {
            assert_eq!(refusal(post(body.clone())).await, (400, "invalid_argument".to_owned()), "{body}");
        }
    }

    #[tokio::test]
    async fn a_refusal_of_the_application_keeps_its_code() {
        let stub = Stub::refusing(ErrorCode::NotFound);
        let (status, body) = send_to(&stub.router(), post(json!({"creator": "alice", "title": "Team"}))).await;
        assert_eq!((status.as_u16(), &body["code"]), (404, &json!("not_found")));
    }
}
