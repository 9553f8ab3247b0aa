//! The core of the client, fed by a server that says anything.
//!
//! Whatever frames come, in whatever order: it speaks only on a connection that is there, within the limit of a frame;
//! transactions are numbered one after another; nothing is told before what it stands for is durable; each command is
//! answered at most once; it asks for no tick in the past; what it does is in proportion to what it is told; and from
//! what it stored it can begin again.

use super::client_script::{Script, Step};
use prost::Message as _;
use std::collections::{BTreeMap, BTreeSet};
use stonechat_client::core::change::Change;
use stonechat_client::core::command::Ticket;
use stonechat_client::core::machine::{Action, Core, Input, Now, Settings};
use stonechat_client::core::order::{ListOrder, Rank};
use stonechat_client::core::rows::{HistoryRows, StoreOp, Transaction};
use stonechat_client::core::timeline::TimelineModel;
use stonechat_client::store::Store as _;
use stonechat_client::store::memory::MemoryStore;
use stonechat_client::timeline::TimelineOptions;
use stonechat_types::id::{ConversationId, DeviceId, UserId};
use stonechat_types::limits::FRAME_BYTES_MAX;
use stonechat_wire::v1::{Frame, frame::Body};

/// Steps of one script at most.
const STEPS_MAX: usize = 300;
/// What an input may lead to on average, beside what its own bytes account for.
const ACTIONS_MAX: usize = 64;

/// Plays the bytes as a script.
pub fn run(bytes: &[u8]) {
    let mut script = Script::new(bytes);
    let mut driver = Driver::new(script.settings(), MemoryStore::default(), script.now());
    for _ in 0..STEPS_MAX {
        let Some(step) = script.next() else { break };
        driver.step(step);
    }
    driver.begins_again();
}

/// How the connection stands.
#[derive(Clone, Copy, PartialEq)]
enum Connection {
    None,
    Asked,
    There,
}

struct Driver {
    core: Core,
    settings: Settings,
    store: MemoryStore,
    now: Now,
    connection: Connection,
    /// Calls that have no answer, with what they asked.
    calls: BTreeMap<u64, Body>,
    /// Transactions that are not durable yet.
    written: Vec<Transaction>,
    last_written: u64,
    last_durable: u64,
    tickets: u64,
    answered: BTreeSet<Ticket>,
    /// Actions so far, and what accounts for them.
    actions: usize,
    accounted: usize,
    order: ListOrder,
    timelines: BTreeMap<ConversationId, TimelineModel>,
}

