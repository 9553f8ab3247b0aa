//! `POST /v1/apps/{app}/conversations/{conversation}/messages/{seq}/…`: `edit`, `react`, `recall`, `pin` and `delete` (for one
//! user alone), in the name of a member. With `as_app` the app vouches for it: windows of time and roles do not bind it then.

use crate::endpoint::send_message::{Given, content};
use crate::entities::EntityBody;
use crate::error::ApiError;
use crate::extract::{JsonBody, PathOf, command_id, id};
use crate::guard::Caller;
use crate::state::HttpState;
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stonechat_app::api::{Answer, Call, ChangeMessage, DeleteMessages};
use stonechat_domain::event::{Content, MessageCommand};
use stonechat_domain::message::Authority;
use stonechat_types::emoji::Emoji;
use stonechat_types::id::ConversationId;
use stonechat_types::number::Seq;

/// Which message.
#[derive(Deserialize)]
pub(crate) struct Place {
    conversation: String,
    seq: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EditBody {
    user: String,
    text: Option<String>,
    /// Of the text.
    #[serde(default)]
    entities: Vec<EntityBody>,
    body_type: Option<String>,
    /// Base64.
    body: Option<String>,
    /// Instead of `body`.
    json: Option<Value>,
    #[serde(default)]
    as_app: bool,
    command_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReactBody {
    user: String,
    emoji: String,
    #[serde(default)]
    remove: bool,
    command_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecallBody {
    user: String,
    #[serde(default)]
    as_app: bool,
    command_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PinBody {
    user: String,
    #[serde(default)]
    remove: bool,
    #[serde(default)]
    as_app: bool,
    command_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteBody {
    user: String,
    command_id: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Deleted {
    conversation: String,
    command_id: String,
}

#[derive(Serialize)]
pub(crate) struct Reply {
    conversation: String,
    /// The event that it led to; 0 when it changed nothing.
    seq: u64,
    command_id: String,
    deduplicated: bool,
}

pub(crate) async fn edit(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf(place): PathOf<Place>,
    JsonBody(body): JsonBody<EditBody>,
) -> Result<Json<Reply>, ApiError> {
    let given = Given {
        text: body.text.as_deref(),
        entities: &body.entities,
        body_type: body.body_type.as_deref(),
        body: body.body.as_deref(),
        json: body.json.as_ref(),
    };
    let (body_type, bytes) = content(given)?;
    let command = MessageCommand::Edit(Content { body_type, body: bytes });
    let asked = Asked { user: &body.user, command_id: body.command_id.as_deref(), as_app: body.as_app };
    change(&state, &caller, &place, asked, command).await
}

pub(crate) async fn react(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf(place): PathOf<Place>,
    JsonBody(body): JsonBody<ReactBody>,
) -> Result<Json<Reply>, ApiError> {
    let emoji = Emoji::new(&body.emoji).map_err(|error| ApiError::invalid("emoji", error))?;
    let command = MessageCommand::React { emoji, add: !body.remove };
    let asked = Asked { user: &body.user, command_id: body.command_id.as_deref(), as_app: false };
    change(&state, &caller, &place, asked, command).await
}

pub(crate) async fn recall(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf(place): PathOf<Place>,
    JsonBody(body): JsonBody<RecallBody>,
) -> Result<Json<Reply>, ApiError> {
    let asked = Asked { user: &body.user, command_id: body.command_id.as_deref(), as_app: body.as_app };
    change(&state, &caller, &place, asked, MessageCommand::Recall).await
}

pub(crate) async fn pin(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf(place): PathOf<Place>,
    JsonBody(body): JsonBody<PinBody>,
) -> Result<Json<Reply>, ApiError> {
    let asked = Asked { user: &body.user, command_id: body.command_id.as_deref(), as_app: body.as_app };
    change(&state, &caller, &place, asked, MessageCommand::Pin(!body.remove)).await
}

pub(crate) async fn delete(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf(place): PathOf<Place>,
    JsonBody(body): JsonBody<DeleteBody>,
) -> Result<Json<Deleted>, ApiError> {
    let user = id("user", &body.user)?;
    let (conversation, seq) = message(&place)?;
    let command_id = command_id(&state, body.command_id.as_deref())?;
    let call = Call::DeleteMessages(DeleteMessages { command_id, conversation, seqs: vec![seq] });
    let Answer::Own(..) = state.backend.call_as(caller.app, user, call).await? else {
        return Err(ApiError::unexpected("command"));
    };
    Ok(Json(Deleted { conversation: conversation.to_string(), command_id: command_id.to_string() }))
}

/// The conversation and the message of a path.
pub(crate) fn message(place: &Place) -> Result<(ConversationId, Seq), ApiError> {
    let conversation: ConversationId = id("conversation", &place.conversation)?;
    let seq = place.seq.parse().ok().filter(|seq| (1..=i64::MAX as u64).contains(seq));
    Ok((conversation, Seq(seq.ok_or_else(|| ApiError::invalid("seq", "is not the seq of a message"))?)))
}

/// What every change says.
struct Asked<'a> {
    user: &'a str,
    command_id: Option<&'a str>,
    as_app: bool,
}

async fn change(
    state: &HttpState,
    caller: &Caller,
    place: &Place,
    asked: Asked<'_>,
    command: MessageCommand,
) -> Result<Json<Reply>, ApiError> {
    let user = id("user", asked.user)?;
    let (conversation, seq) = message(place)?;
    let command_id = command_id(state, asked.command_id)?;
    let authority = if asked.as_app { Authority::App } else { Authority::Member };
    let call = Call::ChangeMessage(ChangeMessage { command_id, conversation, seq, command, authority });
    let Answer::CommandDone(done) = state.backend.call_as(caller.app, user, call).await? else {
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
    use super::*;
    use crate::stub::{Stub, direct, refusal, request, send_to};
    use serde_json::json;
    use stonechat_types::error_code::ErrorCode;

    const ID: &str = "019a0000-0000-7000-8000-000000000001";

    fn post(seq: &str, what: &str, body: Value) -> axum::http::Request<axum::body::Body> {
        let path = format!("/v1/apps/default/conversations/{}/messages/{seq}/{what}", direct());
        request("POST", &path, Some(body))
    }

    async fn asked(what: &str, body: Value) -> (String, ChangeMessage, Value) {
        let stub = Stub::default();
        let (status, reply) = send_to(&stub.router(), post("2", what, body)).await;
        assert_eq!(status.as_u16(), 200, "{reply}");
        let (user, Call::ChangeMessage(change)) = stub.called() else { panic!("another call was made") };
        (user.to_string(), change, reply)
    }

    #[tokio::test]
    async fn each_change_is_asked_for_in_the_name_of_the_user() {
        let (user, edit, reply) = asked("edit", json!({"user": "alice", "text": "Hi!", "command_id": ID})).await;
        assert_eq!((user.as_str(), edit.seq, edit.authority), ("alice", Seq(2), Authority::Member));
        let content = Content { body_type: "text".into(), body: crate::text_body::encode("Hi!", &[]) };
        assert_eq!(edit.command, MessageCommand::Edit(content));
        let expected = json!({"conversation": direct().to_string(), "seq": 9, "command_id": ID, "deduplicated": false});
        assert_eq!(reply, expected);
        let (_, react, _) = asked("react", json!({"user": "bob", "emoji": "❤\u{FE0F}"})).await;
        assert_eq!(react.command, MessageCommand::React { emoji: Emoji::new("❤").unwrap(), add: true });
        let (_, react, _) = asked("react", json!({"user": "bob", "emoji": "👍", "remove": true})).await;
        assert_eq!(react.command, MessageCommand::React { emoji: Emoji::new("👍").unwrap(), add: false });
        let (_, pin, _) = asked("pin", json!({"user": "bob", "as_app": true})).await;
        assert_eq!((pin.command, pin.authority), (MessageCommand::Pin(true), Authority::App));
        let (_, pin, _) = asked("pin", json!({"user": "bob", "remove": true})).await;
        assert_eq!((pin.command, pin.authority), (MessageCommand::Pin(false), Authority::Member));
        let (user, recall, reply) = asked("recall", json!({"user": "bob", "as_app": true})).await;
        assert_eq!((user.as_str(), recall.command, recall.authority), ("bob", MessageCommand::Recall, Authority::App));
        assert_eq!(reply["command_id"].as_str().map(str::len), Some(36));
    }

    #[tokio::test]
    async fn a_message_is_removed_for_the_user_alone() {
        let stub = Stub::default();
        let body = json!({"user": "bob", "command_id": ID});
        let (status, reply) = send_to(&stub.router(), post("2", "delete", body)).await;
        assert_eq!(status.as_u16(), 200, "{reply}");
        assert_eq!(reply, json!({"conversation": direct().to_string(), "command_id": ID}));
        let (user, Call::DeleteMessages(delete)) = stub.called() else { panic!("another call was made") };
        assert_eq!((user.as_str(), delete.conversation, delete.seqs), ("bob", direct(), vec![Seq(2)]));
        for body in [json!({}), json!({"user": "bob", "as_app": true}), json!({"user": "bob", "command_id": "x"})] {
            assert_eq!(refusal(post("2", "delete", body)).await.0, 400);
        }
    }

    #[tokio::test]
    async fn wrong_values_are_refused_before_a_call() {
        for (seq, what, body) in [
            ("0", "recall", json!({"user": "alice"})),
            ("x", "recall", json!({"user": "alice"})),
            ("9223372036854775808", "recall", json!({"user": "alice"})),
            ("2", "recall", json!({})),
            ("2", "recall", json!({"user": "alice", "command_id": "1"})),
            ("2", "recall", json!({"user": "alice", "window": 1})),
            ("2", "react", json!({"user": "alice", "emoji": "no"})),
            ("2", "react", json!({"user": "alice", "emoji": "👍", "as_app": true})),
            ("2", "edit", json!({"user": "alice"})),
            ("2", "edit", json!({"user": "alice", "text": " "})),
            ("2", "edit", json!({"user": "alice", "text": "a\u{1b}[2J"})),
        ] {
            let refused = refusal(post(seq, what, body.clone())).await;
            assert_eq!(refused, (400, "invalid_argument".to_owned()), "{seq} {what} {body}");
        }
    }

    #[tokio::test]
    async fn what_is_too_late_is_a_conflict_and_not_to_be_tried_again() {
        let router = Stub::refusing(ErrorCode::TooLate).router();
        let (status, body) = send_to(&router, post("2", "recall", json!({"user": "alice"}))).await;
        assert_eq!((status.as_u16(), &body["code"]), (409, &json!("too_late")));
    }
}
