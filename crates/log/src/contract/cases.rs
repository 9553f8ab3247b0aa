//! The tests, one per promise.

use crate::contract::compare::{ALL, difference, events, feed, rows};
use crate::contract::workload::{Builder, CountingDerive, FAMILY_COUNTS, Random, conversation, row_key, user};
use crate::contract::{Harness, MakeHarness, commit, wait};
use crate::memory::MemoryLog;
use crate::record::{PersonalWrite, Record, StoredBody};
use crate::row::RowWrite;
use crate::store::{Bodies, Derive, Log, PageLimit, PersonalChange};
use bytes::Bytes;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use stonechat_domain::kind::EventKind;
use stonechat_types::number::{AppId, LanePosition, Ordinal, PersonalSeq, Seq, UserNo};

fn empty(make: MakeHarness) -> Box<dyn Harness> {
    make(Arc::new(CountingDerive))
}

fn positions(committed: &[crate::record::Committed]) -> Vec<u64> {
    committed.iter().map(|committed| committed.position.0).collect()
}

fn rows_only(rows: Vec<RowWrite>) -> Record {
    Record { rows, ..Record::default() }
}

fn put(name: &str, value: &'static str) -> RowWrite {
    RowWrite::Put { key: row_key(0x20, name), value: value.into() }
}

fn change(key: &'static str, value: Option<&'static str>) -> Record {
    let (key, value) = (Bytes::from(key), value.map(Bytes::from));
    let write = PersonalWrite { app: AppId::DEFAULT, user_no: UserNo(5), key, value };
    Record { personal: vec![write], ..Record::default() }
}

/// Commits to both; derived rows are computed on the way.
fn both(model: &MemoryLog, log: &dyn Log, mut records: Vec<Record>) {
    let mut expected = Vec::new();
    for record in &mut records {
        if let Some(event) = &record.event {
            record.derived = CountingDerive.derive(&event.header, model).expect("the model derives");
        }
        expected.extend(commit(model, vec![record.clone()]).expect("the model commits"));
    }
    assert_eq!(commit(log, records), Ok(expected));
}

fn assert_same(model: &MemoryLog, log: &dyn Log) {
    assert_eq!(difference(model, log), Ok(None));
}

/// Obligation 1.
pub fn positions_are_dense_in_the_order_of_the_offers(make: MakeHarness) {
    let engine = empty(make);
    let mut builder = Builder::default();
    let first = commit(engine.log(), vec![builder.message(1), builder.message(2)]).unwrap();
    let second = commit(engine.log(), vec![builder.message(1)]).unwrap();
    assert_eq!((positions(&first), positions(&second)), (vec![1, 2], vec![3]));
    assert_eq!(engine.log().head(), LanePosition(3));
}

/// Obligation 1.
pub fn positions_go_on_after_a_restart(make: MakeHarness) {
    let mut engine = empty(make);
    let mut builder = Builder::default();
    for n in 1..=5 {
        let committed = commit(engine.log(), vec![builder.message(1), builder.message(2)]).unwrap();
        assert_eq!(positions(&committed), [n * 2 - 1, n * 2]);
        engine.reopen();
        assert_eq!(engine.log().head(), LanePosition(n * 2));
        if n == 3 {
            engine.settle();
        }
    }
}

/// Obligation 2.
pub fn batches_are_answered_in_the_order_of_the_offers(make: MakeHarness) {
    let engine = empty(make);
    let mut builder = Builder::default();
    let (answered, answers) = sync_channel(300);
    for n in 0..300u64 {
        let answered = answered.clone();
        let done = move |result: Result<Vec<_>, _>| {
            assert_eq!(result.map(|committed| positions(&committed)), Ok(vec![n + 1]));
            answered.send(n).unwrap();
        };
        engine.log().offer(vec![builder.message(1)], Box::new(done));
    }
    drop(answered);
    assert_eq!(answers.iter().collect::<Vec<_>>(), (0..300).collect::<Vec<_>>());
}

