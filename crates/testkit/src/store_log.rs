//! What `stonechat log` and `stonechat token` say of a data folder.

use crate::process::binary;
use anyhow::{Context as _, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// A stored event, as `log dump --json` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Entry {
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
    /// When the server took it, in milliseconds since 1970.
    pub sent_at: i64,
    /// What kind of event.
    pub kind: String,
    /// What a text says.
    pub text: Option<String>,
}

impl Entry {
    /// Whether it is a message.
    #[must_use]
    pub fn is_message(&self) -> bool {
        self.kind == "message"
    }
}

/// What `log verify --json` found.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Verdict {
    /// Whether nothing is wrong.
    pub clean: bool,
    /// Events.
    pub events: u64,
    /// Segments.
    pub segments: u64,
    /// What is wrong, in words.
    pub described: Vec<String>,
}

/// Every event of a data folder by conversation, each in the order in which the segments have them.
///
/// # Errors
/// When the program fails, or prints what is not of its contract.
pub fn dump(data: &Path) -> anyhow::Result<BTreeMap<String, Vec<Entry>>> {
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for entry in lines::<Entry>(&["log", "dump", "--json"], data)? {
        found.entry(entry.conversation.clone()).or_default().push(entry);
    }
    Ok(found)
}

/// Checks every record of a data folder.
///
/// # Errors
/// When the program fails, which it does when something is wrong.
pub fn verify(data: &Path) -> anyhow::Result<Verdict> {
    lines(&["log", "verify", "--json"], data)?.pop().context("it says something")
}

/// A token of a user of the server of a data folder.
///
/// # Errors
/// When the program fails.
pub fn mint(data: &Path, user: &str) -> anyhow::Result<String> {
    Ok(run(&["token", "mint", "--user", user], data)?.trim().to_owned())
}

fn lines<T: DeserializeOwned>(words: &[&str], data: &Path) -> anyhow::Result<Vec<T>> {
    run(words, data)?.lines().map(|line| serde_json::from_str(line).context("a line of JSON")).collect()
}

fn run(words: &[&str], data: &Path) -> anyhow::Result<String> {
    let output = Command::new(binary()).args(words).arg("--data").arg(data).output()?;
    let (out, error) = (String::from_utf8(output.stdout)?, String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{words:?} failed: {error} {out}");
    Ok(out)
}
