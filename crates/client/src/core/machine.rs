//! The state machine of a client: inputs and the time go in, actions come out.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use stonechat_domain::deletions::Deletions;
use stonechat_domain::plays::Plays;
use stonechat_domain::preferences::{FOR_GOOD, Preferences};
use stonechat_domain::quiet::Quiet;
use stonechat_domain::stars::Stars;
use stonechat_types::id::{ConversationId, DeviceId, UserId};
use stonechat_types::number::Timestamp;
use stonechat_wire::v1::{Event, Frame, Platform, frame::Body};

use crate::core::ask::Asks;
use crate::core::bounds;
use crate::core::calls::{Calls, Purpose};
use crate::core::change::Change;
use crate::core::command::{Command, Reply, Ticket};
use crate::core::content_types::Declared;
use crate::core::conversation::Conversation;
use crate::core::dice::Dice;
use crate::core::journal::Journal;
use crate::core::link::Link;
use crate::core::mutant::Mutants;
use crate::core::outbox::Outbox;
use crate::core::people::Entries;
use crate::core::presence::Watched;
use crate::core::rows::{DeviceRow, Snapshot, StoreOp, Transaction};
use crate::core::sync::Session;
use crate::core::typing::Typists;
use crate::error::{Error, Result, StoreError, TokenError};
use crate::state::{EndReason, ReadMark, TokenReason};

/// What does not change while an account is open.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The user.
    pub me: UserId,
    /// This device.
    pub device: DeviceId,
    /// Its name for people.
    pub device_name: String,
    /// Name and version of this client.
    pub client: String,
    /// The class of this device.
    pub platform: Platform,
    /// Conversations of the first page; 0 leaves it to the server.
    pub window: u32,
    /// Whether events are kept until they are acknowledged.
    pub record_events: bool,
    /// Faults for tests; none in the product.
    pub mutants: Mutants,
}

/// What the world gives with each input.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Milliseconds since some moment; never goes back.
    pub monotonic_ms: u64,
    /// Milliseconds since the epoch; may jump.
    pub wall_ms: i64,
    /// A fresh random number.
    pub random: u64,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "it is passed on at once, a box would be made for each frame")]
pub enum Input {
    /// The user wants something.
    Command(Ticket, Command),
    /// The provider gave a token, or did not.
    Token(std::result::Result<String, TokenError>),
    /// The connection is there.
    Opened,
    /// The connection could not be made, or broke.
    Closed(String),
    /// A frame came on the connection.
    Frame(Frame),
    /// Every transaction up to this number is durable.
    Committed(u64),
    /// The store cannot go on.
    StoreFailed(StoreError),
    /// Time passed; see [`Core::next_deadline`].
    Tick,
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "it is passed on at once, a box would be made for each frame")]
pub enum Action {
    /// Ask the provider for a token; answered by [`Input::Token`].
    FetchToken(TokenReason),
    /// Connect; answered by [`Input::Opened`] or [`Input::Closed`].
    Connect,
    /// Drop the connection, or the try to make one. Nothing of it is to come in any more.
    Disconnect,
    /// Send a frame.
    Transmit(Frame),
    /// Make changes durable, all or none, in the order of the transactions; answered by [`Input::Committed`].
    Commit(Transaction),
    /// Tell whoever looks.
    Emit(Change),
    /// Answer a command.
    Reply(Ticket, Result<Reply>),
}

