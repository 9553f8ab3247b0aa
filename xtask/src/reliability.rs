//! `docs/reliability.md`: what is promised, how it is tested, what the last runs visited, and what was found. Its tables
//! are made of the reports that the programs wrote to `docs/reliability/`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

const FOLDER: &str = "docs/reliability";

/// A part of the page: words of ours, then the tables of a report.
struct Part {
    words: &'static str,
    report: Option<&'static str>,
    /// What of the report is left for those who open it.
    skips: &'static [&'static str],
}

impl Part {
    const fn of(words: &'static str, report: &'static str, skips: &'static [&'static str]) -> Self {
        Self { words, report: Some(report), skips }
    }
}

const PARTS: &[Part] = &[
    Part { words: include_str!("reliability/promise.md"), report: None, skips: &[] },
    Part::of(include_str!("reliability/simulation.md"), "simulation.json", &[]),
    Part::of(include_str!("reliability/planted.md"), "planted.json", &[]),
    Part::of(include_str!("reliability/power_cuts.md"), "power-cuts.json", &[]),
    Part::of(include_str!("reliability/without_sync.md"), "power-cuts-without-sync.json", &["ways"]),
    Part::of(include_str!("reliability/black_box.md"), "black-box.json", &["runs"]),
    Part::of(include_str!("reliability/fuzz.md"), "fuzz.json", &[]),
    Part { words: include_str!("reliability/bounds.md"), report: None, skips: &[] },
];

/// The page.
pub fn page(root: &Path) -> Result<String> {
    let mut page = String::from(
        "<!-- Made by `cargo xtask docs` from docs/reliability/*.json and xtask/src/reliability/*.md; change those. -->\n\n",
    );
    for part in PARTS {
        page += part.words;
        match part.report {
            Some(report) if root.join(FOLDER).join(report).exists() => {
                tables(&read(root, report)?, part.skips, &mut page)?;
            }
            Some(_) => page += "No run of this is written down yet.\n\n",
            None => {}
        }
    }
    page += &bounds(&read(root, "bounds.json")?)?;
    page += include_str!("reliability/found.md");
    page += &found(root, &read(root, "found.json")?)?;
    Ok(page)
}

fn read(root: &Path, report: &str) -> Result<Value> {
    let path = root.join(FOLDER).join(report);
    let text = fs::read_to_string(&path).with_context(|| format!("{FOLDER}/{report} is not there: run its program"))?;
    serde_json::from_str(&text).with_context(|| format!("{FOLDER}/{report} is no JSON"))
}

/// What a report says: its single values as one table, and each list or map in it as one more.
fn tables(report: &Value, skips: &[&str], page: &mut String) -> Result<()> {
    let report = report.as_object().context("a report is an object")?;
    let report: Vec<_> = report.iter().filter(|(name, _)| !skips.contains(&name.as_str())).collect();
    let single = report.iter().filter(|(_, value)| !value.is_object() && !value.is_array() && !value.is_null());
    let rows: Vec<_> = single.map(|(name, value)| vec![words(name), cell(value)]).collect();
    table(&["What", "How much"], &rows, page);
    for (name, value) in report {
        match value {
            Value::Object(entries) => {
                let mut rows = Vec::new();
                entries.iter().for_each(|(name, value)| flat(&words(name), value, &mut rows));
                let name = words(name);
                table(&[&name, "How often"], &rows, page);
            }
            Value::Array(items) => list(items, page),
            _ => {}
        }
    }
    Ok(())
}

/// One row for each value, however deep it lies.
fn flat(name: &str, value: &Value, rows: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(entries) => {
            entries.iter().for_each(|(inner, value)| flat(&format!("{name}: {}", words(inner)), value, rows));
        }
        value => rows.push(vec![name.to_owned(), cell(value)]),
    }
}

fn list(items: &[Value], page: &mut String) {
    let Some(first) = items.first().and_then(Value::as_object) else { return };
    let names: Vec<&String> = first.keys().collect();
    let rows: Vec<_> = items
        .iter()
        .map(|item| names.iter().map(|name| item.get(name.as_str()).map(cell).unwrap_or_default()).collect())
        .collect();
    let heads: Vec<String> = names.iter().map(|name| words(name)).collect();
    table(&heads.iter().map(String::as_str).collect::<Vec<_>>(), &rows, page);
}

