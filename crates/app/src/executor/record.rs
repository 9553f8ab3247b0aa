//! From a decision to a record: the pending state moves, the body is sealed, the rows follow.

use super::Context;
use super::batch::{Effect, Fanned};
use super::job::{Key, Reply};
use super::slot::{Loaded, Pending};
use crate::api::{Answer, AskingView, Content, EventView, Failure, PersonalItem};
use crate::mutant::Mutant;
use crate::rows::dedup::Remembered;
use crate::rows::group::Asker;
use crate::rows::key::Called;
use crate::rows::{attributes, change, derive, key, personal, scrub};
use crate::seal::{AuthorKeys, Place, Said};
use crate::{mark_played, mark_read};
use bytes::Bytes;
use std::sync::Arc;
use stonechat_domain::attributes::Attributes;
use stonechat_domain::decide::sent_at;
use stonechat_domain::event::Change;
use stonechat_domain::fold::{Stamp, fold_change, fold_message, next_stamp};
use stonechat_domain::group::{Asking, GroupChange};
use stonechat_domain::kind::EventKind;
use stonechat_domain::member::{Member, Role, UserRef};
use stonechat_log::record::{Event, EventHeader, PersonalWrite, Record};
use stonechat_log::row::RowWrite;
use stonechat_types::id::MessageId;
use stonechat_types::number::{Ordinal, Seq, Timestamp, UserNo};
use stonechat_types::text::Reason;

/// A change that was decided.
pub(crate) struct Decided<'a> {
    /// Where.
    pub at: Key,
    /// By whom.
    pub actor: &'a UserRef,
    /// What.
    pub change: Change,
    /// The id of the command.
    pub id: [u8; 16],
    /// HMAC of the command.
    pub hmac: [u8; 16],
    /// What the actor says of it to the admins; not in the change, which all see.
    pub note: Option<Reason>,
}

/// A message that was accepted.
pub(crate) struct Accepted<'a> {
    /// Where.
    pub at: Key,
    /// From whom.
    pub actor: &'a UserRef,
    /// Its id.
    pub id: [u8; 16],
    /// What the body is.
    pub body_type: Bytes,
    /// As received.
    pub body: Bytes,
    /// What it carries beside the body.
    pub attributed: Option<Attributed>,
    /// HMAC of the body.
    pub hmac: [u8; 16],
    /// Up to where the sender has read, and the ordinal there.
    pub read: (Seq, Ordinal),
}

/// The attributes of a message, and whom of those that exist it calls.
pub(crate) struct Attributed {
    pub attributes: Box<Attributes>,
    pub called: Vec<Called>,
}

/// Who is answered, and the answer that the seq of a change makes.
pub(crate) type ChangeReply = (Reply, fn(Key, Seq) -> Answer);

/// Who is answered, and the answer that an accepted message makes.
pub(crate) type MessageReply = (Reply, fn(Key, &Remembered) -> Answer);

