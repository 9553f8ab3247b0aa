//! Bytes as a script for a client: what its server says, what its user wants, and how time passes.

use super::client::{device, me};
use super::tape::Tape;
use bytes::Bytes;
use prost::Message as _;
use stonechat_client::core::command::{Command, Draft};
use stonechat_client::core::machine::{Now, Settings};
use stonechat_client::core::mutant::Mutants;
use stonechat_client::error::TokenError;
use stonechat_domain::kind::EventKind;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{ClientMsgId, ConversationId, UserId};
use stonechat_types::number::{Ordinal, Seq};
use stonechat_wire::v1::{self, Frame, event, frame::Body, personal_change};

/// Makes an answer to what was asked.
pub(super) type Answer = Box<dyn FnOnce(&Body) -> Body>;

/// One step.
pub(super) enum Step {
    /// The user wants something.
    Command(Command),
    /// The provider gave a token, or did not.
    Token(Result<String, TokenError>),
    /// The connection is there.
    Opened,
    /// It broke.
    Closed,
    /// The server says something by itself.
    Signal(Body),
    /// The server says any frame.
    Frame(Frame),
    /// The server answers a call in flight.
    Answer { which: usize, make: Answer },
    /// Everything written is durable.
    Committed,
    /// Time passes.
    Tick { ms: u64, wall_ms: i64 },
    /// It passes up to the next deadline.
    TickAtDeadline,
}

/// A script.
pub(super) struct Script<'a> {
    tape: Tape<'a>,
    /// What every script begins with, so that a fuzzer need not find how to connect.
    opening: usize,
}

impl<'a> Script<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { tape: Tape::new(bytes), opening: 0 }
    }

    pub(super) fn settings(&mut self) -> Settings {
        let flags = self.tape.u8();
        // Half of the scripts begin without a connection.
        self.opening = if flags & 2 == 0 { 0 } else { 3 };
        Settings {
            me: me(),
            device: device(),
            device_name: "Pixel 9".into(),
            client: "fuzz 1".into(),
            platform: Default::default(),
            window: 0,
            record_events: flags & 1 == 1,
            mutants: Mutants::default(),
        }
    }

    pub(super) fn now(&mut self) -> Now {
        Now { monotonic_ms: 1_000, wall_ms: 1_790_000_000_000, random: u64::from(self.tape.u8()) }
    }

    /// The next step; `None` at the end.
    pub(super) fn next(&mut self) -> Option<Step> {
        self.opening += 1;
        match self.opening {
            1 => return Some(Step::Command(Command::Start)),
            2 => return Some(Step::Token(Ok("a.b.c".into()))),
            3 => return Some(Step::Opened),
            _ => {}
        }
        if self.tape.is_empty() {
            return None;
        }
        let tape = &mut self.tape;
        Some(match tape.below(20) {
            0 => Step::Command(command(tape)),
            1 => Step::Command(send(tape)),
            2 => Step::Token(token(tape)),
            3 => Step::Opened,
            4 => Step::Closed,
            5 | 6 => Step::Signal(Body::Event(event(tape))),
            7 => Step::Signal(signal(tape)),
            8 => match Frame::decode(tape.piece()) {
                Ok(frame) => Step::Frame(frame),
                Err(_) => Step::Committed,
            },
            9..=13 => answer(tape),
            14 => {
                let body = any_answer(tape);
                Step::Answer { which: tape.below(32), make: Box::new(|_| body) }
            }
            15 | 16 => Step::Committed,
            17 => Step::Tick { ms: milliseconds(tape), wall_ms: wall(tape) },
            _ => Step::TickAtDeadline,
        })
    }
}

fn milliseconds(tape: &mut Tape<'_>) -> u64 {
    u64::from(tape.u16()) << tape.below(20)
}

fn wall(tape: &mut Tape<'_>) -> i64 {
    match tape.u8() {
        255 => tape.u64() as i64,
        n => i64::from(n) * 100,
    }
}

