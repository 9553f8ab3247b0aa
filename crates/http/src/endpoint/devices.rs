//! `GET` and `DELETE /v1/apps/{app}/users/{user}/devices`, and `DELETE …/devices/{device}`: where a user is signed in.

use crate::error::ApiError;
use crate::extract::{PathOf, id};
use crate::guard::Caller;
use crate::state::HttpState;
use axum::extract::State;
use axum::{Extension, Json};
use serde::Serialize;
use stonechat_app::api::{Answer, Call, DeviceView};
use stonechat_domain::device::SignOut;
use stonechat_types::id::{DeviceId, UserId};

#[derive(Serialize)]
pub(crate) struct Devices {
    devices: Vec<Device>,
}

#[derive(Serialize)]
struct Device {
    device: String,
    name: String,
    client: String,
    platform: &'static str,
    seen_at: i64,
    signed_in: bool,
    signed_out_by: Option<&'static str>,
    signed_out_at: Option<i64>,
}

#[derive(Serialize)]
pub(crate) struct Done {}

/// `GET /v1/apps/{app}/users/{user}/devices`.
pub(crate) async fn list(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, user)): PathOf<(String, String)>,
) -> Result<Json<Devices>, ApiError> {
    let user: UserId = id("user", &user)?;
    let Answer::Devices(devices) = state.backend.call_as(caller.app, user, Call::ListDevices).await? else {
        return Err(ApiError::unexpected("list"));
    };
    Ok(Json(Devices { devices: devices.into_iter().map(device).collect() }))
}

fn device(view: DeviceView) -> Device {
    let signed_out_by = view.signed_out.map(|why| match why {
        SignOut::ByUser => "user",
        SignOut::Replaced => "replaced",
        SignOut::ByApp => "app",
    });
    Device {
        device: view.id.to_string(),
        name: view.name,
        client: view.client,
        platform: view.platform.name(),
        seen_at: view.seen_at.as_millis(),
        signed_in: !view.revoked,
        signed_out_by,
        signed_out_at: Some(view.revoked_at.as_millis()).filter(|at| *at != 0),
    }
}

/// `DELETE /v1/apps/{app}/users/{user}/devices`.
pub(crate) async fn sign_out_all(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, user)): PathOf<(String, String)>,
) -> Result<Json<Done>, ApiError> {
    let user: UserId = id("user", &user)?;
    state.backend.call_as(caller.app, user, Call::RevokeOtherDevices).await?;
    Ok(Json(Done {}))
}

/// `DELETE /v1/apps/{app}/users/{user}/devices/{device}`.
pub(crate) async fn sign_out(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, user, device)): PathOf<(String, String, String)>,
) -> Result<Json<Done>, ApiError> {
    let (user, device): (UserId, DeviceId) = (id("user", &user)?, id("device", &device)?);
    state.backend.call_as(caller.app, user, Call::RevokeDevice(device)).await?;
    Ok(Json(Done {}))
}

#[cfg(test)]
mod tests {
    use crate::stub::{Stub, refusal, request, send, send_to};
    use serde_json::json;
    use stonechat_app::api::Call;

    const PATH: &str = "/v1/apps/default/users/alice/devices";

    #[tokio::test]
    async fn devices_are_listed_and_signed_out() {
        let (status, body) = send(request("GET", PATH, None)).await;
        assert_eq!(status.as_u16(), 200);
        let expected = json!({
            "device": "pixel-1", "name": "Pixel 9", "client": "test", "platform": "phone", "seen_at": 1,
            "signed_in": false, "signed_out_by": "replaced", "signed_out_at": 2,
        });
        assert_eq!(body["devices"], json!([expected]));
        let stub = Stub::default();
        assert_eq!(send_to(&stub.router(), request("DELETE", PATH, None)).await.0.as_u16(), 200);
        assert!(matches!(stub.called().1, Call::RevokeOtherDevices));
        let one = request("DELETE", &format!("{PATH}/pixel-1"), None);
        assert_eq!(send_to(&stub.router(), one).await.0.as_u16(), 200);
        assert!(matches!(stub.called().1, Call::RevokeDevice(device) if device.as_str() == "pixel-1"));
        let bad = request("DELETE", &format!("{PATH}/a%20b"), None);
        assert_eq!(refusal(bad).await, (400, "invalid_argument".to_owned()));
    }
}