/// Obligation 2.
pub fn an_empty_batch_is_answered(make: MakeHarness) {
    let engine = empty(make);
    assert_eq!(commit(engine.log(), Vec::new()), Ok(Vec::new()));
    assert_eq!(positions(&commit(engine.log(), vec![Builder::default().message(1)]).unwrap()), [1]);
    assert_eq!(commit(engine.log(), Vec::new()), Ok(Vec::new()));
}

/// Obligations 3 and 4.
pub fn what_was_answered_can_be_read(make: MakeHarness) {
    let mut engine = empty(make);
    let mut builder = Builder::default();
    for n in 1..=150u64 {
        let mut record = builder.message(9);
        record.rows = vec![put("last", "x")];
        let sent = record.event.clone().unwrap();
        commit(engine.log(), vec![record]).unwrap();
        let page = wait(engine.log().events(AppId::DEFAULT, conversation(9), Seq(n - 1), Seq(n), ALL)).unwrap();
        assert_eq!(page.events.len(), 1);
        assert_eq!(page.events[0].header, sent.header);
        assert_eq!(page.events[0].body, StoredBody::Sealed(sent.sealed));
        assert_eq!(page.events[0].position, LanePosition(n));
        if n % 60 == 0 {
            engine.reopen();
        }
    }
    let row = wait(engine.log().load(vec![row_key(0x20, "last"), row_key(0x20, "none")])).unwrap();
    assert_eq!(row, [Some(Bytes::from("x")), None]);
}

/// Obligation 5.
pub fn rows_are_as_the_last_write_left_them(make: MakeHarness) {
    let mut engine = empty(make);
    let patch = |entry: &'static str, value: Option<&'static str>| RowWrite::Patch {
        key: row_key(0x21, "packed"),
        entry: entry.into(),
        value: value.map(Bytes::from),
    };
    let load = |log: &dyn Log| {
        let keys = vec![row_key(0x20, "a"), row_key(0x20, "b"), row_key(0x21, "packed")];
        wait(log.load(keys)).unwrap()
    };
    commit(engine.log(), vec![rows_only(vec![put("a", "1"), put("b", "1"), patch("y", Some("1"))])]).unwrap();
    engine.settle();
    let delete = RowWrite::Delete { key: row_key(0x20, "b") };
    commit(engine.log(), vec![rows_only(vec![put("a", "2"), delete, patch("x", Some("2"))])]).unwrap();
    let packed = Bytes::from_static(b"\x01\x01\x00x2\x01\x01\x00y1");
    for _ in 0..2 {
        assert_eq!(load(engine.log()), [Some("2".into()), None, Some(packed.clone())]);
        engine.reopen();
    }
    engine.settle();
    commit(engine.log(), vec![rows_only(vec![patch("x", None), patch("y", None), put("b", "")])]).unwrap();
    for _ in 0..2 {
        assert_eq!(load(engine.log()), [Some("2".into()), Some(Bytes::new()), None]);
        engine.reopen();
        engine.settle();
    }
}

/// Obligation 5.
pub fn derived_rows_survive_a_restart(make: MakeHarness) {
    let mut engine = empty(make);
    let model = MemoryLog::new([0; 16]);
    let mut builder = Builder::default();
    for n in 1..=40 {
        both(&model, engine.log(), vec![builder.message(3), builder.message(4)]);
        match n % 10 {
            3 => engine.settle(),
            7 => engine.reopen(),
            _ => {}
        }
    }
    engine.reopen();
    let key = row_key(FAMILY_COUNTS, &format!("1/{}", conversation(3)));
    assert_eq!(wait(engine.log().load(vec![key])).unwrap(), [Some(Bytes::copy_from_slice(&40u64.to_be_bytes()))]);
    assert_same(&model, engine.log());
}

