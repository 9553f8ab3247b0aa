//! The property that the core stands on: whatever the network, the server and the user do, a device ends up equal to
//! the server. And the proof that the property can tell: planted faults are caught.

mod check;
mod faults;
mod log;
pub mod server;
mod steps;

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{ClientMsgId, ConversationId, DeviceId, UserId};
use stonechat_types::number::Seq;
use stonechat_wire::v1::{self, Frame, change_message, frame::Body};

use crate::core::change::Change as Told;
use crate::core::command::{Command, Draft, LaneCommand, Reply, Ticket};
use crate::core::machine::{Action, Core, Input, Now, Settings};
use crate::core::mutant::{Mutant, Mutants};
use crate::core::rows::Transaction;
use crate::core::simulation::log::Log;
use crate::core::simulation::server::{Change, ME, Server};
use crate::core::simulation::steps::{Step, careful_steps, steps};
use crate::core::timeline::TimelineModel;
use crate::state::{ConversationSummary, SendState, Target};
use crate::store::memory::MemoryStore;
use crate::store::{MessageQuery, Reader as _, Store as _};
use crate::timeline::TimelineOptions;

/// What a device promised to carry out.
#[derive(Clone, Debug)]
struct Promise {
    conversation: ConversationId,
    id: ClientMsgId,
    /// What a message says; `None` for a command.
    says: Option<Bytes>,
}

/// A device, a server, and what is between them.
struct World {
    server: Server,
    core: Core,
    store: MemoryStore,
    settings: Settings,
    now_ms: u64,
    rolls: u64,
    connected: bool,
    up: VecDeque<Frame>,
    down: VecDeque<Frame>,
    pending: VecDeque<Transaction>,
    tickets: u64,
    drafts: u64,
    /// Messages that the device promised to send, in their order.
    promised: Vec<Promise>,
    waiting: BTreeMap<Ticket, Promise>,
    /// What the device promised to tell as played, and what it has not promised yet.
    played: Vec<(ConversationId, u64)>,
    playing: BTreeMap<Ticket, (ConversationId, u64)>,
    ends: BTreeMap<ClientMsgId, SendState>,
    summaries: BTreeMap<ConversationId, ConversationSummary>,
    total_unread: u64,
    timelines: BTreeMap<ConversationId, TimelineModel>,
    restored: bool,
    /// What was found wrong on the way.
    broken: Option<String>,
    /// What happened, for people.
    trace: Option<Vec<String>>,
}

impl World {
    fn new(mutants: Mutants, record_events: bool) -> Self {
        let settings = Settings {
            me: UserId::new(ME).unwrap(),
            device: DeviceId::new("d").unwrap(),
            device_name: String::new(),
            client: String::new(),
            platform: Default::default(),
            window: 0,
            record_events,
            mutants,
        };
        let store = MemoryStore::default();
        let core = Core::new(settings.clone(), store.clone().load().unwrap());
        let mut world = Self {
            server: Server::default(),
            core,
            store,
            settings,
            now_ms: 1_000,
            rolls: 0,
            connected: false,
            up: VecDeque::new(),
            down: VecDeque::new(),
            pending: VecDeque::new(),
            tickets: 0,
            drafts: 0,
            promised: Vec::new(),
            waiting: BTreeMap::new(),
            played: Vec::new(),
            playing: BTreeMap::new(),
            ends: BTreeMap::new(),
            summaries: BTreeMap::new(),
            total_unread: 0,
            timelines: BTreeMap::new(),
            restored: false,
            broken: None,
            trace: None,
        };
        world.server.append(Server::direct(), "bob", Change::Create);
        world.server.new_group();
        world.act();
        world.command(Command::Start);
        world
    }

