//! Rules of the core that a script of frames does not show well, one by one.

mod changes;
mod cursors;
mod events;
mod lane;
mod opening;
mod own;
mod presence;
mod timeline;

use std::sync::Arc;

use bytes::Bytes;
use stonechat_types::id::{ClientMsgId, ConversationId, DeviceId, UserId};
use stonechat_types::number::{AppId, Ordinal, Seq, Timestamp};
use stonechat_wire::v1::{self, Frame, frame::Body};

use crate::core::change::Change;
use crate::core::command::{Command, Draft, Opened, Reply, Ticket};
use crate::core::limits::{FIRST_START_CATCH_UPS, GIVE_UP_MS};
use crate::core::machine::{Action, Core, Input, Now, Settings};
use crate::core::mutant::Mutants;
use crate::core::rows::{HistoryRows, MessageRow};
use crate::core::timeline::TimelineModel;
use crate::error::{AuthError, Error, Result};
use crate::state::{ConnectionState, ConversationSummary, EndReason, ItemKey, SendState, SentMark, TimelineItemKind};
use crate::store::Store as _;
use crate::store::memory::MemoryStore;
use crate::timeline::TimelineOptions;

fn alice() -> UserId {
    UserId::new("alice").unwrap()
}

fn direct(n: u16) -> ConversationId {
    ConversationId::direct(AppId::DEFAULT, &alice(), &UserId::new(&format!("bob{n}")).unwrap())
}

/// A device with a store that is always durable at once, and a server that is the test itself.
struct Bench {
    core: Core,
    store: MemoryStore,
    now_ms: u64,
    wall_ms: i64,
    frames: Vec<Frame>,
    states: Vec<ConnectionState>,
    replies: Vec<Result<Reply>>,
    sends: Vec<SendState>,
    presences: Vec<crate::presence::Presences>,
    summaries: Vec<Arc<ConversationSummary>>,
    totals: Vec<u64>,
    disconnects: usize,
}

impl Bench {
    fn new(record_events: bool) -> Self {
        let settings = Settings {
            me: alice(),
            device: DeviceId::new("d").unwrap(),
            device_name: String::new(),
            client: String::new(),
            platform: Default::default(),
            window: 0,
            record_events,
            mutants: Mutants::default(),
        };
        let mut store = MemoryStore::default();
        Self {
            core: Core::new(settings, store.load().unwrap()),
            store,
            now_ms: 0,
            wall_ms: 1_790_000_000_000,
            frames: Vec::new(),
            states: Vec::new(),
            replies: Vec::new(),
            sends: Vec::new(),
            presences: Vec::new(),
            summaries: Vec::new(),
            totals: Vec::new(),
            disconnects: 0,
        }
    }

    fn input(&mut self, input: Input) {
        self.core.handle(Now { monotonic_ms: self.now_ms, wall_ms: self.wall_ms, random: 1 }, input);
        while let Some(action) = self.core.poll_action() {
            match action {
                Action::FetchToken(_) => self.input(Input::Token(Ok("token".into()))),
                Action::Connect => self.input(Input::Opened),
                Action::Disconnect => self.disconnects += 1,
                Action::Transmit(frame) => self.frames.push(frame),
                Action::Commit(transaction) => {
                    let number = transaction.number;
                    self.store.apply(&[transaction]).unwrap();
                    self.input(Input::Committed(number));
                }
                Action::Emit(Change::Connection(state)) => self.states.push(state),
                Action::Emit(Change::Presences(presences)) => self.presences.push(presences),
                Action::Emit(Change::Conversation(summary)) => self.summaries.push(summary),
                Action::Emit(Change::TotalUnread(unread)) => self.totals.push(unread),
                Action::Emit(Change::Send { state, .. }) => self.sends.push(state),
                Action::Emit(_) => {}
                Action::Reply(_, reply) => self.replies.push(reply),
            }
        }
    }