/// The promise of `scan`.
pub fn a_scan_is_sorted_paged_and_ends_with_its_prefix(make: MakeHarness) {
    let mut engine = empty(make);
    let names = ["a", "aa", "ab", "b", "c", "ca", "cb", "d"];
    for (i, name) in names.iter().enumerate() {
        commit(engine.log(), vec![rows_only(vec![put(name, "v"), put("gone", "v")])]).unwrap();
        if i == 3 {
            engine.settle();
        }
    }
    commit(engine.log(), vec![rows_only(vec![RowWrite::Delete { key: row_key(0x20, "gone") }])]).unwrap();
    commit(engine.log(), vec![rows_only(vec![RowWrite::Put { key: row_key(0x21, "a"), value: "v".into() }])]).unwrap();
    for _ in 0..2 {
        for page in [1, 2, 100] {
            let keys: Vec<_> = rows(engine.log(), &[0x20], page).unwrap().into_iter().map(|(key, _)| key).collect();
            assert_eq!(keys, names.map(|name| row_key(0x20, name)));
        }
        let keys = |prefix: &str, after: Option<&str>| -> Vec<_> {
            let scan = engine.log().scan(row_key(0x20, prefix), after.map(|after| row_key(0x20, after)), 10);
            wait(scan).unwrap().into_iter().map(|(key, _)| key).collect()
        };
        assert_eq!(keys("a", Some("aa")), [row_key(0x20, "ab")]);
        assert_eq!(keys("c", Some("b")), ["c", "ca", "cb"].map(|name| row_key(0x20, name)));
        assert_eq!(keys("c", Some("z")), [] as [Bytes; 0]);
        assert_eq!(wait(engine.log().scan(row_key(0x20, "a"), None, 0)).unwrap(), []);
        engine.reopen();
    }
}

/// Obligation 6.
pub fn personal_numbers_are_dense(make: MakeHarness) {
    let mut engine = empty(make);
    let mut next = 1;
    for round in 0..6 {
        let records = vec![change("a", Some("1")), change("b", None), change("a", Some("2"))];
        let committed = commit(engine.log(), records).unwrap();
        for committed in committed {
            assert_eq!(committed.personal, [PersonalSeq(next)]);
            next += 1;
        }
        match round % 3 {
            0 => engine.settle(),
            1 => engine.reopen(),
            _ => {}
        }
    }
}

/// The promise of `personal`.
pub fn a_personal_page_has_each_key_once(make: MakeHarness) {
    let mut engine = empty(make);
    commit(engine.log(), vec![change("a", Some("1")), change("b", Some("1"))]).unwrap();
    engine.settle();
    commit(engine.log(), vec![change("c", Some("1")), change("a", Some("2")), change("b", None)]).unwrap();
    for _ in 0..2 {
        let page = wait(engine.log().personal(AppId::DEFAULT, UserNo(5), PersonalSeq(0), 10)).unwrap();
        let change = |key: &'static str, value: Option<&'static str>, seq| PersonalChange {
            key: key.into(),
            value: value.map(Bytes::from),
            seq: PersonalSeq(seq),
        };
        assert_eq!(page.changes, [change("c", Some("1"), 3), change("a", Some("2"), 4), change("b", None, 5)]);
        assert_eq!((page.upto, page.more), (PersonalSeq(5), false));
        engine.reopen();
        engine.settle();
    }
    let none = wait(engine.log().personal(AppId::DEFAULT, UserNo(6), PersonalSeq(0), 10)).unwrap();
    assert_eq!((none.changes.len(), none.upto, none.more), (0, PersonalSeq(0), false));
}

/// The promise of `personal`.
pub fn personal_pages_join_to_the_whole(make: MakeHarness) {
    let mut engine = empty(make);
    let model = MemoryLog::new([0; 16]);
    let mut random = Random(5);
    for n in 0..30 {
        let record = |random: &mut Random| {
            let key = Bytes::from(format!("key{}", random.below(12)));
            let write = PersonalWrite { app: AppId::DEFAULT, user_no: UserNo(1), key, value: Some("v".into()) };
            Record { personal: vec![write], ..Record::default() }
        };
        let records = vec![record(&mut random), record(&mut random)];
        both(&model, engine.log(), records);
        if n % 8 == 0 {
            engine.settle();
        }
    }
    assert_same(&model, engine.log());
    engine.reopen();
    assert_same(&model, engine.log());
}

