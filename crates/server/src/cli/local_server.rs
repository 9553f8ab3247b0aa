//! A server whose data folder is on this machine: its address, and tokens by its key.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use stonechat_types::id::{AppName, DeviceId, UserId};
use stonechat_types::number::Timestamp;

use crate::data_folder::{DataFolder, DataFolderError, said_url};
use crate::identity::minter::{MintError, Minter, default_audience};
use crate::identity::signing_key::{SigningKey, SigningKeyError};

/// The folder that `make run` uses.
const DEMO_FOLDER: &str = ".stonechat";

/// How long a token of `--as` is valid. The client renews it by itself.
const TOKEN_LIFE: Duration = Duration::from_secs(3_600);

/// A data folder on this machine.
#[derive(Clone, Debug)]
pub struct LocalServer(DataFolder);

/// A token that is to be made.
#[derive(Clone, Debug)]
pub struct TokenOrder<'o> {
    /// The app.
    pub app: &'o AppName,
    /// The bearer.
    pub user: &'o UserId,
    /// The only device that may use it.
    pub device: Option<&'o DeviceId>,
    /// How long it is valid.
    pub life: Duration,
}

/// No server has said yet where it listens.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no server has run on {data} yet: start it, or say --server")]
pub struct NoAddress {
    /// The data folder.
    data: PathBuf,
}

/// Why a token could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LocalTokenError {
    /// There is no key.
    #[error("could not use the key of the server on this machine")]
    Key(#[source] SigningKeyError),
    /// The key does not sign.
    #[error("could not make a token")]
    Mint(#[source] MintError),
}

impl LocalServer {
    /// A folder: the one that was named, else `./.stonechat`, else the one that `serve` uses by itself.
    ///
    /// # Errors
    /// [`DataFolderError`] when it is not there or others can read its keys.
    pub fn find(given: Option<&Path>, variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, DataFolderError> {
        let path = match given {
            Some(given) => given.to_owned(),
            None => Self::usual_path(variable)?,
        };
        DataFolder::open(&path).map(Self)
    }

    /// Where the data of the server on this machine are looked for when nobody names a folder.
    ///
    /// # Errors
    /// [`DataFolderError::NoHome`].
    pub fn usual_path(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, DataFolderError> {
        if Path::new(DEMO_FOLDER).is_dir() {
            return Ok(PathBuf::from(DEMO_FOLDER));
        }
        DataFolder::default_path(variable)
    }

    /// Where the server listens: as it said when it was last started.
    ///
    /// # Errors
    /// [`NoAddress`]. Another address that is likely would be that of another server.
    pub fn url(&self) -> Result<String, NoAddress> {
        said_url(self.0.root()).ok_or_else(|| NoAddress { data: self.0.root().to_owned() })
    }

    /// What the server is known by wherever it listens: the public name of its key.
    ///
    /// # Errors
    /// [`LocalTokenError`].
    pub fn name(&self, app: &AppName) -> Result<String, LocalTokenError> {
        let key = SigningKey::open(&self.0, app).map_err(LocalTokenError::Key)?;
        Ok(format!("key {}", key.kid()))
    }

    /// A token of a user, for an hour. Only reads the key, and takes no lock.
    ///
    /// # Errors
    /// [`LocalTokenError`].
    pub fn mint(&self, app: &AppName, user: &UserId) -> Result<String, LocalTokenError> {
        self.mint_as(&TokenOrder { app, user, device: None, life: TOKEN_LIFE })
    }

    /// A token as it was ordered.
    ///
    /// # Errors
    /// [`LocalTokenError`].
    pub fn mint_as(&self, order: &TokenOrder<'_>) -> Result<String, LocalTokenError> {
        self.minter(order.app)?.mint(order.user, order.device, order.life)
    }

    /// What makes many tokens with one look at the key.
    ///
    /// # Errors
    /// [`LocalTokenError`].
    pub fn minter(&self, app: &AppName) -> Result<LocalMinter, LocalTokenError> {
        let key = SigningKey::open(&self.0, app).map_err(LocalTokenError::Key)?;
        Ok(LocalMinter(Minter::new(default_audience(app), key)))
    }
}

/// Makes tokens that are valid from now on.
#[derive(Clone, Debug)]
pub struct LocalMinter(Minter);

impl LocalMinter {
    /// A token of a user.
    ///
    /// # Errors
    /// [`LocalTokenError`].
    pub fn mint(&self, user: &UserId, device: Option<&DeviceId>, life: Duration) -> Result<String, LocalTokenError> {
        let now = now();
        let expires_at = now.plus_ms(i64::try_from(life.as_millis()).unwrap_or(i64::MAX));
        self.0.mint(user, device, now, expires_at).map_err(LocalTokenError::Mint)
    }
}

/// The time by this machine's clock.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    use crate::identity::entropy::SystemEntropy;

    fn server() -> (tempfile::TempDir, LocalServer) {
        let folder = tempfile::tempdir().unwrap();
        DataFolder::create(folder.path()).unwrap();
        let server = LocalServer::find(Some(folder.path()), |_| None).unwrap();
        (folder, server)
    }

    #[test]
    fn the_address_is_what_the_server_wrote_and_is_never_guessed() {
        let (folder, server) = server();
        let error = server.url().unwrap_err().to_string();
        assert_eq!(error, format!("no server has run on {} yet: start it, or say --server", folder.path().display()));
        fs::write(folder.path().join("address"), "http://127.0.0.1:9000\n").unwrap();
        assert_eq!(server.url().as_deref(), Ok("http://127.0.0.1:9000"));
    }

    #[test]
    fn a_token_needs_the_key_of_the_server() {
        let (_folder, server) = server();
        let (app, alice) = (AppName::new("default").unwrap(), UserId::new("alice").unwrap());
        assert!(matches!(server.mint(&app, &alice), Err(LocalTokenError::Key(_))));
        SigningKey::create_or_open(&server.0, &app, &SystemEntropy::default()).unwrap();
        let token = server.mint(&app, &alice).unwrap();
        let bearer = crate::cli::tokens::Bearer::of(&token).unwrap();
        assert_eq!((bearer.user, bearer.app), (alice, Some(app)));
    }
}