    fn command(&mut self, command: Command) {
        self.input(Input::Command(Ticket(0), command));
    }

    fn advance(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        while let Some(at) = self.core.next_deadline().filter(|at| *at <= end) {
            self.wall_ms += i64::try_from(at - self.now_ms).unwrap();
            self.now_ms = at;
            self.input(Input::Tick);
        }
        self.wall_ms += i64::try_from(end - self.now_ms).unwrap();
        self.now_ms = end;
    }

    fn say(&mut self, id: u64, body: Body) {
        self.input(Input::Frame(Frame { id, body: Some(body) }));
    }

    /// The frames since the last time, with their ids.
    fn sent(&mut self) -> Vec<(u64, Body)> {
        std::mem::take(&mut self.frames).into_iter().filter_map(|frame| Some((frame.id, frame.body?))).collect()
    }

    /// Starts and is welcomed.
    fn up(&mut self, welcome: v1::Welcome) {
        self.command(Command::Start);
        self.sent();
        self.say(1, Body::Welcome(welcome));
    }

    fn send(&mut self, n: u8) {
        self.command(Command::Send(Draft {
            attributes: None,
            conversation: direct(0),
            peer: None,
            client_msg_id: ClientMsgId([n; 16]),
            body_type: "text".into(),
            body: Bytes::from(vec![n]),
            read_upto: Seq(0),
        }));
    }
}

fn welcome() -> v1::Welcome {
    v1::Welcome {
        user_id: "alice".into(),
        reset: true,
        position: Bytes::from_static(b"p1"),
        history_id: Bytes::from_static(b"h"),
        ..v1::Welcome::default()
    }
}

fn conversation(n: u16, head: u64) -> v1::Conversation {
    let id = direct(n);
    v1::Conversation {
        conversation_id: id.to_string(),
        member: true,
        head_seq: head,
        head_ordinal: head - 1,
        unread: head - 1,
        last_message: Some(message(n, head)),
        ..v1::Conversation::default()
    }
}

fn message(n: u16, seq: u64) -> v1::Event {
    v1::Event {
        conversation_id: direct(n).to_string(),
        seq,
        ordinal: seq - 1,
        kind: "message".into(),
        sender_id: "bob".into(),
        client_msg_id: Bytes::from(vec![u8::try_from(seq % 200).unwrap() + 1; 16]),
        body_type: "text".into(),
        ..v1::Event::default()
    }
}

#[test]
fn calls_stay_below_the_limit_of_the_welcome_and_one_place_is_kept_for_control() {
    let mut bench = Bench::new(false);
    let limits = Some(v1::Limits { calls_max: 4, heartbeat_ms: 1_000, ..v1::Limits::default() });
    bench.up(v1::Welcome { limits, ..welcome() });
    (1..=9).for_each(|n| bench.send(n));
    assert_eq!(bench.sent().len(), 3, "four less the one that is kept");
    bench.advance(1_000);
    let sent = bench.sent();
    assert!(matches!(&sent[..], [(_, Body::Ping(_))]), "{sent:?}");
}

#[test]
fn a_number_that_no_store_reaches_ends_the_connection_and_changes_nothing() {
    let over = u64::MAX;
    let cases = [
        Body::Event(v1::Event { seq: over, ..message(0, 3) }),
        Body::Event(v1::Event { ordinal: over, ..message(0, 3) }),
        Body::Head(v1::Head { conversation_id: direct(0).to_string(), head_seq: over, head_ordinal: 2 }),
        Body::ReadMoved(v1::ReadMoved {
            conversation_id: direct(0).to_string(),
            user_id: "alice".into(),
            upto_seq: 2,
            upto_ordinal: over,
        }),
    ];
    for body in cases {
        let mut bench = Bench::new(false);
        bench.up(v1::Welcome { conversations: vec![conversation(0, 2)], ..welcome() });
        let rows = bench.store.tables().conversations.clone();
        bench.say(0, body);
        assert_eq!(bench.disconnects, 1);
        assert!(matches!(bench.states.last(), Some(ConnectionState::Offline { .. })), "{:?}", bench.states);
        assert_eq!(bench.store.tables().conversations, rows);
    }
    let mut bench = Bench::new(false);
    bench.up(v1::Welcome { conversations: vec![v1::Conversation { unread: over, ..conversation(0, 2) }], ..welcome() });
    assert_eq!((bench.disconnects, bench.store.tables().conversations.len()), (1, 0));
}