/// A seq, ordinal or count: mostly small, sometimes where arithmetic ends.
fn number(tape: &mut Tape<'_>) -> u64 {
    match tape.u8() {
        255 => u64::MAX,
        254 => u64::MAX - 1,
        253 => i64::MAX as u64,
        252 => i64::MAX as u64 + 1,
        251 => tape.u64(),
        small => u64::from(small) % 64,
    }
}

fn time(tape: &mut Tape<'_>) -> i64 {
    match tape.u8() {
        255 => tape.u64() as i64,
        n => 1_790_000_000_000 + i64::from(n) * 1_000,
    }
}

fn conversation(tape: &mut Tape<'_>) -> ConversationId {
    let n = tape.u8() % 6;
    let mut bytes = [n; 16];
    bytes[0] = 1 + n % 2;
    ConversationId::from_slice(&bytes).expect("the first byte is a kind")
}

fn user(tape: &mut Tape<'_>) -> UserId {
    match tape.u8() % 4 {
        0 | 1 => me(),
        2 => UserId::new("bob").expect("a good id"),
        _ => UserId::new("carol").expect("a good id"),
    }
}

fn message_id(tape: &mut Tape<'_>) -> ClientMsgId {
    ClientMsgId([1 + tape.u8() % 8; 16])
}

fn token(tape: &mut Tape<'_>) -> Result<String, TokenError> {
    match tape.below(4) {
        0 => Err(TokenError::Later("no network".into())),
        1 => Err(TokenError::Refused("signed out".into())),
        2 => Ok(String::from_utf8_lossy(tape.piece()).into_owned()),
        // A token that says when it expires, as the client reads it to renew it.
        _ => {
            use base64::Engine as _;
            let claims = format!("{{\"exp\":{}}}", tape.u64() as i64);
            Ok(format!("e30.{}.x", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims)))
        }
    }
}

fn send(tape: &mut Tape<'_>) -> Command {
    let id = conversation(tape);
    Command::Send(Draft {
        attributes: None,
        conversation: id,
        peer: (id.as_bytes()[0] == 1).then(|| user(tape)),
        client_msg_id: message_id(tape),
        body_type: "text".into(),
        body: v1::TextBody { entities: Vec::new(), text: "hi".into() }.encode_to_vec().into(),
        read_upto: Seq(number(tape)),
    })
}

fn command(tape: &mut Tape<'_>) -> Command {
    match tape.below(11) {
        0 => Command::TryNow,
        1 => Command::Retry(message_id(tape)),
        2 => Command::Cancel(message_id(tape)),
        3 => Command::MarkRead { conversation: conversation(tape), upto: Seq(number(tape)) },
        4 => Command::Typing { conversation: conversation(tape), active: tape.below(2) == 1 },
        5 => Command::Focus((0..tape.below(4)).map(|_| conversation(tape)).collect()),
        6 => Command::Open(conversation(tape)),
        7 => {
            let (conversation, before) = (conversation(tape), number(tape));
            Command::LoadBefore { conversation, before: (before > 0).then_some(Ordinal(before)), limit: 50 }
        }
        8 => Command::Outbox,
        9 => Command::Call(Box::new(Body::ListDevices(v1::ListDevices {}))),
        _ => match tape.u8() {
            0 => Command::Stop,
            _ => Command::Start,
        },
    }
}

