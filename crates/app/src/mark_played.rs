//! Note that a user has played a voice message, and tell its author. Who has played it is a row of the message; what the
//! devices of both are told is an entry of their personal state for the conversation, so that those which are away hear
//! of it as well.

use crate::api::{Answer, Content, Failure, PersonalItem};
use crate::as_now::Place;
use crate::executor::batch::Effect;
use crate::executor::job::{Job, Key, Work};
use crate::executor::plays::Played;
use crate::executor::record::push_answer;
use crate::executor::slot::{Loaded, Slot};
use crate::executor::{Attempt, Context, Need, reject};
use crate::mutant::Mutant;
use crate::node::Node;
use crate::reading::Reader;
use crate::rows::{key, personal, plays};
use std::sync::Arc;
use stonechat_domain::decide::Rejection;
use stonechat_domain::message::Message;
use stonechat_domain::plays::{IsVoice, Plays, decide_play};
use stonechat_log::record::{PersonalWrite, Record};
use stonechat_log::row::RowWrite;
use stonechat_types::id::ConversationId;
use stonechat_types::number::{ConversationNo, Seq, UserNo};

/// Whether a message is a voice message, by what it said when it was sent. Asked on the caller's task, since its body has
/// to be opened.
pub(crate) async fn is_voice(
    node: &Node,
    reader: &Reader,
    conversation: ConversationId,
    seq: Seq,
) -> Result<IsVoice, Failure> {
    let (state, me) = node.membership(reader, conversation).await?;
    if !me.sees(seq) {
        return Ok(IsVoice::No);
    }
    let place = Place { node, reader, state: &state, me: &me };
    Ok(match place.event(seq).await?.map(|event| event.content) {
        Some(Content::Message { body_type, .. }) if node.content.is_voice(&body_type) => IsVoice::Yes,
        Some(_) | None => IsVoice::No,
    })
}

/// Tries to note it.
pub(crate) fn attempt(context: &mut Context<'_>, slot: &mut Slot, job: Job) -> Attempt {
    let Work::MarkPlayed(seq, is_voice) = job.work else { return Attempt::Done };
    let Slot { loaded: Some(loaded), open, .. } = slot else { return Attempt::Done };
    let me = job.actor.no;
    if let Some(state) = &loaded.state
        && seq <= loaded.committed
        && !loaded.messages.knows(seq, me)
    {
        let need = Need::Message(state.no, seq, me);
        return Attempt::Needs(need, Box::new(job));
    }
    let decided = match &loaded.state {
        Some(state) => decide_play(state, loaded.members.get(&me), loaded.messages.get(seq), is_voice),
        None => Err(Rejection::NotFound),
    };
    let author = match decided {
        Ok(message) => message.author.no,
        Err(rejection) => {
            if reject(context, *open, job, rejection).is_some() {
                *open += 1;
            }
            return Attempt::Done;
        }
    };
    let Some(state) = &loaded.state else { return Attempt::Done };
    if !loaded.played.knows(seq, &[me, author]) {
        let need = Need::Played(state.no, seq, vec![me, author]);
        return Attempt::Needs(need, Box::new(job));
    }
    let mut record = Record::default();
    let mut told = Vec::new();
    let (is_listed, is_told) = (state.settings.receipts && !loaded.relation.is_blocked(), loaded.tells_receipts());
    let played = &mut loaded.played;
    if Arc::make_mut(played.of(me)).play(seq) {
        tell(&mut record, &mut told, job.key, (me, played.of(me)));
    }
    // Where nobody may list it, nothing is kept of it that could be listed later.
    if is_listed && played.players(seq).insert(me.0) {
        let players = key::players(job.key.0, state.no, seq);
        record.rows.push(plays::player(players, me));
        let players = played.players(seq).len();
        // Who left hears nothing of it any more.
        let forgets = context.node.options.mutants.is(Mutant::PlaysNotTold);
        let hears = is_told && loaded.roster.contains(author.0) && !forgets;
        if hears && Arc::make_mut(played.of(author)).played_by(seq, players) {
            tell(&mut record, &mut told, job.key, (author, played.of(author)));
        }
    }
    let (key, reply) = (job.key, job.reply);
    if !record.personal.is_empty() || !record.rows.is_empty() {
        let reply = Some((reply, Ok(Answer::Done)));
        context.batch.push(record, Effect { personal: told, reply, ..Effect::nothing(key) });
        *open += 1;
    } else if *open > 0 {
        // That it was played before may not be durable yet.
        push_answer(context, key, reply, Ok(Answer::Done));
        *open += 1;
    } else {
        reply.answer(Ok(Answer::Done));
    }
    Attempt::Done
}

/// What has to be loaded before a message is taken back, to forget who has played it.
pub(crate) fn need_before_recall(loaded: &Loaded, seq: Seq) -> Option<Need> {
    let author = loaded.messages.get(seq).filter(|message| message.recalled.is_none())?.author.no;
    let no = loaded.state.as_ref()?.no;
    (!loaded.played.knows(seq, &[author])).then(|| Need::Played(no, seq, vec![author]))
}

/// Forgets who has played a message that was taken back.
pub(crate) fn forget(
    played: &mut Played,
    record: &mut Record,
    told: &mut Vec<(UserNo, PersonalItem)>,
    (at, no, message): (Key, ConversationNo, &Message),
) {
    let (seq, author) = (message.seq, message.author.no);
    if std::mem::take(played.players(seq)).is_empty() {
        return;
    }
    record.rows.push(RowWrite::Delete { key: key::players(at.0, no, seq) });
    if Arc::make_mut(played.of(author)).forget(seq) {
        tell(record, told, at, (author, played.of(author)));
    }
}

/// Adds to a record what the devices of a user are told.
fn tell(record: &mut Record, told: &mut Vec<(UserNo, PersonalItem)>, at: Key, (user, plays): (UserNo, &Arc<Plays>)) {
    let item = PersonalItem::Plays(at.1, plays.clone());
    let (key, value) = personal::encode(&item);
    record.personal.push(PersonalWrite { app: at.0, user_no: user, key, value: Some(value) });
    told.push((user, item));
}