/// Adds a change to the next batch. The answer is made from its seq.
pub(crate) fn push_change(
    context: &mut Context<'_>,
    loaded: &mut Loaded,
    keys: &AuthorKeys,
    decided: Decided<'_>,
    reply: Option<ChangeReply>,
) {
    let Decided { at, actor, change, id, hmac, note } = decided;
    let (receipts, hears) = (loaded.tells_receipts(), loaded.hears_of(actor));
    let Some(state) = &mut loaded.state else { return };
    let stamp = next_stamp(state, change.kind(), sent_at(state, context.now), id);
    let touched = touched(actor, &change);
    let before: Vec<Option<Member>> = touched.iter().map(|user| loaded.members.get(user).cloned()).collect();
    fold_change(state, &mut loaded.members, actor, &change, &stamp);
    let header = derive::header(state, actor, change.kind(), &stamp, hmac);
    let encoded = change::encode(&change);
    let said = Said { body: &encoded, ..Said::default() };
    let sealed = keys.seal(&Place::of(&header), context.nonces.next(&*context.node.entropy), &said);
    let mut record = Record { takes_away: context.takes_away, ..Record::default() };
    record.rows.extend([derive::conversation_row(state), derive::dedup_row(&header)]);
    let mut told = Vec::new();
    for (user, before) in touched.iter().zip(before) {
        let Some(member) = loaded.members.get(user) else { continue };
        record.rows.push(derive::member_row(state, member));
        if member.is_active() && loaded.dirty.remove(user) {
            let hears = hears.filter(|_| *user == actor.no);
            mark_read::take_along(&mut record, &mut told, at, (state, member, hears));
        }
        let asked_before = before.as_ref().map_or(Asking::Nothing, |before| before.asking);
        if asked_before != member.asking {
            let asker = Asker {
                user: member.user.clone(),
                asking: member.asking,
                message: note.clone(),
                by: actor.clone(),
                at: stamp.sent_at,
            };
            record.rows.push(derive::asker_row((at.0, state.no), &asker));
            let title = state.title.clone();
            let item = PersonalItem::Asking(Box::new(AskingView {
                conversation: at.1,
                asking: member.asking,
                title,
                by: actor.id.clone(),
                at: stamp.sent_at,
            }));
            let (key, value) = personal::encode(&item);
            record.personal.push(PersonalWrite { app: at.0, user_no: *user, key, value: Some(value) });
            told.push((*user, item));
        }
        let is_muted = |it: &Member| it.muted_until > Timestamp::default();
        if before.as_ref().is_some_and(|before| is_muted(before) != is_muted(member)) {
            record.rows.push(derive::roster_row(state, member));
        }
        // Who was no member, and is none, hears nothing of it.
        let was = before.map_or((false, Role::Member), |before| (before.is_active(), before.role));
        if was != (member.is_active(), member.role) {
            record.rows.extend([derive::column_row(state, member), derive::roster_row(state, member)]);
            let item = personal::membership(at.1, member);
            let (key, value) = personal::encode(&item);
            record.personal.push(PersonalWrite { app: at.0, user_no: *user, key, value: Some(value) });
            told.push((*user, item));
        }
    }
    // A recall takes the edits out of what is known of the message.
    let recalled = change.target().filter(|_| matches!(change, Change::Recalled { .. }));
    let bodies = recalled.and_then(|target| loaded.messages.get(target)).map(|message| {
        let forgets = context.node.options.mutants.is(Mutant::EditsNotScrubbed);
        let edits = message.edits.iter().filter(|_| !forgets).map(|edit| edit.seq);
        [message.seq].into_iter().chain(edits).collect::<Vec<_>>()
    });
    if let Some((before, message, own)) = loaded.messages.fold(&change, actor, &stamp) {
        let place = (at.0, state.no);
        record.rows.extend(derive::message_rows(place, before, message));
        match change {
            Change::Reacted { .. } => record.rows.push(derive::reactions_row(place, message.seq, actor.no, own)),
            Change::Pinned { .. } => record.rows.push(derive::pinned_row(place, message)),
            Change::Recalled { .. } => {
                record.rows.push(derive::pinned_row(place, message));
                mark_played::forget(&mut loaded.played, &mut record, &mut told, (at, state.no, message));
                context.node.recalls.note(place, message.ordinal);
                record.rows.extend(derive::recalled_rows(place, message));
                let row = scrub::encode(stamp.sent_at, at.1, &bodies.unwrap_or_default());
                record.rows.push(RowWrite::Put { key: key::scrub(at.0, state.no, message.seq), value: row });
                context.node.scrubs.notify_one();
            }
            _ => {}
        }
    }
    if let Change::Group(change) = &change {
        record.rows.extend(derive::group_rows((at.0, state.no), change, actor, stamp.sent_at));
    }
    let also = match &change {
        Change::MemberRemoved(user) => Some(user.no),
        Change::MemberLeft | Change::Group(GroupChange::OwnerLeft(_)) => Some(actor.no),
        // A stranger who is kept out hears nothing of it.
        Change::Group(GroupChange::Banned { measure, removed }) => removed.then_some(measure.user.no),
        Change::Group(_)
        | Change::Created { .. }
        | Change::MembersAdded(_)
        | Change::Renamed(_)
        | Change::RoleChanged(..)
        | Change::Edited { .. }
        | Change::Reacted { .. }
        | Change::Pinned { .. }
        | Change::Recalled { .. }
        | Change::Commanded(_) => None,
    };
    let everybody_sees = change.target().is_none_or(|target| target >= state.last_join);
    loaded.refresh_roster(&touched);
    if let Some(removed) = also.filter(|_| context.node.options.mutants.is(Mutant::RemovalIgnoredForQueued)) {
        Arc::make_mut(&mut loaded.roster).insert(removed.0);
    }
    remember(loaded, actor.no, &stamp, hmac);
    let view = view(&header, Content::Change(if everybody_sees { change } else { unsaid(change) }));
    record.event = Some(Event { header, sealed });
    let event = Some(Fanned { view, recipients: loaded.roster.clone(), receipts, also });
    let reply = reply.map(|(reply, answer)| (reply, Ok(answer(at, stamp.seq))));
    let id = Some((actor.no, id));
    context.batch.push(record, Effect { event, personal: told, id, reply, ..Effect::nothing(at) });
}