fn event(tape: &mut Tape<'_>) -> v1::Event {
    let id = conversation(tape);
    let (seq, ordinal) = (number(tape), number(tape));
    let mut event = v1::Event {
        conversation_id: id.to_string(),
        seq,
        ordinal,
        kind: EventKind::Message.name().into(),
        sender_id: user(tape).to_string(),
        sent_at: time(tape),
        client_msg_id: Bytes::copy_from_slice(&message_id(tape).0),
        body_type: "text".into(),
        body: v1::TextBody { entities: Vec::new(), text: "hello".into() }.encode_to_vec().into(),
        ..v1::Event::default()
    };
    if tape.below(4) == 0 {
        let (silent, mention_all) = (tape.below(2) == 1, tape.below(2) == 1);
        let (reply_to_seq, mentions) = (number(tape), vec![user(tape).to_string()]);
        event.attributes =
            Some(v1::Attributes { reply_to_seq, mentions, mention_all, silent, ..v1::Attributes::default() });
    }
    let kinds = EventKind::ALL;
    let kind = tape.below(kinds.len() * 2);
    if let Some(kind) = kinds.get(kind) {
        let user = user(tape).to_string();
        event.kind = kind.name().into();
        event.change = match kind {
            EventKind::Message => None,
            EventKind::ConversationCreated => Some(event::Change::Created(v1::Created::default())),
            EventKind::MembersAdded => Some(event::Change::MembersAdded(v1::MembersAdded { user_ids: vec![user] })),
            EventKind::MemberRemoved => Some(event::Change::MemberRemoved(v1::MemberRemoved { user_id: user })),
            EventKind::MemberLeft => Some(event::Change::MemberLeft(v1::MemberLeft {})),
            EventKind::Renamed => Some(event::Change::Renamed(v1::Renamed { title: "new".into() })),
            EventKind::RoleChanged => {
                Some(event::Change::RoleChanged(v1::RoleChanged { user_id: user, role: i32::from(tape.u8()) }))
            }
            EventKind::Edited => {
                let (body_type, body) = if tape.below(4) == 0 { ("", "") } else { ("text", "\n\u{2}hi") };
                let (body_type, body) = (body_type.to_owned(), Bytes::from_static(body.as_bytes()));
                Some(event::Change::Edited(v1::Edited { seq: number(tape), body_type, body }))
            }
            EventKind::Reacted => {
                let (seq, emoji) = (number(tape), "👍".to_owned());
                Some(event::Change::Reacted(v1::Reacted { seq, emoji, removed: tape.below(2) == 1 }))
            }
            EventKind::InfoChanged
            | EventKind::SettingsChanged
            | EventKind::OwnerChanged
            | EventKind::OwnerLeft
            | EventKind::Dissolved
            | EventKind::MemberMuted
            | EventKind::MemberUnmuted
            | EventKind::MemberBanned
            | EventKind::BanLifted
            | EventKind::NicknameChanged
            | EventKind::Announced
            | EventKind::Joined
            | EventKind::Applied
            | EventKind::ApplicationDeclined
            | EventKind::Invited
            | EventKind::InvitationDeclined
            | EventKind::LinkMade
            | EventKind::LinkRevoked => Some(group_change(*kind, user, tape)),
            EventKind::Pinned => {
                let (seq, ordinal) = (number(tape), number(tape));
                Some(event::Change::Pinned(v1::Pinned { seq, ordinal, removed: tape.below(2) == 1 }))
            }
            EventKind::Command => {
                (event.body_type, event.body) = ("acme".into(), Bytes::from_static(b"go"));
                None
            }
            EventKind::Recalled => {
                let author_id = if tape.below(2) == 1 { me().to_string() } else { device().to_string() };
                let (seq, ordinal) = (number(tape), number(tape));
                Some(event::Change::Recalled(v1::Recalled { seq, ordinal, author_id, silent: tape.below(2) == 1 }))
            }
        };
    }
    event
}

