//! Commands in the outbox: what is shown of them, what they wait for, and how they end.

use stonechat_wire::v1::change_message;

use super::*;
use crate::core::command::LaneCommand;
use crate::state::{Content, MessageItem, Target, Wish};

const TEXT: &str = "opaque";

fn edit(says: &'static str) -> change_message::Change {
    change_message::Change::Edit(v1::Edit { body_type: TEXT.into(), body: Bytes::from_static(says.as_bytes()) })
}

fn thumb() -> change_message::Change {
    change_message::Change::React(v1::React { emoji: "👍".into(), remove: false })
}

impl Bench {
    fn change(&mut self, n: u8, about: Target, change: change_message::Change) {
        let conversation_id = direct(0).to_string();
        let change = v1::ChangeMessage { conversation_id, change: Some(change), ..v1::ChangeMessage::default() };
        let (conversation, command_id) = (direct(0), ClientMsgId([n; 16]));
        let command = LaneCommand { conversation, command_id, call: Body::ChangeMessage(change), about: Some(about) };
        self.command(Command::Queue(Box::new(command)));
    }

    /// What waits, by id.
    fn outbox(&self) -> Vec<u8> {
        self.store.tables().outbox.values().map(|row| row.client_msg_id.0[0]).collect()
    }

    /// The calls of people that were sent since the last time.
    fn changes(&mut self) -> Vec<(u64, Body)> {
        let sent = self.sent();
        sent.into_iter().filter(|(_, body)| matches!(body, Body::Send(_) | Body::ChangeMessage(_))).collect()
    }

    fn ack(&mut self, id: u64, seq: u64) {
        let conversation_id = direct(0).to_string();
        self.say(id, Body::Sent(v1::Sent { conversation_id, seq, ordinal: seq - 1, ..v1::Sent::default() }));
    }

    fn done(&mut self, id: u64, seq: u64) {
        let conversation_id = direct(0).to_string();
        self.say(id, Body::CommandDone(v1::CommandDone { conversation_id, seq, deduplicated: false }));
    }

    fn refuse(&mut self, id: u64, code: &str) {
        self.say(id, Body::Error(v1::Error { code: code.into(), ..v1::Error::default() }));
    }

    /// The messages that a timeline shows.
    fn shown(&self) -> Vec<MessageItem> {
        let mut model = TimelineModel::new(alice(), direct(0), TimelineOptions::default());
        if let Ok(Reply::Opened(opened)) = self.core.open(direct(0)) {
            model.begin(opened);
        }
        let messages = self.store.tables().messages.values().cloned().collect();
        model.merge(HistoryRows { messages, events: Vec::new() }, 1);
        let messages = model.items().into_iter().filter_map(|item| match item.kind {
            TimelineItemKind::Message(message) => Some(*message),
            _ => None,
        });
        messages.collect()
    }

    fn says(&self) -> Vec<Bytes> {
        let body = |item: MessageItem| match item.message.content {
            Content::Opaque { body, .. } => body,
            other => Bytes::from(format!("{other:?}")),
        };
        self.shown().into_iter().map(body).collect()
    }
}

/// A device that holds message 2 of bob and is not connected, or is.
fn offline() -> Bench {
    let mut bench = online();
    bench.input(Input::Closed("gone".into()));
    bench.sent();
    bench
}

fn online() -> Bench {
    let mut bench = Bench::new(false);
    bench.up(v1::Welcome { conversations: vec![conversation(0, 2)], ..welcome() });
    let sent = bench.sent();
    let events = vec![v1::Event { kind: "conversation_created".into(), ..message(0, 1) }, message(0, 2)];
    let (from_seq, upto_seq) = (1, 2);
    bench.say(sent[0].0, Body::Events(v1::Events { from_seq, upto_seq, events, ..v1::Events::default() }));
    bench.sent();
    bench
}

fn reconnect(bench: &mut Bench) {
    bench.advance(60_000);
    let hello = bench.sent().into_iter().rev().find(|(_, body)| matches!(body, Body::Hello(_))).expect("a hello").0;
    bench.say(hello, Body::Welcome(v1::Welcome { reset: false, ..welcome() }));
}

