//! What can be typed: every command, every option, every line of help.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use stonechat_log_segment::os_disk::SYNCS;
use stonechat_types::id::{AppName, ClientMsgId, ConversationId, DeviceId, UserId};

use crate::cli::args_group::GroupCommand;
use crate::cli::contacts::ContactsCommand;
use crate::cli::duration::{parse_duration, parse_millis};
use crate::cli::examples;
use crate::cli::messages::MessagesCommand;
use crate::cli::presence::PresenceCommand;
use crate::cli::quiet::QuietCommand;

/// What `--version` says. A build that does not sync cannot hide it.
const VERSION: &str = if SYNCS {
    env!("CARGO_PKG_VERSION")
} else {
    concat!(env!("CARGO_PKG_VERSION"), " WITHOUT SYNC: NOT SAFE, a power cut loses acknowledged messages")
};

/// Self-hosted chat and push: the server, and clients for the terminal and for scripts.
#[derive(Debug, Parser)]
#[command(
    name = "stonechat",
    version = VERSION,
    disable_help_subcommand = true,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = examples::ROOT
)]
pub struct Cli {
    /// Colours: auto, always or never; NO_COLOR is respected
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value_t = ColorWhen::Auto,
        hide_possible_values = true,
        hide_default_value = true,
        display_order = 900
    )]
    pub color: ColorWhen,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The whole table of commands. Help never shows what is in the environment.
#[must_use]
pub fn command() -> clap::Command {
    let hide = |measure: clap::Command| measure.mut_arg("server", |server| server.hide_env_values(true));
    Cli::command().mut_subcommand("bench", |bench| bench.mut_subcommand("chat", hide).mut_subcommand("group", hide))
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    #[value(help = None)]
    Auto,
    /// Always.
    #[value(help = None)]
    Always,
    /// Never.
    #[value(help = None)]
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server
    #[command(after_help = examples::SERVE)]
    Serve(ServeArgs),
    /// Make tokens by which people sign in
    #[command(subcommand, arg_required_else_help = true)]
    Token(TokenCommand),
    /// Chat in the terminal
    #[command(after_help = examples::CHAT)]
    Chat(ChatArgs),
    /// List the conversations, most recent first
    #[command(after_help = examples::CONVERSATIONS)]
    Conversations(ConversationsArgs),
    /// Print messages of a conversation, oldest first
    #[command(after_help = examples::HISTORY)]
    History(HistoryArgs),
    /// Send a message, and wait until the server has stored it
    #[command(after_help = examples::SEND)]
    Send(SendArgs),
    /// Print what happens, a line an event, going on where this device stopped
    #[command(after_help = examples::TAIL)]
    Tail(TailArgs),
    /// Make groups and change them
    #[command(subcommand, arg_required_else_help = true, after_help = examples::GROUP)]
    Group(GroupCommand),
    /// Remove messages for yourself, star them, and list those
    #[command(subcommand, arg_required_else_help = true, after_help = examples::MESSAGES)]
    Messages(MessagesCommand),
    /// Say when you are not to be disturbed
    #[command(subcommand, arg_required_else_help = true, after_help = examples::QUIET)]
    Quiet(QuietCommand),
    /// List contacts, requests and blocks, and change them
    #[command(subcommand, arg_required_else_help = true, after_help = examples::CONTACTS)]
    Contacts(ContactsCommand),
    /// Show whether people are there, and say something of yourself
    #[command(subcommand, arg_required_else_help = true, after_help = examples::PRESENCE)]
    Presence(PresenceCommand),
    /// List the devices of the user, and sign one out
    #[command(subcommand, arg_required_else_help = true, after_help = examples::DEVICES)]
    Devices(DevicesCommand),
    /// Read the stored log, beside a running server or without one
    #[command(subcommand, arg_required_else_help = true, after_help = examples::LOG)]
    Log(LogCommand),
    /// Measure how fast a server is
    #[command(subcommand, arg_required_else_help = true)]
    Bench(BenchCommand),
    /// Check the configuration, or show where each value comes from
    #[command(subcommand, arg_required_else_help = true, after_help = examples::CONFIG)]
    Config(ConfigCommand),
    /// Look for what is wrong with this machine, its configuration and its data
    #[command(after_help = examples::DOCTOR)]
    Doctor(DoctorArgs),
    /// Print a script that completes commands and options in a shell
    #[command(after_help = examples::COMPLETIONS)]
    Completions(CompletionsArgs),
}

