//! Read cursors: what was stored never moves back. A crash may undo the last second of moves, and no more.

use crate::black_box::checker::facts::Facts;
use crate::black_box::checker::{Court, Rule};
use crate::black_box::history::{Answer, Call, Entry, Phase, What};
use std::collections::BTreeMap;

/// Microseconds that a server has to run after a move for it to be stored: the second of the promise, and one for a
/// tick that a busy machine is late with.
const STORED_AFTER: u64 = 2_000_000;
/// Faults that keep the server from its work.
const HOLDS: [&str; 3] = ["kill", "stop", "full_disk"];

type Key<'a> = (&'a str, &'a str);

/// A move of a cursor that was acknowledged or seen.
struct Move {
    upto: u64,
    /// How long the server had run by then, in microseconds.
    at: u64,
}

/// A call that is under way.
struct Asked<'a> {
    key: Key<'a>,
    /// Up to where a cursor shall move.
    upto: Option<u64>,
    /// What is stored at least when it is asked.
    stored: u64,
    /// In which life of the server.
    life: usize,
}

/// What is known of the cursors on the server.
#[derive(Default)]
struct Cursors<'a> {
    /// How long the server has run, in microseconds, and up to when that is counted.
    ran: u64,
    counted: u64,
    held_by: usize,
    /// One more with each end and each start of the server.
    life: usize,
    asked: BTreeMap<u64, Asked<'a>>,
    /// By user and conversation: what is stored, and moves that may not be yet.
    stored: BTreeMap<Key<'a>, u64>,
    moves: BTreeMap<Key<'a>, Vec<Move>>,
}

pub fn check(history: &[Entry], facts: &Facts<'_>, court: &mut Court) {
    let sights: BTreeMap<&str, _> = facts.log.keys().map(|id| (*id, facts.sights(id))).collect();
    // Where a membership ends, the server refuses a move that a device has shown already, and its own cursor stands.
    let stays = |conversation: &str, user: &str| {
        let sight = sights.get(conversation).and_then(|sights| sights.get(user));
        sight.is_none_or(|sight| matches!(sight.as_slice(), [(_, None)]))
    };
    let mut cursors = Cursors::default();
    // By device and conversation.
    let mut shown = BTreeMap::<_, u64>::new();
    for entry in history {
        cursors.pass(entry.at);
        let process = entry.process.as_str();
        let user = facts.user_of(process);
        match &entry.what {
            What::Invoke { op, call: Call::Read { conversation, upto } } => {
                cursors.ask(*op, (user, conversation), Some(*upto));
            }
            What::Invoke { op, call: Call::Look { conversation } } => cursors.ask(*op, (user, conversation), None),
            What::Ok { op, answer: Answer::Read } => cursors.answer(*op, None),
            What::Ok { op, answer: Answer::Looked { read_seq } } => {
                let asked = cursors.asked.get(op);
                if let Some(asked) = asked.filter(|asked| *read_seq < asked.stored) {
                    let (conversation, stored) = (asked.key.1, asked.stored);
                    let text = format!("{process} was told {read_seq} of {conversation}, {stored} was stored");
                    court.report(Rule::Cursor, text);
                }
                cursors.answer(*op, Some(*read_seq));
            }
            What::Cursor { conversation, read_seq } => {
                let before = shown.entry((process, conversation)).or_default();
                if *read_seq < *before && stays(conversation, user) {
                    let text = format!("{process} showed {read_seq} of {conversation} after {before}");
                    court.report(Rule::Cursor, text);
                }
                *before = *read_seq;
            }
            What::Nemesis { fault, phase, .. } if HOLDS.contains(&fault.as_str()) => cursors.fault(fault, *phase),
            _ => {}
        }
    }
}

impl<'a> Cursors<'a> {
    fn pass(&mut self, at: u64) {
        if self.held_by == 0 {
            self.ran += at.saturating_sub(self.counted);
        }
        self.counted = at;
    }

    fn ask(&mut self, op: u64, key: Key<'a>, upto: Option<u64>) {
        self.settle();
        let stored = self.stored.get(&key).copied().unwrap_or(0);
        self.asked.insert(op, Asked { key, upto, stored, life: self.life });
    }

    /// An answer is a move if the server that gave it still runs.
    fn answer(&mut self, op: u64, seen: Option<u64>) {
        let Some(asked) = self.asked.remove(&op).filter(|asked| asked.life == self.life) else { return };
        if let Some(upto) = seen.or(asked.upto) {
            self.moves.entry(asked.key).or_default().push(Move { upto, at: self.ran });
        }
    }

    fn fault(&mut self, fault: &str, phase: Phase) {
        self.settle();
        match phase {
            Phase::Begins => self.held_by += 1,
            Phase::Ends => self.held_by = self.held_by.saturating_sub(1),
        }
        if fault == "kill" {
            self.life += 1;
            self.moves.clear();
        }
    }

    /// What is old enough is stored.
    fn settle(&mut self) {
        for (key, moves) in &mut self.moves {
            moves.retain(|it| {
                let is_stored = it.at + STORED_AFTER <= self.ran;
                if is_stored {
                    let upto = self.stored.entry(*key).or_default();
                    *upto = it.upto.max(*upto);
                }
                !is_stored
            });
        }
    }
}
