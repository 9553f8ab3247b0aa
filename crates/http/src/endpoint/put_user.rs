//! `PUT` and `GET /v1/apps/{app}/users/{user}`, and `GET /v1/apps/{app}/users?username=`: users, and what they tell of
//! themselves.

use crate::error::ApiError;
use crate::extract::{JsonBody, PathOf, QueryOf, id};
use crate::guard::Caller;
use crate::state::HttpState;
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Display;
use stonechat_app::api::{OwnProfile, Patch, ProfilePatch};
use stonechat_domain::relation::{WhoMayAdd, WhoMayMessage};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::fields::Fields;
use stonechat_types::id::{UserId, Username};
use stonechat_types::limits::{AVATAR_BYTES_MAX, FIELDS_MAX};
use stonechat_types::text::{DisplayName, Note};

/// What is not named, or null, stays. An empty text removes a value, and null one of the fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    display_name: Option<String>,
    username: Option<String>,
    avatar: Option<String>,
    #[serde(default)]
    public_fields: BTreeMap<String, Option<String>>,
    #[serde(default)]
    private_fields: BTreeMap<String, Option<String>>,
    who_may_message: Option<MayMessage>,
    who_may_add: Option<MayAdd>,
    question: Option<String>,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum MayMessage {
    Anyone,
    Contacts,
    Nobody,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum MayAdd {
    Anyone,
    Ask,
    Question,
    Nobody,
}

#[derive(Serialize)]
pub(crate) struct Reply {
    user: String,
    display_name: Option<String>,
    username: Option<String>,
    avatar: Option<String>,
    public_fields: BTreeMap<String, String>,
    private_fields: BTreeMap<String, String>,
    who_may_message: MayMessage,
    who_may_add: MayAdd,
    question: Option<String>,
    changed_at: i64,
}

pub(crate) async fn handle(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, user)): PathOf<(String, String)>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Json<Reply>, ApiError> {
    let user: UserId = id("user", &user)?;
    let own = state.backend.change_user(caller.app, user, patch(body)?).await?;
    Ok(Json(reply(own)))
}

