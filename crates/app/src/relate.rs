//! What two users are to each other: one record beside their direct conversation, decided by its executor whether the
//! conversation exists or not, and told to both as personal state.

use crate::api::{Failure, PersonalItem, RelationView};
use crate::directory::failure;
use crate::executor::batch::Effect;
use crate::executor::earlier::{answer_known, command_done};
use crate::executor::job::{Job, Work};
use crate::executor::slot::{Brought, Loaded, Pending, Slot, Waiter};
use crate::executor::{Attempt, Context, Need, refuse, reject};
use crate::node::Node;
use crate::reading::Reader;
use crate::rows::dedup::{self, Remembered};
use crate::rows::user::User;
use crate::rows::{key, personal, relation};
use bytes::Bytes;
use stonechat_domain::decide::Rejection;
use stonechat_domain::member::UserRef;
use stonechat_domain::relation::{Relation, RelationCommand, Side, decide_relation, may_message};
use stonechat_log::packed;
use stonechat_log::personal as rows;
use stonechat_log::record::{PersonalWrite, Record};
use stonechat_log::row::RowWrite;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::UserId;
use stonechat_types::limits::RELATIONS_PER_USER_MAX;
use stonechat_types::number::{Ordinal, Seq, Timestamp};

/// A command about another user.
pub(crate) struct Wanted {
    pub peer: UserRef,
    pub command: RelationCommand,
}

/// Tries a command.
pub(crate) fn attempt(context: &mut Context<'_>, slot: &mut Slot, job: Job) -> Attempt {
    let Work::Relate(id, wanted) = &job.work else { return Attempt::Done };
    let (app, direct) = job.key;
    let Slot { loaded: Some(loaded), brought, open, .. } = slot else { return Attempt::Done };
    let Some(side) = Side::of(&job.actor.id, &wanted.peer.id) else {
        let rejection = Rejection::Oneself;
        return refuse(context, job, rejection.code(), rejection.message());
    };
    let peer = match known_user(context.node, brought, app, &wanted.peer) {
        Ok(peer) => peer,
        Err(need) => return Attempt::Needs(need, Box::new(job)),
    };
    let keys = match context.node.sealer.keys(app, job.actor.no, direct) {
        Ok(Some(keys)) => keys,
        Ok(None) => return refuse(context, job, ErrorCode::Forbidden, "the caller was erased"),
        Err(error) => {
            job.reply.answer(Err(failure(error)));
            return Attempt::Done;
        }
    };
    let (id, hmac) = (id.0, keys.body_hmac(&relation::encode_command(&wanted.command)));
    if let Some(pending) = loaded.pending.get_mut(&(job.actor.no, id)) {
        pending.waiters.push(Waiter { reply: job.reply, body_hmac: hmac });
        return Attempt::Done;
    }
    let commands = key::commands(app, direct, job.actor.no, &id);
    let Some((_, row)) = brought.dedup.as_ref().filter(|(key, _)| *key == commands) else {
        return Attempt::Needs(Need::Dedup(commands), Box::new(job));
    };
    match packed::get(row, &id).map(|entry| entry.map(dedup::decode)) {
        Ok(None) => {}
        Ok(Some(Ok(first))) => {
            answer_known(context, job, &first, hmac);
            return Attempt::Done;
        }
        Ok(Some(Err(_))) | Err(_) => {
            let message = "what was acknowledged under this id cannot be read";
            return refuse(context, job, ErrorCode::Corrupt, message);
        }
    }
    // Zero is never in a row.
    let now = context.now.max(Timestamp(1));
    match decide_relation(&loaded.relation, side, &wanted.command, peer.who_may_add, now) {
        Err(rejection) => {
            if reject(context, *open, job, rejection).is_some() {
                *open += 1;
            }
        }
        Ok(next) => {
            push(context, loaded, job, (id, hmac), next);
            *open += 1;
        }
    }
    Attempt::Done
}

/// Adds what was decided to the next batch. A command that changes nothing is remembered as well.
fn push(
    context: &mut Context<'_>,
    loaded: &mut Loaded,
    job: Job,
    (id, hmac): ([u8; 16], [u8; 16]),
    next: Option<Relation>,
) {
    let Job { key: at, actor, work: Work::Relate(_, wanted), reply, .. } = job else { return };
    let (app, direct) = at;
    let remembered = Remembered { seq: Seq::ZERO, ordinal: Ordinal::ZERO, sent_at: context.now, body_hmac: hmac };
    let mut record = Record::default();
    record.rows.push(RowWrite::Patch {
        key: key::commands(app, direct, actor.no, &id),
        entry: Bytes::copy_from_slice(&id),
        value: Some(dedup::encode(&remembered)),
    });
    let mut told = Vec::new();
    if let Some(next) = next {
        let key = key::relation(app, direct);
        record.rows.push(RowWrite::Put { key, value: relation::encode(&next) });
        for (user, peer) in [(&actor, &wanted.peer), (&wanted.peer, &actor)] {
            let (before, after) = (seen(&loaded.relation, user, peer), seen(&next, user, peer));
            if let Some(after) = after.filter(|after| before.as_ref() != Some(after)) {
                let item = PersonalItem::Relation(Box::new(after));
                let (key, value) = personal::encode(&item);
                record.personal.push(PersonalWrite { app, user_no: user.no, key, value: Some(value) });
                told.push((user.no, item));
            }
        }
        loaded.relation = next;
    }
    loaded.pending.insert((actor.no, id), Pending { remembered, waiters: Vec::new() });
    let answer = Ok(command_done(direct, Seq::ZERO, false));
    let effect =
        Effect { personal: told, id: Some((actor.no, id)), reply: Some((reply, answer)), ..Effect::nothing(at) };
    context.batch.push(record, effect);
}

