//! Histories made by hand, each broken in one way.

use super::{Rule, check};
use crate::black_box::history::{Answer, Call, Device, Entry, Event, Phase, Shown, What};

const HERE: &str = "g_here";
const PHONE: &str = "ann/phone";
const OTHER: &str = "bob/phone";

/// A history that is written line by line.
#[derive(Default)]
struct Story {
    entries: Vec<Entry>,
    at: u64,
    ops: u64,
}

fn event(seq: u64, ordinal: u64, kind: &str, sender: &str, id: &str) -> Event {
    let id = Some(id.to_owned()).filter(|id| !id.is_empty());
    Event { conversation: HERE.into(), seq, ordinal, kind: kind.into(), sender: sender.into(), id }
}

/// The two messages and how they began.
fn log() -> Vec<Event> {
    vec![
        event(1, 0, "conversation_created", "ann", ""),
        event(2, 1, "message", "ann", "first"),
        event(3, 2, "message", "ann", "second"),
    ]
}

impl Story {
    fn note(&mut self, process: &str, what: What) {
        self.at += 1_000;
        self.entries.push(Entry { at: self.at, process: process.into(), what });
    }

    fn begin() -> Self {
        let mut story = Self::default();
        let device = |process: &str, user: &str| Device { process: process.into(), user: user.into(), whole: true };
        let devices = vec![device(PHONE, "ann"), device(OTHER, "bob"), device("bob/tablet", "bob")];
        story.note("judge", What::Begin { seed: 1, devices });
        story
    }

    fn invoke(&mut self, process: &str, call: Call) -> u64 {
        self.ops += 1;
        let op = self.ops;
        self.note(process, What::Invoke { op, call });
        op
    }

    fn send(&mut self, id: &str) -> u64 {
        let call = Call::Send { conversation: HERE.into(), id: id.into(), text: id.into(), lane: true };
        self.invoke(PHONE, call)
    }

    fn sent(&mut self, op: u64, seq: u64, ordinal: u64) {
        let answer = Answer::Sent { conversation: HERE.into(), seq, ordinal, deduplicated: false };
        self.note(PHONE, What::Ok { op, answer });
    }

    fn read(&mut self, upto: u64) {
        let op = self.invoke(OTHER, Call::Read { conversation: HERE.into(), upto });
        self.note(OTHER, What::Ok { op, answer: Answer::Read });
    }

    fn look(&mut self, read_seq: u64) {
        let op = self.invoke(OTHER, Call::Look { conversation: HERE.into() });
        self.note(OTHER, What::Ok { op, answer: Answer::Looked { read_seq } });
    }

    fn nemesis(&mut self, fault: &str, phase: Phase) {
        self.note("nemesis", What::Nemesis { fault: fault.into(), phase, on: Vec::new() });
    }

    fn crash(&mut self) {
        self.nemesis("kill", Phase::Begins);
        self.nemesis("kill", Phase::Ends);
    }

    fn seconds_pass(&mut self, seconds: u64) {
        self.at += seconds * 1_000_000;
    }

    /// What two devices of the reader and one of the writer were told, hold and show, when this is the log.
    fn end(mut self, log: &[Event]) -> Vec<Entry> {
        for process in [PHONE, OTHER, "bob/tablet"] {
            for event in log {
                let named = if event.seq == 1 { vec!["ann".into(), "bob".into()] } else { Vec::new() };
                self.note(process, What::Told { session: 0, event: event.clone(), users: named });
            }
        }
        let text = |event: &Event| event.id.clone().filter(|_| event.kind == "message");
        for event in log {
            self.note("judge", What::Logged { event: event.clone(), text: text(event), sent_at: 7 });
        }
        self.note("judge", What::Verified { clean: true, events: log.len() as u64, problems: Vec::new() });
        let messages: Vec<_> = log.iter().filter(|event| event.kind == "message").cloned().collect();
        for (process, unread, read_seq) in [(PHONE, 0, 3), (OTHER, 2, 0), ("bob/tablet", 2, 0)] {
            for event in &messages {
                self.note(process, What::Held { event: event.clone(), text: text(event).unwrap() });
            }
            let last = log.last().unwrap();
            let (head_seq, head_ordinal) = (last.seq, last.ordinal);
            let conversation = HERE.into();
            let shown = Shown { conversation, member: true, head_seq, head_ordinal, read_seq, unread };
            self.note(process, What::Shown(shown));
        }
        self.note("judge", What::End);
        self.entries
    }
}

/// Two messages, each acknowledged.
fn two_sent() -> Story {
    let mut story = Story::begin();
    for (id, seq) in [("first", 2), ("second", 3)] {
        let op = story.send(id);
        story.sent(op, seq, seq - 1);
    }
    story
}

fn broken(history: &[Entry]) -> Vec<Rule> {
    let mut rules: Vec<_> = check(history).violations.into_iter().map(|it| it.rule).collect();
    rules.dedup();
    rules
}

/// The whole of a story, with one line changed.
fn changed(mut history: Vec<Entry>, change: impl Fn(&mut What)) -> Vec<Rule> {
    history.iter_mut().for_each(|entry| change(&mut entry.what));
    broken(&history)
}

