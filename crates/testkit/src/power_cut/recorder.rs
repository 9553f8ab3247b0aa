//! The real binary under the shim.

use crate::power_cut::trace::{self, Recorded};
use crate::process::binary;
use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

/// How long a server may take until it says that it is ready, whatever it finds.
pub const READY_MAX: Duration = Duration::from_secs(60);
/// How long it may take to end when it is told to.
const END_MAX: Duration = Duration::from_secs(60);
/// Below those that the system gives to connections.
const QUIET_PORTS: Range<u16> = 10_000..32_000;
/// The shim, as it is compiled.
const SOURCE: &str = include_str!("../../shim/record.c");
/// Bytes of the smallest segments and checkpoints that a configuration may ask for.
const SEGMENT_BYTES: u64 = 4 * 1024 * 1024;
const CHECKPOINT_BYTES: u64 = 1024 * 1024;

/// The compiled shim.
#[derive(Clone, Debug)]
pub struct Shim(PathBuf);

impl Shim {
    /// Compiles it into a folder.
    ///
    /// # Errors
    /// When there is no compiler, or it says no.
    pub fn build(folder: &Path) -> anyhow::Result<Self> {
        let (source, library) = (folder.join("record.c"), folder.join("record.so"));
        std::fs::write(&source, SOURCE)?;
        let mut compile = Command::new("cc");
        compile.args(["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&library).arg(&source);
        let output = compile.output().context("a C compiler is needed: `cc`")?;
        ensure!(output.status.success(), "the shim does not compile: {}", String::from_utf8_lossy(&output.stderr));
        Ok(Self(library))
    }
}

/// What a sync does in the recorded server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syncs {
    /// What it promises.
    Real,
    /// Nothing, and says that it did: as a build that has none.
    Ignored,
}

/// A folder, and a trace of everything that changes it.
#[derive(Clone, Debug)]
pub struct Recorder {
    shim: Shim,
    syncs: Syncs,
    /// What is recorded.
    folder: PathBuf,
    trace: PathBuf,
    kill: PathBuf,
}

impl Recorder {
    /// Records what happens to `folder`, which must be there; the trace lies beside it.
    ///
    /// # Errors
    /// When the folder is not there.
    pub fn new(shim: &Shim, folder: &Path, syncs: Syncs) -> anyhow::Result<Self> {
        // The shim compares with what the kernel says.
        let folder = folder.canonicalize()?;
        let (trace, kill) = (folder.with_extension("trace"), folder.with_extension("kill"));
        std::fs::File::create(&trace)?;
        Ok(Self { shim: shim.clone(), syncs, folder, trace, kill })
    }

    /// Bytes of the trace so far. What is acknowledged by now stands before that place.
    ///
    /// # Errors
    /// When there is no trace.
    pub fn position(&self) -> anyhow::Result<u64> {
        Ok(std::fs::metadata(&self.trace)?.len())
    }

    /// Everything so far.
    ///
    /// # Errors
    /// When something happened that is not recorded, or the trace is torn.
    pub fn steps(&self) -> anyhow::Result<Vec<Recorded>> {
        trace::read(Bytes::from(std::fs::read(&self.trace)?))
    }

    /// Starts the server under the shim and waits until it is ready.
    ///
    /// # Errors
    /// When it ends before, or is not ready within [`READY_MAX`].
    pub async fn start(&self, place: &Place) -> anyhow::Result<Server> {
        let mut command = place.command();
        command.env("LD_PRELOAD", &self.shim.0).env("RECORD_FOLDER", &self.folder).env("RECORD_TRACE", &self.trace);
        command.env("RECORD_KILL", &self.kill);
        if self.syncs == Syncs::Ignored {
            command.env("RECORD_SYNCS", "ignored");
        }
        start(command).await
    }

