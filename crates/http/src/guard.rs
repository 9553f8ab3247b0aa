//! What stands before the endpoints: bounds, keys, counting.

use crate::error::ApiError;
use crate::state::HttpState;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{MatchedPath, RawPathParams, Request, State};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use prometheus_client::metrics::gauge::Gauge;
use std::sync::Arc;
use std::time::Duration;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::AppName;
use stonechat_types::number::AppId;
use tokio::sync::Semaphore;
use tracing::debug;

/// Requests of backends that are answered at once; the next is refused with `overloaded`.
pub(crate) const REQUESTS_MAX: usize = 256;

/// When a backend that was refused should come again.
const RETRY_AFTER_MS: u32 = 1_000;

/// How long one request may take, its body included.
pub(crate) const REQUEST_DEADLINE: Duration = Duration::from_secs(30);

/// The backend that calls, once its key was found right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    /// Its app.
    pub app: AppId,
}

/// Lets in who has the secret key of the app in the path. Before anything else of the request is read.
pub(crate) async fn authenticate(
    State(state): State<HttpState>,
    params: Result<RawPathParams, RawPathParamsRejection>,
    mut request: Request,
    next: Next,
) -> Response {
    let Ok(params) = params else {
        return ApiError::new(ErrorCode::InvalidArgument, "the path is not UTF-8").into_response();
    };
    let app = params.iter().find(|(name, _)| *name == "app").and_then(|(_, app)| AppName::new(app).ok());
    let caller = app.zip(bearer(request.headers())).and_then(|(app, secret)| state.backend.verify_secret(&app, secret));
    let Some(app) = caller else {
        state.metrics.unauthenticated.inc();
        let message = "send `Authorization: Bearer sk_…` with the secret key of the app in the path";
        return ApiError::new(ErrorCode::Unauthenticated, message).into_response();
    };
    request.extensions_mut().insert(Caller { app });
    next.run(request).await
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, secret) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(secret.trim())
}

/// The places for requests that are answered at once.
pub(crate) type Places = Arc<Semaphore>;

/// Counts a request until it is dropped, which is also how one ends whose caller went away.
struct InFlight<'a>(&'a Gauge);

impl<'a> InFlight<'a> {
    fn new(gauge: &'a Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Refuses what is too much, and ends what takes too long.
pub(crate) async fn bound(
    State((state, places)): State<(HttpState, Places)>,
    request: Request,
    next: Next,
) -> Response {
    let Ok(_place) = places.try_acquire() else {
        state.metrics.overloaded.inc();
        let error = ApiError::new(ErrorCode::Overloaded, "too many requests are being answered; try again");
        return error.retry_after_ms(RETRY_AFTER_MS).into_response();
    };
    let _counted = InFlight::new(&state.metrics.in_flight);
    let answer = tokio::time::timeout(REQUEST_DEADLINE, next.run(request)).await;
    answer.unwrap_or_else(|_| {
        state.metrics.timed_out.inc();
        let message = "no answer in time; it may still be carried out: try again with the same client_msg_id or \
                       command_id";
        ApiError::new(ErrorCode::Overloaded, message).retry_after_ms(RETRY_AFTER_MS).into_response()
    })
}

/// As what an answer is counted whose path is not one of the table's: an extension of the answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted(pub &'static str);

/// The paths that are counted by themselves.
pub(crate) type Endpoints = [&'static [&'static str]; 2];

/// Counts every answer, and keeps it from caches and from guesses of its type.
pub(crate) async fn finish(
    State((state, endpoints)): State<(HttpState, Endpoints)>,
    request: Request,
    next: Next,
) -> Response {
    let began_ms = state.clock.monotonic_ms();
    let matched = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let known = endpoints.iter().flat_map(|paths| paths.iter()).copied().find(|path| Some(*path) == matched);
    let method: Method = request.method().clone();
    let mut response = next.run(request).await;
    let counted = response.extensions().get::<Counted>().map(|counted| counted.0);
    let endpoint = known.or(counted).unwrap_or("none");
    let took_ms = state.clock.monotonic_ms().saturating_sub(began_ms);
    let status = response.status().as_u16();
    state.metrics.answered(endpoint, status, took_ms);
    debug!(%method, endpoint, status, took_ms, "Answered {method} {endpoint} with {status}");
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