fn group_change(kind: EventKind, user_id: String, tape: &mut Tape<'_>) -> event::Change {
    let (until, reason, text) = (time(tape), String::new(), "Captain".to_owned());
    match kind {
        EventKind::SettingsChanged => {
            let who = i32::from(tape.u8());
            let settings = v1::GroupSettings { speak: who, join: who, history: who, ..v1::GroupSettings::default() };
            event::Change::SettingsChanged(v1::SettingsChanged { settings: Some(settings) })
        }
        EventKind::OwnerChanged => event::Change::OwnerChanged(v1::OwnerChanged { user_id }),
        EventKind::OwnerLeft => event::Change::OwnerLeft(v1::OwnerLeft { user_id }),
        EventKind::Dissolved => event::Change::Dissolved(v1::Dissolved {}),
        EventKind::MemberMuted => event::Change::MemberMuted(v1::MemberMuted { user_id, until, reason }),
        EventKind::MemberUnmuted => event::Change::MemberUnmuted(v1::MemberUnmuted { user_id }),
        EventKind::MemberBanned => {
            let removed = tape.below(2) == 1;
            event::Change::MemberBanned(v1::MemberBanned { user_id, until, reason, removed })
        }
        EventKind::BanLifted => event::Change::BanLifted(v1::BanLifted { user_id }),
        EventKind::NicknameChanged => event::Change::NicknameChanged(v1::NicknameChanged { nickname: text }),
        EventKind::Announced => event::Change::Announced(v1::Announced { text }),
        EventKind::Joined => event::Change::Joined(v1::Joined::default()),
        EventKind::Applied => event::Change::Applied(v1::Applied {}),
        EventKind::ApplicationDeclined => event::Change::ApplicationDeclined(v1::ApplicationDeclined { user_id }),
        EventKind::Invited => event::Change::Invited(v1::Invited { user_id }),
        EventKind::InvitationDeclined => event::Change::InvitationDeclined(v1::InvitationDeclined {}),
        EventKind::LinkMade => event::Change::LinkMade(v1::LinkMade::default()),
        EventKind::LinkRevoked => event::Change::LinkRevoked(v1::LinkRevoked::default()),
        _ => event::Change::InfoChanged(v1::InfoChanged { description: text, ..v1::InfoChanged::default() }),
    }
}

fn wire_conversation(tape: &mut Tape<'_>, id: ConversationId) -> v1::Conversation {
    v1::Conversation {
        conversation_id: id.to_string(),
        kind: i32::from(id.as_bytes()[0]),
        peer_id: user(tape).to_string(),
        role: 1,
        member: tape.below(8) > 0,
        member_count: 2,
        head_seq: number(tape),
        head_ordinal: number(tape),
        read_seq: number(tape),
        read_ordinal: number(tape),
        unread: number(tape),
        active_at: time(tape),
        last_message: (tape.below(2) == 1).then(|| event(tape)),
        visible_from_seq: number(tape),
        read_marks: vec![v1::ReadMark { user_id: user(tape).to_string(), upto_seq: number(tape), delivered_seq: 3 }],
        floor_ordinal: number(tape),
        group: (tape.below(2) == 1).then(v1::GroupState::default),
        ..v1::Conversation::default()
    }
}

fn page(tape: &mut Tape<'_>) -> Vec<v1::Conversation> {
    (0..tape.below(4))
        .map(|_| conversation(tape))
        .collect::<Vec<_>>()
        .into_iter()
        .map(|id| wire_conversation(tape, id))
        .collect()
}

fn personal(tape: &mut Tape<'_>) -> v1::Personal {
    let changes = (0..tape.below(3)).map(|_| personal_change(tape)).collect();
    v1::Personal { changes, upto: number(tape), more: tape.below(2) == 1 }
}

fn personal_change(tape: &mut Tape<'_>) -> v1::PersonalChange {
    let conversation_id = conversation(tape).to_string();
    let change = match tape.below(4) {
        0 => personal_change::Change::Membership(v1::MembershipState {
            conversation_id,
            member: tape.below(2) == 1,
            role: i32::from(tape.u8() % 5),
            visible_upto_seq: number(tape),
        }),
        1 => {
            let (upto_seq, upto_ordinal) = (number(tape), number(tape));
            if upto_ordinal % 8 == 6 {
                let by_others = vec![v1::PlayedByOthers { seq: upto_ordinal, players: u32::from(tape.u8()) }];
                let played_seqs = vec![upto_seq, number(tape)];
                let plays = v1::Plays { conversation_id, floor_seq: number(tape), played_seqs, by_others };
                personal_change::Change::Plays(plays)
            } else if upto_ordinal % 8 == 7 {
                let (read_seq, delivered_seq) = (upto_seq, upto_ordinal);
                personal_change::Change::Receipts(v1::ReceiptState { conversation_id, read_seq, delivered_seq })
            } else {
                personal_change::Change::Read(v1::ReadState { conversation_id, upto_seq, upto_ordinal })
            }
        }
        2 => personal_change::Change::Preferences(v1::Preferences {
            conversation_id,
            pinned_at: i64::from(tape.u8()),
            muted_until: i64::from(tape.u8()) - 1,
            cleared_upto_seq: number(tape),
            hidden_upto_seq: number(tape),
            ..v1::Preferences::default()
        }),
        _ => personal_change::Change::Device(v1::DeviceState::default()),
    };
    v1::PersonalChange { personal_seq: number(tape), change: Some(change) }
}

