//! A message on its way.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use eyeball::Subscriber;
use stonechat_types::id::{ClientMsgId, ConversationId, UserId};
use stonechat_types::limits::{
    BODY_BYTES_MAX, BODY_TYPE_BYTES_MAX, MENTIONS_MAX, MESSAGE_EXTENSION_BYTES_MAX, PRIORITY_MAX,
};
use stonechat_types::number::{Ordinal, Seq};
use stonechat_wire::body;

use crate::account::Inner;
use crate::content::{Attributes, Content, EntityKind, Forwarded, Merged, MergedMessage, ReplyTo, RichText};
use crate::core::command::{Command, Reply};
use crate::error::{Error, Result, ServerError};
use crate::state::{Message, SendFailure, SendState, SentMark};

/// The type of a text body.
pub const TEXT: &str = body::TEXT;

/// Bytes of a text at most. In its body there are a tag and the length before it.
pub const TEXT_BYTES_MAX: usize = BODY_BYTES_MAX - 4;

/// What can be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    pub(crate) body_type: String,
    pub(crate) body: Bytes,
    pub(crate) attributes: Attributes,
}

impl Outgoing {
    /// A body of the app's own type, opaque to the server.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when the body is over its limit; [`Error::InvalidArgument`] when the type is, or when it is one
    /// of the protocol and the body is not in its form.
    pub fn opaque(body_type: &str, body: impl Into<Bytes>) -> Result<Self> {
        Self { body_type: body_type.into(), body: body.into(), attributes: Attributes::default() }.checked()
    }

    /// JSON of a type of the app's own. The server checks it by the schema of the type where the app declares one.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] when it is not JSON, or as [`Outgoing::opaque`].
    pub fn json(body_type: &str, json: &str) -> Result<Self> {
        serde_json::from_str::<serde::de::IgnoredAny>(json)
            .map_err(|error| Error::argument("json", format!("is not JSON: {error}")))?;
        Self::opaque(body_type, json.to_owned())
    }

    /// What a message said, as somebody else's words.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] when it says nothing: it is damaged, or was taken back.
    pub fn forward(message: &Message) -> Result<Self> {
        let first = message.attributes.as_ref().and_then(|attributes| attributes.forwarded.clone());
        let here = || Forwarded { author: message.sender.clone(), sent_at: message.sent_at };
        let forwarded = Some(first.unwrap_or_else(here));
        Ok(Self { attributes: Attributes { forwarded, ..Attributes::default() }, ..Self::try_from(&message.content)? })
    }

    /// Several messages as one, oldest first, each with what people call its author.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] when there are none, too many, or one says nothing.
    pub fn merge(title: &str, messages: &[(&Message, &str)]) -> Result<Self> {
        let merged = |(message, name): &(&Message, &str)| MergedMessage {
            author: message.sender.clone(),
            author_name: (*name).to_owned(),
            sent_at: message.sent_at,
            content: message.content.clone(),
        };
        let messages = messages.iter().map(merged).collect();
        Self::try_from(&Content::Merged(Box::new(Merged { title: title.to_owned(), messages })))
    }

    /// With these attributes instead of those that it has.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] when one is over its limit.
    pub fn with(self, attributes: Attributes) -> Result<Self> {
        Self { attributes, ..self }.checked()
    }

    fn checked(self) -> Result<Self> {
        if self.body_type.is_empty() || self.body_type.len() > BODY_TYPE_BYTES_MAX {
            return Err(Error::argument("body_type", format!("has 1 to {BODY_TYPE_BYTES_MAX} bytes")));
        }
        if self.body.len() > BODY_BYTES_MAX {
            let mut reason = format!("has at most {BODY_BYTES_MAX} bytes");
            if self.body_type == TEXT {
                reason += &format!(": a text of at most {TEXT_BYTES_MAX} bytes");
            }
            return Err(Error::TooLarge { field: "body", reason });
        }
        body::check(&self.body_type, &self.body).map_err(|error| Error::argument(error.field, error.why))?;
        let Attributes { mentions, priority, extension, .. } = &self.attributes;
        if mentions.len() > MENTIONS_MAX {
            return Err(Error::argument("mentions", format!("has at most {MENTIONS_MAX} users")));
        }
        if *priority > PRIORITY_MAX {
            return Err(Error::argument("priority", format!("is at most {PRIORITY_MAX}")));
        }
        if extension.len() > MESSAGE_EXTENSION_BYTES_MAX {
            return Err(Error::argument("extension", format!("has at most {MESSAGE_EXTENSION_BYTES_MAX} bytes")));
        }
        Ok(self)
    }

