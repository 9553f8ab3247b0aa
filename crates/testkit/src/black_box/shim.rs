//! A server's view of the world that a test can change while it runs: the time, and the room on the disk.

use anyhow::{Context as _, ensure};
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/shim/world.c");
/// Where the file says how far the clock is ahead, and whether the disk is full.
const CLOCK_AT: u64 = 0;
const FULL_AT: u64 = 8;

/// The library that is loaded before a server's own, and the file that it obeys.
pub struct Shim {
    library: PathBuf,
    world: PathBuf,
    file: File,
}

impl Shim {
    /// Compiles it into a folder. The clock is right and there is room.
    ///
    /// # Errors
    /// When there is no C compiler, or the folder cannot be written to.
    pub fn build(folder: &Path) -> anyhow::Result<Self> {
        let (library, world) = (folder.join("world.so"), folder.join("world"));
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O2", "-Wall", "-o"]).arg(&library).arg(SOURCE).arg("-ldl");
        let compiled = compiler.status().context("there is no C compiler called cc")?;
        ensure!(compiled.success(), "{SOURCE} does not compile");
        let file = File::create(&world)?;
        file.write_all_at(&[0; 16], CLOCK_AT)?;
        Ok(Self { library, world, file })
    }

    /// Makes a program see the world by it.
    pub fn wrap(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library).env("BLACK_BOX_WORLD", &self.world);
    }

    /// Puts the clock of every program that sees the world by it ahead of the true time; back when it is negative.
    ///
    /// # Errors
    /// What the system says.
    pub fn set_clock(&self, ahead_ms: i64) -> anyhow::Result<()> {
        Ok(self.file.write_all_at(&ahead_ms.to_ne_bytes(), CLOCK_AT)?)
    }

    /// From now on no file grows.
    ///
    /// # Errors
    /// What the system says.
    pub fn fill(&self) -> anyhow::Result<()> {
        Ok(self.file.write_all_at(&1i64.to_ne_bytes(), FULL_AT)?)
    }

    /// From now on files grow again.
    ///
    /// # Errors
    /// What the system says.
    pub fn free(&self) -> anyhow::Result<()> {
        Ok(self.file.write_all_at(&0i64.to_ne_bytes(), FULL_AT)?)
    }
}
