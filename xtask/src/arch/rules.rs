//! What a source may not name, by where it stands.

use super::source::{self, NamedPath, Placed, Token};
use super::{Rule, Violation};

/// From here on a file is listed, so that somebody asks which two ideas it holds.
pub const LINES_WARN: usize = 600;
/// From here on it is refused.
pub const LINES_MAX: usize = 900;

/// The crates that touch the operating system. Of `client`, only `src/driver` and `src/store` do.
const SYSTEM_CRATES: [&str; 6] = ["net", "server", "bench", "testkit", "simulation", "log-segment"];

/// What one source file may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// No tasks, no input or output, no clock, no randomness, no logging.
    Pure,
    /// The same but for tasks and logging: everything of the world comes through a port.
    Ported,
    /// An edge: the operating system is its trade.
    System,
    /// Tests, examples, benchmarks and build scripts: not part of the product.
    Aside,
}

/// Refused wherever the operating system is: paths by their beginning.
const SYSTEM_PATHS: &[&[&str]] = &[
    &["std", "time"],
    &["std", "thread"],
    &["std", "fs"],
    &["std", "net"],
    &["std", "process"],
    &["tokio", "fs"],
    &["tokio", "net"],
    &["tokio", "process"],
];

/// A span of time is a value; only the clock is the system's.
const PLAIN_VALUES: &[&[&str]] = &[&["std", "time", "Duration"]];

/// Refused in the same places: the last two words of a path, whatever it was imported from.
const SYSTEM_CALLS: &[[&str; 2]] =
    &[["Instant", "now"], ["SystemTime", "now"], ["Uuid", "new_v4"], ["Uuid", "now_v7"], ["thread", "spawn"]];

/// Refused in the same places: single words.
const SYSTEM_WORDS: &[&str] = &["OsRng", "RandomState", "SystemRandom", "spawn_blocking", "thread_rng"];

/// Refused in pure code besides.
const IMPURE_PATHS: &[&[&str]] = &[
    &["tokio"],
    &["tokio_util"],
    &["tokio_rustls"],
    &["tokio_websockets"],
    &["rusqlite"],
    &["rustls"],
    &["rand"],
    &["getrandom"],
    &["tracing"],
    &["ring", "rand"],
    &["std", "env"],
    &["crate", "driver"],
    &["crate", "store"],
];

/// Refused as the name of a crate, a module, a file or a folder of sources.
const EMPTY_NAMES: [&str; 8] = ["common", "core", "helper", "helpers", "misc", "shared", "util", "utils"];

/// Judges one source file. `for_tests` says that another file declares it for tests only.
pub fn check(path: &str, text: &str, for_tests: bool, violations: &mut Vec<Violation>) {
    let tokens = source::lex(text);
    let mut report =
        |rule, line, text: String| violations.push(Violation { rule, path: path.to_owned(), line: Some(line), text });

    let lines = text.lines().count();
    if lines > LINES_MAX {
        report(Rule::Length, lines, format!("{lines} lines, and at most {LINES_MAX} are allowed: one file, one idea"));
    }
    check_queues_and_selects(&tokens, &mut report);
    check_module_names(&tokens, &mut report);

    let place = if for_tests { Place::Aside } else { place(path) };
    let product = source::product(&tokens);
    let paths = source::paths(&product.tokens);
    if !path.starts_with("crates/testkit/") && place != Place::Aside {
        for path in paths.iter().filter(|path| ends_with_any(path, &[["tokio", "spawn"], ["task", "spawn"]])) {
            report(Rule::Tasks, path.line, format!("`{}`: tasks start through the tracker", path.words.join("::")));
        }
    }
    match place {
        Place::Pure => {
            check_system(&product.tokens, &paths, Rule::Pure, &mut report);
            for path in paths.iter().filter(|path| begins_with_any(path, IMPURE_PATHS)) {
                report(Rule::Pure, path.line, format!("pure code names `{}`", path.words.join("::")));
            }
        }
        Place::Ported => check_system(&product.tokens, &paths, Rule::System, &mut report),
        Place::System | Place::Aside => {}
    }
}

