//! What every store promises, as tests: one macro line a store.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use stonechat_domain::group::{JoinMode, Settings};
use stonechat_types::id::{ClientMsgId, ConversationId, ConversationKind, UserId};
use stonechat_types::number::{AppId, Seq, Timestamp};
use stonechat_wire::v1::change_message::Change;
use stonechat_wire::v1::{self, Event, PersonalChange, Profile, frame::Body, personal_change};

use crate::core::rows::{
    Changed, DeviceRow, EventRow, MessageChange, MessageRow, OutboxRow, QueuedCommand, Recall, Said, StoreOp,
    Transaction,
};
use crate::group::Group;
use crate::state::{Preview, Reaction, ReadMark, Role, SendFailure};
use crate::store::memory::MemoryStore;
use crate::store::sqlite::SqliteStore;
use crate::store::{MessageQuery, MessageSearch, Store};

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn conversation() -> ConversationId {
    ConversationId::direct(AppId::DEFAULT, &user("alice"), &user("bob"))
}

fn message(seq: u64, ordinal: u64) -> MessageRow {
    MessageRow {
        pinned: false,
        attributes: None,
        conversation: conversation(),
        seq,
        ordinal,
        client_msg_id: Some(ClientMsgId([u8::try_from(seq).unwrap(); 16])),
        sender: user("bob"),
        sent_at: Timestamp(1_790_000_000_000),
        body_type: "text".into(),
        body: Bytes::from(vec![0, 255, u8::try_from(seq).unwrap()]),
        corrupt: seq == 3,
        changed: seq,
        edits: 0,
        edited_at: Timestamp::default(),
        reactions: Vec::new(),
        recalled: None,
    }
}

fn unsent(order: u64) -> OutboxRow {
    OutboxRow {
        attributes: None,
        order,
        conversation: conversation(),
        peer: Some(user("bob")),
        client_msg_id: ClientMsgId([u8::try_from(order + 100).unwrap(); 16]),
        body_type: "text".into(),
        body: Bytes::from_static(b"\x0a\x02hi"),
        read_upto: 4,
        created_at: Timestamp(5),
        written: order == 2,
        failure: (order == 3).then(|| SendFailure { code: "forbidden".into(), text: "no".into(), recoverable: false }),
        command: None,
    }
}

fn queued(order: u64, about: Option<ClientMsgId>) -> OutboxRow {
    let react = v1::React { emoji: "👍".into(), remove: false };
    let change = v1::ChangeMessage { seq: order, change: Some(Change::React(react)), ..v1::ChangeMessage::default() };
    let command = QueuedCommand { call: Body::ChangeMessage(change), about };
    OutboxRow { body_type: String::new(), body: Bytes::new(), command: Some(Box::new(command)), ..unsent(order) }
}

fn entry(number: u64) -> PersonalChange {
    PersonalChange { personal_seq: number, change: Some(personal_change::Change::Profile(Profile::default())) }
}

fn full_row() -> crate::core::rows::ConversationRow {
    crate::core::rows::ConversationRow {
        unread_mentions: 0,
        id: conversation(),
        kind: conversation().kind(),
        title: "t".into(),
        peer: Some(user("bob")),
        peer_name: "Bob".into(),
        role: Role::Admin,
        member: true,
        member_count: 2,
        head_seq: 9,
        head_ordinal: 8,
        read_seq: 7,
        read_ordinal: 6,
        read_unconfirmed: 5,
        delivered_unconfirmed: 7,
        plays_unconfirmed: vec![4, 8],
        floor_ordinal: 4,
        visible_from_seq: 3,
        unread: 2,
        unread_stale: true,
        active_at: 1_790_000_000_000,
        preview: Some(Preview {
            sender: user("bob"),
            text: "\"hi\" 👋".into(),
            body_type: "text".into(),
            sent_at: Timestamp(11),
            seq: Seq(9),
            recalled: false,
        }),
        last_seq: 9,
        last_ordinal: 8,
        marks: vec![ReadMark { user: user("bob"), upto: Seq(8), delivered: Seq(9) }],
        stale_from: 6,
        group: std::sync::Arc::new(Group {
            description: "about\nus".into(),
            avatar: "pictures/7".into(),
            extension: Bytes::from_static(&[0, 0xFF, 7]),
            settings: Settings { join: JoinMode::Approval, history: true, ..Settings::of(ConversationKind::Channel) },
            announcement: Seq(5),
            dissolved: true,
            muted_until: Timestamp(i64::MAX),
            nickname: "Annie".into(),
        }),
    }
}

