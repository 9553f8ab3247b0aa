//! `stonechat messages …`: what a user does with messages for himself.

use clap::{Args, Subcommand};
use stonechat_client::account::Account;
use stonechat_client::stars::STARRED_PAGE_MAX;
use stonechat_types::id::ConversationId;
use stonechat_types::number::Seq;

use crate::cli::args::ClientArgs;
use crate::cli::context::Context;
use crate::cli::failure::Outcome;
use crate::cli::line::EventLine;
use crate::cli::session::{DEVICE_SEND, Who};

/// `stonechat messages …`.
#[derive(Debug, Subcommand)]
pub enum MessagesCommand {
    /// Remove messages for yourself; others see them still
    Delete(MessagesArgs),
    /// Star messages, to find them again
    Star(MessagesArgs),
    /// Take stars away
    Unstar(MessagesArgs),
    /// Print starred messages, the last one first
    Starred(StarredArgs),
}

/// A command about messages.
#[derive(Clone, Debug, Args)]
pub struct MessagesArgs {
    /// Where they are
    #[arg(value_name = "CONVERSATION")]
    pub conversation: ConversationId,
    /// Which, by their seqs
    #[arg(value_name = "SEQ", required = true, num_args = 1..=100)]
    pub seqs: Vec<u64>,
    /// Who and where.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// `stonechat messages starred`.
#[derive(Clone, Debug, Args)]
pub struct StarredArgs {
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Who and where.
    #[command(flatten)]
    pub client: ClientArgs,
}

impl MessagesCommand {
    /// Who and where.
    #[must_use]
    pub fn client(&self) -> &ClientArgs {
        match self {
            Self::Delete(args) | Self::Star(args) | Self::Unstar(args) => &args.client,
            Self::Starred(args) => &args.client,
        }
    }
}

/// Does it.
///
/// # Errors
/// [`crate::cli::failure::Failure`].
pub async fn run(command: &MessagesCommand, who: &Who, context: &mut Context<'_>) -> Outcome {
    let account = who.connect(command.client(), DEVICE_SEND, context).await?;
    let outcome = act(command, &account, context).await;
    account.stop().await;
    outcome
}

async fn act(command: &MessagesCommand, account: &Account, context: &mut Context<'_>) -> Outcome {
    let seqs = |args: &MessagesArgs| args.seqs.iter().map(|seq| Seq(*seq)).collect::<Vec<_>>();
    let handle = match command {
        MessagesCommand::Delete(args) => account.conversation(&args.conversation).delete_for_me(&seqs(args)).await?,
        MessagesCommand::Star(args) => account.conversation(&args.conversation).star(&seqs(args), true).await?,
        MessagesCommand::Unstar(args) => account.conversation(&args.conversation).star(&seqs(args), false).await?,
        MessagesCommand::Starred(args) => return starred(args, account, context).await,
    };
    let done = handle.done().await;
    if done.is_err() {
        // Nothing of it stays behind on a device that the next command uses.
        let _ = handle.cancel().await;
    }
    done?;
    Ok(())
}

async fn starred(args: &StarredArgs, account: &Account, context: &mut Context<'_>) -> Outcome {
    let types = account.content_types().get();
    let mut after = None;
    loop {
        let page = account.starred(after, STARRED_PAGE_MAX).await?;
        for starred in &page {
            let Some(message) = &starred.message else { continue };
            let line = EventLine::of_message(message, starred.mark.1, &types);
            if args.json {
                line.write_json(context.out)?;
            } else {
                line.write_sentence(context.out, context.looks)?;
            }
        }
        match page.last() {
            Some(last) if page.len() == STARRED_PAGE_MAX => after = Some(last.mark),
            Some(_) | None => return Ok(context.out.flush()?),
        }
    }
}
