//! Why a command did not do what was asked, and the exit code of each reason. The codes are a contract.

use std::io::{self, Write};

use stonechat_client::error::{AuthError, Error, StoreError};
use stonechat_client::state::EndReason;

/// What every command returns.
pub type Outcome = Result<(), Failure>;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub enum Failure {
    /// Something here or on the way failed.
    Failed(anyhow::Error),
    /// What was typed makes no sense.
    Usage(String),
    /// The configuration of the server cannot be used.
    Configuration(String),
    /// The server did not acknowledge a message in time; it stays in the outbox.
    NotAcknowledged(String),
    /// The server said no, or the SDK by a rule of the server.
    Refused {
        /// A stable code of `docs/protocol/errors.md`.
        code: String,
        /// For people.
        text: String,
    },
    /// Whoever read our output has gone. Nobody is left to be told.
    ReaderGone,
}

impl Failure {
    /// A failure that a sentence explains.
    #[must_use]
    pub fn failed(sentence: impl Into<String>) -> Self {
        Self::Failed(anyhow::Error::msg(sentence.into()))
    }

    /// A refusal.
    #[must_use]
    pub fn refused(code: &str, text: impl Into<String>) -> Self {
        Self::Refused { code: code.into(), text: text.into() }
    }

    /// The exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::ReaderGone => 0,
            Self::Failed(_) => 1,
            Self::Usage(_) | Self::Configuration(_) => 2,
            Self::NotAcknowledged(_) => 3,
            Self::Refused { .. } => 4,
        }
    }

    /// Says it, in one line that begins with `error: `.
    pub fn report(&self, err: &mut dyn Write) {
        let line = match self {
            Self::ReaderGone => return,
            Self::Failed(error) => format!("error: {error:#}\n"),
            Self::Usage(text) => format!("error: {text}\n\nFor more information, try '--help'.\n"),
            Self::Configuration(text) => format!("error: {text}\n"),
            Self::NotAcknowledged(text) => format!("error: not acknowledged: {text}\n"),
            Self::Refused { code, text } => format!("error: {code}: {text}\n"),
        };
        // When standard error is closed as well, the exit code is all that is left.
        let _ = err.write_all(line.as_bytes());
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::ReaderGone } else { Self::Failed(error.into()) }
    }
}

impl From<AuthError> for Failure {
    fn from(error: AuthError) -> Self {
        match error.server_code() {
            Some(code) => Self::refused(code.as_str(), error.to_string()),
            None => Self::Failed(error.into()),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::from(Error::Store(error))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Server(error) => Self::Refused { code: error.code, text: error.text },
            Error::Auth(error) => error.into(),
            // The size of a body and what it has to be are rules of the server that the SDK knows.
            Error::InvalidArgument { .. } | Error::TooLarge { .. } => Self::refused(error.code(), error.to_string()),
            Error::Store(StoreError::Locked) => Self::failed(
                "another process is this device now, and has been for 5 s: end it, or be another one with --device NAME",
            ),
            error => Self::Failed(error.into()),
        }
    }
}

/// Why a session that will not come back ended; `None` when we ended it.
#[must_use]
pub fn of_ended(reason: EndReason) -> Option<Failure> {
    match reason {
        EndReason::Stopped => None,
        EndReason::Auth(error) => Some(error.into()),
        EndReason::Store(error) => Some(error.into()),
    }
}

/// The same as part of a sentence, with its stable code.
#[must_use]
pub fn why_ended(reason: EndReason) -> String {
    let error = match reason {
        EndReason::Stopped => return "the session ended".to_owned(),
        EndReason::Auth(error) => match Failure::from(error) {
            Failure::Refused { code, text } => return format!("{code}: {text}"),
            _ => Error::Auth(error),
        },
        EndReason::Store(error) => Error::Store(error),
    };
    format!("{}: {error}", error.code())
}

#[cfg(test)]
mod tests {
    use super::*;
    use stonechat_client::error::ServerError;
    use stonechat_client::send::Outgoing;

    fn shown(failure: &Failure) -> (u8, String) {
        let mut text = Vec::new();
        failure.report(&mut text);
        (failure.exit_code(), String::from_utf8(text).unwrap())
    }

    #[test]
    fn a_refusal_says_its_stable_code_and_exits_with_4() {
        let error = ServerError { code: "forbidden".into(), text: "not an owner".into(), retry_after: None };
        assert_eq!(shown(&Error::Server(error).into()), (4, "error: forbidden: not an owner\n".into()));
        let large = Error::TooLarge { field: "body", reason: "has at most 65536 bytes".into() };
        assert_eq!(shown(&large.into()), (4, "error: too_large: body has at most 65536 bytes\n".into()));
        assert_eq!(shown(&Error::Auth(AuthError::Replaced).into()).0, 4);
    }

    #[test]
    fn only_a_length_is_too_large() {
        let of = |body: Vec<u8>| Outgoing::opaque("image", body).err().map(|error| shown(&error.into()).1);
        assert_eq!(of(b"{}".to_vec()).as_deref(), Some("error: invalid_argument: body is not what its type says\n"));
        assert_eq!(of(vec![0; 65_537]).as_deref(), Some("error: too_large: body has at most 65536 bytes\n"));
    }

    #[test]
    fn what_fails_here_exits_with_1_and_a_closed_pipe_with_0() {
        assert_eq!(shown(&Error::Store(StoreError::Locked).into()).0, 1);
        assert_eq!(shown(&Error::Timeout.into()), (1, "error: the server did not answer in time\n".into()));
        let pipe = io::Error::from(io::ErrorKind::BrokenPipe);
        assert_eq!(shown(&pipe.into()), (0, String::new()));
        assert_eq!(shown(&Failure::NotAcknowledged("kept".into())).0, 3);
        assert_eq!(shown(&Failure::Usage("no".into())).0, 2);
    }

    #[test]
    fn a_reason_to_end_has_the_code_of_the_server_where_it_has_one() {
        let why = |error| why_ended(EndReason::Auth(error));
        assert_eq!(why(AuthError::TokenExpired), "token_expired: the token has expired");
        assert_eq!(why(AuthError::TokenRefused), "unauthenticated: the token was refused");
        assert_eq!(why(AuthError::NoToken), "auth.no_token: the session ended: the token provider gave no token");
        assert_eq!(why_ended(EndReason::Stopped), "the session ended");
    }

    #[test]
    fn a_configuration_is_no_matter_for_help() {
        let failure = Failure::Configuration("invalid_config: it is not TOML".into());
        assert_eq!(shown(&failure), (2, "error: invalid_config: it is not TOML\n".into()));
    }
}
