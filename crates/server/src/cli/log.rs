//! `stonechat log dump` and `log verify`.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::cli::args::LogCommand;
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::local_server::LocalServer;
use crate::log_tools::{self, Form};

/// Reads the stored log.
///
/// # Errors
/// When it cannot be read, or is damaged.
pub fn run(command: &LogCommand, context: &mut Context<'_>) -> Outcome {
    let form = |json: bool| if json { Form::Json } else { Form::Text };
    match command {
        LogCommand::Dump(args) if args.key => {
            log_tools::dump_keys(&folder(args.data.as_deref())?, form(args.json), context.out).map_err(quiet)?;
        }
        LogCommand::Dump(args) => {
            log_tools::dump(&folder(args.data.as_deref())?, form(args.json), context.out).map_err(quiet)?
        }
        LogCommand::Verify(args) => {
            if !log_tools::check(&folder(args.data.as_deref())?, form(args.json), context.out).map_err(quiet)? {
                return Err(Failure::failed("the stored log is damaged"));
            }
        }
    }
    Ok(())
}

/// The data folder: the one that was named, else the one where the server of this machine is looked for.
fn folder(given: Option<&Path>) -> Result<PathBuf, Failure> {
    let usual = || LocalServer::usual_path(|name| std::env::var_os(name)).context("no data folder");
    Ok(given.map_or_else(usual, |given| Ok(given.to_owned()))?)
}

/// A reader that has gone, as `head` does, is no failure of ours.
fn quiet(error: anyhow::Error) -> Failure {
    let broken = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    let gone = error.downcast_ref::<io::Error>().is_some_and(broken)
        || error
            .downcast_ref::<serde_json::Error>()
            .is_some_and(|error| error.io_error_kind() == Some(io::ErrorKind::BrokenPipe));
    if gone { Failure::ReaderGone } else { Failure::Failed(error) }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::args::{Cli, ColorWhen, Command};
    use crate::cli::printer::{Looks, Paint};

    fn ends(words: &[&str]) -> (u8, String) {
        let Command::Log(command) = Cli::try_parse_from(words).unwrap().command else { panic!("{words:?}") };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let looks = Looks::new(Paint::choose(ColorWhen::Never, |_| None));
        let failure = run(&command, &mut Context { out: &mut out, err: &mut err, looks }).unwrap_err();
        failure.report(&mut err);
        assert!(out.is_empty());
        (failure.exit_code(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn a_folder_that_is_not_there_is_not_damaged() {
        for command in ["verify", "dump"] {
            let (exit_code, text) = ends(&["stonechat", "log", command, "--data", "/nonexistent"]);
            assert_eq!(exit_code, 1);
            assert!(text.starts_with("error: there is no data folder /nonexistent: "), "{text}");
        }
    }
}
