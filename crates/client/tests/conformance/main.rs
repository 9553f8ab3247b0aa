//! Runs the scripts of `fixtures/conformance/`, which every SDK runs. Their format is described there.

mod compare;
mod own;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::Path;

use prost::Message as _;
use serde_json::Value;
use stonechat_client::content::{Attributes, ReplyTo};
use stonechat_client::core::change::Change;
use stonechat_client::core::command::{Command, Draft, LaneCommand, Reply, Ticket};
use stonechat_client::core::machine::{Action, Core, Input, Now, Settings};
use stonechat_client::core::mutant::Mutants;
use stonechat_client::presence::Presences;
use stonechat_client::state::{ConversationSummary, SendState, Target};
use stonechat_client::store::Store as _;
use stonechat_client::store::memory::MemoryStore;
use stonechat_types::id::{ClientMsgId, ConversationId, DeviceId, UserId};
use stonechat_types::number::{Ordinal, Seq};
use stonechat_wire::v1::{self, Frame, TextBody, change_message, frame::Body};

/// A command that goes through the outbox, in the words of a script: its call as the wire has it.
fn queued(call: &Value) -> LaneCommand {
    let frame: Frame = stonechat_wire::json::decode(&call["frame"].to_string()).unwrap();
    LaneCommand {
        conversation: conversation(call),
        command_id: text(call, "command_id").parse().unwrap(),
        call: frame.body.unwrap_or_else(|| panic!("no call: {call}")),
        about: None,
    }
}

/// What a message of a script carries beside its text.
fn attributes(call: &Value) -> Option<Box<Attributes>> {
    let mentions = call["mentions"].as_array().into_iter().flatten();
    let attributes = Attributes {
        reply_to: call["reply_to"].as_u64().map(|seq| ReplyTo { seq: Seq(seq), ordinal: Ordinal::ZERO }),
        mentions: mentions.map(|user| UserId::new(user.as_str().unwrap()).unwrap()).collect(),
        silent: call["silent"].as_bool().unwrap_or(false),
        ..Attributes::default()
    };
    (!attributes.is_empty()).then(|| Box::new(attributes))
}

/// A device without a world around it.
struct Device {
    settings: Settings,
    core: Core,
    store: MemoryStore,
    now_ms: u64,
    tickets: u64,
    connected: bool,
    /// Frames that the script has not named yet.
    sent: Vec<Value>,
    /// Ids of calls, by the name that the script gives them.
    names: BTreeMap<String, Value>,
    summaries: BTreeMap<ConversationId, ConversationSummary>,
    sends: BTreeMap<ClientMsgId, SendState>,
    presences: Presences,
    typing: BTreeMap<ConversationId, Vec<UserId>>,
    own: own::Own,
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} of {value}"))
}

fn conversation(value: &Value) -> ConversationId {
    text(value, "conversation").parse().unwrap_or_else(|_| panic!("the conversation of {value}"))
}

/// A command about a message, in the words of a script.
fn change(name: &str, call: &Value) -> LaneCommand {
    let change = match name {
        "edit" => {
            let body = TextBody { entities: Vec::new(), text: text(call, "text").into() }.encode_to_vec().into();
            change_message::Change::Edit(v1::Edit { body_type: "text".into(), body })
        }
        "recall" => change_message::Change::Recall(v1::Recall {}),
        "pin" | "unpin" => change_message::Change::Pin(v1::Pin { remove: name == "unpin" }),
        other => {
            let emoji = text(call, "emoji").into();
            change_message::Change::React(v1::React { emoji, remove: other == "take_back" })
        }
    };
    let conversation = conversation(call);
    let about = match call["seq"].as_u64() {
        Some(seq) => Target::Log(Seq(seq)),
        None => Target::Own(text(call, "own").parse().unwrap()),
    };
    let conversation_id = conversation.to_string();
    let change = v1::ChangeMessage { conversation_id, change: Some(change), ..v1::ChangeMessage::default() };
    LaneCommand {
        conversation,
        command_id: text(call, "command_id").parse().unwrap(),
        call: Body::ChangeMessage(change),
        about: Some(about),
    }
}

impl Device {
    fn new(script: &Value) -> Self {
        let settings = Settings {
            me: UserId::new(text(script, "user")).unwrap(),
            device: DeviceId::new(text(script, "device")).unwrap(),
            device_name: String::new(),
            client: String::new(),
            platform: Default::default(),
            window: 0,
            record_events: false,
            mutants: Mutants::default(),
        };
        let mut store = MemoryStore::default();
        Self {
            core: Core::new(settings.clone(), store.load().unwrap()),
            settings,
            store,
            now_ms: 1_000,
            tickets: 0,
            connected: false,
            sent: Vec::new(),
            names: BTreeMap::new(),
            summaries: BTreeMap::new(),
            sends: BTreeMap::new(),
            presences: Presences::default(),
            typing: BTreeMap::new(),
            own: own::Own::default(),
        }
    }