fn apply(store: &mut impl Store, ops: Vec<StoreOp>) {
    store.apply(&[Transaction { number: 1, ops }]).unwrap();
}

fn keeps_everything(mut store: impl Store, reopen: impl FnOnce() -> Box<dyn Store>) {
    let device = DeviceRow {
        position: Bytes::from_static(b"p1"),
        history_id: Bytes::from_static(b"h"),
        content_types: Bytes::from_static(b"c"),
        kinds: 7,
    };
    let event = Event { conversation_id: conversation().to_string(), seq: 2, ..Event::default() };
    apply(
        &mut store,
        vec![
            StoreOp::PutConversation(Box::new(full_row())),
            StoreOp::PutMessage(Box::new(message(2, 1))),
            StoreOp::PutMessage(Box::new(message(3, 2))),
            StoreOp::PutMessage(Box::new(message(9, 8))),
            StoreOp::PutIntervals(conversation(), vec![(1, 2), (8, 8)]),
            StoreOp::PutOutbox(Box::new(unsent(2))),
            StoreOp::PutOutbox(Box::new(unsent(1))),
            StoreOp::PutOutbox(Box::new(unsent(3))),
            StoreOp::PutOutbox(Box::new(queued(6, None))),
            StoreOp::PutOutbox(Box::new(queued(5, Some(unsent(1).client_msg_id)))),
            StoreOp::PutOutbox(Box::new(unsent(4))),
            StoreOp::DropOutbox(unsent(4).client_msg_id),
            StoreOp::Record(1, Box::new(event.clone())),
            StoreOp::Record(2, Box::new(event)),
            StoreOp::PutDevice(device.clone()),
            StoreOp::PutName(user("bob"), "B".into()),
            StoreOp::PutName(user("bob"), "Bob Okafor".into()),
            StoreOp::PutName(user("mei"), "梅 林".into()),
            StoreOp::PutEntry("profile".into(), Box::new(entry(1))),
            StoreOp::PutEntry("profile".into(), Box::new(entry(2))),
        ],
    );
    store.acknowledge(1).unwrap();
    // Dropped without a word, as a process that is killed.
    drop(store);
    let mut store = reopen();
    let snapshot = store.load().unwrap();
    assert_eq!(snapshot.device, device);
    assert_eq!(snapshot.conversations, [full_row()]);
    assert_eq!(snapshot.intervals, [(conversation(), 1, 2), (conversation(), 8, 8)]);
    let commands = [queued(5, Some(unsent(1).client_msg_id)), queued(6, None)];
    assert_eq!(snapshot.outbox[..3], [unsent(1), unsent(2), unsent(3)]);
    assert_eq!(snapshot.outbox[3..], commands);
    assert_eq!(snapshot.recorded, 2);
    assert_eq!(snapshot.entries, [entry(2)]);
    let mut reader = store.reader().unwrap();
    let query = |from, upto, limit| MessageQuery { conversation: conversation(), from, upto, limit };
    assert_eq!(reader.messages(query(1, 100, 2)).unwrap(), [message(3, 2), message(9, 8)]);
    assert_eq!(reader.messages(query(1, 7, 9)).unwrap(), [message(2, 1), message(3, 2)]);
    let events = reader.events(0, 10).unwrap();
    assert_eq!(events.iter().map(|(number, event)| (*number, event.seq)).collect::<Vec<_>>(), [(2, 2)]);
    let names = [(user("bob"), "Bob Okafor".to_owned()), (user("mei"), "梅 林".to_owned())];
    assert_eq!(reader.names(9).unwrap(), names);
    assert_eq!(reader.names(1).unwrap(), names[..1]);
    apply_boxed(&mut store, vec![StoreOp::ClearHistory]);
    assert!(reader.messages(query(1, 100, 9)).unwrap().is_empty());
    assert_eq!((store.load().unwrap().intervals, store.load().unwrap().entries), (vec![], vec![]));
    apply_boxed(&mut store, vec![StoreOp::DropConversation(conversation())]);
    assert_eq!(store.load().unwrap().conversations, []);
    assert_eq!(store.load().unwrap().outbox.len(), 5, "what was not sent outlives its conversation");
}

