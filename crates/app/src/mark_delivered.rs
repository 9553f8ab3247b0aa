//! Note up to where a device of a user has stored a direct conversation, and tell the other user. As a read cursor, it is
//! told at once and stored within a second; a crash may lose that second, and devices say it again then.

use crate::api::{Answer, Outbound, PersonalItem};
use crate::executor::job::{Job, Key, Work};
use crate::executor::slot::Slot;
use crate::executor::{Attempt, Context, refuse};
use crate::fan_out::offer;
use crate::rows::personal;
use stonechat_domain::member::Member;
use stonechat_log::record::{PersonalWrite, Record};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::ConversationKind;
use stonechat_types::number::UserNo;

/// Tries to move the register.
pub(crate) fn attempt(context: &mut Context<'_>, slot: &mut Slot, job: Job) -> Attempt {
    let Work::MarkDelivered(upto) = &job.work else { return Attempt::Done };
    let Some(loaded) = &mut slot.loaded else { return Attempt::Done };
    // Nobody has stored what is not committed.
    let upto = (*upto).min(loaded.committed);
    let hears = loaded.hears_of(&job.actor);
    let (Some(state), Some(member)) = (&loaded.state, loaded.members.get_mut(&job.actor.no)) else {
        return refuse(context, job, ErrorCode::NotFound, "there is no such conversation");
    };
    if !member.is_active() {
        return refuse(context, job, ErrorCode::NotAMember, "the caller is not a member of the conversation");
    }
    if state.kind() != ConversationKind::Direct {
        return refuse(context, job, ErrorCode::InvalidArgument, "only direct conversations know what was delivered");
    }
    let moved = member.deliver(upto);
    // Said again, it is stored again, as a read cursor is: a crash may have kept the row of the membership, and lost the
    // word to the other user.
    if moved || upto > member.read_seq {
        loaded.dirty.insert(job.actor.no);
        *context.cursors_moved = true;
    }
    if moved && let Some(other) = hears {
        let outbound = Outbound::DeliveredMoved { conversation: job.key.1, user: job.actor.id.clone(), upto };
        context.node.registry.each(job.key.0, other, |session| offer(context.node, session, outbound.clone()));
    }
    let unstored = context.trouble.filter(|_| loaded.dirty.contains(&job.actor.no));
    job.reply.answer(unstored.map_or(Ok(Answer::Done), |trouble| Err(trouble.clone())));
    Attempt::Done
}

/// Adds to a record what the other user of a direct conversation is told of how far a member is, for his devices that are
/// not connected.
pub(crate) fn tell(
    record: &mut Record,
    told: &mut Vec<(UserNo, PersonalItem)>,
    at: Key,
    (member, hears): (&Member, Option<UserNo>),
) {
    let Some(other) = hears else { return };
    let item = personal::receipts(at.1, member);
    let (key, value) = personal::encode(&item);
    record.personal.push(PersonalWrite { app: at.0, user_no: other, key, value: Some(value) });
    told.push((other, item));
}
