//! `stonechat send`: one message through the durable outbox.

use std::io::Read as _;

use stonechat_client::account::Account;
use stonechat_client::conversation::Conversation;
use stonechat_client::send::{Outgoing, SendHandle, SendOptions, Text};
use stonechat_client::state::{ConnectionState, EndReason, SendFailure, SendState, SentMark, Unsent};
use stonechat_types::limits::BODY_BYTES_MAX;
use tokio::time::{Instant, timeout_at};

use crate::cli::absence::Absence;
use crate::cli::args::{SendArgs, TargetArgs};
use crate::cli::context::Context;
use crate::cli::failure::{self, Failure, Outcome};
use crate::cli::line::EventLine;
use crate::cli::session::{DEVICE_SEND, Recording, Who};
use crate::cli::signals::EndSignals;

/// Sends, and waits for the acknowledgement.
///
/// # Errors
/// [`Failure`].
pub async fn run(args: &SendArgs, who: &Who, context: &mut Context<'_>) -> Outcome {
    let text = text(&args.text)?;
    let outgoing = match &args.body_type {
        Some(body_type) => Outgoing::json(body_type, &text)?,
        None => Text::new(text.clone()).try_into()?,
    };
    let text = args.body_type.is_none().then_some(text);
    let account = who.open(&args.client, DEVICE_SEND, Recording::Nothing).await?;
    let outcome = deliver(args, &account, (outgoing, text), &who.server, context).await;
    account.stop().await;
    outcome
}

/// The conversation that was named.
#[must_use]
pub fn target(account: &Account, target: &TargetArgs) -> Option<Conversation> {
    match (&target.conversation, &target.to) {
        (Some(id), _) => Some(account.conversation(id)),
        (None, Some(user)) => Some(account.conversation_with(user)),
        (None, None) => None,
    }
}

fn text(argument: &str) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    // One byte more than a body can have is enough to know that it is too large.
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(BODY_BYTES_MAX as u64 + 2).read_to_end(&mut bytes)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::refused("invalid_argument", "the text on standard input is not UTF-8"))?;
    Ok(text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text)).to_owned())
}

async fn deliver(
    args: &SendArgs,
    account: &Account,
    (outgoing, text): (Outgoing, Option<String>),
    server: &str,
    context: &mut Context<'_>,
) -> Outcome {
    let deadline = Instant::now() + args.timeout;
    let earlier = account.outbox().await.unwrap_or_default();
    let conversation =
        target(account, &args.target).ok_or_else(|| Failure::Usage("say --to or --conversation".into()))?;
    let options = SendOptions { client_msg_id: args.client_msg_id, read_upto: None };
    let handle = conversation.send_with(outgoing, options).await?;
    // From here on the message is in the outbox. Only an answer of the server that is for good takes it out again.
    if let Err(error) = account.start().await {
        return Err(stays(&format!("{}: {error}", error.code())));
    }
    for unsent in &earlier {
        wake(account, unsent).await;
    }

    let mut absence = Absence::new(server, Instant::now());
    let outcome = match wait(account, &handle, deadline, &mut absence, context).await {
        Waited::Done(SendState::Sent(mark)) => acknowledge(args, &mark, &handle, account, text, context),
        Waited::Done(SendState::Failed(failure)) => Err(give_back(&handle, failure).await),
        Waited::Done(SendState::Cancelled) => Err(Failure::failed("the message was taken back")),
        Waited::Done(SendState::Queued | SendState::Sending | SendState::Done(_)) | Waited::Late => {
            Err(stays(&why_late(account)))
        }
        Waited::Ended(reason) => Err(stays(&failure::why_ended(reason))),
    };
    for unsent in &earlier {
        finish(account, unsent, deadline, &mut absence, context).await;
    }
    outcome
}

/// Lets an earlier message that was parked for a reason that passes go again.
async fn wake(account: &Account, unsent: &Unsent) {
    let recoverable = matches!(&unsent.state, SendState::Failed(failure) if failure.recoverable);
    if recoverable && let Some(handle) = account.sending(unsent.client_msg_id) {
        // It may be on its way by now, which is as good.
        let _ = handle.retry().await;
    }
}

/// Waits for an earlier message as long as there is time, and says what became of it when it was refused.
async fn finish(
    account: &Account,
    unsent: &Unsent,
    deadline: Instant,
    absence: &mut Absence,
    context: &mut Context<'_>,
) {
    let Some(handle) = account.sending(unsent.client_msg_id) else { return };
    let id = handle.client_msg_id();
    match wait(account, &handle, deadline, absence, context).await {
        Waited::Done(SendState::Failed(failure)) if !failure.recoverable => {
            context.notice(&format!("an earlier message ({id}) was refused: {}: {}", failure.code, failure.text));
            // It will never be taken, and this device shows it to nobody.
            let _ = handle.cancel().await;
        }
        Waited::Done(SendState::Sent(_) | SendState::Done(_) | SendState::Cancelled) => {}
        Waited::Done(_) | Waited::Late | Waited::Ended(_) => {
            context.notice(&format!("an earlier message ({id}) still waits in the outbox"));
        }
    }
}

enum Waited {
    Done(SendState),
    Late,
    Ended(EndReason),
}

async fn wait(
    account: &Account,
    handle: &SendHandle,
    deadline: Instant,
    absence: &mut Absence,
    context: &mut Context<'_>,
) -> Waited {
    let Ok(mut signals) = EndSignals::listen() else { return Waited::Late };
    tokio::select! {
        biased;
        done = timeout_at(deadline, handle.done()) => done.map_or(Waited::Late, Waited::Done),
        reason = absence.watch(account, context) => Waited::Ended(reason),
        () = signals.received() => Waited::Late,
    }
}

/// A refusal for good is told once and not kept; what may pass is kept.
async fn give_back(handle: &SendHandle, failure: SendFailure) -> Failure {
    if failure.recoverable {
        return stays(&format!("{}: {}", failure.code, failure.text));
    }
    // Were this to fail, the message would lie there as failed: such a one never goes out by itself.
    let _ = handle.cancel().await;
    Failure::Refused { code: failure.code, text: failure.text }
}

fn why_late(account: &Account) -> String {
    match account.connection().get() {
        ConnectionState::Offline { reason, .. } => format!("no connection ({reason})"),
        ConnectionState::Idle | ConnectionState::Connecting { .. } => "no connection yet".to_owned(),
        ConnectionState::Syncing { .. } | ConnectionState::Online => "no answer in time".to_owned(),
        ConnectionState::Ended(reason) => failure::why_ended(reason),
    }
}

fn stays(why: &str) -> Failure {
    Failure::NotAcknowledged(format!("{why}; the message stays in the outbox, and the next send delivers it first"))
}

fn acknowledge(
    args: &SendArgs,
    mark: &SentMark,
    handle: &SendHandle,
    account: &Account,
    text: Option<String>,
    context: &mut Context<'_>,
) -> Outcome {
    let line = EventLine::of_sent(mark, handle, account.user(), text);
    if mark.conflict {
        return Err(Failure::refused(
            "conflict",
            format!("another text has this id already, and stands as {}", line.message_id),
        ));
    }
    if args.json {
        line.write_json(context.out)?;
    } else {
        let before = if mark.deduplicated { " (it was stored before)" } else { "" };
        writeln!(context.out, "sent {}{before}", line.message_id)?;
    }
    Ok(context.out.flush()?)
}

#[cfg(test)]
#[path = "send_tests.rs"]
mod tests;
