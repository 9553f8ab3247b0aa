//! `docs/features.md`: the checklist of what users expect, each line with the test that saw its effect. The tests leave
//! behind what they saw; a line that claims more fails the check.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

/// The list, by hand: section, line, key, where it was seen, and why not.
const LIST: &str = "fixtures/features.tsv";
/// Where tests leave what they saw: a file for each key and place, with the name of the test.
const OBSERVED: &str = "target/observed";
/// Where an effect may be seen, as tests and the list name it, and as people read it.
const PLACES: [(&str, &str); 3] =
    [("second", "second device"), ("offline", "device that was offline"), ("restart", "after a restart")];

#[derive(Debug, PartialEq, Eq)]
struct Line {
    section: String,
    text: String,
    /// By which tests name it; empty for what nobody saw.
    key: String,
    places: Vec<&'static str>,
    /// What is missing of it, and why.
    missing: String,
}

fn parse(list: &str) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (number, row) in list.lines().enumerate().filter(|(_, row)| !row.is_empty() && !row.starts_with('#')) {
        let fields: Vec<_> = row.split('\t').collect();
        let [section, text, key, seen, missing] = fields[..] else {
            bail!("{LIST}:{}: a line has five fields, between tabs", number + 1);
        };
        let place = |name: &str| PLACES.iter().map(|(place, _)| *place).find(|place| *place == name);
        let places = seen.split_whitespace().map(|name| place(name).with_context(|| format!("{name} is no place")));
        let places = places.collect::<Result<Vec<_>>>().with_context(|| format!("{LIST}:{}", number + 1))?;
        let is_whole = places.len() == PLACES.len();
        ensure!(key.is_empty() == places.is_empty(), "{LIST}:{}: a key and where it was seen go together", number + 1);
        ensure!(is_whole || !missing.is_empty(), "{LIST}:{}: what is missing has a reason", number + 1);
        lines.push(Line {
            section: section.to_owned(),
            text: text.to_owned(),
            key: key.to_owned(),
            places,
            missing: missing.to_owned(),
        });
    }
    Ok(lines)
}

/// The page.
pub fn page(root: &Path) -> Result<String> {
    let list = fs::read_to_string(root.join(LIST)).with_context(|| format!("could not read {LIST}"))?;
    render(&parse(&list)?)
}

fn render(lines: &[Line]) -> Result<String> {
    let whole = lines.iter().filter(|line| line.places.len() == PLACES.len()).count();
    let some = lines.iter().filter(|line| !line.places.is_empty()).count() - whole;
    let mut page = format!(
        "<!-- Made by `cargo xtask docs` from {LIST}; change that, not this. -->\n\n# Features\n\n\
         What users of the best messengers and SDKs expect, line by line. A mark says that a test saw the effect there: on\n\
         a second device, on a device that was offline meanwhile, and after a restart. The tests leave behind what they saw,\n\
         and a line that claims more fails `cargo xtask check`. Of {} lines {whole} were seen everywhere and {some} in some\n\
         places; {} are missing, with the reason.\n",
        lines.len(),
        lines.len() - whole - some,
    );
    let mut section = "";
    for line in lines {
        if line.section != section {
            section = &line.section;
            write!(
                page,
                "\n## {section}\n\n| | Second device | Was offline | After a restart | Test, or what is missing |\n"
            )?;
            page += "|---|---|---|---|---|\n";
        }
        let mark = |place: &str| if line.places.contains(&place) { "✓" } else { "" };
        let marks: Vec<_> = PLACES.iter().map(|(place, _)| mark(place)).collect();
        let key = if line.key.is_empty() { String::new() } else { format!("`{}`", line.key) };
        let gap = if key.is_empty() || line.missing.is_empty() { "" } else { "; " };
        writeln!(page, "| {} | {} | {key}{gap}{} |", line.text, marks.join(" | "), line.missing)?;
    }
    Ok(page)
}

/// Forgets what tests saw before.
pub fn forget(root: &Path) -> Result<()> {
    match fs::remove_dir_all(root.join(OBSERVED)) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("could not remove {OBSERVED}")),
    }
}

/// Fails when a line claims what no test saw.
pub fn verify(root: &Path) -> Result<()> {
    let list = fs::read_to_string(root.join(LIST)).with_context(|| format!("could not read {LIST}"))?;
    let missing = unseen(&parse(&list)?, |file| root.join(OBSERVED).join(file).exists());
    ensure!(missing.is_empty(), "claimed in {LIST} and seen by no test: {}", missing.join(", "));
    Ok(())
}

fn unseen(lines: &[Line], was_seen: impl Fn(&str) -> bool) -> Vec<String> {
    let claims = lines.iter().flat_map(|line| line.places.iter().map(|place| format!("{}.{place}", line.key)));
    claims.filter(|claim| !was_seen(claim)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "# a remark\nMessages\tEdit\tedits\tsecond offline restart\t\nMessages\tPoll\t\t\tlater\n";

    #[test]
    fn a_line_that_claims_more_than_was_seen_is_named() {
        let lines = parse(SAMPLE).unwrap();
        assert_eq!(unseen(&lines, |_| true), Vec::<String>::new());
        assert_eq!(unseen(&lines, |file| file != "edits.offline"), ["edits.offline"]);
    }

    #[test]
    fn the_page_counts_and_marks() {
        let page = render(&parse(SAMPLE).unwrap()).unwrap();
        assert!(page.contains("Of 2 lines 1 were seen everywhere and 0 in some") && page.contains("1 are missing"));
        assert!(page.contains("| Edit | ✓ | ✓ | ✓ | `edits` |\n| Poll |  |  |  | later |\n"), "{page}");
    }

    #[test]
    fn a_line_without_a_reason_or_with_a_wrong_place_is_refused() {
        for bad in ["A\tb\t\t\t", "A\tb\tkey\tthird\tx", "A\tb\tkey\t\tx", "A\tb\tkey\tsecond\t", "A\tb"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
