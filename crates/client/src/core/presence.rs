//! Who of the users whom the app watches is there. It is of the connection: asked for anew with each, and not known without
//! one. What is told of the user himself is kept as the rest of what belongs to him is.

use std::collections::BTreeMap;
use std::sync::Arc;

use stonechat_types::id::UserId;
use stonechat_wire::v1::{self, frame::Body};

use crate::core::calls::Purpose;
use crate::core::change::Change;
use crate::core::command::{Reply, Ticket};
use crate::core::dice::backoff_ms;
use crate::core::machine::Core;
use crate::core::refusal::{server_error, wait_ms};
use crate::presence::Presence;

/// Whom the app watches, and what is known of them.
#[derive(Debug, Default)]
pub struct Watched {
    users: Vec<UserId>,
    known: BTreeMap<UserId, Arc<Presence>>,
    /// Whether the server is to be told whom.
    unsaid: bool,
    /// Not before this time.
    not_before: u64,
    /// Who waits for the answer.
    waiting: Vec<Ticket>,
    /// Whether the user is away from this device.
    away: bool,
}

impl Watched {
    /// When something of it is due.
    #[must_use]
    pub fn deadline(&self, server_ms: i64, now_ms: u64) -> Option<u64> {
        let ends = self.known.values().filter_map(|it| it.status.as_ref()?.until);
        let left = ends.map(|until| u64::try_from(until.as_millis().saturating_sub(server_ms)).unwrap_or(0));
        left.map(|left| now_ms.saturating_add(left)).chain(self.unsaid.then_some(self.not_before)).min()
    }
}

impl Core {
    pub(super) fn on_watch(&mut self, ticket: Ticket, users: Vec<UserId>) {
        let watched = &mut self.watched;
        let known = watched.known.len();
        watched.known.retain(|user, _| users.contains(user));
        let is_less = watched.known.len() < known;
        watched.users = users;
        watched.unsaid = true;
        watched.waiting.push(ticket);
        if is_less {
            self.tell_presences();
        }
        if !self.link.is_up() {
            // It is said with the next connection.
            self.watch_answered();
        }
    }

    pub(super) fn on_away(&mut self, ticket: Ticket, away: bool) {
        if std::mem::replace(&mut self.watched.away, away) != away && self.link.is_up() {
            self.signal(Body::Away(v1::Away { away }));
        }
        self.journal.reply(ticket, Ok(Reply::Done));
    }

    /// A session begins: it watches nobody yet, and its user is there.
    pub(super) fn watch_anew(&mut self) {
        self.watched.unsaid = !self.watched.users.is_empty();
        self.watched.not_before = 0;
        if self.watched.away {
            self.signal(Body::Away(v1::Away { away: true }));
        }
    }

    pub(super) fn pump_watch(&mut self) {
        let may = self.watched.unsaid && self.watched.not_before <= self.now_ms();
        if may && self.calls.have_room() && !self.calls.is_in_flight(&Purpose::Watch) {
            self.watched.unsaid = false;
            let user_ids = self.watched.users.iter().map(ToString::to_string).collect();
            self.call(Purpose::Watch, Body::WatchPresence(v1::WatchPresence { user_ids }));
        }
    }

    pub(super) fn on_watched(&mut self, answer: &v1::Presences) {
        if self.watched.unsaid {
            // It answers an earlier list; that of the newest follows.
            return;
        }
        self.watched.known.clear();
        self.take_presences(answer);
        self.watch_answered();
    }

    pub(super) fn on_watch_refused(&mut self, error: &v1::Error) {
        if server_error(error).is_retryable() {
            let wait = wait_ms(error, backoff_ms(&mut self.dice, 1));
            (self.watched.unsaid, self.watched.not_before) = (true, self.now_ms() + wait);
        } else {
            for ticket in std::mem::take(&mut self.watched.waiting) {
                self.journal.reply(ticket, Err(crate::error::Error::Server(server_error(error))));
            }
        }
    }

    pub(super) fn take_presences(&mut self, told: &v1::Presences) {
        for presence in told.presences.iter().filter_map(Presence::of) {
            // Told of somebody who is not watched any more, on its way here.
            if self.watched.users.contains(&presence.user) {
                self.watched.known.insert(presence.user.clone(), Arc::new(presence));
            }
        }
        self.tell_presences();
    }

    /// Without a connection nobody is known to be there.
    pub(super) fn forget_presences(&mut self) {
        if !self.watched.known.is_empty() {
            self.watched.known.clear();
            self.tell_presences();
        }
        self.watch_answered();
    }

    /// Whoever is signed out watches nobody.
    pub(super) fn forget_watched(&mut self) {
        self.forget_presences();
        self.watched = Watched::default();
    }

    pub(super) fn on_presence_time(&mut self) {
        let server_ms = self.server_ms();
        let mut is_over = false;
        for presence in self.watched.known.values_mut() {
            let until = presence.status.as_ref().and_then(|status| status.until);
            if until.is_some_and(|until| until.as_millis() <= server_ms) {
                Arc::make_mut(presence).status = None;
                is_over = true;
            }
        }
        if is_over {
            self.tell_presences();
        }
    }

    fn watch_answered(&mut self) {
        for ticket in std::mem::take(&mut self.watched.waiting) {
            self.journal.reply(ticket, Ok(Reply::Done));
        }
    }

    fn tell_presences(&mut self) {
        let known = self.watched.known.iter().map(|(user, presence)| (user.clone(), presence.clone()));
        self.journal.tell(Change::Presences(known.collect()));
    }
}