    fn input(&mut self, input: Input) -> Vec<Reply> {
        let wall_ms = 1_790_000_000_000 + i64::try_from(self.now_ms).unwrap();
        self.core.handle(Now { monotonic_ms: self.now_ms, wall_ms, random: 0 }, input);
        let mut replies = Vec::new();
        while let Some(action) = self.core.poll_action() {
            match action {
                Action::FetchToken(_) => replies.extend(self.input(Input::Token(Ok("token".into())))),
                Action::Connect => {
                    self.connected = true;
                    replies.extend(self.input(Input::Opened));
                }
                Action::Disconnect => self.connected = false,
                Action::Transmit(frame) => {
                    let frame: Value = serde_json::from_str(&stonechat_wire::json::encode(&frame)).unwrap();
                    if frame.get("ping").is_none() {
                        self.sent.push(frame);
                    }
                }
                Action::Commit(transaction) => {
                    let number = transaction.number;
                    self.store.apply(&[transaction]).unwrap();
                    replies.extend(self.input(Input::Committed(number)));
                }
                Action::Emit(change) => self.tell(change),
                Action::Reply(_, reply) => replies.push(reply.unwrap_or_else(|error| panic!("{error}"))),
            }
        }
        replies
    }

    fn tell(&mut self, change: Change) {
        match change {
            Change::Conversation(summary) => drop(self.summaries.insert(summary.id, (*summary).clone())),
            Change::ConversationGone(id) => drop(self.summaries.remove(&id)),
            Change::Send { client_msg_id, state, .. } => drop(self.sends.insert(client_msg_id, state)),
            Change::Presences(presences) => self.presences = presences,
            Change::Typing(id, users) => drop(self.typing.insert(id, users)),
            other => self.own.tell(other),
        }
    }

    fn command(&mut self, command: Command) -> Vec<Reply> {
        self.tickets += 1;
        self.input(Input::Command(Ticket(self.tickets), command))
    }

    fn advance(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        while let Some(deadline) = self.core.next_deadline().filter(|deadline| *deadline <= end) {
            self.now_ms = deadline;
            self.input(Input::Tick);
        }
        self.now_ms = end;
        self.input(Input::Tick);
    }

    fn step(&mut self, kind: &str, step: &Value) {
        if ["call", "in", "closed", "restart", "reconnect", "advance_ms"].contains(&kind) {
            self.expect_nothing_unnamed();
        }
        match kind {
            "call" => {
                let (name, call) = step.as_object().and_then(|call| call.iter().next()).expect("a call");
                self.call(name, call);
            }
            "out" => self.out(step),
            "in" => {
                let mut frame = step["frame"].clone();
                if let Some(name) = step["answers"].as_str() {
                    frame["id"] = self.names.get(name).unwrap_or_else(|| panic!("no call {name}")).clone();
                }
                let frame: Frame = stonechat_wire::json::decode(&frame.to_string()).unwrap();
                self.input(Input::Frame(frame));
            }
            "advance_ms" => self.advance(step.as_u64().unwrap()),
            "closed" => {
                self.connected = false;
                self.input(Input::Closed("closed".into()));
            }
            "reconnect" => {
                for _ in 0..60 {
                    if !self.connected {
                        self.advance(1_000);
                    }
                }
                assert!(self.connected, "it did not connect within a minute");
            }
            "restart" => {
                self.connected = false;
                self.summaries.clear();
                self.sends.clear();
                self.own = own::Own::default();
                self.core = Core::new(self.settings.clone(), self.store.load().unwrap());
                self.command(Command::Start);
            }
            "store" => self.check_store(step),
            "list" => self.check_list(step),
            "timeline" => self.check_timeline(step),
            "presence" => self.check_presence(step),
            "state" => self.check_state(step),
            "typing" => {
                let users = self.typing.get(&conversation(step)).into_iter().flatten();
                assert_eq!(Value::from_iter(users.map(UserId::as_str)), step["users"]);
            }
            "own" => self.own.check(step),
            other => panic!("there is no step {other}"),
        }
    }