/// `GET /v1/apps/{app}/users/{user}`.
pub(crate) async fn look(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, user)): PathOf<(String, String)>,
) -> Result<Json<Reply>, ApiError> {
    let user: UserId = id("user", &user)?;
    Ok(Json(reply(state.backend.user(caller.app, user).await?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    username: String,
}

/// `GET /v1/apps/{app}/users?username=`.
pub(crate) async fn find(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    QueryOf(query): QueryOf<Query>,
) -> Result<Json<Reply>, ApiError> {
    let name: Username = id("username", &query.username)?;
    let found = state.backend.user_named(caller.app, name).await?;
    let missing = || ApiError::new(ErrorCode::NotFound, "nobody has this username");
    Ok(Json(reply(found.ok_or_else(missing)?)))
}

fn patch(body: Body) -> Result<ProfilePatch, ApiError> {
    if body.public_fields.len() > 2 * FIELDS_MAX || body.private_fields.len() > 2 * FIELDS_MAX {
        return Err(ApiError::invalid("fields", format_args!("have more than {FIELDS_MAX} entries")));
    }
    let avatar = |text: &str| match text.len() > AVATAR_BYTES_MAX || text.chars().any(char::is_control) {
        true => Err(format!("has more than {AVATAR_BYTES_MAX} bytes, or a control character")),
        false => Ok(text.into()),
    };
    Ok(ProfilePatch {
        name: value("display_name", body.display_name.as_deref(), DisplayName::new)?,
        username: value("username", body.username.as_deref(), Username::new)?,
        avatar: value("avatar", body.avatar.as_deref(), avatar)?,
        public: body.public_fields.into_iter().collect(),
        private: body.private_fields.into_iter().collect(),
        who_may_message: body.who_may_message.map(|who| match who {
            MayMessage::Anyone => WhoMayMessage::Anyone,
            MayMessage::Contacts => WhoMayMessage::Contacts,
            MayMessage::Nobody => WhoMayMessage::Nobody,
        }),
        who_may_add: body.who_may_add.map(|who| match who {
            MayAdd::Anyone => WhoMayAdd::Anyone,
            MayAdd::Ask => WhoMayAdd::Ask,
            MayAdd::Question => WhoMayAdd::Question,
            MayAdd::Nobody => WhoMayAdd::Nobody,
        }),
        question: value("question", body.question.as_deref(), Note::new)?,
    })
}

fn value<T, E: Display>(
    field: &'static str,
    text: Option<&str>,
    make: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Patch<T>, ApiError> {
    match text {
        None => Ok(Patch::Keep),
        Some("") => Ok(Patch::Clear),
        Some(text) => make(text).map(Patch::Set).map_err(|error| ApiError::invalid(field, error)),
    }
}

fn reply(own: OwnProfile) -> Reply {
    let OwnProfile { profile, private, who_may_message, who_may_add } = own;
    Reply {
        user: profile.id.to_string(),
        display_name: profile.name.as_ref().map(|name| name.as_str().to_owned()),
        username: profile.username.as_ref().map(ToString::to_string),
        avatar: profile.avatar.as_deref().map(str::to_owned),
        public_fields: map(&profile.public),
        private_fields: map(&private),
        who_may_message: match who_may_message {
            WhoMayMessage::Anyone => MayMessage::Anyone,
            WhoMayMessage::Contacts => MayMessage::Contacts,
            WhoMayMessage::Nobody => MayMessage::Nobody,
        },
        who_may_add: match who_may_add {
            WhoMayAdd::Anyone => MayAdd::Anyone,
            WhoMayAdd::Ask => MayAdd::Ask,
            WhoMayAdd::Question => MayAdd::Question,
            WhoMayAdd::Nobody => MayAdd::Nobody,
        },
        question: profile.question.as_ref().map(|question| question.as_str().to_owned()),
        changed_at: profile.changed_at.as_millis(),
    }
}

fn map(fields: &Fields) -> BTreeMap<String, String> {
    fields.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use crate::stub::{refusal, request, send};
    use serde_json::{Value, json};

    fn put(user: &str, body: Value) -> axum::http::Request<axum::body::Body> {
        request("PUT", &format!("/v1/apps/default/users/{user}"), Some(body))
    }

    #[tokio::test]
    async fn a_user_is_made_with_and_without_a_name() {
        let (status, body) = send(put("alice", json!({"display_name": "Alice 你好"}))).await;
        assert_eq!(status.as_u16(), 200);
        assert_eq!((&body["user"], &body["display_name"]), (&json!("alice"), &json!("Alice 你好")));
        let (status, body) = send(put("a.b%40c:d+e", json!({}))).await;
        assert_eq!(status.as_u16(), 200);
        assert_eq!((&body["user"], &body["display_name"]), (&json!("a.b@c:d+e"), &json!(null)));
        let (status, _) = send(request("PUT", "/v1/apps/default/users/bob", None)).await;
        assert_eq!(status.as_u16(), 200);
    }

    #[tokio::test]
    async fn what_a_user_tells_is_taken_and_given_back() {
        let body = json!({
            "username": "alice.b", "avatar": "https://example.org/a.png", "question": "My dog?",
            "public_fields": {"city": "Utrecht", "motto": null}, "private_fields": {"theme": "dark"},
            "who_may_message": "contacts", "who_may_add": "question",
        });
        let (status, answer) = send(put("alice", body)).await;
        assert_eq!(status.as_u16(), 200);
        assert_eq!((&answer["username"], &answer["who_may_add"]), (&json!("alice.b"), &json!("question")));
        assert_eq!(answer["public_fields"], json!({"city": "Utrecht"}));
        for path in ["/v1/apps/default/users/alice", "/v1/apps/default/users?username=alice.b"] {
            let (status, answer) = send(request("GET", path, None)).await;
            assert_eq!((status.as_u16(), &answer["user"]), (200, &json!("alice")), "{path}");
        }
    }

    #[tokio::test]
    async fn names_and_ids_outside_their_rules_are_refused() {
        for (user, body) in [
            ("a%20b", json!({})),
            ("a%00", json!({})),
            ("%ff", json!({})),
            (&"a".repeat(65), json!({})),
            ("alice", json!({"display_name": " "})),
            ("alice", json!({"display_name": "a\nb"})),
            ("alice", json!({"display_name": "a\u{0}"})),
            ("alice", json!({"display_name": "x".repeat(257)})),
            ("alice", json!({"display_name": 7})),
            ("alice", json!({"displayname": "Alice"})),
            ("alice", json!({"username": "Alice"})),
            ("alice", json!({"avatar": "a\n"})),
            ("alice", json!({"who_may_add": "some"})),
            ("alice", json!({"question": "x".repeat(1025)})),
        ] {
            assert_eq!(refusal(put(user, body.clone())).await, (400, "invalid_argument".to_owned()), "{user} {body}");
        }
        let find = request("GET", "/v1/apps/default/users?username=A", None);
        assert_eq!(refusal(find).await, (400, "invalid_argument".to_owned()));
    }
}
