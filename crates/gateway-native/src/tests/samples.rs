//! One frame of every kind. What the server sends is made from the application's words, by the encoder.

use super::people;
use super::presence;
use super::views::{
    asking, changed, deletions, direct_view, emoji, group_changes, group_view, plays, preferences, quiet, stars,
};
use crate::encode;
use crate::receipts;
use bytes::Bytes;
use std::sync::Arc;
use stonechat_app::api::{
    Answer, AskerView, AskersPage, BanView, BansPage, ChangesPage, CommandDone, Content, ContentType, ContentTypes,
    ConversationPage, DeviceView, EditView, EditsPage, EventView, EventsPage, Failure, MemberView, MembersPage,
    MentionView, MentionsPage, MessagesPage, PersonalItem, PersonalPage, ReactionsPage, Sent, StarredPage, StarredView,
    UserView, Welcome,
};
use stonechat_domain::attributes::{Attributes, Forwarded, ReplyTo};
use stonechat_domain::device::{Platform, SignOut};
use stonechat_domain::event::{self, Change};
use stonechat_domain::group::FOR_GOOD;
use stonechat_domain::kind::EventKind;
use stonechat_domain::member::{Role, UserRef};
use stonechat_domain::message::MessagePolicy;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{CommandId, ConversationId, ConversationKind, DeviceId, MessageId, UserId};
use stonechat_types::number::{AppId, Ordinal, PersonalSeq, Seq, Timestamp, UserNo};
use stonechat_types::text::{DisplayName, Nickname, Reason, Title};
use stonechat_wire::v1::{self, Frame, frame::Body};

const KEY: [u8; 16] = [0x01, 0x9a, 0xbc, 0xde, 0xf0, 0x12, 0x73, 0x45, 0x86, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0x12, 0x34];
pub const SENT_AT: Timestamp = Timestamp(1_790_000_000_123);
const SESSION_ID: u64 = 41;

