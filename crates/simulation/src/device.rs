//! A device: the production core of the SDK, a store that keeps what was committed, and one link to the server.

use crate::dice::Dice;
use crate::network::Link;
use std::collections::{BTreeMap, VecDeque};
use stonechat_client::core::change::Change;
use stonechat_client::core::command::{Command, Draft, Ticket};
use stonechat_client::core::machine::{Core, Input, Now, Settings};
use stonechat_client::core::mutant::Mutants;
use stonechat_client::core::rows::Transaction;
use stonechat_client::presence::Presences;
use stonechat_client::state::{ConnectionState, SendState};
use stonechat_client::store::Store as _;
use stonechat_client::store::memory::MemoryStore;
use stonechat_types::id::{ClientMsgId, ConversationId, DeviceId, UserId};

/// What a device was asked and has not answered.
pub enum Waiting {
    /// A message, to be durable.
    Draft(Box<Draft>),
    /// A command, to be durable.
    Command(ClientMsgId),
    /// Anything else.
    Other,
}

/// A device.
pub struct Device {
    /// Its place in the run.
    pub index: usize,
    /// Its user.
    pub user: UserId,
    /// Its id.
    pub id: DeviceId,
    /// What it has stored.
    pub store: MemoryStore,
    /// Its core, while it runs.
    pub core: Option<Core>,
    /// Grows with every start: what was meant for an earlier one is dropped.
    pub epoch: u64,
    /// Grows with every attempt to connect, and with every loss of the connection.
    pub attempt: u64,
    /// Its connection.
    pub connection: Option<u64>,
    /// Transactions that are not durable.
    pub pending: VecDeque<Transaction>,
    /// Whether the next of them is on its way to the disk.
    pub is_committing: bool,
    /// When it is ticked next.
    pub tick_at: Option<u64>,
    /// How far its wall clock is off.
    pub skew_ms: i64,
    /// The last ticket.
    pub tickets: u64,
    /// Who waits.
    pub waiting: BTreeMap<Ticket, Waiting>,
    /// Messages that it has written.
    pub written: u64,
    /// How far its messages have come, since its start.
    pub states: BTreeMap<ClientMsgId, SendState>,
    /// Where its connection stands.
    pub state: ConnectionState,
    /// Whom it watches, since its start.
    pub watched: Vec<UserId>,
    /// What it tells of them.
    pub presences: Presences,
    /// Unread messages over all conversations, as it tells them.
    pub total_unread: u64,
    /// When it last lost what it had stored, or was about to store.
    pub lost_at_ms: u64,
    /// Whether it ever lost all that it had stored.
    pub lost_its_store: bool,
    /// The network between it and the server.
    pub link: Link,
    mutants: Mutants,
    records: bool,
    dice: Dice,
}

impl Device {
    /// A device that is not running.
    #[must_use]
    pub fn new(index: usize, user: UserId, id: DeviceId, options: (Mutants, bool), mut dice: Dice) -> Self {
        let (mutants, records) = options;
        Self {
            index,
            user,
            id,
            store: MemoryStore::default(),
            core: None,
            epoch: 0,
            attempt: 0,
            connection: None,
            pending: VecDeque::new(),
            is_committing: false,
            tick_at: None,
            skew_ms: 0,
            tickets: 0,
            waiting: BTreeMap::new(),
            written: 0,
            states: BTreeMap::new(),
            state: ConnectionState::Idle,
            watched: Vec::new(),
            presences: Presences::default(),
            total_unread: 0,
            lost_at_ms: 0,
            lost_its_store: false,
            link: Link::default(),
            mutants,
            records,
            dice: dice.fork(),
        }
    }

    /// Begins with what is stored. The first actions wait in the core.
    pub fn start(&mut self) {
        let settings = Settings {
            me: self.user.clone(),
            device: self.id.clone(),
            device_name: String::new(),
            client: String::new(),
            platform: Default::default(),
            window: 0,
            record_events: self.records,
            mutants: self.mutants,
        };
        self.epoch += 1;
        self.core = self.store.load().ok().map(|snapshot| Core::new(settings, snapshot));
    }

