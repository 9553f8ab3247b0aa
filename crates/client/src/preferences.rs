//! What the user prefers in a conversation: for himself, on all of his devices.

use std::collections::BTreeMap;

use stonechat_types::limits::{DRAFT_BYTES_MAX, FOLDERS_MAX};
use stonechat_types::number::{Seq, Timestamp};
use stonechat_types::text::Tag;
use stonechat_wire::v1;
use stonechat_wire::v1::frame::Body;

use crate::conversation::Conversation;
use crate::error::{Error, Result};
use crate::people::split;
use crate::send::CommandHandle;

pub use stonechat_domain::preferences::{Draft, FOR_GOOD, Preferences};

impl Conversation {
    /// Lets it stand above the others, or no longer.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn pin(&self, pinned: bool) -> Result<CommandHandle> {
        self.prefer(v1::SetPreferences { pinned: Some(pinned), ..v1::SetPreferences::default() }).await
    }

    /// Mutes it until a time ([`FOR_GOOD`] has no end), or no longer: nobody is notified of it, and it does not count in
    /// the total.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn mute_until(&self, until: Option<Timestamp>) -> Result<CommandHandle> {
        let muted_until = Some(match until {
            None => 0,
            Some(FOR_GOOD) => -1,
            Some(until) => until.as_millis().max(1),
        });
        self.prefer(v1::SetPreferences { muted_until, ..v1::SetPreferences::default() }).await
    }

    /// Shows it as unread although nothing is, or no longer.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn mark_unread(&self, marked: bool) -> Result<CommandHandle> {
        self.prefer(v1::SetPreferences { marked_unread: Some(marked), ..v1::SetPreferences::default() }).await
    }

    /// Keeps it apart from the others, or no longer.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn archive(&self, archived: bool) -> Result<CommandHandle> {
        self.prefer(v1::SetPreferences { archived: Some(archived), ..v1::SetPreferences::default() }).await
    }

    /// Lays it into these folders, and out of all others.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for too many, or a name that is none; [`Error::Store`].
    pub async fn set_folders(&self, folders: &[Tag]) -> Result<CommandHandle> {
        if folders.len() > FOLDERS_MAX {
            return Err(Error::argument("folders", format!("are at most {FOLDERS_MAX}")));
        }
        let names = folders.iter().map(|folder| folder.as_str().to_owned()).collect();
        self.prefer(v1::SetPreferences { folders: Some(v1::Folders { names }), ..v1::SetPreferences::default() }).await
    }

    /// Keeps what is being written, and the message that it is to answer; an empty text is no draft. Call it when the
    /// user leaves the conversation, not for each key.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a draft that is too long; [`Error::Store`].
    pub async fn save_draft(&self, text: &str, reply_to: Option<Seq>) -> Result<CommandHandle> {
        if text.len() > DRAFT_BYTES_MAX {
            return Err(Error::argument("draft", format!("has at most {DRAFT_BYTES_MAX} bytes")));
        }
        let draft = v1::Draft { text: text.to_owned(), reply_to_seq: reply_to.map_or(0, Seq::get), at: 0 };
        self.prefer(v1::SetPreferences { draft: Some(draft), ..v1::SetPreferences::default() }).await
    }

    /// Shows nothing any more of what was said so far, to this user alone, and takes it for read.
    ///
    /// # Errors
    /// [`Error::NotFound`] while the conversation is not on this device; [`Error::Store`].
    pub async fn clear_history(&self) -> Result<CommandHandle> {
        let upto = self.head()?;
        let cleared_upto_seq = Some(upto.get());
        let handle = self.prefer(v1::SetPreferences { cleared_upto_seq, ..v1::SetPreferences::default() }).await?;
        self.mark_read(upto).await?;
        Ok(handle)
    }

    /// Does the same, and does not list it until something new happens in it.
    ///
    /// # Errors
    /// [`Error::NotFound`] while the conversation is not on this device; [`Error::Store`].
    pub async fn delete(&self) -> Result<CommandHandle> {
        let upto = self.head()?;
        let seq = Some(upto.get());
        let set = v1::SetPreferences { cleared_upto_seq: seq, hidden_upto_seq: seq, ..v1::SetPreferences::default() };
        let handle = self.prefer(set).await?;
        self.mark_read(upto).await?;
        Ok(handle)
    }

    /// Sets fields of the app's own, for this user in this conversation, and removes those with `None`. What is not named
    /// stays.
    ///
    /// # Errors
    /// [`Error::Store`]. The handle tells what the server answers: `invalid_argument` for fields over their limits.
    pub async fn set_fields(&self, changes: BTreeMap<String, Option<String>>) -> Result<CommandHandle> {
        let (fields, remove_fields) = split(changes);
        self.prefer(v1::SetPreferences { fields, remove_fields, ..v1::SetPreferences::default() }).await
    }

    fn head(&self) -> Result<Seq> {
        self.summary().map(|summary| summary.head_seq).ok_or(Error::NotFound("conversation"))
    }

    async fn prefer(&self, set: v1::SetPreferences) -> Result<CommandHandle> {
        let set = v1::SetPreferences { conversation_id: self.id.to_string(), ..set };
        self.queue(Body::SetPreferences(set), None).await
    }
}
