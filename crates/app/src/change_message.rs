//! Edit a message, or add an emoji to it.

use crate::directory::failure;
use crate::executor::earlier::{command_done, settle};
use crate::executor::job::{Job, Key, Work};
use crate::executor::record::{Decided, push_change, push_nothing};
use crate::executor::slot::Slot;
use crate::executor::{Attempt, Context, Need, refuse, refuse_body, reject};
use crate::mark_played;
use crate::relate::{Reach, reach};
use crate::rows::change;
use stonechat_domain::event::MessageCommand;
use stonechat_domain::message::{About, decide_message};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::number::Seq;

use crate::api::Answer;

/// Tries a command on a message.
pub(crate) fn attempt(context: &mut Context<'_>, slot: &mut Slot, job: Job) -> Attempt {
    let Work::ChangeMessage(id, seq, command, _) = &job.work else { return Attempt::Done };
    let (id, seq) = (id.0, *seq);
    let Slot { loaded: Some(loaded), brought, open, .. } = slot else { return Attempt::Done };
    let Some(state) = &loaded.state else {
        return refuse(context, job, ErrorCode::NotFound, "there is no such conversation");
    };
    let keys = match context.node.sealer.keys(job.key.0, job.actor.no, job.key.1) {
        Ok(Some(keys)) => keys,
        Ok(None) => return refuse(context, job, ErrorCode::Forbidden, "the caller was erased"),
        Err(error) => {
            job.reply.answer(Err(failure(error)));
            return Attempt::Done;
        }
    };
    if seq <= loaded.committed && !loaded.messages.knows(seq, job.actor.no) {
        let need = Need::Message(state.no, seq, job.actor.no);
        return Attempt::Needs(need, Box::new(job));
    }
    let hmac = keys.body_hmac(&change::encode_message_command(seq, command));
    let job = match settle(context, loaded, brought, job, id, hmac) {
        Ok(job) => job,
        Err(attempt) => return attempt,
    };
    if job.wrong.is_some() {
        return refuse_body(context, job);
    }
    if let Work::ChangeMessage(_, _, MessageCommand::Recall, _) = &job.work
        && let Some(need) = mark_played::need_before_recall(loaded, seq)
    {
        return Attempt::Needs(need, Box::new(job));
    }
    // A change reaches the other as a message does. Only to take something back is always allowed.
    let says = !matches!(&job.work, Work::ChangeMessage(_, _, MessageCommand::Recall, _));
    match reach(context, (loaded, brought), &job, None) {
        Reach::Ask(need) if says => return Attempt::Needs(need, Box::new(job)),
        Reach::Closed(rejection) if says => {
            if reject(context, *open, job, rejection).is_some() {
                *open += 1;
            }
            return Attempt::Done;
        }
        Reach::Open | Reach::Ask(_) | Reach::Closed(_) => {}
    }
    let (Work::ChangeMessage(_, _, command, authority), Some(state)) = (&job.work, &loaded.state) else {
        return Attempt::Done;
    };
    let about = About {
        state,
        me: loaded.members.get(&job.actor.no),
        message: loaded.messages.get(seq),
        own: loaded.messages.own(seq, job.actor.no),
        pins: loaded.messages.pins(),
        now: context.now,
        authority: *authority,
    };
    match decide_message(about, command, context.node.options.messages) {
        Err(rejection) => {
            if reject(context, *open, job, rejection).is_some() {
                *open += 1;
            }
        }
        Ok(None) => {
            let Job { key, actor, reply, .. } = job;
            let answer = command_done(key.1, Seq::ZERO, false);
            push_nothing(context, loaded, (key, &actor, id, hmac), (reply, answer));
            *open += 1;
        }
        Ok(Some(change)) => {
            let Job { key, actor, reply, .. } = job;
            let decided = Decided { at: key, actor: &actor, change, id, hmac, note: None };
            push_change(context, loaded, &keys, decided, Some((reply, answer)));
            *open += 1;
        }
    }
    Attempt::Done
}

fn answer(at: Key, seq: Seq) -> Answer {
    command_done(at.1, seq, false)
}
