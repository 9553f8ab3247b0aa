//! Who signs in where: from options, environment, profiles, and the server on this machine.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::FutureExt as _;
use stonechat_client::account::Account;
use stonechat_client::client::{Client, DeviceInfo, Platform, StoreConfig};
use stonechat_client::driver::ports::TokenProvider;
use stonechat_client::error::Error;
use stonechat_client::state::ConnectionState;
use stonechat_types::id::{AppName, DeviceId, UserId};
use stonechat_types::number::AppId;
use tokio::time::Instant;

use crate::cli::absence::Absence;
use crate::cli::args::ClientArgs;
use crate::cli::context::Context;
use crate::cli::failure::{self, Failure};
use crate::cli::home::{ClientHome, Profile};
use crate::cli::local_server::LocalServer;
use crate::cli::tokens::{self, Bearer, CommandTokens, LocalTokens};
use crate::data_folder::DataFolderError;

/// How long a command that needs the server waits for it.
pub const ONLINE_TIMEOUT: Duration = Duration::from_secs(15);

/// Where a server listens unless it is told otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// The device of `send`, and of every command that comes and goes.
pub const DEVICE_SEND: &str = "cli-send";
/// The device of `tail`.
pub const DEVICE_TAIL: &str = "cli-tail";
/// The device of `chat`.
pub const DEVICE_CHAT: &str = "cli-chat";

/// A person at a server.
pub struct Who {
    /// Where.
    pub server: String,
    /// Who.
    pub user: UserId,
    app: AppName,
    app_id: Option<AppId>,
    tokens: Arc<dyn TokenProvider>,
    ca: Option<PathBuf>,
    store: StoreConfig,
}

/// Whether the events of a device are kept until somebody has taken them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recording {
    /// For `tail`.
    Events,
    /// For all others.
    Nothing,
}

impl Who {
    /// Finds out who and where. What was typed is stronger than a profile, and that than the environment.
    ///
    /// # Errors
    /// A usage error that says what is missing.
    pub fn find(args: &ClientArgs, variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, Failure> {
        let set =
            |name: &str| variable(name).and_then(|value| value.into_string().ok()).filter(|text| !text.is_empty());
        let home = ClientHome::find(args.home.as_deref(), &variable)?;
        let profile = match &args.profile {
            Some(name) => home.profile(name)?,
            None => None,
        };
        let local = || LocalServer::find(args.data.as_deref(), &variable);
        let token = match (&args.token, &args.profile) {
            (Some(token), _) => Some(token.clone()),
            (None, Some(_)) => None,
            (None, None) => set("STONECHAT_TOKEN"),
        };
        let server = args.server.clone().or_else(|| profile.as_ref().and_then(|profile| profile.server.clone()));
        let server = server.or_else(|| set("STONECHAT_URL"));
        let profile_app = args.app.clone().or_else(|| profile.as_ref().and_then(Profile::app));
        let app_id = profile.as_ref().and_then(Profile::app_id);
        let ca = args.ca.clone().or_else(|| profile.as_ref().and_then(|profile| profile.ca.clone()));

        if let Some(token) = token {
            let bearer = Bearer::of(&token)?;
            let app = profile_app.or(bearer.app).map_or_else(default_app, Ok)?;
            let server = server.map_or_else(|| address(local(), args.data.as_deref()), Ok)?;
            let store = StoreConfig::sqlite(home.store());
            return Ok(Self { server, user: bearer.user, app, app_id, tokens: tokens::given(&token), ca, store });
        }
        let Some(name) = &args.profile else {
            return Err(Failure::Usage(
                "who are you? Say --as NAME, or give a token by --token or STONECHAT_TOKEN".into(),
            ));
        };
        let app = profile_app.map_or_else(default_app, Ok)?;
        let user = profile.as_ref().and_then(Profile::user).unwrap_or_else(|| name.clone());
        let mut store = StoreConfig::sqlite(home.store());
        let tokens: Arc<dyn TokenProvider> = match profile.as_ref() {
            Some(Profile { token: Some(token), .. }) => tokens::given(token),
            Some(Profile { token_command: Some(command), .. }) => Arc::new(CommandTokens::new(command)),
            Some(_) | None => {
                let path = home.profile_path(name);
                let local = local().with_context(|| match profile {
                    Some(_) => format!(
                        "the profile {} has no token and no token_command, and there is no server on this machine",
                        path.display()
                    ),
                    None => format!("there is no profile {}, and no server on this machine", path.display()),
                })?;
                if server.is_none() {
                    // Its port may be another one at the next start; what waits on this device is for it all the same.
                    store = store.of_server(local.name(&app).map_err(anyhow::Error::from)?);
                }
                let tokens = LocalTokens::new(local, app.clone());
                tokens.check(&user)?;
                Arc::new(tokens)
            }
        };
        let server = server.map_or_else(|| address(local(), args.data.as_deref()), Ok)?;
        Ok(Self { server, user, app, app_id, tokens, ca, store })
    }

    /// Opens the store of a device: the one that was named, or the default one. Waits up to 5 s for another process
    /// that has it open.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn open(&self, args: &ClientArgs, device: &str, recording: Recording) -> Result<Account, Failure> {
        let device = match &args.device {
            Some(device) => device.clone(),
            None => DeviceId::new(device).context("the name of the device")?,
        };
        let mut builder = Client::builder()
            .endpoint(&self.server)
            .app(self.app.clone())
            .store(self.store.clone())
            .device(DeviceInfo::new(device).on(Platform::Desktop))
            .token_provider(self.tokens.clone())
            .record_events(recording == Recording::Events);
        if let Some(id) = self.app_id {
            builder = builder.app_id(id);
        }
        if let Some(ca) = &self.ca {
            let pem = std::fs::read(ca).with_context(|| format!("could not read {}", ca.display()))?;
            builder = builder.root_certificates(pem);
        }
        let client = builder.build().map_err(|error| Failure::Usage(format!("{error}")))?;
        Ok(client.login(&self.user).await?)
    }

