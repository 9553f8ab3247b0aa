//! One conversation: write, read, and change it.

use std::sync::Arc;

use eyeball::Subscriber;
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::number::{Ordinal, Seq};
use stonechat_types::text::Title;
use stonechat_wire::v1;
use stonechat_wire::v1::change_conversation::Change;
use stonechat_wire::v1::fetch_messages::Range;
use stonechat_wire::v1::frame::Body;

use crate::account::Inner;
use crate::core::command::{Command, Draft, Reply};
use crate::core::translate;
use crate::error::{Error, Result};
use crate::send::{Outgoing, SendHandle, SendOptions};
use crate::state::{ConversationSummary, HistoryPage, Member, MentionMark, ReadMark, Role};
use crate::timeline::{Timeline, TimelineOptions};

/// One conversation. Cheap to clone.
#[derive(Clone)]
pub struct Conversation {
    pub(crate) inner: Arc<Inner>,
    pub(crate) id: ConversationId,
    pub(crate) peer: Option<UserId>,
}

impl Conversation {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> ConversationId {
        self.id
    }

    /// What the list shows of it; `None` while it is not on this device.
    #[must_use]
    pub fn summary(&self) -> Option<Arc<ConversationSummary>> {
        self.inner.runtime.views().summary(&self.id)
    }

    /// Keeps a message on disk and returns; the server gets it as soon as it can be reached. The handle tells the rest.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] by the rules of texts and limits; [`Error::Store`].
    pub async fn send(&self, what: impl TryInto<Outgoing, Error: Into<Error>>) -> Result<SendHandle> {
        self.send_with(what, SendOptions::default()).await
    }

    /// The same, with options.
    ///
    /// # Errors
    /// As [`Conversation::send`].
    pub async fn send_with(
        &self,
        what: impl TryInto<Outgoing, Error: Into<Error>>,
        options: SendOptions,
    ) -> Result<SendHandle> {
        let outgoing = what.try_into().map_err(Into::into)?;
        let client_msg_id = options.client_msg_id.unwrap_or_else(|| self.inner.runtime.client_msg_id());
        let peer = self.peer.clone().or_else(|| self.summary().and_then(|summary| summary.peer.clone()));
        let draft = Draft {
            conversation: self.id,
            peer,
            client_msg_id,
            body_type: outgoing.body_type,
            body: outgoing.body,
            attributes: Outgoing::carried(outgoing.attributes),
            read_upto: options.read_upto.unwrap_or_default(),
        };
        match self.inner.ask(Command::Send(draft)).await? {
            Reply::Queued(state) => {
                let state = self.inner.runtime.views().track(self.id, client_msg_id, state);
                Ok(SendHandle { inner: self.inner.clone(), conversation: self.id, client_msg_id, state })
            }
            other => Err(Error::Protocol(format!("unexpected reply {other:?}"))),
        }
    }

