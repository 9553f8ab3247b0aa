//! A message on its way.

use std::sync::Arc;

use bytes::Bytes;
use eyeball::Subscriber;
use prost::Message as _;
use stonechat_types::id::{ClientMsgId, ConversationId};
use stonechat_types::limits::{BODY_BYTES_MAX, BODY_TYPE_BYTES_MAX};
use stonechat_types::number::Seq;
use stonechat_types::text::check_message_text;
use stonechat_wire::v1::TextBody;

use crate::account::Inner;
use crate::core::command::{Command, Reply};
use crate::error::{Error, Result, ServerError};
use crate::state::{SendFailure, SendState, SentMark};

/// The type of a text body.
pub const TEXT: &str = "text";

/// Bytes of a text at most. In its body there are a tag and the length before it.
pub const TEXT_BYTES_MAX: usize = BODY_BYTES_MAX - 4;

/// What can be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    pub(crate) body_type: String,
    pub(crate) body: Bytes,
}

impl Outgoing {
    /// A body of the app's own type, opaque to the server.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] when the type or the body is over its limit.
    pub fn opaque(body_type: &str, body: impl Into<Bytes>) -> Result<Self> {
        if body_type.is_empty() || body_type.len() > BODY_TYPE_BYTES_MAX {
            return Err(Error::argument("body_type", format!("has 1 to {BODY_TYPE_BYTES_MAX} bytes")));
        }
        Self { body_type: body_type.into(), body: body.into() }.checked()
    }

    fn checked(self) -> Result<Self> {
        if self.body.len() > BODY_BYTES_MAX {
            return Err(Error::argument("body", format!("has at most {BODY_BYTES_MAX} bytes")));
        }
        Ok(self)
    }
}

/// A text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// A text, checked when it is sent.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl TryFrom<Text> for Outgoing {
    type Error = Error;

    fn try_from(text: Text) -> Result<Self> {
        check_message_text(&text.0).map_err(|error| Error::argument("text", error))?;
        let body = TextBody { text: text.0 }.encode_to_vec();
        if body.len() > BODY_BYTES_MAX {
            let reason = format!("has at most {BODY_BYTES_MAX} bytes: a text of at most {TEXT_BYTES_MAX} bytes");
            return Err(Error::argument("body", reason));
        }
        Ok(Self { body_type: TEXT.into(), body: body.into() })
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