    /// The attributes as a message carries them.
    pub(crate) fn carried(attributes: Attributes) -> Option<Box<Attributes>> {
        (!attributes.is_empty()).then(|| Box::new(attributes))
    }
}

impl TryFrom<&Content> for Outgoing {
    type Error = Error;

    fn try_from(content: &Content) -> Result<Self> {
        let refusal = || Error::argument("content", "says nothing, or has a mark that cuts a character");
        let (body_type, body) = content.to_body().ok_or_else(refusal)?;
        Self { body_type, body, attributes: Attributes::default() }.checked()
    }
}

/// The name by which everybody is called.
const ALL: &str = "all";

/// A text, with what it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    text: RichText,
    attributes: Attributes,
}

impl Text {
    /// A text, checked when it is sent.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: RichText::new(text), attributes: Attributes::default() }
    }

    /// Marks a stretch of its bytes. A user who is marked as called is called.
    #[must_use]
    pub fn mark(mut self, range: Range<usize>, kind: EntityKind) -> Self {
        match &kind {
            EntityKind::Mention(user) => self.call(user.clone()),
            EntityKind::MentionAll => self.attributes.mention_all = true,
            _ => {}
        }
        self.text.mark(range, kind);
        self
    }

    /// Calls a user: it is told and counted as a mention of him. The first `@` with his id behind it is marked.
    #[must_use]
    pub fn mention(mut self, user: &UserId) -> Self {
        let name = format!("@{user}");
        if let Some(at) = self.text.as_str().find(&name) {
            return self.mark(at..at + name.len(), EntityKind::Mention(user.clone()));
        }
        self.call(user.clone());
        self
    }

    /// Calls whoever is named in the text: each `@` before an id, at the beginning of a word, and everybody by `@all`. For
    /// clients without a list to choose from.
    #[must_use]
    pub fn mention_by_name(mut self) -> Self {
        let text = self.text.as_str().to_owned();
        let begins = |at: usize| text[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
        for (at, _) in text.match_indices('@').filter(|(at, _)| begins(*at)) {
            let of_an_id = |c: char| c.is_ascii_alphanumeric() || "._@:+-".contains(c);
            let rest = &text[at + 1..];
            let end = rest.find(|c| !of_an_id(c)).unwrap_or(rest.len());
            let name = rest[..end].trim_end_matches(['.', ':', '-', '@', '+']);
            let range = at..at + 1 + name.len();
            if name == ALL {
                self = self.mark(range, EntityKind::MentionAll);
            } else if let Ok(user) = UserId::new(name)
                && (self.attributes.mentions.len() < MENTIONS_MAX || self.attributes.mentions.contains(&user))
            {
                self = self.mark(range, EntityKind::Mention(user));
            }
        }
        self
    }

    /// Calls everybody in the conversation.
    #[must_use]
    pub fn mention_all(mut self) -> Self {
        self.attributes.mention_all = true;
        self
    }

    /// Answers a message of the same conversation.
    #[must_use]
    pub fn reply_to(mut self, message: Seq) -> Self {
        self.attributes.reply_to = Some(ReplyTo { seq: message, ordinal: Ordinal::ZERO });
        self
    }

    /// Is nobody's unread, and nobody is notified of it.
    #[must_use]
    pub fn silent(mut self) -> Self {
        self.attributes.silent = true;
        self
    }

    fn call(&mut self, user: UserId) {
        if !self.attributes.mentions.contains(&user) {
            self.attributes.mentions.push(user);
        }
    }
}

