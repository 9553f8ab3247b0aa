//! A signed-in user on this device.

use std::sync::Arc;
use std::time::Duration;

use eyeball::Subscriber;
use eyeball_im::VectorSubscriberBatchedStream;
use imbl::Vector;
use stonechat_types::id::{ClientMsgId, ConversationId, DeviceId, UserId};
use stonechat_types::limits::FOCUS_MAX;
use stonechat_types::text::Title;
use stonechat_wire::v1;
use stonechat_wire::v1::frame::Body;

use crate::client::Config;
use crate::content_types::ContentTypes;
use crate::conversation::Conversation;
use crate::core::command::{Command, Reply};
use crate::driver::runtime::Runtime;
use crate::error::{Error, Result};
use crate::events::EventStream;
use crate::people::Devices;
use crate::send::SendHandle;
use crate::state::{ConnectionState, ConversationSummary, Device, EndReason, MessageWindows, Pending, Unsent};

/// A signed-in user on this device. Cheap to clone; the last clone dropped stops it, without waiting.
#[derive(Clone)]
pub struct Account {
    pub(crate) inner: Arc<Inner>,
}

/// Whether an account that is not there yet is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenMode {
    Create,
    Existing,
}

pub(crate) struct Inner {
    pub user: UserId,
    pub config: Arc<Config>,
    pub runtime: Runtime,
}

impl Inner {
    pub(crate) async fn ask(&self, command: Command) -> Result<Reply> {
        self.runtime.ask(command).await
    }

    pub(crate) async fn call(&self, body: Body) -> Result<Body> {
        match self.ask(Command::Call(Box::new(body))).await? {
            Reply::Answer(body) => Ok(*body),
            other => Err(Error::Protocol(format!("unexpected reply {other:?}"))),
        }
    }
}

/// The conversations of the user, most recent first.
pub struct ConversationList {
    inner: Arc<Inner>,
}

impl ConversationList {
    /// The list now, and a stream of its changes from here on.
    #[must_use]
    pub fn entries(
        &self,
    ) -> (Vector<Arc<ConversationSummary>>, VectorSubscriberBatchedStream<Arc<ConversationSummary>>) {
        self.inner.runtime.views().conversations().into_values_and_batched_stream()
    }

    /// The list now.
    #[must_use]
    pub fn now(&self) -> Vector<Arc<ConversationSummary>> {
        self.inner.runtime.views().conversations().values()
    }
}

impl Account {
    pub(crate) async fn open(config: Arc<Config>, user: UserId, mode: OpenMode) -> Result<Self> {
        let runtime = Runtime::open(&config, &user, mode).await?;
        Ok(Self { inner: Arc::new(Inner { user, config, runtime }) })
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.inner.user
    }

    /// This device.
    #[must_use]
    pub fn device(&self) -> &DeviceId {
        &self.inner.config.device.id
    }

    /// Connects, and stays connected until [`Account::stop`].
    ///
    /// # Errors
    /// [`Error::Closed`] after `stop`.
    pub async fn start(&self) -> Result<()> {
        self.inner.ask_done(Command::Start).await
    }

    /// Disconnects, and ends every task and thread of the account. What is in the outbox stays there.
    pub async fn stop(&self) {
        self.inner.runtime.stop().await;
    }

    /// Tries to connect now instead of waiting: the network came back, or the user looks.
    pub async fn try_now(&self) {
        let _ = self.inner.ask(Command::TryNow).await;
    }

    /// The connection: a value now, and a stream of changes.
    pub fn connection(&self) -> Subscriber<ConnectionState> {
        self.inner.runtime.views().connection()
    }

    /// Waits until the device is connected and in step.
    ///
    /// # Errors
    /// [`Error::Timeout`]; [`Error::Auth`] and [`Error::Store`] when the session ended.
    pub async fn online(&self, at_most: Duration) -> Result<()> {
        let mut connection = self.connection();
        let wait = async {
            let mut state = connection.get();
            loop {
                match state {
                    ConnectionState::Online => return Ok(()),
                    ConnectionState::Ended(EndReason::Auth(error)) => return Err(Error::Auth(error)),
                    ConnectionState::Ended(EndReason::Store(error)) => return Err(Error::Store(error)),
                    ConnectionState::Ended(EndReason::Stopped) => return Err(Error::Closed),
                    ConnectionState::Idle
                    | ConnectionState::Connecting { .. }
                    | ConnectionState::Syncing { .. }
                    | ConnectionState::Offline { .. } => {}
                }
                state = connection.next().await.ok_or(Error::Closed)?;
            }
        };
        self.inner.runtime.within(at_most, wait).await
    }

    /// The conversations, most recent first.
    #[must_use]
    pub fn conversations(&self) -> ConversationList {
        ConversationList { inner: self.inner.clone() }
    }

    /// Unread messages over all conversations: a value now, and a stream of changes.
    pub fn total_unread(&self) -> Subscriber<u64> {
        self.inner.runtime.views().total_unread()
    }

    /// One conversation. It need not be on this device yet.
    #[must_use]
    pub fn conversation(&self, id: &ConversationId) -> Conversation {
        Conversation { inner: self.inner.clone(), id: *id, peer: None }
    }

    /// The direct conversation with a user. It begins with its first message.
    #[must_use]
    pub fn conversation_with(&self, user: &UserId) -> Conversation {
        let known = self.inner.runtime.views().direct_with(user);
        let derived = || ConversationId::direct(self.inner.config.app_id, &self.inner.user, user);
        let id = known.unwrap_or_else(derived);
        Conversation { inner: self.inner.clone(), id, peer: Some(user.clone()) }
    }

