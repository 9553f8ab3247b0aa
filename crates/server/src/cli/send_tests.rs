//! `send` against a server: what ends with 3 stays in the outbox and goes out later, what ends with 4 never does.

use clap::Parser as _;
use stonechat_client::send::Text;
use stonechat_client::state::SendState;
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::number::AppId;
use tempfile::TempDir;

use crate::cli::args::{Cli, ColorWhen, Command, SendArgs};
use crate::cli::context::Context;
use crate::cli::local_server::now;
use crate::cli::printer::{Looks, Paint};
use crate::cli::session::{DEVICE_SEND, Recording, Who};
use crate::log_tools::{self, Form};
use crate::serve::compose::{Server, Settings};

const HOUR_MS: i64 = 3_600_000;

/// A conversation that alice is not in.
fn of_others() -> String {
    let user = |id| UserId::new(id).unwrap();
    ConversationId::direct(AppId::DEFAULT, &user("carol"), &user("dave")).to_string()
}

struct Place {
    data: TempDir,
    home: TempDir,
    server: Server,
}

struct Told {
    exit_code: u8,
    err: String,
}

impl Place {
    async fn new() -> Self {
        let (data, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let server = Server::start(Settings::on_loopback(data.path().to_owned(), 0)).await.unwrap();
        Self { data, home, server }
    }

    /// A token of alice that ends so long after now.
    fn token(&self, life_ms: i64) -> String {
        let alice = UserId::new("alice").unwrap();
        let made = now().plus_ms(-2 * HOUR_MS);
        self.server.minter.mint(&alice, None, made, now().plus_ms(life_ms)).unwrap()
    }

    fn args(&self, token: &str, to: [&str; 2], text: &str) -> SendArgs {
        let (url, home) = (self.server.url(), self.home.path().display().to_string());
        let typed = ["stonechat", "send", "--server", &url, "--token", token, "--home", &home, to[0], to[1], text];
        match Cli::try_parse_from(typed).unwrap().command {
            Command::Send(args) => args,
            other => panic!("{other:?}"),
        }
    }

    async fn send(&self, token: &str, to: [&str; 2], text: &str) -> Told {
        let args = self.args(token, to, text);
        let who = Who::find(&args.client, |_| None).unwrap_or_else(|failure| panic!("{failure:?}"));
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let looks = Looks::new(Paint::choose(ColorWhen::Never, |_| None));
        let outcome = super::run(&args, &who, &mut Context { out: &mut out, err: &mut err, looks }).await;
        let exit_code = outcome.map_or_else(
            |failure| {
                failure.report(&mut err);
                failure.exit_code()
            },
            |()| 0,
        );
        Told { exit_code, err: String::from_utf8(err).unwrap() }
    }

    /// The texts that the server has stored.
    fn texts(&self) -> Vec<String> {
        let mut lines = Vec::new();
        log_tools::dump(self.data.path(), Form::Json, &mut lines).unwrap();
        let lines = String::from_utf8(lines).unwrap();
        let texts = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        texts.filter_map(|line| line["text"].as_str().map(str::to_owned)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_stays_ends_with_3_and_the_reason_of_the_server_and_goes_out_later() {
    let place = Place::new().await;
    let expired = place.send(&place.token(-HOUR_MS), ["--to", "bob"], "one").await;
    assert_eq!(expired.exit_code, 3, "{}", expired.err);
    assert!(expired.err.contains("token_expired: ") && expired.err.contains("stays in the outbox"), "{}", expired.err);

    let good = place.token(HOUR_MS);
    let (head, signature) = good.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    let refused = place.send(&forged, ["--to", "bob"], "two").await;
    assert_eq!(refused.exit_code, 3, "{}", refused.err);
    assert!(
        refused.err.contains("unauthenticated: ") && refused.err.contains("stays in the outbox"),
        "{}",
        refused.err
    );
    assert_eq!(place.texts(), [""; 0]);

    assert_eq!(place.send(&good, ["--to", "bob"], "three").await.exit_code, 0);
    assert_eq!(place.texts(), ["one", "two", "three"], "each once, in the order in which they were typed");
    place.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_refused_for_good_ends_with_4_and_never_goes_out() {
    let place = Place::new().await;
    let token = place.token(HOUR_MS);
    let refused = place.send(&token, ["--conversation", &of_others()], "lost").await;
    assert_eq!(refused.exit_code, 4, "{}", refused.err);
    assert!(refused.err.contains("not_found") && !refused.err.contains("outbox"), "{}", refused.err);
    let after = place.send(&token, ["--to", "bob"], "after").await;
    assert_eq!((after.exit_code, after.err.as_str()), (0, ""), "nothing is left of the one before");
    assert_eq!(place.texts(), ["after"]);
    place.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_message_that_another_command_left_is_told_and_not_sent() {
    let place = Place::new().await;
    let token = place.token(HOUR_MS);
    let args = place.args(&token, ["--conversation", &of_others()], "lost");
    let who = Who::find(&args.client, |_| None).unwrap_or_else(|failure| panic!("{failure:?}"));
    let account = who.open(&args.client, DEVICE_SEND, Recording::Nothing).await.unwrap();
    let handle = super::target(&account, &args.target).unwrap().send(Text::new("lost")).await.unwrap();
    account.start().await.unwrap();
    assert!(matches!(handle.done().await, SendState::Failed(failure) if !failure.recoverable));
    account.stop().await;

    let first = place.send(&token, ["--to", "bob"], "first").await;
    assert!(first.exit_code == 0 && first.err.contains("was refused: not_found"), "{}", first.err);
    let second = place.send(&token, ["--to", "bob"], "second").await;
    assert_eq!((second.exit_code, second.err.as_str()), (0, ""), "it is told once");
    assert_eq!(place.texts(), ["first", "second"]);
    place.server.stop().await;
}
