//! What people do to a message after it was written. All of it works without a connection: it is kept as a message is,
//! shown at once, and carried out in the order of the conversation.

use eyeball::SharedObservable;
use stonechat_types::emoji::Emoji;
use stonechat_types::id::UserId;
use stonechat_types::number::{Seq, Timestamp};
use stonechat_wire::v1;
use stonechat_wire::v1::change_message::Change;
use stonechat_wire::v1::frame::Body;

use crate::conversation::Conversation;
use crate::core::command::{Command, LaneCommand, Reply};
use crate::core::translate;
use crate::error::{Error, Result};
use crate::send::{CommandHandle, Outgoing};
use crate::state::{Content, Message, SendState, Target, UserReaction, Version};

impl Conversation {
    /// Lets an own message say something else. Its earlier versions stay for everybody to read, and whom it calls and
    /// what it answers stays as it was sent. One that was never written to a connection is sent as it is now.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] as for a send; [`Error::NotFound`] for an own message that this device does not know by
    /// its id; [`Error::Store`]. The handle tells what the server answers: `too_late` after the time that the app allows,
    /// `forbidden` for a message of somebody else, `too_many` after a hundred edits.
    pub async fn edit(
        &self,
        message: impl Into<Target>,
        what: impl TryInto<Outgoing, Error: Into<Error>>,
    ) -> Result<CommandHandle> {
        let Outgoing { body_type, body, .. } = what.try_into().map_err(Into::into)?;
        self.change_message(message.into(), Change::Edit(v1::Edit { body_type, body })).await
    }

    /// Adds an emoji to a message. One that is there stays.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] when it is not one character as people see it; [`Error::NotFound`], [`Error::Store`].
    pub async fn react(&self, message: impl Into<Target>, emoji: &str) -> Result<CommandHandle> {
        let react = v1::React { emoji: checked(emoji)?, remove: false };
        self.change_message(message.into(), Change::React(react)).await
    }

    /// Takes an own emoji back.
    ///
    /// # Errors
    /// As [`Conversation::react`].
    pub async fn take_back(&self, message: impl Into<Target>, emoji: &str) -> Result<CommandHandle> {
        let react = v1::React { emoji: checked(emoji)?, remove: true };
        self.change_message(message.into(), Change::React(react)).await
    }

    /// Takes a message back, for everybody: what it said, its versions and its reactions are gone. One that was never
    /// written to a connection, or failed, is not sent.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Store`]. The handle tells what the server answers: `too_late` after the time that the
    /// app allows the author, `forbidden` for a message of somebody else where the user is no admin.
    pub async fn recall(&self, message: impl Into<Target>) -> Result<CommandHandle> {
        self.change_message(message.into(), Change::Recall(v1::Recall {})).await
    }

    /// Pins a message for everybody, or no longer.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Store`]. The handle tells what the server answers: `forbidden` where the group lets
    /// only its admins, `too_many` past a hundred.
    pub async fn pin_message(&self, message: impl Into<Target>, pinned: bool) -> Result<CommandHandle> {
        self.change_message(message.into(), Change::Pin(v1::Pin { remove: !pinned })).await
    }

    /// The messages that are pinned, oldest first, page by page from the server.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn pinned_messages(&self) -> Result<Vec<Message>> {
        let mut all = Vec::new();
        let mut after_seq = 0;
        loop {
            let list = v1::ListPinned { conversation_id: self.id.to_string(), after_seq, limit: 0 };
            let Body::Messages(answer) = self.inner.call(Body::ListPinned(list)).await? else {
                return Err(Error::Protocol("list_pinned was answered by another frame".into()));
            };
            let before = all.len();
            let events = answer.messages.iter().filter_map(|message| message.event.as_ref());
            all.extend(events.filter_map(|event| translate::message(event, &self.inner.user)));
            after_seq = all.last().and_then(|last: &Message| last.id).map_or(0, |id| id.seq.get());
            if !answer.more_after || all.len() == before {
                return Ok(all);
            }
        }
    }

    async fn change_message(&self, message: Target, change: Change) -> Result<CommandHandle> {
        let conversation_id = self.id.to_string();
        let change = v1::ChangeMessage { conversation_id, change: Some(change), ..v1::ChangeMessage::default() };
        self.queue(Body::ChangeMessage(change), Some(message)).await
    }

    /// Keeps a command on disk and returns; it is carried out in the order of the conversation, as soon as the server can
    /// be reached. Its id and the seq of the message that it is about are filled in on the way.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an own message that this device does not know by its id; [`Error::Store`].
    pub(crate) async fn queue(&self, call: Body, about: Option<Target>) -> Result<CommandHandle> {
        let command_id = self.inner.runtime.client_msg_id();
        let command = LaneCommand { conversation: self.id, command_id, call, about };
        match self.inner.ask(Command::Queue(Box::new(command))).await? {
            // Nothing is left to be done, and nothing of it is in the outbox.
            Reply::Kept(id, state @ SendState::Done(_)) => {
                Ok(CommandHandle { inner: self.inner.clone(), id, state: SharedObservable::new(state).subscribe() })
            }
            Reply::Kept(id, state) => {
                let state = self.inner.runtime.views().track(self.id, id, state);
                Ok(CommandHandle { inner: self.inner.clone(), id, state })
            }
            other => Err(Error::Protocol(format!("unexpected reply {other:?}"))),
        }
    }

    /// Who added what to a message, page by page from the server.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn reactions(&self, message: Seq) -> Result<Vec<UserReaction>> {
        let mut all = Vec::new();
        let mut page = bytes::Bytes::new();
        loop {
            let conversation_id = self.id.to_string();
            let list = v1::ListReactions { conversation_id, seq: message.get(), page, ..v1::ListReactions::default() };
            let Body::Reactions(answer) = self.inner.call(Body::ListReactions(list)).await? else {
                return Err(Error::Protocol("list_reactions was answered by another frame".into()));
            };
            all.extend(answer.reactions.into_iter().filter_map(|one| {
                let user = UserId::new(&one.user_id).ok()?;
                Some(UserReaction { user, display_name: one.display_name, emojis: one.emojis })
            }));
            if answer.next_page.is_empty() {
                return Ok(all);
            }
            page = answer.next_page;
        }
    }

    /// What a message said before, oldest first, and what it says now.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn versions(&self, message: Seq) -> Result<Vec<Version>> {
        let mut all: Vec<Version> = Vec::new();
        loop {
            let after_seq = all.last().map_or(0, |version| version.seq.get());
            let list = v1::ListEdits { conversation_id: self.id.to_string(), seq: message.get(), after_seq };
            let Body::Edits(answer) = self.inner.call(Body::ListEdits(list)).await? else {
                return Err(Error::Protocol("list_edits was answered by another frame".into()));
            };
            let before = all.len();
            all.extend(answer.versions.iter().map(|version| Version {
                seq: Seq(version.seq),
                at: Timestamp(version.at),
                content: content(version),
            }));
            if !answer.more || all.len() == before {
                return Ok(all);
            }
        }
    }
}

fn content(version: &v1::EditVersion) -> Content {
    translate::content(&version.body_type, &version.body, version.corrupt)
}

fn checked(emoji: &str) -> Result<String> {
    let one = Emoji::new(emoji).map_err(|error| Error::argument("emoji", error))?;
    Ok(one.as_str().to_owned())
}
