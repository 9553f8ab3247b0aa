//! People who use the SDK.

use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use stonechat_client::account::Account;
use stonechat_client::client::{Client, ClientBuilder, DeviceInfo, StoreConfig};
use stonechat_client::driver::ports::StaticToken;
use stonechat_types::id::{DeviceId, UserId};

/// How long a test waits for anything before it fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A user id.
///
/// # Panics
/// When the name is none.
#[must_use]
pub fn user(name: &str) -> UserId {
    UserId::new(name).expect("a user id")
}

/// A device of a user with its store in a folder, not started.
///
/// # Errors
/// When the store cannot be opened.
pub async fn account(endpoint: &str, token: &str, name: &str, device: &str, folder: &Path) -> anyhow::Result<Account> {
    account_with(endpoint, token, name, device, folder, |builder| builder).await
}

/// The same, with more said to the builder.
///
/// # Errors
/// When the store cannot be opened.
pub async fn account_with(
    endpoint: &str,
    token: &str,
    name: &str,
    device: &str,
    folder: &Path,
    more: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> anyhow::Result<Account> {
    let builder = Client::builder()
        .endpoint(endpoint)
        .device(DeviceInfo::new(DeviceId::new(device)?))
        .store(StoreConfig::sqlite(folder))
        .token_provider(Arc::new(StaticToken::new(token)));
    Ok(more(builder).build()?.login(&user(name)).await?)
}

/// Waits until something holds; looks again every few milliseconds, since it depends on several streams.
///
/// # Errors
/// When it does not hold in time.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) -> anyhow::Result<()> {
    let looked = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looked).await.with_context(|| format!("in vain: {what}"))
}

/// The one database below a folder.
///
/// # Errors
/// When there is none.
pub fn database(folder: &Path) -> anyhow::Result<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "db" || extension == "sqlite") {
                return Ok(path);
            }
        }
    }
    anyhow::bail!("there is no database")
}
