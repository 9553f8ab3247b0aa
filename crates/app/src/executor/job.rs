//! What an executor is asked, and where the answer goes.

use crate::api::{Answer, Failure, Outbound, SendMessage};
use crate::relate::Wanted;
use crate::session::Session;
use crate::turn::Turn;
use bytes::Bytes;
use std::sync::Arc;
use stonechat_domain::event::{Command, MessageCommand};
use stonechat_domain::member::UserRef;
use stonechat_domain::message::Authority;
use stonechat_domain::plays::IsVoice;
use stonechat_types::error_code::{ErrorCode, Retry};
use stonechat_types::id::{ClientMsgId, CommandId, ConversationId};
use stonechat_types::number::{AppId, Seq};
use tokio::sync::oneshot;

/// Names a conversation in all apps.
pub(crate) type Key = (AppId, ConversationId);

/// One thing to do in one conversation.
pub(crate) struct Job {
    pub key: Key,
    pub actor: UserRef,
    pub work: Work,
    pub reply: Reply,
    /// What is wrong with the body that it brings.
    pub wrong: Option<Box<str>>,
}

impl Job {
    /// Whether it takes something away, which is done also while the disk is full.
    pub fn takes_away(&self) -> bool {
        matches!(self.work, Work::ChangeMessage(_, _, MessageCommand::Recall, _))
    }

    /// Whether it moves a cursor that was confirmed before and that the store refused: it must not be dropped.
    pub fn is_said_again(&self) -> bool {
        matches!((&self.work, &self.reply), (Work::MarkRead(_) | Work::MarkDelivered(_), Reply::Nobody))
    }
}

/// What to do.
pub(crate) enum Work {
    Send(SendMessage),
    Command(CommandId, Command),
    ChangeMessage(CommandId, Seq, MessageCommand, Authority),
    MarkRead(Seq),
    MarkDelivered(Seq),
    MarkPlayed(Seq, IsVoice),
    Typing(bool),
    Relate(CommandId, Box<Wanted>),
}

impl Work {
    /// The type and the body of what is to be said.
    pub fn content(&self) -> Option<(&[u8], &Bytes)> {
        match self {
            Self::Send(send) => Some((&send.body_type, &send.body)),
            Self::ChangeMessage(_, _, MessageCommand::Edit(content), _) => Some((&content.body_type, &content.body)),
            Self::Command(_, Command::Command(content)) => Some((&content.body_type, &content.body)),
            _ => None,
        }
    }
}

/// Where the answer goes.
pub(crate) enum Reply {
    /// To a session; a send is remembered when it is refused.
    Session { session: Arc<Session>, call: u64, send: Option<ClientMsgId> },
    /// To a caller that waits.
    Once(oneshot::Sender<Result<Answer, Failure>>),
    /// Nowhere.
    Nobody,
}

impl Reply {
    /// Answers.
    pub fn answer(self, result: Result<Answer, Failure>) {
        self.answer_in_turn(result, None);
    }

    /// Answers a read, which keeps its turn until it is written.
    pub fn answer_in_turn(self, result: Result<Answer, Failure>, turn: Option<Turn>) {
        match self {
            Self::Session { session, call, send } => {
                if let Some(id) = send {
                    match &result {
                        Err(failure) if passes(failure.code) => session.note_refused(id),
                        _ => session.note_taken(id),
                    }
                }
                session.offer_control(Outbound::Answer { call, result, turn });
            }
            Self::Once(done) => _ = done.send(result),
            Self::Nobody => {}
        }
    }

    /// Refuses.
    pub fn refuse(self, code: ErrorCode, message: &'static str) {
        self.answer(Err(Failure::new(code, message)));
    }

    /// Whether a send of the same session was refused for a reason that passes.
    pub fn was_refused(&self, id: ClientMsgId) -> bool {
        matches!(self, Self::Session { session, .. } if session.was_refused(id))
    }
}

/// Whether a refusal is for a reason that passes, so that followers have to wait for the same message.
fn passes(code: ErrorCode) -> bool {
    matches!(code.retry(), Retry::Later | Retry::InOrder)
}