/// Calls, which want an id and an answer; the hello is the first.
pub fn calls() -> Vec<Body> {
    use v1::{change_conversation, fetch_messages, send_message};
    let key = || Bytes::copy_from_slice(&KEY);
    let group_id = || group().to_string();
    let mut calls = vec![
        Body::Hello(v1::Hello {
            version_min: 1,
            version_max: 1,
            token: "eyJhbGciOiJFZERTQSJ9.e30.c2ln".into(),
            device_id: "pixel-1".into(),
            device_name: "Pixel 9".into(),
            client: "stonechat-rust 0.1.0".into(),
            position: position(),
            window: 20,
            platform: v1::Platform::Phone.into(),
        }),
        Body::RefreshToken(v1::RefreshToken { token: "eyJhbGciOiJFZERTQSJ9.e30.bmV3".into() }),
        Body::Send(v1::SendMessage {
            to: Some(send_message::To::ConversationId(group_id())),
            client_msg_id: key(),
            body_type: "text".into(),
            body: super::text_body("Grüße, 👩‍👩‍👧!"),
            read_upto: 41,
            after: Bytes::copy_from_slice(&[0x17; 16]),
            attributes: Some(v1::Attributes {
                reply_to_seq: 30,
                mentions: vec!["bob".into()],
                mention_all: true,
                silent: true,
                priority: 7,
                extension: Bytes::from_static(b"{}"),
                forwarded: Some(v1::Forwarded { author_id: "alice".into(), sent_at: SENT_AT.0 }),
                ..v1::Attributes::default()
            }),
        }),
        Body::CreateGroup(v1::CreateGroup {
            command_id: key(),
            title: "Bird watchers".into(),
            members: vec!["bob".into(), "carol@example.org".into()],
            kind: v1::ConversationKind::Channel.into(),
        }),
        Body::ChangeConversation(v1::ChangeConversation {
            command_id: key(),
            conversation_id: group_id(),
            change: Some(change_conversation::Change::SetRole(v1::SetRole {
                user_id: "bob".into(),
                role: v1::Role::Admin.into(),
            })),
        }),
        Body::ChangeMessage(v1::ChangeMessage {
            command_id: key(),
            conversation_id: group_id(),
            seq: 42,
            change: Some(v1::change_message::Change::Edit(v1::Edit {
                body_type: "text".into(),
                body: super::text_body("Grüße!"),
            })),
        }),
        Body::FetchChanges(v1::FetchChanges {
            conversation_id: group_id(),
            after_seq: 42,
            from_ordinal: 3,
            upto_ordinal: 12,
            limit: 50,
        }),
        Body::ListReactions(v1::ListReactions {
            conversation_id: group_id(),
            seq: 42,
            emoji: "👍".into(),
            page: Bytes::from_static(b"page"),
            limit: 9,
        }),
        Body::ListEdits(v1::ListEdits { conversation_id: group_id(), seq: 42, after_seq: 0 }),
        Body::ListReaders(v1::ListReaders {
            conversation_id: group_id(),
            seq: 42,
            unread: true,
            page: Bytes::from_static(b"page"),
            limit: 9,
            played: true,
        }),
        Body::MarkPlayed(v1::MarkPlayed { conversation_id: group_id(), seq: 42 }),
        Body::ListPinned(v1::ListPinned { conversation_id: group_id(), after_seq: 30, limit: 20 }),
        Body::SetPreferences(v1::SetPreferences {
            command_id: key(),
            conversation_id: group_id(),
            pinned: Some(true),
            muted_until: Some(-1),
            marked_unread: Some(false),
            archived: Some(true),
            folders: Some(v1::Folders { names: vec!["Work".into()] }),
            draft: Some(v1::Draft { text: "half a".into(), reply_to_seq: 30, at: 0 }),
            cleared_upto_seq: Some(7),
            hidden_upto_seq: Some(8),
            fields: [("color".to_owned(), "red".to_owned())].into(),
            remove_fields: vec!["shape".into()],
        }),
        Body::DeleteMessages(v1::DeleteMessages { command_id: key(), conversation_id: group_id(), seqs: vec![40, 42] }),
        Body::StarMessages(v1::StarMessages {
            command_id: key(),
            conversation_id: group_id(),
            seqs: vec![40, 42],
            remove: true,
        }),
        Body::ListStarred(v1::ListStarred { page: Bytes::from_static(b"page"), limit: 9 }),
        Body::SetQuiet(v1::SetQuiet {
            command_id: key(),
            hours: Some(v1::QuietHours {
                windows: vec![v1::QuietWindow { days: 31, from_minute: 1_320, upto_minute: 420 }],
                zone: Some(v1::TimeZone {
                    name: "Europe/Berlin".into(),
                    offset_minutes: 60,
                    changes: vec![v1::OffsetChange { at: SENT_AT.0, offset_minutes: 120 }],
                }),
            }),
            paused_until: Some(-1),
        }),
        Body::ListMentions(v1::ListMentions { conversation_id: group_id(), after_ordinal: 7, limit: 20 }),
        Body::MarkRead(v1::MarkRead { conversation_id: group_id(), upto_seq: 42 }),
        Body::MarkDelivered(v1::MarkDelivered {
            marks: vec![v1::Delivered { conversation_id: direct().to_string(), upto_seq: 42 }],
        }),
        Body::ListConversations(v1::ListConversations { page: Bytes::from_static(b"page"), limit: 20 }),
        Body::GetConversation(v1::GetConversation { conversation_id: group_id() }),
        Body::FetchEvents(v1::FetchEvents { conversation_id: group_id(), after_seq: 40, limit: 100 }),
        Body::FetchMessages(v1::FetchMessages {
            conversation_id: group_id(),
            range: Some(fetch_messages::Range::AroundOrdinal(12)),
            limit: 50,
            with_events: true,
        }),
        Body::FetchPersonal(v1::FetchPersonal { after: 17, limit: 100 }),
        Body::ListMembers(v1::ListMembers {
            conversation_id: group_id(),
            page: Bytes::from_static(b"page"),
            limit: 9,
            only: v1::MemberFilter::Muted.into(),
        }),
        Body::ListAskers(v1::ListAskers {
            conversation_id: group_id(),
            which: v1::AskingState::Applied.into(),
            page: Bytes::from_static(b"page"),
            limit: 9,
        }),
        Body::ListBans(v1::ListBans { conversation_id: group_id(), page: Bytes::from_static(b"page"), limit: 9 }),
        Body::ListContentTypes(v1::ListContentTypes {}),
        Body::ListDevices(v1::ListDevices {}),
        Body::RevokeDevice(v1::RevokeDevice { device_id: "old-phone".into(), all_others: false }),
        Body::Pull(v1::Pull { position: position(), window: 20 }),
        Body::Ping(v1::Ping {}),
        Body::GetUsers(v1::GetUsers {
            user_ids: vec!["bob".into(), "carol@example.org".into()],
            usernames: vec!["dora".into()],
        }),
    ];
    calls.extend(people::calls(key()));
    calls.extend(presence::calls(key()));
    calls
}

