//! The server that is killed, stopped, left without room and told another time.

use crate::black_box::room::Room;
use crate::black_box::shim::Shim;
use crate::process::{Process, Starting, free_port, serve};
use anyhow::{Context as _, ensure};
use std::fs::{File, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tokio::task::block_in_place;

/// How long a token is good for; longer than all that the clock is put forward.
const TOKENS: &str = "30d";

/// A server of the real binary, its folder and its disk.
pub struct Victim {
    /// The data folder.
    pub data: PathBuf,
    /// Where it listens.
    pub http: SocketAddr,
    /// Where it listens for bare frames.
    pub tcp: SocketAddr,
    /// How it sees the world.
    pub shim: Shim,
    /// Its disk.
    pub room: Room,
    config: PathBuf,
    log: File,
    process: Option<Process>,
    /// The shortest time from a start to `ready` so far.
    fastest: Duration,
}

impl Victim {
    /// Makes its folder, and starts it.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(folder: &Path, log: &Path, room: impl FnOnce(&Path) -> Room) -> anyhow::Result<Self> {
        let disk = folder.join("disk");
        std::fs::create_dir_all(&disk)?;
        let (http, tcp) = (free_port()?, free_port()?);
        let config = folder.join("stonechat.toml");
        let words = format!(
            "[listen]\nhttp = \"{http}\"\ntcp = \"{tcp}\"\n[log]\nlevel = \"info\"\n\
             [store]\nsegment_bytes = 4194304\ncheckpoint_bytes = 1048576\n"
        );
        std::fs::write(&config, words)?;
        let mut victim = Self {
            data: disk.join("data"),
            http,
            tcp,
            shim: Shim::build(folder)?,
            room: room(&disk),
            config,
            log: OpenOptions::new().create(true).append(true).open(log)?,
            process: None,
            fastest: Duration::MAX,
        };
        victim.serve()?;
        Ok(victim)
    }

    /// The command that starts it. The program may have to be built for it, which is no part of a start.
    fn command(&self) -> anyhow::Result<Command> {
        let mut command = serve(&self.data, &self.config);
        self.shim.wrap(&mut command);
        command.stderr(self.log.try_clone()?);
        Ok(command)
    }

    /// Starts it, and waits until it is ready.
    ///
    /// # Errors
    /// When it ends before; its log says why.
    pub fn serve(&mut self) -> anyhow::Result<()> {
        let mut command = block_in_place(|| self.command())?;
        let started = Instant::now();
        let process = block_in_place(|| Starting::run(&mut command)?.ready()).context("its log says why")?;
        self.fastest = self.fastest.min(started.elapsed());
        self.process = Some(process);
        Ok(())
    }

    /// SIGKILL.
    ///
    /// # Errors
    /// When it does not run, or ended by itself.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        let mut process = self.process.take().context("the server runs")?;
        ensure!(process.is_running()?, "the server ended by itself; its log says why");
        block_in_place(|| process.kill())
    }

    /// Starts it and kills it at a moment before it is ready, a share of the shortest start in thousandths. Whether it
    /// was not ready yet.
    ///
    /// # Errors
    /// When it ends by itself.
    pub async fn kill_early(&mut self, share: u64) -> anyhow::Result<bool> {
        let life = Duration::from_micros(u64::try_from(self.fastest.as_micros())? * share / 1_000);
        let starting = Starting::run(&mut self.command()?)?;
        tokio::time::sleep(life).await;
        let was_ready = block_in_place(|| starting.kill())?;
        if was_ready {
            self.fastest = self.fastest.min(life);
        }
        Ok(!was_ready)
    }

    /// Stops it where it stands, or lets it go on.
    ///
    /// # Errors
    /// When it does not run.
    pub fn signal(&self, name: &str) -> anyhow::Result<()> {
        let id = self.id()?.to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status()?;
        ensure!(sent.success(), "SIG{name} was refused");
        Ok(())
    }

    /// Its process id.
    ///
    /// # Errors
    /// When it does not run.
    pub fn id(&self) -> anyhow::Result<u32> {
        Ok(self.process.as_ref().context("the server runs")?.id())
    }

    /// Whether it has not ended by itself.
    ///
    /// # Errors
    /// When the operating system does not know.
    pub fn is_running(&mut self) -> anyhow::Result<bool> {
        self.process.as_mut().map_or(Ok(false), Process::is_running)
    }

    /// A token of a user.
    ///
    /// # Errors
    /// When the program fails.
    pub fn mint(&self, user: &str) -> anyhow::Result<String> {
        let mut command = Command::new(crate::process::binary());
        command.args(["token", "mint", "--user", user, "--expires", TOKENS, "--data"]).arg(&self.data);
        let output = command.stderr(Stdio::inherit()).output()?;
        ensure!(output.status.success(), "no token for {user}");
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}
