//! Logs: to stderr, for people or for collectors. Nobody logs bodies or tokens, nor addresses above `debug`.

use crate::config::settings::{Log, LogFormat};
use std::io::{self, IsTerminal as _};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer as _};

/// Libraries that tell of each step at `info`. An operator who names one of them hears it again.
const QUIET: &str = "fjall=warn,lsm_tree=warn";

/// Why logs could not be switched on.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The configuration checks it, so only a caller without one sees this.
    #[error("the log level {level:?} is not understood")]
    Level {
        /// What was asked for.
        level: String,
        /// Why.
        source: tracing_subscriber::filter::ParseError,
    },
    /// This process has logs already.
    #[error("logs are on already")]
    Twice {
        /// What the library says.
        source: tracing_subscriber::util::TryInitError,
    },
}

/// Switches logs on for the whole process. Once, first thing.
///
/// # Errors
/// [`TelemetryError`].
pub fn start(log: &Log) -> Result<(), TelemetryError> {
    let subscriber = subscriber(log, io::stderr, io::stderr().is_terminal())?;
    subscriber.try_init().map_err(|source| TelemetryError::Twice { source })
}

fn subscriber<W>(log: &Log, writer: W, colours: bool) -> Result<impl SubscriberInitExt, TelemetryError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::builder()
        .parse(format!("{QUIET},{}", log.level))
        .map_err(|source| TelemetryError::Level { level: log.level.clone(), source })?;
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines = match log.format {
        LogFormat::Text => lines.with_ansi(colours).with_target(false).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).boxed(),
    };
    Ok(tracing_subscriber::registry().with(filter).with(lines))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: &str, format: LogFormat) -> String {
        let memory = Memory::default();
        let copy = memory.clone();
        let log = Log { level: level.to_owned(), format };
        let subscriber = subscriber(&log, move || copy.clone(), false).unwrap();
        let guard = subscriber.set_default();
        tracing::info!(user.count = 3, "Made {} users", 3);
        tracing::debug!("Not at info");
        tracing::info!(target: "fjall::db", "Only when asked for");
        drop(guard);
        let bytes = memory.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_line_for_people_is_a_sentence_and_fields() {
        let text = logged("info", LogFormat::Text);
        assert!(text.contains(" INFO Made 3 users user.count=3"), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
        assert_eq!(logged("debug", LogFormat::Text).lines().count(), 2);
        assert_eq!(logged("error", LogFormat::Text), "");
        assert_eq!(logged("info,fjall=info", LogFormat::Text).lines().count(), 2);
    }

    #[test]
    fn a_line_for_collectors_is_json() {
        let line: serde_json::Value = serde_json::from_str(logged("info", LogFormat::Json).trim()).unwrap();
        assert_eq!(
            (&line["message"], &line["user.count"], &line["level"]),
            (&"Made 3 users".into(), &3.into(), &"INFO".into())
        );
    }

    #[test]
    fn a_level_that_is_none_is_named() {
        let log = Log { level: "a=b=c".to_owned(), format: LogFormat::Text };
        assert!(subscriber(&log, io::stderr, false).is_err());
    }
}
