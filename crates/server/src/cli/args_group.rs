//! The words of `stonechat group …`.

use std::num::NonZeroU32;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use stonechat_client::group::JoinLink;
use stonechat_types::id::{ConversationId, UserId};

use crate::cli::args::ClientArgs;
use crate::cli::duration::parse_duration;

/// The group that a command is about.
#[derive(Clone, Debug, Args)]
pub struct GroupTarget {
    /// The group: g_…
    #[arg(long, value_name = "CONVERSATION")]
    pub conversation: ConversationId,
    /// Who and where.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// `stonechat group …`.
#[derive(Debug, Subcommand)]
pub enum GroupCommand {
    /// Make a group with yourself as its owner; prints its id
    Create(GroupCreateArgs),
    /// Add users
    Add(GroupUsersArgs),
    /// Remove a user
    Remove(GroupUserArgs),
    /// Leave the group
    Leave(GroupLeaveArgs),
    /// Give the group another title
    Rename(GroupRenameArgs),
    /// Give a member another role
    Role(GroupRoleArgs),
    /// List the members
    Members(GroupListArgs),
    /// Give the group to another member
    Transfer(GroupUserArgs),
    /// End the group for everybody
    Dissolve(GroupTarget),
    /// Change what members may do, and what they are shown
    Settings(GroupSettingsArgs),
    /// Let a member not write
    Mute(GroupMeasureArgs),
    /// Let a member write again
    Unmute(GroupUserArgs),
    /// Keep a user out
    Ban(GroupMeasureArgs),
    /// Keep a user out no longer
    Unban(GroupUserArgs),
    /// List those who are kept out
    Bans(GroupListArgs),
    /// Tell all members something; an empty text takes it away
    Announce(GroupTextArgs),
    /// Be called something else in the group; an empty text is as everywhere
    Nickname(GroupTextArgs),
    /// Become a member of an open group, accept an invitation, or subscribe to a channel
    Join(GroupTarget),
    /// Become a member by a link
    JoinLink(GroupJoinLinkArgs),
    /// Make a link by which one joins; prints it
    Link(GroupLinkArgs),
    /// Let nobody join by a link any more
    RevokeLink(GroupJoinLinkArgs),
    /// Ask a user to come in
    Invite(GroupUserArgs),
    /// Ask to be let in, with a word to the admins
    Apply(GroupTextArgs),
    /// List those who ask to be let in
    Applications(GroupListArgs),
    /// Let in who asks for it
    Accept(GroupUserArgs),
    /// Do not let in who asks for it
    Decline(GroupUserArgs),
}

/// `stonechat group create`.
#[derive(Clone, Debug, Args)]
pub struct GroupCreateArgs {
    /// What the group is called
    pub title: String,
    /// The other members
    #[arg(value_name = "USER")]
    pub users: Vec<UserId>,
    /// A channel: written by its admins, read by whoever joins
    #[arg(long)]
    pub channel: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Who and where.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// `stonechat group add`.
#[derive(Clone, Debug, Args)]
pub struct GroupUsersArgs {
    /// Whom
    #[arg(value_name = "USER", required = true)]
    pub users: Vec<UserId>,
    /// Where.
    #[command(flatten)]
    pub group: GroupTarget,
}

/// `stonechat group remove`, and others that name a user.
#[derive(Clone, Debug, Args)]
pub struct GroupUserArgs {
    /// Whom
    #[arg(value_name = "USER")]
    pub user: UserId,
    /// Where.
    #[command(flatten)]
    pub group: GroupTarget,
}

/// `stonechat group rename`.
#[derive(Clone, Debug, Args)]
pub struct GroupRenameArgs {
    /// The new title
    pub title: String,
    /// Where.
    #[command(flatten)]
    pub group: GroupTarget,
}

/// `stonechat group role`.
#[derive(Clone, Debug, Args)]
pub struct GroupRoleArgs {
    /// Whose
    #[arg(value_name = "USER")]
    pub user: UserId,
    /// What he may do: members read and write, admins also add, remove and rename, owners also set roles
    #[arg(value_enum)]
    pub role: RoleName,
    /// Where.
    #[command(flatten)]
    pub group: GroupTarget,
}

/// A role that can be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
    /// Sets roles, and does everything else.
    #[value(help = None)]
    Owner,
    /// Adds, removes and renames.
    #[value(help = None)]
    Admin,
    /// Reads and writes.
    #[value(help = None)]
    Member,
}

/// `stonechat group members`, and other lists.
#[derive(Clone, Debug, Args)]
pub struct GroupListArgs {
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Which.
    #[command(flatten)]
    pub group: GroupTarget,
}

/// `stonechat group leave`.
#[derive(Clone, Debug, Args)]
pub struct GroupLeaveArgs {
    /// Who is the owner in your place, when you are the last
    #[arg(long, value_name = "USER")]
    pub to: Option<UserId>,
    /// Which.
    #[command(flatten)]
    pub group: GroupTarget,
}

/// `stonechat group mute` and `stonechat group ban`.
#[derive(Clone, Debug, Args)]
pub struct GroupMeasureArgs {
    /// Whom
    #[arg(value_name = "USER")]
    pub user: UserId,
    /// For how long: 500ms, 10s, 5m, 1h, 7d; without it until you undo it
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub lasts: Option<Duration>,
    /// Why; everybody is told
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub reason: String,
    /// Where.
    #[command(flatten)]
    pub group: GroupTarget,
}

/// Commands that say a text.
#[derive(Clone, Debug, Args)]
pub struct GroupTextArgs {
    /// What
    pub text: String,
    /// Where.
    #[command(flatten)]
    pub group: GroupTarget,
}

/// `stonechat group link`.
#[derive(Clone, Debug, Args)]
pub struct GroupLinkArgs {
    /// For how long: 10s, 5m, 1h, 7d; without it until `group revoke-link`
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub lasts: Option<Duration>,
    /// How many may join by it; without it any number
    #[arg(long, value_name = "N")]
    pub uses: Option<NonZeroU32>,
    /// Where.
    #[command(flatten)]
    pub group: GroupTarget,
}

/// `stonechat group join-link` and `stonechat group revoke-link`.
#[derive(Clone, Debug, Args)]
pub struct GroupJoinLinkArgs {
    /// The link
    #[arg(value_name = "LINK")]
    pub link: JoinLink,
    /// Who and where.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// `stonechat group settings`.
#[derive(Clone, Debug, Args)]
#[command(group(clap::ArgGroup::new("setting").multiple(true).required(true)))]
pub struct GroupSettingsArgs {
    /// Who may write
    #[arg(long, value_enum, value_name = "WHO", group = "setting")]
    pub speak: Option<WhoName>,
    /// Who may add others
    #[arg(long, value_enum, value_name = "WHO", group = "setting")]
    pub invite: Option<WhoName>,
    /// Who may change title and description
    #[arg(long, value_enum, value_name = "WHO", group = "setting")]
    pub edit_info: Option<WhoName>,
    /// Who may mention everybody at once
    #[arg(long, value_enum, value_name = "WHO", group = "setting")]
    pub mention_all: Option<WhoName>,
    /// Who may pin messages
    #[arg(long, value_enum, value_name = "WHO", group = "setting")]
    pub pin: Option<WhoName>,
    /// How one joins
    #[arg(long, value_enum, value_name = "MODE", group = "setting")]
    pub join: Option<JoinName>,
    /// Whether newcomers see what was said before
    #[arg(long, value_enum, value_name = "SWITCH", group = "setting")]
    pub history: Option<SwitchName>,
    /// Whether members see how far others have read
    #[arg(long, value_enum, value_name = "SWITCH", group = "setting")]
    pub receipts: Option<SwitchName>,
    /// Whether only admins see who the members are
    #[arg(long, value_enum, value_name = "SWITCH", group = "setting")]
    pub members_hidden: Option<SwitchName>,
    /// Where.
    #[command(flatten)]
    pub group: GroupTarget,
}

/// Which members may do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WhoName {
    /// All of them.
    #[value(help = None)]
    Everybody,
    /// Admins and owners.
    #[value(help = None)]
    Admins,
}

/// How one joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum JoinName {
    /// Members add others.
    #[value(help = None)]
    Invitation,
    /// An admin has to agree.
    #[value(help = None)]
    Approval,
    /// At once.
    #[value(help = None)]
    Open,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SwitchName {
    /// It is so.
    #[value(help = None)]
    On,
    /// It is not.
    #[value(help = None)]
    Off,
}
