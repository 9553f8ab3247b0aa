//! Where the tokens of a client come from.

use std::fmt;
use std::process::Stdio;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use stonechat_client::driver::ports::{StaticToken, TokenProvider, TokenRequest};
use stonechat_client::error::TokenError;
use stonechat_types::id::{AppName, UserId};
use stonechat_types::limits::TOKEN_BYTES_MAX;

use crate::cli::failure::Failure;
use crate::cli::local_server::LocalServer;

/// What the claims of a token say of its bearer. Only the server can say whether they are true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The user.
    pub user: UserId,
    /// The app, when the audience names one in our way.
    pub app: Option<AppName>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    #[serde(default)]
    aud: Audience,
}

#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Audience {
    #[default]
    Nobody,
    One(String),
    Many(Vec<String>),
}

impl Bearer {
    /// Reads the claims, without a look at the signature.
    ///
    /// # Errors
    /// A usage error when it is not a token of a user.
    pub fn of(token: &str) -> Result<Self, Failure> {
        let wrong = || Failure::Usage("the token is not a JWT of a user: `stonechat token mint` makes one".into());
        let payload = token.trim().split('.').nth(1).ok_or_else(wrong)?;
        let json = URL_SAFE_NO_PAD.decode(payload).map_err(|_| wrong())?;
        let claims: Claims = serde_json::from_slice(&json).map_err(|_| wrong())?;
        let user = UserId::new(&claims.sub).map_err(|_| wrong())?;
        let audiences = match claims.aud {
            Audience::Nobody => Vec::new(),
            Audience::One(one) => vec![one],
            Audience::Many(many) => many,
        };
        let app = audiences.iter().find_map(|audience| AppName::new(audience.strip_prefix("stonechat:")?).ok());
        Ok(Self { user, app })
    }
}

/// A token that was given, and cannot be renewed.
#[must_use]
pub fn given(token: &str) -> Arc<dyn TokenProvider> {
    Arc::new(StaticToken::new(token.trim()))
}

/// Tokens that a command of the shell prints, each time anew.
pub struct CommandTokens(String);

impl CommandTokens {
    /// Keeps the command.
    #[must_use]
    pub fn new(command: &str) -> Self {
        Self(command.into())
    }
}

impl fmt::Debug for CommandTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CommandTokens(…)")
    }
}

impl TokenProvider for CommandTokens {
    fn fetch_token(&self, request: TokenRequest) -> BoxFuture<'_, Result<String, TokenError>> {
        Box::pin(async move {
            let mut command = tokio::process::Command::new("sh");
            command.args(["-c", &self.0]).env("STONECHAT_USER", request.user.as_str());
            // A child that asks on the terminal would fight with the chat for the keys.
            command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
            let output = command.output().await;
            let output = output.map_err(|error| TokenError::Later(format!("token_command: {error}")))?;
            if !output.status.success() {
                return Err(TokenError::Later(format!("token_command ended with {}", output.status)));
            }
            let token = String::from_utf8(output.stdout).unwrap_or_default().trim().to_owned();
            if token.is_empty() || token.len() > TOKEN_BYTES_MAX {
                return Err(TokenError::Refused("token_command printed no token".into()));
            }
            Ok(token)
        })
    }
}

/// Tokens signed here, with the key of a server whose data folder is on this machine.
#[derive(Debug)]
pub struct LocalTokens {
    server: LocalServer,
    app: AppName,
}

impl LocalTokens {
    /// Tokens for an app of a local server.
    #[must_use]
    pub fn new(server: LocalServer, app: AppName) -> Self {
        Self { server, app }
    }

    /// Makes one and drops it, so that a missing key is said before anything else begins.
    ///
    /// # Errors
    /// Why none can be made.
    pub fn check(&self, user: &UserId) -> Result<(), Failure> {
        self.server.mint(&self.app, user).map(drop).map_err(|error| Failure::Failed(error.into()))
    }
}

impl TokenProvider for LocalTokens {
    fn fetch_token(&self, request: TokenRequest) -> BoxFuture<'_, Result<String, TokenError>> {
        Box::pin(async move {
            self.server
                .mint(&self.app, &request.user)
                .map_err(|error| TokenError::Refused(format!("{:#}", anyhow::Error::from(error))))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stonechat_client::state::TokenReason;

    fn token(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn the_bearer_is_read_from_the_claims() {
        let bearer = Bearer::of(&token(r#"{"sub":"alice","aud":"stonechat:shop","exp":1}"#)).unwrap();
        assert_eq!((bearer.user.as_str(), bearer.app), ("alice", AppName::new("shop").ok()));
        let many = Bearer::of(&token(r#"{"sub":"bob","aud":["x","stonechat:default"]}"#)).unwrap();
        assert_eq!(many.app, AppName::new("default").ok());
        assert_eq!(Bearer::of(&token(r#"{"sub":"bob"}"#)).unwrap().app, None);
    }

    #[test]
    fn what_is_not_a_token_is_a_usage_error() {
        for wrong in ["", "abc", "a.b.c", "a.!.c", &token("{}"), &token(r#"{"sub":"a b"}"#), &token("[1]")] {
            assert!(matches!(Bearer::of(wrong), Err(Failure::Usage(_))), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_command_gives_a_token_or_says_why_not() {
        let ask = |command: &str| {
            let tokens = CommandTokens::new(command);
            async move {
                let request = TokenRequest { user: UserId::new("alice").unwrap(), reason: TokenReason::First };
                tokens.fetch_token(request).await
            }
        };
        assert_eq!(ask("echo \"t-$STONECHAT_USER\"").await, Ok("t-alice".into()));
        assert!(matches!(ask("exit 3").await, Err(TokenError::Later(_))));
        assert!(matches!(ask("true").await, Err(TokenError::Refused(_))));
    }
}
