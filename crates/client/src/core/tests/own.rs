//! What the user removes and stars for himself, whatever the order in which a device hears of it.

use super::*;
use crate::core::command::LaneCommand;
use crate::core::people::PERSONAL_KINDS;

/// Messages that follow each other are one run.
fn removed(personal_seq: u64, seqs: &[u64]) -> v1::PersonalChange {
    let mut runs: Vec<v1::DeletedRun> = Vec::new();
    for seq in seqs {
        match runs.last_mut().filter(|run| run.upto_seq + 1 == *seq) {
            Some(run) => (run.upto_seq, run.upto_ordinal) = (*seq, seq - 1),
            None => runs.push(v1::DeletedRun {
                from_seq: *seq,
                upto_seq: *seq,
                from_ordinal: seq - 1,
                upto_ordinal: seq - 1,
            }),
        }
    }
    let deletions = v1::Deletions { conversation_id: direct(0).to_string(), runs };
    v1::PersonalChange { personal_seq, change: Some(v1::personal_change::Change::Deletions(deletions)) }
}

/// A device that holds the messages 2 to 6 of bob.
fn holding() -> Bench {
    let mut bench = Bench::new(false);
    bench.up(v1::Welcome { conversations: vec![conversation(0, 6)], ..welcome() });
    let sent = bench.sent();
    let begun = v1::Event { kind: "conversation_created".into(), ..message(0, 1) };
    let events = std::iter::once(begun).chain((2..=6).map(|seq| message(0, seq))).collect();
    let (from_seq, upto_seq) = (1, 6);
    bench.say(sent[0].0, Body::Events(v1::Events { from_seq, upto_seq, events, ..v1::Events::default() }));
    bench.sent();
    bench
}

impl Bench {
    fn unread(&self) -> (u64, bool) {
        let row = &self.store.tables().conversations[&direct(0)];
        (row.unread, row.unread_stale)
    }

    fn seqs(&self) -> Vec<u64> {
        self.store.tables().messages.values().map(|row| row.seq).collect()
    }

    fn asked_for(&mut self) -> Option<u64> {
        let sent = self.sent();
        sent.into_iter().find(|(_, body)| matches!(body, Body::GetConversation(_))).map(|(id, _)| id)
    }
}

#[test]
fn what_is_removed_is_held_no_more_and_nothing_brings_it_back() {
    let mut bench = holding();
    assert_eq!(bench.unread(), (5, false));
    bench.say(0, Body::PersonalChange(removed(7, &[3, 5])));
    assert_eq!((bench.unread(), bench.seqs()), ((3, false), vec![2, 4, 6]));
    bench.say(0, Body::PersonalChange(removed(6, &[3])));
    assert_eq!(bench.unread(), (3, false), "it is older");
    let edited = v1::Edited { seq: 3, body_type: "text".into(), body: Bytes::from_static(b"x") };
    let change = Some(v1::event::Change::Edited(edited));
    bench.say(0, Body::Event(v1::Event { kind: "edited".into(), ordinal: 5, change, ..message(0, 7) }));
    let recalled = v1::Recalled { seq: 5, ordinal: 4, author_id: "bob".into(), silent: false };
    let change = Some(v1::event::Change::Recalled(recalled));
    bench.say(0, Body::Event(v1::Event { kind: "recalled".into(), ordinal: 5, change, ..message(0, 8) }));
    assert_eq!((bench.unread(), bench.seqs()), ((3, false), vec![2, 4, 6]), "a recall counts nobody down twice");
    bench.say(0, Body::Event(message(0, 9)));
    assert_eq!(bench.unread(), (4, false));
}

