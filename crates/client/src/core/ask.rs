//! Calls of the user: asked again after a lost connection and after refusals that pass, until their time is up.

use std::collections::BTreeMap;

use bytes::Bytes;
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::number::Ordinal;
use stonechat_wire::v1::fetch_messages::Range;
use stonechat_wire::v1::{self, frame::Body};

use crate::core::calls::Purpose;
use crate::core::command::{Opened, Reply, Ticket};
use crate::core::dice::backoff_ms;
use crate::core::limits::{ASK_TIMEOUT_MS, ASKS_MAX};
use crate::core::machine::Core;
use crate::core::refusal::{server_error, wait_ms};
use crate::core::rows::StoreOp;
use crate::error::{Error, Result, ServerError};
use stonechat_types::number::Seq;

/// Calls of the user that have no answer yet.
#[derive(Debug, Default)]
pub struct Asks {
    last: u64,
    waiting: BTreeMap<u64, Ask>,
}

#[derive(Debug)]
struct Ask {
    ticket: Ticket,
    body: Body,
    /// The conversation whose page is kept, and not only answered.
    keep: Option<ConversationId>,
    deadline: u64,
    not_before: u64,
    attempts: u32,
    in_flight: bool,
}

impl Asks {
    /// When one of them next needs a look.
    #[must_use]
    pub fn deadline(&self, now_ms: u64) -> Option<u64> {
        let times = self.waiting.values();
        times.flat_map(|ask| [ask.deadline, ask.not_before]).filter(|time| *time > now_ms).min()
    }

    /// The connection went: nothing is in flight.
    pub fn forget_connection(&mut self) {
        for ask in self.waiting.values_mut() {
            ask.in_flight = false;
        }
    }
}

impl Core {
    pub(super) fn on_ask(&mut self, ticket: Ticket, body: Body) {
        self.ask(ticket, body, None);
    }

    pub(super) fn on_load_before(
        &mut self,
        ticket: Ticket,
        conversation: ConversationId,
        before: Option<Ordinal>,
        limit: u32,
    ) {
        let body = Body::FetchMessages(v1::FetchMessages {
            conversation_id: conversation.to_string(),
            range: Some(Range::BeforeOrdinal(before.map_or(0, Ordinal::get))),
            limit,
            with_events: true,
        });
        self.ask(ticket, body, Some(conversation));
    }

    fn ask(&mut self, ticket: Ticket, body: Body, keep: Option<ConversationId>) {
        if self.asks.waiting.len() >= ASKS_MAX {
            let code = stonechat_types::error_code::ErrorCode::TooManyCalls;
            let error = ServerError { code: code.to_string(), text: code.meaning().into(), retry_after: None };
            return self.journal.reply(ticket, Err(Error::Server(error)));
        }
        let deadline = self.now_ms() + ASK_TIMEOUT_MS;
        self.asks.last += 1;
        let ask = Ask { ticket, body, keep, deadline, not_before: 0, attempts: 0, in_flight: false };
        self.asks.waiting.insert(self.asks.last, ask);
    }

    pub(super) fn pump_asks(&mut self) {
        let now = self.now_ms();
        let ready = self.asks.waiting.iter().filter(|(_, ask)| !ask.in_flight && ask.not_before <= now);
        let ready: Vec<u64> = ready.map(|(number, _)| *number).collect();
        for number in ready {
            if !self.calls.have_room() {
                return;
            }
            if let Some(ask) = self.asks.waiting.get_mut(&number) {
                ask.in_flight = true;
                ask.not_before = 0;
                let body = ask.body.clone();
                self.call(Purpose::Ask(number), body);
            }
        }
    }

    pub(super) fn on_ask_answered(&mut self, number: u64, body: Body) {
        let Some(ask) = self.asks.waiting.remove(&number) else { return };
        self.note_names(&body);
        let reply = match (ask.keep, body) {
            (Some(conversation), Body::Messages(page)) => Reply::Loaded {
                messages: u32::try_from(page.messages.len()).unwrap_or(u32::MAX),
                more_before: self.keep_page(conversation, before_of(&ask.body), &page),
            },
            (_, body) => Reply::Answer(Box::new(body)),
        };
        self.journal.reply(ask.ticket, Ok(reply));
    }