/// An edit without what the message says now: somebody who hears of it may not see the message.
pub(crate) fn unsaid(change: Change) -> Change {
    match change {
        Change::Edited { target, .. } => Change::Edited { target, content: None },
        change => change,
    }
}

/// Everybody whose membership a change may touch, the actor first.
fn touched(actor: &UserRef, change: &Change) -> Vec<UserNo> {
    let mut touched = vec![actor.no];
    let named: &[UserRef] = match change {
        Change::Created { members, .. } => members,
        Change::MembersAdded(users) => users,
        Change::MemberRemoved(user) | Change::RoleChanged(user, _) => std::slice::from_ref(user),
        Change::Group(change) => change.named().map_or(&[], std::slice::from_ref),
        Change::MemberLeft
        | Change::Renamed(_)
        | Change::Edited { .. }
        | Change::Reacted { .. }
        | Change::Pinned { .. }
        | Change::Recalled { .. }
        | Change::Commanded(_) => &[],
    };
    for user in named {
        if user.no != actor.no {
            touched.push(user.no);
        }
    }
    touched
}

/// Adds a message to the next batch.
pub(crate) fn push_message(
    context: &mut Context<'_>,
    loaded: &mut Loaded,
    keys: &AuthorKeys,
    message: Accepted<'_>,
    reply: MessageReply,
) {
    let Accepted { at, actor, id, body_type, body, attributed, hmac, read } = message;
    let receipts = loaded.tells_receipts();
    let Some(state) = &mut loaded.state else { return };
    let Some(member) = loaded.members.get_mut(&actor.no) else { return };
    let mut stamp = next_stamp(state, EventKind::Message, sent_at(state, context.now), id);
    (stamp.read_upto, stamp.read_upto_ordinal) = read;
    let before = member.read_seq;
    let by_limit = fold_message(state, member, &stamp);
    // Moves over own messages follow from the event itself. What the composer had shown, and how many own messages are
    // above the cursor, the others cannot know.
    let read = (read.0 > before || by_limit).then(|| (actor.clone(), member.read_seq, member.read_ordinal));
    let header = derive::header(state, actor, EventKind::Message, &stamp, hmac);
    let (mut rows, mut encoded) = (Vec::new(), Bytes::new());
    if let Some(Attributed { attributes, called }) = &attributed {
        encoded = attributes::encode(attributes);
        let place = (at.0, state.no);
        // Who is no member is not called.
        let is_member = |it: &Called| if let Called::User(user) = it { loaded.roster.contains(user.0) } else { true };
        let called: Vec<_> = called.iter().copied().filter(is_member).collect();
        rows = derive::attributed_rows(place, &header, &called, attributes.silent);
        if attributes.silent {
            context.node.recalls.note(place, header.ordinal);
        }
    }
    let said = Said { body_type: &body_type, attributes: &encoded, body: &body };
    let sealed = keys.seal(&Place::of(&header), context.nonces.next(&*context.node.entropy), &said);
    let attributes = attributed.map(|attributed| attributed.attributes);
    let view = view(&header, Content::Message { body_type, body, attributes });
    let derived = vec![derive::dedup_row(&header)];
    let record = Record { rows, derived, event: Some(Event { header, sealed }), ..Record::default() };
    let remembered = remember(loaded, actor.no, &stamp, hmac);
    let event = Some(Fanned { view, recipients: loaded.roster.clone(), receipts, also: None });
    let reply = Some((reply.0, Ok(reply.1(at, &remembered))));
    let effect = Effect { event, read, id: Some((actor.no, id)), reply, ..Effect::nothing(at) };
    let index = context.batch.push(record, effect);
    context.batch.moved.insert(at, index);
    context.batch.touched.insert((at, actor.no), index);
}

