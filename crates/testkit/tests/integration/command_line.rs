//! The command line is a contract: what other programs may rely on.

use crate::place::{Place, err, lines};
use anyhow::{Context as _, ensure};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use stonechat_testkit::process::{binary, free_port};

/// The keys of the contract, each in every line.
const KEYS: [&str; 10] = [
    "conversation",
    "seq",
    "ordinal",
    "message_id",
    "client_msg_id",
    "sender",
    "sent_at",
    "kind",
    "text",
    "deduplicated",
];

/// Those of a line that clients print besides; a dump of the log has none of them.
const WORDS: [&str; 2] = ["happened", "target"];

fn has_keys(line: &Value, more: &[&str]) -> anyhow::Result<()> {
    let found: Vec<_> = line.as_object().context("an object")?.keys().map(String::as_str).collect();
    ensure!(KEYS.iter().chain(more).all(|key| found.contains(key)), "{found:?}");
    ensure!(found.len() == KEYS.len() + more.len(), "{found:?}");
    Ok(())
}

#[test]
fn sending_and_reading_by_scripts() -> anyhow::Result<()> {
    let place = Place::new()?;
    let server = place.serve()?;
    let id = "01920000-0000-7000-8000-000000000001";
    let send = ["send", "--to", "bob", "hello", "--client-msg-id", id, "--json"];
    let first = place.client(&server.url, "alice", &send)?;
    ensure!(first.status.code() == Some(0), "{}", err(&first));
    let first = lines(&first)?.remove(0);
    has_keys(&first, &WORDS)?;
    ensure!(first["client_msg_id"] == id && first["seq"] == 2 && first["deduplicated"] == false, "{first}");
    let again = lines(&place.client(&server.url, "alice", &send)?)?.remove(0);
    ensure!(again["deduplicated"] == true && again["message_id"] == first["message_id"], "{again}");

    // The same id with another text is refused, also on a device that learns of the first only from the log.
    for device in ["cli-send", "fresh"] {
        let words = ["send", "--to", "bob", "other", "--client-msg-id", id, "--device", device];
        let conflict = place.client(&server.url, "alice", &words)?;
        ensure!(
            conflict.status.code() == Some(4) && err(&conflict).contains("conflict"),
            "{device}: {}",
            err(&conflict)
        );
    }

    let conversation = first["conversation"].as_str().context("an id")?.to_owned();
    let tail = ["tail", "--json", "--idle-exit", "1500"];
    let told = lines(&place.client(&server.url, "bob", &tail)?)?;
    told.iter().try_for_each(|line| has_keys(line, &WORDS))?;
    ensure!(told.iter().map(|line| line["seq"].as_u64()).eq([Some(1), Some(2)]), "{told:?}");
    place.client(&server.url, "alice", &["send", "--to", "bob", "second"])?;
    let told = lines(&place.client(&server.url, "bob", &tail)?)?;
    ensure!(told.len() == 1 && told[0]["text"] == "second", "it goes on where it stopped: {told:?}");

    let history = ["history", "--conversation", &conversation, "--limit", "1", "--before", "2", "--json"];
    let found = lines(&place.client(&server.url, "bob", &history)?)?;
    ensure!(found.len() == 1 && found[0]["text"] == "hello", "{found:?}");

    let refused = place.client(&server.url, "eve", &["send", "--conversation", &conversation, "x"])?;
    ensure!(refused.status.code() == Some(4) && err(&refused).contains("not_found"), "{}", err(&refused));
    let wrong = place.client(&server.url, "eve", &["send"])?;
    ensure!(wrong.status.code() == Some(2), "{}", err(&wrong));

    let data = place.data();
    let dump = |more: &[&str]| -> anyhow::Result<Vec<Value>> {
        let output =
            Command::new(binary()).args(["log", "dump", "--json"]).args(more).arg("--data").arg(&data).output()?;
        ensure!(output.status.success(), "{}", err(&output));
        lines(&output)
    };
    let stored = dump(&[])?;
    stored.iter().try_for_each(|line| has_keys(line, &["body_hmac"]))?;
    ensure!(stored.iter().any(|line| line["text"] == "hello" && line["client_msg_id"] == id), "{stored:?}");
    ensure!(dump(&["--key"])?.iter().all(|line| line["hmac_key"].as_str().is_some_and(|key| key.len() == 64)));
    let verify = Command::new(binary()).args(["log", "verify", "--json", "--data"]).arg(&data).output()?;
    ensure!(verify.status.success() && lines(&verify)?[0]["clean"] == true, "{}", err(&verify));
    Ok(())
}

