//! The configuration file.
//!
//! What is accepted is safe (no plain listener but on loopback), within its bounds, and is the same configuration when
//! it is written down as `config show` shows it. What is refused says why, line by line.

use std::collections::BTreeSet;
use std::path::Path;
use stonechat_server::config::loading::{Entry, Loaded, load_content};
use stonechat_server::config::problem::ConfigError;
use stonechat_server::config::settings::{Protection, Settings};
use stonechat_server::identity::public_key::PublicKey;
use stonechat_types::number::AppId;

/// Reads the bytes as the configuration of a server.
pub fn run(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(key) = PublicKey::parse(text)
    {
        assert_eq!(key.fingerprint().len(), 16);
    }
    match load(bytes) {
        Ok(loaded) => {
            is_safe(&loaded.settings);
            let again = match load(written(&loaded.entries).as_bytes()) {
                Ok(again) => again,
                Err(error) => panic!("what is shown cannot be read: {error}"),
            };
            assert_eq!(again.settings, loaded.settings, "what is shown is another configuration");
        }
        Err(ConfigError::NotToml(problem)) => {
            assert!(problem.origin.as_ref().is_some_and(|origin| origin.contains(':')) && !problem.text.is_empty());
            assert!(!problem.to_string().contains('\n'), "a problem is a line");
        }
        Err(ConfigError::Problems(problems)) => {
            assert!(!problems.is_empty());
            assert!(problems.iter().all(|problem| !problem.text.is_empty()));
        }
        Err(ConfigError::Unreadable { .. }) => panic!("no file was read"),
    }
}

fn load(bytes: &[u8]) -> Result<Loaded, ConfigError> {
    load_content(Path::new("stonechat.toml"), bytes)
}

fn is_safe(settings: &Settings) {
    let listen = &settings.listen;
    for address in [Some(listen.http), listen.tcp].into_iter().flatten() {
        let on_loopback = address.ip().to_canonical().is_loopback();
        assert!(on_loopback || listen.protection != Protection::Off, "{address} is open to others and plain");
    }
    if let Protection::TerminatedByProxy(proxies) = &listen.protection {
        assert!(!proxies.is_empty(), "everybody would be a proxy");
    }
    assert!(listen.tcp.is_none_or(|tcp| tcp != listen.http || tcp.port() == 0));
    let ids: BTreeSet<_> = settings.apps.iter().map(|app| app.id).collect();
    let audiences: BTreeSet<_> = settings.apps.iter().map(|app| &app.audience).collect();
    assert!(ids.len() == settings.apps.len() && audiences.len() == settings.apps.len(), "two apps are one");
    assert!(settings.apps.iter().any(|app| app.id == AppId::DEFAULT && app.name.as_str() == "default"));
    assert!(settings.limits.connections_max >= 1 && settings.limits.accepts_per_second_max >= 1);
    assert!(settings.store.checkpoint_bytes <= settings.store.tail_bytes_max);
}

/// The entries that somebody set, as a file.
fn written(entries: &[Entry]) -> String {
    let set = entries.iter().filter(|entry| entry.origin != "default");
    set.map(|entry| format!("{} = {}\n", entry.key, entry.value)).collect()
}
