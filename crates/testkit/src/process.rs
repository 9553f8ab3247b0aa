//! The real binary, as a process that can be killed.

use anyhow::{Context as _, bail};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
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
        let profile = test.ancestors().nth(2).expect("the test is in target/PROFILE/deps").to_owned();
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

/// A server process. Killed when it is dropped.
pub struct Process {
    child: Child,
    /// Where HTTP and WebSockets are.
    pub url: String,
}

impl Process {
    /// Starts `stonechat serve` on a folder and waits until it says that it is ready.
    ///
    /// # Errors
    /// When it ends before.
    pub fn serve(data: &Path, config: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(binary())
            .arg("serve")
            .arg("--data")
            .arg(data)
            .arg("--config")
            .arg(config)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("could not start the server")?;
        let mut line = String::new();
        let out = child.stdout.take().context("the server has no output")?;
        BufReader::new(out).read_line(&mut line)?;
        match line.strip_prefix("ready ") {
            Some(url) => Ok(Self { url: url.trim().to_owned(), child }),
            None => {
                let output = child.wait_with_output()?;
                bail!("the server did not start: {}", String::from_utf8_lossy(&output.stderr))
            }
        }
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL, and waits until the process is gone.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone = self.kill();
    }
}

/// A free port of loopback. Somebody may take it before it is used; a test that fails to bind starts again.
///
/// # Errors
/// When there is none.
pub fn free_port() -> anyhow::Result<SocketAddr> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
