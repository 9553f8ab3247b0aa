//! `stonechat config` and `stonechat doctor`, and the sources that they share with `serve`.

use std::path::{Path, PathBuf};

use crate::cli::args::{ConfigCommand, DoctorArgs};
use crate::cli::context::{Context, variable};
use crate::cli::failure::{Failure, Outcome};
use crate::cli::local_server::LocalServer;
use crate::config::loading::{Loaded, Sources, load};
use crate::config::problem::{ConfigError, INVALID_CONFIG};
use crate::config::{show, table};
use crate::data_folder::DataFolder;
use crate::doctor::{self, Verdict};

/// What was typed behind `serve`, `config` or `doctor` instead of what the configuration says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Typed<'a> {
    /// `--data`.
    pub data: Option<&'a Path>,
    /// `--listen`.
    pub listen: Option<&'a str>,
    /// `--web-folder`.
    pub web_folder: Option<&'a Path>,
}

/// Where the values of a server come from: the file, the variables, and what was typed.
#[must_use]
pub fn sources(config: Option<&Path>, typed: Typed<'_>) -> Sources {
    let mut sources = Sources::new(std::env::vars_os()).with_file(config.map(Path::to_owned));
    let path = |path: Option<&Path>| path.map(|path| path.display().to_string());
    let typed = [
        ("--data", ["server", "data"], path(typed.data)),
        ("--listen", ["listen", "http"], typed.listen.map(str::to_owned)),
        ("--web-folder", ["web", "folder"], path(typed.web_folder)),
    ];
    for (flag, path, value) in typed {
        if let Some(setting) = table::find(&path.map(str::to_owned)) {
            sources = sources.with_flag(flag, setting, value);
        }
    }
    sources
}

/// A path as a setting can have it. Any other would become the path of something else.
fn readable(data: Option<&Path>) -> Result<Option<&Path>, Failure> {
    match data {
        Some(data) if data.to_str().is_none() => {
            Err(Failure::Usage(format!("the path {} is not UTF-8; only `serve` takes such a one", data.display())))
        }
        data => Ok(data),
    }
}

/// What the sources say.
///
/// # Errors
/// When it cannot be used.
pub fn loaded(sources: &Sources) -> Result<Loaded, Failure> {
    load(sources).map_err(|error| unusable(&error))
}

/// Why a configuration cannot be used, with its cause.
#[must_use]
pub fn unusable(error: &ConfigError) -> Failure {
    let mut text = format!("{INVALID_CONFIG}: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        text += &format!(": {source}");
        cause = source.source();
    }
    Failure::Configuration(text)
}

/// The data folder when the configuration names none.
///
/// # Errors
/// When there is no home.
pub fn default_data() -> Result<PathBuf, crate::data_folder::DataFolderError> {
    DataFolder::default_path(|name| std::env::var_os(name))
}

/// Checks or shows the configuration.
///
/// # Errors
/// When it cannot be used.
pub fn config(command: &ConfigCommand, context: &mut Context<'_>) -> Outcome {
    let (ConfigCommand::Check(args) | ConfigCommand::Show(args)) = command;
    let typed = Typed { data: readable(args.data.as_deref())?, ..Typed::default() };
    let loaded = loaded(&sources(args.config.as_deref(), typed))?;
    match command {
        ConfigCommand::Check(_) => {
            let sentence = show::check(&loaded).map_err(|error| unusable(&error))?;
            writeln!(context.out, "{sentence}")?;
        }
        ConfigCommand::Show(_) => write!(context.out, "{}", show::show(&loaded))?,
    }
    Ok(())
}

/// Looks at everything that a server needs.
///
/// # Errors
/// When something is so wrong that a server would not start.
pub fn doctor(args: &DoctorArgs, context: &mut Context<'_>) -> Outcome {
    let typed = Typed { data: readable(args.data.as_deref())?, ..Typed::default() };
    let sources = sources(args.config.as_deref(), typed);
    let findings = doctor::examine(&sources, LocalServer::usual_path(variable));
    for finding in &findings {
        writeln!(context.out, "{finding}")?;
    }
    match doctor::worst(&findings) {
        Verdict::Ok | Verdict::Warn => Ok(()),
        Verdict::Fail => Err(Failure::failed("a server would not start like this")),
    }
}
