//! `stonechat serve`.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::cli::args::ServeArgs;
use crate::cli::context::Context;
use crate::cli::failure::{Failure, Outcome};
use crate::config::loading::{Sources, load};
use crate::config::problem::ConfigError;
use crate::config::table;
use crate::data_folder::DataFolder;
use crate::serve::{self, Extras, configured};
use crate::telemetry;

/// Runs the server until it is told to end.
///
/// # Errors
/// When the configuration cannot be used (2), or the server does not start (1).
pub fn run(args: &ServeArgs, context: &mut Context<'_>) -> Outcome {
    let sources = sources(args);
    let loaded = load(&sources).map_err(|error| unusable(&error))?;
    telemetry::start(&loaded.settings.log).context("could not start to log")?;
    let default = match &loaded.settings.data {
        Some(data) => data.clone(),
        None => DataFolder::default_path(|name| std::env::var_os(name)).context("no data folder")?,
    };
    let settings = configured::settings(&loaded.settings, default).map_err(|error| unusable(&error))?;
    let data = settings.data.display().to_string();
    let program = std::env::args_os().next().map_or_else(|| "stonechat".into(), PathBuf::from);
    let demo = args.demo || loaded.settings.demo;
    let extras = Extras { demo, program: program.display().to_string(), data };
    Ok(serve::run(settings, &extras, context.out)?)
}

/// Where the values of `serve` come from.
fn sources(args: &ServeArgs) -> Sources {
    let setting = |path: &[&str]| {
        let path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
        table::find(&path)
    };
    let mut sources = Sources::new(std::env::vars_os()).with_file(args.config.clone());
    if let Some(data) = setting(&["server", "data"]) {
        let value = args.data.as_ref().map(|path| path.display().to_string());
        sources = sources.with_flag("--data", data, value);
    }
    if let Some(listen) = setting(&["listen", "http"]) {
        sources = sources.with_flag("--listen", listen, args.listen.clone());
    }
    sources
}

fn unusable(error: &ConfigError) -> Failure {
    Failure::Usage(format!("{}: {error}", error.code()))
}