    /// Kills the server at the end of its next record, so that trace and folder say the same.
    ///
    /// # Errors
    /// When it does not end, because it writes nothing any more.
    pub async fn kill(&self, server: Server) -> anyhow::Result<()> {
        std::fs::write(&self.kill, "")?;
        let ended = tokio::task::spawn_blocking(move || server.ended()).await;
        std::fs::remove_file(&self.kill)?;
        ended?
    }
}

/// Where a server has its data, its configuration and its ports.
#[derive(Clone, Debug)]
pub struct Place {
    /// The data folder.
    pub data: PathBuf,
    /// Where the native protocol on TCP is.
    pub tcp: SocketAddr,
    config: PathBuf,
}

impl Place {
    /// A server with the data in `data`, on free ports, with small segments and checkpoints. Its configuration is
    /// written to `config`.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(data: &Path, config: &Path) -> anyhow::Result<Self> {
        let tcp = quiet_port()?;
        let mut words = format!(
            "[listen]\nhttp = \"127.0.0.1:0\"\ntcp = \"{tcp}\"\n[log]\nlevel = \"warn,stonechat_server=info\"\n"
        );
        write!(words, "[store]\nsegment_bytes = {SEGMENT_BYTES}\ncheckpoint_bytes = {CHECKPOINT_BYTES}\n")?;
        std::fs::write(config, words)?;
        Ok(Self { data: data.to_owned(), tcp, config: config.to_owned() })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(binary());
        command.arg("serve").arg("--data").arg(&self.data).arg("--config").arg(&self.config);
        command
    }

    /// Starts the server without the shim and waits until it is ready.
    ///
    /// # Errors
    /// When it ends before, or is not ready within [`READY_MAX`].
    pub async fn start(&self) -> anyhow::Result<Server> {
        start(self.command()).await
    }
}

/// A free port of loopback that no connection is given by itself, since a server comes back to it after a kill.
fn quiet_port() -> anyhow::Result<SocketAddr> {
    static TRIED: AtomicU32 = AtomicU32::new(0);
    for _ in QUIET_PORTS {
        // Several of us may run at once.
        let number = std::process::id().wrapping_mul(131).wrapping_add(TRIED.fetch_add(1, Ordering::Relaxed));
        let port = QUIET_PORTS.start + (number % QUIET_PORTS.len() as u32) as u16;
        let addr = SocketAddr::from(([127, 0, 0, 1], port));
        if std::net::TcpListener::bind(addr).is_ok() {
            return Ok(addr);
        }
    }
    bail!("no port is free")
}

async fn start(command: Command) -> anyhow::Result<Server> {
    tokio::task::spawn_blocking(move || Server::start(command)).await?
}

/// A server that said that it is ready. Killed when it is dropped.
pub struct Server {
    child: Child,
    stderr: Receiver<String>,
    /// How long it took until it was ready.
    pub ready_after: Duration,
}

impl Server {
    fn start(mut command: Command) -> anyhow::Result<Self> {
        let begun = Instant::now();
        let spawned = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.context("could not start the server")?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let (out, mut err) = (out.context("it has no output")?, err.context("it has no errors")?);
        let (said, ready) = sync_channel(1);
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(out).read_line(&mut line);
            let _gone = said.send(read.map(|_| line));
        });
        let (complained, stderr) = sync_channel(1);
        std::thread::spawn(move || {
            let mut text = String::new();
            let _partly = err.read_to_string(&mut text);
            let _gone = complained.send(text);
        });
        let mut server = Self { child, stderr, ready_after: Duration::ZERO };
        let line = ready.recv_timeout(READY_MAX).context("it is not ready in time")??;
        server.ready_after = begun.elapsed();
        if line.starts_with("ready ") {
            return Ok(server);
        }
        bail!("it does not start: {}", server.stderr.recv_timeout(END_MAX).unwrap_or_default().trim());
    }

    /// SIGKILL, and waits until it is gone; what it had said on its error output.
    ///
    /// # Errors
    /// When it had ended by itself.
    pub fn kill(mut self) -> anyhow::Result<String> {
        if let Some(status) = self.child.try_wait()? {
            bail!("it ended by itself with {status}: {}", self.said()?.trim());
        }
        self.child.kill()?;
        self.child.wait()?;
        self.said()
    }

    /// Waits until it is gone, and with it the other end of its error output.
    fn ended(mut self) -> anyhow::Result<()> {
        self.said()?;
        self.child.wait()?;
        Ok(())
    }

    fn said(&self) -> anyhow::Result<String> {
        self.stderr.recv_timeout(END_MAX).context("it did not end")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}
