//! What later events make of messages, in every order in which a device may hear of it.

use super::*;
use crate::state::Reaction;

/// The event `seq` of user0's conversation: an emoji of bob's on a message, after so many messages.
fn reacted(seq: u64, target: u64, ordinal: u64) -> v1::Event {
    v1::Event {
        kind: "reacted".into(),
        seq,
        ordinal,
        body_type: String::new(),
        body: Bytes::new(),
        change: Some(v1::event::Change::Reacted(v1::Reacted { seq: target, emoji: "👍".into(), removed: false })),
        ..message(0, 2)
    }
}

/// An edit of a message; without words, one that does not say what it says now.
fn edited(seq: u64, target: u64, ordinal: u64, says: &'static str) -> v1::Event {
    let body_type = if says.is_empty() { String::new() } else { "text".to_owned() };
    let edited = v1::Edited { seq: target, body_type, body: Bytes::from_static(says.as_bytes()) };
    v1::Event {
        kind: "edited".into(),
        change: Some(v1::event::Change::Edited(edited)),
        ..reacted(seq, target, ordinal)
    }
}

/// A device that holds the messages 2 and 3 of a conversation.
fn holding() -> Bench {
    let mut bench = Bench::new(false);
    bench.up(v1::Welcome { conversations: vec![conversation(0, 3)], ..welcome() });
    let sent = bench.sent();
    let events = vec![v1::Event { kind: "conversation_created".into(), ..message(0, 1) }, message(0, 2), message(0, 3)];
    let (from_seq, upto_seq) = (1, 3);
    bench.say(sent[0].0, Body::Events(v1::Events { from_seq, upto_seq, events, ..v1::Events::default() }));
    bench.sent();
    bench
}

fn row(bench: &Bench, seq: u64) -> MessageRow {
    bench.store.tables().messages[&(direct(0), seq)].clone()
}

fn thumbs(count: u32) -> Vec<Reaction> {
    vec![Reaction { emoji: "👍".into(), count, own: false }]
}

