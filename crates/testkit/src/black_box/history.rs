//! What everybody did and saw in one run, one line of JSON each, in the order in which it happened.

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Letters of a text that are kept; of a longer one the length is kept besides.
const TEXT_KEPT: usize = 48;

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Microseconds since the run began.
    pub at: u64,
    /// Who did or saw it: a device as `USER/DEVICE`, `nemesis`, or `judge`.
    pub process: String,
    /// What it was.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum What {
    /// The first line.
    Begin {
        /// What everything was drawn from.
        seed: u64,
        /// Everybody who takes part.
        devices: Vec<Device>,
    },
    /// A device asks for something. The same message or command may be asked for several times.
    Invoke {
        /// Names this try.
        op: u64,
        /// What it asks for.
        call: Call,
    },
    /// A try was acknowledged.
    Ok {
        /// Which.
        op: u64,
        /// With what.
        answer: Answer,
    },
    /// A try was refused: it changed nothing.
    Fail {
        /// Which.
        op: u64,
        /// A code of `docs/protocol/errors.md`.
        code: String,
    },
    /// Nobody knows what became of a try.
    Info {
        /// Which.
        op: u64,
        /// What is known.
        why: String,
    },
    /// A device was told of an event.
    Told {
        /// Numbers the connections of a device; 0 for a device that is told of each event once and in order.
        session: u64,
        /// The event.
        event: Event,
        /// Whom it adds or takes away.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        users: Vec<String>,
    },
    /// A device showed where its user's read cursor stands.
    Cursor {
        /// In which conversation.
        conversation: String,
        /// Up to which event he has read.
        read_seq: u64,
    },
    /// Something was done to the server or the network.
    Nemesis {
        /// What.
        fault: String,
        /// Whether it begins or ends.
        phase: Phase,
        /// To whom; nobody means the server.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        on: Vec<String>,
    },
    /// An event in the log of the server, as it stands there at the end.
    Logged {
        /// The event.
        event: Event,
        /// What it says, if it is a text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        /// When the server took it, in milliseconds since 1970 by a clock that was put forward and back.
        sent_at: i64,
    },
    /// What a check of every stored record found at the end.
    Verified {
        /// Whether nothing is wrong.
        clean: bool,
        /// Events.
        events: u64,
        /// What is wrong, in words.
        problems: Vec<String>,
    },
    /// A message that a device holds at the end.
    Held {
        /// The message.
        event: Event,
        /// What it says.
        text: String,
    },
    /// How a device shows a conversation at the end.
    Shown(Shown),
    /// A message that waits on a device at the end.
    Unsent {
        /// Its id.
        id: String,
    },
    /// The last line.
    End,
}

/// A device that takes part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// `USER/DEVICE`.
    pub process: String,
    /// Whose.
    pub user: String,
    /// Whether it is told of each event once and in order, over all its connections.
    pub whole: bool,
}

/// What a device asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "f", rename_all = "snake_case")]
pub enum Call {
    /// To store a message.
    Send {
        /// Where.
        conversation: String,
        /// Its id, the same in every try.
        id: String,
        /// What it says.
        text: String,
        /// Whether it stands in an outbox, whose messages are stored in their order.
        lane: bool,
    },
    /// To change a conversation.
    Change {
        /// Where; empty while it has no name.
        conversation: String,
        /// The id of the command, the same in every try.
        id: String,
        /// What to change, in words.
        change: String,
    },
    /// To move the user's read cursor.
    Read {
        /// Where.
        conversation: String,
        /// Up to which event.
        upto: u64,
    },
    /// To be told where the user's read cursor stands.
    Look {
        /// Where.
        conversation: String,
    },
}

/// What a try was acknowledged with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "with", rename_all = "snake_case")]
pub enum Answer {
    /// The message is stored.
    Sent {
        /// Where.
        conversation: String,
        /// As which event.
        seq: u64,
        /// As which message.
        ordinal: u64,
        /// Whether an earlier try had stored it.
        deduplicated: bool,
    },
    /// The command is done.
    Changed {
        /// Where.
        conversation: String,
        /// The event that it led to; 0 when nothing had to change.
        seq: u64,
    },
    /// The cursor is moved.
    Read,
    /// Where the cursor stands.
    Looked {
        /// Up to which event the user has read.
        read_seq: u64,
    },
}

/// Whether a fault begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// From here on.
    Begins,
    /// Up to here.
    Ends,
}

/// An event of a conversation's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Where.
    pub conversation: String,
    /// Its place.
    pub seq: u64,
    /// Its place among the messages.
    pub ordinal: u64,
    /// What kind, by `docs/protocol/events.md`.
    pub kind: String,
    /// Who.
    pub sender: String,
    /// The sender's own id of it.
    pub id: Option<String>,
}

/// A conversation as a device shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Which.
    pub conversation: String,
    /// Whether the user is a member.
    pub member: bool,
    /// The last event.
    pub head_seq: u64,
    /// The last message.
    pub head_ordinal: u64,
    /// Up to where the user has read.
    pub read_seq: u64,
    /// Messages that he has not.
    pub unread: u64,
}

/// Writes a history. Cheap to share; what it wrote is on disk after [`Recorder::finish`].
pub struct Recorder {
    begun: Instant,
    next: AtomicU64,
    lines: Mutex<BufWriter<File>>,
}

impl Recorder {
    /// A history in a new file, whose folder is made.
    ///
    /// # Errors
    /// What the system says.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let folder = path.parent().context("a history lies in a folder")?;
        std::fs::create_dir_all(folder)?;
        let file = File::create(path).with_context(|| format!("could not make {}", path.display()))?;
        Ok(Self { begun: Instant::now(), next: AtomicU64::new(1), lines: Mutex::new(BufWriter::new(file)) })
    }

    /// Notes what happened now.
    ///
    /// # Panics
    /// When it cannot be written: a run without its history proves nothing.
    pub fn note(&self, process: &str, what: What) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock, so that the lines are in the order of their times.
        let at = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let entry = Entry { at, process: process.to_owned(), what };
        serde_json::to_writer(&mut *lines, &entry).expect("the history can be written");
        lines.write_all(b"\n").expect("the history can be written");
    }

    /// Notes that a device asks for something, before it does; the name of this try.
    pub fn invoke(&self, process: &str, call: Call) -> u64 {
        let op = self.next.fetch_add(1, Ordering::Relaxed);
        self.note(process, What::Invoke { op, call });
        op
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// What the system says.
    pub fn finish(&self) -> anyhow::Result<()> {
        Ok(self.lines.lock().unwrap_or_else(PoisonError::into_inner).flush()?)
    }
}

/// Reads a history.
///
/// # Errors
/// When it cannot be read, or a line is not one of a history.
pub fn read(path: &Path) -> anyhow::Result<Vec<Entry>> {
    let file = File::open(path).with_context(|| format!("could not open {}", path.display()))?;
    let lines = (1..).zip(BufReader::new(file).lines());
    let entry = |(number, line): (u64, std::io::Result<String>)| {
        serde_json::from_str(&line?).with_context(|| format!("line {number} of {} is no entry", path.display()))
    };
    lines.map(entry).collect()
}

/// A text as a history has it: the start, and the length when it is long.
#[must_use]
pub fn brief(text: &str) -> String {
    if text.chars().count() <= TEXT_KEPT {
        return text.to_owned();
    }
    let start: String = text.chars().take(TEXT_KEPT).collect();
    format!("{start}… ({} bytes)", text.len())
}