impl Command {
    /// Whether it tells people times: these need the time zone, which takes another process.
    #[must_use]
    pub fn shows_times(&self) -> bool {
        match self {
            Self::Chat(_)
            | Self::Conversations(_)
            | Self::History(_)
            | Self::Send(_)
            | Self::Tail(_)
            | Self::Group(_)
            | Self::Messages(_)
            | Self::Quiet(_)
            | Self::Contacts(_)
            | Self::Presence(_)
            | Self::Devices(_) => true,
            Self::Serve(_)
            | Self::Token(_)
            | Self::Log(_)
            | Self::Bench(_)
            | Self::Config(_)
            | Self::Doctor(_)
            | Self::Completions(_) => false,
        }
    }
}

/// `stonechat serve`.
#[derive(Clone, Debug, Default, Args)]
pub struct ServeArgs {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where data and keys are kept; made when missing
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where to listen, instead of what the configuration says
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Make six demo people, and say how to chat as them
    #[arg(long)]
    pub demo: bool,
    /// For who develops the messenger: where it was built, instead of what is in the binary
    #[arg(long, value_name = "DIR")]
    pub web_folder: Option<PathBuf>,
}

/// `stonechat token …`.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Print a token, signed with the key in the data folder
    #[command(after_help = examples::TOKEN_MINT)]
    Mint(TokenMintArgs),
}

