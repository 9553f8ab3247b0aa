//! The real binary, as a process that can be killed.

use anyhow::{Context as _, bail, ensure};
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

/// The program `stonechat` of this build; built now if it is not up to date.
///
/// # Panics
/// When it does not build.
#[must_use]
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(given) = std::env::var_os("TESTKIT_BIN") {
            return given.into();
        }
        let test = std::env::current_exe().expect("the test has a path");
        let mut folders = test.ancestors().skip(1).skip_while(|folder| folder.ends_with("deps"));
        let profile = folders.next().expect("a program is in target/PROFILE, a test in target/PROFILE/deps").to_owned();
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--locked", "--package", "stonechat-server", "--bin", "stonechat"]);
        if profile.ends_with("release") {
            build.arg("--release");
        }
        let built = build.current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("cargo runs");
        assert!(built.success(), "stonechat does not build");
        profile.join("stonechat")
    })
}

/// What the program says of itself, for reports.
///
/// # Errors
/// When it does not run.
pub fn version() -> anyhow::Result<String> {
    let said = Command::new(binary()).arg("--version").output().context("the server does not run")?;
    ensure!(said.status.success(), "the server does not say its version");
    Ok(String::from_utf8_lossy(&said.stdout).trim().to_owned())
}

/// The command that serves a folder.
#[must_use]
pub fn serve(data: &Path, config: &Path) -> Command {
    let mut command = Command::new(binary());
    command.arg("serve").arg("--data").arg(data).arg("--config").arg(config);
    command
}

/// A child process. Killed when it is dropped.
struct Held(Child);

impl Held {
    fn kill(&mut self) -> anyhow::Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _gone = self.kill();
    }
}

/// A server process that has yet to say that it is ready. Killed when it is dropped.
pub struct Starting {
    child: Held,
    out: BufReader<ChildStdout>,
}

impl Starting {
    /// Starts `stonechat serve` on a folder.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(data: &Path, config: &Path) -> anyhow::Result<Self> {
        Self::run(serve(data, config).stderr(Stdio::piped()))
    }

    /// The same, with a command of [`serve`] that more was said to.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(command: &mut Command) -> anyhow::Result<Self> {
        let child = command.stdout(Stdio::piped()).spawn();
        let mut child = child.context("could not start the server")?;
        let out = child.stdout.take().context("the server has no output")?;
        Ok(Self { child: Held(child), out: BufReader::new(out) })
    }

    /// Waits until it says that it is ready.
    ///
    /// # Errors
    /// When it ends before.
    pub fn ready(mut self) -> anyhow::Result<Process> {
        let mut line = String::new();
        self.out.read_line(&mut line)?;
        if let Some(url) = line.strip_prefix("ready ") {
            return Ok(Process { url: url.trim().to_owned(), child: self.child });
        }
        let mut error = String::new();
        if let Some(mut stderr) = self.child.0.stderr.take() {
            stderr.read_to_string(&mut error)?;
        }
        bail!("the server did not start: {error}")
    }

    /// SIGKILL, and waits until the process is gone. Whether it had said before that it is ready.
    ///
    /// # Errors
    /// When the operating system refuses, or the server had ended by itself.
    pub fn kill(mut self) -> anyhow::Result<bool> {
        let ended = self.child.0.try_wait()?;
        ensure!(ended.is_none(), "the server ended while it started: {ended:?}");
        self.child.kill()?;
        let mut said = String::new();
        self.out.read_to_string(&mut said)?;
        Ok(said.starts_with("ready "))
    }
}

/// A server process. Killed when it is dropped.
pub struct Process {
    child: Held,
    /// Where HTTP and WebSockets are.
    pub url: String,
}

impl Process {
    /// Starts `stonechat serve` on a folder and waits until it says that it is ready.
    ///
    /// # Errors
    /// When it ends before.
    pub fn serve(data: &Path, config: &Path) -> anyhow::Result<Self> {
        Starting::spawn(data, config)?.ready()
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.0.id()
    }

    /// Whether it has not ended.
    ///
    /// # Errors
    /// When the operating system does not know.
    pub fn is_running(&mut self) -> anyhow::Result<bool> {
        Ok(self.child.0.try_wait()?.is_none())
    }

    /// SIGKILL, and waits until the process is gone.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()
    }
}

/// A free port of loopback. Somebody may take it before it is used; a test that fails to bind starts again.
///
/// # Errors
/// When there is none.
pub fn free_port() -> anyhow::Result<SocketAddr> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
