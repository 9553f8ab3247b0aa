//! Refusals: one shape, and one map from codes to statuses.

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::borrow::Cow;
use stonechat_app::api::{Failure, Sent};
use stonechat_types::error_code::ErrorCode;

/// What a caller is told when something is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    failure: Failure,
}

impl ApiError {
    /// A refusal with the status of its code.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Failure::new(code, message).into()
    }

    /// A field has a value that is not allowed: `invalid(“title”, “is empty”)`.
    #[must_use]
    pub fn invalid(field: &str, reason: impl std::fmt::Display) -> Self {
        Self::new(ErrorCode::InvalidArgument, format!("{field} {reason}"))
    }

    /// A fault of ours: what was asked of the application had another answer than that which belongs to it.
    pub(crate) fn unexpected(what: &str) -> Self {
        Self::new(ErrorCode::Internal, format!("the {what} had another answer than expected"))
    }

    /// A refusal whose status says more than its code.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// A refusal that will pass.
    #[must_use]
    pub const fn retry_after_ms(mut self, ms: u32) -> Self {
        self.failure.retry_after_ms = Some(ms);
        self
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        self.failure.code
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        Self { status: status(failure.code), failure }
    }
}

/// The status of a code. One that is newer than this map is a failure of ours.
#[must_use]
pub fn status(code: ErrorCode) -> StatusCode {
    mapped(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The table of codes may grow, so the compiler wants a last arm; a test sees to it that no code ends there.
const fn mapped(code: ErrorCode) -> Option<StatusCode> {
    Some(match code {
        ErrorCode::Malformed
        | ErrorCode::InvalidArgument
        | ErrorCode::UnsupportedVersion
        | ErrorCode::HelloExpected => StatusCode::BAD_REQUEST,
        ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::TooManyCalls | ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::Unauthenticated
        | ErrorCode::TokenExpired
        | ErrorCode::Revoked
        | ErrorCode::DeviceReplaced
        | ErrorCode::RevokedByApp => StatusCode::UNAUTHORIZED,
        ErrorCode::HelloTimeout | ErrorCode::IdleTimeout => StatusCode::REQUEST_TIMEOUT,
        ErrorCode::Forbidden
        | ErrorCode::NotAMember
        | ErrorCode::RecipientUnavailable
        | ErrorCode::DeviceLimit
        | ErrorCode::Muted => StatusCode::FORBIDDEN,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::AlreadyExists
        | ErrorCode::Conflict
        | ErrorCode::Dissolved
        | ErrorCode::LastOwner
        | ErrorCode::Replaced
        | ErrorCode::RetryInOrder
        | ErrorCode::TooLate
        | ErrorCode::TooMany
        | ErrorCode::TooManyMembers => StatusCode::CONFLICT,
        ErrorCode::Overloaded | ErrorCode::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        ErrorCode::Corrupt | ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => return None,
    })
}

/// The acknowledgement of a message, alone or in a conflict.
#[derive(Clone, Debug, Serialize)]
pub struct SentBody {
    conversation: String,
    seq: u64,
    ordinal: u64,
    message_id: String,
    sent_at: i64,
    deduplicated: bool,
}

impl From<&Sent> for SentBody {
    fn from(sent: &Sent) -> Self {
        Self {
            conversation: sent.id.conversation.to_string(),
            seq: sent.id.seq.get(),
            ordinal: sent.ordinal.get(),
            message_id: sent.id.to_string(),
            sent_at: sent.sent_at.as_millis(),
            deduplicated: sent.deduplicated,
        }
    }
}

#[derive(Serialize)]
struct ErrorBody {
    code: &'static str,
    message: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<SentBody>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Self { status, failure } = self;
        let retry_after_ms = failure.retry_after_ms;
        let body = ErrorBody {
            code: failure.code.as_str(),
            message: failure.message,
            retry_after_ms,
            first: failure.first.as_ref().map(SentBody::from),
        };
        let mut response = (status, Json(body)).into_response();
        if let Some(ms) = retry_after_ms {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000)));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Nothing has this path.
pub(crate) async fn no_such_path() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "there is no such path; GET /v1/openapi.json describes all")
}

/// The path exists, the method does not. Axum adds the `Allow` header itself.
pub(crate) async fn no_such_method() -> ApiError {
    ApiError::new(ErrorCode::Malformed, "this path does not have this method; see the header Allow")
        .with_status(StatusCode::METHOD_NOT_ALLOWED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stonechat_types::error_code::Retry;

    #[test]
    fn every_code_has_a_status_of_its_own_choice() {
        for code in ErrorCode::ALL {
            let status = mapped(*code).unwrap_or_else(|| panic!("{code} has no status"));
            assert!(status.is_client_error() || status.is_server_error(), "{code}");
            // A backend that follows the usual rules tries again exactly where that helps.
            if code.retry() == Retry::Later {
                let again = [408, 429, 500, 503, 507].contains(&status.as_u16());
                assert!(again, "{code} may be tried again and has {status}");
            }
            assert_eq!(status, super::status(*code));
        }
    }
}