#[test]
fn numbers_that_were_made_before_something_was_removed_are_not_taken_as_they_are() {
    let mut bench = holding();
    bench.say(0, Body::PersonalChange(removed(7, &[6])));
    let asked = bench.asked_for().expect("what the list shows instead is asked for");
    // The answer was made before.
    bench.say(asked, Body::Conversation(conversation(0, 6)));
    assert_eq!(bench.unread().0, 4, "it is counted anew");
    let asked = bench.asked_for().expect("it is asked for once more");
    let last_message = Some(message(0, 5));
    let now = v1::Conversation { unread: 4, deletions_seq: 7, last_message, ..conversation(0, 6) };
    bench.say(asked, Body::Conversation(now));
    assert_eq!((bench.unread(), bench.asked_for()), ((4, false), None));
    let preview = bench.store.tables().conversations[&direct(0)].preview.clone();
    assert_eq!(preview.map(|preview| preview.seq), Some(Seq(5)));
}

#[test]
fn a_list_that_knows_of_a_removal_is_not_counted_down_again_when_the_device_hears_of_it() {
    let mut bench = Bench::new(false);
    // Of what was before this device knows nothing.
    let listed = v1::Conversation { unread: 2, deletions_seq: 9, ..conversation(0, 6) };
    bench.up(v1::Welcome { conversations: vec![listed], ..welcome() });
    bench.sent();
    bench.say(0, Body::PersonalChange(removed(9, &[3, 4, 5])));
    assert_eq!(bench.unread(), (2, false));
    bench.say(0, Body::PersonalChange(removed(10, &[2, 3, 4, 5])));
    assert_eq!(bench.unread(), (2, true), "what it cannot count is asked for");
}

#[test]
fn what_waits_to_be_removed_is_gone_from_what_is_shown_and_stays_stored_until_it_is() {
    let mut bench = holding();
    bench.input(Input::Closed("gone".into()));
    let delete = v1::DeleteMessages { conversation_id: direct(0).to_string(), seqs: vec![3], ..Default::default() };
    let command = |call| LaneCommand { conversation: direct(0), command_id: ClientMsgId([9; 16]), call, about: None };
    bench.command(Command::Queue(Box::new(command(Body::DeleteMessages(delete)))));
    let Ok(Reply::Opened(opened)) = bench.core.open(direct(0)) else { panic!() };
    assert!(opened.removed.holds(Seq(3)) && !opened.removed.holds(Seq(4)));
    assert_eq!((bench.unread(), bench.seqs().len()), ((5, false), 5));
    bench.advance(60_000);
    let sent = bench.sent();
    let hello = sent.iter().rev().find(|(_, body)| matches!(body, Body::Hello(_))).map(|(id, _)| *id);
    bench.say(hello.unwrap(), Body::Welcome(v1::Welcome { reset: false, ..welcome() }));
    let sent = bench.sent();
    let asked = sent.iter().find(|(_, body)| matches!(body, Body::DeleteMessages(_))).map(|(id, _)| *id);
    bench.say(asked.unwrap(), Body::Entry(removed(3, &[3])));
    assert_eq!((bench.unread(), bench.seqs()), ((4, false), vec![2, 4, 5, 6]));
    assert!(bench.store.tables().outbox.is_empty());
}

#[test]
fn an_event_behind_a_message_that_is_hidden_tells_how_many_there_are() {
    let mut bench = Bench::new(false);
    bench.up(v1::Welcome { conversations: vec![conversation(0, 1)], ..welcome() });
    let sent = bench.sent();
    let begun = v1::Event { kind: "conversation_created".into(), ..message(0, 1) };
    let renamed = v1::Event {
        kind: "renamed".into(),
        ordinal: 1,
        change: Some(v1::event::Change::Renamed(v1::Renamed { title: "New".into() })),
        ..message(0, 3)
    };
    let page = v1::Events {
        from_seq: 1,
        upto_seq: 3,
        events: vec![begun, renamed],
        hidden: vec![v1::SeqRange { from_seq: 2, upto_seq: 2 }],
        ..v1::Events::default()
    };
    bench.say(sent[0].0, Body::Events(page));
    let row = &bench.store.tables().conversations[&direct(0)];
    assert_eq!((row.head_seq, row.head_ordinal, row.unread), (3, 1, 0));
}

