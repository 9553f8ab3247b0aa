//! `cargo xtask docs`: pages that are made from a table in the code, so that neither can go its own way.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use stonechat_domain::kind::{EventKind, Target};
use stonechat_types::error_code::{ErrorCode, Retry};

use crate::{bounds, features, reliability};

struct Page {
    /// From the root.
    path: &'static str,
    /// Given the root of the sources.
    render: fn(&Path) -> Result<String>,
}

const PAGES: [Page; 5] = [
    Page { path: "docs/features.md", render: features::page },
    Page { path: "docs/protocol/errors.md", render: |_| Ok(errors_page()) },
    Page { path: "docs/protocol/events.md", render: |_| Ok(events_page()) },
    Page { path: "docs/reliability/bounds.json", render: bounds::page },
    Page { path: "docs/reliability.md", render: reliability::page },
];

/// Writes every page.
pub fn write(root: &Path) -> Result<()> {
    write_to(root, root)
}

/// Writes the pages about the sources in one folder into another.
fn write_to(root: &Path, sources: &Path) -> Result<()> {
    for Page { path, render } in PAGES {
        let file = root.join(path);
        let folder = file.parent().context("a page lies in a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("could not make the folder of {path}"))?;
        fs::write(&file, render(sources)?).with_context(|| format!("could not write {path}"))?;
    }
    Ok(())
}

/// Fails when a page on disk is not what the code gives.
pub fn check(root: &Path) -> Result<()> {
    check_in(root, root)
}

fn check_in(root: &Path, sources: &Path) -> Result<()> {
    let mut stale = Vec::new();
    for Page { path, render } in PAGES {
        if fs::read_to_string(root.join(path)).ok() != Some(render(sources)?) {
            stale.push(path);
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    bail!("not what the code says: {}; run `cargo xtask docs`", stale.join(", "))
}

fn errors_page() -> String {
    let mut page = String::from(
        "<!-- Made by `cargo xtask docs` from crates/types/src/error_code.rs; change that, not this. -->\n\n\
         # Error codes\n\n\
         Every refusal has one of these codes, the same in every protocol. A code never changes its meaning or its number,\n\
         and a client treats one that it does not know as `internal`.\n\n\
         | Code | Number | Again? | Meaning |\n|---|---|---|---|\n",
    );
    for code in ErrorCode::ALL {
        let again = match code.retry() {
            Retry::Never => "no",
            Retry::Later => "later, with backoff",
            Retry::InOrder => "after its predecessor",
            Retry::NewToken => "with a new token",
        };
        page += &row(&[format!("`{code}`"), code.number().to_string(), again.to_owned(), code.meaning().to_owned()]);
    }
    page
}

fn events_page() -> String {
    let mut page = String::from(
        "<!-- Made by `cargo xtask docs` from crates/domain/src/kind.rs; change that, not this. -->\n\n\
         # Event kinds\n\n\
         What can stand in the log of a conversation. A kind that *counts* gets an ordinal of its own and makes a\n\
         conversation unread; one that *bumps* moves it up in the list; one that *notifies* may reach a person as a push;\n\
         one that is *shown* stands as a line between the messages of a timeline.\n\n\
         | Kind | Number | Counts | Bumps | Notifies | Shown | Refers to | What it does |\n|---|---|---|---|---|---|---|---|\n",
    );
    for kind in EventKind::ALL {
        let target = match kind.target() {
            Target::Conversation => "the conversation",
            Target::Members => "the users that it names",
            Target::Message => "the message that it names",
        };
        page += &row(&[
            format!("`{kind}`"),
            kind.number().to_string(),
            yes(kind.countable()),
            yes(kind.bumps()),
            yes(kind.may_notify()),
            yes(kind.in_timeline()),
            target.to_owned(),
            kind.fold_rule().to_owned(),
        ]);
    }
    page
}

fn row(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

fn yes(so: bool) -> String {
    if so { "yes" } else { "–" }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_passes_and_what_was_changed_fails() {
        let folder = tempfile::tempdir().unwrap();
        let sources = crate::workspace_root();
        let check = |root: &Path| check_in(root, &sources);
        let missing = check(folder.path()).unwrap_err().to_string();
        assert!(missing.contains("errors.md") && missing.contains("bounds.json"), "{missing}");
        write_to(folder.path(), &sources).unwrap();
        check(folder.path()).unwrap();
        fs::write(folder.path().join("docs/protocol/events.md"), "another truth").unwrap();
        let stale = check(folder.path()).unwrap_err().to_string();
        assert!(!stale.contains("errors.md") && stale.contains("events.md"), "{stale}");
    }

    #[test]
    fn every_code_and_every_kind_has_a_line() {
        for code in ErrorCode::ALL {
            assert!(errors_page().contains(&format!("| `{code}` | {} |", code.number())), "{code}");
        }
        for kind in EventKind::ALL {
            assert!(events_page().contains(&format!("| `{kind}` | {} |", kind.number())), "{kind}");
        }
    }

    #[test]
    fn a_bar_in_a_cell_does_not_split_it() {
        assert_eq!(row(&["a|b".to_owned(), "c".to_owned()]), "| a\\|b | c |\n");
    }
}