fn keeps_the_newer_copy(store: &mut impl Store) {
    let react = |by, added| MessageChange {
        conversation: conversation(),
        target: 2,
        by,
        what: Changed::Reacted { emoji: "👍".into(), added, own: by == 5 },
    };
    let said = Said { body_type: "text".into(), body: Bytes::from_static(b"better"), at: Timestamp(7) };
    let edit = MessageChange { what: Changed::Said(Some(said)), ..react(6, true) };
    let elsewhere = MessageChange { target: 77, ..react(8, true) };
    let changes = [react(4, true), react(5, true), react(5, true), edit, elsewhere];
    apply(store, vec![StoreOp::PutMessage(Box::new(message(2, 1)))]);
    apply(store, changes.into_iter().map(|change| StoreOp::ChangeMessage(Box::new(change))).collect());
    let expected = MessageRow {
        body: Bytes::from_static(b"better"),
        changed: 6,
        edits: 1,
        edited_at: Timestamp(7),
        reactions: vec![Reaction { emoji: "👍".into(), count: 2, own: true }],
        ..message(2, 1)
    };
    let here = |store: &mut dyn Store| {
        let query = MessageQuery { conversation: conversation(), from: 1, upto: 9, limit: 9 };
        store.reader().unwrap().messages(query).unwrap()
    };
    assert_eq!(here(store), std::slice::from_ref(&expected));
    // An older copy changes nothing; one that is as new is the server's word.
    apply(store, vec![StoreOp::PutMessage(Box::new(MessageRow { changed: 5, ..message(2, 1) }))]);
    assert_eq!(here(store), std::slice::from_ref(&expected));
    let newer = MessageRow { changed: 6, reactions: Vec::new(), ..expected };
    apply(store, vec![StoreOp::PutMessage(Box::new(newer.clone()))]);
    assert_eq!(here(store), [newer]);
    // Taken back, nothing is left of it, and nothing is made of it.
    let recall = Recall { by: Some(user("carol")), at: Timestamp(9) };
    let gone = MessageChange { what: Changed::Recalled(recall.clone()), ..react(9, true) };
    apply(store, [gone, react(10, true)].into_iter().map(|change| StoreOp::ChangeMessage(Box::new(change))).collect());
    let left = MessageRow {
        body_type: String::new(),
        body: Bytes::new(),
        changed: 10,
        recalled: Some(recall),
        ..message(2, 1)
    };
    assert_eq!(here(store), std::slice::from_ref(&left));
    let unknown = MessageRow { changed: 11, recalled: Some(Recall::default()), ..left };
    apply(store, vec![StoreOp::PutMessage(Box::new(unknown.clone()))]);
    assert_eq!(here(store), [unknown]);
}

/// A message that says this, at a time.
fn saying(seq: u64, at: i64, text: &str) -> MessageRow {
    let body = prost::Message::encode_to_vec(&v1::TextBody { text: text.into(), ..v1::TextBody::default() });
    MessageRow { body: body.into(), sent_at: Timestamp(at), corrupt: false, ..message(seq, seq - 1) }
}

