//! `stonechat bench …`: measures a server. The load program is a crate of its own; we bring the tokens of its users.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use stonechat_bench::options::TokenSource;
use stonechat_bench::{chat, group};
use stonechat_types::id::{AppName, UserId};

use crate::cli::args::BenchCommand;
use crate::cli::context::{Context, variable};
use crate::cli::failure::{Failure, Outcome};
use crate::cli::local_server::LocalServer;

/// Longer than any measurement.
const TOKEN_LIFE: Duration = Duration::from_secs(24 * 3_600);

/// Measures, and prints what was found.
///
/// # Errors
/// When users cannot be signed in, or a message was lost, doubled or changed.
pub fn run(command: &BenchCommand, context: &mut Context<'_>) -> Outcome {
    match command {
        BenchCommand::Chat(args) => {
            let tokens = tokens(args.target.data.as_deref())?;
            chat::run(args.options(tokens), context.out)?;
        }
        BenchCommand::Group(args) => {
            let tokens = tokens(args.target.data.as_deref())?;
            group::run(args.options(tokens), context.out)?;
        }
    }
    Ok(())
}

/// The bench signs in many users that nobody has heard of, so it needs the key of the server.
fn tokens(data: Option<&Path>) -> Result<TokenSource, Failure> {
    let server =
        LocalServer::find(data, variable).context("the bench signs its users in with the key of the server")?;
    let app = AppName::new("default").context("the app")?;
    let minter = server.minter(&app).map_err(anyhow::Error::from)?;
    Ok(Arc::new(move |name| {
        let user = UserId::new(name).with_context(|| format!("{name} is no user id"))?;
        Ok(minter.mint(&user, None, TOKEN_LIFE)?)
    }))
}