#[test]
fn what_may_be_is_valid_and_counted() {
    let verdict = check(&two_sent().end(&log()));
    assert_eq!(verdict.violations, []);
    let counts = verdict.counts;
    assert_eq!((counts.acknowledged, counts.events, counts.held, counts.told, counts.shown), (2, 3, 6, 9, 3));
}

#[test]
fn a_history_goes_through_its_file_and_is_the_same() {
    let history = two_sent().end(&log());
    let lines: Vec<_> = history.iter().map(|entry| serde_json::to_string(entry).unwrap()).collect();
    let again: Vec<Entry> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(again, history);
}

#[test]
fn a_message_that_was_acknowledged_and_is_gone_is_caught() {
    assert!(broken(&two_sent().end(&log()[..2])).contains(&Rule::Acknowledged));
}

#[test]
fn an_acknowledgement_of_another_place_is_caught() {
    let mut story = two_sent();
    let op = story.send("second");
    story.sent(op, 2, 1);
    assert_eq!(broken(&story.end(&log())), [Rule::Acknowledged]);
}

#[test]
fn a_message_that_is_stored_twice_is_caught() {
    let mut log = log();
    log.push(event(4, 3, "message", "ann", "second"));
    assert!(broken(&two_sent().end(&log)).contains(&Rule::Once));
}

#[test]
fn messages_of_an_outbox_in_another_order_are_caught() {
    let mut story = Story::begin();
    let (first, second) = (story.send("first"), story.send("second"));
    story.sent(first, 3, 2);
    story.sent(second, 2, 1);
    let (mut log, swapped) = (log(), log());
    (log[1].id, log[2].id) = (swapped[2].id.clone(), swapped[1].id.clone());
    assert_eq!(broken(&story.end(&log)), [Rule::Order]);
}

#[test]
fn a_message_before_one_that_was_acknowledged_earlier_is_caught() {
    let mut story = Story::begin();
    for (id, seq) in [("first", 3), ("second", 2)] {
        let call = Call::Send { conversation: HERE.into(), id: id.into(), text: id.into(), lane: false };
        let op = story.invoke(PHONE, call);
        story.sent(op, seq, seq - 1);
    }
    let (mut log, swapped) = (log(), log());
    (log[1].id, log[2].id) = (swapped[2].id.clone(), swapped[1].id.clone());
    assert_eq!(broken(&story.end(&log)), [Rule::Order]);
}

#[test]
fn a_message_that_was_refused_and_is_stored_is_caught() {
    let mut story = Story::begin();
    let first = story.send("first");
    story.sent(first, 2, 1);
    let op = story.send("second");
    story.note(PHONE, What::Fail { op, code: "storage_full".into() });
    assert_eq!(broken(&story.end(&log())), [Rule::Refused]);
}

#[test]
fn a_message_that_was_refused_and_then_acknowledged_or_never_answered_may_be_there_once() {
    let mut story = Story::begin();
    for (id, seq) in [("first", 2), ("second", 3)] {
        let op = story.send(id);
        story.note(PHONE, What::Fail { op, code: "storage_full".into() });
        let op = story.send(id);
        match seq {
            2 => story.sent(op, 2, 1),
            _ => story.note(PHONE, What::Info { op, why: "cut".into() }),
        }
    }
    assert_eq!(broken(&story.end(&log())), []);
}

#[test]
fn a_message_that_nobody_sent_or_with_another_text_is_caught() {
    let mut story = Story::begin();
    let op = story.send("first");
    story.sent(op, 2, 1);
    assert_eq!(broken(&story.end(&log())), [Rule::Sent]);
    let other = |what: &mut What| {
        if let What::Logged { event, text, .. } = what
            && event.seq == 2
        {
            *text = Some("another".into());
        }
    };
    assert!(changed(two_sent().end(&log()), other).contains(&Rule::Sent));
}

#[test]
fn a_hole_a_wrong_ordinal_and_a_time_that_goes_back_are_caught() {
    let hole = |what: &mut What| {
        if let What::Logged { event, .. } = what
            && event.seq == 3
        {
            event.seq = 4;
        }
    };
    assert!(changed(two_sent().end(&log()), hole).contains(&Rule::Dense));
    let ordinal = |what: &mut What| {
        if let What::Logged { event, .. } = what
            && event.seq == 3
        {
            event.ordinal = 1;
        }
    };
    assert!(changed(two_sent().end(&log()), ordinal).contains(&Rule::Dense));
    let time = |what: &mut What| {
        if let What::Logged { event, sent_at, .. } = what
            && event.seq == 3
        {
            *sent_at = 6;
        }
    };
    assert_eq!(changed(two_sent().end(&log()), time), [Rule::Dense]);
}

#[test]
fn a_log_that_is_damaged_or_was_not_verified_is_caught() {
    let damaged = |what: &mut What| {
        if let What::Verified { clean, .. } = what {
            *clean = false;
        }
    };
    assert_eq!(changed(two_sent().end(&log()), damaged), [Rule::Intact]);
    let mut history = two_sent().end(&log());
    history.retain(|entry| !matches!(entry.what, What::Verified { .. }));
    assert_eq!(broken(&history), [Rule::Whole]);
    history.pop();
    assert_eq!(broken(&history), [Rule::Whole], "it has no end");
}

