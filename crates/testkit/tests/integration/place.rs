//! Where the real binary serves, and its clients live.

use anyhow::ensure;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use stonechat_testkit::process::{Process, binary, free_port};
use tempfile::TempDir;

/// A server of the real binary, and a home for its clients.
pub struct Place {
    folder: TempDir,
    config: PathBuf,
}

impl Place {
    pub fn new() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let config = folder.path().join("stonechat.toml");
        std::fs::write(&config, format!("[listen]\nhttp = \"{}\"\n[log]\nlevel = \"warn\"\n", free_port()?))?;
        Ok(Self { folder, config })
    }

    /// Everything of it is below this folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the clients keep what they know.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn serve(&self) -> anyhow::Result<Process> {
        Process::serve(&self.data(), &self.config)
    }

    /// A client command of a user, at an address.
    pub fn client(&self, url: &str, user: &str, words: &[&str]) -> anyhow::Result<Output> {
        Ok(self.command(url, user, words)?.output()?)
    }

    pub fn command(&self, url: &str, user: &str, words: &[&str]) -> anyhow::Result<Command> {
        Ok(self.command_with(url, &self.mint(user)?, words))
    }

    /// A client command with a token that was minted before.
    pub fn command_with(&self, url: &str, token: &str, words: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(words).env("STONECHAT_HOME", self.home());
        command.env("STONECHAT_URL", url).env("STONECHAT_TOKEN", token).stdin(Stdio::null());
        command
    }

    pub fn mint(&self, user: &str) -> anyhow::Result<String> {
        let output =
            Command::new(binary()).args(["token", "mint", "--user", user, "--data"]).arg(self.data()).output()?;
        ensure!(output.status.success(), "{}", err(&output));
        let token = String::from_utf8(output.stdout)?;
        ensure!(token.lines().count() == 1, "the token alone is on standard output");
        Ok(token.trim().to_owned())
    }
}

pub fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn lines(output: &Output) -> anyhow::Result<Vec<Value>> {
    String::from_utf8_lossy(&output.stdout).lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}
