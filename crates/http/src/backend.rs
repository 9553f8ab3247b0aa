//! What the API asks of the rest of the server.

use std::pin::Pin;
use std::sync::Arc;
use stonechat_app::api::{Answer, Call, ContentTypes, Failure, OwnProfile, PresenceView, ProfilePatch};
use stonechat_types::id::{AppName, DeviceId, UserId, Username};
use stonechat_types::number::{AppId, Timestamp};

/// A future behind a port.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Whether requests are welcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// The store is being opened.
    Starting,
    /// A hello and a durable send succeed.
    Ready,
    /// The server is about to stop.
    Stopping,
}

/// The application and the keys, as the composition puts them together.
pub trait Backend: Send + Sync {
    /// The app of that name, when the secret is its own. Takes the same time for every wrong secret.
    fn verify_secret(&self, app: &AppName, secret: &str) -> Option<AppId>;

    /// Makes a user, or changes what he tells of himself.
    fn change_user(&self, app: AppId, user: UserId, patch: ProfilePatch) -> BoxFuture<'_, Result<OwnProfile, Failure>>;

    /// What a user tells of himself.
    fn user(&self, app: AppId, user: UserId) -> BoxFuture<'_, Result<OwnProfile, Failure>>;

    /// The same of the user who chose a name.
    fn user_named(&self, app: AppId, name: Username) -> BoxFuture<'_, Result<Option<OwnProfile>, Failure>>;

    /// The types of content that an app declares.
    fn content_types(&self, app: AppId) -> Arc<ContentTypes>;

    /// Whether users are there, as their app sees them. Who does not exist is left out.
    fn presence(&self, app: AppId, users: Vec<UserId>) -> BoxFuture<'_, Result<Vec<PresenceView>, Failure>>;

    /// How many messages a user has not read, over all conversations but those that he muted.
    fn unread_total(&self, app: AppId, user: UserId) -> BoxFuture<'_, Result<u64, Failure>>;

    /// Carries out a call in the name of a user.
    fn call_as(&self, app: AppId, user: UserId, call: Call) -> BoxFuture<'_, Result<Answer, Failure>>;

    /// Signs a token by which its bearer is the user, on any device or on one only.
    ///
    /// # Errors
    /// `Internal`, when it could not be signed.
    fn mint_token(
        &self,
        app: AppId,
        user: &UserId,
        device: Option<&DeviceId>,
        expires_at: Timestamp,
    ) -> Result<String, Failure>;

    /// For load balancers.
    fn readiness(&self) -> Readiness;
}
