//! `stonechat log`: what is in the segments, read beside a running server or without one.

// Tools read files.
#![allow(clippy::disallowed_methods)]

use crate::data_folder::{DataFolder, DataFolderError};
use anyhow::Context as _;
use prost::Message as _;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use stonechat_app::seal::{AuthorKeys, Place, Sealer};
use stonechat_domain::kind::EventKind;
use stonechat_log::record::{EventHeader, StoredBody};
use stonechat_log_segment::dump::Dump;
use stonechat_log_segment::keys::{FileVault, MASTER_KEY_FILE, MasterKey};
use stonechat_log_segment::os_disk::OsDisk;
use stonechat_log_segment::verify;
use stonechat_types::id::{ClientMsgId, MessageId};
use stonechat_types::number::LanePosition;
use stonechat_wire::v1::TextBody;

/// One event as scripts see it. The names are a contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Line {
    conversation: String,
    seq: u64,
    ordinal: u64,
    message_id: String,
    client_msg_id: Option<String>,
    sender: String,
    sent_at: i64,
    kind: &'static str,
    text: Option<String>,
    deduplicated: bool,
    body_hmac: String,
}

/// The key of the HMACs of one sender in one conversation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct KeyLine {
    conversation: String,
    sender: String,
    hmac_key: String,
}

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Prints every stored event.
///
/// # Errors
/// When the store cannot be read, or nobody reads what is printed.
pub fn dump(data: &Path, form: Form, out: &mut dyn Write) -> anyhow::Result<()> {
    let (dump, sealer) = open(data)?;
    each_event(&dump, |header, body| {
        let keys = sealer.keys(header.app, header.sender_no, header.conversation)?;
        let line = line(header, body, keys.as_deref());
        match form {
            Form::Json => serde_json::to_writer(&mut *out, &line)?,
            Form::Text => write!(
                out,
                "{} {} {} {} {}",
                line.message_id,
                line.sent_at,
                line.sender,
                line.kind,
                line.text.as_deref().map(crate::tui::sanitise::one_line).unwrap_or_default()
            )?,
        }
        writeln!(out)?;
        Ok(())
    })
}

/// Prints the key of the HMACs for every sender in every conversation. The keys differ, since each is derived from its
/// author's salt and dies with it.
///
/// # Errors
/// As [`dump`].
pub fn dump_keys(data: &Path, form: Form, out: &mut dyn Write) -> anyhow::Result<()> {
    let (dump, sealer) = open(data)?;
    let mut seen = BTreeSet::new();
    each_event(&dump, |header, _| {
        if !seen.insert((header.app, header.conversation, header.sender_no)) {
            return Ok(());
        }
        let Some(keys) = sealer.keys(header.app, header.sender_no, header.conversation)? else { return Ok(()) };
        let line = KeyLine {
            conversation: header.conversation.to_string(),
            sender: header.sender.to_string(),
            hmac_key: hex(keys.hmac_key()),
        };
        match form {
            Form::Json => serde_json::to_writer(&mut *out, &line)?,
            Form::Text => write!(out, "{} {} {}", line.conversation, line.sender, line.hmac_key)?,
        }
        writeln!(out)?;
        Ok(())
    })
}

/// Checks every stored record and says what it found; whether nothing is wrong.
///
/// # Errors
/// As [`dump`].
pub fn check(data: &Path, form: Form, out: &mut dyn Write) -> anyhow::Result<bool> {
    // What is not there is not damaged.
    if !data.exists() {
        return Err(DataFolderError::Missing { path: data.to_owned() }.into());
    }
    let report = verify::verify(data)?;
    match form {
        Form::Json => {
            let json = serde_json::json!({
                "clean": report.is_clean(),
                "segments": report.segments,
                "batches": report.batches,
                "records": report.records,
                "events": report.events,
                "conversations": report.conversations,
                "upto": report.upto.0,
                "scrubbed": report.scrubbed,
                "corrupt_bodies": report.corrupt_bodies,
                "corrupt_rows": report.corrupt_rows,
                "torn_tail": report.torn_tail,
                "problems": report.problems,
                "described": report.described,
            });
            writeln!(out, "{json}")?;
        }
        Form::Text => {
            writeln!(
                out,
                "{} segments, {} records in {} batches up to position {}: {} events of {} conversations",
                report.segments, report.records, report.batches, report.upto, report.events, report.conversations
            )?;
            if report.torn_tail {
                writeln!(out, "a torn batch follows, which was never acknowledged; the next start cuts it")?;
            }
            for problem in &report.described {
                writeln!(out, "problem: {problem}")?;
            }
            match report.problems {
                0 => writeln!(out, "nothing is wrong")?,
                count => writeln!(out, "{count} problems")?,
            }
        }
    }
    Ok(report.is_clean())
}

fn open(data: &Path) -> anyhow::Result<(Dump, Sealer)> {
    let folder = DataFolder::open(data)?;
    let master = folder.keys().join(MASTER_KEY_FILE);
    anyhow::ensure!(master.exists(), "{} is missing: without it no body can be read", master.display());
    // Never used: the key is there.
    let master = MasterKey::from_file(&master, &|_: &mut [u8]| {})?;
    let disk = OsDisk::read_only(folder.root());
    let vault = FileVault::read(&disk, &master).context("could not open the keys")?;
    Ok((Dump::open(folder.root())?, Sealer::new(Arc::new(vault))))
}

fn each_event(
    dump: &Dump,
    mut with: impl FnMut(&EventHeader, Option<&StoredBody>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for record in dump.records(LanePosition(1)) {
        let record = record?;
        if let Some(header) = &record.event {
            with(header, record.body.as_ref())?;
        }
    }
    Ok(())
}

fn line(header: &EventHeader, body: Option<&StoredBody>, keys: Option<&AuthorKeys>) -> Line {
    let text = match (header.kind, body, keys) {
        (EventKind::Message, Some(StoredBody::Sealed(sealed)), Some(keys)) => {
            keys.open(&Place::of(header), sealed).and_then(|opened| {
                (&opened.body_type[..] == b"text")
                    .then(|| TextBody::decode(opened.body).ok().map(|body| body.text))
                    .flatten()
            })
        }
        _ => None,
    };
    Line {
        conversation: header.conversation.to_string(),
        seq: header.seq.0,
        ordinal: header.ordinal.0,
        message_id: MessageId { conversation: header.conversation, seq: header.seq }.to_string(),
        client_msg_id: ClientMsgId::from_slice(&header.key).ok().map(|id| id.to_string()),
        sender: header.sender.to_string(),
        sent_at: header.sent_at.0,
        kind: header.kind.name(),
        text,
        deduplicated: false,
        body_hmac: hex(&header.body_hmac),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
#[path = "log_tools_tests.rs"]
mod tests;