/// The promise of [`PageLimit`].
pub fn a_page_of_events_ends_at_its_limits(make: MakeHarness) {
    let mut engine = empty(make);
    let mut builder = Builder::default();
    let records = (0..10).map(|_| builder.event(AppId::DEFAULT, 1, EventKind::Message, vec![7; 100])).collect();
    commit(engine.log(), records).unwrap();
    for _ in 0..2 {
        let page = |items, bytes| {
            let limit = PageLimit { items, bytes };
            let page = wait(engine.log().events(AppId::DEFAULT, conversation(1), Seq(2), Seq(8), limit)).unwrap();
            (page.events.len(), page.more)
        };
        assert_eq!(page(100, 100_000), (6, false));
        assert_eq!(page(6, 100_000), (6, false));
        assert_eq!(page(5, 100_000), (5, true));
        assert_eq!(page(100, 300), (3, true));
        assert_eq!(page(100, 301), (4, true));
        assert_eq!(page(1, 0), (1, true));
        assert_eq!(page(0, 0), (1, true));
        let none = wait(engine.log().events(AppId::DEFAULT, conversation(1), Seq(10), Seq(20), ALL)).unwrap();
        assert_eq!((none.events.len(), none.more), (0, false));
        engine.settle();
    }
}

/// The promise of `events`.
pub fn pages_of_events_join_to_the_whole(make: MakeHarness) {
    let mut engine = empty(make);
    let mut builder = Builder::default();
    for n in 0..20 {
        let records = (0..20).map(|i| builder.message(1 + i % 2)).collect();
        commit(engine.log(), records).unwrap();
        match n {
            5 | 11 => engine.settle(),
            14 => engine.reopen(),
            _ => {}
        }
    }
    for (items, bytes) in [(1, 10_000), (7, 10_000), (64, 10_000), (1000, 50), (1000, 1_000_000)] {
        let all = events(engine.log(), AppId::DEFAULT, conversation(1), Seq(0), PageLimit { items, bytes }).unwrap();
        assert_eq!(all.iter().map(|event| event.header.seq.0).collect::<Vec<_>>(), (1..=200).collect::<Vec<_>>());
    }
}

/// The promise of `messages`.
pub fn messages_are_found_by_ordinal(make: MakeHarness) {
    let mut engine = empty(make);
    let mut builder = Builder::default();
    for n in 0..300 {
        let kind = if n % 3 == 0 { EventKind::Renamed } else { EventKind::Message };
        commit(engine.log(), vec![builder.event(AppId::DEFAULT, 1, kind, "b")]).unwrap();
        if n == 130 || n == 131 || n == 220 {
            engine.settle();
        }
    }
    engine.reopen();
    let messages = |from, upto, items| {
        let limit = PageLimit { items, bytes: 1 << 20 };
        let page = engine.log().messages(AppId::DEFAULT, conversation(1), Ordinal(from), Ordinal(upto), limit);
        let page = wait(page).unwrap();
        assert!(page.events.iter().all(|event| event.header.kind == EventKind::Message));
        (page.events.iter().map(|event| event.header.ordinal.0).collect::<Vec<_>>(), page.more)
    };
    for from in 1..=200 {
        assert_eq!(messages(from, 400, 3).0, (from..=(from + 2).min(200)).collect::<Vec<_>>());
    }
    assert_eq!(messages(0, 2, 10), (vec![1, 2], false));
    assert_eq!(messages(90, 95, 6), ((90..=95).collect(), false));
    assert_eq!(messages(90, 95, 5), ((90..=94).collect(), true));
    assert_eq!(messages(201, 300, 5), (vec![], false));
}