    /// Dies with all that is not durable.
    pub fn die(&mut self, now_ms: u64) {
        if !self.pending.is_empty() {
            self.lost_at_ms = now_ms;
        }
        self.epoch += 1;
        self.attempt += 1;
        self.core = None;
        self.pending.clear();
        self.is_committing = false;
        self.tick_at = None;
        self.waiting.clear();
        self.states.clear();
        self.total_unread = 0;
        self.watched.clear();
        self.presences.clear();
        self.state = ConnectionState::Idle;
    }

    /// Everything that was stored is gone.
    pub fn lose_store(&mut self, now_ms: u64) {
        self.lost_at_ms = now_ms;
        self.lost_its_store = true;
        self.store = MemoryStore::default();
    }

    /// Its wall clock, in milliseconds since the epoch.
    #[must_use]
    pub fn wall_ms(&self, now_ms: u64) -> i64 {
        crate::ports::EPOCH_MS + now_ms as i64 + self.skew_ms
    }

    /// Gives the core an input; `false` when the device does not run.
    pub fn handle(&mut self, now_ms: u64, input: Input) -> bool {
        let wall_ms = self.wall_ms(now_ms);
        let Some(core) = &mut self.core else { return false };
        core.handle(Now { monotonic_ms: now_ms, wall_ms, random: self.dice.number() }, input);
        true
    }

    /// The input of a command.
    pub fn command(&mut self, command: Command, waiting: Waiting) -> Input {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.waiting.insert(ticket, waiting);
        Input::Command(ticket, command)
    }

    /// Notes what the core tells.
    pub fn told(&mut self, change: Change) {
        match change {
            Change::Connection(state) => self.state = state,
            Change::Send { client_msg_id, state, .. } => drop(self.states.insert(client_msg_id, state)),
            Change::TotalUnread(unread) => self.total_unread = unread,
            Change::Presences(presences) => self.presences = presences,
            Change::Conversation(_)
            | Change::ConversationGone(_)
            | Change::Echo(..)
            | Change::EchoGone(..)
            | Change::Pending(..)
            | Change::Windows(_)
            | Change::ContentTypes(_)
            | Change::PendingGone(..)
            | Change::Messages(..)
            | Change::Events(..)
            | Change::MessageChanged(..)
            | Change::Unheld(..)
            | Change::Intervals(..)
            | Change::Cleared
            | Change::Marks(..)
            | Change::Typing(..)
            | Change::Recorded(_)
            | Change::Profile(_)
            | Change::Quiet(_)
            | Change::Asking(_)
            | Change::PresenceSettings(_)
            | Change::Relation(_)
            | Change::Device(_)
            | Change::PeopleGone => {}
        }
    }

    /// The cursors that it has stored, where its user is a member: elsewhere a move is refused and taken back.
    #[must_use]
    pub fn cursors(&self) -> BTreeMap<ConversationId, u64> {
        let tables = self.store.tables();
        tables.conversations.iter().filter(|(_, row)| row.member).map(|(id, row)| (*id, row.read_seq)).collect()
    }

    /// One of the conversations that it has stored.
    #[must_use]
    pub fn conversation(&self, choice: u64) -> Option<ConversationId> {
        let tables = self.store.tables();
        let n = tables.conversations.len() as u64;
        tables.conversations.keys().nth(choice.checked_rem(n)? as usize).copied()
    }

    /// An id for a message or a command that is written now.
    pub fn fresh_id(&mut self, now_ms: u64) -> ClientMsgId {
        let mut random = [0; 10];
        self.dice.fill(&mut random);
        ClientMsgId::from_parts(self.wall_ms(now_ms).max(0) as u64, random)
    }
}
