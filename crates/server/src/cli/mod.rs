//! The command line: what can be typed, and one file for each command.
//!
//! Commands that talk to a server go through the SDK, like any app. A command returns a typed failure, and
//! [`failure::Failure::exit_code`] alone knows the exit codes, which are a contract.

// An edge: clocks and processes are its trade.
#![allow(clippy::disallowed_methods)]

pub mod absence;
pub mod args;
pub mod args_group;
pub mod bench;
pub mod chat;
pub mod civil;
pub mod completions;
pub mod configuration;
pub mod contacts;
pub mod context;
pub mod conversations;
pub mod devices;
pub mod duration;
pub mod examples;
pub mod failure;
pub mod group;
pub mod history;
pub mod home;
pub mod local_server;
pub mod log;
pub mod manage;
pub mod messages;
pub mod presence;
pub mod printer;
pub mod quiet;
pub mod reader;
pub mod send;
pub mod serve;
pub mod session;
pub mod signals;
pub mod tail;
pub mod token;
pub mod tokens;

mod line;

#[cfg(test)]
mod help_tests;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{ColorChoice, FromArgMatches as _};

use crate::cli::args::{Cli, ClientArgs, ColorWhen, Command, TokenCommand};
use crate::cli::civil::UtcOffset;
use crate::cli::context::{Context, variable};
use crate::cli::failure::Outcome;
use crate::cli::printer::{Looks, Paint};
use crate::cli::session::Who;

/// Reads the command line, does what it says, and returns the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let command = args::command().color(help_colour(std::env::args_os()));
    let cli = match command.try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to standard output and is no error.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    // Not locked: a panic in another thread has to reach the terminal.
    let (mut out, mut err) = (io::stdout(), io::stderr());
    let mut looks = Looks::new(Paint::choose(cli.color, variable));
    if cli.command.shows_times() {
        looks.offset = UtcOffset::of_this_machine();
    }
    let outcome = run(&cli.command, &mut Context { out: &mut out, err: &mut err, looks });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report(&mut err);
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(command: &Command, context: &mut Context<'_>) -> Outcome {
    match command {
        Command::Serve(args) => serve::run(args, context),
        Command::Token(TokenCommand::Mint(args)) => token::mint(args, context),
        Command::Chat(args) => client(&args.client, async |who| chat::run(args, who, context).await),
        Command::Conversations(args) => client(&args.client, async |who| conversations::run(args, who, context).await),
        Command::History(args) => client(&args.client, async |who| history::run(args, who, context).await),
        Command::Send(args) => client(&args.client, async |who| send::run(args, who, context).await),
        Command::Tail(args) => client(&args.client, async |who| tail::run(args, who, context).await),
        Command::Group(command) => client(command.client(), async |who| group::run(command, who, context).await),
        Command::Contacts(command) => client(command.client(), async |who| contacts::run(command, who, context).await),
        Command::Presence(command) => client(command.client(), async |who| presence::run(command, who, context).await),
        Command::Messages(command) => client(command.client(), async |who| messages::run(command, who, context).await),
        Command::Quiet(command) => client(command.client(), async |who| quiet::run(command, who, context).await),
        Command::Devices(command) => client(command.client(), async |who| devices::run(command, who, context).await),
        Command::Log(command) => log::run(command, context),
        Command::Bench(command) => bench::run(command, context),
        Command::Config(command) => configuration::config(command, context),
        Command::Doctor(args) => configuration::doctor(args, context),
        Command::Completions(args) => completions::run(args, context),
    }
}

/// Runs a command that talks to a server, on a runtime of its own.
fn client(args: &ClientArgs, command: impl AsyncFnOnce(&Who) -> Outcome) -> Outcome {
    let who = Who::find(args, variable)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("could not start")?.block_on(command(&who))
}

/// `--color` also holds for `--help` and for wrong usage, which end before it is read. Words are not always UTF-8: names of
/// files need not be.
fn help_colour(words: impl IntoIterator<Item = OsString>) -> ColorChoice {
    let words: Vec<OsString> = words.into_iter().collect();
    let given = words.iter().enumerate().find_map(|(at, word)| match word.to_str()? {
        "--color" => words.get(at + 1)?.to_str(),
        word => word.strip_prefix("--color="),
    });
    match given {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ if Paint::choose(ColorWhen::Auto, variable) == Paint::Plain => ColorChoice::Never,
        _ => ColorChoice::Auto,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt as _;

    fn words(words: &[&[u8]]) -> Vec<OsString> {
        words.iter().map(|word| OsString::from_vec(word.to_vec())).collect()
    }

    #[test]
    fn a_word_that_is_not_utf_8_is_wrong_usage_and_no_panic() {
        let typed = words(&[b"stonechat", b"history", b"--as", b"al\xff", b"--color", b"never"]);
        assert_eq!(help_colour(typed.clone()), ColorChoice::Never);
        let error = args::command().try_get_matches_from(typed).unwrap_err();
        assert!(error.use_stderr() && error.to_string().contains("UTF-8"), "{error}");
    }

    #[test]
    fn the_path_of_a_data_folder_need_not_be_utf_8() {
        let typed = words(&[b"stonechat", b"serve", b"--data", b"/srv/caf\xe9"]);
        assert!(matches!(help_colour(typed.clone()), ColorChoice::Never | ColorChoice::Auto));
        let matches = args::command().try_get_matches_from(typed).unwrap();
        let Ok(Cli { command: Command::Serve(args), .. }) = Cli::from_arg_matches(&matches) else { panic!("no serve") };
        assert_eq!(args.data.map(|data| data.into_os_string().into_vec()), Some(b"/srv/caf\xe9".to_vec()));
    }
}