fn own(n: u8) -> Target {
    Target::Own(ClientMsgId([n; 16]))
}

/// The event of an own command.
fn event(n: u8, seq: u64, change: v1::event::Change) -> v1::Event {
    v1::Event {
        kind: if matches!(change, v1::event::Change::Edited(_)) { "edited" } else { "reacted" }.into(),
        sender_id: "alice".into(),
        client_msg_id: Bytes::copy_from_slice(&[n; 16]),
        ordinal: 1,
        body_type: String::new(),
        body: Bytes::new(),
        change: Some(change),
        ..message(0, seq)
    }
}

#[test]
fn an_edit_of_what_was_never_written_changes_what_is_sent() {
    let mut bench = offline();
    bench.send(1);
    bench.change(2, own(1), edit("better"));
    assert_eq!(bench.outbox(), [1], "there is no command");
    assert_eq!(bench.says()[1], "better");
    reconnect(&mut bench);
    let sent = bench.changes();
    assert!(matches!(&sent[..], [(_, Body::Send(send))] if send.body == "better"), "{sent:?}");
    // Now it is frozen.
    bench.change(3, own(1), edit("best"));
    assert_eq!((bench.outbox(), bench.says()[1].clone()), (vec![1, 3], Bytes::from_static(b"best")));
    assert_eq!(bench.changes(), [], "it waits for the place of its message");
    bench.ack(sent[0].0, 3);
    let sent = bench.changes();
    assert!(matches!(&sent[..], [(_, Body::ChangeMessage(change))] if change.seq == 3), "{sent:?}");
    bench.done(sent[0].0, 4);
    assert_eq!((bench.outbox(), bench.says()[1].clone()), (vec![], Bytes::from_static(b"best")));
}

#[test]
fn a_recall_of_what_was_never_written_takes_it_and_what_is_about_it_out() {
    let mut bench = offline();
    bench.send(1);
    bench.change(2, own(1), thumb());
    assert_eq!(bench.shown()[1].message.reactions.len(), 1);
    bench.change(3, own(1), change_message::Change::Recall(v1::Recall {}));
    assert_eq!((bench.outbox(), bench.shown().len()), (vec![], 1));
    assert_eq!(bench.sends.iter().filter(|state| **state == SendState::Cancelled).count(), 2);
    reconnect(&mut bench);
    assert_eq!(bench.changes(), []);
}

#[test]
fn a_command_goes_alone_and_in_order() {
    let mut bench = online();
    bench.send(1);
    bench.change(2, Target::Log(Seq(2)), thumb());
    bench.change(3, Target::Log(Seq(2)), thumb());
    bench.send(4);
    let first = bench.changes();
    assert_eq!(first.len(), 1, "{first:?}");
    bench.ack(first[0].0, 3);
    let second = bench.changes();
    assert!(matches!(&second[..], [(_, Body::ChangeMessage(change))] if change.command_id[0] == 2), "{second:?}");
    // Refused for a while, it keeps its place.
    bench.refuse(second[0].0, "overloaded");
    assert_eq!(bench.changes(), []);
    bench.advance(2_000);
    let again = bench.changes();
    assert!(matches!(&again[..], [(_, Body::ChangeMessage(change))] if change.command_id[0] == 2), "{again:?}");
    bench.done(again[0].0, 4);
    let third = bench.changes();
    bench.done(third[0].0, 0);
    let last = bench.changes();
    assert!(matches!(&last[..], [(_, Body::Send(send))] if send.after.is_empty()), "{last:?}");
}

