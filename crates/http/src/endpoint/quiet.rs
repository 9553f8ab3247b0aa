//! `GET` and `POST /v1/apps/{app}/users/{user}/quiet`: when a user is not to be disturbed, for backends that notify by
//! themselves.

use crate::conversation_body::until;
use crate::error::ApiError;
use crate::extract::{JsonBody, PathOf, command_id, id};
use crate::guard::Caller;
use crate::state::HttpState;
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use stonechat_app::api::{Answer, Call, PersonalItem, SetQuiet};
use stonechat_domain::quiet::{
    Days, FOR_GOOD, OFFSET_MINUTES_MAX, OffsetChange, Quiet, QuietHours, QuietPatch, Window, Zone,
};
use stonechat_types::id::UserId;
use stonechat_types::limits::{OFFSET_CHANGES_MAX, QUIET_WINDOWS_MAX, TIME_ZONE_BYTES_MAX};
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
    /// When that changes, as far as it is known.
    offset_changes: Vec<OffsetChangeBody>,
}

/// What is not named, or null, stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    command_id: Option<String>,
    hours: Option<HoursBody>,
    /// 0 ends it, -1 is for good.
    paused_until: Option<i64>,
}

/// All windows of the week; none for none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HoursBody {
    windows: Vec<WindowBody>,
    time_zone: Option<String>,
    /// Minutes ahead of UTC before the first change.
    #[serde(default)]
    offset_minutes: i32,
    #[serde(default)]
    offset_changes: Vec<OffsetChangeBody>,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct OffsetChangeBody {
    at: i64,
    offset_minutes: i32,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
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
    told(&state, state.backend.call_as(caller.app, user, Call::GetQuiet).await?)
}

/// `POST …/quiet`.
pub(crate) async fn change(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, user)): PathOf<(String, String)>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Json<Reply>, ApiError> {
    let user: UserId = id("user", &user)?;
    let paused_until = match body.paused_until {
        None => None,
        Some(0) => Some(None),
        Some(-1) => Some(Some(FOR_GOOD)),
        Some(until) if until > 0 => Some(Some(Timestamp(until))),
        Some(_) => return Err(ApiError::invalid("paused_until", "is before the epoch")),
    };
    let patch = QuietPatch { hours: body.hours.as_ref().map(hours).transpose()?, paused_until };
    let set = SetQuiet { command_id: command_id(&state, body.command_id.as_deref())?, patch };
    told(&state, state.backend.call_as(caller.app, user, Call::SetQuiet(Box::new(set))).await?)
}

fn hours(body: &HoursBody) -> Result<QuietHours, ApiError> {
    let windows = body.windows.iter().map(window).collect::<Result<_, _>>()?;
    let change = |it: &OffsetChangeBody| OffsetChange { at: Timestamp(it.at), offset_minutes: it.offset_minutes };
    let changes = body.offset_changes.iter().map(change).collect();
    let zone = Zone::new(body.time_zone.as_deref(), body.offset_minutes, changes).ok_or_else(|| {
        let limits = format!("{TIME_ZONE_BYTES_MAX} bytes, {OFFSET_MINUTES_MAX} minutes, {OFFSET_CHANGES_MAX} changes");
        ApiError::invalid("hours", format_args!("have a zone that is none: at most {limits} in order of time"))
    })?;
    let too_many = || ApiError::invalid("windows", format_args!("has more than {QUIET_WINDOWS_MAX} entries"));
    QuietHours::new(windows, zone).ok_or_else(too_many)
}

fn window(body: &WindowBody) -> Result<Window, ApiError> {
    let days = Days::new(body.days).ok_or_else(|| ApiError::invalid("days", "are none, or not those of a week"))?;
    let window = Window::new(days, body.from_minute, body.upto_minute);
    window.ok_or_else(|| ApiError::invalid("windows", "name minutes that a day does not have"))
}

