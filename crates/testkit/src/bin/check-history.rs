//! Says whether the history of a run may be: `check-history FILE`. It reads nothing else.

use std::path::Path;
use std::process::ExitCode;
use stonechat_testkit::black_box::{checker, history};

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let [path] = words.as_slice() else {
        eprintln!("usage: check-history FILE");
        return ExitCode::from(2);
    };
    let history = match history::read(Path::new(path)) {
        Ok(history) => history,
        Err(error) => {
            eprintln!("check-history: {error:#}");
            return ExitCode::from(2);
        }
    };
    let verdict = checker::check(&history);
    println!("{}", verdict.counts);
    match verdict.violations.as_slice() {
        [] => {
            println!("valid");
            ExitCode::SUCCESS
        }
        [first, others @ ..] => {
            println!("not valid: {first}");
            if !others.is_empty() {
                println!("and {} more", others.len());
            }
            ExitCode::FAILURE
        }
    }
}