#[test]
fn a_device_that_holds_less_more_or_another_text_is_caught() {
    let mut history = two_sent().end(&log());
    let first = history.iter().position(|entry| matches!(entry.what, What::Held { .. })).unwrap();
    let held = history.remove(first);
    assert_eq!(broken(&history), [Rule::Equal], "less");
    history.insert(first, held.clone());
    history.insert(first, held);
    assert_eq!(broken(&history), [Rule::Equal], "twice");
    let other = |what: &mut What| {
        if let What::Held { text, .. } = what {
            text.push('!');
        }
    };
    assert_eq!(changed(two_sent().end(&log()), other), [Rule::Equal], "another text");
}

#[test]
fn two_devices_of_a_person_that_disagree_are_caught() {
    let mut devices = 0;
    let mut history = two_sent().end(&log());
    for entry in &mut history {
        if let What::Shown(shown) = &mut entry.what {
            devices += 1;
            if devices == 3 {
                (shown.read_seq, shown.unread) = (2, 1);
            }
        }
    }
    assert_eq!(broken(&history), [Rule::Shown]);
}

#[test]
fn unread_is_recounted_by_the_sentence() {
    let more = |what: &mut What| {
        if let What::Shown(shown) = what {
            shown.unread += 1;
        }
    };
    assert_eq!(changed(two_sent().end(&log()), more), [Rule::Unread]);
}

#[test]
fn a_head_that_is_not_the_last_event_is_caught() {
    let behind = |what: &mut What| {
        if let What::Shown(shown) = what {
            shown.head_seq -= 1;
        }
    };
    assert_eq!(changed(two_sent().end(&log()), behind), [Rule::Shown]);
}

#[test]
fn what_is_told_twice_never_or_of_another_log_is_caught() {
    let mut history = two_sent().end(&log());
    let told = history.iter().position(|entry| matches!(entry.what, What::Told { .. })).unwrap();
    let entry = history[told + 2].clone();
    history.insert(told + 2, entry.clone());
    assert_eq!(broken(&history), [Rule::Told], "twice");
    history.remove(told + 2);
    history.remove(told + 2);
    assert_eq!(broken(&history), [Rule::Told], "never");
    let mut other = entry;
    if let What::Told { event, .. } = &mut other.what {
        event.id = Some("lost in a crash".into());
    }
    history.insert(told + 2, other);
    assert_eq!(broken(&history), [Rule::Told], "another");
}

#[test]
fn what_a_removed_member_is_told_or_holds_after_his_removal_is_caught() {
    let mut log = log();
    log.insert(2, event(3, 1, "member_removed", "ann", "out"));
    log[3].seq = 4;
    let mut story = Story::begin();
    for (id, seq) in [("first", 2), ("second", 4)] {
        let op = story.send(id);
        story.sent(op, seq, seq / 2);
    }
    let mut history = story.end(&log);
    for entry in &mut history {
        if let What::Told { event, users, .. } = &mut entry.what
            && event.seq == 3
        {
            users.push("bob".into());
        }
    }
    let rules = broken(&history);
    assert!(rules.contains(&Rule::Told) && rules.contains(&Rule::Equal) && rules.contains(&Rule::Shown), "{rules:?}");
}

#[test]
fn a_message_that_waits_at_the_end_is_caught() {
    let mut history = two_sent().end(&log());
    let entry = Entry { at: 0, process: PHONE.into(), what: What::Unsent { id: "third".into() } };
    history.insert(1, entry);
    assert_eq!(broken(&history), [Rule::Settled]);
}

#[test]
fn a_cursor_that_moves_back_is_caught() {
    let mut story = two_sent();
    story.read(3);
    story.seconds_pass(3);
    story.look(2);
    assert_eq!(broken(&story.end(&log())), [Rule::Cursor]);
    let mut story = two_sent();
    for read_seq in [3, 2] {
        story.note(OTHER, What::Cursor { conversation: HERE.into(), read_seq });
    }
    assert_eq!(broken(&story.end(&log())), [Rule::Cursor], "on one device");
}

#[test]
fn a_crash_may_undo_the_last_second_of_moves_and_no_more() {
    let mut story = two_sent();
    story.read(3);
    story.crash();
    story.seconds_pass(3);
    story.look(0);
    assert_eq!(broken(&story.end(&log())), [], "the last second");
    let mut story = two_sent();
    story.read(3);
    story.seconds_pass(3);
    story.crash();
    story.look(0);
    assert_eq!(broken(&story.end(&log())), [Rule::Cursor], "what was stored");
    let mut story = two_sent();
    story.read(3);
    story.nemesis("stop", Phase::Begins);
    story.seconds_pass(3);
    story.nemesis("stop", Phase::Ends);
    story.crash();
    story.look(0);
    assert_eq!(broken(&story.end(&log())), [], "a server that was stopped stored nothing");
}