#[test]
fn a_message_that_is_not_acknowledged_stays_and_goes_out_first_next_time() -> anyhow::Result<()> {
    let place = Place::new()?;
    let mut server = place.serve()?;
    let url = server.url.clone();
    place.client(&url, "alice", &["send", "--to", "bob", "zero"])?;
    server.kill()?;
    let lost = place.client(&url, "alice", &["send", "--to", "bob", "one", "--timeout", "1s"])?;
    ensure!(lost.status.code() == Some(3) && err(&lost).contains("outbox"), "{}", err(&lost));
    let server = place.serve()?;
    let second = place.client(&server.url, "alice", &["send", "--to", "bob", "two", "--json"])?;
    ensure!(second.status.code() == Some(0), "{}", err(&second));
    let told = lines(&place.client(&server.url, "bob", &["tail", "--json", "--idle-exit", "1500"])?)?;
    let texts: Vec<_> = told.iter().filter_map(|line| line["text"].as_str()).collect();
    ensure!(texts == ["zero", "one", "two"], "{texts:?}");
    Ok(())
}

#[test]
fn a_second_process_on_one_device_waits_and_gives_up() -> anyhow::Result<()> {
    let place = Place::new()?;
    let server = place.serve()?;
    place.client(&server.url, "alice", &["send", "--to", "alice", "note"])?;
    let mut first = place.command(&server.url, "alice", &["tail", "--json"])?.stdout(Stdio::piped()).spawn()?;
    // It holds its store once it has printed something, and ends when nobody reads any more.
    let mut line = String::new();
    let mut out = std::io::BufReader::new(first.stdout.take().context("an output")?);
    std::io::BufRead::read_line(&mut out, &mut line)?;
    let started = Instant::now();
    let second = place.client(&server.url, "alice", &["tail", "--idle-exit", "100"])?;
    ensure!(second.status.code() == Some(1), "{}", err(&second));
    ensure!(started.elapsed() > Duration::from_secs(4), "it waits for the first to end");
    first.kill()?;
    first.wait()?;
    let third = place.client(&server.url, "alice", &["tail", "--idle-exit", "100"])?;
    ensure!(third.status.code() == Some(0), "{}", err(&third));
    Ok(())
}

/// Starts a server that is expected not to start.
fn refused(data: &Path, config: &Path) -> anyhow::Result<(Option<i32>, String)> {
    let output = Command::new(binary()).arg("serve").arg("--data").arg(data).arg("--config").arg(config).output()?;
    ensure!(output.stdout.is_empty(), "it must not say that it is ready");
    Ok((output.status.code(), err(&output)))
}

#[test]
fn a_server_that_cannot_start_says_why() -> anyhow::Result<()> {
    let place = Place::new()?;
    let server = place.serve()?;
    let other = place.path().join("other.toml");
    std::fs::write(&other, format!("[listen]\nhttp = \"{}\"\n", free_port()?))?;
    let (code, text) = refused(&place.data(), &other)?;
    ensure!(code == Some(1) && text.contains("in use by another server"), "{text}");
    drop(server);

    let format = place.data().join("format");
    let ours = std::fs::read_to_string(&format)?;
    std::fs::write(&format, ours.replace("stonechat-store 1", "stonechat-store 999"))?;
    let (code, text) = refused(&place.data(), &other)?;
    ensure!(code == Some(1) && text.contains("999") && text.contains("newer"), "{text}");
    std::fs::write(&format, ours)?;

    for (wrong, word) in [
        ("[listen]\nhttp = \"0.0.0.0:0\"\n", "TLS"),
        ("[listen]\nhtpp = \"127.0.0.1:1\"\n", "htpp"),
        ("[listen\n", "other.toml"),
        ("[listen]\nhttp = 8080\n", "listen.http"),
    ] {
        std::fs::write(&other, wrong)?;
        let (code, text) = refused(&place.data(), &other)?;
        ensure!(matches!(code, Some(1 | 2)) && text.contains(word), "{wrong}: {code:?} {text}");
    }
    let (code, text) = refused(&place.data(), &place.path().join("missing.toml"))?;
    ensure!(code == Some(2) && text.contains("missing.toml"), "{text}");
    Ok(())
}

