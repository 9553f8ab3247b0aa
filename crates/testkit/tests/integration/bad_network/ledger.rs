//! What happened in a run: the trace, the messages that a device took on, and every end of every connection.

use super::line::Slot;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use stonechat_client::state::SentMark;
use stonechat_types::id::ClientMsgId;

/// Milliseconds of the simulation; 0 outside of its hosts.
pub fn now_ms() -> u64 {
    turmoil::sim_elapsed().map_or(0, |elapsed| elapsed.as_millis() as u64)
}

/// The notes of one run. Hosts keep writing into it through their crashes.
#[derive(Default)]
pub struct Ledger(Mutex<Pages>);

#[derive(Default)]
pub struct Pages {
    /// One line an event, with its time.
    pub trace: Vec<String>,
    /// Messages by their ids, as the outboxes took them.
    pub taken: BTreeMap<[u8; 16], Taken>,
    /// The ids of each device's life, in the order in which they were taken.
    pub lanes: BTreeMap<(usize, u32), Vec<[u8; 16]>>,
    /// Ends of connections that are open, by number.
    pub lines: BTreeMap<u64, Line>,
    /// Longest silences that ended, by side.
    pub silences: BTreeMap<Side, u64>,
    /// Ends that were closed after a silence at their limit.
    pub broken: BTreeMap<Side, u64>,
    /// Waits of devices before another try.
    pub waits: Vec<Wait>,
    /// Connections that devices replaced without a loss: milliseconds after the server had asked for it, if it had.
    pub leaves: Vec<Option<u64>>,
    /// No more messages are to be sent.
    pub quiet: bool,
    next_line: u64,
}

/// A message that a device took on.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Which device, and its how manieth life.
    pub by: (usize, u32),
    /// Its acknowledgement.
    pub mark: Option<SentMark>,
    /// How the outbox gave it up, if it did.
    pub failed: Option<String>,
}

/// Which end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Server,
    Client,
}

/// One end of a connection.
pub struct Line {
    pub side: Side,
    /// Its socket, until it is cut.
    slot: Slot,
    /// When bytes were last read from it, or it was made.
    pub heard_ms: u64,
}

/// A device without a connection waits.
#[derive(Clone, Debug)]
pub struct Wait {
    /// Which device, and when: for whoever reads of a failure.
    #[expect(dead_code, reason = "it is printed")]
    pub by: (usize, u64),
    /// Failures before this one, as the device counts them.
    pub attempt: u32,
    /// Milliseconds that it said it would wait.
    pub told_ms: u64,
    /// Milliseconds after which it connected, when it did.
    pub waited_ms: Option<u64>,
    /// The server had asked it to leave.
    pub asked: bool,
}

/// A silence that a side did not have to bear for longer.
pub const SILENCE_MS: [(Side, u64); 2] = [(Side::Server, 69_000), (Side::Client, 29_000)];

impl Ledger {
    pub fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a line, with the time of the simulation.
    pub fn note(&self, what: impl std::fmt::Display) {
        self.note_at(now_ms(), what);
    }

    /// Writes a line from outside of the hosts.
    pub fn note_at(&self, ms: u64, what: impl std::fmt::Display) {
        self.pages().trace.push(format!("{ms} {what}"));
    }

    pub fn is_quiet(&self) -> bool {
        self.pages().quiet
    }

    pub fn took(&self, by: (usize, u32), id: ClientMsgId) {
        self.note(format_args!("device {} takes {:02x?}", by.0, &id.0[..8]));
        let mut pages = self.pages();
        pages.lanes.entry(by).or_default().push(id.0);
        pages.taken.insert(id.0, Taken { by, mark: None, failed: None });
    }

    pub fn settled(&self, id: ClientMsgId, how: Result<SentMark, String>) {
        self.note(format_args!("{:02x?}: {how:?}", &id.0[..8]));
        if let Some(taken) = self.pages().taken.get_mut(&id.0) {
            match how {
                Ok(mark) => taken.mark = Some(mark),
                Err(why) => taken.failed = Some(why),
            }
        }
    }

    /// A connection begins at one end.
    pub fn open(&self, side: Side, slot: Slot) -> u64 {
        let mut pages = self.pages();
        pages.next_line += 1;
        let number = pages.next_line;
        pages.lines.insert(number, Line { side, slot, heard_ms: now_ms() });
        number
    }

    pub fn heard(&self, number: u64) {
        let now = now_ms();
        let mut pages = self.pages();
        let Some(line) = pages.lines.get_mut(&number) else { return };
        let (side, silence) = (line.side, now - line.heard_ms);
        line.heard_ms = now;
        let longest = pages.silences.entry(side).or_default();
        *longest = silence.max(*longest);
    }

    /// Closes the sockets of a side, the oldest first. Within its host only.
    pub fn cut(&self, side: Side) {
        let slots: Vec<Slot> =
            self.pages().lines.values().filter(|line| line.side == side).map(|line| line.slot.clone()).collect();
        slots.iter().for_each(|slot| drop(slot.lock().unwrap().take()));
    }

    pub fn close(&self, number: u64) {
        let now = now_ms();
        let mut pages = self.pages();
        let Some(line) = pages.lines.remove(&number) else { return };
        let silence = now.saturating_sub(line.heard_ms);
        let limit = SILENCE_MS.iter().find(|(side, _)| *side == line.side).map_or(0, |(_, limit)| *limit);
        if silence >= limit {
            *pages.broken.entry(line.side).or_default() += 1;
        }
    }

    /// Open ends of a side.
    pub fn live(&self, side: Side) -> usize {
        self.pages().lines.values().filter(|line| line.side == side).count()
    }

    /// The longest silence that a side bears at this time.
    pub fn silence_ms(&self, side: Side, now_ms: u64) -> u64 {
        let pages = self.pages();
        let lines = pages.lines.values().filter(|line| line.side == side);
        lines.map(|line| now_ms.saturating_sub(line.heard_ms)).max().unwrap_or(0)
    }
}
