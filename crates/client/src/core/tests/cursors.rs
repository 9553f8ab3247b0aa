//! Read cursors: what is told again, what stands, and what is given up.

use super::*;

#[test]
fn a_cursor_that_is_told_before_its_conversation_is_known_holds() {
    let mut bench = Bench::new(false);
    bench.up(welcome());
    bench.say(0, Body::Event(message(0, 2)));
    let sent = bench.sent();
    let (upto_seq, upto_ordinal) = (2, 1);
    let (conversation_id, user_id) = (direct(0).to_string(), "alice".to_owned());
    bench.say(0, Body::ReadMoved(v1::ReadMoved { conversation_id, user_id, upto_seq, upto_ordinal }));
    // The answer was made before the cursor moved.
    let asked = sent.iter().find(|(_, body)| matches!(body, Body::GetConversation(_))).map(|(id, _)| *id);
    bench.say(asked.unwrap(), Body::Conversation(v1::Conversation { head_seq: 1, ..conversation(0, 1) }));
    assert_eq!(bench.store.tables().conversations[&direct(0)].read_seq, 2);
}

#[test]
fn a_cursor_that_was_ahead_at_a_removal_is_given_up_and_not_asked_for_without_end() {
    let mut bench = Bench::new(false);
    bench.up(v1::Welcome { conversations: vec![conversation(0, 5)], ..welcome() });
    bench.sent();
    // The user reads on while the server removes him: nobody here knows the ordinal there.
    bench.command(Command::MarkRead { conversation: direct(0), upto: Seq(3) });
    let mut asked = 0;
    for _ in 0..20 {
        for (id, body) in bench.sent() {
            match body {
                Body::MarkRead(_) => {
                    let code = "not_a_member".to_owned();
                    bench.say(id, Body::Error(v1::Error { code, ..v1::Error::default() }));
                }
                Body::GetConversation(_) => {
                    asked += 1;
                    let gone = v1::Conversation { member: false, read_seq: 1, ..conversation(0, 5) };
                    bench.say(id, Body::Conversation(gone));
                }
                _ => {}
            }
        }
        bench.advance(100);
    }
    assert!((1..=3).contains(&asked), "asked {asked} times for one conversation");
    assert_eq!(bench.store.tables().conversations[&direct(0)].read_seq, 1);
}

#[test]
fn a_cursor_that_the_server_may_have_lost_is_told_again() {
    let mut bench = Bench::new(false);
    let listed = v1::Conversation { head_seq: 5, head_ordinal: 4, ..conversation(0, 5) };
    bench.up(v1::Welcome { conversations: vec![listed.clone()], ..welcome() });
    let sent = bench.sent();
    let hidden = vec![v1::SeqRange { from_seq: 1, upto_seq: 5 }];
    let (from_seq, upto_seq) = (1, 5);
    bench.say(sent[0].0, Body::Events(v1::Events { from_seq, upto_seq, hidden, ..v1::Events::default() }));
    bench.command(Command::MarkRead { conversation: direct(0), upto: Seq(5) });
    let sent = bench.sent();
    bench.say(sent[0].0, Body::Done(v1::Done {}));
    assert_eq!(bench.store.tables().conversations[&direct(0)].read_unconfirmed, 5, "until it is surely stored");
    // The device learns of the crash long after it.
    bench.advance(20_000);
    bench.input(Input::Closed("the server crashed".into()));
    bench.advance(1_000);
    // It lists the conversation with the cursor of before: the larger one stands, and is told.
    bench.say(1, Body::Welcome(v1::Welcome { conversations: vec![listed], ..welcome() }));
    let sent = bench.sent();
    let told = sent.iter().any(|(_, body)| matches!(body, Body::MarkRead(mark) if mark.upto_seq == 5));
    assert!(told, "{sent:?}");
    assert_eq!(bench.store.tables().conversations[&direct(0)].unread, 0);
}

#[test]
fn nothing_is_unread_where_the_user_is_no_member_any_more() {
    let mut bench = Bench::new(false);
    let listed = v1::Conversation { head_seq: 5, head_ordinal: 4, unread: 2, ..conversation(0, 5) };
    bench.up(v1::Welcome { conversations: vec![listed], ..welcome() });
    let sent = bench.sent();
    let hidden = vec![v1::SeqRange { from_seq: 1, upto_seq: 5 }];
    let (from_seq, upto_seq) = (1, 5);
    bench.say(sent[0].0, Body::Events(v1::Events { from_seq, upto_seq, hidden, ..v1::Events::default() }));
    assert_eq!(bench.store.tables().conversations[&direct(0)].unread, 2);
    let removed = v1::event::Change::MemberRemoved(v1::MemberRemoved { user_id: "alice".into() });
    let kind = "member_removed".to_owned();
    bench.say(0, Body::Event(v1::Event { kind, ordinal: 4, change: Some(removed), ..message(0, 6) }));
    let row = &bench.store.tables().conversations[&direct(0)];
    assert_eq!((row.member, row.unread), (false, 0));
}