/// Signals, which have the id 0.
pub fn signals() -> Vec<Body> {
    vec![
        Body::Typing(v1::Typing { conversation_id: group().to_string(), active: true }),
        Body::Focus(v1::Focus { conversation_ids: vec![group().to_string()] }),
        Body::Away(v1::Away { away: true }),
    ]
}

/// Answers, with the id of their call.
pub fn answers() -> Vec<Body> {
    let mut bodies: Vec<Body> = all_answers().iter().map(|answer| encode::answer(SESSION_ID, answer)).collect();
    bodies.push(Body::Pong(v1::Pong { server_time: SENT_AT.0 }));
    bodies.push(encode::error(&Failure {
        code: ErrorCode::Conflict,
        message: "the same id was used with another body".into(),
        retry_after_ms: Some(250),
        first: Some(sent()),
    }));
    bodies
}

/// One answer of each kind.
pub fn all_answers() -> Vec<Answer> {
    let mut answers = vec![
        Answer::Welcome(Box::new(welcome(SENT_AT))),
        Answer::Done,
        Answer::Sent(sent()),
        Answer::CommandDone(CommandDone { conversation: group(), seq: Seq(43), deduplicated: true }),
        Answer::Conversations(ConversationPage {
            conversations: vec![direct_view()],
            next: Bytes::from_static(b"next page"),
        }),
        Answer::Conversation(Box::new(group_view())),
        Answer::Events(Box::new(EventsPage {
            conversation: group(),
            events: every_event(),
            from: Seq(31),
            upto: Seq(42),
            hidden: vec![(Seq(20), Seq(30))],
            more: true,
            jump: false,
            head: Seq(99),
            head_ordinal: Ordinal(60),
        })),
        Answer::Messages(Box::new(MessagesPage {
            conversation: group(),
            messages: vec![changed()],
            events: every_event().into_iter().skip(1).take(1).collect(),
            as_of: Seq(99),
            from: Ordinal(12),
            upto: Ordinal(12),
            more_before: true,
            more_after: false,
        })),
        Answer::Changes(Box::new(ChangesPage {
            conversation: group(),
            messages: vec![changed()],
            upto: Seq(57),
            more: true,
        })),
        Answer::Reactions(ReactionsPage {
            users: vec![(view(&alice(), Some("Alice")), vec![emoji("👍"), emoji("🎉")])],
            next: Bytes::from_static(b"next page"),
        }),
        Answer::Edits(EditsPage {
            versions: vec![
                EditView { seq: Seq(42), at: SENT_AT, content: Content::Lost },
                EditView { seq: Seq(57), at: SENT_AT, content: message().content },
            ],
            more: false,
        }),
        Answer::Mentions(MentionsPage {
            mentions: vec![MentionView { seq: Seq(42), ordinal: Ordinal(12) }],
            more: true,
            upto: Ordinal(12),
        }),
        Answer::Own(PersonalSeq(23), Box::new(deletions())),
        Answer::Starred(StarredPage {
            messages: vec![StarredView { at: SENT_AT, message: group_view().last_message.as_deref().unwrap().clone() }],
            next: Bytes::from_static(b"next page"),
        }),
        Answer::Personal(personal()),
        Answer::Members(MembersPage {
            members: vec![
                MemberView {
                    user: view(&alice(), Some("Alice")),
                    role: Role::Owner,
                    nickname: Nickname::new("Captain").ok(),
                    muted_until: Timestamp::default(),
                },
                MemberView { user: view(&bob(), None), role: Role::Member, nickname: None, muted_until: SENT_AT },
            ],
            next: Bytes::from_static(b"next page"),
            as_of: Seq(99),
        }),
        Answer::Bans(BansPage {
            bans: vec![BanView {
                user: view(&bob(), Some("Bob")),
                until: FOR_GOOD,
                reason: Reason::new("spam").ok(),
                by: alice().id,
                at: SENT_AT,
            }],
            next: Bytes::from_static(b"next page"),
        }),
        Answer::Askers(AskersPage {
            askers: vec![AskerView {
                user: view(&bob(), Some("Bob")),
                message: Reason::new("I watch birds, too").ok(),
                by: bob().id,
                at: SENT_AT,
            }],
            next: Bytes::from_static(b"next page"),
        }),
        Answer::ContentTypes(Arc::new(ContentTypes {
            version: 49,
            types: vec![ContentType {
                body_type: "acme.order".into(),
                fallback: "Order {number}".into(),
                schema: None,
            }],
        })),
        Answer::Devices(vec![device()]),
    ];
    answers.extend(people::answers());
    answers.extend(presence::answers());
    answers
}