impl TryFrom<Text> for Outgoing {
    type Error = Error;

    fn try_from(text: Text) -> Result<Self> {
        Self::try_from(&Content::Text(text.text))?.with(text.attributes)
    }
}

/// How to send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendOptions {
    /// The id of the message; made when it is `None`. Use one again to send the same message again.
    pub client_msg_id: Option<ClientMsgId>,
    /// The last event that the composer had shown: the read cursor moves there.
    pub read_upto: Option<Seq>,
}

/// A message that is durable on this device, and on its way.
#[derive(Clone)]
pub struct SendHandle {
    pub(crate) inner: Arc<Inner>,
    pub(crate) conversation: ConversationId,
    pub(crate) client_msg_id: ClientMsgId,
    pub(crate) state: Subscriber<SendState>,
}

impl SendHandle {
    /// The id of the message, the same through all retries.
    #[must_use]
    pub fn client_msg_id(&self) -> ClientMsgId {
        self.client_msg_id
    }

    /// Where it goes.
    #[must_use]
    pub fn conversation(&self) -> ConversationId {
        self.conversation
    }

    /// How far it has come: a value now, and a stream of changes.
    pub fn state(&self) -> Subscriber<SendState> {
        self.state.clone()
    }

    /// Waits until it is stored by the server, refused, given up or cancelled, or the account is stopped. Has no
    /// deadline: wrap it in one.
    pub async fn done(&self) -> SendState {
        end_of(&self.state, &self.inner).await
    }

    /// Waits until it is stored by the server.
    ///
    /// # Errors
    /// The refusal, [`Error::Cancelled`], or [`Error::Closed`] when the account was stopped first: it stays in the outbox.
    pub async fn sent(&self) -> Result<SentMark> {
        match self.done().await {
            SendState::Sent(mark) => Ok(mark),
            SendState::Failed(failure) => Err(refused(failure)),
            SendState::Cancelled => Err(Error::Cancelled),
            SendState::Queued | SendState::Sending | SendState::Done(_) => Err(Error::Closed),
        }
    }

    /// Sends a failed message again, with the same id.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not in the outbox.
    pub async fn retry(&self) -> Result<()> {
        self.inner.ask_done(Command::Retry(self.client_msg_id)).await
    }

    /// Takes it back, unless it is on its way.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not in the outbox or is on its way.
    pub async fn cancel(&self) -> Result<()> {
        self.inner.ask_done(Command::Cancel(self.client_msg_id)).await
    }
}

/// A command that is durable on this device, and on its way.
#[derive(Clone)]
pub struct CommandHandle {
    pub(crate) inner: Arc<Inner>,
    pub(crate) id: ClientMsgId,
    pub(crate) state: Subscriber<SendState>,
}

impl CommandHandle {
    /// Its id, the same through all retries: that of the message where the command only changed what will be sent.
    #[must_use]
    pub fn id(&self) -> ClientMsgId {
        self.id
    }

    /// How far it has come: a value now, and a stream of changes.
    pub fn state(&self) -> Subscriber<SendState> {
        self.state.clone()
    }

    /// Waits until the server has carried it out, and says by which event; 0 where nothing changed by it. Has no deadline:
    /// wrap it in one.
    ///
    /// # Errors
    /// The refusal, [`Error::Cancelled`], or [`Error::Closed`] when the account was stopped first: it stays in the outbox.
    pub async fn done(&self) -> Result<Seq> {
        match end_of(&self.state, &self.inner).await {
            SendState::Done(seq) => Ok(seq),
            SendState::Sent(mark) => Ok(mark.seq),
            SendState::Failed(failure) => Err(refused(failure)),
            SendState::Cancelled => Err(Error::Cancelled),
            SendState::Queued | SendState::Sending => Err(Error::Closed),
        }
    }

