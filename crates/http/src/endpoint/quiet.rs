//! `GET /v1/apps/{app}/users/{user}/quiet`: when a user is not to be disturbed, for backends that notify by themselves.

use crate::error::ApiError;
use crate::extract::{PathOf, id};
use crate::guard::Caller;
use crate::state::HttpState;
use axum::extract::State;
use axum::{Extension, Json};
use serde::Serialize;
use stonechat_app::api::{Answer, Call, PersonalItem};
use stonechat_domain::quiet::{FOR_GOOD, Quiet, Window};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::UserId;
use stonechat_types::number::Timestamp;

#[derive(Serialize)]
pub(crate) struct Reply {
    /// Whether nobody is to notify him now, by the server's clock.
    is_quiet: bool,
    /// -1 is for good.
    paused_until: Option<i64>,
    windows: Vec<WindowBody>,
    time_zone: Option<String>,
    /// Minutes ahead of UTC now.
    offset_minutes: i32,
}

#[derive(Serialize)]
struct WindowBody {
    /// Bit 0 is Monday.
    days: u8,
    from_minute: u16,
    upto_minute: u16,
}

pub(crate) async fn look(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, user)): PathOf<(String, String)>,
) -> Result<Json<Reply>, ApiError> {
    let user: UserId = id("user", &user)?;
    let (now_ms, _) = state.uuid_parts();
    let now = Timestamp(now_ms as i64);
    match state.backend.call_as(caller.app, user, Call::GetQuiet).await? {
        Answer::Own(_, item) => match *item {
            PersonalItem::Quiet(quiet) => Ok(Json(reply(&quiet, now))),
            _ => Err(ApiError::new(ErrorCode::Internal, "the look had another answer than expected")),
        },
        _ => Err(ApiError::new(ErrorCode::Internal, "the look had another answer than expected")),
    }
}

fn reply(quiet: &Quiet, now: Timestamp) -> Reply {
    let until = |until: Timestamp| if until == FOR_GOOD { -1 } else { until.as_millis() };
    let window = |it: &Window| WindowBody { days: it.days().bits(), from_minute: it.from(), upto_minute: it.upto() };
    Reply {
        is_quiet: quiet.is_quiet(now),
        paused_until: quiet.paused_until.map(until),
        windows: quiet.hours.windows().iter().map(window).collect(),
        time_zone: quiet.hours.zone.name().map(str::to_owned),
        offset_minutes: quiet.hours.zone.offset_at(now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::{Stub, refusal, request, send_to};
    use serde_json::json;

    #[tokio::test]
    async fn a_backend_asks_before_it_notifies() {
        let stub = Stub::default();
        let (status, reply) = send_to(&stub.router(), request("GET", "/v1/apps/default/users/alice/quiet", None)).await;
        assert_eq!(status.as_u16(), 200, "{reply}");
        let expected = json!({
            "is_quiet": true, "paused_until": -1, "windows": [], "time_zone": null, "offset_minutes": 0,
        });
        assert_eq!(reply, expected);
        assert!(matches!(stub.called(), (_, Call::GetQuiet)));
        assert_eq!(refusal(request("GET", "/v1/apps/default/users/a%20b/quiet", None)).await.0, 400);
    }
}