    /// Opens the store of a device, connects, and waits until it is in step with the server.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn connect(
        &self,
        args: &ClientArgs,
        device: &str,
        context: &mut Context<'_>,
    ) -> Result<Account, Failure> {
        let account = self.open(args, device, Recording::Nothing).await?;
        account.start().await?;
        let mut absence = Absence::new(&self.server, Instant::now());
        let online = tokio::select! {
            biased;
            online = account.online(ONLINE_TIMEOUT) => online,
            // What has ended says so by the other branch.
            () = absence.watch(&account, context).then(|_| std::future::pending()) => Err(Error::Closed),
        };
        match online {
            Ok(()) => Ok(account),
            Err(error) => {
                let state = account.connection().get();
                account.stop().await;
                Err(self.not_online(state, error))
            }
        }
    }

    fn not_online(&self, state: ConnectionState, error: Error) -> Failure {
        match state {
            ConnectionState::Ended(reason) => failure::of_ended(reason).unwrap_or_else(|| error.into()),
            ConnectionState::Offline { reason, .. } => {
                Failure::failed(format!("could not reach {}: {reason}", self.server))
            }
            ConnectionState::Idle
            | ConnectionState::Connecting { .. }
            | ConnectionState::Syncing { .. }
            | ConnectionState::Online => match error {
                Error::Timeout => Failure::failed(format!("{} did not answer", self.server)),
                error => error.into(),
            },
        }
    }
}

/// Where the server is when nobody says so: where the one on this machine was. What waits on this device goes to that
/// address, so one is guessed only where there is no data folder at all.
fn address(local: Result<LocalServer, DataFolderError>, named: Option<&Path>) -> Result<String, Failure> {
    match local {
        Ok(local) => local.url().map_err(|error| Failure::failed(error.to_string())),
        Err(DataFolderError::Missing { .. } | DataFolderError::NoHome) if named.is_none() => Ok(DEFAULT_URL.to_owned()),
        Err(error) => Err(Failure::Failed(error.into())),
    }
}

