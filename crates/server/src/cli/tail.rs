//! `stonechat tail`: what happens, a line an event, each once.

use std::time::Duration;

use futures_util::FutureExt as _;
use stonechat_client::account::Account;
use stonechat_client::events::{EventStream, RecordedEvent};
use stonechat_client::state::ConnectionState;
use tokio::time::{Instant, sleep_until};

use crate::cli::absence::Absence;
use crate::cli::args::TailArgs;
use crate::cli::context::Context;
use crate::cli::failure::{self, Outcome};
use crate::cli::line::EventLine;
use crate::cli::reader::Reader;
use crate::cli::session::{DEVICE_TAIL, Recording, Who};
use crate::cli::signals::EndSignals;

/// Lines that are written at once, and then acknowledged at once.
const LINES_PER_WRITE: usize = 256;

/// Follows until a signal, a closed pipe, or `--idle-exit`.
///
/// # Errors
/// [`failure::Failure`].
pub async fn run(args: &TailArgs, who: &Who, context: &mut Context<'_>) -> Outcome {
    let signals = EndSignals::listen()?;
    let account = who.open(&args.client, DEVICE_TAIL, Recording::Events).await?;
    let absence = Absence::new(&who.server, Instant::now());
    let outcome = follow(args, &account, absence, signals, context).await;
    account.stop().await;
    outcome
}

async fn follow(
    args: &TailArgs,
    account: &Account,
    mut absence: Absence,
    mut signals: EndSignals,
    context: &mut Context<'_>,
) -> Outcome {
    let reader = Reader::of_stdout();
    let mut connection = account.connection();
    let mut events = account.events();
    account.start().await?;
    let mut idle = Idle::new(args.idle_exit);
    idle.connection(&connection.get(), Instant::now());
    loop {
        tokio::select! {
            biased;
            () = signals.received() => return Ok(()),
            () = reader.gone() => return Ok(()),
            event = events.next() => {
                print(args, account, &mut events, event?, context).await?;
                idle.moved(Instant::now());
            }
            state = connection.next() => {
                let Some(state) = state else { return Ok(()) };
                if let ConnectionState::Ended(reason) = state {
                    return failure::of_ended(reason).map_or(Ok(()), Err);
                }
                if let Some(sentence) = absence.note(&state, Instant::now()) {
                    context.notice(&sentence);
                }
                idle.connection(&state, Instant::now());
            }
            () = absence.due() => context.notice(&absence.tell()),
            () = idle.over() => return Ok(()),
        }
    }
}

/// Writes an event and those that are ready behind it. Only what was written and flushed is acknowledged, so that a
/// reader who goes away gets the rest the next time.
async fn print(
    args: &TailArgs,
    account: &Account,
    events: &mut EventStream,
    first: RecordedEvent,
    context: &mut Context<'_>,
) -> Outcome {
    let mut last = first.cursor;
    let types = account.content_types().get();
    let mut lines = Vec::new();
    let mut next = Some(first);
    let mut written = 0;
    while let Some(event) = next {
        last = event.cursor;
        if args.conversation.is_none_or(|conversation| conversation == event.conversation) {
            let line = EventLine::of_event(&event, account.user(), &types);
            match (args.json, args.conversation) {
                (true, _) => line.write_json(&mut lines)?,
                (false, Some(_)) => line.write_sentence(&mut lines, context.looks)?,
                (false, None) => line.write_sentence_of_many(&mut lines, context.looks)?,
            }
        }
        written += 1;
        // An error comes again with the next call, after these lines are out.
        next = if written < LINES_PER_WRITE { events.next().now_or_never().and_then(Result::ok) } else { None };
    }
    context.out.write_all(&lines)?;
    context.out.flush()?;
    Ok(events.acknowledge(last).await?)
}

/// How long nothing happened while we were in step. Time without a connection does not count: things may happen that
/// we cannot see.
struct Idle {
    at_most: Option<Duration>,
    since: Option<Instant>,
}

impl Idle {
    fn new(at_most: Option<Duration>) -> Self {
        Self { at_most, since: None }
    }

    fn connection(&mut self, state: &ConnectionState, now: Instant) {
        let online = matches!(state, ConnectionState::Online);
        self.since = if online { self.since.or(Some(now)) } else { None };
    }

    fn moved(&mut self, now: Instant) {
        self.since = self.since.map(|_| now);
    }

    fn deadline(&self) -> Option<Instant> {
        Some(self.since? + self.at_most?)
    }

    async fn over(&self) {
        match self.deadline() {
            Some(deadline) => sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_time_counts_only_while_in_step_and_begins_anew_with_each_event() {
        let (begin, ms) = (Instant::now(), Duration::from_millis);
        let mut idle = Idle::new(Some(ms(500)));
        assert_eq!(idle.deadline(), None, "it was not online yet");
        idle.moved(begin);
        assert_eq!(idle.deadline(), None, "what arrives while it catches up does not start it");
        idle.connection(&ConnectionState::Online, begin + ms(10));
        assert_eq!(idle.deadline(), Some(begin + ms(510)));
        idle.moved(begin + ms(300));
        idle.connection(&ConnectionState::Online, begin + ms(400));
        assert_eq!(idle.deadline(), Some(begin + ms(800)));
        idle.connection(&ConnectionState::Offline { reason: String::new(), retry_in_ms: 1 }, begin + ms(500));
        assert_eq!(idle.deadline(), None, "it is offline");
        assert_eq!(Idle::new(None).deadline(), None);
    }
}