#[test]
fn groups_are_managed_from_the_command_line() -> anyhow::Result<()> {
    let place = Place::new()?;
    let server = place.serve()?;
    let does = |user: &str, words: &[&str]| -> anyhow::Result<String> {
        let output = place.client(&server.url, user, words)?;
        ensure!(output.status.success(), "{user} {words:?}: {}", err(&output));
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    };
    // Somebody exists once he was here.
    does("bob", &["send", "--to", "bob", "note"])?;
    does("carol", &["send", "--to", "carol", "note"])?;
    let group = does("alice", &["group", "create", "Ops", "bob"])?;
    let at = ["--conversation", &group];
    let with =
        |words: &[&'static str]| -> Vec<String> { [words, &at].concat().iter().map(|it| (*it).to_owned()).collect() };
    let manages = |user: &str, words: &[&'static str]| {
        let words = with(words);
        does(user, &words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    manages("alice", &["group", "mute", "bob", "--reason", "too loud"])?;
    let refused = place.client(&server.url, "bob", &["send", "--conversation", &group, "x"])?;
    ensure!(refused.status.code() == Some(4) && err(&refused).contains("muted"), "{}", err(&refused));
    let members = place.client(&server.url, "alice", &["group", "members", "--json", "--conversation", &group])?;
    let told = lines(&members)?;
    ensure!(told.iter().any(|line| line["user"] == "bob" && line["muted_until"] == i64::MAX), "{told:?}");
    manages("alice", &["group", "unmute", "bob"])?;
    manages("alice", &["group", "settings", "--join", "approval", "--history", "on"])?;
    manages("carol", &["group", "apply", "it is me"])?;
    ensure!(manages("alice", &["group", "applications"])?.contains("it is me"));
    manages("alice", &["group", "decline", "carol"])?;
    let link = manages("alice", &["group", "link", "--uses", "1"])?;
    does("carol", &["group", "join-link", &link])?;
    manages("alice", &["group", "ban", "carol", "--lasts", "7d", "--reason", "spam"])?;
    ensure!(manages("alice", &["group", "bans"])?.contains("carol"));
    manages("alice", &["group", "announce", "Sunday at six"])?;
    manages("bob", &["group", "nickname", "Bobby"])?;
    manages("alice", &["group", "leave", "--to", "bob"])?;
    manages("bob", &["group", "dissolve"])?;
    let history = place.client(&server.url, "bob", &["tail", "--idle-exit", "500", "--conversation", &group])?;
    let told = String::from_utf8_lossy(&history.stdout).into_owned();
    for sentence in ["muted bob: too loud", "asks to be let in", "joined by a link", "banned carol: spam", "dissolved"]
    {
        ensure!(told.contains(sentence), "{sentence} is not in {told}");
    }
    Ok(())
}

#[test]
fn contacts_are_made_and_blocked_by_scripts() -> anyhow::Result<()> {
    let place = Place::new()?;
    let server = place.serve()?;
    let of = |user: &str, words: &[&str]| {
        let output = place.client(&server.url, user, &[&["contacts"], words].concat())?;
        ensure!(output.status.code() == Some(0), "{user} {words:?}: {}", err(&output));
        lines(&output)
    };
    ensure!(of("bob", &["list", "--json"])?.is_empty(), "bob knows nobody yet");
    of("alice", &["request", "bob", "We met at the harbour"])?;
    let asked = of("bob", &["list", "--json"])?;
    ensure!(asked[0]["user"] == "alice" && asked[0]["asks"] == "We met at the harbour", "{asked:?}");
    of("bob", &["accept", "alice"])?;
    let contacts = of("alice", &["list", "--json"])?;
    ensure!(contacts[0]["user"] == "bob" && contacts[0]["contact_since"].is_i64(), "{contacts:?}");
    let shown = place.client(&server.url, "alice", &["contacts", "list"])?;
    ensure!(String::from_utf8_lossy(&shown.stdout).starts_with("bob  contact since "), "{shown:?}");
    of("bob", &["block", "alice"])?;
    let refused = place.client(&server.url, "alice", &["send", "--to", "bob", "hello"])?;
    let text = err(&refused);
    ensure!(refused.status.code() == Some(4) && text.contains("recipient_unavailable"), "{text}");
    of("bob", &["unblock", "alice"])?;
    let sent = place.client(&server.url, "alice", &["send", "--to", "bob", "hello"])?;
    ensure!(sent.status.code() == Some(0), "{}", err(&sent));
    Ok(())
}

#[test]
fn a_status_is_set_and_presence_shown_by_scripts() -> anyhow::Result<()> {
    let place = Place::new()?;
    let server = place.serve()?;
    let of = |user: &str, words: &[&str]| {
        let output = place.client(&server.url, user, &[&["presence"], words].concat())?;
        ensure!(output.status.code() == Some(0), "{user} {words:?}: {}", err(&output));
        lines(&output)
    };
    let before = of("alice", &["settings", "--json"])?;
    ensure!(before[0]["status"].is_null() && before[0]["who_may_see"] == "everybody", "{before:?}");
    of("alice", &["status", "at lunch", "--emoji", "🥪", "--lasts", "1h"])?;
    let seen = of("bob", &["show", "alice", "nobody", "--json"])?;
    ensure!(seen.len() == 1 && seen[0]["status"]["text"] == "at lunch", "{seen:?}");
    ensure!(seen[0]["status"]["until"].is_i64() && seen[0]["availability"].is_string(), "{seen:?}");
    of("alice", &["privacy", "--see", "contacts", "--last-seen", "nobody"])?;
    let after = of("alice", &["settings", "--json"])?;
    ensure!(after[0]["who_may_see"] == "contacts" && after[0]["status"]["emoji"] == "🥪", "{after:?}");
    let shown = place.client(&server.url, "bob", &["presence", "show", "alice"])?;
    ensure!(String::from_utf8_lossy(&shown.stdout) == "alice  offline\n", "{shown:?}");
    Ok(())
}