    /// The timeline, live from the newest message.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn timeline(&self, options: TimelineOptions) -> Result<Timeline> {
        Timeline::open(self.clone(), options).await
    }

    /// Moves the read cursor of the user, on all devices. It never moves back, and needs no connection.
    ///
    /// # Errors
    /// [`Error::NotFound`] while the conversation is not on this device.
    pub async fn mark_read(&self, upto: Seq) -> Result<()> {
        self.inner.ask_done(Command::MarkRead { conversation: self.id, upto }).await
    }

    /// Moves it to the last event that this device knows of.
    ///
    /// # Errors
    /// [`Error::NotFound`] while the conversation is not on this device.
    pub async fn mark_all_read(&self) -> Result<()> {
        let summary = self.summary().ok_or(Error::NotFound("conversation"))?;
        self.mark_read(summary.head_seq).await
    }

    /// Says that the user is writing, or stopped. May be called for each key: at most one frame in 3 s leaves, and it
    /// stops by itself after 6 s.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn set_typing(&self, active: bool) -> Result<()> {
        self.inner.ask_done(Command::Typing { conversation: self.id, active }).await
    }

    /// Who is writing: a value now, and a stream of changes.
    pub fn typing(&self) -> Subscriber<Vec<UserId>> {
        self.inner.runtime.views().typing(&self.id)
    }

    /// How far the others have read: a value now, and a stream of changes.
    pub fn read_marks(&self) -> Subscriber<Vec<ReadMark>> {
        self.inner.runtime.views().read_marks(&self.id)
    }

    /// Adds users to the group.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn add_members(&self, users: &[UserId]) -> Result<()> {
        let user_ids = users.iter().map(ToString::to_string).collect();
        self.change(Change::AddMembers(v1::AddMembers { user_ids })).await
    }

    /// Removes a user from the group.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn remove_member(&self, user: &UserId) -> Result<()> {
        self.change(Change::RemoveMember(v1::RemoveMember { user_id: user.to_string() })).await
    }

    /// Leaves the group.
    ///
    /// # Errors
    /// Whatever the server answers; `last_owner` among others: see [`Conversation::leave_to`].
    pub async fn leave(&self) -> Result<()> {
        self.change(Change::Leave(v1::Leave {})).await
    }

    /// Gives the group another title.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`]; whatever the server answers.
    pub async fn rename(&self, title: &str) -> Result<()> {
        Title::new(title).map_err(|error| Error::argument("title", error))?;
        self.change(Change::Rename(v1::Rename { title: title.into() })).await
    }

    /// Gives a member another role.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn set_role(&self, user: &UserId, role: Role) -> Result<()> {
        let role = translate::role_to_wire(role).into();
        self.change(Change::SetRole(v1::SetRole { user_id: user.to_string(), role })).await
    }

    pub(crate) async fn change(&self, change: Change) -> Result<()> {
        let body = Body::ChangeConversation(v1::ChangeConversation {
            command_id: self.inner.runtime.command_id(),
            conversation_id: self.id.to_string(),
            change: Some(change),
        });
        self.inner.call(body).await.map(drop)
    }

    /// All members, page by page from the server.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn members(&self) -> Result<Vec<Member>> {
        self.list_members(v1::MemberFilter::Unspecified).await
    }

    pub(crate) async fn list_members(&self, only: v1::MemberFilter) -> Result<Vec<Member>> {
        let only = only.into();
        let mut members = Vec::new();
        let mut page = bytes::Bytes::new();
        loop {
            let conversation_id = self.id.to_string();
            let body = Body::ListMembers(v1::ListMembers { conversation_id, page, limit: 0, only });
            let Body::Members(answer) = self.inner.call(body).await? else {
                return Err(Error::Protocol("list_members was answered by another frame".into()));
            };
            members.extend(answer.members.into_iter().filter_map(translate::member));
            if answer.next_page.is_empty() {
                return Ok(members);
            }
            page = answer.next_page;
        }
    }

    /// Who of the others has read a message, or who has not, page by page from the server.
    ///
    /// # Errors
    /// Whatever the server answers; `forbidden` where the group has no receipts.
    pub async fn readers(&self, message: Seq, read: bool) -> Result<Vec<Member>> {
        self.list_readers(message, !read, false).await
    }

    pub(crate) async fn list_readers(&self, message: Seq, unread: bool, played: bool) -> Result<Vec<Member>> {
        let mut members = Vec::new();
        let mut page = bytes::Bytes::new();
        loop {
            let (conversation_id, seq) = (self.id.to_string(), message.get());
            let list = v1::ListReaders { conversation_id, seq, unread, page, limit: 0, played };
            let Body::Members(answer) = self.inner.call(Body::ListReaders(list)).await? else {
                return Err(Error::Protocol("list_readers was answered by another frame".into()));
            };
            members.extend(answer.members.into_iter().filter_map(translate::member));
            if answer.next_page.is_empty() {
                return Ok(members);
            }
            page = answer.next_page;
        }
    }

    /// Messages around one, straight from the server and not kept: what a quote or a mention leads to.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn fetch_around(&self, ordinal: Ordinal, limit: u32) -> Result<HistoryPage> {
        self.fetch(Range::AroundOrdinal(ordinal.get()), limit).await
    }

    /// The messages after an ordinal that call the user, oldest first, and whether there are more. From zero on, those
    /// that he has read as well.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn mentions(&self, after: Ordinal, limit: u32) -> Result<(Vec<MentionMark>, bool)> {
        let mut after_ordinal = after.get();
        loop {
            let list = v1::ListMentions { conversation_id: self.id.to_string(), after_ordinal, limit };
            let Body::Mentions(answer) = self.inner.call(Body::ListMentions(list)).await? else {
                return Err(Error::Protocol("list_mentions was answered by another frame".into()));
            };
            // The server looks at so many at once, and all of them may be gone by now.
            if answer.mentions.is_empty() && answer.more && answer.upto_ordinal > after_ordinal {
                after_ordinal = answer.upto_ordinal;
                continue;
            }
            let mark = |it: &v1::Mention| MentionMark { seq: Seq(it.seq), ordinal: Ordinal(it.ordinal) };
            return Ok((answer.mentions.iter().map(mark).collect(), answer.more));
        }
    }

    /// Tells the app on the devices of all members something that people do not see.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] as for a send; whatever the server answers.
    pub async fn send_command(&self, body_type: &str, body: impl Into<bytes::Bytes>) -> Result<()> {
        let Outgoing { body_type, body, .. } = Outgoing::opaque(body_type, body)?;
        self.change(Change::Command(v1::Command { body_type, body })).await
    }

    /// A page of messages before an ordinal, or the newest, straight from the server and not kept.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn fetch_history(&self, before: Option<Ordinal>, limit: u32) -> Result<HistoryPage> {
        self.fetch(Range::BeforeOrdinal(before.map_or(0, Ordinal::get)), limit).await
    }

    async fn fetch(&self, range: Range, limit: u32) -> Result<HistoryPage> {
        let conversation_id = self.id.to_string();
        let body =
            Body::FetchMessages(v1::FetchMessages { conversation_id, range: Some(range), limit, with_events: false });
        let Body::Messages(answer) = self.inner.call(body).await? else {
            return Err(Error::Protocol("fetch_messages was answered by another frame".into()));
        };
        let me = &self.inner.user;
        let events = answer.messages.iter().filter_map(|message| message.event.as_ref());
        let removed = self.summary().map(|summary| summary.removed.clone()).unwrap_or_default();
        let is_left = |event: &&v1::Event| !removed.holds(Seq(event.seq));
        Ok(HistoryPage {
            messages: events.filter(is_left).filter_map(|event| translate::message(event, me)).collect(),
            more_before: answer.more_before,
        })
    }
}