    /// Tries it again after it failed, with the same id.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not in the outbox.
    pub async fn retry(&self) -> Result<()> {
        self.inner.ask_done(Command::Retry(self.id)).await
    }

    /// Takes it back, unless it is on its way.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not in the outbox or is on its way.
    pub async fn cancel(&self) -> Result<()> {
        self.inner.ask_done(Command::Cancel(self.id)).await
    }
}

/// Waits until something of the outbox does not wait any more, or the account is stopped.
async fn end_of(state: &Subscriber<SendState>, inner: &Inner) -> SendState {
    let mut state = state.clone();
    let mut current = state.get();
    while matches!(current, SendState::Queued | SendState::Sending) {
        tokio::select! {
            biased;
            next = state.next() => match next {
                Some(next) => current = next,
                None => return state.get(),
            },
            () = inner.runtime.stopped() => return state.get(),
        }
    }
    current
}

fn refused(failure: SendFailure) -> Error {
    Error::Server(ServerError { code: failure.code, text: failure.text, retry_after: None })
}

impl Inner {
    pub(crate) async fn ask_done(&self, command: Command) -> Result<()> {
        match self.ask(command).await? {
            Reply::Done => Ok(()),
            other => Err(Error::Protocol(format!("unexpected reply {other:?}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stonechat_types::number::Timestamp;

    #[test]
    fn names_in_a_text_call() {
        let text = Text::new("@bob, ask x@y.z and @carol@acme.org. (@bob) @all @").mention_by_name();
        let named: Vec<_> = text.text.entities().iter().map(|it| &text.text.as_str()[it.range.clone()]).collect();
        assert_eq!(named, ["@bob", "@carol@acme.org", "@bob", "@all"]);
        let called: Vec<_> = text.attributes.mentions.iter().map(UserId::as_str).collect();
        assert_eq!((called, text.attributes.mention_all), (vec!["bob", "carol@acme.org"], true));
        assert!(Outgoing::try_from(text).is_ok());
    }

    #[test]
    fn what_is_forwarded_names_who_said_it_first() {
        let message = Message {
            pinned: false,
            id: None,
            ordinal: None,
            sender: UserId::new("bob").unwrap(),
            own: false,
            sent_at: Timestamp(7),
            client_msg_id: None,
            content: Content::Text("hi".into()),
            attributes: None,
            edited_at: None,
            reactions: Vec::new(),
        };
        let once = Outgoing::forward(&message).unwrap();
        let said = once.attributes.forwarded.clone().unwrap();
        assert_eq!((said.author.as_str(), said.sent_at), ("bob", Timestamp(7)));
        let again =
            Message { sender: UserId::new("cy").unwrap(), attributes: Outgoing::carried(once.attributes), ..message };
        assert_eq!(Outgoing::forward(&again).unwrap().attributes.forwarded, Some(said));
        let merged = Outgoing::merge("Talk", &[(&again, "Cy")]).unwrap();
        assert!(matches!(Content::of(&merged.body_type, &merged.body), Content::Merged(it) if it.messages.len() == 1));
        let gone = Message { content: Content::Recalled { by: None, at: Timestamp(0) }, ..again };
        assert!(Outgoing::forward(&gone).is_err() && Outgoing::merge("Talk", &[]).is_err());
    }

    #[test]
    fn the_longest_text_fits_with_its_envelope_and_the_next_is_told_how_long_it_may_be() {
        let text = |bytes: usize| Outgoing::try_from(Text::new("x".repeat(bytes)));
        assert_eq!(text(TEXT_BYTES_MAX).unwrap().body.len(), BODY_BYTES_MAX);
        for bytes in [TEXT_BYTES_MAX + 1, BODY_BYTES_MAX] {
            let error = text(bytes).unwrap_err();
            assert_eq!(error.to_string(), "body has at most 65536 bytes: a text of at most 65532 bytes");
        }
    }
}