    fn input(&mut self, input: Input) {
        self.note(|| format!("  in  {input:?}"));
        self.rolls += 1;
        let wall_ms = 1_790_000_000_000 + i64::try_from(self.now_ms).unwrap();
        self.core.handle(Now { monotonic_ms: self.now_ms, wall_ms, random: self.rolls }, input);
        self.act();
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(what());
        }
    }

    fn command(&mut self, command: Command) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.input(Input::Command(ticket, command));
        ticket
    }

    fn act(&mut self) {
        while let Some(action) = self.core.poll_action() {
            self.note(|| format!("  out {action:?}"));
            match action {
                Action::FetchToken(_) => self.input(Input::Token(Ok("token".into()))),
                Action::Connect => {
                    self.connected = true;
                    self.input(Input::Opened);
                }
                Action::Disconnect => self.disconnect(),
                Action::Transmit(frame) => {
                    self.check_sent(&frame);
                    self.up.push_back(frame);
                }
                Action::Commit(transaction) => self.pending.push_back(transaction),
                Action::Emit(change) => self.tell(&change),
                Action::Reply(ticket, reply) => self.promised(ticket, reply),
            }
        }
    }

    fn promised(&mut self, ticket: Ticket, reply: crate::error::Result<Reply>) {
        if let Some(played) = self.playing.remove(&ticket).filter(|_| reply.is_ok()) {
            self.played.push(played);
        }
        match (self.waiting.remove(&ticket), reply) {
            (Some(promise), Ok(Reply::Queued(_))) => self.promised.push(promise),
            // An edit of what was never written is in the message itself.
            (Some(edit), Ok(Reply::Kept(id, _))) if id != edit.id => {
                let message = self.promised.iter_mut().find(|promise| promise.id == id);
                message.into_iter().for_each(|message| message.says.clone_from(&edit.says));
            }
            (Some(command), Ok(Reply::Kept(..))) => self.promised.push(Promise { says: None, ..command }),
            (_, _) => {}
        }
    }

    fn disconnect(&mut self) {
        self.connected = false;
        self.server.disconnect();
        self.up.clear();
        self.down.clear();
    }

    /// Nothing is sent before it is durable.
    fn check_sent(&mut self, frame: &Frame) {
        let tables = self.store.tables();
        let durable = match &frame.body {
            Some(Body::Send(send)) => tables.outbox.values().any(|row| row.written && row.body == send.body),
            Some(call @ Body::ChangeMessage(_)) => tables
                .outbox
                .values()
                .any(|row| row.written && row.command.as_ref().is_some_and(|command| command.call == *call)),
            Some(Body::MarkDelivered(call)) => call.marks.iter().all(|mark| {
                let id = mark.conversation_id.parse().expect("an id");
                tables.conversations.get(&id).is_some_and(|row| row.last_seq >= mark.upto_seq)
            }),
            _ => true,
        };
        drop(tables);
        self.expect(durable, "something was sent before it was durable");
    }

    fn expect(&mut self, holds: bool, what: &str) {
        if !holds && self.broken.is_none() {
            self.broken = Some(what.to_owned());
        }
    }

    fn tell(&mut self, change: &Told) {
        for timeline in self.timelines.values_mut() {
            timeline.apply(change);
        }
        match change {
            Told::Conversation(summary) => {
                let before = self.summaries.insert(summary.id, (**summary).clone());
                before.is_none().then(|| self.open(summary.id));
            }
            Told::ConversationGone(id) => drop(self.summaries.remove(id)),
            Told::TotalUnread(unread) => self.total_unread = *unread,
            Told::Send { client_msg_id, state, .. } => drop(self.ends.insert(*client_msg_id, state.clone())),
            _ => {}
        }
    }

    /// Opens a timeline as the driver does: first the core is asked, then the store.
    fn open(&mut self, id: ConversationId) {
        let mut timeline = TimelineModel::new(self.settings.me.clone(), id, TimelineOptions::default());
        if let Ok(Reply::Opened(opened)) = self.core.open(id) {
            timeline.begin(opened);
        }
        let (before, held) = timeline.next_page();
        let from = held.unwrap_or(before);
        let query = MessageQuery { conversation: id, from, upto: u64::MAX, limit: 1_000 };
        timeline.merge(self.store.page(query).unwrap(), from);
        self.timelines.insert(id, timeline);
    }

    fn commit_one(&mut self) {
        let Some(transaction) = self.pending.pop_front() else { return };
        let number = transaction.number;
        self.store.apply(&[transaction]).unwrap();
        self.check_position();
        self.input(Input::Committed(number));
    }

    /// The process dies and begins again with what was durable.
    fn crash(&mut self) {
        self.disconnect();
        self.pending.clear();
        self.waiting.clear();
        self.playing.clear();
        self.summaries.clear();
        self.timelines.clear();
        self.ends.clear();
        self.total_unread = 0;
        self.core = Core::new(self.settings.clone(), self.store.load().unwrap());
        self.act();
        self.command(Command::Start);
    }

    fn conversation(&self, n: u8) -> ConversationId {
        let ids: Vec<_> = self.server.logs.keys().copied().collect();
        ids.get(usize::from(n) % ids.len().max(1)).copied().unwrap_or_else(Server::direct)
    }

    fn back_from_head(&self, id: &ConversationId, back: u8) -> u64 {
        self.server.logs.get(id).map_or(0, |log| log.head().0.saturating_sub(u64::from(back)))
    }

    /// One frame each way.
    fn deliver(&mut self) {
        if let Some(frame) = self.up.pop_front() {
            self.server.handle(frame);
        }
        self.down.extend(self.server.out.drain(..));
        if let Some(frame) = self.down.pop_front() {
            self.input(Input::Frame(frame));
        }
    }

    fn step(&mut self, step: &Step) {
        self.note(|| format!("{step:?}"));
        match *step {
            Step::OtherSends(n) => self.write(n, "bob"),
            Step::OwnSends(n) => self.write(n, ME),
            Step::OwnReads(n, back) => {
                let id = self.conversation(n);
                let upto = self.back_from_head(&id, back);
                if self.server.logs.get(&id).is_some_and(Log::is_member) {
                    self.server.read(id, upto);
                }
            }
            Step::Rename(n) => {
                let id = self.conversation(n);
                let title = format!("title {}", self.server.feed);
                if self.server.logs.contains_key(&id) {
                    self.server.append(id, "bob", Change::Rename(title));
                }
            }
            Step::Toggle(n) => {
                let id = self.conversation(n);
                let member = self.server.logs.get(&id).is_some_and(Log::is_member);
                self.server.append(id, "bob", if member { Change::Remove } else { Change::Add });
            }
            Step::NewGroup => {
                if self.server.logs.len() < 6 {
                    let id = self.server.new_group();
                    self.write_to(id, "bob");
                }
            }
            Step::Send(n, read) => self.send(n, read),
            Step::Edit(n, what) => self.edit(n, what),
            Step::React(n, back, add) => self.react(n, back, add),
            Step::Read(n, back) => {
                let conversation = self.conversation(n);
                let upto = Seq(self.back_from_head(&conversation, back));
                self.command(Command::MarkRead { conversation, upto });
            }
            Step::Play(n, back) => self.play(n, back),
            Step::LoadBefore(n, before) => {
                let conversation = self.conversation(n);
                let before = Some(stonechat_types::number::Ordinal(u64::from(before % 16)));
                self.command(Command::LoadBefore { conversation, before, limit: 3 });
            }
            Step::Deliver(times) => (0..times).for_each(|_| self.deliver()),
            Step::Drop => {
                if self.connected {
                    self.disconnect();
                    self.input(Input::Closed("dropped".into()));
                }
            }
            Step::Commit(times) => (0..times).for_each(|_| self.commit_one()),
            Step::Crash => self.crash(),
            Step::Lose(n) => self.lose(usize::from(n)),
            Step::Duplicate(n) => self.duplicate(usize::from(n)),
            Step::Swap(n) => self.swap(usize::from(n)),
            Step::Poke => self.poke(),
            Step::Position => self.server.say_position(),
            Step::Restore(lost) => {
                self.restored = true;
                self.disconnect();
                self.server.restore(usize::from(lost));
                self.input(Input::Closed("restored".into()));
            }
            Step::Refuse(n) => {
                let code = if n % 8 == 0 { ErrorCode::Forbidden } else { ErrorCode::Overloaded };
                self.server.refuse.push(code);
            }
            Step::RefuseFetches(times) => self.server.refuse_fetches += times,
            Step::Time(ms) => {
                self.now_ms += u64::from(ms);
                self.input(Input::Tick);
            }
        }
        self.down.extend(self.server.out.drain(..));
    }

    fn write(&mut self, n: u8, sender: &str) {
        let id = self.conversation(n);
        self.write_to(id, sender);
    }

    fn write_to(&mut self, id: ConversationId, sender: &str) {
        let log = self.server.logs.get(&id);
        if log.is_none() || sender == ME && !log.is_some_and(Log::is_member) {
            return;
        }
        let feed = self.server.feed;
        let client_msg_id = Bytes::from(ClientMsgId::from_parts(feed, [9; 10]).0.to_vec());
        let body = Bytes::from(format!("{sender} {feed}"));
        self.server.append(id, sender, Change::Message { client_msg_id, body });
    }

    fn send(&mut self, n: u8, read: bool) {
        let conversation = self.conversation(n);
        self.drafts += 1;
        let mut random = [7; 10];
        random[2..].copy_from_slice(&self.drafts.to_be_bytes());
        let read_upto = if read { self.back_from_head(&conversation, 1) } else { 0 };
        let draft = Draft {
            attributes: None,
            conversation,
            peer: (conversation == Server::direct()).then(|| UserId::new("bob").unwrap()),
            client_msg_id: ClientMsgId::from_parts(self.now_ms, random),
            body_type: "text".into(),
            body: Bytes::from(format!("draft {}", self.drafts)),
            read_upto: Seq(read_upto),
        };
        self.tickets += 1;
        let (id, says) = (draft.client_msg_id, Some(draft.body.clone()));
        self.waiting.insert(Ticket(self.tickets), Promise { conversation, id, says });
        self.input(Input::Command(Ticket(self.tickets), Command::Send(draft)));
    }

    fn edit(&mut self, n: u8, what: u8) {
        let own: Vec<_> =
            self.promised.iter().filter(|it| it.says.is_some()).map(|it| (it.conversation, it.id)).collect();
        let newest = own.iter().rev().nth(usize::from(n) % own.len().clamp(1, 4));
        let Some((conversation, own)) = newest.copied() else { return };
        let body = Bytes::from(format!("edit {} {what}", self.drafts));
        let edit = v1::Edit { body_type: "text".into(), body: body.clone() };
        self.change(conversation, Target::Own(own), change_message::Change::Edit(edit), Some(body));
    }

    fn react(&mut self, n: u8, back: u8, add: bool) {
        let conversation = self.conversation(n);
        let tables = self.store.tables();
        let all = tables.messages.range((conversation, 0)..=(conversation, u64::MAX));
        let seq = all.map(|((_, seq), _)| *seq).rev().nth(usize::from(back));
        drop(tables);
        let Some(seq) = seq else { return };
        let react = v1::React { emoji: "👍".into(), remove: !add };
        self.change(conversation, Target::Log(Seq(seq)), change_message::Change::React(react), None);
    }

    fn play(&mut self, n: u8, back: u8) {
        let conversation = self.conversation(n);
        let tables = self.store.tables();
        let all = tables.messages.range((conversation, 0)..=(conversation, u64::MAX)).map(|(_, row)| row);
        let seq = all.filter(|row| row.sender.as_str() != ME).map(|row| row.seq).rev().nth(usize::from(back));
        drop(tables);
        let Some(seq) = seq else { return };
        self.tickets += 1;
        self.playing.insert(Ticket(self.tickets), (conversation, seq));
        let command = Command::MarkPlayed { conversation, message: Seq(seq) };
        self.input(Input::Command(Ticket(self.tickets), command));
    }

    fn change(
        &mut self,
        conversation: ConversationId,
        about: Target,
        change: change_message::Change,
        says: Option<Bytes>,
    ) {
        self.drafts += 1;
        let mut random = [5; 10];
        random[2..].copy_from_slice(&self.drafts.to_be_bytes());
        let command_id = ClientMsgId::from_parts(self.now_ms, random);
        let change = v1::ChangeMessage {
            conversation_id: conversation.to_string(),
            change: Some(change),
            ..v1::ChangeMessage::default()
        };
        let call = Body::ChangeMessage(change);
        self.tickets += 1;
        self.waiting.insert(Ticket(self.tickets), Promise { conversation, id: command_id, says });
        let command = LaneCommand { conversation, command_id, call, about: Some(about) };
        self.input(Input::Command(Ticket(self.tickets), Command::Queue(Box::new(command))));
    }

    /// The network is fine from here on: until the device is in step, or for ever.
    fn settle(&mut self) -> bool {
        self.server.refuse.clear();
        self.server.refuse_fetches = 0;
        if self.server.lossy {
            self.poke();
        }
        for _ in 0..2_000 {
            while !self.pending.is_empty() {
                self.commit_one();
            }
            self.down.extend(self.server.out.drain(..));
            if !self.up.is_empty() || !self.down.is_empty() {
                self.deliver();
            } else if self.core.is_at_rest() {
                return true;
            } else if let Some(deadline) = self.core.next_deadline() {
                self.now_ms = deadline;
                self.input(Input::Tick);
            } else {
                return false;
            }
        }
        false
    }
}

