//! What can go wrong, for callers.

use std::time::Duration;

use stonechat_types::error_code::{ErrorCode, Retry};

/// The result of an SDK call.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call failed. [`Error::code`] is stable; the texts are for developers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no connection, and the call cannot wait for one.
    #[error("there is no connection to the server")]
    Offline,
    /// The server did not answer in time.
    #[error("the server did not answer in time")]
    Timeout,
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Network(String),
    /// The server refused the call.
    #[error("the server refused: {0}")]
    Server(ServerError),
    /// The session cannot go on without the user.
    #[error("the session ended: {0}")]
    Auth(AuthError),
    /// There is no such thing on this device.
    #[error("there is no such {0} here")]
    NotFound(&'static str),
    /// An argument has a value that is not allowed.
    #[error("{field} {reason}")]
    InvalidArgument {
        /// Which one.
        field: &'static str,
        /// Why.
        reason: String,
    },
    /// An argument is over its limit, and the server would say the same.
    #[error("{field} {reason}")]
    TooLarge {
        /// Which one.
        field: &'static str,
        /// What the limit is.
        reason: String,
    },
    /// The store of this device failed.
    #[error("the store failed: {0}")]
    Store(StoreError),
    /// The caller cancelled it.
    #[error("it was cancelled")]
    Cancelled,
    /// The account was stopped, or was never started.
    #[error("the account is stopped")]
    Closed,
    /// The server sent what it may not send.
    #[error("the server broke the protocol: {0}")]
    Protocol(String),
}

/// An error that the server answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {text}")]
pub struct ServerError {
    /// A stable code of `docs/protocol/errors.md`.
    pub code: String,
    /// For developers, in English.
    pub text: String,
    /// When it is worth trying again.
    pub retry_after: Option<Duration>,
}

impl ServerError {
    /// The code as the table has it; `None` for one of a later version.
    #[must_use]
    pub fn known(&self) -> Option<ErrorCode> {
        self.code.parse().ok()
    }

    /// Whether the same call may be made again later. Codes of a later version may pass, so they are tried again.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.known().is_none_or(|code| matches!(code.retry(), Retry::Later | Retry::InOrder))
    }
}

/// Why the session ended for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The token was refused twice.
    #[error("the token was refused")]
    TokenRefused,
    /// The token had expired, and the next one is refused for the same reason.
    #[error("the token has expired")]
    TokenExpired,
    /// The provider gave no token.
    #[error("the token provider gave no token")]
    NoToken,
    /// The user signed the device out.
    #[error("the device was signed out")]
    Revoked,
    /// A newer device of its class took the place of this one.
    #[error("the device was signed out: a newer one of its class took its place")]
    DeviceReplaced,
    /// The app signed the device out.
    #[error("the device was signed out by the app")]
    RevokedByApp,
    /// The user may have no more devices, or none more of this class.
    #[error("the user may have no more devices of this class")]
    DeviceLimit,
    /// A newer session of the same device took its place.
    #[error("another session of this device took its place")]
    Replaced,
    /// Client and server have no protocol version in common.
    #[error("the server does not speak this version of the protocol")]
    UnsupportedVersion,
    /// The token is of another user than the store.
    #[error("the token is of another user")]
    WrongUser,
}

/// Why the store of a device could not do its work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process has it open.
    #[error("another process has it open")]
    Locked,
    /// It was written by a newer version; the file is left as it is.
    #[error("it was written by a newer version (schema {schema})")]
    TooNew {
        /// The schema found.
        schema: u32,
    },
    /// It is not a store, or it is damaged.
    #[error("it is damaged: {0}")]
    Corrupt(String),
    /// The disk is full.
    #[error("the disk is full")]
    DiskFull,
    /// The file system or the database refused.
    #[error("{0}")]
    Failed(String),
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It may work later: the app's backend cannot be reached.
    #[error("no token now: {0}")]
    Later(String),
    /// The user has to sign in again.
    #[error("no token for this user: {0}")]
    Refused(String),
}

