//! What tests saw, for `docs/features.md`: `cargo xtask check` compares it with what that page claims.

use std::path::Path;

/// Where an effect was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// On a device other than the one that did it.
    Second,
    /// On a device that was offline meanwhile.
    Offline,
    /// After a restart of the server or of the app.
    Restart,
}

impl Seen {
    /// Everywhere.
    pub const ALL: [Self; 3] = [Self::Second, Self::Offline, Self::Restart];

    fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Offline => "offline",
            Self::Restart => "restart",
        }
    }
}

/// Notes that a test saw an effect. Say it behind the assertion.
///
/// # Errors
/// Those of the file.
pub fn observed(key: &str, places: &[Seen]) -> std::io::Result<()> {
    // …/target/debug/deps/integration-0123
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(3).unwrap_or_else(|| Path::new("target"));
    let folder = target.join("observed");
    std::fs::create_dir_all(&folder)?;
    for place in places {
        std::fs::write(folder.join(format!("{key}.{}", place.name())), b"")?;
    }
    Ok(())
}
