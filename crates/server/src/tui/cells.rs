//! Texts measured in cells of the terminal, and cut and wrapped between graphemes.

use ratatui::buffer::CellWidth as _;
use unicode_segmentation::UnicodeSegmentation as _;

/// How many cells a text takes. Safe texts only: see [`crate::tui::sanitise`].
#[must_use]
pub fn width(text: &str) -> usize {
    text.graphemes(true).map(grapheme_width).sum()
}

/// As the terminal library will draw it.
fn grapheme_width(grapheme: &str) -> usize {
    if grapheme.contains(char::is_control) { 0 } else { usize::from(grapheme.cell_width()) }
}

/// The text if it fits, else as much as does and `…`.
#[must_use]
pub fn fit(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let Some(room) = cells.checked_sub(1) else { return String::new() };
    let mut fitted = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        used += grapheme_width(grapheme);
        if used > room {
            break;
        }
        fitted.push_str(grapheme);
    }
    fitted.push('…');
    fitted
}

/// The text, cut or filled with spaces to exactly so many cells.
#[must_use]
pub fn pad(text: &str, cells: usize) -> String {
    let mut padded = fit(text, cells);
    let missing = cells.saturating_sub(width(&padded));
    padded.extend(std::iter::repeat_n(' ', missing));
    padded
}

/// The end of a text that fits: for lines that are being typed.
#[must_use]
pub fn fit_end(text: &str, cells: usize) -> String {
    let mut used = 0;
    let mut kept: Vec<&str> = Vec::new();
    for grapheme in text.graphemes(true).rev() {
        used += grapheme_width(grapheme);
        if used > cells {
            break;
        }
        kept.push(grapheme);
    }
    kept.into_iter().rev().collect()
}

/// One line as the lines that fit: broken between words, and inside a word only when it is longer than a line.
#[must_use]
pub fn wrap(line: &str, cells: usize) -> Vec<String> {
    // A wide character needs two, whatever the window says.
    let cells = cells.max(2);
    let mut lines = Vec::new();
    let mut current = String::new();
    let mut used = 0;
    for word in line.split_word_bounds() {
        let word_width = width(word);
        if used + word_width <= cells {
            current.push_str(word);
            used += word_width;
            continue;
        }
        if word.trim().is_empty() {
            // Spaces at the border of two lines are the border.
            if used > 0 {
                lines.push(std::mem::take(&mut current));
                used = 0;
            }
            continue;
        }
        if used > 0 && word_width <= cells {
            lines.push(std::mem::take(&mut current));
            current.push_str(word);
            used = word_width;
            continue;
        }
        for grapheme in word.graphemes(true) {
            let grapheme_width = grapheme_width(grapheme);
            if used + grapheme_width > cells {
                lines.push(std::mem::take(&mut current));
                used = 0;
            }
            current.push_str(grapheme);
            used += grapheme_width;
        }
    }
    lines.push(current);
    for line in &mut lines {
        line.truncate(line.trim_end().len());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAMILY: &str = "👩\u{200d}👩\u{200d}👧";

    #[test]
    fn widths_are_those_of_the_screen() {
        assert_eq!(width("abc"), 3);
        assert_eq!(width("你好"), 4);
        assert_eq!(width("e\u{301}"), 1);
        assert_eq!(width(FAMILY), 2);
        assert_eq!(width(""), 0);
    }

    #[test]
    fn texts_are_cut_between_graphemes_and_never_wider() {
        assert_eq!(fit("hello", 5), "hello");
        assert_eq!(fit("hello", 4), "hel…");
        assert_eq!(fit("你好吗", 4), "你…");
        assert_eq!(fit("你好吗", 1), "…");
        assert_eq!(fit("x", 0), "");
        assert_eq!(fit(&FAMILY.repeat(3), 5), format!("{}…", FAMILY.repeat(2)));
        assert_eq!(pad("你好吗", 5), "你好…");
        assert_eq!(pad("你好吗", 4), "你… ");
        assert_eq!(fit_end("hello你", 4), "lo你");
    }

    #[test]
    fn lines_break_between_words_and_inside_only_when_they_must() {
        assert_eq!(wrap("the quick brown fox", 10), ["the quick", "brown fox"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("a abcdefghij", 4), ["a ab", "cdef", "ghij"]);
        assert_eq!(wrap("你好吗我很好", 5), ["你好", "吗我", "很好"]);
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("  indented", 20), ["  indented"]);
        for cells in 0..8 {
            for line in wrap("你 a👩\u{200d}👩\u{200d}👧bc   défgh ijk مرحبا", cells) {
                assert!(width(&line) <= cells.max(2), "{line:?} in {cells}");
            }
        }
    }
}
