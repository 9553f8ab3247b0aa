//! `stonechat presence …`: whether people are there, and what the user says of himself for the time being.

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use std::time::Duration;
use stonechat_client::account::Account;
use stonechat_client::presence::{CustomStatus, Presence, PresenceChange, PresenceSettings, WhoMaySee};
use stonechat_types::id::UserId;
use stonechat_types::number::Timestamp;

use crate::cli::args::ClientArgs;
use crate::cli::context::Context;
use crate::cli::duration::parse_duration;
use crate::cli::failure::Outcome;
use crate::cli::local_server::now;
use crate::cli::printer;
use crate::cli::session::{DEVICE_SEND, Who};
use crate::tui::{sanitise, words};

/// `stonechat presence …`.
#[derive(Debug, Subcommand)]
pub enum PresenceCommand {
    /// Show whether people are there
    Show(PresenceShowArgs),
    /// Show what you say of yourself, and who is shown what
    Settings(PresenceSettingsArgs),
    /// Say something of yourself, for a while or until it is changed; nothing takes it back
    Status(PresenceStatusArgs),
    /// Choose who is shown what
    Privacy(PresencePrivacyArgs),
}

/// `stonechat presence show`.
#[derive(Clone, Debug, Args)]
pub struct PresenceShowArgs {
    /// Who
    #[arg(value_name = "USER", required = true)]
    pub users: Vec<UserId>,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Who and where.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// `stonechat presence settings`.
#[derive(Clone, Debug, Args)]
pub struct PresenceSettingsArgs {
    /// Print a JSON object
    #[arg(long)]
    pub json: bool,
    /// Who and where.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// `stonechat presence status`.
#[derive(Clone, Debug, Args)]
pub struct PresenceStatusArgs {
    /// A line
    #[arg(value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub text: String,
    /// One emoji
    #[arg(long, value_name = "EMOJI", default_value = "", hide_default_value = true)]
    pub emoji: String,
    /// For how long, like 30m or 2h
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub lasts: Option<Duration>,
    /// Who and where.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// `stonechat presence privacy`.
#[derive(Clone, Debug, Args)]
#[group(multiple = true)]
pub struct PresencePrivacyArgs {
    /// Who is shown whether you are there, and your status
    #[arg(long, value_name = "WHO")]
    pub see: Option<May>,
    /// Who, of those, is shown when you were there last
    #[arg(long, value_name = "WHO")]
    pub last_seen: Option<May>,
    /// Whether you look as if you were not there
    #[arg(long, value_name = "YES")]
    pub invisible: Option<bool>,
    /// Who and where.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Who may see something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum May {
    /// Whoever you do not block
    Everybody,
    /// Your contacts
    Contacts,
    /// Nobody
    Nobody,
}

impl From<May> for WhoMaySee {
    fn from(may: May) -> Self {
        match may {
            May::Everybody => Self::Everybody,
            May::Contacts => Self::Contacts,
            May::Nobody => Self::Nobody,
        }
    }
}

impl PresenceCommand {
    /// Who and where.
    #[must_use]
    pub fn client(&self) -> &ClientArgs {
        match self {
            Self::Show(args) => &args.client,
            Self::Settings(args) => &args.client,
            Self::Status(args) => &args.client,
            Self::Privacy(args) => &args.client,
        }
    }
}

/// Shows or changes it.
///
/// # Errors
/// [`crate::cli::failure::Failure`].
pub async fn run(command: &PresenceCommand, who: &Who, context: &mut Context<'_>) -> Outcome {
    let account = who.connect(command.client(), DEVICE_SEND, context).await?;
    let outcome = act(command, &account, context).await;
    account.stop().await;
    outcome
}

async fn act(command: &PresenceCommand, account: &Account, context: &mut Context<'_>) -> Outcome {
    match command {
        PresenceCommand::Show(args) => {
            for presence in account.fetch_presence(&args.users).await? {
                if args.json {
                    printer::json_line(context.out, &line(&presence))?;
                } else {
                    let user = sanitise::one_line(presence.user.as_str());
                    writeln!(context.out, "{user}  {}", words::presence(&presence, now(), context.looks.offset))?;
                }
            }
        }
        PresenceCommand::Settings(args) => {
            let known = account.presence_settings().get();
            show(&known.as_deref().cloned().unwrap_or_default(), args.json, context)?;
        }
        PresenceCommand::Status(args) => {
            let until = args.lasts.map(|lasts| now().plus_ms(i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX)));
            let status = CustomStatus { emoji: args.emoji.clone(), text: args.text.clone(), until };
            account.set_presence(PresenceChange { status: Some(status), ..PresenceChange::default() }).await?;
        }
        PresenceCommand::Privacy(args) => {
            let change = PresenceChange {
                status: None,
                who_may_see: args.see.map(Into::into),
                who_may_see_last_seen: args.last_seen.map(Into::into),
                invisible: args.invisible,
            };
            account.set_presence(change).await?;
        }
    }
    Ok(context.out.flush()?)
}

fn show(settings: &PresenceSettings, json: bool, context: &mut Context<'_>) -> Outcome {
    let line = SettingsLine {
        status: settings.status.as_ref().map(status),
        who_may_see: who(settings.who_may_see),
        who_may_see_last_seen: who(settings.who_may_see_last_seen),
        invisible: settings.invisible,
    };
    if json {
        return Ok(printer::json_line(context.out, &line)?);
    }
    let said = settings.status.as_ref().map(words::custom_status).unwrap_or_else(|| "none".to_owned());
    writeln!(context.out, "status     {said}")?;
    writeln!(context.out, "seen by    {}", line.who_may_see)?;
    writeln!(context.out, "last seen  {}", line.who_may_see_last_seen)?;
    writeln!(context.out, "invisible  {}", if line.invisible { "yes" } else { "no" })?;
    Ok(())
}

#[derive(Debug, Serialize)]
struct PresenceLine<'p> {
    user: &'p str,
    availability: &'static str,
    platforms: Vec<String>,
    last_seen: Option<i64>,
    status: Option<StatusLine<'p>>,
}

#[derive(Debug, Serialize)]
struct StatusLine<'p> {
    emoji: &'p str,
    text: &'p str,
    until: Option<i64>,
}

#[derive(Debug, Serialize)]
struct SettingsLine<'p> {
    status: Option<StatusLine<'p>>,
    who_may_see: &'static str,
    who_may_see_last_seen: &'static str,
    invisible: bool,
}

fn line(presence: &Presence) -> PresenceLine<'_> {
    PresenceLine {
        user: presence.user.as_str(),
        availability: presence.availability.name(),
        platforms: presence.platforms.iter().map(|platform| words::platform(*platform).to_owned()).collect(),
        last_seen: presence.last_seen.map(Timestamp::as_millis),
        status: presence.status.as_ref().map(status),
    }
}

fn status(status: &CustomStatus) -> StatusLine<'_> {
    StatusLine { emoji: &status.emoji, text: &status.text, until: status.until.map(Timestamp::as_millis) }
}

fn who(who: WhoMaySee) -> &'static str {
    match who {
        WhoMaySee::Unspecified | WhoMaySee::Everybody => "everybody",
        WhoMaySee::Contacts => "contacts",
        WhoMaySee::Nobody => "nobody",
    }
}