    fn call(&mut self, name: &str, call: &Value) {
        let id = |value: &Value| -> ClientMsgId { value.as_str().unwrap().parse().unwrap() };
        let command = match name {
            "start" => Command::Start,
            "send" => Command::Send(Draft {
                attributes: attributes(call),
                conversation: conversation(call),
                peer: call["peer"].as_str().map(|peer| UserId::new(peer).unwrap()),
                client_msg_id: id(&call["client_msg_id"]),
                body_type: "text".into(),
                body: TextBody { entities: Vec::new(), text: text(call, "text").into() }.encode_to_vec().into(),
                read_upto: Seq(call["read_upto"].as_u64().unwrap_or(0)),
            }),
            "edit" | "react" | "take_back" | "recall" | "pin" | "unpin" => Command::Queue(Box::new(change(name, call))),
            "queue" => Command::Queue(Box::new(queued(call))),
            "typing" => Command::Typing { conversation: conversation(call), active: call["active"].as_bool().unwrap() },
            "sign_out" => Command::SignOut,
            "retry" => Command::Retry(id(call)),
            "cancel" => Command::Cancel(id(call)),
            "watch" => {
                let users = call.as_array().unwrap().iter().map(|user| UserId::new(user.as_str().unwrap()).unwrap());
                Command::Watch(users.collect())
            }
            "away" => Command::Away(call.as_bool().unwrap()),
            "mark_read" => {
                Command::MarkRead { conversation: conversation(call), upto: Seq(call["upto"].as_u64().unwrap()) }
            }
            "focus" => {
                let shown = call.as_array().unwrap().iter().map(|id| id.as_str().unwrap().parse().unwrap());
                Command::Focus(shown.collect())
            }
            "mark_played" => {
                Command::MarkPlayed { conversation: conversation(call), message: Seq(call["seq"].as_u64().unwrap()) }
            }
            "load_before" => Command::LoadBefore {
                conversation: conversation(call),
                before: call["before"].as_u64().map(Ordinal),
                limit: u32::try_from(call["limit"].as_u64().unwrap()).unwrap(),
            },
            other => panic!("there is no call {other}"),
        };
        self.command(command);
    }

    fn out(&mut self, step: &Value) {
        let expected = &step["frame"];
        let at = self.sent.iter().position(|frame| compare::names(expected, frame));
        let at = at.unwrap_or_else(|| panic!("not sent: {expected:#}\nsent: {:#?}", self.sent));
        let frame = self.sent.remove(at);
        if let Some(name) = step["as"].as_str() {
            self.names.insert(name.to_owned(), frame["id"].clone());
        }
    }

    fn expect_nothing_unnamed(&self) {
        assert!(self.sent.is_empty(), "frames that the script does not name: {:#?}", self.sent);
    }
}

/// Runs a script, and tells of each step before it is done.
fn run(script: &Value, told: impl Fn(usize, &Value)) {
    let mut device = Device::new(script);
    for (at, step) in script["steps"].as_array().unwrap().iter().enumerate() {
        let (kind, inside) = step.as_object().and_then(|step| step.iter().next()).expect("a step");
        told(at, step);
        device.step(kind, inside);
    }
    device.expect_nothing_unnamed();
}

fn scripts() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/conformance");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let scripts = files.filter(|path| path.extension().is_some_and(|it| it == "json"));
    let mut scripts: Vec<_> = scripts
        .map(|path| {
            let script = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            (path.file_name().unwrap().to_string_lossy().into_owned(), script)
        })
        .collect();
    scripts.sort_by(|(a, _), (b, _)| a.cmp(b));
    assert!(scripts.len() >= 40);
    scripts
}

#[test]
fn every_script_runs_as_written() {
    for (name, script) in scripts() {
        // Who reads of a failure looks for its step.
        run(&script, |at, step| println!("{name}, step {at}: {step}"));
    }
}

/// The same with another value in its last place.
fn changed(value: &Value) -> Value {
    match value {
        Value::Array(values) => match values.split_last() {
            Some((last, before)) => before.iter().cloned().chain([changed(last)]).collect(),
            None => Value::from([1]),
        },
        Value::Object(fields) => {
            let mut fields = fields.clone();
            match fields.iter_mut().next_back() {
                Some((_, last)) => *last = changed(last),
                None => drop(fields.insert("more".into(), "x".into())),
            }
            fields.into()
        }
        Value::Bool(is) => (!is).into(),
        Value::Number(number) => (-number.as_i64().expect("a whole number") - 1).into(),
        Value::String(text) => format!("{text}x").into(),
        Value::Null => "x".into(),
    }
}

/// Where a script fails.
fn failing_step(script: &Value) -> Option<usize> {
    let last = Cell::new(0);
    let ran = std::panic::catch_unwind(AssertUnwindSafe(|| run(script, |at, _| last.set(at))));
    ran.is_err().then(|| last.get())
}

#[test]
fn a_script_with_another_expectation_fails() {
    for (name, script) in scripts() {
        for (at, step) in script["steps"].as_array().unwrap().iter().enumerate() {
            let (kind, inside) = step.as_object().and_then(|step| step.iter().next()).expect("a step");
            let mut altered = script.clone();
            match kind.as_str() {
                // Of a frame what is in it, and not how the script calls it.
                "out" => altered["steps"][at]["out"]["frame"] = changed(&inside["frame"]),
                "store" | "list" | "timeline" | "presence" | "typing" | "state" | "own" => {
                    altered["steps"][at][kind] = changed(inside);
                }
                _ => continue,
            }
            assert_eq!(failing_step(&altered), Some(at), "{name} with {}", altered["steps"][at]);
        }
    }
}