/// The fetch of changes that is on its way.
fn asked(bench: &mut Bench) -> (u64, v1::FetchChanges) {
    let sent = bench.sent();
    let found = sent.iter().find_map(|(id, body)| match body {
        Body::FetchChanges(fetch) => Some((*id, fetch.clone())),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no changes are asked for: {sent:?}"))
}

/// Message 2 as it is after an event, with so many thumbs.
fn now(changed_seq: u64, count: u32) -> v1::Message {
    let reactions = vec![v1::Reaction { emoji: "👍".into(), count, own: false }];
    let state = Some(v1::MessageState { changed_seq, reactions, ..v1::MessageState::default() });
    v1::Message { event: Some(v1::Event { state, ..message(0, 2) }), changed_seq }
}

/// Lets the device jump to a head by the newest message alone.
fn jump(bench: &mut Bench, head: u64, ordinal: u64) {
    let conversation_id = direct(0).to_string();
    bench.say(
        0,
        Body::Head(v1::Head { conversation_id: conversation_id.clone(), head_seq: head, head_ordinal: ordinal }),
    );
    let fetch = bench.sent().into_iter().find(|(_, body)| matches!(body, Body::FetchEvents(_))).unwrap().0;
    bench.say(fetch, Body::Events(v1::Events { jump: true, head_seq: head, ..v1::Events::default() }));
    let fetch = bench.sent().into_iter().find(|(_, body)| matches!(body, Body::FetchMessages(_))).unwrap().0;
    let newest = v1::Message { event: Some(v1::Event { ordinal, ..message(0, head) }), changed_seq: head };
    let page = v1::Messages {
        conversation_id,
        messages: vec![newest],
        as_of_seq: head,
        from_ordinal: ordinal,
        upto_ordinal: ordinal,
        more_before: true,
        ..v1::Messages::default()
    };
    bench.say(fetch, Body::Messages(page));
}

#[test]
fn what_comes_in_order_is_folded_at_once() {
    let mut bench = holding();
    bench.say(0, Body::Event(edited(4, 2, 2, "better")));
    bench.say(0, Body::Event(reacted(5, 2, 2)));
    let row = row(&bench, 2);
    assert_eq!((row.body, row.edits, row.changed, row.reactions), (Bytes::from_static(b"better"), 1, 5, thumbs(1)));
    assert_eq!(bench.store.tables().conversations[&direct(0)].unread, 2, "nothing is unread again");
}

#[test]
fn after_a_jump_nothing_is_folded_into_what_may_lack_changes() {
    let mut bench = holding();
    jump(&mut bench, 2_000, 1_900);
    let (id, fetch) = asked(&mut bench);
    assert_eq!((fetch.after_seq, fetch.from_ordinal, fetch.upto_ordinal), (3, 1, 1_900));
    // Of the two thumbs on message 2 this device hears of the second only.
    bench.say(0, Body::Event(reacted(2_001, 2, 1_900)));
    bench.say(0, Body::Event(reacted(2_002, 2_000, 1_900)));
    assert_eq!(row(&bench, 2).reactions, [], "the first is not here");
    assert_eq!(row(&bench, 2_000).reactions, thumbs(1), "this one came after the jump");
    // The answer was made before the second: it is asked again for what was passed over.
    let conversation_id = direct(0).to_string();
    let first = v1::Changes { conversation_id, messages: vec![now(500, 1)], upto_seq: 2_000, more: false };
    bench.say(id, Body::Changes(first.clone()));
    assert_eq!((row(&bench, 2).reactions, row(&bench, 2).changed), (thumbs(1), 500));
    let (id, fetch) = asked(&mut bench);
    assert_eq!(fetch.after_seq, 2_000);
    bench.say(id, Body::Changes(v1::Changes { messages: vec![now(2_001, 2)], upto_seq: 2_002, ..first }));
    assert_eq!(row(&bench, 2).reactions, thumbs(2));
    assert_eq!(bench.store.tables().conversations[&direct(0)].stale_from, 0);
    bench.say(0, Body::Event(reacted(2_003, 2, 1_900)));
    assert_eq!(row(&bench, 2).reactions, thumbs(3));
}

#[test]
fn an_edit_that_does_not_say_what_is_fetched() {
    let mut bench = holding();
    bench.say(0, Body::Event(edited(4, 2, 2, "")));
    let (id, fetch) = asked(&mut bench);
    assert_eq!(fetch.after_seq, 3);
    let conversation_id = direct(0).to_string();
    let event = v1::Event { body: Bytes::from_static(b"better"), ..now(4, 1).event.unwrap() };
    let messages = vec![v1::Message { event: Some(event), changed_seq: 4 }];
    bench.say(id, Body::Changes(v1::Changes { conversation_id, messages, upto_seq: 4, more: false }));
    assert_eq!(row(&bench, 2).body, Bytes::from_static(b"better"));
}

#[test]
fn an_older_copy_never_replaces_a_newer() {
    let mut bench = holding();
    bench.say(0, Body::Event(reacted(4, 2, 2)));
    bench.command(Command::LoadBefore { conversation: direct(0), before: None, limit: 10 });
    let sent = bench.sent();
    // Made before the thumb.
    let page = v1::Messages {
        conversation_id: direct(0).to_string(),
        messages: vec![v1::Message { event: Some(message(0, 2)), changed_seq: 2 }],
        as_of_seq: 3,
        from_ordinal: 1,
        upto_ordinal: 2,
        ..v1::Messages::default()
    };
    bench.say(sent[0].0, Body::Messages(page));
    assert_eq!(row(&bench, 2).reactions, thumbs(1));
    let (_, fetch) = asked(&mut bench);
    assert_eq!(fetch.after_seq, 3, "others of the page may lack it");
}

#[test]
fn changes_without_an_end_end_the_connection() {
    let mut bench = holding();
    bench.say(0, Body::Event(edited(4, 2, 2, "")));
    let (id, _) = asked(&mut bench);
    let conversation_id = direct(0).to_string();
    bench.say(id, Body::Changes(v1::Changes { conversation_id, messages: Vec::new(), upto_seq: 3, more: true }));
    assert!(!matches!(bench.states.last(), Some(ConnectionState::Online)), "{:?}", bench.states.last());
}

/// A recall, by bob, of a message with this ordinal and author.
fn recalled(seq: u64, target: u64, ordinal: u64, head: u64, author: &str) -> v1::Event {
    let recalled = v1::Recalled { silent: false, seq: target, ordinal, author_id: author.into() };
    v1::Event { kind: "recalled".into(), change: Some(v1::event::Change::Recalled(recalled)), ..reacted(seq, 2, head) }
}

fn unread(bench: &Bench) -> u64 {
    bench.store.tables().conversations[&direct(0)].unread
}

#[test]
fn what_is_recalled_says_nothing_and_is_not_unread() {
    let mut bench = holding();
    let author = message(0, 2).sender_id;
    assert_eq!(unread(&bench), 2);
    bench.say(0, Body::Event(edited(4, 2, 2, "better")));
    bench.say(0, Body::Event(reacted(5, 2, 2)));
    bench.say(0, Body::Event(recalled(6, 2, 1, 2, &author)));
    bench.say(0, Body::Event(recalled(6, 2, 1, 2, &author)));
    let gone = row(&bench, 2);
    assert_eq!((gone.body, gone.edits, gone.changed, gone.reactions), (Bytes::new(), 0, 6, Vec::new()));
    assert_eq!(gone.recalled.and_then(|recall| recall.by), UserId::new(&reacted(6, 2, 2).sender_id).ok());
    assert_eq!(unread(&bench), 1);
    // A recount by what is known comes to the same.
    bench.command(Command::MarkRead { conversation: direct(0), upto: Seq(2) });
    assert_eq!(unread(&bench), 1);
    bench.say(0, Body::Event(recalled(7, 3, 2, 2, &author)));
    assert_eq!(unread(&bench), 0);
}

#[test]
fn what_is_not_held_is_recalled_as_well() {
    let mut bench = Bench::new(false);
    // Of twenty unread messages none is here.
    bench.up(v1::Welcome { conversations: vec![v1::Conversation { unread: 20, ..conversation(0, 21) }], ..welcome() });
    let head = conversation(0, 21).head_ordinal;
    let sent = bench.sent();
    let jump = v1::Events { jump: true, head_seq: 21, head_ordinal: head, ..v1::Events::default() };
    bench.say(sent[0].0, Body::Events(jump));
    let sent = bench.sent();
    let newest = v1::Message { event: Some(v1::Event { ordinal: head, ..message(0, 21) }), changed_seq: 21 };
    let page = v1::Messages {
        conversation_id: direct(0).to_string(),
        messages: vec![newest],
        as_of_seq: 21,
        from_ordinal: head,
        upto_ordinal: head,
        more_before: true,
        ..v1::Messages::default()
    };
    bench.say(sent[0].0, Body::Messages(page));
    bench.say(0, Body::Event(recalled(22, 7, 6, head, &message(0, 2).sender_id)));
    assert_eq!(unread(&bench), 19);
    bench.say(0, Body::Event(recalled(23, 8, 7, head, "alice")));
    assert_eq!(unread(&bench), 19, "an own one was not unread");
    // The server's answer was made before both.
    let sent = bench.sent();
    let (get, _) = sent.iter().find(|(_, body)| matches!(body, Body::GetConversation(_))).unwrap();
    bench.say(*get, Body::Conversation(v1::Conversation { unread: 20, ..conversation(0, 21) }));
    assert_eq!(unread(&bench), 19);
}

#[test]
fn a_recall_is_folded_into_what_may_lack_changes() {
    let mut bench = holding();
    bench.say(0, Body::Event(edited(4, 2, 2, "")));
    let (id, _) = asked(&mut bench);
    bench.say(0, Body::Event(recalled(5, 2, 1, 2, &message(0, 2).sender_id)));
    assert!(row(&bench, 2).recalled.is_some());
    // An answer from before brings nothing back.
    let conversation_id = direct(0).to_string();
    bench.say(id, Body::Changes(v1::Changes { conversation_id, messages: vec![now(4, 1)], upto_seq: 4, more: false }));
    assert!(row(&bench, 2).recalled.is_some());
}

#[test]
fn a_replay_tells_what_was_recalled_before_it_tells_the_recall() {
    let mut bench = holding();
    let gone = v1::Event { message_recalled: true, body: Bytes::new(), body_type: String::new(), ..message(0, 4) };
    let gone = v1::Event { ordinal: 3, ..gone };
    bench.say(0, Body::Event(gone));
    assert_eq!((row(&bench, 4).recalled.is_some(), unread(&bench)), (true, 3));
    bench.say(0, Body::Event(edited(5, 4, 3, "not to be seen")));
    assert_eq!(row(&bench, 4).body, Bytes::new());
    bench.say(0, Body::Event(recalled(6, 4, 3, 3, &message(0, 4).sender_id)));
    assert_eq!(unread(&bench), 2);
    assert!(row(&bench, 4).recalled.is_some_and(|recall| recall.by.is_some()));
}

#[test]
fn a_silent_message_is_not_unread_before_and_after_its_recall() {
    for replayed in [false, true] {
        let mut bench = holding();
        let before = unread(&bench);
        let attributes = Some(v1::Attributes { silent: true, ..v1::Attributes::default() });
        let said = v1::Event { attributes, ordinal: 3, ..message(0, 4) };
        let gone = v1::Event { message_recalled: true, body: Bytes::new(), body_type: String::new(), ..said.clone() };
        bench.say(0, Body::Event(if replayed { gone } else { said }));
        assert_eq!(unread(&bench), before);
        let change = v1::Recalled { silent: true, seq: 4, ordinal: 3, author_id: message(0, 4).sender_id };
        let change = Some(v1::event::Change::Recalled(change));
        bench.say(0, Body::Event(v1::Event { change, ..recalled(5, 4, 3, 3, "") }));
        assert_eq!(unread(&bench), before, "replayed: {replayed}");
    }
}

#[test]
fn a_cursor_that_moves_before_a_recall_is_replayed_counts_it_once() {
    let mut bench = holding();
    // While the device was away, message 3 was recalled with 6; the number of the welcome knows that.
    bench.input(Input::Closed("away".into()));
    bench.advance(1_000);
    let listed = v1::Conversation { head_ordinal: 4, unread: 3, ..conversation(0, 6) };
    bench.say(1, Body::Welcome(v1::Welcome { conversations: vec![listed], ..welcome() }));
    assert_eq!(unread(&bench), 3);
    // Read up to 3 by another device: message 3 is not known to be recalled here.
    let (conversation_id, user_id) = (direct(0).to_string(), "alice".to_owned());
    bench.say(0, Body::ReadMoved(v1::ReadMoved { conversation_id, user_id, upto_seq: 3, upto_ordinal: 2 }));
    let fetch = bench.sent().into_iter().find(|(_, body)| matches!(body, Body::FetchEvents(_))).unwrap().0;
    let events = vec![message(0, 4), message(0, 5), recalled(6, 3, 2, 4, &message(0, 2).sender_id)];
    let (from_seq, upto_seq) = (4, 6);
    bench.say(fetch, Body::Events(v1::Events { from_seq, upto_seq, events, ..v1::Events::default() }));
    assert_eq!(unread(&bench), 2, "4 and 5");
}

#[test]
fn an_own_message_that_a_jump_leaves_behind_lies_in_the_gap() {
    let mut bench = holding();
    bench.send(1);
    bench.send(2);
    let sends: Vec<_> = bench.sent().into_iter().filter(|(_, body)| matches!(body, Body::Send(_))).collect();
    let sent = |seq, ordinal| {
        let conversation_id = direct(0).to_string();
        Body::Sent(v1::Sent { conversation_id, seq, ordinal, ..v1::Sent::default() })
    };
    bench.say(sends[0].0, sent(9, 7));
    assert_eq!(row(&bench, 9).ordinal, 7, "it is shown at once");
    jump(&mut bench, 2_000, 1_900);
    // The other was stored as well; its answer is late.
    bench.say(sends[1].0, sent(10, 8));
    let here: Vec<_> = bench.store.tables().messages.values().map(|row| row.seq).collect();
    assert_eq!(here, [2, 3, 2_000], "nobody would hear what became of it");
    assert!(bench.store.tables().outbox.is_empty());
}