/// The client.
#[derive(Debug)]
pub struct Core {
    pub(super) settings: Settings,
    pub(super) now: Now,
    pub(super) dice: Dice,
    pub(super) actions: VecDeque<Action>,
    pub(super) journal: Journal,
    pub(super) link: Link,
    pub(super) calls: Calls,
    pub(super) device: DeviceRow,
    pub(super) conversations: BTreeMap<ConversationId, Conversation>,
    /// Events of conversations that are being asked for.
    pub(super) unknown: BTreeMap<ConversationId, BTreeMap<u64, Event>>,
    /// Cursors of the user in conversations that are not known yet: seq and ordinal.
    pub(super) unknown_cursors: BTreeMap<ConversationId, (u64, u64)>,
    /// How far others have read, or have, in conversations that are not known yet: the last that was told.
    pub(super) unknown_marks: BTreeMap<ConversationId, BTreeMap<UserId, ReadMark>>,
    /// Conversations to ask the server for.
    pub(super) gets: BTreeSet<ConversationId>,
    /// Conversations whose messages may lack changes.
    pub(super) stale: BTreeSet<ConversationId>,
    /// Conversations that are not settled.
    pub(super) unsettled: BTreeSet<ConversationId>,
    /// Conversations whose missing part the server refuses, until the next connection.
    pub(super) unreachable: BTreeSet<ConversationId>,
    /// Conversations whose cursor the server has not confirmed.
    pub(super) unconfirmed: BTreeSet<ConversationId>,
    /// When the server confirmed a cursor, of those that it may not have stored yet.
    pub(super) confirmed: BTreeMap<ConversationId, u64>,
    /// What arrived in direct conversations, is durable, and was not told to the server.
    pub(super) undelivered: BTreeMap<ConversationId, u64>,
    /// What of it the server confirmed and may not have stored yet, and when it confirmed it.
    pub(super) delivered: BTreeMap<ConversationId, (u64, u64)>,
    /// Conversations of which the server is to be told that voice messages were played.
    pub(super) unplayed: BTreeSet<ConversationId>,
    pub(super) session: Option<Session>,
    /// Frames that came before the welcome.
    pub(super) early: Vec<Body>,
    /// Whether the server waits for a pull.
    pub(super) poked: bool,
    /// The newest position, until what is before it is stored.
    pub(super) position: Option<Bytes>,
    pub(super) outbox: Outbox,
    pub(super) asks: Asks,
    pub(super) typists: Typists,
    pub(super) entries: Entries,
    /// What is known of the types of content that the app declares.
    pub(super) declared: Declared,
    pub(super) watched: Watched,
    /// What the user prefers in conversations, as the server said it last.
    pub(super) preferences: BTreeMap<ConversationId, Preferences>,
    /// What the user removed from conversations, as the server said it last, with the numbers of the changes.
    pub(super) deletions: BTreeMap<ConversationId, (u64, Arc<Deletions>)>,
    /// What the user starred in conversations, as the server said it last.
    pub(super) stars: BTreeMap<ConversationId, Arc<Stars>>,
    /// Which voice messages of conversations were played, as the server said it last.
    pub(super) plays: BTreeMap<ConversationId, Arc<Plays>>,
    /// When the user is not to be disturbed, as the server said it last.
    pub(super) quiet: Quiet,
    /// Who waits for the device to be signed out.
    pub(super) leaving: Vec<Ticket>,
    /// Whether it is: nothing is stored any more.
    pub(super) is_signed_out: bool,
    pub(super) focus: Vec<ConversationId>,
    pub(super) recorded: u64,
    pub(super) total_unread: u64,
    /// Of which so many are in muted conversations, and are not told.
    pub(super) muted_unread: u64,
    /// When the mutes of those end that have unread messages.
    pub(super) mutes: BTreeMap<ConversationId, Timestamp>,
    /// Unread messages that the welcome counted in conversations which have not been listed yet.
    pub(super) unlisted_unread: u64,
    /// The server's total of a welcome that this input brought.
    pub(super) welcome_unread: Option<u64>,
    /// This input brought a page of conversations.
    pub(super) page_taken: bool,
    /// Conversations that this input changed.
    pub(super) touched: BTreeSet<ConversationId>,
    /// No fetch before this time: the server asked for patience.
    pub(super) fetch_from: u64,
}

