//! Send a message: once in the log, whatever is lost or repeated.

use crate::api::{Answer, Destination, SendMessage};
use crate::directory::failure;
use crate::executor::earlier::{sent, settle};
use crate::executor::job::{Job, Key, Work};
use crate::executor::record::{Accepted, Attributed, Decided, push_change, push_message};
use crate::executor::slot::{Brought, Loaded, Slot};
use crate::executor::{Attempt, Context, Need, refuse, refuse_body, reject};
use crate::relate::{Reach, reach};
use crate::rows::dedup::Remembered;
use crate::rows::key::Called;
use crate::rows::{attributes, change};
use crate::seal::AuthorKeys;
use bytes::Bytes;
use stonechat_domain::conversation::Conversation;
use stonechat_domain::decide::{Rejection, decide_reply, decide_send};
use stonechat_domain::event::Change;
use stonechat_domain::member::UserRef;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::number::{Ordinal, Seq};

/// Tries to send.
pub(crate) fn attempt(context: &mut Context<'_>, slot: &mut Slot, job: Job) -> Attempt {
    let Work::Send(send) = &job.work else { return Attempt::Done };
    let id = send.client_msg_id.0;
    if send.after.is_some_and(|after| job.reply.was_refused(after)) {
        let message = "the message before this one was not accepted yet";
        return refuse(context, job, ErrorCode::RetryInOrder, message);
    }
    let Slot { loaded: Some(loaded), brought, open, .. } = slot else { return Attempt::Done };
    let begins_with = match who_it_begins_with(loaded, brought, &job.actor, &send.to) {
        Begins::Not => None,
        Begins::With(peer) => Some(peer),
        Begins::Ask(need) => return Attempt::Needs(need, Box::new(job)),
        Begins::Never(message) => return refuse(context, job, ErrorCode::NotFound, message),
    };
    let keys = match context.node.sealer.keys(job.key.0, job.actor.no, job.key.1) {
        Ok(Some(keys)) => keys,
        Ok(None) => return refuse(context, job, ErrorCode::Forbidden, "the sender was erased"),
        Err(error) => {
            job.reply.answer(Err(failure(error)));
            return Attempt::Done;
        }
    };
    let encoded = send.attributes.as_deref().map_or_else(Bytes::new, attributes::encode);
    let hmac = keys.message_hmac(&encoded, &send.body);
    // A duplicate is answered even when the sender is no member any more: the message is there.
    let job = match settle(context, loaded, brought, job, id, hmac) {
        Ok(job) => job,
        Err(attempt) => return attempt,
    };
    if job.wrong.is_some() {
        return refuse_body(context, job);
    }
    let Work::Send(send) = &job.work else { return Attempt::Done };
    match reach(context, (loaded, brought), &job, begins_with.as_ref()) {
        Reach::Open => {}
        Reach::Ask(need) => return Attempt::Needs(need, Box::new(job)),
        Reach::Closed(rejection) => {
            return reject(context, *open, job, rejection).map_or(Attempt::Done, |()| {
                *open += 1;
                Attempt::Done
            });
        }
    }
    let mut read = (Seq::ZERO, Ordinal::ZERO);
    if let Some(state) = &loaded.state {
        let calls_all = send.attributes.as_ref().is_some_and(|attributes| attributes.mention_all);
        if let Err(rejection) = decide_send(state, loaded.members.get(&job.actor.no), calls_all, context.now) {
            return reject(context, *open, job, rejection).map_or(Attempt::Done, |()| {
                *open += 1;
                Attempt::Done
            });
        }
        let upto = send.read_upto.min(loaded.committed);
        match loaded.ordinal_at(upto) {
            Some(ordinal) => read = (upto, ordinal),
            None => return Attempt::Needs(Need::OrdinalAt(upto), Box::new(job)),
        }
    }
    let attributed = match attributed(loaded, brought, &job, send) {
        Ok(attributed) => attributed,
        Err(Ok(need)) => return Attempt::Needs(need, Box::new(job)),
        Err(Err(rejection)) => {
            return reject(context, *open, job, rejection).map_or(Attempt::Done, |()| {
                *open += 1;
                Attempt::Done
            });
        }
    };
    if let Some(peer) = begins_with {
        begin(context, loaded, job.key, &job.actor, peer, &keys);
        *open += 1;
    }
    let Job { key, actor, work: Work::Send(send), reply, .. } = job else { return Attempt::Done };
    let (body_type, body) = (send.body_type, send.body);
    let message = Accepted { at: key, actor: &actor, id, body_type, body, attributed, hmac, read };
    push_message(context, loaded, &keys, message, (reply, answer));
    *open += 1;
    Attempt::Done
}

fn answer(at: Key, remembered: &Remembered) -> Answer {
    Answer::Sent(sent(at.1, remembered, false))
}

/// The attributes of a message as they are stored: what it answers is looked up, and who is called.
fn attributed(
    loaded: &Loaded,
    brought: &Brought,
    job: &Job,
    send: &SendMessage,
) -> Result<Option<Attributed>, Result<Need, Rejection>> {
    let Some(attributes) = &send.attributes else { return Ok(None) };
    let mut attributes = attributes.clone();
    if let Some(reply) = &mut attributes.reply_to {
        let state = loaded.state.as_ref().ok_or(Err(Rejection::NoSuchMessage))?;
        if reply.seq <= loaded.committed && !loaded.messages.knows(reply.seq, job.actor.no) {
            return Err(Ok(Need::Message(state.no, reply.seq, job.actor.no)));
        }
        *reply = decide_reply(loaded.members.get(&job.actor.no), loaded.messages.get(reply.seq)).map_err(Err)?;
    }
    let mut called = Vec::new();
    if !attributes.mentions.is_empty() {
        let users = brought.called.as_ref().ok_or_else(|| Ok(Need::Called(attributes.mentions.clone())))?;
        called.extend(users.iter().filter(|user| **user != job.actor.no).map(|user| Called::User(*user)));
    }
    if attributes.mention_all {
        called.push(Called::Everybody);
    }
    Ok(Some(Attributed { attributes, called }))
}

enum Begins {
    /// The conversation is there.
    Not,
    /// With this other user.
    With(UserRef),
    /// It has to be asked whether the other user exists.
    Ask(Need),
    /// It cannot.
    Never(&'static str),
}

fn who_it_begins_with(loaded: &Loaded, brought: &Brought, actor: &UserRef, to: &Destination) -> Begins {
    if loaded.state.is_some() {
        return Begins::Not;
    }
    let Destination::User(peer) = to else { return Begins::Never("there is no such conversation") };
    if *peer == actor.id {
        return Begins::With(actor.clone());
    }
    match &brought.peer {
        None => Begins::Ask(Need::Peer(peer.clone())),
        Some(None) => Begins::Never("there is no such user"),
        Some(Some(peer)) => Begins::With(peer.clone()),
    }
}

/// The first event of a direct conversation.
fn begin(context: &mut Context<'_>, loaded: &mut Loaded, at: Key, actor: &UserRef, peer: UserRef, keys: &AuthorKeys) {
    let no = context.node.conversation_no(at.0);
    loaded.state = Some(Conversation::empty(at.0, at.1, no, actor.clone()));
    let mut members = vec![actor.clone()];
    if peer != *actor {
        members.push(peer);
    }
    let created = Change::Created { title: None, members };
    let hmac = keys.body_hmac(&change::encode(&created));
    let decided = Decided { at, actor, change: created, id: [0; 16], hmac, note: None };
    push_change(context, loaded, keys, decided, None);
}