/// `stonechat token mint`.
#[derive(Clone, Debug, Args)]
pub struct TokenMintArgs {
    /// Who the bearer will be
    #[arg(long, value_name = "USER")]
    pub user: UserId,
    /// The app of the user
    #[arg(long, value_name = "APP", default_value = "default")]
    pub app: AppName,
    /// How long it is valid: 30s, 15m, 1h, 7d; a number alone is seconds
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = parse_duration)]
    pub expires: Duration,
    /// The only device that may use it
    #[arg(long, value_name = "NAME")]
    pub device: Option<DeviceId>,
    /// The data folder of the server
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// Who talks to which server: the same for every client.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Connection")]
pub struct ClientArgs {
    /// The server: http://HOST:PORT, https://…, tcp://… or tls://… [env: STONECHAT_URL]
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// A token of the user [env: STONECHAT_TOKEN]
    #[arg(long, value_name = "TOKEN")]
    pub token: Option<String>,
    /// A stored profile, or a user of the server whose data folder is on this machine
    #[arg(long = "as", value_name = "NAME")]
    pub profile: Option<UserId>,
    /// The name of this device; each has its own place in the conversations
    #[arg(long, value_name = "NAME")]
    pub device: Option<DeviceId>,
    /// The app of the user, when it is not the token's
    #[arg(long, value_name = "APP")]
    pub app: Option<AppName>,
    /// Certificates (PEM) to trust instead of the system's
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Where profiles and what devices know are kept [env: STONECHAT_HOME]
    #[arg(long, value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// The data folder of a server on this machine, for --as
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// Where a message goes.
#[derive(Clone, Debug, Default, Args)]
pub struct TargetArgs {
    /// The user of a direct conversation; it begins with its first message
    #[arg(long, value_name = "USER")]
    pub to: Option<UserId>,
    /// The conversation: d_… or g_…
    #[arg(long, value_name = "CONVERSATION", conflicts_with = "to")]
    pub conversation: Option<ConversationId>,
}

/// `stonechat chat`.
#[derive(Clone, Debug, Args)]
pub struct ChatArgs {
    /// What to open first.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Who and where.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// `stonechat conversations`.
#[derive(Clone, Debug, Args)]
pub struct ConversationsArgs {
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Who and where.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// `stonechat history`.
#[derive(Clone, Debug, Args)]
pub struct HistoryArgs {
    /// The conversation: d_… or g_…
    #[arg(long, value_name = "CONVERSATION")]
    pub conversation: ConversationId,
    /// Only messages before this one, counted from the first; without it the newest
    #[arg(long, value_name = "ORDINAL")]
    pub before: Option<u64>,
    /// At most so many messages
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Who and where.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// `stonechat send`.
#[derive(Clone, Debug, Args)]
#[command(group(clap::ArgGroup::new("target").args(["to", "conversation"]).required(true)))]
pub struct SendArgs {
    /// The text; `-` reads it from standard input, less one line break at its end
    #[arg(value_name = "TEXT|-")]
    pub text: String,
    /// Where to.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Send content of a type of the app's own; the text is its JSON
    #[arg(long = "type", value_name = "TYPE")]
    pub body_type: Option<String>,
    /// The message's own id: the same id and text again never make a second message
    #[arg(long, value_name = "UUID")]
    pub client_msg_id: Option<ClientMsgId>,
    /// How long to wait for the acknowledgement: 500ms, 10s, 5m; a number alone is seconds
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_duration)]
    pub timeout: Duration,
    /// Print the acknowledgement as one JSON object
    #[arg(long)]
    pub json: bool,
    /// Who and where.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// `stonechat tail`.
#[derive(Clone, Debug, Args)]
pub struct TailArgs {
    /// Print only events of this conversation; those of others are passed over for good
    #[arg(long, value_name = "CONVERSATION")]
    pub conversation: Option<ConversationId>,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// End when nothing has happened for so many milliseconds while connected and in step
    #[arg(long, value_name = "MS", value_parser = parse_millis)]
    pub idle_exit: Option<Duration>,
    /// Who and where.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// `stonechat devices …`.
#[derive(Debug, Subcommand)]
pub enum DevicesCommand {
    /// List the devices of the user
    List(DevicesListArgs),
    /// Sign a device out, at once
    Revoke(DevicesRevokeArgs),
}

/// `stonechat devices list`.
#[derive(Clone, Debug, Args)]
pub struct DevicesListArgs {
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Who and where.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// `stonechat devices revoke`.
#[derive(Clone, Debug, Args)]
pub struct DevicesRevokeArgs {
    /// Which device, as `devices list` names it
    #[arg(value_name = "DEVICE")]
    pub target: DeviceId,
    /// Who and where.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// `stonechat log …`.
#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Print every stored event, in the order of the log
    Dump(LogDumpArgs),
    /// Check every stored record, and say what is damaged
    Verify(LogVerifyArgs),
}

/// `stonechat log dump`.
#[derive(Clone, Debug, Args)]
pub struct LogDumpArgs {
    /// The data folder of the server; `.stonechat` here when there is one, else the one that serve uses
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Print the keys of `body_hmac` instead: conversation, sender and key in hex
    #[arg(long)]
    pub key: bool,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// `stonechat log verify`.
#[derive(Clone, Debug, Args)]
pub struct LogVerifyArgs {
    /// The data folder of the server; `.stonechat` here when there is one, else the one that serve uses
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Print the result as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `stonechat bench …`: the words are the bench's own.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Pairs of people who chat: acknowledged and delivered a second, and how long it takes
    Chat(Box<stonechat_bench::args::ChatArgs>),
    /// One message to a large group: until the last member has it
    Group(Box<stonechat_bench::args::GroupArgs>),
}

/// `stonechat config …`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Say whether the configuration can be used, and what is wrong with it
    Check(ConfigArgs),
    /// Print every value and where it comes from; secrets are left out
    Show(ConfigArgs),
}

/// `stonechat config check|show`.
#[derive(Clone, Debug, Default, Args)]
pub struct ConfigArgs {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where data and keys are kept, as for serve
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// `stonechat doctor`.
#[derive(Clone, Debug, Default, Args)]
pub struct DoctorArgs {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The data folder; `.stonechat` here when there is one, else the one that serve uses
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// `stonechat completions`.
#[derive(Clone, Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// A shell whose completions we know to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// bash
    #[value(help = None)]
    Bash,
    /// zsh
    #[value(help = None)]
    Zsh,
    /// fish
    #[value(help = None)]
    Fish,
}