fn finds_messages_by_a_part_of_their_text(store: &mut impl Store) {
    let elsewhere = ConversationId::direct(AppId::DEFAULT, &user("alice"), &user("carol"));
    let texts = ["今天天气很好", "Café au lait", "مَرْحَبًا بالعالم", "👩\u{200D}👩\u{200D}👧 at the CAFE", "a 天 b"];
    for (seq, text) in (2..).zip(texts) {
        apply(store, vec![StoreOp::PutMessage(Box::new(saying(seq, 10 * seq as i64, text)))]);
    }
    let other = MessageRow { conversation: elsewhere, ..saying(9, 35, "cafe elsewhere") };
    let opaque = MessageRow { body_type: "acme.cafe".into(), ..saying(10, 99, "cafe") };
    apply(store, vec![StoreOp::PutMessage(Box::new(other)), StoreOp::PutMessage(Box::new(opaque))]);
    let all = || MessageSearch {
        text: String::new(),
        conversation: None,
        body_type: None,
        since: Timestamp(i64::MIN),
        after: None,
        limit: 9,
    };
    let found = |store: &mut dyn Store, search: MessageSearch| -> Vec<u64> {
        store.reader().unwrap().search(&search).unwrap().iter().map(|row| row.seq).collect()
    };
    let by = |text: &str| MessageSearch { text: text.into(), ..all() };
    assert_eq!(found(store, by("天")), [6, 2]);
    assert_eq!(found(store, by("天气")), [2]);
    assert_eq!(found(store, by("cafe\u{301}")), [5, 9, 3]);
    assert_eq!(found(store, by("مرحبا")), [4]);
    assert_eq!(found(store, MessageSearch { conversation: Some(conversation()), ..by("café") }), [5, 3]);
    assert_eq!(found(store, MessageSearch { since: Timestamp(35), ..by("café") }), [5, 9]);
    assert_eq!(found(store, MessageSearch { body_type: Some("text".into()), ..by("CAFE") }), [5, 9, 3]);
    assert!(found(store, MessageSearch { body_type: Some("other".into()), ..by("CAFE") }).is_empty());
    assert_eq!(found(store, MessageSearch { limit: 2, ..by("cafe") }), [5, 9]);
    let after = Some((Timestamp(35), elsewhere, 9));
    assert_eq!(found(store, MessageSearch { after, ..by("cafe") }), [3]);
    // An edit is found by what it says now, and what was taken back by nothing.
    let body = prost::Message::encode_to_vec(&v1::TextBody { text: "a tea".into(), ..v1::TextBody::default() });
    let said = Said { body_type: "text".into(), body: body.into(), at: Timestamp(7) };
    let edit = |target, what| MessageChange { conversation: conversation(), target, by: 20, what };
    let changes = [edit(3, Changed::Said(Some(said))), edit(5, Changed::Recalled(Recall::default()))];
    apply(store, changes.into_iter().map(|change| StoreOp::ChangeMessage(Box::new(change))).collect());
    assert_eq!(found(store, by("cafe")), [9]);
    assert_eq!(found(store, by("TEA")), [3]);
}

#[test]
fn every_store_finds_messages_by_a_part_of_their_text() {
    finds_messages_by_a_part_of_their_text(&mut MemoryStore::default());
    let folder = tempfile::tempdir().unwrap();
    finds_messages_by_a_part_of_their_text(&mut open(&folder.path().join("a.db")));
}

fn drops_what_lies_in_a_gap(store: &mut impl Store) {
    let messages = [(2, 1), (4, 3), (9, 8), (10, 9), (12, 11)];
    apply(store, messages.map(|(seq, ordinal)| StoreOp::PutMessage(Box::new(message(seq, ordinal)))).into());
    apply(store, vec![StoreOp::PutIntervals(conversation(), vec![(1, 2), (9, 10)])]);
    apply(store, vec![StoreOp::DropUnheld(conversation(), 10)]);
    let query = MessageQuery { conversation: conversation(), from: 1, upto: 99, limit: 99 };
    let left: Vec<_> = store.reader().unwrap().messages(query).unwrap().iter().map(|row| row.ordinal).collect();
    assert_eq!(left, [1, 9, 11]);
    apply(store, vec![StoreOp::DropMessages(conversation(), vec![(1, 3), (11, 11)])]);
    let left: Vec<_> = store.reader().unwrap().messages(query).unwrap().iter().map(|row| row.ordinal).collect();
    assert_eq!(left, [9]);
}

