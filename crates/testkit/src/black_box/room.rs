//! The disk of a server, which can be full. A small file system in memory where the system lets us mount one; else the
//! server is made to believe it.

use crate::black_box::shim::Shim;
use anyhow::{Context as _, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Room of a file system in memory while it is not full.
const ROOM: &str = "size=4g,mode=700";
/// Tries to leave no room, while the server still takes of it.
const TRIES: usize = 50;

/// The disk below a folder.
pub enum Room {
    /// A file system of its own.
    Mounted(PathBuf),
    /// That of the folder; the shim says when it is full.
    Pretended,
}

impl Room {
    /// Makes room in a folder.
    #[must_use]
    pub fn mount(folder: &Path) -> Self {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", ROOM, "tmpfs"]).arg(folder).stderr(Stdio::null());
        let mounted = command.status().is_ok_and(|status| status.success());
        if mounted { Self::Mounted(folder.to_owned()) } else { Self::Pretended }
    }

    /// What makes it full.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Mounted(_) => "tmpfs",
            Self::Pretended => "shim",
        }
    }

    /// Leaves no room.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn fill(&self, shim: &Shim) -> anyhow::Result<()> {
        let Self::Mounted(at) = self else { return shim.fill() };
        for _ in 0..TRIES {
            let output = Command::new("df").args(["-B1", "--output=used"]).arg(at).output()?;
            let text = String::from_utf8(output.stdout)?;
            let used: u64 = text.lines().last().context("df says a number")?.trim().parse()?;
            if remount(at, &format!("size={used}"))? {
                return Ok(());
            }
        }
        anyhow::bail!("the file system cannot be made as small as what it holds")
    }

    /// Makes room again.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn free(&self, shim: &Shim) -> anyhow::Result<()> {
        let Self::Mounted(at) = self else { return shim.free() };
        ensure!(remount(at, ROOM)?, "the file system cannot be made larger");
        Ok(())
    }
}

fn remount(at: &Path, options: &str) -> anyhow::Result<bool> {
    let mut command = Command::new("mount");
    command.args(["-o", &format!("remount,{options}")]).arg(at).stderr(Stdio::null());
    Ok(command.status()?.success())
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Self::Mounted(at) = self {
            // Lazily: it goes when the last file on it is closed.
            let _gone = Command::new("umount").arg("-l").arg(at).status();
        }
    }
}
