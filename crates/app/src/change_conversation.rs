//! Begin a group, and change its members, roles and title.

use crate::api::Answer;
use crate::directory::failure;
use crate::executor::earlier::{command_done, settle};
use crate::executor::job::{Job, Key, Work};
use crate::executor::record::{Decided, push_answer, push_change, push_nothing};
use crate::executor::slot::Slot;
use crate::executor::{Attempt, Context, Need, refuse, refuse_body, reject};
use crate::relate::{Reach, reach};
use crate::rows::change;
use stonechat_domain::conversation::Conversation;
use stonechat_domain::decide::decide;
use stonechat_domain::event::Command;
use stonechat_domain::group::GroupCommand;
use stonechat_domain::member::UserRef;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::number::{Seq, UserNo};

/// Tries a command.
pub(crate) fn attempt(context: &mut Context<'_>, slot: &mut Slot, job: Job) -> Attempt {
    let Work::Command(id, command) = &job.work else { return Attempt::Done };
    let id = id.0;
    let Slot { loaded: Some(loaded), brought, open, .. } = slot else { return Attempt::Done };
    if let Some(state) = &loaded.state {
        let unknown: Vec<UserNo> =
            targets(command).iter().map(|user| user.no).filter(|user| !loaded.knows(*user)).collect();
        if !unknown.is_empty() {
            let need = Need::Members(state.no, unknown);
            return Attempt::Needs(need, Box::new(job));
        }
    }
    let keys = match context.node.sealer.keys(job.key.0, job.actor.no, job.key.1) {
        Ok(Some(keys)) => keys,
        Ok(None) => return refuse(context, job, ErrorCode::Forbidden, "the caller was erased"),
        Err(error) => {
            job.reply.answer(Err(failure(error)));
            return Attempt::Done;
        }
    };
    let hmac = keys.body_hmac(&change::encode_command(command));
    let job = match settle(context, loaded, brought, job, id, hmac) {
        Ok(job) => job,
        Err(attempt) => return attempt,
    };
    if job.wrong.is_some() {
        return refuse_body(context, job);
    }
    // A command for the app reaches the other as a message does.
    if matches!(&job.work, Work::Command(_, Command::Command(_))) {
        match reach(context, (loaded, brought), &job, None) {
            Reach::Open => {}
            Reach::Ask(need) => return Attempt::Needs(need, Box::new(job)),
            Reach::Closed(rejection) => {
                if reject(context, *open, job, rejection).is_some() {
                    *open += 1;
                }
                return Attempt::Done;
            }
        }
    }
    let Work::Command(_, command) = &job.work else { return Attempt::Done };
    let begins = matches!(command, Command::Create { .. }) && loaded.state.is_none();
    let empty = || Conversation::empty(job.key.0, job.key.1, Default::default(), job.actor.clone());
    let decided = match &loaded.state {
        Some(state) => decide(state, &loaded.members, &job.actor, command, context.now),
        None => decide(&empty(), &loaded.members, &job.actor, command, context.now),
    };
    let change = match decided {
        Err(rejection) => {
            if reject(context, *open, job, rejection).is_some() {
                *open += 1;
            }
            return Attempt::Done;
        }
        Ok(None) => {
            let Job { key, actor, reply, .. } = job;
            let answer = command_done(key.1, Seq::ZERO, false);
            if loaded.members.contains_key(&actor.no) {
                push_nothing(context, loaded, (key, &actor, id, hmac), (reply, answer));
            } else {
                // Nothing is known of him, so there is nothing to remember it by.
                push_answer(context, key, reply, Ok(answer));
            }
            *open += 1;
            return Attempt::Done;
        }
        Ok(Some(change)) => change,
    };
    if begins {
        let no = context.node.conversation_no(job.key.0);
        loaded.state = Some(Conversation::empty(job.key.0, job.key.1, no, job.actor.clone()));
    }
    let note = match &job.work {
        Work::Command(_, Command::Group(GroupCommand::Apply(message))) => message.clone(),
        _ => None,
    };
    let Job { key, actor, reply, .. } = job;
    push_change(
        context,
        loaded,
        &keys,
        Decided { at: key, actor: &actor, change, id, hmac, note },
        Some((reply, answer)),
    );
    *open += 1;
    Attempt::Done
}

fn answer(at: Key, seq: Seq) -> Answer {
    command_done(at.1, seq, false)
}

/// The users that a command names.
fn targets(command: &Command) -> &[UserRef] {
    match command {
        Command::Create { members, .. } => members,
        Command::AddMembers(users) => users,
        Command::RemoveMember(user) | Command::SetRole(user, _) => std::slice::from_ref(user),
        Command::Group(command) => command.named().map_or(&[], std::slice::from_ref),
        Command::Leave | Command::Rename(_) | Command::Command(_) => &[],
    }
}