    /// Keeps what people are called, for a start without a connection.
    fn note_names(&mut self, body: &Body) {
        let names: Vec<(&String, &String)> = match body {
            Body::Users(users) => users.users.iter().map(|user| (&user.user_id, &user.display_name)).collect(),
            Body::Members(page) => page.members.iter().map(|one| (&one.user_id, &one.display_name)).collect(),
            _ => return,
        };
        for (user, name) in names {
            if let Ok(user) = UserId::new(user) {
                self.journal.write(StoreOp::PutName(user, name.clone()));
            }
        }
    }

    pub(super) fn on_ask_refused(&mut self, number: u64, error: &v1::Error) {
        let refusal = server_error(error);
        let now = self.now_ms();
        let Some(ask) = self.asks.waiting.get_mut(&number) else { return };
        let wait = wait_ms(error, backoff_ms(&mut self.dice, ask.attempts));
        if refusal.is_retryable() && now + wait < ask.deadline {
            ask.in_flight = false;
            ask.attempts += 1;
            ask.not_before = now + wait;
        } else if let Some(ask) = self.asks.waiting.remove(&number) {
            self.journal.reply(ask.ticket, Err(Error::Server(refusal)));
        }
    }

    pub(super) fn on_ask_time(&mut self) {
        let now = self.now_ms();
        let late: Vec<u64> =
            self.asks.waiting.iter().filter(|(_, ask)| ask.deadline <= now).map(|(number, _)| *number).collect();
        for number in late {
            if let Some(ask) = self.asks.waiting.remove(&number) {
                let error = if self.link.is_up() { Error::Timeout } else { Error::Offline };
                self.journal.reply(ask.ticket, Err(error));
            }
        }
    }

    pub(super) fn refuse_all_asks(&mut self, error: &Error) {
        for ask in std::mem::take(&mut self.asks.waiting).into_values() {
            self.journal.reply(ask.ticket, Err(error.clone()));
        }
    }

    pub(super) fn on_open(&mut self, ticket: Ticket, id: ConversationId) {
        let reply = self.open(id);
        self.journal.reply(ticket, reply);
    }

    pub(super) fn open(&self, id: ConversationId) -> Result<Reply> {
        let (unsent, pending) = (self.outbox.of(&id), self.outbox.wishes_of(&id));
        let Some(conversation) = self.conversations.get(&id) else {
            return Ok(Reply::Opened(Opened { unsent, pending, ..Opened::default() }));
        };
        Ok(Reply::Opened(Opened {
            unsent,
            pending,
            intervals: conversation.intervals.all().to_vec(),
            read: (Seq(conversation.row.read_seq), Ordinal(conversation.row.read_ordinal)),
            floor: Ordinal(conversation.floor()),
            unread: conversation.row.unread,
            cleared: self.preferences_of(&id).cleared_upto,
            removed: self.removed_of(&id),
            starred: self.starred_of(&id),
            played: self.played_of(&id),
            marks: conversation.row.marks.clone(),
            head: Ordinal(conversation.row.last_ordinal),
        }))
    }

    pub(super) fn on_focus(&mut self, ticket: Ticket, conversations: Vec<ConversationId>) {
        let before = std::mem::replace(&mut self.focus, conversations);
        if self.link.is_up() {
            self.say_focus();
            let new = self.focus.iter().filter(|id| !before.contains(id)).copied().collect();
            self.ask_marks(new);
        }
        self.journal.reply(ticket, Ok(Reply::Done));
    }

    pub(super) fn say_focus(&mut self) {
        let conversation_ids = self.focus.iter().map(ToString::to_string).collect();
        self.signal(Body::Focus(v1::Focus { conversation_ids }));
    }

    /// An empty page token begins with the newest.
    pub(super) fn list_page(page: Bytes, limit: u32) -> Body {
        Body::ListConversations(v1::ListConversations { page, limit })
    }
}

/// The ordinal before which a page was asked for; 0 for the newest.
fn before_of(body: &Body) -> u64 {
    match body {
        Body::FetchMessages(v1::FetchMessages { range: Some(Range::BeforeOrdinal(before)), .. }) => *before,
        _ => 0,
    }
}