    /// Makes a group with this user as its owner.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`]; whatever the server answers.
    pub async fn create_group(&self, title: &str, members: &[UserId]) -> Result<Conversation> {
        self.create(v1::ConversationKind::Group, title, members).await
    }

    /// Makes a channel with this user as its owner: written by its admins, read by whoever joins.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`]; whatever the server answers.
    pub async fn create_channel(&self, title: &str, members: &[UserId]) -> Result<Conversation> {
        self.create(v1::ConversationKind::Channel, title, members).await
    }

    async fn create(&self, kind: v1::ConversationKind, title: &str, members: &[UserId]) -> Result<Conversation> {
        Title::new(title).map_err(|error| Error::argument("title", error))?;
        let body = Body::CreateGroup(v1::CreateGroup {
            command_id: self.inner.runtime.command_id(),
            title: title.into(),
            members: members.iter().map(ToString::to_string).collect(),
            kind: kind.into(),
        });
        match self.inner.call(body).await? {
            Body::CommandDone(done) => {
                let id = done.conversation_id.parse().map_err(|_| Error::Protocol("a bad conversation id".into()))?;
                Ok(self.conversation(&id))
            }
            _ => Err(Error::Protocol("create_group was answered by another frame".into())),
        }
    }

    /// The devices of the user.
    ///
    /// # Errors
    /// Whatever the server answers; [`Error::Timeout`] without a connection.
    pub async fn devices(&self) -> Result<Vec<Device>> {
        let Body::Devices(devices) = self.inner.call(Body::ListDevices(v1::ListDevices {})).await? else {
            return Err(Error::Protocol("list_devices was answered by another frame".into()));
        };
        Ok(devices.devices.iter().map(Device::of).collect())
    }

    /// Signs a device of the user out, at once.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn revoke_device(&self, device: &DeviceId) -> Result<()> {
        let body = Body::RevokeDevice(v1::RevokeDevice { device_id: device.to_string(), all_others: false });
        self.inner.call(body).await.map(drop)
    }

    /// Signs all other devices of the user out, at once.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn revoke_other_devices(&self) -> Result<()> {
        let body = Body::RevokeDevice(v1::RevokeDevice { device_id: String::new(), all_others: true });
        self.inner.call(body).await.map(drop)
    }

    /// The devices of the user as this one knows them, by their ids: a value now, and a stream of changes. It says when
    /// another device signs in, and when and why one was signed out.
    pub fn known_devices(&self) -> Subscriber<Devices> {
        self.inner.runtime.views().devices()
    }

    /// Signs this device out and forgets everything that it holds, what was not sent included. The server is told when
    /// there is a connection; without one the device is listed until it is signed out from another. The account is
    /// stopped then.
    ///
    /// # Errors
    /// [`crate::error::Error::Store`] when what is stored cannot be removed.
    pub async fn sign_out(&self) -> Result<()> {
        self.inner.ask_done(Command::SignOut).await?;
        self.stop().await;
        self.inner.runtime.erase(&self.inner.user)
    }

    /// What people call these users.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn display_names(&self, users: &[UserId]) -> Result<Vec<(UserId, String)>> {
        Ok(self.users(users).await?.into_iter().map(|user| (user.id, user.display_name)).collect())
    }

    /// What people were called when the server was last asked, also without a connection.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn known_names(&self) -> Result<Vec<(UserId, String)>> {
        self.inner.runtime.known_names().await
    }

    /// Says what the device shows now, so that the server sends it in full, and that it is asked how far the members of
    /// groups have read. Replaces what was said before.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for more than [`FOCUS_MAX`].
    pub async fn focus(&self, conversations: &[ConversationId]) -> Result<()> {
        if conversations.len() > FOCUS_MAX {
            return Err(Error::argument("conversations", format!("has at most {FOCUS_MAX} entries")));
        }
        self.inner.ask_done(Command::Focus(conversations.to_vec())).await
    }

    /// Every event that this device receives, going on where the last one was acknowledged, across restarts. Needs
    /// [`crate::client::ClientBuilder::record_events`].
    #[must_use]
    pub fn events(&self) -> EventStream {
        EventStream::new(self.inner.clone())
    }

    /// What waits in the outbox or failed, oldest first.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn outbox(&self) -> Result<Vec<Unsent>> {
        match self.inner.ask(Command::Outbox).await? {
            Reply::Outbox(unsent) => Ok(unsent),
            other => Err(Error::Protocol(format!("unexpected reply {other:?}"))),
        }
    }

    /// How long after its sending a message may be changed: `None` until a server has said so since the account was
    /// opened, then a value and a stream of changes. Hide what is too late; the server refuses it with `too_late`.
    pub fn message_windows(&self) -> Subscriber<Option<MessageWindows>> {
        self.inner.runtime.views().windows()
    }

    /// The types of content that the app declares: a value now, and a stream of changes. They say what to show of messages
    /// that this client does not know otherwise.
    pub fn content_types(&self) -> Subscriber<Arc<ContentTypes>> {
        self.inner.runtime.views().content_types()
    }

    /// The commands that wait in the outbox, in their order; failed ones stay until they are retried or cancelled.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn pending(&self) -> Result<Vec<Pending>> {
        match self.inner.ask(Command::Pending).await? {
            Reply::Pending(pending) => Ok(pending),
            other => Err(Error::Protocol(format!("unexpected reply {other:?}"))),
        }
    }

    /// The handle of a message, or a command, that waits in the outbox, or that was sent since the account was opened.
    #[must_use]
    pub fn sending(&self, client_msg_id: ClientMsgId) -> Option<SendHandle> {
        let (conversation, state) = self.inner.runtime.views().sending(client_msg_id)?;
        Some(SendHandle { inner: self.inner.clone(), conversation, client_msg_id, state })
    }
}
