//! Move a read cursor. It is told at once and stored within a second; a crash may lose that second.

use crate::api::{Answer, Outbound};
use crate::executor::batch::{Batch, Effect};
use crate::executor::job::{Job, Key, Work};
use crate::executor::slot::Slot;
use crate::executor::{Attempt, Context, Need, refuse};
use crate::fan_out::{LOOKED_UP_MAX, each, offer};
use crate::rows::{derive, personal};
use roaring::RoaringBitmap;
use stonechat_log::record::{PersonalWrite, Record};
use stonechat_types::error_code::ErrorCode;

/// Tries to move the cursor.
pub(crate) fn attempt(context: &mut Context<'_>, slot: &mut Slot, job: Job) -> Attempt {
    let Work::MarkRead(upto) = &job.work else { return Attempt::Done };
    let Some(loaded) = &mut slot.loaded else { return Attempt::Done };
    let Some(state) = loaded.state.as_ref().filter(|_| loaded.members.contains_key(&job.actor.no)) else {
        return refuse(context, job, ErrorCode::NotFound, "there is no such conversation");
    };
    let upto = (*upto).min(state.head);
    let Some(ordinal) = loaded.ordinal_at(upto) else {
        return Attempt::Needs(Need::OrdinalAt(upto), Box::new(job));
    };
    let Some(member) = loaded.members.get_mut(&job.actor.no).filter(|member| member.is_active()) else {
        return refuse(context, job, ErrorCode::NotAMember, "the caller is not a member of the conversation");
    };
    if member.read(upto, ordinal) {
        loaded.dirty.insert(job.actor.no);
        *context.cursors_moved = true;
        let moved = Outbound::ReadMoved {
            conversation: job.key.1,
            user: job.actor.id.clone(),
            upto: member.read_seq,
            ordinal: member.read_ordinal,
        };
        let own = RoaringBitmap::from_iter([job.actor.no.0]);
        let told = if loaded.roster.len() <= LOOKED_UP_MAX { &*loaded.roster } else { &own };
        each(context.node, job.key.0, told, |session| offer(context.node, session, moved.clone()));
    }
    job.reply.answer(Ok(Answer::Done));
    Attempt::Done
}

/// Stores the cursors of a conversation that moved.
pub(crate) fn store(batch: &mut Batch, key: Key, slot: &mut Slot) {
    let Some(loaded) = &mut slot.loaded else { return };
    let Some(state) = &loaded.state else { return };
    for user in std::mem::take(&mut loaded.dirty) {
        let Some(member) = loaded.members.get(&user) else { continue };
        let item = personal::read(key.1, member);
        let (personal_key, value) = personal::encode(&item);
        let record = Record {
            rows: vec![derive::member_row(state, member), derive::column_row(state, member)],
            personal: vec![PersonalWrite { app: key.0, user_no: user, key: personal_key, value: Some(value) }],
            ..Record::default()
        };
        batch.push(record, Effect { key, event: None, personal: vec![(user, item)], reply: None });
        slot.open += 1;
    }
}
