//! `stonechat completions`: scripts for shells, from the same table as `--help`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::cli::args::{self, CompletionsArgs, Shell};
use crate::cli::context::Context;
use crate::cli::failure::Outcome;

/// A command with what may follow it.
struct Place {
    /// `stonechat token mint`.
    path: String,
    commands: Vec<Candidate>,
    options: Vec<Candidate>,
    /// Values of its positional arguments, where they are few.
    values: Vec<Candidate>,
}

struct Candidate {
    word: String,
    about: String,
    /// What may follow an option that takes a value; nothing in it when that can be anything.
    takes: Option<Vec<String>>,
}

impl Candidate {
    fn new(word: impl Into<String>, about: Option<&clap::builder::StyledStr>) -> Self {
        Self { word: word.into(), about: about.map(ToString::to_string).unwrap_or_default(), takes: None }
    }
}

/// Prints the script.
///
/// # Errors
/// [`crate::cli::failure::Failure`].
pub fn run(args: &CompletionsArgs, context: &mut Context<'_>) -> Outcome {
    context.out.write_all(script(args.shell).as_bytes())?;
    Ok(context.out.flush()?)
}

/// The script of a shell.
#[must_use]
pub fn script(shell: Shell) -> String {
    let mut command = args::command();
    command.build();
    let mut places = Vec::new();
    collect(&command, "", &mut places);
    match shell {
        Shell::Bash => bash(&places),
        Shell::Zsh => zsh(&places),
        Shell::Fish => fish(&places),
    }
}

fn collect(command: &clap::Command, before: &str, places: &mut Vec<Place>) {
    let path =
        if before.is_empty() { command.get_name().to_owned() } else { format!("{before} {}", command.get_name()) };
    let shown: Vec<_> = command.get_arguments().filter(|argument| !argument.is_hide_set()).collect();
    let options = shown.iter().filter_map(|argument| {
        let values = argument.get_possible_values().into_iter().map(|value| value.get_name().to_owned());
        let takes = argument.get_action().takes_values().then(|| values.collect());
        Some(Candidate { takes, ..Candidate::new(format!("--{}", argument.get_long()?), argument.get_help()) })
    });
    let values = shown.iter().filter(|argument| argument.is_positional());
    let values = values.flat_map(|argument| argument.get_possible_values());
    let values = values.map(|value| Candidate::new(value.get_name(), value.get_help()));
    let commands = command.get_subcommands().map(|inner| Candidate::new(inner.get_name(), inner.get_about()));
    places.push(Place {
        path: path.clone(),
        commands: commands.collect(),
        options: options.collect(),
        values: values.collect(),
    });
    for inner in command.get_subcommands() {
        collect(inner, &path, places);
    }
}

impl Place {
    fn all(&self) -> impl Iterator<Item = &Candidate> {
        self.commands.iter().chain(&self.values).chain(&self.options)
    }
}

/// Options that take a value, each with what may follow it; nothing where that can be anything.
fn valued(places: &[Place]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut valued: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for option in places.iter().flat_map(|place| &place.options) {
        if let Some(values) = &option.takes {
            valued.entry(&option.word).or_default().extend(values.iter().map(String::as_str));
        }
    }
    valued
}

/// The arms of a `case` over the word before: those with values, and those where anything may follow.
fn value_arms(places: &[Place], known: impl Fn(&str) -> String, anything: &str) -> String {
    let mut arms = String::new();
    let mut free = Vec::new();
    for (option, values) in valued(places) {
        if values.is_empty() {
            free.push(option);
        } else {
            let words = values.into_iter().collect::<Vec<_>>().join(" ");
            let _ = writeln!(arms, "        {option}) {} ;;", known(&words));
        }
    }
    let _ = writeln!(arms, "        {}) {anything} ;;", free.join("|"));
    arms
}

/// The arms of a `case` that walk along the commands typed so far.
fn inner_paths(places: &[Place], between: &str) -> String {
    let paths: Vec<String> = places.iter().skip(1).map(|place| format!("'{}'", place.path)).collect();
    paths.join(between)
}

