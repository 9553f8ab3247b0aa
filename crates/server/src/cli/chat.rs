//! `stonechat chat`: opens the terminal client.

use std::io::{self, IsTerminal as _};

use crate::cli::args::ChatArgs;
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::session::{DEVICE_CHAT, Recording, Who};
use crate::tui::run::{self, First};

/// Chats until the user quits. Needs no connection: what this device knows is shown at once.
///
/// # Errors
/// [`Failure`].
pub async fn run(args: &ChatArgs, who: &Who, context: &mut Context<'_>) -> Outcome {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(Failure::Usage("chat needs a terminal; scripts use send and tail".into()));
    }
    let account = who.open(&args.client, DEVICE_CHAT, Recording::Nothing).await?;
    account.start().await?;
    let first = match (&args.target.conversation, &args.target.to) {
        (Some(id), _) => First::Conversation(*id),
        (None, Some(user)) => First::Direct(user.clone()),
        (None, None) => First::List,
    };
    run::run(&account, first, context.looks).await
}
