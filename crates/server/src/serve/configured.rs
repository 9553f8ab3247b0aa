//! From the configuration to what the composition takes.

use super::compose::{AppSettings, Settings};
use crate::config::problem::ConfigError;
use crate::config::settings::Settings as Configured;
use crate::content::AppContent;
use crate::serve::web::Web;
use std::path::PathBuf;
use std::sync::Arc;
use stonechat_log_segment::config::Config as StoreConfig;
use stonechat_net::listener::Listen;
use stonechat_net::server::NetConfig;

/// The settings of a server, with its data in `data` when the configuration names no folder.
///
/// # Errors
/// When the certificate or a schema cannot be used.
pub fn settings(configured: &Configured, data: PathBuf) -> Result<Settings, ConfigError> {
    let tls = configured.listen.protection.tls()?;
    let mut settings = Settings::on_loopback(configured.data.clone().unwrap_or(data), 0);
    settings.http = Listen { addr: configured.listen.http, tls: tls.clone() };
    settings.tcp = configured.listen.tcp.map(|addr| Listen { addr, tls });
    settings.apps = configured
        .apps
        .iter()
        .map(|app| {
            Ok(AppSettings {
                id: app.id,
                name: app.name.clone(),
                audience: Some(app.audience.clone()),
                public_keys: app.public_keys.clone(),
                devices: app.devices,
                content: Arc::new(AppContent::read(app)?),
            })
        })
        .collect::<Result<_, ConfigError>>()?;
    settings.auto_create = configured.auto_create;
    settings.messages = configured.messages;
    settings.net = NetConfig { limits: configured.limits, ..NetConfig::default() };
    settings.store = StoreConfig {
        segment_bytes: configured.store.segment_bytes,
        checkpoint_bytes: configured.store.checkpoint_bytes,
        tail_bytes_max: configured.store.tail_bytes_max,
        ..StoreConfig::default()
    };
    let allowed = configured.metrics_allow_from.clone();
    settings.metrics_allowed = Arc::new(move |address| allowed.iter().any(|range| range.contains(address)));
    settings.web = match (&configured.web_folder, configured.web) {
        (_, false) => Web::Off,
        (None, true) => Web::Embedded,
        (Some(folder), true) => Web::Folder(folder.clone()),
    };
    settings.demo = configured.demo;
    Ok(settings)
}