/// What the server says on its own.
pub fn told() -> Vec<Body> {
    vec![
        Body::Event(encode::event(&message())),
        encode::read_moved(group(), &bob().id, Seq(42), Ordinal(12)),
        receipts::delivered_moved(direct(), &bob().id, Seq(44)),
        encode::typing(group(), &bob().id, true),
        Body::PersonalChange(encode::personal_change(PersonalSeq(18), &PersonalItem::Device(device()))),
        Body::Position(v1::PositionSaved { token: position() }),
        Body::Poke(v1::Poke { position: position() }),
        encode::go_away(1_000, 30_000),
        encode::closing(ErrorCode::Replaced, ErrorCode::Replaced.meaning()),
        encode::head(group(), Seq(43), Ordinal(13)),
        Body::PresenceChanged(crate::presence::presences(&[presence::online()])),
    ]
}

/// Every kind of frame; calls and answers bear the number of their field as an id, which no other kind moves.
pub fn all() -> Vec<Frame> {
    let without = |body| Frame { id: 0, body: Some(body) };
    let with_id = |body| {
        let frame = without(body);
        Frame { id: field_of(&frame), ..frame }
    };
    let mut frames: Vec<_> = calls().into_iter().map(with_id).collect();
    frames.extend(signals().into_iter().map(without));
    frames.extend(answers().into_iter().map(with_id));
    frames.extend(told().into_iter().map(without));
    frames
}

/// The number of the field that a frame without an id has its body in.
fn field_of(frame: &Frame) -> u64 {
    let mut bytes = stonechat_wire::frame::encode(frame);
    prost::encoding::decode_key(&mut bytes).unwrap().0.into()
}

pub fn group() -> ConversationId {
    ConversationId::created(ConversationKind::Group, AppId::DEFAULT, &alice().id, CommandId(KEY))
}

pub fn direct() -> ConversationId {
    ConversationId::direct(AppId::DEFAULT, &alice().id, &bob().id)
}

pub fn alice() -> UserRef {
    UserRef { no: UserNo(1), id: UserId::new("alice").unwrap() }
}

pub fn bob() -> UserRef {
    UserRef { no: UserNo(2), id: UserId::new("bob").unwrap() }
}

pub fn view(user: &UserRef, name: Option<&str>) -> UserView {
    UserView { id: user.id.clone(), name: name.map(|name| DisplayName::new(name).unwrap()) }
}

pub fn title() -> Title {
    Title::new("Bird watchers").unwrap()
}

fn position() -> Bytes {
    Bytes::from_static(&[1, 0xff, 0, 0x7f, 0x80])
}

pub fn sent() -> Sent {
    Sent {
        id: MessageId { conversation: group(), seq: Seq(42) },
        ordinal: Ordinal(12),
        sent_at: SENT_AT,
        deduplicated: true,
    }
}

pub fn device() -> DeviceView {
    DeviceView {
        id: DeviceId::new("old-phone").unwrap(),
        name: "Alice's old phone".into(),
        client: "stonechat-rust 0.1.0".into(),
        seen_at: SENT_AT,
        revoked_at: SENT_AT,
        revoked: true,
        platform: Platform::Phone,
        signed_out: Some(SignOut::Replaced),
    }
}