/// The promise of `feed`.
pub fn the_feed_gives_every_record(make: MakeHarness) {
    let mut engine = empty(make);
    let mut builder = Builder::default();
    let mut sent = Vec::new();
    for n in 0..60 {
        let mut record = if n % 4 == 0 { change("k", Some("v")) } else { builder.message(n % 3) };
        record.rows = vec![put("r", "v")];
        sent.push(record.clone());
        commit(engine.log(), vec![record]).unwrap();
        match n {
            20 => engine.settle(),
            40 => engine.reopen(),
            _ => {}
        }
    }
    for page in [1, 7, 1000] {
        let records = feed(engine.log(), page).unwrap();
        assert_eq!(records.len(), 60);
        for (i, (record, sent)) in records.iter().zip(&sent).enumerate() {
            assert_eq!(record.position, LanePosition(i as u64 + 1));
            assert_eq!(record.event, sent.event);
            let writes: Vec<_> = record.personal.iter().map(|(write, _)| write.clone()).collect();
            assert_eq!(writes, sent.personal);
        }
    }
    assert_eq!(wait(engine.log().feed(LanePosition(60), 5)), Ok(vec![]));
    assert_eq!(wait(engine.log().feed(LanePosition(600), 5)), Ok(vec![]));
}

/// The promise of `activity`.
pub fn activity_follows_the_commits(make: MakeHarness) {
    let mut engine = empty(make);
    let mut builder = Builder::default();
    commit(engine.log(), vec![builder.message(2000)]).unwrap();
    let moved = builder.clone().message(2000).event.unwrap().header;
    engine.settle();
    commit(engine.log(), vec![builder.message(2000)]).unwrap();
    let quiet = builder.event(AppId::DEFAULT, 2000, EventKind::Renamed, "");
    commit(engine.log(), vec![quiet]).unwrap();
    for _ in 0..2 {
        let activity = engine.log().activity().get(AppId::DEFAULT, moved.conversation_no);
        assert_eq!((activity.recency, activity.position), (moved.sent_at, LanePosition(3)));
        assert_eq!(activity.ordinal, Ordinal(2));
        engine.reopen();
        engine.settle();
    }
}

/// Obligation 8.
pub fn a_scrubbed_body_is_gone_and_nothing_else(make: MakeHarness) {
    let mut engine = empty(make);
    let mut builder = Builder::default();
    for _ in 0..6 {
        commit(engine.log(), vec![builder.message(1), builder.message(2)]).unwrap();
    }
    let limit = PageLimit { items: 99, bytes: 1 << 20 };
    let all = |engine: &dyn Harness, n: u32| {
        let page = wait(engine.log().events(AppId::DEFAULT, conversation(n), Seq::ZERO, Seq(u64::MAX >> 1), limit));
        page.unwrap().events
    };
    let before = (all(&*engine, 1), all(&*engine, 2));
    let scrub = |engine: &dyn Harness, seqs: &[u64]| {
        let (answered, answer) = sync_channel(1);
        let seqs = seqs.iter().copied().map(Seq).collect();
        let bodies = Bodies { app: AppId::DEFAULT, conversation: conversation(1), seqs };
        engine.log().scrub(bodies, Box::new(move |result| drop(answered.send(result))));
        answer.recv_timeout(std::time::Duration::from_secs(20)).expect("a scrub is answered")
    };
    let check = |engine: &dyn Harness, gone: &[u64]| {
        let now = (all(engine, 1), all(engine, 2));
        assert_eq!(now.1, before.1, "another conversation");
        for (was, is) in before.0.iter().zip(&now.0) {
            assert_eq!((was.position, &was.header), (is.position, &is.header));
            let is_gone = gone.contains(&was.header.seq.0);
            let expected = if is_gone { &StoredBody::Scrubbed } else { &was.body };
            assert_eq!(&is.body, expected, "seq {}", was.header.seq);
            let records = wait(engine.log().feed(LanePosition(was.position.0 - 1), 1)).unwrap();
            assert_eq!(records[0].event.as_ref().map(|event| event.sealed.is_empty()), Some(is_gone));
        }
    };
    assert_eq!(scrub(&*engine, &[2, 5, 77, 0]), Ok(()));
    check(&*engine, &[2, 5]);
    assert_eq!(scrub(&*engine, &[5]), Ok(()), "once more");
    engine.settle();
    check(&*engine, &[2, 5]);
    assert_eq!(scrub(&*engine, &[1]), Ok(()));
    engine.reopen();
    check(&*engine, &[1, 2, 5]);
    commit(engine.log(), vec![builder.message(1)]).unwrap();
}