fn welcome(tape: &mut Tape<'_>) -> v1::Welcome {
    let limits = v1::Limits {
        calls_max: if tape.below(2) == 1 { u32::from(tape.u8()) } else { 32 },
        heartbeat_ms: match tape.u8() {
            255 => u32::MAX,
            n => u32::from(n) * 500,
        },
        ..v1::Limits::default()
    };
    v1::Welcome {
        version: 1,
        user_id: if tape.u8() == 255 { "mallory".into() } else { me().to_string() },
        limits: Some(limits),
        server_time: time(tape),
        reset: tape.below(2) == 1,
        conversations: page(tape),
        next_page: Bytes::copy_from_slice(tape.take(1)),
        personal: Some(personal(tape)),
        position: Bytes::from_static(b"position"),
        unread_total: number(tape),
        history_id: vec![1 + u8::from(tape.u8() == 255); 16].into(),
        session_id: "41".into(),
        ..v1::Welcome::default()
    }
}

fn messages(tape: &mut Tape<'_>, conversation_id: String) -> v1::Messages {
    let events: Vec<_> = (0..tape.below(4)).map(|_| event(tape)).collect();
    let messages = events.into_iter().map(|event| {
        let changed_seq = event.seq;
        let event = v1::Event { conversation_id: conversation_id.clone(), ..event };
        v1::Message { event: Some(event), changed_seq }
    });
    v1::Messages {
        messages: messages.collect(),
        conversation_id: conversation_id.clone(),
        as_of_seq: number(tape),
        from_ordinal: number(tape),
        upto_ordinal: number(tape),
        more_before: tape.below(2) == 1,
        more_after: tape.below(2) == 1,
        events: (0..tape.below(3)).map(|_| event(tape)).collect(),
    }
}

fn events(tape: &mut Tape<'_>, conversation_id: String, after: u64) -> v1::Events {
    let follow = tape.below(2) == 1;
    let count = tape.below(5);
    let mut events: Vec<_> = (0..count).map(|_| event(tape)).collect();
    for (at, event) in (1..).zip(&mut events) {
        event.conversation_id.clone_from(&conversation_id);
        if follow {
            event.seq = after.wrapping_add(at);
        }
    }
    let upto = if follow { after.wrapping_add(count as u64) } else { number(tape) };
    v1::Events {
        conversation_id,
        events,
        from_seq: after.wrapping_add(1),
        upto_seq: upto,
        hidden: vec![v1::SeqRange { from_seq: number(tape), upto_seq: number(tape) }],
        more: tape.below(2) == 1,
        jump: tape.below(8) == 7,
        head_seq: number(tape),
        head_ordinal: number(tape),
    }
}

fn error(tape: &mut Tape<'_>) -> Body {
    let code = ErrorCode::ALL[tape.below(ErrorCode::ALL.len())];
    let first = (tape.below(2) == 1).then(|| sent(tape, String::new()));
    let retry_after_ms = if tape.u8() == 255 { u32::MAX } else { u32::from(tape.u8()) };
    Body::Error(v1::Error { code: code.as_str().into(), message: "no".into(), retry_after_ms, first })
}