pub fn message() -> EventView {
    EventView {
        id: MessageId { conversation: group(), seq: Seq(42) },
        ordinal: Ordinal(12),
        kind: EventKind::Message,
        sender: bob().id,
        sent_at: SENT_AT,
        key: KEY,
        content: Content::Message {
            body_type: Bytes::from_static(b"text"),
            body: super::text_body("Hi 👋"),
            attributes: Some(Box::new(attributes())),
        },
    }
}

fn attributes() -> Attributes {
    Attributes {
        reply_to: Some(ReplyTo { seq: Seq(30), ordinal: Ordinal(9) }),
        mentions: vec![alice().id, bob().id],
        mention_all: true,
        silent: true,
        priority: 7,
        extension: Bytes::from_static(b"{}"),
        forwarded: Some(Forwarded { author: alice().id, sent_at: SENT_AT }),
    }
}

/// An event of every kind, a damaged one last.
pub fn every_event() -> Vec<EventView> {
    let changes = [
        Change::Created { title: Some(title()), members: vec![alice(), bob()] },
        Change::MembersAdded(vec![alice(), bob()]),
        Change::MemberRemoved(bob()),
        Change::MemberLeft,
        Change::Renamed(title()),
        Change::RoleChanged(bob(), Role::Owner),
        Change::Edited {
            target: Seq(30),
            content: Some(event::Content { body_type: Bytes::from_static(b"text"), body: super::text_body("better") }),
        },
        Change::Reacted { target: Seq(30), emoji: emoji("👍"), added: false },
        Change::Recalled { target: Seq(30), ordinal: Ordinal(9), author: bob(), silent: true },
        Change::Commanded(event::Content {
            body_type: Bytes::from_static(b"acme.refresh"),
            body: Bytes::from_static(b"{}"),
        }),
    ];
    let changes = changes.into_iter().chain(group_changes().into_iter().map(Change::Group));
    let mut events: Vec<EventView> = changes
        .zip(33..)
        .map(|(change, seq)| EventView {
            id: MessageId { conversation: group(), seq: Seq(seq) },
            kind: change.kind(),
            content: Content::Change(change),
            ..message()
        })
        .collect();
    events.push(EventView {
        id: MessageId { conversation: group(), seq: Seq(41) },
        ordinal: Ordinal(11),
        content: Content::Lost,
        ..message()
    });
    events.extend([false, true].map(|silent| EventView { content: Content::Recalled { silent }, ..message() }));
    events.push(message());
    events
}

fn personal() -> PersonalPage {
    PersonalPage {
        changes: vec![
            (
                PersonalSeq(15),
                PersonalItem::Membership { conversation: group(), role: Some(Role::Admin), visible_upto: Seq::ZERO },
            ),
            (PersonalSeq(16), PersonalItem::Membership { conversation: direct(), role: None, visible_upto: Seq(7) }),
            (PersonalSeq(17), PersonalItem::Read { conversation: group(), upto: Seq(42), ordinal: Ordinal(12) }),
            (PersonalSeq(18), PersonalItem::Device(device())),
            (PersonalSeq(19), PersonalItem::Relation(Box::new(people::relation()))),
            (PersonalSeq(20), PersonalItem::Profile(Box::new(people::own()))),
            (PersonalSeq(21), PersonalItem::Preferences(group(), Box::new(preferences()))),
            (PersonalSeq(22), PersonalItem::Asking(Box::new(asking()))),
            (PersonalSeq(23), PersonalItem::Presence(Box::new(presence::settings()))),
            (PersonalSeq(24), PersonalItem::Receipts { conversation: direct(), read: Seq(40), delivered: Seq(44) }),
            (PersonalSeq(25), deletions()),
            (PersonalSeq(26), stars()),
            (PersonalSeq(27), quiet()),
            (PersonalSeq(28), plays()),
        ],
        upto: PersonalSeq(28),
        more: true,
    }
}

pub fn welcome(server_time: Timestamp) -> Welcome {
    Welcome {
        user: view(&alice(), Some("Alice")),
        server_time,
        reset: true,
        conversations: ConversationPage {
            conversations: vec![group_view(), direct_view()],
            next: Bytes::from_static(b"next page"),
        },
        personal: personal(),
        position: position(),
        unread_total: 48,
        history_id: [9; 16],
        messages: MessagePolicy { edit_window_ms: 172_800_000, recall_window_ms: 172_800_001 },
        content_types_version: 49,
    }
}
