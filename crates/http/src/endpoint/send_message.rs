//! `POST /v1/apps/{app}/messages`: sends a message in the name of a user.

use crate::attributes::AttributesBody;
use crate::entities::{EntityBody, entities};
use crate::error::{ApiError, SentBody};
use crate::extract::{JsonBody, id};
use crate::guard::Caller;
use crate::state::HttpState;
use crate::text_body::{self, TEXT};
use axum::extract::State;
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stonechat_app::api::{Answer, Call, Destination, SendMessage};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{ClientMsgId, UserId};
use stonechat_types::limits::{BODY_BYTES_MAX, BODY_TYPE_BYTES_MAX};
use stonechat_types::number::Seq;
use stonechat_types::text::check_message_text;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    sender: String,
    to_user: Option<String>,
    conversation: Option<String>,
    text: Option<String>,
    /// Of the text.
    #[serde(default)]
    entities: Vec<EntityBody>,
    body_type: Option<String>,
    /// Base64.
    body: Option<String>,
    /// Instead of `body`.
    json: Option<Value>,
    client_msg_id: Option<String>,
    #[serde(default)]
    attributes: AttributesBody,
}

#[derive(Serialize)]
pub(crate) struct Reply {
    #[serde(flatten)]
    sent: SentBody,
    client_msg_id: String,
}

pub(crate) async fn handle(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Json<Reply>, ApiError> {
    let sender: UserId = id("sender", &body.sender)?;
    let to = destination(&body)?;
    let given = Given {
        text: body.text.as_deref(),
        entities: &body.entities,
        body_type: body.body_type.as_deref(),
        body: body.body.as_deref(),
        json: body.json.as_ref(),
    };
    let (body_type, bytes) = content(given)?;
    let attributes = body.attributes.checked()?;
    let client_msg_id: ClientMsgId = match &body.client_msg_id {
        Some(text) => id("client_msg_id", text)?,
        None => {
            let (now_ms, random) = state.uuid_parts();
            ClientMsgId::from_parts(now_ms, random)
        }
    };
    let message =
        SendMessage { to, client_msg_id, body_type, body: bytes, read_upto: Seq::ZERO, after: None, attributes };
    let Answer::Sent(sent) = state.backend.call_as(caller.app, sender, Call::Send(message)).await? else {
        return Err(ApiError::unexpected("send"));
    };
    Ok(Json(Reply { sent: SentBody::from(&sent), client_msg_id: client_msg_id.to_string() }))
}

fn destination(body: &Body) -> Result<Destination, ApiError> {
    match (&body.to_user, &body.conversation) {
        (Some(user), None) => Ok(Destination::User(id("to_user", user)?)),
        (None, Some(conversation)) => Ok(Destination::Conversation(id("conversation", conversation)?)),
        _ => Err(ApiError::new(ErrorCode::InvalidArgument, "name either to_user or conversation")),
    }
}

/// A body as a request gives it.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a> {
    pub(crate) text: Option<&'a str>,
    /// Of the text.
    pub(crate) entities: &'a [EntityBody],
    pub(crate) body_type: Option<&'a str>,
    /// Base64.
    pub(crate) body: Option<&'a str>,
    pub(crate) json: Option<&'a Value>,
}

