//! What the server is told, checked.

use crate::config::problem::{ConfigError, Problem};
use crate::identity::public_key::PublicKey;
use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use stonechat_domain::device::DevicePolicies;
use stonechat_domain::message::MessagePolicy;
use stonechat_net::admission::{AddressRange, Limits};
use stonechat_net::listener::Tls;
use stonechat_net::tls::Certificate;
use stonechat_types::id::AppName;
use stonechat_types::number::AppId;

/// Every setting of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The data folder, when one is named.
    pub data: Option<PathBuf>,
    /// Where to listen.
    pub listen: Listen,
    /// The apps, by their number. `default` is always there.
    pub apps: Vec<App>,
    /// Whether the first message to a user makes him.
    pub auto_create: bool,
    /// What may be done to messages.
    pub messages: MessagePolicy,
    /// Maxima over all listeners.
    pub limits: Limits,
    /// Who may read the metrics besides loopback.
    pub metrics_allow_from: Vec<AddressRange>,
    /// What is logged.
    pub log: Log,
    /// Sizes of the engine.
    pub store: Store,
    /// Whether the messenger is there.
    pub web: bool,
    /// Where it was built, when it is not that of the binary.
    pub web_folder: Option<PathBuf>,
    /// Whether people to try things with are made.
    pub demo: bool,
}

/// Where to listen, and how the bytes are protected on both listeners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// WebSocket and HTTP.
    pub http: SocketAddr,
    /// The native protocol alone.
    pub tcp: Option<SocketAddr>,
    /// The protection.
    pub protection: Protection,
}

/// How the bytes are protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Not at all: on loopback only.
    Off,
    /// By our own TLS.
    Own {
        /// The chain, leaf first, in PEM.
        certificate: PathBuf,
        /// The key of the leaf, in PEM.
        key: PathBuf,
    },
    /// By a proxy before us, at these addresses only.
    TerminatedByProxy(Vec<AddressRange>),
}

impl Protection {
    /// What the listeners need; reads the files.
    ///
    /// # Errors
    /// [`ConfigError`], which names the file.
    pub fn tls(&self) -> Result<Tls, ConfigError> {
        match self {
            Self::Off => Ok(Tls::Off),
            Self::TerminatedByProxy(proxies) => Ok(Tls::TerminatedByProxy(proxies.clone())),
            Self::Own { certificate, key } => {
                let own = Certificate::from_pem(&read(certificate)?, &read(key)?)
                    .and_then(|own| own.server_config())
                    .map_err(|error| {
                    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
                    let text = format!(
                        "listen.tls_certificate {} and listen.tls_key {}: {error}{}",
                        certificate.display(),
                        key.display(),
                        cause.unwrap_or_default()
                    );
                    ConfigError::Problems(vec![Problem { origin: None, text }])
                })?;
                Ok(Tls::Own(own))
            }
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ConfigError> {
    fs::read(path).map_err(|error| {
        let text = format!("could not read {} of listen.tls: {error}", path.display());
        ConfigError::Problems(vec![Problem { origin: None, text }])
    })
}

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// Its number in everything that is stored.
    pub id: AppId,
    /// Its name in tokens and addresses.
    pub name: AppName,
    /// For whom its tokens are.
    pub audience: String,
    /// Keys by which its own backend signs tokens, by `kid`.
    pub public_keys: BTreeMap<String, PublicKey>,
    /// How many devices of a class may be signed in.
    pub devices: DevicePolicies,
    /// The types of content that it declares, by their names.
    pub content_types: BTreeMap<String, DeclaredType>,
    /// Whether it wants no content of a type of its own that it does not declare.
    pub declared_content_only: bool,
}

/// A type of content that an app declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredType {
    /// The file of the JSON schema; any JSON without one.
    pub schema: Option<PathBuf>,
    /// What is shown where the content itself cannot be.
    pub fallback: String,
}

/// What is logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// A level, or several by module.
    pub level: String,
    /// For people or for collectors.
    pub format: LogFormat,
}

/// The form of a line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For collectors.
    Json,
}

/// Sizes of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Store {
    /// Of a segment.
    pub segment_bytes: u64,
    /// Of tail at which a checkpoint begins.
    pub checkpoint_bytes: u64,
    /// Of tail at which sends are slowed.
    pub tail_bytes_max: u64,
}
