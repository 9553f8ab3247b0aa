//! What `--help` says is an interface: each page is compared with a file. `UPDATE_SNAPSHOTS=1` writes them anew.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;

use crate::cli::args::{self, Cli, Command};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/help")
}

/// The pages as `--help` prints them, with the names of their files.
fn pages(command: &clap::Command, path: &[String], pages: &mut Vec<(String, String)>) {
    let mut words = path.to_vec();
    words.push(command.get_name().to_owned());
    let asked = words.iter().map(String::as_str).chain(["--help"]);
    let page = args::command().term_width(100).try_get_matches_from(asked).err().map(|help| help.to_string());
    pages.push((words.join("-"), page.unwrap_or_else(|| panic!("{words:?} has no --help"))));
    for inner in command.get_subcommands() {
        self::pages(inner, &words, pages);
    }
}

#[test]
fn help_is_as_it_was_written_down() {
    let mut command = args::command();
    command.build();
    let mut found = Vec::new();
    pages(&command, &[], &mut found);
    let mut wrong = Vec::new();
    for (name, text) in &found {
        let path = folder().join(format!("{name}.txt"));
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            fs::create_dir_all(folder()).unwrap();
            fs::write(&path, text).unwrap();
        } else if fs::read_to_string(&path).ok().as_ref() != Some(text) {
            wrong.push(format!("{}:\n{text}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "UPDATE_SNAPSHOTS=1 writes these anew:\n{}", wrong.join("\n"));
}

#[test]
fn the_command_line_of_the_contract_is_understood() {
    args::command().debug_assert();
    let id = "d_aeaqcaibaeaqcaibaeaqcaibae";
    let uuid = "0198f0c4-7b5e-7d7e-8a51-3b1f6c0f8f11";
    let uuid_hex = uuid.replace('-', "");
    for line in [
        "serve --config c.toml --data d --listen 127.0.0.1:1",
        "serve",
        "token mint --user u --app default --expires 1h --data d",
        "chat --as alice",
        "chat --as alice --device laptop",
        "conversations --as alice --json",
        "send --to u hi",
        "send --to u -",
        &format!("send --conversation {id} hi --client-msg-id {uuid} --json"),
        &format!("tail --conversation {id} --json --idle-exit 500"),
        "tail --server http://127.0.0.1:8080 --token t",
        &format!("history --conversation {id} --before 7 --limit 5 --json"),
        "log dump --data d --json",
        "log dump --data d --key",
        "log verify --data d --json",
        "bench chat --pairs 50",
        "config check",
        "config show",
        "doctor",
        "completions zsh",
        "group create title a b",
        "group create --channel news",
        &format!("group settings --conversation {id} --speak admins --history on"),
        &format!("group ban --conversation {id} a --lasts 7d --reason spam"),
        &format!("group join-link {id}.{uuid_hex}"),
        &format!("group revoke-link {id}.{uuid_hex} --as alice"),
        &format!("group role --conversation {id} a admin"),
        "devices revoke phone --as alice",
        "presence show --as alice bob --json",
        "presence status lunch --emoji 🥪 --lasts 1h",
        "presence privacy --see contacts --last-seen nobody --invisible true",
        "messages delete d_aeaqcaibaeaqcaibaeaqcaibae 17 18 --as alice",
        "messages starred --json",
        "quiet hours mon-fri/22:00-07:00 sun/00:00-24:00 --as alice",
        "quiet pause --lasts 8h",
        "contacts list --as alice --json",
        "contacts request bob hello --answer Rex",
    ] {
        let words = std::iter::once("stonechat").chain(line.split(' '));
        if let Err(error) = Cli::try_parse_from(words) {
            panic!("{line}: {error}");
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    for line in [
        "send hi",
        "send --to a --conversation d_aeaqcaibaeaqcaibaeaqcaibae hi",
        "send --to a",
        "send --conversation d_x hi",
        "send --to a --client-msg-id 1 hi",
        "send --to a/b hi",
        "history",
        "history --conversation d_aeaqcaibaeaqcaibaeaqcaibae --limit 0",
        "token mint",
        "tail --idle-exit x",
        "group settings --conversation d_aeaqcaibaeaqcaibaeaqcaibae",
        "group join-link d_aeaqcaibaeaqcaibaeaqcaibae.x",
        "frobnicate",
    ] {
        let words = std::iter::once("stonechat").chain(line.split(' '));
        let error = Cli::try_parse_from(words).err().map(|error| error.exit_code());
        assert_eq!(error, Some(2), "{line}");
    }
}

#[test]
fn a_text_may_look_like_an_option_behind_two_dashes() {
    let cli = Cli::try_parse_from(["stonechat", "send", "--to", "a", "--", "--json"]).unwrap();
    let Command::Send(args) = cli.command else { panic!("not send") };
    assert_eq!((args.text.as_str(), args.json), ("--json", false));
}