/// A relation as one of the two sees it.
fn seen(relation: &Relation, user: &UserRef, peer: &UserRef) -> Option<RelationView> {
    let side = Side::of(&user.id, &peer.id)?;
    let (own, other) = (relation.party(side), relation.party(side.other()));
    Some(RelationView {
        peer: peer.id.clone(),
        contacts_since: relation.contacts_since,
        blocks_since: own.blocks_since,
        incoming: other.request.clone(),
        outgoing: own.request.clone(),
        declined: own.declined.clone(),
        remarks: own.remarks.clone(),
    })
}

/// A user whose settings a rule asks for: from memory, or brought by a load.
fn known_user(
    node: &Node,
    brought: &Brought,
    app: stonechat_types::number::AppId,
    user: &UserRef,
) -> Result<User, Need> {
    // Memory first: it has what was committed meanwhile.
    match node.directory.cached(app, user.no).or_else(|| brought.user.clone().filter(|found| found.user == *user)) {
        Some(found) => Ok(found),
        None => Err(Need::User(user.no)),
    }
}

/// Whether somebody may write to the other user of a direct conversation.
pub(crate) enum Reach {
    /// He may, or there is no such rule.
    Open,
    /// It has to be asked what the other allows.
    Ask(Need),
    /// He may not.
    Closed(Rejection),
}

/// Whether the actor may write to a user, or to the other user of this conversation.
pub(crate) fn reach(
    context: &Context<'_>,
    (loaded, brought): (&Loaded, &Brought),
    job: &Job,
    peer: Option<&UserRef>,
) -> Reach {
    let other = peer.or_else(|| loaded.state.as_ref()?.other_than(&job.actor));
    let Some(other) = other else { return Reach::Open };
    let Some(side) = Side::of(&job.actor.id, &other.id) else { return Reach::Open };
    match known_user(context.node, brought, job.key.0, other) {
        Err(need) => Reach::Ask(need),
        Ok(user) => match may_message(&loaded.relation, side, user.who_may_message) {
            Ok(()) => Reach::Open,
            Err(rejection) => Reach::Closed(rejection),
        },
    }
}

/// Refuses a command when one of the two has as many relations as a user may have, and this would be one more. Two that
/// come at once may both pass: the bound is for the size of lists, and exceeded by the calls in flight at most.
pub(crate) async fn has_room(
    node: &Node,
    reader: &Reader,
    peer: &UserRef,
    command: &RelationCommand,
) -> Result<(), Failure> {
    // Whoever is pestered may always block.
    if matches!(command, RelationCommand::Block) {
        return Ok(());
    }
    let tells_peer = matches!(command, RelationCommand::Request { .. });
    for (user, other, named) in [(&reader.user, &peer.id, true), (peer, &reader.user.id, tells_peer)] {
        if named
            && !knows(node, reader, user, other).await?
            && count(node, reader, user).await? >= RELATIONS_PER_USER_MAX
        {
            return Err(Failure::new(
                ErrorCode::TooMany,
                "a user has as many contacts, requests and blocks as he may have",
            ));
        }
    }
    Ok(())
}

async fn knows(node: &Node, reader: &Reader, user: &UserRef, other: &UserId) -> Result<bool, Failure> {
    let key = personal::relation_key(other);
    let row = node.row(rows::value_key(reader.app, user.no, &key)).await?;
    row.map_or(Ok(false), |row| says_something(&key, &row))
}

/// Whether an entry says anything of the other: what was declined, removed and taken back leaves one that does not.
fn says_something(key: &[u8], row: &Bytes) -> Result<bool, Failure> {
    let Some((_, Some(value))) = rows::decode_value(row) else { return Ok(false) };
    match personal::decode(key, &value).map_err(failure)? {
        Some(PersonalItem::Relation(view)) => Ok(!view.is_empty()),
        _ => Ok(false),
    }
}

/// Entries that are looked at to count those that say something.
const LOOKED_AT_MAX: usize = 4 * RELATIONS_PER_USER_MAX;

/// Relations that are counted at once.
const COUNTED_AT_ONCE: usize = 256;

async fn count(node: &Node, reader: &Reader, user: &UserRef) -> Result<usize, Failure> {
    let prefix = rows::value_key(reader.app, user.no, personal::RELATION_PREFIX);
    let start = rows::value_key(reader.app, user.no, b"").len();
    let (mut count, mut after) = (0, None);
    // In pages: a relation may have kilobytes of remarks. Whoever has that many that are over has no room, either.
    for _ in 0..LOOKED_AT_MAX / COUNTED_AT_ONCE {
        let found = node.log.scan(prefix.clone(), after, COUNTED_AT_ONCE).await.map_err(failure)?;
        for (key, row) in &found {
            count += usize::from(says_something(&key[start..], row)?);
        }
        after = found.last().map(|(key, _)| key.clone()).filter(|_| found.len() == COUNTED_AT_ONCE);
        if after.is_none() || count >= RELATIONS_PER_USER_MAX {
            return Ok(count);
        }
    }
    Ok(RELATIONS_PER_USER_MAX)
}
