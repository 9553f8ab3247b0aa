//! `stonechat conversations`: the list.

use serde::Serialize;
use stonechat_client::state::ConversationSummary;

use crate::cli::args::ConversationsArgs;
use crate::cli::civil::Civil;
use crate::cli::context::Context;
use crate::cli::failure::Outcome;
use crate::cli::group::role_name;
use crate::cli::printer;
use crate::cli::session::{DEVICE_SEND, Who};
use crate::tui::sanitise;

/// A conversation as scripts see it: itself, and its last message.
#[derive(Debug, Serialize)]
struct ConversationLine<'s> {
    conversation: String,
    kind: &'static str,
    title: &'s str,
    peer: Option<&'s str>,
    role: Option<&'static str>,
    members: u32,
    unread: u64,
    seq: u64,
    ordinal: u64,
    sender: Option<&'s str>,
    sent_at: Option<i64>,
    text: Option<&'s str>,
}

/// Prints the conversations, most recent first.
///
/// # Errors
/// [`crate::cli::failure::Failure`].
pub async fn run(args: &ConversationsArgs, who: &Who, context: &mut Context<'_>) -> Outcome {
    let account = who.connect(&args.client, DEVICE_SEND, context).await?;
    let conversations = account.conversations().now();
    account.stop().await;
    for summary in &conversations {
        if args.json {
            printer::json_line(context.out, &line(summary))?;
        } else {
            write_sentence(context, summary)?;
        }
    }
    Ok(context.out.flush()?)
}

fn line(summary: &ConversationSummary) -> ConversationLine<'_> {
    let last = summary.preview.as_ref();
    ConversationLine {
        conversation: summary.id.to_string(),
        kind: summary.kind.as_str(),
        title: &summary.title,
        peer: summary.peer.as_ref().map(|peer| peer.as_str()),
        role: role_name(summary.role),
        members: summary.member_count,
        unread: summary.unread,
        seq: summary.head_seq.get(),
        ordinal: summary.head_ordinal.get(),
        sender: last.map(|last| last.sender.as_str()),
        sent_at: last.map(|last| last.sent_at.as_millis()),
        text: last.map(|last| last.text.as_str()),
    }
}

fn write_sentence(context: &mut Context<'_>, summary: &ConversationSummary) -> std::io::Result<()> {
    let paint = context.looks.paint;
    let id = paint.dim(&summary.id.to_string());
    let time = paint.dim(&Civil::at(summary.active_at, context.looks.offset).date_and_clock());
    let title = sanitise::one_line(&summary.title);
    let title = if summary.unread > 0 { format!("{} ({} unread)", paint.bold(&title), summary.unread) } else { title };
    let last = match &summary.preview {
        Some(last) if last.recalled => format!("  {}: (recalled)", last.sender),
        Some(last) => format!("  {}: {}", last.sender, sanitise::one_line(&last.text)),
        None => String::new(),
    };
    writeln!(context.out, "{id}  {time}  {title}{last}")
}
