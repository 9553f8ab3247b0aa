//! Whoever reads our standard output, and whether he is still there: a pipe says so before the next write would.

use std::fs::File;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::FileTypeExt as _;

use tokio::io::Interest;
use tokio::net::unix::pipe::Sender;

/// The other end of standard output.
#[derive(Debug)]
pub struct Reader(Option<Sender>);

impl Reader {
    /// Of this process. Terminals and files have no reader who could go.
    #[must_use]
    pub fn of_stdout() -> Self {
        Self(std::io::stdout().as_fd().try_clone_to_owned().ok().and_then(watch))
    }

    /// Waits until he has gone.
    pub async fn gone(&self) {
        match &self.0 {
            Some(end) if end.ready(Interest::ERROR).await.is_ok() => {}
            Some(_) | None => std::future::pending().await,
        }
    }
}

/// Only looks at the pipe: lines are written as ever, so it does not become one that refuses to wait.
fn watch(end: OwnedFd) -> Option<Sender> {
    let end = File::from(end);
    let is_pipe = end.metadata().ok()?.file_type().is_fifo();
    if is_pipe { Sender::from_file_unchecked(end).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const SOON: Duration = Duration::from_millis(50);
    const LATE: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_reader_of_a_pipe_is_missed_when_he_goes() {
        let (theirs, ours) = std::io::pipe().unwrap();
        let reader = Reader(watch(ours.into()));
        assert!(tokio::time::timeout(SOON, reader.gone()).await.is_err(), "he is there");
        drop(theirs);
        assert!(tokio::time::timeout(LATE, reader.gone()).await.is_ok(), "he has gone");
    }

    #[tokio::test]
    async fn a_file_is_always_there() {
        let reader = Reader(watch(tempfile::tempfile().unwrap().into()));
        assert!(reader.0.is_none());
        assert!(tokio::time::timeout(SOON, reader.gone()).await.is_err());
    }
}