/// Whether a name could stand for anything.
pub fn says_nothing(name: &str) -> bool {
    EMPTY_NAMES.contains(&name)
}

/// Judges the names of a file and of its folders.
pub fn check_file_name(path: &str, violations: &mut Vec<Violation>) {
    let below = path.strip_prefix("crates/").unwrap_or(path);
    let excepted = below.starts_with("client/src/core/") || below == "client/src/core.rs";
    for (at, word) in below.split('/').enumerate().skip(1) {
        let stem = word.strip_suffix(".rs").unwrap_or(word);
        if says_nothing(stem) && !(excepted && at == 2) {
            let text = format!("`{stem}` says nothing: name the idea");
            violations.push(Violation { rule: Rule::Name, path: path.to_owned(), line: None, text });
        }
    }
}

fn place(path: &str) -> Place {
    let Some((folder, inside)) = path.strip_prefix("crates/").and_then(|below| below.split_once('/')) else {
        // `xtask` itself.
        return Place::System;
    };
    let Some(inside) = inside.strip_prefix("src/") else { return Place::Aside };
    let part = inside.split('/').next().map_or(inside, |first| first.strip_suffix(".rs").unwrap_or(first));
    match (folder, part) {
        ("client", "core") => Place::Pure,
        ("client", "driver" | "store") => Place::System,
        // The suite that every engine runs as its tests; a library only so that engines can name it.
        ("log", "contract") => Place::Aside,
        _ if super::arrows::PURE.contains(&folder) => Place::Pure,
        _ if SYSTEM_CRATES.contains(&folder) => Place::System,
        _ => Place::Ported,
    }
}

fn check_system(
    tokens: &[Placed<'_>],
    paths: &[NamedPath<'_>],
    rule: Rule,
    report: &mut impl FnMut(Rule, usize, String),
) {
    for path in paths {
        let system = begins_with_any(path, SYSTEM_PATHS) && !begins_with_any(path, PLAIN_VALUES);
        if system || ends_with_any(path, SYSTEM_CALLS) {
            report(rule, path.line, format!("`{}` belongs to the edges: take it by a port", path.words.join("::")));
        }
    }
    for (token, line) in tokens {
        if let Token::Word(word) = token
            && SYSTEM_WORDS.contains(word)
        {
            report(rule, *line, format!("`{word}` belongs to the edges: take it by a port"));
        }
    }
}

fn check_queues_and_selects(tokens: &[Placed<'_>], report: &mut impl FnMut(Rule, usize, String)) {
    for (at, (token, line)) in tokens.iter().enumerate() {
        match token {
            Token::Word(word @ ("unbounded_channel" | "UnboundedSender" | "UnboundedReceiver")) => {
                report(Rule::Unbounded, *line, format!("`{word}`: every queue has a bound"));
            }
            Token::Word("select") => {
                if let Some([(Token::Mark('!'), _), (Token::Mark('{' | '('), _), rest @ ..]) = tokens.get(at + 1..)
                    && !matches!(rest, [(Token::Word("biased"), _), (Token::Mark(';'), _), ..])
                {
                    report(Rule::Select, *line, "a `select!` begins with `biased;`".to_owned());
                }
            }
            _ => {}
        }
    }
}

fn check_module_names(tokens: &[Placed<'_>], report: &mut impl FnMut(Rule, usize, String)) {
    // A module in a file of its own is judged by the name of the file.
    for window in tokens.windows(3) {
        if let [(Token::Word("mod"), line), (Token::Word(name), _), (Token::Mark('{'), _)] = window
            && says_nothing(name)
        {
            report(Rule::Name, *line, format!("`{name}` says nothing: name the idea"));
        }
    }
}

fn begins_with_any(path: &NamedPath<'_>, beginnings: &[&[&str]]) -> bool {
    beginnings.iter().any(|beginning| path.words.starts_with(beginning))
}

fn ends_with_any(path: &NamedPath<'_>, endings: &[[&str; 2]]) -> bool {
    endings.iter().any(|ending| path.words.ends_with(ending))
}