#[test]
fn the_last_message_that_is_hidden_is_known_to_be_there() {
    let mut bench = Bench::new(false);
    bench.up(v1::Welcome { conversations: vec![conversation(0, 1)], ..welcome() });
    let fetch = bench.sent()[0].0;
    // It comes live, and is removed by the user elsewhere, before the page is here.
    bench.say(0, Body::Event(message(0, 2)));
    bench.say(0, Body::PersonalChange(removed(7, &[2])));
    let begun = v1::Event { kind: "conversation_created".into(), ..message(0, 1) };
    let hidden = vec![v1::SeqRange { from_seq: 2, upto_seq: 2 }];
    let (from_seq, upto_seq, head_seq, head_ordinal) = (1, 2, 2, 1);
    let page =
        v1::Events { from_seq, upto_seq, head_seq, head_ordinal, events: vec![begun], hidden, ..Default::default() };
    bench.say(fetch, Body::Events(page));
    let row = |bench: &Bench| {
        let row = &bench.store.tables().conversations[&direct(0)];
        (row.head_seq, row.head_ordinal, row.last_seq, row.unread)
    };
    assert_eq!(row(&bench), (2, 1, 2, 0));
    assert!(bench.asked_for().is_some(), "the cursor may have moved over it");
    bench.say(0, Body::Event(message(0, 3)));
    assert_eq!(row(&bench), (3, 2, 3, 1));
}

fn queued(n: u8, call: Body) -> Command {
    let conversation = direct(0);
    Command::Queue(Box::new(LaneCommand { conversation, command_id: ClientMsgId([n; 16]), call, about: None }))
}

#[test]
fn a_change_of_preferences_that_is_answered_late_does_not_hide_what_came_since() {
    let mut bench = holding();
    let set = v1::SetPreferences {
        conversation_id: direct(0).to_string(),
        muted_until: Some(-1),
        ..v1::SetPreferences::default()
    };
    bench.command(queued(9, Body::SetPreferences(set)));
    let sent = bench.sent();
    assert!(sent.iter().any(|(_, body)| matches!(body, Body::SetPreferences(_))));
    assert!(bench.core.preferences_of(&direct(0)).muted_until.is_some(), "it is shown at once");
    // The answer is lost, and another device takes it back.
    bench.input(Input::Closed("gone".into()));
    bench.advance(60_000);
    let sent = bench.sent();
    let hello = sent.iter().rev().find(|(_, body)| matches!(body, Body::Hello(_))).map(|(id, _)| *id);
    let loud = v1::Preferences { conversation_id: direct(0).to_string(), ..v1::Preferences::default() };
    let now = v1::PersonalChange { personal_seq: 8, change: Some(v1::personal_change::Change::Preferences(loud)) };
    let personal = v1::Personal { changes: vec![now.clone()], upto: 8, more: false };
    let welcome = v1::Welcome { reset: false, personal: Some(personal), ..welcome() };
    bench.say(hello.unwrap(), Body::Welcome(welcome));
    let sent = bench.sent();
    let again = sent.iter().find(|(_, body)| matches!(body, Body::SetPreferences(_))).map(|(id, _)| *id);
    bench.say(again.unwrap(), Body::Entry(now));
    assert!(bench.store.tables().outbox.is_empty());
    assert_eq!(bench.core.preferences_of(&direct(0)).muted_until, None);
}

#[test]
fn what_failed_is_shown_again_once_it_is_tried_again() {
    let mut bench = holding();
    let star = v1::StarMessages { conversation_id: direct(0).to_string(), seqs: vec![3], ..Default::default() };
    bench.command(queued(9, Body::StarMessages(star)));
    let asked = bench.sent().into_iter().find(|(_, body)| matches!(body, Body::StarMessages(_))).unwrap().0;
    bench.say(asked, Body::Error(v1::Error { code: "too_many".into(), ..v1::Error::default() }));
    let last_told = |bench: &Bench| bench.summaries.last().is_some_and(|summary| summary.starred.holds(Seq(3)));
    assert!(!last_told(&bench), "it failed");
    bench.input(Input::Closed("gone".into()));
    bench.command(Command::Retry(ClientMsgId([9; 16])));
    assert!(last_told(&bench), "it waits again");
}

