//! What the HTTP API asks of the rest of the server.

use crate::identity::api_secret::ApiSecrets;
use crate::identity::minter::Minter;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use stonechat_app::api::{Answer, Call, ContentTypes, Failure, OwnProfile, PresenceView, ProfilePatch};
use stonechat_app::application::App;
use stonechat_app::ports::Clock;
use stonechat_http::backend::{Backend, BoxFuture, Readiness};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{AppName, DeviceId, UserId, Username};
use stonechat_types::number::{AppId, Timestamp};

/// The application and the keys.
pub struct ServerBackend {
    /// The application.
    pub app: Arc<App>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The secrets of the apps' backends.
    pub secrets: ApiSecrets,
    /// Who signs tokens for which app.
    pub minters: BTreeMap<AppId, Minter>,
    /// Whether requests are welcome.
    pub readiness: Arc<Ready>,
}

/// A readiness that changes.
#[derive(Debug, Default)]
pub struct Ready(AtomicU8);

impl Ready {
    /// Says how it is from now on.
    pub fn set(&self, readiness: Readiness) {
        let number = match readiness {
            Readiness::Starting => 0,
            Readiness::Ready => 1,
            Readiness::Stopping => 2,
        };
        self.0.store(number, Ordering::Release);
    }

    /// How it is now.
    #[must_use]
    pub fn get(&self) -> Readiness {
        match self.0.load(Ordering::Acquire) {
            0 => Readiness::Starting,
            1 => Readiness::Ready,
            _ => Readiness::Stopping,
        }
    }
}

impl Backend for ServerBackend {
    fn verify_secret(&self, app: &AppName, secret: &str) -> Option<AppId> {
        self.secrets.verify(app, secret)
    }

    fn change_user(&self, app: AppId, user: UserId, patch: ProfilePatch) -> BoxFuture<'_, Result<OwnProfile, Failure>> {
        Box::pin(self.app.change_user(app, user, patch))
    }

    fn user(&self, app: AppId, user: UserId) -> BoxFuture<'_, Result<OwnProfile, Failure>> {
        Box::pin(self.app.user(app, user))
    }

    fn user_named(&self, app: AppId, name: Username) -> BoxFuture<'_, Result<Option<OwnProfile>, Failure>> {
        Box::pin(self.app.user_named(app, name))
    }

    fn content_types(&self, app: AppId) -> Arc<ContentTypes> {
        self.app.content_types(app)
    }

    fn presence(&self, app: AppId, users: Vec<UserId>) -> BoxFuture<'_, Result<Vec<PresenceView>, Failure>> {
        Box::pin(self.app.presence(app, users))
    }

    fn unread_total(&self, app: AppId, user: UserId) -> BoxFuture<'_, Result<u64, Failure>> {
        Box::pin(self.app.unread_total(app, user))
    }

    fn call_as(&self, app: AppId, user: UserId, call: Call) -> BoxFuture<'_, Result<Answer, Failure>> {
        Box::pin(self.app.call_as(app, user, call))
    }

    fn mint_token(
        &self,
        app: AppId,
        user: &UserId,
        device: Option<&DeviceId>,
        expires_at: Timestamp,
    ) -> Result<String, Failure> {
        let internal = || Failure::new(ErrorCode::Internal, "the token could not be signed");
        let minter = self.minters.get(&app).ok_or_else(internal)?;
        minter.mint(user, device, self.clock.now(), expires_at).map_err(|_| internal())
    }

    fn readiness(&self) -> Readiness {
        self.readiness.get()
    }
}