#[test]
fn every_store_keeps_the_newer_copy_of_a_message_and_drops_what_lies_in_a_gap() {
    keeps_the_newer_copy(&mut MemoryStore::default());
    drops_what_lies_in_a_gap(&mut MemoryStore::default());
    let folder = tempfile::tempdir().unwrap();
    keeps_the_newer_copy(&mut open(&folder.path().join("a.db")));
    drops_what_lies_in_a_gap(&mut open(&folder.path().join("b.db")));
}

fn happened(seq: u64, ordinal: u64) -> EventRow {
    let event = Event { conversation_id: conversation().to_string(), seq, kind: "renamed".into(), ..Event::default() };
    EventRow { conversation: conversation(), seq, ordinal, event }
}

fn keeps_what_happened_beside_the_messages(store: &mut impl Store) {
    let all = |store: &mut dyn Store| {
        let query = MessageQuery { conversation: conversation(), from: 1, upto: 99, limit: 99 };
        store.reader().unwrap().system_events(query).unwrap().iter().map(|row| row.seq).collect::<Vec<_>>()
    };
    let messages = [(2, 1), (5, 2), (9, 3), (12, 4)];
    apply(store, messages.map(|(seq, ordinal)| StoreOp::PutMessage(Box::new(message(seq, ordinal)))).into());
    let events = [(10, 3), (1, 1), (3, 1), (4, 1), (6, 2), (3, 1)];
    apply(store, events.map(|(seq, ordinal)| StoreOp::PutEvent(Box::new(happened(seq, ordinal)))).into());
    let page = |from, upto, limit| MessageQuery { conversation: conversation(), from, upto, limit };
    let read = |store: &mut dyn Store, query| {
        let page = store.reader().unwrap().page(query).unwrap();
        let messages: Vec<_> = page.messages.iter().map(|row| row.seq).collect();
        (messages, page.events.iter().map(|row| row.seq).collect::<Vec<_>>())
    };
    assert_eq!(read(store, page(1, 99, 99)), (vec![2, 5, 9, 12], vec![1, 3, 4, 6, 10]));
    assert_eq!(
        read(store, page(1, 99, 3)),
        (vec![5, 9, 12], vec![6, 10]),
        "of what is before the page, the next tells"
    );
    assert_eq!(store.reader().unwrap().system_events(page(1, 1, 2)).unwrap(), [happened(3, 1), happened(4, 1)]);
    apply(store, vec![StoreOp::DropMessages(conversation(), vec![(1, 2)])]);
    assert_eq!(all(store), [1, 3, 4, 6, 10], "what one removes for oneself are messages");
    apply(store, vec![StoreOp::PutIntervals(conversation(), vec![(2, 2)])]);
    apply(store, vec![StoreOp::DropUnheld(conversation(), 3)]);
    assert_eq!(all(store), [6, 10]);
    apply(store, vec![StoreOp::DropConversation(conversation())]);
    assert_eq!(all(store), [0; 0]);
    apply(store, vec![StoreOp::PutEvent(Box::new(happened(3, 1))), StoreOp::ClearHistory]);
    assert_eq!(all(store), [0; 0]);
}

#[test]
fn every_store_keeps_what_happened_beside_the_messages() {
    keeps_what_happened_beside_the_messages(&mut MemoryStore::default());
    let folder = tempfile::tempdir().unwrap();
    keeps_what_happened_beside_the_messages(&mut open(&folder.path().join("a.db")));
}

