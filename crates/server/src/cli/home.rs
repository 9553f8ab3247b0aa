//! The folder of the clients: profiles, and what each device knows.
//!
//! ```text
//! HOME/
//!   profiles/NAME.toml   who, where, and how to get a token
//!   store/               made by the SDK: a database for each server, app, user and device
//! ```

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Deserialize;
use stonechat_types::id::{AppName, UserId};
use stonechat_types::number::AppId;

use crate::cli::failure::Failure;

/// The folder of the clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHome(PathBuf);

/// What a profile says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The server.
    pub server: Option<String>,
    /// The user; the name of the profile when it is missing.
    user: Option<String>,
    /// The app; `default` when it is missing.
    app: Option<String>,
    /// The number of an app other than `default`.
    app_id: Option<u32>,
    /// A token.
    pub token: Option<String>,
    /// A command of a shell that prints a token.
    pub token_command: Option<String>,
    /// Certificates to trust.
    pub ca: Option<PathBuf>,
}

impl ClientHome {
    /// `--home`, else `STONECHAT_HOME`, else `$XDG_DATA_HOME/stonechat-client`, else `~/.local/share/stonechat-client`.
    ///
    /// # Errors
    /// When there is no home at all.
    pub fn find(given: Option<&Path>, variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, Failure> {
        if let Some(given) = given {
            return Ok(Self(given.to_owned()));
        }
        let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(home) = set("STONECHAT_HOME") {
            return Ok(Self(home));
        }
        let data = set("XDG_DATA_HOME").filter(|path| path.is_absolute());
        let data = data.or_else(|| set("HOME").map(|home| home.join(".local/share")));
        let data = data.ok_or_else(|| Failure::Usage("there is no home folder: name one with --home".into()))?;
        Ok(Self(data.join("stonechat-client")))
    }

    /// Where devices keep what they know.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.0.join("store")
    }

    /// Where a profile is.
    #[must_use]
    pub fn profile_path(&self, name: &UserId) -> PathBuf {
        self.0.join("profiles").join(format!("{name}.toml"))
    }

    /// A profile; `None` when there is none of this name.
    ///
    /// # Errors
    /// When it cannot be read, or says what a profile cannot say.
    pub fn profile(&self, name: &UserId) -> Result<Option<Profile>, Failure> {
        let path = self.profile_path(name);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(anyhow::Error::new(error).context(format!("could not read {}", path.display())).into());
            }
        };
        let profile: Profile =
            toml::from_str(&text).with_context(|| format!("the profile {} cannot be used", path.display()))?;
        profile.check().map_err(|text| Failure::failed(format!("the profile {}: {text}", path.display())))?;
        Ok(Some(profile))
    }
}

impl Profile {
    fn check(&self) -> Result<(), String> {
        if self.token.is_some() && self.token_command.is_some() {
            return Err("has a token and a token_command; it takes one of them".into());
        }
        if let Some(user) = &self.user {
            UserId::new(user).map_err(|error| format!("user {error}"))?;
        }
        if let Some(app) = &self.app {
            AppName::new(app).map_err(|error| format!("app {error}"))?;
        }
        Ok(())
    }

    /// The user, when it names one.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        self.user.as_deref().and_then(|user| UserId::new(user).ok())
    }

    /// The app, when it names one.
    #[must_use]
    pub fn app(&self) -> Option<AppName> {
        self.app.as_deref().and_then(|app| AppName::new(app).ok())
    }

    /// The number of the app, when it names one.
    #[must_use]
    pub fn app_id(&self) -> Option<AppId> {
        self.app_id.map(AppId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alice() -> UserId {
        UserId::new("alice").unwrap()
    }

    fn home_with(profile: &str) -> (tempfile::TempDir, ClientHome) {
        let folder = tempfile::tempdir().unwrap();
        let home = ClientHome::find(Some(folder.path()), |_| None).unwrap();
        fs::create_dir(folder.path().join("profiles")).unwrap();
        fs::write(home.profile_path(&alice()), profile).unwrap();
        (folder, home)
    }

    #[test]
    fn the_home_is_what_was_said_first() {
        let find = |given: Option<&str>, set: &[(&str, &str)]| {
            let home = ClientHome::find(given.map(Path::new), |name| {
                set.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into())
            });
            home.ok().map(|home| home.0.display().to_string())
        };
        let all = [("STONECHAT_HOME", "/s"), ("XDG_DATA_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(find(Some("/g"), &all).as_deref(), Some("/g"));
        assert_eq!(find(None, &all).as_deref(), Some("/s"));
        assert_eq!(find(None, &all[1..]).as_deref(), Some("/x/stonechat-client"));
        assert_eq!(find(None, &all[2..]).as_deref(), Some("/h/.local/share/stonechat-client"));
        assert_eq!(find(None, &[]), None);
    }

    #[test]
    fn a_profile_says_who_and_where() {
        let (_folder, home) =
            home_with("server = \"https://chat.example.com\"\nuser = \"a.b\"\ntoken_command = \"x\"\n");
        let profile = home.profile(&alice()).unwrap().unwrap();
        assert_eq!(profile.user(), UserId::new("a.b").ok());
        assert_eq!(profile.token_command.as_deref(), Some("x"));
        assert!(home.profile(&UserId::new("nobody").unwrap()).unwrap().is_none());
    }

    #[test]
    fn a_wrong_profile_is_named_with_what_is_wrong() {
        for wrong in ["server = 1", "sever = \"x\"", "user = \"a b\"", "token = \"a\"\ntoken_command = \"b\""] {
            let (_folder, home) = home_with(wrong);
            let Err(Failure::Failed(error)) = home.profile(&alice()) else { panic!("{wrong} was taken") };
            assert!(error.to_string().contains("alice.toml"), "{error}");
        }
    }
}
