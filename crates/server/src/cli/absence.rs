//! What is said of a connection that is not there: one line once it is missing for a second, one when it is back.

use std::time::Duration;

use stonechat_client::account::Account;
use stonechat_client::state::{ConnectionState, EndReason};
use tokio::time::{Instant, sleep_until};

use crate::cli::context::Context;

/// A connection that comes within this time is not worth a word.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a connection has been missing, and what was said of it.
#[derive(Clone, Debug)]
pub struct Absence {
    server: String,
    since: Option<Instant>,
    reason: Option<String>,
    told: bool,
}

impl Absence {
    /// Of a connection to this server, missing from now on.
    #[must_use]
    pub fn new(server: &str, now: Instant) -> Self {
        Self { server: server.to_owned(), since: Some(now), reason: None, told: false }
    }

    /// Notes how the connection is. Returns what to say when it is back after its absence was told.
    pub fn note(&mut self, state: &ConnectionState, now: Instant) -> Option<String> {
        match state {
            ConnectionState::Syncing { .. } | ConnectionState::Online => {
                (self.since, self.reason) = (None, None);
                let told = std::mem::replace(&mut self.told, false);
                told.then(|| format!("the connection to {} is back", self.server))
            }
            ConnectionState::Offline { reason, .. } => {
                self.since = self.since.or(Some(now));
                self.reason = Some(reason.clone());
                None
            }
            ConnectionState::Idle | ConnectionState::Connecting { .. } => {
                self.since = self.since.or(Some(now));
                None
            }
            ConnectionState::Ended(_) => {
                self.since = None;
                None
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.since.filter(|_| !self.told).map(|since| since + PATIENCE)
    }

    /// Waits until the absence is worth a word.
    pub async fn due(&self) {
        match self.deadline() {
            Some(deadline) => sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    }

    /// What to say now. It is said once.
    pub fn tell(&mut self) -> String {
        self.told = true;
        match &self.reason {
            Some(reason) => format!("no connection to {} ({reason}): trying again", self.server),
            None => format!("no connection to {} yet: trying again", self.server),
        }
    }

    /// Says what is worth a word until the session has ended for good, and why it did. May be dropped and called again.
    pub async fn watch(&mut self, account: &Account, context: &mut Context<'_>) -> EndReason {
        let mut connection = account.connection();
        let mut state = connection.get();
        loop {
            if let Some(sentence) = self.note(&state, Instant::now()) {
                context.notice(&sentence);
            }
            if let ConnectionState::Ended(reason) = state {
                return reason;
            }
            tokio::select! {
                biased;
                next = connection.next() => match next {
                    Some(next) => state = next,
                    None => return EndReason::Stopped,
                },
                () = self.due() => context.notice(&self.tell()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offline() -> ConnectionState {
        ConnectionState::Offline { reason: "refused".into(), retry_in_ms: 500 }
    }

    #[test]
    fn a_short_absence_is_not_worth_a_word() {
        let begin = Instant::now();
        let mut absence = Absence::new("ws://chat", begin);
        assert_eq!(absence.deadline(), Some(begin + PATIENCE));
        assert_eq!(absence.note(&ConnectionState::Online, begin), None);
        assert_eq!(absence.deadline(), None);
    }

    #[test]
    fn an_absence_is_told_once_and_so_is_its_end() {
        let begin = Instant::now();
        let mut absence = Absence::new("ws://chat", begin);
        assert_eq!(absence.note(&offline(), begin), None);
        assert_eq!(absence.note(&ConnectionState::Connecting { attempt: 1 }, begin + PATIENCE / 2), None);
        assert_eq!(absence.deadline(), Some(begin + PATIENCE), "a new try does not begin the wait anew");
        assert_eq!(absence.tell(), "no connection to ws://chat (refused): trying again");
        assert_eq!(absence.note(&offline(), begin + 2 * PATIENCE), None);
        assert_eq!(absence.deadline(), None, "it was told");
        let back = absence.note(&ConnectionState::Syncing { done: 0, total: 1 }, begin + 3 * PATIENCE);
        assert_eq!(back.as_deref(), Some("the connection to ws://chat is back"));
        assert_eq!(absence.note(&ConnectionState::Online, begin + 3 * PATIENCE), None);
        assert_eq!(absence.note(&offline(), begin + 4 * PATIENCE), None);
        assert_eq!(absence.deadline(), Some(begin + 5 * PATIENCE), "the next absence is told as well");
    }
}