fn told(state: &HttpState, answer: Answer) -> Result<Json<Reply>, ApiError> {
    let Answer::Own(_, item) = answer else { return Err(ApiError::unexpected("call")) };
    let PersonalItem::Quiet(quiet) = *item else { return Err(ApiError::unexpected("call")) };
    Ok(Json(reply(&quiet, state.clock.now())))
}

fn reply(quiet: &Quiet, now: Timestamp) -> Reply {
    let window = |it: &Window| WindowBody { days: it.days().bits(), from_minute: it.from(), upto_minute: it.upto() };
    let zone = &quiet.hours.zone;
    let coming = zone.changes().iter().filter(|change| change.at > now);
    Reply {
        is_quiet: quiet.is_quiet(now),
        paused_until: quiet.paused_until.map(until),
        windows: quiet.hours.windows().iter().map(window).collect(),
        time_zone: zone.name().map(str::to_owned),
        offset_minutes: zone.offset_at(now),
        offset_changes: coming
            .map(|change| OffsetChangeBody { at: change.at.as_millis(), offset_minutes: change.offset_minutes })
            .collect(),
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
            "offset_changes": [],
        });
        assert_eq!(reply, expected);
        assert!(matches!(stub.called(), (_, Call::GetQuiet)));
        assert_eq!(refusal(request("GET", "/v1/apps/default/users/a%20b/quiet", None)).await.0, 400);
    }
    #[tokio::test]
    async fn what_is_named_is_changed_and_told_as_it_was_given() {
        let stub = Stub::default();
        let hours = json!({
            "windows": [{"days": 31, "from_minute": 1320, "upto_minute": 420}], "time_zone": "Europe/Berlin",
            "offset_minutes": 60, "offset_changes": [{"at": 1_800_000_000_000_i64, "offset_minutes": 120}],
        });
        let path = "/v1/apps/default/users/alice/quiet";
        let (status, reply) = send_to(&stub.router(), request("POST", path, Some(json!({"hours": hours})))).await;
        assert_eq!(status.as_u16(), 200, "{reply}");
        for field in ["windows", "time_zone", "offset_minutes", "offset_changes"] {
            assert_eq!(reply[field], hours[field]);
        }
        let (user, Call::SetQuiet(set)) = stub.called() else { panic!("another call was made") };
        assert_eq!((user.as_str(), set.patch.paused_until), ("alice", None));
        for (given, expected) in [(0, None), (-1, Some(FOR_GOOD)), (7, Some(Timestamp(7)))] {
            let stub = Stub::default();
            send_to(&stub.router(), request("POST", path, Some(json!({"paused_until": given})))).await;
            let (_, Call::SetQuiet(set)) = stub.called() else { panic!("another call was made") };
            assert_eq!(set.patch, QuietPatch { hours: None, paused_until: Some(expected) });
        }
    }

    #[tokio::test]
    async fn what_no_week_and_no_clock_has_is_refused() {
        let window = |days: i64, from: u32, upto: u32| json!({"days": days, "from_minute": from, "upto_minute": upto});
        let hours = |hours: serde_json::Value| json!({ "hours": hours });
        let good = window(1, 0, 1440);
        for body in [
            json!({"paused_until": -2}),
            json!({"command_id": "x"}),
            json!({"pause": 1}),
            hours(json!({})),
            hours(json!({"windows": [window(0, 0, 1)]})),
            hours(json!({"windows": [window(128, 0, 1)]})),
            hours(json!({"windows": [window(1, 1440, 1)]})),
            hours(json!({"windows": [window(1, 0, 1441)]})),
            hours(json!({"windows": vec![good.clone(); QUIET_WINDOWS_MAX + 1]})),
            hours(json!({"windows": [good], "offset_minutes": 1081})),
            hours(json!({"windows": [], "time_zone": "no zone"})),
            hours(json!({"windows": [], "offset_changes": vec![json!({"at": 1, "offset_minutes": 0}); 2]})),
        ] {
            let asked = request("POST", "/v1/apps/default/users/alice/quiet", Some(body.clone()));
            assert_eq!(refusal(asked).await, (400, "invalid_argument".to_owned()), "{body}");
        }
    }
}
