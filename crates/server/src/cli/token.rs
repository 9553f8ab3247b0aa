//! `stonechat token mint`: a token by the key in the data folder.

use crate::cli::args::TokenMintArgs;
use crate::cli::context::{Context, variable};
use crate::cli::failure::Outcome;
use crate::cli::local_server::{LocalServer, TokenOrder};

/// Prints a token and nothing else.
///
/// # Errors
/// [`crate::cli::failure::Failure`].
pub fn mint(args: &TokenMintArgs, context: &mut Context<'_>) -> Outcome {
    let server = LocalServer::find(args.data.as_deref(), variable).map_err(anyhow::Error::from)?;
    let order = TokenOrder { app: &args.app, user: &args.user, device: args.device.as_ref(), life: args.expires };
    let token = server.mint_as(&order).map_err(anyhow::Error::from)?;
    writeln!(context.out, "{token}")?;
    Ok(context.out.flush()?)
}