impl Core {
    /// Begins with what the store holds. The first actions tell it.
    #[must_use]
    pub fn new(settings: Settings, snapshot: Snapshot) -> Self {
        let mutants = settings.mutants;
        let mut conversations: BTreeMap<_, _> =
            snapshot.conversations.into_iter().map(|row| (row.id, Conversation::new(row, mutants))).collect();
        for (id, from, upto) in snapshot.intervals {
            if let Some(conversation) = conversations.get_mut(&id) {
                conversation.intervals.add(from, upto);
            }
        }
        let mut core = Self {
            settings,
            now: Now { monotonic_ms: 0, wall_ms: 0, random: 0 },
            dice: Dice::new(0),
            actions: VecDeque::new(),
            journal: Journal::default(),
            link: Link::default(),
            calls: Calls::default(),
            device: snapshot.device,
            conversations,
            unknown: BTreeMap::new(),
            unknown_cursors: BTreeMap::new(),
            unknown_marks: BTreeMap::new(),
            gets: BTreeSet::new(),
            stale: BTreeSet::new(),
            unsettled: BTreeSet::new(),
            unreachable: BTreeSet::new(),
            unconfirmed: BTreeSet::new(),
            confirmed: BTreeMap::new(),
            undelivered: BTreeMap::new(),
            delivered: BTreeMap::new(),
            unplayed: BTreeSet::new(),
            session: None,
            early: Vec::new(),
            poked: false,
            position: None,
            outbox: Outbox::new(snapshot.outbox),
            asks: Asks::default(),
            typists: Typists::default(),
            entries: Entries::default(),
            declared: Declared::default(),
            watched: Watched::default(),
            preferences: BTreeMap::new(),
            deletions: BTreeMap::new(),
            stars: BTreeMap::new(),
            plays: BTreeMap::new(),
            quiet: Quiet::default(),
            leaving: Vec::new(),
            is_signed_out: false,
            focus: Vec::new(),
            recorded: snapshot.recorded,
            total_unread: 0,
            muted_unread: 0,
            mutes: BTreeMap::new(),
            unlisted_unread: 0,
            welcome_unread: None,
            page_taken: false,
            touched: BTreeSet::new(),
            fetch_from: 0,
        };
        core.stale = core.conversations.values().filter(|it| it.row.stale_from > 0).map(|it| it.row.id).collect();
        core.tell_people(snapshot.entries);
        core.tell_content_types();
        core.touched.clear();
        core.tell_what_is_here();
        core.journal.close(&mut core.actions);
        core
    }

    /// Takes an input. Take all actions after it.
    pub fn handle(&mut self, now: Now, input: Input) {
        self.now = now;
        self.dice = Dice::new(now.random);
        match input {
            Input::Command(ticket, command) => self.on_command(ticket, command),
            Input::Token(token) => self.on_token(token),
            Input::Opened => self.on_opened(),
            Input::Closed(reason) => self.on_closed(&reason),
            Input::Frame(frame) => self.on_frame(frame),
            Input::Committed(number) => self.journal.committed(number, &mut self.actions),
            Input::StoreFailed(error) => self.on_store_failed(&error),
            Input::Tick => {}
        }
        self.take_stored();
        self.on_time();
        self.pump();
        self.finish();
    }

    /// What is to be done next.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When to call [`Core::handle`] with [`Input::Tick`] at the latest, in monotonic milliseconds.
    #[must_use]
    pub fn next_deadline(&self) -> Option<u64> {
        let times = [
            self.link.deadline(),
            self.calls.deadline(),
            self.asks.deadline(self.now_ms()),
            self.typists.deadline(),
            self.watched.deadline(self.server_ms(), self.now_ms()),
            self.outbox.deadline(self.now, self.link.is_up()),
            self.holds_deadline(),
            self.mutes_deadline(),
        ];
        // What is due and still here waits for something else than time.
        times.into_iter().flatten().filter(|time| *time > self.now_ms()).min()
    }

    pub(super) fn me(&self) -> &UserId {
        &self.settings.me
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.now.monotonic_ms
    }

    /// The server's clock now, by the last welcome.
    pub(super) fn server_ms(&self) -> i64 {
        self.link.server_ms(self.now_ms())
    }

    /// Sends a call.
    pub(super) fn call(&mut self, purpose: Purpose, body: Body) {
        let id = self.calls.begin(purpose, self.now_ms());
        self.transmit(Frame { id, body: Some(body) });
    }

