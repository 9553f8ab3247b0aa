//! A table as text.

use std::io::{self, Write};

/// A wider column holds text and begins at the left.
const NUMBER_WIDTH_MAX: usize = 28;

/// How it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Columns by spaces.
    Plain,
    /// With pipes.
    Markdown,
}

/// Cells under names.
#[derive(Clone, Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// No rows yet.
    #[must_use]
    pub fn new(names: &[&str]) -> Self {
        Self { rows: vec![names.iter().map(|name| (*name).into()).collect()] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Writes it; nothing when it has no rows.
    ///
    /// # Errors
    /// When nobody reads.
    pub fn write(&self, layout: Layout, out: &mut dyn Write) -> io::Result<()> {
        if self.rows.len() < 2 {
            return Ok(());
        }
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        for (number, row) in self.rows.iter().enumerate() {
            match layout {
                Layout::Markdown => {
                    writeln!(out, "| {} |", row.join(" | "))?;
                    if number == 0 {
                        let rule = (0..row.len()).map(|column| if column == 0 { "---" } else { "---:" });
                        writeln!(out, "|{}|", rule.collect::<Vec<_>>().join("|"))?;
                    }
                }
                Layout::Plain => {
                    let cells = row.iter().enumerate().map(|(column, cell)| match column {
                        0 => format!("{cell:<0$}", width(0)),
                        column if width(column) > NUMBER_WIDTH_MAX => cell.clone(),
                        column => format!("{cell:>0$}", width(column)),
                    });
                    writeln!(out, "{}", cells.collect::<Vec<_>>().join("  "))?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(layout: Layout) -> String {
        let mut table = Table::new(&["load", "acks"]);
        table.row(["50 × 1".into(), "9".into()]);
        let mut out = Vec::new();
        table.write(layout, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table_is_aligned_or_has_pipes() {
        assert_eq!(written(Layout::Plain), "load    acks\n50 × 1     9\n");
        assert_eq!(written(Layout::Markdown), "| load | acks |\n|---|---:|\n| 50 × 1 | 9 |\n");
    }
}
