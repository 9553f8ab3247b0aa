//! Tell the others that somebody is writing. Nothing is stored, and it may be lost.

use crate::api::{Answer, Failure, Outbound};
use crate::executor::job::{Job, Work};
use crate::executor::slot::Slot;
use crate::executor::{Attempt, Context};
use crate::fan_out::LOOKED_UP_MAX;
use stonechat_domain::decide::Rejection;
use stonechat_domain::permission::{Action, check};

/// Tells it, when the user may write there and the conversation is small. Only a backend waits for an answer.
pub(crate) fn attempt(context: &mut Context<'_>, slot: &mut Slot, job: Job) -> Attempt {
    let Work::Typing(active) = job.work else { return Attempt::Done };
    let Some(loaded) = &slot.loaded else { return Attempt::Done };
    let member = loaded.members.get(&job.actor.no);
    let may_write = match &loaded.state {
        Some(state) => check(state, member, Action::Send, context.now),
        None => Err(Rejection::NotFound),
    };
    if may_write.is_ok() && loaded.roster.len() <= LOOKED_UP_MAX && !loaded.relation.is_blocked() {
        let (app, conversation) = job.key;
        let what = Outbound::Typing { conversation, user: job.actor.id, active };
        context.fan_out.ephemeral(context.node, app, &loaded.roster, job.actor.no, &what);
    }
    let refused = |rejection: Rejection| Failure::new(rejection.code(), rejection.message());
    job.reply.answer(may_write.map(|()| Answer::Done).map_err(refused));
    Attempt::Done
}