/// A command that has nothing to change is remembered as well: repeated later, when there would be something, it must
/// still change nothing.
pub(crate) fn push_nothing(
    context: &mut Context<'_>,
    loaded: &mut Loaded,
    decided: (Key, &UserRef, [u8; 16], [u8; 16]),
    reply: (Reply, Answer),
) {
    let (at, actor, id, hmac) = decided;
    let hears = loaded.hears_of(actor);
    let Some(state) = &loaded.state else { return };
    let Some(member) = loaded.members.get_mut(&actor.no) else { return };
    member.largest_key = member.largest_key.max(id);
    let remembered =
        Remembered { seq: Seq::ZERO, ordinal: state.ordinal, sent_at: sent_at(state, context.now), body_hmac: hmac };
    let rows =
        vec![derive::member_row(state, member), derive::remembered_row((at.0, state.no, actor.no), id, &remembered)];
    let mut told = Vec::new();
    let mut record = Record { rows, takes_away: context.takes_away, ..Record::default() };
    if member.is_active() && loaded.dirty.remove(&actor.no) {
        mark_read::take_along(&mut record, &mut told, at, (state, member, hears));
    }
    loaded.pending.insert((actor.no, id), Pending { remembered, waiters: Vec::new() });
    let id = Some((actor.no, id));
    let effect = Effect { id, personal: told, reply: Some((reply.0, Ok(reply.1))), ..Effect::nothing(at) };
    context.batch.push(record, effect);
}

/// An answer that rests on what is not durable yet waits for it.
pub(crate) fn push_answer(context: &mut Context<'_>, at: Key, reply: Reply, answer: Result<Answer, Failure>) {
    let effect = Effect { reply: Some((reply, answer)), ..Effect::nothing(at) };
    context.batch.push(Record { takes_away: context.takes_away, ..Record::default() }, effect);
}

fn remember(loaded: &mut Loaded, user: UserNo, stamp: &Stamp, body_hmac: [u8; 16]) -> Remembered {
    loaded.note(stamp.seq, stamp.ordinal);
    let remembered = Remembered { seq: stamp.seq, ordinal: stamp.ordinal, sent_at: stamp.sent_at, body_hmac };
    loaded.pending.insert((user, stamp.key), Pending { remembered, waiters: Vec::new() });
    remembered
}

/// The event of a header, with its content.
pub(crate) fn view(header: &EventHeader, content: Content) -> EventView {
    EventView {
        id: MessageId { conversation: header.conversation, seq: header.seq },
        ordinal: header.ordinal,
        kind: header.kind,
        sender: header.sender.clone(),
        sent_at: header.sent_at,
        key: header.key,
        content,
    }
}