/// Obligation 7.
pub fn the_history_stays_the_same(make: MakeHarness) {
    let mut engine = empty(make);
    let id = engine.log().history_id();
    engine.reopen();
    assert_eq!(engine.log().history_id(), id);
    commit(engine.log(), vec![Builder::default().message(1)]).unwrap();
    engine.settle();
    engine.reopen();
    assert_eq!(engine.log().history_id(), id);
}

/// Every key of the port names its app.
pub fn apps_do_not_see_each_other(make: MakeHarness) {
    let mut engine = empty(make);
    let mut builder = Builder::default();
    let record = builder.event(AppId(2), 1, EventKind::Message, "b");
    assert_eq!(record.event.as_ref().unwrap().header.sender, user(1));
    commit(engine.log(), vec![record, change("k", Some("v"))]).unwrap();
    for _ in 0..2 {
        assert_eq!(events(engine.log(), AppId(1), conversation(1), Seq(0), ALL).unwrap().len(), 0);
        assert_eq!(events(engine.log(), AppId(2), conversation(1), Seq(0), ALL).unwrap().len(), 1);
        let personal = wait(engine.log().personal(AppId(2), UserNo(5), PersonalSeq(0), 10)).unwrap();
        assert_eq!(personal.changes, []);
        engine.settle();
    }
}

/// Obligations 1 and 4, with many at once.
pub fn many_threads_can_offer_and_read(make: MakeHarness) {
    const THREADS: u32 = 4;
    const EACH: u64 = 60;
    let engine = empty(make);
    let log = SharedLog(engine.log());
    let seen = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (log, seen) = (&log, &seen);
            scope.spawn(move || {
                let log = log.0;
                let mut builder = Builder::default();
                for n in 1..=EACH {
                    let mut record = builder.message(thread);
                    let user_no = UserNo((n % 3) as u32);
                    let key = Bytes::from(format!("{thread}"));
                    record.personal = vec![PersonalWrite { app: AppId::DEFAULT, user_no, key, value: None }];
                    let committed = commit(log, vec![record]).unwrap();
                    let read = events(log, AppId::DEFAULT, conversation(thread), Seq(0), ALL).unwrap();
                    assert_eq!(read.len() as u64, n);
                    let page = wait(log.personal(AppId::DEFAULT, user_no, PersonalSeq(0), 100)).unwrap();
                    assert!(page.upto >= committed[0].personal[0]);
                    seen.lock().unwrap().push(committed[0].position.0);
                }
            });
        }
    });
    let mut seen = seen.into_inner().unwrap();
    seen.sort_unstable();
    assert_eq!(seen, (1..=u64::from(THREADS) * EACH).collect::<Vec<_>>());
}

/// `dyn Log` is `Sync`; the harness around it need not be.
struct SharedLog<'a>(&'a dyn Log);

/// All obligations: random work with restarts equals the memory engine.
pub fn any_workload_does_what_the_memory_engine_does(make: MakeHarness) {
    for seed in 1..=3 {
        let mut engine = empty(make);
        let model = MemoryLog::new([0; 16]);
        let (mut random, mut builder) = (Random(seed), Builder::default());
        for step in 0..60 {
            let batch = (0..1 + random.below(8)).map(|_| builder.any(&mut random)).collect();
            both(&model, engine.log(), batch);
            match random.below(12) {
                0 => engine.reopen(),
                1 => engine.settle(),
                _ => {}
            }
            if step % 20 == 10 {
                assert_same(&model, engine.log());
            }
        }
        assert_same(&model, engine.log());
        engine.reopen();
        assert_same(&model, engine.log());
    }
}
