//! What devices hold, as another program reads it from their SQLite.

use crate::people::database;
use crate::store_log::Entry;
use anyhow::Context as _;
use prost::Message as _;
use rusqlite::Connection;
use std::path::Path;
use stonechat_types::id::ClientMsgId;
use stonechat_wire::v1::TextBody;

/// A message of the table `messages`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where.
    pub conversation: String,
    /// Its place.
    pub seq: u64,
    /// Its place among the messages.
    pub ordinal: u64,
    /// The sender's own id of it.
    pub client_msg_id: Option<String>,
    /// Who.
    pub sender: String,
    /// What it says.
    pub text: String,
}

impl Row {
    /// What a device should hold of a stored message.
    #[must_use]
    pub fn of(entry: &Entry) -> Self {
        Self {
            conversation: entry.conversation.clone(),
            seq: entry.seq,
            ordinal: entry.ordinal,
            client_msg_id: entry.client_msg_id.clone(),
            sender: entry.sender.clone(),
            text: entry.text.clone().unwrap_or_default(),
        }
    }
}

/// The messages of the one store below a folder, by conversation and seq.
///
/// # Errors
/// When the store cannot be read.
pub fn messages(folder: &Path) -> anyhow::Result<Vec<Row>> {
    let store = Connection::open(database(folder)?)?;
    let sql = "SELECT conversation_id, seq, ordinal, client_msg_id, sender, body FROM messages \
               ORDER BY conversation_id, seq";
    let mut found = Vec::new();
    let mut statement = store.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = row.get::<_, Option<Vec<u8>>>(3)?.map(|id| ClientMsgId::from_slice(&id)).transpose()?;
        found.push(Row {
            conversation: row.get(0)?,
            seq: row.get::<_, i64>(1)?.try_into()?,
            ordinal: row.get::<_, i64>(2)?.try_into()?,
            client_msg_id: id.map(|id| id.to_string()),
            sender: row.get(4)?,
            text: text(row.get(5)?)?,
        });
    }
    Ok(found)
}

/// How many messages the one store below a folder holds.
///
/// # Errors
/// When the store cannot be read.
pub fn count(folder: &Path) -> anyhow::Result<usize> {
    let store = Connection::open(database(folder)?)?;
    let count = store.query_row("SELECT count(*) FROM messages", [], |row| row.get::<_, i64>(0))?;
    Ok(count.try_into()?)
}

/// The texts in the outbox of the one store below a folder, in their order.
///
/// # Errors
/// When the store cannot be read.
pub fn outbox(folder: &Path) -> anyhow::Result<Vec<String>> {
    let store = Connection::open(database(folder)?)?;
    let mut statement = store.prepare("SELECT body FROM outbox ORDER BY number")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(text(row.get(0)?)?);
    }
    Ok(found)
}

/// A copy of the one store below a folder as a killed process left it, for reading: to open the store itself would
/// recover it, which is for its owner to do. `None` when the process was killed before it made one.
///
/// # Errors
/// When it cannot be copied.
pub fn copy(folder: &Path) -> anyhow::Result<Option<tempfile::TempDir>> {
    let Ok(database) = database(folder) else { return Ok(None) };
    let copy = tempfile::tempdir()?;
    let name = database.file_name().context("a name")?.to_string_lossy().into_owned();
    for file in [name.clone(), format!("{name}-wal")] {
        let from = database.with_file_name(&file);
        if from.exists() {
            std::fs::copy(from, copy.path().join(file))?;
        }
    }
    Ok(Some(copy))
}

fn text(body: Vec<u8>) -> anyhow::Result<String> {
    Ok(TextBody::decode(body.as_slice())?.text)
}
