//! Move a read cursor. It is told at once and stored within a second; a crash may lose that second.

use crate::api::{Answer, Outbound, PersonalItem};
use crate::executor::batch::{Batch, Effect};
use crate::executor::job::{Job, Key, Work};
use crate::executor::slot::Slot;
use crate::executor::{Attempt, Context, Need, refuse};
use crate::fan_out::{LOOKED_UP_MAX, each, offer};
use crate::mark_delivered;
use crate::node::Node;
use crate::rows::{derive, personal};
use roaring::RoaringBitmap;
use std::sync::Arc;
use stonechat_domain::conversation::Conversation;
use stonechat_domain::member::{Member, UserRef};
use stonechat_log::record::{PersonalWrite, Record};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::number::{Ordinal, Seq, UserNo};

/// Tries to move the cursor.
pub(crate) fn attempt(context: &mut Context<'_>, slot: &mut Slot, job: Job) -> Attempt {
    let Work::MarkRead(upto) = &job.work else { return Attempt::Done };
    let Some(loaded) = &mut slot.loaded else { return Attempt::Done };
    let Some(state) = loaded.state.as_ref().filter(|_| loaded.members.contains_key(&job.actor.no)) else {
        return refuse(context, job, ErrorCode::NotFound, "there is no such conversation");
    };
    debug_assert!(loaded.committed <= state.head);
    // Nobody has seen what is not committed.
    let upto = (*upto).min(loaded.committed);
    let Some(ordinal) = loaded.ordinal_at(upto) else {
        return Attempt::Needs(Need::OrdinalAt(upto), Box::new(job));
    };
    let Some(member) = loaded.members.get_mut(&job.actor.no).filter(|member| member.is_active()) else {
        return refuse(context, job, ErrorCode::NotAMember, "the caller is not a member of the conversation");
    };
    let moved = member.read(upto, ordinal);
    // Said again, it is stored again, and so told to the user's devices: a refusal or a crash may have kept the row of
    // the membership, which goes along with messages, and lost the word to them.
    if moved || upto > Seq::ZERO {
        loaded.dirty.insert(job.actor.no);
        *context.cursors_moved = true;
    }
    if moved {
        // It may stand on an own message that is not committed and may be refused; who hears of that moves over it then.
        let is_committed = member.read_seq <= loaded.committed;
        let told = if is_committed { (member.read_seq, member.read_ordinal) } else { (upto, ordinal) };
        let receipts = loaded.tells_receipts();
        tell(context.node, job.key, &job.actor, told, receipts.then_some(&loaded.roster));
    }
    // A cursor that cannot be stored is moved all the same, but not confirmed: the device says it again.
    let unstored = context.trouble.filter(|_| loaded.dirty.contains(&job.actor.no));
    job.reply.answer(unstored.map_or(Ok(Answer::Done), |trouble| Err(trouble.clone())));
    Attempt::Done
}

/// Tells a cursor that moved: to all members of a small conversation that tells it, else to the user's own sessions.
pub(crate) fn tell(
    node: &Node,
    key: Key,
    user: &UserRef,
    (upto, ordinal): (Seq, Ordinal),
    roster: Option<&Arc<RoaringBitmap>>,
) {
    let moved = Outbound::ReadMoved { conversation: key.1, user: user.id.clone(), upto, ordinal };
    let own = RoaringBitmap::from_iter([user.no.0]);
    let told = roster.filter(|roster| roster.len() <= LOOKED_UP_MAX).map_or(&own, |roster| &**roster);
    each(node, key.0, told, |session| offer(node, session, moved.clone()));
}

/// Stores the cursors of a conversation that moved.
pub(crate) fn store(batch: &mut Batch, key: Key, slot: &mut Slot) {
    let Some(loaded) = &mut slot.loaded else { return };
    for user in std::mem::take(&mut loaded.dirty) {
        let (Some(state), Some(member)) = (&loaded.state, loaded.members.get(&user)) else { continue };
        let hears = loaded.hears_of(&member.user);
        let (mut record, mut told) = (Record::default(), Vec::new());
        record.rows.push(derive::member_row(state, member));
        take_along(&mut record, &mut told, key, (state, member, hears));
        batch.push(record, Effect { personal: told, ..Effect::nothing(key) });
        slot.open += 1;
    }
}

/// A membership that is stored for another reason has the cursor in it, so everything else that says where the cursor
/// stands goes along: after a crash they must not differ. So does what the other user of a direct conversation is told.
pub(crate) fn take_along(
    record: &mut Record,
    told: &mut Vec<(UserNo, PersonalItem)>,
    at: Key,
    (state, member, hears): (&Conversation, &Member, Option<UserNo>),
) {
    let item = personal::read(at.1, member);
    let (key, value) = personal::encode(&item);
    record.rows.push(derive::column_row(state, member));
    record.personal.push(PersonalWrite { app: at.0, user_no: member.user.no, key, value: Some(value) });
    told.push((member.user.no, item));
    mark_delivered::tell(record, told, at, (member, hears));
}
