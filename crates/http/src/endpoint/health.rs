//! `GET /healthz` and `GET /readyz`: for orchestrators and load balancers.

use crate::backend::Readiness;
use crate::error::ApiError;
use crate::state::HttpState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use stonechat_types::error_code::ErrorCode;

#[derive(Serialize)]
pub(crate) struct Reply {
    status: &'static str,
}

/// The process answers.
pub(crate) async fn live() -> Json<Reply> {
    Json(Reply { status: "ok" })
}

/// A hello and a durable send succeed.
pub(crate) async fn ready(State(state): State<HttpState>) -> Result<Json<Reply>, ApiError> {
    match state.backend.readiness() {
        Readiness::Ready => Ok(Json(Reply { status: "ready" })),
        Readiness::Starting => Err(ApiError::new(ErrorCode::Overloaded, "the store is being opened")
            .with_status(StatusCode::SERVICE_UNAVAILABLE)
            .retry_after_ms(1_000)),
        Readiness::Stopping => Err(ApiError::new(ErrorCode::ShuttingDown, "the server is about to stop")),
    }
}

#[cfg(test)]
mod tests {
    use crate::backend::Readiness;
    use crate::stub::{Stub, request, send_to};
    use serde_json::json;

    #[tokio::test]
    async fn readiness_follows_the_server_and_liveness_does_not() {
        for (readiness, status, code) in [
            (Readiness::Ready, 200, json!(null)),
            (Readiness::Starting, 503, json!("overloaded")),
            (Readiness::Stopping, 503, json!("shutting_down")),
        ] {
            let router = Stub::at(readiness).router();
            let (got, body) = send_to(&router, request("GET", "/readyz", None)).await;
            assert_eq!((got.as_u16(), &body["code"]), (status, &code));
            let (got, body) = send_to(&router, request("GET", "/healthz", None)).await;
            assert_eq!((got.as_u16(), body), (200, json!({"status": "ok"})));
        }
    }
}