#[test]
fn any_clock_of_a_server_and_any_end_of_a_token_can_be_planned_with() {
    use base64::Engine as _;
    for expires in [i64::MIN, -1, 0, i64::MAX / 1_000, i64::MAX] {
        for server_time in [i64::MIN, 0, i64::MAX] {
            let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(format!("{{\"exp\":{expires}}}"));
            let mut bench = Bench::new(false);
            bench.up(v1::Welcome { server_time, ..welcome() });
            bench.input(Input::Token(Ok(format!("e30.{claims}.x"))));
            let deadline = bench.core.next_deadline();
            assert!(deadline.is_some_and(|at| at > bench.now_ms), "{expires} at {server_time}: {deadline:?}");
        }
    }
}

#[test]
fn a_lane_has_a_bound_in_flight_and_goes_on_as_answers_come() {
    let mut bench = Bench::new(false);
    bench.up(welcome());
    (1..=12).for_each(|n| bench.send(n));
    let sent = bench.sent();
    assert_eq!(sent.len(), crate::core::limits::LANE_IN_FLIGHT_MAX);
    let conversation_id = direct(0).to_string();
    bench.say(sent[0].0, Body::Sent(v1::Sent { conversation_id, seq: 2, ordinal: 1, ..v1::Sent::default() }));
    let next = bench.sent();
    assert!(matches!(&next[..], [(_, Body::Send(send))] if send.body[..] == [9]), "{next:?}");
}

#[test]
fn a_message_is_given_up_after_a_day_and_can_be_tried_again() {
    let mut bench = Bench::new(false);
    bench.send(1);
    bench.wall_ms += GIVE_UP_MS - 1;
    bench.input(Input::Tick);
    assert_eq!(bench.sends.last(), Some(&SendState::Queued));
    bench.wall_ms += 1;
    bench.input(Input::Tick);
    let Some(SendState::Failed(failure)) = bench.sends.last() else { panic!("{:?}", bench.sends) };
    assert_eq!((failure.code.as_str(), failure.recoverable), ("gave_up", true));
    bench.up(welcome());
    assert!(bench.sent().is_empty());
    bench.command(Command::Retry(ClientMsgId([1; 16])));
    let sent = bench.sent();
    assert!(matches!(&sent[..], [(_, Body::Send(send))] if send.client_msg_id[..] == [1; 16]), "{sent:?}");
}

#[test]
fn the_same_id_with_another_body_is_refused_while_the_first_waits() {
    let mut bench = Bench::new(false);
    bench.send(1);
    bench.send(1);
    assert_eq!(bench.replies.len(), 2);
    assert!(bench.replies.iter().all(|reply| *reply == Ok(Reply::Queued(SendState::Queued))));
    bench.command(Command::Send(Draft {
        attributes: None,
        conversation: direct(0),
        peer: None,
        client_msg_id: ClientMsgId([1; 16]),
        body_type: "text".into(),
        body: Bytes::from_static(b"other"),
        read_upto: Seq(0),
    }));
    assert!(matches!(bench.replies.last(), Some(Err(Error::InvalidArgument { .. }))));
    assert_eq!(bench.store.tables().outbox.len(), 1);
}

