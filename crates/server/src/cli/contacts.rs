//! `stonechat contacts …`: who the user's contacts are, who asks, and whom he blocks.

use clap::{Args, Subcommand};
use serde::Serialize;
use stonechat_client::account::Account;
use stonechat_client::people::Relation;
use stonechat_types::id::UserId;

use crate::cli::args::ClientArgs;
use crate::cli::civil::Civil;
use crate::cli::context::Context;
use crate::cli::failure::Outcome;
use crate::cli::printer;
use crate::cli::session::{DEVICE_SEND, Who};
use crate::tui::sanitise;

/// `stonechat contacts …`.
#[derive(Debug, Subcommand)]
pub enum ContactsCommand {
    /// List contacts, requests and blocks
    List(ContactsListArgs),
    /// Ask somebody to become a contact
    Request(ContactsSayArgs),
    /// Become contacts, as somebody asked
    Accept(ContactsArgs),
    /// Decline what somebody asked
    Decline(ContactsSayArgs),
    /// Take back what you asked
    Withdraw(ContactsArgs),
    /// Be contacts no more
    Remove(ContactsArgs),
    /// Let nothing of somebody through; he is not told
    Block(ContactsArgs),
    /// Let somebody through again
    Unblock(ContactsArgs),
}

/// `stonechat contacts list`.
#[derive(Clone, Debug, Args)]
pub struct ContactsListArgs {
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Who and where.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// A command about somebody.
#[derive(Clone, Debug, Args)]
pub struct ContactsArgs {
    /// Who
    #[arg(value_name = "USER")]
    pub user: UserId,
    /// Who and where.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// A command about somebody, with a word to him.
#[derive(Clone, Debug, Args)]
pub struct ContactsSayArgs {
    /// Who
    #[arg(value_name = "USER")]
    pub user: UserId,
    /// What to say
    #[arg(value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub text: String,
    /// The answer to the question of who is asked
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub answer: String,
    /// Who and where.
    #[command(flatten)]
    pub client: ClientArgs,
}

impl ContactsCommand {
    /// Who and where.
    #[must_use]
    pub fn client(&self) -> &ClientArgs {
        match self {
            Self::List(args) => &args.client,
            Self::Request(args) | Self::Decline(args) => &args.client,
            Self::Accept(args)
            | Self::Withdraw(args)
            | Self::Remove(args)
            | Self::Block(args)
            | Self::Unblock(args) => &args.client,
        }
    }
}

/// Lists them, or changes what the user and another are to each other.
///
/// # Errors
/// [`crate::cli::failure::Failure`].
pub async fn run(command: &ContactsCommand, who: &Who, context: &mut Context<'_>) -> Outcome {
    let account = who.connect(command.client(), DEVICE_SEND, context).await?;
    let outcome = act(command, &account, context).await;
    account.stop().await;
    outcome
}

async fn act(command: &ContactsCommand, account: &Account, context: &mut Context<'_>) -> Outcome {
    match command {
        ContactsCommand::List(args) => {
            for relation in account.relations().get().values() {
                if args.json {
                    printer::json_line(context.out, &line(relation))?;
                } else if let Some(words) = words(relation, context) {
                    writeln!(context.out, "{words}")?;
                }
            }
            return Ok(context.out.flush()?);
        }
        ContactsCommand::Request(args) => account.request_contact(&args.user, &args.text, &args.answer).await?,
        ContactsCommand::Accept(args) => account.accept_contact(&args.user).await?,
        ContactsCommand::Decline(args) => account.decline_contact(&args.user, &args.text).await?,
        ContactsCommand::Withdraw(args) => account.withdraw_request(&args.user).await?,
        ContactsCommand::Remove(args) => account.remove_contact(&args.user).await?,
        ContactsCommand::Block(args) => account.block(&args.user).await?,
        ContactsCommand::Unblock(args) => account.unblock(&args.user).await?,
    }
    Ok(())
}

#[derive(Debug, Serialize)]
struct RelationLine<'r> {
    user: &'r str,
    contact_since: Option<i64>,
    blocked_since: Option<i64>,
    asks: Option<&'r str>,
    answer: Option<&'r str>,
    asked: Option<&'r str>,
    declined: Option<&'r str>,
    alias: &'r str,
    tags: Vec<&'r str>,
}

fn line(relation: &Relation) -> RelationLine<'_> {
    RelationLine {
        user: relation.user.as_str(),
        contact_since: relation.contacts_since.map(|at| at.as_millis()),
        blocked_since: relation.blocks_since.map(|at| at.as_millis()),
        asks: relation.incoming.as_ref().map(|request| request.message.as_str()),
        answer: relation.incoming.as_ref().map(|request| request.answer.as_str()),
        asked: relation.outgoing.as_ref().map(|request| request.message.as_str()),
        declined: relation.declined.as_ref().map(|(reason, _)| reason.as_str()),
        alias: &relation.remarks.alias,
        tags: relation.remarks.tags.iter().map(String::as_str).collect(),
    }
}

/// One line for people; `None` when there is nothing to say of him any more.
fn words(relation: &Relation, context: &Context<'_>) -> Option<String> {
    let day = |at| Civil::at(at, context.looks.offset).date_and_clock();
    let mut parts = Vec::new();
    parts.extend(relation.contacts_since.map(|at| format!("contact since {}", day(at))));
    parts.extend(relation.incoming.as_ref().map(|it| asked("asks to be a contact", &it.message, &it.answer)));
    parts.extend(relation.outgoing.as_ref().map(|it| asked("was asked to be a contact", &it.message, &it.answer)));
    parts.extend(relation.declined.as_ref().map(|(reason, _)| asked("declined", reason, "")));
    parts.extend(relation.blocks_since.map(|at| format!("blocked since {}", day(at))));
    if parts.is_empty() && relation.remarks.alias.is_empty() {
        return None;
    }
    let alias = &relation.remarks.alias;
    let alias = if alias.is_empty() { String::new() } else { format!(" ({})", sanitise::one_line(alias)) };
    Some(format!("{}{alias}  {}", sanitise::one_line(relation.user.as_str()), parts.join(", ")))
}

fn asked(what: &str, message: &str, answer: &str) -> String {
    let said = [message, answer].into_iter().filter(|text| !text.is_empty()).map(sanitise::one_line);
    let said: Vec<_> = said.map(|text| format!("“{text}”")).collect();
    if said.is_empty() { what.to_owned() } else { format!("{what}: {}", said.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_shown_without_what_would_act_on_a_terminal() {
        assert_eq!(asked("asks", "", ""), "asks");
        assert_eq!(
            asked("asks", "hi\u{1b}[2J", "Rex"),
            format!("asks: “{}”, “Rex”", sanitise::one_line("hi\u{1b}[2J"))
        );
    }
}