/// The type and the bytes of a body that is within its limit and, when it is text, checked.
pub(crate) fn content(given: Given<'_>) -> Result<(Bytes, Bytes), ApiError> {
    if given.text.is_none() && !given.entities.is_empty() {
        return Err(ApiError::invalid("entities", "are of a text"));
    }
    let (body_type, bytes) = match (given.text, given.body_type, given.body, given.json) {
        (Some(text), None, None, None) => (TEXT, text_body::encode(text, &entities(given.entities)?)),
        (None, Some(body_type), Some(base64), None) => {
            check_body_type(body_type)?;
            let bytes = STANDARD.decode(base64).map_err(|_| ApiError::invalid("body", "is not base64"))?;
            (body_type, bytes.into())
        }
        (None, Some(body_type), None, Some(json)) => {
            check_body_type(body_type)?;
            (body_type, json.to_string().into())
        }
        _ => {
            let message = "give either text, or body_type with json or with body (in base64)";
            return Err(ApiError::new(ErrorCode::InvalidArgument, message));
        }
    };
    if bytes.len() > BODY_BYTES_MAX {
        let message = format!("the body has {} bytes, and at most {BODY_BYTES_MAX} are allowed", bytes.len());
        return Err(ApiError::new(ErrorCode::TooLarge, message));
    }
    if body_type == TEXT {
        let text = text_body::decode(&bytes).ok_or_else(|| ApiError::invalid("body", "is not a TextBody"))?;
        check_message_text(text.text).map_err(|error| ApiError::invalid("text", error))?;
    }
    Ok((Bytes::copy_from_slice(body_type.as_bytes()), bytes))
}