    /// Sends a frame that wants no answer.
    pub(super) fn signal(&mut self, body: Body) {
        self.transmit(Frame { id: 0, body: Some(body) });
    }

    fn transmit(&mut self, frame: Frame) {
        self.link.sent(self.now.monotonic_ms);
        self.actions.push_back(Action::Transmit(frame));
    }

    fn tell_what_is_here(&mut self) {
        // In the order of the list, so that each goes to its end.
        let times = self.conversations.iter().map(|(id, it)| (Reverse(it.row.active_at), *id));
        let ids: BTreeSet<_> = times.collect();
        for (_, id) in ids {
            self.tell_summary(&id);
            if let Some(conversation) = self.conversations.get(&id) {
                if !conversation.row.marks.is_empty() {
                    self.journal.tell(Change::Marks(id, conversation.row.marks.clone()));
                }
                if conversation.row.read_unconfirmed > 0 {
                    self.unconfirmed.insert(id);
                }
                if conversation.row.delivered_unconfirmed > 0 {
                    self.undelivered.insert(id, conversation.row.delivered_unconfirmed);
                }
                if !conversation.row.plays_unconfirmed.is_empty() {
                    self.unplayed.insert(id);
                }
                if conversation.row.unread_stale {
                    self.gets.insert(id);
                }
            }
            if self.conversations.get(&id).is_some_and(|it| it.row.last_seq < it.target()) {
                self.fall_behind(id, 0);
            }
        }
        self.tell_total_unread();
        self.tell_quiet();
        self.journal.tell(Change::Recorded(self.recorded));
        let waiting: Vec<_> = self.outbox.entries.values().map(|entry| entry.row.client_msg_id).collect();
        waiting.iter().for_each(|id| self.tell_send(id));
        self.journal.close(&mut self.actions);
    }

    fn on_frame(&mut self, frame: Frame) {
        self.link.heard();
        let Some(body) = frame.body else { return };
        if !bounds::are_within(&body) {
            return self.break_off("the server named a number that no store reaches");
        }
        if frame.id == 0 {
            return self.on_signal(body);
        }
        // Nobody asked, or not on this connection: not for us.
        let Some(purpose) = self.calls.end(frame.id) else { return };
        match body {
            Body::Error(error) => self.on_refusal(purpose, &error),
            body => self.on_answer(purpose, body),
        }
    }

    fn on_command(&mut self, ticket: Ticket, command: Command) {
        let reads = matches!(command, Command::Stop | Command::Outbox | Command::Pending | Command::SignOut);
        if self.is_signed_out && !reads {
            return self.journal.reply(ticket, Err(Error::Closed));
        }
        match command {
            Command::SignOut => self.on_sign_out(ticket),
            Command::Start => self.on_start(ticket),
            Command::Stop => {
                self.end(EndReason::Stopped);
                self.journal.reply(ticket, Ok(Reply::Done));
            }
            Command::TryNow => {
                self.try_now();
                self.journal.reply(ticket, Ok(Reply::Done));
            }
            Command::Send(draft) => self.on_send(ticket, draft),
            Command::Queue(command) => self.on_queue(ticket, *command),
            Command::Retry(id) => self.on_retry(ticket, id),
            Command::Cancel(id) => self.on_cancel(ticket, id),
            Command::MarkRead { conversation, upto } => self.on_mark_read(ticket, conversation, upto.get()),
            Command::MarkPlayed { conversation, message } => self.on_mark_played(ticket, conversation, message.get()),
            Command::Typing { conversation, active } => self.on_typing(ticket, conversation, active),
            Command::Focus(conversations) => self.on_focus(ticket, conversations),
            Command::Watch(users) => self.on_watch(ticket, users),
            Command::Away(away) => self.on_away(ticket, away),
            Command::Call(body) => self.on_ask(ticket, *body),
            Command::Open(conversation) => self.on_open(ticket, conversation),
            Command::LoadBefore { conversation, before, limit } => {
                self.on_load_before(ticket, conversation, before, limit);
            }
            Command::Outbox => {
                let unsent = self.outbox.all().into_iter().map(|(_, unsent)| unsent).collect();
                self.journal.reply(ticket, Ok(Reply::Outbox(unsent)));
            }
            Command::Pending => {
                let pending = self.pending();
                self.journal.reply(ticket, Ok(Reply::Pending(pending)));
            }
        }
    }