fn default_app() -> Result<AppName, Failure> {
    Ok(AppName::new("default").context("the app")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::local_server::now;
    use crate::data_folder::DataFolder;
    use crate::identity::entropy::SystemEntropy;
    use crate::identity::signing_key::SigningKey;
    use crate::serve::compose::{Server, Settings};
    use stonechat_types::text::DisplayName;

    fn token() -> String {
        use base64::Engine as _;
        let claims =
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(r#"{"sub":"carol","aud":"stonechat:shop"}"#);
        format!("e30.{claims}.c2ln")
    }

    fn args(home: &std::path::Path) -> ClientArgs {
        ClientArgs { home: Some(home.to_owned()), data: Some(home.join("none")), ..ClientArgs::default() }
    }

    #[test]
    fn a_token_of_the_environment_says_who() {
        let home = tempfile::tempdir().unwrap();
        let who = Who::find(&args(home.path()), |name| match name {
            "STONECHAT_TOKEN" => Some(token().into()),
            "STONECHAT_URL" => Some("ws://chat".into()),
            _ => None,
        });
        let who = who.unwrap_or_else(|failure| panic!("{failure:?}"));
        assert_eq!((who.server.as_str(), who.user.as_str(), who.app.as_str()), ("ws://chat", "carol", "shop"));
    }

    #[test]
    fn what_was_typed_is_stronger_than_profile_and_environment() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("profiles")).unwrap();
        let profile = "server = \"ws://profile\"\nuser = \"alice\"\ntoken_command = \"true\"\n";
        std::fs::write(home.path().join("profiles/work.toml"), profile).unwrap();
        let variable = |name: &str| match name {
            "STONECHAT_TOKEN" => Some(token().into()),
            "STONECHAT_URL" => Some("ws://environment".into()),
            _ => None,
        };
        let mut args = args(home.path());
        args.profile = UserId::new("work").ok();
        let Ok(who) = Who::find(&args, variable) else { panic!("the profile was not found") };
        assert_eq!((who.server.as_str(), who.user.as_str()), ("ws://profile", "alice"));
        args.server = Some("ws://typed".into());
        let Ok(who) = Who::find(&args, variable) else { panic!("the profile was not found") };
        assert_eq!(who.server, "ws://typed");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_people_are_called_is_known_without_a_connection_once_it_was_asked() {
        let (data, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let server = Server::start(Settings::on_loopback(data.path().to_owned(), 0)).await.unwrap();
        let (alice, name) = (UserId::new("alice").unwrap(), "Alice Moreau".to_owned());
        let called = Some(DisplayName::new(&name).unwrap());
        server.app.put_user(AppId::DEFAULT, alice.clone(), called).await.unwrap();
        let mut args = args(home.path());
        args.server = Some(server.url());
        args.token = Some(server.minter.mint(&alice, None, now(), now().plus_ms(60_000)).unwrap());
        let who = Who::find(&args, |_| None).unwrap_or_else(|failure| panic!("{failure:?}"));
        let account = who.open(&args, DEVICE_CHAT, Recording::Nothing).await.unwrap();
        assert_eq!(account.known_names().await.unwrap(), []);
        account.start().await.unwrap();
        account.online(ONLINE_TIMEOUT).await.unwrap();
        account.display_names(std::slice::from_ref(&alice)).await.unwrap();
        account.stop().await;
        server.stop().await;
        let account = who.open(&args, DEVICE_CHAT, Recording::Nothing).await.unwrap();
        assert_eq!(account.known_names().await.unwrap(), [(alice, name)]);
        account.stop().await;
    }

    #[test]
    fn a_data_folder_without_an_address_is_refused_and_none_is_guessed() {
        let (data, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folder = DataFolder::create(data.path()).unwrap();
        let app = AppName::new("default").unwrap();
        SigningKey::create_or_open(&folder, &app, &SystemEntropy::default()).unwrap();
        let mut args = ClientArgs { data: Some(data.path().to_owned()), ..args(home.path()) };
        args.profile = UserId::new("alice").ok();
        let Err(Failure::Failed(error)) = Who::find(&args, |_| None) else { panic!("an address was guessed") };
        assert!(error.to_string().starts_with("no server has run on "), "{error}");
        std::fs::write(data.path().join("address"), "http://127.0.0.1:9000\n").unwrap();
        let who = Who::find(&args, |_| None).unwrap_or_else(|failure| panic!("{failure:?}"));
        assert_eq!(who.server, "http://127.0.0.1:9000");
        std::fs::write(data.path().join("address"), "http://127.0.0.1:9001\n").unwrap();
        let later = Who::find(&args, |_| None).unwrap_or_else(|failure| panic!("{failure:?}"));
        assert_eq!(
            (later.server.as_str(), &later.store),
            ("http://127.0.0.1:9001", &who.store),
            "it is the same server"
        );
        args.server = Some("ws://typed".into());
        let who = Who::find(&args, |_| None).unwrap_or_else(|failure| panic!("{failure:?}"));
        assert_eq!(who.server, "ws://typed");
        assert_ne!(who.store, later.store, "it may be another server");
    }

    #[test]
    fn nobody_is_a_usage_error_and_a_name_without_a_server_fails() {
        let home = tempfile::tempdir().unwrap();
        let mut args = args(home.path());
        assert!(matches!(Who::find(&args, |_| None), Err(Failure::Usage(_))));
        args.profile = UserId::new("alice").ok();
        let Err(Failure::Failed(error)) = Who::find(&args, |_| None) else { panic!("alice was let in") };
        assert!(
            error.to_string().starts_with("there is no profile ") && error.to_string().contains("alice.toml"),
            "{error}"
        );
        std::fs::create_dir(home.path().join("profiles")).unwrap();
        std::fs::write(home.path().join("profiles/alice.toml"), "server = \"ws://profile\"\n").unwrap();
        let Err(Failure::Failed(error)) = Who::find(&args, |_| None) else { panic!("alice was let in") };
        assert!(error.to_string().contains("alice.toml has no token and no token_command"), "{error}");
    }
}