impl Core {
    /// Whether everything is done that there was to do.
    fn is_at_rest(&self) -> bool {
        matches!(self.sync_state_now(), crate::state::ConnectionState::Online)
            && self.link.is_up()
            && self.unsettled.is_empty()
            && self.unknown.is_empty()
            && self.gets.is_empty()
            && self.unconfirmed.is_empty()
            && self.undelivered.is_empty()
            && self.unplayed.is_empty()
            && self.position.is_none()
            && !self.poked
            && self.outbox.is_at_rest()
    }
}

fn run(steps: &[Step], mutants: Mutants, record_events: bool) -> Result<(), String> {
    run_in(&mut World::new(mutants, record_events), steps)
}

/// The same, told.
fn told(steps: &[Step], record_events: bool) -> String {
    let mut world = World::new(Mutants::default(), record_events);
    world.trace = Some(Vec::new());
    let outcome = run_in(&mut world, steps);
    format!("{}\n{outcome:?}", world.trace.unwrap_or_default().join("\n"))
}

fn run_in(world: &mut World, steps: &[Step]) -> Result<(), String> {
    for step in steps {
        world.step(step);
        if let Some(broken) = world.broken.take() {
            return Err(broken);
        }
    }
    if !world.settle() {
        return Err("the device never came to rest".into());
    }
    world.broken.take().map_or(Ok(()), Err)?;
    world.check()
}

fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    // The same cases each time: a mutant that is caught today is caught tomorrow.
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

#[test]
fn a_device_ends_up_equal_to_the_server() {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let outcome = runner(cases.unwrap_or(600)).run(&(steps(), any::<bool>()), |(steps, record)| {
        run(&steps, Mutants::default(), record).map_err(TestCaseError::fail)
    });
    if let Err(TestError::Fail(reason, (steps, record))) = outcome {
        panic!("{reason}\nrecord_events: {record}\n{steps:?}\n{}", told(&steps, record));
    }
    outcome.unwrap();
}

#[test]
fn a_kill_between_any_two_steps_of_the_store_neither_loses_nor_doubles_a_command() {
    let steps = careful_steps();
    for kill in 0..=steps.len() {
        let mut killed = steps.clone();
        killed.insert(kill, Step::Crash);
        let mut world = World::new(Mutants::default(), false);
        let outcome = run_in(&mut world, &killed);
        assert_eq!(outcome, Ok(()), "killed before step {kill} of {steps:?}");
        let commands = world.promised.iter().filter(|promise| promise.says.is_none()).count();
        assert!(kill < steps.len() || commands >= 4, "the steps queue {commands} commands");
    }
}

#[test]
fn each_planted_fault_is_caught() {
    let mut missed = Vec::new();
    for mutant in Mutant::ALL {
        let config = Config { max_shrink_iters: 0, ..runner(1).config().clone() };
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut runner = TestRunner::new_with_rng(Config { cases: 1_500, ..config }, rng);
        let outcome = runner.run(&(steps(), any::<bool>()), |(steps, record)| {
            run(&steps, Mutants::plant(mutant), record).map_err(TestCaseError::fail)
        });
        if outcome.is_ok() {
            missed.push(mutant);
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:?}");
}
