//! The trace that `shim/record.c` writes.

use anyhow::{Context as _, bail, ensure};
use bytes::{Buf as _, Bytes};

/// Bytes of a record before its names.
const HEAD_BYTES: usize = 56;

/// Something that changed the recorded folder, or made a change durable. Files and folders bear the numbers of their
/// inodes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the fields say it")]
pub enum Step {
    /// An empty file appeared.
    Make { inode: u64, parent: u64, name: String },
    /// An empty folder appeared.
    Folder { inode: u64, parent: u64, name: String },
    /// Bytes were written.
    Write { inode: u64, at: u64, bytes: Written },
    /// A file was cut or extended with zeros.
    Length { inode: u64, length: u64 },
    /// What stood in the trace before `begun` is durable, of this file or of the names of this folder.
    Sync { inode: u64, begun: u64 },
    /// A file has another name.
    Rename { parent: u64, from: String, into: u64, to: String },
    /// A name is gone.
    Unlink { parent: u64, name: String },
    /// A file has a further name.
    Link { inode: u64, parent: u64, name: String },
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// These bytes.
    Bytes(Bytes),
    /// So many zeros.
    Zeros(u64),
}

impl Written {
    /// How many bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Zeros(length) => *length,
        }
    }
}

/// A step, and where its record stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its first byte in the trace.
    pub start: u64,
    /// The first byte after it.
    pub end: u64,
    /// What happened.
    pub step: Step,
}

impl Recorded {
    /// Whether it wrote into a file, as most steps do.
    #[must_use]
    pub fn is_write(&self) -> bool {
        matches!(self.step, Step::Write { .. })
    }
}

/// Reads a whole trace.
///
/// # Errors
/// When it is not one, or says that something happened that cannot be recorded.
pub fn read(mut trace: Bytes) -> anyhow::Result<Vec<Recorded>> {
    let whole = trace.len();
    let mut steps = Vec::new();
    while !trace.is_empty() {
        let start = (whole - trace.len()) as u64;
        let step = step(&mut trace).with_context(|| format!("the record at byte {start}"))?;
        steps.push(Recorded { start, end: (whole - trace.len()) as u64, step });
    }
    Ok(steps)
}

fn step(trace: &mut Bytes) -> anyhow::Result<Step> {
    ensure!(trace.len() >= HEAD_BYTES, "it is cut off");
    let (kind, names) = (trace.get_u32_le(), trace.get_u32_le() as usize);
    let bytes = trace.get_u64_le() as usize;
    let [inode, at, length, parent, into] = [(); 5].map(|()| trace.get_u64_le());
    ensure!(trace.len() >= names + bytes, "it is cut off");
    let names = trace.split_to(names);
    let bytes = trace.split_to(bytes);
    let mut names = names.split(|byte| *byte == 0).map(|name| String::from_utf8_lossy(name).into_owned());
    let mut name = || names.next().context("a name is missing");
    Ok(match kind {
        1 => Step::Make { inode, parent, name: name()? },
        2 => Step::Folder { inode, parent, name: name()? },
        3 => Step::Write {
            inode,
            at,
            bytes: if bytes.is_empty() { Written::Zeros(length) } else { Written::Bytes(bytes) },
        },
        4 => Step::Length { inode, length },
        5 => Step::Sync { inode, begun: at },
        6 => Step::Rename { parent, from: name()?, into, to: name()? },
        7 => Step::Unlink { parent, name: name()? },
        8 => Step::Link { inode, parent, name: name()? },
        9 => bail!("the system call {at} changed the folder, and there is no record for it"),
        _ => bail!("there is no kind {kind}"),
    })
}
