//! Whether a command is one that was seen before, and what it is answered then.

use super::job::{Job, Work};
use super::load::Need;
use super::slot::{Brought, Loaded, Waiter};
use super::{Attempt, Context, refuse};
use crate::api::{Answer, CommandDone, Failure, Sent};
use crate::rows::dedup::{self, Remembered};
use crate::rows::key;
use stonechat_log::packed;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{ConversationId, MessageId};
use stonechat_types::number::Seq;

/// What is known of an id.
pub(crate) enum Earlier {
    /// Never seen.
    New,
    /// Its commit is on the way.
    Pending,
    /// It was committed.
    Known(Remembered),
    /// A row has to be read to know.
    Load(Need),
    /// The row that would tell is damaged.
    Damaged,
}

/// Whether the id was used before by this sender, here. One larger than his largest is new without a look-up.
pub(crate) fn earlier(loaded: &Loaded, brought: &Brought, job: &Job, id: [u8; 16]) -> Earlier {
    let (Some(state), Some(sender)) = (&loaded.state, loaded.members.get(&job.actor.no)) else {
        return Earlier::New;
    };
    if id > sender.largest_key {
        return Earlier::New;
    }
    if loaded.pending.contains_key(&(job.actor.no, id)) {
        return Earlier::Pending;
    }
    let row_key = key::dedup(job.key.0, state.no, job.actor.no, &id);
    match &brought.dedup {
        Some((key, row)) if *key == row_key => match packed::get(row, &id).map(|found| found.map(dedup::decode)) {
            Ok(None) => Earlier::New,
            Ok(Some(Ok(remembered))) => Earlier::Known(remembered),
            // Not new by default: it would be stored twice.
            Ok(Some(Err(_))) | Err(_) => Earlier::Damaged,
        },
        _ => Earlier::Load(Need::Dedup(row_key)),
    }
}

/// Answers a command that is not new; gives it back when it is.
pub(crate) fn settle(
    context: &Context<'_>,
    loaded: &mut Loaded,
    brought: &Brought,
    job: Job,
    id: [u8; 16],
    body_hmac: [u8; 16],
) -> Result<Job, Attempt> {
    match earlier(loaded, brought, &job, id) {
        Earlier::New => Ok(job),
        Earlier::Load(need) => Err(Attempt::Needs(need, Box::new(job))),
        Earlier::Damaged => {
            Err(refuse(context, job, ErrorCode::Corrupt, "what was acknowledged under this id cannot be read"))
        }
        Earlier::Known(first) => {
            answer_known(context, job, &first, body_hmac);
            Err(Attempt::Done)
        }
        Earlier::Pending => {
            if let Some(pending) = loaded.pending.get_mut(&(job.actor.no, id)) {
                pending.waiters.push(Waiter { reply: job.reply, body_hmac });
            }
            Err(Attempt::Done)
        }
    }
}

/// Answers a command whose id was committed before.
pub(crate) fn answer_known(context: &Context<'_>, job: Job, first: &Remembered, body_hmac: [u8; 16]) {
    let Job { key, work, reply, .. } = job;
    if first.body_hmac == body_hmac {
        context.node.metrics.duplicates.inc();
        reply.answer(Ok(known(&work, key.1, first)));
    } else {
        context.node.metrics.refused(ErrorCode::Conflict);
        reply.answer(Err(conflict(key.1, first)));
    }
}

/// Answers a duplicate that waited for the commit of the first.
pub(crate) fn answer_waiter(waiter: Waiter, conversation: ConversationId, first: &Remembered, answer: &Answer) {
    let Waiter { reply, body_hmac } = waiter;
    if body_hmac != first.body_hmac {
        return reply.answer(Err(conflict(conversation, first)));
    }
    reply.answer(Ok(match answer {
        Answer::Sent(sent) => Answer::Sent(Sent { deduplicated: true, ..*sent }),
        Answer::CommandDone(done) => Answer::CommandDone(CommandDone { deduplicated: true, ..*done }),
        other => other.clone(),
    }));
}

fn known(work: &Work, conversation: ConversationId, first: &Remembered) -> Answer {
    match work {
        Work::Command(..) | Work::ChangeMessage(..) | Work::Relate(..) => command_done(conversation, first.seq, true),
        _ => Answer::Sent(sent(conversation, first, true)),
    }
}

/// The acknowledgement of a command.
pub(crate) fn command_done(conversation: ConversationId, seq: Seq, deduplicated: bool) -> Answer {
    Answer::CommandDone(CommandDone { conversation, seq, deduplicated })
}

/// The acknowledgement of a send.
pub(crate) fn sent(conversation: ConversationId, first: &Remembered, deduplicated: bool) -> Sent {
    let id = MessageId { conversation, seq: first.seq };
    Sent { id, ordinal: first.ordinal, sent_at: first.sent_at, deduplicated }
}

/// The refusal of an id that was used for another body.
fn conflict(conversation: ConversationId, first: &Remembered) -> Failure {
    Failure {
        first: Some(sent(conversation, first, true)),
        ..Failure::new(ErrorCode::Conflict, "this id was used with another body")
    }
}