#[test]
fn silence_after_a_ping_ends_the_connection() {
    let mut bench = Bench::new(false);
    bench.up(welcome());
    bench.advance(24_999);
    assert!(bench.sent().is_empty());
    bench.advance(1);
    assert!(matches!(&bench.sent()[..], [(_, Body::Ping(_))]));
    bench.advance(9_999);
    assert_eq!(bench.disconnects, 0);
    bench.advance(1);
    assert_eq!(bench.disconnects, 1);
}

#[test]
fn an_answer_that_does_not_come_ends_the_connection_and_the_caller_hears_of_it() {
    let mut bench = Bench::new(false);
    bench.up(welcome());
    bench.command(Command::Call(Box::new(Body::ListDevices(v1::ListDevices {}))));
    bench.sent();
    for _ in 0..3 {
        // The server lives, but does not answer the call.
        bench.advance(9_000);
        bench.say(0, Body::Head(v1::Head::default()));
    }
    assert_eq!(bench.disconnects, 0);
    bench.advance(3_000);
    assert_eq!(bench.disconnects, 1);
    assert!(matches!(bench.replies.last(), Some(Err(Error::Timeout | Error::Offline))), "{:?}", bench.replies);
}

#[test]
fn a_device_that_was_sent_away_and_then_got_no_answer_connects_again() {
    let mut bench = Bench::new(false);
    bench.up(welcome());
    bench.command(Command::Call(Box::new(Body::ListDevices(v1::ListDevices {}))));
    bench.sent();
    // The server drains and dies: the call is given up in the moment in which the device would have left.
    bench.say(0, Body::GoAway(v1::GoAway { after_ms: 30_000, spread_ms: 0 }));
    bench.advance(30_000);
    assert_eq!(bench.disconnects, 1);
    assert!(bench.core.next_deadline().is_some(), "it waits for nothing");
}

#[test]
fn a_call_is_made_again_on_the_next_connection() {
    let mut bench = Bench::new(false);
    bench.up(welcome());
    let command_id = Bytes::from_static(&[5; 16]);
    let create = v1::CreateGroup { command_id, title: "Ops".into(), members: Vec::new(), kind: 0 };
    bench.command(Command::Call(Box::new(Body::CreateGroup(create.clone()))));
    bench.sent();
    bench.input(Input::Closed("lost".into()));
    bench.advance(1_000);
    bench.say(1, Body::Welcome(welcome()));
    let sent = bench.sent();
    let again = sent.iter().find_map(|(id, body)| (*body == Body::CreateGroup(create.clone())).then_some(*id));
    bench.say(again.unwrap(), Body::CommandDone(v1::CommandDone::default()));
    assert!(matches!(bench.replies.last(), Some(Ok(Reply::Answer(_)))));
}

#[test]
fn a_welcome_for_somebody_else_ends_the_session() {
    let mut bench = Bench::new(false);
    bench.up(v1::Welcome { user_id: "mallory".into(), ..welcome() });
    let ended = ConnectionState::Ended(EndReason::Auth(AuthError::WrongUser));
    assert_eq!(bench.states.last(), Some(&ended));
    bench.advance(600_000);
    assert!(bench.sent().is_empty());
}

#[test]
fn a_version_that_is_not_spoken_ends_the_session() {
    let mut bench = Bench::new(false);
    bench.command(Command::Start);
    bench.say(1, Body::Error(v1::Error { code: "unsupported_version".into(), ..v1::Error::default() }));
    let ended = ConnectionState::Ended(EndReason::Auth(AuthError::UnsupportedVersion));
    assert_eq!(bench.states.last(), Some(&ended));
}