    fn on_time(&mut self) {
        self.on_link_time();
        self.on_outbox_time();
        self.on_ask_time();
        self.on_typing_time();
        self.on_presence_time();
        self.on_hold_time();
        self.on_mute_time();
        self.settle_cursors();
        self.settle_all_delivered();
    }

    fn on_store_failed(&mut self, error: &StoreError) {
        self.journal.give_up(&Error::Store(error.clone()), &mut self.actions);
        self.end(EndReason::Store(error.clone()));
    }

    /// Sends what may be sent now.
    fn pump(&mut self) {
        self.want_stale();
        if !self.link.is_up() {
            return;
        }
        self.pump_pull();
        self.pump_outbox();
        self.pump_reads();
        self.pump_watch();
        self.pump_delivered();
        self.pump_played();
        self.pump_asks();
        self.pump_fetches();
        self.pump_changes();
    }

    /// Ends an input: what it changed becomes one transaction.
    fn finish(&mut self) {
        let before = self.total_unread;
        for id in std::mem::take(&mut self.touched) {
            if let Some(conversation) = self.conversations.get_mut(&id) {
                if !conversation.row.member {
                    // As the server has it, whatever was not read when the membership ended.
                    (conversation.row.unread, conversation.row.unread_mentions) = (0, 0);
                }
                self.journal.write(StoreOp::PutConversation(Box::new(conversation.row.clone())));
                self.tell_summary(&id);
            }
            self.settle_wishes(id);
        }
        self.settle_unlisted(before);
        self.store_position();
        self.tell_connection();
        self.journal.close(&mut self.actions);
    }

    /// The total is right from the first page on: what is not listed yet is known from the welcome.
    fn settle_unlisted(&mut self, before: u64) {
        let was = self.unlisted_unread;
        if let Some(total) = self.welcome_unread.take() {
            self.unlisted_unread = total.saturating_sub(self.total_unread);
        } else if self.page_taken {
            self.unlisted_unread = was.saturating_sub(self.total_unread.saturating_sub(before));
        }
        self.page_taken = false;
        if self.session.as_ref().is_none_or(|session| session.next_page.is_none()) {
            self.unlisted_unread = 0;
        }
        if self.unlisted_unread != was {
            self.tell_total_unread();
        }
    }

    pub(super) fn tell_total_unread(&mut self) {
        let unread = self.total_unread.saturating_add(self.unlisted_unread);
        self.journal.tell(Change::TotalUnread(unread.saturating_sub(self.muted_unread)));
    }

    pub(super) fn tell_summary(&mut self, id: &ConversationId) {
        let (preferences, removed) = (self.preferences_of(id), self.removed_of(id));
        let (starred, played) = (self.starred_of(id), self.played_of(id));
        let is_muted = preferences.is_muted(Timestamp(self.now.wall_ms));
        let muted_until = preferences.muted_until;
        let Some(conversation) = self.conversations.get_mut(id) else { return };
        let (unread, _) = conversation.shown_unread(&removed);
        let counts = if conversation.row.member { unread } else { 0 };
        let muted = if is_muted { counts } else { 0 };
        if let Some(until) = muted_until.filter(|until| muted > 0 && *until != FOR_GOOD) {
            self.mutes.insert(*id, until);
        }
        let before = std::mem::replace(&mut conversation.counted, counts);
        let muted_before = std::mem::replace(&mut conversation.muted, muted);
        let summary = conversation.summary((preferences, removed), (starred, played));
        self.journal.tell(Change::Conversation(Arc::new(summary)));
        if (before, muted_before) != (counts, muted) {
            self.total_unread = self.total_unread - before + counts;
            self.muted_unread = self.muted_unread - muted_before + muted;
            self.tell_total_unread();
        }
    }
}