fn sent(tape: &mut Tape<'_>, conversation_id: String) -> v1::Sent {
    v1::Sent {
        conversation_id,
        seq: number(tape),
        ordinal: number(tape),
        sent_at: time(tape),
        deduplicated: tape.below(2) == 1,
        message_id: String::new(),
    }
}

/// An answer of the right kind, made before it is known to what: numbers come from the script, names from the call.
fn answer(tape: &mut Tape<'_>) -> Step {
    let which = tape.below(32);
    if tape.below(8) == 7 {
        let error = error(tape);
        return Step::Answer { which, make: Box::new(|_| error) };
    }
    let script: Vec<u8> = tape.take(64).to_vec();
    let make = move |asked: &Body| {
        let tape = &mut Tape::new(&script);
        match asked {
            Body::Hello(_) | Body::Pull(_) => Body::Welcome(welcome(tape)),
            Body::Send(send) => {
                let to = match &send.to {
                    Some(v1::send_message::To::ConversationId(id)) => id.clone(),
                    Some(v1::send_message::To::UserId(_)) | None => conversation(tape).to_string(),
                };
                Body::Sent(sent(tape, to))
            }
            Body::ListConversations(_) => Body::Conversations(v1::Conversations {
                conversations: page(tape),
                next_page: Bytes::copy_from_slice(tape.take(1)),
            }),
            Body::GetConversation(get) => match get.conversation_id.parse() {
                Ok(id) => Body::Conversation(wire_conversation(tape, id)),
                Err(_) => Body::Done(v1::Done {}),
            },
            Body::FetchEvents(fetch) => Body::Events(events(tape, fetch.conversation_id.clone(), fetch.after_seq)),
            Body::FetchMessages(fetch) => Body::Messages(messages(tape, fetch.conversation_id.clone())),
            Body::FetchPersonal(_) => Body::Personal(personal(tape)),
            Body::Ping(_) => Body::Pong(v1::Pong { server_time: time(tape) }),
            _ => Body::Done(v1::Done {}),
        }
    };
    Step::Answer { which, make: Box::new(make) }
}

fn any_answer(tape: &mut Tape<'_>) -> Body {
    match tape.below(6) {
        0 => Body::Done(v1::Done {}),
        1 => error(tape),
        2 => Body::Welcome(welcome(tape)),
        3 => Body::Personal(personal(tape)),
        4 => {
            let id = conversation(tape).to_string();
            Body::Messages(messages(tape, id))
        }
        _ => {
            let id = conversation(tape);
            Body::Conversation(wire_conversation(tape, id))
        }
    }
}

fn signal(tape: &mut Tape<'_>) -> Body {
    let conversation_id = conversation(tape).to_string();
    match tape.below(9) {
        0 => {
            let (user_id, upto_seq, upto_ordinal) = (user(tape).to_string(), number(tape), number(tape));
            if upto_ordinal % 8 == 7 {
                Body::DeliveredMoved(v1::DeliveredMoved { conversation_id, user_id, upto_seq })
            } else {
                Body::ReadMoved(v1::ReadMoved { conversation_id, user_id, upto_seq, upto_ordinal })
            }
        }
        1 => Body::TypingNow(v1::TypingNow { conversation_id, user_id: user(tape).to_string(), active: true }),
        2 => Body::PersonalChange(personal_change(tape)),
        3 => Body::Position(v1::PositionSaved { token: Bytes::copy_from_slice(tape.take(4)) }),
        4 => Body::Poke(v1::Poke { position: Bytes::copy_from_slice(tape.take(4)) }),
        5 => Body::GoAway(v1::GoAway { after_ms: u32::from(tape.u16()), spread_ms: u32::from(tape.u16()) << 15 }),
        6 => {
            let code = ErrorCode::ALL[tape.below(ErrorCode::ALL.len())];
            Body::Closing(v1::Closing { code: code.as_str().into(), message: "bye".into() })
        }
        7 => Body::Head(v1::Head { conversation_id, head_seq: number(tape), head_ordinal: number(tape) }),
        _ => any_answer(tape),
    }
}
