//! What people do to a message after it was sent.

use stonechat_types::emoji::Emoji;
use stonechat_types::id::UserId;
use stonechat_types::number::{Seq, Timestamp};
use stonechat_wire::v1;
use stonechat_wire::v1::change_message::Change;
use stonechat_wire::v1::frame::Body;

use crate::conversation::Conversation;
use crate::core::translate;
use crate::error::{Error, Result};
use crate::send::Outgoing;
use crate::state::{Content, UserReaction, Version};

impl Conversation {
    /// Lets an own message say something else. Its earlier versions stay for everybody to read.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] as for a send; whatever the server answers: `too_late` after the time that the app
    /// allows, `forbidden` for a message of somebody else, `too_many` after a hundred edits.
    pub async fn edit(&self, message: Seq, what: impl TryInto<Outgoing, Error = Error>) -> Result<()> {
        let Outgoing { body_type, body } = what.try_into()?;
        self.change_message(message, Change::Edit(v1::Edit { body_type, body })).await
    }

    /// Adds an emoji to a message. One that is there stays.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] when it is not one character as people see it; whatever the server answers.
    pub async fn react(&self, message: Seq, emoji: &str) -> Result<()> {
        let react = v1::React { emoji: checked(emoji)?, remove: false };
        self.change_message(message, Change::React(react)).await
    }

    /// Takes an own emoji back.
    ///
    /// # Errors
    /// As [`Conversation::react`].
    pub async fn take_back(&self, message: Seq, emoji: &str) -> Result<()> {
        let react = v1::React { emoji: checked(emoji)?, remove: true };
        self.change_message(message, Change::React(react)).await
    }

    /// Takes a message back, for everybody: what it said, its versions and its reactions are gone.
    ///
    /// # Errors
    /// Whatever the server answers: `too_late` after the time that the app allows the author, `forbidden` for a message
    /// of somebody else where the user is no admin.
    pub async fn recall(&self, message: Seq) -> Result<()> {
        self.change_message(message, Change::Recall(v1::Recall {})).await
    }

    async fn change_message(&self, message: Seq, change: Change) -> Result<()> {
        let body = Body::ChangeMessage(v1::ChangeMessage {
            command_id: self.inner.runtime.command_id(),
            conversation_id: self.id.to_string(),
            seq: message.get(),
            change: Some(change),
        });
        self.inner.call(body).await.map(drop)
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
