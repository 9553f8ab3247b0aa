//! Bytes as a script for a session: what its peer and the application say, and how time passes.

use super::tape::Tape;
use bytes::Bytes;
use prost::Message as _;
use std::sync::Arc;
use stonechat_app::api::{
    Answer, Content, EventView, EventsPage, Failure, Outbound, PersonalItem, ProfileView, Sent, UserView, UsersPage,
    Welcome,
};
use stonechat_app::live::LiveEvent;
use stonechat_domain::kind::EventKind;
use stonechat_net::machine::MessageKind;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{ConversationId, MessageId, UserId};
use stonechat_types::limits::BODY_BYTES_MAX;
use stonechat_types::number::{Ordinal, PersonalSeq, Seq, Timestamp};
use stonechat_wire::v1::{self, Frame, frame::Body};

/// One step.
#[expect(clippy::large_enum_variant, reason = "a step is taken at once, a box would be made for each frame")]
pub(super) enum Step<'a> {
    /// A message of the agreed kind.
    Bytes(&'a [u8]),
    /// One of the other.
    OtherKind(&'a [u8]),
    /// A piece of a stream.
    Stream(&'a [u8]),
    /// A message that is a frame.
    Frame(Frame),
    /// The application answers the hello.
    Begun { welcome: Box<Welcome>, expires_at: Timestamp },
    /// The application refuses it.
    Refused(Failure),
    /// The application answers a call in flight.
    Answer { which: usize, result: Result<Answer, Failure> },
    /// The application answers a call that is not.
    Stray(u64),
    /// The application tells something.
    Told(Outbound),
    /// The server drains.
    Shutdown { after_ms: u64, spread_ms: u64 },
    /// The connection is gone.
    PeerClosed,
    /// So many milliseconds pass.
    Tick(u64),
}

/// A script.
pub(super) struct Script<'a> {
    tape: Tape<'a>,
}

impl<'a> Script<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { tape: Tape::new(bytes) }
    }

    pub(super) fn kind(&mut self) -> MessageKind {
        if self.tape.below(2) == 0 { MessageKind::Binary } else { MessageKind::Text }
    }

    /// Milliseconds since the server began: mostly few, sometimes as many as there are.
    pub(super) fn start_ms(&mut self) -> u64 {
        match self.tape.u8() {
            255 => u64::MAX - u64::from(self.tape.u16()),
            small => u64::from(small) * 1_000,
        }
    }

    /// The next step; `None` at the end.
    pub(super) fn next(&mut self) -> Option<Step<'a>> {
        if self.tape.is_empty() {
            return None;
        }
        let tape = &mut self.tape;
        Some(match tape.below(20) {
            0 => Step::Bytes(tape.piece()),
            1 => Step::Stream(tape.piece()),
            2 | 3 => match Frame::decode(tape.piece()) {
                Ok(frame) => Step::Frame(frame),
                Err(_) => Step::Tick(0),
            },
            4 => Step::OtherKind(tape.piece()),
            5 => Step::Frame(hello(u64::from(tape.u8()))),
            6 | 7 => Step::Frame(send(u64::from(tape.u8()))),
            8 => Step::Frame(other_call(tape)),
            9 | 10 => Step::Begun { welcome: Box::new(welcome(tape)), expires_at: Timestamp(time(tape)) },
            11 => Step::Refused(failure(tape)),
            12 | 13 => Step::Answer { which: tape.below(32), result: result(tape) },
            14 => Step::Stray(u64::from(tape.u8())),
            15 | 16 => Step::Told(told(tape)),
            17 => Step::Shutdown { after_ms: milliseconds(tape), spread_ms: milliseconds(tape) },
            18 => Step::Tick(milliseconds(tape)),
            _ => match tape.u8() {
                0 => Step::PeerClosed,
                ms => Step::Tick(u64::from(ms) * 300),
            },
        })
    }
}

fn milliseconds(tape: &mut Tape<'_>) -> u64 {
    match tape.u8() {
        255 => tape.u64(),
        0 => 0,
        _ => u64::from(tape.u16()),
    }
}

/// A time of the wall clock: about now, or any.
fn time(tape: &mut Tape<'_>) -> i64 {
    match tape.u8() {
        255 => tape.u64() as i64,
        n => 1_790_000_000_000 + i64::from(n) * 10_000,
    }
}

fn hello(id: u64) -> Frame {
    let hello = v1::Hello {
        version_min: 1,
        version_max: 1,
        token: "a.b.c".into(),
        device_id: "pixel-1".into(),
        ..v1::Hello::default()
    };
    Frame { id, body: Some(Body::Hello(hello)) }
}

fn send(id: u64) -> Frame {
    let send = v1::SendMessage {
        to: Some(v1::send_message::To::UserId("bob".into())),
        client_msg_id: vec![7; 16].into(),
        body_type: "text".into(),
        body: v1::TextBody { entities: Vec::new(), text: "hi".into() }.encode_to_vec().into(),
        ..v1::SendMessage::default()
    };
    Frame { id, body: Some(Body::Send(send)) }
}

