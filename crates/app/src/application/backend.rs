//! What the backend of an app asks for.

use super::{App, overload};
use crate::api::{Answer, Call, ContentTypes, Failure, OwnProfile, PresenceView, ProfilePatch, UserView};
use crate::directory::failure;
use crate::executor::job::{Reply, Work};
use crate::metrics::Bound;
use crate::presence;
use crate::reading::Reader;
use crate::{list_conversations, profiles, quiet};
use std::sync::Arc;
use stonechat_domain::quiet::Quiet;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{UserId, Username};
use stonechat_types::number::AppId;
use stonechat_types::text::DisplayName;
use tokio::sync::oneshot;

impl App {
    /// Makes a call in the name of a user, for the app's backend.
    ///
    /// # Errors
    /// [`Failure`], as the call itself.
    pub async fn call_as(self: &Arc<Self>, app: AppId, user: UserId, call: Call) -> Result<Answer, Failure> {
        // What is only looked up, or slips in as a typing error, makes nobody.
        let makes = self.node.options.auto_create && matches!(call, Call::Send(_) | Call::CreateGroup(_));
        let found = if makes {
            self.node.directory.ensure(app, &user).await?
        } else {
            let missing = || Failure::new(ErrorCode::NotFound, "there is no such user");
            self.node.directory.find(app, &user).await.map_err(failure)?.ok_or_else(missing)?
        };
        let (done, answer) = oneshot::channel();
        match call {
            Call::Typing { conversation, active } => {
                self.mail(app, &found.user, conversation, Work::Typing(active), Reply::Once(done));
            }
            call => self.route(Reader { app, user: found.user }, None, call, Reply::Once(done)),
        }
        answer.await.unwrap_or_else(|_| Err(Failure::new(ErrorCode::ShuttingDown, "the server is about to stop")))
    }

    /// Makes a user, or names him.
    ///
    /// # Errors
    /// [`Failure`] when the store does not take it.
    pub async fn put_user(&self, app: AppId, user: UserId, name: Option<DisplayName>) -> Result<UserView, Failure> {
        let own = self.change_user(app, user, ProfilePatch::named(name)).await?;
        Ok(UserView { id: own.profile.id, name: own.profile.name })
    }

    /// Makes a user, or changes what he tells of himself, for the app's backend.
    ///
    /// # Errors
    /// [`Failure`] when a rule or the store does not take it.
    pub async fn change_user(&self, app: AppId, user: UserId, patch: ProfilePatch) -> Result<OwnProfile, Failure> {
        profiles::change(&self.node, app, user, patch, None).await
    }

    /// The types of content that an app declares.
    #[must_use]
    pub fn content_types(&self, app: AppId) -> Arc<ContentTypes> {
        self.node.content.declared(app)
    }

    /// What a user tells of himself, for the app's backend.
    ///
    /// # Errors
    /// [`Failure`]: `not_found` when there is no such user.
    pub async fn user(&self, app: AppId, id: UserId) -> Result<OwnProfile, Failure> {
        let found = self.node.directory.find(app, &id).await.map_err(failure)?;
        let user = found.ok_or_else(|| Failure::new(ErrorCode::NotFound, "there is no such user"))?.user;
        profiles::own(&self.node, &Reader { app, user }).await
    }

    /// When a user is not to be disturbed, for whoever notifies. Of one who does not exist nothing is known.
    ///
    /// # Errors
    /// [`Failure`] when the store cannot be read.
    pub async fn quiet(&self, app: AppId, id: UserId) -> Result<Quiet, Failure> {
        let found = self.node.directory.find(app, &id).await.map_err(failure)?;
        let Some(user) = found.map(|found| found.user) else { return Ok(Quiet::default()) };
        quiet::of(&self.node, &Reader { app, user }).await
    }

    /// How many messages a user has not read, over all conversations but those that he muted, for the app's backend.
    ///
    /// # Errors
    /// [`Failure`]: `not_found` when there is no such user, `overloaded` when too much is read at once.
    pub async fn unread_total(&self, app: AppId, id: UserId) -> Result<u64, Failure> {
        let Ok(_permit) = self.reads.try_acquire() else { return Err(overload(&self.node, Bound::Reads)) };
        let found = self.node.directory.find(app, &id).await.map_err(failure)?;
        let user = found.ok_or_else(|| Failure::new(ErrorCode::NotFound, "there is no such user"))?.user;
        list_conversations::unread_shown(&self.node, &Reader { app, user }).await
    }

    /// What the user who chose a name tells of himself, for the app's backend.
    ///
    /// # Errors
    /// [`Failure`] when the store cannot be read.
    pub async fn user_named(&self, app: AppId, name: Username) -> Result<Option<OwnProfile>, Failure> {
        let found = self.node.directory.find_by_username(app, &name).await.map_err(failure)?;
        let Some(user) = found.map(|found| found.user) else { return Ok(None) };
        profiles::own(&self.node, &Reader { app, user }).await.map(Some)
    }

    /// Whether users are there, as their app sees them, for its backend.
    ///
    /// # Errors
    /// [`Failure`] for too many users, or when the store cannot be read.
    pub async fn presence(&self, app: AppId, users: Vec<UserId>) -> Result<Vec<PresenceView>, Failure> {
        presence::look::get_as_app(&self.node, app, users).await
    }
}