fn bash(places: &[Place]) -> String {
    let mut arms = String::new();
    for place in places {
        let words: Vec<&str> = place.all().map(|candidate| candidate.word.as_str()).collect();
        let _ = writeln!(arms, "        '{}') words='{}' ;;", place.path, words.join(" "));
    }
    // Where anything may follow, bash completes names of files by itself.
    let after = value_arms(places, |words| format!("words='{words}'"), "words=");
    format!(
        "_stonechat() {{\n    local at=stonechat words= word\n    \
         for word in \"${{COMP_WORDS[@]:1:COMP_CWORD-1}}\"; do\n        case \"$at $word\" in\n            \
         {}) at=\"$at $word\" ;;\n        esac\n    done\n    case \"$at\" in\n{arms}    esac\n    \
         case \"${{COMP_WORDS[COMP_CWORD-1]}}\" in\n{after}    esac\n    \
         COMPREPLY=($(compgen -W \"$words\" -- \"${{COMP_WORDS[COMP_CWORD]}}\"))\n}}\n\
         complete -o default -F _stonechat stonechat\n",
        inner_paths(places, "|")
    )
}

fn zsh(places: &[Place]) -> String {
    let mut arms = String::new();
    for place in places {
        let list = |candidates: &mut dyn Iterator<Item = &Candidate>| {
            let quoted = candidates.map(|Candidate { word, about, .. }| format!("'{word}:{}'", zsh_text(about)));
            quoted.collect::<Vec<_>>().join(" ")
        };
        let commands = list(&mut place.commands.iter().chain(&place.values));
        let options = list(&mut place.options.iter());
        let _ = writeln!(arms, "        '{}') commands=({commands}) options=({options}) ;;", place.path);
    }
    let after = value_arms(places, |words| format!("compadd {words}; return"), "_files; return");
    format!(
        "#compdef stonechat\n_stonechat() {{\n    local at=stonechat word\n    local -a commands options\n    \
         for word in \"${{(@)words[2,CURRENT-1]}}\"; do\n        case \"$at $word\" in\n            \
         {}) at=\"$at $word\" ;;\n        esac\n    done\n    case \"$at\" in\n{arms}    esac\n    \
         case \"${{words[CURRENT-1]}}\" in\n{after}    esac\n    \
         (( $#commands )) && _describe command commands\n    _describe -o option options || _files\n}}\n\
         if [ \"${{funcstack[1]}}\" = _stonechat ]; then _stonechat \"$@\"; else compdef _stonechat stonechat; fi\n",
        inner_paths(places, "|")
    )
}

fn fish(places: &[Place]) -> String {
    let mut script = format!(
        "function __stonechat_at\n    set -l at stonechat\n    for word in (commandline -opc)[2..]\n        \
         switch \"$at $word\"\n            case {}\n                set at \"$at $word\"\n        end\n    end\n    \
         test \"$at\" = \"$argv[1]\"\nend\n",
        inner_paths(places, " ")
    );
    for place in places {
        let when = format!("complete -c stonechat -n '__stonechat_at \"{}\"'", place.path);
        for Candidate { word, about, .. } in place.commands.iter().chain(&place.values) {
            let _ = writeln!(script, "{when} -f -a {word} -d '{}'", quoted(about));
        }
        for Candidate { word, about, takes } in &place.options {
            let takes = match takes {
                None => String::new(),
                Some(values) if values.is_empty() => " -r".to_owned(),
                Some(values) => format!(" -x -a '{}'", values.join(" ")),
            };
            let _ = writeln!(script, "{when} -l {}{takes} -d '{}'", word.trim_start_matches('-'), quoted(about));
        }
    }
    script
}

fn quoted(text: &str) -> String {
    text.replace('\'', "\u{2019}")
}

fn zsh_text(text: &str) -> String {
    quoted(text).replace(':', "\\:")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    #[test]
    fn each_script_knows_commands_options_and_values() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = script(shell);
            for word in ["stonechat token mint", "idle-exit", "conversations", "zsh", "color"] {
                assert!(script.contains(word), "{shell:?} lacks {word}");
            }
        }
    }

    #[test]
    fn bash_completes_what_may_follow() {
        let asked = "COMP_WORDS=(stonechat group cr); COMP_CWORD=2; _stonechat; echo \"${COMPREPLY[*]}\"\n\
                     COMP_WORDS=(stonechat send --to bob --js); COMP_CWORD=4; _stonechat; echo \"${COMPREPLY[*]}\"\n\
                     COMP_WORDS=(stonechat send --color a); COMP_CWORD=3; _stonechat; echo \"${COMPREPLY[*]}\"\n\
                     COMP_WORDS=(stonechat log dump --data ''); COMP_CWORD=4; _stonechat; echo \"${COMPREPLY[*]}.\"\n";
        let child = Command::new("bash").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        // Without a bash there is nobody to complete for.
        let Ok(mut child) = child else { return };
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(format!("{}{asked}", script(Shell::Bash)).as_bytes()).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "create\n--json\nalways auto\n.\n");
    }
}
