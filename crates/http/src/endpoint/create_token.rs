//! `POST /v1/apps/{app}/tokens`: signs a token by which a client is a user.

use crate::error::ApiError;
use crate::extract::{JsonBody, id};
use crate::guard::Caller;
use crate::state::HttpState;
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use stonechat_types::id::{DeviceId, UserId};

/// How long a token lives, in seconds, when the caller does not say.
const LIFETIME_S_DEFAULT: u32 = 3_600;
/// How long it may live at most.
const LIFETIME_S_MAX: u32 = 30 * 24 * 3_600;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    user: String,
    expires_in_s: Option<u32>,
    device: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Reply {
    token: String,
    /// Milliseconds since 1970.
    expires_at: i64,
}

pub(crate) async fn handle(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Json<Reply>, ApiError> {
    let user: UserId = id("user", &body.user)?;
    let device: Option<DeviceId> = body.device.as_deref().map(|device| id("device", device)).transpose()?;
    let lifetime_s = body.expires_in_s.unwrap_or(LIFETIME_S_DEFAULT);
    if !(1..=LIFETIME_S_MAX).contains(&lifetime_s) {
        return Err(ApiError::invalid("expires_in_s", format_args!("is not from 1 to {LIFETIME_S_MAX}")));
    }
    let expires_at = state.clock.now().plus_ms(i64::from(lifetime_s) * 1000);
    let token = state.backend.mint_token(caller.app, &user, device.as_ref(), expires_at)?;
    Ok(Json(Reply { token, expires_at: expires_at.as_millis() }))
}

#[cfg(test)]
mod tests {
    use crate::stub::{NOW, refusal, request, send};
    use serde_json::{Value, json};

    fn post(body: Value) -> axum::http::Request<axum::body::Body> {
        request("POST", "/v1/apps/default/tokens", Some(body))
    }

    #[tokio::test]
    async fn a_token_lives_an_hour_or_as_long_as_was_asked() {
        let (status, body) = send(post(json!({"user": "alice"}))).await;
        assert_eq!(status.as_u16(), 200);
        assert_eq!(body, json!({"token": "token of alice on any device", "expires_at": NOW.0 + 3_600_000}));
        let (_, body) = send(post(json!({"user": "alice", "expires_in_s": 1, "device": "phone"}))).await;
        assert_eq!(body, json!({"token": "token of alice on phone", "expires_at": NOW.0 + 1_000}));
    }

    #[tokio::test]
    async fn what_is_no_user_device_or_lifetime_is_refused() {
        for body in [
            json!({}),
            json!({"user": "a b"}),
            json!({"user": "alice", "device": "a/b"}),
            json!({"user": "alice", "expires_in_s": 0}),
            json!({"user": "alice", "expires_in_s": -1}),
            json!({"user": "alice", "expires_in_s": 2_592_001}),
            json!({"user": "alice", "expires_in_s": "60"}),
            json!({"user": "alice", "expires": 60}),
        ] {
            assert_eq!(refusal(post(body.clone())).await, (400, "invalid_argument".to_owned()), "{body}");
        }
    }
}
