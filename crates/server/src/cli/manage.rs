//! `stonechat group …`: what is done with a group besides its members.

use serde::Serialize;
use stonechat_client::account::Account;
use stonechat_client::group::{Asker, Ban};
use stonechat_domain::group::{JoinMode, SettingsPatch, Who};

use crate::cli::args_group::{GroupCommand, GroupSettingsArgs, JoinName, SwitchName, WhoName};
use crate::cli::context::Context;
use crate::cli::failure::Outcome;
use crate::cli::printer;
use crate::tui::sanitise;

/// Does it, and says nothing when there is nothing to say.
///
/// # Errors
/// [`crate::cli::failure::Failure`].
pub async fn act(command: &GroupCommand, account: &Account, context: &mut Context<'_>) -> Outcome {
    match command {
        GroupCommand::Transfer(args) => {
            account.conversation(&args.group.conversation).transfer_owner(&args.user).await?
        }
        GroupCommand::Dissolve(group) => account.conversation(&group.conversation).dissolve().await?,
        GroupCommand::Settings(args) => {
            account.conversation(&args.group.conversation).change_settings(patch(args)).await?;
        }
        GroupCommand::Mute(args) => {
            account.conversation(&args.group.conversation).mute(&args.user, args.lasts, &args.reason).await?;
        }
        GroupCommand::Unmute(args) => account.conversation(&args.group.conversation).unmute(&args.user).await?,
        GroupCommand::Ban(args) => {
            account.conversation(&args.group.conversation).ban(&args.user, args.lasts, &args.reason).await?;
        }
        GroupCommand::Unban(args) => account.conversation(&args.group.conversation).lift_ban(&args.user).await?,
        GroupCommand::Bans(args) => {
            for ban in &account.conversation(&args.group.conversation).bans().await? {
                write_ban(ban, args.json, context)?;
            }
            context.out.flush()?;
        }
        GroupCommand::Announce(args) => account.conversation(&args.group.conversation).announce(&args.text).await?,
        GroupCommand::Nickname(args) => account.conversation(&args.group.conversation).set_nickname(&args.text).await?,
        GroupCommand::Join(group) => account.conversation(&group.conversation).join().await?,
        GroupCommand::JoinLink(args) => drop(account.join_by_link(&args.link).await?),
        GroupCommand::Link(args) => {
            let link = account.conversation(&args.group.conversation).make_link(args.lasts, args.uses).await?;
            writeln!(context.out, "{link}")?;
            context.out.flush()?;
        }
        GroupCommand::RevokeLink(args) => {
            account.conversation(&args.link.conversation).revoke_link(args.link.id()).await?;
        }
        GroupCommand::Invite(args) => account.conversation(&args.group.conversation).invite(&args.user).await?,
        GroupCommand::Apply(args) => account.conversation(&args.group.conversation).apply(&args.text).await?,
        GroupCommand::Applications(args) => {
            for asker in &account.conversation(&args.group.conversation).applications().await? {
                write_asker(asker, args.json, context)?;
            }
            context.out.flush()?;
        }
        GroupCommand::Accept(args) => {
            account.conversation(&args.group.conversation).accept_application(&args.user).await?;
        }
        GroupCommand::Decline(args) => {
            account.conversation(&args.group.conversation).decline_application(&args.user).await?;
        }
        // Of members: see `group`.
        GroupCommand::Create(_)
        | GroupCommand::Add(_)
        | GroupCommand::Remove(_)
        | GroupCommand::Leave(_)
        | GroupCommand::Rename(_)
        | GroupCommand::Role(_)
        | GroupCommand::Members(_) => {}
    }
    Ok(())
}

fn patch(args: &GroupSettingsArgs) -> SettingsPatch {
    let who = |name: Option<WhoName>| {
        name.map(|name| match name {
            WhoName::Everybody => Who::Everybody,
            WhoName::Admins => Who::Admins,
        })
    };
    let is_on = |name: Option<SwitchName>| name.map(|name| name == SwitchName::On);
    SettingsPatch {
        speak: who(args.speak),
        invite: who(args.invite),
        edit_info: who(args.edit_info),
        mention_all: who(args.mention_all),
        pin: who(args.pin),
        join: args.join.map(|name| match name {
            JoinName::Invitation => JoinMode::Invitation,
            JoinName::Approval => JoinMode::Approval,
            JoinName::Open => JoinMode::Open,
        }),
        history: is_on(args.history),
        receipts: is_on(args.receipts),
        members_hidden: is_on(args.members_hidden),
    }
}

#[derive(Debug, Serialize)]
struct BanLine<'b> {
    user: &'b str,
    display_name: &'b str,
    /// Missing for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
    reason: &'b str,
}

fn write_ban(ban: &Ban, json: bool, context: &mut Context<'_>) -> std::io::Result<()> {
    let name = printer::named(&ban.user, &ban.display_name);
    if json {
        let until = ban.until.map(|until| until.as_millis());
        let (user, display_name, reason) = (ban.user.as_str(), &*ban.display_name, &*ban.reason);
        return printer::json_line(context.out, &BanLine { user, display_name, until, reason });
    }
    writeln!(context.out, "{name}{}", behind(&ban.reason))
}

#[derive(Debug, Serialize)]
struct AskerLine<'a> {
    user: &'a str,
    display_name: &'a str,
    message: &'a str,
    at: i64,
}

fn write_asker(asker: &Asker, json: bool, context: &mut Context<'_>) -> std::io::Result<()> {
    if json {
        let (user, display_name, message) = (asker.user.as_str(), &*asker.display_name, &*asker.message);
        return printer::json_line(context.out, &AskerLine { user, display_name, message, at: asker.at.as_millis() });
    }
    let name = printer::named(&asker.user, &asker.display_name);
    writeln!(context.out, "{name}{}", behind(&asker.message))
}

/// What somebody wrote, without what would act on a terminal.
fn behind(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("  {}", sanitise::one_line(text)) }
}
