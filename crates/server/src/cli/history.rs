//! `stonechat history`: messages of a conversation as they are now.

use stonechat_client::account::Account;
use stonechat_client::state::Message;
use stonechat_types::limits::PAGE_ITEMS_MAX;
use stonechat_types::number::Ordinal;

use crate::cli::args::HistoryArgs;
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::line::EventLine;
use crate::cli::session::{DEVICE_SEND, Who};

/// Prints the newest messages, or those before an ordinal, oldest first.
///
/// # Errors
/// [`Failure`].
pub async fn run(args: &HistoryArgs, who: &Who, context: &mut Context<'_>) -> Outcome {
    let account = who.connect(&args.client, DEVICE_SEND, context).await?;
    let messages = fetch(args, &account).await;
    account.stop().await;
    let types = account.content_types().get();
    for message in messages? {
        let line = EventLine::of_message(&message, args.conversation, &types);
        if args.json {
            line.write_json(context.out)?;
        } else {
            line.write_sentence(context.out, context.looks)?;
        }
    }
    Ok(context.out.flush()?)
}

async fn fetch(args: &HistoryArgs, account: &Account) -> Result<Vec<Message>, Failure> {
    let conversation = account.conversation(&args.conversation);
    let mut before = args.before.map(Ordinal);
    let mut pages = Vec::new();
    let mut missing = args.limit;
    // Nothing stands before the first message, and the server reads 0 as "the newest".
    while missing > 0 && before.is_none_or(|before| before.get() > 1) {
        let page = conversation.fetch_history(before, missing.min(PAGE_ITEMS_MAX)).await?;
        let more = page.more_before;
        let Some(first) = page.messages.first().and_then(|message| message.ordinal) else { break };
        missing = missing.saturating_sub(u32::try_from(page.messages.len()).unwrap_or(u32::MAX));
        pages.push(page.messages);
        before = Some(first);
        if !more {
            break;
        }
    }
    Ok(pages.into_iter().rev().flatten().collect())
}
