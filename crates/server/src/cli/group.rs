//! `stonechat group …`: groups and who is in them.

use serde::Serialize;
use stonechat_client::account::Account;
use stonechat_client::state::{Member, Role};

use crate::cli::args::ClientArgs;
use crate::cli::args_group::{GroupCommand, GroupCreateArgs, RoleName};
use crate::cli::context::Context;
use crate::cli::failure::Outcome;
use crate::cli::manage;
use crate::cli::printer;
use crate::cli::session::{DEVICE_SEND, Who};

impl GroupCommand {
    /// Who and where.
    #[must_use]
    pub fn client(&self) -> &ClientArgs {
        match self {
            Self::Create(args) => &args.client,
            Self::Add(args) => &args.group.client,
            Self::Remove(args) => &args.group.client,
            Self::Leave(args) => &args.group.client,
            Self::Rename(args) => &args.group.client,
            Self::Role(args) => &args.group.client,
            Self::Members(args) | Self::Bans(args) | Self::Applications(args) => &args.group.client,
            Self::Transfer(args)
            | Self::Unmute(args)
            | Self::Unban(args)
            | Self::Invite(args)
            | Self::Accept(args)
            | Self::Decline(args) => &args.group.client,
            Self::Dissolve(group) | Self::Join(group) => &group.client,
            Self::Settings(args) => &args.group.client,
            Self::Mute(args) | Self::Ban(args) => &args.group.client,
            Self::Announce(args) | Self::Nickname(args) | Self::Apply(args) => &args.group.client,
            Self::JoinLink(args) | Self::RevokeLink(args) => &args.client,
            Self::Link(args) => &args.group.client,
        }
    }
}

/// Does it, and says nothing when there is nothing to say.
///
/// # Errors
/// [`crate::cli::failure::Failure`].
pub async fn run(command: &GroupCommand, who: &Who, context: &mut Context<'_>) -> Outcome {
    let account = who.connect(command.client(), DEVICE_SEND, context).await?;
    let outcome = act(command, &account, context).await;
    account.stop().await;
    outcome
}

async fn act(command: &GroupCommand, account: &Account, context: &mut Context<'_>) -> Outcome {
    match command {
        GroupCommand::Create(args) => return create(args, account, context).await,
        GroupCommand::Add(args) => account.conversation(&args.group.conversation).add_members(&args.users).await?,
        GroupCommand::Remove(args) => account.conversation(&args.group.conversation).remove_member(&args.user).await?,
        GroupCommand::Leave(args) => {
            let group = account.conversation(&args.group.conversation);
            match &args.to {
                Some(successor) => group.leave_to(successor).await?,
                None => group.leave().await?,
            }
        }
        GroupCommand::Rename(args) => account.conversation(&args.group.conversation).rename(&args.title).await?,
        GroupCommand::Role(args) => {
            let role = match args.role {
                RoleName::Owner => Role::Owner,
                RoleName::Admin => Role::Admin,
                RoleName::Member => Role::Member,
            };
            account.conversation(&args.group.conversation).set_role(&args.user, role).await?;
        }
        GroupCommand::Members(args) => {
            let members = account.conversation(&args.group.conversation).members().await?;
            for member in &members {
                write_member(member, args.json, context)?;
            }
            context.out.flush()?;
        }
        command => return manage::act(command, account, context).await,
    }
    Ok(())
}

#[derive(Debug, Serialize)]
struct CreatedLine<'l> {
    conversation: String,
    title: &'l str,
}

async fn create(args: &GroupCreateArgs, account: &Account, context: &mut Context<'_>) -> Outcome {
    let group = if args.channel {
        account.create_channel(&args.title, &args.users).await?
    } else {
        account.create_group(&args.title, &args.users).await?
    };
    if args.json {
        printer::json_line(context.out, &CreatedLine { conversation: group.id().to_string(), title: &args.title })?;
    } else {
        writeln!(context.out, "{}", group.id())?;
    }
    Ok(context.out.flush()?)
}

#[derive(Debug, Serialize)]
struct MemberLine<'m> {
    user: &'m str,
    display_name: &'m str,
    role: Option<&'static str>,
    nickname: &'m str,
    muted_until: i64,
}

fn write_member(member: &Member, json: bool, context: &mut Context<'_>) -> std::io::Result<()> {
    let role = role_name(member.role);
    if json {
        let line = MemberLine {
            user: member.user.as_str(),
            display_name: &member.display_name,
            role,
            nickname: &member.nickname,
            muted_until: member.muted_until.as_millis(),
        };
        return printer::json_line(context.out, &line);
    }
    let name = printer::named(&member.user, &member.display_name);
    writeln!(context.out, "{:<6}  {name}", role.unwrap_or_default())
}

/// The name of a role; `None` of somebody who has none.
#[must_use]
pub fn role_name(role: Role) -> Option<&'static str> {
    match role {
        Role::None => None,
        Role::Member => Some("member"),
        Role::Admin => Some("admin"),
        Role::Owner => Some("owner"),
    }
}
