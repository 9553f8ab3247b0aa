//! Reading requests, so that whatever is wrong with one is refused in our one shape.

use crate::error::ApiError;
use crate::state::HttpState;
use axum::body::to_bytes;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use std::time::Duration;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{CommandId, IdError};

/// Largest body of a request, in bytes: a message body at its limit, in base64, and the rest.
pub(crate) const REQUEST_BYTES_MAX: usize = 128 * 1024;

/// How long a caller may take to send a body.
pub(crate) const BODY_DEADLINE: Duration = Duration::from_secs(20);

/// A JSON body. An empty one is `{}`.
pub(crate) struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let media_type_fits = is_json(request.headers());
        let read = to_bytes(request.into_body(), REQUEST_BYTES_MAX);
        let bytes = match tokio::time::timeout(BODY_DEADLINE, read).await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(_)) => {
                let message = format!("the body is over {REQUEST_BYTES_MAX} bytes, or ended early");
                return Err(ApiError::new(ErrorCode::TooLarge, message));
            }
            Err(_) => return Err(ApiError::new(ErrorCode::IdleTimeout, "the body did not arrive in time")),
        };
        if bytes.is_empty() {
            return read_json(b"{}").map(Self);
        }
        if !media_type_fits {
            let error = ApiError::new(ErrorCode::Malformed, "send a body of Content-Type: application/json");
            return Err(error.with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        read_json(&bytes).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers.get(CONTENT_TYPE).map(|value| value.to_str()) else { return false };
    let media_type = value.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}

fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| {
        if std::str::from_utf8(bytes).is_err() {
            return ApiError::new(ErrorCode::InvalidArgument, "the body is not UTF-8");
        }
        match error.classify() {
            Category::Data => ApiError::new(ErrorCode::InvalidArgument, error.to_string()),
            _ if has_half_surrogate(bytes) => {
                ApiError::new(ErrorCode::InvalidArgument, "a text has half of a surrogate pair (\\ud800 to \\udfff)")
            }
            _ => ApiError::new(ErrorCode::Malformed, format!("the body is not JSON: {error}")),
        }
    })
}

/// Whether an escape stands for half a character. Such JSON is well formed, and no text can hold it.
fn has_half_surrogate(json: &[u8]) -> bool {
    let mut at = 0;
    while at < json.len() {
        if json[at] != b'\\' {
            at += 1;
            continue;
        }
        match escape(&json[at..]) {
            Some(0xd800..=0xdbff) => match escape(&json[at + 6..]) {
                Some(0xdc00..=0xdfff) => at += 12,
                _ => return true,
            },
            Some(0xdc00..=0xdfff) => return true,
            Some(_) => at += 6,
            None => at += 2,
        }
    }
    false
}

fn escape(json: &[u8]) -> Option<u16> {
    let digits = json.strip_prefix(b"\\u")?.get(..4)?;
    let digits = std::str::from_utf8(digits).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

/// The parameters of the path.
pub(crate) struct PathOf<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for PathOf<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(value) = Path::from_request_parts(parts, state).await.map_err(|rejection: PathRejection| {
            ApiError::new(ErrorCode::InvalidArgument, format!("the path cannot be read: {}", rejection.body_text()))
        })?;
        Ok(Self(value))
    }
}

/// The parameters after the question mark.
pub(crate) struct QueryOf<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryOf<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Query(value) = Query::from_request_parts(parts, state).await.map_err(|rejection: QueryRejection| {
            ApiError::new(ErrorCode::InvalidArgument, format!("the query cannot be read: {}", rejection.body_text()))
        })?;
        Ok(Self(value))
    }
}

/// An id of a request, or a refusal that names the field.
pub(crate) fn id<T: std::str::FromStr<Err = IdError>>(field: &str, text: &str) -> Result<T, ApiError> {
    text.parse().map_err(|error| ApiError::invalid(field, error))
}

/// The id that the backend gave, or a new one.
pub(crate) fn command_id(state: &HttpState, given: Option<&str>) -> Result<CommandId, ApiError> {
    match given {
        Some(text) => id("command_id", text),
        None => {
            let (now_ms, random) = state.uuid_parts();
            Ok(CommandId::from_parts(now_ms, random))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(json: &[u8]) -> Option<ErrorCode> {
        read_json::<String>(json).err().map(|error| error.code())
    }

    #[test]
    fn half_surrogates_are_told_from_broken_json() {
        for json in [r#""\ud800""#, r#""\udc00""#, r#""\ud800\ud800""#, r#""a\uD83Dx""#, r#""\ud83d\u0041""#] {
            assert_eq!(code_of(json.as_bytes()), Some(ErrorCode::InvalidArgument), "{json}");
        }
        assert_eq!(code_of(br#""\ud83d\ude00 \\ud800 \u00e9""#), None);
        for json in ["\"", "\"\\u12\"", "\"\\x\"", "", "\"a\" b", "\"a\nb\""] {
            assert_eq!(code_of(json.as_bytes()), Some(ErrorCode::Malformed), "{json}");
        }
        assert_eq!(code_of(b"\"\xff\""), Some(ErrorCode::InvalidArgument));
        assert_eq!(code_of(b"7"), Some(ErrorCode::InvalidArgument));
    }

    #[test]
    fn the_media_type_may_have_parameters() {
        let fits = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, value.parse().unwrap());
            is_json(&headers)
        };
        assert!(fits("application/json") && fits("Application/JSON; charset=utf-8"));
        assert!(!fits("text/plain") && !fits("application/jsonp") && !is_json(&HeaderMap::new()));
    }
}
