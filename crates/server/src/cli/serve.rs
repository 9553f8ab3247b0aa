//! `stonechat serve`.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::cli::args::ServeArgs;
use crate::cli::configuration::{Typed, default_data, loaded, sources, unusable};
use crate::cli::context::Context;
use crate::cli::failure::Outcome;
use crate::serve::{self, Extras, configured};
use crate::telemetry;
use stonechat_log_segment::os_disk::SYNCS;
use stonechat_net::drain::DrainPlan;

/// What is said at the start of a build with the feature `without-sync`.
const WITHOUT_SYNC: &str = "this build does not sync what it acknowledges, so a power cut loses it; it exists for a test, never keep data with it";

/// Runs the server until it is told to end.
///
/// # Errors
/// When the configuration cannot be used (2), or the server does not start (1).
pub fn run(args: &ServeArgs, context: &mut Context<'_>) -> Outcome {
    let typed =
        Typed { data: args.data.as_deref(), listen: args.listen.as_deref(), web_folder: args.web_folder.as_deref() };
    let loaded = loaded(&sources(args.config.as_deref(), typed))?;
    if !SYNCS {
        // Whatever the level of the logs is.
        writeln!(context.err, "warning: NOT SAFE: {WITHOUT_SYNC}").context("could not warn")?;
    }
    telemetry::start(&loaded.settings.log).context("could not start to log")?;
    let default = match &loaded.settings.data {
        Some(data) => data.clone(),
        None => default_data().context("no data folder")?,
    };
    let mut settings = configured::settings(&loaded.settings, default).map_err(|error| unusable(&error))?;
    // A setting is a text, and would have changed it.
    if let Some(data) = args.data.as_ref().filter(|data| data.to_str().is_none()) {
        settings.data.clone_from(data);
    }
    let data = settings.data.display().to_string();
    let program = std::env::args_os().next().map_or_else(|| "stonechat".into(), PathBuf::from);
    settings.demo |= args.demo;
    if settings.demo {
        // A handful of people at one machine need no five seconds to come back.
        settings.net.drain = DrainPlan { after_ms: 0, spread_ms: 300, deadline_ms: 2_000 };
    }
    let extras = Extras { program: program.display().to_string(), data };
    Ok(serve::run(settings, &extras, context.out)?)
}