#[test]
fn a_new_device_with_many_conversations_leaves_the_old_ones_for_later() {
    let mut bench = Bench::new(false);
    let all = u16::try_from(FIRST_START_CATCH_UPS).unwrap() + 50;
    let conversations = (0..all).map(|n| conversation(n, 9)).collect();
    bench.up(v1::Welcome { conversations, ..welcome() });
    let (mut fetched, mut told) = (0, 0);
    loop {
        let sent = bench.sent();
        if sent.is_empty() {
            break;
        }
        for (id, body) in sent {
            let fetch = match body {
                Body::FetchEvents(fetch) => fetch,
                // Their newest messages are here.
                Body::MarkDelivered(call) => {
                    told += call.marks.len();
                    continue;
                }
                body => panic!("{body:?}"),
            };
            fetched += 1;
            let hidden = vec![v1::SeqRange { from_seq: 1, upto_seq: 9 }];
            let (from_seq, upto_seq, conversation_id) = (1, 9, fetch.conversation_id);
            let events = v1::Events { conversation_id, from_seq, upto_seq, hidden, ..v1::Events::default() };
            bench.say(id, Body::Events(events));
        }
    }
    assert_eq!((fetched, told), (FIRST_START_CATCH_UPS, 50));
    let tables = bench.store.tables();
    assert_eq!(tables.device.position, "p1", "a recorded gap counts as stored");
    let later = tables.intervals.values().filter(|held| held[..] == [(8, 8)]).count();
    assert_eq!((later, tables.conversations.len()), (50, usize::from(all)));
}

#[test]
fn what_the_server_does_not_give_does_not_keep_the_device_from_being_in_step() {
    let mut bench = Bench::new(false);
    bench.up(v1::Welcome { conversations: vec![conversation(0, 5)], ..welcome() });
    let sent = bench.sent();
    bench.say(sent[0].0, Body::Error(v1::Error { code: "corrupt".into(), ..v1::Error::default() }));
    let sent = bench.sent();
    assert!(matches!(&sent[..], [(_, Body::GetConversation(_))]), "{sent:?}");
    bench.say(sent[0].0, Body::Conversation(conversation(0, 5)));
    assert_eq!(bench.states.last(), Some(&ConnectionState::Online));
    assert!(bench.sent().is_empty(), "and it is not asked for in a loop");
}

#[test]
fn a_reader_of_all_events_gets_those_of_a_jump_too() {
    let mut bench = Bench::new(true);
    bench.up(v1::Welcome { conversations: vec![conversation(0, 5)], ..welcome() });
    let sent = bench.sent();
    bench.say(sent[0].0, Body::Events(v1::Events { jump: true, ..v1::Events::default() }));
    for (from, upto) in [(1, 2), (3, 4)] {
        let sent = bench.sent();
        let [(id, Body::FetchMessages(fetch))] = &sent[..] else { panic!("{sent:?}") };
        assert_eq!(fetch.range, Some(v1::fetch_messages::Range::AfterOrdinal(from - 1)));
        let one = |ordinal| v1::Message { event: Some(message(0, ordinal + 1)), changed_seq: ordinal + 1 };
        let page = v1::Messages {
            messages: (from..=upto).map(one).collect(),
            as_of_seq: 5,
            from_ordinal: from,
            upto_ordinal: upto,
            more_after: upto < 4,
            ..v1::Messages::default()
        };
        bench.say(*id, Body::Messages(page));
    }
    let seqs: Vec<_> = bench.store.tables().events.values().map(|event| event.seq).collect();
    assert_eq!(seqs, [2, 3, 4, 5]);
    assert_eq!(bench.store.tables().conversations[&direct(0)].last_seq, 5);
}

#[test]
fn a_failing_store_ends_the_account_and_nobody_waits_for_ever() {
    let mut bench = Bench::new(false);
    bench.up(welcome());
    bench.command(Command::Call(Box::new(Body::ListDevices(v1::ListDevices {}))));
    bench.input(Input::StoreFailed(crate::error::StoreError::DiskFull));
    assert_eq!(bench.replies.last(), Some(&Err(Error::Store(crate::error::StoreError::DiskFull))));
    assert!(matches!(bench.states.last(), Some(ConnectionState::Ended(EndReason::Store(_)))));
}