impl AuthError {
    /// The code that the server gave as its reason; `None` when the reason is here.
    #[must_use]
    pub fn server_code(self) -> Option<ErrorCode> {
        match self {
            Self::TokenRefused => Some(ErrorCode::Unauthenticated),
            Self::TokenExpired => Some(ErrorCode::TokenExpired),
            Self::Revoked => Some(ErrorCode::Revoked),
            Self::DeviceReplaced => Some(ErrorCode::DeviceReplaced),
            Self::RevokedByApp => Some(ErrorCode::RevokedByApp),
            Self::DeviceLimit => Some(ErrorCode::DeviceLimit),
            Self::Replaced => Some(ErrorCode::Replaced),
            Self::UnsupportedVersion => Some(ErrorCode::UnsupportedVersion),
            Self::NoToken | Self::WrongUser => None,
        }
    }
}

/// What is ready to be sent needs no check.
impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

impl Error {
    /// A stable code of the form `type.variant`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Timeout => "timeout",
            Self::Network(_) => "network",
            Self::Server(error) => error.known().map_or("unknown", ErrorCode::as_str),
            Self::Auth(AuthError::TokenRefused) => "auth.token_refused",
            Self::Auth(AuthError::TokenExpired) => "token_expired",
            Self::Auth(AuthError::NoToken) => "auth.no_token",
            Self::Auth(AuthError::Revoked) => "revoked",
            Self::Auth(AuthError::DeviceReplaced) => "device_replaced",
            Self::Auth(AuthError::RevokedByApp) => "revoked_by_app",
            Self::Auth(AuthError::DeviceLimit) => "device_limit",
            Self::Auth(AuthError::Replaced) => "replaced",
            Self::Auth(AuthError::UnsupportedVersion) => "unsupported_version",
            Self::Auth(AuthError::WrongUser) => "auth.wrong_user",
            Self::NotFound(_) => "not_found",
            Self::InvalidArgument { .. } => "invalid_argument",
            Self::TooLarge { .. } => "too_large",
            Self::Store(StoreError::Locked) => "store.locked",
            Self::Store(StoreError::TooNew { .. }) => "store.too_new",
            Self::Store(StoreError::Corrupt(_)) => "store.corrupt",
            Self::Store(StoreError::DiskFull) => "store.disk_full",
            Self::Store(StoreError::Failed(_)) => "store.failed",
            Self::Cancelled => "cancelled",
            Self::Closed => "closed",
            Self::Protocol(_) => "protocol",
        }
    }

    /// The code as the server said it, of a refusal by the server.
    #[must_use]
    pub fn server_code(&self) -> Option<&str> {
        match self {
            Self::Server(error) => Some(&error.code),
            Self::Auth(error) => error.server_code().map(ErrorCode::as_str),
            _ => None,
        }
    }

    /// Whether the same call may succeed later. Derived here and nowhere else.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Offline | Self::Timeout | Self::Network(_) => true,
            Self::Server(error) => error.is_retryable(),
            Self::Store(error) => matches!(error, StoreError::Locked | StoreError::DiskFull),
            Self::Auth(_)
            | Self::NotFound(_)
            | Self::InvalidArgument { .. }
            | Self::TooLarge { .. }
            | Self::Cancelled
            | Self::Closed
            | Self::Protocol(_) => false,
        }
    }

    /// When it is worth trying again, where the server said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Server(error) => error.retry_after,
            _ => None,
        }
    }

    pub(crate) fn argument(field: &'static str, reason: impl ToString) -> Self {
        Self::InvalidArgument { field, reason: reason.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_a_later_version_is_tried_again_and_kept() {
        let error = Error::Server(ServerError { code: "too_cold".into(), text: String::new(), retry_after: None });
        assert!(error.is_retryable());
        assert_eq!((error.code(), error.server_code()), ("unknown", Some("too_cold")));
    }

    #[test]
    fn an_end_by_the_server_keeps_its_code() {
        let code = |error| Error::Auth(error).server_code().map(str::to_owned);
        assert_eq!(code(AuthError::TokenExpired).as_deref(), Some("token_expired"));
        assert_eq!(code(AuthError::TokenRefused).as_deref(), Some("unauthenticated"));
        assert_eq!(code(AuthError::NoToken), None, "the server was never asked");
    }

    #[test]
    fn overload_is_worth_another_try_after_the_hint() {
        let retry_after = Some(Duration::from_millis(300));
        let error = Error::Server(ServerError { code: "overloaded".into(), text: String::new(), retry_after });
        assert!(error.is_retryable());
        assert_eq!(error.retry_after(), retry_after);
    }
}