fn bounds(report: &Value) -> Result<String> {
    let bounds = report.get("bounds").and_then(Value::as_array).context("bounds.json has a list of bounds")?;
    let texts = |value: &Value| match value.as_array() {
        Some(all) => all.iter().map(|one| code(one.get("name").unwrap_or(one))).collect::<Vec<_>>().join(", "),
        None => String::new(),
    };
    let rows: Vec<_> = bounds
        .iter()
        .map(|bound| {
            let constants = bound["constants"].as_array().into_iter().flatten();
            let values: Vec<_> =
                constants.map(|it| format!("{} = {}", code(&it["name"]), cell(&it["value"]))).collect();
            vec![cell(&bound["bound"]), values.join(", "), cell(&bound["answer"]), texts(&bound["tests"])]
        })
        .collect();
    let mut page = String::new();
    table(&["Bound", "Limit", "When it is reached", "Reached by the tests"], &rows, &mut page);
    Ok(page)
}

/// Every bug that is listed names a test, which is in the sources.
fn found(root: &Path, report: &Value) -> Result<String> {
    let found = report.get("found").and_then(Value::as_array).context("found.json has a list")?;
    let mut rows = Vec::new();
    for bug in found {
        let field = |name: &str| bug[name].as_str().with_context(|| format!("a bug has no {name}: {bug}"));
        let (file, test) = (field("file")?, field("test")?);
        let source = fs::read_to_string(root.join(file)).with_context(|| format!("{file} is not there"))?;
        if !source.contains(&format!("fn {test}(")) {
            bail!("{file} has no test {test}");
        }
        let guard = format!("`{test}` in [{}](../{file})", file.rsplit('/').next().unwrap_or(file));
        rows.push(vec![field("what")?.to_owned(), field("found_by")?.to_owned(), guard]);
    }
    let mut page = String::new();
    table(&["What was wrong", "Found by", "Guarded by"], &rows, &mut page);
    Ok(page)
}

fn table(heads: &[&str], rows: &[Vec<String>], page: &mut String) {
    if rows.is_empty() {
        return;
    }
    page.push('\n');
    let _ = writeln!(page, "| {} |\n|{}", heads.join(" | "), "---|".repeat(heads.len()));
    for row in rows {
        let cells: Vec<_> = row.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
        let _ = writeln!(page, "| {} |", cells.join(" | "));
    }
    page.push('\n');
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}

fn code(value: &Value) -> String {
    format!("`{}`", cell(value))
}

fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_u64() {
            Some(whole) => grouped(whole),
            None => format!("{:.1}", number.as_f64().unwrap_or_default()),
        },
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        Value::Object(entries) => entries
            .iter()
            .map(|(name, value)| format!("{} {}", words(name), cell(value)))
            .collect::<Vec<_>>()
            .join(", "),
        Value::Bool(_) | Value::Null => value.to_string(),
    }
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_report_is_told_in_tables() {
        let mut page = String::new();
        let report = json!({
            "seeds": 12_345,
            "found": null,
            "visits": {"poke": 3, "faults": {"cut": 4}},
            "targets": [{"name": "jwt", "runs": 7}],
            "runs": [{"seed": 1}],
        });
        tables(&report, &["runs"], &mut page).unwrap();
        assert!(page.contains("| seeds | 12,345 |"), "{page}");
        assert!(page.contains("| visits | How often |\n|---|---|\n| faults: cut | 4 |\n| poke | 3 |"), "{page}");
        assert!(!page.contains("found") && !page.contains("seed |"), "{page}");
        assert!(page.contains("| name | runs |\n|---|---|\n| jwt | 7 |"), "{page}");
    }

    #[test]
    fn a_bug_without_its_test_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.rs"), "fn it_is_guarded() {}").unwrap();
        let bug = |test: &str| json!({"found": [{"what": "w", "found_by": "f", "file": "a.rs", "test": test}]});
        assert!(found(folder.path(), &bug("it_is_guarded")).unwrap().contains("`it_is_guarded`"));
        assert!(found(folder.path(), &bug("it_is_not")).is_err());
    }
}