impl Driver {
    fn new(settings: Settings, mut store: MemoryStore, now: Now) -> Self {
        let snapshot = store.load().expect("a store in memory can be read");
        let mut driver = Self {
            core: Core::new(settings.clone(), snapshot),
            settings,
            store,
            now,
            connection: Connection::None,
            calls: BTreeMap::new(),
            written: Vec::new(),
            last_written: 0,
            last_durable: 0,
            tickets: 0,
            answered: BTreeSet::new(),
            actions: 0,
            accounted: 0,
            order: ListOrder::default(),
            timelines: BTreeMap::new(),
        };
        driver.drain(0);
        driver
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Command(command) => {
                self.tickets += 1;
                let ticket = Ticket(self.tickets);
                self.give(Input::Command(ticket, command), 0);
            }
            Step::Token(token) => self.give(Input::Token(token), 0),
            Step::Opened if self.connection == Connection::Asked => {
                self.connection = Connection::There;
                self.calls.clear();
                self.give(Input::Opened, 0);
            }
            Step::Closed if self.connection != Connection::None => {
                self.connection = Connection::None;
                self.give(Input::Closed("cut".into()), 0);
            }
            Step::Opened | Step::Closed => {}
            Step::Signal(body) => self.frame(Frame { id: 0, body: Some(body) }),
            Step::Frame(frame) => self.frame(frame),
            Step::Answer { which, make } => {
                let Some((id, asked)) = self.calls.iter().nth(which).map(|(id, asked)| (*id, asked.clone())) else {
                    return;
                };
                self.frame(Frame { id, body: Some(make(&asked)) });
            }
            Step::Committed => {
                for transaction in std::mem::take(&mut self.written) {
                    self.last_durable = transaction.number;
                    self.store.apply(&[transaction]).expect("a store in memory takes all");
                }
                self.give(Input::Committed(self.last_durable), 0);
            }
            Step::Tick { ms, wall_ms } => {
                self.now.monotonic_ms = self.now.monotonic_ms.saturating_add(ms);
                self.now.wall_ms = self.now.wall_ms.saturating_add(wall_ms);
                self.give(Input::Tick, 0);
            }
            Step::TickAtDeadline => {
                if let Some(at) = self.core.next_deadline() {
                    self.now.monotonic_ms = at;
                    self.give(Input::Tick, 0);
                }
            }
        }
    }

    /// A frame, if there is a connection for it to come on and it is small enough to come.
    fn frame(&mut self, frame: Frame) {
        let bytes = frame.encoded_len();
        if self.connection != Connection::There || bytes > FRAME_BYTES_MAX {
            return;
        }
        self.calls.remove(&frame.id);
        self.give(Input::Frame(frame), bytes);
    }

    fn give(&mut self, input: Input, bytes: usize) {
        self.now.random = self.now.random.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
        self.core.handle(self.now, input);
        self.drain(bytes);
        if let Some(deadline) = self.core.next_deadline() {
            assert!(deadline > self.now.monotonic_ms, "a deadline that has passed");
        }
    }

    fn drain(&mut self, bytes: usize) {
        while let Some(action) = self.core.poll_action() {
            self.actions += 1;
            self.action(action);
        }
        self.accounted += ACTIONS_MAX + bytes;
        assert!(self.actions <= self.accounted, "{} actions, and {} are accounted for", self.actions, self.accounted);
    }

    fn action(&mut self, action: Action) {
        match action {
            Action::FetchToken(_) => {}
            Action::Connect => {
                assert!(self.connection == Connection::None, "a second connection");
                self.connection = Connection::Asked;
            }
            Action::Disconnect => {
                assert!(self.connection != Connection::None, "there is no connection to drop");
                self.connection = Connection::None;
                self.calls.clear();
            }
            Action::Transmit(frame) => {
                assert!(self.connection == Connection::There, "nobody hears {frame:?}");
                assert!(frame.encoded_len() <= FRAME_BYTES_MAX);
                let Some(body) = frame.body else { panic!("a frame without a body") };
                if frame.id != 0 {
                    assert!(self.calls.insert(frame.id, body).is_none(), "the number of another call");
                }
            }
            Action::Commit(transaction) => {
                assert_eq!(transaction.number, self.last_written + 1, "transactions are numbered in order");
                assert!(!transaction.ops.is_empty());
                transaction.ops.iter().for_each(is_sound);
                self.last_written = transaction.number;
                self.written.push(transaction);
            }
            Action::Emit(change) => self.change(&change),
            Action::Reply(ticket, _) => {
                assert!(ticket.0 >= 1 && ticket.0 <= self.tickets, "nobody asked");
                assert!(self.answered.insert(ticket), "{ticket:?} is answered twice");
            }
        }
    }

    /// Whoever looks, looks at lists and timelines.
    fn change(&mut self, change: &Change) {
        match change {
            Change::Conversation(summary) => {
                self.order.place(summary.id, Rank::new(summary.preferences.pinned_at, summary.active_at));
                let me = self.settings.me.clone();
                self.timelines.entry(summary.id).or_insert_with(|| {
                    let mut timeline = TimelineModel::new(me, summary.id, TimelineOptions::default());
                    timeline.merge(HistoryRows::default(), 1);
                    timeline
                });
            }
            Change::ConversationGone(id) => {
                self.order.remove(id);
                self.timelines.remove(id);
            }
            _ => {}
        }
        for timeline in self.timelines.values_mut() {
            if timeline.apply(change) {
                let keys: Vec<_> = timeline.items().into_iter().map(|item| item.key).collect();
                let unique: BTreeSet<_> = keys.iter().map(|key| format!("{key:?}")).collect();
                assert_eq!(unique.len(), keys.len(), "two lines with one key: {keys:?}");
            }
        }
    }

    /// What is durable is enough to begin with.
    fn begins_again(self) {
        let now = self.now;
        let mut again = Driver::new(self.settings, self.store, now);
        again.step(Step::Command(stonechat_client::core::command::Command::Start));
        again.step(Step::Token(Ok("a.b.c".into())));
        again.step(Step::Opened);
        let hello = again.calls.values().any(|body| matches!(body, Body::Hello(_)));
        assert!(hello, "it says hello");
    }
}

/// What every store relies on.
fn is_sound(op: &StoreOp) {
    match op {
        StoreOp::PutIntervals(_, intervals) => {
            assert!(intervals.iter().all(|(from, upto)| from <= upto), "{intervals:?}");
            assert!(intervals.windows(2).all(|pair| pair[0].1 < pair[1].0), "{intervals:?}");
        }
        StoreOp::PutConversation(row) => {
            assert!(row.marks.windows(2).all(|pair| pair[0].user < pair[1].user), "{:?}", row.marks);
        }
        _ => {}
    }
}

/// Who the client is.
pub(super) fn me() -> UserId {
    UserId::new("alice").expect("a good id")
}

/// On which device.
pub(super) fn device() -> DeviceId {
    DeviceId::new("pixel-1").expect("a good id")
}
