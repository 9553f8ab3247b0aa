//! Send a message: once in the log, whatever is lost or repeated.

use crate::api::{Answer, Destination};
use crate::directory::failure;
use crate::executor::earlier::{sent, settle};
use crate::executor::job::{Job, Key, Work};
use crate::executor::record::{Accepted, Decided, push_change, push_message};
use crate::executor::slot::{Brought, Loaded, Slot};
use crate::executor::{Attempt, Context, Need, refuse, reject};
use crate::relate::{Reach, reach};
use crate::rows::change;
use crate::rows::dedup::Remembered;
use crate::seal::AuthorKeys;
use stonechat_domain::conversation::Conversation;
use stonechat_domain::decide::decide_send;
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
    let hmac = keys.body_hmac(&send.body);
    // A duplicate is answered even when the sender is no member any more: the message is there.
    let job = match settle(context, loaded, brought, job, id, hmac) {
        Ok(job) => job,
        Err(attempt) => return attempt,
    };
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
        if let Err(rejection) = decide_send(state, loaded.members.get(&job.actor.no), context.now) {
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
    if let Some(peer) = begins_with {
        begin(context, loaded, job.key, &job.actor, peer, &keys);
        *open += 1;
    }
    let Job { key, actor, work: Work::Send(send), reply } = job else { return Attempt::Done };
    let (body_type, body) = (send.body_type, send.body);
    let message = Accepted { at: key, actor: &actor, id, body_type, body, hmac, read };
    push_message(context, loaded, &keys, message, (reply, answer));
    *open += 1;
    Attempt::Done
}

fn answer(at: Key, remembered: &Remembered) -> Answer {
    Answer::Sent(sent(at.1, remembered, false))
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
    let decided = Decided { at, actor, change: created, id: [0; 16], hmac };
    push_change(context, loaded, keys, decided, None);
}