#[test]
fn a_wish_is_shown_until_its_event_is_here_and_never_twice() {
    for event_first in [true, false] {
        let mut bench = online();
        bench.change(2, Target::Log(Seq(2)), thumb());
        let call = bench.changes()[0].0;
        let thumbs = |bench: &Bench| {
            let shown = bench.shown();
            let reactions = &shown[0].message.reactions;
            (reactions.iter().map(|it| it.count).collect::<Vec<_>>(), shown[0].pending.len())
        };
        assert_eq!(thumbs(&bench), (vec![1], 1));
        let reacted = v1::event::Change::Reacted(v1::Reacted { seq: 2, emoji: "👍".into(), removed: false });
        if event_first {
            bench.say(0, Body::Event(event(2, 3, reacted)));
            assert_eq!((thumbs(&bench), bench.outbox()), ((vec![1], 0), vec![]));
            bench.done(call, 3);
        } else {
            bench.done(call, 3);
            assert_eq!((thumbs(&bench), bench.outbox()), ((vec![1], 1), vec![]), "its event is on its way");
            bench.say(0, Body::Event(event(2, 3, reacted)));
        }
        assert_eq!(thumbs(&bench), (vec![1], 0));
        assert_eq!(bench.sends.last(), Some(&SendState::Done(Seq(3))));
    }
}

#[test]
fn a_refusal_shows_the_message_as_it_is_and_can_be_tried_again_or_dropped() {
    let mut bench = online();
    bench.change(2, Target::Log(Seq(2)), edit("better"));
    let call = bench.changes()[0].0;
    assert_eq!(bench.says()[0], "better");
    bench.refuse(call, "too_late");
    let shown = bench.shown();
    let SendState::Failed(failure) = &shown[0].pending[0].state else { panic!("{shown:?}") };
    assert_eq!((failure.code.as_str(), failure.recoverable), ("too_late", false));
    assert_ne!(bench.says()[0], "better");
    assert!(matches!(shown[0].pending[0].wish, Wish::Edit(Target::Log(Seq(2)), _)));
    bench.command(Command::Retry(ClientMsgId([2; 16])));
    let again = bench.changes();
    assert!(matches!(&again[..], [(_, Body::ChangeMessage(change))] if change.command_id[0] == 2), "{again:?}");
    bench.refuse(again[0].0, "too_late");
    bench.command(Command::Cancel(ClientMsgId([2; 16])));
    assert_eq!((bench.outbox(), bench.shown()[0].pending.len()), (vec![], 0));
}

#[test]
fn a_command_is_given_up_after_a_day_and_survives_a_restart() {
    let mut bench = offline();
    bench.change(2, Target::Log(Seq(2)), thumb());
    bench.advance(u64::try_from(GIVE_UP_MS).unwrap() + 1);
    let failed = |state: Option<&SendState>| matches!(state, Some(SendState::Failed(it)) if it.code == "gave_up");
    assert!(failed(bench.sends.last()), "{:?}", bench.sends);
    let row = bench.store.tables().outbox.values().next().cloned().unwrap();
    assert!(row.failure.is_some_and(|failure| failure.recoverable) && row.command.is_some());
}

#[test]
fn what_is_about_a_message_that_failed_does_not_hold_up_the_lane() {
    let mut bench = online();
    bench.send(1);
    let first = bench.changes();
    bench.change(2, own(1), edit("better"));
    bench.send(3);
    bench.refuse(first[0].0, "forbidden");
    let next = bench.changes();
    assert!(matches!(&next[..], [(_, Body::Send(send))] if send.client_msg_id[0] == 3), "{next:?}");
    bench.ack(next[0].0, 3);
    // Once the message is sent again, the edit follows.
    bench.command(Command::Retry(ClientMsgId([1; 16])));
    let again = bench.changes();
    bench.ack(again[0].0, 4);
    let edit = bench.changes();
    assert!(matches!(&edit[..], [(_, Body::ChangeMessage(change))] if change.seq == 4), "{edit:?}");
}

#[test]
fn a_message_that_was_placed_is_found_by_its_id_and_an_unknown_one_is_refused() {
    let mut bench = online();
    bench.send(1);
    let first = bench.changes();
    bench.ack(first[0].0, 3);
    bench.change(2, own(1), thumb());
    let sent = bench.changes();
    assert!(matches!(&sent[..], [(_, Body::ChangeMessage(change))] if change.seq == 3), "{sent:?}");
    bench.change(3, own(9), thumb());
    assert_eq!(bench.replies.last(), Some(&Err(Error::NotFound("message"))));
}