#[test]
fn a_client_that_knows_more_than_the_one_before_it_asks_for_all_that_is_the_users_own() {
    let mut bench = holding();
    let asks = |bench: &mut Bench| {
        bench.input(Input::Closed("gone".into()));
        bench.advance(60_000);
        let sent = bench.sent();
        let hello = sent.iter().rev().find(|(_, body)| matches!(body, Body::Hello(_))).map(|(id, _)| *id);
        bench.say(hello.unwrap(), Body::Welcome(v1::Welcome { reset: false, ..welcome() }));
        bench.sent().into_iter().find(|(_, body)| matches!(body, Body::FetchPersonal(_)))
    };
    assert_eq!(asks(&mut bench), None, "it has all of it");
    bench.core.device.kinds = 0;
    let (asked, body) = asks(&mut bench).expect("it asks");
    assert_eq!(body, Body::FetchPersonal(v1::FetchPersonal { after: 0, limit: 0 }));
    let personal = v1::Personal { changes: vec![removed(3, &[3])], upto: 3, more: false };
    bench.say(asked, Body::Personal(personal));
    assert_eq!((bench.seqs(), bench.store.tables().device.kinds), (vec![2, 4, 5, 6], PERSONAL_KINDS));
    assert_eq!(asks(&mut bench), None, "once");
}

#[test]
fn what_was_on_its_way_for_long_does_not_prove_that_the_server_has_stored_anything() {
    let marked = |bench: &mut Bench| {
        let sent = bench.sent();
        sent.into_iter().find(|(_, body)| matches!(body, Body::MarkDelivered(_))).map(|(id, _)| id)
    };
    let mut bench = Bench::new(false);
    bench.up(v1::Welcome { conversations: vec![conversation(0, 1)], ..welcome() });
    let fetch = bench.sent()[0].0;
    let events = vec![v1::Event { kind: "conversation_created".into(), ..message(0, 1) }];
    bench.say(fetch, Body::Events(v1::Events { from_seq: 1, upto_seq: 1, events, ..v1::Events::default() }));
    bench.say(0, Body::Event(message(0, 2)));
    let told = marked(&mut bench).expect("it says what arrived");
    bench.say(told, Body::Done(v1::Done {}));
    bench.advance(10_000);
    // Said before the server was killed, and held up since.
    bench.say(0, Body::Head(v1::Head { conversation_id: direct(0).to_string(), head_seq: 2, head_ordinal: 1 }));
    bench.input(Input::Closed("gone".into()));
    bench.advance(60_000);
    let sent = bench.sent();
    let hello = sent.iter().rev().find(|(_, body)| matches!(body, Body::Hello(_))).map(|(id, _)| *id);
    bench.say(hello.unwrap(), Body::Welcome(v1::Welcome { reset: false, ..welcome() }));
    assert!(marked(&mut bench).is_some(), "it may be lost, and is said again");
}

#[test]
fn what_was_muted_is_unread_again_when_its_mute_ends() {
    let mut bench = Bench::new(false);
    bench.up(v1::Welcome { conversations: vec![conversation(0, 4), conversation(1, 3)], unread_total: 5, ..welcome() });
    let mute = |bench: &mut Bench, n: u16, muted_until: i64| {
        let muted =
            v1::Preferences { conversation_id: direct(n).to_string(), muted_until, ..v1::Preferences::default() };
        let change = Some(v1::personal_change::Change::Preferences(muted));
        bench.say(0, Body::PersonalChange(v1::PersonalChange { personal_seq: u64::from(7 + n), change }));
    };
    assert_eq!(bench.totals.last(), Some(&5));
    let end = bench.wall_ms + 60_000;
    mute(&mut bench, 0, end);
    mute(&mut bench, 1, -1);
    assert_eq!(bench.totals.last(), Some(&0));
    bench.totals.clear();
    bench.advance(59_999);
    assert!(bench.totals.is_empty(), "{:?}", bench.totals);
    bench.advance(1);
    assert_eq!(bench.totals, [3], "the other is muted for good");
}