fn other_call(tape: &mut Tape<'_>) -> Frame {
    let id = u64::from(tape.u8());
    let conversation_id = conversation(tape).to_string();
    let body = match tape.below(6) {
        0 => Body::Ping(v1::Ping {}),
        1 => Body::Pull(v1::Pull { position: Bytes::copy_from_slice(tape.take(8)), window: u32::from(tape.u8()) }),
        2 => Body::RefreshToken(v1::RefreshToken { token: "a.b.c".into() }),
        3 => Body::FetchEvents(v1::FetchEvents { conversation_id, after_seq: u64::from(tape.u16()), limit: 0 }),
        4 => return Frame { id: 0, body: Some(Body::Typing(v1::Typing { conversation_id, active: true })) },
        _ => match tape.u64() {
            upto_seq if upto_seq % 8 == 7 => {
                let one = v1::Delivered { conversation_id, upto_seq };
                Body::MarkDelivered(v1::MarkDelivered { marks: vec![one; usize::from(upto_seq as u8)] })
            }
            seq if seq % 8 == 6 => Body::MarkPlayed(v1::MarkPlayed { conversation_id, seq }),
            upto_seq => Body::MarkRead(v1::MarkRead { conversation_id, upto_seq }),
        },
    };
    Frame { id, body: Some(body) }
}

fn conversation(tape: &mut Tape<'_>) -> ConversationId {
    let mut bytes = [tape.u8(); 16];
    bytes[0] = 1 + bytes[1] % 5;
    ConversationId::from_slice(&bytes).expect("the first byte is a kind")
}

fn user(tape: &mut Tape<'_>) -> UserId {
    UserId::new(&format!("user{}", tape.u8())).expect("a good id")
}

fn welcome(tape: &mut Tape<'_>) -> Welcome {
    Welcome {
        user: UserView { id: user(tape), name: None },
        server_time: Timestamp(time(tape)),
        reset: tape.below(2) == 1,
        conversations: Default::default(),
        personal: Default::default(),
        position: Bytes::copy_from_slice(tape.take(4)),
        unread_total: u64::from(tape.u16()),
        history_id: [tape.u8(); 16],
        messages: Default::default(),
        content_types_version: 0,
    }
}

fn profile(id: UserId) -> ProfileView {
    ProfileView {
        id,
        name: None,
        username: None,
        avatar: None,
        public: Default::default(),
        changed_at: Timestamp(1),
        question: None,
    }
}

fn failure(tape: &mut Tape<'_>) -> Failure {
    let code = ErrorCode::ALL[tape.below(ErrorCode::ALL.len())];
    let message = String::from_utf8_lossy(tape.take(16)).into_owned();
    Failure { code, message: message.into(), retry_after_ms: Some(u32::from(tape.u16())), first: None }
}

fn result(tape: &mut Tape<'_>) -> Result<Answer, Failure> {
    Ok(match tape.below(6) {
        0 => Answer::Done,
        1 => return Err(failure(tape)),
        2 => {
            let id = MessageId { conversation: conversation(tape), seq: Seq(tape.u64()) };
            let deduplicated = tape.below(2) == 1;
            Answer::Sent(Sent { id, ordinal: Ordinal(tape.u64()), sent_at: Timestamp(time(tape)), deduplicated })
        }
        3 => Answer::Welcome(Box::new(welcome(tape))),
        4 => Answer::Events(Box::new(events(tape))),
        _ => Answer::Users(UsersPage { users: vec![profile(user(tape)); tape.below(8)], more: tape.below(2) == 1 }),
    })
}

/// A page; one in eight is larger than any frame may be, as no application makes it.
fn events(tape: &mut Tape<'_>) -> EventsPage {
    let id = conversation(tape);
    let count = match tape.u8() {
        large @ 224.. => usize::from(large) - 208,
        small => usize::from(small) % 4,
    };
    let body =
        if count > 3 { Bytes::from_static(&[b'x'; BODY_BYTES_MAX]) } else { Bytes::copy_from_slice(tape.take(9)) };
    EventsPage {
        conversation: id,
        events: (0..count).map(|n| message(id, n as u64 + 1, body.clone())).collect(),
        from: Seq(1),
        upto: Seq(count as u64),
        hidden: vec![(Seq(3), Seq(tape.u64()))],
        more: false,
        jump: tape.below(2) == 1,
        head: Seq(tape.u64()),
        head_ordinal: Ordinal(tape.u64()),
    }
}

fn message(conversation: ConversationId, seq: u64, body: Bytes) -> EventView {
    EventView {
        id: MessageId { conversation, seq: Seq(seq) },
        ordinal: Ordinal(seq),
        kind: EventKind::Message,
        sender: UserId::new("alice").expect("a good id"),
        sent_at: Timestamp(1_790_000_000_000),
        key: [7; 16],
        content: Content::Message { attributes: None, body_type: Bytes::from_static(b"text"), body },
    }
}

fn told(tape: &mut Tape<'_>) -> Outbound {
    let id = conversation(tape);
    let number = u64::from(tape.u8());
    match tape.below(8) {
        0 | 1 => {
            let body = Bytes::copy_from_slice(tape.take(40));
            Outbound::Event(Arc::new(LiveEvent::new(message(id, number + 1, body))))
        }
        2 if number % 8 == 7 => Outbound::DeliveredMoved { conversation: id, user: user(tape), upto: Seq(number) },
        2 => Outbound::ReadMoved { conversation: id, user: user(tape), upto: Seq(number), ordinal: Ordinal(number) },
        3 => Outbound::Typing { conversation: id, user: user(tape), active: number % 2 == 0 },
        4 => {
            let item = PersonalItem::Read { conversation: id, upto: Seq(number), ordinal: Ordinal(number) };
            Outbound::Personal(PersonalSeq(number), item)
        }
        5 => Outbound::Position(Bytes::copy_from_slice(tape.take(4))),
        6 => Outbound::Poke(Bytes::copy_from_slice(tape.take(4))),
        _ if number < 32 => Outbound::Close(ErrorCode::ALL[number as usize % ErrorCode::ALL.len()]),
        _ => Outbound::Head { conversation: id, seq: Seq(number), ordinal: Ordinal(number) },
    }
}