/// What the schema of the first version had.
const SCHEMA_1: &str = include_str!("schema.sql");

#[test]
fn a_store_of_schema_1_is_moved_with_all_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch(SCHEMA_1).unwrap();
    let insert = "INSERT INTO messages VALUES (?1, 2, 1, ?2, 'bob', 1790000000000, 'text', ?3, 'ok')";
    db.execute(insert, rusqlite::params![conversation().to_string(), &[2_u8; 16][..], &[0_u8, 255, 2][..]]).unwrap();
    db.pragma_update(None, "user_version", 1).unwrap();
    drop(db);
    let store = open(&path);
    let query = MessageQuery { conversation: conversation(), from: 1, upto: 9, limit: 9 };
    assert_eq!(store.reader().unwrap().messages(query).unwrap(), [message(2, 1)]);
}

#[test]
fn what_was_there_before_the_search_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch(SCHEMA_1).unwrap();
    let insert = "INSERT INTO messages VALUES (?1, 2, 1, ?2, 'bob', 1790000000000, 'text', ?3, 'ok')";
    let body = saying(2, 1, "今天天气").body;
    db.execute(insert, rusqlite::params![conversation().to_string(), &[2_u8; 16][..], &body[..]]).unwrap();
    db.pragma_update(None, "user_version", 1).unwrap();
    drop(db);
    let (text, since) = ("天气".to_owned(), Timestamp(0));
    let search = MessageSearch { text, conversation: None, body_type: None, since, after: None, limit: 9 };
    assert_eq!(open(&path).reader().unwrap().search(&search).unwrap().len(), 1);
}

fn apply_boxed(store: &mut Box<dyn Store>, ops: Vec<StoreOp>) {
    store.apply(&[Transaction { number: 2, ops }]).unwrap();
}

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Duration::ZERO).unwrap()
}

#[test]
fn memory_keeps_everything() {
    let store = MemoryStore::default();
    keeps_everything(store.clone(), || Box::new(store));
}

#[test]
fn sqlite_keeps_everything_through_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    keeps_everything(open(&path), || Box::new(open(&path)));
}

#[test]
fn a_store_that_is_open_is_locked_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let first = open(&path);
    assert_eq!(SqliteStore::open(&path, Duration::ZERO).unwrap_err(), crate::error::StoreError::Locked);
    drop(first);
    open(&path);
}

#[test]
fn a_newer_store_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    drop(open(&path));
    let db = rusqlite::Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    let refusal = SqliteStore::open(&path, Duration::ZERO).unwrap_err();
    assert_eq!(refusal, crate::error::StoreError::TooNew { schema: 99 });
    let version: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 99);
}

#[test]
fn what_is_not_a_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    std::fs::write(&path, [7; 8192]).unwrap();
    assert!(matches!(SqliteStore::open(&path, Duration::ZERO), Err(crate::error::StoreError::Corrupt(_))));
}

#[test]
fn each_commit_is_flushed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = open(&path);
    assert_eq!(crate::store::sqlite::durability(&store), ("wal".to_owned(), 2));
}

#[test]
fn a_transaction_is_kept_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let mut store = open(&path);
    let event = Event::default();
    let twice = vec![
        StoreOp::PutMessage(Box::new(message(2, 1))),
        StoreOp::Record(1, Box::new(event.clone())),
        StoreOp::Record(1, Box::new(event)),
    ];
    assert!(store.apply(&[Transaction { number: 1, ops: twice }]).is_err());
    let query = MessageQuery { conversation: conversation(), from: 0, upto: 9, limit: 9 };
    assert!(store.reader().unwrap().messages(query).unwrap().is_empty());
}

#[cfg(unix)]
#[test]
fn nobody_but_its_owner_can_read_a_store() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&folder.path().join("a.db"));
    apply(&mut store, vec![StoreOp::PutMessage(Box::new(message(2, 1)))]);
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.path());
    }
}