fn check_body_type(body_type: &str) -> Result<(), ApiError> {
    if body_type.is_empty() || body_type.len() > BODY_TYPE_BYTES_MAX {
        return Err(ApiError::invalid("body_type", format_args!("is not of 1 to {BODY_TYPE_BYTES_MAX} bytes")));
    }
    if body_type.chars().any(char::is_control) {
        return Err(ApiError::invalid("body_type", "has a control character"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::{Stub, direct, refusal, request, send, send_to};
    use serde_json::json;

    fn post(body: Value) -> axum::http::Request<axum::body::Body> {
        request("POST", "/v1/apps/default/messages", Some(body))
    }

    #[tokio::test]
    async fn a_text_to_a_user_is_sent_and_acknowledged() {
        let stub = Stub::default();
        let id = "019a0000-0000-7000-8000-000000000001";
        let body = json!({"sender": "alice", "to_user": "bob", "text": "Hi 👩‍👩‍👧\n", "client_msg_id": id});
        let (status, reply) = send_to(&stub.router(), post(body)).await;
        assert_eq!(status.as_u16(), 200);
        let expected = json!({
            "conversation": direct().to_string(), "seq": 2, "ordinal": 1, "message_id": format!("{}.2", direct()),
            "sent_at": crate::stub::NOW.0, "deduplicated": false, "client_msg_id": id,
        });
        assert_eq!(reply, expected);
        let (user, Call::Send(sent)) = stub.called() else { panic!("another call was made") };
        assert_eq!(user.as_str(), "alice");
        assert_eq!(sent.to, Destination::User(UserId::new("bob").unwrap()));
        assert_eq!(sent.client_msg_id.to_string(), id);
        assert_eq!((&sent.body_type[..], &sent.body[..]), (&b"text"[..], &text_body::encode("Hi 👩‍👩‍👧\n", &[])[..]));
    }

    #[tokio::test]
    async fn a_text_has_its_stretches() {
        let stub = Stub::default();
        let entities = json!([{"offset": 0, "length": 2, "type": "bold"}]);
        let body = json!({"sender": "alice", "to_user": "bob", "text": "Hi", "entities": entities});
        assert_eq!(send_to(&stub.router(), post(body)).await.0.as_u16(), 200);
        let (_, Call::Send(sent)) = stub.called() else { panic!("another call was made") };
        assert_eq!(&sent.body[..], b"\x0a\x02Hi\x12\x04\x10\x02\x30\x01");
    }

    #[tokio::test]
    async fn another_body_goes_through_as_it_is() {
        let stub = Stub::default();
        let body = json!({
            "sender": "alice", "conversation": direct().to_string(), "body_type": "acme.order", "body": "AAEC/w=="
        });
        let (status, reply) = send_to(&stub.router(), post(body)).await;
        assert_eq!(status.as_u16(), 200);
        assert_eq!(reply["client_msg_id"].as_str().unwrap().len(), 36);
        let (_, Call::Send(sent)) = stub.called() else { panic!("another call was made") };
        assert_eq!((&sent.body_type[..], &sent.body[..]), (&b"acme.order"[..], &[0, 1, 2, 255][..]));
        assert_eq!(sent.to, Destination::Conversation(direct()));
    }

    #[tokio::test]
    async fn a_body_of_the_limit_is_sent_and_one_byte_more_is_not() {
        // A tag and three bytes of length stand before the text.
        let at_limit = "x".repeat(BODY_BYTES_MAX - 4);
        let message = |text: &str| post(json!({"sender": "alice", "to_user": "bob", "text": text}));
        assert_eq!(send(message(&at_limit)).await.0.as_u16(), 200);
        assert_eq!(refusal(message(&(at_limit + "x"))).await, (413, "too_large".to_owned()));
        let base64 = STANDARD.encode(vec![7; BODY_BYTES_MAX + 1]);
        let raw = json!({"sender": "alice", "to_user": "bob", "body_type": "x", "body": base64});
        assert_eq!(refusal(post(raw)).await, (413, "too_large".to_owned()));
    }

    #[tokio::test]
    async fn wrong_values_are_refused_before_a_call() {
        let with = |key: &str, value: Value| {
            let mut body = json!({"sender": "alice", "to_user": "bob", "text": "Hi"});
            body[key] = value;
            body
        };
        let raw =
            |body_type: &str, body: &str| json!({"sender": "a", "to_user": "b", "body_type": body_type, "body": body});
        for body in [
            json!({}),
            json!({"sender": "alice", "text": "Hi"}),
            json!({"sender": "alice", "to_user": "bob"}),
            with("conversation", json!(direct().to_string())),
            with("to_user", json!("")),
            with("sender", json!("a\u{0}")),
            with("text", json!("")),
            with("text", json!(" \n ")),
            with("text", json!("a\u{0}b")),
            with("text", json!("a\u{1b}[2J")),
            with("text", json!(7)),
            with("body_type", json!("x")),
            with("entities", json!([{"offset": 0, "length": 2, "type": "shout"}])),
            with("entities", json!([{"offset": 0, "length": 2, "type": "link"}])),
            json!({
                "sender": "alice", "to_user": "bob", "body_type": "x", "body": "AAEC",
                "entities": [{"offset": 0, "length": 2, "type": "bold"}],
            }),
            with("client_msg_id", json!("1")),
            with("client_msgid", json!("019a0000-0000-7000-8000-000000000001")),
            raw("x", "%"),
            raw("", "AAEC"),
            raw("a\n", "AAEC"),
            raw(&"x".repeat(65), "AAEC"),
            raw("text", "Cg=="),
            raw("text", ""),
            json!({"sender": "alice", "conversation": "d_x", "text": "Hi"}),
        ] {
            assert_eq!(refusal(post(body.clone())).await, (400, "invalid_argument".to_owned()), "{body}");
        }
    }

    #[tokio::test]
    async fn half_a_surrogate_pair_is_refused() {
        let json = r#"{"sender": "alice", "to_user": "bob", "text": "\ud83d"}"#;
        let mut request = post(json!({}));
        *request.body_mut() = axum::body::Body::from(json);
        assert_eq!(refusal(request).await, (400, "invalid_argument".to_owned()));
    }

    #[tokio::test]
    async fn a_conflict_carries_the_first_acknowledgement() {
        let stub = Stub::refusing(ErrorCode::Conflict);
        let (status, body) =
            send_to(&stub.router(), post(json!({"sender": "alice", "to_user": "bob", "text": "Hi"}))).await;
        assert_eq!((status.as_u16(), &body["code"]), (409, &json!("conflict")));
        assert_eq!(body["first"]["message_id"], json!(format!("{}.2", direct())));
    }

    #[tokio::test]
    async fn an_overload_says_when_to_come_again() {
        use tower::ServiceExt as _;
        let router = Stub::refusing(ErrorCode::Overloaded).router();
        let response = router.oneshot(post(json!({"sender": "alice", "to_user": "bob", "text": "Hi"}))).await.unwrap();
        assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &"2".parse().unwrap()));
    }
}
