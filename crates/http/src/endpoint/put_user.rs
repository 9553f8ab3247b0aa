//! `PUT /v1/apps/{app}/users/{user}`: makes a user, or changes what people call him.

use crate::error::ApiError;
use crate::extract::{JsonBody, PathOf, id};
use crate::guard::Caller;
use crate::state::HttpState;
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use stonechat_types::id::UserId;
use stonechat_types::text::DisplayName;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    display_name: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Reply {
    user: String,
    display_name: Option<String>,
}

pub(crate) async fn handle(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, user)): PathOf<(String, String)>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Json<Reply>, ApiError> {
    let user: UserId = id("user", &user)?;
    let name = body.display_name.as_deref().map(DisplayName::new).transpose();
    let name = name.map_err(|error| ApiError::invalid("display_name", error))?;
    let view = state.backend.put_user(caller.app, user, name).await?;
    Ok(Json(Reply { user: view.id.to_string(), display_name: view.name.as_ref().map(|name| name.as_str().to_owned()) }))
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
        assert_eq!((status.as_u16(), body), (200, json!({"user": "alice", "display_name": "Alice 你好"})));
        let (status, body) = send(put("a.b%40c:d+e", json!({}))).await;
        assert_eq!((status.as_u16(), body), (200, json!({"user": "a.b@c:d+e", "display_name": null})));
        let (status, _) = send(request("PUT", "/v1/apps/default/users/bob", None)).await;
        assert_eq!(status.as_u16(), 200);
    }

    #[tokio::test]
    async fn names_and_ids_outside_their_rules_are_refused() {
        for (user, body) in [
            ("a%20b", json!({})),
            ("a%00", json!({})),
            ("%ff", json!({})),
            (&"a".repeat(65), json!({})),
            ("alice", json!({"display_name": ""})),
            ("alice", json!({"display_name": "a\nb"})),
            ("alice", json!({"display_name": "a\u{0}"})),
            ("alice", json!({"display_name": "x".repeat(257)})),
            ("alice", json!({"display_name": 7})),
            ("alice", json!({"displayname": "Alice"})),
        ] {
            assert_eq!(refusal(put(user, body.clone())).await, (400, "invalid_argument".to_owned()), "{user} {body}");
        }
    }
}
